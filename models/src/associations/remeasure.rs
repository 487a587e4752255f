//! Counting rules again, on baskets they were not found in.

use super::{Baskets, Measures, Rule, index::ItemIndex};

/// The measures of the same rules on other baskets, in the order of the rules.
///
/// Give it the baskets of later weeks: a rule that was luck is back at lift 1 there. For a test
/// of many rules at once, hand the p-values to
/// [`benjamini_hochberg`](super::benjamini_hochberg) (Webb 2007, "Discovering significant
/// patterns": few rules survive the mining, so few tests have to be allowed for).
///
/// Item codes must mean the same in both sets of baskets; a code that `baskets` does not have is
/// an item nobody bought. A rule whose antecedent nobody bought has no confidence or lift (NaN)
/// and p-value 1; without baskets, shares are NaN, too. The result is the same on any number of
/// threads.
pub fn remeasure(rules: &[Rule], baskets: &Baskets) -> Vec<Measures> {
    remeasure_by(rules, &ItemIndex::new(rules, baskets))
}

/// [`remeasure`] by an index of the baskets, in any order.
pub(super) fn remeasure_by(rules: &[Rule], index: &ItemIndex) -> Vec<Measures> {
    // What has to be counted: for each rule its antecedent, its consequent, and both.
    let sets: Vec<Vec<u32>> = rules
        .iter()
        .flat_map(|rule| {
            let both = [&rule.antecedent[..], &rule.consequent[..]].concat();
            [&rule.antecedent[..], &rule.consequent[..], &both].map(|items| index.slots_of(items))
        })
        .collect();
    let counts = index.map_hits(&sets, |hits| {
        hits.map_or(index.n_baskets, |hits| hits.len() as u64)
    });
    counts
        .chunks_exact(3)
        .map(|count| Measures::from_counts(index.n_baskets, count[0], count[1], count[2]))
        .collect()
}

//! Whether a rule says more than that large baskets hold more of everything.

mod table;

use rayon::prelude::*;

use super::{
    Baskets, OnSale, Rule, Strata,
    index::ItemIndex,
    on_sale::{Axes, Common, InStrata, by_baskets},
    significance::FalseDiscovery,
};
use table::Table;

/// Counts of one chunk of rules: at 4 bytes each, 64 MiB.
const MAX_COUNTS: usize = 1 << 24;

/// A rule judged among baskets that are alike; see [`adjust`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// Baskets that would hold both sides if they had nothing to do with each other, with the
    /// sizes (and groups) of baskets as they are.
    pub expected: f64,
    /// Baskets with both over those expected. Neutral: 1. NaN if none is expected.
    pub lift: f64,
    /// By how many times the odds of the consequent are higher with the antecedent than
    /// without, in baskets that are alike (the Mantel-Haenszel estimate). Neutral: 1. Infinite
    /// if the consequent never goes without the antecedent, NaN if nothing can be learned.
    pub odds_ratio: f64,
    /// The chance of being together so often or more often, if the odds ratio were no higher
    /// than the one that was asked for; for two items or more in the antecedent also of being
    /// better, by any odds ratio, than with one item less.
    pub p_value: f64,
    /// `p_value` corrected for all tests, by Benjamini and Hochberg.
    pub q_value: f64,
}

/// Judges rules against the chance that takes the size of baskets into account, and whatever
/// else the strata tell apart.
///
/// - `baskets` are those that `strata` were made from.
/// - `min_odds_ratio` is what the odds ratio has to exceed *significantly*; 1 asks for any
///   association. In a large history next to everything is significant, and a rule that is not
///   surely 1.2 or 1.5 times as good as chance is of no use.
/// - `n_tests` is how many rules were candidates; those that are not among `rules` count as
///   tests that failed. It is never taken as lower than the number of rules.
///
/// **Alike are baskets with as many items *other* than those of the consequent.** Among those,
/// is the consequent likelier where the antecedent is one of the others? The null hypothesis is
/// that every item is in a basket by its own popularity and by the basket's appetite, which may
/// be anything: the chance of a basket is a function of its size times a number for each item in
/// it (Rasch). The consequent then depends on how many others there are and not on which, so in
/// a stratum of `n` baskets, `a` of them with the antecedent, `c` with the consequent and `x` with
/// both, `x` is hypergeometric, and the test adds up strata as Mantel and Haenszel do:
///
/// `z = (sum x - sum E(x) - 1/2) / sqrt(sum V(x))`, one-sided,
///
/// with Cornfield's mean for the odds ratio that is asked for, where
/// `E (n - a - c + E) = odds (a - E) (c - E)`, and the variance
/// `n / (n - 1) / (1/E + 1/(a - E) + 1/(c - E) + 1/(n - a - c + E))`. Where the sum of means or of
/// variances is below 5, the upper tail of a Poisson variable of that mean takes its place; a sum
/// of hypergeometric variables is one of independent trials, whose tail is never heavier.
///
/// Counting the rule's own items into the size instead asks too much where baskets are small and
/// the rule's items are much of what they hold: a basket of two that has the one and not the other
/// has something third, and where there is not much else, it has the other.
///
/// **Where the others tell nothing.** They tell, all in all, less than a tenth of what baskets of
/// any size would, if every basket holds one thing and what goes with it (no basket without the
/// antecedent has as many others as one with it), or if all baskets are of one size (one other item
/// less says that the consequent is there). Then the better one of two tests counts, its
/// p-value doubled: among baskets with as many items beside *both* sides, which is right where
/// baskets are no different in appetite, and among baskets of the *same size*, where with `r` and
/// `s` items of the two sides and baskets of `m` the antecedent takes places from the consequent,
/// so that chance gives an odds ratio of `C(m - r, s) / C(m, s)`, such as 1/2 for two items
/// and baskets of two (that of a Rasch model given the total, where the assortment is wide beside a
/// basket; in a narrow one it is lower still, so that the test asks for too much rather than too
/// little).
///
/// Strata of many sizes, those above 16 items, are compared by size: there an item more or less
/// makes little difference.
///
/// For an antecedent of several items the same test is made against each antecedent with one
/// item less, among the baskets that hold it, and the largest p-value counts (Webb 2007).
///
/// The results are in the order of the rules and the same on any number of threads; sums are
/// taken over the strata in their order. A rule takes about 40 microseconds on one thread with
/// 130,000 baskets, more with more of them; memory is 4 bytes for each set of items that has to be
/// counted and each stratum, in portions, and there are twice as many sets for each further item of
/// a consequent.
///
/// Sources: Mantel and Haenszel (1959), "Statistical aspects of the analysis of data from
/// retrospective studies of disease"; Cornfield (1956), "A statistical problem arising from
/// retrospective studies"; Breslow and Day (1980), "Statistical methods in cancer research",
/// volume 1, section 4.4; Rasch (1960), "Probabilistic models for some intelligence and
/// attainment tests"; Hoeffding (1956), "On the distribution of the number of successes in
/// independent trials".
///
/// # Panics
/// If `strata` are of other baskets (their number differs).
pub fn adjust(
    rules: &[Rule],
    baskets: &Baskets,
    strata: &Strata,
    min_odds_ratio: f64,
    n_tests: usize,
) -> Vec<Adjusted> {
    let index = ItemIndex::in_strata(rules, baskets, strata);
    adjust_by(rules, &index, strata, min_odds_ratio, n_tests, None)
}

/// [`adjust`] by an index of the baskets, stratum after stratum; each rule among the baskets alone in
/// which its items were on sale, where that is known.
pub(super) fn adjust_by(
    rules: &[Rule],
    index: &ItemIndex,
    strata: &Strata,
    min_odds_ratio: f64,
    n_tests: usize,
    on_sale: Option<&OnSale<'_>>,
) -> Vec<Adjusted> {
    let (among_all, others) = by_baskets(rules, on_sale);
    let mut adjusted: Vec<(usize, Adjusted)> = Vec::with_capacity(rules.len());
    // A rule of three items needs up to eight sets; longer ones share most of theirs.
    for chunk in among_all.chunks((MAX_COUNTS / 8 / strata.ends.len().max(1)).max(1)) {
        adjusted.extend(adjust_among(
            rules,
            chunk,
            index,
            strata,
            min_odds_ratio,
            None,
        ));
    }
    if let Some(on_sale) = on_sale {
        let axes = Axes::new(on_sale);
        let baskets = InStrata::new(&axes, on_sale, strata);
        adjusted.par_extend(others.par_iter().flat_map(|(common, chunk)| {
            let among = Some((&baskets, common));
            adjust_among(rules, chunk, index, strata, min_odds_ratio, among)
        }));
    }
    adjusted.sort_unstable_by_key(|(place, _)| *place);
    let mut adjusted: Vec<Adjusted> = adjusted.into_iter().map(|(_, rule)| rule).collect();
    let p_values = adjusted.iter().map(|rule| rule.p_value).collect();
    let discovery = FalseDiscovery::new(p_values, n_tests.max(rules.len()));
    for rule in &mut adjusted {
        rule.q_value = discovery.q_value(rule.p_value);
    }
    adjusted
}

/// The baskets of some days and places.
type Among<'a> = (&'a InStrata<'a>, &'a Common);

/// The chosen rules with their places, their q-values still missing: among all baskets, or some.
fn adjust_among(
    rules: &[Rule],
    chosen: &[usize],
    index: &ItemIndex,
    strata: &Strata,
    min_odds_ratio: f64,
    among: Option<Among<'_>>,
) -> Vec<(usize, Adjusted)> {
    let sides: Vec<Sides> = chosen
        .iter()
        .map(|&i| [&rules[i].antecedent[..], &rules[i].consequent[..]])
        .collect();
    let sets = Sets::new(&sides, index, strata, among);
    let judged = sides.par_iter().enumerate().map(|(i, [antecedent, _])| {
        let r = antecedent.len();
        let of_all = sets.table(i, 0, strata, [0, r]);
        let judged = of_all.judge(min_odds_ratio);
        let mut p_value = judged.p_value;
        // With one item there is only the empty part, whose test was just made.
        for shorter in 0..if r > 1 { r } else { 0 } {
            let table = sets.table(i, 2 + shorter, strata, [r - 1, 1]);
            p_value = p_value.max(table.judge(1.0).p_value);
        }
        let adjusted = Adjusted {
            expected: judged.expected,
            lift: judged.observed / judged.expected,
            odds_ratio: judged.odds_ratio,
            p_value,
            q_value: f64::NAN,
        };
        (chosen[i], adjusted)
    });
    judged.collect()
}

/// For pairs of items, the chance of being together so rarely or more rarely among baskets that
/// are alike as [`adjust`] has it, whichever of the two is asked for: the larger one counts.
pub(super) fn avoidance(pairs: &[[u32; 2]], baskets: &Baskets) -> Vec<f64> {
    let strata = Strata::by_size(baskets);
    let index = ItemIndex::in_order(pairs.iter().flatten().copied(), baskets, &strata.order);
    let sides: Vec<Sides> = pairs
        .iter()
        .flat_map(|[a, b]| [[a, b], [b, a]])
        .map(|sides| sides.map(std::slice::from_ref))
        .collect();
    let mut both_ways: Vec<f64> = Vec::with_capacity(sides.len());
    for chunk in sides.chunks((MAX_COUNTS / 8 / strata.ends.len().max(1)).max(1)) {
        let sets = Sets::new(chunk, &index, &strata, None);
        let avoidance = |i: usize| sets.table(i, 0, &strata, [0, 1]).avoidance();
        both_ways.par_extend((0..chunk.len()).into_par_iter().map(avoidance));
    }
    both_ways
        .chunks_exact(2)
        .map(|pair| pair[0].max(pair[1]))
        .collect()
}

/// The items of antecedent and consequent.
type Sides<'a> = [&'a [u32]; 2];

/// The sets of items that have to be counted, and their counts in each stratum.
struct Sets {
    /// For the sides at `i`, `of_sides[i]` says which sets belong to them: for nothing, for the
    /// antecedent and for each antecedent of one item less, that with every part of the consequent.
    of_sides: Vec<Vec<usize>>,
    /// For the sides at `i`, how many parts the consequent has.
    parts: Vec<usize>,
    counts: Vec<Vec<u32>>,
}

impl Sets {
    /// Counted among all baskets, or some.
    fn new(
        sides: &[Sides<'_>],
        index: &ItemIndex,
        strata: &Strata,
        among: Option<Among<'_>>,
    ) -> Self {
        let of_sides: Vec<Vec<Vec<u32>>> = sides
            .par_iter()
            .map(|[antecedent, consequent]| {
                let shorter = (0..antecedent.len())
                    .filter(|_| antecedent.len() > 1)
                    .map(|k| [&antecedent[..k], &antecedent[k + 1..]].concat());
                [Vec::new(), antecedent.to_vec()]
                    .into_iter()
                    .chain(shorter)
                    .flat_map(|set| {
                        let with = move |part| [&set[..], &part_of(consequent, part)].concat();
                        (0..1_usize << consequent.len()).map(with)
                    })
                    .map(|items| index.slots_of(&items))
                    .collect()
            })
            .collect();
        let mut sets = of_sides.concat();
        sets.par_sort_unstable();
        sets.dedup();
        let place = |set: &Vec<u32>| sets.partition_point(|other| other < set);
        Self {
            of_sides: of_sides
                .par_iter()
                .map(|of_sides| of_sides.iter().map(place).collect())
                .collect(),
            parts: sides.iter().map(|[_, of]| 1 << of.len()).collect(),
            counts: index.map_hits(&sets, |hits| match (hits, among) {
                (hits, None) => strata.count(hits),
                (None, Some((baskets, common))) => baskets.count(common),
                (Some(hits), Some((baskets, common))) => {
                    strata.count(Some(&baskets.filter(hits, common)))
                }
            }),
        }
    }

    /// The baskets that hold the set at `looked_at`, with and without the antecedent of the sides
    /// at `i`: `held` items are in all of them, and `antecedent` items are looked for.
    fn table<'a>(
        &self,
        i: usize,
        looked_at: usize,
        strata: &'a Strata,
        [held, antecedent]: [usize; 2],
    ) -> Table<'a> {
        let parts = self.parts[i];
        let counts = |set: usize| -> Vec<&[u32]> {
            let places = &self.of_sides[i][set * parts..][..parts];
            places
                .iter()
                .map(|&place| &self.counts[place][..])
                .collect()
        };
        let (looked_at, with) = (counts(looked_at), counts(1));
        Table::new(strata, [&looked_at, &with], held, antecedent)
    }
}

/// The items whose bits are set.
fn part_of(items: &[u32], bits: usize) -> Vec<u32> {
    let chosen = items.iter().enumerate();
    chosen
        .filter(|(place, _)| bits >> place & 1 == 1)
        .map(|(_, &item)| item)
        .collect()
}

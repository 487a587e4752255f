//! Whether rules held up on baskets that they were not found in.

use super::{
    Adjusted, Baskets, Measures, OnSale, Rule, Strata,
    adjusted::adjust_by,
    index::ItemIndex,
    intervals::{lift_interval, wilson_interval},
    on_sale::{Axes, Common, InStrata, by_baskets},
    remeasure::remeasure_by,
};

/// A rule on later baskets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Later {
    /// All measures there.
    pub measures: Measures,
    /// The 95 % interval of the confidence there; see [`wilson_interval`].
    pub confidence_interval: [f64; 2],
    /// The 95 % interval of the lift there; see [`lift_interval`].
    pub lift_interval: [f64; 2],
    /// The rule there among baskets of one stratum, tested for an odds ratio above 1; its
    /// q-value allows for as many tests as rules were measured.
    pub adjusted: Adjusted,
    /// Whether the rule **held up: among later baskets that are alike (and of one group), too, its
    /// sides are together more often than chance, and more often than with one item less in
    /// the antecedent**, both significantly (the q-value of `adjusted` is at most the limit).
    ///
    /// It has not held up if it is not, although it would have been noticed: its confidence is surely
    /// lower than when it was found (the upper end of `confidence_interval` is), or a rule as
    /// strong as it was found would have been significant there, at a single test, with a chance of
    /// 80 %. Otherwise, without a later basket with its antecedent above all, there is too little to
    /// tell: `None`.
    pub held_up: Option<bool>,
}

/// The 95 % and the 80 % points of the standard normal distribution: what one test asks for, and the
/// chance with which it should find what is there.
pub(super) const POWER: [f64; 2] = [1.6448536269514722, 0.8416212335729143];

/// What was seen of something that was not significant.
pub(crate) struct Answer {
    /// So often it could have come true.
    pub(crate) trials: u64,
    /// So often it did.
    pub(crate) seen: u64,
    /// The share by chance alone.
    pub(crate) by_chance: f64,
    /// The share as it was before.
    pub(crate) as_before: f64,
}

impl Answer {
    /// Whether it shows that there is less to it than before: the share is surely lower, or as it was
    /// before it would have been noticed.
    pub(crate) fn fell(&self) -> bool {
        if self.trials == 0 {
            return false;
        }
        let [_, upper] = wilson_interval(self.seen, self.trials);
        if upper < self.as_before {
            return true;
        }
        let trials = self.trials as f64;
        let [by_chance, as_before] = [self.by_chance, self.as_before].map(|share| share * trials);
        let spread = POWER[0] * by_chance.sqrt()
            + POWER[1] * (as_before * (1.0 - self.as_before).max(0.0)).sqrt();
        as_before - by_chance > spread
    }
}

/// Measures rules again on baskets of later weeks, in the order of the rules, among baskets that
/// are alike as [`adjust`](super::adjust) has it; a rule held up if the q-value is at most
/// `max_q_value`, for which 0.05 is usual.
///
/// The rules were chosen without these baskets, so only as many tests have to be allowed for as
/// there are rules. Item codes are as for [`remeasure`](super::remeasure()). Source: Webb (2007), "Discovering
/// significant patterns", section 4.2 (holdout evaluation).
pub fn measure_later(rules: &[Rule], later: &Baskets, max_q_value: f64) -> Vec<Later> {
    measure_later_in(rules, later, &Strata::by_size(later), max_q_value)
}

/// As [`measure_later`], with strata of the later baskets that tell apart more than sizes.
///
/// # Panics
/// If `strata` are of other baskets (their number differs).
pub fn measure_later_in(
    rules: &[Rule],
    later: &Baskets,
    strata: &Strata,
    max_q_value: f64,
) -> Vec<Later> {
    measured(rules, later, strata, max_q_value, None, None)
}

/// As [`measure_later`], with each rule measured among those later baskets alone in which all its items
/// were on sale: what can no longer be bought has not shown anything.
///
/// `year_before` are the measures of the rules in the same weeks of the year before
/// ([`remeasure_on_sale`]). What is bought in some season alone is no weaker for being what it always
/// is out of it, so a rule that is not significant is held against the lower end of the 95 % interval of
/// its confidence in those weeks instead of that of the time it was found in, if anybody took its
/// antecedent then.
///
/// # Panics
/// If `on_sale` is of other baskets or items, or there are not as many measures as rules.
pub fn measure_later_on_sale(
    rules: &[Rule],
    later: &Baskets,
    max_q_value: f64,
    on_sale: &OnSale<'_>,
    year_before: Option<&[Measures]>,
) -> Vec<Later> {
    on_sale.must_be_of(later);
    let strata = Strata::by_size(later);
    measured(
        rules,
        later,
        &strata,
        max_q_value,
        Some(on_sale),
        year_before,
    )
}

/// The measures of rules on other baskets, each among those alone in which its items were on sale.
///
/// # Panics
/// If `on_sale` is of other baskets or items.
pub fn remeasure_on_sale(rules: &[Rule], baskets: &Baskets, on_sale: &OnSale<'_>) -> Vec<Measures> {
    on_sale.must_be_of(baskets);
    let strata = Strata::by_size(baskets);
    let index = ItemIndex::in_strata(rules, baskets, &strata);
    counted(rules, &index, &strata, Some(on_sale))
}

/// The measures of rules by an index of the baskets, stratum after stratum.
fn counted(
    rules: &[Rule],
    index: &ItemIndex,
    strata: &Strata,
    on_sale: Option<&OnSale<'_>>,
) -> Vec<Measures> {
    let mut measures = remeasure_by(rules, index);
    let Some(on_sale) = on_sale else {
        return measures;
    };
    let axes = Axes::new(on_sale);
    let baskets = InStrata::new(&axes, on_sale, strata);
    let (_, others) = by_baskets(rules, Some(on_sale));
    for (common, those) in others {
        for i in those {
            measures[i] = among_these(&rules[i], index, &baskets, &common);
        }
    }
    measures
}

fn measured(
    rules: &[Rule],
    later: &Baskets,
    strata: &Strata,
    max_q_value: f64,
    on_sale: Option<&OnSale<'_>>,
    year_before: Option<&[Measures]>,
) -> Vec<Later> {
    let index = ItemIndex::in_strata(rules, later, strata);
    let adjusted = adjust_by(rules, &index, strata, 1.0, rules.len(), on_sale);
    let told = counted(rules, &index, strata, on_sale).into_iter();
    let told = told.zip(adjusted).zip(rules).enumerate();
    told.map(|(i, ((measures, adjusted), rule))| {
        let before = year_before
            .map(|measures| &measures[i])
            .filter(|measures| measures.antecedent_count > 0);
        let as_before = before.map_or(rule.measures.confidence, |before| {
            wilson_interval(before.count, before.antecedent_count)[0]
        });
        // Were it as before, more baskets would hold the consequent, and chance would have it more often
        // too: where nearly all hold the antecedent, no rule could be told from chance.
        let missing = (as_before - measures.confidence).max(0.0);
        let share = measures.antecedent_count as f64 / measures.n_baskets as f64;
        let answer = Answer {
            trials: measures.antecedent_count,
            seen: measures.count,
            by_chance: adjusted.expected / measures.antecedent_count as f64 + missing * share,
            as_before,
        };
        Later {
            measures,
            confidence_interval: wilson_interval(measures.count, measures.antecedent_count),
            lift_interval: lift_interval(&measures),
            adjusted,
            held_up: match adjusted.q_value <= max_q_value {
                true => Some(true),
                false => answer.fell().then_some(false),
            },
        }
    })
    .collect()
}

/// The measures of a rule among the baskets of these days and places.
fn among_these(
    rule: &Rule,
    index: &ItemIndex,
    baskets: &InStrata<'_>,
    common: &Common,
) -> Measures {
    let count = |items: &[u32]| {
        let hits = index.hits_of(&index.slots_of(items));
        baskets.filter(&hits, common).len() as u64
    };
    let n_baskets = baskets.count(common).into_iter().map(u64::from).sum();
    Measures::from_counts(
        n_baskets,
        count(&rule.antecedent),
        count(&rule.consequent),
        count(&[&rule.antecedent[..], &rule.consequent].concat()),
    )
}

/// The share of rules that held up, of those of which it can be told; `None` without any.
///
/// Set it beside the same share of as many rules from
/// [`top_by_lift`](super::RuleValidParams::top_by_lift), measured in the same way.
pub fn held_up_share(later: &[Later]) -> Option<f64> {
    let known: Vec<bool> = later.iter().filter_map(|rule| rule.held_up).collect();
    let held = known.iter().filter(|held| **held).count();
    (!known.is_empty()).then(|| held as f64 / known.len() as f64)
}

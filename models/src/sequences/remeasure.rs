//! Counting rules again, on histories they were not found in.

use super::{
    Histories, SequenceMeasures, SequenceRule, TimeLimits,
    measures::{Pattern, measure},
};

/// The measures of the same rules on other histories, in the order of the rules.
///
/// Give it the histories of later weeks, or of other customers: a rule that was luck is back at
/// lift 1 there. For a test of many rules at once, hand the p-values to
/// [`benjamini_hochberg`](crate::associations::benjamini_hochberg).
///
/// Item codes must mean the same in both; a code that `histories` does not have is an item nobody
/// bought. `time` are the limits that the patterns were mined with
/// ([`Sequences::time`](super::Sequences::time)). The result is the same on any number of threads.
pub fn remeasure(
    rules: &[SequenceRule],
    time: TimeLimits,
    histories: &Histories,
) -> Vec<SequenceMeasures> {
    let patterns: Vec<Pattern> = rules
        .iter()
        .map(|rule| Pattern {
            prefix: rule.prefix.iter().map(|element| &element[..]).collect(),
            next: &rule.next,
        })
        .collect();
    measure(&patterns, time, histories)
}

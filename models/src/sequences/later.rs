//! Whether sequences held up on days that they were not found in.

use super::{SequenceMeasures, SequenceRule};
use crate::associations::{Answer, benjamini_hochberg, wilson_interval};

/// Whether each rule **held up** on the histories of later days, from what
/// [`remeasure`](super::remeasure()) says of it there, in the order of the rules.
///
/// It did if it was again more frequent than chance: its p-value, corrected for the number of rules, is
/// at most `max_q_value`. It did not if it was not, although it would have been noticed: a rule as
/// strong as before would have been significant at a single test with a chance of 80 %, or its
/// confidence is surely lower. Otherwise there is too little to tell: `None`.
///
/// How strong it was before: `year_before` are the same rules on the same weeks of the year before,
/// whose lower end of the 95 % interval of the confidence is what it is held against, if anybody had the
/// prefix then. Without that it is the lift of the days it was found in times the share of the later
/// customers who have `next`: the longer the days, the more of what follows is seen, so confidences of
/// unlike times cannot be compared.
///
/// # Panics
/// If there are not as many measures as rules.
pub fn held_up(
    rules: &[SequenceRule],
    later: &[SequenceMeasures],
    year_before: Option<&[SequenceMeasures]>,
    max_q_value: f64,
) -> Vec<Option<bool>> {
    assert_eq!(rules.len(), later.len(), "measures of each rule");
    let p_values: Vec<f64> = later.iter().map(|measures| measures.p_value).collect();
    let q_values = benjamini_hochberg(&p_values);
    let told = rules.iter().zip(later).zip(q_values).enumerate();
    told.map(|(i, ((rule, later), q_value))| {
        if q_value <= max_q_value {
            return Some(true);
        }
        let by_chance = later.next_count as f64 / later.n_customers as f64;
        let before = year_before
            .map(|measures| measures[i])
            .filter(|measures| measures.prefix_count > 0);
        let as_before = match before {
            Some(before) => wilson_interval(before.count, before.prefix_count)[0],
            None => (rule.measures.lift * by_chance).min(1.0),
        };
        let answer = Answer {
            trials: later.prefix_count,
            seen: later.count,
            by_chance,
            as_before,
        };
        answer.fell().then_some(false)
    })
    .collect()
}

//! Whether the dates suit the customers, and whether the probabilities came true: what a person
//! should know before acting on the scores.

use super::population::median;
use super::rhythm::Rhythm;
use crate::config::Churn;
use crate::failure::Result;
use crate::learning::figures::ReliabilityRow;
use crate::text::{count, percent, plural, settings_file};
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;
use crate::warning::{OFF_CALIBRATION, UNSUITABLE_DATES, Warning};

/// How far the mean probability may be from the share that left.
const OFF: f64 = 0.05;

/// A warning where half of the customers usually take longer from one purchase to the next than the
/// horizon or than a customer counts as active.
///
/// - `scored`: how many are scored.
pub fn dates(
    snapshot: &Snapshot,
    churn: &Churn,
    scored: usize,
    warehouse: &Warehouse,
) -> Result<Option<Warning>> {
    let usual = median(snapshot.column("gap_mean_days")?.iter().copied());
    let limit = churn.horizon_days.min(churn.active_days);
    // NaN where nobody has a rhythm.
    if usual.is_nan() || usual <= f64::from(limit) {
        return Ok(None);
    }
    let all = snapshot.len();
    let mut message = tr!(
        "horizon_days = {horizon} and active_days = {active} do not suit these customers: half of them usually take {usual} or more from one purchase to the next, so that most who stay count as leavers, and only {scored} of {all} ({share}) are scored",
        horizon = churn.horizon_days,
        active = churn.active_days,
        usual = plural(usual.round() as u64, "day"),
        scored = count(scored as u64),
        all = plural(all as u64, "customer"),
        share = percent(scored as f64 / all.max(1) as f64),
    );
    if let Some(found) = Rhythm::read(warehouse)?.suggest() {
        message += &tr!(
            "; horizon_days = {horizon} and active_days = {active} would suit",
            horizon = found.horizon_days,
            active = found.active_days
        );
    }
    message += &tr!(
        " (regulars churn --suggest -c {settings})",
        settings = settings_file()
    );
    Ok(Some(Warning::new(UNSUITABLE_DATES, message)))
}

/// A warning where the delivered probabilities were far from what happened on the last test, and
/// further than chance explains.
///
/// - `bins`: of the probabilities, as learned and, behind those, as they are delivered.
/// - `tested_on`: in words.
/// - `two_years`: whether the dates before had seen the season already.
pub fn probabilities(bins: &[ReliabilityRow], tested_on: &str, two_years: bool) -> Option<Warning> {
    // The delivered ones come last.
    let last = &bins.last()?.scores;
    let delivered = bins.iter().filter(|bin| bin.scores == *last);
    let mut all = delivered.clone().next()?.clone();
    all.rows = delivered.clone().map(|bin| bin.rows).sum();
    all.yes = delivered.clone().map(|bin| bin.yes).sum();
    let said = delivered.map(|bin| bin.mean * bin.rows as f64).sum::<f64>() / all.rows as f64;
    let happened = all.happened();
    let [low, high] = all.interval();
    let off = (said - happened).abs() > OFF && !(low..=high).contains(&said);
    off.then(|| {
        let (why, more) = match two_years {
            true => (
                tr!("a change, or a season that was another the year before"),
                String::new(),
            ),
            false => (
                tr!("a season or a change that the dates before had not seen"),
                tr!(", or learn from two years or more"),
            ),
        };
        let message = tr!(
            "on {test} the probabilities said that {said} would leave and {left} did, off by {off}: {why}; go by the order of the customers rather than by the figures{more}",
            test = tested_on,
            said = percent(said),
            left = percent(happened),
            off = format!("{:.2}", (said - happened).abs()),
            why = why,
            more = more
        );
        Warning::new(OFF_CALIBRATION, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::figures::{AS_LEARNED, CALIBRATED};

    fn bin(scores: &str, rows: u64, yes: u64, mean: f64) -> ReliabilityRow {
        ReliabilityRow {
            scores: scores.to_owned(),
            rows,
            yes,
            from: mean,
            to: mean,
            mean,
        }
    }

    #[test]
    fn probabilities_that_did_not_come_true_are_told_with_the_figures() {
        let said = [
            bin(AS_LEARNED, 500, 50, 0.2),
            bin(AS_LEARNED, 500, 130, 0.42),
        ];
        let warning = probabilities(&said, "2011-11-12", false).unwrap();
        for part in [
            "2011-11-12",
            "31.0 % would leave",
            "18.0 % did",
            "off by 0.13",
        ] {
            assert!(warning.message.contains(part), "{}", warning.message);
        }
        assert!(warning.message.contains("learn from two years"));
        let known = probabilities(&said, "2011-11-12", true).unwrap();
        assert!(!known.message.contains("learn from"), "{}", known.message);
        // What is delivered counts, and a few customers prove nothing.
        let corrected = [said.to_vec(), vec![bin(CALIBRATED, 1000, 180, 0.19)]].concat();
        assert_eq!(probabilities(&corrected, "", false), None);
        let few = [bin(AS_LEARNED, 10, 2, 0.31)];
        assert_eq!(probabilities(&few, "", false), None);
        assert_eq!(probabilities(&[], "", false), None);
    }
}

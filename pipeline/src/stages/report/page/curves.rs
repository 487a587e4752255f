//! Curves of the churn section: where things lie.

use super::super::churn::{Earned, Moves};
use crate::pages::part;
use crate::pages::plot::{Curve, round_values};
use crate::text::{amount, round};

/// Steps of an axis up.
const STEPS: usize = 4;

/// What campaigns would have earned, by the share contacted; none where there is no curve.
pub fn earned(points: &[Earned], currency: &str) -> Option<Curve> {
    let figures = points.iter().map(|point| point.earns_per_customer);
    let best = points
        .iter()
        .fold(None, |best: Option<&Earned>, point| match best {
            Some(best) if best.earns_per_customer >= point.earns_per_customer => Some(best),
            _ => Some(point),
        })?;
    let lowest = figures.clone().fold(0.0, f64::min);
    let values = round_values(lowest, figures.fold(0.0, f64::max), STEPS);
    let up: Vec<(f64, String)> = values
        .iter()
        .map(|value| (*value, round(*value, 2).to_string()))
        .collect();
    let across: Vec<(f64, String)> = [0.0, 0.25, 0.5, 0.75, 1.0]
        .map(|share| (share, tr!("{n} %", n = 100.0 * share)))
        .into();
    let line: Vec<[f64; 2]> = points
        .iter()
        .map(|point| [point.share, point.earns_per_customer])
        .collect();
    let range = [*values.first()?, *values.last()?];
    let mut curve = Curve::over(&line, [0.0, 1.0], range, [&across, &up]);
    let words = tr!(
        "most is earned with {share} contacted: {amount} for each customer of the test",
        share = part(best.share),
        amount = amount(best.earns_per_customer, currency)
    );
    let at = best.earns_per_customer;
    curve.dot([best.share, at], [at, at], words);
    Some(curve)
}

/// A curve for each feature, all over the same probabilities. Values stand at equal distances, since each step
/// is as many customers; a dot alone is that of those who have no value.
pub fn moved(features: &[Moves]) -> Vec<Curve> {
    let points = features.iter().flat_map(|of| &of.points);
    let highest = points.map(|point| point.probability).fold(0.0, f64::max);
    let values = round_values(0.0, highest.max(0.01), STEPS);
    let reach = values.last().copied().unwrap_or(1.0);
    let up: Vec<(f64, String)> = values
        .iter()
        .map(|value| (*value, tr!("{n} %", n = round(100.0 * value, 1))))
        .collect();
    features.iter().map(|of| one(of, reach, &up)).collect()
}

fn one(of: &Moves, reach: f64, up: &[(f64, String)]) -> Curve {
    let known = of.points.iter().filter(|point| !point.missing).count();
    let line: Vec<[f64; 2]> = of.points[..known]
        .iter()
        .enumerate()
        .map(|(at, point)| [at as f64, point.probability])
        .collect();
    let last = of.points.len().saturating_sub(1).max(1) as f64;
    // The first, the middle and the last of the values; two where there are no more.
    let mut marked = vec![0, known / 2, known.saturating_sub(1)];
    marked.dedup();
    let across: Vec<(f64, String)> = marked
        .iter()
        .filter_map(|at| Some((*at as f64, of.points.get(*at)?.words.clone())))
        .collect();
    let mut curve = Curve::over(&line, [0.0, last], [0.0, reach], [&across, up]);
    for (at, point) in of.points.iter().enumerate() {
        let words = tr!(
            "{what}: {n}",
            what = point.words,
            n = part(point.probability)
        );
        let here = point.probability;
        curve.dot([at as f64, here], [here, here], words);
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::report::churn::Moved;

    #[test]
    fn the_best_campaign_has_the_dot_and_losses_lie_below_nothing() {
        let point = |share: f64, earns: f64| Earned {
            share,
            contacted: 0,
            earns_per_customer: earns,
            earns_at_random: 0.0,
        };
        let points = [
            point(0.0, 0.0),
            point(0.2, 3.0),
            point(0.5, 3.0),
            point(1.0, -1.0),
        ];
        let curve = earned(&points, "EUR").expect("a curve");
        assert_eq!(
            (curve.dots.len(), curve.dots[0].x),
            (1, 60.0),
            "the smaller of two"
        );
        assert!(curve.dots[0].words.contains("3 EUR") || curve.dots[0].words.contains("3.00 EUR"));
        assert_eq!(curve.up[0].label, "-1");
        assert!(earned(&[], "EUR").is_none());
    }

    #[test]
    fn those_without_a_value_have_a_dot_and_no_line() {
        let point = |words: &str, missing, probability| Moved {
            words: words.to_owned(),
            missing,
            probability,
            between: [0.0, 1.0],
        };
        let of = Moves {
            words: "days".to_owned(),
            customers: 500,
            points: vec![
                point("1 day", false, 0.1),
                point("9 days", false, 0.4),
                point("none", true, 0.2),
            ],
        };
        let curve = &moved(&[of])[0];
        assert_eq!(curve.line.split(' ').count(), 2);
        assert_eq!(curve.dots.len(), 3);
        let labels: Vec<&str> = curve
            .across
            .iter()
            .map(|tick| tick.label.as_str())
            .collect();
        assert_eq!(labels, ["1 day", "9 days"]);
    }
}

//! The Qini curve and its coefficient.

use rayon::prelude::*;

use super::UpliftError;
use crate::metrics::Interval;
use crate::quantile::quantile;
use crate::random;

/// How well an order finds those whom a contact changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Qini {
    /// From (0, 0): the share of all customers from the top, and how many more responses came of
    /// those contacted among them than those held back make expect, `r_t - r_c n_t / n_c`; a point
    /// after each group of equal scores. Where nobody of them was held back nothing is taken off.
    pub points: Vec<(f64, f64)>,
    /// The area between the curve and the straight line to its end, the share on one axis and
    /// responses on the other: in responses.
    pub coefficient: f64,
    /// The same for each customer contacted.
    pub per_treated: f64,
}

/// The Qini curve of an order (Radcliffe 2007, "Using control groups to target on predicted lift";
/// Radcliffe and Surry 2011, "Real-world uplift modelling with significance-based uplift trees").
///
/// - `scores`: one a customer, the best first to contact; equal scores are taken together.
/// - `treated`: who was contacted.
/// - `outcomes`: 1 for a response, or what each left over.
///
/// # Errors
/// [`UpliftError::Lengths`], [`UpliftError::NotFinite`], [`UpliftError::OneGroup`].
pub fn qini(scores: &[f64], treated: &[bool], outcomes: &[f64]) -> Result<Qini, UpliftError> {
    check(scores, treated, outcomes)?;
    let rows: Vec<usize> = (0..scores.len()).collect();
    let weights = vec![1.0; scores.len()];
    Ok(of_rows(rows, scores, treated, outcomes, &weights))
}

/// The coefficient for each customer contacted with its 95 % percentile interval, from `resamples`
/// draws of both groups apart with putting back (Efron 1979). The same on any number of threads.
///
/// # Errors
/// As [`qini`].
pub fn qini_interval(
    scores: &[f64],
    treated: &[bool],
    outcomes: &[f64],
    resamples: usize,
    seed: u64,
) -> Result<Interval, UpliftError> {
    let weights = vec![1.0; scores.len()];
    weighed_interval(scores, treated, outcomes, &weights, resamples, seed)
}

/// The same where each customer counts as many times as `weights` say, which is what makes campaigns
/// that contacted different shares one.
pub(super) fn weighed_interval(
    scores: &[f64],
    treated: &[bool],
    outcomes: &[f64],
    weights: &[f64],
    resamples: usize,
    seed: u64,
) -> Result<Interval, UpliftError> {
    check(scores, treated, outcomes)?;
    let of = |wanted: bool| -> Vec<usize> {
        (0..treated.len())
            .filter(|row| treated[*row] == wanted)
            .collect()
    };
    let groups = [of(true), of(false)];
    let all = (0..scores.len()).collect();
    let value = of_rows(all, scores, treated, outcomes, weights).per_treated;
    let mut drawn: Vec<f64> = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let mut rows = Vec::with_capacity(scores.len());
            for group in &groups {
                for _ in 0..group.len() {
                    let unit = random::unit(seed, resample as u64, rows.len() as u64);
                    rows.push(group[(unit * group.len() as f64) as usize]);
                }
            }
            of_rows(rows, scores, treated, outcomes, weights).per_treated
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| match drawn.is_empty() {
        true => value,
        false => quantile(&drawn, share),
    };
    Ok(Interval {
        value,
        low: at(0.025),
        high: at(0.975),
    })
}

pub(super) fn check(scores: &[f64], treated: &[bool], outcomes: &[f64]) -> Result<(), UpliftError> {
    if scores.is_empty() || treated.len() != scores.len() || outcomes.len() != scores.len() {
        return Err(UpliftError::Lengths {
            scores: scores.len(),
            treated: treated.len(),
            outcomes: outcomes.len(),
        });
    }
    let finite = |row: &usize| scores[*row].is_finite() && outcomes[*row].is_finite();
    if let Some(row) = (0..scores.len()).find(|row| !finite(row)) {
        return Err(UpliftError::NotFinite(row));
    }
    let n_treated = treated.iter().filter(|treated| **treated).count();
    if n_treated == 0 || n_treated == treated.len() {
        return Err(UpliftError::OneGroup {
            treated: n_treated,
            control: treated.len() - n_treated,
        });
    }
    Ok(())
}

fn of_rows(
    mut rows: Vec<usize>,
    scores: &[f64],
    treated: &[bool],
    outcomes: &[f64],
    weights: &[f64],
) -> Qini {
    rows.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let all: f64 = rows.iter().map(|row| weights[*row]).sum();
    // Contacted, held back: customers and what they did.
    let (mut n, mut r) = ([0.0_f64; 2], [0.0_f64; 2]);
    let mut points = vec![(0.0, 0.0)];
    for equal in rows.chunk_by(|a, b| scores[*a] == scores[*b]) {
        for &row in equal {
            let group = usize::from(!treated[row]);
            n[group] += weights[row];
            r[group] += weights[row] * outcomes[row];
        }
        let anyway = if n[1] > 0.0 { r[1] * n[0] / n[1] } else { 0.0 };
        points.push(((n[0] + n[1]) / all, r[0] - anyway));
    }
    let end = points[points.len() - 1].1;
    let area: f64 = points
        .windows(2)
        .map(|two| (two[1].0 - two[0].0) * (two[0].1 + two[1].1) / 2.0)
        .sum();
    let coefficient = area - end / 2.0;
    Qini {
        points,
        coefficient,
        per_treated: coefficient / n[0],
    }
}

//! Gradients and hessians against finite differences, losses against figures worked by hand.

use ndarray::{Array1, Array2};

use super::super::log_loss::Labelled;
use super::super::loss::{Objective, Rows, Weights};
use super::super::multi_class::Classes;
use super::super::ranking::Queries;
use super::super::regression::Amounts;
use super::super::{Judgement, Lambda, LogLoss, RegressionLoss, Softmax};
use crate::tree::TreeError;
use crate::tree::histogram::RowStat;

/// Rows whose features do not matter.
fn rows<'a, T: Copy>(x: &'a Array2<f32>, labels: &[T], weights: Option<&[f32]>) -> Rows<'a, T> {
    Rows {
        x: x.view(),
        labels: labels.to_vec(),
        weights: Weights(weights.map(<[f32]>::to_vec)),
    }
}

fn features(rows: usize) -> Array2<f32> {
    Array2::zeros((rows, 1))
}

/// Checks what the objective writes against differences of `total`, whose derivatives they are:
/// the hessian is to be the second one times `factor`.
#[track_caller]
fn check<O: Objective>(objective: &O, scores: &[f64], total: impl Fn(&[f64]) -> f64, factor: f64) {
    let mut stats = vec![RowStat::default(); scores.len()];
    let fixed = objective.gradients(scores, &mut stats);
    let step = 1e-4;
    for place in 0..scores.len() {
        let moved = |by: f64| {
            let mut scores = scores.to_vec();
            scores[place] += by;
            total(&scores)
        };
        let gradient = fixed.real(i64::from(stats[place].gradient)) * objective.unit();
        let hessian = fixed.real(i64::from(stats[place].hessian));
        let expected = (moved(step) - moved(-step)) / (2.0 * step);
        assert!(
            (gradient - expected).abs() < 1e-6 * (1.0 + expected.abs()),
            "gradient {place}: {gradient} for {expected}"
        );
        let expected = (moved(step) - 2.0 * moved(0.0) + moved(-step)) / (step * step) * factor;
        assert!(
            (hessian - expected).abs() < 1e-5 * (1.0 + expected.abs()),
            "hessian {place}: {hessian} for {expected}"
        );
    }
}

const WEIGHTS: [f32; 4] = [1.0, 2.5, 0.5, 0.0];

#[test]
fn log_loss_is_the_derivative_of_itself() {
    let x = features(4);
    let labels = [true, false, true, false];
    for scale_positive in [1.0, 3.0] {
        let loss = LogLoss { scale_positive };
        let objective = Labelled::new(&loss, rows(&x, &labels, Some(&WEIGHTS))).unwrap();
        let total = |s: &[f64]| (0..4).map(|row| objective.loss_of(row, s[row])).sum();
        check(&objective, &[0.3, -1.2, 4.0, 2.0], total, 1.0);
    }
}

#[test]
fn log_loss_by_hand() {
    // -ln(0.8), -ln(1 - 0.4) and ln(2), the first counting three times: its weight is one
    // and a half, and positives count double.
    let x = features(3);
    let loss = LogLoss {
        scale_positive: 2.0,
    };
    let weights = [1.5, 1.0, 1.0];
    let objective = Labelled::new(&loss, rows(&x, &[true, false, false], Some(&weights))).unwrap();
    let found = objective.loss(&[4.0_f64.ln(), (0.4_f64 / 0.6).ln(), 0.0]);
    let expected = (3.0 * 0.223_143_551 + 0.510_825_624 + 2.0_f64.ln()) / 5.0;
    assert!((found - expected).abs() < 1e-8, "{found}");
    // Three in five.
    assert!((objective.start()[0] - 1.5_f64.ln()).abs() < 1e-12);
}

#[test]
fn squared_loss_is_half_the_derivative_of_itself() {
    let x = features(4);
    for size in [1e-6_f32, 1.0, 1e9] {
        let labels = [-3.0, 7.0, 0.5, 2.0].map(|y| y * size);
        let rows = rows(&x, &labels, Some(&WEIGHTS));
        let objective = Amounts::new(RegressionLoss::Squared, rows).unwrap();
        let mut stats = [RowStat::default(); 4];
        let scores = [0.1, 6.5, 0.5, -4.0].map(|s| s * f64::from(size));
        let fixed = objective.gradients(&scores, &mut stats);
        for row in 0..4 {
            let w = f64::from(WEIGHTS[row]);
            let expected = w * (scores[row] - f64::from(labels[row]));
            let gradient = fixed.real(i64::from(stats[row].gradient)) * objective.unit();
            let hessian = fixed.real(i64::from(stats[row].hessian));
            assert!(
                (gradient - expected).abs() < 1e-7 * f64::from(size),
                "{gradient}"
            );
            assert!((hessian - w).abs() < 1e-7, "{hessian} for {w}");
        }
    }
    let found = Amounts::new(
        RegressionLoss::Squared,
        rows(&x, &[1.0, 2.0, 4.0, 9.0], None),
    );
    let found = found.unwrap();
    assert_eq!(found.start(), [4.0]);
    // 1 + 0 + 9 + 16 over four rows.
    assert_eq!(found.loss(&[0.0, 2.0, 1.0, 5.0]), 6.5);
}

#[test]
fn poisson_loss_is_twice_what_its_gradient_is_of() {
    let x = features(4);
    let labels = [0.0, 3.0, 1.0, 7.5];
    let objective = Amounts::new(RegressionLoss::Poisson, rows(&x, &labels, Some(&WEIGHTS)));
    let objective = objective.unwrap();
    // The deviance is twice the negative log likelihood up to a constant.
    let total = |s: &[f64]| (0..4).map(|row| objective.loss_of(row, s[row]) / 2.0).sum();
    check(&objective, &[0.3, -1.2, 2.0, 1.0], total, 0.7_f64.exp());
}

#[test]
fn poisson_deviance_by_hand() {
    // Means 1, 2, 2 for 0, 2, 1: 2 * 1, 0, and 2 (ln(1/2) - 1 + 2).
    let x = features(3);
    let objective = Amounts::new(RegressionLoss::Poisson, rows(&x, &[0.0, 2.0, 1.0], None));
    let objective = objective.unwrap();
    let log2 = 2.0_f64.ln();
    let expected = (2.0 + 0.0 + 2.0 * (1.0 - log2)) / 3.0;
    assert!((objective.loss(&[0.0, log2, log2]) - expected).abs() < 1e-12);
    assert_eq!(objective.start(), [0.0]);
}

#[test]
fn pinball_loss_is_the_derivative_of_itself_away_from_the_corner() {
    let x = features(4);
    let labels = [0.0, 3.0, 1.0, 7.5];
    for quantile in [0.1, 0.5, 0.9] {
        let loss = RegressionLoss::Pinball { quantile };
        let objective = Amounts::new(loss, rows(&x, &labels, Some(&WEIGHTS))).unwrap();
        let scores = [1.0, 2.0, -3.0, 9.0];
        let mut stats = [RowStat::default(); 4];
        let fixed = objective.gradients(&scores, &mut stats);
        for row in 0..4 {
            let of = |score| objective.loss_of(row, score);
            let expected = (of(scores[row] + 0.5) - of(scores[row] - 0.5)) / 1.0;
            let gradient = fixed.real(i64::from(stats[row].gradient));
            assert!(
                (gradient - expected).abs() < 1e-8,
                "{gradient} for {expected}"
            );
            // Its second derivative is 0; the weight takes its place.
            let hessian = fixed.real(i64::from(stats[row].hessian));
            assert!((hessian - f64::from(WEIGHTS[row])).abs() < 1e-8);
        }
    }
}

#[test]
fn pinball_loss_by_hand() {
    // At quantile 0.9 two below cost 0.9 each, three above 0.1 each; the fifth of five values
    // is the quantile 0.9.
    let x = features(5);
    let loss = RegressionLoss::Pinball { quantile: 0.9 };
    let objective = Amounts::new(loss, rows(&x, &[1.0, 2.0, 3.0, 4.0, 5.0], None)).unwrap();
    assert_eq!(objective.start(), [5.0]);
    let found = objective.loss(&[0.0, 1.0, 4.0, 5.0, 6.0]);
    assert!(
        (found - (2.0 * 0.9 + 3.0 * 0.1) / 5.0).abs() < 1e-12,
        "{found}"
    );
}

#[test]
fn softmax_is_the_derivative_of_its_log_loss() {
    let x = features(4);
    let labels = [0, 2, 1, 2];
    let loss = Softmax {
        class_weights: vec![1.0, 2.0, 0.5],
    };
    let objective = Classes::new(&loss, 3, rows(&x, &labels, Some(&WEIGHTS))).unwrap();
    let scores = [
        [0.3, 1.0, -2.0, 0.0],
        [0.1, -0.5, 3.0, 0.0],
        [-1.0, 2.0, 0.7, 0.0],
    ];
    let weight = 1.0 + 2.5 * 0.5 + 0.5 * 2.0;
    let total = |s: &[f64]| objective.loss(s) * weight;
    check(&objective, scores.as_flattened(), total, 1.5);
}

#[test]
fn softmax_by_hand() {
    // Probabilities 1/2, 1/4, 1/4 and 1/6, 1/3, 1/2.
    let x = features(2);
    let objective = Classes::new(&Softmax::default(), 3, rows(&x, &[0, 1], None)).unwrap();
    let log = |v: f64| v.ln();
    let scores = [log(2.0), log(1.0), log(1.0), log(2.0), log(1.0), log(3.0)];
    let expected = (2.0_f64.ln() + 3.0_f64.ln()) / 2.0;
    assert!((objective.loss(&scores) - expected).abs() < 1e-12);
    assert_eq!(objective.start()[..2], [0.5_f64.ln(), 0.5_f64.ln()]);
}

fn judged(relevances: &[f32]) -> Vec<Judgement> {
    let judged = |relevance: &f32| Judgement {
        query: 5,
        relevance: *relevance,
    };
    relevances.iter().map(judged).collect()
}

#[test]
fn lambdas_are_the_derivatives_of_the_weighed_pairs() {
    // Two queries whose rows lie mixed up; what swapping a pair changes stands still while the
    // scores move by less than they differ.
    let labels: Vec<Judgement> = [(1, 2.0), (9, 0.0), (1, 0.0), (1, 1.0), (9, 3.0), (1, 1.0)]
        .map(|(query, relevance)| Judgement { query, relevance })
        .into();
    let weights = [2.0, 0.5, 2.0, 2.0, 0.5, 2.0];
    let x = features(6);
    let scores = [0.1, 0.4, 0.7, -0.3, -2.0, 0.2];
    for truncation in [1, 2, 30] {
        let loss = Lambda {
            ndcg_at: 10,
            truncation,
        };
        let objective = Queries::new(&loss, rows(&x, &labels, Some(&weights))).unwrap();
        let gain = |row: usize| 2.0_f64.powf(f64::from(labels[row].relevance)) - 1.0;
        let place = |row: usize| {
            let ahead = |other: &usize| {
                labels[*other].query == labels[row].query && scores[*other] > scores[row]
            };
            (0..6).filter(ahead).count()
        };
        let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let ideal = |row: usize| {
            let mut gains: Vec<f64> = (0..6)
                .filter(|other| labels[*other].query == labels[row].query)
                .map(gain)
                .collect();
            gains.sort_by(|a, b| b.total_cmp(a));
            let best = gains.iter().take(truncation).enumerate();
            best.map(|(place, gain)| gain * discount(place))
                .sum::<f64>()
        };
        let total = |s: &[f64]| {
            let mut sum = 0.0;
            for a in 0..6 {
                for b in 0..6 {
                    let same = labels[a].query == labels[b].query;
                    let near = place(a).min(place(b)) < truncation;
                    if same && near && gain(a) > gain(b) {
                        let swap = (gain(a) - gain(b)) * (discount(place(a)) - discount(place(b)));
                        let cost = (1.0 + (s[b] - s[a]).exp()).ln();
                        sum += f64::from(weights[a]) * swap.abs() / ideal(a) * cost;
                    }
                }
            }
            sum
        };
        check(&objective, &scores, total, 1.0);
    }
}

#[test]
fn the_loss_of_a_ranking_by_hand() {
    // As in metrics::ndcg: gains 7, 0, 3 in this order.
    let x = features(3);
    let judged = judged(&[3.0, 0.0, 2.0]);
    let of = |ndcg_at| {
        let loss = Lambda {
            ndcg_at,
            truncation: 30,
        };
        let objective = Queries::new(&loss, rows(&x, &judged, None)).unwrap();
        objective.loss(&[0.9, 0.5, 0.1])
    };
    assert!((of(10) - (1.0 - 8.5 / (7.0 + 3.0 / 3.0_f64.log2()))).abs() < 1e-12);
    assert!(of(1).abs() < 1e-12);
}

#[test]
fn a_weight_is_that_of_a_query() {
    let x = features(3);
    let weights = Array1::from(vec![1.0_f32, 1.0, 2.0]);
    let judged = judged(&[3.0, 0.0, 2.0]);
    let rows = rows(&x, &judged, weights.as_slice());
    let error = Queries::new(&Lambda::default(), rows).err().unwrap();
    assert!(matches!(error, TreeError::QueryWeight { row: 2, .. }));
    assert_eq!(
        error.to_string(),
        "row 2 weighs 2, but another row of its query 1; a weight is that of the query: give it to all its rows"
    );
}

//! Quality against LightGBM and scikit-learn, whose figures are in
//! `tests/fixtures/boosting.txt`, made by the script beside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::super::{
    BoostedRegressor, BoostingParams, Judgement, Lambda, LambdaRank, MultiClassBoosting,
    RegressionLoss, Softmax,
};
use crate::metrics::ndcg;

const ROWS: usize = 1200;
const TRAIN: usize = 800;

/// Knuth's MMIX generator, the upper 31 bits of each state.
fn numbers(seed: u64, count: usize) -> Vec<u64> {
    let next = |state: &u64| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    };
    let states = std::iter::successors(Some(seed), next).skip(1);
    states.take(count).map(|state| state >> 33).collect()
}

/// The data of the script.
struct Data {
    x: Array2<f32>,
    amount: Array1<f32>,
    count: Array1<f32>,
    kind: Array1<usize>,
    judged: Array1<Judgement>,
    weight: Array1<f32>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    let values: Vec<f32> = numbers(1, ROWS * 5)
        .into_iter()
        .map(|v| (v % 100) as f32)
        .collect();
    let mut x = Array2::from_shape_vec((ROWS, 5), values).unwrap();
    for mut row in x.rows_mut() {
        if row[4] % 7.0 == 0.0 {
            row[3] = f32::NAN;
        }
    }
    let noise: Vec<f64> = numbers(2, ROWS)
        .into_iter()
        .map(|v| (v % 1000) as f64 / 1000.0)
        .collect();
    // In single precision where the script is.
    let effect = Array1::from_shape_fn(ROWS, |row| {
        let fourth = x[[row, 3]];
        let step = if x[[row, 1]] > 60.0 { 1.0 } else { 0.0 };
        let last = if fourth.is_nan() { 1.5 } else { fourth / 100.0 };
        f64::from(x[[row, 0]] / 50.0 + step + last)
    });
    let of =
        |f: &dyn Fn(f64, f64) -> f64| Array1::from_shape_fn(ROWS, |row| f(effect[row], noise[row]));
    Data {
        amount: of(&|e, n| f64::from(e as f32 * 10.0) + n * 10.0).mapv(|v| v as f32),
        count: of(&|e, n| (f64::from(e as f32 * e as f32) * n).floor()).mapv(|v| v as f32),
        kind: of(&|e, n| (e + 2.0 * n - 1.0).floor().clamp(0.0, 3.0)).mapv(|v| v as usize),
        judged: Array1::from_shape_fn(ROWS, |row| Judgement {
            query: row as u64 / 12,
            relevance: (effect[row] * noise[row] * 1.4).floor().clamp(0.0, 4.0) as f32,
        }),
        weight: numbers(3, ROWS)
            .into_iter()
            .map(|v| (1 + v % 3) as f32)
            .collect(),
        x,
    }
});

static FIGURES: LazyLock<HashMap<&str, Vec<f64>>> = LazyLock::new(|| {
    let lines = include_str!("../../../../tests/fixtures/boosting.txt").lines();
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            (name, words.map(|word| word.parse().unwrap()).collect())
        })
        .collect()
});

fn set<T: Clone>(labels: &Array1<T>) -> Dataset<f32, T, ndarray::Ix1> {
    let train = Axis(0);
    let x = DATA.x.slice_axis(train, (..TRAIN).into()).to_owned();
    let y = labels.slice_axis(train, (..TRAIN).into()).to_owned();
    Dataset::new(x, y)
}

fn test_rows() -> Array2<f32> {
    DATA.x.slice_axis(Axis(0), (TRAIN..).into()).to_owned()
}

fn settings<L: Default>() -> BoostingParams<L> {
    BoostingParams::default()
        .n_trees(60)
        .learning_rate(0.1)
        .min_rows_per_leaf(10)
        .l2(1.0)
        .row_fraction(1.0)
        .feature_fraction(1.0)
}

/// Leaves are held by their hessian alone, as LightGBM guesses rows where hessians differ.
fn by_hessian<L: Default>(least: f64) -> BoostingParams<L> {
    settings().min_rows_per_leaf(1).min_hessian(least)
}

/// Predictions of the first trees are LightGBM's to `near`, which works in single precision in
/// places. Later trees meet near ties, which rounding decides.
#[track_caller]
fn first_are(name: &str, ours: ArrayView1<'_, f64>, near: f64) {
    for (ours, theirs) in ours.iter().zip(&FIGURES[name]).take(5) {
        assert!(
            (ours - theirs).abs() < near * theirs.abs().max(1.0),
            "{name}: {ours} for {theirs}"
        );
    }
}

/// A loss is at most `more` times that of LightGBM, and of scikit-learn where there is one.
#[track_caller]
fn as_good(name: &str, first: usize, ours: f64, more: f64) {
    for theirs in &FIGURES[name][first..] {
        assert!(ours < theirs * more, "{name}: loss {ours}, theirs {theirs}");
    }
}

/// What so many trees say of the rows for testing.
fn predictions(
    params: BoostingParams<RegressionLoss>,
    trees: usize,
    data: &Dataset<f32, f32, ndarray::Ix1>,
) -> Array1<f64> {
    let model: BoostedRegressor = params.n_trees(trees).fit(data).unwrap();
    model.predict_value(test_rows().view())
}

fn mean(labels: &Array1<f32>, predicted: &Array1<f64>, loss: impl Fn(f64, f64) -> f64) -> f64 {
    let pairs = labels.iter().skip(TRAIN).zip(predicted);
    pairs.map(|(y, p)| loss(f64::from(*y), *p)).sum::<f64>() / predicted.len() as f64
}

/// Checks squared loss against the figures of a name.
#[track_caller]
fn squared(
    name: &str,
    params: BoostingParams<RegressionLoss>,
    data: &Dataset<f32, f32, ndarray::Ix1>,
) {
    first_are(name, predictions(params.clone(), 5, data).view(), 1e-5);
    let predicted = predictions(params, 60, data);
    let loss = mean(&DATA.amount, &predicted, |y, p| (y - p) * (y - p));
    as_good(name, 5, loss, 1.02);
}

#[test]
fn squared_loss_is_lightgbms() {
    let data = set(&DATA.amount);
    squared("squared", settings(), &data);
    squared("squared_l1", settings().l1(20.0), &data);
    let weights = DATA.weight.slice_axis(Axis(0), (..TRAIN).into());
    let data = data.with_weights(weights.to_owned());
    squared("squared_weighted", by_hessian(19.5), &data);
}

#[test]
fn poisson_loss_is_lightgbms() {
    let data = set(&DATA.count);
    let params = by_hessian(20.0).loss(RegressionLoss::Poisson);
    first_are(
        "poisson",
        predictions(params.clone(), 5, &data).view(),
        1e-5,
    );
    let deviance = |y: f64, p: f64| {
        let log = if y > 0.0 { y * (y / p).ln() } else { 0.0 };
        2.0 * (log - y + p)
    };
    let predicted = predictions(params, 60, &data);
    as_good("poisson", 5, mean(&DATA.count, &predicted, deviance), 1.01);
}

#[test]
fn quantiles_are_as_good_as_lightgbms() {
    for (name, quantile) in [("pinball_50", 0.5), ("pinball_90", 0.9)] {
        let params = settings().loss(RegressionLoss::Pinball { quantile });
        let predicted = predictions(params, 60, &set(&DATA.amount));
        let pinball = |y: f64, p: f64| (quantile * (y - p)).max((quantile - 1.0) * (y - p));
        as_good(name, 5, mean(&DATA.amount, &predicted, pinball), 1.02);
        let below = mean(
            &DATA.amount,
            &predicted,
            |y, p| if y < p { 1.0 } else { 0.0 },
        );
        let theirs = FIGURES[format!("{name}_below").as_str()][0];
        assert!(
            (below - theirs).abs() < 0.03,
            "{below} lie below quantile {quantile}, LightGBM {theirs}"
        );
    }
}

#[test]
fn softmax_is_lightgbms() {
    let probabilities = |rounds| {
        let params = by_hessian::<Softmax>(3.0).n_trees(rounds);
        let model: MultiClassBoosting = params.fit(&set(&DATA.kind)).unwrap();
        assert_eq!(
            (model.class_count(), model.round_count(), model.tree_count()),
            (4, rounds, 4 * rounds)
        );
        model.predict_probabilities(test_rows().view())
    };
    first_are("softmax", probabilities(5).row(0), 1e-5);
    let p = probabilities(60);
    let kinds = DATA.kind.iter().skip(TRAIN);
    let loss = kinds
        .zip(p.rows())
        .map(|(kind, p)| -p[*kind].ln())
        .sum::<f64>();
    as_good("softmax", 4, loss / p.nrows() as f64, 1.01);
}

#[test]
fn an_order_is_as_good_as_lightgbms() {
    let scores = |trees| {
        let params = by_hessian::<Lambda>(1.0).n_trees(trees);
        let model: LambdaRank = params.fit(&set(&DATA.judged)).unwrap();
        model.predict_score(test_rows().view())
    };
    // LightGBM looks up its sigmoid in a table.
    first_are("lambda", scores(2).view(), 1e-5);
    // Query 66 lies on both sides of the cut.
    let scores = scores(60);
    let whole = scores.slice_axis(Axis(0), (4..).into());
    let judged = DATA.judged.slice_axis(Axis(0), (TRAIN + 4..).into());
    let queries = judged.mapv(|j| j.query);
    let relevance = judged.mapv(|j| j.relevance);
    let found = ndcg(5, queries.view(), relevance.view(), whole).unwrap();
    for name in ["lambda", "lambda_normalised"] {
        let theirs = FIGURES[name][5];
        assert!(found > theirs - 0.01, "{found}, LightGBM {theirs}");
    }
}

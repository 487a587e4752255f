//! The yes-or-no label, and what all losses share by way of it.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};

use super::super::super::sigmoid;
use super::super::{GradientBoosting, GradientBoostingParams};
use crate::random;
use crate::tree::{Monotone, TreeError};

/// Three useful columns of six, one with many missing values, and noise in the label.
fn planted(rows: usize, seed: u64) -> Dataset<f32, bool, ndarray::Ix1> {
    let draw = |row: usize, column: u64| random::unit(seed, column, row as u64);
    let x = Array2::from_shape_fn((rows, 6), |(row, column)| {
        if column == 2 && draw(row, 100) < 0.3 {
            return f32::NAN;
        }
        draw(row, column as u64) as f32
    });
    let y = Array1::from_shape_fn(rows, |row| {
        let mut score = 3.0 * draw(row, 0) - 2.5;
        score += if draw(row, 1) > 0.6 { 1.5 } else { -0.5 };
        score += if x[[row, 2]].is_nan() { 1.5 } else { 0.0 };
        draw(row, 200) < sigmoid(score)
    });
    Dataset::new(x, y)
}

fn loss(model: &GradientBoosting, data: &Dataset<f32, bool, ndarray::Ix1>) -> f64 {
    let p = model.predict_probability(data.records().view());
    let terms = p
        .iter()
        .zip(data.targets())
        .map(|(p, y)| if *y { -p.ln() } else { -(1.0 - p).ln() });
    terms.sum::<f64>() / p.len() as f64
}

fn small() -> GradientBoostingParams {
    GradientBoosting::params()
        .n_trees(40)
        .learning_rate(0.1)
        .min_rows_per_leaf(20)
        .l2(1.0)
}

#[test]
fn one_tree_of_two_leaves_is_what_the_formulas_say() {
    // Four rows, one positive: start = ln(1/3), p = 1/4 everywhere. Splitting off the two rows
    // above 2: G = -0.75 + 0.25 = -0.5, H = 2 * 3/16; below: G = 0.5, H = 3/8.
    // With l2 = 1 the values are +-0.5 / 1.375, taken times the learning rate 0.5.
    let data = Dataset::new(
        array![[1.0_f32], [2.0], [3.0], [4.0]],
        array![false, false, true, false],
    );
    let model = GradientBoosting::params()
        .n_trees(1)
        .learning_rate(0.5)
        .l2(1.0)
        .min_rows_per_leaf(2)
        .row_fraction(1.0)
        .feature_fraction(1.0)
        .fit(&data)
        .unwrap();
    let step = 0.5 * 0.5 / 1.375;
    let start = (1.0_f64 / 3.0).ln();
    let scores = model.predict_score(data.records().view());
    for (score, expected) in
        scores
            .iter()
            .zip([start - step, start - step, start + step, start + step])
    {
        assert!((score - expected).abs() < 1e-8, "{score} for {expected}");
    }
    // The gain is the sum of G^2 / (H + l2) over both leaves; the parent has G = 0.
    let gain = model.gain_importance();
    assert!((gain[0] - 2.0 * 0.25 / 1.375).abs() < 1e-8, "{gain}");
}

#[test]
fn a_planted_pattern_is_found_and_beats_the_base_rate_on_new_rows() {
    let (train, test) = (planted(4000, 1), planted(4000, 2));
    let model = small().fit(&train).unwrap();
    let base = test.targets().iter().filter(|y| **y).count() as f64 / 4000.0;
    let base_loss = -(base * base.ln() + (1.0 - base) * (1.0 - base).ln());
    let fitted = loss(&model, &test);
    assert!(
        fitted < base_loss - 0.08,
        "{fitted} against {base_loss} for the base rate"
    );
    let gain = model.gain_importance();
    let useful = (gain[0] + gain[1] + gain[2]) / gain.sum();
    assert!(
        useful > 0.8,
        "useful columns have {useful} of the gain: {gain}"
    );
}

#[test]
fn the_model_is_the_same_to_the_bit_on_one_thread_and_on_two() {
    let train = planted(30_000, 3);
    let on = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| {
                let model = small().n_trees(10).fit(&train).unwrap();
                let x = train.records().view();
                (
                    model.clone(),
                    model.predict_probability(x),
                    model.contributions(x.slice_axis(Axis(0), (..500).into())),
                )
            })
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn the_seed_decides_and_a_further_tree_changes_no_earlier_one() {
    let train = planted(2000, 4);
    let fit = |seed, trees| small().seed(seed).n_trees(trees).fit(&train).unwrap();
    assert_eq!(fit(1, 10), fit(1, 10));
    assert_ne!(fit(1, 10), fit(2, 10));
    assert_eq!(fit(1, 10).trees[..], fit(1, 20).trees[..10]);
}

#[test]
fn a_weight_counts_like_so_many_copies_of_the_row() {
    let once = planted(600, 5);
    // Few distinct values, so that copies do not move the bins.
    let x = once.records().mapv(|v| (v * 30.0).floor());
    let copies = |row: usize| 1 + row % 3;
    let weights = Array1::from_shape_fn(600, |row| copies(row) as f32);
    let picks: Vec<usize> = (0..600).flat_map(|row| vec![row; copies(row)]).collect();
    let y = once.targets().clone();
    let weighted = Dataset::new(x.clone(), y.clone()).with_weights(weights);
    let repeated = Dataset::new(x.select(Axis(0), &picks), y.select(Axis(0), &picks));
    // Rows are counted, not weighed, so the limit that counts rows must not bind.
    let params = small().n_trees(5).min_rows_per_leaf(1).min_hessian(4.0);
    let params = params.row_fraction(1.0).feature_fraction(1.0);
    let a = params.fit(&weighted).unwrap().predict_score(x.view());
    let b = params.fit(&repeated).unwrap().predict_score(x.view());
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-6, "{a} and {b}");
    }
}

#[test]
fn early_stopping_keeps_the_trees_up_to_the_lowest_validation_loss() {
    let (train, validation) = (planted(800, 6), planted(800, 7));
    let params = small()
        .n_trees(400)
        .learning_rate(0.3)
        .early_stopping_rounds(Some(15));
    let model = params.fit_with_validation(&train, &validation).unwrap();
    let losses = model.validation_losses();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|l| *l == lowest).unwrap();
    assert_eq!(model.tree_count(), best + 1);
    assert_eq!(
        losses.len(),
        best + 1 + 15,
        "15 trees beyond the best were tried"
    );
    assert!((loss(&model, &validation) - lowest).abs() < 1e-12);
    // The kept trees are those of a fit without validation.
    let plain = params.n_trees(best + 1).fit(&train).unwrap();
    assert_eq!(plain.trees, model.trees);
}

#[test]
fn validation_rows_must_have_the_same_columns() {
    let train = planted(100, 8);
    let narrow = Dataset::new(Array2::zeros((2, 5)), array![true, false]);
    let message = small()
        .fit_with_validation(&train, &narrow)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "5 feature columns, but the model has 6; give the same columns in the same order"
    );
}

#[test]
fn a_monotone_score_never_turns_back() {
    let train = planted(3000, 9);
    let fit = |direction| {
        let mut monotone = vec![Monotone::Free; 6];
        monotone[0] = direction;
        small()
            .feature_fraction(1.0)
            .monotone(monotone)
            .fit(&train)
            .unwrap()
    };
    let turns = |model: &GradientBoosting| {
        let (mut up, mut down) = (0, 0);
        for row in 0..40 {
            let mut x =
                Array2::from_shape_fn((50, 6), |(_, column)| train.records()[[row, column]]);
            x.column_mut(0).assign(&Array1::linspace(0.0, 1.0, 50));
            let scores = model.predict_score(x.view());
            for pair in scores.to_vec().windows(2) {
                up += usize::from(pair[1] > pair[0] + 1e-12);
                down += usize::from(pair[1] < pair[0] - 1e-12);
            }
        }
        (up, down)
    };
    let (up, down) = turns(&fit(Monotone::Increasing));
    assert!(up > 0 && down == 0, "up {up}, down {down}");
    assert_eq!(turns(&fit(Monotone::Decreasing)).0, 0);
    let (up, down) = turns(&fit(Monotone::Free));
    assert!(
        up > 0 && down > 0,
        "without the constraint noise would show: up {up}, down {down}"
    );
}

#[test]
fn monotone_constraints_are_one_a_column() {
    let message = small()
        .monotone(vec![Monotone::Free])
        .fit(&planted(100, 1))
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "1 monotone constraints for 6 feature columns; give one a column, or none"
    );
}

#[test]
fn contributions_of_every_row_sum_to_its_score() {
    let train = planted(2000, 10);
    let model = small()
        .max_leaves(31)
        .min_rows_per_leaf(5)
        .fit(&train)
        .unwrap();
    let contributions = model.contributions(train.records().view());
    assert_eq!(contributions.dim(), (2000, 7));
    let scores = model.predict_score(train.records().view());
    for (row, score) in contributions.rows().into_iter().zip(&scores) {
        assert!(
            (row.sum() - score).abs() < 1e-9,
            "{} for {score}",
            row.sum()
        );
    }
    // The base value is the mean score where every tree saw every row.
    let model = small().row_fraction(1.0).fit(&train).unwrap();
    let base = model.contributions(train.records().view())[[0, 6]];
    let mean = model.predict_score(train.records().view()).mean().unwrap();
    assert!((base - mean).abs() < 1e-9, "{base} for {mean}");
}

#[test]
fn figures_of_lightgbm_are_met() {
    // Log loss on the training rows and contributions of rows 0 (nothing missing) and 3
    // (column 2 missing), from LightGBM 4.7:
    //
    // import lightgbm as lgb, numpy as np
    // from sklearn.metrics import log_loss
    // i = np.arange(500)
    // x = np.c_[i * 37 % 101, i * 53 % 97, i * 11 % 23].astype(float)
    // x[i % 7 == 3, 2] = np.nan
    // y = ((np.nan_to_num(x[:, 2], nan=20) > 12) & (x[:, 0] > 30) | (x[:, 1] < 15)).astype(int)
    // p = dict(objective="binary", num_leaves=8, learning_rate=0.2, min_data_in_leaf=10,
    //          lambda_l2=1, max_bin=255, min_data_in_bin=1, verbose=-1)
    // model = lgb.train(p, lgb.Dataset(x, y), 5)
    // print(log_loss(y, model.predict(x)), model.predict(x[[0, 3]], pred_contrib=True))
    let x = Array2::from_shape_fn((500, 3), |(i, column)| {
        if column == 2 && i % 7 == 3 {
            return f32::NAN;
        }
        (i * [37, 53, 11][column] % [101, 97, 23][column]) as f32
    });
    let y = Array1::from_shape_fn(500, |i| {
        let third = if x[[i, 2]].is_nan() { 20.0 } else { x[[i, 2]] };
        third > 12.0 && x[[i, 0]] > 30.0 || x[[i, 1]] < 15.0
    });
    let data = Dataset::new(x.clone(), y);
    let model = GradientBoosting::params()
        .n_trees(5)
        .max_leaves(8)
        .learning_rate(0.2)
        .min_rows_per_leaf(10)
        .l2(1.0)
        .row_fraction(1.0)
        .feature_fraction(1.0)
        .fit(&data)
        .unwrap();
    // LightGBM keeps gradients in single precision: agreement to about seven digits.
    let ours = loss(&model, &data);
    assert!((ours - 0.200_330_756_613_935_82).abs() < 1e-7, "{ours}");
    let contributions = model.contributions(x.view());
    for (row, theirs) in [
        (
            0,
            [
                -0.322_686_664,
                2.156_398_694,
                -0.278_182_743,
                -0.231_589_869,
            ],
        ),
        (
            3,
            [
                -1.466_576_372,
                -0.340_875_222,
                0.473_307_635,
                -0.231_589_869,
            ],
        ),
    ] {
        for (ours, theirs) in contributions.row(row).iter().zip(theirs) {
            assert!(
                (ours - theirs).abs() < 1e-6,
                "row {row}: {ours} for {theirs}"
            );
        }
    }
}

#[test]
fn linfa_predict_gives_probabilities() {
    let train = planted(500, 11);
    let model = small().n_trees(3).fit(&train).unwrap();
    let p = model.predict_probability(train.records().view());
    let pr = model.predict(train.records());
    assert!(p.iter().zip(&pr).all(|(p, pr)| *p as f32 == **pr));
}

#[test]
fn a_view_in_any_layout_is_scored_alike() {
    let train = planted(300, 12);
    let model = small().n_trees(3).fit(&train).unwrap();
    let x = train.records();
    let columns_first = x.t().as_standard_layout().to_owned();
    assert_eq!(
        model.predict_score(x.view()),
        model.predict_score(columns_first.t())
    );
    assert_eq!(
        model.contributions(x.view()),
        model.contributions(columns_first.t())
    );
    assert_eq!(
        model
            .predict_score(x.slice_axis(Axis(0), (..0).into()))
            .len(),
        0
    );
}

#[test]
fn nothing_to_split_on_gives_the_base_rate() {
    let x = array![
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN]
    ];
    let model = small()
        .fit(&Dataset::new(x.clone(), array![true, false, false, false]))
        .unwrap();
    for p in model.predict_probability(x.view()) {
        assert!((p - 0.25).abs() < 1e-7, "{p}");
    }
    assert_eq!(model.gain_importance(), array![0.0, 0.0]);
    assert_eq!(
        model
            .contributions(x.view())
            .slice_axis(Axis(1), (..2).into())
            .sum(),
        0.0
    );
}

#[track_caller]
fn refused(data: &Dataset<f32, bool, ndarray::Ix1>, message: &str) {
    assert_eq!(small().fit(data).unwrap_err().to_string(), message);
}

#[test]
fn bad_input_gets_the_promised_message() {
    refused(
        &Dataset::new(Array2::zeros((0, 2)), Array1::from(Vec::<bool>::new())),
        "there are no rows to learn from; give at least one row of each label",
    );
    refused(
        &Dataset::new(Array2::zeros((2, 0)), array![true, false]),
        "there are no feature columns to learn from; give at least one",
    );
    refused(
        &Dataset::new(array![[1.0], [f32::INFINITY]], array![true, false]),
        "row 1, column 0 of the features is inf; features must be finite, or NaN where missing",
    );
    refused(
        &Dataset::new(array![[1.0], [2.0]], array![true, true]),
        "all 2 rows that count are labelled true; a classifier needs rows of both labels",
    );
    refused(
        &Dataset::new(array![[1.0]], array![false]),
        "all 1 rows that count are labelled false; a classifier needs rows of both labels",
    );
    refused(
        &Dataset::new(array![[1.0], [2.0]], array![true]),
        "1 labels for 2 rows of features; give one label a row",
    );
    let data = Dataset::new(array![[1.0], [2.0]], array![true, false]);
    refused(
        &data.clone().with_weights(array![1.0]),
        "1 weights for 2 rows of features; give one weight a row, or none",
    );
    refused(
        &data.clone().with_weights(array![1.0, -1.0]),
        "the weight of row 1 is -1; weights must be finite, 0 or more",
    );
    refused(
        &data.with_weights(array![1.0, 0.0]),
        "all 1 rows that count are labelled true; a classifier needs rows of both labels",
    );
}

#[test]
fn a_bad_setting_is_refused_by_fit() {
    let error = small().max_leaves(0).fit(&planted(10, 1)).unwrap_err();
    assert!(matches!(error, TreeError::Params(_)));
}

#[test]
#[should_panic(expected = "the model was fitted on 6 feature columns and is given 5")]
fn another_number_of_columns_is_refused_when_scoring() {
    small()
        .n_trees(1)
        .fit(&planted(100, 1))
        .unwrap()
        .predict_score(Array2::zeros((1, 5)).view());
}

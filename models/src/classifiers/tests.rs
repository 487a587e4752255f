use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, Ix1, array};

use super::*;
use crate::metrics::roc_auc;
use crate::tree::{TreeError, TreeParamError};

const NAN: f32 = f32::NAN;

/// Column 0 decides, column 1 is noise, column 2 is constant, column 3 all missing; some of
/// column 0 is missing.
fn customers(rows: usize) -> Dataset<f32, bool, Ix1> {
    let draw = |row: usize, salt: usize| (row * 7919 + salt * 104_729) % 1009;
    let x = Array2::from_shape_fn((rows, 4), |(row, column)| match column {
        0 if row % 17 == 3 => NAN,
        0 => (draw(row, 1) % 100) as f32,
        1 => (draw(row, 2) % 50) as f32,
        2 => 5.0,
        _ => NAN,
    });
    let y = Array1::from_shape_fn(rows, |row| {
        let value = if x[[row, 0]].is_nan() {
            50.0
        } else {
            x[[row, 0]]
        };
        value + (draw(row, 3) % 60) as f32 > 110.0
    });
    Dataset::new(x, y)
}

type Fitted = Result<Box<dyn ProbabilityModel>, String>;

/// Fits every model, one after another.
fn fit_all(data: &Dataset<f32, bool, Ix1>) -> Vec<(&'static str, Fitted)> {
    fn boxed<M: ProbabilityModel + 'static, E: std::fmt::Display>(fitted: Result<M, E>) -> Fitted {
        fitted
            .map(|m| Box::new(m) as Box<dyn ProbabilityModel>)
            .map_err(|e| e.to_string())
    }
    vec![
        (
            "tree",
            boxed(DecisionTree::params().min_rows_per_leaf(20).fit(data)),
        ),
        (
            "boosting",
            boxed(GradientBoosting::params().n_trees(50).fit(data)),
        ),
        ("logistic", boxed(LogisticRegression::params().fit(data))),
        ("linfa tree", boxed(LinfaTree::params().fit(data))),
        ("single feature", boxed(SingleFeature::params(0).fit(data))),
    ]
}

#[test]
fn every_model_ranks_a_plain_pattern_well_and_gives_probabilities() {
    let data = customers(2000);
    let base = data.targets().iter().filter(|y| **y).count() as f64 / 2000.0;
    for (name, model) in fit_all(&data) {
        let p = model.unwrap().predict_probability(data.records().view());
        assert_eq!(p.len(), 2000, "{name}");
        assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{name}");
        let auc = roc_auc(data.targets().view(), p.view()).unwrap();
        assert!(auc > 0.85, "{name}: {auc}");
        let mean = p.mean().unwrap();
        assert!(
            (mean - base).abs() < 0.02,
            "{name}: mean {mean} for base rate {base}"
        );
    }
}

#[test]
fn every_model_gives_the_same_bits_on_one_thread_and_on_two() {
    let data = customers(800);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let models = fit_all(&data).into_iter();
            models
                .map(|(_, m)| m.unwrap().predict_probability(data.records().view()))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn a_row_is_scored_alike_alone_and_among_others() {
    let data = customers(500);
    for (name, model) in fit_all(&data) {
        let model = model.unwrap();
        let x = data.records();
        let all = model.predict_probability(x.view());
        for row in [0, 3, 20] {
            let alone = model.predict_probability(x.slice_axis(Axis(0), (row..row + 1).into()));
            assert_eq!(alone[0], all[row], "{name}");
        }
        assert_eq!(
            model
                .predict_probability(Array2::zeros((0, 4)).view())
                .len(),
            0,
            "{name}"
        );
    }
}

#[test]
fn infinite_values_in_scoring_still_give_probabilities() {
    let data = customers(500);
    let x = array![
        [f32::INFINITY, 1.0, 1.0, 1.0],
        [f32::NEG_INFINITY, f32::INFINITY, 1.0, 1.0]
    ];
    for (name, model) in fit_all(&data) {
        let p = model.unwrap().predict_probability(x.view());
        assert!(
            p[0] > p[1] && p.iter().all(|p| (0.0..=1.0).contains(p)),
            "{name}: {p}"
        );
    }
}

#[test]
fn every_model_refuses_bad_input_with_the_same_words() {
    let cases = [
        (
            Dataset::new(Array2::zeros((0, 1)), Array1::from(Vec::<bool>::new())),
            TreeError::NoRows,
        ),
        (
            Dataset::new(array![[1.0], [2.0]], array![false, false]),
            TreeError::OneClass {
                label: false,
                rows: 2,
            },
        ),
        (
            Dataset::new(array![[1.0]], array![true]),
            TreeError::OneClass {
                label: true,
                rows: 1,
            },
        ),
        (
            Dataset::new(array![[1.0], [f32::INFINITY]], array![false, true]),
            TreeError::Infinite {
                row: 1,
                column: 0,
                value: f32::INFINITY,
            },
        ),
        (
            Dataset::new(array![[1.0], [2.0]], array![false]),
            TreeError::LabelCount { rows: 2, labels: 1 },
        ),
    ];
    for (data, error) in cases {
        for (name, fitted) in fit_all(&data) {
            assert_eq!(fitted.err(), Some(error.to_string()), "{name}");
        }
    }
}

#[test]
fn models_of_linfa_refuse_weights_rather_than_ignore_them() {
    let data = customers(100).with_weights(Array1::ones(100));
    assert_eq!(
        LogisticRegression::params()
            .fit(&data)
            .unwrap_err()
            .to_string(),
        "linfa-logistic takes no row weights; leave them out, or fit a tree model"
    );
    assert!(matches!(
        LinfaTree::params().fit(&data),
        Err(ClassifierError::Weights(_))
    ));
}

#[test]
fn logistic_regression_meets_scikit_learn_whichever_label_is_rarer() {
    // import numpy as np
    // from sklearn.linear_model import LogisticRegression
    // i = np.arange(200); x = np.c_[i * 37 % 101, i * 53 % 97].astype(float)
    // y = x[:, 0] + i * 11 % 60 > 95
    // z = (x - x.mean(0)) / x.std(0)
    // for target in y, ~y:
    //     m = LogisticRegression(C=1 / 5, tol=1e-10).fit(z, target)
    //     print(m.coef_, m.intercept_, m.predict_proba(z[:2])[:, 1])
    let x = Array2::from_shape_fn((200, 2), |(i, c)| (i * [37, 53][c] % [101, 97][c]) as f32);
    let y = Array1::from_shape_fn(200, |i| x[[i, 0]] + (i * 11 % 60) as f32 > 95.0);
    for (target, sign) in [(y.clone(), 1.0), (y.mapv(|y| !y), -1.0)] {
        let data = Dataset::new(x.clone(), target);
        let model = LogisticRegression::params()
            .l2(5.0)
            .skew_limit(None)
            .fit(&data)
            .unwrap();
        let ours = [
            model.coefficients()[0],
            model.coefficients()[1],
            model.intercept(),
        ];
        for (ours, theirs) in ours
            .iter()
            .zip([2.240_512_12, -0.337_910_34, -0.986_559_47])
        {
            assert!(
                (ours - sign * theirs).abs() < 1e-4,
                "{ours} for {}",
                sign * theirs
            );
        }
        let p = model.predict_probability(x.view())[0];
        let theirs = if sign > 0.0 {
            0.014_090_07
        } else {
            0.985_909_93
        };
        assert!((p - theirs).abs() < 1e-5, "{p} for {theirs}");
    }
}

#[test]
fn contributions_of_logistic_regression_sum_to_the_log_odds() {
    let data = customers(300);
    let model = LogisticRegression::params().fit(&data).unwrap();
    let contributions = model.contributions(data.records().view());
    assert_eq!(contributions.dim(), (300, 5));
    let p = model.predict_probability(data.records().view());
    for (row, p) in contributions.rows().into_iter().zip(&p) {
        assert!((row.sum() - (p / (1.0 - p)).ln()).abs() < 1e-9);
    }
    // Constant and all-missing columns have no say.
    assert_eq!(contributions.column(2).sum(), 0.0);
    assert_eq!(contributions.column(3).sum(), 0.0);
}

#[test]
fn a_leaf_of_linfa_gets_the_rate_of_its_training_rows() {
    // 3 of 10 positive above 5.5, 1 of 10 below; the column is continuous.
    let x = Array2::from_shape_fn((20, 1), |(row, _)| row as f32 / 2.0 + 0.75);
    let y = Array1::from_shape_fn(20, |row| [4, 12, 15, 18].contains(&row));
    let model = LinfaTree::params()
        .max_depth(Some(1))
        .min_weight_per_leaf(8.0)
        .prior_rows(0.0)
        .fit(&Dataset::new(x.clone(), y.clone()))
        .unwrap();
    let p = model.predict_probability(x.view());
    let mut leaves: Vec<f64> = p.to_vec();
    leaves.dedup();
    assert_eq!(leaves.len(), 2, "{leaves:?}");
    for leaf in leaves {
        let rows: Vec<usize> = (0..20).filter(|row| p[*row] == leaf).collect();
        let rate = rows.iter().filter(|row| y[**row]).count() as f64 / rows.len() as f64;
        assert!((leaf - rate).abs() < 1e-12);
    }
}

#[test]
fn one_feature_alone_pools_neighbours_that_break_the_order() {
    // Rates by value 0..4: 0, 1/2, 0, 1, 1. Pooling 1/2 and 0 gives 1/4 at 1.5.
    let x = array![
        [0.0_f32],
        [0.0],
        [1.0],
        [1.0],
        [2.0],
        [2.0],
        [3.0],
        [3.0],
        [4.0],
        [4.0]
    ];
    let y = [0, 0, 0, 1, 0, 0, 1, 1, 1, 1].map(|v| v == 1);
    let data = Dataset::new(x, Array1::from(y.to_vec()));
    let model = SingleFeature::params(0).prior_rows(0.0).fit(&data).unwrap();
    let p = model.predict_probability(array![[-9.0], [0.0], [1.5], [3.5], [9.0], [2.5]].view());
    // 3 and 4 have one rate and are pooled at 3.5; at 2.5 the line is half way from 1/4 to 1.
    assert_eq!(p, array![0.0, 0.0, 0.25, 1.0, 1.0, 0.625]);
    // Turned round, the direction is found.
    let turned = Dataset::new(data.records().mapv(|v| -v), data.targets().clone());
    let model = SingleFeature::params(0)
        .prior_rows(0.0)
        .fit(&turned)
        .unwrap();
    assert_eq!(
        model.predict_probability(array![[-1.5], [-2.5]].view()),
        array![0.25, 0.625]
    );
}

#[test]
fn one_feature_alone_has_a_rate_for_missing_values() {
    let x = array![[1.0], [2.0], [NAN], [NAN], [NAN]];
    let data = Dataset::new(x, array![false, true, true, true, false]);
    let model = SingleFeature::params(0).prior_rows(5.0).fit(&data).unwrap();
    // (2 + 5 * 3/5) / (3 + 5).
    assert_eq!(
        model.predict_probability(array![[NAN]].view()),
        array![0.625]
    );
    let complete = Dataset::new(array![[1.0], [2.0]], array![false, true]);
    let model = SingleFeature::params(0)
        .prior_rows(0.0)
        .fit(&complete)
        .unwrap();
    assert_eq!(model.predict_probability(array![[NAN]].view()), array![0.5]);
    let constant = Dataset::new(
        array![[3.0], [3.0], [3.0], [3.0]],
        array![false, true, false, false],
    );
    let model = SingleFeature::params(0).fit(&constant).unwrap();
    assert_eq!(
        model.predict_probability(array![[1.0], [9.0]].view()),
        array![0.25, 0.25]
    );
    let missing = Dataset::new(array![[NAN], [NAN]], array![false, true]);
    let model = SingleFeature::params(0).fit(&missing).unwrap();
    assert_eq!(
        model.predict_probability(array![[1.0], [NAN]].view()),
        array![0.5, 0.5]
    );
}

#[test]
fn a_column_that_is_not_there_is_named() {
    assert_eq!(
        SingleFeature::params(7)
            .fit(&customers(10))
            .unwrap_err()
            .to_string(),
        "column = 7, but there are only 4 feature columns, counted from 0"
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    let negative = |name, value| Some(TreeParamError::Negative { name, value });
    assert_eq!(
        LogisticRegression::params().l2(-1.0).check().err(),
        negative("l2", -1.0)
    );
    assert_eq!(
        LogisticRegression::params()
            .skew_limit(Some(-2.0))
            .check()
            .err(),
        negative("skew_limit", -2.0)
    );
    assert_eq!(
        LogisticRegression::params()
            .tolerance(0.0)
            .check()
            .unwrap_err()
            .to_string(),
        "tolerance = 0; choose a share above 0 and at most 1"
    );
    assert_eq!(
        LogisticRegression::params().max_iterations(0).check().err(),
        Some(TreeParamError::Zero {
            name: "max_iterations"
        })
    );
    assert_eq!(
        LinfaTree::params().max_depth(Some(0)).check().err(),
        Some(TreeParamError::Zero { name: "max_depth" })
    );
    assert_eq!(
        LinfaTree::params()
            .min_weight_per_leaf(f64::INFINITY)
            .check()
            .err(),
        negative("min_weight_per_leaf", f64::INFINITY)
    );
    assert_eq!(
        LinfaTree::params().prior_rows(-1.0).check().err(),
        negative("prior_rows", -1.0)
    );
    assert_eq!(
        SingleFeature::params(0).prior_rows(-1.0).check().err(),
        negative("prior_rows", -1.0)
    );
    assert_eq!(
        SingleFeature::params(0).bins(1).check().err(),
        Some(TreeParamError::MaxBins(1))
    );
}

#[test]
fn another_number_of_columns_is_refused_when_scoring() {
    for (name, model) in fit_all(&customers(300)) {
        let model = model.unwrap();
        let narrow = Array2::<f32>::zeros((1, 3));
        let scored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            model.predict_probability(narrow.view())
        }));
        assert!(scored.is_err(), "{name}");
    }
}

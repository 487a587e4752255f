use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Ix1, array};

use super::*;

const NAN: f32 = f32::NAN;

fn customers(rows: usize) -> Dataset<f32, bool, Ix1> {
    let (x, labels) = contract::customers(rows);
    Dataset::new(x, Array1::from(labels))
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
    #[track_caller]
    fn refused<P: ParamGuard>(params: P, message: &str) {
        match params.check() {
            Ok(_) => panic!("accepted, though {message}"),
            Err(error) => assert_eq!(error.to_string(), message),
        }
    }
    let logistic = LogisticRegression::params;
    refused(
        logistic().l2(-1.0),
        "l2 = -1; choose a finite number, 0 or more",
    );
    refused(
        logistic().skew_limit(Some(-2.0)),
        "skew_limit = -2; choose a finite number, 0 or more",
    );
    refused(
        logistic().tolerance(0.0),
        "tolerance = 0; choose a share above 0 and at most 1",
    );
    refused(
        logistic().max_iterations(0),
        "max_iterations = 0; choose at least 1",
    );
    let tree = LinfaTree::params;
    refused(
        tree().max_depth(Some(0)),
        "max_depth = 0; choose at least 1",
    );
    refused(
        tree().min_weight_per_leaf(f64::INFINITY),
        "min_weight_per_leaf = inf; choose a finite number, 0 or more",
    );
    refused(
        tree().prior_rows(-1.0),
        "prior_rows = -1; choose a finite number, 0 or more",
    );
    refused(
        SingleFeature::params(0).prior_rows(-1.0),
        "prior_rows = -1; choose a finite number, 0 or more",
    );
    refused(
        SingleFeature::params(0).bins(1),
        "max_bins = 1; choose between 2 and 255",
    );
}

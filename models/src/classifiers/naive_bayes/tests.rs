use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, array};

use super::super::fixtures::{assert_close, line, table};
use super::*;

const NAN: f32 = f32::NAN;

fn uncalibrated() -> NaiveBayesParams {
    NaiveBayes::params().calibrate(false)
}

#[test]
fn normal_distributions_are_those_of_scikit_learn() {
    let table = table(300);
    let first = table.amounts.select(Axis(0), &(0..12).collect::<Vec<_>>());
    let params = uncalibrated().density(Density::Gaussian);
    let data = Dataset::new(table.amounts, Array1::from(table.labels));
    let plain = params.fit(&data).unwrap();
    let p = plain.predict_probability(first.view());
    assert_close(&p, &line("gaussian"), 1e-7, "plain");
    let weighted = params.fit(&data.with_weights(Array1::from(table.weights)));
    let p = weighted.unwrap().predict_probability(first.view());
    assert_close(&p, &line("gaussian-weighted"), 1e-7, "weighted");
}

#[test]
fn categories_are_those_of_scikit_learn() {
    let table = table(300);
    let first = table
        .categories
        .select(Axis(0), &(0..12).collect::<Vec<_>>());
    let params = uncalibrated().categorical(vec![0, 1]);
    let data = Dataset::new(table.categories, Array1::from(table.labels));
    let plain = params.fit(&data).unwrap();
    let p = plain.predict_probability(first.view());
    assert_close(&p, &line("categorical"), 1e-11, "plain");
    let data = data.with_weights(Array1::from(table.weights));
    let weighted = params.smoothing(0.5).fit(&data).unwrap();
    let p = weighted.predict_probability(first.view());
    assert_close(&p, &line("categorical-weighted"), 1e-11, "weighted");
}

#[test]
fn bins_by_hand() {
    // Values 1 (true: 3 of 4) and 2 (true: 1 of 4), two of the eight rows of each label.
    let x = array![[1.0], [1.0], [1.0], [1.0], [2.0], [2.0], [2.0], [2.0]];
    let y = array![true, true, true, false, false, false, false, true];
    let model = uncalibrated().fit(&Dataset::new(x, y)).unwrap();
    // (3 + 1) / (4 + 2) against (1 + 1) / (4 + 2): odds of 2 to 1, and 1 to 2.
    let p = model.predict_probability(array![[0.0], [9.0], [NAN]].view());
    assert_close(&p, &[2.0 / 3.0, 1.0 / 3.0, 0.5], 1e-12, "bins");
}

#[test]
fn what_is_missing_or_was_not_met_says_nothing() {
    let x = array![
        [1.0, 0.0, 5.0],
        [NAN, 0.0, 5.0],
        [2.0, 1.0, NAN],
        [3.0, NAN, NAN]
    ];
    let y = array![true, true, false, false];
    for density in [Density::Gaussian, Density::Binned(4)] {
        let params = uncalibrated().density(density).categorical(vec![1]);
        let model = params.fit(&Dataset::new(x.clone(), y.clone())).unwrap();
        let rows = array![[NAN, NAN, NAN], [NAN, 7.0, 1.0], [NAN, 0.5, 9.0]];
        // Column 2 has no value for `false`, so it says nothing either.
        let p = model.predict_probability(rows.view());
        assert_eq!(p, array![0.5, 0.5, 0.5]);
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |params: NaiveBayesParams| params.check().unwrap_err().to_string();
    assert_eq!(
        refused(NaiveBayes::params().density(Density::Binned(1))),
        "bins = 1; choose between 2 and 255"
    );
    assert_eq!(
        refused(NaiveBayes::params().smoothing(0.0)),
        "smoothing = 0; choose a finite number above 0"
    );
    let data = Dataset::new(array![[1.5], [2.0]], array![true, false]);
    let error = NaiveBayes::params().categorical(vec![0]).fit(&data);
    assert!(matches!(
        error,
        Err(ClassifierError::Input(crate::tree::TreeError::Category {
            row: 0,
            column: 0,
            ..
        }))
    ));
}

#[test]
fn what_is_said_twice_is_believed_once() {
    // The same column five times: evidence is counted five times, and the calibration takes it
    // back without changing the ranking.
    let table = table(900);
    let once = table.amounts.select(Axis(1), &[0]);
    let five = table.amounts.select(Axis(1), &[0; 5]);
    let labels = Array1::from(table.labels);
    let loss = |params: NaiveBayesParams, x: &Array2<f32>| {
        let model = params
            .fit(&Dataset::new(x.clone(), labels.clone()))
            .unwrap();
        let p = model.predict_probability(x.view());
        (
            crate::metrics::log_loss(labels.view(), p.view()).unwrap(),
            crate::metrics::roc_auc(labels.view(), p.view()).unwrap(),
        )
    };
    let (plain, auc) = loss(NaiveBayes::params(), &once);
    let (sure, sure_auc) = loss(uncalibrated(), &five);
    let (calibrated, calibrated_auc) = loss(NaiveBayes::params(), &five);
    assert!(sure > 2.0 * plain, "{sure} {plain}");
    assert!((calibrated - plain).abs() < 1e-4, "{calibrated} {plain}");
    assert!((sure_auc - auc).abs() < 1e-12 && (calibrated_auc - auc).abs() < 1e-12);
}

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::Array1;

use super::super::fixtures::{curved, line};
use super::*;
use crate::metrics::{log_loss, roc_auc};

fn plain() -> NetworkParams {
    Network::params().preprocessing(Preprocessing::params().skew_limit(None))
}

#[test]
fn a_curve_is_learned_as_well_as_by_scikit_learn() {
    let (x, labels) = curved(3000, 1);
    let (later, later_labels) = curved(3000, 20_001);
    let train = Dataset::new(x, Array1::from(labels));
    let labels = Array1::from(later_labels);
    for (hidden, name) in [(vec![32], "network-1"), (vec![32, 16], "network-2")] {
        let model = plain().hidden(hidden).fit(&train).unwrap();
        let p = model.predict_probability(later.view());
        let auc = roc_auc(labels.view(), p.view()).unwrap();
        let loss = log_loss(labels.view(), p.view()).unwrap();
        let theirs = line(name);
        assert!(auc > theirs[0] - 0.005, "{name}: {auc} for {}", theirs[0]);
        assert!(loss < theirs[1] + 0.02, "{name}: {loss} for {}", theirs[1]);
    }
    // No straight line comes near.
    assert!(line("network-straight")[0] < 0.6);
}

#[test]
fn the_weights_kept_are_those_of_the_lowest_validation_loss() {
    let (x, labels) = curved(400, 1);
    let (later, later_labels) = curved(300, 20_001);
    let train = Dataset::new(x, Array1::from(labels));
    let labels = Array1::from(later_labels);
    let held = Dataset::new(later.clone(), labels.clone());
    let params = plain().learning_rate(0.05).batch_rows(50).patience(3);
    let model = params.fit_with_validation(&train, &held).unwrap();
    let losses = model.validation_losses();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let place = losses.iter().position(|loss| *loss == best).unwrap();
    assert_eq!(losses.len(), place + 1 + 3);
    let p = model.predict_probability(later.view());
    let loss = log_loss(labels.view(), p.view()).unwrap();
    assert!((loss - best).abs() < 1e-12, "{loss} for {best}");
}

#[test]
fn another_seed_gives_another_network() {
    let (x, labels) = curved(300, 1);
    let data = Dataset::new(x, Array1::from(labels));
    let params = plain().max_epochs(3);
    let with = |seed: u64| params.clone().seed(seed).fit(&data).unwrap();
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn a_row_of_twice_the_weight_pulls_twice_as_hard() {
    // One batch of all rows: the slopes of the first step are those of repeated rows.
    let (x, labels) = curved(60, 1);
    let targets = |labels: Vec<bool>, weights: Option<Vec<f32>>| {
        let data = Dataset::new(
            ndarray::Array2::<f32>::zeros((labels.len(), 1)),
            Array1::from(labels),
        );
        let data = match weights {
            Some(weights) => data.with_weights(Array1::from(weights)),
            None => data,
        };
        Targets::read(&data).unwrap()
    };
    let order: Vec<usize> = (0..60).chain(0..20).collect();
    let weights: Vec<f32> = (0..60)
        .map(|row| if row < 20 { 2.0 } else { 1.0 })
        .collect();
    let z = x.mapv(f64::from);
    let repeated = z.select(ndarray::Axis(0), &order);
    let repeated_labels: Vec<bool> = order.iter().map(|row| labels[*row]).collect();
    let steps = |z: &ndarray::Array2<f64>, targets: &Targets| {
        let params = plain().max_epochs(1).batch_rows(1000).check().unwrap();
        let mut layers = Layers::start(vec![2, 4, 1], 0.0, 1);
        let rows = Rows { z, targets };
        train(&params, &mut layers, rows, rows);
        layers.weights
    };
    let one = steps(&z, &targets(labels, Some(weights)));
    let other = steps(&repeated, &targets(repeated_labels, None));
    assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |params: NetworkParams| params.check().unwrap_err().to_string();
    assert_eq!(
        refused(plain().hidden(vec![])),
        "hidden layers = 0; choose 1 or 2"
    );
    assert_eq!(
        refused(plain().hidden(vec![4, 0])),
        "hidden units = 0; choose between 1 and 1024"
    );
    assert_eq!(
        refused(plain().l2(-1.0)),
        "l2 = -1; choose a finite number, 0 or more"
    );
    assert_eq!(
        refused(plain().learning_rate(2.0)),
        "learning_rate = 2; choose a share above 0 and at most 1"
    );
    assert_eq!(
        refused(plain().batch_rows(0)),
        "batch_rows = 0; choose at least 1"
    );
    assert_eq!(
        refused(plain().max_epochs(0)),
        "max_epochs = 0; choose at least 1"
    );
    assert_eq!(
        refused(plain().patience(0)),
        "patience = 0; choose at least 1"
    );
}

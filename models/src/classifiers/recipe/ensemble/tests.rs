use linfa::ParamGuard;
use ndarray::{Array1, Array2, Axis};

use super::*;
use crate::classifiers::Recipe;
use crate::classifiers::contract::customers;
use crate::metrics::log_loss;
use crate::tree::{GradientBoosting, RandomForest};

fn members() -> Vec<Recipe> {
    vec![
        Recipe::from_name("elastic-net").unwrap(),
        Recipe::Boosting(GradientBoosting::params().n_trees(30).min_rows_per_leaf(10)),
        Recipe::ExtraTrees(RandomForest::extra_trees().n_trees(20)),
        Recipe::from_name("tree").unwrap(),
    ]
}

fn parts() -> ([Array2<f32>; 3], [Vec<bool>; 3]) {
    let (x, labels) = customers(1800);
    let ranges = [0..600, 600..1200, 1200..1800];
    let rows = |range: &std::ops::Range<usize>| range.clone().collect::<Vec<_>>();
    (
        ranges.clone().map(|range| x.select(Axis(0), &rows(&range))),
        ranges.map(|range| labels[range].to_vec()),
    )
}

fn fitted(weights: Option<Vec<f64>>) -> Ensemble {
    let ([train, held, _], [labels, judged, _]) = parts();
    let params = Ensemble::params().members(members()).weights(weights);
    let recipe = Recipe::Ensemble(params).with_seed(4);
    let validation = Some((held.view(), judged.as_slice()));
    match recipe.fit(train.view(), &labels, None, validation).unwrap() {
        Classifier::Ensemble(model) => model,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn it_is_no_worse_than_its_members_on_the_rows_that_weighed_them() {
    let ([_, held, later], [_, judged, _]) = parts();
    let model = fitted(None);
    assert!((model.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(model.weights.iter().all(|weight| *weight >= 0.05));
    let judged = Array1::from(judged);
    let loss = |p: Array1<f64>| log_loss(judged.view(), p.view()).unwrap();
    let ours = loss(model.predict_probability(held.view()));
    for (member, _) in model.members() {
        let theirs = loss(member.predict_probability(held.view()));
        assert!(ours <= theirs + 1e-9, "{}: {ours}, {theirs}", member.name());
    }
    assert_eq!(model.predict_probability(later.view()).len(), 600);
}

#[test]
fn its_reasons_are_those_of_its_members_by_weight() {
    let ([_, _, later], _) = parts();
    let model = fitted(Some(vec![0.25, 0.75, 0.0, 0.0]));
    assert_eq!(model.members().count(), 2);
    let ours = model.contributions(later.view());
    let theirs: Vec<_> = model
        .members
        .iter()
        .map(|member| member.contributions(later.view()).unwrap())
        .collect();
    for ((place, ours), (one, two)) in ours.indexed_iter().zip(theirs[0].iter().zip(&theirs[1])) {
        let want = 0.25 * one + 0.75 * two;
        assert!((ours - want).abs() < 1e-12, "{place:?}: {ours} for {want}");
    }
}

#[test]
fn probabilities_that_add_up_are_stretched_to_log_odds() {
    let mut parts = ndarray::arr1(&[0.1, -0.05, 0.2]);
    in_log_odds(parts.view_mut());
    // From the log-odds of .2 to those of .25, two parts up and one down.
    let whole = log_odds(0.25) - log_odds(0.2);
    for (got, want) in parts.iter().zip([2.0 * whole, -whole, log_odds(0.2)]) {
        assert!((got - want).abs() < 1e-12, "{parts}");
    }
    let mut even = ndarray::arr1(&[0.1, -0.1, 0.2]);
    in_log_odds(even.view_mut());
    assert!((even[0] - 0.1 / 0.16).abs() < 1e-9 && (even.sum() - log_odds(0.2)).abs() < 1e-9);
}

#[test]
fn settings_that_make_no_ensemble_are_refused() {
    let refused = |params: EnsembleParams, message: &str| {
        assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    };
    let with = |members| Ensemble::params().members(members);
    refused(with(vec![]), "members = 0; choose at least 1");
    let own = Recipe::from_name("ensemble").unwrap();
    refused(
        with(vec![own]),
        "weighted ensemble cannot be a member of an ensemble: members are single models that say why they score as they do",
    );
    let silent = Recipe::from_name("neighbours").unwrap();
    refused(
        with(vec![silent]),
        "nearest neighbours cannot be a member of an ensemble: members are single models that say why they score as they do",
    );
    let weighed = |weights: &[f64]| with(members()).weights(Some(weights.to_vec()));
    refused(weighed(&[1.0]), "weights = 1; choose one a member");
    refused(
        weighed(&[1.5, -0.5, 0.0, 0.0]),
        "weight = -0.5; choose a finite number, 0 or more",
    );
    refused(
        weighed(&[0.5, 0.0, 0.0, 0.0]),
        "weights together = 0.5; choose weights that sum to 1",
    );
    assert!(weighed(&[0.25; 4]).check().is_ok());
}

//! What trees may look like: categories, growth, interactions, features by node.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Ix1};

use super::super::{BoostedRegressor, BoostedRegressorParams};
use crate::random;
use crate::tree::node::Tree;
use crate::tree::{Growth, Monotone};

fn draw(column: u64, row: usize) -> f64 {
    random::unit(17, column, row as u64)
}

fn params() -> BoostedRegressorParams {
    BoostedRegressor::params()
        .n_trees(20)
        .learning_rate(0.3)
        .min_rows_per_leaf(5)
        .l2(0.0)
        .row_fraction(1.0)
        .feature_fraction(1.0)
}

/// Six columns of which all count, by pairs and alone.
fn numbers() -> Dataset<f32, f32, Ix1> {
    let x = Array2::from_shape_fn((1500, 6), |(row, column)| draw(column as u64, row) as f32);
    let y = Array1::from_shape_fn(1500, |row| {
        let x = x.row(row);
        x[0] * x[1] * 4.0 + x[2] * x[3] * 4.0 + x[4] + x[5] + x[0] * x[5] * 2.0
    });
    Dataset::new(x, y)
}

/// Forty categories, those whose number has an odd sum of bits worth 10 more than the others.
fn categories() -> Dataset<f32, f32, Ix1> {
    let x = Array2::from_shape_fn((2000, 2), |(row, column)| {
        (draw(column as u64, row) * 40.0).floor() as f32
    });
    let y = Array1::from_shape_fn(2000, |row| {
        let odd = (x[[row, 0]] as u32).count_ones() % 2 == 1;
        if odd { 10.0 } else { 0.0 }
    });
    Dataset::new(x, y)
}

#[test]
fn an_effect_of_categories_that_no_cut_of_their_numbers_finds_is_found() {
    let data = categories();
    let off = |params: BoostedRegressorParams| {
        let model = params.max_leaves(2).fit(&data).unwrap();
        let predicted = model.predict_value(data.records().view());
        let errors = predicted.iter().zip(data.targets());
        let off = errors.map(|(p, y)| (p - f64::from(*y)).abs()).sum::<f64>() / 2000.0;
        (off, model)
    };
    let (as_numbers, _) = off(params());
    let (as_categories, model) = off(params().categorical(vec![0, 1]));
    assert!(as_numbers > 3.0, "off by {as_numbers}");
    assert!(as_categories < 0.1, "off by {as_categories}");
    // What was not met in training goes the way of missing values.
    let odd = Array2::from_shape_vec((3, 2), vec![900.0, 1.0, 1.5, 1.0, f32::NAN, 1.0]).unwrap();
    let values = model.predict_value(odd.view());
    assert!(values[0] == values[2] && values[1] == values[2]);
}

/// The features on each way from the root to a leaf.
fn paths(tree: &Tree) -> Vec<Vec<u32>> {
    let mut open = vec![(0, Vec::new())];
    let mut paths = Vec::new();
    while let Some((index, path)) = open.pop() {
        let node = &tree.nodes[index as usize];
        if node.is_leaf() {
            paths.push(path);
            continue;
        }
        let mut longer = path;
        longer.push(node.feature);
        open.push((node.left, longer.clone()));
        open.push((node.right, longer));
    }
    paths
}

#[test]
fn features_of_different_groups_never_meet() {
    let groups = vec![vec![0, 1], vec![2, 3, 4]];
    let model = params()
        .interactions(groups.clone())
        .fit(&numbers())
        .unwrap();
    let mut met = 0;
    for path in model.trees.iter().flat_map(paths) {
        let mut path: Vec<usize> = path.into_iter().map(|f| f as usize).collect();
        path.sort_unstable();
        path.dedup();
        let within = |group: &Vec<usize>| path.iter().all(|f| group.contains(f));
        assert!(path.len() == 1 || groups.iter().any(within), "{path:?}");
        met += usize::from(path.len() > 1);
    }
    assert!(met > 0, "features of a group meet");
}

#[test]
fn depth_wise_trees_fill_a_level_before_the_next() {
    let data = numbers();
    let depths = |growth| {
        let model = params().growth(growth).max_leaves(6).fit(&data).unwrap();
        let depths = model.trees.iter().map(Tree::depth);
        depths.max().unwrap()
    };
    assert_eq!(depths(Growth::DepthWise), 3);
    assert!(depths(Growth::LeafWise) > 3);
}

#[test]
fn features_are_drawn_anew_at_each_node() {
    let data = numbers();
    let fit = |share, seed| {
        let params = params().feature_fraction_by_node(share).seed(seed);
        params.fit(&data).unwrap()
    };
    assert_eq!(fit(0.4, 1), fit(0.4, 1));
    assert_ne!(fit(0.4, 1), fit(0.4, 2));
    // A tree of eight leaves that sees two of six features a node has all of them in the end.
    let model = fit(0.34, 1);
    let used = model.gain_importance();
    assert!(used.iter().all(|gain| *gain > 0.0), "{used}");
}

#[track_caller]
fn refused(params: BoostedRegressorParams, message: &str) {
    assert_eq!(params.fit(&numbers()).unwrap_err().to_string(), message);
}

#[test]
fn columns_that_are_named_must_be_there_and_suit() {
    refused(
        params().categorical(vec![6]),
        "column 6 is said to hold categories, but there are 6 columns; count from 0",
    );
    refused(
        params().interactions(vec![vec![0, 9]]),
        "interactions names column 9, but the columns are 0 to 5",
    );
    refused(
        params()
            .categorical(vec![1])
            .monotone(vec![Monotone::Increasing; 6]),
        "column 1 is categorical and cannot be monotone, for categories have no order; leave it free or do not name it categorical",
    );
    let message = params()
        .categorical(vec![2])
        .fit(&numbers())
        .unwrap_err()
        .to_string();
    assert!(
        message.ends_with(
            "the column holds categories; number them from 0 to 65535, or leave NaN where missing"
        ),
        "{message}"
    );
}

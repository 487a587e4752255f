use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, Ix1, array};

use super::*;
use crate::random;
use crate::tree::{ClassWeights, Impurity};

/// Six columns of whole numbers, a signal that steps and multiplies, and noise. Written so that
/// Python makes the same:
///
/// ```python
/// import numpy as np
/// i = np.arange(3000)
/// p = [1009, 997, 101, 31, 13, 7]
/// x = np.stack([(i * i * (k + 3) + i * (37 + k)) % q for k, q in enumerate(p)], axis=1).astype(float)
/// noise = (i ** 3 % 1013) / 1013
/// signal = 2 * (x[:, 0] > 500) + (x[:, 1] / 997) * (x[:, 2] > 40) + (x[:, 4] > 8) * 1.5
/// y = signal + 2 * noise > 3.2
/// z = signal + noise
/// ```
fn steps() -> (Array2<f32>, Array1<bool>, Array1<f32>) {
    let primes = [1009, 997, 101, 31, 13, 7];
    let x = Array2::from_shape_fn((3000, 6), |(i, k)| {
        ((i * i * (k + 3) + i * (37 + k)) % primes[k]) as f32
    });
    let parts = |i: usize| {
        let noise = (i * i * i % 1013) as f64 / 1013.0;
        let on = |k: usize, above: f32| if x[[i, k]] > above { 1.0 } else { 0.0 };
        let signal =
            2.0 * on(0, 500.0) + f64::from(x[[i, 1]]) / 997.0 * on(2, 40.0) + 1.5 * on(4, 8.0);
        (signal, noise)
    };
    let y = (0..3000)
        .map(|i| parts(i).0 + 2.0 * parts(i).1 > 3.2)
        .collect();
    let z = (0..3000)
        .map(|i| (parts(i).0 + parts(i).1) as f32)
        .collect();
    (x, y, z)
}

fn halves<T: Copy>(x: &Array2<f32>, y: &Array1<T>) -> (Dataset<f32, T, Ix1>, Dataset<f32, T, Ix1>) {
    let part = |rows: std::ops::Range<usize>| {
        let rows: Vec<usize> = rows.collect();
        Dataset::new(x.select(Axis(0), &rows), y.select(Axis(0), &rows))
    };
    (part(0..2000), part(2000..3000))
}

fn small(rows: usize) -> Dataset<f32, bool, Ix1> {
    let (x, y, _) = steps();
    let rows: Vec<usize> = (0..rows).collect();
    Dataset::new(x.select(Axis(0), &rows), y.select(Axis(0), &rows))
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{got} for {want}");
}

#[test]
fn a_forest_is_as_good_as_that_of_scikit_learn() {
    // from sklearn.ensemble import RandomForestClassifier, ExtraTreesClassifier
    // for C in RandomForestClassifier, ExtraTreesClassifier:
    //     m = C(300, min_samples_leaf=5, bootstrap=True, oob_score=True, random_state=0)
    //     m.fit(x[:2000], y[:2000]); o = m.oob_decision_function_[:, 1]
    //     print(roc_auc_score(y[2000:], m.predict_proba(x[2000:])[:, 1]),
    //           roc_auc_score(y[:2000], o), ((o - y[:2000]) ** 2).mean(), m.feature_importances_)
    let (x, y, _) = steps();
    let (train, test) = halves(&x, &y);
    for (params, auc, out_of_bag, brier) in [
        (RandomForest::params(), 0.9088, 0.9147, 0.1123),
        (
            RandomForest::extra_trees().bootstrap(true),
            0.9043,
            0.8989,
            0.1319,
        ),
    ] {
        let forest = params.out_of_bag(true).fit(&train).unwrap();
        let p = forest.predict_probability(test.records().view());
        near(
            metrics::roc_auc(test.targets().view(), p.view()).unwrap(),
            auc,
            0.01,
        );
        let estimate = forest.out_of_bag().unwrap();
        assert_eq!(estimate.rows, 2000);
        near(estimate.roc_auc.unwrap(), out_of_bag, 0.01);
        near(estimate.squared_error, brier, 0.006);
        // The order of the three columns that weigh most.
        let importance = forest.gain_importance();
        let mut order: Vec<usize> = (0..6).collect();
        order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]));
        assert_eq!(order[..2], [0, 4], "{importance}");
        assert_eq!(order[5], 5, "{importance}");
    }
}

#[test]
fn a_regression_forest_is_as_good_as_that_of_scikit_learn() {
    // As above with RandomForestRegressor(max_features=2) and ExtraTreesRegressor(max_features=6)
    // on z; the variance of z is 1.61.
    let (x, _, z) = steps();
    let (train, test) = halves(&x, &z);
    for (params, error, out_of_bag) in [
        (RegressionForest::params(), 0.0972, 0.0949),
        (
            RegressionForest::extra_trees().bootstrap(true),
            0.1144,
            0.1091,
        ),
    ] {
        let forest = params.out_of_bag(true).fit(&train).unwrap();
        let means = forest.predict_mean(test.records().view());
        let squares = means
            .iter()
            .zip(test.targets())
            .map(|(a, b)| (a - f64::from(*b)).powi(2));
        near(squares.sum::<f64>() / 1000.0, error, 0.01);
        let estimate = forest.out_of_bag().unwrap();
        near(estimate.squared_error, out_of_bag, 0.01);
        assert_eq!(estimate.roc_auc, None);
    }
}

#[test]
fn the_out_of_bag_estimate_is_the_mean_of_the_trees_that_have_not_drawn_the_row() {
    let data = small(40);
    let params = RandomForest::params()
        .n_trees(4)
        .min_rows_per_leaf(1)
        .seed(3)
        .out_of_bag(true);
    let forest = params.fit(&data).unwrap();
    let mut never = 0;
    for row in 0..40 {
        // The draws once more, by hand: 40 of 40 rows for each tree.
        let drawn = |tree: u64| {
            (0..40_u64).any(|i| {
                let random = random::bits(3, 0x726f_7773_0000_0000 ^ tree, i) >> 32;
                (random * 40) >> 32 == row as u64
            })
        };
        let values: Vec<f64> = (0..4)
            .filter(|tree| !drawn(*tree as u64))
            .map(|tree| {
                forest.trees[tree]
                    .leaf(data.records().row(row).to_slice().unwrap())
                    .value
            })
            .collect();
        let got = forest.out_of_bag().unwrap().predictions[row];
        if values.is_empty() {
            assert!(got.is_nan());
            never += 1;
        } else {
            near(got, values.iter().sum::<f64>() / values.len() as f64, 1e-15);
        }
    }
    // (1 - 0.37)^4 of the rows are drawn by all four trees: 6 of 40.
    assert!((1..15).contains(&never), "{never}");
    assert_eq!(forest.out_of_bag().unwrap().rows, 40 - never);
}

#[test]
fn the_nodes_of_a_tree_hold_what_its_rows_say() {
    let data = small(500);
    let forest = RandomForest::params()
        .n_trees(3)
        .bootstrap(false)
        .min_rows_per_leaf(4)
        .fit(&data)
        .unwrap();
    for tree in &forest.trees {
        let mut sums = vec![(0, 0.0); tree.nodes.len()];
        for (x, y) in data.records().rows().into_iter().zip(data.targets()) {
            let leaf = tree.leaf_index(x.to_slice().unwrap());
            sums[leaf].0 += 1;
            sums[leaf].1 += f64::from(u8::from(*y));
        }
        for (node, (rows, yes)) in tree.nodes.iter().zip(sums) {
            if node.is_leaf() {
                assert!(rows >= 4);
                assert_eq!(
                    (node.rows, node.gradient, node.hessian),
                    (rows, yes, rows as f64)
                );
                assert_eq!(node.value, yes / rows as f64);
            } else {
                let (left, right) = (
                    &tree.nodes[node.left as usize],
                    &tree.nodes[node.right as usize],
                );
                assert_eq!(node.rows, left.rows + right.rows);
                assert_eq!(node.gradient, left.gradient + right.gradient);
                assert!(node.gain > 0.0);
            }
        }
    }
}

#[test]
fn a_tree_that_sees_all_is_the_readable_tree_without_limits() {
    // One tree, all rows, all features, exact bins: gains are those of the decision tree.
    let (x, y, z) = steps();
    let few = x.select(Axis(1), &[2, 3, 4, 5]);
    let (train, _) = halves(&few, &y);
    let forest = RandomForest::params()
        .n_trees(1)
        .bootstrap(false)
        .max_features(MaxFeatures::All)
        .max_leaves(Some(20))
        .min_rows_per_leaf(10)
        .fit(&train)
        .unwrap();
    let tree = crate::tree::DecisionTree::params()
        .impurity(Impurity::Gini)
        .max_depth(None)
        .max_leaves(20)
        .min_rows_per_leaf(10)
        .prior_rows(0.0)
        .fit(&train)
        .unwrap();
    for (a, b) in forest.gain_importance().iter().zip(&tree.gain_importance()) {
        near(*a, *b, 1e-9);
    }
    let x = train.records().view();
    assert_eq!(forest.predict_probability(x), tree.predict_probability(x));

    let (train, _) = halves(&few, &z);
    let forest = RegressionForest::params()
        .n_trees(1)
        .bootstrap(false)
        .max_features(MaxFeatures::All)
        .max_leaves(Some(20))
        .fit(&train)
        .unwrap();
    let tree = crate::tree::RegressionTree::params()
        .max_depth(None)
        .max_leaves(20)
        .min_rows_per_leaf(5)
        .prior_rows(0.0)
        .fit(&train)
        .unwrap();
    for (a, b) in forest.gain_importance().iter().zip(&tree.gain_importance()) {
        near(*a, *b, 1e-9);
    }
}

#[test]
fn best_first_without_a_limit_that_binds_is_depth_first() {
    let data = small(800);
    let params = RandomForest::params()
        .n_trees(5)
        .bootstrap(false)
        .max_features(MaxFeatures::All);
    let depth_first = params.clone().fit(&data).unwrap();
    let best_first = params.clone().max_leaves(Some(10_000)).fit(&data).unwrap();
    // Nodes are numbered otherwise, and of equal gains another feature may be drawn first.
    near(
        depth_first.leaf_count() as f64,
        best_first.leaf_count() as f64,
        60.0,
    );
    let limited = params.max_leaves(Some(7)).fit(&data).unwrap();
    assert_eq!(limited.leaf_count(), 35);
    let shallow = RandomForest::params()
        .n_trees(4)
        .max_depth(Some(3))
        .fit(&data)
        .unwrap();
    assert!(shallow.trees.iter().all(|tree| tree.depth() == 3));
}

#[test]
fn a_forest_is_the_same_on_any_number_of_threads() {
    let (x, y, z) = steps();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let params = RandomForest::params()
                .n_trees(13)
                .out_of_bag(true)
                .min_rows_per_leaf(1);
            let balanced = params.clone().class_weights(ClassWeights::BalancedPerTree);
            let data = Dataset::new(x.clone(), y.clone());
            let numbers = Dataset::new(x.clone(), z.clone());
            (
                params.fit(&data).unwrap(),
                balanced.fit(&data).unwrap(),
                RandomForest::extra_trees().n_trees(7).fit(&data).unwrap(),
                RegressionForest::params().n_trees(7).fit(&numbers).unwrap(),
            )
        })
    };
    let (one, two) = (on(1), on(2));
    // The estimate has a NaN where a row was never out of a bag, so it is compared by bits.
    let bits = |forest: &RandomForest| -> Vec<u64> {
        let estimate = forest.out_of_bag().unwrap();
        estimate.predictions.iter().map(|p| p.to_bits()).collect()
    };
    assert_eq!(
        (one.0.trees.clone(), bits(&one.0)),
        (two.0.trees.clone(), bits(&two.0))
    );
    assert_eq!(
        (one.1.trees.clone(), bits(&one.1)),
        (two.1.trees.clone(), bits(&two.1))
    );
    assert_eq!((&one.2, &one.3), (&two.2, &two.3));
    assert_ne!(one.0.trees, one.1.trees);
    let other = RandomForest::extra_trees().n_trees(7).seed(1);
    assert_ne!(
        one.2,
        other.fit(&Dataset::new(x.clone(), y.clone())).unwrap()
    );
}

#[test]
fn a_whole_weight_is_so_many_rows() {
    // All rows and all features, so that nothing is left to chance but the order of draws.
    let data = small(600);
    let weights = Array1::from_shape_fn(600, |row| (row % 3) as f32);
    let rows: Vec<usize> = (0..600).flat_map(|row| vec![row; row % 3]).collect();
    let few = data.records().select(Axis(1), &[2, 3, 4, 5]);
    let weighted = Dataset::new(few.clone(), data.targets().clone()).with_weights(weights);
    let repeated = Dataset::new(
        few.select(Axis(0), &rows),
        data.targets().select(Axis(0), &rows),
    );
    let fit = |data: &Dataset<f32, bool, Ix1>, min_rows| {
        RandomForest::params()
            .n_trees(1)
            .bootstrap(false)
            .max_features(MaxFeatures::All)
            .min_rows_per_leaf(min_rows)
            .max_depth(Some(4))
            .fit(data)
            .unwrap()
            .predict_probability(few.view())
    };
    assert_eq!(fit(&weighted, 1), fit(&repeated, 1));
}

#[test]
fn balanced_classes_raise_the_probability_of_the_rare_one() {
    let (x, y, _) = steps();
    let rare: Array1<bool> = (0..3000).map(|i| y[i] && i % 8 == 0).collect();
    let data = Dataset::new(x.clone(), rare.clone());
    let mean = |weights| {
        let forest = RandomForest::params()
            .n_trees(30)
            .class_weights(weights)
            .fit(&data)
            .unwrap();
        forest.predict_probability(x.view()).mean().unwrap()
    };
    let share = rare.iter().filter(|y| **y).count() as f64 / 3000.0;
    near(mean(ClassWeights::Equal), share, 0.01);
    for weights in [
        ClassWeights::Balanced,
        ClassWeights::BalancedPerTree,
        ClassWeights::Given { no: 0.5, yes: 10.0 },
    ] {
        assert!(mean(weights) > 2.0 * share, "{weights:?}");
    }
}

#[test]
fn a_forest_finds_a_set_of_categories() {
    // Whether a customer leaves hangs on the category alone, and on no order of their numbers.
    let x = Array2::from_shape_fn((2000, 2), |(i, k)| {
        (random::bits(5, k as u64, i as u64) % 12) as f32
    });
    let leaves = |category: f32| [1.0, 4.0, 5.0, 9.0].contains(&category);
    let y = x.column(0).mapv(leaves);
    let data = Dataset::new(x.clone(), y.clone());
    for params in [RandomForest::params(), RandomForest::extra_trees()] {
        let forest = params
            .n_trees(100)
            .categorical(vec![0, 1])
            .fit(&data)
            .unwrap();
        let p = forest.predict_probability(x.view());
        assert!(p.iter().zip(&y).all(|(p, y)| (*p > 0.5) == *y));
        let importance = forest.gain_importance();
        assert!(importance[0] > 5.0 * importance[1], "{importance}");
        // A category never met goes the way of missing values.
        let same = forest.predict_probability(array![[50.0, 1.0], [f32::NAN, 1.0]].view());
        assert_eq!(same[0], same[1]);
    }
    let split = RandomForest::params()
        .n_trees(1)
        .bootstrap(false)
        .max_features(MaxFeatures::All)
        .max_leaves(Some(2))
        .categorical(vec![0, 1])
        .fit(&data)
        .unwrap();
    // One split tells all.
    assert!(
        split
            .predict_probability(x.view())
            .iter()
            .zip(&y)
            .all(|(p, y)| *p == f64::from(u8::from(*y)))
    );
}

#[test]
fn missing_values_go_where_they_tell_most() {
    let (x, _, _) = steps();
    let mut x = x.select(Axis(1), &[0, 1]);
    for row in (0..3000).step_by(5) {
        x[[row, 0]] = f32::NAN;
    }
    let y: Array1<bool> = x.column(0).mapv(|v| v.is_nan() || v > 700.0);
    for params in [RandomForest::params(), RandomForest::extra_trees()] {
        let data = Dataset::new(x.clone(), y.clone());
        let forest = params
            .n_trees(50)
            .max_features(MaxFeatures::All)
            .fit(&data)
            .unwrap();
        let p =
            forest.predict_probability(array![[f32::NAN, 3.0], [900.0, 3.0], [20.0, 3.0]].view());
        assert!(p[0] > 0.95 && p[1] > 0.95 && p[2] < 0.05, "{p}");
    }
}

#[test]
fn a_row_scores_the_same_alone_and_among_many() {
    let (x, y, _) = steps();
    let forest = RandomForest::params()
        .n_trees(20)
        .fit(&Dataset::new(x.clone(), y))
        .unwrap();
    let together = forest.predict_probability(x.view());
    for row in [0, 1, 7, 2999] {
        let alone = forest.predict_probability(x.select(Axis(0), &[row]).view());
        assert_eq!(alone[0], together[row]);
    }
}

#[test]
fn row_fractions_draw_as_many_rows() {
    let data = small(1000);
    for bootstrap in [true, false] {
        let forest = RandomForest::params()
            .n_trees(5)
            .bootstrap(bootstrap)
            .row_fraction(0.25)
            .fit(&data)
            .unwrap();
        for root in forest.trees.iter().map(|tree| &tree.nodes[0]) {
            assert_eq!(root.hessian, 250.0);
            assert_eq!(root.rows < 250, bootstrap);
        }
    }
}

#[test]
fn degenerate_input_gets_the_promised_result_or_message() {
    let params = || RandomForest::params().n_trees(5).min_rows_per_leaf(1);
    let message = |x: Array2<f32>, y: Array1<bool>| {
        params().fit(&Dataset::new(x, y)).unwrap_err().to_string()
    };
    assert_eq!(
        message(array![[1.0]], array![true]),
        "all 1 rows that count are labelled true; a classifier needs rows of both labels"
    );
    assert_eq!(
        message(
            array![[1.0, f32::INFINITY], [1.0, 2.0]],
            array![true, false]
        ),
        "row 0, column 1 of the features is inf; features must be finite, or NaN where missing"
    );
    // Nothing to split: every tree is one leaf, at the rate of the rows that it drew.
    let x = array![
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN]
    ];
    let y = array![true, false, true, false];
    for params in [params(), RandomForest::extra_trees().n_trees(5)] {
        let forest = params.fit(&Dataset::new(x.clone(), y.clone())).unwrap();
        assert_eq!(forest.leaf_count(), 5);
        assert!(
            forest
                .predict_probability(x.view())
                .iter()
                .all(|p| (0.0..=1.0).contains(p))
        );
    }
    let one = RegressionForest::params()
        .fit(&Dataset::new(array![[1.0_f32]], array![2.5_f32]))
        .unwrap();
    assert_eq!(one.predict_mean(array![[7.0]].view()), array![2.5]);
    let constant = RegressionForest::params()
        .fit(&Dataset::new(
            array![[1.0_f32], [2.0], [3.0]],
            array![4.0_f32, 4.0, 4.0],
        ))
        .unwrap();
    assert_eq!(constant.predict_mean(array![[7.0]].view()), array![4.0]);
    // Rows that weigh nothing are as if they were not there.
    let data = small(300);
    let mut weights = Array1::ones(300);
    weights[0] = 0.0;
    let mut odd = data.records().clone();
    odd.row_mut(0).fill(-1e30);
    let weighted = Dataset::new(odd, data.targets().clone()).with_weights(weights);
    let forest = params().bootstrap(false).fit(&weighted).unwrap();
    assert!(forest.trees.iter().all(|tree| tree.nodes[0].rows == 299));
}

#[test]
#[should_panic(expected = "the forest was fitted on 6 feature columns and is given 1")]
fn another_number_of_columns_is_refused() {
    let forest = RandomForest::params().n_trees(2).fit(&small(300)).unwrap();
    forest.predict_probability(array![[1.0]].view());
}

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2};

use super::*;
use crate::tree::{GradientBoosting, random};

/// The expected value of the tree for `row` when only the features in `known` are known
/// (Lundberg, Erion and Lee 2018, algorithm 1).
fn expected(tree: &Tree, index: usize, row: &[f32], known: usize) -> f64 {
    let node = &tree.nodes[index];
    if node.is_leaf() {
        return node.value;
    }
    let of = |child: u32| expected(tree, child as usize, row, known);
    if known >> node.feature & 1 == 1 {
        let value = row[node.feature as usize];
        let left = if value.is_nan() {
            node.missing_left
        } else {
            value <= node.threshold
        };
        return of(if left { node.left } else { node.right });
    }
    let share = |child: u32| tree.nodes[child as usize].rows as f64 / node.rows as f64;
    share(node.left) * of(node.left) + share(node.right) * of(node.right)
}

/// Shapley values by their definition: a sum over all sets of the other features.
fn brute_force(tree: &Tree, row: &[f32]) -> Vec<f64> {
    let m = row.len();
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    (0..m)
        .map(|feature| {
            (0..1_usize << m)
                .filter(|set| set >> feature & 1 == 0)
                .map(|set| {
                    let size = set.count_ones() as usize;
                    let weight = factorial(size) * factorial(m - size - 1) / factorial(m);
                    weight
                        * (expected(tree, 0, row, set | 1 << feature) - expected(tree, 0, row, set))
                })
                .sum()
        })
        .collect()
}

fn check(columns: usize, leaves: usize, depth: Option<usize>, seed: u64) -> usize {
    let draw = |row: usize, column: usize| random::unit(seed, column as u64, row as u64);
    let x = Array2::from_shape_fn((300, columns), |(row, column)| {
        let value = draw(row, column);
        if value < 0.1 {
            f32::NAN
        } else {
            (value * 20.0).floor() as f32
        }
    });
    let y = Array1::from_shape_fn(300, |row| draw(row, 100) < 0.4);
    let model = GradientBoosting::params()
        .n_trees(3)
        .learning_rate(0.5)
        .max_leaves(leaves)
        .max_depth(depth)
        .min_rows_per_leaf(2)
        .l2(0.1)
        .feature_fraction(1.0)
        .fit(&Dataset::new(x.clone(), y))
        .unwrap();
    let got = model.contributions(x.view());
    let mut most_players = 0;
    for tree in &model.trees {
        let games = LeafGames::of(tree);
        most_players = games
            .leaves
            .iter()
            .map(|l| l.players.len())
            .max()
            .unwrap()
            .max(most_players);
    }
    for row in 0..12 {
        let values = x.row(row).to_vec();
        let mut want = vec![0.0; columns];
        for tree in &model.trees {
            for (want, part) in want.iter_mut().zip(brute_force(tree, &values)) {
                *want += part;
            }
        }
        for (column, want) in want.iter().enumerate() {
            let got = got[[row, column]];
            assert!(
                (got - want).abs() < 1e-10,
                "seed {seed}, row {row}, column {column}: {got} for {want}"
            );
        }
        let base: f64 = model.start
            + model
                .trees
                .iter()
                .map(|t| expected(t, 0, &values, 0))
                .sum::<f64>();
        assert!((got[[row, columns]] - base).abs() < 1e-10);
    }
    most_players
}

#[test]
fn contributions_are_the_shapley_values_of_the_definition() {
    for seed in 0..20 {
        // Few columns: features come up again and again on a path.
        check(1, 8, None, seed);
        check(3, 16, None, seed);
        check(5, 12, Some(4), seed);
    }
}

#[test]
fn long_paths_that_have_no_table_are_exact_too() {
    let longest = (0..4)
        .map(|seed| check(10, 60, None, 100 + seed))
        .max()
        .unwrap();
    assert!(
        longest > TABLED,
        "the longest path has {longest} features only"
    );
}

#[test]
fn quadrature_is_exact_up_to_its_degree() {
    for n in 1..=16 {
        let points = gauss_legendre(n);
        for degree in 0..2 * n {
            let sum: f64 = points.iter().map(|(t, w)| w * t.powi(degree as i32)).sum();
            let want = 1.0 / (degree as f64 + 1.0);
            assert!(
                (sum - want).abs() < 1e-13,
                "{n} points, degree {degree}: {sum} for {want}"
            );
        }
    }
}

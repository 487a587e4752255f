//! Against the definition (sums over all subsets), the axioms, and values of the `shap` package.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, ArrayView1, Axis};
use proptest::prelude::*;

use super::*;
use crate::explain::{TreeColumns, TreeModel};
use crate::random;
use crate::tree::{
    BoostedRegressor, DecisionTree, GradientBoosting, MultiClassBoosting, RandomForest,
    RegressionTree, Tree,
};

/// The value of the tree for `row` when only the features in `known` are known: others are
/// averaged over by rows (Lundberg, Erion and Lee 2018, algorithm 1).
fn path_dependent(tree: &Tree, index: usize, row: &[f32], known: usize) -> f64 {
    let node = &tree.nodes[index];
    if node.is_leaf() {
        return node.value;
    }
    let of = |child: u32| path_dependent(tree, child as usize, row, known);
    if known >> node.feature & 1 == 1 {
        let left = node.goes_left(row[node.feature as usize]);
        return of(if left { node.left } else { node.right });
    }
    let rows = |child: u32| tree.nodes[child as usize].rows as f64;
    let (left, right) = (rows(node.left), rows(node.right));
    (left * of(node.left) + right * of(node.right)) / (left + right)
}

/// The mean value of the tree when the features in `known` are the row's, the others those of
/// each background row.
fn interventional(tree: &Tree, background: ArrayView2<'_, f32>, row: &[f32], known: usize) -> f64 {
    let values = background.rows().into_iter().map(|other| {
        let pick = |(i, (mine, theirs)): (usize, (&f32, &f32))| {
            if known >> i & 1 == 1 { *mine } else { *theirs }
        };
        let mixed: Vec<f32> = row.iter().zip(other).enumerate().map(pick).collect();
        tree.leaf(&mixed).value
    });
    values.sum::<f64>() / background.nrows() as f64
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|i| i as f64).product()
}

/// Shapley values by their definition: a sum over all sets of the other features.
fn shapley(m: usize, game: impl Fn(usize) -> f64) -> Vec<f64> {
    let worth: Vec<f64> = (0..1 << m).map(game).collect();
    let of = |feature: usize| {
        let sets = (0..1_usize << m).filter(|set| set >> feature & 1 == 0);
        sets.map(|set| {
            let size = set.count_ones() as usize;
            let weight = factorial(size) * factorial(m - size - 1) / factorial(m);
            weight * (worth[set | 1 << feature] - worth[set])
        })
        .sum()
    };
    (0..m).map(of).collect()
}

/// Half the Shapley interaction index of two features, by its definition.
fn interaction(m: usize, i: usize, j: usize, game: impl Fn(usize) -> f64) -> f64 {
    let both = 1 << i | 1 << j;
    let sets = (0..1_usize << m).filter(|set| set & both == 0);
    sets.map(|set| {
        let size = set.count_ones() as usize;
        let weight = factorial(size) * factorial(m - size - 2) / (2.0 * factorial(m - 1));
        weight * (game(set | both) - game(set | 1 << i) - game(set | 1 << j) + game(set))
    })
    .sum()
}

/// Rows with few values a column and a tenth missing, and three boosted trees grown on them.
pub(super) fn grown(
    columns: usize,
    leaves: usize,
    depth: Option<usize>,
    seed: u64,
) -> (GradientBoosting, Array2<f32>) {
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
    (model, x)
}

/// Holds both games and the interactions of a sum of trees against their definitions.
fn check(sum: &TreeSum<'_>, x: ArrayView2<'_, f32>, background: ArrayView2<'_, f32>) {
    let m = sum.features;
    let near = |got: f64, want: f64, what: &str| {
        let room = 1e-10 * want.abs().max(1.0);
        assert!((got - want).abs() < room, "{what}: {got} for {want}");
    };
    let scores = sum.scores(x).unwrap();
    let over_trees = |of: &dyn Fn(&Tree) -> f64| -> f64 {
        sum.start + sum.scale * sum.trees.iter().map(|tree| of(tree)).sum::<f64>()
    };
    let path = sum.shap().contributions(x).unwrap();
    let against = sum.shap_against(background).unwrap();
    let against = against.contributions(x).unwrap();
    let pairs = sum.interactions(x).unwrap();
    for (row, values) in x.rows().into_iter().enumerate() {
        let values = values.to_vec();
        let by_path = |known| over_trees(&|tree| path_dependent(tree, 0, &values, known));
        let by_background =
            |known| over_trees(&|tree| interventional(tree, background, &values, known));
        for (got, want) in path.row(row).iter().zip(shapley(m, by_path)) {
            near(*got, want, "path-dependent");
        }
        near(path[[row, m]], by_path(0), "path-dependent base");
        near(path.row(row).sum(), scores[row], "path-dependent sum");
        for (got, want) in against.row(row).iter().zip(shapley(m, by_background)) {
            near(*got, want, "interventional");
        }
        near(against[[row, m]], by_background(0), "interventional base");
        near(against.row(row).sum(), scores[row], "interventional sum");
        let pairs = pairs.index_axis(Axis(0), row);
        for i in 0..m {
            for j in 0..i {
                near(pairs[[i, j]], interaction(m, i, j, by_path), "interaction");
                assert_eq!(pairs[[i, j]], pairs[[j, i]]);
            }
            near(
                pairs.row(i).sum(),
                path[[row, i]],
                "interactions of a feature",
            );
        }
    }
}

fn check_grown(columns: usize, leaves: usize, depth: Option<usize>, seed: u64) {
    let (model, x) = grown(columns, leaves, depth, seed);
    let x = x.view();
    let (rows, background) = x.split_at(Axis(0), 6);
    let background = background.split_at(Axis(0), 11).0;
    check(&model.tree_sum(), rows, background);
}

#[test]
fn values_are_those_of_the_definitions() {
    for seed in 0..8 {
        // Few columns: features come up again and again on a path.
        check_grown(1, 8, None, seed);
        check_grown(3, 16, None, seed);
        check_grown(5, 12, Some(4), seed);
    }
}

#[test]
fn long_paths_are_exact_too() {
    check_grown(10, 60, None, 100);
}

#[test]
fn every_tree_model_is_explained_in_what_it_predicts() {
    let (_, x) = grown(4, 2, None, 5);
    let known = x.mapv(|value| if value.is_nan() { 5.0 } else { value });
    let label = known.column(0).mapv(|value| value > 9.0);
    let amount = &known.column(0) * 0.5 + known.column(1);
    let class = known.column(0).mapv(|value| value as usize % 3);
    let (rows, background) = x.view().split_at(Axis(0), 4);
    let background = background.split_at(Axis(0), 9).0;
    let explained = |sum: &TreeSum<'_>, predicted: Array1<f64>| {
        check(sum, rows, background);
        let scores = sum.scores(rows).unwrap();
        let mut pairs = scores.iter().zip(&predicted);
        assert!(
            pairs.all(|(a, b)| (a - b).abs() < 1e-12),
            "{scores} for {predicted}"
        );
        assert!(sum.gain_importance().iter().any(|gain| *gain > 0.0));
    };
    let labels = Dataset::new(x.clone(), label);
    let amounts = Dataset::new(x.clone(), amount);

    let tree = DecisionTree::params().min_rows_per_leaf(3).fit(&labels);
    let tree = tree.unwrap();
    explained(&tree.tree_sum(), tree.predict_probability(rows));
    let tree = RegressionTree::params().min_rows_per_leaf(3).fit(&amounts);
    let tree = tree.unwrap();
    explained(&tree.tree_sum(), tree.predict_mean(rows));
    let forest = RandomForest::params().n_trees(3).max_leaves(Some(9));
    let forest = forest.fit(&labels).unwrap();
    explained(&forest.tree_sum(), forest.predict_probability(rows));
    let boosted = BoostedRegressor::params().n_trees(4).min_rows_per_leaf(3);
    let boosted = boosted.fit(&amounts).unwrap();
    explained(&boosted.tree_sum(), boosted.predict_score(rows));
    let classes = MultiClassBoosting::params().n_trees(2).min_rows_per_leaf(3);
    let classes = classes.fit(&Dataset::new(x.clone(), class)).unwrap();
    for class in 0..3 {
        let scores = classes.predict_scores(rows);
        explained(&classes.tree_sum_of(class), scores.column(class).to_owned());
    }
}

/// A tree of any shape, with splits on categories and missing values to either side.
fn any_tree(features: usize) -> impl Strategy<Value = TreeColumns> {
    let node = (
        0..features,
        0_u8..4,
        proptest::collection::vec(0_u16..4, 1..3),
        any::<bool>(),
        any::<bool>(),
        -2.0..2.0_f64,
        1_usize..50,
        any::<proptest::sample::Index>(),
    );
    proptest::collection::vec(node, 0..14).prop_map(|splits| {
        let mut tree = TreeColumns::default();
        let mut leaves = Vec::new();
        let push = |tree: &mut TreeColumns, rows: usize, value: f64| {
            tree.feature.push(0);
            tree.threshold.push(0.0);
            tree.left_categories.push(Vec::new());
            tree.missing_left.push(false);
            tree.left.push(0);
            tree.right.push(0);
            tree.value.push(value);
            tree.rows.push(rows);
            tree.feature.len() - 1
        };
        leaves.push(push(&mut tree, 10_000, 1.0));
        // Each split takes one of the leaves there are.
        for (feature, threshold, categories, on_categories, missing_left, value, rows, which) in
            splits
        {
            let leaf = leaves.swap_remove(which.index(leaves.len()));
            tree.feature[leaf] = feature;
            tree.threshold[leaf] = f32::from(threshold);
            if on_categories {
                tree.left_categories[leaf] = categories;
            }
            tree.missing_left[leaf] = missing_left && !on_categories;
            tree.left[leaf] = push(&mut tree, rows, value);
            tree.right[leaf] = push(&mut tree, 50 - rows, -value / 3.0);
            leaves.extend([tree.left[leaf], tree.right[leaf]]);
            // Children come after their parent, whichever leaf is split.
            tree.rows[leaf] = 50;
        }
        for rows in &mut tree.rows {
            *rows = (*rows).max(1);
        }
        tree
    })
}

fn any_rows(features: usize, rows: usize) -> impl Strategy<Value = Array2<f32>> {
    let value = prop_oneof![
        1 => Just(f32::NAN),
        6 => (0_u8..5).prop_map(f32::from),
        1 => Just(-0.5_f32),
        1 => Just(f32::INFINITY),
    ];
    proptest::collection::vec(value, features * rows)
        .prop_map(move |values| Array2::from_shape_vec((rows, features), values).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_trees_are_explained_by_the_definitions(
        trees in proptest::collection::vec(any_tree(5), 0..4),
        x in any_rows(5, 3),
        background in any_rows(5, 4),
        scale in 0.1..3.0_f64,
    ) {
        let mut sum = TreeSum::from_columns(5, 0.3, &trees).unwrap();
        sum.scale = scale;
        check(&sum, x.view(), background.view());
    }

    #[test]
    fn tables_and_pairs_agree(
        tree in any_tree(7),
        x in any_rows(7, 3),
        background in any_rows(7, 5),
    ) {
        let sum = TreeSum::from_columns(7, 0.0, &[tree]).unwrap();
        let shap = sum.shap_against(background.view()).unwrap();
        let tables = shap.contributions(x.view()).unwrap();
        let paths = paths::Paths::of(&sum.trees[0]);
        let wanted = vec![true; paths.splits.len() + paths.leaves.len()];
        let mut walker = Walker::new(7);
        for (row, tables) in x.rows().into_iter().zip(tables.rows()) {
            let mut out = vec![0.0; 7];
            for other in background.rows() {
                let (row, other) = (row.to_vec(), other.to_vec());
                walker.add(&paths, &wanted, 0.2, &row, &other, &mut out);
            }
            for (pairs, table) in out.iter().zip(tables) {
                prop_assert!((pairs - table).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn a_feature_that_no_split_is_on_is_owed_nothing_and_twins_the_same() {
    // 1 where both of the first two columns are above 0.
    let tree = TreeColumns {
        feature: vec![0, 0, 1, 0, 0],
        threshold: vec![0.0; 5],
        left_categories: vec![Vec::new(); 5],
        missing_left: vec![true; 5],
        left: vec![1, 0, 3, 0, 0],
        right: vec![2, 0, 4, 0, 0],
        value: vec![0.0, 0.0, 0.0, 0.0, 1.0],
        rows: vec![8, 4, 4, 2, 2],
    };
    let sum = TreeSum::from_columns(3, 0.0, &[tree]).unwrap();
    let x = ndarray::array![[1.0_f32, 1.0, 7.0]];
    let background = ndarray::array![[0.0_f32, 0.0, 1.0], [1.0, 1.0, 2.0]];
    let path = sum.shap().contributions(x.view()).unwrap();
    let near = |got: ArrayView1<'_, f64>, want: [f64; 4]| {
        let mut pairs = got.iter().zip(want);
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-15), "{got}");
        assert_eq!(got[2], 0.0);
    };
    near(path.row(0), [0.375, 0.375, 0.0, 0.25]);
    let against = sum.shap_against(background.view()).unwrap();
    let against = against.contributions(x.view()).unwrap();
    near(against.row(0), [0.25, 0.25, 0.0, 0.5]);
    assert_eq!(sum.split_counts().to_vec(), [1, 1, 0]);
    let mean = sum.shap().mean_absolute(x.view()).unwrap();
    assert_eq!(mean, path.row(0).to_vec()[..3]);
}

/// A chain of 80 splits, each on a column of its own, whose right sides are leaves.
#[test]
fn paths_of_many_features_sum_to_the_score() {
    let m = 80;
    let mut chain = TreeColumns::default();
    for depth in 0..m {
        // The split, and the leaf on its right; the next split is on its left.
        chain.feature.extend([depth, 0]);
        chain.left.extend([2 * depth + 2, 0]);
        chain.right.extend([2 * depth + 1, 0]);
        chain.value.extend([0.0, (depth as f64).sin()]);
        chain.rows.extend([1000 * (m - depth) + 1, 1000]);
    }
    chain.feature.push(0);
    chain.left.push(0);
    chain.right.push(0);
    chain.value.push(1.0);
    chain.rows.push(1);
    let nodes = chain.feature.len();
    chain.threshold = vec![0.9; nodes];
    chain.left_categories = vec![Vec::new(); nodes];
    chain.missing_left = vec![true; nodes];
    let sum = TreeSum::from_columns(m, 0.5, &[chain]).unwrap();
    let value = |seed| move |(row, column)| random::unit(seed, row as u64, column as u64) as f32;
    let x = Array2::from_shape_fn((6, m), value(1));
    let background = Array2::from_shape_fn((5, m), value(2));
    let scores = sum.scores(x.view()).unwrap();
    let path = sum.shap().contributions(x.view()).unwrap();
    let against = sum.shap_against(background.view()).unwrap();
    let against = against.contributions(x.view()).unwrap();
    let pairs = sum.interactions(x.view()).unwrap();
    for (row, score) in scores.iter().enumerate() {
        assert!((path.row(row).sum() - score).abs() < 1e-12);
        assert!((against.row(row).sum() - score).abs() < 1e-12);
        let pairs = pairs.index_axis(Axis(0), row);
        for (feature, of_feature) in pairs.rows().into_iter().enumerate() {
            assert!((of_feature.sum() - path[[row, feature]]).abs() < 1e-12);
        }
    }
}

#[test]
fn any_number_of_threads_and_any_cut_into_calls_gives_the_same_bits() {
    let (model, x) = grown(8, 31, None, 9);
    let sum = model.tree_sum();
    let run = || {
        let background = x.view().split_at(Axis(0), 50).0;
        (
            sum.shap().contributions(x.view()).unwrap(),
            sum.shap_against(background)
                .unwrap()
                .contributions(x.view())
                .unwrap(),
            sum.interactions(x.view()).unwrap(),
        )
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(run)
    };
    let one = on(1);
    assert!(one == on(2) && one == on(3));
    let (_, last) = x.view().split_at(Axis(0), 299);
    let background = x.view().split_at(Axis(0), 50).0;
    let single = sum.shap().contributions(last).unwrap();
    assert_eq!(single.row(0), one.0.row(299));
    let single = sum.shap_against(background).unwrap();
    assert_eq!(single.contributions(last).unwrap().row(0), one.1.row(299));
}

#[test]
fn degenerate_input_gets_the_promised_answer() {
    let (model, x) = grown(3, 4, None, 2);
    let sum = model.tree_sum();
    let none = Array2::zeros((0, 3));
    assert_eq!(sum.shap().contributions(none.view()).unwrap().dim(), (0, 4));
    assert_eq!(sum.interactions(none.view()).unwrap().dim(), (0, 3, 3));
    assert_eq!(
        sum.shap().mean_absolute(none.view()),
        Err(ExplainError::NoRows)
    );
    assert_eq!(
        sum.shap_against(none.view()).err(),
        Some(ExplainError::NoBackground)
    );
    let wide = Array2::zeros((1, 4));
    let message = "4 feature columns, but the model has 3; give the same columns in the same order";
    let errors = [
        sum.shap().contributions(wide.view()).unwrap_err(),
        sum.shap_against(wide.view()).err().unwrap(),
        sum.interactions(wide.view()).unwrap_err(),
        sum.scores(wide.view()).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.to_string() == message));
    // No trees: every row scores the start, and nobody is owed anything.
    let start = TreeSum::from_columns(3, 0.5, &[]).unwrap();
    let contributions = start.shap().contributions(x.view()).unwrap();
    assert_eq!(contributions.row(7).to_vec(), [0.0, 0.0, 0.0, 0.5]);
    let against = start.shap_against(x.view()).unwrap();
    assert_eq!(against.base(), 0.5);
}

mod fixtures;

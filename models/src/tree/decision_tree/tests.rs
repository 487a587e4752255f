use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Ix1, array};

use super::*;
use crate::random;
use crate::tree::ClassWeights;

fn plain() -> DecisionTreeParams {
    DecisionTree::params()
        .min_rows_per_leaf(1)
        .prior_rows(0.0)
        .max_depth(None)
}

/// Recency in days, baskets, and a column with missing values: leavers are those long away, or
/// those whose gap is unknown and who came but twice.
fn shop() -> Dataset<f32, bool, Ix1> {
    let draw = |row: usize, column: u64, below: u64| random::bits(7, column, row as u64) % below;
    let x = Array2::from_shape_fn((2000, 3), |(row, column)| match column {
        0 => draw(row, 0, 56) as f32,
        1 => (2 + draw(row, 1, 30)) as f32,
        _ if draw(row, 2, 4) == 0 => f32::NAN,
        _ => draw(row, 3, 400) as f32 / 16.0,
    });
    let y = Array1::from_shape_fn(2000, |row| {
        let chance = if x[[row, 0]] > 30.0 {
            60
        } else if x[[row, 2]].is_nan() && x[[row, 1]] < 10.0 {
            40
        } else {
            5
        };
        draw(row, 9, 100) < chance
    });
    Dataset::new(x, y)
}

#[test]
fn a_leaf_probability_is_its_rate_drawn_towards_the_base_rate() {
    // Base rate 2/5. Left: 0 of 2, right: 2 of 3. With 5 prior rows, that is 2 positives:
    // left (0 + 2) / (2 + 5) = 2/7, right (2 + 2) / (3 + 5) = 1/2.
    let data = Dataset::new(
        array![[1.0_f32], [2.0], [3.0], [3.0], [3.0]],
        array![false, false, true, true, false],
    );
    let tree = plain().max_leaves(2).prior_rows(5.0).fit(&data).unwrap();
    let p = tree.predict_probability(array![[0.0], [9.0]].view());
    assert!(
        (p[0] - 2.0 / 7.0).abs() < 1e-15 && (p[1] - 0.5).abs() < 1e-15,
        "{p}"
    );
    assert_eq!(tree.base_rate(), 0.4);
}

#[test]
fn gini_and_entropy_gain_what_hand_calculation_says() {
    // 4 of 8 positive; split into 3 of 4 and 1 of 4.
    let data = Dataset::new(
        array![[1.0_f32], [1.0], [1.0], [1.0], [2.0], [2.0], [2.0], [2.0]],
        array![true, true, true, false, true, false, false, false],
    );
    let gain = |impurity| {
        plain()
            .impurity(impurity)
            .fit(&data)
            .unwrap()
            .gain_importance()[0]
    };
    // Gini 0.5 before; 2 * 3/4 * 1/4 = 0.375 in both halves after.
    assert!((gain(Impurity::Gini) - 0.125).abs() < 1e-12);
    // Entropy 1 bit before; -(3/4 log2 3/4 + 1/4 log2 1/4) = 0.811278 after.
    assert!((gain(Impurity::Entropy) - 0.188_721_875_540_867).abs() < 1e-12);
}

#[test]
fn the_text_names_features_thresholds_rates_and_the_side_of_missing_values() {
    let tree = DecisionTree::params()
        .max_leaves(5)
        .min_rows_per_leaf(20)
        .fit(&shop())
        .unwrap();
    let text = tree.to_text(&["recency_days", "baskets", "mean_gap"], "churned");
    let want = "\
all rows: 2,000 rows, 32.0 % churned
|- recency_days <= 30.5 or missing: 1,116 rows, 7.4 % churned
|  |- mean_gap is not missing: 848 rows, 4.2 % churned => leaf 1, 0.046
|  `- mean_gap is missing: 268 rows, 17.5 % churned
|     |- baskets <= 7.5: 74 rows, 50.0 % churned => leaf 2, 0.479
|     `- baskets > 7.5 or missing: 194 rows, 5.2 % churned => leaf 3, 0.065
`- recency_days > 30.5: 884 rows, 63.1 % churned
   |- mean_gap <= 18.78 or missing: 715 rows, 65.5 % churned => leaf 4, 0.650
   `- mean_gap > 18.78: 169 rows, 53.3 % churned => leaf 5, 0.521
";
    assert_eq!(text, want, "\n{text}");
}

#[test]
fn every_row_meets_exactly_the_rule_of_its_leaf() {
    let data = shop();
    let tree = plain()
        .max_leaves(40)
        .min_rows_per_leaf(10)
        .fit(&data)
        .unwrap();
    let rules = tree.rules();
    let numbers = tree.leaf_numbers(data.records().view());
    let probabilities = tree.predict_probability(data.records().view());
    let mut rows = vec![0; rules.len()];
    for (row, x) in data.records().rows().into_iter().enumerate() {
        let met: Vec<&LeafRule> = rules
            .iter()
            .filter(|rule| rule.conditions.iter().all(|c| c.holds(x[c.feature])))
            .collect();
        assert_eq!(met.len(), 1, "row {row} meets {} rules", met.len());
        assert_eq!(met[0].leaf, numbers[row]);
        assert_eq!(met[0].probability, probabilities[row]);
        rows[met[0].leaf - 1] += 1;
    }
    for rule in &rules {
        assert_eq!(rule.rows, rows[rule.leaf - 1]);
        assert!((rule.lift - rule.rate / tree.base_rate()).abs() < 1e-12);
    }
    assert!((rules.iter().map(|rule| rule.coverage).sum::<f64>() - 1.0).abs() < 1e-12);
    let features: Vec<usize> = rules[0].conditions.iter().map(|c| c.feature).collect();
    let mut once = features.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(
        once.len(),
        features.len(),
        "conditions on one feature are merged"
    );
}

#[test]
fn a_rule_reads_as_a_sentence() {
    let names = ["recency_days", "spend"];
    let condition = |feature, above, at_most, missing| Condition {
        feature,
        above,
        at_most,
        categories: None,
        missing,
        missing_was_seen: true,
    };
    let rule = LeafRule {
        leaf: 1,
        conditions: vec![
            condition(0, Some(14.5), Some(30.0), Missing::Excluded),
            condition(1, None, Some(1234.567), Missing::Included),
        ],
        rows: 10,
        coverage: 0.1,
        rate: 0.5,
        probability: 0.4,
        lift: 2.0,
    };
    assert_eq!(
        rule.to_text(&names),
        "14.5 < recency_days <= 30 and (spend <= 1235 or missing)"
    );
    assert_eq!(
        condition(1, None, None, Missing::Only).to_text(&names),
        "spend is missing"
    );
    assert_eq!(
        condition(1, None, None, Missing::Excluded).to_text(&names),
        "spend is not missing"
    );
    assert_eq!(
        condition(1, Some(0.012_345), None, Missing::Excluded).to_text(&names),
        "spend > 0.01235"
    );
    assert_eq!(
        condition(1, Some(-1e-9), None, Missing::Excluded).to_text(&names),
        "spend > -1.000e-9"
    );
}

#[test]
fn a_tree_that_cannot_split_is_one_leaf_at_the_base_rate() {
    let x = array![
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN],
        [1.0, f32::NAN]
    ];
    let tree = plain()
        .fit(&Dataset::new(x.clone(), array![true, false, false, false]))
        .unwrap();
    assert_eq!((tree.leaf_count(), tree.depth()), (1, 0));
    assert_eq!(
        tree.predict_probability(x.view()),
        Array1::from_elem(4, 0.25)
    );
    assert_eq!(tree.rules()[0].to_text(&["a", "b"]), "all rows");
    assert_eq!(
        tree.to_text(&["a", "b"], "left"),
        "all rows: 4 rows, 25.0 % left\n"
    );
    assert_eq!(tree.pruning_path().len(), 1);
}

#[test]
fn figures_of_scikit_learn_are_met() {
    // Whole numbers with few distinct values, so that both see the same candidate splits.
    //
    // import numpy as np
    // from sklearn.tree import DecisionTreeClassifier
    // from sklearn.metrics import roc_auc_score, log_loss
    // i = np.arange(1000); x = np.c_[i * 37 % 101, i * 53 % 97, i * 7 % 13].astype(float)
    // y = (i * i % 7 + x[:, 0] / 20 + (x[:, 2] > 6) * 3 > 7).astype(int)
    // for c in "gini", "entropy":
    //     t = DecisionTreeClassifier(criterion=c, max_leaf_nodes=12, min_samples_leaf=15).fit(x, y)
    //     print(log_loss(y, t.predict_proba(x)[:, 1].clip(1e-15)), t.tree_.n_leaves, t.get_depth())
    //     print(t.tree_.compute_feature_importances(normalize=False))
    //     print(t.cost_complexity_pruning_path(x, y).ccp_alphas)
    let x = Array2::from_shape_fn((1000, 3), |(i, column)| {
        (i * [37, 53, 7][column] % [101, 97, 13][column]) as f32
    });
    let y = Array1::from_shape_fn(1000, |i| {
        (i * i % 7) as f64 + f64::from(x[[i, 0]]) / 20.0 + if x[[i, 2]] > 6.0 { 3.0 } else { 0.0 }
            > 7.0
    });
    let data = Dataset::new(x, y);
    let check = |impurity, loss: f64, depth, gains: [f64; 3], alphas: &[f64]| {
        let tree = plain()
            .impurity(impurity)
            .max_leaves(12)
            .min_rows_per_leaf(15)
            .fit(&data)
            .unwrap();
        let p = tree.predict_probability(data.records().view());
        let terms = p.iter().zip(data.targets()).map(|(p, y)| {
            let p = p.clamp(1e-15, 1.0 - 1e-15);
            if *y { -p.ln() } else { -(1.0 - p).ln() }
        });
        assert!((terms.sum::<f64>() / 1000.0 - loss).abs() < 1e-9);
        assert_eq!((tree.leaf_count(), tree.depth()), (12, depth));
        for (ours, theirs) in tree.gain_importance().iter().zip(gains) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} for {theirs}");
        }
        let path = tree.pruning_path();
        assert_eq!(path.len(), alphas.len());
        for ((ours, _), theirs) in path.iter().zip(alphas) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} for {theirs}");
        }
    };
    check(
        Impurity::Gini,
        0.321_027_357_993_190_4,
        6,
        [0.110_246_899_999_292_42, 0.0, 0.125_968_948_774_196_15],
        &[
            0.0,
            0.001_875_348_075_348_074,
            0.001_984_548_184_548_185,
            0.002_533_635_828_676_749_4,
            0.002_535_087_719_298_251_3,
            0.009_096_531_876_055_775,
            0.019_681_849_971_084_45,
            0.075_437_087_432_033_34,
            0.116_019_939_844_542_06,
        ],
    );
    check(
        Impurity::Entropy,
        0.308_481_055_133_817_7,
        6,
        [0.254_951_682_306_953_7, 0.0, 0.215_949_036_203_953_7],
        &[
            0.0,
            0.002_679_410_023_287_573_4,
            0.003_953_492_678_315_199,
            0.004_407_487_985_152_357,
            0.005_526_243_937_254_621,
            0.013_135_931_202_664_403,
            0.013_908_927_025_458_456,
            0.086_367_676_278_134_6,
            0.130_222_161_476_762_3,
            0.199_646_900_048_468_86,
        ],
    );
}

#[test]
fn pruning_keeps_what_held_out_rows_bear_out() {
    let data = shop();
    let (train, held_out) = data.split_with_ratio(0.5);
    let large = plain().max_leaves(300).prior_rows(1.0).fit(&train).unwrap();
    let pruned = large.pruned_on(&held_out).unwrap();
    // Three groups were planted, told apart by three splits on three columns.
    assert!(
        large.leaf_count() > 150 && pruned.leaf_count() < 12,
        "{} leaves left",
        pruned.leaf_count()
    );
    let brier = |tree: &DecisionTree| {
        let p = tree.predict_probability(held_out.records().view());
        p.iter()
            .zip(held_out.targets())
            .map(|(p, y)| (p - f64::from(u8::from(*y))).powi(2))
            .sum::<f64>()
    };
    for (_, other) in large.pruning_path() {
        assert!(brier(&pruned) <= brier(&other));
    }
}

#[test]
fn the_pruning_path_is_nested_and_its_prices_rise() {
    let large = plain().max_leaves(60).fit(&shop()).unwrap();
    let path = large.pruning_path();
    assert_eq!(path[0].1, large);
    assert_eq!(path.last().unwrap().1.leaf_count(), 1);
    assert!(
        path.windows(2)
            .all(|p| p[0].0 <= p[1].0 && p[0].1.leaf_count() > p[1].1.leaf_count())
    );
}

#[test]
fn the_tree_is_the_same_on_one_thread_and_on_two() {
    let data = shop();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| plain().max_leaves(50).fit(&data).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn weights_are_honoured() {
    let x = array![[1.0_f32], [2.0]];
    let data = Dataset::new(x.clone(), array![true, false]).with_weights(array![3.0, 1.0]);
    let tree = plain()
        .max_depth(Some(1))
        .min_rows_per_leaf(2)
        .fit(&data)
        .unwrap();
    assert_eq!(tree.predict_probability(x.view()), array![0.75, 0.75]);
}

#[test]
fn bad_input_gets_the_promised_message() {
    let message = |data: Dataset<f32, bool, Ix1>| plain().fit(&data).unwrap_err().to_string();
    assert_eq!(
        message(Dataset::new(
            Array2::zeros((0, 1)),
            Array1::from(Vec::<bool>::new())
        )),
        "there are no rows to learn from; give at least one row of each label"
    );
    assert_eq!(
        message(Dataset::new(array![[1.0]], array![true])),
        "all 1 rows that count are labelled true; a classifier needs rows of both labels"
    );
    assert_eq!(
        message(Dataset::new(
            array![[0.0, f32::NEG_INFINITY], [0.0, 0.0]],
            array![true, false]
        )),
        "row 0, column 1 of the features is -inf; features must be finite, or NaN where missing"
    );
    let tree = plain().fit(&shop()).unwrap();
    let narrow = Dataset::new(array![[1.0], [2.0]], array![true, false]);
    assert_eq!(
        tree.pruned_on(&narrow).unwrap_err().to_string(),
        "1 feature columns, but the model has 3; give the same columns in the same order"
    );
}

#[test]
#[should_panic(expected = "the tree was fitted on 3 feature columns and is given 2 names")]
fn too_few_names_are_refused() {
    plain().fit(&shop()).unwrap().to_text(&["a", "b"], "left");
}

#[test]
fn a_regression_tree_makes_the_splits_of_scikit_learn() {
    // import numpy as np
    // from sklearn.tree import DecisionTreeRegressor
    // i = np.arange(400); x = np.c_[i * 37 % 19, i * 53 % 23, i * 7 % 13].astype(float)
    // y = 3 * (x[:, 0] > 8) + x[:, 1] * (x[:, 2] > 4) / 4 + (i * i % 7) / 10
    // t = DecisionTreeRegressor(max_leaf_nodes=10, min_samples_leaf=8).fit(x, y).tree_
    // print(list(zip(t.feature, t.threshold, t.n_node_samples, t.value[:, 0, 0])))
    // print(t.compute_feature_importances(normalize=False))
    let x = Array2::from_shape_fn((400, 3), |(i, column)| {
        (i * [37, 53, 7][column] % [19, 23, 13][column]) as f32
    });
    let y = Array1::from_shape_fn(400, |i| {
        let step = if x[[i, 0]] > 8.0 { 3.0 } else { 0.0 };
        let slope = if x[[i, 2]] > 4.0 {
            x[[i, 1]] / 4.0
        } else {
            0.0
        };
        step + slope + (i * i % 7) as f32 / 10.0
    });
    let tree = RegressionTree::params()
        .max_leaves(10)
        .max_depth(None)
        .min_rows_per_leaf(8)
        .prior_rows(0.0)
        .fit(&Dataset::new(x, y))
        .unwrap();
    let rules: Vec<(String, usize, f64)> = tree
        .rules()
        .iter()
        .map(|rule| {
            (
                rule.to_text(&["a", "b", "c"].map(Known)),
                rule.rows,
                rule.mean,
            )
        })
        .collect();
    let want = [
        ("a <= 8.5 and c <= 4.5", 73, 0.194_520_547_945_205_4),
        (
            "a <= 8.5 and c > 4.5 and b <= 5.5",
            24,
            0.772_916_666_666_666_6,
        ),
        ("a <= 8.5 and c > 4.5 and 5.5 < b <= 11.5", 31, 2.3),
        (
            "a <= 8.5 and c > 4.5 and 11.5 < b <= 16.5",
            31,
            3.724_193_548_387_097_6,
        ),
        (
            "a <= 8.5 and c > 4.5 and b > 16.5",
            31,
            5.122_580_645_161_291,
        ),
        ("a > 8.5 and c <= 4.5", 82, 3.201_219_512_195_121_5),
        ("a > 8.5 and c > 4.5 and b <= 4.5", 34, 3.710_294_117_647_06),
        (
            "a > 8.5 and c > 4.5 and 4.5 < b <= 10.5",
            34,
            5.054_411_764_705_883,
        ),
        (
            "a > 8.5 and c > 4.5 and 10.5 < b <= 16.5",
            28,
            6.514_285_714_285_713,
        ),
        ("a > 8.5 and c > 4.5 and b > 16.5", 32, 8.05),
    ];
    assert_eq!(rules.len(), want.len());
    for ((text, rows, mean), want) in rules.iter().zip(want) {
        assert_eq!((text.as_str(), *rows), (want.0, want.1));
        // Labels come as f32, so they are off by up to 1e-7 of their size.
        assert!((mean - want.2).abs() < 1e-6, "{text}: {mean}");
    }
    for (ours, theirs) in
        tree.gain_importance()
            .iter()
            .zip([1.917_898_67, 1.580_483_81, 1.778_243_12])
    {
        assert!((ours - theirs).abs() < 1e-6);
    }
    let alphas = [
        0.0,
        0.075_775_1,
        0.076_782_72,
        0.078_863_44,
        0.088_047_62,
        0.567_073_47,
        0.693_941_48,
        0.821_708_79,
        0.956_534_33,
        1.917_898_67,
    ];
    let path = tree.pruning_path();
    assert_eq!(path.len(), alphas.len());
    for ((ours, _), theirs) in path.iter().zip(alphas) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} for {theirs}");
    }
}

#[test]
fn the_and_of_a_number_and_a_flag_is_learned_whole() {
    // Each number comes with the flag and without it, so that a greedy tree is right at the root;
    // a library tree that looks at numbers and flags in one way still misses splits.
    // With more rows than bins it also takes thresholds that are not edges of bins.
    let perfect = (0..200_u64).filter(|seed| {
        let rows = if *seed < 150 { 300 } else { 3000 };
        let x = Array2::from_shape_fn((rows, 2), |(row, column)| {
            if column == 0 {
                random::unit(*seed, 0, row as u64 / 2) as f32
            } else {
                (row % 2) as f32
            }
        });
        let y = Array1::from_shape_fn(rows, |row| x[[row, 0]] > 0.6 && x[[row, 1]] > 0.5);
        let data = Dataset::new(x, y.clone());
        [Impurity::Gini, Impurity::Entropy].iter().all(|impurity| {
            let tree = plain()
                .impurity(*impurity)
                .max_depth(Some(2))
                .fit(&data)
                .unwrap();
            let p = tree.predict_probability(data.records().view());
            p.iter().zip(&y).all(|(p, y)| *p == f64::from(u8::from(*y)))
        })
    });
    assert_eq!(perfect.count(), 200);
}

#[test]
fn estimates_are_drawn_towards_their_parent_which_is_drawn_towards_its_own() {
    // Root 3/6. x = 0: 0 of 2; x = 1: 3 of 4, then by z: 1 of 2 and 2 of 2.
    let x = array![
        [0.0_f32, 0.0],
        [0.0, 1.0],
        [1.0, 0.0],
        [1.0, 0.0],
        [1.0, 1.0],
        [1.0, 1.0]
    ];
    let y = array![false, false, true, false, true, true];
    let data = Dataset::new(x.clone(), y);
    let fit = |shrinkage| {
        let tree = plain()
            .prior_rows(2.0)
            .shrinkage(shrinkage)
            .fit(&data)
            .unwrap();
        tree.predict_probability(x.view())
    };
    // x = 1: (3 + 2 * 1/2) / (4 + 2) = 2/3; below: (1 + 4/3) / 4 = 7/12 and (2 + 4/3) / 4 = 5/6.
    // x = 0: (0 + 1) / 4.
    let want = [
        1.0 / 4.0,
        1.0 / 4.0,
        7.0 / 12.0,
        7.0 / 12.0,
        5.0 / 6.0,
        5.0 / 6.0,
    ];
    for (p, want) in fit(Shrinkage::Parent).iter().zip(want) {
        assert!((p - want).abs() < 1e-12, "{p} for {want}");
    }
    // (0 + 1) / 4, (1 + 1) / 4 and (2 + 1) / 4.
    for (p, want) in fit(Shrinkage::Root)
        .iter()
        .zip([0.25, 0.25, 0.5, 0.5, 0.75, 0.75])
    {
        assert!((p - want).abs() < 1e-12, "{p} for {want}");
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice() {
    // Columns of few values, for bins are made of rows whatever they weigh.
    let few = |rows: &Array2<f32>| rows.select(ndarray::Axis(1), &[0, 1]);
    let data = Dataset::new(few(shop().records()), shop().targets().clone());
    let weights = Array1::from_shape_fn(2000, |row| (row % 3) as f32);
    let rows: Vec<usize> = (0..2000).flat_map(|row| vec![row; row % 3]).collect();
    let repeated = Dataset::new(
        data.records().select(ndarray::Axis(0), &rows),
        data.targets().select(ndarray::Axis(0), &rows),
    );
    let kept: Vec<usize> = (0..2000).filter(|row| row % 3 > 0).collect();
    let weighted = Dataset::new(
        data.records().select(ndarray::Axis(0), &kept),
        data.targets().select(ndarray::Axis(0), &kept),
    )
    .with_weights(weights.select(ndarray::Axis(0), &kept));
    let fit = |data: &Dataset<f32, bool, Ix1>| {
        let tree = plain().max_leaves(30).prior_rows(3.0).fit(data).unwrap();
        tree.predict_probability(few(shop().records()).view())
    };
    assert_eq!(fit(&weighted), fit(&repeated));

    let numbers = |data: &Dataset<f32, bool, Ix1>| {
        let y = data.targets().mapv(|y| if y { 3.5_f32 } else { -1.25 });
        let data = match data.weights() {
            Some(w) => Dataset::new(data.records().clone(), y).with_weights(w.to_vec().into()),
            None => Dataset::new(data.records().clone(), y),
        };
        let tree = RegressionTree::params()
            .min_rows_per_leaf(1)
            .max_leaves(30)
            .max_depth(None)
            .fit(&data)
            .unwrap();
        tree.predict_mean(few(shop().records()).view())
    };
    let (a, b) = (numbers(&weighted), numbers(&repeated));
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-8, "{a} and {b}");
    }
}

#[test]
fn balanced_classes_give_a_base_rate_of_one_half() {
    let tree = plain()
        .class_weights(ClassWeights::Balanced)
        .fit(&shop())
        .unwrap();
    assert!((tree.base_rate() - 0.5).abs() < 1e-6);
    let refused = plain().class_weights(ClassWeights::Given { no: 1.0, yes: 0.0 });
    assert_eq!(
        refused.fit(&shop()).unwrap_err().to_string(),
        "the class weight of true is 0; choose a finite number above 0"
    );
}

#[test]
fn cross_validation_prunes_to_the_groups_that_are_there() {
    let data = shop();
    let parts = random_parts(2000, 10, 1);
    let params = plain().max_leaves(200).min_rows_per_leaf(5).prior_rows(1.0);
    let least = params
        .fit_cross_validated(&data, &parts, Choice::Least)
        .unwrap();
    let within = params
        .fit_cross_validated(&data, &parts, Choice::WithinOneStandardError)
        .unwrap();
    let whole = params.fit(&data).unwrap();
    assert!(whole.leaf_count() > 100);
    assert!(
        within.leaf_count() <= least.leaf_count() && least.leaf_count() < 20,
        "{} and {} leaves",
        within.leaf_count(),
        least.leaf_count()
    );
    // Of the four planted groups, the smallest may be given up for one standard error.
    assert!(
        (2..=4).contains(&within.leaf_count()),
        "{}",
        within.leaf_count()
    );
    let on_path = |tree: &DecisionTree| whole.pruning_path().iter().any(|(_, t)| t == tree);
    assert!(on_path(&least) && on_path(&within));

    let wrong = params.fit_cross_validated(&data, &[0; 2000], Choice::Least);
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "2000 numbers of parts for 2000 rows, of which 1 differ; give one a row, and at least two parts"
    );
}

#[test]
fn a_regression_tree_is_pruned_like_any_other() {
    let x = Array2::from_shape_fn((1000, 2), |(row, c)| {
        random::unit(3, c as u64, row as u64) as f32
    });
    let y = Array1::from_shape_fn(1000, |row| {
        let noise = random::unit(3, 9, row as u64) as f32 - 0.5;
        if x[[row, 0]] > 0.5 {
            10.0 + noise
        } else {
            noise
        }
    });
    let data = Dataset::new(x, y);
    let params = RegressionTree::params()
        .min_rows_per_leaf(5)
        .max_leaves(100)
        .max_depth(None);
    let parts = random_parts(1000, 5, 2);
    let tree = params
        .fit_cross_validated(&data, &parts, Choice::WithinOneStandardError)
        .unwrap();
    assert_eq!(tree.leaf_count(), 2);
    let (train, held_out) = data.split_with_ratio(0.5);
    let pruned = params.fit(&train).unwrap().pruned_on(&held_out).unwrap();
    assert!(pruned.leaf_count() < 10, "{}", pruned.leaf_count());
}

#[test]
fn parts_are_even_and_the_same_for_a_seed() {
    let parts = random_parts(103, 5, 7);
    for part in 0..5 {
        let rows = parts.iter().filter(|p| **p == part).count();
        assert!(rows == 20 || rows == 21);
    }
    assert_eq!(parts, random_parts(103, 5, 7));
    assert_ne!(parts, random_parts(103, 5, 8));
}

#[test]
fn a_regression_tree_in_degenerate_cases() {
    let fit = |x: Array2<f32>, y: Array1<f32>| {
        RegressionTree::params()
            .min_rows_per_leaf(1)
            .fit(&Dataset::new(x, y))
    };
    let one_row = fit(array![[1.0]], array![4.5]).unwrap();
    assert_eq!((one_row.leaf_count(), one_row.mean()), (1, 4.5));
    let constant = fit(array![[1.0], [2.0], [3.0]], array![7.0, 7.0, 7.0]).unwrap();
    assert_eq!((constant.leaf_count(), constant.mean()), (1, 7.0));
    let missing = fit(array![[f32::NAN], [f32::NAN]], array![1.0, 2.0]).unwrap();
    assert_eq!((missing.leaf_count(), missing.mean()), (1, 1.5));
    assert_eq!(
        fit(array![[1.0]], array![f32::INFINITY])
            .unwrap_err()
            .to_string(),
        "the label of row 0 is inf; labels must be finite: leave out rows without one"
    );
}

/// A tree with a split on categories, then one on the same column again, then a number.
fn by_contract() -> DecisionTree {
    use crate::tree::node::{CategorySplit, Node};
    let node = |rows: usize, rate: f64| Node {
        feature: 0,
        threshold: 0.0,
        bin: 0,
        categories: None,
        missing_left: false,
        left: 0,
        right: 0,
        gain: 0.0,
        rows,
        gradient: rate * rows as f64,
        hessian: rows as f64,
        value: rate,
    };
    let mut nodes = vec![node(1000, 0.4), node(700, 0.25), node(300, 0.75)];
    nodes.extend([
        node(500, 0.2),
        node(200, 0.375),
        node(100, 0.9),
        node(200, 0.675),
    ]);
    let split = |left: &[u16], right: &[u16]| {
        Some(Box::new(CategorySplit {
            left: left.iter().copied().collect(),
            right: right.iter().copied().collect(),
        }))
    };
    nodes[0].categories = split(&[0, 2, 3], &[1]);
    nodes[0].missing_left = true;
    nodes[1].categories = split(&[0], &[2, 3]);
    nodes[2].feature = 1;
    nodes[2].threshold = 12.5;
    for (parent, left) in [(0, 1), (1, 3), (2, 5)] {
        nodes[parent].left = left;
        nodes[parent].right = left + 1;
    }
    DecisionTree {
        tree: Tree { nodes },
        had_missing: vec![true, false],
        label: PhantomData,
    }
}

fn contract_names() -> [CategoryNames; 2] {
    let categories = ["one year", "month-to-month", "two years", "<5 & \"10\">"];
    [
        CategoryNames {
            column: "contract".to_string(),
            categories: categories.map(str::to_string).into(),
        },
        CategoryNames {
            column: "visits".to_string(),
            categories: Vec::new(),
        },
    ]
}

#[test]
fn categories_are_named_in_the_text_and_in_the_rules() {
    let tree = by_contract();
    let want = "\
all rows: 1,000 rows, 40.0 % left
|- contract is not month-to-month or unknown: 700 rows, 25.0 % left
|  |- contract = one year: 500 rows, 20.0 % left => leaf 1, 0.200
|  `- contract is not one year or unknown: 200 rows, 37.5 % left => leaf 2, 0.375
`- contract = month-to-month: 300 rows, 75.0 % left
   |- visits <= 12.5: 100 rows, 90.0 % left => leaf 3, 0.900
   `- visits > 12.5 or missing: 200 rows, 67.5 % left => leaf 4, 0.675
";
    assert_eq!(tree.to_text(&contract_names(), "left"), want);
    let rules = tree.rules();
    let texts: Vec<String> = rules.iter().map(|r| r.to_text(&contract_names())).collect();
    assert_eq!(
        texts,
        [
            "contract = one year",
            "contract in {two years, <5 & \"10\">} or unknown",
            "contract = month-to-month and visits <= 12.5",
            "contract = month-to-month and (visits > 12.5 or missing)",
        ]
    );
    // Without names the numbers must do.
    assert_eq!(rules[0].to_text(&["contract", "visits"]), "contract = 0");
    // Every value meets the rule of its leaf, categories not met in training included.
    for value in [0.0, 1.0, 2.0, 3.0, 4.0, 70_000.0, 0.5, -1.0, f32::NAN] {
        for visits in [3.0, 20.0] {
            let leaf = tree.leaf_numbers(array![[value, visits]].view())[0];
            let row = [value, visits];
            for rule in &rules {
                let met = rule.conditions.iter().all(|c| c.holds(row[c.feature]));
                assert_eq!(met, rule.leaf == leaf, "{row:?} and rule {}", rule.leaf);
            }
        }
    }
}

#[test]
fn the_picture_is_well_formed_and_says_what_the_text_says() {
    let svg = by_contract().to_svg(&contract_names(), "left");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("<script"));
    // Every tag that is opened is closed, and no text holds a bare sign.
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert!(!text.contains('>') && !text.replace("&amp;", "").contains("& "));
    }
    assert!(open.is_empty());
    for words in [
        "contract in {two years, &lt;5 &amp; &quot;10&quot;&gt;}",
        "visits &lt;= 12.5",
        "300 rows, 75.0 % left",
        "leaf 4: 0.675",
    ] {
        // The second turn is told from its parent, so by the category that it excludes.
        let there = svg.contains(words);
        assert_eq!(there, !words.contains("two years"), "{words}");
    }
    assert_eq!(svg.matches("<g>").count(), 7);
    let alone = plain()
        .max_depth(Some(1))
        .min_rows_per_leaf(1500)
        .fit(&shop())
        .unwrap();
    assert_eq!(
        alone
            .to_svg(&["a", "b", "c"], "left")
            .matches("<g>")
            .count(),
        1
    );
}

#[test]
fn the_picture_cuts_nothing() {
    let mut names = contract_names();
    names[0].column = "what the customer has agreed to and for how long that holds".to_string();
    let wording = Wording {
        outcome: "left",
        rows: "customer-dates",
        phrases: &Phrases::ENGLISH,
    };
    let svg = by_contract().to_svg(&names, wording);
    assert!(!svg.contains('\u{2026}') && !svg.contains(" rows"), "{svg}");
    let attribute = |tag: &str, name: &str| -> f64 {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let (mut box_ends, mut lines) = (0.0, 0);
    let page = attribute(&svg, "width");
    for group in svg.split("<g>").skip(1) {
        let rect = group.split("<rect").nth(1).unwrap();
        box_ends = attribute(rect, "x") + attribute(rect, "width");
        assert!(box_ends <= page, "a box ends at {box_ends} of {page}");
        let bottom = attribute(rect, "y") + attribute(rect, "height");
        for text in group.split("<text").skip(1) {
            let line = text.split_once('>').unwrap().1.split_once('<').unwrap().0;
            let wide = line.chars().count() as f64 * 7.0;
            assert!(attribute(text, "x") + wide <= box_ends, "{line}");
            assert!(attribute(text, "y") < bottom, "{line}");
            lines += 1;
        }
    }
    assert!(lines > 14 && box_ends > 0.0, "{lines} lines in 7 boxes");
    assert!(svg.contains("ticks mark 40.0 % of all customer-dates"));
}

/// A column that every row has.
struct Known(&'static str);

impl ColumnName for Known {
    fn name(&self) -> &str {
        self.0
    }

    fn category(&self, _: u16) -> Option<&str> {
        None
    }

    fn never_missing(&self) -> bool {
        true
    }
}

#[test]
fn the_tree_in_the_language_of_graphviz() {
    let dot = by_contract().to_dot(&contract_names(), "left");
    assert!(dot.starts_with("digraph tree {\n") && dot.ends_with("}\n"));
    for line in [
        "  n0 [label=\"1,000 rows\\n40.0 % left\"];",
        "  n3 [label=\"500 rows\\n20.0 % left\\nleaf 1: 0.200\", style=rounded];",
        "  n0 -> n1 [label=\"contract is not month-to-month or unknown\"];",
        "  n2 -> n6 [label=\"visits > 12.5 or missing\"];",
    ] {
        assert!(dot.lines().any(|l| l == line), "{line}\n{dot}");
    }
    let numbers = RegressionTree::params()
        .min_rows_per_leaf(1)
        .fit(&Dataset::new(array![[1.0], [2.0]], array![1.5_f32, 2.0]))
        .unwrap();
    let dot = numbers.to_dot(&["a \"b\" \\"], "spend");
    assert!(
        dot.contains("label=\"a \\\"b\\\" \\\\ <= 1.5 or missing\""),
        "{dot}"
    );
    assert!(
        numbers
            .to_svg(&["a"], "spend")
            .contains("mean spend from 1.5 to 2")
    );
}

/// Plans 0, 1 and 2 of 500 rows each, of which a tenth, four and five are labelled `true`.
fn of_plans() -> DecisionTree {
    let x = Array2::from_shape_fn((1_500, 1), |(row, _)| (row % 3) as f32);
    let tenths = [1, 4, 5];
    let y = Array1::from_shape_fn(1_500, |row| row / 3 % 10 >= 10 - tenths[row % 3]);
    let params = plain().categorical(vec![0]).min_rows_per_leaf(50);
    params.fit(&Dataset::new(x, y)).unwrap()
}

#[test]
fn a_category_that_nobody_had_is_never_taken_for_another_one() {
    let tree = of_plans();
    let name = [CategoryNames {
        column: "plan".to_string(),
        categories: ["A", "B", "C"].map(str::to_string).into(),
    }];
    let text = tree.to_text(&name, "left");
    let want = "\
all rows: 1,500 rows, 33.3 % left
|- plan = A: 500 rows, 10.0 % left => leaf 1, 0.100
`- plan is not A or unknown: 1,000 rows, 45.0 % left
   |- plan = B: 500 rows, 40.0 % left => leaf 2, 0.400
   |- plan = C: 500 rows, 50.0 % left => leaf 3, 0.500
   `- plan is unknown: no rows yet; as above, 45.0 % left => leaf 4, 0.450
";
    assert_eq!(text, want);
    let texts: Vec<String> = tree
        .rules()
        .iter()
        .map(|rule| rule.to_text(&name))
        .collect();
    assert_eq!(
        texts,
        ["plan = A", "plan = B", "plan = C", "plan is unknown"]
    );
    let p = tree.predict_probability(array![[0.0], [1.0], [2.0], [3.0], [f32::NAN]].view());
    assert_eq!(p.to_vec(), [0.1, 0.4, 0.5, 0.45, 0.45]);
    let svg = tree.to_svg(&name, "left");
    // Six boxes: the split that is set before another is none of its own.
    assert_eq!(svg.matches("<g>").count(), 6);
    assert!(svg.contains("plan is unknown") && svg.contains("no rows yet"));
    assert!(!svg.contains("plan is known"));
    let dot = tree.to_dot(&name, "left");
    assert_eq!(dot.matches(" -> ").count(), 5, "{dot}");
    // What is unknown goes with the split that it stands before when the tree is cut back.
    let path = tree.pruning_path();
    let leaves: Vec<usize> = path.iter().map(|(_, tree)| tree.leaf_count()).collect();
    assert_eq!(leaves, [4, 2, 1]);
    let smaller = &path[1].1;
    let p = smaller.predict_probability(array![[0.0], [1.0], [2.0], [3.0]].view());
    assert_eq!(p.to_vec(), [0.1, 0.45, 0.45, 0.45]);
}

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Ix1, array};

use super::*;
use crate::tree::random;

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
|- recency_days <= 30.5: 1,116 rows, 7.4 % churned
|  |- mean_gap is not missing: 848 rows, 4.2 % churned => leaf 1, 0.046
|  `- mean_gap is missing: 268 rows, 17.5 % churned
|     |- baskets <= 7.5: 74 rows, 50.0 % churned => leaf 2, 0.479
|     `- baskets > 7.5: 194 rows, 5.2 % churned => leaf 3, 0.065
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
        "14.5 < recency_days <= 30 and spend <= 1235 or missing"
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

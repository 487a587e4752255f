use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Ix1};

use super::*;
use crate::calibration::{Isotonic, Platt, log_odds};
use crate::classifiers::{Classifier, Recipe};
use crate::tree::node::{CategorySplit, Node, Tree};
use crate::tree::{
    BoostedRegressor, DecisionTree, GradientBoosting, Judgement, LambdaRank, MultiClassBoosting,
    RandomForest, RegressionForest, RegressionLoss, RegressionTree,
};

/// Column 0 decides, columns 1 and 2 are noise, some of column 0 and all of column 3 is missing.
fn customers() -> Dataset<f32, bool, Ix1> {
    let draw = |row: usize, salt: usize| (row * 7919 + salt * 104_729) % 1009;
    let x = Array2::from_shape_fn((400, 4), |(row, column)| match column {
        0 if row % 17 == 3 => f32::NAN,
        0 => draw(row, 1) as f32 / 7.0,
        1 => (draw(row, 2) % 50) as f32,
        2 => draw(row, 4) as f32 * 1e20,
        _ => f32::NAN,
    });
    let y = Array1::from_shape_fn(400, |row| {
        let value = if x[[row, 0]].is_nan() {
            70.0
        } else {
            x[[row, 0]]
        };
        value + (draw(row, 3) % 60) as f32 > 110.0
    });
    Dataset::new(x, y)
}

fn features() -> Vec<Feature> {
    ["days", "visits", "spend", "age"]
        .map(Feature::numeric)
        .to_vec()
}

/// One fitted model of each kind.
fn models() -> Vec<Model> {
    let data = customers();
    let labels = data.targets().to_vec();
    let mut models: Vec<Model> = Recipe::all()
        .into_iter()
        .map(|recipe| {
            let fitted = recipe.fit(data.records().view(), &labels, None, None);
            Model::from(fitted.unwrap())
        })
        .collect();
    let x = || data.records().clone();
    let amounts = Array1::from_shape_fn(400, |row| (row % 7) as f32);
    for loss in [
        RegressionLoss::Squared,
        RegressionLoss::Poisson,
        RegressionLoss::Pinball { quantile: 0.9 },
    ] {
        let fitted = BoostedRegressor::params()
            .loss(loss)
            .n_trees(8)
            .fit(&Dataset::new(x(), amounts.clone()));
        models.push(fitted.unwrap().into());
    }
    let numbers = Dataset::new(x(), amounts);
    models.push(RegressionTree::params().fit(&numbers).unwrap().into());
    let forest = RegressionForest::params().n_trees(5).out_of_bag(true);
    models.push(forest.fit(&numbers).unwrap().into());
    let forest = RandomForest::params().n_trees(5).out_of_bag(true);
    models.push(forest.fit(&data).unwrap().into());
    let classes = Array1::from_shape_fn(400, |row| row % 3);
    let fitted = MultiClassBoosting::params()
        .n_trees(8)
        .fit(&Dataset::new(x(), classes));
    models.push(fitted.unwrap().into());
    let judgements = Array1::from_shape_fn(400, |row| Judgement {
        query: row as u64 / 10,
        relevance: if labels[row] { 1.0 } else { 0.0 },
    });
    let fitted = LambdaRank::params()
        .n_trees(8)
        .fit(&Dataset::new(x(), judgements));
    models.push(fitted.unwrap().into());
    models
}

fn boosting() -> Model {
    let fitted = GradientBoosting::params().n_trees(8).fit(&customers());
    fitted.unwrap().into()
}

fn saved(model: impl Into<Model>) -> SavedModel {
    SavedModel::new(model, features())
        .unwrap()
        .with_outcome("churned")
        .with_fact("rows", 400)
}

/// A boosted model of one split on categories, by hand.
fn by_categories() -> GradientBoosting {
    let leaf = |value: f64, rows| Node {
        feature: 0,
        threshold: 0.0,
        bin: 0,
        categories: None,
        missing_left: false,
        left: 0,
        right: 0,
        gain: 0.0,
        rows,
        gradient: -value,
        hessian: 1.0,
        value,
    };
    let root = Node {
        categories: Some(Box::new(CategorySplit {
            left: [0, 2].into_iter().collect(),
            right: [1].into_iter().collect(),
        })),
        left: 1,
        right: 2,
        gain: 1.5,
        ..leaf(0.0, 7)
    };
    GradientBoosting {
        features: 1,
        start: 0.1,
        trees: vec![Tree {
            nodes: vec![root, leaf(-0.3, 3), leaf(0.7, 4)],
        }],
        validation_losses: vec![0.5, 0.4],
    }
}

fn contract() -> Vec<Feature> {
    vec![Feature::categorical(
        "contract",
        ["monthly", "one year", "two years"],
    )]
}

#[test]
fn every_model_comes_back_the_same_to_the_bit() {
    let data = customers();
    let x = data.records().view();
    for model in models() {
        let before = saved(model);
        let text = before.to_json();
        let after = SavedModel::from_json(&text).unwrap();
        assert_eq!(text, after.to_json());
        // Estimates out of the bag may be NaN, which is not equal to itself.
        if !text.contains("NaN") {
            assert_eq!(before, after);
        }
        let bits = |saved: &SavedModel| saved.model().predict(x).mapv(f64::to_bits);
        assert_eq!(bits(&before), bits(&after), "{}", before.model().kind());
        assert_eq!(after.outcome(), "churned");
        assert_eq!(after.facts()["rows"], "400");
    }
}

#[test]
fn a_split_on_categories_comes_back() {
    let before = SavedModel::new(by_categories(), contract()).unwrap();
    let after = SavedModel::from_json(&before.to_json()).unwrap();
    assert_eq!(before, after);
    let x = ndarray::array![[0.0], [1.0], [2.0], [3.0], [f32::NAN]];
    let p = after.predict_probability(x.view()).unwrap();
    assert!(p[0] < 0.5 && p[2] == p[0]);
    assert!(p[1] > 0.5 && p[3] == p[1] && p[4] == p[1]);
}

#[test]
fn fitted_splits_on_categories_come_back() {
    let contracts = Array2::from_shape_fn((400, 1), |(row, _)| (row * row % 7) as f32);
    let y = contracts
        .column(0)
        .mapv(|contract| [0.0, 2.0, 4.0].contains(&contract));
    let data = Dataset::new(contracts, y);
    let tree = DecisionTree::params()
        .categorical(vec![0])
        .fit(&data)
        .unwrap();
    assert!(tree.leaf_count() > 1);
    let boosting = GradientBoosting::params().n_trees(5).categorical(vec![0]);
    let forest = RandomForest::params().n_trees(5).categorical(vec![0]);
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    for model in [
        Model::from(tree),
        boosting.fit(&data).unwrap().into(),
        forest.fit(&data).unwrap().into(),
    ] {
        let kind = model.kind();
        assert!(SavedModel::new(model.clone(), vec![Feature::numeric("contract")]).is_err());
        let before = SavedModel::new(model, vec![Feature::categorical("contract", names)]).unwrap();
        let text = before.to_json();
        assert!(text.contains("\"categories\": ["), "{kind}");
        assert_eq!(SavedModel::from_json(&text).unwrap(), before, "{kind}");
    }
}

#[test]
fn calibrators_come_back() {
    let data = customers();
    let x = data.records().view();
    for model in models() {
        let plain = saved(model);
        let Some(p) = plain.predict_probability(x) else {
            let calibration = Platt {
                slope: 1.0,
                intercept: 0.0,
            };
            assert!(plain.with_calibration(calibration).is_err());
            continue;
        };
        let labels = data.targets().view();
        for calibration in [
            Calibration::from(Platt::fit(labels, p.view()).unwrap()),
            Calibration::PlattOfLogOdds(Platt::fit(labels, p.mapv(log_odds).view()).unwrap()),
            Calibration::from(Isotonic::fit(labels, p.view()).unwrap()),
        ] {
            let before = plain.clone().with_calibration(calibration.clone()).unwrap();
            let after = SavedModel::from_json(&before.to_json()).unwrap();
            assert!(before.to_json() == after.to_json());
            let calibrated = after.predict_probability(x).unwrap();
            assert_eq!(calibrated, p.mapv(|p| calibration.probability(p)));
        }
    }
}

#[test]
fn names_of_any_letters_come_back() {
    let names = ["with \"quotes\"", "line\nbreak", "Kündigung 顧客", ""];
    let features = names.map(Feature::numeric).to_vec();
    let before = SavedModel::new(boosting(), features)
        .unwrap()
        .with_outcome("left \\ \u{7} us")
        .with_fact("note", "a\tb");
    assert_eq!(SavedModel::from_json(&before.to_json()).unwrap(), before);
}

#[test]
fn what_cannot_be_saved_is_said() {
    let refused = |model: Model, features: Vec<Feature>, message: &str| {
        let error = SavedModel::new(model, features).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    for model in models() {
        let error = SavedModel::new(model, features()[..3].to_vec()).unwrap_err();
        assert!(error.to_string().contains('3'), "{error}");
    }
    refused(
        boosting(),
        features()[..3].to_vec(),
        "model.columns: the model was fitted on 4 columns, and there are 3 features",
    );
    let mut twice = features();
    twice[3].name = "days".into();
    refused(boosting(), twice, "features[3]: a second \"days\"");
    refused(
        by_categories().into(),
        vec![Feature::numeric("contract")],
        "model.trees[0].categories[0]: feature 0 is numeric",
    );
    refused(
        by_categories().into(),
        vec![Feature::categorical("contract", ["monthly", "one year"])],
        "model.trees[0].categories[0]: feature 0 has 2 categories, counted from 0, and no category 2",
    );
    // Categories without names may have any number.
    let unnamed = Feature::categorical("contract", Vec::<String>::new());
    assert!(SavedModel::new(by_categories(), vec![unnamed]).is_ok());
    let slope = Platt {
        slope: f64::NAN,
        intercept: 0.0,
    };
    let error = saved(boosting()).with_calibration(slope).unwrap_err();
    assert_eq!(error.to_string(), "calibration.slope: NaN is not finite");
    let mut deep = by_categories();
    deep.trees[0] = chain(MAX_DEPTH + 1);
    refused(
        deep.into(),
        contract(),
        "model.trees[0].left[2000]: more than 1000 splits from the root; limit the depth of trees",
    );
}

/// A tree that splits off one row after another.
fn chain(depth: usize) -> Tree {
    let leaf = by_categories().trees[0].nodes[1].clone();
    let mut nodes = Vec::new();
    for i in 0..depth {
        let (inner, rows) = (2 * i as u32, depth + 1 - i);
        nodes.push(Node {
            left: inner + 2,
            right: inner + 1,
            threshold: (depth - i) as f32,
            rows,
            ..leaf.clone()
        });
        nodes.push(Node {
            rows: 1,
            ..leaf.clone()
        });
    }
    nodes.push(Node { rows: 1, ..leaf });
    Tree { nodes }
}

#[test]
fn the_deepest_tree_can_be_used() {
    let mut model = by_categories();
    model.trees[0] = chain(MAX_DEPTH);
    let text = SavedModel::new(model, contract()).unwrap().to_json();
    let saved = SavedModel::from_json(&text).unwrap();
    let Some(Classifier::Boosting(model)) = saved.model().classifier() else {
        panic!("another kind");
    };
    let x = ndarray::array![[0.5], [1e9], [f32::NAN]];
    assert_eq!(model.contributions(x.view()).nrows(), 3);

    let mut tree = DecisionTree {
        tree: chain(MAX_DEPTH),
        had_missing: vec![true],
        label: std::marker::PhantomData,
    };
    for node in &mut tree.tree.nodes {
        (node.value, node.gradient, node.hessian) = (0.5, 1.0, 2.0);
    }
    let text = SavedModel::new(tree, contract()).unwrap().to_json();
    let saved = SavedModel::from_json(&text).unwrap();
    let Some(Classifier::Tree(tree)) = saved.model().classifier() else {
        panic!("another kind");
    };
    assert_eq!(tree.rules().len(), MAX_DEPTH + 1);
    for text in [
        tree.to_text(saved.features(), "left"),
        tree.to_svg(saved.features(), "left"),
        tree.to_dot(saved.features(), "left"),
    ] {
        assert!(text.lines().count() > MAX_DEPTH);
    }
}

#[track_caller]
fn unreadable(text: &str, message: &str) {
    let error = SavedModel::from_json(text).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn what_is_no_model_file_is_said() {
    unreadable(
        "",
        "this is not JSON: EOF while parsing a value at line 1 column 0; a file that was cut short or edited cannot be read, save the model again",
    );
    unreadable(
        "[1]",
        "this is not a model file: it is no JSON object; give a file that holds \"format\": \"regulars-model\"",
    );
    unreadable(
        r#"{"version": 1}"#,
        "this is not a model file: it does not say its format; give a file that holds \"format\": \"regulars-model\"",
    );
    unreadable(
        r#"{"format": "pickle"}"#,
        "this is not a model file: it is of another format; give a file that holds \"format\": \"regulars-model\"",
    );
    // Whatever else a later version holds.
    unreadable(
        r#"{"format": "regulars-model", "version": 2, "new": [null, 0.5, -1]}"#,
        "the model file has version 2 and this program reads up to 1; update regulars, or save the model with this version",
    );
    unreadable(
        r#"{"format": "regulars-model", "version": 0}"#,
        "the model file has version 0; versions are counted from 1, so the file was not written by regulars",
    );
    unreadable(
        r#"{"format": "regulars-model", "version": 1.5}"#,
        "version: a number that is not whole where a whole number is expected",
    );
    unreadable(
        r#"{"format": "regulars-model", "format": "regulars-model"}"#,
        "this is not JSON: the field \"format\" is given twice at line 1 column 56; a file that was cut short or edited cannot be read, save the model again",
    );
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{\"a\":"] {
        let error = SavedModel::from_json(&open.repeat(100_000)).unwrap_err();
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

/// The file of [`by_categories`] with one part of it replaced.
#[track_caller]
fn edited(part: &str, by: &str, message: &str) {
    let text = SavedModel::new(by_categories(), contract())
        .unwrap()
        .to_json();
    assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    unreadable(&text.replace(part, by), message);
}

#[test]
fn a_field_that_is_not_as_it_must_be_is_named() {
    edited(
        "\"gradient-boosting\"",
        "\"gradient_boosting\"",
        "kind: \"gradient_boosting\" is no kind of model; did you mean \"gradient-boosting\"?",
    );
    edited(
        "\"kind\": \"categorical\"",
        "\"kind\": \"ordinal\"",
        "features[0].kind: choose \"numeric\" or \"categorical\"",
    );
    edited(
        "\"one year\"",
        "\"monthly\"",
        "features[0].categories[1]: a second \"monthly\"",
    );
    edited(
        "\"one year\"",
        "7",
        "features[0].categories[1]: a number where a text is expected",
    );
    edited(
        "\"gain\"",
        "\"gian\"",
        "model.trees[0].gain: this field is missing",
    );
    edited(
        "\"start\"",
        "\"strat\": \"0\", \"start\"",
        "model.strat: unknown field; did you mean `start`?",
    );
    edited(
        "\"start\": \"0.1\"",
        "\"start\": 0.1",
        "model.start: a number that is not whole where a text is expected",
    );
    edited(
        "\"start\": \"0.1\"",
        "\"start\": \"inf\"",
        "model.start[0]: inf is not finite",
    );
    edited(
        "\"validation_losses\": \"0.5 0.4\"",
        "\"validation_losses\": \"0.5 x\"",
        "model.validation_losses[1]: \"x\" is not a number",
    );
    edited(
        "\"trained\": {}",
        "\"trained\": {\"rows\": 3}",
        "trained.rows: a number where a text is expected",
    );
}

#[test]
fn a_node_that_is_not_as_it_must_be_is_named() {
    edited(
        "\"left\": \"1 0 0\"",
        "\"left\": \"1 0\"",
        "model.trees[0].left: 2 numbers for 3 nodes",
    );
    edited(
        "\"left\": \"1 0 0\"",
        "\"left\": \"3 0 0\"",
        "model.trees[0].left[0]: 3 is no later node of the 3 there are",
    );
    edited(
        "\"left\": \"1 0 0\"",
        "\"left\": \"2 0 0\"",
        "model.trees[0].right[0]: node 2 has another parent",
    );
    edited(
        "\"left\": \"1 0 0\"",
        "\"left\": \"1 1 0\"",
        "model.trees[0].left[1]: 1 is no later node of the 3 there are",
    );
    edited(
        "\"left\": \"1 0 0\"",
        "\"left\": \"0 0 0\"",
        "model.trees[0].right[0]: 2 beside no left child; a leaf has 0 for both",
    );
    edited(
        "\"right\": \"2 0 0\"",
        "\"right\": \"0 0 0\"",
        "model.trees[0].right[0]: 0 is no later node of the 3 there are",
    );
    edited(
        "\"rows\": \"7 3 4\"",
        "\"rows\": \"8 3 4\"",
        "model.trees[0].rows[0]: 8 rows are not the 3 and 4 of both children, each at least 1",
    );
    edited(
        "\"rows\": \"7 3 4\"",
        "\"rows\": \"7 7 0\"",
        "model.trees[0].rows[0]: 7 rows are not the 7 and 0 of both children, each at least 1",
    );
    edited(
        "\"value\": \"0 -0.3 0.7\"",
        "\"value\": \"0 -0.3 NaN\"",
        "model.trees[0].value[2]: NaN is not finite",
    );
    edited(
        "\"value\": \"0 -0.3 0.7\"",
        "\"value\": \"0 -1e308 1e308\"",
        "model.trees: the values of the nodes add up to more than a number can hold",
    );
    edited(
        "\"feature\": \"0 0 0\"",
        "\"feature\": \"1 0 0\"",
        "model.trees[0].feature[0]: there are 1 features, counted from 0, and no feature 1",
    );
    edited(
        "\"left\": \"0 2\"",
        "\"left\": \"0 2 3\"",
        "model.trees[0].categories[0]: feature 0 has 3 categories, counted from 0, and no category 3",
    );
    edited(
        "\"left\": \"0 2\"",
        "\"left\": \"0 1 2\"",
        "model.trees[0].categories[0]: category 1 is on both sides",
    );
    edited(
        "\"left\": \"0 2\"",
        "\"left\": \"0 65536\"",
        "model.trees[0].categories[0].left[1]: \"65536\" is not a whole number from 0 to 65535",
    );
    edited(
        "\"node\": 0",
        "\"node\": 3",
        "model.trees[0].categories[0].node: 3 is no later node of the 3 there are",
    );
    edited(
        "\"node\": 0",
        "\"node\": 1",
        "model.trees[0].categories[0]: node 1 is a leaf",
    );
    edited(
        "\"missing_left\": \"0 0 0\"",
        "\"missing_left\": \"0 0 2\"",
        "model.trees[0].missing_left[2]: \"2\" is not 0 or 1",
    );
}

#[test]
fn nearly_every_cut_is_refused() {
    let text = SavedModel::new(by_categories(), contract())
        .unwrap()
        .to_json();
    // The last byte is a line break.
    for end in 0..text.len() - 1 {
        assert!(SavedModel::from_json(&text[..end]).is_err(), "cut at {end}");
    }
}

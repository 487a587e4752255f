//! Trees as people read them: of the rules of a saved tree every row meets exactly one as it is
//! printed, the one of its leaf, whatever it lacks and whichever category it has.

use std::path::Path;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};
use regulars_models::classifiers::Classifier;
use regulars_models::format::{Feature, FeatureKind, Model, SavedModel};
use regulars_models::random::draw;
use regulars_models::tree::{Condition, DecisionTree, RegressionTree};

/// A value as a person who holds a printed rule against a row sees it.
enum Seen<'a> {
    Missing,
    Number(f32),
    /// A category by its name; one that the file does not name is called something else.
    Category(&'a str),
}

fn seen(feature: &Feature, value: f32) -> Seen<'_> {
    match &feature.kind {
        _ if value.is_nan() => Seen::Missing,
        FeatureKind::Numeric => Seen::Number(value),
        FeatureKind::Categorical(names) => Seen::Category(
            names
                .get(value as usize)
                .map_or("something else", String::as_str),
        ),
    }
}

/// Whether a printed rule is met, by nothing but its text.
fn meets(rule: &str, features: &[Feature], row: &[f32]) -> bool {
    rule == "all rows"
        || rule.split(" and ").all(|condition| {
            let condition = condition.trim_start_matches('(').trim_end_matches(')');
            let words: Vec<&str> = condition.split(' ').collect();
            let named = |feature: &&Feature| words.contains(&feature.name.as_str());
            let feature = features.iter().find(named).expect("a feature is named");
            let place = features.iter().position(|other| other == feature).unwrap();
            holds(condition, feature, &seen(feature, row[place]))
        })
}

fn holds(condition: &str, feature: &Feature, value: &Seen<'_>) -> bool {
    let name = &feature.name;
    let (bare, unknown) = match condition.strip_suffix(" or unknown") {
        Some(bare) => (bare, true),
        None => (condition, false),
    };
    let (bare, missing) = match bare.strip_suffix(" or missing") {
        Some(bare) => (bare, true),
        None => (bare, false),
    };
    let number = |text: &str| -> f32 { text.parse().expect("a number") };
    match value {
        Seen::Missing => {
            unknown
                || missing
                || bare == format!("{name} is missing")
                || bare == format!("{name} is unknown")
        }
        Seen::Number(value) => {
            if let Some(above) = bare.strip_prefix(&format!("{name} > ")) {
                *value > number(above)
            } else if let Some(at_most) = bare.strip_prefix(&format!("{name} <= ")) {
                *value <= number(at_most)
            } else if let Some((above, at_most)) = bare.split_once(&format!(" < {name} <= ")) {
                *value > number(above) && *value <= number(at_most)
            } else {
                bare == format!("{name} is not missing")
            }
        }
        Seen::Category(value) => {
            let among = |list: &str| {
                list.trim_matches(['{', '}'])
                    .split(", ")
                    .any(|c| c == *value)
            };
            let known = feature.categories().iter().any(|known| known == value);
            if let Some(one) = bare.strip_prefix(&format!("{name} = ")) {
                *value == one || unknown && !known
            } else if let Some(some) = bare.strip_prefix(&format!("{name} in ")) {
                among(some) || unknown && !known
            } else if let Some(others) = bare.strip_prefix(&format!("{name} not in ")) {
                !among(others)
            } else if bare == format!("{name} is known") {
                known
            } else if bare == format!("{name} is unknown") {
                !known
            } else {
                let other = bare
                    .strip_prefix(&format!("{name} is not "))
                    .expect("a test");
                *value != other
            }
        }
    }
}

/// Printed numbers are rounded: a value as near to a threshold as that is left alone.
fn near(value: f32, conditions: &[Condition], feature: usize) -> bool {
    let bounds = conditions.iter().filter(|c| c.feature == feature);
    bounds
        .flat_map(|c| [c.above, c.at_most])
        .flatten()
        .any(|bound| (value - bound).abs() <= 1e-3 * bound.abs())
}

/// Rows of all sorts: within the training data and beyond, missing, of categories never met.
fn rows(features: &[Feature]) -> Array2<f32> {
    Array2::from_shape_fn((3_000, features.len()), |(row, column)| {
        let drawn = draw(7 + column as u64, row as u64);
        match &features[column].kind {
            _ if drawn.is_multiple_of(5) => f32::NAN,
            FeatureKind::Numeric => (drawn / 5 % 400_000) as f32 / 1_000.0 - 50.0,
            FeatureKind::Categorical(names) => (drawn / 5 % (names.len() as u64 + 3)) as f32,
        }
    })
}

#[test]
fn every_row_meets_exactly_one_printed_rule_of_every_saved_tree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/model-files");
    let mut trees = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let saved = SavedModel::from_json(&std::fs::read_to_string(&path).unwrap()).unwrap();
        trees += u32::from(each_row_meets_one(&saved, &path.display().to_string()));
    }
    assert!(trees >= 2, "{trees} saved trees");
}

/// Whether a model is a tree; of one that is, that every row meets the rule of its leaf and no other.
fn each_row_meets_one(saved: &SavedModel, name: &str) -> bool {
    let features = saved.features();
    let x = rows(features);
    // For each leaf, in their order, its text and its conditions; and the leaf of each row.
    let (rules, leaves): (Vec<(String, Vec<Condition>)>, _) = match saved.model() {
        Model::Classifier(Classifier::Tree(tree)) => {
            let rules = tree.rules().into_iter();
            let rules = rules.map(|rule| (rule.to_text(features), rule.conditions));
            (rules.collect(), tree.leaf_numbers(x.view()))
        }
        Model::RegressionTree(tree) => {
            let rules = tree.rules().into_iter();
            let rules = rules.map(|rule| (rule.to_text(features), rule.conditions));
            (rules.collect(), tree.leaf_numbers(x.view()))
        }
        _ => return false,
    };
    let mut looked_at = 0;
    for (row, leaf) in x.rows().into_iter().zip(&leaves) {
        let row = row.to_vec();
        let rounded = |(_, conditions): &(String, Vec<Condition>)| {
            (0..row.len()).any(|feature| near(row[feature], conditions, feature))
        };
        if rules.iter().any(rounded) {
            continue;
        }
        looked_at += 1;
        let met: Vec<usize> = (1..=rules.len())
            .filter(|leaf| meets(&rules[leaf - 1].0, features, &row))
            .collect();
        assert_eq!(met, [*leaf], "{row:?} in {name}: {rules:?}");
    }
    assert!(looked_at > 2_000, "{looked_at} rows");
    true
}

/// Trees on plans and regions that nobody lacked in training, of all sorts and sizes: what is unknown
/// has a leaf where it would share one with a single category, and the files hold it.
#[test]
fn every_row_meets_exactly_one_printed_rule_where_nobody_was_unknown_in_training() {
    let mut apart = 0;
    for seed in 0..30 {
        let plans = ["A", "B", "C", "D", "E"]
            .into_iter()
            .take(2 + seed as usize % 4);
        let features = [
            Feature::categorical("plan", plans),
            Feature::categorical("region", ["N", "S"]),
            Feature::numeric("usage"),
        ];
        let rows = 300 + 40 * seed as usize;
        // A fifth lacks a region in every third history, so that its way is learned.
        let value = |row: usize, column: usize| {
            let drawn = draw(100 + 7 * seed + column as u64, row as u64);
            match column {
                0 => (drawn % (2 + seed % 4)) as f32,
                1 if seed % 3 == 0 && drawn.is_multiple_of(5) => f32::NAN,
                1 => (drawn / 5 % 2) as f32,
                _ => (drawn % 1_000) as f32 / 10.0,
            }
        };
        let x = Array2::from_shape_fn((rows, 3), |(row, column)| value(row, column));
        let risk = |row: usize| {
            let region = if x[[row, 1]] == 1.0 { 20.0 } else { 0.0 };
            20.0 * x[[row, 0]] + region + x[[row, 2]] / 4.0
        };
        let says = |row: usize| draw(900 + seed, row as u64) % 100;
        let left = Array1::from_shape_fn(rows, |row| (says(row) as f32) < risk(row));
        let spent = Array1::from_shape_fn(rows, |row| risk(row) + says(row) as f32 / 20.0);
        let tree = DecisionTree::params().categorical(vec![0, 1]);
        let tree = tree.min_rows_per_leaf(15).max_leaves(12);
        let tree = tree.fit(&Dataset::new(x.clone(), left)).unwrap();
        let means = RegressionTree::params().categorical(vec![0, 1]);
        let means = means.min_rows_per_leaf(15).max_leaves(12);
        let means = means.fit(&Dataset::new(x.clone(), spent)).unwrap();
        let nobodys = |rows: usize, text: String| {
            assert!(rows > 0 || text.contains("unknown"), "{text}");
            // No leaf takes what is unknown for one category that it does not know to be missing.
            let alone = text.contains(" or unknown") && !text.contains('{');
            assert!(
                !alone || text.contains("is not ") || seed % 3 == 0,
                "{text}"
            );
            usize::from(rows == 0)
        };
        let of_tree = tree.rules();
        apart += (of_tree.iter())
            .map(|rule| nobodys(rule.rows, rule.to_text(&features)))
            .sum::<usize>();
        assert_eq!(of_tree.iter().map(|rule| rule.rows).sum::<usize>(), rows);
        apart += (means.rules().iter())
            .map(|rule| nobodys(rule.rows, rule.to_text(&features)))
            .sum::<usize>();
        for model in [Model::from(tree), Model::from(means)] {
            let saved = SavedModel::new(model, features.to_vec()).unwrap();
            let text = saved.to_json();
            let again = SavedModel::from_json(&text).unwrap();
            assert_eq!(again.to_json(), text);
            assert!(each_row_meets_one(&again, "a tree"));
        }
    }
    assert!(apart > 30, "{apart} leaves of what is unknown");
}

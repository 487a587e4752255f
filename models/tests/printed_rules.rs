//! Trees as people read them: of the rules of a saved tree every row meets exactly one as it is
//! printed, the one of its leaf, whatever it lacks and whichever category it has.

use std::path::Path;

use ndarray::Array2;
use regulars_models::classifiers::Classifier;
use regulars_models::format::{Feature, FeatureKind, Model, SavedModel};
use regulars_models::random::draw;
use regulars_models::tree::Condition;

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
            _ => continue,
        };
        trees += 1;
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
            assert_eq!(met, [*leaf], "{row:?} in {}: {rules:?}", path.display());
        }
        assert!(looked_at > 2_000, "{looked_at} rows");
    }
    assert!(trees >= 2, "{trees} saved trees");
}

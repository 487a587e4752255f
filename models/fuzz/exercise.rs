//! What is done with a text that may be a file of a model or of segments: read, and used in every way if it could be. Taken in by
//! the fuzz targets and by `tests/model_files.rs`.

use std::path::Path;

use ndarray::Array2;
use regulars_models::classifiers::Classifier;
use regulars_models::format::{Model, SavedModel, SavedSegmenter};

/// Names and texts of the saved models that are kept.
pub fn saved_models() -> Vec<(String, String)> {
    kept("model-files")
}

/// Names and texts of the saved segments that are kept.
pub fn saved_segmenters() -> Vec<(String, String)> {
    kept("segmenter-files")
}

fn kept(files: &str) -> Vec<(String, String)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let fixtures = if fixtures.is_dir() {
        fixtures
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
    };
    let mut files: Vec<(String, String)> = std::fs::read_dir(fixtures.join(files))
        .expect("the folder of saved files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read_to_string(path).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

/// Values that a feature may have, and some that it should not.
const VALUES: [f32; 16] = [
    0.0,
    f32::NAN,
    1.0,
    -0.0,
    2.0,
    f32::INFINITY,
    0.5,
    f32::NEG_INFINITY,
    65_535.0,
    f32::MAX,
    3.0,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-45,
    65_536.0,
    -1.0,
];

/// Whether the text is a file of ours. What is read must come back, and be usable whatever it says.
pub fn exercise(text: &str) -> bool {
    exercise_segmenter(text) || exercise_model(text)
}

fn exercise_segmenter(text: &str) -> bool {
    let Ok(saved) = SavedSegmenter::from_json(text) else {
        return false;
    };
    let written = saved.to_json();
    let again = SavedSegmenter::from_json(&written).expect("what was written is read");
    assert_eq!(again.to_json(), written, "what was read comes back");
    let values = VALUES.map(|value| match value.is_infinite() {
        true => f64::MIN,
        false => f64::from(value),
    });
    let x = Array2::from_shape_fn((values.len(), saved.inputs().len()), |(row, column)| {
        values[(row + 3 * column) % values.len()]
    });
    let found = saved.assign(x.view()).expect("no infinity");
    for (label, distance) in found.labels.iter().zip(&found.distances) {
        assert!(*label < saved.names().len() && distance.is_finite());
    }
    true
}

fn exercise_model(text: &str) -> bool {
    let Ok(saved) = SavedModel::from_json(text) else {
        return false;
    };
    let written = saved.to_json();
    let again = SavedModel::from_json(&written).expect("what was written is read");
    assert_eq!(again.to_json(), written, "what was read comes back");
    let names: Vec<&str> = saved.features().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(saved.column_order(&names), Ok((0..names.len()).collect()));
    let x = Array2::from_shape_fn((2 * VALUES.len(), names.len()), |(row, column)| {
        VALUES[(row + column * (1 + row / VALUES.len())) % VALUES.len()]
    });
    for p in saved.predict_probability(x.view()).iter().flatten() {
        assert!((0.0..=1.0).contains(p), "{p} is no probability");
    }
    let says = saved.model().predict(x.view());
    assert_eq!(says.nrows(), x.nrows());
    assert!(
        !says.iter().any(|value| value.is_nan()),
        "{}",
        saved.model().kind()
    );
    match saved.model() {
        Model::Classifier(model) => {
            let contributions = model.contributions(x.view());
            assert!(contributions.iter().flatten().all(|part| part.is_finite()));
            assert!(model.importance().is_none_or(|i| i.len() == names.len()));
            if let Classifier::Tree(tree) = model {
                let rules = tree.rules().len();
                let numbers = tree.leaf_numbers(x.view());
                assert!(numbers.iter().all(|leaf| (1..=rules).contains(leaf)));
                let text = tree.to_text(saved.features(), saved.outcome());
                assert!(text.lines().count() >= rules);
                tree.to_svg(saved.features(), saved.outcome());
                tree.to_dot(saved.features(), saved.outcome());
                if rules <= 100 {
                    tree.pruning_path();
                }
            }
        }
        Model::RegressionTree(tree) => {
            tree.rules();
            tree.to_text(saved.features(), saved.outcome());
            tree.to_svg(saved.features(), saved.outcome());
            tree.to_dot(saved.features(), saved.outcome());
        }
        Model::RegressionForest(model) => {
            model.gain_importance();
        }
        Model::BoostedRegressor(model) => {
            model.contributions(x.view());
        }
        Model::MultiClassBoosting(model) => {
            model.contributions(x.view(), 0);
            for classes in says.rows() {
                assert!((classes.sum() - 1.0).abs() < 1e-9);
            }
        }
        Model::LambdaRank(model) => {
            model.contributions(x.view());
        }
        Model::Uplift(model) => {
            model.learner();
        }
    }
    true
}

const WORDS: [&str; 24] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "-0",
    "NaN",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "3e38",
    "5e-324",
    "255",
    "65535",
    "4294967295",
    "18446744073709551615",
    "9007199254740993",
    "",
    "0 0",
    "null",
    "true",
    "days",
];

/// A text with some of its words replaced: two bytes say which, one by what.
pub fn edit(text: &str, edits: &[u8]) -> String {
    let mut text = text.to_string();
    for edit in edits.chunks_exact(3).take(16) {
        let words: Vec<(usize, &str)> = text
            .match_indices(|c: char| !is_of_word(c))
            .map(|(end, _)| end)
            .scan(0, |start, end| {
                let word = (*start, &text[*start..end]);
                *start = end + text[end..].chars().next().map_or(1, char::len_utf8);
                Some(word)
            })
            .filter(|(_, word)| !word.is_empty())
            .collect();
        let which = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
        if words.is_empty() {
            break;
        }
        let (start, word) = words[which % words.len()];
        // Either a word of ours or one of the text's own.
        let by = match WORDS.get(usize::from(edit[2] % 32)) {
            Some(by) => by,
            None => words[(which + usize::from(edit[2])) % words.len()].1,
        };
        text = format!("{}{by}{}", &text[..start], &text[start + word.len()..]);
    }
    text
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')
}

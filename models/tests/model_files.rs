//! Saved models that are kept: files of every version are read, and say what they said when they were written;
//! edited ones are refused or can be used; Python reads them too.

#[path = "../fuzz/exercise.rs"]
mod exercise;

use std::path::{Path, PathBuf};
use std::process::Command;

use linfa::prelude::*;
use linfa::{Dataset, DatasetBase};
use ndarray::{Array1, Array2, Axis, Ix1};
use proptest::prelude::*;
use regulars_models::calibration::{Isotonic, Platt};
use regulars_models::classifiers::{
    Classifier, Ensemble, LinfaForest, Neighbours, Network, ProbabilityModel, Recipe,
};
use regulars_models::clustering::{self, KMeansSegmenter};
use regulars_models::format::{Calibration, Feature, Model, SavedModel, SavedSegmenter};
use regulars_models::tree::{
    BoostedRegressor, DecisionTree, GradientBoosting, Judgement, LambdaRank, MultiClassBoosting,
    RandomForest, RegressionForest, RegressionLoss, RegressionTree,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/model-files")
}

fn segmenters() -> PathBuf {
    folder().with_file_name("segmenter-files")
}

/// Customers without an outcome: the same table in double precision, without infinities.
fn behaviours() -> Array2<f64> {
    customers().records().mapv(f64::from)
}

/// The segments that some customers are put into, and how far they are from their middle.
fn takes(saved: &SavedSegmenter) -> String {
    let x = behaviours().slice_axis(Axis(0), (..24).into()).to_owned();
    let found = saved.segmenter().assign(x.view()).unwrap();
    let labels = numbers(found.labels);
    format!(
        "segments {labels}\ndistances {}\n",
        numbers(found.distances)
    )
}

/// Numbers as files hold them: text, with spaces between.
fn numbers<N: std::fmt::Debug>(numbers: impl IntoIterator<Item = N>) -> String {
    let texts: Vec<String> = numbers.into_iter().map(|n| format!("{n:?}")).collect();
    texts.join(" ")
}

/// What a model says of rows: the text that is kept beside it.
fn says(saved: &SavedModel, x: &Array2<f32>) -> String {
    let mut text = format!("columns {}\nrows {}\n", x.ncols(), numbers(x));
    let says = match saved.predict_probability(x.view()) {
        Some(p) => p.insert_axis(Axis(1)),
        None => saved.model().predict(x.view()),
    };
    text += &format!("says {}\n", numbers(says));
    let scores = match saved.model() {
        Model::Classifier(Classifier::Boosting(model)) => model.predict_score(x.view()),
        Model::BoostedRegressor(model) => model.predict_score(x.view()),
        Model::LambdaRank(model) => model.predict_score(x.view()),
        _ => return text,
    };
    text += &format!("scores {}\n", numbers(scores));
    text
}

/// The rows of a kept text.
fn rows(text: &str) -> Array2<f32> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a field").trim().to_string()
    };
    let columns = field("columns ").parse().expect("a number");
    let values: Vec<f32> = field("rows ")
        .split(' ')
        .map(|value| value.parse().expect("a number"))
        .collect();
    Array2::from_shape_vec((values.len() / columns, columns), values).expect("whole rows")
}

#[test]
fn kept_files_are_read_and_say_what_they_said() {
    let files = exercise::saved_models();
    assert!(files.len() >= 19, "{} files", files.len());
    for (name, text) in files {
        let saved = SavedModel::from_json(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let said = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        assert_eq!(says(&saved, &rows(&said)), said, "{name}");
        // Files of this version are written again with the same bytes.
        assert_eq!(saved.to_json(), text, "{name}");
        assert!(exercise::exercise(&text), "{name}");
    }
}

#[test]
fn kept_segments_take_the_customers_that_they_took() {
    let files = exercise::saved_segmenters();
    assert!(!files.is_empty());
    for (name, text) in files {
        let saved =
            SavedSegmenter::from_json(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let took = std::fs::read_to_string(segmenters().join(format!("{name}.txt"))).unwrap();
        assert_eq!(takes(&saved), took, "{name}");
        assert_eq!(saved.to_json(), text, "{name}");
        assert!(exercise::exercise(&text), "{name}");
    }
}

#[test]
fn python_reads_them_too() {
    let python = std::env::var("REGULARS_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_model.py");
    let numpy = Command::new(&python).args(["-c", "import numpy"]).output();
    if !numpy.is_ok_and(|run| run.status.success()) {
        println!("left out: no {python} with numpy; REGULARS_PYTHON names another");
        return;
    }
    let run = Command::new(python)
        .arg(script)
        .arg(folder())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{out}{err}");
    assert!(out.contains("gradient-boosting: the same bits"), "{out}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// The fuzz target `edits` in small.
    #[test]
    fn edited_files_are_refused_or_can_be_used(
        which in any::<usize>(),
        edits in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut files = exercise::saved_models();
        files.extend(exercise::saved_segmenters());
        let text = &files[which % files.len()].1;
        exercise::exercise(&exercise::edit(text, &edits));
    }

    #[test]
    fn any_value_of_single_precision_is_scored(bits in proptest::collection::vec(any::<u32>(), 4 * 8)) {
        for (name, text) in exercise::saved_models() {
            let saved = SavedModel::from_json(&text).unwrap();
            let columns = saved.features().len();
            let x = Array2::from_shape_fn((8, columns), |(row, column)| {
                f32::from_bits(bits[(row * columns + column) % bits.len()])
            });
            for p in saved.predict_probability(x.view()).iter().flatten() {
                prop_assert!((0.0..=1.0).contains(p), "{} says {}", name, p);
            }
            let finite = saved.model().predict(x.view()).iter().all(|says| says.is_finite());
            prop_assert!(finite, "{}", name);
        }
    }
}

/// Column 0 decides, some of it missing; column 1 is noise, column 2 a category, column 3 wide.
fn customers() -> Dataset<f32, bool, Ix1> {
    let draw = |row: usize, salt: usize| (row * 7919 + salt * 104_729) % 1009;
    let x = Array2::from_shape_fn((600, 4), |(row, column)| match column {
        0 if row % 17 == 3 => f32::NAN,
        0 => draw(row, 1) as f32 / 7.0,
        1 => (draw(row, 2) % 50) as f32,
        2 => (draw(row, 5) % 3) as f32,
        _ => draw(row, 4) as f32 * 1e20,
    });
    let y = Array1::from_shape_fn(600, |row| {
        let value = if x[[row, 0]].is_nan() {
            70.0
        } else {
            x[[row, 0]]
        };
        value + 20.0 * x[[row, 2]] + (draw(row, 3) % 60) as f32 > 120.0
    });
    Dataset::new(x, y)
}

/// Saves one model of each kind that has no file yet:
/// `cargo test --release -p regulars-models --test model_files -- --ignored`. Files that are there stay:
/// they are what earlier versions wrote.
#[test]
#[ignore = "writes files"]
fn save_models_to_be_kept() {
    let data = customers();
    let features = || {
        vec![
            Feature::numeric("days"),
            Feature::numeric("visits"),
            Feature::categorical("contract", ["monthly", "one year", "two years"]),
            Feature::numeric("spend"),
        ]
    };
    let mut odd = data.records().slice_axis(Axis(0), (..24).into()).to_owned();
    for (i, value) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-45]
        .into_iter()
        .enumerate()
    {
        odd[[i, i % 4]] = value;
    }
    let save = |name: &str, model: Model, calibration: Option<Calibration>| {
        let name = format!("1-{name}");
        let path = folder().join(format!("{name}.json"));
        if path.exists() {
            return;
        }
        let mut saved = SavedModel::new(model, features()).unwrap();
        saved = saved.with_outcome("churned").with_fact("rows", 600);
        if let Some(calibration) = calibration {
            saved = saved.with_calibration(calibration).unwrap();
        }
        std::fs::write(path, saved.to_json()).unwrap();
        std::fs::write(folder().join(format!("{name}.txt")), says(&saved, &odd)).unwrap();
    };

    // Small ones, for the repository.
    let labels = data.targets();
    let recipes = [
        Recipe::Boosting(
            GradientBoosting::params()
                .n_trees(8)
                .max_leaves(5)
                .feature_fraction(0.7),
        ),
        Recipe::Tree(DecisionTree::params().max_leaves(6).min_rows_per_leaf(10)),
        Recipe::Forest(RandomForest::params().n_trees(3).max_leaves(Some(6))),
        Recipe::ExtraTrees(RandomForest::extra_trees().n_trees(3).max_leaves(Some(6))),
        Recipe::Neighbours(Neighbours::params().max_rows(60)),
        Recipe::Network(Network::params().hidden(vec![5])),
        Recipe::LinfaForest(LinfaForest::params().trees(3)),
        Recipe::Ensemble(Ensemble::params().members(vec![
            Recipe::from_name("elastic-net").unwrap(),
            Recipe::Boosting(GradientBoosting::params().n_trees(4).max_leaves(4)),
            Recipe::ExtraTrees(RandomForest::extra_trees().n_trees(2).max_leaves(Some(4))),
        ])),
    ];
    let named = |recipe: &Recipe| {
        recipes
            .iter()
            .find(|own| own.name() == recipe.name())
            .cloned()
    };
    for recipe in Recipe::all() {
        let recipe = named(&recipe).unwrap_or(recipe).with_categorical(&[2]);
        let fitted = recipe
            .fit(data.records().view(), &labels.to_vec(), None, None)
            .unwrap();
        let p = fitted.predict_probability(data.records().view());
        let calibration = match fitted {
            Classifier::Logistic(_) => Some(Platt::fit(labels.view(), p.view()).unwrap().into()),
            Classifier::Tree(_) => Some(Isotonic::fit(labels.view(), p.view()).unwrap().into()),
            _ => None,
        };
        let model = Model::from(fitted);
        save(model.kind(), model, calibration);
    }
    let x = || data.records().clone();
    let amounts = Dataset::new(x(), Array1::from_shape_fn(600, |row| (row % 7) as f32));
    let boosted = BoostedRegressor::params().n_trees(4).categorical(vec![2]);
    let squared = boosted.clone().fit(&amounts).unwrap();
    save("boosted-regressor", squared.into(), None);
    let pinball = boosted
        .loss(RegressionLoss::Pinball { quantile: 0.9 })
        .fit(&amounts)
        .unwrap();
    save("boosted-regressor-pinball", pinball.into(), None);
    let classes = Dataset::new(x(), Array1::from_shape_fn(600, |row| row % 3));
    let classes = MultiClassBoosting::params()
        .n_trees(2)
        .categorical(vec![2])
        .fit(&classes)
        .unwrap();
    save("multi-class-boosting", classes.into(), None);
    let judgements = Array1::from_shape_fn(600, |row| Judgement {
        query: row as u64 / 10,
        relevance: (row % 3) as f32,
    });
    let ranks = LambdaRank::params()
        .n_trees(3)
        .fit(&Dataset::new(x(), judgements))
        .unwrap();
    save("lambda-rank", ranks.into(), None);
    let tree = RegressionTree::params()
        .max_leaves(5)
        .categorical(vec![2])
        .fit(&amounts)
        .unwrap();
    save("regression-tree", tree.into(), None);
    let forest = RegressionForest::params()
        .n_trees(2)
        .max_leaves(Some(5))
        .categorical(vec![2]);
    save(
        "regression-forest",
        forest.fit(&amounts).unwrap().into(),
        None,
    );
    save_segments();
}

fn save_segments() {
    let path = segmenters().join("1-k-means.json");
    if path.exists() {
        return;
    }
    let kinds = [true, true, false, true].map(|log| match log {
        true => clustering::Feature::log(),
        false => clustering::Feature::default().weight(0.5),
    });
    let fitted = KMeansSegmenter::params(kinds.to_vec())
        .clusters(3..=3)
        .fit(&DatasetBase::from(behaviours()))
        .unwrap();
    let names = ["Long gone", "Frequent", "Typical customers"];
    let columns = ["days", "visits", "contract", "spend"];
    let saved = SavedSegmenter::new(&fitted, &columns, &names).unwrap();
    std::fs::create_dir_all(segmenters()).unwrap();
    std::fs::write(&path, saved.to_json()).unwrap();
    std::fs::write(path.with_extension("txt"), takes(&saved)).unwrap();
}

//! Exported models say what the models say: SQL in DuckDB, ONNX in onnxruntime.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use ndarray::{Array1, Array2};
use regulars_models::calibration::{Isotonic, Platt, log_odds};
use regulars_models::classifiers::{Ensemble, Recipe, SingleFeature};
use regulars_models::export::{Dialect, ExportError, Table, to_onnx, to_sql};
use regulars_models::format::{Calibration, Feature, SavedModel};
use regulars_models::random;
use regulars_models::tree::{GradientBoosting, RandomForest, RandomForestParams};

const CONTRACTS: [&str; 5] = ["monthly", "it's \"two\" years", "none", "Jahr; --", "rare"];
const TABLE: Table<'static> = Table {
    name: "features",
    id: "customer_id",
    probability: "churn_probability",
};

fn features() -> Vec<Feature> {
    vec![
        Feature::numeric("recency days"),
        Feature::numeric("spend"),
        Feature::numeric("constant"),
        Feature::categorical("contract", CONTRACTS),
        Feature::categorical("place", ["a", "b", "c"]),
    ]
}

fn unit(row: usize, column: u64) -> f64 {
    (random::draw(7 + column, row as u64) >> 11) as f64 / (1u64 << 53) as f64
}

/// Rows in double precision, a category by its number, NaN for missing values.
fn rows(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 5), |(row, column)| {
        let missing = unit(row, 10 + column as u64) < 0.07;
        match column {
            2 => 3.5,
            _ if missing => f64::NAN,
            0 => (unit(row, 0) * 200.0).floor() / 2.0,
            1 => (unit(row, 1) * 9.0 - 4.5).exp() - 1.0,
            3 => (unit(row, 3) * 4.1).floor(),
            _ => (unit(row, 4) * 3.0).floor(),
        }
    })
}

fn labels(x: &Array2<f64>) -> Vec<bool> {
    let label = |row: usize| {
        let of = |column: usize, missing: f64| match x[[row, column]] {
            value if value.is_nan() => missing,
            value => value,
        };
        let risk = of(0, 30.0) / 25.0 - of(1, 0.0).max(0.0).ln_1p() - 1.0;
        let risk = risk + if of(3, 1.0) == 1.0 { 1.5 } else { 0.0 } - of(4, 3.0) / 3.0;
        unit(row, 99) < 1.0 / (1.0 + (-risk).exp())
    };
    (0..x.nrows()).map(label).collect()
}

/// Rows that ask more: beside those like the training rows what lies on a threshold, at it as a double
/// sees it, and beyond all numbers of single precision.
fn asked() -> Array2<f64> {
    let mut x = rows(1_500);
    for row in 0..x.nrows() {
        match row % 12 {
            0 => x[[row, 1]] = f64::INFINITY,
            1 => x[[row, 1]] = f64::NEG_INFINITY,
            2 => x[[row, 0]] += 1e-9,
            3 => x[[row, 0]] = f64::from((x[[row, 0]] as f32).next_up()),
            4 => x[[row, 1]] = 1e300,
            5 => x[[row, 1]] = 1e-60,
            6 => x[[row, 1]] = -1e39,
            // A category that no table of the training had.
            7 => x[[row, 3]] = f64::NAN,
            // One that is known, and was not met in training.
            8 => x[[row, 3]] = 4.0,
            _ => {}
        }
    }
    x
}

fn forest(params: RandomForestParams) -> RandomForestParams {
    params.n_trees(28).min_rows_per_leaf(25)
}

fn models() -> Vec<(String, SavedModel)> {
    let x = rows(2_000).mapv(|value| value as f32);
    let labels = labels(&rows(2_000));
    let mut models = Vec::new();
    for name in [
        "tree",
        "boosting",
        "forest",
        "extra-trees",
        "elastic-net",
        "logistic",
        "single-feature",
        "ensemble",
    ] {
        for categorical in [&[3, 4][..], &[]] {
            // Trees enough for a second sum of twenty-five: DuckDB plans hundreds for minutes.
            let recipe = match name {
                "single-feature" => Recipe::SingleFeature(SingleFeature::params(1)),
                "boosting" => Recipe::Boosting(GradientBoosting::params().n_trees(30)),
                "forest" => Recipe::Forest(forest(RandomForest::params())),
                "extra-trees" => Recipe::ExtraTrees(forest(RandomForest::extra_trees())),
                // Two linear models: each fills missing values in its own way.
                "ensemble" => Recipe::Ensemble(Ensemble::params().members(vec![
                    Recipe::from_name("elastic-net").unwrap(),
                    Recipe::Boosting(GradientBoosting::params().n_trees(10)),
                    Recipe::ExtraTrees(forest(RandomForest::extra_trees()).n_trees(8)),
                    Recipe::from_name("tree").unwrap(),
                    Recipe::from_name("logistic").unwrap(),
                ])),
                name => Recipe::from_name(name).unwrap(),
            };
            let recipe = recipe.with_seed(3).with_categorical(categorical);
            let model = recipe.fit(x.view(), &labels, None, None).unwrap();
            let saved = SavedModel::new(model, features()).unwrap();
            models.push((format!("{name}-{}", categorical.len()), saved));
        }
    }
    calibrated(&mut models, &x, &labels);
    models
}

/// The same with calibrations.
fn calibrated(models: &mut Vec<(String, SavedModel)>, x: &Array2<f32>, labels: &[bool]) {
    let labels = Array1::from(labels.to_vec());
    for place in [0, 2, 8, models.len() - 2] {
        let (name, saved) = models[place].clone();
        let p = saved.predict_probability(x.view()).unwrap();
        let platt = Platt::fit(labels.view(), p.view()).unwrap();
        let odds = Platt::fit(labels.view(), p.mapv(log_odds).view()).unwrap();
        let isotonic = Isotonic::fit(labels.view(), p.view()).unwrap();
        let calibrations: [(&str, Calibration); 3] = [
            ("platt", Calibration::Platt(platt)),
            ("odds", Calibration::PlattOfLogOdds(odds)),
            ("isotonic", Calibration::Isotonic(isotonic)),
        ];
        for (how, calibration) in calibrations {
            let saved = saved.clone().with_calibration(calibration).unwrap();
            models.push((format!("{name}-{how}"), saved));
        }
    }
}

/// The rows as a table with texts.
fn table(x: &Array2<f64>) -> String {
    let features = features();
    let mut text = "customer_id\t".to_owned();
    let names: Vec<&str> = features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    text += &names.join("\t");
    for (row, values) in x.rows().into_iter().enumerate() {
        let _ = write!(text, "\n{row}");
        for (value, feature) in values.iter().zip(&features) {
            let category = feature.categories().get(*value as usize);
            let _ = match (category, value.is_nan()) {
                (_, true) if row % 12 == 7 && !feature.categories().is_empty() => {
                    write!(text, "\tnever seen")
                }
                (_, true) => write!(text, "\t"),
                (Some(name), _) => write!(text, "\t{name}"),
                (None, _) => write!(text, "\t{value:e}"),
            };
        }
    }
    text + "\n"
}

#[test]
fn duckdb_and_onnxruntime_say_what_the_model_says() {
    let python = std::env::var("REGULARS_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let there = Command::new(&python)
        .args(["-c", "import duckdb, numpy, onnxruntime"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        println!(
            "left out: no {python} with duckdb and onnxruntime; REGULARS_PYTHON names another"
        );
        return;
    }
    let folder = std::env::temp_dir().join(format!("regulars-exports-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let asked = asked();
    fs::write(folder.join("rows.tsv"), table(&asked)).unwrap();
    let x = asked.mapv(|value| value as f32);
    let models = models();
    for (name, saved) in &models {
        let place = |what: &str| folder.join(format!("{name}.{what}"));
        let sql = to_sql(saved, Dialect::DuckDb, &TABLE).unwrap();
        fs::write(place("sql"), sql).unwrap();
        fs::write(place("onnx"), to_onnx(saved, TABLE.probability).unwrap()).unwrap();
        let p = saved.predict_probability(x.view()).unwrap();
        let lines: Vec<String> = p.iter().map(|p| format!("{p:e}")).collect();
        fs::write(place("want"), lines.join("\n")).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_exports.py");
    let run = Command::new(python)
        .arg(script)
        .arg(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{said}{wrong}");
    assert!(said.contains(&format!("{} models", models.len())), "{said}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_written_is_said() {
    let x = rows(400).mapv(|value| value as f32);
    let labels = labels(&rows(400));
    let fit = |name: &str, features: Vec<Feature>| {
        let recipe = Recipe::from_name(name).unwrap();
        let model = recipe.fit(x.view(), &labels, None, None).unwrap();
        SavedModel::new(model, features).unwrap()
    };
    let network = fit("neighbours", features());
    let refused = to_sql(&network, Dialect::Ansi, &TABLE).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("nearest neighbours cannot be exported")
    );
    assert_eq!(to_onnx(&network, "p"), Err(refused));
    let of_bayes = Recipe::Ensemble(Ensemble::params().members(vec![
        Recipe::from_name("tree").unwrap(),
        Recipe::from_name("naive-bayes").unwrap(),
    ]));
    let ensemble = of_bayes.fit(x.view(), &labels, None, None).unwrap();
    let ensemble = SavedModel::new(ensemble, features()).unwrap();
    let refused = to_sql(&ensemble, Dialect::Ansi, &TABLE).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("naive Bayes cannot be exported")
    );
    assert_eq!(to_onnx(&ensemble, "p"), Err(refused));
    let mut nameless = features();
    nameless[3] = Feature::categorical("contract", Vec::<String>::new());
    let refused = to_onnx(&fit("tree", nameless), "p").unwrap_err();
    let feature = "contract".to_owned();
    assert_eq!(refused, ExportError::Nameless { feature });
    let mut ids = features();
    ids[1] = Feature::numeric("customer_id");
    let refused = to_sql(&fit("tree", ids), Dialect::Ansi, &TABLE).unwrap_err();
    let name = "customer_id".to_owned();
    assert_eq!(refused, ExportError::Name { name });
}

//! Kept models: learned and stored, used again without learning, compared, promoted, and taken back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, shop};

/// Eight months of a shop, a third of whose customers stop coming.
const DAYS: u32 = 240;

/// Two models that run quickly.
const QUICK: &str = "[churn]\nmodels = [\"single-feature\", \"elastic-net\"]\n";
/// One that looks at nothing but how long ago somebody came.
const WEAK: &str = "[churn]\nmodels = [\"single-feature\"]\n";

fn settings(more: &str) -> String {
    format!("{SETTINGS}\n{more}")
}

/// A shop whose history is loaded and whose features are made.
fn ready() -> Sandbox {
    static READY: OnceLock<Sandbox> = OnceLock::new();
    Sandbox::like(READY.get_or_init(|| {
        let sandbox = Sandbox::new()
            .file("lines.csv", shop(240, DAYS))
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", settings(QUICK));
        for stage in ["ingest", "features"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        sandbox
    }))
}

/// The same with a first version that is the champion.
fn with_champion() -> Sandbox {
    static TRAINED: OnceLock<Sandbox> = OnceLock::new();
    Sandbox::like(TRAINED.get_or_init(|| {
        let sandbox = ready();
        sandbox.regulars(&["train", "--quiet"]).ended_with(0);
        promote(&sandbox, &["1"]).ended_with(0);
        sandbox
    }))
}

fn promote(sandbox: &Sandbox, arguments: &[&str]) -> crate::util::Run {
    sandbox.regulars(&[&["models", "promote"], arguments].concat())
}

fn json(sandbox: &Sandbox, name: &str) -> Value {
    serde_json::from_str(&sandbox.read(name)).expect("JSON")
}

const MODELS: &str = "regulars-out/models/churn";

fn of_version(number: u32, name: &str) -> String {
    format!("{MODELS}/{number:04}/{name}")
}

fn scores(sandbox: &Sandbox) -> BTreeMap<String, Vec<String>> {
    columns(&sandbox.read("regulars-out/churn.csv"))
}

/// Names of the folders of versions, and of whatever else is a folder there.
fn folders(sandbox: &Sandbox) -> Vec<String> {
    let found = fs::read_dir(sandbox.path(MODELS)).into_iter().flatten();
    let found = found.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = found
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn train_and_score_give_what_churn_gives() {
    let sandbox = ready();
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let by_churn = ["csv", "parquet"]
        .map(|kind| fs::read(sandbox.path(&format!("regulars-out/churn.{kind}"))).expect("scores"));
    sandbox.regulars(&["train"]).ended_with(0).shows(&[
        "version 1 (",
        "log loss",
        "ROC AUC",
        "regulars models promote 1",
    ]);
    promote(&sandbox, &["1"])
        .ended_with(0)
        .shows(&["version 1 is the champion now"]);
    fs::remove_dir_all(sandbox.path("regulars-out/features")).expect("the features go");
    for file in ["churn.csv", "churn.parquet"] {
        fs::remove_file(sandbox.path(&format!("regulars-out/{file}"))).expect("the scores go");
    }
    sandbox.regulars(&["score", "--threads", "1"]).ended_with(0);
    let by_score = ["csv", "parquet"]
        .map(|kind| fs::read(sandbox.path(&format!("regulars-out/churn.{kind}"))).expect("scores"));
    assert_eq!(by_churn, by_score);
    // The model that is kept is the one that the stage leaves.
    let stage = json(&sandbox, "regulars-out/churn_model.json");
    let kept = json(&sandbox, &of_version(1, "model.json"));
    assert_eq!(stage["model"], kept["model"]);
    assert_eq!(stage["features"], kept["features"]);
    // And its figures are those of the leaderboard.
    let version = json(&sandbox, &of_version(1, "version.json"));
    let found = &sandbox.manifest("regulars-out")["stages"]["churn"]["metrics"]["delivered"];
    for figure in ["log_loss", "roc_auc", "average_precision"] {
        let (a, b) = (&version["quality"][figure]["value"], &found[figure]);
        let difference = a.as_f64().expect("a figure") - b.as_f64().expect("a figure");
        assert!(difference.abs() < 1e-9, "{figure}: {a} and {b}");
    }
    // The scores are those of `score` now, and the rest is still that of `churn`.
    let manifest = sandbox.manifest("regulars-out");
    let by = |path: &str| {
        let files = manifest["files"].as_array().expect("files").iter();
        let stages: Vec<&Value> = files
            .filter(|file| file["path"] == path)
            .map(|file| &file["stage"])
            .collect();
        assert_eq!(stages.len(), 1, "{path}: {stages:?}");
        stages[0].clone()
    };
    assert_eq!(by("churn.csv"), "score");
    assert_eq!(by("churn_models.csv"), "churn");
    sandbox
        .regulars(&["summary"])
        .ended_with(0)
        .shows(&["SCORED BY A KEPT MODEL (version 1, the champion"]);
}

/// Kept, shown, compared, watched and scored as any other model.
#[test]
fn an_ensemble_lives_as_any_other_model() {
    let sandbox = with_champion();
    let of_three = "[churn]\nmodels = [\"single-feature\", \"tree\", \"elastic-net\", \"boosting\", \"ensemble\"]\nchosen = \"ensemble\"\n";
    sandbox.write("regulars.toml", settings(of_three));
    sandbox.regulars(&["churn"]).ended_with(0);
    let by_churn = sandbox.read("regulars-out/churn.csv");
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    let version = json(&sandbox, &of_version(2, "version.json"));
    assert_eq!(version["model"]["name"], "ensemble");
    let why = version["model"]["why"].as_str().expect("why");
    assert!(why.contains("; made of ") && why.contains(" %"), "{why}");
    let model = json(&sandbox, &of_version(2, "model.json"));
    let members = model["model"]["members"].as_array().expect("members");
    assert!(!members.is_empty());
    sandbox
        .regulars(&["models", "show", "2"])
        .ended_with(0)
        .shows(&[
            "# Who is leaving: weighted ensemble",
            "made of",
            "it leans on most",
        ]);
    sandbox
        .regulars(&["models", "list"])
        .ended_with(0)
        .shows(&["weighted ensemble"]);
    sandbox
        .regulars(&["models", "compare", "1", "2"])
        .ended_with(0);
    promote(&sandbox, &["2", "--force"]).ended_with(0);
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
    assert_eq!(sandbox.read("regulars-out/churn.csv"), by_churn);
    assert!(by_churn.contains("raises the risk"), "no reasons");
    sandbox.regulars(&["drift"]).ended_with(0);
    sandbox.regulars(&["verify"]).ended_with(0);
    // The leaderboard has it beside its members.
    let board = columns(&sandbox.read("regulars-out/churn_models.csv"));
    let place = board["model"].iter().position(|model| model == "ensemble");
    assert_eq!(board["explains"][place.expect("a row")], "true");
}

#[test]
fn a_version_says_what_it_is_in_words_and_in_numbers() {
    let sandbox = with_champion();
    let version = json(&sandbox, &of_version(1, "version.json"));
    assert_eq!(version["definition"]["horizon_days"], 28);
    assert_eq!(version["data"]["load"], 1);
    assert_eq!(version["seed"], 42);
    let features = json(&sandbox, &of_version(1, "features.json"));
    let model = json(&sandbox, &of_version(1, "model.json"));
    let names = |of: &Value| -> Vec<Value> {
        let list = of["features"].as_array().expect("features").iter();
        list.map(|feature| feature["name"].clone()).collect()
    };
    assert_eq!(names(&features), names(&model));
    let reference = json(&sandbox, &of_version(1, "reference.json"));
    assert_eq!(names(&reference), names(&model));
    let scored: u64 = reference["scores"]["customers"]
        .as_array()
        .expect("bins")
        .iter()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(Some(scored), reference["customers"].as_u64());
    for words in ["buys nothing in the next 28 days", "## Limits", "ROC AUC"] {
        let card = sandbox.read(&of_version(1, "card.md"));
        assert!(card.contains(words), "{words}:\n{card}");
    }
    sandbox
        .regulars(&["models", "show", "champion"])
        .ended_with(0)
        .shows(&[
            "# Who is leaving",
            "Version 1, the champion",
            "the first one",
        ]);
    sandbox
        .regulars(&["models", "list"])
        .ended_with(0)
        .shows(&["*     1", "* the champion"]);
    let listed = sandbox
        .regulars(&["models", "list", "--json"])
        .ended_with(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(listed["champion"], 1);
    for key in ["number", "files", "training", "definition"] {
        assert_eq!(listed["versions"][0][key], version[key], "{key}");
    }
}

#[test]
fn the_same_data_give_the_same_version_but_for_its_number_and_time() {
    let sandbox = with_champion();
    sandbox
        .regulars(&["train", "--quiet", "--threads", "2"])
        .ended_with(0);
    for name in [
        "model.json",
        "tested.json",
        "features.json",
        "reference.json",
        "card.md",
    ] {
        let [first, second] = [1, 2].map(|number| sandbox.read(&of_version(number, name)));
        assert_eq!(first, second, "{name}");
    }
    // Neither is better than the other.
    promote(&sandbox, &["2"])
        .ended_with(3)
        .says(&["not better than version 1", "--force"]);
    assert_eq!(
        json(&sandbox, &format!("{MODELS}/champion.json"))["champion"],
        1
    );
}

#[test]
fn only_the_better_one_is_promoted_unless_somebody_wants_it() {
    let sandbox = ready();
    sandbox.write("regulars.toml", settings(WEAK));
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    sandbox.write("regulars.toml", settings(QUICK));
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    promote(&sandbox, &["2"]).ended_with(0);
    let worse = promote(&sandbox, &["1"]);
    let worse = worse.ended_with(3);
    assert!(
        worse.stderr.contains("version 2 stays the champion"),
        "{}",
        worse.stderr
    );
    promote(&sandbox, &["1", "--if-better"])
        .ended_with(0)
        .shows(&["version 2 stays the champion", "as tested"]);
    promote(&sandbox, &["1", "--force", "--why", "it can be explained"]).ended_with(0);
    promote(&sandbox, &["1"])
        .ended_with(3)
        .says(&["is the champion already"]);
    let champion = json(&sandbox, &format!("{MODELS}/champion.json"));
    assert_eq!(champion["champion"], 1);
    assert_eq!(champion["history"][1]["forced"], true);
    assert_eq!(champion["history"][1]["why"], "it can be explained");

    let found = sandbox
        .regulars(&["models", "compare", "1", "2", "--json"])
        .ended_with(0);
    let found: Value = serde_json::from_str(&found.stdout).expect("JSON");
    let difference = found["second"]["log_loss"].as_f64().expect("a figure")
        - found["first"]["log_loss"].as_f64().expect("a figure");
    let said = found["log_loss"]["value"].as_f64().expect("a figure");
    assert!((difference - said).abs() < 1e-9, "{found}");
    assert!(found["log_loss"]["low"].as_f64() <= Some(said));
    let metrics = &json(&sandbox, &of_version(2, "version.json"))["quality"]["tested_on"];
    assert_eq!(found["dates"][0]["date"], *metrics);

    sandbox
        .regulars(&["models", "rollback", "--why", "too simple"])
        .ended_with(0)
        .shows(&["version 2 is the champion again"]);
    sandbox
        .regulars(&["models", "rollback"])
        .ended_with(3)
        .says(&["no champion before version 2"]);
    sandbox
        .regulars(&["models", "remove", "2"])
        .ended_with(3)
        .says(&["is the champion and cannot be removed"]);
    sandbox.regulars(&["models", "remove", "1"]).ended_with(0);
    assert_eq!(folders(&sandbox), ["0002"]);
    sandbox
        .regulars(&["score", "--model", "1"])
        .ended_with(3)
        .says(&["there is no version 1", "there is version 2"]);
}

/// Lines of a history before a day, and those from it on.
fn split(lines: &str, day: &str) -> (String, String) {
    let (header, lines) = lines.split_once('\n').expect("a header");
    let (mut early, mut late) = (format!("{header}\n"), format!("{header}\n"));
    for line in lines.lines() {
        let when = line.split(',').nth(1).expect("a time");
        let part = if when < day { &mut early } else { &mut late };
        part.push_str(line);
        part.push('\n');
    }
    (early, late)
}

#[test]
fn a_champion_judges_and_is_judged_on_what_has_happened_since() {
    // Two months less, then everything.
    let (early, late) = split(&shop(240, DAYS), &date(DAYS - 56));
    let sandbox = Sandbox::new()
        .file("lines.csv", early)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings(QUICK));
    for command in ["ingest", "features", "train"] {
        sandbox.regulars(&[command, "--quiet"]).ended_with(0);
    }
    promote(&sandbox, &["1"]).ended_with(0);
    sandbox.write("more.csv", late);
    let both = settings(QUICK).replace(
        "path = \"lines.csv\"",
        "path = [\"lines.csv\", \"more.csv\"]",
    );
    sandbox.write("regulars.toml", both);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["train"])
        .ended_with(3)
        .says(&["were made from load 1", "regulars features"]);
    for command in ["features", "train"] {
        sandbox.regulars(&[command, "--quiet"]).ended_with(0);
    }
    let found = sandbox
        .regulars(&["models", "compare", "champion", "latest", "--json"])
        .ended_with(0);
    let found: Value = serde_json::from_str(&found.stdout).expect("JSON");
    let seen = json(&sandbox, &of_version(1, "version.json"))["training"]["seen_until"].clone();
    let dates = found["dates"].as_array().expect("dates");
    assert!(!dates.is_empty());
    let last = dates.last().expect("a date");
    // The old one has seen nothing of it; the new one speaks as it was tested.
    assert!(last["date"].as_str() >= seen.as_str(), "{found}");
    assert_eq!(last["by"], serde_json::json!(["whole", "as-tested"]));
    // The history that the new one was learned from goes on for longer than this date.
    sandbox
        .regulars(&["score", "--model", "2", "--as-of", "2023-06-01"])
        .ended_with(0)
        .says(&["it has seen what it is asked about"]);
}

#[test]
fn a_model_of_something_else_is_refused_with_the_difference() {
    let sandbox = with_champion();
    let score = |more: &str| {
        sandbox.write("regulars.toml", settings(more));
        sandbox.regulars(&["score"])
    };
    score("[churn]\nhorizon_days = 14\n").ended_with(2).says(&[
        "horizon_days",
        "was learned with 28, and the settings say 14",
    ]);
    score("[churn]\nmin_baskets = 5\n")
        .ended_with(2)
        .says(&["min_baskets", "learned with 2"]);
    score("[features]\nevening_from = 20\n")
        .ended_with(3)
        .says(&[
            "`evening_share` is not the feature that version 1 was learned with",
            "baskets from 18 o'clock on",
            "baskets from 20 o'clock on",
        ]);
    // More departments are more features, and those of the model are what they were.
    score("[features]\ndepartments = 2\n").ended_with(0);
    assert!(scores(&sandbox)["churn_probability"].len() > 50);
    // Without its products the history has no shares of departments.
    let (lines, _) = SETTINGS
        .split_once("[[sources]]\ntable = \"products\"")
        .expect("products");
    sandbox.write("regulars.toml", lines);
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    sandbox.regulars(&["score"]).ended_with(3).says(&[
        "version 1 looks at `share_",
        "which this history does not have",
    ]);
}

#[test]
fn what_is_damaged_newer_or_gone_is_said_and_nothing_is_scored() {
    let sandbox = with_champion();
    let champion = format!("{MODELS}/champion.json");
    let (model, version) = (of_version(1, "model.json"), of_version(1, "version.json"));
    let whole = [&model, &version, &champion].map(|name| sandbox.read(name));
    let score = || sandbox.regulars(&["score"]).ended_with(3);
    sandbox.write(&model, &whole[0][..whole[0].len() / 2]);
    score().says(&["model.json is not what was stored", "bytes, not"]);
    sandbox
        .regulars(&["verify"])
        .ended_with(3)
        .says(&["model.json is not what was stored"]);
    sandbox.write(&model, &whole[0]);
    sandbox.write(&version, &whole[1][..whole[1].len() / 2]);
    score().says(&["version.json is cut short"]);
    sandbox
        .regulars(&["models", "list"])
        .ended_with(0)
        .shows(&["*     1  cannot be read", "version.json is cut short"]);
    sandbox.write(
        &version,
        whole[1].replace("\"layout\": 1", "\"layout\": 99"),
    );
    score().says(&["in layout 99", "newer version of regulars"]);
    sandbox.write(&version, &whole[1]);
    sandbox.write(&champion, &whole[2][..20]);
    score().says(&["champion.json is cut short"]);
    sandbox.write(&champion, &whole[2]);
    score_again(&sandbox);
    fs::remove_dir_all(sandbox.path(&format!("{MODELS}/0001"))).expect("the version goes");
    score().says(&["the champion is version 1", "is gone", "regulars train"]);
    fs::remove_file(sandbox.path(&champion)).expect("the champion goes");
    score().says(&["holds no model yet", "regulars train"]);
    sandbox
        .regulars(&["score", "--model", "best"])
        .ended_with(2)
        .says(&["`best` is no version", "`latest`"]);
}

fn score_again(sandbox: &Sandbox) {
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
}

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("XDG_CONFIG_HOME", sandbox.path(".config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts")
}

#[test]
fn two_trainings_at_once_keep_both_in_one_registry() {
    let sandbox = ready();
    let other = sandbox.path("regulars-out");
    crate::util::copy(&other, &sandbox.path("other-out"));
    let train = |out: &str| {
        start(
            &sandbox,
            &["train", "--quiet", "--out", out, "--registry", "shared"],
        )
    };
    let mut both = [train("regulars-out"), train("other-out")];
    for child in &mut both {
        assert!(child.wait().expect("it ends").success());
    }
    let listed = sandbox
        .regulars(&["models", "list", "--registry", "shared", "--json"])
        .ended_with(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let numbers: Vec<Option<u64>> = listed["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|version| version["number"].as_u64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
    // Below one output folder the second waits for the first, or is told of it.
    let mut first = start(&sandbox, &["train", "--quiet", "--wait", "120"]);
    let patient = sandbox.regulars(&["train", "--quiet", "--wait", "120"]);
    patient.ended_with(0);
    assert!(first.wait().expect("it ends").success());
    assert_eq!(folders(&sandbox), ["0001", "0002"]);
}

#[test]
fn a_training_that_is_killed_leaves_no_half_version() {
    let sandbox = ready();
    // Another millisecond each time, until one was not killed any more.
    let mut whole = 0;
    let clock = Instant::now();
    let started = Instant::now();
    start(&sandbox, &["train", "--quiet"])
        .wait()
        .expect("it ends");
    let takes = started.elapsed();
    for part in 0..=20 {
        if clock.elapsed() > Duration::from_secs(60) {
            break;
        }
        let mut child = start(&sandbox, &["train", "--quiet"]);
        // The last fifth of the time, in which a version is written.
        std::thread::sleep(takes.mul_f64(0.8 + 0.01 * f64::from(part)));
        let _ = child.kill();
        child.wait().expect("it ends");
        whole = every_version_is_whole(&sandbox);
    }
    assert!(whole > 0);
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    assert_eq!(every_version_is_whole(&sandbox), whole + 1);
    assert_eq!(
        folders(&sandbox).len(),
        whole + 1,
        "{:?}",
        folders(&sandbox)
    );
}

/// Every version that has a number is as it was stored; how many there are.
fn every_version_is_whole(sandbox: &Sandbox) -> usize {
    let listed = sandbox
        .regulars(&["models", "list", "--json"])
        .ended_with(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let versions = listed["versions"].as_array().expect("versions");
    for version in versions {
        assert_eq!(version["fault"], Value::Null, "{version}");
        let number = version["number"].as_u64().expect("a number") as u32;
        let sums = version["files"].as_object().expect("files");
        assert_eq!(sums.len(), 5);
        for (name, sum) in sums {
            let bytes = fs::read(sandbox.path(&of_version(number, name))).expect("a file");
            assert_eq!(Some(bytes.len() as u64), sum["size"].as_u64(), "{name}");
        }
    }
    versions.len()
}

#[test]
fn a_run_keeps_models_only_where_the_settings_say_so() {
    let sandbox = ready();
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    assert!(!sandbox.exists("regulars-out/models"));
    let plain = sandbox.results("regulars-out");
    sandbox.write(
        "regulars.toml",
        settings(&format!("{QUICK}\n[models]\nkeep = true\n")),
    );
    sandbox
        .regulars(&["churn"])
        .ended_with(0)
        .says(&["kept as version 1, the champion now"]);
    // What the stage writes is the same.
    assert_eq!(plain, sandbox.results("regulars-out"));
    sandbox
        .regulars(&["churn"])
        .ended_with(0)
        .says(&["kept as version 2; version 1 stays the champion"]);
    for (policy, champion) in [("never", 1), ("always", 4)] {
        let models = format!("{QUICK}\n[models]\nkeep = true\npromote = \"{policy}\"\n");
        sandbox.write("regulars.toml", settings(&models));
        sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
        let found = json(&sandbox, &format!("{MODELS}/champion.json"));
        assert_eq!(found["champion"], champion);
    }
    sandbox.write(
        "regulars.toml",
        settings("[models]\npromote = \"sometimes\"\n"),
    );
    sandbox
        .regulars(&["score"])
        .ended_with(2)
        .says(&["sometimes", "`better`"]);
}

#[test]
fn one_date_alone_is_too_little_to_learn_from_and_nothing_is_kept() {
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(60, 90))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings(QUICK));
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
        .regulars(&["train"])
        .ended_with(3)
        .says(&["too short to learn from"]);
    assert!(!sandbox.exists(MODELS));
}

#[test]
fn verify_lists_what_is_not_as_it_was_written() {
    let sandbox = with_champion();
    sandbox
        .regulars(&["verify", "regulars-out"])
        .ended_with(0)
        .shows(&["and 1 kept model", "as written"]);
    let manifest = sandbox.manifest("regulars-out");
    let file = manifest["files"][0]["path"].as_str().expect("a file");
    let path = sandbox.path("regulars-out").join(file);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[10] ^= 1;
    fs::write(&path, &bytes).expect("the file");
    let changed = sandbox.regulars(&["verify"]).ended_with(3);
    let changed = changed.says(&["1 file not as written", file, "bytes have changed"]);
    assert!(!changed.stderr.contains("gone"));
    bytes.truncate(10);
    fs::write(&path, &bytes).expect("the file");
    sandbox
        .regulars(&["verify"])
        .ended_with(3)
        .says(&["10 bytes, not"]);
    fs::remove_file(&path).expect("the file");
    sandbox.regulars(&["verify"]).ended_with(3).says(&["gone"]);
    let nothing = Path::new("nowhere");
    sandbox
        .regulars(&["verify", &nothing.to_string_lossy()])
        .ended_with(3)
        .says(&["manifest.json is not there"]);
}

#[test]
fn a_model_that_holds_rows_goes_with_a_customer_who_is_forgotten() {
    let sandbox = ready();
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    let neighbours = "[churn]\nmodels = [\"neighbours\"]\n";
    sandbox.write("regulars.toml", settings(neighbours));
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    promote(&sandbox, &["2"]).ended_with(0);
    sandbox
        .regulars(&["forget", "C0001"])
        .ended_with(0)
        .shows(&["models/churn/0002/model.json: removed"]);
    assert_eq!(folders(&sandbox), ["0001"]);
    sandbox
        .regulars(&["score"])
        .ended_with(3)
        .says(&["the champion is version 2", "is gone"]);
}

#[test]
fn customers_who_change_are_noticed_and_those_who_do_not_are_not() {
    let sandbox = with_champion();
    sandbox
        .regulars(&["drift"])
        .ended_with(0)
        .shows(&["no feature has drifted", "no outcomes since"]);
    let same = columns(&sandbox.read("regulars-out/drift.csv"));
    assert_eq!(same["feature"][0], "churn_probability");
    assert!(
        same["psi"].iter().all(|psi| psi == "0.0"),
        "{:?}",
        same["psi"]
    );
    // In the last two months everything costs many times as much.
    let (early, late) = split(&shop(240, DAYS + 56), &date(DAYS));
    let mut dear = String::new();
    for (place, line) in late.lines().enumerate() {
        let (rest, price) = line.rsplit_once(',').expect("a price");
        dear += &match place {
            0 => format!("{line}\n"),
            _ => format!("{rest},9{price}\n"),
        };
    }
    sandbox.write("lines.csv", early);
    sandbox.write("more.csv", dear);
    let both = settings(QUICK).replace(
        "path = \"lines.csv\"",
        "path = [\"lines.csv\", \"more.csv\"]",
    );
    sandbox.write(
        "regulars.toml",
        format!("{both}\n[run]\nfail_on = [\"drift\"]\n"),
    );
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    let found = sandbox.regulars(&["drift"]).ended_with(1);
    let found = found.says(&["not as they were when version 1 was learned", "drift"]);
    let found = found.shows(&["drifted: ", "outcomes since, of "]);
    assert!(
        found.stdout.contains("money spent in a basket"),
        "{}",
        found.stdout
    );
    let rows = columns(&sandbox.read("regulars-out/drift.csv"));
    let features = 0..rows["psi"].len();
    for row in features {
        let number = |column: &str| rows[column][row].parse::<f64>().expect("a number");
        let beyond = number("psi") > 0.25 && number("psi") > number("psi_critical");
        assert_eq!(rows["drifted"][row], beyond.to_string(), "{row}");
        assert!((0.0..=1.0).contains(&number("distance")));
    }
    sandbox.write("regulars.toml", format!("{both}\n[models]\nmax_psi = 0\n"));
    sandbox
        .regulars(&["drift"])
        .ended_with(2)
        .says(&["max_psi: 0 is no limit"]);
}

/// Customers whose plan says much of whether they leave.
fn subscribers(plans: [&str; 2], with_label: bool) -> String {
    let mut csv = String::from("id,plan,months,left\n");
    for number in 0..400_u32 {
        let plan = plans[(number % 2) as usize];
        let months = number * 7 % 48;
        let leaves = (number * 13 + number % 2 * 40 + months) % 100 > 60;
        let left = match (with_label, leaves) {
            (false, _) => "",
            (_, true) => "yes",
            (_, false) => "no",
        };
        csv += &format!("S{number:03},{plan},{months},{left}\n");
    }
    csv
}

const SUBSCRIBERS: &str = "[project]\nname = \"Plans\"\n\n[[sources]]\ntable = \"customers\"\n\
    path = \"customers.csv\"\n[sources.columns]\ncustomer_id = \"id\"\nplan = \"plan\"\n\
    months = \"months\"\nleft = \"left\"\n\n[churn]\nlabel = \"left\"\n\
    models = [\"tree\", \"elastic-net\"]\n";

#[test]
fn a_model_of_a_label_scores_customers_of_whom_nothing_is_known_and_names_new_categories() {
    let sandbox = Sandbox::new()
        .file("customers.csv", subscribers(["basic", "gold"], true))
        .file("regulars.toml", SUBSCRIBERS);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    promote(&sandbox, &["1"]).ended_with(0);
    sandbox.write("customers.csv", subscribers(["basic", "platinum"], false));
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    sandbox.regulars(&["score"]).ended_with(0).says(&[
        "the model has not met, and takes for missing: `platinum` as plan (200 customers)",
    ]);
    let scored = scores(&sandbox);
    assert_eq!(scored["churn_probability"].len(), 400);
    assert!(scored["left"].iter().all(String::is_empty));
    // Nobody is told to have a plan that they do not have, nor to have none.
    let rows = scored["customer_id"].iter().enumerate();
    for (row, id) in rows {
        let platinum = id[1..].parse::<u32>().unwrap() % 2 == 1;
        for reason in ["reason_1", "reason_2", "reason_3"].map(|name| &scored[name][row]) {
            let said = reason.strip_prefix("plan is ");
            let right = if platinum { "something else" } else { "basic" };
            assert!(
                said.is_none_or(|said| said.starts_with(right)),
                "{id}: {reason}"
            );
        }
    }
    sandbox.write(
        "regulars.toml",
        format!("{SUBSCRIBERS}\n[run]\nfail_on = [\"unknown-categories\"]\n"),
    );
    sandbox.regulars(&["score"]).ended_with(1);
    // A label has no dates on which two versions could be compared.
    sandbox.regulars(&["train", "--quiet"]).ended_with(3);
    sandbox.write("customers.csv", subscribers(["basic", "gold"], true));
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    promote(&sandbox, &["2"])
        .ended_with(3)
        .says(&["has no dates", "--force"]);
    // A history is something else than a label.
    sandbox.write("customers.csv", "id,months\nS001,3\nS002,4\n");
    let without = SUBSCRIBERS
        .replace("plan = \"plan\"\n", "")
        .replace("left = \"left\"\n", "left = \"months\"\n");
    sandbox.write("regulars.toml", without);
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    sandbox
        .regulars(&["score"])
        .ended_with(3)
        .says(&["looks at `plan`"]);
}

#[test]
fn what_is_kept_is_the_same_in_every_language_and_is_said_in_that_of_the_command() {
    let sandbox = with_champion();
    sandbox
        .regulars(&["features", "--quiet", "--lang", "zh"])
        .ended_with(0);
    sandbox
        .regulars(&["train", "--lang", "zh"])
        .ended_with(0)
        .shows(&["版本 2（", "对数损失"]);
    for name in [
        "model.json",
        "tested.json",
        "features.json",
        "reference.json",
        "card.md",
    ] {
        let [first, second] = [1, 2].map(|number| sandbox.read(&of_version(number, name)));
        assert_eq!(first, second, "{name}");
    }
    let [first, second] = [1, 2].map(|number| json(&sandbox, &of_version(number, "version.json")));
    for key in ["model", "outcome", "quality", "definition", "settings"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    sandbox
        .regulars(&["models", "show", "1", "--lang", "zh"])
        .ended_with(0)
        .shows(&[
            "# 谁在流失：",
            "未来 28 天内不购买",
            "个模型中，",
            "## 局限",
            "首个版本",
        ]);
    sandbox
        .regulars(&["score", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let scores = scores(&sandbox);
    let lapsed = |column: &str, word: &str| {
        let values = scores[column].iter();
        values.filter(|value| *value == word).count()
    };
    assert!(lapsed("band", "lapsed") > 0);
    assert_eq!(lapsed("band", "lapsed"), lapsed("band_words", "已沉默"));
    sandbox
        .regulars(&["drift", "--lang", "zh"])
        .ended_with(0)
        .shows(&["版本 1，", "平均概率"]);
    let page = sandbox.read("regulars-out/drift.html");
    assert!(page.contains("客户是否一如从前？"), "{page}");
    // Used again in English it speaks English.
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
    assert!(!sandbox.read("regulars-out/churn.csv").contains("风险"));
}

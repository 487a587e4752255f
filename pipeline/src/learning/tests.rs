//! Train, choose and score, each by itself.

use ndarray::{Array1, Array2};
use regulars_models::format::{Feature, SavedModel};
use regulars_models::metrics::CampaignTerms;
use regulars_models::random::draw;
use regulars_models::tree::Monotone;

use crate::learning::calibration::Method;
use crate::learning::choice::choose;
use crate::learning::leaderboard::assess;
use crate::learning::learned::learn;
use crate::learning::rows::{Baseline, Columns, Labelled};
use crate::learning::score::{score, score_unseen};
use crate::learning::task::{Task, Terms, Trial, Validation, Words};
use crate::learning::train::train;

const WORDS: Words = Words {
    rows: "machines",
    yes: "broke",
    none_and_all: ["none", "every one"],
    train: "halls before",
    test: "hall",
    more_rows: "look at more machines",
    both: "look for longer",
    other_models: "name other models",
    uncalibrated: "leave the calibration out",
};

/// Machines that break the likelier the older they are, and a colour that says nothing.
fn task(rows: usize) -> Task {
    let drawn = |row: usize, stream: u64| draw(stream, row as u64) as f64 / u64::MAX as f64;
    let age = |row: usize| drawn(row, 1);
    Task {
        rows: Labelled {
            features: Array2::from_shape_fn((rows, 2), |(row, column)| match column {
                0 => age(row) as f32,
                _ => (drawn(row, 2) * 3.0).floor() as f32,
            }),
            labels: Array1::from_shape_fn(rows, |row| drawn(row, 3) < age(row)),
            worth: None,
        },
        columns: Columns {
            features: vec![
                Feature::numeric("age"),
                Feature::categorical("colour", ["red", "green", "blue"]),
            ],
            monotone: vec![Monotone::Increasing, Monotone::Free],
            baseline: Some(Baseline {
                column: 0,
                title: "age alone".to_owned(),
            }),
        },
        trials: vec![Trial {
            name: "three".to_owned(),
            validation: Validation::Rows {
                name: "hall two".to_owned(),
                learn: 0..rows / 2,
                check: rows / 2..rows * 3 / 4,
            },
            train: 0..rows * 3 / 4,
            test: rows * 3 / 4..rows,
        }],
        least_rows: 50,
        words: WORDS,
    }
}

fn terms(chosen: Option<&str>) -> Terms {
    Terms {
        models: vec!["single-feature", "tree", "boosting"],
        chosen: chosen.map(str::to_owned),
        calibration: Method::Platt,
        campaign: CampaignTerms::default(),
        seed: 7,
    }
}

#[test]
fn a_model_that_was_saved_and_read_back_gives_the_same_scores() {
    let (task, terms) = (task(800), terms(None));
    let trained = train(&task, &terms, &|_| ()).unwrap();
    let choice = choose(&trained, &terms, &task.words).unwrap();
    let learned = learn(&task, &terms, &trained, &choice, &|_| ()).unwrap();
    let others = self::task(300).rows;
    let others = others.part(100..300).features;
    let scores = score(&learned.saved, others).unwrap();
    assert!(scores.contributions.is_some());
    let read = SavedModel::from_json(&learned.saved.to_json()).unwrap();
    assert_eq!(score(&read, others).unwrap(), scores);
    // The model that every row has taught has not seen these.
    let places: Vec<usize> = (0..800).collect();
    let taught = (&task.rows, places.as_slice());
    let unseen = score_unseen(&learned, task.rows.features.view(), taught, 5).unwrap();
    let seen = score(&learned.saved, task.rows.features.view()).unwrap();
    assert_eq!(unseen.probabilities.len(), 800);
    assert_ne!(unseen, seen);
}

#[test]
fn a_choice_can_be_made_anew_without_training_again() {
    let task = task(800);
    let trained = train(&task, &terms(None), &|_| ()).unwrap();
    for (asked, want) in [
        (None, "lowest log loss"),
        (Some("boosting"), "the settings name it"),
    ] {
        let terms = terms(asked);
        let choice = choose(&trained, &terms, &task.words).unwrap();
        assert!(choice.why.said.starts_with(want), "{:?}", choice.why);
        let learned = learn(&task, &terms, &trained, &choice, &|_| ()).unwrap();
        let found = assess(&task, &terms, &trained, choice, &learned).unwrap();
        assert_eq!(found.models.len(), 3);
        let chosen = found.models.iter().find(|model| model.chosen).unwrap();
        assert!(
            asked.is_none_or(|asked| asked == chosen.model),
            "{}",
            chosen.model
        );
        assert_eq!(found.validation.as_deref(), Some("hall two"));
        assert!(found.delivered.roc_auc > 0.7, "{:?}", found.delivered);
    }
    let missing = choose(&trained, &terms(Some("forest")), &task.words)
        .err()
        .unwrap();
    assert!(
        missing
            .message
            .starts_with("no model gives scores: \"forest\"")
    );
    assert_eq!(missing.hint.as_deref(), Some("name other models"));
}

/// An ensemble is made of models that ran, saved with them, and stands beside them by what rows say
/// that have not weighed it.
#[test]
fn an_ensemble_is_learned_saved_and_set_beside_its_members() {
    let task = task(1600);
    let terms = Terms {
        models: vec!["single-feature", "elastic-net", "boosting", "ensemble"],
        ..terms(Some("ensemble"))
    };
    let trained = train(&task, &terms, &|_| ()).unwrap();
    let choice = choose(&trained, &terms, &task.words).unwrap();
    assert!(choice.why.said.contains("made of"), "{:?}", choice.why);
    let learned = learn(&task, &terms, &trained, &choice, &|_| ()).unwrap();
    let found = assess(&task, &terms, &trained, choice, &learned).unwrap();
    assert_eq!(found.models.len(), 4);
    let of = |name: &str| found.models.iter().find(|row| row.model == name).unwrap();
    let ours = of("ensemble");
    assert!(ours.chosen && ours.explains);
    let best = of("elastic-net").validation_log_loss.unwrap();
    let best = best.min(of("boosting").validation_log_loss.unwrap());
    assert!(ours.validation_log_loss.unwrap() < best + 0.002);
    // What was tested is what its members said then: learning it again gives the same.
    let again = learned.tested(&task).unwrap();
    let test = task.rows.part(1200..1600);
    let again = score(&again, test.features).unwrap().probabilities;
    for (again, tested) in again.iter().zip(&found.tested) {
        assert!((again - tested).abs() < 1e-12, "{again} for {tested}");
    }
    let read = SavedModel::from_json(&learned.saved.to_json()).unwrap();
    let scores = score(&learned.saved, test.features).unwrap();
    assert_eq!(score(&read, test.features).unwrap(), scores);
}

#[test]
fn an_ensemble_of_nothing_is_left_out_with_words() {
    let (task, mut terms) = (task(800), terms(None));
    terms.models = vec!["single-feature", "neighbours", "ensemble"];
    let trained = train(&task, &terms, &|_| ()).unwrap();
    let said = &trained.warnings[0].message;
    assert!(said.starts_with("at three ensemble: no model"), "{said}");
    terms.chosen = Some("ensemble".to_owned());
    let failure = train(&task, &terms, &|_| ()).err().unwrap();
    assert!(failure.message.contains("can be part of it"));
}

#[test]
fn rows_of_one_outcome_and_few_rows_are_told_of_in_the_words_of_the_task() {
    let mut same = task(400);
    for yes in same.rows.labels.iter_mut().skip(300) {
        *yes = false;
    }
    let failure = train(&same, &terms(None), &|_| ()).err().unwrap();
    assert_eq!(
        failure.message,
        "at the hall three none broke, so there is nothing to tell apart"
    );
    assert_eq!(failure.hint.as_deref(), Some("look for longer"));
    let failure = train(&task(40), &terms(None), &|_| ()).err().unwrap();
    assert_eq!(
        failure.message,
        "at the halls before three there are only 30 machines to learn from, fewer than 50"
    );
    assert_eq!(failure.hint.as_deref(), Some("look at more machines"));
}

//! Every model learns and is tested; nothing is chosen yet.

use ndarray::{Array1, ArrayView1};
use regulars_models::classifiers::ProbabilityModel;
use regulars_models::metrics::log_loss;

use crate::failure::{Failure, Result};
use crate::learning::ensemble::{Member, together};
use crate::learning::figures::Figures;
use crate::learning::lineup::{ENSEMBLE, Entrant, lineup, trees};
use crate::learning::rows::{Labelled, Part};
use crate::learning::task::{Task, Terms, Trial, Validation};
use crate::resources::measured;
use crate::warning::{MODEL_LEFT_OUT, Warning};
use crate::words::said;

/// What came of the tests.
#[derive(Default)]
pub struct Trained {
    /// The models of the last test, the simplest first.
    pub(super) tried: Vec<Tried>,
    /// What the choice is to be made on, where anything could be held out.
    pub(super) held: Option<Checked>,
    /// Every model on every test.
    pub(super) tests: Vec<TestRow>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// A model that was tested.
pub(super) struct Tried {
    /// It, with what the validation rows have told.
    pub(super) entrant: Entrant,
    /// What it is made of, where it is made of others: what people call them, and their weights.
    pub(super) members: Vec<(String, f64)>,
    pub(super) trees: Option<u64>,
    pub(super) validation: Option<f64>,
    /// Its scores of the validation rows.
    pub(super) checked: Array1<f64>,
    /// Its scores of the test rows.
    pub(super) tested: Array1<f64>,
    pub(super) figures: Figures,
    pub(super) fit_seconds: f64,
    pub(super) score_seconds: f64,
    pub(super) peak_memory_bytes: Option<u64>,
}

/// What the choice is made on, when the models are done with it.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) labels: Array1<bool>,
}

/// One model on one of several tests.
#[derive(Clone, Debug)]
pub struct TestRow {
    /// What it was tested on.
    pub test: String,
    /// Its name in the settings.
    pub model: &'static str,
    /// What people call it.
    pub title: String,
    /// Rows it learned from.
    pub train_rows: u64,
    /// Rows it was tested on.
    pub test_rows: u64,
    /// Those of them that are a yes.
    pub test_yes: u64,
    /// Log loss on the validation rows.
    pub validation_log_loss: Option<f64>,
    /// What it reaches.
    pub figures: Figures,
}

/// The rows that choices are made on.
struct Held<'a> {
    name: String,
    learn: Part<'a>,
    check: Part<'a>,
}

/// Tries every model at every test of the task.
///
/// # Errors
/// Rows of a test are too few or have one outcome only; the model that the terms choose could not
/// be learned.
pub fn train(task: &Task, terms: &Terms, on_step: &dyn Fn(&str)) -> Result<Trained> {
    if task.trials.is_empty() {
        return Err(Failure::data("there is nothing to test a model on"));
    }
    let entrants = lineup(&task.columns, terms);
    let mut trained = Trained::default();
    for trial in &task.trials {
        let [train, test] = task.parts(trial)?;
        let thirds = thirds(task, trial, terms.seed);
        let held = held(task, trial, thirds.as_ref());
        trained.tried.clear();
        for entrant in &entrants {
            on_step(&format!(
                "{} at {}, learning from {} {}",
                entrant.title,
                trial.name,
                train.rows(),
                task.words.rows
            ));
            match try_one(entrant, held.as_ref(), [train, test], terms) {
                Ok(tried) => {
                    trained.tests.push(test_row(trial, [train, test], &tried));
                    trained.tried.push(tried);
                }
                Err(failure) if terms.chosen.as_deref() != Some(entrant.name()) => {
                    let message = tr!(
                        "at {test} {problem}",
                        test = said(&trial.name),
                        problem = failure.message
                    );
                    trained.warnings.push(Warning::new(MODEL_LEFT_OUT, message));
                }
                Err(failure) => return Err(failure),
            }
        }
        if terms.models.contains(&ENSEMBLE) {
            on_step(&format!("weighing the models at {}", trial.name));
            match ensemble(&trained.tried, held.as_ref(), test, terms)? {
                Some(tried) => {
                    trained.tests.push(test_row(trial, [train, test], &tried));
                    trained.tried.push(tried);
                }
                None => none_to_join(&mut trained, trial, terms)?,
            }
        }
        trained.held = held.map(|held| Checked {
            name: held.name,
            labels: held.check.labels.to_owned(),
        });
    }
    Ok(trained)
}

/// A third of the validation rows and the others, where these do not come in two parts that can be
/// learned from.
fn thirds(task: &Task, trial: &Trial, seed: u64) -> Option<[Labelled; 2]> {
    let part = |rows: &std::ops::Range<usize>| task.rows.part(rows.clone());
    let rows = match &trial.validation {
        Validation::Third(rows) => rows,
        Validation::Rows { learn, check, .. } => {
            if part(learn).has_both() && part(check).has_both() {
                return None;
            }
            check
        }
    };
    Some(part(rows).thirds(seed))
}

/// The rows that the choice is made on, where there are any that can be learned from.
fn held<'a>(task: &'a Task, trial: &Trial, thirds: Option<&'a [Labelled; 2]>) -> Option<Held<'a>> {
    let (name, learn, check) = match (thirds, &trial.validation) {
        (Some([learn, check]), _) => {
            let name = tr!(
                "a third of the {rows}, held out",
                rows = said(task.words.rows)
            );
            (name, learn.whole(), check.whole())
        }
        (None, Validation::Rows { name, learn, check }) => {
            let [learn, check] = [learn, check].map(|rows| task.rows.part(rows.clone()));
            (name.clone(), learn, check)
        }
        (None, Validation::Third(_)) => return None,
    };
    (learn.has_both() && check.has_both()).then_some(Held { name, learn, check })
}

fn try_one(
    entrant: &Entrant,
    held: Option<&Held<'_>>,
    [train, test]: [Part<'_>; 2],
    terms: &Terms,
) -> Result<Tried> {
    let mut entrant = entrant.clone();
    let mut checked = Array1::default(0);
    let mut found = None;
    let mut validation = None;
    if let Some(held) = held {
        let mut model = entrant.fit(held.learn, Some(held.check))?;
        checked = model.predict_probability(held.check.features);
        if let Some(bound) = entrant.bound() {
            let other = bound.fit(held.learn, Some(held.check))?;
            let scores = other.predict_probability(held.check.features);
            if costs_nothing(held.check.labels, &scores, &checked) {
                (entrant, model, checked) = (bound, other, scores);
            }
        }
        let loss = log_loss(held.check.labels, checked.view());
        validation = Some(loss.map_err(|error| unmeasured(&entrant.title, &error))?);
        found = Some(model);
    }
    let entrant = entrant.settled(found.as_ref());
    drop(found);
    let (model, learned) = measured(|| entrant.fit(train, None));
    let model = model?;
    let (tested, scored) = measured(|| model.predict_probability(test.features));
    Ok(Tried {
        figures: test_figures(&entrant.title, test, &tested, terms)?,
        trees: trees(&model),
        entrant,
        members: Vec::new(),
        validation,
        checked,
        tested,
        fit_seconds: learned.seconds,
        score_seconds: scored.seconds,
        peak_memory_bytes: learned.peak_memory_bytes,
    })
}

/// The models that were tried as one; nothing where none of them can be part of it.
///
/// What it takes is what its members took: nothing is learned again.
fn ensemble(
    tried: &[Tried],
    held: Option<&Held<'_>>,
    test: Part<'_>,
    terms: &Terms,
) -> Result<Option<Tried>> {
    let able: Vec<&Tried> = tried.iter().filter(|it| it.entrant.can_join()).collect();
    let members: Vec<Member<'_>> = able
        .iter()
        .map(|it| Member {
            entrant: &it.entrant,
            checked: &it.checked,
            tested: &it.tested,
        })
        .collect();
    let labels = held.map(|held| held.check.labels);
    let Some(all) = together(&members, labels, terms.seed) else {
        return Ok(None);
    };
    let title = &all.entrant.title;
    let validation = match (labels, &all.unseen) {
        (Some(labels), Some(unseen)) => {
            let loss = log_loss(labels, unseen.view());
            Some(loss.map_err(|error| unmeasured(title, &error))?)
        }
        _ => None,
    };
    let of = all.weights.iter().map(|(place, _)| able[*place]);
    Ok(Some(Tried {
        figures: test_figures(title, test, &all.tested, terms)?,
        trees: None,
        members: (all.weights.iter())
            .map(|(place, weight)| (able[*place].entrant.title.clone(), *weight))
            .collect(),
        validation,
        checked: all.checked,
        tested: all.tested,
        fit_seconds: of.clone().map(|it| it.fit_seconds).sum(),
        score_seconds: of.clone().map(|it| it.score_seconds).sum(),
        peak_memory_bytes: of.filter_map(|it| it.peak_memory_bytes).max(),
        entrant: all.entrant,
    }))
}

/// Says that no model can be part of an ensemble.
fn none_to_join(trained: &mut Trained, trial: &Trial, terms: &Terms) -> Result<()> {
    let message = tr!(
        "at {test} ensemble: no model that ran can be part of it; the readable tree, elastic net, naive Bayes, boosted trees, random forest and extra trees can",
        test = said(&trial.name)
    );
    if terms.chosen.as_deref() == Some(ENSEMBLE) {
        return Err(Failure::data(message).hint("name two of them under models, or another chosen"));
    }
    trained.warnings.push(Warning::new(MODEL_LEFT_OUT, message));
    Ok(())
}

/// Whether scores are no worse than others by log loss, as far as the rows can tell: the 95 %
/// interval of the mean difference, row by row, reaches down to 0.
fn costs_nothing(labels: ArrayView1<'_, bool>, scores: &Array1<f64>, others: &Array1<f64>) -> bool {
    let loss = |yes: bool, score: f64| {
        let chance = if yes { score } else { 1.0 - score };
        -chance.clamp(1e-15, 1.0).ln()
    };
    let pairs = labels.iter().zip(scores).zip(others);
    let differences: Vec<f64> = pairs
        .map(|((yes, score), other)| loss(*yes, *score) - loss(*yes, *other))
        .collect();
    let rows = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / rows;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    let error = (squares / (rows - 1.0).max(1.0) / rows).sqrt();
    mean - 1.96 * error <= 0.0
}

/// What a model's scores of the test rows reach.
pub(super) fn test_figures(
    title: &str,
    test: Part<'_>,
    scores: &Array1<f64>,
    terms: &Terms,
) -> Result<Figures> {
    let figures = Figures::measure(test.labels, scores.view(), &terms.campaign);
    let figures = match test.worth {
        Some(worth) => figures.and_then(|figures| {
            figures.by_worth(test.labels, scores.view(), worth, &terms.campaign)
        }),
        None => figures,
    };
    figures.map_err(|error| unmeasured(title, &error))
}

fn unmeasured(title: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!("{title}: {error}"))
}

fn test_row(trial: &Trial, [train, test]: [Part<'_>; 2], tried: &Tried) -> TestRow {
    TestRow {
        test: trial.name.clone(),
        model: tried.entrant.name(),
        title: tried.entrant.title.clone(),
        train_rows: train.rows() as u64,
        test_rows: test.rows() as u64,
        test_yes: test.yes() as u64,
        validation_log_loss: tried.validation,
        figures: tried.figures.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_scores_cost_something_once_there_are_rows_enough_to_tell() {
        let labels = Array1::from_shape_fn(400, |row| row % 4 == 0);
        let score = |yes: f64, no: f64| labels.mapv(|label| if label { yes } else { no });
        let (good, worse) = (score(0.6, 0.2), score(0.55, 0.25));
        assert!(costs_nothing(labels.view(), &good, &worse));
        assert!(costs_nothing(labels.view(), &good, &good));
        assert!(!costs_nothing(labels.view(), &worse, &good));
        // A few rows tell little.
        let few = labels.slice_axis(ndarray::Axis(0), (..8).into());
        let mixed = Array1::from_shape_fn(8, |row| if row < 4 { 0.5 } else { 0.1 });
        let other = Array1::from_shape_fn(8, |row| if row < 4 { 0.45 } else { 0.05 });
        assert!(costs_nothing(few, &mixed, &other));
    }
}

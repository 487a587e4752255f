//! The models learn, one is chosen, all are measured, and the chosen one learns again.
//!
//! Everything here is independent of what the rows are: it knows a set of them, and which teach,
//! which are looked at to choose, and which test.

use ndarray::{Array1, ArrayView2};
use regulars_models::classifiers::{Classifier, ProbabilityModel, Recipe};
use regulars_models::metrics::log_loss;
use regulars_models::tree::DecisionTree;
use serde::{Deserialize, Serialize};

use super::calibrated::Calibrator;
use super::choice::{Candidate, choose};
use super::figures::{self, AS_LEARNED, CALIBRATED, Figures, Ranges, ReliabilityRow, reliability};
use super::lineup::{BASELINE, Entrant, lineup, trees};
use super::sets::{Columns, Labelled, Part};
use super::trials::{Trial, Validation};
use super::watch::watched;
use crate::config::{CalibrationMethod, Churn};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::warning::{MODEL_LEFT_OUT, Warning};

/// One model on the test date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelRow {
    /// Its name in the settings.
    pub model: String,
    /// What people call it.
    pub title: String,
    /// Its place by log loss on the test date.
    pub rank: u64,
    /// Whether it gives the scores.
    pub chosen: bool,
    /// Whether it can say exactly what each feature adds to a score.
    pub explains: bool,
    /// Log loss on the validation rows, by which one was chosen.
    pub validation_log_loss: Option<f64>,
    /// What it reaches on the test date.
    #[serde(flatten)]
    pub figures: Figures,
    /// How sure that is.
    #[serde(flatten)]
    pub ranges: Ranges,
    /// Means over all test dates.
    #[serde(flatten)]
    pub mean: MeanFigures,
    /// Trees, for boosting.
    pub trees: Option<u64>,
    /// Wall time of learning what was tested.
    pub fit_seconds: f64,
    /// Wall time of scoring the customers of the test date.
    pub score_seconds: f64,
    /// The largest memory of the process while it learned; null where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// Means over the test dates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MeanFigures {
    /// Of the area under the ROC curve.
    pub mean_roc_auc: f64,
    /// Of the average precision.
    pub mean_average_precision: f64,
    /// Of the log loss.
    pub mean_log_loss: f64,
}

/// One model on one of several test dates.
#[derive(Clone, Debug)]
pub struct DateRow {
    /// What it was tested on.
    pub test: String,
    /// Its name in the settings.
    pub model: &'static str,
    /// What people call it.
    pub title: String,
    /// Customers it learned from.
    pub train_rows: u64,
    /// Customers it was tested on.
    pub test_rows: u64,
    /// Those of them who left.
    pub test_churned: u64,
    /// Log loss on the validation rows.
    pub validation_log_loss: Option<f64>,
    /// What it reaches.
    pub figures: Figures,
}

/// What calibration does to the chosen model on the test date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Calibration {
    /// How.
    pub method: CalibrationMethod,
    /// Expected calibration error, log loss and Brier score of the scores as the model gives them.
    pub before: CalibrationFigures,
    /// The same of the delivered ones.
    pub after: CalibrationFigures,
}

/// Figures that calibration changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CalibrationFigures {
    /// Expected calibration error.
    pub calibration_error: f64,
    /// Log loss.
    pub log_loss: f64,
    /// Brier score.
    pub brier: f64,
}

/// What the models learn from and how.
pub struct Contest<'a> {
    /// What the columns are.
    pub columns: &'a Columns,
    /// Which models, and how one is chosen.
    pub settings: &'a Churn,
    /// Seed of everything random.
    pub seed: u64,
    /// Tells a person how far it is.
    pub progress: &'a Progress,
    /// What a set must have to be learned from or tested on.
    pub least_rows: usize,
}

/// What came of it.
pub struct Outcome {
    /// Every model on the last test date, best first.
    pub models: Vec<ModelRow>,
    /// Every model on every test date, where there are several.
    pub dates: Vec<DateRow>,
    /// What the choice was made on, in words; none where nothing could be held out.
    pub validation: Option<String>,
    /// Why the chosen model was chosen, in words.
    pub why: String,
    /// What was said beside what happened on the last test date.
    pub reliability: Vec<ReliabilityRow>,
    /// What calibration does.
    pub calibration: Calibration,
    /// Figures of the delivered probabilities on the last test date.
    pub delivered: Figures,
    /// How the chosen model is learned, with what the validation rows have told.
    pub entrant: Entrant,
    /// The chosen model, learned again from everything.
    pub model: Classifier,
    /// Its scores become probabilities by this.
    pub calibrator: Calibrator,
    /// The readable tree, learned from everything.
    pub tree: DecisionTree,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Outcome {
    /// The probability of each customer.
    pub fn probabilities(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.calibrator.apply(&self.model.predict_probability(x))
    }
}

/// A model that was tested.
struct Tried {
    /// It, with what the validation rows have told.
    entrant: Entrant,
    trees: Option<u64>,
    validation: Option<f64>,
    /// What it says of the validation rows.
    checked: Array1<f64>,
    /// What it says of the test rows.
    tested: Array1<f64>,
    figures: Figures,
    fit_seconds: f64,
    score_seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// The rows that choices are made on.
struct Held<'a> {
    name: String,
    learn: Part<'a>,
    check: Part<'a>,
}

impl Contest<'_> {
    /// Runs every test, chooses by the last one's validation rows, and learns again from
    /// everything.
    ///
    /// # Errors
    /// A set with too few rows or one outcome only; no model could be learned; the model that the
    /// settings choose could not; calibration is asked for and nothing is held out.
    pub fn run(&self, set: &Labelled, trials: &[Trial]) -> Result<Outcome> {
        let Some((last, earlier)) = trials.split_last() else {
            return Err(Failure::data("there is nothing to test a model on"));
        };
        let entrants = lineup(self.columns, self.settings, self.seed);
        let (mut dates, mut warnings) = (Vec::new(), Vec::new());
        for trial in earlier {
            let tried = self.trial(set, trial, &entrants, &mut warnings)?;
            dates.extend(tried.0.iter().map(|tried| date_row(set, trial, tried)));
        }
        let (tried, held) = self.trial(set, last, &entrants, &mut warnings)?;
        dates.extend(tried.iter().map(|tried| date_row(set, last, tried)));

        let candidates: Vec<Candidate> = tried.iter().map(candidate).collect();
        let Some(place) = choose(&candidates, &self.settings.chosen) else {
            let asked = &self.settings.chosen;
            let said: Vec<_> = warnings
                .iter()
                .map(|w: &Warning| w.message.as_str())
                .collect();
            return Err(Failure::data(format!(
                "no model gives scores: \"{asked}\" was to be chosen; {}",
                said.join("; ")
            ))
            .hint("name other models under [churn]"));
        };
        let chosen = &tried[place];
        let test = set.part(last.test.clone());
        let calibrator = self.calibrator(chosen, held.as_ref().map(|held| &held.labels))?;
        let calibrated = calibrator.apply(&chosen.tested);
        let delivered = self.figures(&chosen.entrant.title, test, &calibrated)?;
        let mut bins = reliability(AS_LEARNED, test.labels, chosen.tested.view())?;
        let method = self.settings.calibration;
        if method != CalibrationMethod::None {
            bins.extend(reliability(CALIBRATED, test.labels, calibrated.view())?);
        }

        self.progress
            .step("learning again from every known outcome");
        let model = chosen.entrant.fit(set.whole(), None)?;
        let tree = readable_tree(set, &self.columns.categorical())?;
        let models = self.rows(test, &tried, place, &dates)?;
        if trials.len() == 1 {
            dates.clear();
        }
        Ok(Outcome {
            why: why(&candidates, place, &self.settings.chosen),
            models,
            dates,
            validation: held.map(|held| held.name),
            reliability: bins,
            calibration: Calibration {
                method,
                before: (&chosen.figures).into(),
                after: (&delivered).into(),
            },
            delivered,
            entrant: chosen.entrant.clone(),
            model,
            calibrator,
            tree,
            warnings,
        })
    }

    /// Every model on the rows of one test; one that cannot be learned is left out.
    fn trial(
        &self,
        set: &Labelled,
        trial: &Trial,
        entrants: &[Entrant],
        warnings: &mut Vec<Warning>,
    ) -> Result<(Vec<Tried>, Option<Checked>)> {
        let (train, test) = (set.part(trial.train.clone()), set.part(trial.test.clone()));
        train.check(
            &format!("training dates of {}", trial.name),
            self.least_rows,
        )?;
        test.check(&format!("test date {}", trial.name), self.least_rows)?;
        let thirds;
        let held = match &trial.validation {
            Validation::Rows { name, learn, check } => {
                let (learn, check) = (set.part(learn.clone()), set.part(check.clone()));
                if learn.has_both() && check.has_both() {
                    Some(Held {
                        name: name.clone(),
                        learn,
                        check,
                    })
                } else {
                    thirds = check.thirds(self.seed);
                    held_out(&thirds)
                }
            }
            Validation::Third(rows) => {
                thirds = set.part(rows.clone()).thirds(self.seed);
                held_out(&thirds)
            }
        };
        let mut tried = Vec::new();
        for entrant in entrants {
            self.progress.step(&format!(
                "{} at {}, learning from {} customers",
                entrant.title,
                trial.name,
                train.rows()
            ));
            match self.try_one(entrant, held.as_ref(), train, test) {
                Ok(one) => tried.push(one),
                Err(failure) if self.settings.chosen != entrant.name() => {
                    let message = format!("at {} {}", trial.name, failure.message);
                    warnings.push(Warning::new(MODEL_LEFT_OUT, message));
                }
                Err(failure) => return Err(failure),
            }
        }
        let held = held.map(|held| Checked {
            name: held.name,
            labels: held.check.labels.to_owned(),
        });
        Ok((tried, held))
    }

    fn try_one(
        &self,
        entrant: &Entrant,
        held: Option<&Held<'_>>,
        train: Part<'_>,
        test: Part<'_>,
    ) -> Result<Tried> {
        let mut checked = Array1::default(0);
        let mut found = None;
        let mut validation = None;
        if let Some(held) = held {
            let model = entrant.fit(held.learn, Some(held.check))?;
            checked = model.predict_probability(held.check.features);
            let loss = log_loss(held.check.labels, checked.view());
            validation = Some(loss.map_err(|error| unmeasured(&entrant.title, &error))?);
            found = Some(model);
        }
        let entrant = entrant.settled(found.as_ref());
        drop(found);
        let (model, learned) = watched(|| entrant.fit(train, None));
        let model = model?;
        let (tested, scored) = watched(|| model.predict_probability(test.features));
        Ok(Tried {
            figures: self.figures(&entrant.title, test, &tested)?,
            trees: trees(&model),
            entrant,
            validation,
            checked,
            tested,
            fit_seconds: learned.seconds,
            score_seconds: scored.seconds,
            peak_memory_bytes: learned.peak_memory_bytes,
        })
    }

    fn figures(&self, title: &str, test: Part<'_>, scores: &Array1<f64>) -> Result<Figures> {
        let terms = figures::terms(&self.settings.profit);
        Figures::measure(test.labels, scores.view(), &terms)
            .map_err(|error| unmeasured(title, &error))
    }

    fn calibrator(&self, chosen: &Tried, labels: Option<&Array1<bool>>) -> Result<Calibrator> {
        let method = self.settings.calibration;
        if method == CalibrationMethod::None {
            return Ok(Calibrator::None);
        }
        let needs = "set calibration = \"none\" under [churn], or load a longer history";
        let Some(labels) = labels else {
            return Err(Failure::data(
                "there are too few customers to hold some out for the calibration",
            )
            .hint(needs));
        };
        Calibrator::fit(method, labels.view(), &chosen.checked)
            .map_err(|error| Failure::data(format!("calibration: {error}")).hint(needs))
    }

    /// The leaderboard.
    fn rows(
        &self,
        test: Part<'_>,
        tried: &[Tried],
        chosen: usize,
        dates: &[DateRow],
    ) -> Result<Vec<ModelRow>> {
        let scores: Vec<&Array1<f64>> = tried.iter().map(|tried| &tried.tested).collect();
        let ranges = figures::ranges(test.labels, &scores, self.seed)?;
        let mut rows: Vec<ModelRow> = tried
            .iter()
            .zip(ranges)
            .enumerate()
            .map(|(place, (tried, ranges))| ModelRow {
                model: tried.entrant.name().to_owned(),
                title: tried.entrant.title.clone(),
                rank: 0,
                chosen: place == chosen,
                explains: tried.entrant.recipe.explains(),
                validation_log_loss: tried.validation,
                figures: tried.figures.clone(),
                ranges,
                mean: mean(tried.entrant.name(), dates),
                trees: tried.trees,
                fit_seconds: tried.fit_seconds,
                score_seconds: tried.score_seconds,
                peak_memory_bytes: tried.peak_memory_bytes,
            })
            .collect();
        rows.sort_by(|a, b| a.figures.log_loss.total_cmp(&b.figures.log_loss));
        for (place, row) in rows.iter_mut().enumerate() {
            row.rank = place as u64 + 1;
        }
        Ok(rows)
    }
}

/// What the choice was made on, when the models are done with it.
struct Checked {
    name: String,
    labels: Array1<bool>,
}

/// A held-out third, where it and the rest can be learned from.
fn held_out([learn, check]: &[Labelled; 2]) -> Option<Held<'_>> {
    let (learn, check) = (learn.whole(), check.whole());
    (learn.has_both() && check.has_both()).then_some(Held {
        name: "a third of the customers, held out".to_owned(),
        learn,
        check,
    })
}

fn candidate(tried: &Tried) -> Candidate {
    Candidate {
        name: tried.entrant.name(),
        explains: tried.entrant.recipe.explains(),
        baseline: tried.entrant.name() == BASELINE,
        log_loss: tried.validation,
    }
}

/// Why a model was chosen.
fn why(candidates: &[Candidate], chosen: usize, asked: &str) -> String {
    let model = &candidates[chosen];
    let others = candidates.len() - 1;
    if model.name == asked {
        return "the settings name it".to_owned();
    }
    let among = match (model.explains, model.baseline) {
        (_, true) => "",
        (true, false) => " that can say why",
        (false, false) => " (none can say why)",
    };
    if others == 0 {
        "it is the only one that ran".to_owned()
    } else if model.log_loss.is_none() {
        format!("it is the simplest{among}, and too few customers are there to hold any out")
    } else {
        format!(
            "lowest log loss among the models{among}, of {} that ran",
            candidates.len()
        )
    }
}

fn date_row(set: &Labelled, trial: &Trial, tried: &Tried) -> DateRow {
    let test = set.part(trial.test.clone());
    DateRow {
        test: trial.name.clone(),
        model: tried.entrant.name(),
        title: tried.entrant.title.clone(),
        train_rows: trial.train.len() as u64,
        test_rows: test.rows() as u64,
        test_churned: test.churned() as u64,
        validation_log_loss: tried.validation,
        figures: tried.figures.clone(),
    }
}

/// Means of a model over the dates it was tested on.
fn mean(model: &str, dates: &[DateRow]) -> MeanFigures {
    let rows: Vec<&DateRow> = dates.iter().filter(|row| row.model == model).collect();
    let of = |figure: fn(&Figures) -> f64| {
        rows.iter().map(|row| figure(&row.figures)).sum::<f64>() / rows.len() as f64
    };
    MeanFigures {
        mean_roc_auc: of(|figures| figures.roc_auc),
        mean_average_precision: of(|figures| figures.average_precision),
        mean_log_loss: of(|figures| figures.log_loss),
    }
}

/// The tree that a person reads, whichever model gives the scores.
fn readable_tree(set: &Labelled, categorical: &[usize]) -> Result<DecisionTree> {
    let tree = Recipe::Tree(DecisionTree::params()).with_categorical(categorical);
    let labels = set.labels.to_vec();
    match tree.fit(set.features.view(), &labels, None, None) {
        Ok(Classifier::Tree(tree)) => Ok(tree),
        Ok(other) => Err(unmeasured(tree.title(), &other.title())),
        Err(error) => Err(unmeasured(tree.title(), &error)),
    }
}

fn unmeasured(title: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!("{title}: {error}"))
}

impl From<&Figures> for CalibrationFigures {
    fn from(figures: &Figures) -> Self {
        Self {
            calibration_error: figures.calibration_error,
            log_loss: figures.log_loss,
            brier: figures.brier,
        }
    }
}

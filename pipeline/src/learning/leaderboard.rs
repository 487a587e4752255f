//! How good the models are, and the chosen one most of all.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::learning::calibration::Method;
use crate::learning::choice::Choice;
use crate::learning::figures::{
    self, AS_LEARNED, CALIBRATED, Figures, Ranges, ReliabilityRow, reliability,
};
use crate::learning::learned::Learned;
use crate::learning::rows::Part;
use crate::learning::task::{Task, Terms};
use crate::learning::train::{TestRow, Trained, test_figures};
use crate::words::Both;

/// One model on the last test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelRow {
    /// Its name in the settings.
    pub model: String,
    /// What people call it.
    pub title: String,
    /// Its place by log loss on the test rows.
    pub rank: u64,
    /// Whether it gives the scores.
    pub chosen: bool,
    /// Whether it can say exactly what each feature adds to a score.
    pub explains: bool,
    /// Log loss on the validation rows, by which one was chosen.
    pub validation_log_loss: Option<f64>,
    /// What it reaches on the test rows.
    #[serde(flatten)]
    pub figures: Figures,
    /// How sure that is.
    #[serde(flatten)]
    pub ranges: Ranges,
    /// Means over all tests.
    #[serde(flatten)]
    pub mean: MeanFigures,
    /// Trees, for boosting.
    pub trees: Option<u64>,
    /// Wall time of learning what was tested.
    pub fit_seconds: f64,
    /// Wall time of scoring the test rows.
    pub score_seconds: f64,
    /// The largest memory of the process while it learned; null where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// Means over the tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MeanFigures {
    /// Of the area under the ROC curve.
    pub mean_roc_auc: f64,
    /// Of the average precision.
    pub mean_average_precision: f64,
    /// Of the log loss.
    pub mean_log_loss: f64,
}

/// What calibration does to the chosen model on the test rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CalibrationGain {
    /// How.
    pub method: Method,
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

impl From<&Figures> for CalibrationFigures {
    fn from(figures: &Figures) -> Self {
        Self {
            calibration_error: figures.calibration_error,
            log_loss: figures.log_loss,
            brier: figures.brier,
        }
    }
}

/// How good everything is.
pub struct Assessment {
    /// Every model on the last test, best first.
    pub models: Vec<ModelRow>,
    /// Every model on every test, where there are several.
    pub tests: Vec<TestRow>,
    /// What the choice was made on, in words; none where nothing could be held out.
    pub validation: Option<String>,
    /// Why the chosen model was chosen, in words.
    pub why: Both,
    /// Probabilities beside what happened on the last test.
    pub reliability: Vec<ReliabilityRow>,
    /// What calibration does.
    pub calibration: CalibrationGain,
    /// Figures of the delivered probabilities on the last test.
    pub delivered: Figures,
    /// Those probabilities, one a row of the last test.
    pub tested: Array1<f64>,
}

impl Assessment {
    /// Measures other probabilities of the last test, in the place of the delivered ones; `scores` says
    /// which in the table of the calibration.
    ///
    /// # Errors
    /// They cannot be measured.
    pub fn deliver(
        &mut self,
        probabilities: Array1<f64>,
        scores: &str,
        task: &Task,
        terms: &Terms,
    ) -> Result<()> {
        let Some(last) = task.trials.last() else {
            return Err(Failure::machine("the models had no test"));
        };
        let test = task.rows.part(last.test.clone());
        self.delivered = test_figures(scores, test, &probabilities, terms)?;
        self.calibration.after = (&self.delivered).into();
        self.reliability.retain(|bin| bin.scores == AS_LEARNED);
        let bins = reliability(scores, test.labels, probabilities.view())?;
        self.reliability.extend(bins);
        self.tested = probabilities;
        Ok(())
    }
}

/// Measures the models, and the probabilities that the chosen one gives.
///
/// # Errors
/// The scores cannot be measured.
pub fn assess(
    task: &Task,
    terms: &Terms,
    trained: &Trained,
    choice: Choice,
    learned: &Learned,
) -> Result<Assessment> {
    let Some(last) = task.trials.last() else {
        return Err(Failure::machine("the models had no test"));
    };
    let test = task.rows.part(last.test.clone());
    let chosen = &trained.tried[choice.place];
    let calibrated = learned.calibrated(&chosen.tested);
    let delivered = test_figures(&chosen.entrant.title, test, &calibrated, terms)?;
    let mut bins = reliability(AS_LEARNED, test.labels, chosen.tested.view())?;
    if terms.calibration != Method::None {
        bins.extend(reliability(CALIBRATED, test.labels, calibrated.view())?);
    }
    let several = task.trials.len() > 1;
    Ok(Assessment {
        models: leaderboard(test, trained, choice.place, terms.seed)?,
        tests: if several {
            trained.tests.clone()
        } else {
            Vec::new()
        },
        validation: trained.held.as_ref().map(|held| held.name.clone()),
        why: choice.why,
        reliability: bins,
        calibration: CalibrationGain {
            method: terms.calibration,
            before: (&chosen.figures).into(),
            after: (&delivered).into(),
        },
        delivered,
        tested: calibrated,
    })
}

fn leaderboard(
    test: Part<'_>,
    trained: &Trained,
    chosen: usize,
    seed: u64,
) -> Result<Vec<ModelRow>> {
    let scores: Vec<&Array1<f64>> = trained.tried.iter().map(|tried| &tried.tested).collect();
    let ranges = figures::ranges(test.labels, &scores, seed)?;
    let tried = trained.tried.iter().zip(ranges).enumerate();
    let mut rows: Vec<ModelRow> = tried
        .map(|(place, (tried, ranges))| ModelRow {
            model: tried.entrant.name().to_owned(),
            title: tried.entrant.title.clone(),
            rank: 0,
            chosen: place == chosen,
            explains: tried.entrant.recipe.explains(),
            validation_log_loss: tried.validation,
            figures: tried.figures.clone(),
            ranges,
            mean: mean(tried.entrant.name(), &trained.tests),
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

/// Means of a model over its tests.
fn mean(model: &str, tests: &[TestRow]) -> MeanFigures {
    let rows: Vec<&TestRow> = tests.iter().filter(|row| row.model == model).collect();
    let of = |figure: fn(&Figures) -> f64| {
        rows.iter().map(|row| figure(&row.figures)).sum::<f64>() / rows.len() as f64
    };
    MeanFigures {
        mean_roc_auc: of(|figures| figures.roc_auc),
        mean_average_precision: of(|figures| figures.average_precision),
        mean_log_loss: of(|figures| figures.log_loss),
    }
}

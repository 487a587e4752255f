//! Every model and baseline side by side, and which one values the customers.

use regulars_models::ParamGuard;
use regulars_models::value::{
    Estimate, Fitted, Histories, PurchaseKind, PurchaseModel, PurchaseParams, ValueError,
};
use serde::{Deserialize, Serialize};

use super::baselines::Baseline;
use super::refusal::refusal;
use super::trees::{self, Ahead, Spread, Trees};
use super::trial::{Figures, Group, Trial};
use crate::failure::Result;
use crate::text::{percent, round};
use crate::words::said;

/// A model whose total in the period that is held out is further off is not chosen while another's
/// is nearer.
pub const MOST_TOTAL_ERROR: f64 = 0.25;

/// A model or a baseline on the leaderboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelRow {
    /// Its name in the settings.
    pub model: String,
    /// Its name in words.
    pub title: String,
    /// Whether it is a baseline, which values nobody while a model fits.
    pub baseline: bool,
    /// Whether it values the customers.
    pub chosen: bool,
    /// How it did in the period that is held out.
    pub figures: Option<Figures>,
    /// Natural logarithm of the likelihood of what it was fitted to.
    pub log_likelihood: Option<f64>,
    /// The information criterion of Akaike: lower is better.
    pub aic: Option<f64>,
    /// What was fitted, in days.
    pub parameters: String,
    /// Why it was chosen or not, or what keeps it from fitting.
    pub why: String,
}

/// The models side by side.
pub struct Board {
    /// Models, the best first, then baselines, then models that do not fit.
    pub rows: Vec<ModelRow>,
    /// The model of when customers buy, fitted to the whole history, that values the customers, or says
    /// what trees do not: who is active, and when they buy next. Nothing where none fits.
    pub chosen: Option<(PurchaseKind, Fitted<PurchaseModel>)>,
    /// Trees that learned from the period that is held out, where they value the customers.
    pub trees: Option<Grown>,
    /// What it predicted beside what came, when it had not seen that.
    pub groups: Vec<Group>,
    /// Models that do not fit what was known before the period that is held out, with why.
    pub unfit: Vec<(&'static str, String)>,
}

/// Trees, and how far off they were.
pub struct Grown {
    /// They look ahead as many days as are held out.
    pub trees: Trees,
    /// Of those before them, which had not seen the period that is held out.
    pub spread: Option<Spread>,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Purchases(PurchaseKind),
    Trees,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Purchases(kind) => kind.name(),
            Self::Trees => trees::NAME,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Purchases(kind) => title(kind),
            Self::Trees => trees::TITLE,
        }
    }
}

/// A model before it is chosen.
struct Candidate {
    kind: Kind,
    /// What was fitted; nothing of trees, which have no likelihood. Or why it does not fit.
    fitted: Result<Option<Fitted<PurchaseModel>>, String>,
    figures: Option<Figures>,
    /// What trees expected.
    ahead: Option<Ahead>,
}

impl Candidate {
    fn model(&self) -> Option<&Fitted<PurchaseModel>> {
        self.fitted.as_ref().ok()?.as_ref()
    }
}

/// A model's name in words.
pub fn title(kind: PurchaseKind) -> &'static str {
    match kind {
        PurchaseKind::BgNbd => "BG/NBD",
        PurchaseKind::MbgNbd => "MBG/NBD",
        PurchaseKind::BgCnbd => "BG/CNBD-k",
        PurchaseKind::MbgCnbd => "MBG/CNBD-k",
        PurchaseKind::ParetoNbd => "Pareto/NBD",
    }
}

fn fit(kind: PurchaseKind, histories: &Histories) -> Result<Fitted<PurchaseModel>, ValueError> {
    PurchaseParams::new(kind).check()?.fit(histories)
}

/// What models are compared on.
pub struct Evidence<'a> {
    /// The customers on whom they are tried; none where no period is held out.
    pub trial: Option<&'a Trial<'a>>,
    /// The histories until the period that is held out, if there is one.
    pub before: Option<&'a Histories>,
    /// The histories until the end.
    pub whole: &'a Histories,
    /// Grows trees on the period that is held out; nothing where the settings do without trees.
    pub grow: Option<&'a dyn Fn() -> Result<Trees, String>>,
    /// Decides what is drawn.
    pub seed: u64,
}

/// Tries the models on the period that is held out, chooses one, and fits it to the whole history.
pub fn compare(
    kinds: &[PurchaseKind],
    evidence: &Evidence<'_>,
    on_step: &dyn Fn(&str),
) -> Result<Board> {
    let mut candidates = Vec::new();
    for &kind in kinds {
        on_step(&format!("fitting {}", title(kind)));
        candidates.push(tried(kind, evidence)?);
    }
    if evidence.grow.is_some() {
        on_step(&format!("growing {}", trees::TITLE));
        candidates.push(tried_trees(evidence)?);
    }
    let order = ranked(&candidates);
    let fitted = fitted_to_all(&candidates, &order, evidence, on_step);
    let groups = match (evidence.trial, fitted.place.map(|place| &candidates[place])) {
        (Some(trial), Some(chosen)) => match (&chosen.ahead, chosen.model()) {
            (Some(ahead), _) => trial.groups(&ahead.purchases),
            (_, Some(fitted)) => trial.groups(&trial.predicted(&fitted.model)),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let spread = |trial: &Trial<'_>| {
        let ahead = candidates.last()?.ahead.as_ref()?;
        trial.spread(ahead)
    };
    let mut rows = rows(&candidates, &order, fitted.place, evidence.trial)?;
    if let (Some(_), Some((place, _))) = (&fitted.trees, &fitted.model) {
        let name = candidates[*place].kind.name();
        for row in rows.iter_mut().filter(|row| row.model == name) {
            row.why += said(mark!("; it says who is active, and when they buy next"));
        }
    }
    let Whole { model, trees, .. } = fitted;
    Ok(Board {
        rows,
        groups,
        unfit: unfit_words(&candidates),
        trees: trees.map(|trees| Grown {
            trees,
            spread: evidence.trial.and_then(spread),
        }),
        chosen: model.and_then(|(place, fitted)| match candidates[place].kind {
            Kind::Purchases(kind) => Some((kind, fitted)),
            Kind::Trees => None,
        }),
    })
}

fn tried(kind: PurchaseKind, evidence: &Evidence<'_>) -> Result<Candidate> {
    let fitted = fit(kind, evidence.before.unwrap_or(evidence.whole));
    let figures = match (evidence.trial, &fitted) {
        (Some(trial), Ok(fitted)) => Some(trial.of_model(&fitted.model)?),
        _ => None,
    };
    Ok(Candidate {
        kind: Kind::Purchases(kind),
        fitted: fitted.map(Some).map_err(|error| refusal(&error)),
        figures,
        ahead: None,
    })
}

fn tried_trees(evidence: &Evidence<'_>) -> Result<Candidate> {
    let mut candidate = Candidate {
        kind: Kind::Trees,
        fitted: Ok(None),
        figures: None,
        ahead: None,
    };
    let Some(trial) = evidence.trial else {
        candidate.fitted = Err(tr!(
            "the history is too short to hold a part of it out, from which they would learn"
        ));
        return Ok(candidate);
    };
    match trial.grow(evidence.seed) {
        Ok(trees) => {
            let ahead = trial.by_trees(&trees);
            candidate.figures = Some(trial.of_ahead(&ahead)?);
            candidate.ahead = Some(ahead);
        }
        Err(why) => candidate.fitted = Err(why),
    }
    Ok(candidate)
}

/// What is fitted to the whole history.
struct Whole {
    /// The candidate that values the customers.
    place: Option<usize>,
    /// The best model of when customers buy, with its place.
    model: Option<(usize, Fitted<PurchaseModel>)>,
    /// Trees, where they value the customers.
    trees: Option<Trees>,
}

/// Fits the best candidate that can be fitted and, where that is trees, the best model of when
/// customers buy as well.
fn fitted_to_all(
    candidates: &[Candidate],
    order: &[usize],
    evidence: &Evidence<'_>,
    on_step: &dyn Fn(&str),
) -> Whole {
    let mut whole = Whole {
        place: None,
        model: None,
        trees: None,
    };
    // Models that did not fit what was known before are tried last: the whole may carry them.
    let unfit = (0..candidates.len()).filter(|place| candidates[*place].fitted.is_err());
    for place in order.iter().copied().chain(unfit) {
        let candidate = &candidates[place];
        match (candidate.kind, evidence.grow) {
            (Kind::Purchases(kind), _) => {
                on_step(&format!("fitting {} to the whole", title(kind)));
                let Ok(fitted) = fit(kind, evidence.whole) else {
                    continue;
                };
                whole.model = Some((place, fitted));
                whole.place.get_or_insert(place);
                return whole;
            }
            (Kind::Trees, Some(grow)) if whole.place.is_none() && candidate.ahead.is_some() => {
                on_step(&format!("growing {} on the days held out", trees::TITLE));
                if let Ok(trees) = grow() {
                    whole.trees = Some(trees);
                    whole.place = Some(place);
                }
            }
            (Kind::Trees, _) => {}
        }
    }
    whole
}

/// Models of when customers buy that do not fit; that there are too few customers for trees is said on
/// the leaderboard alone.
fn unfit_words(candidates: &[Candidate]) -> Vec<(&'static str, String)> {
    let words = |candidate: &Candidate| {
        let error = candidate.fitted.as_ref().err()?;
        (candidate.kind != Kind::Trees).then(|| (candidate.kind.title(), error.clone()))
    };
    candidates.iter().filter_map(words).collect()
}

/// Whether the total is too far off.
fn is_off(figures: &Figures) -> bool {
    figures
        .total_error
        .is_some_and(|error| error.abs() > MOST_TOTAL_ERROR)
}

/// The models that fit, the best first: by the mean absolute error of those whose total is right,
/// then of the others; where nobody bought in the period that is held out, or there is none, by
/// what the likelihood says. Of models that do as well as each other the simpler is first.
fn ranked(candidates: &[Candidate]) -> Vec<usize> {
    let fits = |place: &usize| candidates[*place].fitted.is_ok();
    let mut order: Vec<usize> = (0..candidates.len()).filter(fits).collect();
    let key = |place: usize| -> (bool, f64) {
        let candidate = &candidates[place];
        match &candidate.figures {
            Some(figures) if figures.observed > 0.0 => {
                (is_off(figures), figures.mean_absolute_error)
            }
            _ => (false, candidate.model().map_or(f64::INFINITY, Fitted::aic)),
        }
    };
    order.sort_by(|a, b| {
        let (a, b) = (key(*a), key(*b));
        // Figures that differ by rounding alone are the same.
        let by_error = match (a.1 - b.1).abs() <= 1e-9 * a.1.abs() {
            true => std::cmp::Ordering::Equal,
            false => a.1.total_cmp(&b.1),
        };
        a.0.cmp(&b.0).then(by_error)
    });
    order
}

fn rows(
    candidates: &[Candidate],
    order: &[usize],
    chosen: Option<usize>,
    trial: Option<&Trial<'_>>,
) -> Result<Vec<ModelRow>> {
    let best = chosen.and_then(|place| candidates[place].figures.as_ref());
    // What is before the chosen one was better, but could not be fitted again.
    let first = order.iter().position(|place| Some(*place) == chosen);
    let row = |(at, place): (usize, &usize)| {
        let candidate = &candidates[*place];
        let is_chosen = chosen == Some(*place);
        let why = match first.is_none_or(|first| at < first) {
            true => tr!("it does not fit the whole history"),
            false => why(candidate, is_chosen, best),
        };
        model_row(candidate, is_chosen, why)
    };
    let mut rows: Vec<ModelRow> = order.iter().enumerate().map(row).collect();
    for baseline in Baseline::ALL {
        let figures = match trial {
            Some(trial) => trial.of_baseline(baseline)?,
            None => None,
        };
        let values = chosen.is_none() && baseline == Baseline::OwnRate;
        rows.push(ModelRow {
            model: baseline.name().to_owned(),
            title: said(baseline.title()).to_owned(),
            baseline: true,
            chosen: values,
            why: match (values, &figures, trial) {
                (true, ..) => tr!("no model fits, so it takes the place of one"),
                (_, None, Some(_)) => tr!("the history has no period of that length before"),
                _ => tr!("a baseline"),
            },
            figures,
            log_likelihood: None,
            aic: None,
            parameters: String::new(),
        });
    }
    for (place, candidate) in candidates.iter().enumerate() {
        if let Err(error) = &candidate.fitted {
            let why = match chosen == Some(place) {
                true => tr!("fits the whole history alone; before: {why}", why = error),
                false => tr!("does not fit: {why}", why = error),
            };
            rows.push(model_row(candidate, chosen == Some(place), why));
        }
    }
    Ok(rows)
}

fn model_row(candidate: &Candidate, chosen: bool, why: String) -> ModelRow {
    let fitted = candidate.model();
    ModelRow {
        model: candidate.kind.name().to_owned(),
        title: said(candidate.kind.title()).to_owned(),
        baseline: false,
        chosen,
        figures: candidate.figures.clone(),
        log_likelihood: fitted.map(|fitted| fitted.log_likelihood),
        aic: fitted.map(Fitted::aic),
        parameters: fitted.map_or_else(String::new, parameters),
        why,
    }
}

/// Why a model that fits was chosen or not; `best` is how the chosen one did.
fn why(candidate: &Candidate, chosen: bool, best: Option<&Figures>) -> String {
    let figures = candidate.figures.as_ref();
    let figures = figures.filter(|figures| figures.observed > 0.0);
    let (Some(figures), Some(best)) = (figures, best) else {
        if candidate.kind == Kind::Trees {
            return tr!("no purchases are held out to compare it by, and it has no likelihood");
        }
        return match chosen {
            true => tr!(
                "the lowest AIC of the models that fit: no purchases are held out to compare by"
            ),
            false => tr!("its AIC is not lower"),
        };
    };
    match (chosen, is_off(figures)) {
        (true, false) => tr!("the smallest mean absolute error of purchases"),
        (true, true) => tr!(
            "the smallest mean absolute error of purchases; no model has the total within {share}",
            share = percent(MOST_TOTAL_ERROR)
        ),
        (false, true) if !is_off(best) => tr!(
            "its total is off by {share}",
            share = percent(figures.total_error.unwrap_or_default().abs())
        ),
        (false, _) => {
            let more = figures.mean_absolute_error / best.mean_absolute_error - 1.0;
            match more > 0.0005 {
                true => tr!(
                    "its mean absolute error is {share} larger",
                    share = percent(more)
                ),
                false => tr!("its mean absolute error is no smaller"),
            }
        }
    }
}

/// Parameters as text, with four digits that count.
pub fn parameters(fitted: &Fitted<PurchaseModel>) -> String {
    let regularity = match fitted.model {
        PurchaseModel::BetaGeometric(model) if model.regularity > 1 => {
            Some(format!("k {}", model.regularity))
        }
        _ => None,
    };
    let told = |estimate: &Estimate| {
        let digits = 3 - estimate.value.abs().log10().floor() as i32;
        let limit = if estimate.at_limit {
            said(mark!(" (at its limit)"))
        } else {
            ""
        };
        format!("{} {}{limit}", estimate.name, round(estimate.value, digits))
    };
    let told = fitted.parameters.iter().map(told);
    let all: Vec<String> = regularity.into_iter().chain(told).collect();
    all.join(", ")
}

impl Board {
    /// Whether any model values the customers, rather than a baseline.
    pub fn fits(&self) -> bool {
        self.chosen.is_some() || self.trees.is_some()
    }

    /// The model that says who is active and when they buy next, where trees say the rest.
    pub fn timed_by(&self) -> Option<&'static str> {
        let (kind, _) = self.chosen.as_ref().filter(|_| self.trees.is_some())?;
        Some(title(*kind))
    }

    /// The row of the model, or of the baseline, that values the customers.
    pub fn chosen_row(&self) -> Option<&ModelRow> {
        self.rows.iter().find(|row| row.chosen)
    }

    /// A baseline that did better than the chosen model.
    pub fn better_baseline(&self) -> Option<(&ModelRow, f64, f64)> {
        let chosen = self.chosen_row().filter(|row| !row.baseline)?;
        let ours = chosen.figures.as_ref()?;
        let ours = (ours.observed > 0.0).then_some(ours.root_mean_squared_error)?;
        let mut better: Vec<(&ModelRow, f64)> = self
            .rows
            .iter()
            .filter(|row| row.baseline)
            .filter_map(|row| Some((row, row.figures.as_ref()?.root_mean_squared_error)))
            .filter(|(_, theirs)| *theirs < ours)
            .collect();
        better.sort_by(|a, b| a.1.total_cmp(&b.1));
        better.first().map(|(row, theirs)| (*row, *theirs, ours))
    }
}

#[cfg(test)]
mod tests {
    use regulars_models::value::BetaGeometric;

    use super::*;

    fn candidate(kind: PurchaseKind, error: f64, total_error: f64) -> Candidate {
        let model = BetaGeometric {
            r: 1.0,
            alpha: 1.0,
            a: 1.0,
            b: 1.0,
            regularity: 1,
            leaves_at_start: false,
        };
        Candidate {
            kind: Kind::Purchases(kind),
            fitted: Ok(Some(Fitted {
                model: PurchaseModel::BetaGeometric(model),
                parameters: Vec::new(),
                log_likelihood: -10.0 * error,
                customers: 10,
                iterations: 1,
                slope: 0.0,
            })),
            ahead: None,
            figures: Some(Figures {
                mean_absolute_error: error,
                root_mean_squared_error: error,
                bias: 0.0,
                correlation: None,
                predicted: 100.0 * (1.0 + total_error),
                observed: 100.0,
                total_error: Some(total_error),
                spend_mean_absolute_error: 1.0,
                interval_coverage: None,
            }),
        }
    }

    #[test]
    fn a_model_with_a_wrong_total_is_behind_and_the_simpler_of_equals_before() {
        let mut candidates = vec![
            candidate(PurchaseKind::BgNbd, 0.9, 0.1),
            candidate(PurchaseKind::MbgNbd, 0.8, 0.1),
            candidate(PurchaseKind::BgCnbd, 0.5, -0.4),
            candidate(PurchaseKind::MbgCnbd, 0.8, 0.1),
            candidate(PurchaseKind::ParetoNbd, 0.7, 0.1),
        ];
        candidates[4].fitted = Err(ValueError::NoRepeat.to_string());
        assert_eq!(ranked(&candidates), [1, 3, 0, 2]);
        let best = candidates[1].figures.clone();
        let words = |place: usize| why(&candidates[place], place == 1, best.as_ref());
        assert_eq!(words(1), "the smallest mean absolute error of purchases");
        assert_eq!(words(3), "its mean absolute error is no smaller");
        assert_eq!(words(0), "its mean absolute error is 12.5 % larger");
        assert_eq!(words(2), "its total is off by 40.0 %");
    }

    #[test]
    fn without_purchases_held_out_the_likelihood_decides() {
        let mut candidates = vec![
            candidate(PurchaseKind::BgNbd, 0.9, 0.1),
            candidate(PurchaseKind::MbgNbd, 0.8, 0.1),
        ];
        for candidate in &mut candidates {
            let figures = candidate.figures.as_mut().unwrap();
            (figures.observed, figures.total_error) = (0.0, None);
        }
        assert_eq!(ranked(&candidates), [1, 0]);
        let best = candidates[1].figures.as_ref();
        assert!(why(&candidates[1], true, best).starts_with("the lowest AIC"));
    }
}

//! Which model gives the scores, and why.

use regulars_models::classifiers::NAMES;

use crate::failure::{Failure, Result};
use crate::learning::lineup::BASELINE;
use crate::learning::task::{Terms, Words};
use crate::learning::train::{Trained, Tried};

/// Log losses closer than this are the same.
const TIE: f64 = 1e-4;

/// The model that gives the scores.
pub struct Choice {
    /// Its place among those of the last test.
    pub(super) place: usize,
    /// Why, in words.
    pub why: String,
}

/// What is known of a model when the choice is made; nothing of the test rows.
#[derive(Clone, Debug)]
struct Candidate {
    /// Its name in the settings.
    name: &'static str,
    /// Whether it can say exactly what each feature adds to a score.
    explains: bool,
    /// Whether it is the baseline that looks at one column.
    baseline: bool,
    /// Log loss on the validation rows, where there are any.
    log_loss: Option<f64>,
}

/// Chooses one of the models that were tested, without looking at how the test went.
///
/// A model named in the terms is taken. Otherwise it is the one with the lowest log loss on the
/// validation rows among those that can say why, or among all where none can; the baseline only
/// where nothing else runs. Models within 1e-4 of the lowest are as good as it, and of them the
/// simplest is taken, in the order of [`NAMES`]; so it is where nothing was held out.
///
/// # Errors
/// No model could be learned, or not the one that the terms name.
pub fn choose(trained: &Trained, terms: &Terms, words: &Words) -> Result<Choice> {
    let candidates: Vec<Candidate> = trained.tried.iter().map(candidate).collect();
    let asked = terms.chosen.as_deref();
    let Some(place) = place(&candidates, asked) else {
        let warnings = trained.warnings.iter();
        let messages: Vec<&str> = warnings.map(|warning| warning.message.as_str()).collect();
        return Err(Failure::data(format!(
            "no model gives scores: \"{}\" was to be chosen; {}",
            asked.unwrap_or("auto"),
            messages.join("; ")
        ))
        .hint(words.other_models));
    };
    // What is known beforehand is told, because reasons rest on it.
    let bound = match trained.tried[place].entrant.is_bound {
        true => "; bound to move with each feature as it is known to, at no cost that shows",
        false => "",
    };
    let members = made_of(&trained.tried[place].members);
    Ok(Choice {
        place,
        why: why(&candidates, place, asked, words) + &members + bound,
    })
}

/// What the chosen model is made of, in words, the heaviest first; nothing where it is one alone.
fn made_of(members: &[(String, f64)]) -> String {
    let mut members: Vec<&(String, f64)> = members.iter().collect();
    members.sort_by(|a, b| b.1.total_cmp(&a.1));
    let said = |(title, weight): &&(String, f64)| format!("{title} {:.0} %", 100.0 * weight);
    let said: Vec<String> = members.iter().map(said).collect();
    match said.is_empty() {
        true => String::new(),
        false => format!("; made of {}", said.join(", ")),
    }
}

fn candidate(tried: &Tried) -> Candidate {
    Candidate {
        name: tried.entrant.name(),
        explains: tried.entrant.recipe.explains(),
        baseline: tried.entrant.name() == BASELINE,
        log_loss: tried.validation,
    }
}

/// The place of the model that is chosen.
fn place(candidates: &[Candidate], asked: Option<&str>) -> Option<usize> {
    if let Some(asked) = asked {
        return candidates.iter().position(|model| model.name == asked);
    }
    let rules: [fn(&Candidate) -> bool; 3] = [
        |model| model.explains && !model.baseline,
        |model| !model.baseline,
        |_| true,
    ];
    let among = rules.iter().find(|rule| candidates.iter().any(rule))?;
    let loss = |model: &Candidate| model.log_loss.unwrap_or(f64::INFINITY);
    let lowest = candidates
        .iter()
        .filter(|model| among(model))
        .map(loss)
        .fold(f64::INFINITY, f64::min);
    let simplicity = |name: &str| NAMES.iter().position(|other| *other == name);
    (0..candidates.len())
        .filter(|place| among(&candidates[*place]))
        .filter(|place| lowest.is_infinite() || loss(&candidates[*place]) <= lowest + TIE)
        .min_by_key(|place| simplicity(candidates[*place].name))
}

/// Why a model was chosen.
fn why(candidates: &[Candidate], chosen: usize, asked: Option<&str>, words: &Words) -> String {
    let model = &candidates[chosen];
    if Some(model.name) == asked {
        return "the settings name it".to_owned();
    }
    let among = match (model.explains, model.baseline) {
        (_, true) => "",
        (true, false) => " that can say why",
        (false, false) => " (none can say why)",
    };
    if candidates.len() == 1 {
        "it is the only one that ran".to_owned()
    } else if model.log_loss.is_none() {
        format!(
            "it is the simplest{among}, and too few {} are there to hold any out",
            words.rows
        )
    } else {
        format!(
            "lowest log loss among the models{among}, of {} that ran",
            candidates.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &'static str, explains: bool, log_loss: f64) -> Candidate {
        Candidate {
            name,
            explains,
            baseline: name == "single-feature",
            log_loss: Some(log_loss),
        }
    }

    #[track_caller]
    fn chosen(candidates: &[Candidate], asked: Option<&str>, want: &str) {
        let place = place(candidates, asked).expect("one is chosen");
        assert_eq!(candidates[place].name, want);
    }

    #[test]
    fn the_lowest_log_loss_among_models_that_can_say_why() {
        let models = [
            candidate("single-feature", true, 0.1),
            candidate("boosting", true, 0.30),
            candidate("logistic", true, 0.31),
            candidate("neighbours", false, 0.2),
        ];
        chosen(&models, None, "boosting");
        chosen(&models, Some("neighbours"), "neighbours");
        assert_eq!(place(&models, Some("forest")), None);
        assert_eq!(place(&[], None), None);
    }

    #[test]
    fn what_an_ensemble_is_made_of_is_said_the_heaviest_first() {
        let members = [("tree".to_owned(), 0.256), ("boosting".to_owned(), 0.744)];
        assert_eq!(made_of(&members), "; made of boosting 74 %, tree 26 %");
        assert_eq!(made_of(&[]), "");
    }

    #[test]
    fn an_ensemble_has_to_be_better_than_its_members() {
        let models = [
            candidate("boosting", true, 0.300_05),
            candidate("ensemble", true, 0.3),
        ];
        chosen(&models, None, "boosting");
        let better = [models[0].clone(), candidate("ensemble", true, 0.299)];
        chosen(&better, None, "ensemble");
    }

    #[test]
    fn of_models_that_are_as_good_the_simpler_is_taken() {
        let models = [
            candidate("boosting", true, 0.30),
            candidate("logistic", true, 0.300_09),
            candidate("forest", true, 0.300_05),
        ];
        chosen(&models, None, "logistic");
        let nothing_held_out = models.map(|model| Candidate {
            log_loss: None,
            ..model
        });
        chosen(&nothing_held_out, None, "logistic");
    }

    #[test]
    fn the_baseline_is_chosen_only_where_nothing_else_runs() {
        let opaque = [
            candidate("single-feature", false, 0.1),
            candidate("neighbours", false, 0.2),
        ];
        chosen(&opaque, None, "neighbours");
        chosen(&opaque[..1], None, "single-feature");
    }
}

//! Which model gives the scores.

use crate::config::churn::AUTO;
use crate::config::churn::MODELS;

/// Log losses closer than this are the same.
const TIE: f64 = 1e-4;

/// What is known of a model when the choice is made; nothing of the test date.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its name in the settings.
    pub name: &'static str,
    /// Whether it can say exactly what each feature adds to a score.
    pub explains: bool,
    /// Whether it is the baseline that looks at one column.
    pub baseline: bool,
    /// Log loss on the validation rows, where there are any.
    pub log_loss: Option<f64>,
}

/// The place of the model that gives the scores.
///
/// A model named in the settings is taken. Otherwise it is the one with the lowest log loss on the
/// validation rows among those that can say why, or among all where none can; the baseline only
/// where nothing else runs. Models within 1e-4 of the lowest are as good as it, and of them the
/// simplest is taken, in the order of [`MODELS`]; so it is where nothing was held out.
pub fn choose(candidates: &[Candidate], asked: &str) -> Option<usize> {
    if asked != AUTO {
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
    let simplicity = |name: &str| MODELS.iter().position(|other| *other == name);
    (0..candidates.len())
        .filter(|place| among(&candidates[*place]))
        .filter(|place| lowest.is_infinite() || loss(&candidates[*place]) <= lowest + TIE)
        .min_by_key(|place| simplicity(candidates[*place].name))
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
    fn chosen(candidates: &[Candidate], asked: &str, want: &str) {
        let place = choose(candidates, asked).expect("one is chosen");
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
        chosen(&models, "auto", "boosting");
        chosen(&models, "neighbours", "neighbours");
        assert_eq!(choose(&models, "forest"), None);
        assert_eq!(choose(&[], "auto"), None);
    }

    #[test]
    fn of_models_that_are_as_good_the_simpler_is_taken() {
        let models = [
            candidate("boosting", true, 0.30),
            candidate("logistic", true, 0.300_09),
            candidate("forest", true, 0.300_05),
        ];
        chosen(&models, "auto", "logistic");
        let nothing_held_out = models.map(|model| Candidate {
            log_loss: None,
            ..model
        });
        chosen(&nothing_held_out, "auto", "logistic");
    }

    #[test]
    fn the_baseline_is_chosen_only_where_nothing_else_runs() {
        let opaque = [
            candidate("single-feature", false, 0.1),
            candidate("neighbours", false, 0.2),
        ];
        chosen(&opaque, "auto", "neighbours");
        chosen(&opaque[..1], "auto", "single-feature");
    }
}

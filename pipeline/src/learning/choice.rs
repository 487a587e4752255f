//! Which model gives the scores, and why.

use regulars_models::classifiers::NAMES;

use crate::failure::{Failure, Result};
use crate::learning::lineup::BASELINE;
use crate::learning::task::{Terms, Words};
use crate::learning::train::{Trained, Tried};
use crate::words::{Both, both, said};

/// Log losses closer than this are the same.
const TIE: f64 = 1e-4;

/// The model that gives the scores.
pub struct Choice {
    /// Its place among those of the last test.
    pub(super) place: usize,
    /// Why, in words.
    pub why: Both,
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
    let bound = || match trained.tried[place].entrant.is_bound {
        true => tr!("; bound to move with each feature as it is known to, at no cost that shows"),
        false => String::new(),
    };
    let members = || made_of(&trained.tried[place].members);
    Ok(Choice {
        place,
        why: both(|| why(&candidates, place, asked, words) + &members() + &bound()),
    })
}

/// Why a model was chosen, in the language of the command, from the words in English that are kept of it.
pub fn said_again(english: &str) -> String {
    let mut text = String::new();
    for (place, clause) in english.split("; ").enumerate() {
        let clause = match place {
            0 => clause.to_owned(),
            _ => format!("; {clause}"),
        };
        let lowest = between(&clause, "lowest log loss among the models", " that ran");
        let lowest = lowest.and_then(|rest| rest.rsplit_once(", of "));
        let simplest = between(&clause, "it is the simplest", " are there to hold any out");
        let simplest = simplest.and_then(|rest| rest.rsplit_once(", and too few "));
        text += &if let Some((among, number)) = lowest {
            tr!(
                "lowest log loss among the models{among}, of {number} that ran",
                among = said(among),
                number = number
            )
        } else if let Some((among, rows)) = simplest {
            tr!(
                "it is the simplest{among}, and too few {rows} are there to hold any out",
                among = said(among),
                rows = said(rows)
            )
        } else if let Some(members) = clause.strip_prefix("; made of ") {
            let member = |member: &str| match member.trim_end_matches(" %").rsplit_once(' ') {
                Some((title, percent)) => {
                    tr!(
                        "{title} {percent} %",
                        title = said(title),
                        percent = percent
                    )
                }
                None => member.to_owned(),
            };
            let members: Vec<String> = members.split(", ").map(member).collect();
            tr!("; made of {members}", members = members.join(&tr!(", ")))
        } else {
            said(&clause).to_owned()
        };
    }
    text
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// What the chosen model is made of, in words, the heaviest first; nothing where it is one alone.
fn made_of(members: &[(String, f64)]) -> String {
    let mut members: Vec<&(String, f64)> = members.iter().collect();
    members.sort_by(|a, b| b.1.total_cmp(&a.1));
    let said = |(title, weight): &&(String, f64)| {
        let (title, percent) = (said(title), format!("{:.0}", 100.0 * weight));
        tr!("{title} {percent} %", title = title, percent = percent)
    };
    let said: Vec<String> = members.iter().map(said).collect();
    match said.is_empty() {
        true => String::new(),
        false => tr!("; made of {members}", members = said.join(&tr!(", "))),
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
        return tr!("the settings name it");
    }
    if candidates.len() == 1 {
        return tr!("it is the only one that ran");
    }
    let among = match (model.explains, model.baseline) {
        (_, true) => String::new(),
        (true, false) => tr!(" that can say why"),
        (false, false) => tr!(" (none can say why)"),
    };
    match model.log_loss {
        None => tr!(
            "it is the simplest{among}, and too few {rows} are there to hold any out",
            among = among,
            rows = said(words.rows)
        ),
        Some(_) => tr!(
            "lowest log loss among the models{among}, of {number} that ran",
            among = among,
            number = candidates.len()
        ),
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
    fn why_can_be_said_again_from_what_is_kept() {
        for why in [
            "the settings name it",
            "it is the only one that ran",
            "it is the simplest that can say why, and too few customers are there to hold any out",
            "lowest log loss among the models that can say why, of 7 that ran; made of boosted trees 74 %, extra trees 26 %; bound to move with each feature as it is known to, at no cost that shows",
        ] {
            assert_eq!(said_again(why), why);
        }
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

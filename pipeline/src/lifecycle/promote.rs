//! Which version becomes the champion: one that is better, or one that somebody wants.

use serde_json::{from_value, to_value};

use crate::config::Promote;
use crate::failure::{Cause, Failure, Result};
use crate::lifecycle::compare::{Comparison, Verdict, compare};
use crate::outputs::system::{host, started_now};
use crate::registry::{Act, Action, Candidate, Champion, Registry, Version};
use crate::stages::Context;
use crate::words::{in_english, said};

/// What came of asking for a version to become the champion.
pub enum Outcome {
    /// It is the champion now; what it was held against, if it was.
    Crowned(Option<Box<Comparison>>),
    /// It is not better than the champion, who stays.
    NotBetter(Box<Comparison>),
}

/// Makes a version the champion, where it is better than the present one beyond the interval of the
/// difference, where there is none, or where it is forced.
///
/// # Errors
/// It is the champion already; the two cannot be compared; the champion has changed meanwhile.
pub fn promote(
    context: &Context<'_>,
    registry: &Registry,
    version: &Version,
    (why, force): (Option<&str>, bool),
) -> Result<Outcome> {
    let before = registry.champion()?.champion;
    if before == Some(version.number()) {
        return Err(Failure::data(format!(
            "version {} is the champion already",
            version.number()
        )));
    }
    // What is damaged is not put to use.
    version.model()?;
    version.features()?;
    let comparison = match (before, force) {
        (None, _) | (_, true) => None,
        (Some(_), false) => Some(compare(context, &registry.in_use()?, version).map_err(open)?),
    };
    if let Some(comparison) = comparison
        .as_ref()
        .filter(|comparison| comparison.verdict != Verdict::SecondIsBetter)
    {
        return Ok(Outcome::NotBetter(Box::new(comparison.clone())));
    }
    let why = match (why, &comparison) {
        (Some(why), _) => why.to_owned(),
        (None, Some(comparison)) => in_english(|| comparison.sentence()),
        (None, None) if before.is_none() => mark!("the first one").to_owned(),
        (None, None) => mark!("forced").to_owned(),
    };
    let act = Act {
        forced: force,
        comparison: comparison.as_ref().and_then(|found| to_value(found).ok()),
        ..act(Action::Promote, version.number(), &why)
    };
    registry.crown(act, |now| unchanged(now, before))?;
    Ok(Outcome::Crowned(comparison.map(Box::new)))
}

/// Where nothing can be compared it can still be forced.
fn open(failure: Failure) -> Failure {
    let hint = failure.hint.clone().unwrap_or_default();
    let or = "or make it the champion without a comparison: --force --why \"...\"";
    match hint.as_str() {
        "" => failure.hint(or),
        hint if hint.contains("--force") => failure,
        hint => {
            let hint = format!("{hint}; {or}");
            failure.hint(hint)
        }
    }
}

fn unchanged(now: &Champion, before: Option<u32>) -> Result<()> {
    if now.champion == before {
        return Ok(());
    }
    let words = |number: Option<u32>| {
        number.map_or("nobody".to_owned(), |number| format!("version {number}"))
    };
    Err(Failure::data(format!(
        "meanwhile somebody else has changed the champion from {} to {}; nothing was changed here",
        words(before),
        words(now.champion)
    ))
    .hint("compare with that one: run the command again"))
}

/// Goes back to the champion before the present one; which that is.
///
/// # Errors
/// There is none before it.
pub fn rollback(registry: &Registry, why: Option<&str>) -> Result<u32> {
    let champion = registry.champion()?;
    let Some(before) = champion.before() else {
        return Err(Failure::data(match champion.champion {
            None => "there is no champion to go back from".to_owned(),
            Some(number) => format!("there is no champion before version {number}"),
        })
        .hint("promote the one that you want: regulars models promote N"));
    };
    let why = why.unwrap_or(mark!("back to the one before"));
    let present = champion.champion;
    registry.crown(act(Action::Rollback, before, why), |now| {
        unchanged(now, present)
    })?;
    Ok(before)
}

/// Why something was done, in the language of the command where the reason is ours; it is kept in English.
pub fn why(act: &Act) -> String {
    let comparison = act.comparison.as_ref();
    let comparison = comparison.and_then(|found| from_value::<Comparison>(found.clone()).ok());
    match comparison.filter(|found| in_english(|| found.sentence()) == act.why) {
        Some(found) => found.sentence(),
        None => said(&act.why).to_owned(),
    }
}

/// An act of now, by whoever runs this.
pub fn act(action: Action, version: u32, why: &str) -> Act {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    let user = user.unwrap_or_else(|| "somebody".to_owned());
    Act {
        action,
        version,
        at: started_now(),
        by: host().map_or(user.clone(), |host| format!("{user} on {host}")),
        why: why.to_owned(),
        forced: false,
        comparison: None,
    }
}

/// Keeps what a run has learned and promotes it by the settings: its number, and in words what came
/// of it.
///
/// # Errors
/// It cannot be stored, or the champion cannot be changed.
pub fn after_run(
    context: &Context<'_>,
    registry: &Registry,
    candidate: Candidate,
) -> Result<(u32, String)> {
    let version = registry.store(candidate)?;
    Ok((version.number(), promoted(context, registry, &version)?))
}

/// Promotes a version that was just stored by the settings; in words what came of it.
fn promoted(context: &Context<'_>, registry: &Registry, version: &Version) -> Result<String> {
    let kept = tr!("kept as version {number}", number = version.number());
    let policy = context.settings.config.models.promote;
    let done = match policy {
        Promote::Never => return Ok(kept),
        Promote::Always => promote(
            context,
            registry,
            version,
            (Some("[models] promote = \"always\""), true),
        ),
        Promote::Better => promote(context, registry, version, (None, false)),
    };
    Ok(match done {
        Ok(Outcome::Crowned(None)) => tr!("{kept}, the champion now", kept = kept),
        Ok(Outcome::Crowned(Some(found))) => {
            tr!(
                "{kept}, the champion now: {why}",
                kept = kept,
                why = found.sentence()
            )
        }
        Ok(Outcome::NotBetter(found)) => tr!(
            "{kept}; version {number} stays the champion: {why}",
            kept = kept,
            number = found.first.version,
            why = found.sentence()
        ),
        // What cannot be compared does not take the place of what is there.
        Err(failure) if failure.cause != Cause::Machine => {
            tr!(
                "{kept}, not the champion: {why}",
                kept = kept,
                why = failure.message
            )
        }
        Err(failure) => return Err(failure),
    })
}

//! Whether a kept model means the same under these settings and of this history.

use crate::failure::{Failure, Result, nearest};
use crate::lifecycle::keep::definition;
use crate::registry::{KeptFeature, KeptFeatures, Version};
use crate::stages::Context;

/// Refuses a model that was learned for something else than the settings speak of.
pub fn settings(version: &Version, context: &Context<'_>) -> Result<()> {
    let (then, now) = (&version.record.definition, definition(context));
    let refused = |key: &str, then: String, now: String| {
        let failure = context.settings.wrong(
            &["churn", key],
            format!(
                "version {} was learned with {then}, and the settings say {now}",
                version.number()
            ),
        );
        Err(failure.hint(format!(
            "score with the {key} that it was learned with, or learn one for these settings: regulars train"
        )))
    };
    let label = |label: &Option<String>| {
        let word = |label: &String| format!("the label `{label}`");
        label.as_ref().map_or("no label".to_owned(), word)
    };
    if then.label != now.label {
        return refused("label", label(&then.label), label(&now.label));
    }
    if then.label.is_some() {
        return Ok(()); // the label alone says who left, and everybody is scored
    }
    for (key, then, now) in [
        ("horizon_days", then.horizon_days, now.horizon_days),
        ("min_baskets", then.min_baskets, now.min_baskets),
        ("active_days", then.active_days, now.active_days),
    ] {
        if then != now {
            return refused(key, then.to_string(), now.to_string());
        }
    }
    if then.timezone != now.timezone {
        let failure = context.settings.wrong(
            &["project", "timezone"],
            format!(
                "version {} was learned with days of {}, not of {}",
                version.number(),
                then.timezone,
                now.timezone
            ),
        );
        return Err(failure.hint("learn one for these days: regulars train"));
    }
    Ok(())
}

/// Refuses a model one of whose features is not there any more, or means something else.
///
/// - `now`: what the features of the history are, by name.
pub fn features(version: &Version, kept: &KeptFeatures, now: &[(String, String)]) -> Result<()> {
    let number = version.number();
    for feature in &kept.features {
        let name = &feature.name;
        let Some((_, definition)) = now.iter().find(|(known, _)| known == name) else {
            let names = now.iter().map(|(name, _)| name.as_str());
            let near = nearest(name, names);
            let near = near.map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
            return Err(Failure::data(format!(
                "version {number} looks at `{name}` ({}), which this history does not have{near}",
                feature.about
            ))
            .hint("load what it is made of, or learn without it: regulars train"));
        };
        let found = KeptFeature::new(name, &feature.about, &feature.kind, definition);
        if let Some(words) = feature.differs_from(&found) {
            return Err(Failure::data(format!(
                "`{name}` is not the feature that version {number} was learned with: {words}"
            ))
            .hint("put the settings and sources back as they were, or learn a model of what it is now: regulars train"));
        }
    }
    Ok(())
}

//! How far things may move before a job fails.

use serde::Serialize;

use super::Difference;
use crate::failure::{Failure, Result, did_you_mean};

/// Something that was asked not to move further than so.
#[derive(Clone, Debug, Serialize)]
pub struct Limited {
    /// What.
    pub name: String,
    /// How far it moved; nothing where a run does not have it.
    pub found: Option<f64>,
    /// The most that was asked for.
    pub at_most: f64,
    /// Whether it moved further.
    pub beyond: bool,
}

/// What can be limited: its name, what it is, and where it is read.
type Known = (&'static str, fn(&Difference) -> Option<f64>);

/// Every limit is of a share, between 0 and 1, but for `mean-score`, which is of a probability.
const KNOWN: &[Known] = &[
    ("customers-gone", |found| {
        let there = found.customers.runs[0];
        share(there.saturating_sub(found.customers.both), there)
    }),
    ("segments-moved", |found| moved(found, "rfm_segment")),
    ("tiers-moved", |found| moved(found, "value_tier")),
    ("clusters-moved", |found| moved(found, "cluster_name")),
    ("segment-size", |found| {
        let sizes = found
            .segments
            .iter()
            .find(|one| one.column == "rfm_segment")?;
        let changes = sizes
            .sizes
            .iter()
            .map(|size| (size.share[1] - size.share[0]).abs());
        changes.reduce(f64::max)
    }),
    ("bands-moved", |found| {
        let scores = found.scores.as_ref()?;
        share(scores.moved, scores.both)
    }),
    ("bands-moved-by-model", |found| {
        let scores = found.scores.as_ref()?;
        share(scores.by_model?, scores.both)
    }),
    ("mean-score", |found| {
        let scores = found.scores.as_ref()?;
        Some((scores.mean[1] - scores.mean[0]).abs())
    }),
    ("rules-changed", |found| {
        let rules = found.rules.as_ref()?;
        share(
            rules.came + rules.went,
            rules.came + rules.went + rules.stayed,
        )
    }),
    ("suggestions-changed", |found| {
        let [both, another] = found.suggestions.as_ref()?.first?;
        share(another, both)
    }),
];

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn moved(found: &Difference, column: &str) -> Option<f64> {
    let grouping = found.segments.iter().find(|one| one.column == column)?;
    share(grouping.moved, grouping.both)
}

/// Limits as they were typed.
///
/// # Errors
/// No such limit, or no number that could be one.
pub fn asked(typed: &[String]) -> Result<Vec<(&'static Known, f64)>> {
    typed.iter().map(|limit| one(limit)).collect()
}

fn one(limit: &str) -> Result<(&'static Known, f64)> {
    let names: Vec<&str> = KNOWN.iter().map(|known| known.0).collect();
    let wrong = |what: String| {
        Err(Failure::settings(format!("--limit {limit}: {what}")).hint(
            "write --limit bands-moved=0.2, once for each limit; regulars diff --help lists them",
        ))
    };
    let Some((name, at_most)) = limit.split_once('=') else {
        return wrong("it has no =".to_owned());
    };
    let Some(known) = KNOWN.iter().find(|known| known.0 == name.trim()) else {
        return wrong(format!(
            "there is no limit `{}`; {}",
            name.trim(),
            did_you_mean(name.trim(), &names)
        ));
    };
    match at_most.trim().parse::<f64>() {
        Ok(at_most) if (0.0..=1.0).contains(&at_most) => Ok((known, at_most)),
        _ => wrong(format!("`{}` is no number from 0 to 1", at_most.trim())),
    }
}

/// What became of them.
///
/// # Errors
/// Neither run has what a limit is of: a limit that cannot be held must not pass for one that was.
pub fn held(asked: &[(&'static Known, f64)], found: &Difference) -> Result<Vec<Limited>> {
    let held = |(known, at_most): &(&'static Known, f64)| {
        let moved = (known.1)(found).ok_or_else(|| {
            Failure::data(format!(
                "--limit {}: the runs do not have what it is about",
                known.0
            ))
            .hint("run the stage that writes it into both folders, or leave the limit out")
        })?;
        Ok(Limited {
            name: known.0.to_owned(),
            found: Some(moved),
            at_most: *at_most,
            beyond: moved > *at_most,
        })
    };
    asked.iter().map(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_or_refused_with_the_nearest_name() {
        let (known, at_most) = one("bands-moved=0.25").unwrap();
        assert_eq!((known.0, at_most), ("bands-moved", 0.25));
        for (typed, words) in [
            ("bands-moved", "it has no ="),
            ("bands-mowed=0.2", "bands-moved"),
            ("mean-score=1.5", "no number from 0 to 1"),
            ("mean-score=much", "no number from 0 to 1"),
            ("mean-score=NaN", "no number from 0 to 1"),
        ] {
            let failure = one(typed).unwrap_err();
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
}

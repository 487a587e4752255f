//! Tiers and own segments, as the summary tells them.

use std::fmt::Write as _;

use super::tables::OWN;
use super::{Metrics, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, percent, plural};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "CLASSES (by {})", found.ranked_by);
    for (of, shares) in [
        ("customers", found.concentration),
        ("accounts", found.account_concentration),
    ] {
        if let Some(shares) = shares {
            let _ = writeln!(
                text,
                "  The best tenth of the {of} holds {} of it, the best fifth {} (Gini {:.2}).",
                percent(shares.top_tenth),
                percent(shares.top_fifth),
                shares.gini
            );
        }
    }
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for row in &found.classes {
        let kind = (row.kind.as_str(), row.of.as_str());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for (kind, of) in kinds {
        let rows = found
            .classes
            .iter()
            .filter(|row| (row.kind.as_str(), row.of.as_str()) == (kind, of));
        let words: Vec<String> = rows
            .map(|row| match kind {
                OWN => format!("{} {}", row.name, count(row.members)),
                _ => format!(
                    "{} {} ({})",
                    row.name,
                    count(row.members),
                    percent(row.value_share)
                ),
            })
            .collect();
        let title = match (kind, of) {
            (OWN, _) => "own segments".to_owned(),
            (kind, of) => format!("{kind}, {of}"),
        };
        let _ = writeln!(text, "  {title}: {}", words.join(", "));
    }
    if let Some(accounts) = found.accounts {
        let _ = writeln!(text, "  There are {}.", plural(accounts, "account"));
    }
    text.push('\n');
    Some(text)
}

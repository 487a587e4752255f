//! Tiers and own segments, as the summary tells them.

use std::fmt::Write as _;

use super::tables::{ACCOUNTS, CUSTOMERS, OWN, class_words, members_of};
use super::{Metrics, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, percent, plural};
use crate::words::{Language, said, spoken};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let by = said(&found.ranked_by);
    let _ = writeln!(text, "{}", tr!("CLASSES (by {value})", value = by));
    for (of, shares) in [
        (CUSTOMERS, found.concentration),
        (ACCOUNTS, found.account_concentration),
    ] {
        if let Some(shares) = shares {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "The best tenth of the {members} holds {tenth} of it, the best fifth {fifth} (Gini {gini}).",
                    members = members_of(of),
                    tenth = percent(shares.top_tenth),
                    fifth = percent(shares.top_fifth),
                    gini = format!("{:.2}", shares.gini)
                )
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
                OWN => format!("{} {}", class_words(row), count(row.members)),
                _ => tr!(
                    "{class} {members} ({share})",
                    class = class_words(row),
                    members = count(row.members),
                    share = percent(row.value_share)
                ),
            })
            .collect();
        let title = match (kind, of) {
            (OWN, _) => tr!("own segments"),
            (kind, of) => tr!(
                "{kind}, {members}",
                kind = said(kind),
                members = members_of(of)
            ),
        };
        let between = match spoken() {
            Language::En => ", ",
            Language::Zh => "、",
        };
        let line = tr!(
            "{title}: {classes}",
            title = title,
            classes = words.join(between)
        );
        let _ = writeln!(text, "  {line}");
    }
    if let Some(accounts) = found.accounts {
        let accounts = tr!(
            "There are {accounts}.",
            accounts = plural(accounts, "account")
        );
        let _ = writeln!(text, "  {accounts}");
    }
    text.push('\n');
    Some(text)
}

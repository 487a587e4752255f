//! What customers are worth, as the summary tells it.

use std::fmt::Write as _;

use super::NAME;
use super::metrics::Metrics;
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent, plural};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "WHAT THEY ARE WORTH ({} of the next {} days, discounted by {} a year)",
        found.counted_in,
        found.horizon_days,
        percent(found.rate)
    );
    let _ = writeln!(
        text,
        "  {} spent {} so far; {} of them bought again.",
        plural(found.customers, "customer"),
        money(found.spend, &manifest.currency),
        count(found.repeat_buyers)
    );
    if let Some(value) = found.lifetime_value {
        let active = found.active.map_or_else(String::new, |active| {
            format!("; {} are still active", count(active.round() as u64))
        });
        let _ = writeln!(
            text,
            "  Expected of them: {}{active}.",
            money(value, &manifest.currency)
        );
    }
    if let Some(shares) = found.concentration {
        let _ = writeln!(
            text,
            "  The tenth worth most holds {} of it, the fifth {}.",
            percent(shares.top_tenth),
            percent(shares.top_fifth)
        );
    }
    if let Some(chosen) = found.chosen() {
        let tried = tried(&found).unwrap_or_default();
        let _ = writeln!(text, "  By {} ({}).{tried}", chosen.title, chosen.why);
    }
    text.push('\n');
    Some(text)
}

/// How the chosen model did on what it had not seen.
fn tried(found: &Metrics) -> Option<String> {
    let figures = found.chosen()?.figures.as_ref()?;
    Some(format!(
        "\n  In {}, which it had not seen, {} purchases were predicted and {} came.",
        found.held_out.as_deref()?,
        count(figures.predicted.round() as u64),
        count(figures.observed as u64)
    ))
}

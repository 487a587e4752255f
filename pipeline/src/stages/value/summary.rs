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
    text += &parts(&found, &manifest.currency);
    if let Some(contracts) = &found.contracts {
        let brings = contracts.residual_value.map_or_else(String::new, |value| {
            format!(
                "; they have still to bring {}",
                money(value, &manifest.currency)
            )
        });
        let _ = writeln!(
            text,
            "  Under contract: {}, of whom {} have ended; of those who are there {} are expected to renew next{brings}.",
            plural(contracts.customers, "customer"),
            count(contracts.ended),
            percent(contracts.next)
        );
    }
    if let Some(chosen) = found.chosen() {
        let tried = tried(&found).unwrap_or_default();
        let _ = writeln!(text, "  By {} ({}).{tried}", chosen.title, chosen.why);
        if let Some(timed_by) = &found.timed_by {
            let _ = writeln!(
                text,
                "  Who is active and when they buy next is told by {timed_by}: {} do not say it.",
                chosen.title
            );
        }
    }
    text.push('\n');
    Some(text)
}

/// What values are made of, and what the data do not tell.
fn parts(found: &Metrics, currency: &str) -> String {
    let mut text = String::new();
    let named = |name: &str| match name {
        "present_value" => Some("present value"),
        "category_room" => Some("room in categories"),
        "influence_value" => Some("influence"),
        "cost_to_serve" => Some("cost to serve"),
        "payment_risk" => Some("payment risk"),
        "total_value" => Some("in all"),
        _ => None,
    };
    let told = found.parts.told.iter();
    let told =
        told.filter_map(|(name, sum)| Some(format!("{} {}", named(name)?, money(*sum, currency))));
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        let _ = writeln!(text, "  Beside the lifetime value: {}.", told.join(", "));
    }
    for why in &found.parts.untold {
        let _ = writeln!(text, "  Not told: {why}.");
    }
    text
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

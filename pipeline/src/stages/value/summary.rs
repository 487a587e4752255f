//! What customers are worth, as the summary tells it.

use std::fmt::Write as _;

use super::NAME;
use super::metrics::Metrics;
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent, plural};
use crate::words::{Language, said, spoken};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}",
        tr!(
            "WHAT THEY ARE WORTH ({counted} of the next {days} days, discounted by {rate} a year)",
            counted = said(&found.counted_in),
            days = found.horizon_days,
            rate = percent(found.rate)
        )
    );
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "{customers} spent {spend} so far; {repeat_buyers} of them bought again.",
            customers = plural(found.customers, "customer"),
            spend = money(found.spend, &manifest.currency),
            repeat_buyers = count(found.repeat_buyers)
        )
    );
    if let Some(value) = found.lifetime_value {
        let value = money(value, &manifest.currency);
        let expected = match found.active {
            Some(active) => tr!(
                "Expected of them: {value}; {n} are still active.",
                value = value,
                n = count(active.round() as u64)
            ),
            None => tr!("Expected of them: {value}.", value = value),
        };
        let _ = writeln!(text, "  {expected}");
    }
    if let Some(shares) = found.concentration {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "The tenth worth most holds {tenth} of it, the fifth {fifth}.",
                tenth = percent(shares.top_tenth),
                fifth = percent(shares.top_fifth)
            )
        );
    }
    text += &parts(&found, &manifest.currency);
    if let Some(contracts) = &found.contracts {
        let customers = plural(contracts.customers, "customer");
        let (ended, renew) = (count(contracts.ended), percent(contracts.next));
        let line = match contracts.residual_value {
            Some(value) => tr!(
                "Under contract: {customers}, of whom {ended} have ended; of those who are there {renew} are expected to renew next; they have still to bring {value}.",
                customers = customers,
                ended = ended,
                renew = renew,
                value = money(value, &manifest.currency)
            ),
            None => tr!(
                "Under contract: {customers}, of whom {ended} have ended; of those who are there {renew} are expected to renew next.",
                customers = customers,
                ended = ended,
                renew = renew
            ),
        };
        let _ = writeln!(text, "  {line}");
    }
    if let Some(chosen) = found.chosen() {
        let tried = tried(&found).unwrap_or_default();
        let by = tr!(
            "By {model} ({why}).",
            model = chosen.title,
            why = chosen.why
        );
        let _ = writeln!(text, "  {by}{tried}");
        if let Some(timed_by) = &found.timed_by {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "Who is active and when they buy next is told by {timed_by}: {model} do not say it.",
                    timed_by = timed_by,
                    model = chosen.title
                )
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
        "present_value" => Some(mark!("present value")),
        "category_room" => Some(mark!("room in categories")),
        "influence_value" => Some(mark!("influence")),
        "cost_to_serve" => Some(mark!("cost to serve")),
        "payment_risk" => Some(mark!("payment risk")),
        "total_value" => Some(mark!("in all")),
        _ => None,
    };
    let told = found.parts.told.iter();
    let told = told.filter_map(|(name, sum)| {
        let part = said(named(name)?);
        Some(tr!(
            "{part} {sum}",
            part = part,
            sum = money(*sum, currency)
        ))
    });
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        let between = match spoken() {
            Language::En => ", ",
            Language::Zh => "，",
        };
        let beside = tr!(
            "Beside the lifetime value: {parts}.",
            parts = told.join(between)
        );
        let _ = writeln!(text, "  {beside}");
    }
    for why in &found.parts.untold {
        let _ = writeln!(text, "  {}", tr!("Not told: {why}.", why = why));
    }
    text
}

/// How the chosen model did on what it had not seen.
fn tried(found: &Metrics) -> Option<String> {
    let figures = found.chosen()?.figures.as_ref()?;
    let tried = tr!(
        "In {days}, which it had not seen, {predicted} purchases were predicted and {observed} came.",
        days = found.held_out.as_deref()?,
        predicted = count(figures.predicted.round() as u64),
        observed = count(figures.observed as u64)
    );
    Some(format!("\n  {tried}"))
}

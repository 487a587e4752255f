//! What each customer would buy next, as the summary tells it.

use std::fmt::Write as _;

use super::NAME;
use super::metrics::{LeftOutItems, Metrics, Without};
use crate::outputs::manifest::Manifest;
use crate::text::{count, percent, plural};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "WHAT EACH WOULD BUY NEXT");
    let _ = writeln!(
        text,
        "  {} for {}, each of a {} not bought before, with the reason.",
        plural(found.suggestions, "suggestion"),
        plural(found.customers, "customer"),
        found.level,
    );
    if let Some(items) = items_left_out(&found.left_out, found.days) {
        let _ = writeln!(text, "  {items}: items_left_out.csv.");
    }
    if found.twins > 0 {
        let _ = writeln!(
            text,
            "  {} the name of another one; whoever bought one of them has bought both.",
            match found.twins {
                1 => "1 item has".to_owned(),
                many => format!("{} items have", count(many)),
            }
        );
    }
    if let Some(customers) = customers_without(&found.without) {
        let _ = writeln!(text, "  Without suggestions: {customers}.");
    }
    if let Some(test) = &found.test {
        let _ = writeln!(
            text,
            "  Tested on {} held-out days: of {} who then bought something new, {} bought one of their {}\n  (what most customers bought {}: {}).",
            test.days,
            plural(test.customers, "customer"),
            percent(test.model.hit_rate),
            found.per_customer,
            test.popularity.time.words(),
            percent(test.popularity.quality.hit_rate)
        );
    }
    if let Some(chosen) = &found.chosen {
        let way = if chosen.trees {
            "boosted trees"
        } else {
            "affinity"
        };
        let _ = writeln!(text, "  Ranked by {way}: {}.", chosen.why);
    }
    if found.winback > 0 {
        let _ = writeln!(
            text,
            "  winback.csv: {} leaving or gone, with three things to write to each about.",
            plural(found.winback, "customer")
        );
    }
    text.push('\n');
    Some(text)
}

/// "3 items left out: no longer sold, 2: out of season in the coming 28 days".
fn items_left_out(left_out: &LeftOutItems, days: u32) -> Option<String> {
    let season = format!("out of season in the coming {}", plural(days.into(), "day"));
    let all = [
        (left_out.gone, "no longer sold"),
        (left_out.out_of_season, season.as_str()),
        (left_out.inactive, "not active, as the products say"),
    ];
    let mut parts = Vec::new();
    for (items, why) in all.into_iter().filter(|(items, _)| *items > 0) {
        parts.push(match parts.is_empty() {
            true => format!("{} left out: {why}", plural(items, "item")),
            false => format!("{}: {why}", count(items)),
        });
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// "12 customers who said no (consent), 3 customers with nothing left to offer".
fn customers_without(without: &Without) -> Option<String> {
    let all = [
        (without.said_no, "who said no (consent)"),
        (without.unasked, "of whom no answer is known (consent)"),
        (without.nothing_left, "with nothing left to offer"),
    ];
    let parts: Vec<String> = all
        .into_iter()
        .filter(|(customers, _)| *customers > 0)
        .map(|(customers, why)| format!("{} {why}", plural(customers, "customer")))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

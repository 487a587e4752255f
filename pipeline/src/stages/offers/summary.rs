//! What each customer would buy next, as the summary tells it.

use std::fmt::Write as _;

use super::NAME;
use super::metrics::{LeftOutItems, Metrics, Without};
use crate::outputs::manifest::Manifest;
use crate::text::{count, percent, plural};
use crate::words::{fill, said};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "{}", tr!("WHAT EACH WOULD BUY NEXT"));
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "{suggestions} for {customers}, each of a {level} not bought before, with the reason.",
            suggestions = plural(found.suggestions, "suggestion"),
            customers = plural(found.customers, "customer"),
            level = said(&found.level)
        )
    );
    if let Some(items) = items_left_out(&found.left_out, found.days) {
        let _ = writeln!(text, "  {items}: items_left_out.csv.");
    }
    if found.twins > 0 {
        let _ = writeln!(
            text,
            "  {}",
            match found.twins {
                1 => tr!(
                    "1 item has the name of another one; whoever bought one of them has bought both."
                ),
                many => tr!(
                    "{n} items have the name of another one; whoever bought one of them has bought both.",
                    n = count(many)
                ),
            }
        );
    }
    if let Some(customers) = customers_without(&found.without) {
        let _ = writeln!(
            text,
            "  {}",
            tr!("Without suggestions: {customers}.", customers = customers)
        );
    }
    if let Some(test) = &found.test {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "Tested on {days} held-out days: of {customers} who then bought something new, {share} bought one of their {n}\n  (what most customers bought {time}: {popular}).",
                days = test.days,
                customers = plural(test.customers, "customer"),
                share = percent(test.model.hit_rate),
                n = found.per_customer,
                time = test.popularity.time.words(),
                popular = percent(test.popularity.quality.hit_rate)
            )
        );
    }
    if let Some(chosen) = &found.chosen {
        let line = match chosen.trees {
            true => tr!("Ranked by boosted trees: {why}.", why = chosen.why),
            false => tr!("Ranked by affinity: {why}.", why = chosen.why),
        };
        let _ = writeln!(text, "  {line}");
    }
    if found.winback > 0 {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{file}: {customers} leaving or gone, with three things to write to each about.",
                file = "winback.csv",
                customers = plural(found.winback, "customer")
            )
        );
    }
    text.push('\n');
    Some(text)
}

/// "3 items left out: no longer sold, 2: out of season in the coming 28 days".
fn items_left_out(left_out: &LeftOutItems, days: u32) -> Option<String> {
    let season = tr!(
        "out of season in the coming {days}",
        days = plural(days.into(), "day")
    );
    let all = [
        (left_out.gone, tr!("no longer sold")),
        (left_out.out_of_season, season),
        (left_out.inactive, tr!("not active, as the products say")),
    ];
    let mut parts = Vec::new();
    for (items, why) in all.into_iter().filter(|(items, _)| *items > 0) {
        parts.push(match parts.is_empty() {
            true => tr!(
                "{items} left out: {why}",
                items = plural(items, "item"),
                why = why
            ),
            false => tr!("{n}: {why}", n = count(items), why = why),
        });
    }
    (!parts.is_empty()).then(|| parts.join(&tr!(", ")))
}

/// "12 customers who said no (consent), 3 customers with nothing left to offer".
fn customers_without(without: &Without) -> Option<String> {
    let all = [
        (without.said_no, mark!("{customers} who said no (consent)")),
        (
            without.unasked,
            mark!("{customers} of whom no answer is known (consent)"),
        ),
        (
            without.nothing_left,
            mark!("{customers} with nothing left to offer"),
        ),
    ];
    let parts: Vec<String> = all
        .into_iter()
        .filter(|(customers, _)| *customers > 0)
        .map(|(customers, why)| fill(why, &[("customers", &plural(customers, "customer"))]))
        .collect();
    (!parts.is_empty()).then(|| parts.join(&tr!(", ")))
}

//! What the lists came to, for a person.

use std::fmt::Write as _;
use std::path::Path;

use super::{Made, NAME};
use crate::config::Settings;
use crate::outputs::workbook::Line;
use crate::text::{count, money, plural, round};

/// A paragraph for each list.
pub fn text(lists: &[&Made], out: &Path, settings: &Settings) -> String {
    let currency = &settings.config.project.currency;
    let mut text = String::new();
    for made in lists {
        let _ = writeln!(text, "\n{} of {}", made.name.to_uppercase(), made.as_of);
        let _ = write!(text, "  {} to contact", plural(made.sent, "customer"));
        if made.control > 0 {
            let _ = write!(text, ", {} held back", count(made.control));
            if let Some(means) = &made.control_means {
                let _ = write!(text, " ({means})");
            }
        }
        let _ = writeln!(text, ", of {} for whom the list is.", count(made.matching));
        if let (Some(responses), Some(profit)) = (made.expected_responses, made.expected_profit) {
            let _ = writeln!(
                text,
                "  Expected: {} responses, a profit of {}, {} for contacts taken off.",
                round(responses, 1),
                money(profit, currency),
                money(made.cost, currency)
            );
        }
        if let (Some(more), Some(profit)) = (made.expected_more_buyers, made.expected_profit) {
            let _ = writeln!(
                text,
                "  Expected: {} more buyers than without a contact, a profit of {}, {} for contacts taken off.",
                round(more, 1),
                money(profit, currency),
                money(made.cost, currency)
            );
        }
        for left_out in &made.left_out {
            let _ = writeln!(text, "  {:>9} {}", count(left_out.customers), left_out.why);
        }
        if made.unasked > 0 {
            let _ = writeln!(
                text,
                "  {:>9} of those on it have not said whether they may be contacted; they may be, by [project] consent",
                count(made.unasked)
            );
        }
        if let Some(loss) = made
            .loss
            .filter(|_| settings.config.targets.budget.is_none())
        {
            let _ = writeln!(text, "  {}", bound(loss, "What it brings"));
        }
        let _ = writeln!(
            text,
            "  {}: .xlsx and .csv to open, .parquet for programs",
            out.join(NAME).join(&made.name).display()
        );
    }
    if let Some(budget) = settings.config.targets.budget {
        let cost: f64 = lists.iter().map(|made| made.cost).sum();
        let _ = writeln!(
            text,
            "\n  Contacts cost {} of the {} that the lists share.",
            money(cost, currency),
            money(budget, currency)
        );
        if let Some(loss) = lists.first().and_then(|made| made.loss) {
            let _ = writeln!(text, "  {}", bound(loss, "What they bring together"));
        }
    }
    text.push('\n');
    text
}

/// How far from the best possible a choice is at most.
fn bound(loss: f64, what: &str) -> String {
    match loss < 5e-6 {
        true => format!("{what} is the best possible."),
        false => format!(
            "{what} is at most {:.3} % below the best possible.",
            100.0 * loss
        ),
    }
}

/// The lines of the sheet of counts.
pub fn lines(made: &Made) -> Vec<Line> {
    let line = |what: &str, number: u64| Line {
        what: what.to_owned(),
        number: Some(number),
    };
    let mut lines = vec![
        line("for whom the list is", made.matching),
        line("to contact", made.sent),
        line(
            "held back as a control group, and in no file that is sent",
            made.control,
        ),
        Line {
            what: "left out, by the first reason that applies:".to_owned(),
            number: None,
        },
    ];
    let left_out = made.left_out.iter();
    lines.extend(left_out.map(|left_out| line(&left_out.why, left_out.customers)));
    if made.unasked > 0 {
        lines.push(line(
            "of those on it have not said whether they may be contacted",
            made.unasked,
        ));
    }
    lines
}

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
        let title = tr!(
            "{list} of {date}",
            list = made.name.to_uppercase(),
            date = made.as_of
        );
        let _ = writeln!(text, "\n{title}\n  {}", whom(made));
        if let (Some(responses), Some(profit)) = (made.expected_responses, made.expected_profit) {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "Expected: {responses} responses, a profit of {profit}, {cost} for contacts taken off.",
                    responses = round(responses, 1),
                    profit = money(profit, currency),
                    cost = money(made.cost, currency)
                )
            );
        }
        if let (Some(more), Some(profit)) = (made.expected_more_buyers, made.expected_profit) {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "Expected: {buyers} more buyers than without a contact, a profit of {profit}, {cost} for contacts taken off.",
                    buyers = round(more, 1),
                    profit = money(profit, currency),
                    cost = money(made.cost, currency)
                )
            );
        }
        for left_out in &made.left_out {
            let _ = writeln!(text, "  {:>9} {}", count(left_out.customers), left_out.why);
        }
        if made.unasked > 0 {
            let _ = writeln!(
                text,
                "  {:>9} {}",
                count(made.unasked),
                tr!(
                    "of those on it have not said whether they may be contacted; they may be, by [project] consent"
                )
            );
        }
        if let Some(loss) = made
            .loss
            .filter(|_| settings.config.targets.budget.is_none())
        {
            let _ = writeln!(text, "  {}", bound(loss, tr!("What it brings")));
        }
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{path}: .xlsx and .csv to open, .parquet for programs",
                path = out.join(NAME).join(&made.name).display()
            )
        );
    }
    if let Some(budget) = settings.config.targets.budget {
        let cost: f64 = lists.iter().map(|made| made.cost).sum();
        let _ = writeln!(
            text,
            "\n  {}",
            tr!(
                "Contacts cost {cost} of the {budget} that the lists share.",
                cost = money(cost, currency),
                budget = money(budget, currency)
            )
        );
        if let Some(loss) = lists.first().and_then(|made| made.loss) {
            let _ = writeln!(text, "  {}", bound(loss, tr!("What they bring together")));
        }
    }
    text.push('\n');
    text
}

/// Who is contacted, who is held back, and of how many.
fn whom(made: &Made) -> String {
    let customers = plural(made.sent, "customer");
    let (held, matching) = (count(made.control), count(made.matching));
    match &made.control_means {
        _ if made.control == 0 => tr!(
            "{customers} to contact, of {all} for whom the list is.",
            customers = customers,
            all = matching
        ),
        None => tr!(
            "{customers} to contact, {held} held back, of {all} for whom the list is.",
            customers = customers,
            held = held,
            all = matching
        ),
        Some(means) => tr!(
            "{customers} to contact, {held} held back ({means}), of {all} for whom the list is.",
            customers = customers,
            held = held,
            means = means,
            all = matching
        ),
    }
}

/// How far from the best possible a choice is at most.
fn bound(loss: f64, what: String) -> String {
    match loss < 5e-6 {
        true => tr!("{what} is the best possible.", what = what),
        false => tr!(
            "{what} is at most {percent} % below the best possible.",
            what = what,
            percent = format!("{:.3}", 100.0 * loss)
        ),
    }
}

/// The lines of the sheet of counts.
pub fn lines(made: &Made) -> Vec<Line> {
    let line = |what: String, number: u64| Line {
        what,
        number: Some(number),
    };
    let mut lines = vec![
        line(tr!("for whom the list is"), made.matching),
        line(tr!("to contact"), made.sent),
        line(
            tr!("held back as a control group, and in no file that is sent"),
            made.control,
        ),
        Line {
            what: tr!("left out, by the first reason that applies:"),
            number: None,
        },
    ];
    let left_out = made.left_out.iter();
    lines.extend(left_out.map(|left_out| line(left_out.why.clone(), left_out.customers)));
    if made.unasked > 0 {
        lines.push(line(
            tr!("of those on it have not said whether they may be contacted"),
            made.unasked,
        ));
    }
    lines
}

//! The read-out in words.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::by_day::paid_back_on;
use super::outcome::{Change, Earned, Outcome, Part};
use crate::text::{count, money, percent};

impl Earned {
    /// A change of each as one of all who were contacted.
    pub fn in_all(&self, change: Change) -> Change {
        let of = |each: f64| each * self.sent.customers as f64;
        Change {
            each: of(change.each),
            low: of(change.low),
            high: of(change.high),
        }
    }

    /// (incremental margin - cost) / cost; none where the margin is not known or nothing was spent.
    pub fn return_on_cost(&self) -> Option<Change> {
        let margin = self.in_all(self.margin?);
        let roi = |margin: f64| (margin - self.cost) / self.cost;
        (self.cost > 0.0).then(|| Change {
            each: roi(margin.each),
            low: roi(margin.low),
            high: roi(margin.high),
        })
    }
}

impl Outcome<'_> {
    /// The day by which the contacts had brought what they cost; none where that is not so, or not known.
    pub fn paid_back_on(&self) -> Option<NaiveDate> {
        let cost = self.earned.cost;
        (cost > 0.0)
            .then(|| paid_back_on(&self.days, cost))
            .flatten()
    }
}

/// What the list has earned.
pub fn text(outcome: &Outcome<'_>, currency: &str) -> String {
    let earned = &outcome.earned;
    let mut text = format!(
        "\n{} of {}, until {}\n",
        earned.list.to_uppercase(),
        earned.as_of,
        earned.until
    );
    let _ = writeln!(
        text,
        "  {:<12} {:>10} {:>8} {:>8} {:>14}",
        "", "customers", "bought", "share", "spent"
    );
    for (name, part) in [("contacted", &earned.sent), ("held back", &earned.control)] {
        line(&mut text, name, part, currency);
    }
    match earned.buyers {
        None => text.push_str(
            "  What the list has changed is not known: there are not two groups to compare.\n",
        ),
        Some(buyers) => {
            let points = |share: f64| format!("{:+.1}", share * 100.0);
            let _ = writeln!(
                text,
                "  Uplift: {} percentage points (95 % interval {} to {}), which is {} more buyers ({} to {}).",
                points(buyers.each),
                points(buyers.low),
                points(buyers.high),
                whole(earned.in_all(buyers).each),
                whole(earned.in_all(buyers).low),
                whole(earned.in_all(buyers).high)
            );
            if let Some(expected) = earned.expected_uplift {
                let _ = writeln!(
                    text,
                    "  Expected when the list was made: {} percentage points.",
                    points(expected)
                );
            }
            if buyers.low <= 0.0 && buyers.high >= 0.0 {
                text.push_str(
                    "  No change at all lies within that: the list may have changed nothing.\n",
                );
            }
        }
    }
    if let Some(qini) = earned.qini {
        let sure = match (qini.low > 0.0, qini.high < 0.0) {
            (true, _) => "those at the top of the list are those whom it changed",
            (_, true) => "those at the bottom of the list are those whom it changed",
            _ => "whether the top of the list is whom it changed cannot be told",
        };
        let _ = writeln!(
            text,
            "  Qini of the order by expected profit: {:+.4} buyers for each contacted (95 % interval {:+.4} to {:+.4}): {sure}.",
            qini.each, qini.low, qini.high
        );
    }
    amount(
        &mut text,
        "Incremental spend",
        earned,
        earned.spend,
        currency,
    );
    amount(
        &mut text,
        "Incremental margin",
        earned,
        earned.margin,
        currency,
    );
    if earned.cost > 0.0 {
        let _ = writeln!(text, "  Contacts cost {}.", money(earned.cost, currency));
    }
    match earned.return_on_cost() {
        Some(roi) => {
            let _ = writeln!(
                text,
                "  Return: {} of the cost (95 % interval {} to {}), as (incremental margin - cost) / cost.",
                percent(roi.each),
                percent(roi.low),
                percent(roi.high)
            );
        }
        None if earned.spend.is_some() && earned.cost > 0.0 => text.push_str(
            "  No return is stated: the purchases have no cost, so that their margin is not known.\n",
        ),
        None => {}
    }
    if let Some(day) = outcome.paid_back_on() {
        let _ = writeln!(text, "  The contacts had paid for themselves by {day}.");
    }
    if let (Some(expected), Some(responders)) = (earned.expected_responses, earned.sent.responders)
    {
        let _ = writeln!(
            text,
            "  Responses: {} of those contacted; {} were expected.",
            count(responders),
            whole(expected)
        );
    }
    text
}

fn line(text: &mut String, name: &str, part: &Part, currency: &str) {
    let share = match part.customers {
        0 => "-".to_owned(),
        _ => percent(part.share()),
    };
    let _ = writeln!(
        text,
        "  {name:<12} {:>10} {:>8} {share:>8} {:>14}",
        count(part.customers),
        count(part.buyers),
        money(part.spend, currency)
    );
}

fn amount(text: &mut String, what: &str, earned: &Earned, change: Option<Change>, currency: &str) {
    if let Some(change) = change {
        let all = earned.in_all(change);
        let _ = writeln!(
            text,
            "  {what}: {} (95 % interval {} to {}).",
            money(all.each, currency),
            money(all.low, currency),
            money(all.high, currency)
        );
    }
}

/// A number of customers, rounded, also below nothing.
fn whole(number: f64) -> String {
    money(number, "")
}

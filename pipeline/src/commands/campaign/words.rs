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
    let title = tr!(
        "{list} of {date}, until {until}",
        list = earned.list.to_uppercase(),
        date = earned.as_of,
        until = earned.until
    );
    let mut text = format!("\n{title}\n");
    let _ = writeln!(
        text,
        "  {:<12} {:>10} {:>8} {:>8} {:>14}",
        "",
        tr!("customers"),
        tr!("bought"),
        tr!("share"),
        tr!("spent")
    );
    for (name, part) in [
        (tr!("contacted"), &earned.sent),
        (tr!("held back"), &earned.control),
    ] {
        line(&mut text, &name, part, currency);
    }
    match earned.buyers {
        None => said(
            &mut text,
            &tr!("What the list has changed is not known: there are not two groups to compare."),
        ),
        Some(buyers) => {
            let points = |share: f64| format!("{:+.1}", share * 100.0);
            let all = earned.in_all(buyers);
            let line = tr!(
                "Uplift: {points} percentage points (95 % interval {low} to {high}), which is {buyers} more buyers ({least} to {most}).",
                points = points(buyers.each),
                low = points(buyers.low),
                high = points(buyers.high),
                buyers = whole(all.each),
                least = whole(all.low),
                most = whole(all.high)
            );
            said(&mut text, &line);
            if let Some(expected) = earned.expected_uplift {
                let line = tr!(
                    "Expected when the list was made: {points} percentage points.",
                    points = points(expected)
                );
                said(&mut text, &line);
            }
            if buyers.low <= 0.0 && buyers.high >= 0.0 {
                said(
                    &mut text,
                    &tr!("No change at all lies within that: the list may have changed nothing."),
                );
            }
        }
    }
    if let Some(qini) = earned.qini {
        let sure = match (qini.low > 0.0, qini.high < 0.0) {
            (true, _) => tr!("those at the top of the list are those whom it changed"),
            (_, true) => tr!("those at the bottom of the list are those whom it changed"),
            _ => tr!("whether the top of the list is whom it changed cannot be told"),
        };
        let line = tr!(
            "Qini of the order by expected profit: {qini} buyers for each contacted (95 % interval {low} to {high}): {sure}.",
            qini = format!("{:+.4}", qini.each),
            low = format!("{:+.4}", qini.low),
            high = format!("{:+.4}", qini.high),
            sure = sure
        );
        said(&mut text, &line);
    }
    amount(
        &mut text,
        tr!("Incremental spend"),
        earned,
        earned.spend,
        currency,
    );
    amount(
        &mut text,
        tr!("Incremental margin"),
        earned,
        earned.margin,
        currency,
    );
    if earned.cost > 0.0 {
        let line = tr!("Contacts cost {cost}.", cost = money(earned.cost, currency));
        said(&mut text, &line);
    }
    match earned.return_on_cost() {
        Some(roi) => {
            let line = tr!(
                "Return: {roi} of the cost (95 % interval {low} to {high}), as (incremental margin - cost) / cost.",
                roi = percent(roi.each),
                low = percent(roi.low),
                high = percent(roi.high)
            );
            said(&mut text, &line);
        }
        None if earned.spend.is_some() && earned.cost > 0.0 => said(
            &mut text,
            &tr!(
                "No return is stated: the purchases have no cost, so that their margin is not known."
            ),
        ),
        None => {}
    }
    if let Some(day) = outcome.paid_back_on() {
        let line = tr!("The contacts had paid for themselves by {day}.", day = day);
        said(&mut text, &line);
    }
    if let (Some(expected), Some(responders)) = (earned.expected_responses, earned.sent.responders)
    {
        let line = tr!(
            "Responses: {n} of those contacted; {expected} were expected.",
            n = count(responders),
            expected = whole(expected)
        );
        said(&mut text, &line);
    }
    text
}

fn said(text: &mut String, line: &str) {
    let _ = writeln!(text, "  {line}");
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

fn amount(
    text: &mut String,
    what: String,
    earned: &Earned,
    change: Option<Change>,
    currency: &str,
) {
    if let Some(change) = change {
        let all = earned.in_all(change);
        let line = tr!(
            "{what}: {money} (95 % interval {low} to {high}).",
            what = what,
            money = money(all.each, currency),
            low = money(all.low, currency),
            high = money(all.high, currency)
        );
        said(text, &line);
    }
}

/// A number of customers, rounded, also below nothing.
fn whole(number: f64) -> String {
    money(number, "")
}

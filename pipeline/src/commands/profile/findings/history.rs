//! What is missing from the history in time.

use chrono::Datelike;

use super::{Findings, Weight, by_share};
use crate::commands::profile::columns::share;
use crate::commands::profile::history::History;
use crate::text::{count, percent, plural};
use crate::words::said;

/// The days of the week, Monday first.
const WEEKDAYS: [&str; 7] = [
    mark!("Monday"),
    mark!("Tuesday"),
    mark!("Wednesday"),
    mark!("Thursday"),
    mark!("Friday"),
    mark!("Saturday"),
    mark!("Sunday"),
];

impl Findings {
    /// Months and days without purchases, and hours that are none.
    pub fn history(&mut self, history: &History) {
        if history.calendar.is_empty() {
            let text = tr!(
                "there are no purchases: without them there are no features, scores or suggestions"
            );
            self.add(Weight::High, "no-purchases", "months", 0.0, text);
        }
        self.months(history);
        self.days(history);
        let lines: u64 = history.hours.iter().flatten().sum();
        let midnight: u64 = history.hours.iter().map(|hours| hours[0]).sum();
        let part = share(midnight, lines);
        if part > 0.95 {
            let text = tr!(
                "{share} of the purchase lines lie in the hour after midnight: the source seems to have days without times",
                share = percent(part)
            );
            self.add(Weight::Low, "no-times", "hours", part, text);
        }
    }

    /// Months that are missing, and those with a hole.
    fn months(&mut self, history: &History) {
        let section = "months";
        let missing: u64 = history.missing_months.iter().map(|run| run.months).sum();
        if let Some(longest) = history.missing_months.iter().max_by_key(|run| run.months) {
            let months = plural(missing, "month");
            let text = match missing {
                1 => tr!(
                    "{months} is missing as a whole; the longest run is {from} to {to}",
                    months = months,
                    from = longest.from,
                    to = longest.to
                ),
                _ => tr!(
                    "{months} are missing as a whole; the longest run is {from} to {to}",
                    months = months,
                    from = longest.from,
                    to = longest.to
                ),
            };
            let weight = Weight::High;
            self.add(weight, "missing-months", section, missing as f64, text);
        }
        for thin in &history.thin_months {
            let part = thin.share_of_usual;
            let text = tr!(
                "{month} holds only {share} of the purchase lines per day of the months around it",
                month = thin.month,
                share = percent(part)
            );
            self.add(Weight::Medium, "thin-month", section, part, text);
        }
    }

    /// Days without a purchase, and a last day that is not whole.
    fn days(&mut self, history: &History) {
        let section = "calendar";
        if let Some(gap) = history.longest_gap() {
            let empty = history.unexpected_empty_days;
            let longest = match gap.days {
                1 => gap.from.to_string(),
                days => tr!(
                    "{from} to {to} ({days} days)",
                    from = gap.from,
                    to = gap.to,
                    days = days
                ),
            };
            let text = match empty {
                0 => tr!(
                    "nobody bought anything on {days} from {from} to {to}",
                    days = plural(gap.days, "day"),
                    from = gap.from,
                    to = gap.to
                ),
                _ => tr!(
                    "{days} without any purchase on weekdays that usually have some; the longest gap is {longest}",
                    days = plural(empty, "day"),
                    longest = longest
                ),
            };
            // A day or two are often holidays.
            let weight = by_share(gap.days as f64, 7.0, 3.0);
            let days = empty.max(gap.days) as f64;
            self.add(weight, "empty-days", section, days, text);
        }
        if let Some(cut) = &history.cut_off {
            let weekday = cut.day.weekday().num_days_from_monday() as usize;
            let text = tr!(
                "the last day, {day}, holds {lines}, a usual {weekday} {usual}: was it loaded before it was over?",
                day = cut.day,
                lines = plural(cut.lines, "purchase line"),
                weekday = said(WEEKDAYS[weekday]),
                usual = count(cut.usual)
            );
            let (weight, lines) = (Weight::Medium, cut.lines as f64);
            self.add(weight, "last-day-cut-off", section, lines, text);
        }
    }
}

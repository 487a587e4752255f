//! What is missing from the history in time.

use super::{Findings, Weight, by_share, verb};
use crate::commands::profile::columns::share;
use crate::commands::profile::history::History;
use crate::text::{count, percent, plural};

impl Findings {
    /// Months and days without purchases, and hours that are none.
    pub fn history(&mut self, history: &History) {
        if history.calendar.is_empty() {
            let text =
                "there are no purchases: without them there are no features, scores or suggestions"
                    .to_owned();
            self.add(Weight::High, "no-purchases", "months", 0.0, text);
        }
        self.months(history);
        self.days(history);
        let lines: u64 = history.hours.iter().flatten().sum();
        let midnight: u64 = history.hours.iter().map(|hours| hours[0]).sum();
        let part = share(midnight, lines);
        if part > 0.95 {
            let text = format!(
                "{} of the purchase lines lie in the hour after midnight: the source seems to have days without times",
                percent(part)
            );
            self.add(Weight::Low, "no-times", "hours", part, text);
        }
    }

    /// Months that are missing, and those with a hole.
    fn months(&mut self, history: &History) {
        let section = "months";
        let missing: u64 = history.missing_months.iter().map(|run| run.months).sum();
        if let Some(longest) = history.missing_months.iter().max_by_key(|run| run.months) {
            let text = format!(
                "{} {} missing as a whole; the longest run is {} to {}",
                plural(missing, "month"),
                verb(missing, "is", "are"),
                longest.from,
                longest.to
            );
            let weight = Weight::High;
            self.add(weight, "missing-months", section, missing as f64, text);
        }
        for thin in &history.thin_months {
            let part = thin.share_of_usual;
            let text = format!(
                "{} holds only {} of the purchase lines per day of the months around it",
                thin.month,
                percent(part)
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
                1 => format!("{}", gap.from),
                days => format!("{} to {} ({days} days)", gap.from, gap.to),
            };
            let text = match empty {
                0 => format!(
                    "nobody bought anything on {} from {} to {}",
                    plural(gap.days, "day"),
                    gap.from,
                    gap.to
                ),
                _ => format!(
                    "{} without any purchase on weekdays that usually have some; the longest gap is {longest}",
                    plural(empty, "day"),
                ),
            };
            // A day or two are often holidays.
            let weight = by_share(gap.days as f64, 7.0, 3.0);
            let days = empty.max(gap.days) as f64;
            self.add(weight, "empty-days", section, days, text);
        }
        if let Some(cut) = &history.cut_off {
            let text = format!(
                "the last day, {}, holds {}, a usual {} {}: was it loaded before it was over?",
                cut.day,
                plural(cut.lines, "purchase line"),
                cut.day.format("%A"),
                count(cut.usual)
            );
            let (weight, lines) = (Weight::Medium, cut.lines as f64);
            self.add(weight, "last-day-cut-off", section, lines, text);
        }
    }
}

//! Months and days on which something is missing.

use chrono::{Datelike, Days, NaiveDate};

use super::{CutOff, Gap, History, MissingMonths, Month, ThinMonth};
use crate::outputs::table::round;

/// A weekday on whose days at least this share has purchases is a usual day of business.
const USUAL: f64 = 0.9;
/// A longest gap of at least so many days is told even where no weekday is a usual one.
const LONG_GAP: i64 = 7;
/// So many gaps are listed.
const GAPS: usize = 10;
/// A month with less than this share of the lines per day of the months around it has a hole.
const THIN: f64 = 0.5;
/// A last day with less than this share of what is usual on its weekday was cut off.
const CUT_OFF: f64 = 0.25;
/// Where a usual day or month has fewer lines than this, few say nothing.
const ENOUGH_LINES: u64 = 100;

/// A month as a number, so that neighbours differ by 1.
fn month_number(month: &str) -> Option<i64> {
    let (year, month) = month.rsplit_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

impl History {
    /// Fills in what is missing, from the months and the calendar.
    pub fn look_for_holes(&mut self) {
        self.missing_months = self
            .months
            .windows(2)
            .filter_map(|pair| missing_between(&pair[0].month, &pair[1].month))
            .collect();
        let (Some(first), Some(last)) = (self.calendar.first(), self.calendar.last()) else {
            return;
        };
        let (first, last) = (first.day, last.day);
        self.days = (last - first).num_days() as u64 + 1;
        self.days_with_purchases = self.calendar.len() as u64;
        self.find_gaps(first, last);
        self.find_thin_months(first, last);
        self.find_cut_off();
    }

    /// Days without a purchase on weekdays that usually have some; and the longest gap of all
    /// when it is far longer than the others.
    fn find_gaps(&mut self, first: NaiveDate, last: NaiveDate) {
        let place = |date: NaiveDate| date.weekday().num_days_from_monday() as usize;
        let (mut all, mut open) = ([0u64; 7], [0u64; 7]);
        for date in first.iter_days().take_while(|date| *date <= last) {
            all[place(date)] += 1;
        }
        for of_day in &self.calendar {
            open[place(of_day.day)] += 1;
        }
        let usual: Vec<bool> = (0..7)
            .map(|day| all[day] > 0 && open[day] as f64 >= USUAL * all[day] as f64)
            .collect();
        let mut gaps = Vec::new();
        let mut steps: Vec<i64> = Vec::new();
        for pair in self.calendar.windows(2) {
            let (from, to) = (pair[0].day + Days::new(1), pair[1].day - Days::new(1));
            steps.push((pair[1].day - pair[0].day).num_days());
            if from > to {
                continue;
            }
            let missed = from.iter_days().take_while(|date| *date <= to);
            let unexpected = missed.filter(|date| usual[place(*date)]).count() as u64;
            self.unexpected_empty_days += unexpected;
            let gap = Gap {
                from,
                to,
                days: (to - from).num_days() as u64 + 1,
            };
            gaps.push((unexpected, gap));
        }
        steps.sort_unstable();
        let often = steps.get(steps.len() * 95 / 100).copied().unwrap_or(1);
        let long = LONG_GAP.max(3 * often) as u64;
        gaps.retain(|(unexpected, gap)| *unexpected > 0 || gap.days >= long);
        gaps.sort_by_key(|(_, gap)| (std::cmp::Reverse(gap.days), gap.from));
        self.gaps = gaps.into_iter().take(GAPS).map(|(_, gap)| gap).collect();
    }

    fn find_thin_months(&mut self, first: NaiveDate, last: NaiveDate) {
        let per_day = |month: &Month| {
            let begin =
                NaiveDate::parse_from_str(&format!("{}-01", month.month), "%Y-%m-%d").ok()?;
            let end = begin.checked_add_months(chrono::Months::new(1))? - Days::new(1);
            let days = (end.min(last) - begin.max(first)).num_days() + 1;
            (days > 0).then(|| month.lines as f64 / days as f64)
        };
        let rates: Vec<Option<f64>> = self.months.iter().map(per_day).collect();
        for place in 1..self.months.len().saturating_sub(1) {
            let (Some(before), Some(here), Some(after)) =
                (rates[place - 1], rates[place], rates[place + 1])
            else {
                continue;
            };
            let usual = before.min(after);
            if usual * 28.0 >= ENOUGH_LINES as f64 && here < THIN * usual {
                self.thin_months.push(ThinMonth {
                    month: self.months[place].month.clone(),
                    share_of_usual: round(here / usual, 4),
                });
            }
        }
    }

    fn find_cut_off(&mut self) {
        let Some(last) = self.calendar.last() else {
            return;
        };
        let weekday = last.day.weekday();
        let earlier = &self.calendar[..self.calendar.len() - 1];
        let mut lines: Vec<u64> = earlier
            .iter()
            .filter(|of_day| of_day.day.weekday() == weekday)
            .map(|of_day| of_day.lines)
            .collect();
        lines.sort_unstable();
        let Some(&usual) = lines.get(lines.len() / 2) else {
            return;
        };
        if lines.len() >= 4 && usual >= ENOUGH_LINES && (last.lines as f64) < CUT_OFF * usual as f64
        {
            self.cut_off = Some(CutOff {
                day: last.day,
                lines: last.lines,
                usual,
            });
        }
    }
}

fn missing_between(before: &str, after: &str) -> Option<MissingMonths> {
    let (before, after) = (month_number(before)?, month_number(after)?);
    let name = |number: i64| {
        format!(
            "{:04}-{:02}",
            number.div_euclid(12),
            number.rem_euclid(12) + 1
        )
    };
    (after > before + 1).then(|| MissingMonths {
        from: name(before + 1),
        to: name(after - 1),
        months: (after - before - 1) as u64,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{CalendarDay, month_of};
    use super::*;

    fn shop(open: impl Fn(NaiveDate) -> u64, days: u64) -> History {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap(); // a Monday
        let calendar = first
            .iter_days()
            .take(days as usize)
            .map(|day| CalendarDay {
                day,
                lines: open(day),
                spend: None,
            });
        let calendar: Vec<CalendarDay> = calendar.filter(|day| day.lines > 0).collect();
        let mut months: BTreeMap<String, Month> = BTreeMap::new();
        for of_day in &calendar {
            let name = month_of(of_day.day);
            let month = months.entry(name.clone()).or_default();
            month.month = name;
            month.lines += of_day.lines;
        }
        let mut history = History {
            calendar,
            months: months.into_values().collect(),
            ..History::default()
        };
        history.look_for_holes();
        history
    }

    fn date(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, month, day).unwrap()
    }

    #[test]
    fn closed_sundays_are_no_gap_but_closed_weekdays_are() {
        let open = |day: NaiveDate| u64::from(day.weekday() != chrono::Weekday::Sun) * 50;
        let rests = shop(open, 364);
        assert_eq!((rests.days, rests.days_with_purchases), (363, 312));
        assert_eq!((rests.unexpected_empty_days, rests.gaps.len()), (0, 0));
        let gone = shop(
            |day| {
                if (date(5, 6)..=date(5, 8)).contains(&day) {
                    0
                } else {
                    open(day)
                }
            },
            364,
        );
        assert_eq!(gone.unexpected_empty_days, 3);
        // The Sunday before belongs to the gap.
        let gap = Gap {
            from: date(5, 5),
            to: date(5, 8),
            days: 4,
        };
        assert_eq!(gone.gaps, [gap]);
    }

    #[test]
    fn months_that_are_missing_thin_or_cut_off_are_seen() {
        let hole = shop(
            |day| {
                if day.month() == 4 || day.month() == 5 {
                    0
                } else {
                    30
                }
            },
            300,
        );
        let missing = MissingMonths {
            from: "2024-04".into(),
            to: "2024-05".into(),
            months: 2,
        };
        assert_eq!(hole.missing_months, [missing]);
        let thin = shop(
            |day| {
                if day.month() == 4 && day.day() > 5 {
                    1
                } else {
                    30
                }
            },
            300,
        );
        assert_eq!(thin.thin_months.len(), 1);
        assert_eq!(thin.thin_months[0].month, "2024-04");
        let cut = shop(|day| if day == date(6, 28) { 20 } else { 300 }, 180);
        assert_eq!(
            cut.cut_off.map(|cut| (cut.lines, cut.usual)),
            Some((20, 300))
        );
        assert!(shop(|_| 300, 180).cut_off.is_none());
    }

    #[test]
    fn a_shop_with_few_purchases_has_no_unexpected_days() {
        let rare = shop(|day| u64::from(day.day() % 5 == 0), 300);
        assert_eq!((rare.unexpected_empty_days, rare.gaps.len()), (0, 0));
    }
}

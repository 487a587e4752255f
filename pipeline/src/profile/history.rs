//! The history in time: what each month and day holds, when people come, and what is missing.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde::Serialize;

use super::cells::{counts, numbers, texts};
use super::distribution::day;
use crate::failure::Result;
use crate::table::round;
use crate::warehouse::Warehouse;

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

/// When things happened.
#[derive(Clone, Debug, Default, Serialize)]
pub struct History {
    /// The first day with any interaction.
    pub first_day: Option<NaiveDate>,
    /// The last one.
    pub last_day: Option<NaiveDate>,
    /// Interactions by kind, over all time.
    pub kinds: BTreeMap<String, u64>,
    /// Every month with an interaction, in order.
    pub months: Vec<Month>,
    /// Runs of months without any interaction between the first and the last.
    pub missing_months: Vec<MissingMonths>,
    /// Months with less than half of the lines per day of the months around them.
    pub thin_months: Vec<ThinMonth>,
    /// Days between the first and the last purchase, both counted.
    pub days: u64,
    /// Those of them with a purchase.
    pub days_with_purchases: u64,
    /// Those without, though at least nine in ten days of their weekday have one.
    pub unexpected_empty_days: u64,
    /// The longest runs of days without a purchase, weekly days of rest aside; the longest first.
    pub gaps: Vec<Gap>,
    /// The last day, when it holds far fewer lines than is usual on its weekday.
    pub cut_off: Option<CutOff>,
    /// Purchase lines by weekday (Monday first) and hour.
    pub hours: Vec<[u64; 24]>,
    /// Purchase lines of every day that has some.
    pub calendar: Vec<CalendarDay>,
}

/// One month.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Month {
    /// `2024-03`.
    pub month: String,
    /// Everything that happened.
    pub interactions: u64,
    /// The same by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Customers who bought.
    pub buyers: u64,
    /// Those of them who had never bought before.
    pub new_buyers: u64,
    /// Baskets, in the month in which they begin.
    pub baskets: u64,
    /// Purchase lines.
    pub lines: u64,
    /// Purchase lines for each basket.
    pub lines_per_basket: Option<f64>,
    /// The amounts of the purchases.
    pub spend: Option<f64>,
    /// Lines that were returned.
    pub returns: u64,
    /// Their amounts, without sign.
    pub returned: Option<f64>,
    /// Rows whose customer the table of customers does not have.
    pub unknown_customers: Option<u64>,
    /// Rows whose product the table of products does not have.
    pub unknown_products: Option<u64>,
}

/// Months in which nothing happened.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct MissingMonths {
    /// The first of them.
    pub from: String,
    /// The last of them.
    pub to: String,
    /// How many.
    pub months: u64,
}

/// A month with a hole.
#[derive(Clone, Debug, Serialize)]
pub struct ThinMonth {
    /// `2024-03`.
    pub month: String,
    /// Its lines per day as a share of those of the months around it.
    pub share_of_usual: f64,
}

/// Days without a purchase.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Gap {
    /// The first of them.
    pub from: NaiveDate,
    /// The last of them.
    pub to: NaiveDate,
    /// How many.
    pub days: u64,
}

/// A last day that looks incomplete.
#[derive(Clone, Debug, Serialize)]
pub struct CutOff {
    /// The day.
    pub day: NaiveDate,
    /// Its purchase lines.
    pub lines: u64,
    /// The median of its weekday.
    pub usual: u64,
}

/// The purchases of a day.
#[derive(Clone, Debug, Serialize)]
pub struct CalendarDay {
    /// The day.
    pub day: NaiveDate,
    /// Purchase lines.
    pub lines: u64,
    /// Their amounts.
    pub spend: Option<f64>,
}

/// What one scan of the interactions gives beside the history: signs of amounts and quantities,
/// and what purchases lack.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Signs {
    /// Purchase lines.
    pub lines: u64,
    /// Purchase lines by what is odd about them: `amount` or `quantity`, each `missing`,
    /// `negative` or `zero`; and `product_id missing`.
    pub purchases: BTreeMap<&'static str, u64>,
    /// Lines that were returned.
    pub returns: u64,
    /// Returned lines whose amount is above 0.
    pub returns_positive: u64,
    /// Returned lines whose amount is below 0.
    pub returns_negative: u64,
    /// The sum of the amounts of purchases, in ten-thousandths.
    #[serde(skip)]
    pub spend: i128,
    /// The sum of the amounts of returns without their sign, in ten-thousandths.
    #[serde(skip)]
    pub returned: i128,
}

/// What a purchase line may lack or have the wrong sign of: its name, column and condition.
const ODD: [(&str, &str, &str); 7] = [
    ("amount missing", "amount", "amount IS NULL"),
    ("amount negative", "amount", "amount < 0"),
    ("amount zero", "amount", "amount = 0"),
    ("quantity missing", "quantity", "quantity IS NULL"),
    ("quantity negative", "quantity", "quantity < 0"),
    ("quantity zero", "quantity", "quantity = 0"),
    ("product_id missing", "product_id", "product_id IS NULL"),
];

/// Ten-thousandths, as the warehouse keeps money, as a number.
pub fn money(amount: i128) -> f64 {
    round(amount as f64 / 1e4, 4)
}

/// Reads the interactions once, folded to day, hour and kind.
pub fn read(warehouse: &Warehouse) -> Result<(History, Signs)> {
    let has = |column: &str| warehouse.has_column("interactions", column);
    let has_amount = has("amount");
    let odd: Vec<_> = ODD.iter().filter(|(_, column, _)| has(column)).collect();
    let mut sql = String::from("SELECT day, hour, kind, count(*) AS n");
    if has_amount {
        sql.push_str(
            ", sum(amount) AS amount, sum(abs(amount)) AS size, \
             count(*) FILTER (WHERE amount > 0) AS positive, count(*) FILTER (WHERE amount < 0) AS negative",
        );
    }
    for (number, (_, _, condition)) in odd.iter().enumerate() {
        sql.push_str(&format!(
            ", count(*) FILTER (WHERE {condition}) AS odd_{number}"
        ));
    }
    sql.push_str(" FROM interactions GROUP BY day, hour, kind");
    let batch = warehouse.engine.query(&sql)?;

    let (days, hours) = (numbers(&batch, "day")?, numbers(&batch, "hour")?);
    let (kinds, rows) = (texts(&batch, "kind")?, counts(&batch, "n")?);
    let nothing = vec![0; batch.num_rows()];
    let sum = |name: &str| match has_amount {
        true => numbers(&batch, name),
        false => Ok(nothing.clone()),
    };
    let (amounts, sizes) = (sum("amount")?, sum("size")?);
    let (positive, negative) = (sum("positive")?, sum("negative")?);
    let mut signs = Signs::default();
    let is = |kind: &str| kinds.iter().map(|of| of == kind).collect::<Vec<_>>();
    let (buys, returns) = (is("purchase"), is("return"));
    for (number, (name, ..)) in odd.iter().enumerate() {
        let counted = counts(&batch, &format!("odd_{number}"))?;
        let of_purchases = counted.iter().zip(&buys).filter(|(_, buys)| **buys);
        signs
            .purchases
            .insert(*name, of_purchases.map(|(rows, _)| rows).sum());
    }

    let mut history = History {
        hours: vec![[0; 24]; 7],
        ..History::default()
    };
    let mut months: BTreeMap<String, (Month, i128, i128)> = BTreeMap::new();
    let mut calendar: BTreeMap<NaiveDate, (u64, i128)> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let Some(date) = day(days[row]) else { continue };
        let (month, spend, returned) = months.entry(month_of(date)).or_default();
        *history.kinds.entry(kinds[row].clone()).or_default() += rows[row];
        *month.kinds.entry(kinds[row].clone()).or_default() += rows[row];
        month.interactions += rows[row];
        history.first_day = Some(history.first_day.map_or(date, |first| first.min(date)));
        history.last_day = Some(history.last_day.map_or(date, |last| last.max(date)));
        if buys[row] {
            month.lines += rows[row];
            *spend += amounts[row];
            signs.spend += amounts[row];
            signs.lines += rows[row];
            let weekday = date.weekday().num_days_from_monday() as usize;
            let hour = usize::try_from(hours[row]).unwrap_or(0).min(23);
            history.hours[weekday][hour] += rows[row];
            let of_day = calendar.entry(date).or_default();
            of_day.0 += rows[row];
            of_day.1 += amounts[row];
        }
        if returns[row] {
            month.returns += rows[row];
            *returned += sizes[row];
            signs.returned += sizes[row];
            signs.returns += rows[row];
            signs.returns_positive += u64::try_from(positive[row]).unwrap_or(0);
            signs.returns_negative += u64::try_from(negative[row]).unwrap_or(0);
        }
    }
    history.months = months
        .into_iter()
        .map(|(name, (month, spend, returned))| Month {
            month: name,
            spend: has_amount.then(|| money(spend)),
            returned: has_amount.then(|| money(returned)),
            ..month
        })
        .collect();
    history.calendar = calendar
        .into_iter()
        .map(|(day, (lines, spend))| CalendarDay {
            day,
            lines,
            spend: has_amount.then(|| money(spend)),
        })
        .collect();
    history.look_for_holes();
    Ok((history, signs))
}

/// `2024-03`.
fn month_of(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

/// A month as a number, so that neighbours differ by 1.
fn month_number(month: &str) -> Option<i64> {
    let (year, month) = month.rsplit_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

impl History {
    fn look_for_holes(&mut self) {
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

    /// The month of this name.
    pub fn month(&mut self, name: &str) -> Option<&mut Month> {
        self.months.iter_mut().find(|month| month.month == name)
    }

    /// The longest gap.
    pub fn longest_gap(&self) -> Option<&Gap> {
        self.gaps.first()
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

//! The history in time: what each month and day holds, when people come, and what is missing.

mod holes;

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::commands::profile::cells::{counts, numbers, texts};
use crate::commands::profile::distribution::day;
use crate::failure::Result;
use crate::outputs::table::round;
use crate::warehouse::Warehouse;

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

/// The kind of interaction that is a purchase.
const PURCHASE: &str = "purchase";

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

/// The interactions of one kind in one hour.
struct Folded {
    date: NaiveDate,
    hour: i128,
    kind: String,
    rows: u64,
    amount: i128,
    /// The amounts without sign.
    size: i128,
    positive: i128,
    negative: i128,
}

/// Reads the interactions once, folded to day, hour and kind.
pub fn read(warehouse: &Warehouse) -> Result<(History, Signs)> {
    let has_amount = warehouse.has_column("interactions", "amount");
    let (folded, odd) = fold(warehouse, has_amount)?;
    let mut totals = Totals::default();
    totals.signs.purchases = odd;
    totals.history.hours = vec![[0; 24]; 7];
    for row in &folded {
        totals.add(row);
    }
    Ok(totals.finish(has_amount))
}

/// The folded interactions, and the purchase lines by what is odd about them.
fn fold(
    warehouse: &Warehouse,
    has_amount: bool,
) -> Result<(Vec<Folded>, BTreeMap<&'static str, u64>)> {
    let has = |column: &str| warehouse.has_column("interactions", column);
    let odd: Vec<_> = ODD.iter().filter(|(_, column, _)| has(column)).collect();
    let mut sql = String::from("SELECT day, hour, kind, count(*) AS n");
    if has_amount {
        sql.push_str(
            ", sum(amount) AS amount, sum(abs(amount)) AS size, \
             count(*) FILTER (WHERE amount > 0) AS positive, count(*) FILTER (WHERE amount < 0) AS negative",
        );
    }
    for (number, (_, _, condition)) in odd.iter().enumerate() {
        sql += &format!(", count(*) FILTER (WHERE {condition}) AS odd_{number}");
    }
    sql.push_str(" FROM interactions GROUP BY day, hour, kind");
    let batch = warehouse.scope.query(&sql)?;

    let (days, hours) = (numbers(&batch, "day")?, numbers(&batch, "hour")?);
    let (kinds, rows) = (texts(&batch, "kind")?, counts(&batch, "n")?);
    let mut purchases = BTreeMap::new();
    for (number, (name, ..)) in odd.into_iter().enumerate() {
        let counted = counts(&batch, &format!("odd_{number}"))?;
        let of_purchases = counted
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| *kind == PURCHASE);
        purchases.insert(*name, of_purchases.map(|(rows, _)| rows).sum());
    }
    let sum = |name: &str| match has_amount {
        true => numbers(&batch, name),
        false => Ok(vec![0; batch.num_rows()]),
    };
    let (amounts, sizes) = (sum("amount")?, sum("size")?);
    let (positive, negative) = (sum("positive")?, sum("negative")?);
    let folded = kinds.into_iter().enumerate().filter_map(|(row, kind)| {
        Some(Folded {
            date: day(days[row])?,
            hour: hours[row],
            kind,
            rows: rows[row],
            amount: amounts[row],
            size: sizes[row],
            positive: positive[row],
            negative: negative[row],
        })
    });
    Ok((folded.collect(), purchases))
}

/// What the folded interactions come to.
#[derive(Default)]
struct Totals {
    history: History,
    signs: Signs,
    /// Each month with what was spent and what was returned.
    months: BTreeMap<String, (Month, i128, i128)>,
    /// Purchase lines of each day and what was spent.
    calendar: BTreeMap<NaiveDate, (u64, i128)>,
}

impl Totals {
    fn add(&mut self, row: &Folded) {
        let (history, signs) = (&mut self.history, &mut self.signs);
        let (month, spend, returned) = self.months.entry(month_of(row.date)).or_default();
        *history.kinds.entry(row.kind.clone()).or_default() += row.rows;
        *month.kinds.entry(row.kind.clone()).or_default() += row.rows;
        month.interactions += row.rows;
        let first = history.first_day.get_or_insert(row.date);
        *first = row.date.min(*first);
        history.last_day = history.last_day.max(Some(row.date));
        if row.kind == PURCHASE {
            month.lines += row.rows;
            *spend += row.amount;
            signs.spend += row.amount;
            signs.lines += row.rows;
            let weekday = row.date.weekday().num_days_from_monday() as usize;
            let hour = usize::try_from(row.hour).unwrap_or(0).min(23);
            history.hours[weekday][hour] += row.rows;
            let of_day = self.calendar.entry(row.date).or_default();
            of_day.0 += row.rows;
            of_day.1 += row.amount;
        }
        if row.kind == "return" {
            month.returns += row.rows;
            *returned += row.size;
            signs.returned += row.size;
            signs.returns += row.rows;
            signs.returns_positive += u64::try_from(row.positive).unwrap_or(0);
            signs.returns_negative += u64::try_from(row.negative).unwrap_or(0);
        }
    }

    fn finish(self, has_amount: bool) -> (History, Signs) {
        let months = self.months.into_iter();
        let months = months.map(|(name, (month, spend, returned))| Month {
            month: name,
            spend: has_amount.then(|| money(spend)),
            returned: has_amount.then(|| money(returned)),
            ..month
        });
        let calendar = self.calendar.into_iter();
        let calendar = calendar.map(|(day, (lines, spend))| CalendarDay {
            day,
            lines,
            spend: has_amount.then(|| money(spend)),
        });
        let mut history = History {
            months: months.collect(),
            calendar: calendar.collect(),
            ..self.history
        };
        history.look_for_holes();
        (history, self.signs)
    }
}

/// `2024-03`.
fn month_of(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

impl History {
    /// The month of this name.
    pub fn month(&mut self, name: &str) -> Option<&mut Month> {
        self.months.iter_mut().find(|month| month.month == name)
    }

    /// The longest gap.
    pub fn longest_gap(&self) -> Option<&Gap> {
        self.gaps.first()
    }
}

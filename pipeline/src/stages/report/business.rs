//! The business: who bought in each month, what they spent, and on how few it rests.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Context;
use super::left::{Left, Section, share};
use super::small::LEAST;
use crate::engine::Scope;
use crate::failure::{Cause, Result};
use crate::outputs::table::{round, rows};

/// So many months are shown, the last ones; they are bits of a number.
const MONTHS: i64 = 60;
/// The month of an interaction, counted from the year 0.
const MONTH: &str =
    "CAST(date_part('year', day) AS BIGINT) * 12 + CAST(date_part('month', day) AS BIGINT) - 1";
/// Steps of the concentration curve.
const STEPS: usize = 20;
/// With fewer customers than this a tenth of them is a group too small to be told of.
const LEAST_FOR_TENTHS: usize = 10 * LEAST as usize;

/// What customers did in time.
#[derive(Serialize)]
pub struct Business {
    /// The first day with a purchase.
    pub first_day: NaiveDate,
    /// The last one.
    pub last_day: NaiveDate,
    /// Customers who ever bought.
    pub customers: u64,
    /// The last months, in order.
    pub months: Vec<Month>,
    /// Earlier months, which are not shown.
    pub earlier_months: u64,
    /// Interactions of guests, which are in none of these figures.
    pub guests: u64,
    /// Whether there are amounts.
    pub has_amounts: bool,
    /// How spend is spread over customers; none without spend, or with too few customers.
    pub concentration: Option<Concentration>,
}

/// A month, and how its buyers stand to those of the month before.
#[derive(Serialize)]
pub struct Month {
    /// `2024-03`.
    pub month: String,
    /// Whether all of it lies before the as-of date.
    pub whole: bool,
    /// Customers who bought.
    pub active: u64,
    /// Those of them who had never bought before.
    pub new: u64,
    /// Those who also bought in the month before.
    pub kept: u64,
    /// Those who had bought before, but not in the month before.
    pub returning: u64,
    /// Customers who bought in the month before and not in this one; none while it lasts.
    pub lost: Option<u64>,
    /// Baskets, in the month in which they begin; none with few buyers.
    pub baskets: Option<u64>,
    /// Money spent, returns taken off; none without amounts, and with few buyers.
    pub spend: Option<f64>,
    /// Money for each basket.
    pub basket_value: Option<f64>,
}

/// How spend is spread over customers.
#[derive(Serialize)]
pub struct Concentration {
    /// Share of the spend of the tenth that spends most.
    pub top_tenth: f64,
    /// The same of the fifth.
    pub top_fifth: f64,
    /// Shares of customers, those who spend most first, and of the spend that is theirs.
    pub curve: Vec<[f64; 2]>,
}

/// What baskets and returns of a month come to.
#[derive(Deserialize)]
struct Money {
    m: i64,
    #[serde(default)]
    baskets: u64,
    spend: Option<f64>,
}

/// Reads the history as it could be seen at the as-of date.
pub fn look(context: &Context<'_>, left: &Left<'_>) -> Result<Section<Business>> {
    if context.settings.config.lacks_history() {
        return Ok(Section::missing(tr!("no source tells what customers did")));
    }
    let warehouse = match context.warehouse() {
        Ok(warehouse) => warehouse,
        Err(failure) if failure.cause == Cause::Data => {
            return Ok(Section::missing(failure.message));
        }
        Err(failure) => return Err(failure),
    };
    let has_amounts = warehouse.has_column("interactions", "amount");
    let last_day = warehouse.end.pred_opt().unwrap_or(warehouse.end);
    let scope = warehouse.scope.within()?;
    fold(&scope, has_amounts)?;
    let span = Span::new(warehouse.first_day, last_day, warehouse.end.day() == 1);
    let (customers, mut months) = span.months(&scope)?;
    if has_amounts {
        let returns = format!(
            "SELECT {MONTH} AS m, CAST(-sum(abs(amount)) AS DOUBLE) AS spend \
             FROM interactions WHERE kind = 'return' GROUP BY 1"
        );
        span.add(&mut months, rows(&scope.query(&returns)?)?);
    }
    let spend = "SELECT m, count(*) AS baskets, CAST(sum(spend) AS DOUBLE) AS spend FROM report_baskets GROUP BY m";
    span.add(&mut months, rows(&scope.query(spend)?)?);
    months
        .iter_mut()
        .for_each(|month| month.finish(has_amounts));
    let found = Business {
        first_day: warehouse.first_day,
        last_day,
        customers,
        months,
        earlier_months: span.earlier(),
        guests: guests(left),
        has_amounts,
        concentration: concentration(left)?,
    };
    Ok(Section::found(Some(warehouse.end.to_string()), found))
}

/// A row for each basket, in the month in which it begins.
fn fold(scope: &Scope, has_amounts: bool) -> Result<()> {
    let spend = match has_amounts {
        true => "sum(amount)",
        false => "CAST(NULL AS DECIMAL(18, 4))",
    };
    scope.fold(
        "report_baskets",
        &format!(
            "SELECT customer_id, min({MONTH}) AS m, {spend} AS spend FROM interactions \
             WHERE kind = 'purchase' GROUP BY customer_id, basket_id"
        ),
    )
}

fn guests(left: &Left<'_>) -> u64 {
    let features = left.entry("features");
    let guests = features.and_then(|entry| entry.metrics["guests"].as_u64());
    guests.unwrap_or(0)
}

/// The months that are shown.
struct Span {
    /// The first month of the history.
    begins: i64,
    /// The first month that is shown.
    first: i64,
    /// The last month.
    last: i64,
    /// Whether the last month is over.
    ended: bool,
}

impl Span {
    fn new(first_day: NaiveDate, last_day: NaiveDate, ended: bool) -> Self {
        let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
        let (begins, last) = (month(first_day), month(last_day));
        Self {
            begins,
            first: begins.max(last - MONTHS + 1),
            last,
            ended,
        }
    }

    fn earlier(&self) -> u64 {
        self.first.abs_diff(self.begins)
    }

    /// Customers who ever bought, and the months with how many did.
    ///
    /// The months of a customer are the bits of a number: one pass over the baskets gives them, and
    /// equal ones are counted together. Bit 1 is the month before the first that is shown, and bit
    /// 0 all before that.
    fn months(&self, scope: &Scope) -> Result<(u64, Vec<Month>)> {
        let base = self.first - 2;
        let mut months: Vec<Month> = (self.first..=self.last)
            .map(|month| Month::new(month, month < self.last || self.ended))
            .collect();
        let mut all = 0;
        let sql = format!(
            "SELECT seen, first, count(*) AS customers FROM (\
             SELECT bit_or(CAST(1 AS BIGINT) << greatest(m - {base}, 0)) AS seen, min(m) AS first \
             FROM report_baskets GROUP BY customer_id) GROUP BY seen, first"
        );
        scope.for_each(&sql, |batch| {
            let [seen, first, customers] =
                [0, 1, 2].map(|column| batch.column(column).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                let customers = customers.value(row).unsigned_abs();
                all += customers;
                let new_at = first.value(row) - self.first;
                for (place, month) in months.iter_mut().enumerate() {
                    let now = seen.value(row) >> (place + 2) & 1 == 1;
                    let before = seen.value(row) >> (place + 1) & 1 == 1;
                    month.count(now, before, new_at == place as i64, customers);
                }
            }
            Ok(())
        })?;
        Ok((all, months))
    }

    fn add(&self, months: &mut [Month], found: Vec<Money>) {
        for money in found {
            let place = usize::try_from(money.m - self.first).ok();
            let Some(month) = place.and_then(|place| months.get_mut(place)) else {
                continue;
            };
            month.baskets = Some(month.baskets.unwrap_or(0) + money.baskets);
            month.spend = Some(month.spend.unwrap_or(0.0) + money.spend.unwrap_or(0.0));
        }
    }
}

impl Month {
    fn new(number: i64, whole: bool) -> Self {
        Self {
            month: format!(
                "{:04}-{:02}",
                number.div_euclid(12),
                number.rem_euclid(12) + 1
            ),
            whole,
            active: 0,
            new: 0,
            kept: 0,
            returning: 0,
            lost: whole.then_some(0),
            baskets: None,
            spend: None,
            basket_value: None,
        }
    }

    /// Counts customers who bought in this month, and in the one before, or did not.
    fn count(&mut self, now: bool, before: bool, new: bool, customers: u64) {
        match (now, before) {
            (true, _) => {
                self.active += customers;
                let part = match (new, before) {
                    (true, _) => &mut self.new,
                    (false, true) => &mut self.kept,
                    (false, false) => &mut self.returning,
                };
                *part += customers;
            }
            (false, true) => self.lost = self.lost.map(|lost| lost + customers),
            (false, false) => {}
        }
    }

    /// What few people spent is not told.
    fn finish(&mut self, has_amounts: bool) {
        let few = self.active > 0 && self.active < LEAST;
        self.baskets = Some(self.baskets.unwrap_or(0)).filter(|_| !few);
        self.spend = Some(round(self.spend.unwrap_or(0.0), 2)).filter(|_| has_amounts && !few);
        let baskets = self.baskets.filter(|baskets| *baskets > 0);
        self.basket_value = self
            .spend
            .zip(baskets)
            .map(|(spend, baskets)| round(spend / baskets as f64, 2));
    }
}

/// How spend is spread over the customers of the segments' file, those who spend most first.
fn concentration(left: &Left<'_>) -> Result<Option<Concentration>> {
    if !left.has("segments") {
        return Ok(None);
    }
    Ok(curve(left.numbers("segments", "monetary")?))
}

fn curve(mut spend: Vec<f64>) -> Option<Concentration> {
    spend.iter_mut().for_each(|spend| *spend = spend.max(0.0));
    spend.sort_unstable_by(|a, b| b.total_cmp(a));
    let total: f64 = spend.iter().sum();
    if spend.len() < LEAST_FOR_TENTHS || total <= 0.0 {
        return None;
    }
    let mut curve = vec![[0.0, 0.0]];
    let (mut sum, mut taken) = (0.0, 0);
    for step in 1..=STEPS {
        // The customer on the edge of a step counts for a part.
        let (whole, rest) = (spend.len() * step / STEPS, spend.len() * step % STEPS);
        sum += spend[taken..whole].iter().sum::<f64>();
        taken = whole;
        let part = spend
            .get(whole)
            .map_or(0.0, |next| next * rest as f64 / STEPS as f64);
        curve.push([
            step as f64 / STEPS as f64,
            round(share(sum + part, total), 4),
        ]);
    }
    Some(Concentration {
        top_tenth: curve[STEPS / 10][1],
        top_fifth: curve[STEPS / 5][1],
        curve,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_gives_the_shares_of_the_best_tenth_and_fifth() {
        // 100 customers: ten spend 50 each, ten 20, eighty 3.75, in all 1,000.
        let mut spend = vec![3.75; 80];
        spend.extend([20.0; 10]);
        spend.extend([50.0; 10]);
        let found = curve(spend).unwrap();
        assert_eq!((found.top_tenth, found.top_fifth), (0.5, 0.7));
        assert_eq!(found.curve.len(), STEPS + 1);
        assert_eq!(found.curve[STEPS], [1.0, 1.0]);
        assert!(curve(vec![1.0; 99]).is_none(), "a tenth of them is too few");
        assert!(curve(vec![0.0; 200]).is_none());
    }

    #[test]
    fn every_buyer_of_a_month_is_new_kept_or_back() {
        let mut month = Month::new(2023 * 12 + 2, true);
        assert_eq!(month.month, "2023-03");
        for (now, before, new, customers) in [
            (true, false, true, 5),
            (true, true, false, 7),
            (true, false, false, 2),
            (false, true, false, 4),
            (false, false, false, 9),
        ] {
            month.count(now, before, new, customers);
        }
        let parts = [month.new, month.kept, month.returning];
        assert_eq!((month.active, parts, month.lost), (14, [5, 7, 2], Some(4)));
        let mut going_on = Month::new(2023 * 12 + 3, false);
        going_on.count(false, true, false, 4);
        assert_eq!(going_on.lost, None);
    }
}

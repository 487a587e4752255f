//! The rhythm of the customers, and the dates of churn that suit it.

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};

use crate::config::Churn;
use crate::failure::Result;
use crate::text::{count, percent, plural};
use crate::warehouse::Warehouse;

/// Of the purchases that came, the share that lies within the horizon.
pub const WITHIN_HORIZON: f64 = 0.8;
/// The same for how long a customer counts as active: one in twenty comes back from further away.
pub const WITHIN_ACTIVE: f64 = 0.95;
/// Fewer customers with a rhythm than this say nothing of it.
const LEAST_CUSTOMERS: u64 = 50;
/// The part of the history that a horizon may take: one is tested, one teaches, and something has
/// to lie before.
const PART: u32 = 4;
/// Dates that should teach.
const DATES: u32 = 6;
/// Horizons and steps are whole weeks, so that every one has the same days of the week.
const WEEK: u32 = 7;

/// When customers come again.
pub struct Rhythm {
    /// Days from one day with a purchase to the customer's next, ascending, with its weight: every
    /// customer weighs 1.
    gaps: Vec<(u32, f64)>,
    /// Customers with two days or more.
    customers: u64,
    /// Days since the last purchase, and how many customers.
    away: Vec<(u32, u64)>,
    /// Days of the history.
    days: u32,
}

/// Dates that suit a rhythm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Suggestion {
    pub horizon_days: u32,
    pub active_days: u32,
    pub step_days: u32,
    pub min_history_days: u32,
    /// Whether the history is too short for what would suit.
    pub shortened: bool,
}

impl Rhythm {
    /// Looks at every purchase.
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let days = "SELECT customer_id, arrow_cast(day, 'Int32') AS d FROM interactions \
                    WHERE kind = 'purchase' AND customer_id IS NOT NULL GROUP BY 1, 2";
        let found = warehouse.scope.query(&format!(
            "SELECT gap, gaps, count(*) AS times FROM (SELECT gap, count(*) OVER (PARTITION BY customer_id) AS gaps \
             FROM (SELECT customer_id, arrow_cast(d - lag(d) OVER (PARTITION BY customer_id ORDER BY d), 'Int32') AS gap FROM ({days})) \
             WHERE gap IS NOT NULL) GROUP BY gap, gaps ORDER BY gap, gaps"
        ))?;
        let gap = found.column(0).as_primitive::<Int32Type>();
        let [gaps, times] = [1, 2].map(|at| found.column(at).as_primitive::<Int64Type>());
        let mut weights: Vec<(u32, f64)> = Vec::new();
        for row in 0..found.num_rows() {
            let (days, weight) = (
                gap.value(row).unsigned_abs(),
                times.value(row) as f64 / gaps.value(row) as f64,
            );
            match weights.last_mut() {
                Some((last, sum)) if *last == days => *sum += weight,
                _ => weights.push((days, weight)),
            }
        }
        let end = warehouse.end.to_epoch_days();
        let found = warehouse.scope.query(&format!(
            "SELECT arrow_cast({end} - latest, 'Int64') AS away, count(*) AS customers FROM (SELECT max(d) AS latest FROM ({days}) \
             GROUP BY customer_id) GROUP BY 1 ORDER BY 1"
        ))?;
        let away = found.column(0).as_primitive::<Int64Type>();
        let customers = found.column(1).as_primitive::<Int64Type>();
        let away = (0..found.num_rows()).map(|row| {
            let days = u32::try_from(away.value(row)).unwrap_or(0);
            (days, customers.value(row).unsigned_abs())
        });
        let first = warehouse.first_day.to_epoch_days();
        Ok(Self {
            customers: whole(&weights),
            gaps: weights,
            away: away.collect(),
            days: u32::try_from(end - first).unwrap_or(0),
        })
    }

    /// From the days on which customers bought, in any order and more than once, each customer by any
    /// number; `end` is the day after the last that is known.
    pub fn of_days(mut bought: Vec<(u64, i32)>, end: i32) -> Self {
        bought.sort_unstable();
        bought.dedup();
        let first = bought.iter().map(|(_, day)| *day).min().unwrap_or(end);
        let mut gaps: Vec<(u32, u32)> = Vec::new();
        let mut away: Vec<u32> = Vec::new();
        for of_customer in bought.chunk_by(|one, next| one.0 == next.0) {
            let days = of_customer
                .windows(2)
                .map(|pair| pair[1].1.abs_diff(pair[0].1));
            gaps.extend(days.map(|gap| (gap, of_customer.len() as u32 - 1)));
            away.extend(of_customer.last().map(|(_, last)| end.abs_diff(*last)));
        }
        // In the order of the query, so that sums are the same.
        gaps.sort_unstable();
        away.sort_unstable();
        let mut weights: Vec<(u32, f64)> = Vec::new();
        for alike in gaps.chunk_by(|one, next| one == next) {
            let (gap, of) = alike[0];
            let weight = alike.len() as f64 / f64::from(of);
            match weights.last_mut() {
                Some((last, sum)) if *last == gap => *sum += weight,
                _ => weights.push((gap, weight)),
            }
        }
        let away = away.chunk_by(|one, next| one == next);
        Self {
            customers: whole(&weights),
            gaps: weights,
            away: away.map(|same| (same[0], same.len() as u64)).collect(),
            days: end.abs_diff(first),
        }
    }

    /// The share of the purchases that came again that came within so many days; 0 where none did.
    pub fn share_within(&self, days: u32) -> f64 {
        let all: f64 = self.gaps.iter().map(|(_, weight)| weight).sum();
        let within = self.gaps.iter().filter(|(gap, _)| *gap <= days);
        let within: f64 = within.map(|(_, weight)| weight).sum();
        if all > 0.0 { within / all } else { 0.0 }
    }

    /// That share as a line over the days, from 0 up to so many: where it rises, its height before and
    /// after.
    pub fn steps(&self, reach: f64) -> impl Iterator<Item = (f64, f64)> {
        let all: f64 = self.gaps.iter().map(|(_, weight)| weight).sum();
        let mut share = 0.0;
        let mut line = vec![(0.0, 0.0)];
        for (gap, weight) in &self.gaps {
            let days = f64::from(*gap);
            if days > reach {
                break;
            }
            line.push((days, share));
            share += weight / all;
            line.push((days, share));
        }
        line.push((reach, share));
        line.into_iter()
    }

    /// The days within which so large a share of the purchases that came again came.
    pub fn within(&self, share: f64) -> u32 {
        let all: f64 = self.gaps.iter().map(|(_, weight)| weight).sum();
        let mut below = 0.0;
        let gap = self.gaps.iter().find(|(_, weight)| {
            below += weight;
            below >= share * all * (1.0 - 1e-12)
        });
        gap.map_or(0, |(days, _)| *days)
    }

    /// Customers who bought within so many days before the end.
    fn active(&self, days: u32) -> u64 {
        let active = self.away.iter().filter(|(away, _)| *away <= days);
        active.map(|(_, customers)| customers).sum()
    }

    /// The dates that suit it; none where too little is known.
    pub fn suggest(&self) -> Option<Suggestion> {
        let longest = self.days / PART / WEEK * WEEK;
        if self.customers < LEAST_CUSTOMERS || longest < WEEK {
            return None;
        }
        let weeks = |days: u32| days.div_ceil(WEEK).max(1) * WEEK;
        let horizon = weeks(self.within(WITHIN_HORIZON));
        let horizon_days = horizon.min(longest);
        let active_days = weeks(self.within(WITHIN_ACTIVE)).max(horizon_days);
        let min_history_days = active_days.min(longest);
        // What is left for the dates that teach, from the first to the last.
        let room = self.days - min_history_days - 2 * horizon_days;
        let step_days = (room / (DATES - 1) / WEEK * WEEK).clamp(WEEK, horizon_days);
        Some(Suggestion {
            horizon_days,
            active_days,
            step_days,
            min_history_days,
            shortened: horizon_days < horizon,
        })
    }

    /// What was seen, as one sentence.
    pub fn words(&self) -> String {
        tr!(
            "{customers} bought on two days or more; half of their purchases came within {half} of the one before, four in five within {most}, 19 in 20 within {nearly} (every customer counts alike)",
            customers = plural(self.customers, "customer"),
            half = plural(self.within(0.5).into(), "day"),
            most = plural(self.within(WITHIN_HORIZON).into(), "day"),
            nearly = plural(self.within(WITHIN_ACTIVE).into(), "day"),
        )
    }

    /// The dates as lines for the settings file, with the reasons; without them only the reasons.
    pub fn lines(&self, churn: &Churn) -> String {
        let mut text = tr!("# {words}.\n", words = self.words());
        let Some(found) = self.suggest() else {
            text += &tr!(
                "# That is too little for dates that suit: at least {least} such customers and {needed} of history\n# are needed, and the history has {days}.\n",
                least = LEAST_CUSTOMERS,
                needed = plural((PART * WEEK).into(), "day"),
                days = plural(self.days.into(), "day")
            );
            return text;
        };
        if found.shortened {
            text += &self.too_short();
        }
        text += &tr!(
            "# As the settings are, {active}.\n",
            active = self.active_in_words(churn.active_days)
        );
        text += &self.settings(&found);
        text
    }

    /// What suits, as lines of a settings file with the reason of each; none where too little is known.
    pub fn draft(&self) -> Option<String> {
        let found = self.suggest()?;
        let mut text = tr!("# {words}.\n", words = self.words());
        if found.shortened {
            text += &self.too_short();
        }
        Some(text + &self.settings(&found))
    }

    fn too_short(&self) -> String {
        tr!(
            "# The history of {days} is too short for a horizon that four in five keep to: a quarter of it is taken.\n",
            days = plural(self.days.into(), "day")
        )
    }

    /// The share of all customers who bought within so many days, in words.
    fn active_in_words(&self, days: u32) -> String {
        let all: u64 = self.away.iter().map(|(_, customers)| customers).sum();
        let active = self.active(days);
        tr!(
            "{active} of {all} ({share}) bought within {days}",
            active = count(active),
            all = plural(all, "customer"),
            share = percent(active as f64 / all.max(1) as f64),
            days = plural(days.into(), "day")
        )
    }

    fn settings(&self, found: &Suggestion) -> String {
        tr!(
            "[churn]\nhorizon_days = {horizon}        # who stays comes back within it, four in five times\nactive_days = {active}         # who has been away for longer comes back once in twenty times; {words}\nstep_days = {step}           # from one date that teaches to the next, so that there are several\nmin_history_days = {history}    # before the first of them\n",
            horizon = found.horizon_days,
            active = found.active_days,
            words = self.active_in_words(found.active_days),
            step = found.step_days,
            history = found.min_history_days,
        )
    }
}

/// How many customers gaps are of.
fn whole(gaps: &[(u32, f64)]) -> u64 {
    let all: f64 = gaps.iter().map(|(_, weight)| weight).sum();
    all.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(gaps: &[(u32, f64)], days: u32) -> Rhythm {
        Rhythm {
            gaps: gaps.to_vec(),
            customers: gaps.iter().map(|gap| gap.1).sum::<f64>() as u64,
            away: vec![(10, 60), (100, 40)],
            days,
        }
    }

    #[test]
    fn a_shop_of_every_week_and_one_of_every_season() {
        // 50 % within 5 days, 80 % within 15, 95 % within 40.
        let weekly = [(5, 500.0), (15, 300.0), (40, 150.0), (90, 50.0)];
        let found = rhythm(&weekly, 364).suggest().unwrap();
        let want = Suggestion {
            horizon_days: 21,
            active_days: 42,
            step_days: 21,
            min_history_days: 42,
            shortened: false,
        };
        assert_eq!(found, want);
        let seasonal = [(60, 500.0), (130, 300.0), (260, 200.0)];
        let found = rhythm(&seasonal, 738).suggest().unwrap();
        // 738 - 182 - 2 * 133 days are left for six dates.
        assert_eq!((found.horizon_days, found.active_days), (133, 266));
        assert_eq!((found.min_history_days, found.step_days), (182, 56));
        let short = rhythm(&seasonal, 200).suggest().unwrap();
        assert!(short.shortened && short.horizon_days == 49);
    }

    #[test]
    fn days_are_counted_once_and_customers_alike() {
        // One customer on days 0, 7 and 21, twice on one of them; another on 5 and 12; a third once.
        let bought = vec![(9, 21), (4, 12), (9, 0), (9, 7), (9, 7), (4, 5), (1, 3)];
        let rhythm = Rhythm::of_days(bought, 22);
        assert_eq!(rhythm.gaps, [(7, 1.5), (14, 0.5)]);
        assert_eq!((rhythm.customers, rhythm.days), (2, 22));
        assert_eq!(rhythm.away, [(1, 1), (10, 1), (19, 1)]);
        assert_eq!(rhythm.share_within(7), 0.75);
        let line: Vec<(f64, f64)> = rhythm.steps(10.0).collect();
        assert_eq!(line, [(0.0, 0.0), (7.0, 0.0), (7.0, 0.75), (10.0, 0.75)]);
        assert_eq!(Rhythm::of_days(Vec::new(), 5).share_within(9), 0.0);
    }

    #[test]
    fn lines_can_be_put_into_the_settings() {
        let lines =
            rhythm(&[(60, 500.0), (130, 300.0), (260, 200.0)], 738).lines(&Churn::default());
        let settings: toml::Table = lines.parse().unwrap();
        assert_eq!(settings["churn"]["horizon_days"].as_integer(), Some(133));
        assert!(lines.contains("60 of 100 customers (60.0 %) bought within 56 days"));
        let few = rhythm(&[(5, 10.0)], 364).lines(&Churn::default());
        assert!(few.contains("too little") && few.parse::<toml::Table>().unwrap().is_empty());
    }
}

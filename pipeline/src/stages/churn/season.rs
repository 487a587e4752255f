//! The share of customers who leave at a season, as the year before tells it, and probabilities that are
//! moved there.
//!
//! What customers did lately tells a model who of them is likelier to leave; that fewer of all come in
//! January it can only have learned from a January. Where two years allow it, the share that is to be
//! expected at a date is that of the same weeks of the year before, changed as the last weeks have changed
//! from those of the year before. Probabilities whose mean is another are moved by one step of the
//! log-odds, the same for all, so that the order of the customers stays (the correction of a classifier
//! for another share of yeses; Saerens, Latinne and Decaestecker 2002).

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use chrono::NaiveDate;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::config::Churn;
use crate::engine::row_hash::hash_columns;
use crate::failure::Result;
use crate::stages::Context;
use crate::text::percent;
use crate::warehouse::Warehouse;
use crate::warning::{SEASON_CORRECTED, Warning};

/// 52 weeks: the same season, and the same days of the week.
const YEAR: i32 = 364;
/// Weeks that are held beside those of the year before.
const WEEKS: i32 = 12;
/// Fewer of them say nothing of a change.
const LEAST_WEEKS: usize = 4;
/// A share of fewer customers is none.
const LEAST_CUSTOMERS: u64 = 50;
/// Steps of log-odds beyond this are no correction any more.
const FURTHEST: f64 = 20.0;

/// What was made of the season, for manifest and summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Whether the delivered probabilities were moved: on the test date that brought their mean nearer
    /// to the share that left.
    pub applied: bool,
    /// The share that is to be expected to leave after the date of the scores.
    pub expected: f64,
    /// The mean of the probabilities as the model gives them.
    pub as_learned: f64,
    /// The share that left after the same day of the year before.
    pub year_before: f64,
    /// On the test date: the share that was to be expected by then.
    pub test_expected: f64,
    /// The mean of the probabilities as the model gives them there.
    pub test_as_learned: f64,
    /// The share that left.
    pub test_happened: f64,
}

/// What the test date said of the correction. A kept model takes it along, so that its scores of later
/// are moved where those of its training were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtTest {
    /// Whether moving the probabilities brought their mean nearer to the share that left.
    pub applied: bool,
    /// The share that was to be expected by then.
    pub expected: f64,
    /// The mean of the probabilities as the model gives them there.
    pub as_learned: f64,
    /// The share that left.
    pub happened: f64,
}

/// How many customers there were at a date, and how many of them bought nothing in the horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rate {
    customers: u64,
    left: u64,
}

impl Rate {
    /// The logarithm of the odds of leaving, half a customer more on either side; none of few customers.
    fn log_odds(self) -> Option<f64> {
        let [left, stayed] = [self.left, self.customers - self.left].map(|n| n as f64 + 0.5);
        (self.customers >= LEAST_CUSTOMERS).then(|| (left / stayed).ln())
    }
}

/// Every customer's days with a purchase.
pub struct Days {
    /// Customer `c` has the days `starts[c]..starts[c + 1]`.
    starts: Vec<usize>,
    days: Vec<i32>,
    /// For each of those days the baskets up to it, it included.
    baskets: Vec<u32>,
    /// The first date with enough history before it.
    earliest: i32,
    /// The day after the last that is known.
    end: i32,
}

/// What is to be expected at a date.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Expected {
    rate: f64,
    year_before: f64,
}

impl Days {
    /// Reads the days; none where the history is too short to tell of a year before.
    pub fn read(warehouse: &Warehouse, churn: &Churn) -> Result<Option<Self>> {
        let earliest = warehouse.first_day.to_epoch_days() + churn.min_history_days as i32;
        let end = warehouse.end.to_epoch_days();
        // For the date of the test, and a change that takes some weeks to see.
        let needed = YEAR + 2 * churn.horizon_days as i32 + LEAST_WEEKS as i32 * 7;
        if end - earliest < needed || churn.horizon_days as i32 > YEAR {
            return Ok(None);
        }
        let found = warehouse.scope.query(
            "SELECT customer_id, arrow_cast(day, 'Int32') AS d, count(DISTINCT basket_id) AS baskets FROM interactions \
             WHERE kind = 'purchase' GROUP BY customer_id, day ORDER BY customer_id, day",
        )?;
        let customers = std::slice::from_ref(found.column(0));
        let customers = hash_columns(customers, found.num_rows(), 0)?;
        let days = found.column(1).as_primitive::<Int32Type>();
        let counts = found.column(2).as_primitive::<Int64Type>();
        Ok(Some(Self::new(
            &customers,
            days.values(),
            counts.values(),
            earliest,
            end,
        )))
    }

    /// Lines of a customer stand together, by day.
    fn new(customers: &[u64], days: &[i32], counts: &[i64], earliest: i32, end: i32) -> Self {
        let mut starts = vec![0];
        let mut baskets = Vec::with_capacity(days.len());
        for (line, count) in counts.iter().enumerate() {
            let same = line > 0 && customers[line] == customers[line - 1];
            if line > 0 && !same {
                starts.push(line);
            }
            let before = if same { baskets[line - 1] } else { 0 };
            baskets.push(before + (*count).max(1) as u32);
        }
        starts.push(days.len());
        Self {
            starts,
            days: days.to_vec(),
            baskets,
            earliest,
            end,
        }
    }

    /// The share that left at each of these dates, of who would have been scored.
    fn rates(&self, dates: &[i32], churn: &Churn) -> Vec<Rate> {
        let mut rates = vec![Rate::default(); dates.len()];
        let (horizon, active) = (churn.horizon_days as i32, churn.active_days as i32);
        for customer in self.starts.windows(2) {
            let days = &self.days[customer[0]..customer[1]];
            let baskets = &self.baskets[customer[0]..customer[1]];
            for (rate, &date) in rates.iter_mut().zip(dates) {
                let before = days.partition_point(|day| *day < date);
                let Some(last) = before.checked_sub(1) else {
                    continue;
                };
                if date - days[last] > active || baskets[last] < churn.min_baskets {
                    continue;
                }
                rate.customers += 1;
                let stays = days.get(before).is_some_and(|day| *day < date + horizon);
                rate.left += u64::from(!stays);
            }
        }
        rates
    }

    /// The share that is to be expected to leave after a date, from what is known by then; none where the
    /// year before is not known.
    fn expected(&self, date: i32, churn: &Churn) -> Option<Expected> {
        let horizon = churn.horizon_days as i32;
        if date - YEAR < self.earliest || date > self.end {
            return None;
        }
        let mut dates = vec![date - YEAR];
        for week in 0..WEEKS {
            // Whose horizon is over by the date.
            let lately = date - horizon - 7 * week;
            if lately - YEAR >= self.earliest {
                dates.extend([lately, lately - YEAR]);
            }
        }
        let rates = self.rates(&dates, churn);
        let year_before = rates[0].log_odds()?;
        let pairs = rates[1..].chunks_exact(2);
        let changes: Vec<f64> = pairs
            .filter_map(|pair| Some(pair[0].log_odds()? - pair[1].log_odds()?))
            .collect();
        if changes.len() < LEAST_WEEKS {
            return None;
        }
        let change = changes.iter().sum::<f64>() / changes.len() as f64;
        Some(Expected {
            rate: probability(year_before + change),
            year_before: rates[0].left as f64 / rates[0].customers as f64,
        })
    }

    /// Moves the probabilities of the scores, and those of the test as they would have been moved then,
    /// if that brought the latter nearer to what happened; says what was found. None where two years do
    /// not allow it, and nothing is moved then.
    ///
    /// - `test_date`, `score_date`: as days since 1970-01-01.
    pub fn correct(
        &self,
        churn: &Churn,
        [test_date, score_date]: [i32; 2],
        (tested, happened): (&mut Array1<f64>, f64),
        scores: &mut Array1<f64>,
    ) -> Option<Correction> {
        let expected = self.expected(test_date, churn)?.rate;
        let as_learned = tested.mean()?;
        let test = AtTest {
            applied: (expected - happened).abs() < (as_learned - happened).abs(),
            expected,
            as_learned,
            happened,
        };
        let found = self.correct_again(churn, score_date, test, scores)?;
        if test.applied {
            move_to(tested, expected);
        }
        Some(found)
    }

    /// Moves the probabilities of a date if that helped on the test date. None where two years do not
    /// allow it, and nothing is moved then.
    ///
    /// - `date`: as days since 1970-01-01.
    pub fn correct_again(
        &self,
        churn: &Churn,
        date: i32,
        test: AtTest,
        scores: &mut Array1<f64>,
    ) -> Option<Correction> {
        let now = self.expected(date, churn)?;
        let as_learned = scores.mean()?;
        if test.applied {
            move_to(scores, now.rate);
        }
        Some(Correction {
            applied: test.applied,
            expected: now.rate,
            as_learned,
            year_before: now.year_before,
            test_expected: test.expected,
            test_as_learned: test.as_learned,
            test_happened: test.happened,
        })
    }
}

/// Moves the probabilities of a kept model as those of its training were moved.
///
/// - `test`: what the test date of its training said.
/// - `date`: that of the scores.
pub fn for_the_season_again(
    context: &Context<'_>,
    test: AtTest,
    date: NaiveDate,
    scores: &mut Array1<f64>,
) -> Result<Option<Correction>> {
    let churn = &context.settings.config.churn;
    let days = Days::read(context.warehouse()?, churn)?;
    Ok(days.and_then(|days| days.correct_again(churn, date.to_epoch_days(), test, scores)))
}

impl Correction {
    /// What the test date said.
    pub fn at_test(&self) -> AtTest {
        AtTest {
            applied: self.applied,
            expected: self.test_expected,
            as_learned: self.test_as_learned,
            happened: self.test_happened,
        }
    }

    /// What was done, for the summary; none where nothing was.
    pub fn sentence(&self) -> Option<String> {
        self.applied.then(|| {
            tr!(
                "The probabilities are corrected for the season: {share} are to be expected to leave, by the same weeks of the year before.",
                share = percent(self.expected)
            )
        })
    }

    /// What was done, for a person who acts on the probabilities; none where nothing was.
    pub fn warning(&self, tested_on: &str) -> Option<Warning> {
        self.applied.then(|| {
            let message = tr!(
                "the probabilities are corrected for the season: by the same weeks of the year before {expected} are to be expected to leave, and the model alone said {said}; on {test} that brought {before} to {after}, and {happened} left. The order of the customers is the same",
                expected = percent(self.expected),
                said = percent(self.as_learned),
                test = tested_on,
                before = percent(self.test_as_learned),
                after = percent(self.test_expected),
                happened = percent(self.test_happened),
            );
            Warning::new(SEASON_CORRECTED, message)
        })
    }
}

fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Moves all log-odds by one step, so that the mean of the probabilities is this share. Who leaves or
/// stays for certain does so still.
fn move_to(probabilities: &mut Array1<f64>, share: f64) {
    let log_odds = probabilities.mapv(|p| (p / (1.0 - p)).ln());
    let mean = |step: f64| {
        let sum: f64 = log_odds.iter().map(|odds| probability(odds + step)).sum();
        sum / log_odds.len() as f64
    };
    let (mut low, mut high) = (-FURTHEST, FURTHEST);
    // Halved until the ends are neighbours.
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        match mean(middle) < share {
            true => low = middle,
            false => high = middle,
        }
    }
    let step = 0.5 * (low + high);
    *probabilities = log_odds.mapv(|odds| probability(odds + step));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn churn() -> Churn {
        Churn {
            horizon_days: 28,
            active_days: 56,
            min_baskets: 1,
            ..Churn::default()
        }
    }

    /// 400 customers who buy every week, but for some who make a pause of 35 days from a day on.
    fn shop(pauses: &[(i32, u64)], days: i32) -> Days {
        let (mut customers, mut bought) = (Vec::new(), Vec::new());
        for customer in 0..400 {
            for day in (0..days).step_by(7) {
                let paused = pauses
                    .iter()
                    .any(|(from, some)| customer < *some && (*from..from + 35).contains(&day));
                if !paused {
                    customers.push(customer);
                    bought.push(day);
                }
            }
        }
        let counts = vec![1; bought.len()];
        Days::new(&customers, &bought, &counts, 56, days)
    }

    #[test]
    fn the_share_that_left_is_counted_among_who_would_be_scored() {
        // A fifth pauses from day 196 on.
        let shop = shop(&[(196, 80)], 400);
        let rates = shop.rates(&[0, 196, 224, 260], &churn());
        let counted: Vec<(u64, u64)> = rates
            .iter()
            .map(|rate| (rate.customers, rate.left))
            .collect();
        assert_eq!(counted, [(0, 0), (400, 80), (400, 0), (400, 0)]);
        let strict = Churn {
            min_baskets: 30,
            ..churn()
        };
        // By day 210 who does not pause has 30 baskets, days 0 to 203.
        assert_eq!(shop.rates(&[210], &strict)[0].customers, 320);
        let away = Churn {
            active_days: 20,
            ..churn()
        };
        assert_eq!(shop.rates(&[217], &away)[0].customers, 320);
    }

    #[test]
    fn a_season_of_the_year_before_is_expected_again() {
        // Every summer many pause; twice as many in the second year's spring as in the first.
        let season = 196;
        let shop = shop(&[(season, 100)], 196 + YEAR);
        let found = shop.expected(season + YEAR, &churn()).unwrap();
        assert!((found.year_before - 0.25).abs() < 1e-9, "{found:?}");
        // Nothing else has changed.
        assert!((found.rate - 0.25).abs() < 0.005, "{found:?}");
        // What is expected by a date does not know what came after it.
        assert_eq!(shop.expected(100, &churn()), None);
    }

    #[test]
    fn a_change_since_the_year_before_is_taken_along() {
        // The weeks before the season: 40 leave in the first year, 80 in the second.
        let spring = [-70, -35].map(|before| 280 + before);
        let mut pauses: Vec<(i32, u64)> = spring.iter().map(|day| (*day, 40)).collect();
        pauses.extend(spring.iter().map(|day| (*day + YEAR, 80)));
        pauses.push((280, 100));
        let shop = shop(&pauses, 280 + YEAR);
        let found = shop.expected(280 + YEAR, &churn()).unwrap();
        assert!((found.year_before - 0.25).abs() < 0.12);
        assert!(found.rate > found.year_before + 0.03, "{found:?}");
    }

    #[test]
    fn probabilities_are_moved_where_that_helped_and_stay_in_order() {
        let season = 196 + 28;
        let shop = shop(&[(season - 28, 100), (season, 60)], season + YEAR);
        let test = season - 28 + YEAR;
        let mut tested = Array1::from(vec![0.05, 0.1, 0.15]);
        let mut scores = Array1::from(vec![0.02, 0.3, 0.1, 0.0, 1.0]);
        let found = shop
            .correct(
                &churn(),
                [test, season + YEAR],
                (&mut tested, 0.25),
                &mut scores,
            )
            .unwrap();
        assert!(found.applied);
        assert!((tested.mean().unwrap() - found.test_expected).abs() < 1e-9);
        assert!((scores.mean().unwrap() - found.expected).abs() < 1e-9 || found.expected < 0.2);
        assert!(scores[0] < scores[2] && scores[2] < scores[1]);
        assert_eq!((scores[3], scores[4]), (0.0, 1.0));
        let said = found.warning("2024-01-01").unwrap().message;
        assert!(said.contains("corrected for the season"), "{said}");
        // Where the model was nearer, nothing is moved.
        let mut tested = Array1::from(vec![0.25, 0.26]);
        let before = scores.clone();
        let found = shop
            .correct(
                &churn(),
                [test, season + YEAR],
                (&mut tested, 0.255),
                &mut scores,
            )
            .unwrap();
        assert!(!found.applied && found.warning("then").is_none());
        assert_eq!(scores, before);
    }

    #[test]
    fn a_step_of_the_log_odds_reaches_a_mean() {
        let mut moved = Array1::from(vec![0.2, 0.5, 0.9]);
        let odds = |p: f64| (p / (1.0 - p)).ln();
        let before: Vec<f64> = moved.iter().map(|p| odds(*p)).collect();
        move_to(&mut moved, 0.3);
        assert!((moved.mean().unwrap() - 0.3).abs() < 1e-12);
        let steps: Vec<f64> = moved
            .iter()
            .zip(before)
            .map(|(p, b)| odds(*p) - b)
            .collect();
        assert!((steps[0] - steps[2]).abs() < 1e-9, "{steps:?}");
    }
}

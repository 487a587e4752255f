//! Boosted trees in two parts: whether a customer buys in the days ahead, and if so on how many days and
//! for how much (a hurdle model: Cragg 1971, "Some statistical models for limited dependent variables",
//! Econometrica 39(5)).

use ndarray::{Array1, Axis, Ix1};
use regulars_models::format::{Feature, SavedModel};
use regulars_models::linfa::Dataset;
use regulars_models::tree::{
    BoostedRegressor, BoostingLoss, BoostingParams, GradientBoosting, LogLoss, RegressionLoss,
};

use super::history::Stretch;
use super::money::amount;
use super::snapshot::{NAMES, Snapshot};
use crate::failure::{Failure, Result};
use crate::text::plural;

/// The name in the settings.
pub const NAME: &str = crate::config::BOOSTED_TREES;
/// The name in words.
pub const TITLE: &str = mark!("boosted trees");

/// Customers that are learned from at most, evenly spaced by id: more say little that is new, and take
/// their time.
const MOST_ROWS: usize = 200_000;
/// With fewer customers who bought, or who did not, nothing is learned.
const FEWEST: usize = 50;
/// One customer in so many says when to stop, and teaches nothing.
const VALIDATION: usize = 5;
/// Amounts of nothing or less count as this share of the mean amount.
const LEAST: f64 = 1e-4;

/// What is expected of each customer in the days ahead.
pub struct Ahead {
    /// Days with a purchase.
    pub purchases: Vec<f64>,
    /// Money spent.
    pub spend: Vec<f64>,
}

/// Customers at a date, and what came of them in the days after it.
pub struct Lesson<'a> {
    /// As they were.
    pub snapshot: &'a Snapshot,
    /// What came of each of them.
    pub came: Vec<Stretch>,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Trees {
    buys: GradientBoosting,
    purchases: BoostedRegressor,
    spend: BoostedRegressor,
    /// Amounts are learned in this unit, the mean of them.
    unit: f64,
    /// Customers who taught.
    pub learned_from: usize,
}

impl Trees {
    /// Learns from customers whose days ahead are known; words where they are too few.
    pub fn grow(lesson: &Lesson<'_>, seed: u64) -> Result<Self, String> {
        let step = lesson.snapshot.len().div_ceil(MOST_ROWS).max(1);
        let rows: Vec<usize> = (0..lesson.snapshot.len()).step_by(step).collect();
        let did = |row: &usize| lesson.came[*row].purchases > 0;
        let buyers: Vec<usize> = rows.iter().copied().filter(did).collect();
        enough(rows.len(), buyers.len())?;
        let spent = |row: usize| amount(lesson.came[row].spend).max(0.0);
        let unit = buyers.iter().map(|row| spent(*row)).sum::<f64>() / buyers.len() as f64;
        if unit <= 0.0 {
            return Err(tr!("who bought spent nothing"));
        }
        let buys = lesson.of(&rows, |row| did(&row));
        let purchases = lesson.of(&buyers, |row| lesson.came[row].purchases as f32);
        let spend = lesson.of(&buyers, |row| (spent(row) / unit).max(LEAST) as f32);
        let refused = |error: regulars_models::tree::TreeError| error.to_string();
        let means = || params::<RegressionLoss>(seed).loss(RegressionLoss::Poisson);
        Ok(Self {
            buys: params::<LogLoss>(seed)
                .fit_with_validation(&buys[0], &buys[1])
                .map_err(refused)?,
            purchases: means()
                .fit_with_validation(&purchases[0], &purchases[1])
                .map_err(refused)?,
            spend: means()
                .fit_with_validation(&spend[0], &spend[1])
                .map_err(refused)?,
            unit,
            learned_from: rows.len(),
        })
    }

    /// What is expected of these customers in as many days as were learned.
    pub fn predict(&self, snapshot: &Snapshot) -> Ahead {
        let x = snapshot.matrix();
        let buys = self.buys.predict_probability(x);
        let times = |of: &BoostedRegressor, least: f64, unit: f64| -> Vec<f64> {
            let if_so = of.predict_value(x);
            let both = buys.iter().zip(&if_so);
            both.map(|(p, value)| p * value.max(least) * unit).collect()
        };
        Ahead {
            // Who buys at all does so on one day at least.
            purchases: times(&self.purchases, 1.0, 1.0),
            spend: times(&self.spend, 0.0, self.unit),
        }
    }

    /// The three models by the names of their files.
    pub fn saved(&self, days: u32) -> Result<Vec<(&'static str, SavedModel)>> {
        let features = || NAMES.iter().map(|name| Feature::numeric(*name)).collect();
        let outcome = format!("days ahead: {days}");
        let facts = |saved: SavedModel, about: &str| {
            saved
                .with_outcome(about)
                .with_fact("days", days)
                .with_fact("learned_from", self.learned_from)
                .with_fact("unit", format!("{:?}", self.unit))
        };
        let wrong = |error: regulars_models::format::FormatError| {
            Failure::machine(format!("the trees of {outcome}: {error}"))
        };
        let buys = SavedModel::new(self.buys.clone(), features()).map_err(wrong)?;
        let purchases = SavedModel::new(self.purchases.clone(), features()).map_err(wrong)?;
        let spend = SavedModel::new(self.spend.clone(), features()).map_err(wrong)?;
        Ok(vec![
            ("value_trees_buys.json", facts(buys, mark!("buys"))),
            (
                "value_trees_purchases.json",
                facts(purchases, mark!("days with a purchase of who buys")),
            ),
            (
                "value_trees_spend.json",
                facts(spend, mark!("spend of who buys, in the unit")),
            ),
        ])
    }
}

fn enough(rows: usize, bought: usize) -> Result<(), String> {
    if bought >= FEWEST && rows - bought >= FEWEST {
        return Ok(());
    }
    Err(tr!(
        "of {customers}, {bought} bought in the days to learn from, and trees need {fewest} who did and {fewest} who did not",
        customers = plural(rows as u64, "customer"),
        bought = bought,
        fewest = FEWEST
    ))
}

/// How trees are grown: small steps, until customers who teach nothing gain nothing.
fn params<L: BoostingLoss + Default>(seed: u64) -> BoostingParams<L> {
    BoostingParams::default()
        .n_trees(300)
        .learning_rate(0.05)
        .early_stopping_rounds(Some(20))
        .min_rows_per_leaf(20)
        .feature_fraction(0.5)
        .seed(seed)
}

impl Lesson<'_> {
    /// Those who teach and those who say when to stop, among these rows, with their labels.
    fn of<T: Copy>(&self, rows: &[usize], label: impl Fn(usize) -> T) -> [Dataset<f32, T, Ix1>; 2] {
        let x = self.snapshot.matrix();
        [false, true].map(|validates| {
            let mine = rows.iter().enumerate();
            let mine = mine.filter(|(nth, _)| (nth % VALIDATION == VALIDATION - 1) == validates);
            let mine: Vec<usize> = mine.map(|(_, row)| *row).collect();
            let labels: Array1<T> = mine.iter().map(|row| label(*row)).collect();
            Dataset::new(x.select(Axis(0), &mine), labels)
        })
    }
}

/// How far spend turned out from what was expected, by how much was expected: what makes an interval of
/// an expectation.
pub struct Spread {
    /// The highest expectation of each group but the last, ascending.
    edges: Vec<f64>,
    /// Low and high end of what came, over what was expected.
    ends: Vec<[f64; 2]>,
}

/// Customers of a group whose ends are told.
const GROUP: usize = 50;

impl Spread {
    /// Of what was expected and what came, in groups of equal size, ten at most; nothing of fewer
    /// than [`GROUP`].
    ///
    /// - `level`: the share that an interval is to hold.
    pub fn of(expected: &[f64], came: &[f64], level: f64) -> Option<Self> {
        let groups = (expected.len() / GROUP).min(10);
        let mut order: Vec<usize> = (0..expected.len()).collect();
        order.sort_by(|a, b| expected[*a].total_cmp(&expected[*b]));
        let (mut edges, mut ends) = (Vec::new(), Vec::new());
        for group in 0..groups {
            let place = |group: usize| group * order.len() / groups;
            let members = &order[place(group)..place(group + 1)];
            let ratio = |row: &usize| came[*row] / expected[*row].max(f64::MIN_POSITIVE);
            let mut ratios: Vec<f64> = members.iter().map(ratio).collect();
            ratios.sort_by(f64::total_cmp);
            let at =
                |share: f64| ratios[((share * ratios.len() as f64) as usize).min(ratios.len() - 1)];
            let tail = 0.5 - 0.5 * level;
            ends.push([at(tail), at(1.0 - tail)]);
            if group + 1 < groups
                && let Some(last) = members.last()
            {
                edges.push(expected[*last]);
            }
        }
        (groups > 0).then_some(Self { edges, ends })
    }

    /// The ends for somebody of whom so much is expected.
    pub fn ends(&self, expected: f64) -> [f64; 2] {
        self.ends[self.edges.partition_point(|edge| *edge < expected)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers who bought `i % 10` times until day 400, of whom those who did so five times and more
    /// buy on two days, for 30.
    fn taught(customers: usize) -> (Snapshot, Vec<Stretch>) {
        let mut snapshot = Snapshot::default();
        let mut came = Vec::new();
        for i in 0..customers {
            let times = 1 + (i % 10) as i32;
            let days: Vec<_> = (0..times).map(|n| (300 + 7 * n, true, 100_000)).collect();
            snapshot.take(i, &days, 400, 30, 0);
            let buys = times > 5;
            came.push(Stretch {
                purchases: if buys { 2 } else { 0 },
                spend: if buys { 300_000 } else { 0 },
                first: 410,
            });
        }
        (snapshot, came)
    }

    #[test]
    fn whether_how_often_and_how_much_are_learned() {
        let (snapshot, came) = taught(1000);
        let lesson = Lesson {
            snapshot: &snapshot,
            came,
        };
        let trees = Trees::grow(&lesson, 1).unwrap();
        assert_eq!(trees.learned_from, 1000);
        let ahead = trees.predict(&snapshot);
        // Bought once, and ten times.
        assert!(ahead.purchases[0] < 0.1, "{}", ahead.purchases[0]);
        assert!(
            (ahead.purchases[9] - 2.0).abs() < 0.1,
            "{}",
            ahead.purchases[9]
        );
        assert!((ahead.spend[9] - 30.0).abs() < 1.5, "{}", ahead.spend[9]);
        for (name, saved) in trees.saved(30).unwrap() {
            let read = SavedModel::from_json(&saved.to_json()).unwrap();
            assert_eq!(read, saved, "{name}");
        }
    }

    #[test]
    fn too_few_customers_teach_nothing() {
        let (snapshot, came) = taught(80);
        let lesson = Lesson {
            snapshot: &snapshot,
            came,
        };
        let error = Trees::grow(&lesson, 1).unwrap_err();
        assert!(error.starts_with("of 80 customers, 40 bought"), "{error}");
    }

    #[test]
    fn an_interval_is_as_wide_as_what_came_was_far_off() {
        // The lower half gets nothing or four times what was expected, the upper half just that.
        let expected: Vec<f64> = (1..=1000).map(f64::from).collect();
        let came: Vec<f64> = (1..=1000_u32)
            .map(|i| match (i > 500, i % 2) {
                (true, _) => f64::from(i),
                (false, 0) => 4.0 * f64::from(i),
                (false, _) => 0.0,
            })
            .collect();
        let spread = Spread::of(&expected, &came, 0.8).unwrap();
        assert_eq!(spread.ends(30.0), [0.0, 4.0]);
        assert_eq!(spread.ends(900.0), [1.0, 1.0]);
        assert_eq!(spread.ends(5000.0), [1.0, 1.0]);
        assert!(Spread::of(&expected[..49], &came[..49], 0.8).is_none());
    }
}

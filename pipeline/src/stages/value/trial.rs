//! How well models and baselines predict the period that is held out.

use rayon::prelude::*;
use regulars_models::value::{History, PurchaseModel, Spend, held_out};
use serde::{Deserialize, Serialize};

use super::baselines::{Baseline, Rates, counts_and_ages};
use super::cells;
use super::distinct::Distinct;
use super::history::{Buyer, Seen, Snapshots};
use super::money::amount;
use super::spend::SpendModel;
use super::split::Split;
use super::trees::{Ahead, Lesson, Spread, Trees};
use crate::failure::{Failure, Result};

/// Customers with more purchases than this before the period that is held out are one group on the
/// plot.
const MOST_PURCHASES: u32 = 10;

/// What was predicted of the period that is held out, beside what came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Mean absolute error of a customer, in purchases.
    pub mean_absolute_error: f64,
    /// Root of the mean squared error of a customer, in purchases.
    pub root_mean_squared_error: f64,
    /// Mean of predicted less observed purchases of a customer.
    pub bias: f64,
    /// Correlation of predicted with observed purchases.
    pub correlation: Option<f64>,
    /// Purchases predicted in all.
    pub predicted: f64,
    /// Purchases that came.
    pub observed: f64,
    /// Predicted less observed purchases, over the observed.
    pub total_error: Option<f64>,
    /// Mean absolute error of what a customer spends.
    pub spend_mean_absolute_error: f64,
    /// Of the customers who bought, the share whose next purchase came in its interval.
    pub interval_coverage: Option<f64>,
}

/// Customers with so many purchases, and what they bought in the period that is held out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Purchases before it; the last group has those with more, too.
    pub purchases: u32,
    /// Customers.
    pub customers: u64,
    /// Mean purchases that came.
    pub observed: f64,
    /// Mean purchases that were predicted.
    pub predicted: f64,
    /// Mean purchases in the period of the same length before.
    pub before: f64,
}

/// The customers on whom models are tried: those who bought before the period that is held out.
pub struct Trial<'a> {
    /// Everybody who bought until the end.
    all: &'a [Buyer],
    snapshots: &'a Snapshots,
    buyers: Vec<&'a Buyer>,
    /// What they had done by then.
    pub histories: Vec<History>,
    spends: Vec<Spend>,
    distinct: Distinct,
    split: &'a Split,
    observed: Vec<f64>,
    /// What a purchase of each was expected to bring.
    per_purchase: Vec<f64>,
    /// The share of next purchases that an interval is to hold.
    level: f64,
}

impl<'a> Trial<'a> {
    /// Of these customers; nothing where no period is held out, or nobody bought before it.
    pub fn new(
        all: &'a [Buyer],
        snapshots: &'a Snapshots,
        split: &'a Split,
        level: f64,
    ) -> Option<Self> {
        let buyers: Vec<&Buyer> = all
            .iter()
            .filter(|buyer| buyer.before.purchases > 0)
            .collect();
        if split.held_out_days == 0 || buyers.is_empty() {
            return None;
        }
        let cut = split.cut();
        let history = |buyer: &&Buyer| buyer.before.history(buyer.first, cut);
        let key = |buyer: &&Buyer| {
            let seen = buyer.before;
            (seen.purchases, seen.last - buyer.first, buyer.first)
        };
        let seen: Vec<Seen> = buyers.iter().map(|buyer| buyer.before).collect();
        let spends: Vec<Spend> = seen.iter().map(Seen::spending).collect();
        let per_purchase = SpendModel::fit(&seen).expected(&spends);
        let observed = buyers
            .iter()
            .map(|buyer| f64::from(buyer.held_out.purchases));
        Some(Self {
            all,
            snapshots,
            histories: buyers.iter().map(history).collect(),
            distinct: Distinct::new(&buyers.iter().map(key).collect::<Vec<_>>()),
            observed: observed.collect(),
            per_purchase,
            spends,
            split,
            level,
            buyers,
        })
    }

    /// How many customers there are.
    pub fn len(&self) -> usize {
        self.buyers.len()
    }

    /// Purchases that came in the period that is held out.
    pub fn purchases(&self) -> u64 {
        let purchases = self.buyers.iter().map(|buyer| buyer.held_out.purchases);
        purchases.map(u64::from).sum()
    }

    /// Customers who bought again before the period.
    pub fn repeat_buyers(&self) -> u64 {
        self.spends.iter().filter(|spend| spend.repeats > 0).count() as u64
    }

    /// Purchases of each customer that a model predicts.
    pub fn predicted(&self, model: &PurchaseModel) -> Vec<f64> {
        let days = f64::from(self.split.held_out_days);
        let rows = self.distinct.rows.par_iter().with_min_len(64);
        let predicted = rows.map(|row| model.expected_purchases(&self.histories[*row], days));
        self.distinct.spread(&predicted.collect::<Vec<_>>())
    }

    /// How a model does.
    pub fn of_model(&self, model: &PurchaseModel) -> Result<Figures> {
        let predicted = self.predicted(model);
        let both = predicted.iter().zip(&self.per_purchase);
        let spend: Vec<f64> = both.map(|(purchases, each)| purchases * each).collect();
        let mut figures = self.figures(&predicted, &spend)?;
        figures.interval_coverage = self.coverage(model);
        Ok(figures)
    }

    /// Trees that learned from the period before the one that is held out; words where they cannot.
    pub fn grow(&self, seed: u64) -> Result<Trees, String> {
        Trees::grow(&self.lesson(), seed)
    }

    /// What trees expect of the customers in the period.
    pub fn by_trees(&self, trees: &Trees) -> Ahead {
        trees.predict(&self.snapshots.cut)
    }

    /// How an expectation does.
    pub fn of_ahead(&self, ahead: &Ahead) -> Result<Figures> {
        self.figures(&ahead.purchases, &ahead.spend)
    }

    /// How far off what was spent is from an expectation.
    pub fn spread(&self, ahead: &Ahead) -> Option<Spread> {
        let came = self.buyers.iter().map(|buyer| amount(buyer.held_out.spend));
        Spread::of(&ahead.spend, &came.collect::<Vec<_>>(), self.level)
    }

    /// What was known before the period of the same length before, and what then came.
    fn lesson(&self) -> Lesson<'a> {
        let snapshot = &self.snapshots.recent;
        let came = snapshot
            .rows
            .iter()
            .map(|row| self.all[*row as usize].recent);
        Lesson {
            snapshot,
            came: came.collect(),
        }
    }

    /// How a baseline does; nothing where the history does not reach back far enough for it.
    pub fn of_baseline(&self, baseline: Baseline) -> Result<Option<Figures>> {
        if baseline == Baseline::PeriodBefore {
            if !self.split.has_recent() {
                return Ok(None);
            }
            let recent = self.buyers.iter().map(|buyer| buyer.recent);
            let purchases: Vec<f64> = recent
                .clone()
                .map(|recent| f64::from(recent.purchases))
                .collect();
            let spend: Vec<f64> = recent.map(|recent| amount(recent.spend)).collect();
            return self.figures(&purchases, &spend).map(Some);
        }
        if baseline == Baseline::RfmCell {
            let lesson = self.lesson();
            return match lesson.came.is_empty() {
                true => Ok(None),
                false => self
                    .of_ahead(&cells::predict(&lesson, &self.snapshots.cut)?)
                    .map(Some),
            };
        }
        let days = f64::from(self.split.held_out_days);
        let (counts, ages) = counts_and_ages(&self.buyers, |buyer| &buyer.before, self.split.cut());
        let rates = Rates::of(&counts, &ages);
        let rate = |(count, age): (&f64, &f64)| match baseline {
            Baseline::OwnRate => rates.own(*count, *age),
            _ => rates.mean,
        };
        let purchases: Vec<f64> = counts
            .iter()
            .zip(&ages)
            .map(|both| days * rate(both))
            .collect();
        let all = self.per_purchase.iter().sum::<f64>() / self.len() as f64;
        let both = purchases.iter().zip(&self.per_purchase);
        let spend: Vec<f64> = both
            .map(|(purchases, each)| match baseline {
                Baseline::OwnRate => purchases * each,
                _ => purchases * all,
            })
            .collect();
        self.figures(&purchases, &spend).map(Some)
    }

    fn figures(&self, predicted: &[f64], spend: &[f64]) -> Result<Figures> {
        let told = held_out(predicted, &self.observed)
            .map_err(|error| Failure::machine(error.to_string()))?;
        let off = self.buyers.iter().zip(spend);
        let off: f64 = off
            .map(|(buyer, spend)| (spend - amount(buyer.held_out.spend)).abs())
            .sum();
        Ok(Figures {
            mean_absolute_error: told.mean_absolute_error,
            root_mean_squared_error: told.root_mean_squared_error,
            bias: told.bias,
            correlation: told.correlation,
            predicted: told.predicted,
            observed: told.actual,
            total_error: told.total_error,
            spend_mean_absolute_error: off / self.len() as f64,
            interval_coverage: None,
        })
    }

    /// Of the customers who bought in the period, the share whose first purchase in it came within
    /// the interval of the model, given that there is one in the period: who has not bought by its
    /// end may do so later, and that is not seen.
    fn coverage(&self, model: &PurchaseModel) -> Option<f64> {
        let (end, cut) = (f64::from(self.split.held_out_days), self.split.cut());
        let tail = 0.5 - 0.5 * self.level;
        let bought = |row: &usize| self.buyers[*row].held_out.purchases > 0;
        let rows: Vec<usize> = (0..self.len()).filter(bought).collect();
        let held = |row: &&usize| {
            let history = &self.histories[**row];
            // A day counts by its noon.
            let came = f64::from(self.buyers[**row].held_out.first - cut) + 0.5;
            let share = model.p_purchase(history, came) / model.p_purchase(history, end);
            (tail..=1.0 - tail).contains(&share)
        };
        let held = rows.par_iter().with_min_len(64).filter(held).count();
        (!rows.is_empty()).then(|| held as f64 / rows.len() as f64)
    }

    /// What was predicted beside what came, by the number of purchases before.
    pub fn groups(&self, predicted: &[f64]) -> Vec<Group> {
        let mut groups: Vec<Group> = (1..=MOST_PURCHASES)
            .map(|purchases| Group {
                purchases,
                customers: 0,
                observed: 0.0,
                predicted: 0.0,
                before: 0.0,
            })
            .collect();
        for ((buyer, observed), predicted) in self.buyers.iter().zip(&self.observed).zip(predicted)
        {
            let place = buyer.before.purchases.min(MOST_PURCHASES) as usize - 1;
            let group = &mut groups[place];
            group.customers += 1;
            group.observed += observed;
            group.predicted += predicted;
            group.before += f64::from(buyer.recent.purchases);
        }
        groups.retain(|group| group.customers > 0);
        for group in &mut groups {
            let customers = group.customers as f64;
            group.observed /= customers;
            group.predicted /= customers;
            group.before /= customers;
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use regulars_models::value::ParetoNbd;

    use super::*;
    use crate::stages::value::history::Stretch;

    /// Ten customers who bought on day 0, and again `repeats` times until day 50, of whom some buy
    /// from day 70 on.
    fn buyers() -> Vec<Buyer> {
        let buyer = |row: u32| {
            let bought = row % 2;
            let before = Seen {
                purchases: 1 + row % 3,
                last: if row.is_multiple_of(3) { 0 } else { 50 },
                spend: 200_000,
                repeat_spend: i64::from(row % 3) * 100_000,
            };
            Buyer {
                first: 0,
                whole: before,
                before,
                recent: Stretch::default(),
                held_out: Stretch {
                    purchases: 2 * bought,
                    spend: 150_000 * i64::from(bought),
                    first: 70,
                },
                ..Buyer::default()
            }
        };
        (0..10).map(buyer).collect()
    }

    fn split() -> Split {
        let day = |number| NaiveDate::from_epoch_days(number).unwrap();
        Split::new(day(0), day(100), Some(30)).unwrap()
    }

    #[test]
    fn baselines_are_what_they_say() {
        let (buyers, split) = (buyers(), split());
        let nothing = Snapshots::default();
        let trial = Trial::new(&buyers, &nothing, &split, 0.8).unwrap();
        let before = trial.of_baseline(Baseline::PeriodBefore).unwrap().unwrap();
        // Nobody bought in the period before; half of them bought twice, for 15.
        assert_eq!((before.predicted, before.observed), (0.0, 10.0));
        assert_eq!(before.mean_absolute_error, 1.0);
        assert_eq!(before.spend_mean_absolute_error, 7.5);
        assert_eq!(before.total_error, Some(-1.0));
        // Nine repeat purchases in 690 days, for 30 days of ten customers.
        let mean = trial.of_baseline(Baseline::Mean).unwrap().unwrap();
        assert!((mean.predicted - 9.0 / 690.0 * 300.0).abs() < 1e-9);
        assert_eq!(mean.correlation, None);
    }

    #[test]
    fn an_interval_holds_what_comes_in_its_middle() {
        let (mut buyers, split) = (buyers(), split());
        let model = PurchaseModel::Pareto(ParetoNbd {
            r: 0.5,
            alpha: 10.0,
            s: 0.6,
            beta: 80.0,
        });
        let coverage = |buyers: &[Buyer]| {
            let nothing = Snapshots::default();
            let trial = Trial::new(buyers, &nothing, &split, 0.8).unwrap();
            trial.of_model(&model).unwrap().interval_coverage
        };
        // All on the first day: nine tenths come later.
        assert_eq!(coverage(&buyers), Some(0.0));
        for buyer in &mut buyers {
            buyer.held_out.first = 83;
        }
        assert_eq!(coverage(&buyers), Some(1.0));
    }

    #[test]
    fn groups_have_every_customer_once() {
        let (buyers, split) = (buyers(), split());
        let nothing = Snapshots::default();
        let trial = Trial::new(&buyers, &nothing, &split, 0.8).unwrap();
        let groups = trial.groups(&[0.5; 10]);
        let customers: Vec<u64> = groups.iter().map(|group| group.customers).collect();
        assert_eq!(customers, [4, 3, 3]);
        assert_eq!(groups[0].predicted, 0.5);
        // Rows 0, 3, 6 and 9 have bought once, and the odd ones buy.
        assert_eq!(groups[0].observed, 1.0);
    }
}

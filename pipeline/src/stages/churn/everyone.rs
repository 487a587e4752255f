//! Everybody who has bought by the day of the scores: who is scored, and why the others are not.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, UInt32Array};
use serde::{Deserialize, Serialize};

use super::rows::eligible;
use crate::config::Churn;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, round};
use crate::text::plural;
use crate::timeline::snapshot::Snapshot;

/// In the column `band`: away for longer than an active customer may be.
pub const LAPSED: &str = mark!("lapsed");
/// In the column `band`: here lately, and too seldom for a score.
pub const NEW: &str = mark!("new");

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Scored; the place among those who are.
    Scored(usize),
    /// Away for longer than an active customer may be.
    Lapsed,
    /// Here lately, and too seldom for a score.
    New,
}

/// Everybody who has bought.
pub struct Everyone {
    /// Ids, ascending.
    pub customers: ArrayRef,
    /// Where each of them stands.
    pub standings: Vec<Standing>,
    baskets: Vec<f64>,
    days_away: Vec<f64>,
    spend: Vec<f64>,
    /// The day of the scores, counted from 1970.
    day: i32,
    active_days: u32,
    min_baskets: u32,
    /// What the shop calls a basket.
    basket: String,
}

/// Customers without a score, of one band.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unscored {
    /// lapsed or new.
    pub band: String,
    /// Customers in it.
    pub customers: u64,
    /// What they have spent, returns taken off.
    pub spend: f64,
    /// Why they have no score, in words.
    pub why: String,
}

impl Everyone {
    /// Everybody in the snapshot of the day of the scores.
    ///
    /// - `basket`: what the shop calls a basket.
    pub fn of(snapshot: &Snapshot, churn: &Churn, basket: &str) -> Result<Self> {
        let days_away = snapshot.vector("recency_days")?;
        let lapsed = |days: &f64| match *days > f64::from(churn.active_days) {
            true => Standing::Lapsed,
            false => Standing::New,
        };
        let mut standings: Vec<Standing> = days_away.iter().map(lapsed).collect();
        for (place, row) in eligible(snapshot, churn)?.into_iter().enumerate() {
            standings[row] = Standing::Scored(place);
        }
        Ok(Self {
            customers: snapshot.customers.clone(),
            standings,
            baskets: snapshot.vector("frequency")?,
            days_away,
            spend: snapshot.vector("monetary")?,
            day: snapshot.as_of.to_epoch_days(),
            active_days: churn.active_days,
            min_baskets: churn.min_baskets,
            basket: basket.to_owned(),
        })
    }

    /// Ranks: those who are scored, then who is new, then who has lapsed, the one who spent most
    /// first.
    ///
    /// - `scored`: the ranks of those who are scored.
    pub fn ranks(&self, scored: &[u32]) -> Vec<u32> {
        let key = |row: usize| match self.standings[row] {
            Standing::Scored(place) => (0, scored[place]),
            Standing::New => (1, 0),
            Standing::Lapsed => (2, 0),
        };
        let mut order: Vec<usize> = (0..self.standings.len()).collect();
        order.sort_by(|a, b| {
            let worth = self.spend[*b].total_cmp(&self.spend[*a]);
            key(*a).cmp(&key(*b)).then(worth).then(a.cmp(b))
        });
        let mut ranks = vec![0; order.len()];
        for (rank, row) in order.into_iter().enumerate() {
            ranks[row] = rank as u32 + 1;
        }
        ranks
    }

    /// Why a customer has no score, in words; nothing for who has one.
    pub fn reason(&self, row: usize) -> Option<String> {
        let days = |days: u32| plural(days.into(), "day");
        match self.standings[row] {
            Standing::Scored(_) => None,
            Standing::Lapsed => Some(tr!(
                "no purchase for {away}, longer than the {active} within which a customer counts as active",
                away = days(self.days_away[row] as u32),
                active = days(self.active_days)
            )),
            Standing::New => Some(tr!(
                "{baskets} so far, and a score needs {number}",
                baskets = plural(self.baskets[row] as u64, &self.basket),
                number = self.min_baskets
            )),
        }
    }

    /// How many have no score, and what they were worth.
    pub fn unscored(&self) -> Vec<Unscored> {
        let of = |standing: Standing, band: &str, why: String| {
            let spend = self.standings.iter().zip(&self.spend);
            let spend = spend.filter(|(of, _)| **of == standing);
            Unscored {
                band: band.to_owned(),
                customers: spend.clone().count() as u64,
                spend: round(spend.map(|(_, spend)| spend).sum(), 2),
                why,
            }
        };
        let few = plural(self.min_baskets.into(), &self.basket);
        let long = plural(self.active_days.into(), "day");
        vec![
            of(
                Standing::New,
                NEW,
                tr!("fewer than {few} so far", few = few),
            ),
            of(
                Standing::Lapsed,
                LAPSED,
                tr!("no purchase for more than {long}", long = long),
            ),
        ]
    }

    /// When each of them bought last, how long ago that is, and what they were worth.
    pub fn columns(&self, table: TableBuilder) -> TableBuilder {
        let days = self.days_away.iter().map(|days| *days as i32);
        let last: Date32Array = days.clone().map(|days| Some(self.day - days)).collect();
        let away: UInt32Array = days.map(|days| u32::try_from(days).ok()).collect();
        table
            .column("last_purchase", "Day of the last purchase", Arc::new(last))
            .column(
                "days_away",
                "Days since the last purchase, on the day of the scores",
                Arc::new(away),
            )
            .column(
                "spend",
                "Money spent so far, returns taken off",
                numbers(self.spend.iter().copied(), 2),
            )
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use chrono::NaiveDate;
    use ndarray::{Array2, array};

    use super::*;

    /// Baskets, days away and spend of six customers.
    fn six() -> Snapshot {
        let values = array![
            [5.0, 10.0, 70.0],
            [9.0, 210.0, 340.0],
            [1.0, 3.0, 20.0],
            [2.0, 56.0, 15.0],
            [1.0, 57.0, 900.0],
            [3.0, 1.0, 33.0],
        ];
        Snapshot {
            as_of: NaiveDate::from_ymd_opt(2024, 3, 1).unwrap(),
            customers: Arc::new(Int64Array::from_iter_values(1..=6)),
            names: ["frequency", "recency_days", "monetary"]
                .map(str::to_owned)
                .to_vec(),
            about: vec![String::new(); 3],
            english: vec![String::new(); 3],
            values: values as Array2<f64>,
        }
    }

    #[test]
    fn who_is_not_scored_stands_behind_with_the_reason() {
        let everyone = Everyone::of(&six(), &Churn::default(), "order").unwrap();
        use Standing::{Lapsed, New, Scored};
        let standings = [Scored(0), Lapsed, New, Scored(1), Lapsed, Scored(2)];
        assert_eq!(everyone.standings, standings);
        let ranks = everyone.ranks(&[3, 1, 2]);
        assert_eq!(ranks, [3, 6, 4, 1, 5, 2]);
        assert_eq!(everyone.reason(0), None);
        assert_eq!(
            everyone.reason(1).unwrap(),
            "no purchase for 210 days, longer than the 56 days within which a customer counts as active"
        );
        assert_eq!(
            everyone.reason(2).unwrap(),
            "1 order so far, and a score needs 2"
        );
        let unscored = everyone.unscored();
        assert_eq!((unscored[0].customers, unscored[0].spend), (1, 20.0));
        assert_eq!((unscored[1].customers, unscored[1].spend), (2, 1240.0));
    }
}

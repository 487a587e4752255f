//! The mean of the RFM cell: who scored the same in recency, frequency and money before, on average.

use regulars_models::rfm::{Direction, midrank_scores};

use super::money::amount;
use super::snapshot::Snapshot;
use super::trees::{Ahead, Lesson};
use crate::failure::{Failure, Result};

/// Scores of an axis.
const BINS: usize = 5;

/// What is expected of the customers of `now`: what customers of their cell, a period earlier, went on to
/// do. A cell that nobody was in has the mean of all.
pub fn predict(lesson: &Lesson<'_>, now: &Snapshot) -> Result<Ahead> {
    let mut sums = vec![[0.0; 3]; BINS * BINS * BINS];
    let mut all = [0.0; 3];
    for (cell, came) in cells(lesson.snapshot)?.into_iter().zip(&lesson.came) {
        let came = [1.0, f64::from(came.purchases), amount(came.spend)];
        for (place, value) in came.into_iter().enumerate() {
            sums[cell][place] += value;
            all[place] += value;
        }
    }
    let mean = |cell: &usize, place: usize| match sums[*cell] {
        [0.0, ..] => all[place] / all[0].max(1.0),
        sums => sums[place] / sums[0],
    };
    let now = cells(now)?;
    Ok(Ahead {
        purchases: now.iter().map(|cell| mean(cell, 1)).collect(),
        spend: now.iter().map(|cell| mean(cell, 2)).collect(),
    })
}

/// The cell of each customer.
fn cells(snapshot: &Snapshot) -> Result<Vec<usize>> {
    let scores = |values: &[f64], direction| {
        midrank_scores(values, direction, BINS)
            .map(|found| found.scores)
            .map_err(|error| Failure::machine(error.to_string()))
    };
    let total = |place: usize| -> Vec<f64> {
        let totals = snapshot.totals.iter();
        totals.map(|totals| totals[place].into()).collect()
    };
    let recency = scores(&snapshot.column("recency_days"), Direction::LowerIsBetter)?;
    let frequency = scores(&total(0), Direction::HigherIsBetter)?;
    let money = scores(&total(1), Direction::HigherIsBetter)?;
    let place = |score: u8| usize::from(score) - 1;
    let all = recency.into_iter().zip(frequency).zip(money);
    Ok(all
        .map(|((r, f), m)| (place(r) * BINS + place(f)) * BINS + place(m))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::value::history::Stretch;

    #[test]
    fn who_scored_the_same_is_expected_to_do_the_same() {
        // Half of them bought once, long ago; half twice and lately, and those go on.
        let (mut before, mut now) = (Snapshot::default(), Snapshot::default());
        let mut came = Vec::new();
        for i in 0..20 {
            let (days, purchases): (&[_], u32) = match i % 2 {
                0 => (&[(10, true, 100_000)], 0),
                _ => (&[(10, true, 100_000), (90, true, 300_000)], 3),
            };
            before.take(i, days, 100, 30, 0);
            came.push(Stretch {
                purchases,
                spend: 50_000 * i64::from(purchases),
                first: 101,
            });
            now.take(i, days, 130, 30, 0);
        }
        let lesson = Lesson {
            snapshot: &before,
            came,
        };
        let ahead = predict(&lesson, &now).unwrap();
        assert_eq!((ahead.purchases[0], ahead.spend[0]), (0.0, 0.0));
        assert_eq!((ahead.purchases[1], ahead.spend[1]), (3.0, 15.0));
        // One customer alone is in the middle of every axis, where nobody was.
        let mut alone = Snapshot::default();
        alone.take(0, &[(10, true, 100_000)], 100, 30, 0);
        assert_eq!(predict(&lesson, &alone).unwrap().purchases, [1.5]);
    }
}

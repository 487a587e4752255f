//! Customers whose outcome is known, as models see them: numbers without dates.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice, concatenate};
use regulars_models::random::draw;

use regulars_models::tree::CategoryNames;

use crate::failure::{Failure, Result};

/// What the columns of a set are.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Their names.
    pub names: Vec<String>,
    /// What each holds.
    pub kinds: Vec<Kind>,
    /// The column that every model has to beat on its own, if there is one.
    pub baseline: Option<usize>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An amount; NaN where missing.
    Number,
    /// One of these, by its place; NaN where missing.
    Category(Vec<String>),
}

impl Columns {
    /// What trees call the columns and their categories when they are printed.
    pub fn printed(&self) -> Vec<CategoryNames> {
        let columns = self.names.iter().zip(&self.kinds);
        columns
            .map(|(name, kind)| CategoryNames {
                column: name.clone(),
                categories: match kind {
                    Kind::Number => Vec::new(),
                    Kind::Category(names) => names.clone(),
                },
            })
            .collect()
    }

    /// Places of the columns that hold categories.
    pub fn categorical(&self) -> Vec<usize> {
        let kinds = self.kinds.iter().enumerate();
        kinds
            .filter(|(_, kind)| matches!(kind, Kind::Category(_)))
            .map(|(place, _)| place)
            .collect()
    }
}

/// Customers whose outcome is known: features and labels, in the order of time.
pub struct Labelled {
    /// Customers by features.
    pub features: Array2<f32>,
    /// Whether each left.
    pub labels: Array1<bool>,
}

impl Labelled {
    /// Several sets as one, in their order.
    pub fn stack(sets: &[Labelled]) -> Self {
        let features: Vec<_> = sets.iter().map(|set| set.features.view()).collect();
        let labels: Vec<_> = sets.iter().map(|set| set.labels.view()).collect();
        Self {
            // Sets of one run have the same columns, which is all that could go wrong here.
            features: concatenate(Axis(0), &features).unwrap_or_default(),
            labels: concatenate(Axis(0), &labels).unwrap_or_default(),
        }
    }

    /// Some rows, one after the other.
    pub fn part(&self, rows: Range<usize>) -> Part<'_> {
        Part {
            features: self.features.slice_axis(Axis(0), Slice::from(rows.clone())),
            labels: self.labels.slice_axis(Axis(0), Slice::from(rows)),
        }
    }

    /// All rows.
    pub fn whole(&self) -> Part<'_> {
        self.part(0..self.labels.len())
    }
}

/// A part of a set.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Customers by features.
    pub features: ArrayView2<'a, f32>,
    /// Whether each left.
    pub labels: ArrayView1<'a, bool>,
}

impl Part<'_> {
    /// How many customers.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// How many left.
    pub fn churned(&self) -> usize {
        self.labels.iter().filter(|churned| **churned).count()
    }

    /// Whether some left and some stayed.
    pub fn has_both(&self) -> bool {
        (1..self.rows()).contains(&self.churned())
    }

    /// Every so many-th customer, so that at most `most` are left.
    pub fn thinned(&self, most: usize) -> Part<'_> {
        let step = self.rows().div_ceil(most).max(1) as isize;
        let every = Slice::new(0, None, step);
        Part {
            features: self.features.slice_axis(Axis(0), every),
            labels: self.labels.slice_axis(Axis(0), every),
        }
    }

    /// Two thirds and a third of the customers, drawn by their place alone.
    pub fn thirds(&self, seed: u64) -> [Labelled; 2] {
        let held_out = |row: &usize| draw(seed, *row as u64).is_multiple_of(3);
        let (third, rest): (Vec<usize>, Vec<usize>) = (0..self.rows()).partition(held_out);
        [rest, third].map(|rows| Labelled {
            features: self.features.select(Axis(0), &rows),
            labels: self.labels.select(Axis(0), &rows),
        })
    }

    /// Whether a model can be learned from or tested on these.
    pub fn check(&self, what: &str, least: usize) -> Result<()> {
        let (rows, churned) = (self.rows(), self.churned());
        if rows < least {
            return Err(Failure::data(format!("at the {what} there are only {rows} customers to learn from, fewer than {least}"))
                .hint("load more customers or a longer history, or set smaller min_baskets or larger active_days under [churn]"));
        }
        if !self.has_both() {
            let all = if churned == 0 { "nobody" } else { "everybody" };
            return Err(Failure::data(format!(
                "at the {what} {all} left, so there is nothing to tell apart"
            ))
            .hint("set another horizon_days under [churn]"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: usize) -> Labelled {
        Labelled {
            features: Array2::from_shape_fn((rows, 1), |(row, _)| row as f32),
            labels: Array1::from_shape_fn(rows, |row| row % 4 == 0),
        }
    }

    #[test]
    fn a_held_out_third_and_the_rest_are_all_rows_once() {
        let set = set(900);
        let [learn, check] = set.whole().thirds(7);
        assert!(
            (250..350).contains(&check.labels.len()),
            "{}",
            check.labels.len()
        );
        let mut rows: Vec<f32> = learn
            .features
            .iter()
            .chain(&check.features)
            .copied()
            .collect();
        rows.sort_by(f32::total_cmp);
        assert!(
            rows.iter()
                .enumerate()
                .all(|(row, value)| *value == row as f32)
        );
        let [_, other] = set.whole().thirds(8);
        assert_ne!(check.features, other.features);
    }

    #[test]
    fn thinning_takes_every_so_many_th_row() {
        let set = set(10);
        let few = set.part(1..10);
        let few = few.thinned(4);
        assert_eq!(few.features.column(0).to_vec(), [1.0, 4.0, 7.0]);
        assert_eq!(few.labels.to_vec(), [false, true, false]);
        assert_eq!(set.whole().thinned(10).rows(), 10);
    }
}

//! Rows whose outcome is known, as models see them: numbers, and what their columns are.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice, concatenate};
use regulars_models::format::{Feature, FeatureKind};
use regulars_models::random::draw;
use regulars_models::tree::Monotone;

/// What the columns of the rows are.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Their names, and what each holds; a missing value is NaN.
    pub features: Vec<Feature>,
    /// How the probability of a yes may move with each column, one entry a column; empty where
    /// nothing is known beforehand.
    pub monotone: Vec<Monotone>,
    /// The column that every model has to beat on its own, if there is one.
    pub baseline: Option<Baseline>,
}

/// A column that is a model by itself.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Its place.
    pub column: usize,
    /// What people call a model of it: `recency alone`.
    pub title: String,
}

impl Columns {
    /// Places of the columns that hold categories.
    pub fn categorical(&self) -> Vec<usize> {
        let features = self.features.iter().enumerate();
        features
            .filter(|(_, feature)| matches!(feature.kind, FeatureKind::Categorical(_)))
            .map(|(place, _)| place)
            .collect()
    }
}

/// Rows whose outcome is known: features and labels.
pub struct Labelled {
    /// Rows by features.
    pub features: Array2<f32>,
    /// Whether each is a yes.
    pub labels: Array1<bool>,
    /// What each is worth, where that is known; NaN for rows that nothing is measured on.
    pub worth: Option<Array1<f64>>,
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
            worth: None,
        }
    }

    /// Some rows, one after the other.
    pub fn part(&self, rows: Range<usize>) -> Part<'_> {
        Part {
            features: self.features.slice_axis(Axis(0), Slice::from(rows.clone())),
            labels: self.labels.slice_axis(Axis(0), Slice::from(rows.clone())),
            worth: self
                .worth
                .as_ref()
                .map(|worth| worth.slice_axis(Axis(0), Slice::from(rows))),
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
    /// Rows by features.
    pub features: ArrayView2<'a, f32>,
    /// Whether each is a yes.
    pub labels: ArrayView1<'a, bool>,
    /// What each is worth, where that is known.
    pub worth: Option<ArrayView1<'a, f64>>,
}

impl Part<'_> {
    /// How many there are.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// How many are a yes.
    pub fn yes(&self) -> usize {
        self.labels.iter().filter(|yes| **yes).count()
    }

    /// The share that is a yes; NaN of none.
    pub fn rate(&self) -> f64 {
        self.yes() as f64 / self.rows() as f64
    }

    /// Whether some are a yes and some a no.
    pub fn has_both(&self) -> bool {
        (1..self.rows()).contains(&self.yes())
    }

    /// Every so many-th row, so that at most `most` are left.
    pub fn thinned(&self, most: usize) -> Part<'_> {
        let step = self.rows().div_ceil(most).max(1) as isize;
        let every = Slice::new(0, None, step);
        Part {
            features: self.features.slice_axis(Axis(0), every),
            labels: self.labels.slice_axis(Axis(0), every),
            worth: self
                .worth
                .as_ref()
                .map(|worth| worth.slice_axis(Axis(0), every)),
        }
    }

    /// Some rows, by their places.
    pub fn select(&self, places: &[usize]) -> Labelled {
        Labelled {
            features: self.features.select(Axis(0), places),
            labels: self.labels.select(Axis(0), places),
            worth: self.worth.map(|worth| worth.select(Axis(0), places)),
        }
    }

    /// Two thirds and a third of the rows, drawn by their place alone.
    pub fn thirds(&self, seed: u64) -> [Labelled; 2] {
        let held_out = |row: &usize| draw(seed, *row as u64).is_multiple_of(3);
        let (third, rest): (Vec<usize>, Vec<usize>) = (0..self.rows()).partition(held_out);
        [rest, third].map(|places| self.select(&places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: usize) -> Labelled {
        Labelled {
            features: Array2::from_shape_fn((rows, 1), |(row, _)| row as f32),
            labels: Array1::from_shape_fn(rows, |row| row % 4 == 0),
            worth: None,
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

//! Nearest neighbours: the rows themselves.

use ndarray::Array2;

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_number};
use super::numbers::{PROBABILITY, is_probability};
use crate::classifiers::Neighbours;
use crate::classifiers::neighbours::points::{Points, Votes};

/// The deepest k-d tree that rows of a file may ask for: it is built by recursion.
const MAX_TREE: f64 = 4000.0;

impl Stored for Neighbours {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.count("k", self.votes.k);
        out.number("distance_weights", self.votes.distance_weights);
        out.number("prior_rows", self.votes.prior_rows);
        out.number("base", self.votes.base);
        out.number("kd_tree", self.points.kd_tree);
        out.column("counts", self.points.counts.iter().copied());
        out.column("weights", self.points.weights.iter().copied());
        out.column("positives", self.points.positives.iter().copied());
        out.column("rows", self.points.rows.iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let preprocessing: crate::classifiers::preprocess::Preprocessing =
            fields.object("preprocessing")?;
        let counts: Vec<usize> = fields.column("counts")?;
        let (n, width) = (counts.len(), preprocessing.sources.len());
        let weights = fields.column_of("weights", n, "rows")?;
        let positives = fields.column_of("positives", n, "rows")?;
        let values: Vec<f64> = fields.column("rows")?;
        let found = values.len();
        let rows = Array2::from_shape_vec((n, width), values).map_err(|_| {
            FormatError::invalid(format!("{found} numbers for {n} rows of {width} outputs"))
                .within("rows")
        })?;
        Ok(Self {
            preprocessing,
            votes: Votes {
                k: fields.count("k")?,
                distance_weights: fields.number("distance_weights")?,
                prior_rows: fields.number("prior_rows")?,
                base: fields.number("base")?,
            },
            points: Points {
                kd_tree: fields.number("kd_tree")?,
                rows,
                counts,
                weights,
                positives,
            },
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        self.preprocessing.check(features).within("preprocessing")?;
        check_number(self.votes.k, "1 or more", |k| k > 0).within("k")?;
        let prior = self.votes.prior_rows;
        check_number(prior, "a finite number, 0 or more", |rows| {
            rows.is_finite() && rows >= 0.0
        })
        .within("prior_rows")?;
        check_number(self.votes.base, PROBABILITY, is_probability).within("base")?;
        let points = &self.points;
        must(!points.counts.is_empty(), || {
            "at least one row is needed".into()
        })
        .within("counts")?;
        let all = points
            .counts
            .iter()
            .try_fold(0_usize, |sum, count| sum.checked_add(*count));
        must(all.is_some(), || "they add up to too many rows".into()).within("counts")?;
        check_column("counts", points.counts.iter().copied(), "1 or more", |n| {
            n > 0
        })?;
        // Small enough to be divided by the root of the smallest distance.
        let weights = points.weights.iter().copied();
        check_column("weights", weights, "above 0 and at most 1e100", |weight| {
            weight > 0.0 && weight <= 1e100
        })?;
        for (i, (positive, weight)) in points.positives.iter().zip(&points.weights).enumerate() {
            check_number(*positive, "between 0 and the weight", |p| {
                (0.0..=*weight).contains(&p)
            })
            .at(i)
            .within("positives")?;
        }
        check_column(
            "rows",
            points.rows.iter().copied(),
            "finite",
            f64::is_finite,
        )?;
        self.check_distances().within("rows")
    }
}

impl Neighbours {
    /// Distances are finite, and a k-d tree is not too deep: each of its splits halves the widest
    /// column, so no path is longer than it takes to halve all columns down to their least gap.
    fn check_distances(&self) -> Result<(), FormatError> {
        let (mut squares, mut halvings) = (0.0, 0.0);
        let largest = self.preprocessing.largest();
        for (column, largest) in self.points.rows.columns().into_iter().zip(largest) {
            let mut values = column.to_vec();
            values.sort_unstable_by(f64::total_cmp);
            let ends = values[0].abs().max(values[values.len() - 1].abs());
            squares += (largest + ends) * (largest + ends);
            let width = values[values.len() - 1] - values[0];
            let gaps = values.windows(2).map(|pair| pair[1] - pair[0]);
            let gap = gaps.filter(|gap| *gap > 0.0).fold(width, f64::min);
            if gap > 0.0 {
                halvings += 1.0 + libm::log2(width) - libm::log2(gap);
            }
        }
        must(f64::is_finite(squares), || {
            "distances can be more than a number can hold".into()
        })?;
        let rows = self.points.counts.len() as f64;
        must(
            !self.points.kd_tree || rows.min(halvings) <= MAX_TREE,
            || "too uneven for a k-d tree; look at all rows instead".into(),
        )
    }
}

//! Customers who are like nobody else: by how thinly customers are strewn around them.

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take;
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use regulars_models::clustering::{DensityGroups, Feature, FeatureScaler};

use super::{Clusters, ID, Made, wrong};
use crate::contract::features::Column;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::timeline::snapshot::Snapshot;

/// Density is learned from so many customers at most, evenly spaced by id; with more, the others are
/// placed beside these.
const ROWS: usize = 5_000;
/// A group of customers is this share of those at least, and no less than so many.
const GROUP_SHARE: f64 = 0.01;
const LEAST_GROUP: usize = 10;
/// A customer is as dense as the distance to so many others says.
const SAMPLES: usize = 10;
/// So many of the largest deviations are told.
const TOLD: usize = 3;

/// What density says of every customer.
pub struct Outliers {
    /// From 0 to 1.
    scores: Vec<f64>,
    /// Whether they are in no dense group.
    alone: Vec<bool>,
    /// Customers by what decides, in standard deviations, nothing cut.
    scaled: Array2<f64>,
    /// The columns of that, in words.
    names: Vec<String>,
}

impl Outliers {
    /// Looks at all customers; none where there are too few of them.
    pub(super) fn of(made: &Made) -> Result<Option<Self>> {
        let features: Vec<Feature> = made
            .deciding
            .iter()
            .map(|place| made.behaviours[*place].feature)
            .collect();
        let decisive = made.decisive();
        // What is far out is looked for, so nothing is cut.
        let scaler = FeatureScaler::fit(decisive.view(), &features, (0.0, 1.0)).map_err(wrong)?;
        let scaled = scaler.transform(decisive.view()).map_err(wrong)?;
        let all = scaled.nrows();
        let rows = all.min(ROWS);
        let group = ((GROUP_SHARE * rows as f64) as usize).max(LEAST_GROUP);
        if rows < 2 * group.max(SAMPLES) || scaled.ncols() == 0 {
            return Ok(None);
        }
        let spaced: Vec<usize> = (0..rows).map(|row| row * all / rows).collect();
        let sample = scaled.select(Axis(0), &spaced);
        let groups = DensityGroups::fit(sample.view(), group, SAMPLES).map_err(wrong)?;
        let place = |row: usize| match spaced.binary_search(&row) {
            Ok(at) => (groups.labels()[at], groups.scores()[at]),
            Err(_) => groups.place(scaled.row(row)),
        };
        let placed: Vec<(Option<usize>, f64)> = (0..all).into_par_iter().map(place).collect();
        let name = |column: usize| {
            let name = &made.behaviours[made.deciding[column]].name;
            Column::named(name).title()
        };
        Ok(Some(Self {
            scores: placed.iter().map(|placed| placed.1).collect(),
            alone: placed.iter().map(|placed| placed.0.is_none()).collect(),
            names: scaler.columns().iter().map(|c| name(c.column)).collect(),
            scaled,
        }))
    }

    /// In what a customer differs most from the middle of all.
    fn told(&self, row: usize) -> String {
        let mut columns: Vec<usize> = (0..self.names.len()).collect();
        let far = |column: &usize| self.scaled[[row, *column]];
        columns.sort_by(|a, b| far(b).abs().total_cmp(&far(a).abs()));
        let told = columns.iter().take(TOLD).map(|column| {
            let (name, far) = (&self.names[*column], far(column));
            format!("{name} {far:+.1}")
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl Clusters {
    /// The share of all customers who are farthest from any dense group, the farthest first.
    pub fn outliers_table(&self, snapshot: &Snapshot, share: f64) -> Result<Option<RecordBatch>> {
        let Some(found) = &self.outliers else {
            return Ok(None);
        };
        let most = (share * snapshot.len() as f64).round() as usize;
        let mut rows: Vec<usize> = (0..snapshot.len())
            .filter(|row| found.alone[*row])
            .collect();
        // Stable, so that of equal ones the first id is taken.
        rows.sort_by(|a, b| found.scores[*b].total_cmp(&found.scores[*a]));
        rows.truncate(most);
        let places: UInt64Array = rows.iter().map(|row| *row as u64).collect();
        let labels = || rows.iter().map(|row| self.assignment.labels[*row]);
        let table = TableBuilder::new()
            .column("customer_id", "The customer", take(&snapshot.customers, &places, None)?)
            .column("outlier_score", "How thinly customers are strewn around: 0 is as dense as the nearest group gets, 1 far away from anybody (GLOSH)", numbers(rows.iter().map(|row| found.scores[*row]), 4))
            .column("cluster_id", ID, self.id_column(labels()))
            .column("cluster_name", "The cluster that is nearest all the same", text(labels().map(|label| &self.names[label])))
            .in_words("cluster_name", self.name_words(labels()))
            .column("differs_in", "In what the customer is farthest from the middle of all, in standard deviations", text(rows.iter().map(|row| found.told(*row))))
            .build()?;
        Ok(Some(table).filter(|_| !rows.is_empty()))
    }
}

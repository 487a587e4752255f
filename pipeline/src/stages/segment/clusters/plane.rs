//! Customers as points on a plane: the two directions in which they differ most, of what clusters are made of.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use ndarray::{Array2, ArrayView1, Axis};
use regulars_models::clustering::{KMeansSegmenter, PrincipalComponents};
use serde::{Deserialize, Serialize};

use super::{Clusters, ID, Made, wrong};
use crate::contract::features::Column;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};

/// So many customers are drawn at most, evenly spaced by id.
const POINTS: usize = 1_500;
/// The directions are learned from so many at most, evenly spaced too.
const ROWS: usize = 50_000;
/// So many features are named of each direction, those that weigh most.
const NAMED: usize = 3;
/// What weighs less than this in a direction says little of it.
const LEAST_WEIGHT: f64 = 0.25;

/// What the plane shows, for the manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaneRow {
    /// Customers drawn.
    pub points: u64,
    /// Of so many.
    pub customers: u64,
    /// Share of all differences that shows across, and up.
    pub shares: [f64; 2],
    /// What weighs most in each, in words, with its weight: where it is above 0, more of it lies to the right, or
    /// further up.
    pub leans: [Vec<(String, f64)>; 2],
}

/// Customers on the plane.
pub struct Plane {
    /// Places among the customers.
    rows: Vec<usize>,
    /// Those by the two directions.
    places: Array2<f64>,
    /// What is said of it.
    pub row: PlaneRow,
}

impl Plane {
    /// Finds the plane; none where everything that varies is one column.
    pub(super) fn of(made: &Made, segmenter: &KMeansSegmenter) -> Result<Option<Self>> {
        let decisive = made.decisive();
        let all = decisive.nrows();
        let spaced = |most: usize| -> Vec<usize> {
            let rows = all.min(most);
            (0..rows).map(|row| row * all / rows).collect()
        };
        let scaled = |rows: &[usize]| {
            let part = decisive.select(Axis(0), rows);
            segmenter.scaler().transform(part.view()).map_err(wrong)
        };
        let learned = scaled(&spaced(ROWS))?;
        let Ok(found) = PrincipalComponents::of(learned.view(), 2) else {
            return Ok(None);
        };
        let [across, up] = found.shares() else {
            return Ok(None);
        };
        let columns = segmenter.scaler().columns();
        let names: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = &made.behaviours[made.deciding[column.column]].name;
                Column::named(name).title()
            })
            .collect();
        let rows = spaced(POINTS);
        let leans = [0, 1].map(|axis| leans(found.axes().row(axis), &names));
        Ok(Some(Self {
            places: found.place(scaled(&rows)?.view()),
            row: PlaneRow {
                points: rows.len() as u64,
                customers: all as u64,
                shares: [*across, *up],
                leans,
            },
            rows,
        }))
    }
}

/// What weighs most in a direction.
fn leans(axis: ArrayView1<'_, f64>, names: &[String]) -> Vec<(String, f64)> {
    let mut order: Vec<usize> = (0..axis.len()).collect();
    order.sort_by(|a, b| axis[*b].abs().total_cmp(&axis[*a].abs()).then(a.cmp(b)));
    let named = order.iter().take(NAMED);
    let named = named.filter(|place| axis[**place].abs() >= LEAST_WEIGHT);
    named
        .map(|place| (names[*place].clone(), crate::text::round(axis[*place], 4)))
        .collect()
}

impl Clusters {
    /// One row for each customer who is drawn, without an id, in the order of places and not of customers.
    pub fn plane_table(&self) -> Result<Option<RecordBatch>> {
        let Some(plane) = &self.plane else {
            return Ok(None);
        };
        let place = |at: &usize, axis: usize| plane.places[[*at, axis]];
        let mut order: Vec<usize> = (0..plane.rows.len()).collect();
        order.sort_by(|a, b| {
            let up = || place(a, 1).total_cmp(&place(b, 1));
            place(a, 0).total_cmp(&place(b, 0)).then_with(up)
        });
        let label = |at: &usize| self.assignment.labels[plane.rows[*at]];
        let labels = || order.iter().map(label);
        let number: UInt32Array = labels().map(|label| label as u32 + 1).collect();
        let along = |axis: usize| numbers(order.iter().map(|at| place(at, axis)), 3);
        TableBuilder::new()
            .column(
                "across",
                "First principal component of what clusters are made of, scaled as they see it",
                along(0),
            )
            .column("up", "Second principal component", along(1))
            .column(
                "cluster",
                "Number of the cluster, largest first",
                Arc::new(number),
            )
            .column("cluster_id", ID, self.id_column(labels()))
            .column(
                "cluster_name",
                "What sets it apart",
                text(labels().map(|label| &self.names[label])),
            )
            .in_words("cluster_name", self.name_words(labels()))
            .build()
            .map(Some)
    }
}

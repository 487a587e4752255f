//! Kohonen's self-organising map: centres on a grid, of which neighbours are alike.
//!
//! Source: Kohonen, "Self-Organizing Maps", 3rd edition, Springer 2001: the batch map (section 3.6)
//! from a start along the two directions of largest variance (section 3.7), which needs no random
//! number.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::lloyd::{Solution, assign};

/// Rounds in which the neighbourhood shrinks.
const ROUNDS: usize = 40;
/// Rounds at most, with the last neighbourhood, until nobody moves to another unit any more.
const LAST_ROUNDS: usize = 300;
/// Radius of the neighbourhood in the last round, in steps of the grid: then a neighbour counts
/// one part in 250.
const LAST_RADIUS: f64 = 0.3;
/// Rounds at most in which a direction of largest variance is sought: two that are nearly as large are
/// told apart slowly.
const POWER_ROUNDS: usize = 5000;

/// Rows and columns of a grid of k units: as square as k allows, a chain where k is prime.
pub(super) fn grid(k: usize) -> (usize, usize) {
    let rows = (1..=k).take_while(|rows| rows * rows <= k);
    let rows = rows
        .filter(|rows| k.is_multiple_of(*rows))
        .last()
        .unwrap_or(1);
    (rows, k / rows.max(1))
}

/// Trains a map of k units, in the order of the grid row by row.
///
/// - `start`: units of an earlier map, in any order: the neighbourhood is then as small as at the end, so
///   that they stay where they can.
pub(super) fn map(x: ArrayView2<'_, f64>, k: usize, start: Option<Array2<f64>>) -> Solution {
    let (rows, columns) = grid(k);
    let first_radius = match start {
        Some(_) => LAST_RADIUS,
        None => (rows.max(columns) as f64 / 2.0).max(LAST_RADIUS),
    };
    let mut units = start.unwrap_or_else(|| along_plane(x, rows, columns));
    for round in 0..ROUNDS {
        let done = round as f64 / (ROUNDS - 1) as f64;
        // A power by `libm`, so that all platforms give the same bits.
        let radius = first_radius * libm::pow(LAST_RADIUS / first_radius, done);
        units = trained(x, &units, columns, radius);
    }
    // Until nobody moves, so that a map that goes on from this one with the same rows stays.
    let (mut labels, mut squares) = assign(x, units.view());
    let mut converged = false;
    for _ in 0..LAST_ROUNDS {
        units = trained(x, &units, columns, LAST_RADIUS);
        let before = labels;
        (labels, squares) = assign(x, units.view());
        converged = labels == before;
        if converged {
            break;
        }
    }
    Solution {
        centres: units,
        inertia: squares.iter().sum(),
        converged,
        gaussians: None,
    }
}

/// Each unit at the mean of all rows, weighted by how near the unit of each is on the grid.
fn trained(
    x: ArrayView2<'_, f64>,
    units: &Array2<f64>,
    columns: usize,
    radius: f64,
) -> Array2<f64> {
    let (k, p) = units.dim();
    let (labels, _) = assign(x, units.view());
    let mut sums = Array2::<f64>::zeros((k, p));
    let mut sizes = vec![0.0; k];
    for (row, label) in x.axis_iter(Axis(0)).zip(labels) {
        let mut sum = sums.row_mut(label as usize);
        sum += &row;
        sizes[label as usize] += 1.0;
    }
    let near = |a: usize, b: usize| {
        let apart = |a: usize, b: usize| (a as f64 - b as f64).powi(2);
        let square = apart(a / columns, b / columns) + apart(a % columns, b % columns);
        libm::exp(-square / (2.0 * radius * radius))
    };
    let mut next = units.clone();
    for unit in 0..k {
        let mut sum = Array1::<f64>::zeros(p);
        let mut size = 0.0;
        for (other, rows) in sizes.iter().enumerate() {
            let weight = near(unit, other);
            sum.scaled_add(weight, &sums.row(other));
            size += weight * rows;
        }
        // So far from all rows that nothing is left of their weights: it stays.
        if size > 0.0 {
            next.row_mut(unit).assign(&(sum / size));
        }
    }
    next
}

/// Units spread over the plane of largest variance, the longer side along the first direction.
fn along_plane(x: ArrayView2<'_, f64>, rows: usize, columns: usize) -> Array2<f64> {
    let p = x.ncols();
    let mean = x.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(p));
    let centred = &x - &mean;
    let mut covariance = centred.t().dot(&centred) / x.nrows() as f64;
    let (first, spread) = direction(&covariance);
    let column = first.view().insert_axis(Axis(1));
    covariance = covariance - spread * spread * column.dot(&column.t());
    let (second, narrower) = direction(&covariance);
    let place = |at: usize, of: usize| match of {
        1 => 0.0,
        of => 2.0 * at as f64 / (of - 1) as f64 - 1.0,
    };
    let mut units = Array2::zeros((rows * columns, p));
    for unit in 0..rows * columns {
        let (row, column) = (unit / columns, unit % columns);
        let mut to = units.row_mut(unit);
        to.assign(&mean);
        to.scaled_add(spread * place(column, columns), &first);
        to.scaled_add(narrower * place(row, rows), &second);
    }
    units
}

/// The direction of largest variance and the standard deviation along it, by the power method; the
/// largest part of the direction is above 0.
fn direction(covariance: &Array2<f64>) -> (Array1<f64>, f64) {
    let p = covariance.nrows();
    // Not at right angles to anything that is likely.
    let mut towards = Array1::from_shape_fn(p, |i| 1.0 / (1.0 + i as f64));
    for _ in 0..POWER_ROUNDS {
        let next = covariance.dot(&towards);
        let length = next.dot(&next).sqrt();
        if length < 1e-12 {
            return (Array1::zeros(p), 0.0);
        }
        let next = next / length;
        let mut moved = next.iter().zip(&towards).map(|(a, b)| (a - b).abs());
        let stays = moved.all(|moved| moved < 1e-14);
        towards = next;
        if stays {
            break;
        }
    }
    let largest = towards
        .iter()
        .copied()
        .fold(0.0, |a: f64, b: f64| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        towards.mapv_inplace(|v| -v);
    }
    let variance = towards.dot(&covariance.dot(&towards));
    (towards, variance.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn grids_are_as_square_as_they_can_be() {
        let grids = [1, 4, 6, 7, 12].map(grid);
        assert_eq!(grids, [(1, 1), (2, 2), (2, 3), (1, 7), (3, 4)]);
    }

    /// ```text
    /// import numpy as np
    /// i = np.arange(50); x = np.c_[i*i % 17, i*7 % 13 / 2, i % 5] * [1., 3., .5]
    /// c = np.cov(x.T, bias=True); w, v = np.linalg.eigh(c); print(w[::-1][:2]**.5, v[:, ::-1][:, 0])
    /// ```
    #[test]
    fn directions_are_those_of_numpy() {
        let x = Array2::from_shape_fn((50, 3), |(i, j)| match j {
            0 => (i * i % 17) as f64,
            1 => (i * 7 % 13) as f64 / 2.0 * 3.0,
            _ => (i % 5) as f64 * 0.5,
        });
        let mean = x.mean_axis(Axis(0)).unwrap();
        let centred = &x - &mean;
        let covariance = centred.t().dot(&centred) / 50.0;
        let (first, spread) = direction(&covariance);
        assert!((spread - NUMPY[0]).abs() < 1e-9, "{spread}");
        for (got, want) in first.iter().zip(&NUMPY[1..]) {
            assert!((got - want).abs() < 1e-9, "{first}");
        }
    }

    /// Printed by the lines above, the sign of the direction so that its largest part is above 0.
    const NUMPY: [f64; 4] = [
        5.626390845083577,
        0.9942570750205866,
        0.10547460048739699,
        0.018110146977094968,
    ];

    #[test]
    fn neighbours_on_the_grid_are_neighbours_in_space() {
        // A ribbon that bends: rows along a curve, with little noise across it.
        let x = Array2::from_shape_fn((900, 2), |(row, column)| {
            let t = row as f64 / 900.0 * 3.0;
            let noise = 0.02 * random::unit(4, column as u64, row as u64);
            noise + if column == 0 { t } else { (t - 1.5).powi(2) }
        });
        let found = map(x.view(), 7, None).centres;
        let apart = |a: usize, b: usize| {
            let d = &found.row(a) - &found.row(b);
            d.dot(&d).sqrt()
        };
        for unit in 0..5 {
            assert!(apart(unit, unit + 1) < apart(unit, unit + 2), "{found}");
        }
        // Each is where its rows are.
        let (labels, _) = assign(x.view(), found.view());
        for unit in 0..7 {
            let mine: Vec<usize> = (0..900).filter(|i| labels[*i] as usize == unit).collect();
            let mean = x.select(Axis(0), &mine).mean_axis(Axis(0)).unwrap();
            let off = (&mean - &found.row(unit)).mapv(f64::abs).sum();
            assert!(off < 0.1, "{unit}: {off}");
        }
        // A map that goes on from itself stays.
        let again = map(x.view(), 7, Some(found.clone())).centres;
        assert!((&again - &found).mapv(f64::abs).sum() < 1e-9, "{again}");
    }
}

//! A look at all points, for so many columns that no tree of them leaves any out.

use ndarray::Array2;

/// A point that was found, and its squared distance.
pub(super) type Found = (f64, usize);

/// Points that lie side by side, column by column.
const BLOCK: usize = 32;

/// The points in blocks, so that the distances to several of them are summed at once, each over
/// the columns in their order.
pub(super) struct Scan {
    points: usize,
    columns: usize,
    /// Block after block, in it column after column; the last block is filled with zeros.
    values: Vec<f64>,
}

impl Scan {
    /// Rows that are looked up together, so that a block is read once for all of them.
    pub(super) const TOGETHER: usize = 8;

    pub(super) fn of(rows: &Array2<f64>) -> Self {
        let (points, columns) = rows.dim();
        let blocks = points.div_ceil(BLOCK);
        let mut values = vec![0.0; blocks * columns * BLOCK];
        for ((point, column), value) in rows.indexed_iter() {
            let block = point / BLOCK * columns * BLOCK;
            values[block + column * BLOCK + point % BLOCK] = *value;
        }
        Self {
            points,
            columns,
            values,
        }
    }

    /// For each of some rows of `z`, all points up to the distance of the `k`-th, by distance and
    /// then by place.
    pub(super) fn nearest(&self, z: &Array2<f64>, rows: &[usize], k: usize) -> Vec<Vec<Found>> {
        let mut distances = vec![Vec::with_capacity(self.points + BLOCK); rows.len()];
        for block in self.values.chunks_exact(self.columns * BLOCK) {
            for (row, distances) in rows.iter().zip(&mut distances) {
                let mut sums = [0.0; BLOCK];
                for (at, values) in z.row(*row).iter().zip(block.chunks_exact(BLOCK)) {
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum += (at - value) * (at - value);
                    }
                }
                distances.extend_from_slice(&sums);
            }
        }
        let found = distances.into_iter().map(|mut distances: Vec<f64>| {
            distances.truncate(self.points);
            let mut order = distances.clone();
            let last = k.min(self.points).saturating_sub(1);
            let (_, furthest, _) = order.select_nth_unstable_by(last, f64::total_cmp);
            let furthest = *furthest;
            let pairs = distances.into_iter().zip(0..);
            let mut found: Vec<Found> = pairs.filter(|(d, _)| *d <= furthest).collect();
            found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found
        });
        found.collect()
    }
}

//! Which new cluster is which old one, by the customers that they share.

use ndarray::{Array2, ArrayView2};

use super::ClusteringError;

/// A new cluster keeps the name of an old one when they share this part of the customers that
/// either has.
pub const SAME: f64 = 0.5;
/// An old cluster has gone into a new one when that has this part of its customers.
const INTO: f64 = 0.5;
/// Each part of an old cluster that was split has at least this part of its customers.
const PART: f64 = 0.25;

/// What became of an old cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// The new cluster of this number is the same one.
    Kept(usize),
    /// Most of its customers are in the new cluster of this number, which is another one.
    Merged(usize),
    /// Most of its customers are in several new clusters, the one with most of them first.
    Split(Vec<usize>),
    /// Its customers are here and there.
    Dissolved,
}

/// Old clusters beside new ones, over the same customers.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuity {
    /// Old x new: customers that both have.
    pub shared: Array2<u64>,
    /// For each new cluster the old one that it is, if it is one.
    pub of_new: Vec<Option<usize>>,
    /// For each old cluster what became of it.
    pub of_old: Vec<Became>,
}

impl Continuity {
    /// Pairs old and new clusters so that the sum of what the pairs share (Jaccard index of their
    /// customers) is the largest that can be, by the Hungarian method; a pair that shares less
    /// than `least` is none.
    ///
    /// - `old`, `new`: n cluster numbers each, of the same customers in the same order.
    /// - `old_clusters`, `new_clusters`: how many there are of each.
    /// - `least`: from 0 to 1; [`SAME`] is usual.
    ///
    /// Splits and merges are told as by MONIC (Spiliopoulou, Ntoutsi, Theodoridis and Schult,
    /// KDD 2006): an old cluster that is not kept was merged when one new cluster has at least
    /// half of it, and split when several have a quarter of it at least and together half.
    ///
    /// # Errors
    /// [`ClusteringError::Rows`] if the lengths differ, [`ClusteringError::Label`] for a number
    /// that is too large.
    pub fn of(
        old: &[usize],
        old_clusters: usize,
        new: &[usize],
        new_clusters: usize,
        least: f64,
    ) -> Result<Self, ClusteringError> {
        let shared = shared(old, old_clusters, new, new_clusters)?;
        let overlap = jaccard(shared.view());
        let mut of_new = vec![None; new_clusters];
        let pairs = best_pairs(overlap.view());
        for (row, column) in pairs {
            if overlap[[row, column]] > 0.0 && overlap[[row, column]] >= least {
                of_new[column] = Some(row);
            }
        }
        let of_old = (0..old_clusters)
            .map(|row| became(row, &shared, &of_new))
            .collect();
        Ok(Self {
            shared,
            of_new,
            of_old,
        })
    }
}

fn shared(
    old: &[usize],
    old_clusters: usize,
    new: &[usize],
    new_clusters: usize,
) -> Result<Array2<u64>, ClusteringError> {
    if old.len() != new.len() {
        return Err(ClusteringError::Rows {
            what: "the new partition",
            found: new.len(),
            expected: old.len(),
        });
    }
    for (labels, clusters) in [(old, old_clusters), (new, new_clusters)] {
        if let Some(row) = labels.iter().position(|label| *label >= clusters) {
            return Err(ClusteringError::Label {
                row,
                label: labels[row],
                max: clusters.saturating_sub(1),
            });
        }
    }
    let mut shared = Array2::zeros((old_clusters, new_clusters));
    for (old, new) in old.iter().zip(new) {
        shared[[*old, *new]] += 1;
    }
    Ok(shared)
}

/// Old x new: customers that both have among those that either has; 0 where there are none.
fn jaccard(shared: ArrayView2<'_, u64>) -> Array2<f64> {
    let (rows, columns) = shared.dim();
    let of_row: Vec<u64> = shared.rows().into_iter().map(|row| row.sum()).collect();
    let of_column: Vec<u64> = shared.columns().into_iter().map(|c| c.sum()).collect();
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let both = shared[[row, column]];
        match of_row[row] + of_column[column] - both {
            0 => 0.0,
            either => both as f64 / either as f64,
        }
    })
}

fn became(row: usize, shared: &Array2<u64>, of_new: &[Option<usize>]) -> Became {
    if let Some(column) = of_new.iter().position(|old| *old == Some(row)) {
        return Became::Kept(column);
    }
    let all = shared.row(row).sum() as f64;
    let part = |column: usize| shared[[row, column]] as f64 / all;
    let mut columns: Vec<usize> = (0..of_new.len()).collect();
    if all == 0.0 || columns.is_empty() {
        return Became::Dissolved;
    }
    // Stable, so that of two equal ones the first is named first.
    columns.sort_by_key(|column| std::cmp::Reverse(shared[[row, *column]]));
    if part(columns[0]) >= INTO {
        return Became::Merged(columns[0]);
    }
    columns.retain(|column| part(*column) >= PART);
    let together: f64 = columns.iter().map(|column| part(*column)).sum();
    match columns.len() > 1 && together >= INTO {
        true => Became::Split(columns),
        false => Became::Dissolved,
    }
}

/// Pairs of rows and columns, each at most once, so that their values add up to the most that can
/// be; as many pairs as the shorter side has. Exact, in time of the cube of the longer side.
///
/// The Hungarian method with potentials (Kuhn 1955, Munkres 1957), a row at a time along shortest
/// augmenting paths.
fn best_pairs(gain: ArrayView2<'_, f64>) -> Vec<(usize, usize)> {
    let (rows, columns) = gain.dim();
    let size = rows.max(columns);
    let cost = |row: usize, column: usize| match row < rows && column < columns {
        true => -gain[[row, column]],
        false => 0.0,
    };
    // Numbered from 1: column 0 stands for the row that is being placed.
    let mut of_row = vec![0.0; size + 1];
    let mut of_column = vec![0.0; size + 1];
    let mut taken_by = vec![0_usize; size + 1];
    for row in 1..=size {
        taken_by[0] = row;
        let mut least = vec![f64::INFINITY; size + 1];
        let mut from = vec![0_usize; size + 1];
        let mut done = vec![false; size + 1];
        let mut at = 0;
        while taken_by[at] != 0 {
            done[at] = true;
            let current = taken_by[at];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for column in (1..=size).filter(|column| !done[*column]) {
                let reduced = cost(current - 1, column - 1) - of_row[current] - of_column[column];
                if reduced < least[column] {
                    least[column] = reduced;
                    from[column] = at;
                }
                if least[column] < step {
                    step = least[column];
                    next = column;
                }
            }
            for column in 0..=size {
                if done[column] {
                    of_row[taken_by[column]] += step;
                    of_column[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            taken_by[at] = taken_by[from[at]];
            at = from[at];
        }
    }
    let mut pairs: Vec<(usize, usize)> = (1..=size)
        .map(|column| (taken_by[column] - 1, column - 1))
        .filter(|(row, column)| *row < rows && *column < columns)
        .collect();
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::random;

    fn total(gain: &Array2<f64>, pairs: &[(usize, usize)]) -> f64 {
        pairs.iter().map(|pair| gain[*pair]).sum()
    }

    /// The most that any way to pair gives: every order of the columns is tried.
    fn brute_force(gain: &Array2<f64>) -> f64 {
        fn place(gain: &Array2<f64>, row: usize, used: &mut Vec<bool>) -> f64 {
            if row == gain.nrows() {
                return 0.0;
            }
            // A row may also stay alone where there are more rows than columns.
            let mut best = place(gain, row + 1, used);
            for column in 0..gain.ncols() {
                if !used[column] {
                    used[column] = true;
                    best = best.max(gain[[row, column]] + place(gain, row + 1, used));
                    used[column] = false;
                }
            }
            best
        }
        place(gain, 0, &mut vec![false; gain.ncols()])
    }

    #[test]
    fn no_way_to_pair_is_better() {
        for case in 0..300_u64 {
            let draw = |index| random::unit(5, case, index);
            let (rows, columns) = (1 + (draw(0) * 6.0) as usize, 1 + (draw(1) * 6.0) as usize);
            // Few different values, so that there are ties.
            let gain = Array2::from_shape_fn((rows, columns), |(i, j)| {
                (draw(2 + (i * columns + j) as u64) * 8.0).floor() / 8.0
            });
            let pairs = best_pairs(gain.view());
            assert_eq!(pairs.len(), rows.min(columns));
            assert_eq!(total(&gain, &pairs), brute_force(&gain), "{gain}");
        }
    }

    /// ```text
    /// from scipy.optimize import linear_sum_assignment as lsa
    /// m = [[4, 1, 3, 2], [2, 0, 5, 1], [3, 2, 2, 6], [7, 1, 3, 3], [1, 8, 2, 2]]
    /// print(lsa(m, maximize=True))   # rows [1 2 3 4], columns [2 3 0 1]
    /// ```
    #[test]
    fn pairs_are_those_of_scipy() {
        let gain = array![
            [4.0, 1.0, 3.0, 2.0],
            [2.0, 0.0, 5.0, 1.0],
            [3.0, 2.0, 2.0, 6.0],
            [7.0, 1.0, 3.0, 3.0],
            [1.0, 8.0, 2.0, 2.0]
        ];
        assert_eq!(best_pairs(gain.view()), [(1, 2), (2, 3), (3, 0), (4, 1)]);
    }

    /// Labels from how many customers each pair of clusters shares.
    fn labels(shared: &[&[usize]]) -> (Vec<usize>, Vec<usize>) {
        let mut both = (Vec::new(), Vec::new());
        for (old, row) in shared.iter().enumerate() {
            for (new, customers) in row.iter().enumerate() {
                both.0.extend(std::iter::repeat_n(old, *customers));
                both.1.extend(std::iter::repeat_n(new, *customers));
            }
        }
        both
    }

    fn continuity(shared: &[&[usize]]) -> Continuity {
        let (old, new) = labels(shared);
        Continuity::of(&old, shared.len(), &new, shared[0].len(), SAME).unwrap()
    }

    #[test]
    fn numbers_may_change_and_identity_stays() {
        let found = continuity(&[&[1, 0, 95], &[90, 2, 0], &[0, 80, 3]]);
        assert_eq!(found.of_new, [Some(1), Some(2), Some(0)]);
        assert_eq!(
            found.of_old,
            [Became::Kept(2), Became::Kept(0), Became::Kept(1)]
        );
        assert_eq!(found.shared[[0, 2]], 95);
    }

    #[test]
    fn splits_merges_and_what_dissolves_are_told() {
        // 0 falls into halves, 1 and 2 become one, of which 1 is the larger part; 3 is scattered.
        let found = continuity(&[
            &[48, 49, 0, 3, 0],
            &[0, 0, 90, 0, 0],
            &[0, 2, 40, 0, 0],
            &[9, 9, 9, 9, 9],
        ]);
        assert_eq!(found.of_old[1], Became::Kept(2));
        assert_eq!(found.of_old[2], Became::Merged(2));
        assert_eq!(found.of_old[3], Became::Dissolved);
        // Neither half shares half of what either has.
        assert_eq!(found.of_old[0], Became::Split(vec![1, 0]));
        assert_eq!(found.of_new, [None, None, Some(1), None, None]);
    }

    #[test]
    fn a_cluster_that_shares_too_little_is_a_new_one() {
        // 49 of 100 shared; 50 of 100 would do.
        assert_eq!(continuity(&[&[49, 0], &[51, 900]]).of_new, [None, Some(1)]);
        assert_eq!(
            continuity(&[&[50, 0], &[50, 900]]).of_new,
            [Some(0), Some(1)]
        );
    }

    #[test]
    fn clusters_without_customers_are_nobody() {
        let found = continuity(&[&[5, 0], &[0, 0]]);
        assert_eq!(found.of_new, [Some(0), None]);
        assert_eq!(found.of_old[1], Became::Dissolved);
        assert!(Continuity::of(&[0], 1, &[0, 0], 1, SAME).is_err());
        assert!(Continuity::of(&[0, 1], 1, &[0, 0], 1, SAME).is_err());
    }
}

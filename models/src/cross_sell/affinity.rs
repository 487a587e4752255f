//! How well an item fits a customer: a ridge regression of every item on all others.
//!
//! With `X` the 0/1 matrix of who has bought what, EASE (Steck 2019, "Embarrassingly Shallow
//! Autoencoders for Sparse Data", WWW, equation 8) predicts column `j` of `X` from the other
//! columns by `B = -P / diag(P)`, `P = (X'X + lambda I)^-1`, with the diagonal of `B` set to 0.
//! With the `r` leading eigenvectors `V` and eigenvalues `s` of `X'X`, and `w = s / (s + lambda)`,
//! the Woodbury identity gives `P = (I - V diag(w) V') / lambda` up to the directions left out,
//! whose `w` is small, so for an item that the customer does not have
//!
//! `affinity_j = sum_r (sum_{i owned} V_ir) w_r V_jr / (1 - sum_r w_r V_jr^2)`.
//!
//! That is exact when `r` is the number of items, costs `r` numbers an item instead of an
//! inverse, and on the grocery history it was chosen on ranks as well as the full inverse.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::linear::{eigen_symmetric, orthonormalise};
use super::owned::{Entry, Owned};

/// Extra directions carried while searching (Halko, Martinsson and Tropp 2011, section 4).
const OVERSAMPLING: usize = 8;
/// Multiplications by `X'X` before the directions are read off.
const POWER_STEPS: usize = 4;
/// Parts that the customers are split into, whatever the number of threads.
const PARTS: usize = 16;

/// The fitted relations between items. Memory: `8 x rank` bytes an item.
#[derive(Debug)]
pub(super) struct Affinity {
    rank: usize,
    /// `V`, item by item.
    directions: Vec<f32>,
    /// `w_r V_jr / (1 - sum_r w_r V_jr^2)`, item by item.
    weights: Vec<f32>,
}

impl Affinity {
    pub fn fit(
        owned: &Owned,
        rank: usize,
        shrinkage: f64,
        max_customers: usize,
        seed: u64,
    ) -> Self {
        Self::fit_by(owned, rank, shrinkage, max_customers, seed, &|_| 1.0)
    }

    /// The same where `X` holds the weight of what each has bought in place of 1.
    pub fn fit_by(
        owned: &Owned,
        rank: usize,
        shrinkage: f64,
        max_customers: usize,
        seed: u64,
        weight: &(dyn Fn(&Entry) -> f32 + Sync),
    ) -> Self {
        let customers = evenly(
            (0..owned.n_customers())
                .filter(|&c| !owned.of(c).is_empty())
                .collect(),
            max_customers,
        );
        let m = owned.n_items();
        let rank = rank.min(m).min(customers.len());
        let width = (rank + OVERSAMPLING).min(m);
        let lambda = shrinkage * customers.len() as f64;

        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut q: Vec<f64> = (0..m * width)
            .map(|_| (rng.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
            .collect();
        orthonormalise(&mut q, m, width);
        for _ in 0..POWER_STEPS {
            q = gram_times(owned, &customers, &q, width, weight);
            orthonormalise(&mut q, m, width);
        }
        // Rayleigh-Ritz: the eigenvectors of X'X within the space found.
        let image = gram_times(owned, &customers, &q, width, weight);
        let mut small = vec![0.0; width * width];
        for j in 0..m {
            let (row, out) = (&q[j * width..][..width], &image[j * width..][..width]);
            for a in 0..width {
                for b in 0..width {
                    small[a * width + b] += row[a] * out[b];
                }
            }
        }
        for a in 0..width {
            for b in 0..a {
                let mean = 0.5 * (small[a * width + b] + small[b * width + a]);
                small[a * width + b] = mean;
                small[b * width + a] = mean;
            }
        }
        let (values, vectors) = eigen_symmetric(small, width);

        let shrunk: Vec<f64> = values[..rank]
            .iter()
            .map(|&s| s.max(0.0) / (s.max(0.0) + lambda))
            .collect();
        let mut directions = Vec::with_capacity(m * rank);
        let mut weights = Vec::with_capacity(m * rank);
        let mut v = vec![0.0; rank];
        for j in 0..m {
            let row = &q[j * width..][..width];
            for (r, v) in v.iter_mut().enumerate() {
                *v = (0..width).map(|a| row[a] * vectors[a * width + r]).sum();
            }
            let rest: f64 = 1.0 - v.iter().zip(&shrunk).map(|(v, w)| w * v * v).sum::<f64>();
            directions.extend(v.iter().map(|&v| v as f32));
            weights.extend(v.iter().zip(&shrunk).map(|(v, w)| (w * v / rest) as f32));
        }
        Self {
            rank,
            directions,
            weights,
        }
    }

    /// Writes the affinity of every item for a customer who has `owned`; the values of the
    /// owned items themselves mean nothing.
    pub fn score(&self, owned: impl Iterator<Item = u32>, scores: &mut Vec<f32>) {
        self.score_by(owned.map(|item| (item, 1.0)), scores);
    }

    /// The same with the weight of each.
    pub fn score_by(&self, owned: impl Iterator<Item = (u32, f32)>, scores: &mut Vec<f32>) {
        let mut z = vec![0.0f32; self.rank];
        for (item, weight) in owned {
            let row = &self.directions[item as usize * self.rank..][..self.rank];
            z.iter_mut().zip(row).for_each(|(z, v)| *z += weight * v);
        }
        scores.clear();
        scores.extend(
            self.weights
                .chunks_exact(self.rank.max(1))
                .map(|row| dot(row, &z)),
        );
    }
}

/// At most `most` of the list, evenly spaced.
pub(super) fn evenly(list: Vec<usize>, most: usize) -> Vec<usize> {
    let n = list.len();
    if n <= most {
        return list;
    }
    (0..most)
        .map(|i| list[(i as u128 * n as u128 / most as u128) as usize])
        .collect()
}

/// A dot product in eight lanes, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a8.zip(b8) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// `X'X Q`, without forming `X'X`: for each customer, the sum of the rows of `Q` that they own
/// is added to each of those rows of the result.
fn gram_times(
    owned: &Owned,
    customers: &[usize],
    q: &[f64],
    width: usize,
    weight: &(dyn Fn(&Entry) -> f32 + Sync),
) -> Vec<f64> {
    let q: Vec<f32> = q.iter().map(|&v| v as f32).collect();
    let parts: Vec<Vec<f32>> = customers
        .par_chunks(customers.len().div_ceil(PARTS).max(1))
        .map(|part| {
            let mut out = vec![0.0f32; q.len()];
            let mut sum = vec![0.0f32; width];
            for &customer in part {
                sum.fill(0.0);
                for entry in owned.of(customer) {
                    let (row, w) = (&q[entry.item as usize * width..][..width], weight(entry));
                    sum.iter_mut().zip(row).for_each(|(s, v)| *s += w * v);
                }
                for entry in owned.of(customer) {
                    let w = weight(entry);
                    let row = &mut out[entry.item as usize * width..][..width];
                    row.iter_mut().zip(&sum).for_each(|(o, s)| *o += w * s);
                }
            }
            out
        })
        .collect();
    // The parts are added in their own order, so the sum does not depend on the threads.
    let mut total = vec![0.0f64; q.len()];
    for part in parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(t, p)| *t += f64::from(p));
    }
    total
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::super::linear::solve_positive;
    use super::*;

    /// Customers with pseudo-random items, as one basket each on day 0.
    fn random_owned(n: usize, m: usize, seed: u64) -> Owned {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (mut offsets, mut items) = (vec![0], vec![]);
        for _ in 0..n {
            for item in 0..m as u32 {
                if rng.next_u64() % (3 + u64::from(item)) == 0 {
                    items.push(item);
                }
            }
            offsets.push(items.len());
        }
        let rows = items.len();
        let (days, baskets) = (vec![0; rows], vec![0; rows]);
        let h = History::new(&offsets, &days, &baskets, &items, m, None).unwrap();
        Owned::at(&h, 1, m)
    }

    #[test]
    fn at_full_rank_it_is_the_ridge_regression_by_direct_inversion() {
        let (n, m, shrinkage) = (60, 9, 0.3);
        let owned = random_owned(n, m, 3);
        assert_eq!(owned.n_items(), m);
        let active = (0..n).filter(|&c| !owned.of(c).is_empty()).count();
        // G + lambda I, then P column by column.
        let mut g = vec![0.0; m * m];
        for c in 0..n {
            for a in owned.of(c) {
                for b in owned.of(c) {
                    g[a.item as usize * m + b.item as usize] += 1.0;
                }
            }
        }
        (0..m).for_each(|j| g[j * m + j] += shrinkage * active as f64);
        let p: Vec<Vec<f64>> = (0..m)
            .map(|j| {
                let mut unit = vec![0.0; m];
                unit[j] = 1.0;
                solve_positive(g.clone(), unit).unwrap()
            })
            .collect();

        let fitted = Affinity::fit(&owned, m, shrinkage, usize::MAX, 7);
        let mut scores = vec![];
        for c in 0..n {
            fitted.score(owned.of(c).iter().map(|e| e.item), &mut scores);
            for j in (0..m).filter(|&j| owned.of(c).iter().all(|e| e.item as usize != j)) {
                let want: f64 = owned
                    .of(c)
                    .iter()
                    .map(|e| -p[j][e.item as usize] / p[j][j])
                    .sum();
                assert!(
                    (f64::from(scores[j]) - want).abs() < 2e-5,
                    "{} {want}",
                    scores[j]
                );
            }
        }
    }

    #[test]
    fn fewer_customers_than_directions_do_no_harm() {
        let owned = random_owned(2, 9, 1);
        let fitted = Affinity::fit(&owned, 32, 0.8, usize::MAX, 7);
        let mut scores = vec![];
        fitted.score(owned.of(0).iter().map(|e| e.item), &mut scores);
        assert_eq!(scores.len(), owned.n_items());
        assert!(scores.iter().all(|s| s.is_finite()));
    }

    #[test]
    fn evenly_takes_the_first_and_keeps_the_order() {
        assert_eq!(evenly((0..10).collect(), 4), [0, 2, 5, 7]);
        assert_eq!(evenly((0..3).collect(), 4), [0, 1, 2]);
    }
}

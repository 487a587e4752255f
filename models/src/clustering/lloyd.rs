//! k-means: greedy k-means++ starts and Lloyd's iterations on scaled rows.
//!
//! Why not linfa's alone: [`Algorithm`] says what was measured.
//!
//! Sources: Lloyd, "Least squares quantization in PCM", *IEEE Trans. Inf. Theory* 28(2), 1982;
//! Arthur and Vassilvitskii, "k-means++", SODA 2007 (section 2.2, and the greedy variant that
//! its conclusion describes: several candidates per centre, the best kept).

use ndarray::{Array2, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::mixture::Gaussians;
use super::prototypes::{Categories, to_modes};
use crate::random;

/// Rows per unit of work. Fixed, so that sums are added in one order on any number of threads.
const CHUNK: usize = 2048;

/// A generator of its own for every purpose: the same seed, another `stream`, other numbers.
pub(super) fn generator(seed: u64, stream: [u64; 3]) -> Xoshiro256PlusPlus {
    // Each part is mixed in, so that neighbouring streams do not resemble one another.
    let mixed = stream
        .into_iter()
        .fold(seed, |state, part| random::mix(state ^ part));
    Xoshiro256PlusPlus::seed_from_u64(mixed)
}

/// A number in [0, 1), a multiple of 2^-53.
pub(super) fn uniform(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// An index below `n`.
pub(super) fn index_below(rng: &mut Xoshiro256PlusPlus, n: usize) -> usize {
    ((uniform(rng) * n as f64) as usize).min(n - 1)
}

/// The end of one descent.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    /// k x p. Means of their members when `converged`.
    pub(super) centres: Array2<f64>,
    /// Sum of squared distances of the rows to their nearest centres.
    pub(super) inertia: f64,
    /// Whether the last iteration changed no label.
    pub(super) converged: bool,
    /// The shapes of the clusters of a mixture; without them a row belongs to the nearest centre.
    pub(super) gaussians: Option<Gaussians>,
}

impl Solution {
    /// The same centres over other rows.
    pub(super) fn over(self, x: ArrayView2<'_, f64>) -> Self {
        let inertia: f64 = match &self.gaussians {
            None => assign(x, self.centres.view()).1.iter().sum(),
            Some(_) => {
                let labels = self.assign(x).0.into_iter().enumerate();
                labels
                    .map(|(row, label)| squared(x, row, self.centres.view(), label as usize))
                    .sum()
            }
        };
        Self { inertia, ..self }
    }

    /// The cluster of every row, and the squared distance to its centre.
    pub(super) fn assign(&self, x: ArrayView2<'_, f64>) -> (Vec<u32>, Vec<f64>) {
        match &self.gaussians {
            None => assign(x, self.centres.view()),
            Some(gaussians) => gaussians.assign(x, self.centres.view()),
        }
    }

    /// Some of the clusters, in this order.
    pub(super) fn select(&self, clusters: &[usize]) -> Self {
        Self {
            centres: self.centres.select(Axis(0), clusters),
            gaussians: self.gaussians.as_ref().map(|g| g.select(clusters)),
            ..*self
        }
    }
}

/// Centres stored lane by lane, feature by feature, so that the compiler can compare several at once with vector
/// instructions: eights, and a four where no more than that are left. Two sums of two lanes would wait for each
/// other; four do not.
struct Lanes {
    eights: Vec<Vec<[f64; 8]>>,
    four: Option<Vec<[f64; 4]>>,
}

/// The nearest centre so far, and how far it and the next one are, squared.
struct Nearest {
    centre: u32,
    least: f64,
    second: f64,
}

impl Lanes {
    fn new(centres: ArrayView2<'_, f64>) -> Self {
        let k = centres.nrows();
        let four = (1..=4).contains(&(k % 8));
        let eights = match four {
            true => k / 8,
            false => k.div_ceil(8),
        };
        Self {
            eights: (0..eights).map(|b| lanes(centres, 8 * b)).collect(),
            four: four.then(|| lanes(centres, 8 * eights)),
        }
    }

    /// Number of the nearest centre, the squared distance to it, and the squared distance to
    /// the second nearest (infinity if there is one centre).
    fn nearest(&self, row: &[f64]) -> (u32, f64, f64) {
        let mut nearest = Nearest {
            centre: 0,
            least: f64::INFINITY,
            second: f64::INFINITY,
        };
        for (b, block) in self.eights.iter().enumerate() {
            nearest.look(row, block, 8 * b as u32);
        }
        if let Some(block) = &self.four {
            nearest.look(row, block, 8 * self.eights.len() as u32);
        }
        (nearest.centre, nearest.least, nearest.second)
    }
}

/// The centres from `first` on as lanes.
fn lanes<const L: usize>(centres: ArrayView2<'_, f64>, first: usize) -> Vec<[f64; L]> {
    let (k, p) = centres.dim();
    // Lanes without a centre are infinitely far away.
    let lane = |c: usize, j: usize| match c < k {
        true => centres[[c, j]],
        false => f64::INFINITY,
    };
    (0..p)
        .map(|j| std::array::from_fn(|l| lane(first + l, j)))
        .collect()
}

impl Nearest {
    /// Looks at centres of which the first is `first`; of equally near ones the first is taken.
    fn look<const L: usize>(&mut self, row: &[f64], block: &[[f64; L]], first: u32) {
        let mut squares = [0.0; L];
        for (x, centres) in row.iter().zip(block) {
            for lane in 0..L {
                let difference = x - centres[lane];
                squares[lane] += difference * difference;
            }
        }
        // Choices and no branches: which centre is nearest cannot be foretold.
        for (lane, &square) in squares.iter().enumerate() {
            let nearer = square < self.least;
            let other = if nearer { self.least } else { square };
            self.second = if other < self.second {
                other
            } else {
                self.second
            };
            self.least = if nearer { square } else { self.least };
            self.centre = if nearer {
                first + lane as u32
            } else {
                self.centre
            };
        }
    }
}

/// The members of every centre, summed up.
struct Sums {
    sums: Vec<f64>,
    sizes: Vec<usize>,
    changed: bool,
}

/// Bounds on distances let most rows keep their label without a look at other centres.
///
/// Source: Hamerly, "Making k-means even faster", SDM 2010. The labels are those of plain
/// Lloyd iterations.
struct Descent<'a> {
    x: ArrayView2<'a, f64>,
    labels: Vec<u32>,
    /// At least the distance to the own centre.
    upper: Vec<f64>,
    /// At most the distance to any other centre.
    lower: Vec<f64>,
}

/// Bounds gather rounding errors while they are carried along; a row is looked at again when
/// they are this close.
const SLACK: f64 = 1e-9;

impl<'a> Descent<'a> {
    fn new(x: ArrayView2<'a, f64>) -> Self {
        let n = x.nrows();
        Self {
            x,
            labels: vec![0; n],
            // Nothing is known, so that the first step looks at every row.
            upper: vec![f64::INFINITY; n],
            lower: vec![0.0; n],
        }
    }

    /// Gives every row its nearest centre; `moved` says how far each centre went since the
    /// last step.
    fn step(&mut self, centres: ArrayView2<'_, f64>, moved: &[f64]) -> Sums {
        let (k, p) = centres.dim();
        let lanes = Lanes::new(centres);
        let own_centres: Vec<f64> = centres.iter().copied().collect();
        // Half the distance from each centre to the nearest other one: a row nearer than that
        // can have no other nearest centre.
        let half_gap: Vec<f64> = (0..k)
            .map(|c| {
                let others = (0..k).filter(|&d| d != c);
                let gaps = others.map(|d| squared(centres, c, centres, d));
                gaps.fold(f64::INFINITY, f64::min).sqrt() / 2.0
            })
            .collect();
        // For each centre, how far the farthest-moving other one went.
        let others_moved: Vec<f64> = (0..k)
            .map(|c| {
                let others = (0..k).filter(|&d| d != c);
                others.map(|d| moved[d]).fold(0.0, f64::max)
            })
            .collect();
        let parts: Vec<Sums> = self
            .x
            .axis_chunks_iter(Axis(0), CHUNK)
            .into_par_iter()
            .zip(self.labels.par_chunks_mut(CHUNK))
            .zip(self.upper.par_chunks_mut(CHUNK))
            .zip(self.lower.par_chunks_mut(CHUNK))
            .map(|(((chunk, labels), upper), lower)| {
                let mut part = Sums {
                    sums: vec![0.0; k * p],
                    sizes: vec![0; k],
                    changed: false,
                };
                for (i, row) in chunk.axis_iter(Axis(0)).enumerate() {
                    let row = row.to_slice().expect("rows are contiguous");
                    let own = labels[i] as usize;
                    upper[i] += moved[own];
                    lower[i] -= others_moved[own];
                    let bound = lower[i].max(half_gap[own]) * (1.0 - SLACK);
                    if upper[i] >= bound {
                        upper[i] = apart(row, &own_centres[own * p..(own + 1) * p]);
                        if upper[i] >= bound {
                            let (label, least, second) = lanes.nearest(row);
                            upper[i] = least.sqrt();
                            lower[i] = second.sqrt();
                            part.changed |= labels[i] != label;
                            labels[i] = label;
                        }
                    }
                    let c = labels[i] as usize;
                    part.sizes[c] += 1;
                    for (sum, x) in part.sums[c * p..(c + 1) * p].iter_mut().zip(row) {
                        *sum += x;
                    }
                }
                part
            })
            .collect();
        // In the order of the chunks, whichever thread was first.
        let mut whole = Sums {
            sums: vec![0.0; k * p],
            sizes: vec![0; k],
            changed: false,
        };
        for part in parts {
            whole
                .sums
                .iter_mut()
                .zip(part.sums)
                .for_each(|(a, b)| *a += b);
            whole
                .sizes
                .iter_mut()
                .zip(part.sizes)
                .for_each(|(a, b)| *a += b);
            whole.changed |= part.changed;
        }
        whole
    }
}

/// The distance between two points. Four sums side by side: one after the other each would wait for the one before.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, others) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = fours.remainder().iter().zip(others.remainder());
    let rest: f64 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in fours.zip(others) {
        for lane in 0..4 {
            sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
        }
    }
    (sums[0] + sums[1] + sums[2] + sums[3] + rest).sqrt()
}

fn squared(a: ArrayView2<'_, f64>, i: usize, b: ArrayView2<'_, f64>, j: usize) -> f64 {
    let pairs = a.row(i).into_iter().zip(b.row(j));
    pairs.map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Nearest centre and squared distance of every row.
pub(super) fn assign(x: ArrayView2<'_, f64>, centres: ArrayView2<'_, f64>) -> (Vec<u32>, Vec<f64>) {
    let lanes = Lanes::new(centres);
    x.axis_iter(Axis(0))
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(|row| {
            let (label, square, _) = lanes.nearest(row.to_slice().expect("rows are contiguous"));
            (label, square)
        })
        .unzip()
}

/// Lloyd's iterations from given centres, until no label changes, the centres together move
/// less than `tolerance`, or `max_iterations` are done. A centre that loses all its members
/// moves to the row farthest from its own centre.
pub(super) fn descend(
    x: ArrayView2<'_, f64>,
    centres: Array2<f64>,
    tolerance: f64,
    max_iterations: usize,
) -> Solution {
    descend_to(x, centres, tolerance, max_iterations, &[])
}

/// The same with centres that have one category of each of these attributes.
pub(super) fn descend_to(
    x: ArrayView2<'_, f64>,
    mut centres: Array2<f64>,
    tolerance: f64,
    max_iterations: usize,
    attributes: &[Categories],
) -> Solution {
    let (k, p) = centres.dim();
    let mut descent = Descent::new(x);
    let mut found = descent.step(centres.view(), &vec![0.0; k]);
    let mut converged = false;
    for _ in 0..max_iterations {
        let mut next = Array2::zeros((k, p));
        let mut taken: Vec<usize> = Vec::new();
        for c in 0..k {
            let mut row = next.row_mut(c);
            if found.sizes[c] == 0 {
                let (_, distances) = assign(x, centres.view());
                let far = farthest(&distances, &taken);
                taken.push(far);
                row.assign(&x.row(far));
            } else {
                let size = found.sizes[c] as f64;
                let sums = &found.sums[c * p..(c + 1) * p];
                row.iter_mut().zip(sums).for_each(|(m, s)| *m = s / size);
                to_modes(row, attributes);
            }
        }
        let squares: Vec<f64> = (0..k)
            .map(|c| squared(next.view(), c, centres.view(), c))
            .collect();
        let moved: Vec<f64> = squares.iter().map(|s| s.sqrt()).collect();
        centres = next;
        found = descent.step(centres.view(), &moved);
        converged = !found.changed && taken.is_empty();
        if converged || squares.iter().sum::<f64>().sqrt() < tolerance {
            break;
        }
    }
    let (_, distances) = assign(x, centres.view());
    Solution {
        centres,
        inertia: distances.iter().sum(),
        converged,
        gaussians: None,
    }
}

/// The row farthest from its centre, the first where several are equally far.
fn farthest(distances: &[f64], taken: &[usize]) -> usize {
    let mut best = 0;
    for (i, d) in distances.iter().enumerate() {
        if (*d > distances[best] || taken.contains(&best)) && !taken.contains(&i) {
            best = i;
        }
    }
    best
}

/// k rows as first centres by greedy k-means++: each next centre is the best of
/// `2 + ln k` rows drawn with probability proportional to the squared distance.
pub(super) fn plus_plus(
    x: ArrayView2<'_, f64>,
    k: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Array2<f64> {
    let n = x.nrows();
    let trials = 2 + (k as f64).ln() as usize;
    let mut centres = Array2::zeros((k, x.ncols()));
    centres.row_mut(0).assign(&x.row(index_below(rng, n)));
    let mut distances = squared_distances(x, centres.view(), 0);
    for c in 1..k {
        let mut cumulative = Vec::with_capacity(n);
        let mut total = 0.0;
        for d in &distances {
            total += d;
            cumulative.push(total);
        }
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..trials {
            let target = uniform(rng) * total;
            let row = cumulative.partition_point(|&sum| sum <= target).min(n - 1);
            centres.row_mut(c).assign(&x.row(row));
            let mut nearer = squared_distances(x, centres.view(), c);
            for (new, old) in nearer.iter_mut().zip(&distances) {
                *new = new.min(*old);
            }
            let potential: f64 = nearer.iter().sum();
            if best.as_ref().is_none_or(|(least, ..)| potential < *least) {
                best = Some((potential, row, nearer));
            }
        }
        let (_, row, nearer) = best.expect("at least two trials");
        centres.row_mut(c).assign(&x.row(row));
        distances = nearer;
    }
    centres
}

/// Squared distance of every row to centre `c`.
fn squared_distances(x: ArrayView2<'_, f64>, centres: ArrayView2<'_, f64>, c: usize) -> Vec<f64> {
    let centre = centres.row(c);
    let centre = centre.to_slice().expect("rows are contiguous");
    x.axis_iter(Axis(0))
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(|row| {
            let row = row.to_slice().expect("rows are contiguous");
            row.iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn two_groups_on_a_line_by_hand() {
        // From centres 0 and 1: {0} and {1, 10, 11} first, then {0, 1} and {10, 11}.
        let x = array![[0.0], [1.0], [10.0], [11.0]];
        let got = descend(x.view(), array![[0.0], [1.0]], 0.0, 300);
        assert_eq!(got.centres, array![[0.5], [10.5]]);
        assert_eq!(got.inertia, 1.0);
        assert!(got.converged);
    }

    #[test]
    fn a_row_between_two_centres_goes_to_the_lower_number() {
        let x = array![[0.0], [1.0], [2.0]];
        let (labels, distances) = assign(x.view(), array![[2.0], [0.0]].view());
        assert_eq!(labels, [1, 0, 0]);
        assert_eq!(distances, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn lanes_find_what_one_centre_after_the_other_finds() {
        let mut rng = generator(7, [0, 0, 0]);
        for k in 1..20 {
            let centres = Array2::from_shape_simple_fn((k, 5), || uniform(&mut rng));
            let lanes = Lanes::new(centres.view());
            for _ in 0..50 {
                let row: Vec<f64> = (0..5).map(|_| uniform(&mut rng)).collect();
                let far = |c: usize| {
                    let pairs = row.iter().zip(centres.row(c));
                    pairs.fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y))
                };
                let mut order: Vec<usize> = (0..k).collect();
                order.sort_by(|a, b| far(*a).total_cmp(&far(*b)));
                let second = order.get(1).map_or(f64::INFINITY, |c| far(*c));
                assert_eq!(
                    lanes.nearest(&row),
                    (order[0] as u32, far(order[0]), second)
                );
                let own = centres.row(order[0]).to_vec();
                assert!((apart(&row, &own) - far(order[0]).sqrt()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn an_empty_cluster_takes_the_farthest_row() {
        // Centre 99 has no member; 10 is farthest from its centre 1.
        let x = array![[0.0], [1.0], [2.0], [10.0]];
        let got = descend(x.view(), array![[1.0], [99.0]], 0.0, 300);
        assert_eq!(got.centres, array![[1.0], [10.0]]);
        assert_eq!(got.inertia, 2.0);
    }

    #[test]
    fn bounds_change_nothing_but_the_time() {
        let mut rng = generator(8, [0; 3]);
        for round in 0..60 {
            let (n, k) = (50 + index_below(&mut rng, 250), 2 + round % 9);
            // A grid, so that rows are often equally far from two centres.
            let x = Array2::from_shape_fn((n, 3), |_| (uniform(&mut rng) * 8.0).floor());
            let start = Array2::from_shape_fn((k, 3), |_| uniform(&mut rng) * 8.0);
            let mut centres = start.clone();
            let mut labels = vec![0; n];
            let mut lost_members = false;
            for iteration in 0..300 {
                let before = labels.clone();
                labels = assign(x.view(), centres.view()).0;
                if iteration > 0 && labels == before {
                    break;
                }
                for c in 0..k {
                    let rows: Vec<usize> = (0..n).filter(|&i| labels[i] == c as u32).collect();
                    match x.select(Axis(0), &rows).mean_axis(Axis(0)) {
                        Some(mean) => centres.row_mut(c).assign(&mean),
                        None => lost_members = true,
                    }
                }
            }
            if !lost_members {
                let got = descend(x.view(), start, 0.0, 300);
                assert!(got.converged);
                assert!((&got.centres - &centres).iter().all(|d| d.abs() < 1e-12));
            }
        }
    }

    #[test]
    fn five_centres_use_more_than_one_block_of_lanes() {
        let centres = Array2::from_shape_fn((5, 3), |(c, j)| (c * 10 + j) as f64);
        let (labels, distances) = assign(centres.view(), centres.view());
        assert_eq!(labels, [0, 1, 2, 3, 4]);
        assert_eq!(distances, [0.0; 5]);
    }
}

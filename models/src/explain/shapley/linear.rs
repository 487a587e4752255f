//! The path-dependent game: features that are not known are averaged over by training rows.
//!
//! A leaf with value `v`, reached by splits on the distinct features `1..m`, adds to a set `S` of
//! known features `v * prod_{i in S} o_i * prod_{i not in S} z_i`, where `o_i` is 1 if the row
//! passes all splits on feature `i` on the way, else 0, and `z_i` is the product of the shares of
//! training rows that took those turns. Shapley's weights of the sets are values of the Beta
//! function, an integral, so that feature `i` is owed
//!
//! `v (o_i - z_i) * integral from 0 to 1 of prod_{j != i} f_j(t) dt, f_j(t) = o_j t + z_j (1 - t)`,
//!
//! a polynomial of degree `m - 1`, which Gauss-Legendre quadrature with `ceil(m / 2)` points
//! integrates exactly; all its terms are positive, so nothing cancels. At one point `t` the
//! products of all leaves are had by going down the tree once, and the sums of the leaves below
//! every split, which is all that its feature needs, by coming up once: `O(nodes x points)` a row.
//! Yu, Bifet, Read and Xu (2022), "Linear tree Shap", do this with interpolated polynomials.
//!
//! Going down the factor changes by `f / f_before`, where `f_before` is that of the next split
//! above on the same feature (1 if there is none), and coming up that split hands over to this
//! one: it is owed `(o - z) / f - (o_before - z_before) / f_before` for each unit below. A row is
//! refused above, turns left or turns right: three cases, whose factors are worked out once.

use super::paths::{LEFT, Paths, REFUSED, RIGHT, State};
use super::quadrature::gauss_legendre;
use crate::tree::Tree;

/// A tree made ready to be explained.
pub(super) trait Explain: Send + Sync {
    /// Adds what each feature is owed for `row` to `out[feature]`.
    fn add(&self, row: &[f32], work: &mut Work, out: &mut [f64]);

    /// The value of the tree with no feature known.
    fn expected(&self) -> f64;
}

/// Memory that is used again for every row and tree.
#[derive(Default)]
pub(super) struct Work {
    states: Vec<State>,
    slots: Vec<f64>,
}

/// Makes a tree ready, with as many points at a time as its paths need.
pub(super) fn explain(tree: &Tree, scale: f64) -> Box<dyn Explain> {
    let paths = Paths::of(tree);
    match paths.most_players() {
        0..=4 => Box::new(Linear::<2>::new(paths, scale)),
        5..=8 => Box::new(Linear::<4>::new(paths, scale)),
        9..=12 => Box::new(Linear::<6>::new(paths, scale)),
        _ => Box::new(Linear::<8>::new(paths, scale)),
    }
}

/// A tree at blocks of `N` points.
struct Linear<const N: usize> {
    paths: Paths,
    expected: f64,
    /// For each block and split, what the three states make of it.
    blocks: Vec<Vec<[Factors<N>; 3]>>,
}

/// What a split does to the product of the way to it.
#[derive(Clone, Copy)]
struct Factors<const N: usize> {
    /// On the way down to a child that is a split: its factor, left and right.
    down: [[f64; N]; 2],
    /// On the way up from there: what a unit of the child's sum is worth to the feature.
    up: [[f64; N]; 2],
    /// For children that are leaves: the sum of their values times their factors, and what that
    /// is worth to the feature; the weight of the point is in both.
    leaves: [f64; N],
    owed: [f64; N],
}

impl<const N: usize> Linear<N> {
    fn new(paths: Paths, scale: f64) -> Self {
        let needed = paths.most_players().div_ceil(2).max(1);
        let points = gauss_legendre(needed.next_multiple_of(N));
        let blocks = points.chunks_exact(N).map(|block| {
            let at = |k: usize| block[k];
            let of_split = |split: usize| {
                [REFUSED, LEFT, RIGHT].map(|state| factors(&paths, split, state, scale, at))
            };
            (0..paths.splits.len()).map(of_split).collect()
        });
        Self {
            blocks: blocks.collect(),
            expected: scale * paths.expected(),
            paths,
        }
    }
}

/// The factors of a split for a row in one state.
fn factors<const N: usize>(
    paths: &Paths,
    split: usize,
    state: State,
    scale: f64,
    point: impl Fn(usize) -> (f64, f64),
) -> Factors<N> {
    let split = &paths.splits[split];
    let mut factors = Factors {
        down: [[0.0; N]; 2],
        up: [[0.0; N]; 2],
        leaves: [0.0; N],
        owed: [0.0; N],
    };
    let children = [
        (split.left, LEFT, split.share_left),
        (split.right, RIGHT, split.share_right),
    ];
    for (side, (child, child_side, share)) in children.into_iter().enumerate() {
        for k in 0..N {
            let (t, weight) = point(k);
            // A factor is above 0 where the row passes, for t lies strictly between 0 and 1.
            // Where it does not, (0 - z) / (z (1 - t)) is the same for all shares.
            let passing = |share: f64| t + share * (1.0 - t);
            let owed = |share: f64| (1.0 - share) / passing(share);
            let refused = -1.0 / (1.0 - t);
            let before = split.share_before;
            let (down, up) = if state == REFUSED {
                (if before > 0.0 { share / before } else { 0.0 }, 0.0)
            } else if state == child_side {
                (passing(share) / passing(before), owed(share) - owed(before))
            } else {
                let turn = share * (1.0 - t) / passing(before);
                (turn, refused - owed(before))
            };
            match child.checked_sub(paths.splits.len()) {
                Some(leaf) => {
                    let value = weight * scale * paths.leaves[leaf].value;
                    factors.leaves[k] += value * down;
                    factors.owed[k] += value * down * up;
                }
                None => (factors.down[side][k], factors.up[side][k]) = (down, up),
            }
        }
    }
    factors
}

impl<const N: usize> Explain for Linear<N> {
    fn expected(&self) -> f64 {
        self.expected
    }

    fn add(&self, row: &[f32], work: &mut Work, out: &mut [f64]) {
        let splits = &self.paths.splits;
        if splits.is_empty() {
            return;
        }
        self.paths.read(row, &mut work.states);
        work.slots.resize(N * splits.len(), 0.0);
        // The product of the way to each split, then the sum of the leaves below it.
        let (slots, _) = work.slots.as_chunks_mut::<N>();
        let states = &work.states[..splits.len()];
        for block in &self.blocks {
            slots[0] = [1.0; N];
            for (i, ((split, factors), state)) in splits.iter().zip(block).zip(states).enumerate() {
                let factors = &factors[usize::from(*state)];
                let here = slots[i];
                if let Some(left) = slots.get_mut(split.left) {
                    *left = times(&here, &factors.down[0]);
                }
                if let Some(right) = slots.get_mut(split.right) {
                    *right = times(&here, &factors.down[1]);
                }
            }
            let upwards = splits.iter().zip(block).zip(states).enumerate().rev();
            for (i, ((split, factors), state)) in upwards {
                let factors = &factors[usize::from(*state)];
                let mut sum = times(&slots[i], &factors.leaves);
                let mut owed = times(&slots[i], &factors.owed);
                if let Some(left) = slots.get(split.left) {
                    sum = plus(&sum, left);
                    owed = plus(&owed, &times(left, &factors.up[0]));
                }
                if let Some(right) = slots.get(split.right) {
                    sum = plus(&sum, right);
                    owed = plus(&owed, &times(right, &factors.up[1]));
                }
                slots[i] = sum;
                out[split.feature] += total(&owed);
            }
        }
    }
}

fn times<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|k| a[k] * b[k])
}

fn plus<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|k| a[k] + b[k])
}

/// The sum of the even ones, then that of the odd ones, so that two are added at a time.
fn total<const N: usize>(values: &[f64; N]) -> f64 {
    let (pairs, _) = values.as_chunks::<2>();
    let [even, odd] = pairs
        .iter()
        .fold([0.0; 2], |sum, pair| [sum[0] + pair[0], sum[1] + pair[1]]);
    even + odd
}

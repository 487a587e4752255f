//! Interaction values of the path-dependent game.
//!
//! The same integral as for single features, of the product game of a leaf (see
//! [`linear`](super::linear)): features `i` and `j` share
//! `v (o_i - z_i)(o_j - z_j) * integral of prod_{k != i, j} f_k(t) dt`, half of it each (the
//! Shapley interaction index of Fujimoto, Kojadinovic and Marichal 2006, as Lundberg et al. 2020
//! use it), and what is left of a feature's own value stands on the diagonal.

use super::paths::{Leaf, Paths, State};
use super::quadrature::gauss_legendre;
use crate::tree::Tree;

/// A tree made ready for interaction values.
pub(super) struct Interactions {
    paths: Paths,
    leaves: Vec<LeafGame>,
}

struct LeafGame {
    /// Weight of the quadrature times the leaf's value; the products of all features' factors
    /// are multiplied in for each row.
    points: Vec<f64>,
    /// For each point and feature on the way: the factor and what is owed for a unit of the
    /// product, when the row fails and when it passes.
    factors: Vec<[(f64, f64); 2]>,
}

impl Interactions {
    pub fn of(tree: &Tree, scale: f64) -> Self {
        let paths = Paths::of(tree);
        let leaves = paths.leaves.iter().map(|leaf| LeafGame::new(leaf, scale));
        Self {
            leaves: leaves.collect(),
            paths,
        }
    }

    /// Adds the matrix of `row` to `out` (`n_features x n_features`, row-major).
    pub fn add(&self, row: &[f32], states: &mut Vec<State>, out: &mut [f64]) {
        self.paths.read(row, states);
        let features = row.len();
        let mut owed = Vec::new();
        for (leaf, game) in self.paths.leaves.iter().zip(&self.leaves) {
            let m = leaf.players.len();
            for (point, factors) in game.points.iter().zip(game.factors.chunks_exact(m.max(1))) {
                owed.clear();
                let mut product = *point;
                for (player, cases) in leaf.players.iter().zip(factors) {
                    let passes = states[player.split] == player.side;
                    let (factor, unit) = cases[usize::from(passes)];
                    product *= factor;
                    owed.push(unit);
                }
                for (i, first) in leaf.players.iter().enumerate() {
                    let own = product * owed[i];
                    let mut rest = own;
                    for (j, second) in leaf.players.iter().enumerate().take(i) {
                        let half = own * owed[j] / 2.0;
                        out[first.feature * features + second.feature] += half;
                        out[second.feature * features + first.feature] += half;
                        rest -= half;
                        out[second.feature * features + second.feature] -= half;
                    }
                    out[first.feature * features + first.feature] += rest;
                }
            }
        }
    }
}

impl LeafGame {
    fn new(leaf: &Leaf, scale: f64) -> Self {
        let points = gauss_legendre(leaf.players.len().div_ceil(2));
        let mut factors = Vec::with_capacity(points.len() * leaf.players.len());
        for (t, _) in &points {
            for player in &leaf.players {
                let passing = t + player.share * (1.0 - t);
                factors.push([
                    (player.share * (1.0 - t), -1.0 / (1.0 - t)),
                    (passing, (1.0 - player.share) / passing),
                ]);
            }
        }
        let value = scale * leaf.value;
        Self {
            points: points.iter().map(|(_, weight)| weight * value).collect(),
            factors,
        }
    }
}

//! Exact Shapley values of a tree, leaf by leaf.
//!
//! A leaf with value `v`, reached by splits on the distinct features `1..m`, is a product game:
//! with the set `S` of features known, it adds `v * prod_{i in S} o_i * prod_{i not in S} z_i`,
//! where `o_i` is 1 if the row passes all splits on feature `i` on the way, else 0, and `z_i` is
//! the product of the shares of training rows that took those turns. Weighing the sets as
//! Shapley does turns into an integral (the Beta function), so that feature `i` is owed
//!
//! `v (o_i - z_i) * integral from 0 to 1 of prod_{j != i} (o_j t + z_j (1 - t)) dt`,
//!
//! a polynomial of degree `m - 1`, which Gauss-Legendre quadrature with `ceil(m / 2)` points
//! integrates exactly. All its terms are positive, so nothing cancels.
//!
//! What a leaf adds depends on the row only through the bits `o`. For up to
//! [`TABLED`] features all cases are worked out once (Yang 2021, "Fast TreeSHAP", has the idea).

use super::node::{Node, Tree};

/// Leaves with at most this many features on their path have a table of all cases.
const TABLED: usize = 6;

/// All leaves of a tree as games.
pub(crate) struct LeafGames {
    leaves: Vec<LeafGame>,
    expected: f64,
}

struct LeafGame {
    value: f64,
    players: Vec<Player>,
    quadrature: Vec<(f64, f64)>,
    /// Row `o` holds what each player is owed when the bits of `o` say who passes.
    table: Vec<f64>,
}

/// One feature on the way to a leaf: what it takes to pass, and the share that does.
#[derive(Clone)]
struct Player {
    feature: usize,
    /// A value passes when `above < value <= at_most`.
    above: f32,
    at_most: f32,
    /// Whether any finite value can pass: after a turn for missing values only, none can.
    missing_passes: bool,
    share: f64,
}

impl Player {
    fn passes(&self, value: f32) -> bool {
        if value.is_nan() {
            self.missing_passes
        } else {
            (self.above < value || self.above == f32::NEG_INFINITY) && value <= self.at_most
        }
    }
}

impl LeafGames {
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut games = Self {
            leaves: Vec::new(),
            expected: 0.0,
        };
        games.visit(tree, 0, &mut Vec::new());
        games.expected = games
            .leaves
            .iter()
            .map(|leaf| leaf.value * leaf.players.iter().map(|p| p.share).product::<f64>())
            .sum();
        games
    }

    /// The value of the tree with no feature known.
    pub(crate) fn expected(&self) -> f64 {
        self.expected
    }

    /// Adds what each feature is owed for this row to `out[feature]`.
    pub(crate) fn add_contributions(&self, row: &[f32], out: &mut [f64]) {
        let mut many = Vec::new();
        for leaf in &self.leaves {
            let m = leaf.players.len();
            let passes = |player: &Player| player.passes(row[player.feature]);
            if m <= TABLED {
                let case = leaf
                    .players
                    .iter()
                    .enumerate()
                    .fold(0, |case, (i, player)| {
                        case | (usize::from(passes(player)) << i)
                    });
                for (player, owed) in leaf.players.iter().zip(&leaf.table[case * m..]) {
                    out[player.feature] += owed;
                }
            } else {
                let passed: Vec<bool> = leaf.players.iter().map(passes).collect();
                many.clear();
                leaf.owed(&passed, &mut many);
                for (player, owed) in leaf.players.iter().zip(&many) {
                    out[player.feature] += owed;
                }
            }
        }
    }

    fn visit(&mut self, tree: &Tree, index: usize, players: &mut Vec<Player>) {
        let node = &tree.nodes[index];
        if node.is_leaf() {
            self.leaves.push(LeafGame::new(node.value, players.clone()));
            return;
        }
        for (child, left) in [(node.left, true), (node.right, false)] {
            let share = tree.nodes[child as usize].rows as f64 / node.rows as f64;
            let feature = node.feature as usize;
            let place = players.iter().position(|p| p.feature == feature);
            let before = place.map(|place| players[place].clone());
            let mut player = before.clone().unwrap_or(Player {
                feature,
                above: f32::NEG_INFINITY,
                at_most: f32::INFINITY,
                missing_passes: true,
                share: 1.0,
            });
            player.turn(node, left);
            player.share *= share;
            match place {
                Some(place) => players[place] = player,
                None => players.push(player),
            }
            self.visit(tree, child as usize, players);
            match (place, before) {
                (Some(place), Some(before)) => players[place] = before,
                _ => {
                    players.pop();
                }
            }
        }
    }
}

impl Player {
    fn turn(&mut self, node: &Node, left: bool) {
        self.missing_passes &= node.missing_left == left;
        if left {
            self.at_most = self.at_most.min(node.threshold);
        } else if node.threshold == f32::INFINITY {
            // Only missing values turn right here.
            self.at_most = f32::NEG_INFINITY;
            self.above = f32::INFINITY;
        } else {
            self.above = self.above.max(node.threshold);
        }
    }
}

impl LeafGame {
    fn new(value: f64, players: Vec<Player>) -> Self {
        let m = players.len();
        let quadrature = gauss_legendre(m.div_ceil(2));
        let mut game = Self {
            value,
            players,
            quadrature,
            table: Vec::new(),
        };
        if m <= TABLED {
            let mut table = Vec::with_capacity(m << m);
            for case in 0..1_usize << m {
                let passed: Vec<bool> = (0..m).map(|i| case >> i & 1 == 1).collect();
                game.owed(&passed, &mut table);
            }
            game.table = table;
        }
        game
    }

    /// Appends what each player is owed.
    fn owed(&self, passed: &[bool], out: &mut Vec<f64>) {
        let first = out.len();
        out.resize(first + passed.len(), 0.0);
        let owed = &mut out[first..];
        for (t, weight) in &self.quadrature {
            // Every factor is above 0: shares are, and t lies strictly between 0 and 1.
            let factor = |i: usize| {
                let known = if passed[i] { *t } else { 0.0 };
                known + self.players[i].share * (1.0 - t)
            };
            let product: f64 = (0..passed.len()).map(factor).product();
            for (i, owed) in owed.iter_mut().enumerate() {
                *owed += weight * product / factor(i);
            }
        }
        for (i, owed) in owed.iter_mut().enumerate() {
            let known = if passed[i] { 1.0 } else { 0.0 };
            *owed *= self.value * (known - self.players[i].share);
        }
    }
}

/// Points and weights on 0 to 1 that integrate polynomials of degree `2 n - 1` exactly.
///
/// The points are the roots of the Legendre polynomial of degree `n`, by Newton's method from
/// the usual cosine guess (Press et al., "Numerical Recipes", section 4.6).
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut p, mut before) = (1.0, 0.0);
                for degree in 1..=n {
                    let d = degree as f64;
                    (p, before) = (((2.0 * d - 1.0) * x * p - (d - 1.0) * before) / d, p);
                }
                slope = n as f64 * (x * p - before) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests;

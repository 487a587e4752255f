//! The interventional game, leaf by leaf: what every row is owed, worked out beforehand.
//!
//! Features that are not known take the values of a background row. With background row `b` a
//! leaf with value `v` is worth `v` to a set `S` of known features when the explained row passes
//! all splits on the features in `S` and `b` all on the others, so feature `i` is owed
//!
//! `v (o_i - b_i) * integral from 0 to 1 of prod_{j != i} (o_j t + b_j (1 - t)) dt`,
//!
//! with `o_i` and `b_i` 1 where the row and `b` pass, else 0: the path-dependent game of
//! [`linear`](super::linear), with the background row's bits for the shares. The mean over the
//! background depends on it through the number of its rows with each pattern of bits alone, and
//! on the explained row through its pattern. So a leaf with `m` features gets a table of `2^m`
//! rows, after which the size of the background costs nothing more (Nadel and Wettenstein 2024,
//! "From decision trees to Boolean logic", have the same patterns).
//!
//! Summing over the patterns of the background is a product of `2 x 2` matrices, one a feature,
//! so the table is filled in `O(m 2^m)` for each of the `ceil(m / 2)` points of the quadrature.

use super::paths::{LEFT, Leaf, Paths, Player, RIGHT, State};
use super::quadrature::gauss_legendre;

/// What each feature on the way to a leaf is owed, for all patterns of a row.
pub(super) struct Table {
    /// The features, and for each where the [`sides`] say whether a row passes.
    features: Vec<u32>,
    places: Vec<u32>,
    /// Row `o` has what each feature is owed when the bits of `o` say who passes.
    owed: Vec<f64>,
}

/// The number of cells of the table of a leaf with `players` features, if it can be counted.
pub(super) fn cells(players: usize) -> Option<usize> {
    let rows = 1_usize.checked_shl(u32::try_from(players).ok()?)?;
    rows.checked_mul(players)
}

impl Table {
    /// - `background`: the sides of all background rows, one row after another.
    pub fn new(paths: &Paths, leaf: &Leaf, scale: f64, background: &[bool]) -> Self {
        let players = leaf.players.iter();
        let features = players.clone().map(|player| player.feature as u32);
        let place = |player: &Player| 2 * player.split + usize::from(player.side != LEFT);
        let places: Vec<u32> = players.map(|player| place(player) as u32).collect();
        let m = places.len();
        let mut patterns = vec![0.0; 1 << m];
        let width = 2 * paths.splits.len();
        let rows = background.len() / width;
        for sides in background.chunks_exact(width) {
            patterns[pattern(&places, sides)] += 1.0;
        }
        // Player by player while it is filled, pattern by pattern when it is read.
        let mut by_player = vec![0.0; m << m];
        let mut sums = Vec::new();
        for (t, weight) in gauss_legendre(m.div_ceil(2)) {
            let unit = weight * scale * leaf.value / rows as f64;
            sums.clone_from(&patterns);
            for player in 0..m {
                for block in sums.chunks_exact_mut(2 << player) {
                    let (without, with) = block.split_at_mut(1 << player);
                    for (without, with) in without.iter_mut().zip(with) {
                        // The row fails, so the background has to pass; or the row passes.
                        let (fails, passes) = (*without, *with);
                        *without = (1.0 - t) * passes;
                        *with = t * fails + passes;
                    }
                }
            }
            let (per_t, per_rest) = (1.0 / t, 1.0 / (1.0 - t));
            for (player, owed) in by_player.chunks_exact_mut(1 << m).enumerate() {
                let blocks = sums.chunks_exact(2 << player);
                for (sums, owed) in blocks.zip(owed.chunks_exact_mut(2 << player)) {
                    let (without, with) = sums.split_at(1 << player);
                    let (owed_without, owed_with) = owed.split_at_mut(1 << player);
                    let owed = owed_without.iter_mut().zip(owed_with);
                    for ((without, with), owed) in without.iter().zip(with).zip(owed) {
                        // Undone for this one: the background passes, and it fails.
                        let passes = without * per_rest;
                        let fails = (with - passes) * per_t;
                        *owed.0 -= unit * passes;
                        *owed.1 += unit * fails;
                    }
                }
            }
        }
        let mut owed = vec![0.0; m << m];
        for (player, of_player) in by_player.chunks_exact(1 << m).enumerate() {
            for (row, value) in owed.chunks_exact_mut(m).zip(of_player) {
                row[player] = *value;
            }
        }
        Self {
            features: features.collect(),
            places,
            owed,
        }
    }

    /// Adds what each feature is owed by this leaf for a row with these [`sides`].
    pub fn add(&self, sides: &[bool], out: &mut [f64]) {
        let m = self.features.len();
        let row = &self.owed[pattern(&self.places, sides) * m..][..m];
        for (feature, owed) in self.features.iter().zip(row) {
            out[*feature as usize] += owed;
        }
    }
}

/// For each split whether a row passes to the left, and whether to the right.
pub(super) fn sides(states: &[State], out: &mut Vec<bool>) {
    out.clear();
    out.extend(
        states
            .iter()
            .flat_map(|state| [*state == LEFT, *state == RIGHT]),
    );
}

/// A bit for each feature: whether it is passed.
fn pattern(places: &[u32], sides: &[bool]) -> usize {
    let from_last = places.iter().rev();
    from_last.fold(0, |pattern, place| {
        2 * pattern + usize::from(sides[*place as usize])
    })
}

//! The interventional game of a whole sum of trees: tables where they fit, pairs elsewhere.

use std::borrow::Cow;

use rayon::prelude::*;

use super::pairs::Walker;
use super::paths::{Paths, State};
use super::tables::{Table, cells, sides};
use crate::tree::Tree;

/// Leaves with more features on their way than this have no table.
const TABLED: usize = 12;
/// All tables together have at most this many cells of 8 bytes: 128 MiB.
const BUDGET: usize = 1 << 24;

/// A tree with its leaves made ready against a background.
pub(super) struct Against {
    paths: Paths,
    tables: Vec<Table>,
    /// Whether a slot is, or leads to, a leaf without a table; empty when there is none.
    untabled: Vec<bool>,
    expected: f64,
}

/// Memory that is used again for every row and tree.
#[derive(Default)]
pub(super) struct Work {
    states: Vec<State>,
    sides: Vec<bool>,
}

impl Work {
    fn read(&mut self, paths: &Paths, row: &[f32]) -> &[bool] {
        paths.read(row, &mut self.states);
        sides(&self.states[..paths.splits.len()], &mut self.sides);
        &self.sides
    }
}

/// Makes trees ready against the rows of `background` (row-major, at least one row).
pub(super) fn against(
    trees: &[Cow<'_, Tree>],
    scale: f64,
    features: usize,
    background: &[f32],
) -> Vec<Against> {
    let all: Vec<Paths> = trees.par_iter().map(|tree| Paths::of(tree)).collect();
    let tabled = within_budget(&all, BUDGET);
    all.into_par_iter()
        .zip(&tabled)
        .zip(trees)
        .map(|((paths, tabled), tree)| {
            Against::new(paths, tabled, tree, scale, features, background)
        })
        .collect()
}

/// For each tree, which leaves get a table: those with the fewest features, first come first
/// served among equals.
fn within_budget(trees: &[Paths], budget: usize) -> Vec<Vec<bool>> {
    let mut tabled: Vec<Vec<bool>> = trees
        .iter()
        .map(|paths| vec![false; paths.leaves.len()])
        .collect();
    let mut left = budget;
    for players in 0..=TABLED {
        let Some(cells) = cells(players) else {
            break;
        };
        for (paths, tabled) in trees.iter().zip(&mut tabled) {
            for (leaf, tabled) in paths.leaves.iter().zip(tabled) {
                if leaf.players.len() == players && cells <= left {
                    left -= cells;
                    *tabled = true;
                }
            }
        }
    }
    tabled
}

impl Against {
    fn new(
        paths: Paths,
        tabled: &[bool],
        tree: &Tree,
        scale: f64,
        features: usize,
        background: &[f32],
    ) -> Self {
        let rows = background.chunks_exact(features);
        let sum: f64 = rows.clone().map(|row| tree.leaf(row).value).sum();
        let expected = scale * sum / rows.len() as f64;
        let mut work = Work::default();
        let mut all = Vec::new();
        for row in rows {
            all.extend_from_slice(work.read(&paths, row));
        }
        let tables = paths.leaves.iter().zip(tabled);
        let tables = tables
            // A tree of one leaf owes nobody anything.
            .filter(|(leaf, tabled)| **tabled && !leaf.players.is_empty())
            .map(|(leaf, _)| Table::new(&paths, leaf, scale, &all))
            .collect();
        let mut untabled = Vec::new();
        if tabled.contains(&false) {
            untabled = vec![false; paths.splits.len()];
            untabled.extend(tabled.iter().map(|tabled| !tabled));
            for (slot, split) in paths.splits.iter().enumerate().rev() {
                untabled[slot] = untabled[split.left] || untabled[split.right];
            }
        }
        Self {
            paths,
            tables,
            untabled,
            expected,
        }
    }

    /// The mean value of the tree over the background.
    pub fn expected(&self) -> f64 {
        self.expected
    }

    /// Adds what each feature is owed for `row` to `out[feature]`.
    pub fn add(
        &self,
        row: &[f32],
        background: &[f32],
        scale: f64,
        work: &mut Work,
        walker: &mut Walker,
        out: &mut [f64],
    ) {
        let sides = work.read(&self.paths, row);
        for table in &self.tables {
            table.add(sides, out);
        }
        if !self.untabled.is_empty() {
            let others = background.chunks_exact(row.len());
            let scale = scale / others.len() as f64;
            for other in others {
                walker.add(&self.paths, &self.untabled, scale, row, other, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::shapley::tests::grown;

    #[test]
    fn small_leaves_come_first_and_the_budget_is_kept() {
        let (model, _) = grown(10, 40, None, 1);
        let paths: Vec<Paths> = model.trees.iter().map(Paths::of).collect();
        let players = |tabled: &[Vec<bool>], wanted: bool| -> Vec<usize> {
            let leaves = paths.iter().zip(tabled).flat_map(|(paths, tabled)| {
                let pairs = paths.leaves.iter().zip(tabled);
                pairs.filter(move |(_, tabled)| **tabled == wanted)
            });
            leaves.map(|(leaf, _)| leaf.players.len()).collect()
        };
        let tabled = within_budget(&paths, 2000);
        let (with, without) = (players(&tabled, true), players(&tabled, false));
        let used: usize = with.iter().map(|m| cells(*m).unwrap()).sum();
        assert!(used <= 2000 && !with.is_empty() && !without.is_empty());
        assert!(with.iter().max() <= without.iter().min());
        assert!(players(&within_budget(&paths, BUDGET), false).is_empty());
    }
}

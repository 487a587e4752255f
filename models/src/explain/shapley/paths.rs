//! What a row meets on its ways through a tree: splits, and which of their sides it passes.

use crate::tree::{Node, Tree};

/// What a row is to a split: already refused above by one on the same feature, or let through to
/// the left or to the right. It passes the way from the root to a child as far as the split's
/// feature is concerned exactly when it is let through to that child.
pub(super) type State = u8;
pub(super) const REFUSED: State = 0;
pub(super) const LEFT: State = 1;
pub(super) const RIGHT: State = 2;

/// A tree with its inner nodes numbered from 0 in their order (parents first), and its leaves
/// after them: these numbers are called slots.
pub(super) struct Paths {
    pub splits: Vec<Split>,
    pub leaves: Vec<Leaf>,
}

pub(super) struct Split {
    node: Node,
    pub feature: usize,
    /// The slots of the two children.
    pub left: usize,
    pub right: usize,
    /// The nearest split above on the same feature, and the side that leads here. Without one it
    /// is the slot after all splits, which always says [`LEFT`].
    before: usize,
    before_side: State,
    /// The product of the shares of training rows at the splits above on this feature.
    pub share_before: f64,
    /// That times the share that goes to each child.
    pub share_left: f64,
    pub share_right: f64,
}

pub(super) struct Leaf {
    pub value: f64,
    /// The share of training rows that the splits on its way leave, one after another.
    pub reach: f64,
    /// The features on the way, in the order met from below.
    pub players: Vec<Player>,
}

/// A feature on the way to a leaf. A row passes all its splits exactly when its state at the
/// lowest of them is `side`.
pub(super) struct Player {
    pub feature: usize,
    pub split: usize,
    pub side: State,
    /// The product of the shares of training rows that took those turns.
    pub share: f64,
}

impl Paths {
    pub fn of(tree: &Tree) -> Self {
        let inner = tree.nodes.iter().filter(|node| !node.is_leaf()).count();
        let mut slots = vec![0; tree.nodes.len()];
        let (mut next_split, mut next_leaf) = (0, inner);
        for (slot, node) in slots.iter_mut().zip(&tree.nodes) {
            let next = if node.is_leaf() {
                &mut next_leaf
            } else {
                &mut next_split
            };
            *slot = *next;
            *next += 1;
        }
        // For each slot, the split above it and the side.
        let mut above = vec![(inner, LEFT); tree.nodes.len()];
        let mut reach = vec![1.0; tree.nodes.len()];
        let mut splits: Vec<Split> = Vec::with_capacity(inner);
        for node in tree.nodes.iter().filter(|node| !node.is_leaf()) {
            let here = splits.len();
            let (left, right) = (slots[node.left as usize], slots[node.right as usize]);
            let rows = |child: u32| tree.nodes[child as usize].rows as f64;
            let total = rows(node.left) + rows(node.right);
            let share = if total > 0.0 {
                rows(node.left) / total
            } else {
                0.5
            };
            above[left] = (here, LEFT);
            above[right] = (here, RIGHT);
            reach[left] = reach[here] * share;
            reach[right] = reach[here] * (1.0 - share);
            let feature = node.feature as usize;
            let (mut before, mut before_side) = above[here];
            while before < inner && splits[before].feature != feature {
                (before, before_side) = above[before];
            }
            let share_before = match splits.get(before) {
                None => 1.0,
                Some(split) => split.share(before_side),
            };
            splits.push(Split {
                node: node.clone(),
                feature,
                left,
                right,
                before,
                before_side,
                share_before,
                share_left: share_before * share,
                share_right: share_before * (1.0 - share),
            });
        }
        let leaves = tree
            .nodes
            .iter()
            .zip(&slots)
            .filter(|(node, _)| node.is_leaf())
            .map(|(node, &slot)| {
                let mut players: Vec<Player> = Vec::new();
                let (mut split, mut side) = above[slot];
                while split < inner {
                    let feature = splits[split].feature;
                    if players.iter().all(|player| player.feature != feature) {
                        let share = splits[split].share(side);
                        players.push(Player {
                            feature,
                            split,
                            side,
                            share,
                        });
                    }
                    (split, side) = above[split];
                }
                Leaf {
                    value: node.value,
                    reach: reach[slot],
                    players,
                }
            })
            .collect();
        Self { splits, leaves }
    }

    /// The value of the tree with no feature known.
    pub fn expected(&self) -> f64 {
        self.leaves.iter().map(|leaf| leaf.value * leaf.reach).sum()
    }

    /// The most features on the way to a leaf.
    pub fn most_players(&self) -> usize {
        let players = self.leaves.iter().map(|leaf| leaf.players.len());
        players.max().unwrap_or(0)
    }

    /// Fills `states` with what `row` is to each split.
    pub fn read(&self, row: &[f32], states: &mut Vec<State>) {
        states.clear();
        states.resize(self.splits.len() + 1, LEFT);
        for (i, split) in self.splits.iter().enumerate() {
            let refused = states[split.before] != split.before_side;
            states[i] = match split.node.goes_left(row[split.feature]) {
                _ if refused => REFUSED,
                true => LEFT,
                false => RIGHT,
            };
        }
    }
}

impl Split {
    fn share(&self, side: State) -> f64 {
        if side == LEFT {
            self.share_left
        } else {
            self.share_right
        }
    }

    pub fn child(&self, value: f32) -> usize {
        if self.node.goes_left(value) {
            self.left
        } else {
            self.right
        }
    }
}

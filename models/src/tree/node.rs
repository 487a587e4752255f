//! The grown tree: nodes in one array, the root first, children after their parent.

use std::borrow::Cow;

use ndarray::{Array1, ArrayView2};

use super::limits::category;
use super::{BinnedMatrix, FeatureBins};

/// One node. A leaf has `left == 0`, for the root is nobody's child.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub feature: u32,
    /// Values up to this go left. Not looked at where the split is on categories.
    pub threshold: f32,
    /// The bin whose upper edge the threshold is.
    pub bin: u8,
    /// For a split on categories, which of them go left and which right.
    pub categories: Option<Box<CategorySplit>>,
    pub missing_left: bool,
    pub left: u32,
    pub right: u32,
    /// What the split gained; 0 for a leaf.
    pub gain: f64,
    /// Training rows that came here.
    pub rows: usize,
    /// Sums of the criterion over those rows.
    pub gradient: f64,
    pub hessian: f64,
    /// The value of the node as a leaf; kept for inner nodes too.
    pub value: f64,
}

/// The two sides of a split on categories. Categories are numbered from 0 to
/// [`MAX_CATEGORY`](super::MAX_CATEGORY); one that stands on neither side was not met here in training and goes the
/// way of missing values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CategorySplit {
    pub left: CategorySet,
    pub right: CategorySet,
}

impl CategorySplit {
    /// Whether a value goes left; nothing where it stands on neither side.
    pub(crate) fn goes_left(&self, value: f32) -> Option<bool> {
        let category = category(value)?;
        if self.left.contains(category) {
            Some(true)
        } else if self.right.contains(category) {
            Some(false)
        } else {
            None
        }
    }
}

/// A set of categories, as bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CategorySet {
    words: Vec<u64>,
}

impl CategorySet {
    pub(crate) fn contains(&self, category: u16) -> bool {
        let (word, bit) = (usize::from(category) / 64, category % 64);
        self.words.get(word).is_some_and(|w| w >> bit & 1 == 1)
    }

    /// The categories, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let words = self
            .words
            .iter()
            .enumerate()
            .filter(|(_, word)| **word != 0);
        words.flat_map(|(place, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| (64 * place + bit) as u16)
        })
    }
}

impl FromIterator<u16> for CategorySet {
    fn from_iter<I: IntoIterator<Item = u16>>(categories: I) -> Self {
        let mut words = Vec::new();
        for category in categories {
            let (word, bit) = (usize::from(category) / 64, category % 64);
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            words[word] |= 1 << bit;
        }
        Self { words }
    }
}

impl Node {
    pub(crate) fn is_leaf(&self) -> bool {
        self.left == 0
    }

    /// Whether a value of the node's feature goes left.
    pub(crate) fn goes_left(&self, value: f32) -> bool {
        if value.is_nan() {
            return self.missing_left;
        }
        match &self.categories {
            None => value <= self.threshold,
            Some(split) => split.goes_left(value).unwrap_or(self.missing_left),
        }
    }

    /// Whether the values of a bin of the node's feature go left.
    pub(crate) fn bin_goes_left(&self, bins: &FeatureBins, bin: u8) -> bool {
        if bin == bins.missing_bin() {
            return self.missing_left;
        }
        match &self.categories {
            None => bin <= self.bin,
            // Categories that share a bin go together.
            Some(split) => bins
                .categories(bin)
                .first()
                .and_then(|category| split.goes_left(f32::from(*category)))
                .unwrap_or(self.missing_left),
        }
    }

    /// Makes a leaf of an inner node.
    pub(crate) fn cut(&mut self) {
        self.left = 0;
        self.right = 0;
        self.gain = 0.0;
        self.categories = None;
    }

    fn child(&self, value: f32) -> u32 {
        if self.goes_left(value) {
            self.left
        } else {
            self.right
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub nodes: Vec<Node>,
}

/// For each feature the sum of what `of` says of the splits on it, tree after tree.
pub(crate) fn sum_over_splits<'a>(
    features: usize,
    trees: impl IntoIterator<Item = &'a Tree>,
    of: impl Fn(&Tree, &Node) -> f64,
) -> Array1<f64> {
    let mut sums = Array1::zeros(features);
    for tree in trees {
        for node in tree.nodes.iter().filter(|node| !node.is_leaf()) {
            sums[node.feature as usize] += of(tree, node);
        }
    }
    sums
}

impl Tree {
    /// The index of the leaf that a row of feature values falls into.
    pub(crate) fn leaf_index(&self, row: &[f32]) -> usize {
        let mut index = 0;
        loop {
            let node = &self.nodes[index];
            if node.is_leaf() {
                return index;
            }
            index = node.child(row[node.feature as usize]) as usize;
        }
    }

    /// The leaf that a row of feature values falls into.
    pub(crate) fn leaf(&self, row: &[f32]) -> &Node {
        &self.nodes[self.leaf_index(row)]
    }

    /// The leaf that a row of the binned matrix falls into.
    pub(crate) fn leaf_binned(&self, data: &BinnedMatrix, row: usize) -> &Node {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            let feature = node.feature as usize;
            let left = node.bin_goes_left(&data.features()[feature], data.bin(feature, row));
            node = &self.nodes[if left { node.left } else { node.right } as usize];
        }
        node
    }

    pub(crate) fn leaf_count(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_leaf()).count()
    }

    /// The longest way from the root to a leaf, in splits.
    pub(crate) fn depth(&self) -> usize {
        let mut depth = vec![0; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if !node.is_leaf() {
                depth[node.left as usize] = depth[i] + 1;
                depth[node.right as usize] = depth[i] + 1;
            }
        }
        depth.into_iter().max().unwrap_or(0)
    }
}

/// The rows of `x` as one slice in row-major order, copied only where it lies otherwise.
pub(crate) fn row_major(x: ArrayView2<'_, f32>) -> Cow<'_, [f32]> {
    match x.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(x.iter().copied().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_a_whole_number_that_fits() {
        assert_eq!(category(0.0), Some(0));
        assert_eq!(category(-0.0), Some(0));
        assert_eq!(category(65_535.0), Some(65_535));
        for value in [-1.0, 0.5, 65_536.0, f32::INFINITY, f32::NAN] {
            assert_eq!(category(value), None, "{value}");
        }
    }

    #[test]
    fn categories_on_neither_side_are_told_apart_from_those_on_the_right() {
        let split = CategorySplit {
            left: [3, 200].into_iter().collect(),
            right: [0].into_iter().collect(),
        };
        assert_eq!(split.left.iter().collect::<Vec<_>>(), [3, 200]);
        assert_eq!(
            [3.0, 200.0, 0.0, 4.0, 70.0, -3.0].map(|v| split.goes_left(v)),
            [Some(true), Some(true), Some(false), None, None, None]
        );
    }
}

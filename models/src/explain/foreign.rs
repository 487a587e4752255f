//! Trees that another library grew.

use std::borrow::Cow;

use super::{ExplainError, TreeSum};
use crate::tree::{CategorySplit, Node, Tree};

/// A tree as columns, one entry a node: node 0 is the root, and children stand after their parent.
///
/// A leaf has `left` and `right` 0; what the other columns say of its split is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeColumns {
    /// The feature column that a node splits on.
    pub feature: Vec<usize>,
    /// Values up to this go left. A library with thresholds in double precision needs them
    /// rounded down.
    pub threshold: Vec<f32>,
    /// For a split on categories those that go left, all others going right; empty otherwise.
    pub left_categories: Vec<Vec<u16>>,
    /// Whether missing values go left.
    pub missing_left: Vec<bool>,
    /// Node of the left child, 0 for a leaf.
    pub left: Vec<usize>,
    /// Node of the right child, 0 for a leaf.
    pub right: Vec<usize>,
    /// The value of a leaf.
    pub value: Vec<f64>,
    /// Training rows that came to each node.
    pub rows: Vec<usize>,
}

impl TreeSum<'static> {
    /// A sum of trees from elsewhere, such as those of LightGBM's or scikit-learn's model.
    ///
    /// # Errors
    /// [`ExplainError::NoColumns`] for 0 features; [`ExplainError::Node`] for a tree without nodes, columns of different lengths, a feature
    /// out of range, children that do not exist, stand before their parent or have two, values
    /// that are not finite, and splits whose children have no rows.
    pub fn from_columns(
        features: usize,
        start: f64,
        trees: &[TreeColumns],
    ) -> Result<Self, ExplainError> {
        if features == 0 {
            return Err(ExplainError::NoColumns);
        }
        let read = |(number, columns): (usize, &TreeColumns)| {
            let error = |(node, problem)| ExplainError::Node {
                tree: number,
                node,
                problem,
            };
            columns.read(features).map(Cow::Owned).map_err(error)
        };
        let trees: Result<_, _> = trees.iter().enumerate().map(read).collect();
        Ok(Self {
            features,
            start,
            scale: 1.0,
            trees: trees?,
        })
    }
}

impl TreeColumns {
    fn read(&self, features: usize) -> Result<Tree, (usize, &'static str)> {
        let count = self.feature.len();
        let lengths = [
            self.threshold.len(),
            self.left_categories.len(),
            self.missing_left.len(),
            self.left.len(),
            self.right.len(),
            self.value.len(),
            self.rows.len(),
        ];
        if lengths.iter().any(|length| *length != count) {
            return Err((0, "the columns differ in length"));
        }
        if count == 0 {
            return Err((0, "a tree has at least one node"));
        }
        let index = |number: usize| u32::try_from(number).map_err(|_| "a number above 4294967295");
        let mut nodes = Vec::with_capacity(count);
        let mut has_parent = vec![false; count];
        for i in 0..count {
            let is_leaf = self.left[i] == 0 && self.right[i] == 0;
            if i > 0 && !has_parent[i] {
                return Err((i, "no node before it has it as a child"));
            }
            if !self.value[i].is_finite() {
                return Err((i, "its value is not finite"));
            }
            if !is_leaf {
                for child in [self.left[i], self.right[i]] {
                    if child <= i || child >= count {
                        return Err((i, "a child must stand after it and exist"));
                    }
                    if std::mem::replace(&mut has_parent[child], true) {
                        return Err((i, "a child has a parent already"));
                    }
                }
                if self.feature[i] >= features {
                    return Err((i, "its feature does not exist"));
                }
                if self.threshold[i].is_nan() {
                    return Err((i, "its threshold is NaN"));
                }
                if self.rows[self.left[i]] == 0 || self.rows[self.right[i]] == 0 {
                    return Err((i, "each child needs at least one row"));
                }
            }
            let categories = &self.left_categories[i];
            let categories = (!categories.is_empty()).then(|| {
                Box::new(CategorySplit {
                    left: categories.iter().copied().collect(),
                    ..CategorySplit::default()
                })
            });
            // A category on neither side goes the way of missing values; here that is the right.
            let missing_left = self.missing_left[i];
            if categories.is_some() && missing_left {
                return Err((
                    i,
                    "missing values go right where the split is on categories",
                ));
            }
            let feature = if is_leaf { 0 } else { self.feature[i] };
            nodes.push(Node {
                feature: index(feature).map_err(|problem| (i, problem))?,
                threshold: self.threshold[i],
                bin: 0,
                categories,
                missing_left,
                left: index(self.left[i]).map_err(|problem| (i, problem))?,
                right: index(self.right[i]).map_err(|problem| (i, problem))?,
                gain: 0.0,
                rows: self.rows[i],
                gradient: 0.0,
                hessian: self.rows[i] as f64,
                value: self.value[i],
            });
        }
        Ok(Tree { nodes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> TreeColumns {
        TreeColumns {
            feature: vec![1, 0, 0],
            threshold: vec![0.5; 3],
            left_categories: vec![Vec::new(); 3],
            missing_left: vec![true; 3],
            left: vec![1, 0, 0],
            right: vec![2, 0, 0],
            value: vec![0.0, -1.0, 1.0],
            rows: vec![2, 1, 1],
        }
    }

    #[test]
    fn a_tree_from_elsewhere_scores_as_its_columns_say() {
        let sum = TreeSum::from_columns(2, 10.0, &[stump(), stump()]).unwrap();
        let x = ndarray::array![[9.0_f32, 0.0], [0.0, 1.0], [0.0, f32::NAN]];
        assert_eq!(sum.scores(x.view()).unwrap().to_vec(), [8.0, 12.0, 8.0]);
        assert_eq!((sum.feature_count(), sum.tree_count()), (2, 2));
    }

    #[test]
    fn trees_that_cannot_be_are_refused_with_their_place() {
        let error = |change: &dyn Fn(&mut TreeColumns)| {
            let mut bad = stump();
            change(&mut bad);
            let sum = TreeSum::from_columns(2, 0.0, &[stump(), bad]);
            sum.unwrap_err().to_string()
        };
        for (change, want) in [
            (
                (&|t: &mut TreeColumns| t.rows.push(1)) as &dyn Fn(&mut TreeColumns),
                "tree 1, node 0: the columns differ in length",
            ),
            (
                &|t| *t = TreeColumns::default(),
                "tree 1, node 0: a tree has at least one node",
            ),
            (
                &|t| t.feature[0] = 2,
                "tree 1, node 0: its feature does not exist",
            ),
            (
                &|t| t.right[0] = 3,
                "tree 1, node 0: a child must stand after it and exist",
            ),
            (
                &|t| t.left[1] = 1,
                "tree 1, node 1: a child must stand after it and exist",
            ),
            (
                &|t| t.right[0] = 1,
                "tree 1, node 0: a child has a parent already",
            ),
            (
                &|t| (t.left[0], t.right[0]) = (0, 0),
                "tree 1, node 1: no node before it has it as a child",
            ),
            (
                &|t| t.value[2] = f64::NAN,
                "tree 1, node 2: its value is not finite",
            ),
            (
                &|t| t.threshold[0] = f32::NAN,
                "tree 1, node 0: its threshold is NaN",
            ),
            (
                &|t| t.rows[2] = 0,
                "tree 1, node 0: each child needs at least one row",
            ),
            (
                &|t| t.left_categories[0] = vec![3],
                "tree 1, node 0: missing values go right where the split is on categories",
            ),
        ] {
            assert_eq!(error(change), want);
        }
        assert_eq!(
            TreeSum::from_columns(0, 0.0, &[]),
            Err(ExplainError::NoColumns)
        );
    }
}

//! The decision tree of linfa-trees, given what it lacks to be used on churn.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_trees::{SplitQuality, TreeNode};
use ndarray::{Array1, ArrayBase, ArrayView1, ArrayView2, Axis, Data, Ix2};

use super::preprocess::Preprocessing;
use super::{ClassifierError, ProbabilityModel, check_columns};
use crate::tree::{Impurity, Targets, TreeParamError, check_features};

/// Checked settings of [`LinfaTree`]; made by [`LinfaTreeParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTreeValidParams {
    impurity: Impurity,
    max_depth: Option<usize>,
    min_weight_per_leaf: f64,
    prior_rows: f64,
}

/// Settings of [`LinfaTree`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTreeParams(LinfaTreeValidParams);

impl Default for LinfaTreeParams {
    fn default() -> Self {
        Self(LinfaTreeValidParams {
            impurity: Impurity::Gini,
            max_depth: Some(5),
            min_weight_per_leaf: 50.0,
            prior_rows: 10.0,
        })
    }
}

impl LinfaTreeParams {
    /// What a split is to lower. Default [`Impurity::Gini`], as in linfa-trees.
    pub fn impurity(mut self, impurity: Impurity) -> Self {
        self.0.impurity = impurity;
        self
    }

    /// The most splits from the root to a leaf, at least 1; `None` for no limit.
    /// Default `Some(5)`.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The least balanced weight of a leaf, in which both labels together weigh as much as there
    /// are rows. Default 50.
    pub fn min_weight_per_leaf(mut self, weight: f64) -> Self {
        self.0.min_weight_per_leaf = weight;
        self
    }

    /// A leaf's probability counts as many rows of the base rate beside its own. Default 10.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }
}

impl ParamGuard for LinfaTreeParams {
    type Checked = LinfaTreeValidParams;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        if p.max_depth == Some(0) {
            return Err(TreeParamError::Zero { name: "max_depth" });
        }
        for (name, value) in [
            ("min_weight_per_leaf", p.min_weight_per_leaf),
            ("prior_rows", p.prior_rows),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TreeParamError::Negative { name, value });
            }
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted tree of linfa-trees, whose leaves are given probabilities.
///
/// linfa-trees knows no missing values, so they become the median of their column. It fits
/// labels, not probabilities, so the labels are balanced by weight, or a tree on rare churn
/// would say "stays" everywhere and merge its leaves into one. What it then says is a label;
/// each of its leaves is therefore given the rate of the training rows that fall there (without
/// the balancing), drawn towards the base rate by the prior rows. Leaves that linfa-trees
/// merged because they agreed on the label share one rate.
///
/// It is offered to compare with [`DecisionTree`](crate::tree::DecisionTree). It looks at
/// every row for every feature at every node, on one thread, and misses valid splits on columns
/// with few distinct values.
///
/// # Errors of fitting
/// As for the tree models, and [`ClassifierError::Weights`]: the weights are taken for the
/// balance.
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTree {
    preprocessing: Preprocessing,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// Values below the threshold go left, as linfa-trees predicts.
    Split {
        feature: usize,
        threshold: f64,
        left: usize,
        right: usize,
    },
    Leaf {
        probability: f64,
    },
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, ClassifierError> for LinfaTreeValidParams
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = LinfaTree;

    fn fit(&self, train: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<LinfaTree, ClassifierError> {
        let x = train.records().view();
        check_features(x)?;
        if train.weights().is_some() {
            return Err(ClassifierError::Weights("the balanced tree of linfa-trees"));
        }
        let targets = Targets::read(train)?;
        let preprocessing = Preprocessing::learn(x, None);
        let ready = preprocessing.impute(x);
        // Half of all weight for each label. The positives are made a thousandth heavier, so
        // that no leaf's label rests on a tie, which linfa-trees would settle by hash order.
        let heavy = 1.001 * targets.total / (2.0 * targets.positive);
        let light = targets.total / (2.0 * (targets.total - targets.positive));
        let weights: Array1<f32> = targets
            .labels
            .iter()
            .map(|y| if *y { heavy } else { light } as f32)
            .collect();
        let labels = Array1::from(targets.labels.clone());
        let fitted = linfa_trees::DecisionTree::params()
            .split_quality(match self.impurity {
                Impurity::Gini => SplitQuality::Gini,
                Impurity::Entropy => SplitQuality::Entropy,
            })
            .max_depth(self.max_depth)
            .min_weight_leaf(self.min_weight_per_leaf as f32)
            .fit(&linfa::Dataset::new(ready.clone(), labels).with_weights(weights))?;

        let mut tree = LinfaTree {
            preprocessing,
            nodes: Vec::new(),
        };
        tree.copy(fitted.root_node());
        let mut counts = vec![(0.0, 0.0); tree.nodes.len()];
        for (row, label) in ready.axis_iter(Axis(0)).zip(&targets.labels) {
            let (positives, rows) = &mut counts[tree.leaf(row)];
            *positives += if *label { 1.0 } else { 0.0 };
            *rows += 1.0;
        }
        let (base, m) = (targets.base_rate(), self.prior_rows);
        for (node, (positives, rows)) in tree.nodes.iter_mut().zip(counts) {
            if let Node::Leaf { probability } = node {
                // A leaf that no training row reaches says the base rate.
                *probability = if rows + m > 0.0 {
                    (positives + m * base) / (rows + m)
                } else {
                    base
                };
            }
        }
        Ok(tree)
    }
}

impl LinfaTree {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> LinfaTreeParams {
        LinfaTreeParams::default()
    }

    /// Number of leaves.
    pub fn leaf_count(&self) -> usize {
        self.nodes
            .iter()
            .filter(|node| matches!(node, Node::Leaf { .. }))
            .count()
    }

    fn copy(&mut self, node: &TreeNode<f64, bool>) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node::Leaf { probability: 0.0 });
        let children = node.children();
        if !node.is_leaf()
            && let [Some(left), Some(right)] = children.as_slice()
        {
            let (feature, threshold, _) = node.split();
            let (left, right) = (self.copy(left), self.copy(right));
            self.nodes[index] = Node::Split {
                feature,
                threshold,
                left,
                right,
            };
        }
        index
    }

    fn leaf(&self, row: ArrayView1<'_, f64>) -> usize {
        let mut index = 0;
        while let Node::Split {
            feature,
            threshold,
            left,
            right,
        } = &self.nodes[index]
        {
            index = if row[*feature] < *threshold {
                *left
            } else {
                *right
            };
        }
        index
    }
}

impl ProbabilityModel for LinfaTree {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.preprocessing.columns(), x);
        let ready = self.preprocessing.impute(x);
        ready
            .axis_iter(Axis(0))
            .map(|row| match &self.nodes[self.leaf(row)] {
                Node::Leaf { probability } => *probability,
                Node::Split { .. } => unreachable!("`leaf` ends at a leaf"),
            })
            .collect()
    }
}

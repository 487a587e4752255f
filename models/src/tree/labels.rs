//! What trees and forests learn: yes or no, or a number. Both are numbers with weights inside.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{ArrayBase, Data, Ix2};

use super::histogram::{FixedPoint, RowStat};
use super::input::{Targets, check_features, read_labels, read_weights};
use super::{TreeError, TreeParamError};

/// A kind of label that a tree or forest can learn: `bool` for classification, `f32` for
/// regression. There are no others.
pub trait Label: private::Sealed + Copy + Send + Sync + 'static {
    /// How many rows of its prior a leaf of a readable tree counts, where nothing else is said.
    #[doc(hidden)]
    const PRIOR_ROWS: f64;

    /// Reads the labels and weights of a dataset, and checks them against its rows.
    #[doc(hidden)]
    fn read<D, T>(data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Labels, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = Self>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for f32 {}
}

/// How much the rows of each label count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ClassWeights {
    /// Every row counts by its own weight alone.
    #[default]
    Equal,
    /// Both labels count the same in sum: the weights of the rows labelled `c` are multiplied by
    /// `total / (2 total_c)` (King and Zeng 2001; scikit-learn's `balanced`). Probabilities are
    /// then those of a world in which both labels are equally common.
    Balanced,
    /// As [`ClassWeights::Balanced`], but worked out anew for the rows that each tree of a forest
    /// has drawn (Chen, Liaw and Breiman 2004; scikit-learn's `balanced_subsample`). The same as
    /// `Balanced` for a single tree and where every tree sees all rows.
    BalancedPerTree,
    /// Factors that the caller chose, finite and above 0.
    Given {
        /// For rows labelled `false`.
        no: f32,
        /// For rows labelled `true`.
        yes: f32,
    },
}

impl ClassWeights {
    pub(crate) fn check(self) -> Result<(), TreeParamError> {
        if let Self::Given { no, yes } = self {
            for (label, value) in [(false, no), (true, yes)] {
                if !(value.is_finite() && value > 0.0) {
                    return Err(TreeParamError::ClassWeight { label, value });
                }
            }
        }
        Ok(())
    }
}

/// Labels as numbers (`true` is 1) and what each row counts.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Labels {
    pub(crate) values: Vec<f32>,
    /// `None`: every row counts 1.
    pub(crate) weights: Option<Vec<f32>>,
    /// Sum of the weights.
    pub(crate) total: f64,
    /// Whether the values are 0 and 1 only.
    pub(crate) classes: bool,
}

impl Label for bool {
    const PRIOR_ROWS: f64 = 10.0;

    fn read<D, T>(data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Labels, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        let targets = Targets::read_checked(data)?;
        Ok(Labels {
            values: targets
                .labels
                .iter()
                .map(|y| if *y { 1.0 } else { 0.0 })
                .collect(),
            total: targets.total,
            weights: targets.weights,
            classes: true,
        })
    }
}

impl Label for f32 {
    const PRIOR_ROWS: f64 = 0.0;

    fn read<D, T>(data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Labels, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = f32>,
    {
        check_features(data.records().view())?;
        let values: Vec<f32> = read_labels(data)?;
        if let Some(row) = values.iter().position(|y| !y.is_finite()) {
            return Err(TreeError::Label {
                row,
                value: values[row],
            });
        }
        let weights = read_weights(data)?;
        let nothing = |weights: &Vec<f32>| weights.iter().all(|w| *w == 0.0);
        if weights.as_ref().is_some_and(nothing) {
            return Err(TreeError::NoWeight);
        }
        let mut labels = Labels {
            values,
            weights,
            total: 0.0,
            classes: false,
        };
        labels.total = (0..labels.values.len()).map(|row| labels.weight(row)).sum();
        Ok(labels)
    }
}

impl Labels {
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights
            .as_ref()
            .map_or(1.0, |weights| f64::from(weights[row]))
    }

    pub(crate) fn value(&self, row: usize) -> f64 {
        f64::from(self.values[row])
    }

    /// The weighted mean of the labels: for classes the base rate.
    pub(crate) fn mean(&self) -> f64 {
        let sum: f64 = (0..self.values.len())
            .map(|row| self.weight(row) * self.value(row))
            .sum();
        sum / self.total
    }

    /// The weights with the factors of the classes in them. Balancing is over `count(row)` copies
    /// of each row.
    pub(crate) fn reweighted(
        mut self,
        class_weights: ClassWeights,
        count: impl Fn(usize) -> f64,
    ) -> Self {
        let Some((no, yes)) = self.factors(class_weights, count) else {
            return self;
        };
        let weights: Vec<f32> = (0..self.values.len())
            .map(|row| {
                let factor = if self.values[row] > 0.5 { yes } else { no };
                (self.weight(row) * factor) as f32
            })
            .collect();
        self.total = weights.iter().map(|w| f64::from(*w)).sum();
        self.weights = Some(weights);
        self
    }

    /// The factors for rows labelled `false` and `true`; nothing where all stay as they are.
    pub(crate) fn factors(
        &self,
        class_weights: ClassWeights,
        count: impl Fn(usize) -> f64,
    ) -> Option<(f64, f64)> {
        match class_weights {
            _ if !self.classes => None,
            ClassWeights::Equal => None,
            ClassWeights::Given { no, yes } => Some((f64::from(no), f64::from(yes))),
            ClassWeights::Balanced | ClassWeights::BalancedPerTree => {
                let (mut no, mut yes) = (0.0, 0.0);
                for row in 0..self.values.len() {
                    let weight = self.weight(row) * count(row);
                    if self.values[row] > 0.5 {
                        yes += weight;
                    } else {
                        no += weight;
                    }
                }
                // A draw without one of the labels has nothing to balance.
                (no > 0.0 && yes > 0.0).then(|| ((no + yes) / (2.0 * no), (no + yes) / (2.0 * yes)))
            }
        }
    }

    /// The statistics from which trees grow.
    pub(crate) fn stats(&self) -> Stats {
        let rows = 0..self.values.len();
        let (offset, spread) = if self.classes {
            (0.0, 1.0)
        } else {
            let mean = self.mean();
            let largest = rows
                .clone()
                .map(|row| (self.value(row) - mean).abs())
                .fold(0.0, f64::max);
            (mean, power_of_two_from(largest))
        };
        let heaviest = rows.clone().map(|row| self.weight(row)).fold(0.0, f64::max);
        let fixed = FixedPoint::for_largest(heaviest);
        let rows = rows
            .map(|row| {
                let weight = self.weight(row);
                fixed.row(weight * ((self.value(row) - offset) / spread), weight)
            })
            .collect();
        Stats {
            rows,
            fixed,
            offset,
            spread,
        }
    }
}

/// The labels in fixed point: `gradient` is `weight * (label - offset) / spread`, which lies
/// within plus or minus the weight; `hessian` is the weight.
pub(crate) struct Stats {
    pub rows: Vec<RowStat>,
    pub fixed: FixedPoint,
    pub offset: f64,
    /// A power of two, so that dividing by it rounds nothing.
    pub spread: f64,
}

impl Stats {
    /// Brings the sums and gains of grown nodes back to the units of the labels.
    pub(crate) fn restore(&self, node: &mut super::node::Node) {
        node.gradient = node.gradient * self.spread + self.offset * node.hessian;
        node.gain *= self.spread * self.spread;
        node.value = node.gradient / node.hessian;
    }
}

/// The smallest power of two that is at least `x`; 1 for 0.
fn power_of_two_from(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let power = libm::exp2(libm::ceil(libm::log2(x)));
    if power < x { power * 2.0 } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::Dataset;
    use ndarray::array;

    #[test]
    fn balanced_weights_give_both_labels_the_same_sum() {
        let data = Dataset::new(
            array![[0.0_f32], [0.0], [0.0], [0.0]],
            array![true, false, false, false],
        );
        let labels = bool::read(&data)
            .unwrap()
            .reweighted(ClassWeights::Balanced, |_| 1.0);
        // 4 / (2 * 1) and 4 / (2 * 3).
        let want = [2.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0];
        for (weight, want) in labels.weights.as_ref().unwrap().iter().zip(want) {
            assert!((weight - want).abs() < 1e-6);
        }
        assert!((labels.mean() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn numbers_of_any_size_keep_their_differences() {
        for size in [1e-20_f32, 1.0, 3e30] {
            let x = array![[0.0_f32], [0.0], [0.0]];
            let data = Dataset::new(x, array![size, 2.0 * size, 6.0 * size]);
            let stats = f32::read(&data).unwrap().stats();
            for (stat, want) in stats.rows.iter().zip([1.0, 2.0, 6.0]) {
                let got = stats.fixed.real(stat.gradient.into()) * stats.spread + stats.offset;
                let want = want * f64::from(size);
                assert!((got - want).abs() < 1e-7 * want, "{got} for {want}");
            }
        }
    }

    #[test]
    fn faults_of_number_labels_are_named() {
        let x = array![[0.0_f32], [0.0]];
        let message =
            |data: Dataset<f32, f32, ndarray::Ix1>| f32::read(&data).unwrap_err().to_string();
        assert_eq!(
            message(Dataset::new(x.clone(), array![1.0, f32::NAN])),
            "the label of row 1 is NaN; labels must be finite: leave out rows without one"
        );
        assert_eq!(
            message(Dataset::new(x, array![1.0, 2.0]).with_weights(array![0.0, 0.0])),
            "all weights are 0; give at least one row a weight above 0"
        );
    }
}

//! Naive Bayes: each feature speaks for itself, and their evidence is added up.

use linfa::ParamGuard;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::elastic_net::straight_line;
use super::preprocess::check_categories;
use super::validation::fits;
use super::{ClassifierError, ProbabilityModel, check_columns};
use crate::tree::{FeatureBins, MAX_BINS, Targets, category, sigmoid};

/// How a numeric column is modelled within each label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// A normal distribution.
    Gaussian,
    /// The share of rows in each of at most so many bins of about equal numbers of rows (2 to
    /// 255), which takes any shape.
    Binned(usize),
}

/// Checked settings of [`NaiveBayes`]; made by [`NaiveBayesParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct NaiveBayesValidParams {
    density: Density,
    smoothing: f64,
    calibrate: bool,
    categorical: Vec<usize>,
}

/// Settings of [`NaiveBayes`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NaiveBayesParams(NaiveBayesValidParams);

impl Default for NaiveBayesParams {
    fn default() -> Self {
        Self(NaiveBayesValidParams {
            density: Density::Binned(20),
            smoothing: 1.0,
            calibrate: true,
            categorical: Vec::new(),
        })
    }
}

impl NaiveBayesParams {
    /// How numeric columns are modelled. Default [`Density::Binned`] with 20 bins: on the Complete
    /// Journey data (48 features of 21,198 customers at nine dates) ROC AUC on a later date is
    /// 0.8690, with 10 bins 0.8671, with 5 or [`Density::Gaussian`] 0.8625 and 0.8540.
    pub fn density(mut self, density: Density) -> Self {
        self.0.density = density;
        self
    }

    /// Rows that every bin and every category counts beside its own, for each label (Laplace's
    /// rule is 1); above 0. Default 1.
    pub fn smoothing(mut self, rows: f64) -> Self {
        self.0.smoothing = rows;
        self
    }

    /// Whether one factor takes back the confidence that features which say the same lend each
    /// other; see [`NaiveBayes`]. Not with [`Density::Gaussian`]. Default `true`.
    pub fn calibrate(mut self, wanted: bool) -> Self {
        self.0.calibrate = wanted;
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.categorical = columns;
        self
    }
}

impl ParamGuard for NaiveBayesParams {
    type Checked = NaiveBayesValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        if let Density::Binned(bins) = p.density {
            let good = (2..=MAX_BINS).contains(&bins);
            ClassifierError::check("bins", bins as f64, good, "between 2 and 255")?;
        }
        let good = p.smoothing.is_finite() && p.smoothing > 0.0;
        ClassifierError::check("smoothing", p.smoothing, good, "a finite number above 0")?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted naive Bayes classifier (Hastie, Tibshirani and Friedman 2009, "The elements of
/// statistical learning", section 6.6.3).
///
/// The log-odds of a row are those of the base rate, plus for each feature the logarithm of how
/// much likelier its value is under `true` than under `false`. A missing value says nothing, nor
/// does a category not met in training, nor a column without values of both labels.
///
/// Features that say the same are counted twice, so with many related features the sums lie far
/// too near certainty, while the ranking suffers little. The sum is therefore multiplied by one
/// factor and started anew, both fitted to the training rows by logistic regression (Platt 2000,
/// "Probabilistic outputs for support vector machines"), which changes no ranking. On the
/// Complete Journey data, 48 features, it lowers the log loss of a later date from 2.65 to 0.347. It is kept in what bins and categories add, so contributions stay exact; columns
/// modelled as normal have no such place, and [`Density::Gaussian`] stays as it is.
///
/// Normal distributions have a variance of at least 1e-9 of the column's, so that a constant
/// label does not divide by zero. Infinite values met in scoring are drawn back to the training
/// range. Weights are honoured; bins are of rows.
///
/// Without the factor equal to scikit-learn's `GaussianNB` and `CategoricalNB`, but for the
/// variances, where `GaussianNB` adds 1e-9 of the largest variance of all columns.
///
/// # Errors of fitting
/// As for the tree models, [`TreeError::NoSuchColumn`](crate::tree::TreeError::NoSuchColumn) and
/// [`TreeError::Category`](crate::tree::TreeError::Category).
#[derive(Clone, Debug, PartialEq)]
pub struct NaiveBayes {
    /// The log-odds of a row of which nothing is known: those of the base rate, where not
    /// calibrated.
    pub(crate) prior: f64,
    pub(crate) features: Vec<Evidence>,
    /// Mean and standard deviation over the training rows of what each feature adds.
    pub(crate) means: Vec<f64>,
    pub(crate) deviations: Vec<f64>,
}

/// What a value of one feature adds to the log-odds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Evidence {
    /// Means and variances of `false` and of `true`.
    Gaussian {
        means: [f64; 2],
        variances: [f64; 2],
        range: (f32, f32),
    },
    /// Upper edges of all bins but the last, rising, and what each bin adds.
    Binned { edges: Vec<f32>, added: Vec<f64> },
    /// Categories, rising, and what each adds.
    Categorical {
        categories: Vec<u16>,
        added: Vec<f64>,
    },
    /// Says nothing.
    Silent,
}

fits!(NaiveBayesValidParams, NaiveBayes);

impl NaiveBayesValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<NaiveBayes, ClassifierError> {
        check_categories(x, &self.categorical)?;
        let learned: Vec<(Evidence, f64, f64)> = (0..x.ncols())
            .into_par_iter()
            .map(|column| {
                let values = x.column(column);
                let evidence = if self.categorical.contains(&column) {
                    self.categories(values, targets)
                } else {
                    match self.density {
                        Density::Gaussian => gaussian(values, targets),
                        Density::Binned(bins) => self.binned(values, targets, bins),
                    }
                };
                let (mean, deviation) = evidence.moments(values, targets);
                (evidence, mean, deviation)
            })
            .collect();
        let base = targets.base_rate();
        let mut model = NaiveBayes {
            prior: libm::log(base / (1.0 - base)),
            features: Vec::new(),
            means: Vec::new(),
            deviations: Vec::new(),
        };
        for (evidence, mean, deviation) in learned {
            model.features.push(evidence);
            model.means.push(mean);
            model.deviations.push(deviation);
        }
        if self.calibrate && self.density != Density::Gaussian {
            model.calibrate(x, targets);
        }
        Ok(model)
    }
}

impl NaiveBayesValidParams {
    fn binned(&self, values: ArrayView1<'_, f32>, targets: &Targets, bins: usize) -> Evidence {
        let bins = FeatureBins::learn(values, bins);
        let mut counts = vec![[0.0; 2]; bins.bins()];
        for (row, value) in values.iter().enumerate() {
            if !value.is_nan() {
                let label = usize::from(targets.labels[row]);
                counts[usize::from(bins.bin(*value))][label] += targets.weight(row);
            }
        }
        let last = bins.bins() - 1;
        match self.added(&counts) {
            None => Evidence::Silent,
            Some(added) => Evidence::Binned {
                edges: (0..last).map(|bin| bins.upper_edge(bin as u8)).collect(),
                added,
            },
        }
    }

    fn categories(&self, values: ArrayView1<'_, f32>, targets: &Targets) -> Evidence {
        let mut counts = std::collections::BTreeMap::<u16, [f64; 2]>::new();
        for (row, value) in values.iter().enumerate() {
            if let Some(category) = category(*value)
                && targets.weight(row) > 0.0
            {
                let label = usize::from(targets.labels[row]);
                counts.entry(category).or_default()[label] += targets.weight(row);
            }
        }
        let (categories, counts): (Vec<u16>, Vec<[f64; 2]>) = counts.into_iter().unzip();
        match self.added(&counts) {
            None => Evidence::Silent,
            Some(added) => Evidence::Categorical { categories, added },
        }
    }

    /// The logarithm of the ratio of smoothed shares; nothing where a label has no rows.
    fn added(&self, counts: &[[f64; 2]]) -> Option<Vec<f64>> {
        let total = |label: usize| counts.iter().map(|count| count[label]).sum::<f64>();
        let totals = [total(0), total(1)];
        if totals[0] <= 0.0 || totals[1] <= 0.0 {
            return None;
        }
        let share = |count: &[f64; 2], label: usize| {
            let all = totals[label] + self.smoothing * counts.len() as f64;
            libm::log((count[label] + self.smoothing) / all)
        };
        let added = counts.iter().map(|count| share(count, 1) - share(count, 0));
        Some(added.collect())
    }
}

fn gaussian(values: ArrayView1<'_, f32>, targets: &Targets) -> Evidence {
    let rows = || {
        let present = |(row, value): (usize, &f32)| {
            let weight = targets.weight(row);
            (!value.is_nan() && weight > 0.0)
                .then(|| (*value, weight, usize::from(targets.labels[row])))
        };
        values.iter().enumerate().filter_map(present)
    };
    let mut weights = [0.0; 2];
    let mut sums = [0.0; 2];
    let mut range = (f32::INFINITY, f32::NEG_INFINITY);
    for (value, weight, label) in rows() {
        weights[label] += weight;
        sums[label] += weight * f64::from(value);
        range = (range.0.min(value), range.1.max(value));
    }
    if weights[0] <= 0.0 || weights[1] <= 0.0 || range.0 == range.1 {
        return Evidence::Silent;
    }
    let means = [sums[0] / weights[0], sums[1] / weights[1]];
    let all = (sums[0] + sums[1]) / (weights[0] + weights[1]);
    let mut variances = [0.0; 2];
    let mut spread = 0.0;
    for (value, weight, label) in rows() {
        let off = |mean: f64| (f64::from(value) - mean) * (f64::from(value) - mean);
        variances[label] += weight * off(means[label]);
        spread += weight * off(all);
    }
    let least = 1e-9 * spread / (weights[0] + weights[1]);
    let variance = |label: usize| variances[label] / weights[label] + least;
    Evidence::Gaussian {
        means,
        variances: [variance(0), variance(1)],
        range,
    }
}

impl NaiveBayes {
    /// The sum of what the features add to a row.
    fn evidence(&self, row: ArrayView1<'_, f32>) -> f64 {
        let added = self.features.iter().zip(row);
        added.map(|(feature, value)| feature.added(*value)).sum()
    }

    /// Multiplies what features add by one factor, and sets the start anew.
    fn calibrate(&mut self, x: ArrayView2<'_, f32>, targets: &Targets) {
        let sums: Vec<f64> = (0..x.nrows())
            .into_par_iter()
            .map(|row| self.evidence(x.row(row)))
            .collect();
        let sums = Array1::from(sums).insert_axis(Axis(1));
        let (factor, start) = straight_line(&sums, targets);
        // A sum that tells nothing, or the wrong way by chance, is left out.
        let factor = factor.max(0.0);
        self.prior = start;
        for feature in &mut self.features {
            if let Evidence::Binned { added, .. } | Evidence::Categorical { added, .. } = feature {
                added.iter_mut().for_each(|added| *added *= factor);
            }
        }
        self.means.iter_mut().for_each(|mean| *mean *= factor);
        self.deviations.iter_mut().for_each(|d| *d *= factor);
    }
}

impl Evidence {
    fn added(&self, value: f32) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        match self {
            Self::Gaussian {
                means,
                variances,
                range,
            } => {
                let value = if value.is_infinite() {
                    value.clamp(range.0, range.1)
                } else {
                    value
                };
                let log_density = |label: usize| {
                    let off = f64::from(value) - means[label];
                    -0.5 * (libm::log(variances[label]) + off * off / variances[label])
                };
                log_density(1) - log_density(0)
            }
            Self::Binned { edges, added } => added[edges.partition_point(|edge| *edge < value)],
            Self::Categorical { categories, added } => category(value)
                .and_then(|category| categories.binary_search(&category).ok())
                .map_or(0.0, |place| added[place]),
            Self::Silent => 0.0,
        }
    }

    /// Weighted mean and standard deviation of what is added.
    fn moments(&self, values: ArrayView1<'_, f32>, targets: &Targets) -> (f64, f64) {
        let weighted = |f: &dyn Fn(f64) -> f64| {
            let terms = values.iter().enumerate();
            let sum: f64 = terms
                .map(|(row, value)| targets.weight(row) * f(self.added(*value)))
                .sum();
            sum / targets.total
        };
        let mean = weighted(&|added| added);
        let variance = weighted(&|added| (added - mean) * (added - mean));
        (mean, variance.sqrt())
    }
}

impl NaiveBayes {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> NaiveBayesParams {
        NaiveBayesParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.features.len()
    }

    /// What each feature adds to the log-odds of each row, against what it adds to a training
    /// row on average.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the mean log-odds of the training
    /// rows, and each row sums to its log-odds.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        check_columns(self.features.len(), x);
        let features = self.features.len();
        let base = self.prior + self.means.iter().sum::<f64>();
        let mut out = Array2::zeros((x.nrows(), features + 1));
        out.axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .for_each(|(row, mut out)| {
                for (feature, evidence) in self.features.iter().enumerate() {
                    out[feature] = evidence.added(x[[row, feature]]) - self.means[feature];
                }
                out[features] = base;
            });
        out
    }

    /// The standard deviation over the training rows of what each feature adds to the log-odds.
    pub fn importance(&self) -> Array1<f64> {
        Array1::from(self.deviations.clone())
    }
}

impl ProbabilityModel for NaiveBayes {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.features.len(), x);
        let scores: Vec<f64> = (0..x.nrows())
            .into_par_iter()
            .map(|row| sigmoid(self.prior + self.evidence(x.row(row))))
            .collect();
        Array1::from(scores)
    }
}

#[cfg(test)]
mod tests;

//! A column of categories: one column each, or the rate of the label in each.

use std::collections::BTreeMap;

use ndarray::ArrayView1;

use super::numeric::{Moments, centre_and_scale, mean_and_variance};
use super::params::PreprocessingValidParams;
use crate::random;
use crate::tree::{Targets, category};

/// A stream of its own among the random numbers of a seed.
const FOLDS: u64 = 0x666f_6c64;

/// One output a category; all zeros for one not met in training.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OneHot {
    /// Categories met in training, rising, and the output of each; the rare ones share one.
    pub categories: Vec<u16>,
    pub outputs: Vec<usize>,
    /// The output that says "missing", where a training row lacked the value.
    pub missing: Option<usize>,
    pub width: usize,
}

/// The rate of `true` among the training rows of a category, drawn to the base rate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetEncoding {
    /// Categories met in training, rising, and their rates.
    pub categories: Vec<u16>,
    pub rates: Vec<f64>,
    /// The rate of rows that lack the value; the base rate where no training row did.
    pub missing: f64,
    /// For a category that was not met in training.
    pub base: f64,
    pub centre: f64,
    pub scale: f64,
}

/// Rows, weight and weight of `true` of one category.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    rows: usize,
    weight: f64,
    positive: f64,
}

impl Count {
    fn add(&mut self, weight: f64, label: bool) {
        self.rows += 1;
        self.weight += weight;
        self.positive += if label { weight } else { 0.0 };
    }

    fn rate(&self, base: f64, prior_rows: f64) -> f64 {
        if self.weight + prior_rows > 0.0 {
            (self.positive + prior_rows * base) / (self.weight + prior_rows)
        } else {
            base
        }
    }
}

/// The categories of a column with their counts; the key `None` is "missing". Rows of weight 0
/// do not count.
type Counts = BTreeMap<Option<u16>, Count>;

fn count(values: ArrayView1<'_, f32>, targets: &Targets, rows: impl Fn(usize) -> bool) -> Counts {
    let mut counts = Counts::new();
    for (row, value) in values.iter().enumerate() {
        let weight = targets.weight(row);
        if weight > 0.0 && rows(row) {
            let entry = counts.entry(category(*value)).or_default();
            entry.add(weight, targets.labels[row]);
        }
    }
    counts
}

impl OneHot {
    /// Nothing where it would take more outputs than `max_one_hot`.
    pub(super) fn learn(
        values: ArrayView1<'_, f32>,
        targets: &Targets,
        params: &PreprocessingValidParams,
    ) -> Option<(Self, Vec<Moments>)> {
        let counts = count(values, targets, |_| true);
        let mut weights: Vec<f64> = Vec::new();
        let mut rare: Option<usize> = None;
        let mut column = Self {
            categories: Vec::new(),
            outputs: Vec::new(),
            missing: None,
            width: 0,
        };
        for (category, count) in &counts {
            let output = if count.rows >= params.min_category_rows {
                weights.push(0.0);
                weights.len() - 1
            } else {
                *rare.get_or_insert_with(|| {
                    weights.push(0.0);
                    weights.len() - 1
                })
            };
            weights[output] += count.weight;
            match category {
                Some(category) => {
                    column.categories.push(*category);
                    column.outputs.push(output);
                }
                None => column.missing = Some(output),
            }
        }
        column.width = weights.len();
        let moments = weights.iter().map(|weight| {
            let share = weight / targets.total;
            (share, (share * (1.0 - share)).max(0.0).sqrt())
        });
        (column.width <= params.max_one_hot).then(|| (column.clone(), moments.collect()))
    }

    pub(super) fn write(&self, value: f32, out: &mut [f64]) {
        out.fill(0.0);
        let output = if value.is_nan() {
            self.missing
        } else {
            place(&self.categories, value).map(|place| self.outputs[place])
        };
        if let Some(output) = output {
            out[output] = 1.0;
        }
    }
}

/// Where a value stands among the categories met in training.
fn place(categories: &[u16], value: f32) -> Option<usize> {
    categories.binary_search(&category(value)?).ok()
}

impl TargetEncoding {
    pub(super) fn learn(
        values: ArrayView1<'_, f32>,
        targets: &Targets,
        params: &PreprocessingValidParams,
    ) -> (Self, Vec<Moments>) {
        let counts = count(values, targets, |_| true);
        let base = targets.base_rate();
        let mut column = Self::of(&counts, base, params.prior_rows);
        let mut rates: Vec<(f64, f64)> = counts
            .iter()
            .map(|(category, count)| (column.rate(*category), count.weight))
            .collect();
        rates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mean, variance) = mean_and_variance(&rates);
        let constant = rates.first().map(|r| r.0) == rates.last().map(|r| r.0);
        let deviation = if constant { 0.0 } else { variance.sqrt() };
        (column.centre, column.scale) = centre_and_scale(params.scaling, &rates, mean, deviation);
        let moments = (
            (mean - column.centre) * column.scale,
            deviation * column.scale,
        );
        (column, vec![moments])
    }

    fn of(counts: &Counts, base: f64, prior_rows: f64) -> Self {
        let rate = |count: &Count| count.rate(base, prior_rows);
        let (categories, rates) = counts
            .iter()
            .filter_map(|(category, count)| Some(((*category)?, rate(count))))
            .unzip();
        Self {
            categories,
            rates,
            missing: counts.get(&None).map_or(base, rate),
            base,
            centre: 0.0,
            scale: 1.0,
        }
    }

    fn rate(&self, category: Option<u16>) -> f64 {
        match category {
            None => self.missing,
            Some(category) => match self.categories.binary_search(&category) {
                Ok(place) => self.rates[place],
                Err(_) => self.base,
            },
        }
    }

    pub(super) fn write(&self, value: f32, out: &mut [f64]) {
        let rate = if value.is_nan() {
            self.missing
        } else {
            place(&self.categories, value).map_or(self.base, |place| self.rates[place])
        };
        out[0] = (rate - self.centre) * self.scale;
    }

    /// The training rows, each encoded by the rows of the other folds, so that none sees its own
    /// label.
    pub(super) fn out_of_fold(
        &self,
        values: ArrayView1<'_, f32>,
        targets: &Targets,
        params: &PreprocessingValidParams,
    ) -> Vec<f64> {
        let fold = |row: usize| random::bits(params.seed, FOLDS, row as u64) % params.folds as u64;
        let mut encoded = vec![0.0; values.len()];
        for number in 0..params.folds as u64 {
            let counts = count(values, targets, |row| fold(row) != number);
            let (weight, positive) = counts.values().fold((0.0, 0.0), |sums, count| {
                (sums.0 + count.weight, sums.1 + count.positive)
            });
            let base = if weight > 0.0 {
                positive / weight
            } else {
                targets.base_rate()
            };
            let mut others = Self::of(&counts, base, params.prior_rows);
            (others.centre, others.scale) = (self.centre, self.scale);
            for (row, value) in values.iter().enumerate() {
                if fold(row) == number {
                    others.write(*value, &mut encoded[row..=row]);
                }
            }
        }
        encoded
    }
}

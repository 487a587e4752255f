//! Fitting: one tree after another on the gradients of a loss.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::super::criterion::Newton;
use super::super::grow::{CategoryLimits, Chance, Grower, Grown, Limits, Monotone, Workspace};
use super::super::histogram::RowStat;
use super::super::node::{Tree, row_major};
use super::super::scoring::Scorer;
use super::super::{BinnedMatrix, TreeError};
use super::loss::{BoostingLoss, Job, Objective, Rows};
use super::params::{BoostingParams, BoostingValidParams};
use super::renew::renew;
use super::score::add_trees;
use super::settings::Settings;
use crate::random;

impl<L, D, T> Fit<ArrayBase<D, Ix2>, T, TreeError> for BoostingValidParams<L>
where
    L: BoostingLoss,
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = L::Label>,
{
    type Object = L::Model;

    fn fit(&self, train: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<L::Model, TreeError> {
        self.run(Rows::read(train)?, None, None)
    }
}

/// Fitting with validation rows, and growing on. The same methods check the settings first on
/// [`BoostingParams`].
impl<L: BoostingLoss> BoostingValidParams<L> {
    /// Fits on `train` and keeps as many trees as give `validation` its lowest loss (the fewest
    /// of equals, at least one), growing no further once it has not fallen for the set number
    /// of trees.
    ///
    /// # Errors
    /// As for fitting, for either set; and [`TreeError::ColumnCount`].
    pub fn fit_with_validation<D, T, D2, T2>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = L::Label>,
    {
        let validation = Rows::read(validation)?;
        same_columns(train.records().ncols(), validation.x)?;
        self.run(Rows::read(train)?, Some(validation), None)
    }

    /// Continues `model` with up to [`n_trees`](BoostingParams::n_trees) further trees, learned
    /// from `train`, which may be other rows of the same columns.
    ///
    /// With the rows and settings that `model` was fitted with, the result is to the bit that
    /// of fitting all the trees at once.
    ///
    /// # Errors
    /// As for fitting; [`TreeError::ColumnCount`]; and [`TreeError::OtherLoss`] or
    /// [`TreeError::UnknownClass`] when `model` and the settings or labels do not fit together.
    pub fn fit_from<D, T>(
        &self,
        model: &L::Model,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
    {
        self.run(Rows::read(train)?, None, Some(model))
    }

    /// [`fit_from`](Self::fit_from) with validation rows: keeps as many further trees as give
    /// them their lowest loss, none if none lowers it.
    ///
    /// # Errors
    /// Those of [`fit_from`](Self::fit_from) and
    /// [`fit_with_validation`](Self::fit_with_validation).
    pub fn fit_from_with_validation<D, T, D2, T2>(
        &self,
        model: &L::Model,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = L::Label>,
    {
        let validation = Rows::read(validation)?;
        same_columns(train.records().ncols(), validation.x)?;
        self.run(Rows::read(train)?, Some(validation), Some(model))
    }

    fn run<'a>(
        &'a self,
        train: Rows<'a, L::Label>,
        validation: Option<Rows<'a, L::Label>>,
        from: Option<&'a L::Model>,
    ) -> Result<L::Model, TreeError> {
        self.loss.boost(Job {
            settings: &self.settings,
            train,
            validation,
            from,
        })
    }
}

impl<L: BoostingLoss> BoostingParams<L> {
    /// Checks the settings, then see [`BoostingValidParams::fit_with_validation`].
    pub fn fit_with_validation<D, T, D2, T2>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = L::Label>,
    {
        self.check_ref()?.fit_with_validation(train, validation)
    }

    /// Checks the settings, then see [`BoostingValidParams::fit_from`].
    pub fn fit_from<D, T>(
        &self,
        model: &L::Model,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
    {
        self.check_ref()?.fit_from(model, train)
    }

    /// Checks the settings, then see [`BoostingValidParams::fit_from_with_validation`].
    pub fn fit_from_with_validation<D, T, D2, T2>(
        &self,
        model: &L::Model,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<L::Model, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L::Label>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = L::Label>,
    {
        self.check_ref()?
            .fit_from_with_validation(model, train, validation)
    }
}

fn same_columns(expected: usize, x: ArrayView2<'_, f32>) -> Result<(), TreeError> {
    let found = x.ncols();
    if found == expected {
        Ok(())
    } else {
        Err(TreeError::ColumnCount { expected, found })
    }
}

/// What was fitted, or is to be continued.
pub(crate) struct Boosted {
    pub features: usize,
    /// The scores before any tree, one an output.
    pub start: Vec<f64>,
    /// Round after round, in each a tree an output.
    pub trees: Vec<Tree>,
    pub validation_losses: Vec<f64>,
}

/// Boosts `objective`, which speaks of the rows `x`, and stops by that of the validation rows.
pub(crate) fn boost<O: Objective>(
    settings: &Settings,
    x: ArrayView2<'_, f32>,
    objective: &O,
    validation: Option<(ArrayView2<'_, f32>, O)>,
    from: Option<Boosted>,
) -> Result<Boosted, TreeError> {
    check_named_columns(settings, x.ncols())?;
    if let Some(from) = &from {
        same_columns(from.features, x)?;
    }
    let data = BinnedMatrix::with_categories(x, settings.max_bins, &settings.categorical)?;
    // Within the pool: from outside, each of thousands of small parallel steps would have
    // to be handed over and waited for.
    Ok(rayon::scope(|_| {
        let continued = from.is_some();
        let from = from.unwrap_or_else(|| Boosted {
            features: x.ncols(),
            start: objective.start(),
            trees: Vec::new(),
            validation_losses: Vec::new(),
        });
        let scores = scores_so_far(&from, x);
        let validation = validation.map(|(x, objective)| {
            let scores = scores_so_far(&from, x);
            Validation::new(settings, x, objective, scores, continued)
        });
        grow_trees(settings, &data, objective, scores, validation, from)
    }))
}

/// Whether the settings that speak of columns suit a matrix of so many.
fn check_named_columns(settings: &Settings, columns: usize) -> Result<(), TreeError> {
    let monotone = &settings.monotone;
    if !monotone.is_empty() && monotone.len() != columns {
        return Err(TreeError::MonotoneCount {
            constraints: monotone.len(),
            columns,
        });
    }
    let constrained =
        |column: &&usize| monotone.get(**column).is_some_and(|m| *m != Monotone::Free);
    if let Some(column) = settings.categorical.iter().find(constrained) {
        return Err(TreeError::MonotoneCategory { column: *column });
    }
    let mut grouped = settings.interactions.iter().flatten();
    match grouped.find(|column| **column >= columns) {
        Some(column) => Err(TreeError::UnknownColumn {
            setting: "interactions",
            column: *column,
            columns,
        }),
        None => Ok(()),
    }
}

/// The scores of rows by the trees there are.
fn scores_so_far(model: &Boosted, x: ArrayView2<'_, f32>) -> Vec<f64> {
    let mut scores = vec![0.0; model.start.len() * x.nrows()];
    for (scores, start) in scores.chunks_exact_mut(x.nrows()).zip(&model.start) {
        scores.fill(*start);
    }
    add_trees(&model.trees, x, &mut scores);
    scores
}

fn grow_trees<O: Objective>(
    settings: &Settings,
    data: &BinnedMatrix,
    objective: &O,
    mut scores: Vec<f64>,
    mut validation: Option<Validation<O>>,
    from: Boosted,
) -> Boosted {
    let (rows, outputs) = (data.rows(), objective.outputs());
    let unit = objective.unit();
    let limits = limits(settings, unit);
    let constrained = settings.monotone.iter().any(|m| *m != Monotone::Free);
    let monotone: &[Monotone] = if constrained { &settings.monotone } else { &[] };
    let interactions: Vec<Vec<u32>> = settings
        .interactions
        .iter()
        .map(|group| group.iter().map(|column| *column as u32).collect())
        .collect();
    let criterion = Newton {
        l1: settings.l1 / unit,
        l2: settings.l2,
    };
    let mut stats = vec![RowStat::default(); outputs * rows];
    let mut work = Workspace::default();
    let mut trees = from.trees;
    let before = trees.len();

    for round in before / outputs..before / outputs + settings.n_trees {
        let fixed = objective.gradients(&scores, &mut stats);
        let seen = rows_of_round(settings, round, rows);
        for output in 0..outputs {
            let number = round * outputs + output;
            let features = features_of_tree(settings, number, data.features().len());
            let stats = &stats[output * rows..][..rows];
            let grower = Grower {
                monotone,
                interactions: &interactions,
                chance: chance(settings, number, features.len()),
                ..Grower::new(data, stats, fixed, criterion, &limits, &features)
            };
            let mut grown = grower.grow(seen.clone(), &mut work);
            let scores = &mut scores[output * rows..][..rows];
            if objective.renews() {
                renew(&mut grown, monotone, |rows| {
                    objective.leaf_value(scores, rows)
                });
            }
            scale(&mut grown, settings.learning_rate, unit, objective.renews());
            grown.add_to_scores(data, scores);
            trees.push(grown.tree);
        }
        if let Some(validation) = &mut validation {
            validation.add(&trees[trees.len() - outputs..]);
            if validation.has_stalled() {
                break;
            }
        }
    }
    let mut validation_losses = Vec::new();
    if let Some(validation) = validation {
        trees.truncate(before + outputs * validation.best_rounds);
        validation_losses = validation.losses;
    }
    Boosted {
        features: from.features,
        start: from.start,
        trees,
        validation_losses,
    }
}

fn limits(settings: &Settings, unit: f64) -> Limits {
    Limits {
        max_leaves: settings.max_leaves,
        max_depth: settings.max_depth,
        min_rows_per_leaf: settings.min_rows_per_leaf,
        min_hessian: settings.min_hessian,
        min_gain: settings.min_gain / (unit * unit),
        growth: settings.growth,
        categories: CategoryLimits {
            smoothing: settings.category_smoothing,
            ..CategoryLimits::boosting()
        },
    }
}

/// Which of its `features` a tree may look at in each node.
fn chance(settings: &Settings, number: usize, features: usize) -> Chance {
    let share = settings.feature_fraction_by_node;
    let wanted = ((features as f64 * share).round() as usize).max(1);
    Chance {
        features_per_node: (wanted < features).then_some(wanted),
        seed: settings.seed,
        tree: number as u64,
        ..Chance::default()
    }
}

/// Takes a tree that grew on gradients divided by `unit` back to the units of the scores, and
/// its values times the learning rate.
///
/// A tree that finds nothing to split adds nothing: its one value would only be the chance by
/// which the rows it drew differ from all.
fn scale(grown: &mut Grown, learning_rate: f64, unit: f64, renewed: bool) {
    let value_unit = if renewed { 1.0 } else { unit };
    let split = grown.leaves.len() > 1;
    for node in &mut grown.tree.nodes {
        node.value = if split {
            node.value * learning_rate * value_unit
        } else {
            0.0
        };
        node.gain *= unit * unit;
        node.gradient *= unit;
    }
}

/// The rows that the trees of a round see; all of them, should chance leave none.
fn rows_of_round(settings: &Settings, round: usize, rows: usize) -> Vec<u32> {
    let all = 0..rows as u32;
    if settings.row_fraction < 1.0 {
        let seen = |row: &u32| {
            random::unit(settings.seed, 2 * round as u64, u64::from(*row)) < settings.row_fraction
        };
        // An indexed parallel filter keeps the order.
        let chosen: Vec<u32> = all.clone().into_par_iter().filter(seen).collect();
        if !chosen.is_empty() {
            return chosen;
        }
    }
    all.collect()
}

/// The features that tree `number` may use, ascending.
fn features_of_tree(settings: &Settings, number: usize, features: usize) -> Vec<u32> {
    let wanted = ((features as f64 * settings.feature_fraction).round() as usize).max(1);
    let mut chosen: Vec<u32> = (0..features as u32).collect();
    if wanted < features {
        let stream = 2 * number as u64 + 1;
        chosen.sort_by_key(|f| random::bits(settings.seed, stream, u64::from(*f)));
        chosen.truncate(wanted);
        chosen.sort_unstable();
    }
    chosen
}

/// Rows held out, and how the model does on them round by round.
struct Validation<O> {
    rows: Vec<f32>,
    columns: usize,
    objective: O,
    scores: Vec<f64>,
    losses: Vec<f64>,
    best_rounds: usize,
    best_loss: f64,
    patience: Option<usize>,
}

impl<O: Objective> Validation<O> {
    fn new(
        settings: &Settings,
        x: ArrayView2<'_, f32>,
        objective: O,
        scores: Vec<f64>,
        continued: bool,
    ) -> Self {
        // A model that is continued may be best as it is; one that begins has at least one tree.
        let best_loss = if continued {
            objective.loss(&scores)
        } else {
            f64::INFINITY
        };
        Self {
            rows: row_major(x).into_owned(),
            columns: x.ncols(),
            objective,
            scores,
            losses: Vec::new(),
            best_rounds: usize::from(!continued),
            best_loss,
            patience: settings.early_stopping_rounds,
        }
    }

    /// Takes in the trees of a round, one an output.
    fn add(&mut self, trees: &[Tree]) {
        let rows = self.rows.len() / self.columns;
        for (tree, scores) in trees.iter().zip(self.scores.chunks_exact_mut(rows)) {
            Scorer::new([tree]).add_to(&self.rows, self.columns, scores);
        }
        let loss = self.objective.loss(&self.scores);
        self.losses.push(loss);
        if loss < self.best_loss {
            self.best_loss = loss;
            self.best_rounds = self.losses.len();
        }
    }

    fn has_stalled(&self) -> bool {
        self.patience
            .is_some_and(|patience| self.losses.len() >= self.best_rounds + patience)
    }
}

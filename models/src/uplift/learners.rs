//! Models of uplift on the boosted trees, and the choice among them by Qini on held-out customers.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::UpliftError;
use super::qini::{check, weighed_interval};
use crate::metrics::Interval;
use crate::random;
use crate::tree::{BoostedRegressor, BoostedRegressorParams};

/// Draws for the interval of a Qini coefficient.
const RESAMPLES: usize = 200;

/// A way to learn uplift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learner {
    /// One model of those contacted less one of those held back.
    TwoModels,
    /// One model of `y t / e - y (1 - t) / (1 - e)`, whose mean is the uplift where the share `e`
    /// was drawn by lot (Athey and Imbens 2015; Jaskowski and Jaroszewicz 2012).
    TransformedOutcome,
    /// Two models of what each group did beyond what the other's model expects, mixed by the share
    /// contacted (Künzel, Sekhon, Bickel and Yu 2019, "Metalearners for estimating heterogeneous
    /// treatment effects", PNAS 116, equations 7 to 9).
    XLearner,
}

impl Learner {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TwoModels, Self::TransformedOutcome, Self::XLearner];

    /// Its name in tables and model files.
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoModels => "two-models",
            Self::TransformedOutcome => "transformed-outcome",
            Self::XLearner => "x-learner",
        }
    }

    /// How many models of boosted trees it is made of.
    pub(crate) fn parts(self) -> usize {
        match self {
            Self::TransformedOutcome => 1,
            Self::TwoModels | Self::XLearner => 2,
        }
    }
}

/// Campaigns to learn from, a row for each customer and campaign. Within a campaign it was drawn by
/// lot who is contacted.
#[derive(Clone, Copy, Debug)]
pub struct Trials<'a> {
    /// `n_rows x n_features`, `NaN` where missing, as it was known when the campaign began.
    pub x: ArrayView2<'a, f32>,
    /// Who was contacted.
    pub treated: &'a [bool],
    /// 1 for a response, or what each left over.
    pub outcomes: &'a [f64],
    /// Which campaign each row is of, counted from 0.
    pub campaigns: &'a [usize],
}

/// A fitted model of uplift.
#[derive(Clone, Debug, PartialEq)]
pub struct UpliftModel {
    pub(crate) learner: Learner,
    /// One for the transformed outcome, else of those contacted and those held back.
    pub(crate) models: Vec<BoostedRegressor>,
    /// The share contacted, of all campaigns.
    pub(crate) share: f64,
}

/// What a way reached on customers that it had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// The way.
    pub learner: Learner,
    /// The Qini coefficient for each customer contacted.
    pub qini: Interval,
}

/// The model that was chosen, and what all reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Uplift {
    /// Learned from all customers, by the way that reached most; none where not even the interval
    /// of that lies above 0: then nothing is known of whom a contact changes.
    pub model: Option<UpliftModel>,
    /// In the order of [`Learner::ALL`].
    pub held_out: Vec<Held>,
}

impl UpliftModel {
    /// Learns from campaigns.
    ///
    /// # Errors
    /// [`UpliftError::Lengths`], [`UpliftError::NotFinite`], [`UpliftError::OneGroup`] for a campaign
    /// without one of the groups, and what the trees say of the features.
    pub fn fit(learner: Learner, trials: Trials<'_>, seed: u64) -> Result<Self, UpliftError> {
        let Trials {
            x,
            treated,
            outcomes,
            ..
        } = trials;
        let Weights { share, of_rows } = trials.weights()?;
        let rows = |wanted: bool| -> Vec<usize> {
            (0..treated.len())
                .filter(|row| treated[*row] == wanted)
                .collect()
        };
        let trees = |rows: &[usize], label: &dyn Fn(usize) -> f64| {
            let labels: Array1<f32> = rows.iter().map(|row| label(*row) as f32).collect();
            let weights: Array1<f32> = rows.iter().map(|row| of_rows[*row] as f32).collect();
            let data = Dataset::new(x.select(Axis(0), rows), labels).with_weights(weights);
            settings(rows.len(), seed).fit(&data)
        };
        let plain = |row: usize| outcomes[row];
        let models = match learner {
            Learner::TransformedOutcome => {
                let z = |row: usize| match treated[row] {
                    true => outcomes[row] / share,
                    false => -outcomes[row] / (1.0 - share),
                };
                vec![trees(&(0..treated.len()).collect::<Vec<_>>(), &z)?]
            }
            Learner::TwoModels => vec![trees(&rows(true), &plain)?, trees(&rows(false), &plain)?],
            Learner::XLearner => {
                let (there, held) = (rows(true), rows(false));
                let of_treated = trees(&there, &plain)?.predict_value(x);
                let of_control = trees(&held, &plain)?.predict_value(x);
                vec![
                    trees(&there, &|row| outcomes[row] - of_control[row])?,
                    trees(&held, &|row| of_treated[row] - outcomes[row])?,
                ]
            }
        };
        Ok(Self {
            learner,
            models,
            share,
        })
    }

    /// The expected change of the outcome by a contact, one a row of `x`.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let first = self.models[0].predict_value(x);
        match (self.learner, self.models.get(1)) {
            (Learner::TwoModels, Some(control)) => first - control.predict_value(x),
            // Each where the other group, which its labels come from, is large.
            (Learner::XLearner, Some(control)) => {
                first * (1.0 - self.share) + control.predict_value(x) * self.share
            }
            _ => first,
        }
    }

    /// How it was learned.
    pub fn learner(&self) -> Learner {
        self.learner
    }
}

impl Uplift {
    /// Learns every way from half of the customers of each group and campaign, drawn by `seed`,
    /// measures it on the others, and learns the best from all.
    ///
    /// # Errors
    /// As [`UpliftModel::fit`].
    pub fn choose(trials: Trials<'_>, seed: u64) -> Result<Self, UpliftError> {
        trials.weights()?;
        let (teach, test) = trials.halves(seed);
        let (teach, test) = (trials.part(&teach), trials.part(&test));
        let (teach, test) = (teach.view(), test.view());
        let weights = test.weights()?.of_rows;
        let mut held_out = Vec::with_capacity(Learner::ALL.len());
        for learner in Learner::ALL {
            let model = UpliftModel::fit(learner, teach, seed)?;
            let scores = model.predict(test.x).to_vec();
            let qini = weighed_interval(
                &scores,
                test.treated,
                test.outcomes,
                &weights,
                RESAMPLES,
                seed,
            )?;
            held_out.push(Held { learner, qini });
        }
        let best = held_out
            .iter()
            .max_by(|a, b| a.qini.value.total_cmp(&b.qini.value))
            .filter(|best| best.qini.low > 0.0);
        let model = match best {
            Some(best) => Some(UpliftModel::fit(best.learner, trials, seed)?),
            None => None,
        };
        Ok(Self { model, held_out })
    }
}

/// How much each row counts.
struct Weights {
    /// The share contacted, of all campaigns.
    share: f64,
    /// By row: as if each campaign had contacted that share. One campaign alone weighs 1.
    of_rows: Vec<f64>,
}

/// Rows that were taken out of some trials.
struct Part {
    x: Array2<f32>,
    treated: Vec<bool>,
    outcomes: Vec<f64>,
    campaigns: Vec<usize>,
}

impl Part {
    fn view(&self) -> Trials<'_> {
        Trials {
            x: self.x.view(),
            treated: &self.treated,
            outcomes: &self.outcomes,
            campaigns: &self.campaigns,
        }
    }
}

impl Trials<'_> {
    /// Customers contacted and held back of each campaign.
    fn groups(&self) -> Vec<[usize; 2]> {
        let campaigns = self.campaigns.iter().max().map_or(0, |last| last + 1);
        let mut groups = vec![[0; 2]; campaigns];
        for (campaign, treated) in self.campaigns.iter().zip(self.treated) {
            groups[*campaign][usize::from(!treated)] += 1;
        }
        groups
    }

    fn weights(&self) -> Result<Weights, UpliftError> {
        check(&vec![0.0; self.x.nrows()], self.treated, self.outcomes)?;
        if self.campaigns.len() != self.treated.len() {
            return Err(UpliftError::Lengths {
                scores: self.campaigns.len(),
                treated: self.treated.len(),
                outcomes: self.outcomes.len(),
            });
        }
        let groups = self.groups();
        let used = groups
            .iter()
            .filter(|[treated, control]| treated + control > 0);
        if let Some(&[treated, control]) = used.clone().find(|group| group.contains(&0)) {
            return Err(UpliftError::OneGroup { treated, control });
        }
        let treated: usize = used.map(|[treated, _]| treated).sum();
        let share = treated as f64 / self.treated.len() as f64;
        let weight = |(campaign, treated): (&usize, &bool)| {
            let [there, held] = groups[*campaign];
            let own = there as f64 / (there + held) as f64;
            match treated {
                true => share / own,
                false => (1.0 - share) / (1.0 - own),
            }
        };
        let rows = self.campaigns.iter().zip(self.treated);
        Ok(Weights {
            share,
            of_rows: rows.map(weight).collect(),
        })
    }

    /// Every second row of each group of each campaign, in an order drawn by `seed`, and the others.
    fn halves(&self, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.treated.len()).collect();
        order.sort_by_cached_key(|row| {
            let group = (self.campaigns[*row], self.treated[*row]);
            (group, random::draw(seed, *row as u64), *row)
        });
        let every_second = |first: usize| {
            let mut rows: Vec<usize> = order.iter().skip(first).step_by(2).copied().collect();
            rows.sort_unstable();
            rows
        };
        (every_second(0), every_second(1))
    }

    fn part(&self, rows: &[usize]) -> Part {
        Part {
            x: self.x.select(Axis(0), rows),
            treated: rows.iter().map(|row| self.treated[*row]).collect(),
            outcomes: rows.iter().map(|row| self.outcomes[*row]).collect(),
            campaigns: rows.iter().map(|row| self.campaigns[*row]).collect(),
        }
    }
}

/// Small trees with large leaves: what a contact changes is small beside what chance does.
fn settings(rows: usize, seed: u64) -> BoostedRegressorParams {
    BoostedRegressor::params()
        .n_trees(150)
        .learning_rate(0.05)
        .max_leaves(6)
        .min_rows_per_leaf((rows / 50).clamp(20, 500))
        .feature_fraction(0.7)
        .seed(seed)
}

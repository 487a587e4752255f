//! Models of when customers buy: which there are, and what all of them can say.

use rayon::prelude::*;

use super::estimate::{PerRepeats, sum};
use super::history::{Histories, History};
use super::{BetaGeometric, ParetoNbd, ValueError};

/// The models of when customers buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurchaseKind {
    /// BG/NBD: a customer may leave after each repeat purchase.
    BgNbd,
    /// MBG/NBD: a customer may leave after each purchase, the first included.
    MbgNbd,
    /// BG/CNBD-k: as BG/NBD, and purchases are regular.
    BgCnbd,
    /// MBG/CNBD-k: as MBG/NBD, and purchases are regular.
    MbgCnbd,
    /// Pareto/NBD: a customer may leave at any time.
    ParetoNbd,
}

impl PurchaseKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::BgNbd,
        Self::MbgNbd,
        Self::BgCnbd,
        Self::MbgCnbd,
        Self::ParetoNbd,
    ];

    /// The name in files and messages, such as `mbg-nbd`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BgNbd => "bg-nbd",
            Self::MbgNbd => "mbg-nbd",
            Self::BgCnbd => "bg-cnbd-k",
            Self::MbgCnbd => "mbg-cnbd-k",
            Self::ParetoNbd => "pareto-nbd",
        }
    }

    pub(super) fn is_regular(self) -> bool {
        matches!(self, Self::BgCnbd | Self::MbgCnbd)
    }

    /// Whether a customer may leave at the first purchase.
    pub(super) fn leaves_at_start(self) -> bool {
        matches!(self, Self::MbgNbd | Self::MbgCnbd)
    }
}

/// A fitted model of when customers buy, or one whose parameters are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PurchaseModel {
    /// Customers may leave after a purchase.
    BetaGeometric(BetaGeometric),
    /// Customers may leave at any time.
    Pareto(ParetoNbd),
}

impl PurchaseModel {
    /// Which of the models it is. A model with a regularity is one even where `k` is 1, if it was
    /// not fitted as a plain one.
    pub fn kind(&self) -> PurchaseKind {
        match self {
            Self::Pareto(_) => PurchaseKind::ParetoNbd,
            Self::BetaGeometric(model) => match (model.leaves_at_start, model.regularity) {
                (false, 1) => PurchaseKind::BgNbd,
                (true, 1) => PurchaseKind::MbgNbd,
                (false, _) => PurchaseKind::BgCnbd,
                (true, _) => PurchaseKind::MbgCnbd,
            },
        }
    }

    /// Refuses parameters that no model can have; fitted ones pass.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        match self {
            Self::BetaGeometric(model) => model.check(),
            Self::Pareto(model) => model.check(),
        }
    }

    fn per_repeats(&self, repeats: u32) -> PerRepeats {
        match self {
            Self::BetaGeometric(model) => model.per_repeats(repeats),
            Self::Pareto(model) => model.per_repeats(repeats),
        }
    }

    /// The log-likelihood and its slopes by the parameters, but for the part of the gaps.
    pub(super) fn summed(&self, histories: &Histories) -> (f64, [f64; 4]) {
        let shared: Vec<PerRepeats> = histories
            .repeats
            .par_iter()
            .with_min_len(64)
            .map(|repeats| self.per_repeats(*repeats))
            .collect();
        sum(&histories.cells, |cell| {
            let shared = &shared[cell.group as usize];
            let (ln, slopes) = match self {
                Self::BetaGeometric(model) => model.slopes(cell, shared),
                Self::Pareto(model) => model.slopes(cell, shared),
            };
            (cell.customers, ln, slopes)
        })
    }

    /// Natural logarithm of the likelihood of all customers. Models of one regularity can be
    /// compared by it, and those of several if the histories have their gaps.
    pub fn log_likelihood(&self, histories: &Histories) -> f64 {
        let (ln, _) = self.summed(histories);
        let Self::BetaGeometric(model) = self else {
            return ln;
        };
        let stages = f64::from(model.regularity);
        let gaps = (stages - 1.0) * histories.log_gaps.unwrap_or(0.0);
        ln + gaps - histories.purchases * libm::lgamma(stages)
    }

    /// The probability that a customer is still active.
    pub fn p_alive(&self, history: &History) -> f64 {
        match self {
            Self::BetaGeometric(model) => model.p_alive(history),
            Self::Pareto(model) => model.p_alive(history),
        }
    }

    /// Expected purchases of a customer within `time` from now. For one who has just bought for
    /// the first time ([`History::NEW`]) it is the expectation over all customers.
    pub fn expected_purchases(&self, history: &History, time: f64) -> f64 {
        let if_alive = match self {
            Self::BetaGeometric(model) => model.purchases_if_alive(history, time),
            Self::Pareto(model) => model.purchases_if_alive(history, time),
        };
        if_alive * self.p_alive(history)
    }

    /// The probability of at least one purchase of a customer within `time` from now.
    pub fn p_purchase(&self, history: &History, time: f64) -> f64 {
        self.p_alive(history) * self.again_if_alive(history, time).0
    }

    /// The probability that a customer who is active buys again within `time`, which may be
    /// infinite, and its slope.
    pub(super) fn again_if_alive(&self, history: &History, time: f64) -> (f64, f64) {
        match self {
            // Nobody leaves between two purchases, so an active customer does buy again.
            Self::BetaGeometric(_) if time == f64::INFINITY => (1.0, 0.0),
            Self::BetaGeometric(model) => model.again_if_alive(history, time),
            Self::Pareto(model) => model.again_if_alive(history, time),
        }
    }

    /// The time by which an active customer who does not leave has bought again with this
    /// probability, if purchases take one stage; in the order of it otherwise.
    pub(super) fn usual_gap(&self, history: &History, probability: f64) -> f64 {
        let (shape, rate) = match self {
            Self::BetaGeometric(model) => model.rate_posterior(history, 0),
            Self::Pareto(model) => model.rate_posterior(history),
        };
        rate * (-(-probability).ln_1p() / shape).exp_m1()
    }
}

//! Cross-sell: what a customer who has not bought it yet would buy next, and why.
//!
//! Suggestions are items **never bought before** by the customer; buying again is another
//! question. The model has two parts. The affinity between a customer and an item is a ridge
//! regression of each item on all others, in its leading directions (EASE, Steck 2019). A
//! logistic regression, learned on what was bought for the first time in the last horizon before
//! the as-of day, turns the affinity, the recent rate of new customers of the item, the turn of its
//! season a year before and the habits of the customer into the probability of a first purchase
//! within the horizon. What is no longer sold, or out of season in the horizon, is not suggested:
//! see [`Unavailable`]. The reason beside
//! a suggestion is an association counted in the history, not a weight of the model: see
//! [`Evidence`].
//!
//! [`Ranking`] is a second way, with boosted trees over the candidates of several ways; it also says
//! what is bought again, and tests itself beside simpler ways on later days.
//!
//! Good for frequent purchases from up to a few thousand items (product types, categories, the
//! articles of a small shop). For more articles than `max_items`, use a level of the product
//! taxonomy. Not for ratings, nor for the next item within a visit.
//!
//! ```
//! use linfa::ParamGuard;
//! use regulars_models::cross_sell::{CrossSellParams, History};
//!
//! // Three customers. Items: 0 pasta, 1 sauce, 2 soap.
//! let history = History::new(
//!     &[0, 2, 4, 5],         // rows of each customer
//!     &[1, 1, 2, 2, 3],      // day
//!     &[10, 10, 11, 11, 12], // basket
//!     &[0, 1, 0, 1, 0],      // item
//!     3,
//!     None,
//! )?;
//! let model = CrossSellParams::new().suggestions(1).check()?.fit(&history, 4);
//! let suggestions = model.suggest();
//! assert_eq!((suggestions[0].customer, suggestions[0].item), (2, 1)); // sauce for the pasta
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything is the same on any number of threads: sums over customers are made in parts that
//! depend on the data alone and are added in their order.

mod affinity;
mod calibration;
mod evaluate;
mod evidence;
mod history;
mod linear;
mod model;
mod owned;
mod params;
mod rank;
mod ranker;
mod sales;
mod season;
#[cfg(test)]
mod tests;

pub use evaluate::{Baseline, BaselineKind, EvaluateError, Evaluation, RECENT};
pub use evidence::Evidence;
pub use history::{History, HistoryError};
pub use model::{CrossSell, ScoreKind, Suggestion};
pub use params::{
    CrossSellParamError, CrossSellParams, CrossSellValidParams, MOST_ITEMS, MOST_RANK,
};
pub use ranker::{Again, Gain, Next, OfferKind, OfferTest, Ranker, Ranking, Way};
pub use season::Unavailable;

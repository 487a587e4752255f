//! The value of customers: who is still active, what they will buy and spend, when they are next
//! expected.
//!
//! From three numbers a customer (repeat purchases, time of the last one, age) a [`PurchaseParams`]
//! fits one of five models of when customers without a contract buy; the mean amount of repeat
//! purchases gives a model of what they spend ([`SpendParams`]); both together value each customer
//! ([`LifetimeParams`]). [`ContractParams`] is for customers whose leaving is seen. Which model
//! does best is seen on a time that was held out ([`held_out`]).
//!
//! Good for repeated purchases of many customers who come and go on their own. Not for single
//! purchases (houses), and not where a season or a campaign decides who buys: rates are constant
//! while a customer is active.
//!
//! ```
//! use linfa::ParamGuard;
//! use regulars_models::value::{Histories, History, PurchaseKind, PurchaseParams};
//!
//! // Weeks from the first purchase; customers who did the same are counted.
//! let history = |repeats, last, age| History { repeats, last, age };
//! let histories = [
//!     history(0, 0.0, 30.0),
//!     history(0, 0.0, 38.0),
//!     history(1, 4.0, 30.0),
//!     history(2, 21.0, 38.0),
//!     history(7, 36.0, 38.0),
//! ];
//! let cells = Histories::counted(&histories, &[300, 280, 110, 90, 40])?;
//! let fit = PurchaseParams::new(PurchaseKind::MbgNbd).check()?.fit(&cells)?;
//!
//! // The next quarter of a year of somebody silent for long, and of somebody silent for a week.
//! let silent = history(7, 12.0, 38.0);
//! let outlooks = fit.model.predict(&[silent, history(7, 37.0, 38.0)], 13.0, 0.9)?;
//! assert!(outlooks[0].p_alive < outlooks[1].p_alive);
//! assert!(outlooks[0].purchases < outlooks[1].purchases);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything is the same on any number of threads: sums over customers are made in parts that
//! depend on the data alone and are added in their order, and random numbers depend on the seed
//! and the customer.

mod beta_geometric;
mod contract;
mod draws;
mod error;
mod estimate;
mod fit;
mod future;
mod held_out;
mod history;
mod lifetime;
mod model;
mod optimise;
mod outlook;
mod pareto;
mod quadrature;
mod saved;
mod spend;
#[cfg(test)]
mod tests;

pub use beta_geometric::{BetaGeometric, MOST_REGULAR};
pub use contract::{ContractCell, ContractParams, ContractValidParams, ShiftedBetaGeometric};
pub use error::ValueError;
pub use estimate::{Estimate, Fitted};
pub use fit::{PurchaseParams, PurchaseValidParams};
pub use held_out::{HeldOut, held_out};
pub use history::{Histories, History};
pub use lifetime::{LifetimeParams, LifetimeValidParams, LifetimeValue};
pub use model::{PurchaseKind, PurchaseModel};
pub use outlook::{NextPurchase, Outlook};
pub use pareto::ParetoNbd;
pub use saved::SavedValue;
pub use spend::{GammaGamma, Spend, SpendFit, SpendParams, SpendValidParams};

/// The version of saved models that is written and read.
pub const VERSION: u64 = 1;

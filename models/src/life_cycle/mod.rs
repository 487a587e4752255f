//! Where customers stand in their life with a shop, by their own rhythm.
//!
//! - `stage`: the ten stages, in words, and what each asks for ([`Stage`]).
//! - `rhythm`: how long customers usually stay away, and from when on hardly anybody comes back
//!   ([`Silences`], [`Rhythm`]).
//! - `place`: a customer's stage at one date or at several ([`LifeCycleParams`], [`Placed`]).
//!
//! Somebody who buys every week and has been away for five is at risk; somebody who buys twice a
//! year is not. So each is measured by the days between their own purchases, and those who have
//! made few of these by what is usual as well.
//!
//! A date sees only purchases before it, and the rhythm of a date comes from these alone.
//!
//! Source: the stages of customer life cycles as CRM texts have them (Dwyer, Schurr and Oh,
//! "Developing Buyer-Seller Relationships", *Journal of Marketing* 51(2), 1987); the limits by own
//! gaps and the order of the rules are ours. The survival of silences is that of Kaplan and Meier,
//! "Nonparametric Estimation from Incomplete Observations", *JASA* 53(282), 1958.

mod place;
mod rhythm;
mod stage;

pub use place::{LifeCycleParams, LifeCycleValidParams, Placed, Purchase};
pub use rhythm::{Rhythm, Silences};
pub use stage::Stage;

/// What can be wrong with parameters of this module.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LifeCycleError {
    /// A number of days that is none.
    #[error("{name} = {value}, but it must be a number of days above 0")]
    Days {
        /// Which parameter.
        name: &'static str,
        /// As given.
        value: f64,
    },
    /// A change that makes neither growth nor decline.
    #[error("change = {0}, but it must be above 0 and below 1, such as 0.25")]
    Change(f64),
    /// A probability below which nobody comes back.
    #[error("return_below = {0}, but it must lie between 0 and 1, such as 0.1")]
    ReturnBelow(f64),
    /// A weight of what is usual.
    #[error("prior_gaps = {0}, but it must be 0 or more")]
    PriorGaps(f64),
}

//! Uplift: whom a contact changes, learned from campaigns with a control group, and how well.
//!
//! The label of uplift, what the same customer would have done otherwise, is never seen. So models
//! are judged by the order that they make: [`qini`] counts, from the top of the list down, how many
//! more responses came from those contacted than would have come anyway.
//!
//! ```
//! use regulars_models::uplift::qini;
//!
//! // Four customers, best score first; two were contacted, and one of these bought.
//! let found = qini(&[0.9, 0.8, 0.2, 0.1], &[true, false, true, false], &[1.0, 0.0, 0.0, 0.0])?;
//! assert_eq!(found.points.last(), Some(&(1.0, 1.0)));
//! # Ok::<(), regulars_models::uplift::UpliftError>(())
//! ```

mod learners;
mod qini;
#[cfg(test)]
mod tests;

pub use learners::{Held, Learner, Trials, Uplift, UpliftModel};
pub use qini::{Qini, qini, qini_interval};

/// What cannot be learned or measured.
#[derive(Debug, thiserror::Error)]
pub enum UpliftError {
    /// Arrays that differ in length, or hold nothing.
    #[error(
        "{scores} scores or rows, {treated} treatments and {outcomes} outcomes; give one of each, and at least one"
    )]
    Lengths {
        /// Scores, or rows of features.
        scores: usize,
        /// Flags of who was contacted.
        treated: usize,
        /// What each did.
        outcomes: usize,
    },
    /// A score or an outcome that is no number.
    #[error("row {0} has a score or an outcome that is not finite")]
    NotFinite(usize),
    /// One of the groups is empty.
    #[error("{treated} were contacted and {control} held back; both groups need somebody")]
    OneGroup {
        /// Customers contacted.
        treated: usize,
        /// Customers held back.
        control: usize,
    },
    /// The trees could not learn from the rows.
    #[error("{0}")]
    Trees(#[from] crate::tree::TreeError),
}

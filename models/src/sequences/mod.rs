//! What is bought in which order: frequent sequences, rules about what comes next, transitions.
//!
//! [`Histories`] go in: for each customer his baskets, in order of time. [`SequenceParams`] finds
//! the [`Sequences`] that enough customers have; [`SequenceRuleParams`] turns those into
//! [`SequenceRules`] with confidence, lift and the days that it takes, best first; [`remeasure`]
//! says what the rules are worth on other histories. [`TransitionParams`] counts the simplest
//! thing, which items are in the next basket, as the baseline that sequences have to beat.
//!
//! ```
//! use linfa::ParamGuard;
//! use regulars_models::{
//!     associations::MinSupport,
//!     sequences::{Histories, SequenceParams, SequenceRuleParams, TransitionParams},
//! };
//!
//! // Tent 0 and mat 1 on one day, a stove 2 some days later; and customers who buy soap 3.
//! let (mut customer, mut day, mut item) = (Vec::new(), Vec::new(), Vec::new());
//! for c in 0..24 {
//!     let stove = 10 + c as i32;
//!     let bought = if c < 6 { vec![(0, 0), (0, 1), (stove, 2)] } else { vec![(0, 3), (9, 3)] };
//!     for (on, code) in bought {
//!         customer.push(c);
//!         day.push(on);
//!         item.push(code);
//!     }
//! }
//! let histories = Histories::from_columns(&customer, &day, &item, 24, 4)?;
//! let sequences = SequenceParams::new(MinSupport::Share(0.1)).check()?.fit(&histories)?;
//! assert_eq!(sequences.count_of(&[&[0, 1], &[2]]), Some(6));
//!
//! let rules = SequenceRuleParams::new().check()?.fit(&sequences, &histories);
//! let tent = rules.as_slice().iter().find(|rule| rule.prefix == [[0]]).ok_or("no such rule")?;
//! assert_eq!((&tent.next[..], tent.measures.confidence), (&[2][..], 1.0));
//! assert_eq!(tent.measures.lag.map(|lag| lag.median), Some(12.5));
//!
//! let transitions = TransitionParams::default().fit(&histories);
//! assert_eq!(transitions.get(3, 3).confidence, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Useful for histories of any length that fit into memory (about 50 bytes a line beside them
//! while mining). Not useful for what is rare, or for what is common to all who buy much:
//! [`SequenceMeasures::p_value`] says why.

mod histories;
mod later;
mod measures;
mod params;
mod patterns;
mod prefix_span;
mod remeasure;
mod rules;
mod transitions;
mod transitions_on_sale;

pub use histories::{Basket, Histories, HistoriesError};
pub use later::held_up;
pub use measures::{Lag, SequenceMeasures};
pub use params::{SequenceError, SequenceParams, SequenceValidParams, TimeLimits};
pub use patterns::{Sequence, Sequences};
pub use remeasure::remeasure;
pub use rules::{
    SequenceRule, SequenceRuleError, SequenceRuleParams, SequenceRuleValidParams, SequenceRules,
};
pub use transitions::{Transition, TransitionParams, Transitions};

/// A word in which each item sets one of 64 bits. If one set of items is in another, so are its
/// bits.
fn bits_of(items: &[u32]) -> u64 {
    // Fibonacci hashing spreads codes that lie close together.
    let bit = |item: &u32| item.wrapping_mul(0x9E37_79B9) >> 26;
    items.iter().fold(0, |bits, item| bits | 1 << bit(item))
}

#[cfg(test)]
mod tests;

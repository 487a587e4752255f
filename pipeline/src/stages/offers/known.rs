//! What is known when offers are made, in one place.

use super::beside::Beside;
use super::consent::Answers;
use super::shelf::Shelf;
use crate::purchases::Purchases;

/// What is known when offers are made.
pub struct Known<'a> {
    /// What other stages say.
    pub beside: Beside,
    /// Who may be contacted.
    pub answers: Answers,
    /// Who bought what.
    pub purchases: &'a Purchases,
    /// The items of the purchase lines, each as the one that stands for its twins.
    pub line_items: &'a [u32],
    /// What the products say.
    pub shelf: &'a Shelf,
}

impl Known<'_> {
    /// What an offer earns of its price: the margin where costs are, all of it without.
    pub fn earned(&self, item: u32) -> f64 {
        self.shelf.margins[item as usize].unwrap_or(1.0)
    }
}

//! A learned ranker: what each customer would buy next, of what is new to them and of what they
//! have.
//!
//! Two stages, as in Covington, Adams and Sargin 2016 ("Deep neural networks for YouTube
//! recommendations", RecSys): several ways bring candidates, and boosted trees with log loss say how
//! likely each is, from signals of the customer, the item, the two together and the season. They
//! learn from what was bought in the horizons before, and are tested on later ones than they have
//! learned from.

mod alike;
mod board;
mod items;
mod learn;
mod model;
mod neighbours;
mod signals;
mod state;
#[cfg(test)]
mod tests;

pub use board::{Gain, OfferKind, OfferTest, Way};
pub use model::{Again, Next, Ranker, Ranking};

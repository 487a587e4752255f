//! The catalogue of features: what each column of the snapshots is, in one place.
//!
//! An entry says how a feature is computed, what it means and in which unit, how it is said of a
//! customer, and how clusters take it. A feature is added by an entry in the file of its family;
//! nothing else knows features by name, but for those that a stage cannot do without.

mod accounts;
mod channels;
mod clusters;
mod column;
mod contacts;
mod events;
mod history;
mod payments;
mod place;
mod purchases;
mod risk;
mod said;
mod seasons;
mod sql;
mod variety;

pub use self::clusters::{Clusters, Drawn, Which, Words};
pub use self::column::{Column, Made, columns};
pub use self::history::{History, Kind};
pub use self::payments::settled;
pub use self::place::{Each, Place, identifier};
pub use self::risk::{Beside, Risk};
pub use self::said::{Said, Shop};
pub use self::seasons::SEASON;
pub use self::sql::{Named, Over, Sql};

pub use self::events::CLOSED;

/// One feature, or one of each of what its family goes over.
pub struct Feature {
    /// Its name. A word in capitals, here and in every text below, stands for what the family
    /// goes over.
    pub name: &'static str,
    /// What it means, as its description in the files begins.
    pub about: &'static str,
    /// What its numbers count.
    pub unit: &'static str,
    /// What it speaks of: of several that speak of the same, one is a reason of a score.
    pub theme: &'static str,
    /// How it moves the risk of leaving.
    pub risk: Risk,
    /// Whether a history has what it is made of.
    pub needs: fn(&History) -> bool,
    /// How it is computed from that.
    pub sql: fn(&History) -> Sql,
    /// When it has no value, and what that means.
    pub empty: Empty,
    /// A value as a person would say it.
    pub phrase: fn(&Said<'_>) -> String,
    /// How clusters take it, if they do.
    pub clusters: Option<Clusters>,
}

/// When a feature has no value.
pub enum Empty {
    /// Every customer has one.
    Never,
    /// When, which its description says, and what is said of such a customer.
    When(&'static str, &'static str),
    /// The same, where the description does not say when.
    Unsaid(&'static str, &'static str),
}

/// Features that go over the same things.
pub struct Family {
    /// What the word in capitals stands for.
    pub each: Each,
    /// The features: all of them for the first thing, then for the next.
    pub features: &'static [Feature],
}

/// Every family, in the order of the columns.
const FAMILIES: &[&[Family]] = &[
    purchases::FAMILIES,
    variety::FAMILIES,
    events::FAMILIES,
    payments::FAMILIES,
    contacts::FAMILIES,
    channels::FAMILIES,
    accounts::FAMILIES,
    seasons::FAMILIES,
];

/// What every history has.
const ALWAYS: fn(&History) -> bool = |_| true;

fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().copied().flatten()
}

#[cfg(test)]
mod tests;

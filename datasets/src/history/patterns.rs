//! What can be planted in the baskets: associations, substitutes, sequences and rhythms.

/// The most associations of any shop.
pub const MOST_ASSOCIATIONS: usize = 8;
/// The most pairs of substitutes.
pub const MOST_SUBSTITUTES: usize = 3;
/// The most sequences.
pub const MOST_SEQUENCES: usize = 3;
/// The most rhythms of replenishment.
pub const MOST_REPLENISHMENTS: usize = 4;

/// An association between two types of item: `consequent` is bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Association {
    /// The category whose first variant is the antecedent.
    pub antecedent: &'static str,
    /// The planted type.
    pub consequent: &'static str,
    /// The chance of the consequent in a basket that holds the antecedent.
    pub with: f64,
    /// The chance of the consequent in a basket that does not.
    pub without: f64,
}

impl Association {
    /// The lift of the rule where this share of the baskets holds the antecedent.
    pub fn lift(&self, share: f64) -> f64 {
        self.with / (self.without + (self.with - self.without) * share)
    }
}

/// See [`Association`].
pub const fn association(
    antecedent: &'static str,
    consequent: &'static str,
    with: f64,
    without: f64,
) -> Association {
    Association {
        antecedent,
        consequent,
        with,
        without,
    }
}

/// Two types that avoid each other.
#[derive(Clone, Copy, Debug)]
pub struct Substitutes {
    /// The categories whose first variants they are.
    pub categories: [&'static str; 2],
    /// The chance that one of the two is put back from a basket that would hold both.
    pub avoid: f64,
}

/// See [`Substitutes`].
pub const fn substitutes(categories: [&'static str; 2], avoid: f64) -> Substitutes {
    Substitutes { categories, avoid }
}

/// A purchase that brings another one later: `consequent` is bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    /// The category whose first variant comes first.
    pub antecedent: &'static str,
    /// The planted type.
    pub consequent: &'static str,
    /// The chance that it is wanted later.
    pub chance: f64,
    /// The day after the antecedent from which it is wanted is uniform between these two; it is
    /// bought at the first visit from then on, up to the second of them.
    pub days: (i32, i32),
    /// The chance of the consequent in any basket, wanted or not.
    pub without: f64,
}

/// Something that is used up and bought again in a rhythm; bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Replenishment {
    /// The planted type.
    pub item: &'static str,
    /// Share of customers who use it.
    pub users: f64,
    /// It lasts so many days, give or take 15 % from one time to the next, evenly.
    pub days: f64,
}

/// See [`Replenishment`].
pub const fn replenishment(item: &'static str, users: f64, days: f64) -> Replenishment {
    Replenishment { item, users, days }
}

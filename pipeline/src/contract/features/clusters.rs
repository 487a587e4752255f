//! How clusters of customers take a feature.

/// A part in clusters. Features that say nearly the same as another one have none, or they would
/// decide alone.
pub struct Clusters {
    /// Its place among the rows that describe a cluster.
    pub rank: u8,
    /// Which of the family take part.
    pub which: Which,
    /// Whether it is taken by its logarithm, as money and counts are.
    pub log: bool,
    /// How much it decides who is in which cluster; 0 where it only describes them.
    pub weight: f64,
    /// What draws it towards the usual where little is known of a customer.
    pub drawn: Option<Drawn>,
    /// What a cluster is called by it.
    pub words: Words,
}

/// Which columns of a family take part.
pub enum Which {
    /// All.
    All,
    /// So many, the first ones.
    First(usize),
    /// The one with this in its name.
    Only(&'static str),
}

/// A share of few is noise, and is drawn towards that of all customers by how little it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// A share of baskets.
    Baskets,
    /// A share of spend.
    Spend,
}

/// Words for clusters where a feature is high or low; empty where it should not be said.
pub struct Words {
    /// Where it is high.
    pub high: &'static str,
    /// Where it is low.
    pub low: &'static str,
    /// Where it is far higher than usual.
    pub very_high: &'static str,
    /// Where it is far lower than usual.
    pub very_low: &'static str,
    /// What it speaks of: a name has one phrase for each.
    pub theme: &'static str,
}

/// What decides most: when and how often a customer comes, and for how much.
pub(super) const WHOLE: f64 = 1.0;
/// What is bought, and how much of it at a discount.
pub(super) const HALF: f64 = 0.5;
/// What only describes.
pub(super) const TOLD: f64 = 0.0;

impl Words {
    /// For high and low; extreme values have the same words.
    pub(super) const fn new(high: &'static str, low: &'static str, theme: &'static str) -> Self {
        Self {
            high,
            low,
            very_high: high,
            very_low: low,
            theme,
        }
    }

    /// With words of their own for extreme values.
    pub(super) const fn extreme(self, very_high: &'static str, very_low: &'static str) -> Self {
        Self {
            very_high,
            very_low,
            ..self
        }
    }
}

//! The law of one kind of shop: everything that a shop of mail orders does otherwise than a grocer.

use chrono::NaiveDate;

use super::patterns::{Association, Replenishment, Sequence, Substitutes};
use super::profiles::{Profile, TYPES};
use super::rows::Day;

/// What is true of one kind of shop, and the same for every seed.
#[derive(Debug)]
pub struct Law {
    /// Its name, as on the command line.
    pub name: &'static str,
    /// What it is like, in a sentence.
    pub about: &'static str,
    /// What can be bought.
    pub goods: Goods,
    /// The types of customer.
    pub profiles: [Profile; TYPES],
    /// Its days.
    pub days: Days,
    /// What customers do, whatever their type.
    pub habits: Habits,
    /// What its files hold beyond those of a grocer.
    pub records: Records,
}

/// What can be bought, and which patterns are planted.
#[derive(Debug)]
pub struct Goods {
    /// At most ten departments, in the order of [`Profile::taste`].
    pub departments: &'static [&'static str],
    /// Six categories for each department, the most bought first.
    pub categories: &'static [[&'static str; 6]],
    /// Variants of every category, the most bought first.
    pub variants: &'static [&'static str],
    /// Products of each type.
    pub products_of_a_type: usize,
    /// What a typical product of each department costs, in hundredths.
    pub prices: &'static [f64],
    /// Brands, each as frequent as the others.
    pub brands: [&'static str; 6],
    /// The department and the category of each planted type, by its name.
    pub planted: &'static [(&'static str, usize, &'static str)],
    /// Categories that are bought more than their place among the others says, and so many times as
    /// often.
    pub staples: &'static [(&'static str, f64)],
    /// Categories that are bought in some months only.
    pub seasons: &'static [Season],
    /// How many goods come and leave.
    pub turnover: Turnover,
    /// Planted associations, each with an antecedent of its own.
    pub associations: &'static [Association],
    /// Planted substitutes.
    pub substitutes: &'static [Substitutes],
    /// Planted sequences.
    pub sequences: &'static [Sequence],
    /// Planted rhythms.
    pub replenishments: &'static [Replenishment],
}

/// The season of a category.
#[derive(Clone, Copy, Debug)]
pub struct Season {
    /// Which.
    pub category: &'static str,
    /// The first month in which it is usually bought.
    pub first: usize,
    /// The last one; before the first where the season goes over the turn of the year.
    pub last: usize,
    /// How likely a product out of season is put back.
    pub put_back: f64,
}

impl Season {
    /// Whether a month, 1 to 12, is of the season.
    pub fn has(&self, month: usize) -> bool {
        match self.first <= self.last {
            true => (self.first..=self.last).contains(&month),
            false => month >= self.first || month <= self.last,
        }
    }
}

/// See [`Season`].
pub const fn season(category: &'static str, first: usize, last: usize, put_back: f64) -> Season {
    Season {
        category,
        first,
        last,
        put_back,
    }
}

/// How many goods are not on sale throughout: half of them come, the other half leaves.
#[derive(Clone, Copy, Debug)]
pub struct Turnover {
    /// Share of the types that no pattern is planted in.
    pub types: f64,
    /// Share of the products of a type, but for the most bought one.
    pub products: f64,
}

impl Turnover {
    /// Everything is always on sale.
    pub const NONE: Self = Self {
        types: 0.0,
        products: 0.0,
    };
}

/// The days of a shop.
#[derive(Debug)]
pub struct Days {
    /// How busy a day is beside others of the same weekday: 1 is usual, 0 is closed.
    pub season: fn(NaiveDate) -> f64,
    /// For how many days after its end the history is lived on, unseen, so that what came next is
    /// known.
    pub future: Day,
    /// The fewest months of a history of which something can be learned.
    pub fewest_months: u32,
    /// The horizon of the churn truth that is written: a good four in five of the purchases that
    /// come again come within it.
    pub horizon: u32,
    /// After so many days without a purchase hardly anybody comes again.
    pub active: u32,
}

/// What customers do, whatever their type.
#[derive(Debug)]
pub struct Habits {
    /// Share of customers who were there before the history begins.
    pub there_at_start: f64,
    /// The chance of a second basket on the same day.
    pub second_basket: f64,
    /// The chance that a line is brought back.
    pub returned: f64,
    /// The chance that an order is cancelled in the days after it.
    pub cancelled: f64,
    /// The chance that a line of such an order is; at least one is. 1 cancels orders as a whole.
    pub cancelled_line: f64,
    /// The chance that a contact makes the customer opt out.
    pub opts_out: f64,
    /// The chance that a line is of the customer's favourite product of its type.
    pub favourite: f64,
    /// The share of types that a customer cares for.
    pub cared_for: f64,
    /// The chance that a type that the customer does not care for is put back.
    pub not_cared_for: f64,
    /// How often something else is looked for, at most, when one is put back.
    pub looks: usize,
    /// Orders of guests in a month, for each customer.
    pub guests: f64,
}

/// What the files of a shop hold beyond those of a grocer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Records {
    /// Orders have numbers in letters and digits, and the lines of a cancelled one come again as a
    /// purchase with negative quantities and a number that begins with C. The truth has a table of
    /// the orders of guests and of those that were cancelled.
    pub cancelled_with_c: bool,
    /// Consent is in words (given, refused, withdrawn), with gaps, and not a flag.
    pub consent_in_words: bool,
    /// The truth has a table of the items: when they are on sale, and in season.
    pub items: bool,
}

impl Records {
    /// Those of a grocer.
    pub const PLAIN: Self = Self {
        cancelled_with_c: false,
        consent_in_words: false,
        items: false,
    };
    /// Everything.
    pub const FULL: Self = Self {
        cancelled_with_c: true,
        consent_in_words: true,
        items: true,
    };
}

impl Goods {
    /// The name of the first variant of a category, the one that patterns are planted in.
    pub fn classic(&self, category: &str) -> String {
        format!("{category}, {}", self.variants[0])
    }
}

impl Law {
    /// Visits a day in words, with as many digits as seldom ones need.
    pub fn rate_in_words(&self, rate: f64) -> String {
        let slow = self.profiles.iter().any(|of| of.rate < 0.05);
        if slow && self.days.horizon > 28 {
            format!("{rate:.4}")
        } else {
            format!("{rate:.2}")
        }
    }
}

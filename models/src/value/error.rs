//! Why a model of value cannot be fitted or used.

use thiserror::Error;

use super::VERSION;

/// What the data or the settings have that no model can use. Rows are counted from 0.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ValueError {
    /// A setting that makes no sense.
    #[error("{name} = {value}, but it must be {must}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// As given.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Two columns that should be as long as each other.
    #[error("{property} has {found} values for {expected} customers")]
    Length {
        /// The shorter or longer column.
        property: &'static str,
        /// Its length.
        found: usize,
        /// The length it must have.
        expected: usize,
    },
    /// NaN or infinity.
    #[error("customer {row}: {property} is {value}, which is no number to count with")]
    NotFinite {
        /// Of the customer.
        row: usize,
        /// What has it.
        property: &'static str,
        /// As given.
        value: f64,
    },
    /// A time, a count or a sum below 0.
    #[error("customer {row}: {property} is {value}, but it cannot be below 0")]
    Negative {
        /// Of the customer.
        row: usize,
        /// What has it.
        property: &'static str,
        /// As given.
        value: f64,
    },
    /// A last purchase that is later than the end of what was seen.
    #[error(
        "customer {row}: the last purchase is at {last}, after the age of {age}; both are counted from the first purchase, in the same unit"
    )]
    LastAfterAge {
        /// Of the customer.
        row: usize,
        /// Time from the first purchase to the last.
        last: f64,
        /// Time from the first purchase to the end of what was seen.
        age: f64,
    },
    /// Repeat purchases and the time of the last one do not go together.
    #[error(
        "customer {row}: {repeats} repeat purchases and the last one at {last}; it is above 0 where there are repeat purchases, and 0 where there are none"
    )]
    LastAndRepeats {
        /// Of the customer.
        row: usize,
        /// Repeat purchases.
        repeats: u32,
        /// Time from the first purchase to the last.
        last: f64,
    },
    /// A mean spend that is not above 0.
    #[error(
        "customer {row}: the mean spend is {mean}, but the spend model takes amounts above 0; leave out customers whose repeat purchases net to nothing"
    )]
    NoSpend {
        /// Of the customer.
        row: usize,
        /// As given.
        mean: f64,
    },
    /// One customer, or none.
    #[error(
        "{customers} customers with {property} are too few: differences between customers are what is fitted, so two are the least"
    )]
    TooFew {
        /// How many there are.
        customers: u64,
        /// What is counted.
        property: &'static str,
    },
    /// Nobody came back.
    #[error(
        "no customer has a repeat purchase, so nothing says how often customers buy; take a longer time"
    )]
    NoRepeat,
    /// Nobody differs from anybody.
    #[error(
        "all customers are the same in {property}, so nothing says how they differ from one another"
    )]
    AllEqual {
        /// What is the same.
        property: &'static str,
    },
    /// A regular model without the gaps between purchases.
    #[error(
        "a regularity above 1 is told by the gaps between purchases: give the sum of their logarithms (`Histories::with_log_gaps`)"
    )]
    NoGaps,
    /// Nobody left, or nobody stayed.
    #[error("no customer has {property}, so nothing says how retention changes with time")]
    OneSided {
        /// What is missing.
        property: &'static str,
    },
    /// The search for the best parameters did not end.
    #[error(
        "the fit of {model} did not settle within {iterations} iterations (slope {slope:.1e}); the data hardly tell its parameters apart, take another model or more customers"
    )]
    NotSettled {
        /// Name of the model.
        model: &'static str,
        /// Iterations made.
        iterations: usize,
        /// Largest slope of the mean log-likelihood that was left.
        slope: f64,
    },
    /// The spend of a customer who has not been seen has no mean.
    #[error(
        "the spend model has q = {q}, and its mean is infinite at 1 and below: a few customers spend most; set a bound on single amounts first"
    )]
    InfiniteMean {
        /// Fitted or given.
        q: f64,
    },
    /// A text that is no saved model, or one of which something cannot be.
    #[error("this is no saved value model of version {VERSION}: {problem}")]
    Saved {
        /// What is wrong.
        problem: String,
    },
}

impl ValueError {
    /// Refuses a setting that is not good.
    pub(super) fn check(
        name: &'static str,
        value: f64,
        good: bool,
        must: &'static str,
    ) -> Result<(), Self> {
        match good {
            true => Ok(()),
            false => Err(Self::Setting { name, value, must }),
        }
    }

    /// Refuses parameters of a model that are not finite numbers above 0.
    pub(super) fn check_parameters(named: &[(&'static str, f64)]) -> Result<(), Self> {
        for &(name, value) in named {
            let good = value.is_finite() && value > 0.0;
            Self::check(name, value, good, "a finite number above 0")?;
        }
        Ok(())
    }

    /// Refuses a number of a customer that is not finite, or below 0.
    pub(super) fn check_amount(row: usize, property: &'static str, value: f64) -> Result<(), Self> {
        match value {
            value if !value.is_finite() => Err(Self::NotFinite {
                row,
                property,
                value,
            }),
            value if value < 0.0 => Err(Self::Negative {
                row,
                property,
                value,
            }),
            _ => Ok(()),
        }
    }
}

//! What a user may set about the mining by utility.

use linfa::ParamGuard;
use thiserror::Error;

/// The least utility of an itemset that is listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinUtility {
    /// An amount in the unit of the utilities, at least 1.
    Absolute(i64),
    /// A share of the sum of all utilities, above 0 and at most 1, rounded up to a whole amount.
    Share(f64),
}

impl MinUtility {
    /// The limit as an amount; `None` for a share of a total that is not positive.
    pub(super) fn amount_of(self, total: i64) -> Option<i64> {
        match self {
            Self::Absolute(amount) => Some(amount),
            Self::Share(_) if total <= 0 => None,
            Self::Share(share) => {
                // The product may be a little more than meant: 0.07 of 100 is 7 all the same.
                let amount = (share * total as f64).ceil().max(1.0) as i64;
                let reached = (amount - 1) as f64 / total as f64 >= share;
                Some((amount - i64::from(reached)).clamp(1, total))
            }
        }
    }
}

/// Why itemsets could not be mined by utility.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum UtilityError {
    /// With a limit of 0 or less every possible itemset would count, those in no basket too.
    #[error("the minimum utility is {0}; choose at least 1, the smallest unit of the utilities")]
    MinUtility(i64),
    /// The share is not a number above 0 and at most 1.
    #[error("the minimum utility is a share of {0}; choose a number above 0 and at most 1")]
    Share(f64),
    /// A share of the total was asked for, but the total is not positive.
    #[error(
        "the minimum utility is a share of the total, but the total is {total}; \
         give an amount, at least 1"
    )]
    NoTotal {
        /// The sum of all utilities.
        total: i64,
    },
    /// The fewest baskets are 0.
    #[error("min_count = 0, but an itemset that is in no basket has no utility; choose at least 1")]
    ZeroMinCount,
    /// The shortest length is 0.
    #[error("min_len = 0, but the empty itemset has no utility; choose at least 1")]
    ZeroMinLen,
    /// No length lies between the limits.
    #[error("max_len = {max_len} is below min_len = {min_len}; choose at least {min_len}")]
    MaxLen {
        /// The shortest length.
        min_len: usize,
        /// The longest length.
        max_len: usize,
    },
    /// None of the best were asked for.
    #[error("top = 0; choose at least 1, or leave it out to list all")]
    ZeroTop,
    /// The limit on itemsets is 0.
    #[error("max_itemsets = 0; choose at least 1")]
    ZeroMaxItemsets,
    /// More itemsets reach the minimum utility than the limit allows.
    #[error(
        "more than {max_itemsets} itemsets have a utility of at least {min_utility}; raise the \
         minimum utility or min_count, or set a lower max_len, or ask for the top, or raise \
         max_itemsets if memory allows"
    )]
    TooManyItemsets {
        /// The limit.
        max_itemsets: usize,
        /// The minimum utility as an amount.
        min_utility: i64,
    },
}

/// Checked parameters of the mining by utility; see [`UtilityParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct UtilityValidParams {
    pub(super) min_utility: MinUtility,
    pub(super) top: Option<usize>,
    pub(super) min_count: u32,
    pub(super) min_len: usize,
    pub(super) max_len: usize,
    pub(super) max_itemsets: usize,
}

impl UtilityValidParams {
    /// The least utility of an itemset.
    pub fn min_utility(&self) -> MinUtility {
        self.min_utility
    }

    /// How many of the best itemsets are listed; `None` for all.
    pub fn top(&self) -> Option<usize> {
        self.top
    }

    /// The fewest baskets that hold an itemset.
    pub fn min_count(&self) -> u32 {
        self.min_count
    }

    /// The fewest items of an itemset.
    pub fn min_len(&self) -> usize {
        self.min_len
    }

    /// The most items of an itemset.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// The most itemsets that may be found when all are listed.
    pub fn max_itemsets(&self) -> usize {
        self.max_itemsets
    }
}

/// Unchecked parameters of the mining by utility.
///
/// ```
/// use linfa::ParamGuard;
/// use regulars_models::associations::{MinUtility, UtilityBaskets, UtilityParams};
///
/// // Margins in cents: a printer 0 is sold at a loss, ink 1 is not.
/// let baskets = [0, 0, 1, 1, 2];
/// let items = [0, 1, 0, 1, 1];
/// let margins = [-500, 1500, -500, 3000, 200];
/// let baskets = UtilityBaskets::from_lines(&baskets, &items, &margins, 3, 2)?;
/// let itemsets = UtilityParams::new(MinUtility::Absolute(1000)).check()?.fit(&baskets)?;
/// let found: Vec<_> = itemsets.iter().map(|set| (set.items, set.utility, set.count)).collect();
/// assert_eq!(found, [(&[1][..], 4700, 3), (&[0, 1][..], 3500, 2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_utility` | must be given, or 1 with `top` | the least utility of an itemset |
/// | `top` | all | list so many of the best |
/// | `min_count` | 1 | the fewest baskets that hold an itemset |
/// | `min_len` | 1 | the fewest items of an itemset |
/// | `max_len` | no limit | the most items of an itemset |
/// | `max_itemsets` | 10,000,000 | without `top`: stop with an error rather than fill the memory |
#[derive(Clone, Debug, PartialEq)]
pub struct UtilityParams(UtilityValidParams);

impl UtilityParams {
    /// All itemsets of at least this utility.
    pub fn new(min_utility: MinUtility) -> Self {
        Self(UtilityValidParams {
            min_utility,
            top: None,
            min_count: 1,
            min_len: 1,
            max_len: usize::MAX,
            max_itemsets: 10_000_000,
        })
    }

    /// The `n` itemsets of highest utility, as far as that is positive.
    pub fn top(n: usize) -> Self {
        let mut params = Self::new(MinUtility::Absolute(1));
        params.0.top = Some(n);
        params
    }

    /// Sets the least utility of an itemset.
    pub fn min_utility(mut self, min_utility: MinUtility) -> Self {
        self.0.min_utility = min_utility;
        self
    }

    /// Sets the fewest baskets that hold an itemset.
    ///
    /// With the default of 1 a single basket of great value makes many itemsets.
    pub fn min_count(mut self, min_count: u32) -> Self {
        self.0.min_count = min_count;
        self
    }

    /// Sets the fewest items of an itemset.
    pub fn min_len(mut self, min_len: usize) -> Self {
        self.0.min_len = min_len;
        self
    }

    /// Sets the most items of an itemset.
    pub fn max_len(mut self, max_len: usize) -> Self {
        self.0.max_len = max_len;
        self
    }

    /// Sets the most itemsets that may be found when all are listed.
    pub fn max_itemsets(mut self, max_itemsets: usize) -> Self {
        self.0.max_itemsets = max_itemsets;
        self
    }
}

impl ParamGuard for UtilityParams {
    type Checked = UtilityValidParams;
    type Error = UtilityError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        match params.min_utility {
            MinUtility::Absolute(amount) if amount < 1 => {
                return Err(UtilityError::MinUtility(amount));
            }
            // Written so that it refuses what is not a number, too.
            MinUtility::Share(share) if !(share > 0.0 && share <= 1.0) => {
                return Err(UtilityError::Share(share));
            }
            _ => {}
        }
        if params.top == Some(0) {
            return Err(UtilityError::ZeroTop);
        }
        if params.min_count == 0 {
            return Err(UtilityError::ZeroMinCount);
        }
        if params.min_len == 0 {
            return Err(UtilityError::ZeroMinLen);
        }
        if params.max_len < params.min_len {
            return Err(UtilityError::MaxLen {
                min_len: params.min_len,
                max_len: params.max_len,
            });
        }
        if params.max_itemsets == 0 {
            return Err(UtilityError::ZeroMaxItemsets);
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

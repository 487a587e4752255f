//! What a user may set about the mining of itemsets.

use linfa::ParamGuard;
use thiserror::Error;

/// The fewest baskets that make an itemset frequent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinSupport {
    /// A number of baskets, at least 1.
    Count(u32),
    /// A share of all baskets, above 0 and at most 1.
    ///
    /// It is rounded up: the limit is the smallest count whose share, `count / n` as a double,
    /// is at least the one given. So 0.07 of 100 baskets is 7, though `0.07 * 100.0` is a
    /// little more than 7 in doubles.
    Share(f64),
}

impl MinSupport {
    /// The limit as a number of baskets, at least 1.
    pub(super) fn count_of(self, n_baskets: u32) -> u32 {
        match self {
            Self::Count(count) => count.max(1),
            Self::Share(share) => {
                let n = f64::from(n_baskets);
                let mut count = (share * n).ceil() as u32;
                while count > 1 && f64::from(count - 1) / n >= share {
                    count -= 1;
                }
                while count < n_baskets && f64::from(count) / n < share {
                    count += 1;
                }
                count.max(1)
            }
        }
    }
}

/// Why itemsets could not be mined.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ItemsetError {
    /// A count of 0 would make every possible set frequent.
    #[error("the minimum support is 0 baskets; choose at least 1")]
    ZeroCount,
    /// The share is not a number above 0 and at most 1.
    #[error("the minimum support is a share of {0}; choose a number above 0 and at most 1")]
    Share(f64),
    /// The shortest length is 0.
    #[error("min_len = 0, but the empty itemset is in every basket; choose at least 1")]
    ZeroMinLen,
    /// No length lies between the limits.
    #[error("max_len = {max_len} is below min_len = {min_len}; choose at least {min_len}")]
    MaxLen {
        /// The shortest length.
        min_len: usize,
        /// The longest length.
        max_len: usize,
    },
    /// The limit on itemsets is 0 or more than 32 bits can number.
    #[error("max_itemsets = {0}; choose between 1 and 4,294,967,294")]
    MaxItemsets(usize),
    /// More itemsets are frequent than the limit allows.
    #[error(
        "more than {max_itemsets} itemsets are in at least {min_count} baskets; \
         raise the minimum support, or set a lower max_len, or raise max_itemsets if memory allows"
    )]
    TooManyItemsets {
        /// The limit.
        max_itemsets: usize,
        /// The minimum support as a number of baskets.
        min_count: u32,
    },
}

/// Checked parameters of the mining of itemsets; see [`ItemsetParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsetValidParams {
    pub(super) min_support: MinSupport,
    pub(super) min_len: usize,
    pub(super) max_len: usize,
    pub(super) max_itemsets: usize,
}

impl ItemsetValidParams {
    /// The fewest baskets that make an itemset frequent.
    pub fn min_support(&self) -> MinSupport {
        self.min_support
    }

    /// The fewest items of an itemset that is listed.
    pub fn min_len(&self) -> usize {
        self.min_len
    }

    /// The most items of an itemset.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// The most itemsets that may be found.
    pub fn max_itemsets(&self) -> usize {
        self.max_itemsets
    }
}

/// Unchecked parameters of the mining of itemsets.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_support` | none: it must be given | the fewest baskets that make an itemset frequent |
/// | `min_len` | 1 | the fewest items of an itemset that is listed |
/// | `max_len` | no limit | the most items of an itemset |
/// | `max_itemsets` | 50,000,000 | stop with an error rather than fill the memory |
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsetParams(ItemsetValidParams);

impl ItemsetParams {
    /// Parameters with this minimum support and the defaults for the rest.
    ///
    /// There is no default support: what is frequent depends on how many baskets and items
    /// there are.
    pub fn new(min_support: MinSupport) -> Self {
        Self(ItemsetValidParams {
            min_support,
            min_len: 1,
            max_len: usize::MAX,
            max_itemsets: 50_000_000,
        })
    }

    /// Sets the fewest baskets that make an itemset frequent.
    pub fn min_support(mut self, min_support: MinSupport) -> Self {
        self.0.min_support = min_support;
        self
    }

    /// Sets the fewest items of an itemset that is listed.
    ///
    /// Shorter ones are found all the same, because rules need their counts; they are only
    /// left out of [`Itemsets::iter`](super::Itemsets::iter).
    pub fn min_len(mut self, min_len: usize) -> Self {
        self.0.min_len = min_len;
        self
    }

    /// Sets the most items of an itemset.
    pub fn max_len(mut self, max_len: usize) -> Self {
        self.0.max_len = max_len;
        self
    }

    /// Sets the most itemsets, of any length, that may be found.
    pub fn max_itemsets(mut self, max_itemsets: usize) -> Self {
        self.0.max_itemsets = max_itemsets;
        self
    }
}

impl ParamGuard for ItemsetParams {
    type Checked = ItemsetValidParams;
    type Error = ItemsetError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        match params.min_support {
            MinSupport::Count(0) => return Err(ItemsetError::ZeroCount),
            // Written so that it refuses what is not a number, too.
            MinSupport::Share(share) if !(share > 0.0 && share <= 1.0) => {
                return Err(ItemsetError::Share(share));
            }
            _ => {}
        }
        if params.min_len == 0 {
            return Err(ItemsetError::ZeroMinLen);
        }
        if params.max_len < params.min_len {
            return Err(ItemsetError::MaxLen {
                min_len: params.min_len,
                max_len: params.max_len,
            });
        }
        if params.max_itemsets == 0 || params.max_itemsets >= u32::MAX as usize {
            return Err(ItemsetError::MaxItemsets(params.max_itemsets));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

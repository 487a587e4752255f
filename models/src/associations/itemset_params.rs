//! What a user may set about the mining of itemsets.

use std::time::Duration;

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
    pub(crate) fn count_of(self, n_baskets: u32) -> u32 {
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
    /// An item of a constraint is not below the number of items.
    #[error(
        "the {constraint} item {item} is unknown: items are numbered from 0 and there are {n_items}"
    )]
    UnknownItem {
        /// `required`, `forbidden` or `target`.
        constraint: &'static str,
        /// The item.
        item: u32,
        /// Number of items.
        n_items: usize,
    },
    /// No itemset can hold an item and be without it.
    #[error("item {0} is required and forbidden; choose one of them")]
    RequiredAndForbidden(u32),
    /// The limit on memory is too low for anything.
    #[error("max_memory = {0} bytes; choose at least 1,000,000")]
    MaxMemory(usize),
    /// The itemsets that are frequent take more memory than the limit allows.
    #[error(
        "the itemsets in at least {min_count} baskets take more than {max_memory} bytes; \
         raise the minimum support, or set a lower max_len, or raise max_memory"
    )]
    TooMuchMemory {
        /// The limit.
        max_memory: usize,
        /// The minimum support as a number of baskets.
        min_count: u32,
    },
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

/// What to do when a minimum support asks for more than the limits allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// Stop with an error that says which limit it was.
    #[default]
    Fail,
    /// Raise the minimum support to the lowest that keeps the limits; the result tells which
    /// that is.
    RaiseSupport,
}

/// Which of the frequent itemsets are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All of them.
    #[default]
    All,
    /// Those where every item more would be in fewer baskets. They tell the count of every
    /// frequent itemset: the highest of the closed ones that hold it.
    Closed,
    /// Those where no item more leaves them frequent. They tell which itemsets are frequent, but
    /// not their counts.
    Maximal,
}

/// Checked parameters of the mining of itemsets; see [`ItemsetParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsetValidParams {
    pub(super) min_support: MinSupport,
    pub(super) min_len: usize,
    pub(super) max_len: usize,
    pub(super) max_itemsets: usize,
    pub(super) max_memory: usize,
    pub(super) max_time: Option<Duration>,
    pub(super) on_limit: OnLimit,
    /// Ascending, each once, as the other two.
    pub(super) required: Vec<u32>,
    pub(super) forbidden: Vec<u32>,
    pub(super) targets: Vec<u32>,
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

    /// The most bytes that the itemsets may take.
    pub fn max_memory(&self) -> usize {
        self.max_memory
    }

    /// How long to search before the support is left where it is.
    pub fn max_time(&self) -> Option<Duration> {
        self.max_time
    }

    /// What to do when the limits do not suffice.
    pub fn on_limit(&self) -> OnLimit {
        self.on_limit
    }

    /// Items that every listed itemset holds, ascending.
    pub fn required(&self) -> &[u32] {
        &self.required
    }

    /// Items that no itemset holds, ascending.
    pub fn forbidden(&self) -> &[u32] {
        &self.forbidden
    }

    /// Items of which every listed itemset holds one at least, ascending; none is no constraint.
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }
}

/// Unchecked parameters of the mining of itemsets.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_support` | none: it must be given | the fewest baskets that make an itemset frequent |
/// | `min_len` | 1 | the fewest items of an itemset that is listed |
/// | `max_len` | no limit | the most items of an itemset |
/// | `max_itemsets` | 50,000,000 | the most itemsets that may be found |
/// | `max_memory` | no limit | the most bytes that the itemsets may take while they are gathered and put in order; the baskets and the search come on top |
/// | `on_limit` | [`OnLimit::Fail`] | whether to stop at those two limits, or to raise the support |
/// | `max_time` | no limit | begin with high supports and stop lowering them when so much time has gone |
/// | `required` | none | every itemset that is listed holds all of these items |
/// | `forbidden` | none | as if these items were in no basket |
/// | `targets` | none | every itemset that is listed holds at least one of these items, if there are any |
///
/// A listed itemset has at least `min_len` items, holds the required ones and one of the targets.
/// Items that are required or targets are not looked for afterwards: baskets without them are not
/// searched, and itemsets without a target are not met. What is *counted* is always all baskets.
///
/// Limits on itemsets and memory give the same result every time. A limit on time does not: which
/// support is reached depends on the machine and what else it does.
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
            max_memory: usize::MAX,
            max_time: None,
            on_limit: OnLimit::Fail,
            required: Vec::new(),
            forbidden: Vec::new(),
            targets: Vec::new(),
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

    /// Sets the most bytes that the itemsets may take while they are gathered and put in order.
    pub fn max_memory(mut self, bytes: usize) -> Self {
        self.0.max_memory = bytes;
        self
    }

    /// Sets what to do when the limits do not suffice.
    pub fn on_limit(mut self, on_limit: OnLimit) -> Self {
        self.0.on_limit = on_limit;
        self
    }

    /// Sets how long to search before the support is left where it is.
    ///
    /// The support is lowered step by step, by half at a time, and the last step that was done in
    /// time is the result. The first step, which finds hardly anything, is always done.
    pub fn max_time(mut self, max_time: Duration) -> Self {
        self.0.max_time = Some(max_time);
        self
    }

    /// Sets the items that every listed itemset holds.
    pub fn required(mut self, items: impl IntoIterator<Item = u32>) -> Self {
        self.0.required = ascending(items);
        self
    }

    /// Sets the items that no itemset holds.
    pub fn forbidden(mut self, items: impl IntoIterator<Item = u32>) -> Self {
        self.0.forbidden = ascending(items);
        self
    }

    /// Sets the items of which every listed itemset holds at least one.
    ///
    /// [`fit`](ItemsetValidParams::fit) knows the counts of all subsets of a listed itemset all
    /// the same, because rules need them.
    pub fn targets(mut self, items: impl IntoIterator<Item = u32>) -> Self {
        self.0.targets = ascending(items);
        self
    }
}

fn ascending(items: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut items: Vec<u32> = items.into_iter().collect();
    items.sort_unstable();
    items.dedup();
    items
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
        if params.max_memory < 1_000_000 {
            return Err(ItemsetError::MaxMemory(params.max_memory));
        }
        let forbids = |item: &&u32| params.forbidden.binary_search(item).is_ok();
        if let Some(&item) = params.required.iter().find(forbids) {
            return Err(ItemsetError::RequiredAndForbidden(item));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

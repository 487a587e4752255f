//! What a user may set about the mining of sequences.

use linfa::ParamGuard;
use thiserror::Error;

use crate::associations::MinSupport;

/// How far apart in time the elements of a pattern may lie.
///
/// The gap is the number of days from one element to the next, the span that from the first to
/// the last. Two baskets of the same day lie 0 days apart, and the later one of them may follow
/// the earlier one unless `min_gap` is at least 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeLimits {
    /// The fewest days from one element to the next. Default 0.
    pub min_gap: u32,
    /// The most days from one element to the next. Default: no limit.
    pub max_gap: Option<u32>,
    /// The most days from the first element to the last. Default: no limit.
    pub max_span: Option<u32>,
}

impl TimeLimits {
    /// Whether which baskets come before decides which may follow, beyond "late enough".
    pub(super) fn has_window(&self) -> bool {
        self.max_gap.is_some() || self.max_span.is_some()
    }
}

/// Why sequences could not be mined.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SequenceError {
    /// A count of 0 would make every possible sequence frequent.
    #[error("the minimum support is 0 customers; choose at least 1")]
    ZeroCount,
    /// The share is not a number above 0 and at most 1.
    #[error("the minimum support is a share of {0}; choose a number above 0 and at most 1")]
    Share(f64),
    /// No pattern has so few elements.
    #[error("max_elements = 0; choose at least 1")]
    ZeroMaxElements,
    /// No pattern has so few items.
    #[error("max_items = 0; choose at least 1")]
    ZeroMaxItems,
    /// No gap lies between the limits.
    #[error("max_gap = {max_gap} is below min_gap = {min_gap}; choose at least {min_gap}")]
    MaxGap {
        /// The fewest days between elements.
        min_gap: u32,
        /// The most days between elements.
        max_gap: u32,
    },
    /// No second element fits.
    #[error(
        "max_span = {max_span} is below min_gap = {min_gap}, so no second element fits; choose at \
         least {min_gap}"
    )]
    MaxSpan {
        /// The fewest days between elements.
        min_gap: u32,
        /// The most days from the first element to the last.
        max_span: u32,
    },
    /// The same item is required and forbidden.
    #[error("item {0} is required and forbidden; leave it out of one of the two")]
    RequiredAndForbidden(u32),
    /// More items are required than a pattern may have.
    #[error(
        "{required} items are required, but max_items = {max_items}; choose at least {required}"
    )]
    TooManyRequired {
        /// Number of different required items.
        required: usize,
        /// The most items of a pattern.
        max_items: usize,
    },
    /// The limit on patterns is 0 or more than 32 bits can number.
    #[error("max_patterns = {0}; choose between 1 and 4,294,967,294")]
    MaxPatterns(usize),
    /// More patterns are frequent than the limit allows.
    #[error(
        "more than {max_patterns} sequences are in the histories of at least {min_count} customers; \
         raise the minimum support, or set a lower max_items, max_elements, max_gap or max_span, \
         or raise max_patterns if memory allows"
    )]
    TooManyPatterns {
        /// The limit.
        max_patterns: usize,
        /// The minimum support as a number of customers.
        min_count: u32,
    },
}

/// Checked parameters of the mining of sequences; see [`SequenceParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceValidParams {
    pub(super) min_support: MinSupport,
    pub(super) max_elements: usize,
    pub(super) max_items: usize,
    pub(super) time: TimeLimits,
    /// Ascending, each once.
    pub(super) required: Vec<u32>,
    /// Ascending, each once.
    pub(super) forbidden: Vec<u32>,
    pub(super) closed: bool,
    pub(super) max_patterns: usize,
}

impl SequenceValidParams {
    /// The fewest customers that make a pattern frequent.
    pub fn min_support(&self) -> MinSupport {
        self.min_support
    }

    /// The most elements of a pattern.
    pub fn max_elements(&self) -> usize {
        self.max_elements
    }

    /// The most items of a pattern, over all its elements.
    pub fn max_items(&self) -> usize {
        self.max_items
    }

    /// How far apart the elements may lie.
    pub fn time(&self) -> TimeLimits {
        self.time
    }

    /// The items that every pattern holds, ascending.
    pub fn required(&self) -> &[u32] {
        &self.required
    }

    /// The items that no pattern holds, ascending.
    pub fn forbidden(&self) -> &[u32] {
        &self.forbidden
    }

    /// Whether only closed patterns are listed.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// The most patterns that may be found.
    pub fn max_patterns(&self) -> usize {
        self.max_patterns
    }
}

/// Unchecked parameters of the mining of sequences.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_support` | none: it must be given | the fewest customers that make a pattern frequent |
/// | `max_elements` | no limit | the most elements of a pattern |
/// | `max_items` | no limit | the most items of a pattern, over all its elements |
/// | `min_gap` | 0 | the fewest days from one element to the next |
/// | `max_gap` | no limit | the most days from one element to the next |
/// | `max_span` | no limit | the most days from the first element to the last |
/// | `required` | none | items that every pattern holds, all of them, in any element |
/// | `forbidden` | none | items that no pattern holds |
/// | `closed` | false | list only patterns that no longer one says as much as |
/// | `max_patterns` | 10,000,000 | stop with an error rather than fill the memory |
///
/// # Closed patterns
/// A pattern is closed if no other pattern that contains it and keeps to **all** the same limits
/// (time, lengths, items) has the same support. A pattern `<X1, .., Xk>` is contained in another
/// if its elements are, in order, subsets of different elements of the other. Under `max_gap` a
/// contained pattern may have *less* support than the one it is in (`a` then `c` may be too far
/// apart without the `b` between them); such a one is closed, as its support is another.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceParams(SequenceValidParams);

impl SequenceParams {
    /// Parameters with this minimum support and the defaults for the rest.
    ///
    /// There is no default support: what is frequent depends on how many customers and items
    /// there are.
    pub fn new(min_support: MinSupport) -> Self {
        Self(SequenceValidParams {
            min_support,
            max_elements: usize::MAX,
            max_items: usize::MAX,
            time: TimeLimits::default(),
            required: Vec::new(),
            forbidden: Vec::new(),
            closed: false,
            max_patterns: 10_000_000,
        })
    }

    /// Sets the fewest customers that make a pattern frequent. A customer counts once, however
    /// often the pattern occurs in his history.
    pub fn min_support(mut self, min_support: MinSupport) -> Self {
        self.0.min_support = min_support;
        self
    }

    /// Sets the most elements of a pattern; 1 finds itemsets, but counts customers.
    pub fn max_elements(mut self, max_elements: usize) -> Self {
        self.0.max_elements = max_elements;
        self
    }

    /// Sets the most items of a pattern, over all its elements.
    pub fn max_items(mut self, max_items: usize) -> Self {
        self.0.max_items = max_items;
        self
    }

    /// Sets how far apart the elements may lie, all limits at once.
    pub fn time(mut self, time: TimeLimits) -> Self {
        self.0.time = time;
        self
    }

    /// Sets the fewest days from one element to the next.
    pub fn min_gap(mut self, days: u32) -> Self {
        self.0.time.min_gap = days;
        self
    }

    /// Sets the most days from one element to the next.
    pub fn max_gap(mut self, days: u32) -> Self {
        self.0.time.max_gap = Some(days);
        self
    }

    /// Sets the most days from the first element to the last.
    pub fn max_span(mut self, days: u32) -> Self {
        self.0.time.max_span = Some(days);
        self
    }

    /// Sets the items that every pattern must hold: all of them, in whichever elements.
    pub fn required(mut self, items: &[u32]) -> Self {
        self.0.required = ascending(items);
        self
    }

    /// Sets the items that no pattern may hold. Histories are mined as if nobody had bought
    /// them; the days of other baskets stay what they are.
    pub fn forbidden(mut self, items: &[u32]) -> Self {
        self.0.forbidden = ascending(items);
        self
    }

    /// Lists only closed patterns; see [above](Self#closed-patterns).
    pub fn closed(mut self, closed: bool) -> Self {
        self.0.closed = closed;
        self
    }

    /// Sets the most patterns that may be found; one of more than 50 items counts as several, one
    /// for each 50 items or part of them, because memory is taken by items. With a `max_gap` or a `max_span`, patterns that
    /// are not closed count too, because they are found before they are left out.
    pub fn max_patterns(mut self, max_patterns: usize) -> Self {
        self.0.max_patterns = max_patterns;
        self
    }
}

fn ascending(items: &[u32]) -> Vec<u32> {
    let mut items = items.to_vec();
    items.sort_unstable();
    items.dedup();
    items
}

impl ParamGuard for SequenceParams {
    type Checked = SequenceValidParams;
    type Error = SequenceError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        let TimeLimits {
            min_gap,
            max_gap,
            max_span,
        } = params.time;
        match params.min_support {
            MinSupport::Count(0) => return Err(SequenceError::ZeroCount),
            // Written so that it refuses what is not a number, too.
            MinSupport::Share(share) if !(share > 0.0 && share <= 1.0) => {
                return Err(SequenceError::Share(share));
            }
            _ => {}
        }
        if params.max_elements == 0 {
            return Err(SequenceError::ZeroMaxElements);
        }
        if params.max_items == 0 {
            return Err(SequenceError::ZeroMaxItems);
        }
        if let Some(max_gap) = max_gap.filter(|max_gap| *max_gap < min_gap) {
            return Err(SequenceError::MaxGap { min_gap, max_gap });
        }
        if let Some(max_span) = max_span.filter(|max_span| *max_span < min_gap) {
            return Err(SequenceError::MaxSpan { min_gap, max_span });
        }
        let both = |item: &&u32| params.forbidden.binary_search(item).is_ok();
        if let Some(&item) = params.required.iter().find(both) {
            return Err(SequenceError::RequiredAndForbidden(item));
        }
        if params.required.len() > params.max_items {
            return Err(SequenceError::TooManyRequired {
                required: params.required.len(),
                max_items: params.max_items,
            });
        }
        if params.max_patterns == 0 || params.max_patterns >= u32::MAX as usize {
            return Err(SequenceError::MaxPatterns(params.max_patterns));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

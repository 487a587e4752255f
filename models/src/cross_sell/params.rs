//! What a user may set, and the limits of each.

use linfa::ParamGuard;

/// The most items that `max_items` may ask for: the table of pairs then takes 1 GiB.
pub const MOST_ITEMS: usize = 16_384;
/// The most directions that `rank` may ask for.
pub const MOST_RANK: usize = 256;

/// Unchecked settings of the recommender; [`ParamGuard::check`] makes them usable.
///
/// ```
/// use linfa::ParamGuard;
/// use regulars_models::cross_sell::CrossSellParams;
///
/// let params = CrossSellParams::new().suggestions(5).horizon_days(14).check();
/// assert_eq!(params.unwrap().suggestions(), 5);
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CrossSellParams(CrossSellValidParams);

/// Checked settings: only [`CrossSellParams`] can make one.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossSellValidParams {
    suggestions: usize,
    horizon_days: i32,
    rank: usize,
    shrinkage: f64,
    candidates: usize,
    max_items: usize,
    max_fit_customers: usize,
    min_support: u32,
    seed: u64,
}

/// A setting outside its limits.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CrossSellParamError {
    /// `suggestions` is 0.
    #[error("suggestions = 0, but each customer needs at least 1; 10 is usual")]
    Suggestions,
    /// `horizon_days` is outside 1 to 3650.
    #[error("horizon_days = {0}, but it must be between 1 and 3650")]
    Horizon(i32),
    /// `rank` is outside 1 to [`MOST_RANK`].
    #[error("rank = {0}, but it must be between 1 and {MOST_RANK}; 32 is usual")]
    Rank(usize),
    /// `shrinkage` is not a number above 0.
    #[error("shrinkage = {0}, but it must be a finite number above 0; 0.8 is usual")]
    Shrinkage(f64),
    /// Fewer candidates than suggestions.
    #[error(
        "candidates = {candidates}, but {suggestions} suggestions are to be chosen from them; \
         use at least {suggestions}"
    )]
    Candidates {
        /// The value given.
        candidates: usize,
        /// The suggestions wanted.
        suggestions: usize,
    },
    /// `max_items` is outside 1 to [`MOST_ITEMS`].
    #[error(
        "max_items = {0}, but it must be between 1 and {MOST_ITEMS}; \
         the table of pairs takes 4 x max_items^2 bytes"
    )]
    MaxItems(usize),
    /// `max_fit_customers` is 0.
    #[error("max_fit_customers = 0, but relations between items are learned from customers")]
    MaxFitCustomers,
    /// `min_support` is 0.
    #[error("min_support = 0, but a reason must have been seen in at least 1 basket")]
    MinSupport,
}

impl Default for CrossSellValidParams {
    fn default() -> Self {
        Self {
            suggestions: 10,
            horizon_days: 28,
            rank: 32,
            shrinkage: 0.8,
            candidates: 200,
            max_items: 4096,
            max_fit_customers: 50_000,
            min_support: 10,
            seed: 42,
        }
    }
}

impl CrossSellParams {
    /// The defaults, as each method states them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Suggestions for each customer. Default 10.
    pub fn suggestions(mut self, suggestions: usize) -> Self {
        self.0.suggestions = suggestions;
        self
    }

    /// Days in which a suggested item is to be bought for the first time. Default 28.
    ///
    /// The score is the probability of that; the calibration is learned on the last
    /// `horizon_days` before the as-of day.
    pub fn horizon_days(mut self, days: i32) -> Self {
        self.0.horizon_days = days;
        self
    }

    /// Directions kept of the item-by-item matrix; cut to the number of items. Default 32.
    pub fn rank(mut self, rank: usize) -> Self {
        self.0.rank = rank;
        self
    }

    /// Ridge penalty as a share of the customers learned from. Default 0.8.
    ///
    /// Higher goes towards popularity, lower towards the particular. On the grocery history
    /// that the default was chosen on, 0.4 to 1.6 were alike.
    pub fn shrinkage(mut self, shrinkage: f64) -> Self {
        self.0.shrinkage = shrinkage;
        self
    }

    /// Items per customer, by affinity, among which the calibrated score decides. Default 200.
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// Items looked at: those with most customers. Default 4096.
    ///
    /// The table of pairs takes `4 x max_items^2` bytes (64 MiB at the default). How many items
    /// were left out is said by [`CrossSell::n_items_left_out`](super::CrossSell::n_items_left_out).
    pub fn max_items(mut self, items: usize) -> Self {
        self.0.max_items = items;
        self
    }

    /// Customers from whom the relations between items are learned, evenly spaced over the
    /// list when there are more. Default 50,000.
    pub fn max_fit_customers(mut self, customers: usize) -> Self {
        self.0.max_fit_customers = customers;
        self
    }

    /// Baskets in which two items must have met before one is a reason for the other. Default 10.
    pub fn min_support(mut self, baskets: u32) -> Self {
        self.0.min_support = baskets;
        self
    }

    /// Same seed and same history give the same bits. Default 42.
    ///
    /// It only starts the search for the leading directions, so it hardly moves the suggestions.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for CrossSellParams {
    type Checked = CrossSellValidParams;
    type Error = CrossSellParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        use CrossSellParamError as E;
        let p = &self.0;
        if p.suggestions == 0 {
            return Err(E::Suggestions);
        }
        if !(1..=3650).contains(&p.horizon_days) {
            return Err(E::Horizon(p.horizon_days));
        }
        if !(1..=MOST_RANK).contains(&p.rank) {
            return Err(E::Rank(p.rank));
        }
        if !(p.shrinkage > 0.0 && p.shrinkage.is_finite()) {
            return Err(E::Shrinkage(p.shrinkage));
        }
        if p.candidates < p.suggestions {
            return Err(E::Candidates {
                candidates: p.candidates,
                suggestions: p.suggestions,
            });
        }
        if !(1..=MOST_ITEMS).contains(&p.max_items) {
            return Err(E::MaxItems(p.max_items));
        }
        if p.max_fit_customers == 0 {
            return Err(E::MaxFitCustomers);
        }
        if p.min_support == 0 {
            return Err(E::MinSupport);
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl CrossSellValidParams {
    /// Suggestions for each customer.
    pub fn suggestions(&self) -> usize {
        self.suggestions
    }
    /// Days in which a suggested item is to be bought for the first time.
    pub fn horizon_days(&self) -> i32 {
        self.horizon_days
    }
    /// Directions kept of the item-by-item matrix.
    pub fn rank(&self) -> usize {
        self.rank
    }
    /// Ridge penalty as a share of the customers learned from.
    pub fn shrinkage(&self) -> f64 {
        self.shrinkage
    }
    /// Items per customer among which the calibrated score decides.
    pub fn candidates(&self) -> usize {
        self.candidates
    }
    /// Items looked at.
    pub fn max_items(&self) -> usize {
        self.max_items
    }
    /// Customers from whom the relations between items are learned.
    pub fn max_fit_customers(&self) -> usize {
        self.max_fit_customers
    }
    /// Baskets in which two items must have met before one is a reason for the other.
    pub fn min_support(&self) -> u32 {
        self.min_support
    }
    /// The start of the random numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(params: CrossSellParams, words: &str) {
        let message = params.check().unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn the_defaults_are_valid() {
        assert!(CrossSellParams::new().check().is_ok());
    }

    #[test]
    fn suggestions_cannot_be_zero() {
        refused(CrossSellParams::new().suggestions(0), "suggestions = 0");
    }

    #[test]
    fn the_horizon_is_at_least_a_day_and_at_most_ten_years() {
        refused(CrossSellParams::new().horizon_days(0), "horizon_days = 0");
        refused(CrossSellParams::new().horizon_days(-7), "horizon_days = -7");
        refused(
            CrossSellParams::new().horizon_days(3651),
            "horizon_days = 3651",
        );
        assert!(CrossSellParams::new().horizon_days(3650).check().is_ok());
    }

    #[test]
    fn the_rank_has_both_limits() {
        refused(CrossSellParams::new().rank(0), "rank = 0");
        refused(CrossSellParams::new().rank(257), "rank = 257");
        assert!(CrossSellParams::new().rank(256).check().is_ok());
    }

    #[test]
    fn the_shrinkage_must_be_a_finite_number_above_zero() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            refused(
                CrossSellParams::new().shrinkage(bad),
                &format!("shrinkage = {bad}"),
            );
        }
    }

    #[test]
    fn there_are_at_least_as_many_candidates_as_suggestions() {
        refused(CrossSellParams::new().candidates(9), "use at least 10");
        assert!(CrossSellParams::new().candidates(10).check().is_ok());
    }

    #[test]
    fn the_items_looked_at_have_both_limits() {
        refused(CrossSellParams::new().max_items(0), "max_items = 0");
        refused(
            CrossSellParams::new().max_items(16_385),
            "max_items = 16385",
        );
        assert!(CrossSellParams::new().max_items(16_384).check().is_ok());
    }

    #[test]
    fn relations_need_at_least_one_customer() {
        refused(
            CrossSellParams::new().max_fit_customers(0),
            "max_fit_customers = 0",
        );
    }

    #[test]
    fn a_reason_needs_at_least_one_basket() {
        refused(CrossSellParams::new().min_support(0), "min_support = 0");
    }
}

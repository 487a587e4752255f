//! Pairs that are together less often than they should be, and more often.
//!
//! **Substitutes** are two items of which a customer takes one or the other: each is frequent, they
//! are rarely in one basket, and yet the same people buy both over time. **Complements** are two items
//! that are in one basket more often than can be explained. The number of baskets with both says
//! neither by itself, for two reasons, and for each there is a comparison:
//!
//! - large baskets hold more of everything: baskets are compared with those of like size
//!   ([`Pair::given_size`]);
//! - people have tastes: who never eats meat buys neither sausage nor ham, and who buys for a
//!   child buys nappies and juice. When it is known who bought, each customer's baskets are
//!   compared with the others of the same customer
//!   ([`SameCustomers::given_customer`]). Two items for different people are then no
//!   substitutes: with nobody who buys both, there is nothing to expect.
//!
//! Neither is asked of baskets that hold fewer than two items.
//!
//! Where baskets are small, two items that are bought together can fill a basket, so that baskets of
//! their size seem to hold the one or the other: substitutes must avoid each other among baskets that
//! are alike in what *else* they hold, too, as rules must not ([`adjust`](super::adjust)).
//!
//! Each comparison alone can be misled by what the other one accounts for, so with customers a
//! pair has to pass both: its p-value is the larger one (the intersection-union test, Berger
//! 1982).

use std::{
    cmp::Ordering,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use linfa::ParamGuard;
use rayon::prelude::*;

use super::{
    Baskets, MinSupport, OnSale,
    adjusted::avoidance,
    comparison::{Comparison, Side},
    on_sale::{Axes, Grid},
    pair_significance::{Together, fisher_lower_tail},
    pairs::{Crossed, FrequentItems, PairError, check_support},
    same_customers::{self, ByCustomer, SameCustomers},
    significance::{benjamini_hochberg, fisher_upper_tail},
    size_strata::{MAX_GROUPS, SizeStrata},
};

/// Two items that are together less often, or more often, than they should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Item codes, ascending.
    pub items: [u32; 2],
    /// Number of baskets with each.
    pub counts: [u32; 2],
    /// Number of baskets with both.
    pub together: u32,
    /// Number of baskets with both, in the mean, if the items were scattered over all baskets.
    pub expected: f64,
    /// `together / expected`. Neutral: 1.
    pub lift: f64,
    /// Fisher's exact test of that, on this side ([`fisher_lower_tail`] for substitutes,
    /// [`fisher_upper_tail`] for complements).
    pub fisher: f64,
    /// Among baskets of like size.
    pub given_size: Comparison,
    /// What the customers say, if it is known who bought.
    pub customers: Option<SameCustomers>,
    /// That of `given_size`; with customers the larger one of that and of
    /// [`given_customer`](SameCustomers::given_customer). For substitutes it is no lower than that
    /// among baskets alike in what else they hold, as [`adjust`](super::adjust) has it.
    pub p_value: f64,
    /// The p-value corrected for the number of pairs that were tested on this side
    /// ([`benjamini_hochberg`](super::benjamini_hochberg)).
    pub q_value: f64,
    /// How strong the pair is, as far as the data can promise; see [`Pairs`].
    pub score: f64,
}

/// Substitutes and complements, best first, and how many pairs they were chosen from.
///
/// **The score of substitutes** runs from 0 to 1. It is the share of the expected baskets with both
/// that is missing for certain: 1 less the upper end of the 95 % interval of
/// [`Comparison::ratio`]; with customers, for the comparison in which less is missing, times
/// [`SameCustomers::overlap`], the share of the customers of one item who buy the other, too. 1
/// would be two items that all their customers buy, and never at once.
///
/// **The score of complements** is how many times more often together than expected is certain: the
/// lower end of the same interval, with customers the lower one of both comparisons. It is above 1.
///
/// **The order** is by score, the highest first, then by the items.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// Pairs that avoid each other.
    pub substitutes: Vec<Pair>,
    /// Pairs that seek each other.
    pub complements: Vec<Pair>,
    /// Number of frequent items.
    pub n_items: usize,
    /// Number of pairs that were tested as substitutes: those that chance alone would put together
    /// often enough for their absence to be noticed.
    pub n_tested_substitutes: usize,
    /// Number of pairs that were tested as complements: all, where they were looked for.
    pub n_tested_complements: usize,
}

/// Checked parameters of the search for substitutes and complements; see [`PairParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct PairValidParams {
    min_support: MinSupport,
    size_strata: usize,
    min_expected: f64,
    max_q_value: f64,
    max_pairs: usize,
    complements: bool,
}

impl PairValidParams {
    /// The fewest baskets of each item.
    pub fn min_support(&self) -> MinSupport {
        self.min_support
    }

    /// The most groups of baskets by size.
    pub fn size_strata(&self) -> usize {
        self.size_strata
    }

    /// The least expected count of a pair that is tested as substitutes.
    pub fn min_expected(&self) -> f64 {
        self.min_expected
    }

    /// The highest q-value.
    pub fn max_q_value(&self) -> f64 {
        self.max_q_value
    }

    /// The most pairs that may stand out.
    pub fn max_pairs(&self) -> usize {
        self.max_pairs
    }
}

/// Unchecked parameters of the search for substitutes and complements.
///
/// ```
/// use linfa::ParamGuard;
/// use regulars_models::associations::{Baskets, MinSupport, PairParams};
///
/// // 100 customers with 4 baskets each: one of two colas, 0 or 1, beside bread 2 or milk 3.
/// let mut lines = (Vec::new(), Vec::new());
/// for basket in 0..400 {
///     lines.0.extend([basket; 2]);
///     lines.1.extend([basket % 2, 2 + basket / 2 % 2]);
/// }
/// let customers: Vec<u32> = (0..400).map(|basket| basket / 4).collect();
/// let baskets = Baskets::from_pairs(&lines.0, &lines.1, 400, 4)?;
/// let params = PairParams::new(MinSupport::Share(0.05)).check()?;
/// let pairs = params.fit(&baskets, Some(&customers))?;
/// let colas = &pairs.substitutes[0];
/// assert_eq!(colas.items, [0, 1]);
/// assert_eq!(colas.customers.as_ref().map(|said| said.overlap()), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_support` | none: it must be given | the fewest baskets of *each* item |
/// | `size_strata` | 16 | the most groups of baskets by size, up to 32 |
/// | `min_expected` | 5 | test a pair as substitutes if chance puts it together so often |
/// | `max_q_value` | 0.05 | the highest q-value of a pair |
/// | `complements` | true | look for complements, too |
/// | `max_pairs` | 1,000,000 | stop with an error rather than fill the memory |
#[derive(Clone, Debug, PartialEq)]
pub struct PairParams(PairValidParams);

impl PairParams {
    /// Parameters with this minimum support of each item and the defaults for the rest.
    pub fn new(min_support: MinSupport) -> Self {
        Self(PairValidParams {
            min_support,
            size_strata: 16,
            min_expected: 5.0,
            max_q_value: 0.05,
            max_pairs: 1_000_000,
            complements: true,
        })
    }

    /// Sets the fewest baskets of each item.
    pub fn min_support(mut self, min_support: MinSupport) -> Self {
        self.0.min_support = min_support;
        self
    }

    /// Sets the most groups of baskets by size.
    ///
    /// One group compares small baskets with large ones.
    pub fn size_strata(mut self, size_strata: usize) -> Self {
        self.0.size_strata = size_strata;
        self
    }

    /// Sets how often chance alone has to put a pair together, over all baskets, for it to be
    /// tested as substitutes.
    ///
    /// This looks at the counts of the items and never at that of the pair, so it takes nothing
    /// from the promise of the q-values (Bourgon, Gentleman and Huber 2010), while tests that
    /// cannot succeed would.
    pub fn min_expected(mut self, min_expected: f64) -> Self {
        self.0.min_expected = min_expected;
        self
    }

    /// Sets the highest q-value of a pair, itself included; at most 0.5.
    pub fn max_q_value(mut self, max_q_value: f64) -> Self {
        self.0.max_q_value = max_q_value;
        self
    }

    /// Sets whether complements are looked for, too. Without them there are none, and substitutes
    /// are found sooner.
    pub fn complements(mut self, wanted: bool) -> Self {
        self.0.complements = wanted;
        self
    }

    /// Sets the most pairs, of both kinds, that may stand out.
    pub fn max_pairs(mut self, max_pairs: usize) -> Self {
        self.0.max_pairs = max_pairs;
        self
    }
}

impl ParamGuard for PairParams {
    type Checked = PairValidParams;
    type Error = PairError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        check_support(params.min_support)?;
        if !(1..=MAX_GROUPS).contains(&params.size_strata) {
            return Err(PairError::SizeStrata(params.size_strata));
        }
        // Ranges refuse what is not a number, too.
        if !(0.0..f64::INFINITY).contains(&params.min_expected) {
            return Err(PairError::MinExpected(params.min_expected));
        }
        if !(params.max_q_value > 0.0 && params.max_q_value <= 0.5) {
            return Err(PairError::MaxQValue(params.max_q_value));
        }
        if params.max_pairs == 0 {
            return Err(PairError::ZeroMaxPairs);
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl PairValidParams {
    /// Finds the pairs that stand out, among all pairs of items that are each in enough baskets.
    ///
    /// - `customers`: who bought each basket, any number for each customer, `u32::MAX` for
    ///   baskets of which that is not known; those say nothing about customers.
    ///
    /// The result is the same on any number of threads.
    ///
    /// Pairs are compared among baskets of like size first. Customers are asked only about those that
    /// this alone would let through: p-values only grow by what they say, and then no q-value falls.
    ///
    /// Memory: 16 bytes a line of frequent items, with customers 40 bytes more for each item of each
    /// customer; for each thread 4 bytes for each item and group, with customers 40 bytes more for each
    /// item; 64 bytes for each pair whose p-value among baskets of like size is at most `max_q_value`,
    /// and the pairs that stand out. Time grows with the squared number of items, and with the squared sizes of the baskets,
    /// with customers of their assortments: for a million baskets of 10 of 5,000 items, 12.5
    /// million pairs, 4 processor seconds, and 22 with 50,000 customers.
    ///
    /// # Errors
    /// [`PairError::UnequalLengths`] if there is not one customer for each basket;
    /// [`PairError::TooManyFound`].
    pub fn fit(&self, baskets: &Baskets, customers: Option<&[u32]>) -> Result<Pairs, PairError> {
        self.search(baskets, customers, None)
    }

    /// As [`fit`](Self::fit), with substitutes held against the baskets of those days alone on which
    /// both items were on sale: what was never sold at the same time replaces nothing.
    ///
    /// Pairs are looked for among all baskets, and those that stand out are measured again among
    /// the baskets of their common days, where those are fewer than nearly all (95 %), as of rules. They have to be
    /// expected together there, too, at least `min_expected` times.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); also if there is not one day for each basket.
    pub fn fit_on_sale(
        &self,
        baskets: &Baskets,
        customers: Option<&[u32]>,
        on_sale: &OnSale<'_>,
    ) -> Result<Pairs, PairError> {
        if on_sale.days.len() != baskets.n_baskets() {
            return Err(PairError::UnequalDays {
                baskets: baskets.n_baskets(),
                days: on_sale.days.len(),
            });
        }
        self.search(baskets, customers, Some(on_sale))
    }

    fn search(
        &self,
        baskets: &Baskets,
        customers: Option<&[u32]>,
        on_sale: Option<&OnSale<'_>>,
    ) -> Result<Pairs, PairError> {
        if let Some(customers) = customers
            && customers.len() != baskets.n_baskets()
        {
            return Err(PairError::UnequalLengths {
                baskets: baskets.n_baskets(),
                customers: customers.len(),
            });
        }
        let n_baskets = baskets.n_baskets() as u32;
        let min_count = self.min_support.count_of(n_baskets);
        let frequent = FrequentItems::new(baskets, min_count);
        let crossed = Crossed::new(baskets, &frequent, &frequent.counts);
        let strata = SizeStrata::new(&baskets.sizes(), &crossed, self.size_strata);
        let by_customer =
            customers.map(|of| ByCustomer::new(baskets, of, &frequent, self.size_strata));
        let search = Search {
            params: self,
            frequent: &frequent,
            crossed: &crossed,
            strata: &strata,
            by_customer: by_customer.as_ref(),
            n_baskets,
            n_found: AtomicUsize::new(0),
        };
        let m = frequent.codes.len();
        let mut rows: Vec<Row> = (0..m)
            .into_par_iter()
            .map_init(Vec::new, |both, item| search.sized(item, both))
            .collect();
        let n_tested_substitutes = rows.iter().map(|row| row.n_tested_substitutes).sum();
        let n_tested_complements = match self.complements {
            true => m * m.saturating_sub(1) / 2,
            false => 0,
        };
        let n_tested = [n_tested_substitutes, n_tested_complements];
        let most = [Side::Substitutes, Side::Complements]
            .map(|side| self.most_p_value(&rows, side, n_tested[side as usize]));
        rows.par_iter_mut()
            .for_each_init(Counters::default, |counters, row| {
                search.among_customers(row, most, counters)
            });
        if search.n_found.into_inner() > self.max_pairs {
            return Err(PairError::TooManyFound(self.max_pairs));
        }
        let mut p_values = [Vec::new(), Vec::new()];
        let mut found = [Vec::new(), Vec::new()];
        for mut row in rows {
            for side in 0..2 {
                p_values[side].append(&mut row.p_values[side]);
                found[side].append(&mut row.found[side]);
            }
        }
        for ((found, p_values), n_tested) in found.iter_mut().zip(p_values).zip(n_tested) {
            self.correct(found, p_values, n_tested);
            found.par_sort_unstable_by(best_first);
        }
        let [mut substitutes, complements] = found;
        // Baskets of one size can make substitutes of two items that fill them: the pair has to
        // avoid each other among baskets alike in what else they hold, too.
        let axes = on_sale.map(Axes::new);
        let on_sale = on_sale.zip(axes.as_ref());
        let on_sale = on_sale.map(|(on_sale, axes)| (on_sale, on_sale.grid(axes)));
        if let Some((on_sale, grid)) = &on_sale {
            substitutes = self.within(substitutes, baskets, customers, (on_sale, grid));
        }
        let all = substitutes.iter_mut().filter(|pair| {
            // The others have been held against the baskets of their own days.
            let own = |(on_sale, grid): &(&OnSale<'_>, Grid<'_>)| on_sale.common(&pair.items, grid);
            on_sale.as_ref().and_then(own).is_none()
        });
        let mut all: Vec<&mut Pair> = all.collect();
        let items: Vec<[u32; 2]> = all.iter().map(|pair| pair.items).collect();
        for (pair, p_value) in all.iter_mut().zip(avoidance(&items, baskets)) {
            pair.p_value = pair.p_value.max(p_value);
        }
        substitutes.par_sort_unstable_by(best_first);
        let p_values = substitutes.iter().map(|pair| pair.p_value).collect();
        self.correct(&mut substitutes, p_values, n_tested_substitutes);
        Ok(Pairs {
            substitutes,
            complements,
            n_items: m,
            n_tested_substitutes,
            n_tested_complements,
        })
    }
}

impl PairValidParams {
    /// Measures pairs again among the baskets of the days and places at which both items were on sale.
    fn within(
        &self,
        pairs: Vec<Pair>,
        baskets: &Baskets,
        customers: Option<&[u32]>,
        (on_sale, grid): (&OnSale<'_>, &Grid<'_>),
    ) -> Vec<Pair> {
        // Customer after customer, so that no pair has to sort the baskets again.
        let mut order: Vec<usize> = (0..baskets.n_baskets()).collect();
        if let Some(of) = customers {
            order.sort_by_key(|&basket| of[basket]);
        }
        pairs
            .into_par_iter()
            .filter_map(|pair| match on_sale.common(&pair.items, grid) {
                None => Some(pair),
                Some(common) => {
                    let chosen = on_sale.chosen(&order, &common);
                    self.measured(pair.items, baskets, customers, &chosen)
                }
            })
            .collect()
    }

    /// A pair among some of the baskets; none if it does not stand out there.
    fn measured(
        &self,
        items: [u32; 2],
        baskets: &Baskets,
        customers: Option<&[u32]>,
        chosen: &[usize],
    ) -> Option<Pair> {
        let part = baskets.part(chosen);
        let customers: Option<Vec<u32>> =
            customers.map(|of| chosen.iter().map(|&basket| of[basket]).collect());
        let frequent = FrequentItems::pair(&part, items);
        if frequent.codes.len() < 2 {
            return None;
        }
        let crossed = Crossed::new(&part, &frequent, &frequent.counts);
        let strata = SizeStrata::new(&part.sizes(), &crossed, self.size_strata);
        let by_customer =
            customers.map(|of| ByCustomer::new(&part, &of, &frequent, self.size_strata));
        let search = Search {
            params: self,
            frequent: &frequent,
            crossed: &crossed,
            strata: &strata,
            by_customer: by_customer.as_ref(),
            n_baskets: part.n_baskets() as u32,
            n_found: AtomicUsize::new(0),
        };
        let mut row = search.sized(0, &mut Vec::new());
        let most = [self.max_q_value; 2];
        search.among_customers(&mut row, most, &mut Counters::default());
        let [mut substitutes, _] = row.found;
        let mut pair = substitutes.pop()?;
        let avoided = avoidance(&[items], &part).into_iter().next();
        pair.p_value = avoided.map_or(pair.p_value, |p_value| pair.p_value.max(p_value));
        Some(pair)
    }

    /// The highest p-value among baskets of like size that a pair of a side may have, of so many that
    /// were tested: the correction lets no pair above it through. What is known later only raises
    /// p-values, and so q-values.
    fn most_p_value(&self, rows: &[Row], side: Side, n_tested: usize) -> f64 {
        let candidates = rows.iter().flat_map(|row| &row.candidates);
        let of_side = candidates.filter(|candidate| candidate.side == side);
        let mut p_values: Vec<f64> = of_side.map(|candidate| candidate.p_value).collect();
        p_values.par_sort_unstable_by(f64::total_cmp);
        let passes = |(place, p_value): (usize, &f64)| {
            let q_value = p_value * n_tested as f64 / (place + 1) as f64;
            // Not to lose by rounding what the correction would keep.
            (q_value <= self.max_q_value * (1.0 + 1e-9)).then_some(*p_value)
        };
        let last = p_values.iter().enumerate().rev().find_map(passes);
        last.unwrap_or(-1.0)
    }

    /// Corrects the p-values of pairs, of so many that were tested, and leaves those whose q-value
    /// is low enough.
    ///
    /// Only the lowest p-values need be here, and they are what the others cannot change: a p-value
    /// above `max_q_value` makes no q-value below it. So the q-values among these are right but for
    /// the number of tests.
    fn correct(&self, pairs: &mut Vec<Pair>, mut p_values: Vec<f64>, n_tested: usize) {
        p_values.par_sort_unstable_by(f64::total_cmp);
        let q_values = benjamini_hochberg(&p_values);
        let scale = n_tested as f64 / p_values.len() as f64;
        for pair in pairs.iter_mut() {
            let place = p_values.partition_point(|&p| p < pair.p_value);
            pair.q_value = (q_values[place] * scale).min(1.0);
        }
        pairs.retain(|pair| pair.q_value <= self.max_q_value);
    }
}

fn best_first(a: &Pair, b: &Pair) -> Ordering {
    (b.score.total_cmp(&a.score)).then_with(|| a.items.cmp(&b.items))
}

/// All that is needed to look at the pairs of one item with those after it.
struct Search<'a> {
    params: &'a PairValidParams,
    frequent: &'a FrequentItems,
    crossed: &'a Crossed,
    strata: &'a SizeStrata,
    by_customer: Option<&'a ByCustomer>,
    n_baskets: u32,
    n_found: AtomicUsize,
}

/// What a thread counts in.
type Counters = same_customers::Counters;

/// A pair that stands out among baskets of like size.
struct Candidate {
    second: u32,
    side: Side,
    p_value: f64,
    together: u32,
    sized: Together,
}

/// What comes of the pairs of one item with those after it; substitutes and complements.
#[derive(Default)]
struct Row {
    first: usize,
    n_tested_substitutes: usize,
    candidates: Vec<Candidate>,
    /// Those that are at most the highest q-value.
    p_values: [Vec<f64>; 2],
    found: [Vec<Pair>; 2],
}

impl Search<'_> {
    /// Compares an item with each after it among baskets of like size; `both` is room for the
    /// baskets with both, for each item and group of sizes.
    fn sized(&self, first: usize, both: &mut Vec<u32>) -> Row {
        let m = self.crossed.n_items();
        let n_groups = self.strata.n_groups();
        both.clear();
        both.resize(m * n_groups, 0);
        for place in self.crossed.places(first) {
            let group = self.strata.group_of(place);
            for &other in self.crossed.after(place) {
                both[other as usize * n_groups + group] += 1;
            }
        }
        let mut row = Row {
            first,
            ..Row::default()
        };
        for second in first + 1..m {
            let both = &both[second * n_groups..][..n_groups];
            let testable = self.expected([first, second]) >= self.params.min_expected;
            row.n_tested_substitutes += usize::from(testable);
            row.candidates
                .extend(self.candidate([first, second], both, testable));
        }
        row
    }

    /// How many baskets would hold both if items were scattered.
    fn expected(&self, pair: [usize; 2]) -> f64 {
        let [first, second] = pair.map(|item| f64::from(self.frequent.counts[item]));
        first * second / f64::from(self.n_baskets)
    }

    fn candidate(&self, pair: [usize; 2], both: &[u32], testable: bool) -> Option<Candidate> {
        let together: u32 = both.iter().sum();
        if !testable && (together == 0 || !self.params.complements) {
            return None;
        }
        let sized = self.strata.compare(pair[0], pair[1], both);
        // The median of such a count lies beside its mean (Jogdeo and Samuels 1968), so the tail
        // beyond the mean is about one half or more and need not be computed.
        let side = match sized.observed < sized.expected {
            true if !testable => return None,
            true => Side::Substitutes,
            false if !self.params.complements => return None,
            false => Side::Complements,
        };
        let p_value = side.p_value(&sized);
        (p_value <= self.params.max_q_value).then_some(Candidate {
            second: pair[1] as u32,
            side,
            p_value,
            together,
            sized,
        })
    }

    /// Asks the customers about those pairs of a row that have at most these p-values.
    fn among_customers(&self, row: &mut Row, most: [f64; 2], counters: &mut Counters) {
        let mut candidates = std::mem::take(&mut row.candidates);
        candidates.retain(|candidate| candidate.p_value <= most[candidate.side as usize]);
        if candidates.is_empty() || self.n_found.load(Relaxed) > self.params.max_pairs {
            return;
        }
        if let Some(by_customer) = self.by_customer {
            by_customer.count(self.crossed, row.first, counters);
        }
        for candidate in candidates {
            self.pair(&candidate, counters, row);
        }
    }

    fn pair(&self, candidate: &Candidate, counters: &Counters, row: &mut Row) {
        let (side, sized) = (candidate.side, &candidate.sized);
        let pair = [row.first, candidate.second as usize];
        let counts = pair.map(|item| self.frequent.counts[item]);
        let together = candidate.together;
        let of_customers = self
            .by_customer
            .map(|by_customer| by_customer.compare(pair, counters));
        let mut p_value = candidate.p_value;
        let mut score = side.score(sized);
        if let Some(said) = &of_customers {
            p_value = p_value.max(side.p_value(&said.given_customer));
            score = score.min(side.score(&said.given_customer));
        }
        if p_value > self.params.max_q_value {
            return;
        }
        row.p_values[side as usize].push(p_value);
        // Not a number if nothing was expected.
        if score.is_nan() || score <= 0.0 {
            return;
        }
        let customers = of_customers.map(|said| SameCustomers {
            n_customers: said.n_customers,
            counts: said.counts,
            both: said.both,
            given_breadth: Comparison::new(&said.given_breadth, Side::Complements),
            given_customer: Comparison::new(&said.given_customer, side),
        });
        let score = match (side, &customers) {
            (Side::Complements, _) => score + 1.0,
            (Side::Substitutes, None) => score,
            (Side::Substitutes, Some(customers)) => score * customers.overlap(),
        };
        let fisher = match side {
            Side::Substitutes => fisher_lower_tail,
            Side::Complements => fisher_upper_tail,
        };
        let expected = self.expected(pair);
        let [a, b, both] = [counts[0], counts[1], together].map(u64::from);
        row.found[side as usize].push(Pair {
            items: pair.map(|item| self.frequent.codes[item]),
            counts,
            together,
            expected,
            lift: f64::from(together) / expected,
            fisher: fisher(u64::from(self.n_baskets), a, b, both),
            given_size: Comparison::new(sized, side),
            customers,
            p_value,
            q_value: p_value,
            score,
        });
        self.n_found.fetch_add(1, Relaxed);
    }
}

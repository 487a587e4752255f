//! What a rule from a sequence is worth, counted on any histories.

use std::{cmp::Ordering, collections::HashMap};

use rayon::prelude::*;

use super::{Histories, Sequence, Sequences, TimeLimits, histories::holds};
use crate::associations::p_value;

/// How good a rule `prefix => next` is: who has had the prefix has `next` afterwards.
///
/// A measure whose denominator is 0, because nobody has the prefix or `next`, is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequenceMeasures {
    /// Number of customers, those without baskets included.
    pub n_customers: u64,
    /// Number of customers with the prefix, within the time limits.
    pub prefix_count: u64,
    /// Number of customers who have `next` in any of their baskets, before, after or without the
    /// prefix.
    pub next_count: u64,
    /// Number of customers with the whole pattern, within the time limits.
    pub count: u64,
    /// `count / n_customers`.
    pub support: f64,
    /// `count / prefix_count`. A customer whose prefix was complete only lately has had little
    /// time for `next`, and counts against the rule all the same.
    pub confidence: f64,
    /// Confidence over the base rate `next_count / n_customers`. Neutral: 1. It is low rather
    /// than high: the base rate counts `next` at any time, the confidence only after the prefix.
    pub lift: f64,
    /// The chance of `count` or more customers if having the prefix and ever having `next` were
    /// independent; [`p_value`] of the four counts. It is at
    /// most too high, because `count` leaves out those who had `next` only before the prefix.
    /// What it cannot see is activity: customers who buy much have more of everything.
    pub p_value: f64,
    /// How long `next` takes to come; `None` if it never does.
    pub lag: Option<Lag>,
}

/// Days from the end of the prefix to `next`, over the customers who have the whole pattern.
///
/// Of each customer one occurrence counts: that whose prefix ends earliest, of all that keep to
/// the time limits, and after it the earliest `next`. Quartiles between two customers are
/// interpolated linearly (type 7 of Hyndman and Fan 1996, the default of R and NumPy).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lag {
    /// A quarter of the customers took at most so long.
    pub first_quartile: f64,
    /// Half of them did.
    pub median: f64,
    /// Three quarters did.
    pub third_quartile: f64,
}

impl Lag {
    /// The quartiles of some lags, in any order.
    fn of(lags: &mut [u32]) -> Option<Self> {
        lags.sort_unstable();
        let last = lags.len().checked_sub(1)?;
        let quantile = |quarters: usize| {
            let (below, part) = (last * quarters / 4, last * quarters % 4);
            let [low, high] = [below, (below + 1).min(last)].map(|i| f64::from(lags[i]));
            low + (high - low) * part as f64 / 4.0
        };
        Some(Self {
            first_quartile: quantile(1),
            median: quantile(2),
            third_quartile: quantile(3),
        })
    }
}

/// A rule to be measured.
#[derive(Clone)]
pub(super) struct Pattern<'a> {
    pub(super) prefix: Vec<&'a [u32]>,
    pub(super) next: &'a [u32],
}

/// The measures of these rules, in their order, but for the days that they take; `candidates` are the
/// patterns that they were split from.
///
/// What begins a frequent pattern is frequent itself, and so is each of its elements alone, whatever
/// the time limits: so a list of all frequent patterns has every count that is needed, and nobody's
/// history has to be looked at. Where the list leaves patterns out (it is of closed ones, or of
/// those with required items), those are counted.
pub(super) fn measure_listed(
    patterns: &[Pattern],
    candidates: &[Sequence],
    sequences: &Sequences,
    histories: &Histories,
) -> Vec<SequenceMeasures> {
    let listed: HashMap<(&[u32], &[u32]), u32> = sequences
        .iter()
        .map(|pattern| ((pattern.items(), pattern.ends()), pattern.count))
        .collect();
    let counts = |candidate: &Sequence| -> Option<[u64; 2]> {
        let (items, ends) = (candidate.items(), candidate.ends());
        let ends = &ends[..ends.len() - 1];
        let (prefix, next) = items.split_at(*ends.last()? as usize);
        let one_element = [next.len() as u32];
        let prefix = listed.get(&(prefix, ends))?;
        let next = listed.get(&(next, &one_element[..]))?;
        Some([prefix, next].map(|count| u64::from(*count)))
    };
    let counts: Vec<Option<[u64; 2]>> = candidates.iter().map(counts).collect();
    let unlisted = (patterns.iter().zip(&counts)).filter(|(_, counts)| counts.is_none());
    let unlisted: Vec<Pattern> = unlisted.map(|(pattern, _)| pattern.clone()).collect();
    let mut unlisted = measure(&unlisted, sequences.time(), histories).into_iter();
    let n = histories.n_customers() as u64;
    let mut measures: Vec<Option<SequenceMeasures>> = candidates
        .par_iter()
        .zip(&counts)
        .with_min_len(256)
        .map(|(candidate, counts)| {
            counts.map(|[prefix, next]| {
                SequenceMeasures::new(n, prefix, next, candidate.count.into(), None)
            })
        })
        .collect();
    for measures in &mut measures {
        if measures.is_none() {
            *measures = unlisted.next();
        }
    }
    measures.into_iter().flatten().collect()
}

/// The measures of these rules, in their order.
pub(super) fn measure(
    patterns: &[Pattern],
    time: TimeLimits,
    histories: &Histories,
) -> Vec<SequenceMeasures> {
    let index = Index::new(histories);
    // Rules of one prefix are measured together, and each `next` is counted once.
    let mut nexts: Vec<&[u32]> = patterns.iter().map(|pattern| pattern.next).collect();
    nexts.sort_unstable();
    nexts.dedup();
    let next_counts: Vec<u64> = nexts
        .par_iter()
        .map(|next| index.customers_with(next))
        .collect();
    let next_count = |next: &[u32]| match nexts.binary_search(&next) {
        Ok(place) => next_counts[place],
        Err(_) => 0,
    };
    let mut order: Vec<usize> = (0..patterns.len()).collect();
    order.sort_by(|&a, &b| patterns[a].prefix.cmp(&patterns[b].prefix));
    let groups: Vec<&[usize]> = order
        .chunk_by(|&a, &b| patterns[a].prefix == patterns[b].prefix)
        .collect();
    let measured: Vec<Vec<SequenceMeasures>> = groups
        .par_iter()
        .map(|group| {
            let ends = index.ends_of(&patterns[group[0]].prefix, time);
            let measures = group.iter().map(|&i| {
                let next = patterns[i].next;
                let mut lags = index.lags(&ends, next, time);
                let counts = [ends.customers.len(), lags.len()].map(|count| count as u64);
                SequenceMeasures::new(
                    histories.n_customers() as u64,
                    counts[0],
                    next_count(next),
                    counts[1],
                    Lag::of(&mut lags),
                )
            });
            measures.collect()
        })
        .collect();
    let mut placed: Vec<(usize, SequenceMeasures)> = order
        .iter()
        .copied()
        .zip(measured.into_iter().flatten())
        .collect();
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, measures)| measures).collect()
}

impl SequenceMeasures {
    fn new(
        n_customers: u64,
        prefix_count: u64,
        next_count: u64,
        count: u64,
        lag: Option<Lag>,
    ) -> Self {
        let [n, prefix, next, both] =
            [n_customers, prefix_count, next_count, count].map(|count| count as f64);
        Self {
            n_customers,
            prefix_count,
            next_count,
            count,
            support: both / n,
            confidence: both / prefix,
            lift: n * both / (prefix * next),
            p_value: p_value(n_customers, prefix_count, next_count, count),
            lag,
        }
    }
}

/// Where each item was bought.
struct Index<'a> {
    histories: &'a Histories,
    /// Whose each basket is.
    customers: Vec<u32>,
    /// Item `i` is in the baskets `baskets[starts[i]..starts[i + 1]]`, ascending.
    starts: Vec<usize>,
    baskets: Vec<u32>,
}

/// Where a pattern ends, for each customer who has it: basket and latest start.
#[derive(Default)]
struct Ends {
    customers: Vec<u32>,
    /// Customer `customers[i]` has `ends[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    ends: Vec<[u32; 2]>,
}

impl<'a> Index<'a> {
    fn new(histories: &'a Histories) -> Self {
        let mut starts = vec![0_usize; histories.n_items() + 1];
        for &item in histories.lines() {
            starts[item as usize + 1] += 1;
        }
        for i in 0..histories.n_items() {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut baskets = vec![0_u32; histories.n_lines()];
        let mut customers = vec![0_u32; histories.n_baskets()];
        for c in 0..histories.n_customers() {
            for b in histories.baskets_of(c) {
                customers[b] = c as u32;
                for &item in histories.basket(b) {
                    let place = &mut next[item as usize];
                    baskets[*place] = b as u32;
                    *place += 1;
                }
            }
        }
        Self {
            histories,
            customers,
            starts,
            baskets,
        }
    }

    /// The baskets with this item; none for an item that the histories do not have.
    fn baskets_with(&self, item: u32) -> &[u32] {
        let i = item as usize;
        match self.starts.get(i + 1) {
            Some(&end) => &self.baskets[self.starts[i]..end],
            None => &[],
        }
    }

    /// The baskets that may hold the element: those of its rarest item.
    fn anchor(&self, element: &[u32]) -> &[u32] {
        let lists = element.iter().map(|&item| self.baskets_with(item));
        lists.min_by_key(|list| list.len()).unwrap_or(&[])
    }

    fn holds(&self, basket: u32, element: &[u32]) -> bool {
        element.len() == 1 || holds(self.histories.basket(basket as usize), element)
    }

    /// The part of an ascending list of baskets that is customer `c`'s; `from` is where to look,
    /// and moves on.
    fn part<'b>(&self, list: &'b [u32], c: u32, from: &mut usize) -> &'b [u32] {
        let baskets = self.histories.baskets_of(c as usize);
        *from += gallop(&list[*from..], baskets.start as u32);
        let rest = &list[*from..];
        let len = rest.iter().take_while(|&&b| (b as usize) < baskets.end);
        &rest[..len.count()]
    }

    fn customers_with(&self, element: &[u32]) -> u64 {
        let mut count = 0;
        let mut last = None;
        for &b in self.anchor(element) {
            let customer = Some(self.customers[b as usize]);
            if customer != last && self.holds(b, element) {
                count += 1;
                last = customer;
            }
        }
        count
    }

    /// Everywhere the pattern ends.
    fn ends_of(&self, elements: &[&[u32]], time: TimeLimits) -> Ends {
        let lists: Vec<&[u32]> = elements.iter().map(|e| self.anchor(e)).collect();
        let mut found = Ends::default();
        found.starts.push(0);
        let Some(shortest) = lists.iter().min_by_key(|list| list.len()) else {
            return found;
        };
        let mut from = vec![0; lists.len()];
        let mut before: Vec<[u32; 2]> = Vec::new();
        let mut ends: Vec<[u32; 2]> = Vec::new();
        let whose = |b: &u32| self.customers[*b as usize];
        for chunk in shortest.chunk_by(|a, b| whose(a) == whose(b)) {
            let c = whose(&chunk[0]);
            for (j, (element, list)) in elements.iter().zip(&lists).enumerate() {
                std::mem::swap(&mut before, &mut ends);
                ends.clear();
                let mut latest = 0;
                for &b in self.part(list, c, &mut from[j]) {
                    if !self.holds(b, element) {
                        continue;
                    }
                    if j == 0 {
                        ends.push([b, b]);
                        continue;
                    }
                    // Of all that it may follow the latest is nearest, and starts latest.
                    while latest + 1 < before.len() && self.may_follow(before[latest + 1], b, time)
                    {
                        latest += 1;
                    }
                    if self.follows(before[latest], b, time) {
                        ends.push([b, before[latest][1]]);
                    }
                }
                if ends.is_empty() {
                    break;
                }
            }
            if !ends.is_empty() {
                found.customers.push(c);
                found.ends.append(&mut ends);
                found.starts.push(found.ends.len());
            }
        }
        found
    }

    /// Whether basket `b` is late enough to follow.
    fn may_follow(&self, [end, _]: [u32; 2], b: u32, time: TimeLimits) -> bool {
        b > end && self.days(end, b) >= time.min_gap
    }

    /// Whether basket `b` is late enough, and not too late.
    fn follows(&self, [end, start]: [u32; 2], b: u32, time: TimeLimits) -> bool {
        self.may_follow([end, start], b, time)
            && time.max_gap.is_none_or(|days| self.days(end, b) <= days)
            && time.max_span.is_none_or(|days| self.days(start, b) <= days)
    }

    fn days(&self, a: u32, b: u32) -> u32 {
        self.histories.days_between(a as usize, b as usize)
    }

    /// The lag of each customer who has `next` after the pattern; see [`Lag`].
    fn lags(&self, ends: &Ends, next: &[u32], time: TimeLimits) -> Vec<u32> {
        let list = self.anchor(next);
        let mut from = 0;
        let mut lags = Vec::new();
        for (i, &c) in ends.customers.iter().enumerate() {
            let ends = &ends.ends[ends.starts[i]..ends.starts[i + 1]];
            let baskets = self.part(list, c, &mut from);
            let lag = ends.iter().find_map(|&end| {
                let mut later = baskets.iter().copied();
                let b = later.find(|&b| self.follows(end, b, time) && self.holds(b, next))?;
                Some(self.days(end[0], b))
            });
            lags.extend(lag);
        }
        lags
    }
}

/// How many of an ascending list are below `wanted`, looking near its beginning first.
fn gallop(list: &[u32], wanted: u32) -> usize {
    let mut reach = 1;
    while reach < list.len() && list[reach - 1].cmp(&wanted) == Ordering::Less {
        reach *= 2;
    }
    list[..reach.min(list.len())].partition_point(|&b| b < wanted)
}

//! Limits that overlap: quotas of several columns, at least and at most, and several lists that share
//! one budget and the same customers. No greedy choice is the best there.
//!
//! A price is put on every limit, and each candidate is taken where it brings more than it costs: the
//! Lagrangian relaxation (Held and Karp 1970; Fisher 1981, "The Lagrangian relaxation method for
//! solving integer programming problems", Management Science 27). Whatever the prices are, what the
//! candidates then bring and the limits cost in all is at least what any choice within the limits can
//! bring, and at the best prices it is the optimum of the linear program. So the choice that is made
//! comes with a bound on what it may have lost.

use std::collections::HashMap;

use rayon::prelude::*;

use super::prices::{Account, Bounds, Prices, descend};

/// Candidates that one task looks at; fixed, so that sums are the same on any number of threads.
const CHUNK: usize = 16_384;
/// Rounds in which each limit sets its own price, and steps of all together after these.
const ROUNDS: usize = 8;
const STEPS: usize = 250;
/// Steps to see whether limits can be met together, where only groups of candidates count.
const STEPS_OF_GROUPS: usize = 4_000;
/// Whatever a limit of the kind at least is short of costs so many times what the best candidate brings.
const DEAR: f64 = 4.0;

/// How many of a group there may be, and have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many at least.
    pub least: usize,
    /// So many at most; `usize::MAX` where nothing limits them.
    pub most: usize,
}

/// Lists that are made together, of the same candidates.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    /// By list, what each candidate brings; those at or below 0, or `NaN`, are not chosen for it.
    pub profits: &'a [Vec<f64>],
    /// By list and column of quotas, the limit that each candidate counts into, if any.
    pub groups: &'a [Vec<Vec<Option<u32>>>],
    /// The limits.
    pub limits: &'a [Limit],
    /// By list, how many may be chosen in all; `usize::MAX` where nothing limits them.
    pub most: &'a [usize],
    /// By list, what choosing one costs.
    pub costs: &'a [f64],
    /// What all may cost together; infinite where nothing limits it.
    pub budget: f64,
    /// By candidate, on how many lists it may be.
    pub room: &'a [u32],
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// By list, the candidates, those first that bring most, ties by their number.
    pub chosen: Vec<Vec<usize>>,
    /// What they bring.
    pub profit: f64,
    /// No choice within the limits brings more, where they can be met.
    pub bound: f64,
    /// By limit, how many it is short of its least.
    pub short: Vec<usize>,
    /// Where it is proven that no choice meets all limits: those that contradict each other.
    pub conflict: Option<Conflict>,
}

/// Limits that cannot be met together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflict {
    /// The limits, by their numbers.
    pub limits: Vec<usize>,
    /// Lists whose number of places has a part in it.
    pub lists: Vec<usize>,
    /// Whether the budget has a part in it.
    pub budget: bool,
}

/// Chooses for all lists together: close to what brings most within all limits, meeting those of the
/// kind at least first.
///
/// # Panics
/// Where the arrays do not belong together.
pub fn choose_together(lists: Lists<'_>) -> Together {
    let highest = lists.highest();
    let mut prices = Prices::none(lists.limits.len(), lists.profits.len());
    let mut best = lists.taken(&prices);
    for _ in 0..ROUNDS {
        lists.set_own_prices(&mut prices, DEAR * highest);
        best = better(best, lists.taken(&prices));
    }
    let bounds = lists.bounds(DEAR * highest);
    let target = best.profit - DEAR * highest * best.missing() as f64;
    let (prices, bound) = descend(&bounds, prices, target, STEPS, |prices| {
        lists.account(prices)
    });
    let best = better(best, lists.taken(&prices));
    let conflict = (best.missing() > 0)
        .then(|| lists.conflict(best.missing()))
        .flatten();
    let bound = bound.max(best.profit);
    lists.told(best, bound, conflict)
}

/// A choice as flags.
struct Taken {
    /// By list and candidate.
    flags: Vec<Vec<bool>>,
    profit: f64,
    /// By limit, how many it is short.
    short: Vec<usize>,
}

impl Taken {
    fn missing(&self) -> usize {
        self.short.iter().sum()
    }
}

fn better(a: Taken, b: Taken) -> Taken {
    let less = b.missing() < a.missing();
    if less || b.missing() == a.missing() && b.profit > a.profit {
        b
    } else {
        a
    }
}

impl Lists<'_> {
    fn candidates(&self) -> usize {
        self.room.len()
    }

    fn may(&self, list: usize, candidate: usize) -> bool {
        self.profits[list][candidate] > 0.0 && self.room[candidate] > 0
    }

    fn highest(&self) -> f64 {
        let all = self.profits.iter().flatten().copied();
        all.filter(|profit| profit.is_finite()).fold(0.0, f64::max)
    }

    fn bounds(&self, dear: f64) -> Bounds {
        Bounds {
            limits: self
                .limits
                .iter()
                .map(|limit| {
                    let low = if limit.least > 0 { -dear } else { 0.0 };
                    let high = if limit.most == usize::MAX {
                        0.0
                    } else {
                        f64::MAX
                    };
                    (low, high)
                })
                .collect(),
            lists: self.most.iter().map(|most| *most != usize::MAX).collect(),
            budget: self.budget.is_finite(),
        }
    }

    /// The limits that a candidate of a list counts into.
    fn limits_of(&self, list: usize, candidate: usize) -> impl Iterator<Item = usize> {
        let columns = self.groups[list].iter();
        columns.filter_map(move |column| column[candidate].map(|limit| limit as usize))
    }

    /// What a candidate of a list pays for the limits.
    fn pays(&self, prices: &Prices, list: usize, candidate: usize) -> f64 {
        let limits = self.limits_of(list, candidate);
        let limits: f64 = limits.map(|limit| prices.limits[limit]).sum();
        limits + prices.lists[list] + prices.budget * self.costs[list]
    }

    /// What it brings to the list beyond that.
    fn reduced(&self, prices: &Prices, list: usize, candidate: usize) -> f64 {
        self.profits[list][candidate] - self.pays(prices, list, candidate)
    }

    /// What candidates bring at some prices, and how far the limits are used.
    fn account(&self, prices: &Prices) -> Account {
        self.settle(prices, self.used(prices))
    }

    /// What candidates bring at some prices, and how many each limit and each list takes.
    fn used(&self, prices: &Prices) -> Account {
        let empty = || Account::none(self.limits.len(), self.profits.len());
        let parts: Vec<Account> = (0..self.candidates().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut account = empty();
                let mut of_one = Vec::with_capacity(self.profits.len());
                let last = ((chunk + 1) * CHUNK).min(self.candidates());
                for candidate in chunk * CHUNK..last {
                    self.best_of(prices, candidate, &mut of_one);
                    for &(brings, list) in &of_one {
                        account.brings += brings;
                        account.lists[list] += 1.0;
                        for limit in self.limits_of(list, candidate) {
                            account.limits[limit] += 1.0;
                        }
                    }
                }
                account
            })
            .collect();
        let mut account = empty();
        for part in &parts {
            account.add(part);
        }
        account
    }

    /// The lists that a candidate is taken for at some prices, the best first.
    fn best_of(&self, prices: &Prices, candidate: usize, of_one: &mut Vec<(f64, usize)>) {
        of_one.clear();
        for list in 0..self.profits.len() {
            if self.may(list, candidate) {
                let brings = self.reduced(prices, list, candidate);
                if brings > 0.0 {
                    of_one.push((brings, list));
                }
            }
        }
        of_one.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        of_one.truncate(self.room[candidate] as usize);
    }

    /// What the limits cost at these prices, and by how much each is used beyond or below.
    fn settle(&self, prices: &Prices, mut account: Account) -> Account {
        let spent: f64 = account
            .lists
            .iter()
            .zip(self.costs)
            .map(|(number, cost)| number * cost)
            .sum();
        account.value = account.brings;
        for ((price, used), limit) in prices
            .limits
            .iter()
            .zip(&mut account.limits)
            .zip(self.limits)
        {
            let (least, most) = (limit.least as f64, limit.most as f64);
            account.value += if *price > 0.0 {
                price * most
            } else {
                price * least
            };
            *used = match () {
                () if *price > 0.0 => most - *used,
                () if *price < 0.0 => least - *used,
                () if *used > most => most - *used,
                () if *used < least => least - *used,
                () => 0.0,
            };
        }
        for ((price, used), most) in prices.lists.iter().zip(&mut account.lists).zip(self.most) {
            let most = *most as f64;
            account.value += if *price > 0.0 { price * most } else { 0.0 };
            *used = if *price > 0.0 || *used > most {
                most - *used
            } else {
                0.0
            };
        }
        if self.budget.is_finite() {
            account.value += prices.budget * self.budget;
            let left = self.budget - spent;
            account.budget = if prices.budget > 0.0 || left < 0.0 {
                left
            } else {
                0.0
            };
        }
        account
    }

    /// Lets each limit set the price at which it is met, the others being what they are.
    fn set_own_prices(&self, prices: &mut Prices, dear: f64) {
        for list in 0..self.profits.len() {
            for column in 0..self.groups[list].len() {
                let of_candidate = |candidate: usize| {
                    let limit = self.groups[list][column][candidate]?;
                    let own = prices.limits[limit as usize];
                    let may = self.may(list, candidate);
                    may.then(|| (limit, self.gain(prices, list, candidate) + own))
                };
                let found: Vec<(u32, f64)> = (0..self.candidates())
                    .into_par_iter()
                    .filter_map(of_candidate)
                    .collect();
                let mut gains: HashMap<u32, Vec<f64>> = HashMap::new();
                for (limit, gain) in found {
                    gains.entry(limit).or_default().push(gain);
                }
                for (limit, gains) in gains {
                    let Limit { least, most } = self.limits[limit as usize];
                    prices.limits[limit as usize] = own_price(gains, least, most, dear);
                }
            }
            if self.most[list] != usize::MAX {
                let own = prices.lists[list];
                let gains = (0..self.candidates()).into_par_iter();
                let gains = gains.filter(|c| self.may(list, *c));
                let gains = gains.map(|c| self.gain(prices, list, c) + own).collect();
                prices.lists[list] = own_price(gains, 0, self.most[list], dear);
            }
        }
        if self.budget.is_finite() {
            prices.budget = self.budget_price(prices, dear);
        }
    }

    /// By how much a candidate brings more to a list than to what it would be taken for instead.
    fn gain(&self, prices: &Prices, list: usize, candidate: usize) -> f64 {
        let brings = self.reduced(prices, list, candidate);
        if self.profits.len() == 1 {
            return brings;
        }
        let others = (0..self.profits.len()).filter(|other| *other != list);
        let others = others
            .filter(|other| self.may(*other, candidate))
            .map(|other| self.reduced(prices, other, candidate))
            .filter(|brings| *brings > 0.0);
        if self.room[candidate] == 1 {
            return brings - others.fold(0.0, f64::max);
        }
        let mut others: Vec<f64> = others.collect();
        others.sort_by(|a, b| b.total_cmp(a));
        let last = self.room[candidate] as usize - 1;
        brings - others.get(last).copied().unwrap_or(0.0)
    }

    /// The price of money at which no more than the budget is spent, by halving.
    fn budget_price(&self, prices: &Prices, dear: f64) -> f64 {
        let cheapest = self.costs.iter().copied().filter(|cost| *cost > 0.0);
        let cheapest = cheapest.fold(f64::MAX, f64::min);
        let spent = |price: f64| {
            let prices = Prices {
                budget: price,
                ..prices.clone()
            };
            let account = self.used(&prices);
            let costs = account.lists.iter().zip(self.costs);
            costs.map(|(number, cost)| number * cost).sum::<f64>()
        };
        if cheapest == f64::MAX || spent(0.0) <= self.budget {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, dear / cheapest);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if spent(middle) > self.budget {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// A choice within all limits, by what candidates bring at some prices: first for limits that
    /// need somebody, then for whatever is left.
    fn taken(&self, prices: &Prices) -> Taken {
        let mut pairs: Vec<(f64, u32, u32)> = Vec::new();
        for list in 0..self.profits.len() {
            for candidate in (0..self.candidates()).filter(|c| self.may(list, *c)) {
                let brings = self.reduced(prices, list, candidate);
                pairs.push((brings, candidate as u32, list as u32));
            }
        }
        let profit = |pair: &(f64, u32, u32)| self.profits[pair.2 as usize][pair.1 as usize];
        pairs.par_sort_unstable_by(|a, b| {
            let by_profit = || profit(b).total_cmp(&profit(a));
            b.0.total_cmp(&a.0)
                .then_with(by_profit)
                .then((a.1, a.2).cmp(&(b.1, b.2)))
        });
        let mut left = Left::of(self);
        if self.limits.iter().any(|limit| limit.least > 0) {
            for &(_, candidate, list) in &pairs {
                if left.is_needed(self, list as usize, candidate as usize) {
                    left.take(self, list as usize, candidate as usize);
                }
            }
        }
        for &(_, candidate, list) in &pairs {
            left.take(self, list as usize, candidate as usize);
        }
        Taken {
            profit: left.profit,
            short: left.needed,
            flags: left.flags,
        }
    }

    /// The limits that contradict each other, where it can be proven that some do, without those that
    /// the others contradict each other without.
    fn conflict(&self, missing: usize) -> Option<Conflict> {
        let mut found = self.contradiction(missing)?;
        for limit in found.limits.clone() {
            let without: Vec<Limit> = (self.limits.iter().enumerate())
                .map(
                    |(other, asked)| match other != limit && found.limits.contains(&other) {
                        true => *asked,
                        false => Limit {
                            least: 0,
                            most: usize::MAX,
                        },
                    },
                )
                .collect();
            let fewer = Lists {
                limits: &without,
                ..*self
            };
            if let Some(still) = fewer.contradiction(missing) {
                found = still;
            }
        }
        Some(found)
    }

    /// Limits of which it can be proven that they contradict each other: the smallest number that any
    /// choice is short of is more than none.
    fn contradiction(&self, missing: usize) -> Option<Conflict> {
        let groups = self.alike();
        let mut bounds = self.bounds(1.0);
        for (_, high) in &mut bounds.limits {
            *high = high.min(1.0);
        }
        let mut start = Prices::none(self.limits.len(), self.profits.len());
        for (price, limit) in start.limits.iter_mut().zip(self.limits) {
            *price = if limit.least > 0 { -1.0 } else { 0.0 };
        }
        let (prices, value) = descend(
            &bounds,
            start,
            -(missing as f64),
            STEPS_OF_GROUPS,
            |prices| self.account_of_groups(prices, &groups),
        );
        // A sum of whole numbers: anything above none is at least one.
        if -value < 1e-6 * (1.0 + missing as f64) {
            return None;
        }
        const PART: f64 = 0.25;
        let limits = (0..self.limits.len()).filter(|limit| prices.limits[*limit].abs() > PART);
        let lists = (0..self.profits.len()).filter(|list| prices.lists[*list] > PART);
        let costs = self.costs.iter().copied().fold(0.0, f64::max);
        Some(Conflict {
            limits: limits.collect(),
            lists: lists.collect(),
            budget: prices.budget * costs > PART,
        })
    }

    /// Candidates that count into the same limits of the same lists, with one of each and their number.
    fn alike(&self) -> Vec<(usize, f64)> {
        let mut groups: HashMap<Vec<u32>, (usize, f64)> = HashMap::new();
        let mut key = Vec::new();
        for candidate in 0..self.candidates() {
            key.clear();
            key.push(self.room[candidate]);
            for list in 0..self.profits.len() {
                key.push(u32::from(self.may(list, candidate)));
                let limits = self.groups[list].iter().map(|column| column[candidate]);
                key.extend(limits.map(|limit| limit.unwrap_or(u32::MAX)));
            }
            match groups.get_mut(&key) {
                Some((_, number)) => *number += 1.0,
                None => {
                    groups.insert(key.clone(), (candidate, 1.0));
                }
            }
        }
        let mut groups: Vec<(usize, f64)> = groups.into_values().collect();
        groups.sort_by_key(|(candidate, _)| *candidate);
        groups
    }

    /// The account where nobody brings anything, and a limit of the kind at least costs 1 for each that
    /// it is short of.
    fn account_of_groups(&self, prices: &Prices, groups: &[(usize, f64)]) -> Account {
        let mut account = Account::none(self.limits.len(), self.profits.len());
        let mut of_one: Vec<(f64, usize)> = Vec::new();
        for &(candidate, number) in groups {
            of_one.clear();
            for list in (0..self.profits.len()).filter(|list| self.may(*list, candidate)) {
                let brings = -self.pays(prices, list, candidate);
                if brings > 0.0 {
                    of_one.push((brings, list));
                }
            }
            of_one.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            of_one.truncate(self.room[candidate] as usize);
            for &(brings, list) in &of_one {
                account.brings += number * brings;
                account.lists[list] += number;
                for limit in self.limits_of(list, candidate) {
                    account.limits[limit] += number;
                }
            }
        }
        self.settle(prices, account)
    }

    fn told(&self, best: Taken, bound: f64, conflict: Option<Conflict>) -> Together {
        let chosen = (0..self.profits.len()).map(|list| {
            let of_list = |candidate: &usize| best.flags[list][*candidate];
            let mut chosen: Vec<usize> = (0..self.candidates()).filter(of_list).collect();
            let profit = |candidate: &usize| self.profits[list][*candidate];
            chosen.sort_by(|a, b| profit(b).total_cmp(&profit(a)).then(a.cmp(b)));
            chosen
        });
        Together {
            chosen: chosen.collect(),
            profit: best.profit,
            bound,
            short: best.short,
            conflict,
        }
    }
}

/// The price at which so many gains are above it as a limit wants; 0 where it is met without one.
fn own_price(mut gains: Vec<f64>, least: usize, most: usize, dear: f64) -> f64 {
    let above = gains.iter().filter(|gain| **gain > 0.0).count();
    let wanted = match () {
        () if above > most => most,
        () if above < least && least > gains.len() => return -dear,
        () if above < least => least,
        () => return 0.0,
    };
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    // Between the last that is wanted and the first that is not.
    let last = wanted.checked_sub(1).map(|place| gains[place]);
    let next = gains.get(wanted).copied();
    let price = match (last, next) {
        (Some(last), Some(next)) => f64::midpoint(last, next),
        (None, Some(next)) => next,
        (Some(last), None) => last - last.abs() * 1e-9 - f64::MIN_POSITIVE,
        (None, None) => 0.0,
    };
    price.max(-dear)
}

/// What is left of each limit while a choice is made.
struct Left {
    limits: Vec<usize>,
    needed: Vec<usize>,
    lists: Vec<usize>,
    money: f64,
    room: Vec<u32>,
    flags: Vec<Vec<bool>>,
    profit: f64,
}

impl Left {
    fn of(lists: &Lists<'_>) -> Self {
        Self {
            limits: lists.limits.iter().map(|limit| limit.most).collect(),
            needed: lists.limits.iter().map(|limit| limit.least).collect(),
            lists: lists.most.to_vec(),
            // What adds up to the budget but for the last digit is within it.
            money: lists.budget * (1.0 + 1e-12),
            room: lists.room.to_vec(),
            flags: vec![vec![false; lists.candidates()]; lists.profits.len()],
            profit: 0.0,
        }
    }

    fn is_needed(&self, lists: &Lists<'_>, list: usize, candidate: usize) -> bool {
        let mut limits = lists.limits_of(list, candidate);
        limits.any(|limit| self.needed[limit] > 0)
    }

    /// Takes a candidate for a list where everything allows it.
    fn take(&mut self, lists: &Lists<'_>, list: usize, candidate: usize) {
        let limits = || lists.limits_of(list, candidate);
        let fits = !self.flags[list][candidate]
            && self.room[candidate] > 0
            && self.lists[list] > 0
            && lists.costs[list] <= self.money
            && limits().all(|limit| self.limits[limit] > 0);
        if !fits {
            return;
        }
        self.flags[list][candidate] = true;
        self.room[candidate] -= 1;
        self.lists[list] -= usize::from(self.lists[list] != usize::MAX);
        self.money -= lists.costs[list];
        self.profit += lists.profits[list][candidate];
        for limit in limits() {
            self.limits[limit] -= usize::from(self.limits[limit] != usize::MAX);
            self.needed[limit] = self.needed[limit].saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::unit;

    const FREE: usize = usize::MAX;

    fn at_most(most: usize) -> Limit {
        Limit { least: 0, most }
    }

    fn at_least(least: usize) -> Limit {
        Limit { least, most: FREE }
    }

    /// One list over two columns of quotas.
    fn one<'a>(
        profits: &'a [Vec<f64>],
        groups: &'a [Vec<Vec<Option<u32>>>],
        limits: &'a [Limit],
        most: &'a [usize],
        room: &'a [u32],
    ) -> Lists<'a> {
        Lists {
            profits,
            groups,
            limits,
            most,
            costs: &[1.0],
            budget: f64::INFINITY,
            room,
        }
    }

    #[test]
    fn quotas_of_two_columns_are_kept_and_the_loss_is_small() {
        let n = 20_000;
        let profits = vec![(0..n).map(|c| 10.0 * unit(1, 0, c)).collect::<Vec<f64>>()];
        let column = |stream: u64, values: f64, first: u32| -> Vec<Option<u32>> {
            (0..n)
                .map(|c| Some(first + (unit(1, stream, c).powi(2) * values) as u32))
                .collect()
        };
        let groups = vec![vec![column(1, 8.0, 0), column(2, 5.0, 8)]];
        let mut limits = vec![at_most(300); 8];
        limits.extend([
            at_least(700),
            at_most(200),
            at_most(400),
            at_least(150),
            Limit {
                least: 100,
                most: 120,
            },
        ]);
        let room = vec![1; n as usize];
        let lists = one(&profits, &groups, &limits, &[1800], &room);
        let found = choose_together(lists);
        assert_eq!(found.chosen[0].len(), 1800);
        for (number, limit) in limits.iter().enumerate() {
            let of = |candidate: &&usize| lists.limits_of(0, **candidate).any(|l| l == number);
            let taken = found.chosen[0].iter().filter(of).count();
            assert!(
                (limit.least..=limit.most).contains(&taken),
                "{number}: {taken}"
            );
        }
        assert!(found.short.iter().all(|short| *short == 0));
        let loss = (found.bound - found.profit) / found.bound;
        assert!((0.0..0.001).contains(&loss), "{loss}");
    }

    #[test]
    fn lists_share_a_budget_and_customers_who_may_be_on_one() {
        let n = 5_000;
        let of_list = |list: u64| (0..n).map(|c| 8.0 * unit(2, list, c) - 1.0).collect();
        let profits: Vec<Vec<f64>> = (0..3).map(of_list).collect();
        let groups = vec![vec![]; 3];
        let costs = [1.0, 2.5, 0.4];
        let room: Vec<u32> = (0..n as usize).map(|c| [1, 2, 0][c % 3]).collect();
        let lists = Lists {
            profits: &profits,
            groups: &groups,
            limits: &[],
            most: &[FREE, 600, FREE],
            costs: &costs,
            budget: 2_000.0,
            room: &room,
        };
        let found = choose_together(lists);
        let spent: f64 = (found.chosen.iter().zip(costs))
            .map(|(chosen, cost)| chosen.len() as f64 * cost)
            .sum();
        assert!(spent <= 2_000.0 && spent > 1_997.0, "{spent}");
        assert!(found.chosen[1].len() <= 600);
        let mut times = vec![0; n as usize];
        found.chosen.iter().flatten().for_each(|c| times[*c] += 1);
        assert!(times.iter().zip(&room).all(|(times, room)| times <= room));
        let loss = (found.bound - found.profit) / found.bound;
        assert!((0.0..0.002).contains(&loss), "{loss}");
    }

    #[test]
    fn limits_that_contradict_each_other_are_named_and_no_others() {
        // Ten in the North, twenty in the South, of whom five are old.
        let profits = vec![vec![1.0; 30]];
        let place: Vec<Option<u32>> = (0..30).map(|c| Some(u32::from(c >= 10))).collect();
        let age = (0..30).map(|c| (c >= 25).then_some(2)).collect();
        let groups = vec![vec![place, age]];
        let room = vec![1; 30];
        let limits = [at_least(10), at_least(15), at_least(3)];
        let found = choose_together(one(&profits, &groups, &limits, &[20], &room));
        let conflict = found.conflict.expect("25 do not go into 20");
        assert_eq!((conflict.limits, conflict.lists), (vec![0, 1], vec![0]));
        assert_eq!(found.short.iter().sum::<usize>(), 5);
        let found = choose_together(one(&profits, &groups, &limits, &[25], &room));
        assert_eq!((found.conflict, found.chosen[0].len()), (None, 25));
        // At most two of those in the South, and three old ones, who all live there.
        let limits = [at_least(10), at_most(2), at_least(3)];
        let found = choose_together(one(&profits, &groups, &limits, &[FREE], &room));
        let conflict = found.conflict.expect("three are not two");
        assert_eq!((conflict.limits, conflict.lists), (vec![1, 2], vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn the_bound_holds_and_nothing_is_called_a_contradiction_that_is_none(
            rows in prop::collection::vec((1_u8..20, 1_u8..20, 0_u32..3, 0_u32..3, 1_u32..3), 1..6),
            limits in prop::collection::vec((0_usize..3, 0_usize..4), 4),
            most in 1_usize..6,
            budget in 2_u8..12,
        ) {
            let profits: Vec<Vec<f64>> = vec![
                rows.iter().map(|row| f64::from(row.0)).collect(),
                rows.iter().map(|row| f64::from(row.1)).collect(),
            ];
            let column = |of: &dyn Fn(usize) -> u32, first: u32| -> Vec<Option<u32>> {
                (0..rows.len()).map(|r| (of(r) < 2).then(|| first + of(r))).collect()
            };
            let groups = vec![
                vec![column(&|r| rows[r].2, 0), column(&|r| rows[r].3, 2)],
                vec![],
            ];
            let limits: Vec<Limit> = limits
                .iter()
                .map(|(least, more)| Limit { least: *least, most: least + more })
                .collect();
            let room: Vec<u32> = rows.iter().map(|row| row.4).collect();
            let lists = Lists {
                profits: &profits,
                groups: &groups,
                limits: &limits,
                most: &[most, FREE],
                costs: &[1.0, 2.0],
                budget: f64::from(budget),
                room: &room,
            };
            // Every choice, as two bits for each candidate.
            let mut best: Option<f64> = None;
            for set in 0..1_u32 << (2 * rows.len()) {
                let on = |list: usize, c: usize| set >> (2 * c + list) & 1 == 1;
                let all = |list: usize| (0..rows.len()).filter(move |c| on(list, *c));
                let fits = (0..rows.len()).all(|c| u32::from(on(0, c)) + u32::from(on(1, c)) <= room[c])
                    && all(0).count() <= most
                    && all(0).count() + 2 * all(1).count() <= usize::from(budget)
                    && limits.iter().enumerate().all(|(number, limit)| {
                        let taken = all(0).filter(|c| lists.limits_of(0, *c).any(|l| l == number));
                        (limit.least..=limit.most).contains(&taken.count())
                    });
                if fits {
                    let worth: f64 = (0..2).flat_map(|l| all(l).map(move |c| (l, c)))
                        .map(|(l, c)| profits[l][c]).sum();
                    best = Some(best.map_or(worth, |best| best.max(worth)));
                }
            }
            let found = choose_together(lists);
            let met = found.short.iter().all(|short| *short == 0);
            if let Some(best) = best {
                prop_assert!(found.bound >= best - 1e-6, "{} below {best}", found.bound);
                prop_assert!(found.conflict.is_none());
                prop_assert!(!met || found.profit <= best + 1e-9);
            } else {
                prop_assert!(!met);
            }
        }
    }
}

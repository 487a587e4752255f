//! Which baskets are mined: those of some days, without what is far outside.

use std::ops::Range;

use regulars_models::associations::Baskets;
use serde::{Deserialize, Serialize};

use crate::config::rules::{BulkBuyers, Giants, Outliers};
use crate::failure::{Failure, Result};
use crate::purchases::fence::fence_of;
use crate::purchases::{Purchases, SOMEWHERE};

/// What lies beyond a limit, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// More than this is outside: different items of a basket, or purchase lines of a customer.
    pub above: u64,
    /// How many are.
    pub found: u64,
    /// The share of all purchase lines that they hold.
    pub share_of_lines: f64,
    /// What the settings say should become of them: `keep`, `leave_out` or `cut`.
    pub action: String,
}

impl Outside {
    /// Those of some sizes, of which all lines are so many, that lie above a limit.
    fn new(
        above: u32,
        sizes: impl Iterator<Item = u32>,
        lines: u64,
        action: &impl Serialize,
    ) -> Self {
        let beyond: Vec<u64> = sizes.filter(|n| *n > above).map(u64::from).collect();
        Self {
            above: above.into(),
            found: beyond.len() as u64,
            share_of_lines: beyond.iter().sum::<u64>() as f64 / lines.max(1) as f64,
            action: name_of(action),
        }
    }
}

/// The purchases of a history, and which of them count.
pub struct Choice<'a> {
    purchases: &'a Purchases,
    /// For each of the purchases' baskets its customer.
    pub customers: Vec<u32>,
    /// The lines of basket `b` are `starts[b]..starts[b + 1]`.
    starts: Vec<usize>,
    kept: Vec<bool>,
    /// The most items of a basket, and for each item its place by frequency.
    cut: Option<(usize, Vec<u32>)>,
    /// Giant baskets.
    pub giants: Outside,
    /// Customers who buy in bulk.
    pub bulk_buyers: Outside,
}

/// Baskets for a model, and which of the purchases' baskets each is.
pub struct Part {
    /// The baskets.
    pub baskets: Baskets,
    /// For each of them its number among the purchases.
    pub numbers: Vec<u32>,
}

impl<'a> Choice<'a> {
    /// Looks for giant baskets and bulk buyers among the baskets of some days; what is found there
    /// to be the limit holds on all days.
    pub fn new(purchases: &'a Purchases, settings: &Outliers, mined: Range<i32>) -> Self {
        let starts = starts_of(purchases);
        let n_baskets = starts.len() - 1;
        let is_mined = |basket: usize| mined.contains(&purchases.basket_days[basket]);
        let size = |basket: usize| (starts[basket + 1] - starts[basket]) as u32;
        let mut sizes: Vec<u32> = (0..n_baskets).filter(|&b| is_mined(b)).map(size).collect();
        let above = settings
            .max_items
            .map_or_else(|| fence_of(&mut sizes), |most| most as u32);

        let customers = purchases.basket_customers();
        // Guests come once, and are no measure of what customers buy.
        let mut lines_of = vec![0_u32; purchases.customers.len()];
        for basket in (0..n_baskets).filter(|&basket| is_mined(basket)) {
            if let Some(lines) = lines_of.get_mut(customers[basket] as usize) {
                *lines += size(basket);
            }
        }
        let mut bought: Vec<u32> = lines_of.iter().copied().filter(|n| *n > 0).collect();
        let above_lines = settings
            .max_lines
            .map_or_else(|| fence_of(&mut bought), |most| most as u32);

        let all: u64 = lines_of.iter().map(|&lines| u64::from(lines)).sum();
        let of_baskets = (0..n_baskets).filter(|&b| is_mined(b)).map(size);
        let giants = Outside::new(above, of_baskets, all, &settings.baskets);
        let of_customers = lines_of.iter().copied();
        let bulk_buyers = Outside::new(above_lines, of_customers, all, &settings.customers);
        let kept = (0..n_baskets)
            .map(|basket| {
                let giant = size(basket) > above && settings.baskets == Giants::LeaveOut;
                let lines = lines_of.get(customers[basket] as usize);
                let bulk = lines.is_some_and(|lines| *lines > above_lines)
                    && settings.customers == BulkBuyers::LeaveOut;
                !giant && !bulk
            })
            .collect();
        let cut = (settings.baskets == Giants::Cut)
            .then(|| (above as usize, places_by_frequency(purchases, is_mined)));
        Self {
            purchases,
            customers,
            starts,
            kept,
            cut,
            giants,
            bulk_buyers,
        }
    }

    /// Hands out the lines of a basket that count, as places among the purchases' lines, by item.
    fn each_line(&self, basket: usize, mut take: impl FnMut(usize)) {
        let all = self.starts[basket]..self.starts[basket + 1];
        match &self.cut {
            Some((most, places)) if all.len() > *most => {
                let mut lines: Vec<usize> = all.collect();
                let place = |line: &usize| places[self.purchases.line_items[*line] as usize];
                lines.sort_unstable_by_key(place);
                lines.truncate(*most);
                lines.sort_unstable();
                lines.into_iter().for_each(take);
            }
            _ => all.for_each(&mut take),
        }
    }

    /// The numbers of the baskets that begin on these days and count, in their order.
    pub fn on(&self, days: &Range<i32>) -> impl Iterator<Item = usize> {
        (0..self.kept.len())
            .filter(|&basket| self.kept[basket])
            .filter(move |&basket| days.contains(&self.purchases.basket_days[basket]))
    }

    /// The baskets that begin on these days, as a model takes them.
    pub fn part(&self, days: &Range<i32>) -> Result<Part> {
        let mut offsets = vec![0];
        let mut items = Vec::new();
        let mut numbers = Vec::new();
        for basket in self.on(days) {
            self.each_line(basket, |line| items.push(self.purchases.line_items[line]));
            offsets.push(items.len());
            numbers.push(basket as u32);
        }
        Ok(Part {
            baskets: made(offsets, items, self.purchases.items.len())?,
            numbers,
        })
    }

    /// The lines of the baskets that begin on these days: where each basket begins, the items, and
    /// the money in ten-thousandths.
    pub fn money(&self, days: &Range<i32>) -> (Vec<usize>, Vec<u32>, Vec<i64>) {
        let mut offsets = vec![0];
        let (mut items, mut money) = (Vec::new(), Vec::new());
        for basket in self.on(days) {
            self.each_line(basket, |line| {
                items.push(self.purchases.line_items[line]);
                money.push(self.purchases.money[line]);
            });
            offsets.push(items.len());
        }
        (offsets, items, money)
    }

    /// The lines of the baskets that begin on these days: customer, day and item of each, in the
    /// order of the customers and days. What guests bought before and after is not known.
    pub fn steps(&self, days: &Range<i32>) -> (Vec<u32>, Vec<i32>, Vec<u32>) {
        let mut steps = (Vec::new(), Vec::new(), Vec::new());
        let known = self.purchases.customers.len() as u32;
        for basket in self
            .on(days)
            .filter(|basket| self.customers[*basket] < known)
        {
            self.each_line(basket, |line| {
                steps.0.push(self.customers[basket]);
                steps.1.push(self.purchases.days[line]);
                steps.2.push(self.purchases.line_items[line]);
            });
        }
        steps
    }

    /// For each day of each customer on which something of [`steps`](Self::steps) was bought, in their
    /// order, the location; nothing where locations are not known.
    pub fn day_locations(&self, days: &Range<i32>) -> Vec<u32> {
        let all = &self.purchases.basket_locations;
        let known = self.purchases.customers.len() as u32;
        let mut last = None;
        let mut locations: Vec<u32> = Vec::new();
        let baskets = self.on(days).filter(|&basket| {
            self.customers[basket] < known && self.starts[basket] < self.starts[basket + 1]
        });
        for basket in baskets.filter(|&basket| basket < all.len()) {
            let day = Some((self.customers[basket], self.purchases.basket_days[basket]));
            match locations.last_mut() {
                Some(before) if last == day => {
                    if *before != all[basket] {
                        *before = SOMEWHERE;
                    }
                }
                _ => locations.push(all[basket]),
            }
            last = day;
        }
        locations
    }
}

impl Part {
    /// For each of the baskets its customer, from those of the purchases' baskets.
    pub fn customers(&self, of_purchases: &[u32]) -> Vec<u32> {
        let customer = |&basket: &u32| of_purchases[basket as usize];
        self.numbers.iter().map(customer).collect()
    }

    /// Those of the baskets that pass.
    pub fn filter(&self, pass: impl Fn(u32) -> bool) -> Result<Part> {
        let mut offsets = vec![0];
        let mut items = Vec::new();
        let mut numbers = Vec::new();
        for (basket, &number) in self.baskets.iter().zip(&self.numbers) {
            if pass(number) {
                items.extend_from_slice(basket);
                offsets.push(items.len());
                numbers.push(number);
            }
        }
        Ok(Part {
            baskets: made(offsets, items, self.baskets.n_items())?,
            numbers,
        })
    }
}

fn made(offsets: Vec<usize>, items: Vec<u32>, n_items: usize) -> Result<Baskets> {
    Baskets::from_csr(offsets, items, n_items).map_err(|error| Failure::data(error.to_string()))
}

/// Where the lines of each basket begin, and one more.
fn starts_of(purchases: &Purchases) -> Vec<usize> {
    let mut starts = vec![0; purchases.basket_days.len() + 1];
    for &basket in &purchases.baskets {
        starts[basket as usize + 1] += 1;
    }
    for basket in 1..starts.len() {
        starts[basket] += starts[basket - 1];
    }
    starts
}

/// For each item its place by the number of mined baskets that hold it, the most frequent first.
fn places_by_frequency(purchases: &Purchases, is_mined: impl Fn(usize) -> bool) -> Vec<u32> {
    let mut counts = vec![0_u32; purchases.items.len()];
    for (basket, &item) in purchases.baskets.iter().zip(&purchases.line_items) {
        counts[item as usize] += u32::from(is_mined(*basket as usize));
    }
    let mut order: Vec<u32> = (0..counts.len() as u32).collect();
    order.sort_by_key(|&item| std::cmp::Reverse(counts[item as usize]));
    let mut places = vec![0; order.len()];
    for (place, &item) in order.iter().enumerate() {
        places[item as usize] = place as u32;
    }
    places
}

/// A value of the settings as it is written there.
fn name_of(value: &impl Serialize) -> String {
    let name = serde_json::to_value(value).ok();
    name.and_then(|name| Some(name.as_str()?.to_owned()))
        .unwrap_or_default()
}

//! Offers of every kind for one customer after the other: what is new, better, due again, and what
//! would bring them back to a category that they have left.

use std::collections::BTreeMap;

use rayon::prelude::*;
use regulars_models::cross_sell::{Again, Next, Ranker, ScoreKind, Suggestion};

use super::beside::Beside;
use super::known::Known;
use super::product::Products;
use super::rest::Rest;
use super::shelf::Shelf;
use super::table::reason;
use crate::config::offers::{Kind, Offers};
use crate::purchases::{Items, Purchases};
use crate::text::{calm, plural};

/// New candidates that a customer's offers are chosen from.
const NEW: usize = 60;
/// A better item costs at least and at most so many times what the usual one does.
const BETTER: [f64; 2] = [1.1, 2.5];
/// A category is left when its silence is so many times its usual gap.
const SILENCE: f32 = 3.0;
/// Baskets with a category before it can be left.
const REGULAR: u32 = 3;

/// One thing for one customer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Index of the customer in the purchases.
    pub customer: u32,
    /// Why it is offered.
    pub kind: Kind,
    /// 1 is the best of its kind.
    pub rank: u32,
    /// The item.
    pub item: u32,
    /// The probability of buying it within the horizon.
    pub probability: f64,
    /// The day on which it is due, where it is bought regularly.
    pub due: Option<i32>,
    /// Why, in words.
    pub reason: String,
}

/// What offers are made of.
pub struct Maker<'a> {
    /// What each would buy next.
    pub ranker: &'a Ranker<'a>,
    /// What the products say.
    pub shelf: &'a Shelf,
    /// Which product to offer of an item.
    pub products: &'a Products,
    /// Segments and rules.
    pub beside: &'a Beside,
    /// What may be offered.
    pub rest: &'a Rest,
    /// The settings.
    pub offers: &'a Offers,
    /// Who bought what.
    pub purchases: &'a Purchases,
    /// The day that offers are for.
    pub day: i32,
}

impl Maker<'_> {
    /// The offers of these kinds to every customer, in the order of the customers.
    pub fn make(&self, kinds: &[Kind]) -> Vec<Offer> {
        let customers = 0..self.purchases.customers.len();
        let made: Vec<Vec<Offer>> = customers
            .into_par_iter()
            .map_init(
                || self.ranker.scratch(),
                |scratch, customer| {
                    let code = customer as u32;
                    let segment = self.beside.segments[customer];
                    let allowed = |item: u32| self.rest.allows(code, segment, item);
                    let most = [NEW.max(self.offers.per_customer), usize::MAX];
                    let next = self.ranker.next(scratch, customer, most, &allowed);
                    let of = |kind: &Kind| self.of_kind(*kind, code, &next);
                    kinds.iter().flat_map(of).collect()
                },
            )
            .collect();
        made.into_iter().flatten().collect()
    }

    fn of_kind(&self, kind: Kind, customer: u32, next: &Next) -> Vec<Offer> {
        let offers = match kind {
            Kind::New => self.first(customer, next),
            Kind::Again => self.again(customer, next),
            Kind::Back => self.back(customer, next),
            Kind::Better => self.better(customer, next),
        };
        self.few(offers)
    }

    /// What is new to every customer, in the order of the customers.
    pub fn suggest(&self) -> Vec<Suggestion> {
        let customers = 0..self.purchases.customers.len();
        let made: Vec<Vec<Suggestion>> = customers
            .into_par_iter()
            .map_init(
                || self.ranker.scratch(),
                |scratch, customer| {
                    let segment = self.beside.segments[customer];
                    let allowed = |item: u32| self.rest.allows(customer as u32, segment, item);
                    let deep = match self.offers.per_category {
                        Some(_) => NEW.max(self.offers.per_customer),
                        None => self.offers.per_customer,
                    };
                    let next = self.ranker.next(scratch, customer, [deep, 0], &allowed);
                    few_new(next.new, self.offers, self.shelf)
                },
            )
            .collect();
        made.into_iter().flatten().collect()
    }

    fn few(&self, offers: Vec<Offer>) -> Vec<Offer> {
        let group = |offer: &Offer| self.group(offer.item);
        let (most, each) = (self.offers.per_customer, self.offers.per_category);
        let mut few = few(offers, group, most, each);
        few.iter_mut()
            .zip(1..)
            .for_each(|(offer, rank)| offer.rank = rank);
        few
    }

    /// The category of an item.
    pub fn group(&self, item: u32) -> u32 {
        self.shelf.groups[item as usize]
    }

    fn name(&self, item: u32) -> String {
        calm(&self.items().names[item as usize])
    }

    fn items(&self) -> &Items {
        &self.purchases.items
    }

    /// What was never bought.
    fn first(&self, customer: u32, next: &Next) -> Vec<Offer> {
        let offer = |suggestion: &Suggestion| {
            let item = |code: u32| self.items().names[code as usize].as_str();
            Offer {
                customer,
                kind: Kind::New,
                rank: 0,
                item: suggestion.item,
                probability: suggestion.score,
                due: None,
                reason: reason(suggestion, &self.beside.rules, &item),
            }
        };
        next.new.iter().map(offer).collect()
    }

    /// What was bought twice or more, but for categories that were left.
    fn again(&self, customer: u32, next: &Next) -> Vec<Offer> {
        let lost = self.lost(next);
        let rest = |again: &&Again| {
            let ago = self.day.saturating_sub(again.last);
            let lately = i64::from(ago) <= i64::from(self.offers.not_bought_days);
            let resting = self.offers.not_bought_days > 0 && lately;
            again.times > 1 && !resting && !lost.contains_key(&self.group(again.item))
        };
        let offer = |again: &Again| Offer {
            customer,
            kind: Kind::Again,
            rank: 0,
            item: again.item,
            probability: again.probability,
            due: again.due(),
            reason: self.rhythm(again),
        };
        next.again.iter().filter(rest).map(offer).collect()
    }

    /// "bought 12 times, every 14 days on average, last 20 days ago: 6 days overdue".
    fn rhythm(&self, again: &Again) -> String {
        let ago = days(self.day.saturating_sub(again.last));
        let times = plural(again.times.into(), "time");
        let (Some(every), Some(due)) = (again.every, again.due()) else {
            return tr!("bought once, {ago} ago", ago = ago);
        };
        let every = days(every.round().max(1.0) as i32);
        let due = match due.saturating_sub(self.day) {
            0 => tr!("due now"),
            late if late < 0 => tr!("{days} overdue", days = days(-late)),
            ahead => tr!("due in {days}", days = days(ahead)),
        };
        tr!(
            "bought {times}, every {every} on average, last {ago} ago: {due}",
            times = times,
            every = every,
            ago = ago,
            due = due
        )
    }

    /// Categories that the customer bought regularly and has left: baskets, and the last day.
    fn lost(&self, next: &Next) -> BTreeMap<u32, (u32, i32)> {
        let mut all: BTreeMap<u32, (u32, i32, i32)> = BTreeMap::new();
        for again in &next.again {
            let first = match again.every {
                Some(every) => again.last - (every * (again.times - 1) as f32).round() as i32,
                None => again.last,
            };
            let of = all
                .entry(self.group(again.item))
                .or_insert((0, i32::MAX, i32::MIN));
            *of = (of.0 + again.times, of.1.min(first), of.2.max(again.last));
        }
        let left = |(group, (times, first, last)): (u32, (u32, i32, i32))| {
            let gap = last.saturating_sub(first) as f32 / times.saturating_sub(1).max(1) as f32;
            let silence = self.day.saturating_sub(last);
            let long = i64::from(silence) > 2 * i64::from(self.offers.holdout_days);
            let left = times >= REGULAR && long && silence as f32 > SILENCE * gap;
            left.then_some((group, (times, last)))
        };
        all.into_iter().filter_map(left).collect()
    }

    /// Of each category that was left the item that the customer bought most.
    fn back(&self, customer: u32, next: &Next) -> Vec<Offer> {
        let lost = self.lost(next);
        let mut best: BTreeMap<u32, &Again> = BTreeMap::new();
        for again in &next.again {
            let group = self.group(again.item);
            let known = best.entry(group).or_insert(again);
            if again.times > known.times {
                *known = again;
            }
        }
        let offer = |(group, (times, last)): (&u32, &(u32, i32))| {
            let again = best.get(group)?;
            let name = calm(&self.shelf.group_names[*group as usize]);
            Some(Offer {
                customer,
                kind: Kind::Back,
                rank: 0,
                item: again.item,
                probability: again.probability,
                due: None,
                reason: tr!(
                    "used to buy {name} ({purchases}), and has not for {days}",
                    name = name,
                    purchases = plural((*times).into(), "purchase"),
                    days = days(self.day.saturating_sub(*last))
                ),
            })
        };
        let mut offers: Vec<Offer> = lost.iter().filter_map(offer).collect();
        offers.sort_by(|a, b| {
            b.probability
                .total_cmp(&a.probability)
                .then(a.item.cmp(&b.item))
        });
        offers
    }

    /// New items of which the product to offer costs more than what the customer usually buys of their
    /// category.
    fn better(&self, customer: u32, next: &Next) -> Vec<Offer> {
        let mut usual: BTreeMap<u32, &Again> = BTreeMap::new();
        for again in next.again.iter().filter(|again| again.times > 1) {
            let known = usual.entry(self.group(again.item)).or_insert(again);
            if again.times > known.times {
                *known = again;
            }
        }
        let segment = self.beside.segments[customer as usize];
        let average = |item: u32| self.shelf.prices[item as usize];
        let price = |item: u32| {
            let product = self.products.of(item, segment);
            product
                .and_then(|product| product.price)
                .or_else(|| average(item))
        };
        let offer = |suggestion: &Suggestion| {
            let usual = usual.get(&self.group(suggestion.item))?;
            let (now, then) = (price(suggestion.item)?, average(usual.item)?);
            let [least, most] = BETTER;
            (now >= least * then && now <= most * then).then(|| Offer {
                customer,
                kind: Kind::Better,
                rank: 0,
                item: suggestion.item,
                probability: suggestion.score,
                due: None,
                reason: tr!(
                    "a step up from {item}, bought {times}: {now} in place of {then}",
                    item = self.name(usual.item),
                    times = plural(usual.times.into(), "time"),
                    now = format!("{now:.2}"),
                    then = format!("{then:.2}")
                ),
            })
        };
        next.new.iter().filter_map(offer).collect()
    }
}

/// Suggestions as offers of what is new; a score that is no probability is not given as one.
pub fn as_new(suggestions: &[Suggestion], scores: ScoreKind, known: &Known<'_>) -> Vec<Offer> {
    let item = |code: u32| known.purchases.items.names[code as usize].as_str();
    let offer = |suggestion: &Suggestion| Offer {
        customer: suggestion.customer,
        kind: Kind::New,
        rank: suggestion.rank,
        item: suggestion.item,
        probability: match scores {
            ScoreKind::Probability => suggestion.score,
            ScoreKind::Affinity => f64::NAN,
        },
        due: None,
        reason: reason(suggestion, &known.beside.rules, &item),
    };
    suggestions.iter().map(offer).collect()
}

/// The first of a list, not too many of one category.
pub fn few<T>(
    list: Vec<T>,
    group: impl Fn(&T) -> u32,
    most: usize,
    of_each: Option<usize>,
) -> Vec<T> {
    let mut of_group: BTreeMap<u32, usize> = BTreeMap::new();
    let fits = |one: &T| {
        let n = of_group.entry(group(one)).or_default();
        *n += 1;
        of_each.is_none_or(|most| *n <= most)
    };
    list.into_iter().filter(fits).take(most).collect()
}

/// The suggestions of one customer that are kept, with their ranks.
pub fn few_new(list: Vec<Suggestion>, offers: &Offers, shelf: &Shelf) -> Vec<Suggestion> {
    let group = |suggestion: &Suggestion| shelf.groups[suggestion.item as usize];
    let mut few = few(list, group, offers.per_customer, offers.per_category);
    few.iter_mut()
        .zip(1..)
        .for_each(|(suggestion, rank)| suggestion.rank = rank);
    few
}

fn days(days: i32) -> String {
    plural(days.max(0).unsigned_abs().into(), "day")
}

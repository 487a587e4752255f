//! The miner against published tables, brute force, and other implementations.

mod brute_force;
mod closed;
mod histories;
mod params;
mod patterns;
mod published;
mod rules;
mod transitions;

use linfa::ParamGuard;
use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};

use super::*;
use crate::associations::MinSupport;

/// One customer: days and what was bought on them.
type Customer = Vec<(i32, Vec<u32>)>;

fn histories_of(customers: &[Customer], n_items: usize) -> Histories {
    let (mut customer_starts, mut days) = (vec![0], Vec::new());
    let (mut basket_starts, mut items) = (vec![0], Vec::new());
    for customer in customers {
        for (day, basket) in customer {
            days.push(*day);
            items.extend(basket);
            basket_starts.push(items.len());
        }
        customer_starts.push(days.len());
    }
    Histories::from_baskets(&customer_starts, &days, &basket_starts, &items, n_items).unwrap()
}

/// Histories from lists of baskets, a day apart.
fn daily(customers: &[&[&[u32]]], n_items: usize) -> Histories {
    let customers: Vec<Customer> = customers
        .iter()
        .map(|baskets| (0..).zip(baskets.iter().map(|b| b.to_vec())).collect())
        .collect();
    histories_of(&customers, n_items)
}

fn at_least(min_count: u32) -> SequenceParams {
    SequenceParams::new(MinSupport::Count(min_count))
}

fn mine(histories: &Histories, params: SequenceParams) -> Sequences {
    params.check().unwrap().fit(histories).unwrap()
}

fn listed(sequences: &Sequences) -> Vec<(Vec<Vec<u32>>, u32)> {
    sequences
        .iter()
        .map(|sequence| (sequence.to_vec(), sequence.count))
        .collect()
}

/// What `f` gives on one thread and on two.
fn on_one_and_two_threads<T: Send>(f: impl Fn() -> T + Sync) -> [T; 2] {
    [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(&f)
    })
}

struct Random(Xoshiro256PlusPlus);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number from 0 up to `n`, which itself is left out.
    fn below(&mut self, n: u32) -> u32 {
        (self.0.next_u64() % u64::from(n)) as u32
    }

    /// A few customers with a few baskets, days that may be the same, and baskets that may be
    /// empty.
    fn customers(&mut self, n_items: u32, max_baskets: u32) -> Vec<Customer> {
        let n_customers = self.below(8);
        let density = 1 + self.below(6);
        (0..n_customers)
            .map(|_| {
                let mut day = self.below(5) as i32 - 2;
                (0..self.below(max_baskets + 1))
                    .map(|_| {
                        day += self.below(4) as i32;
                        let has = |_: &u32| self.below(10) < density;
                        (day, (0..n_items).filter(has).collect())
                    })
                    .collect()
            })
            .collect()
    }
}

//! What those customers bought of late who buy the same things.
//!
//! Source: user-based collaborative filtering on recent purchases, as in UP-CF (Faggioli, Polato
//! and Aiolli 2020, "Recency aware collaborative filtering for next basket recommendation", UMAP),
//! with the nearest of a bounded number of customers so that it is the same work for each of a
//! million.

use super::super::owned::{Entry, Owned};

/// Customers that others are held against.
pub(super) const REFERENCES: usize = 3_000;
/// The nearest of them that count.
const NEAREST: usize = 100;

/// Customers to be held against, by what they have bought.
#[derive(Debug)]
pub(super) struct Alike {
    /// For each item the reference customers who have bought it, with the weight in their vector
    /// of length 1.
    buyers: Vec<Vec<(u32, f32)>>,
    /// What an item that few have says more.
    rarity: Vec<f32>,
    /// The index of each reference customer in the history.
    customers: Vec<usize>,
    /// What each bought within the last horizon.
    recent: Vec<Vec<u32>>,
}

/// Buffers from one customer to the next.
#[derive(Default)]
pub(super) struct Found {
    dots: Vec<f32>,
    list: Vec<(u32, f32)>,
}

impl Alike {
    /// - `customers`: those to be held against, ascending.
    /// - `since`: what is bought from that day on is recent.
    pub fn new(owned: &Owned, customers: Vec<usize>, since: i32) -> Self {
        let all = owned.n_active as f64;
        let rarity: Vec<f32> = owned
            .buyers
            .iter()
            .map(|&buyers| libm::log(all.max(1.0) / (f64::from(buyers) + 1.0)).max(0.0) as f32)
            .collect();
        let mut buyers = vec![Vec::new(); owned.n_items()];
        let mut recent = Vec::with_capacity(customers.len());
        for (place, &customer) in customers.iter().enumerate() {
            let has = owned.of(customer);
            let length = length(has, &rarity);
            for entry in has.iter().filter(|_| length > 0.0) {
                let weight = weight(entry, &rarity) / length;
                buyers[entry.item as usize].push((place as u32, weight));
            }
            let late = has.iter().filter(|entry| entry.last >= since);
            recent.push(late.map(|entry| entry.item).collect());
        }
        Self {
            buyers,
            rarity,
            customers,
            recent,
        }
    }

    /// Writes for every item the share, by likeness, of the nearest customers who bought it of
    /// late; nobody is near to themselves.
    pub fn score(&self, customer: usize, has: &[Entry], found: &mut Found, scores: &mut [f32]) {
        scores.fill(0.0);
        found.dots.clear();
        found.dots.resize(self.customers.len(), 0.0);
        for entry in has {
            let weight = weight(entry, &self.rarity);
            for &(place, other) in &self.buyers[entry.item as usize] {
                found.dots[place as usize] += weight * other;
            }
        }
        if let Ok(own) = self.customers.binary_search(&customer) {
            found.dots[own] = 0.0;
        }
        let list = &mut found.list;
        list.clear();
        let near = found.dots.iter().enumerate().filter(|(_, dot)| **dot > 0.0);
        list.extend(near.map(|(place, &dot)| (place as u32, dot)));
        let nearer = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if list.len() > NEAREST {
            list.select_nth_unstable_by(NEAREST, nearer);
            list.truncate(NEAREST);
        }
        list.sort_unstable_by_key(|(place, _)| *place);
        let all: f32 = list.iter().map(|(_, dot)| dot).sum();
        for &(place, dot) in list.iter() {
            for &item in &self.recent[place as usize] {
                scores[item as usize] += dot / all;
            }
        }
    }
}

/// How much an item says of a customer: the logarithm of how often, times how rare it is.
fn weight(entry: &Entry, rarity: &[f32]) -> f32 {
    libm::log1pf(entry.baskets as f32) * rarity[entry.item as usize]
}

fn length(has: &[Entry], rarity: &[f32]) -> f32 {
    let squares: f32 = has.iter().map(|e| weight(e, rarity).powi(2)).sum();
    squares.sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::super::history::History;
    use super::*;

    #[test]
    fn the_likeness_is_the_cosine_and_the_score_the_share_by_it() {
        // Customer 0 has {0, 1}, 1 has {0, 2}, 2 has {1, 3} and 3 has {3}.
        let h = History::new(
            &[0, 2, 4, 6, 7],
            &[1, 1, 1, 9, 1, 9, 9],
            &[0; 7],
            &[0, 1, 0, 2, 1, 3, 3],
            4,
            None,
        )
        .unwrap();
        let owned = Owned::at(&h, 10, 9);
        let alike = Alike::new(&owned, vec![0, 1, 2, 3], 5);
        let mut scores = vec![0.0; 4];
        alike.score(0, owned.of(0), &mut Found::default(), &mut scores);
        // Weights are log 2 times the rarity, ln 4/3 for items 0, 1 and 3 and ln 4/2 for 2.
        let (common, rare) = ((4.0_f32 / 3.0).ln(), 2.0_f32.ln());
        let one = common / (common * common + rare * rare).sqrt();
        let two = common / (2.0 * common * common).sqrt();
        assert!((scores[2] - one / (one + two)).abs() < 1e-6, "{scores:?}");
        assert!((scores[3] - two / (one + two)).abs() < 1e-6);
        assert_eq!(scores[..2], [0.0, 0.0]);
    }
}

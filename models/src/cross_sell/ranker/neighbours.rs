//! Which items are bought by the same customers: item-to-item neighbours by cosine.
//!
//! Source: Deshpande and Karypis 2004, "Item-based top-N recommendation algorithms", ACM TOIS 22,
//! section 4 (cosine over 0/1 columns, the `k` nearest kept).

use rayon::prelude::*;

use super::super::owned::Owned;

/// Neighbours kept of each item.
const NEAREST: usize = 200;

/// For each item those that are nearest. Memory: 8 bytes each, at most 200 an item.
#[derive(Debug)]
pub(super) struct Neighbours {
    offsets: Vec<usize>,
    /// The item that is looked from, and how near.
    near: Vec<(u32, f32)>,
}

impl Neighbours {
    /// Learns from the pairs of `bought`, the items of one customer after the other, ascending.
    pub fn of(bought: &[Vec<u32>], n_items: usize) -> Self {
        let mut customers: Vec<Vec<u32>> = vec![Vec::new(); n_items];
        for (customer, items) in bought.iter().enumerate() {
            for &item in items {
                customers[item as usize].push(customer as u32);
            }
        }
        let lists: Vec<Vec<(u32, f32)>> = (0..n_items)
            .into_par_iter()
            .map_init(
                || vec![0_u32; n_items],
                |met, item| {
                    met.fill(0);
                    for &customer in &customers[item] {
                        for &other in &bought[customer as usize] {
                            met[other as usize] += 1;
                        }
                    }
                    nearest(item, met, &customers)
                },
            )
            .collect();
        let mut offsets = vec![0];
        let mut near = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        for list in lists {
            near.extend(list);
            offsets.push(near.len());
        }
        Self { offsets, near }
    }

    /// Adds to `scores`, for each item of a customer, how near every neighbour is.
    pub fn add_to(&self, items: impl Iterator<Item = u32>, scores: &mut [f32]) {
        for item in items {
            let from = item as usize;
            for &(other, cosine) in &self.near[self.offsets[from]..self.offsets[from + 1]] {
                scores[other as usize] += cosine;
            }
        }
    }
}

/// The nearest of an item; ties go to the lower one.
fn nearest(item: usize, met: &[u32], customers: &[Vec<u32>]) -> Vec<(u32, f32)> {
    let own = customers[item].len() as f64;
    let mut list: Vec<(u32, f32)> = met
        .iter()
        .enumerate()
        .filter(|(other, met)| *other != item && **met > 0)
        .map(|(other, &met)| {
            let both = (own * customers[other].len() as f64).sqrt();
            (other as u32, (f64::from(met) / both) as f32)
        })
        .collect();
    let nearer = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if list.len() > NEAREST {
        list.select_nth_unstable_by(NEAREST, nearer);
        list.truncate(NEAREST);
    }
    list.sort_unstable_by_key(|(other, _)| *other);
    list
}

/// What each of some customers has bought, ascending.
pub(super) fn ever(owned: &Owned, customers: &[usize]) -> Vec<Vec<u32>> {
    let of = |&customer: &usize| -> Vec<u32> {
        let items = owned.of(customer).iter().map(|entry| entry.item);
        items.collect()
    };
    customers.par_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_of_shared_customers_by_hand() {
        // Item 0 has customers 0, 1, 2; item 1 has 0, 1; item 2 has 2 and 3.
        let bought = vec![vec![0, 1], vec![0, 1], vec![0, 2], vec![2]];
        let found = Neighbours::of(&bought, 3);
        let mut scores = vec![0.0; 3];
        found.add_to([0].into_iter(), &mut scores);
        let cosine = |both: f64, a: f64, b: f64| (both / (a * b).sqrt()) as f32;
        assert_eq!(scores, [0.0, cosine(2.0, 3.0, 2.0), cosine(1.0, 3.0, 2.0)]);
        found.add_to([1].into_iter(), &mut scores);
        assert_eq!(scores[0], cosine(2.0, 3.0, 2.0));
    }

    #[test]
    fn only_the_nearest_are_kept_and_of_equals_the_lower() {
        // One customer has all: every pair is equally near.
        let all: Vec<u32> = (0..300).collect();
        let found = Neighbours::of(&[all], 300);
        let mut scores = vec![0.0; 300];
        found.add_to([299].into_iter(), &mut scores);
        assert!(scores[..200].iter().all(|score| *score == 1.0));
        assert!(scores[200..].iter().all(|score| *score == 0.0));
    }
}

//! Items of one name under several codes: whoever has bought one of them has bought the others.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::purchases::Purchases;

/// Which item stands for all items of its name.
pub struct Twins {
    stands_for: Vec<u32>,
    /// Items that another one stands for.
    pub codes: u64,
}

impl Twins {
    /// Of the items of one name, case and blanks aside, the one stands for all that is active, or
    /// failing that the one that was sold last; `active` is what the products say of each.
    pub fn find(purchases: &Purchases, active: &[Option<bool>]) -> Self {
        let items = &purchases.items;
        let mut last_sold = vec![i32::MIN; items.len()];
        for (&item, &day) in purchases.line_items.iter().zip(&purchases.days) {
            let last = &mut last_sold[item as usize];
            *last = day.max(*last);
        }
        let mut named: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for item in 0..items.len() as u32 {
            named
                .entry(folded(items.bare_name(item)))
                .or_default()
                .push(item);
        }
        let mut twins = Self {
            stands_for: (0..items.len() as u32).collect(),
            codes: 0,
        };
        for same in named.values().filter(|same| same.len() > 1) {
            let better = |&item: &u32| {
                let at = item as usize;
                (active[at], last_sold[at], Reverse(item))
            };
            let Some(best) = same.iter().copied().max_by_key(better) else {
                continue;
            };
            for &item in same {
                twins.stands_for[item as usize] = best;
                let sold = last_sold[item as usize] > i32::MIN;
                twins.codes += u64::from(sold && item != best);
            }
        }
        twins
    }

    /// The items of the purchase lines, each as the one that stands for it.
    pub fn of_lines(&self, line_items: &[u32]) -> Vec<u32> {
        let of = |&item: &u32| self.stands_for[item as usize];
        line_items.iter().map(of).collect()
    }
}

/// A name without what does not tell two things apart: case, and blanks around and between words.
fn folded(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

//! Counts of itemsets among the baskets in which all their items were on sale.

use rayon::prelude::*;

use super::{
    Baskets, Itemsets, OnSale,
    index::intersect,
    on_sale::{Axes, Common, Grid},
};

/// Longer itemsets are counted among all baskets: they have thousands of parts.
const LONGEST: usize = 12;

/// For each itemset whose items were not on sale together in nearly all baskets, the counts of all its
/// parts in those in which they were.
pub(super) struct Within {
    /// For each itemset by its number: at the place whose bits say which of its items are in the part,
    /// the baskets that hold it; all of them at 0. Nothing where all baskets count.
    parts: Vec<Option<Box<[u32]>>>,
}

impl Within {
    /// Counts the parts; `itemsets` are those of these `baskets`.
    pub(super) fn new(itemsets: &Itemsets, baskets: &Baskets, on_sale: &OnSale<'_>) -> Self {
        let shelf = Shelf::new(itemsets, baskets, on_sale);
        let grid = Grid::new(&shelf.axes, shelf.stamps());
        let lengths = 1..=itemsets.longest();
        let parts = lengths.flat_map(|len| {
            let of_length = itemsets.of_length(len).into_par_iter();
            let counted = of_length.map(|i| {
                let items = itemsets.set(len, i);
                (2..=LONGEST)
                    .contains(&len)
                    .then(|| shelf.parts(items, &grid))
                    .flatten()
            });
            counted.collect::<Vec<_>>()
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The counts of the parts of an itemset, by its number.
    pub(super) fn parts(&self, itemset: usize) -> Option<&[u32]> {
        self.parts[itemset].as_deref()
    }
}

/// The baskets of each frequent item, in order of their days.
struct Shelf<'a> {
    on_sale: &'a OnSale<'a>,
    /// For each place in the order its day, and where the basket is from.
    days: Vec<i32>,
    places: Vec<u32>,
    /// For each item code the places of its baskets, ascending.
    baskets: Vec<Vec<u32>>,
    axes: Axes,
}

impl<'a> Shelf<'a> {
    fn new(itemsets: &Itemsets, baskets: &Baskets, on_sale: &'a OnSale<'a>) -> Self {
        let mut order: Vec<u32> = (0..baskets.n_baskets() as u32).collect();
        order.sort_by_key(|&basket| on_sale.days[basket as usize]);
        let frequent = |item: u32| itemsets.count_of(&[item]).is_some();
        let kept: Vec<bool> = (0..baskets.n_items() as u32).map(frequent).collect();
        let mut of_items = vec![Vec::new(); kept.len()];
        for (place, &basket) in order.iter().enumerate() {
            for &item in baskets.basket(basket as usize) {
                if kept[item as usize] {
                    of_items[item as usize].push(place as u32);
                }
            }
        }
        let day = |&basket: &u32| on_sale.days[basket as usize];
        let place = |&basket: &u32| on_sale.place(basket as usize);
        let (days, places): (Vec<i32>, Vec<u32>) = (
            order.iter().map(day).collect(),
            order.iter().map(place).collect(),
        );
        Self {
            on_sale,
            days,
            places,
            baskets: of_items,
            axes: Axes::new(on_sale),
        }
    }

    /// Day and place of each basket.
    fn stamps(&self) -> impl Iterator<Item = (i32, u32)> {
        self.days.iter().copied().zip(self.places.iter().copied())
    }

    /// The counts of the parts of an itemset; nothing where its items were on sale together in nearly
    /// all baskets.
    fn parts(&self, items: &[u32], grid: &Grid<'_>) -> Option<Box<[u32]>> {
        let common = self.on_sale.common_of(items);
        let n_baskets = grid.fewer(&common)?;
        let whole = (1_usize << items.len()) - 1;
        // The baskets of each part, and how many those are.
        let mut hits: Vec<Vec<u32>> = vec![Vec::new()];
        let mut counts = vec![0; whole + 1].into_boxed_slice();
        counts[0] = n_baskets as u32;
        for part in 1..=whole {
            let first = items[part.trailing_zeros() as usize];
            let rest = part & (part - 1);
            let found = match rest {
                0 => self.of_item(first, &common),
                rest => {
                    let mut pair = [&hits[rest], &hits[part ^ rest]];
                    pair.sort_by_key(|list| list.len());
                    let mut found = Vec::new();
                    intersect(pair[0], pair[1], &mut found);
                    found
                }
            };
            counts[part] = found.len() as u32;
            hits.push(found);
        }
        Some(counts)
    }

    /// The baskets of an item on these days and at these places.
    fn of_item(&self, item: u32, common: &Common) -> Vec<u32> {
        let all = &self.baskets[item as usize];
        let [from, until] = common
            .days
            .map(|day| all.partition_point(|&place| self.days[place as usize] < day));
        let within = all[from..until.max(from)].iter().copied();
        within
            .filter(|&place| {
                let place = self.places[place as usize];
                common.never.binary_search(&place).is_err()
            })
            .collect()
    }
}

//! Transitions counted among the steps in which both items could have been bought.

use rayon::prelude::*;

use super::{Histories, Transition, Transitions};
use crate::associations::{Axes, Common, Grid, OnSale, Places};

impl Transitions {
    /// Pairs with what is expected of them among those steps alone in which the first item was on sale
    /// when and where the first basket was bought, and the second when and where the next one was; in
    /// their order.
    ///
    /// What is sold one season after the other never follows in any other order, and two items that come
    /// and go together follow each other more often than chance would have it over a whole year; neither
    /// says anything of customers. Where those steps are at least 95 % of all, all are taken. The counts
    /// of a pair and its [`probability`](Transition::probability) stay what they are.
    ///
    /// - `histories` are those that the steps were counted in;
    /// - `items`: for each item the first day on sale, and the day after the last; every basket lies
    ///   within those of its items;
    /// - `places`: where each basket of the histories is from, by the number that it has there.
    ///
    /// Takes, for each item, the time of a walk through all steps; memory is 4 bytes for each day and
    /// place at which not everything is sold, on each thread. The result is the same on any number of
    /// threads.
    ///
    /// # Panics
    /// If there is not a time for each item, or not a place for each basket.
    pub fn measured_on_sale(
        &self,
        pairs: &[Transition],
        histories: &Histories,
        items: &[[i32; 2]],
        places: Option<Places<'_>>,
    ) -> Vec<Transition> {
        assert_eq!(items.len(), self.n_items(), "a time for each item");
        let on_sale = OnSale {
            days: histories.days(),
            items,
            places,
        };
        let axes = Axes::new(&on_sale);
        let steps: Vec<usize> = self.params.steps(histories).collect();
        let stamp = |basket: usize| (histories.days()[basket], on_sale.place(basket));
        let commons: Vec<Common> = (0..items.len() as u32)
            .map(|item| on_sale.common_of(&[item]))
            .collect();
        let by_item = [0, 1].map(|end| by_item(&steps, histories, end));
        let among = |pairs: &[usize], of: &[Transition]| -> Vec<(usize, [u64; 2])> {
            let from = of[pairs[0]].from as usize;
            let sold = &commons[from];
            // Steps that begin while and where the first item is on sale, and those with it, by the
            // baskets to which they lead.
            let begun = steps.iter().copied().filter(|&basket| {
                let (day, place) = stamp(basket);
                sold.has(day, place)
            });
            let begun = Grid::new(&axes, begun.map(|basket| stamp(basket + 1)));
            let with = by_item[0][from].iter();
            let with = Grid::new(&axes, with.map(|&basket| stamp(basket as usize + 1)));
            let counted = pairs.iter().map(|&pair| {
                let next = &commons[of[pair].to as usize];
                (pair, [begun.count(next), with.count(next)])
            });
            counted.collect()
        };
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by_key(|&pair| pairs[pair].from);
        let firsts: Vec<&[usize]> = order
            .chunk_by(|&one, &other| pairs[one].from == pairs[other].from)
            .collect();
        let mut counts: Vec<(usize, [u64; 2])> = firsts
            .par_iter()
            .flat_map_iter(|group| among(group, pairs))
            .collect();
        counts.sort_unstable_by_key(|(pair, _)| *pair);
        // The other end: steps to the second item that began while and where the first was on sale.
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by_key(|&pair| pairs[pair].to);
        let seconds: Vec<&[usize]> = order
            .chunk_by(|&one, &other| pairs[one].to == pairs[other].to)
            .collect();
        let mut to_counts: Vec<(usize, u64)> = seconds
            .par_iter()
            .flat_map_iter(|group| {
                let with = by_item[1][pairs[group[0]].to as usize].iter();
                let with = Grid::new(&axes, with.map(|&basket| stamp(basket as usize)));
                let counted = group.iter();
                let counted =
                    counted.map(|&pair| (pair, with.count(&commons[pairs[pair].from as usize])));
                counted.collect::<Vec<_>>()
            })
            .collect();
        to_counts.sort_unstable_by_key(|(pair, _)| *pair);
        let all = self.n_steps();
        let counts = counts.into_iter().zip(to_counts).zip(pairs);
        counts
            .map(|(((_, [n_steps, from_count]), (_, to_count)), pair)| {
                match Grid::is_fewer(n_steps, all) {
                    true => pair.among(n_steps, from_count, to_count),
                    false => *pair,
                }
            })
            .collect()
    }
}

/// For each item the baskets that these steps begin with and that have it at this end of the step: 0
/// for the first basket, 1 for the next.
fn by_item(steps: &[usize], histories: &Histories, end: usize) -> Vec<Vec<u32>> {
    let mut found = vec![Vec::new(); histories.n_items()];
    for &basket in steps {
        for &item in histories.basket(basket + end) {
            found[item as usize].push(basket as u32);
        }
    }
    found
}

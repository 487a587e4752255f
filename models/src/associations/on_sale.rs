//! When and where items were on sale, and the baskets in which all of some items could have been.
//!
//! Two items that were sold one after the other are never together, and two that were sold in
//! December alone are together far more often than chance would have them over a whole year. Neither
//! says anything of the items. So what is said of items together is counted among the baskets of the
//! days, and of the places, at which all of them were on sale.

use std::collections::BTreeMap;

use super::{Baskets, Rule, Strata};

/// Where the baskets in which items were on sale are at least this share of all, all are counted: what
/// is left out would change no figure by more than a twentieth.
const NEARLY_ALL: f64 = 0.95;

/// The row of a place at which everything is on sale.
const EVERYTHING: u32 = u32::MAX;

/// When and where each item was on sale.
#[derive(Clone, Copy, Debug)]
pub struct OnSale<'a> {
    /// For each basket its day.
    pub days: &'a [i32],
    /// For each item code the first day on sale, and the day after the last.
    pub items: &'a [[i32; 2]],
    /// The places of the baskets; `None` if they are not known.
    pub places: Option<Places<'a>>,
}

/// Where baskets are from, and what is never sold there.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// For each basket its place, numbered from 0; `u32::MAX` where it is not known, and where all
    /// items may have been on sale.
    pub baskets: &'a [u32],
    /// For each item code the places that never sell it, ascending.
    pub never: &'a [Vec<u32>],
}

impl OnSale<'_> {
    /// When and where all of these items were on sale; `None` if that is in nearly all of the baskets,
    /// which the grid counts, so that all of them count.
    pub(super) fn common(&self, items: &[u32], baskets: &Grid<'_>) -> Option<Common> {
        let common = self.common_of(items);
        baskets.fewer(&common).map(|_| common)
    }

    /// The baskets by day and place.
    pub(super) fn grid<'a>(&self, axes: &'a Axes) -> Grid<'a> {
        let baskets = (0..self.days.len()).map(|b| (self.days[b], self.place(b)));
        Grid::new(axes, baskets)
    }

    /// The same, however many baskets that leaves.
    pub(crate) fn common_of(&self, items: &[u32]) -> Common {
        let mut days = [i32::MIN, i32::MAX];
        let mut never = Vec::new();
        for &item in items {
            let [from, until] = self.items[item as usize];
            days = [days[0].max(from), days[1].min(until)];
            if let Some(places) = &self.places {
                never.extend_from_slice(&places.never[item as usize]);
            }
        }
        never.sort_unstable();
        never.dedup();
        Common { days, never }
    }

    /// # Panics
    /// If it is of other baskets or items.
    pub(super) fn must_be_of(&self, baskets: &Baskets) {
        let (n_baskets, n_items) = (baskets.n_baskets(), baskets.n_items());
        assert_eq!(self.days.len(), n_baskets, "a day for each basket");
        assert_eq!(self.items.len(), n_items, "a time for each item");
        if let Some(places) = &self.places {
            assert_eq!(places.baskets.len(), n_baskets, "a place for each basket");
            assert_eq!(places.never.len(), n_items, "places for each item");
        }
    }

    /// The place of a basket.
    pub(crate) fn place(&self, basket: usize) -> u32 {
        self.places
            .map_or(u32::MAX, |places| places.baskets[basket])
    }

    /// Those of the baskets that are of these days and places, in their order.
    pub(super) fn chosen(&self, baskets: &[usize], common: &Common) -> Vec<usize> {
        let mut chosen = baskets.to_vec();
        chosen.retain(|&basket| common.has(self.days[basket], self.place(basket)));
        chosen
    }
}

/// The days on which some items were all on sale, which may be none, and where one of them never was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Common {
    /// The first day, and the day after the last.
    pub(crate) days: [i32; 2],
    /// The places that never sell one of them, ascending.
    pub(crate) never: Vec<u32>,
}

impl Common {
    /// Whether all of the items were on sale on a day at a place.
    pub(crate) fn has(&self, day: i32, place: u32) -> bool {
        self.days[0] <= day && day < self.days[1] && self.never.binary_search(&place).is_err()
    }
}

/// What baskets are counted by: the days that there are, and the places that do not sell everything.
pub(crate) struct Axes {
    /// Ascending, each once.
    days: Vec<i32>,
    /// For each place its row, or [`EVERYTHING`].
    rows: Vec<u32>,
    n_rows: usize,
}

impl Axes {
    pub(crate) fn new(on_sale: &OnSale<'_>) -> Self {
        let mut days = on_sale.days.to_vec();
        days.sort_unstable();
        days.dedup();
        let mut rows = Vec::new();
        let never = on_sale.places.map_or(&[][..], |places| places.never);
        for &place in never.iter().flatten() {
            if rows.len() <= place as usize {
                rows.resize(place as usize + 1, EVERYTHING);
            }
            rows[place as usize] = 0;
        }
        let mut n_rows = 0;
        for row in rows.iter_mut().filter(|row| **row == 0) {
            *row = n_rows;
            n_rows += 1;
        }
        Self {
            days,
            rows,
            n_rows: n_rows as usize,
        }
    }
}

/// How many baskets there are up to each day, in all and at each place that does not sell everything.
pub(crate) struct Grid<'a> {
    axes: &'a Axes,
    /// A row of sums for all places, then one a row of the axes; each begins with 0.
    sums: Vec<u32>,
}

impl<'a> Grid<'a> {
    /// Of these days and places, which are among those of the axes.
    pub(crate) fn new(axes: &'a Axes, baskets: impl Iterator<Item = (i32, u32)>) -> Self {
        let width = axes.days.len() + 1;
        let mut sums = vec![0_u32; width * (axes.n_rows + 1)];
        for (day, place) in baskets {
            let column = axes.days.partition_point(|other| *other < day) + 1;
            sums[column] += 1;
            match axes.rows.get(place as usize) {
                None | Some(&EVERYTHING) => {}
                Some(&row) => sums[width * (row as usize + 1) + column] += 1,
            }
        }
        for row in sums.chunks_exact_mut(width) {
            for column in 1..width {
                row[column] += row[column - 1];
            }
        }
        Self { axes, sums }
    }

    /// How many are of these days and places.
    pub(crate) fn count(&self, common: &Common) -> u64 {
        let width = self.axes.days.len() + 1;
        let column = |day| self.axes.days.partition_point(|other| *other < day);
        let [from, until] = common.days.map(column);
        if from >= until {
            return 0;
        }
        let of_row = |row: usize| {
            let row = &self.sums[width * row..][..width];
            u64::from(row[until] - row[from])
        };
        let elsewhere = common.never.iter().filter_map(|&place| {
            let row = *self.axes.rows.get(place as usize)?;
            (row != EVERYTHING).then(|| of_row(row as usize + 1))
        });
        of_row(0) - elsewhere.sum::<u64>()
    }

    /// How many there are in all.
    pub(crate) fn total(&self) -> u64 {
        self.sums[self.axes.days.len()].into()
    }

    /// How many are of these days and places; `None` where they are nearly all.
    pub(crate) fn fewer(&self, common: &Common) -> Option<u64> {
        let count = self.count(common);
        Self::is_fewer(count, self.total()).then_some(count)
    }

    /// Whether so many are not nearly all of these.
    pub(crate) fn is_fewer(count: u64, all: u64) -> bool {
        (count as f64) < NEARLY_ALL * all as f64
    }
}

/// Baskets stratum after stratum, to be counted by days and places in each.
pub(super) struct InStrata<'a> {
    /// For each basket, in the order of the strata, its day and its place.
    stamps: Vec<(i32, u32)>,
    /// One for each stratum.
    grids: Vec<Grid<'a>>,
}

impl<'a> InStrata<'a> {
    pub(super) fn new(axes: &'a Axes, on_sale: &OnSale<'_>, strata: &Strata) -> Self {
        let stamp = |&basket: &u32| {
            let basket = basket as usize;
            (on_sale.days[basket], on_sale.place(basket))
        };
        let stamps: Vec<(i32, u32)> = strata.order.iter().map(stamp).collect();
        let mut start = 0;
        let ends = strata.ends.iter();
        let grids = ends.map(|&end| {
            let from = std::mem::replace(&mut start, end as usize);
            Grid::new(axes, stamps[from..end as usize].iter().copied())
        });
        let grids = grids.collect();
        Self { stamps, grids }
    }

    /// Of these baskets, by their places in the order, those of these days and places.
    pub(super) fn filter(&self, hits: &[u32], common: &Common) -> Vec<u32> {
        let has = |hit: &u32| {
            let (day, place) = self.stamps[*hit as usize];
            common.has(day, place)
        };
        hits.iter().copied().filter(has).collect()
    }

    /// How many baskets of each stratum are of these days and places.
    pub(super) fn count(&self, common: &Common) -> Vec<u32> {
        let counts = self.grids.iter().map(|grid| grid.count(common) as u32);
        counts.collect()
    }
}

/// Rules by the baskets that they are counted among: those that are counted among all, and for the
/// others, by the days and places of theirs, which rules those are.
pub(super) fn by_baskets(
    rules: &[Rule],
    on_sale: Option<&OnSale<'_>>,
) -> (Vec<usize>, Vec<(Common, Vec<usize>)>) {
    let Some(on_sale) = on_sale else {
        return ((0..rules.len()).collect(), Vec::new());
    };
    let axes = Axes::new(on_sale);
    let grid = on_sale.grid(&axes);
    let mut among_all = Vec::new();
    let mut others: BTreeMap<Common, Vec<usize>> = BTreeMap::new();
    for (i, rule) in rules.iter().enumerate() {
        let items = [&rule.antecedent[..], &rule.consequent].concat();
        match on_sale.common(&items, &grid) {
            None => among_all.push(i),
            Some(common) => others.entry(common).or_default().push(i),
        }
    }
    (among_all, others.into_iter().collect())
}

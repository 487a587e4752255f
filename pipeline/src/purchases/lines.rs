//! Purchase lines on their way into arrays: sorted, each item once a basket, baskets numbered.

use rayon::prelude::*;

/// The group of a basket whose lines are of several groups, or of none.
pub const UNGROUPED: u32 = u32::MAX;
/// The location of a basket whose lines are of several, or of none.
pub const SOMEWHERE: u32 = u32::MAX;

/// One purchase line, coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<X> {
    pub(super) customer: u32,
    pub(super) basket: u32,
    pub(super) item: u32,
    pub(super) day: i32,
    pub(super) extra: X,
}

/// What a line carries beside its codes. Most uses need nothing, and their lines stay small.
pub(super) trait Extra: Copy + Default + Send {
    fn new(money: i64, group: u32, location: u32) -> Self;
    /// Gives the group and the location their final numbers.
    fn regroup(&mut self, group: impl Fn(u32) -> u32, location: impl Fn(u32) -> u32);
    /// Takes in another line of the same item in the same basket; the order does not matter.
    fn merge(&mut self, other: Self);
    /// The money of each line, and the group and the location of each basket.
    fn columns(
        extras: &[Self],
        baskets: &[u32],
        n_baskets: usize,
    ) -> (Vec<i64>, Vec<u32>, Vec<u32>);
}

impl Extra for () {
    fn new(_: i64, _: u32, _: u32) {}
    fn regroup(&mut self, _: impl Fn(u32) -> u32, _: impl Fn(u32) -> u32) {}
    fn merge(&mut self, (): Self) {}
    fn columns(_: &[Self], _: &[u32], _: usize) -> (Vec<i64>, Vec<u32>, Vec<u32>) {
        (Vec::new(), Vec::new(), Vec::new())
    }
}

/// Money in ten-thousandths, a group and a location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Apart {
    pub(super) money: i64,
    pub(super) group: u32,
    pub(super) location: u32,
}

impl Extra for Apart {
    fn new(money: i64, group: u32, location: u32) -> Self {
        Self {
            money,
            group,
            location,
        }
    }

    fn regroup(&mut self, group: impl Fn(u32) -> u32, location: impl Fn(u32) -> u32) {
        if self.group != UNGROUPED {
            self.group = group(self.group);
        }
        if self.location != SOMEWHERE {
            self.location = location(self.location);
        }
    }

    fn merge(&mut self, other: Self) {
        self.money = self.money.saturating_add(other.money);
        if self.group != other.group {
            self.group = UNGROUPED;
        }
        if self.location != other.location {
            self.location = SOMEWHERE;
        }
    }

    fn columns(
        extras: &[Self],
        baskets: &[u32],
        n_baskets: usize,
    ) -> (Vec<i64>, Vec<u32>, Vec<u32>) {
        let of_baskets = |of: fn(&Self) -> u32| -> Vec<u32> {
            let mut known: Vec<Option<u32>> = vec![None; n_baskets];
            for (extra, &basket) in extras.iter().zip(baskets) {
                let place = &mut known[basket as usize];
                *place = match *place {
                    // Both marks are the same number.
                    Some(known) if known != of(extra) => Some(UNGROUPED),
                    _ => Some(of(extra)),
                };
            }
            let known = known.into_iter().map(|known| known.unwrap_or(UNGROUPED));
            known.collect()
        };
        let money = extras.iter().map(|extra| extra.money).collect();
        let groups = of_baskets(|extra| extra.group);
        let locations = of_baskets(|extra| extra.location);
        (money, groups, locations)
    }
}

/// Lines as arrays, sorted by customer, day, basket and item.
pub(super) struct Lines<X> {
    pub(super) offsets: Vec<usize>,
    pub(super) days: Vec<i32>,
    pub(super) baskets: Vec<u32>,
    pub(super) line_items: Vec<u32>,
    pub(super) basket_days: Vec<i32>,
    pub(super) extras: Vec<X>,
}

/// Sorts lines, merges those that say the same, and numbers the baskets in the order of customers
/// and days.
pub(super) fn sorted<X: Extra>(mut lines: Vec<Line<X>>, n_customers: usize) -> Lines<X> {
    lines.par_sort_unstable_by_key(|line| (line.customer, line.basket, line.item, line.day));
    // A basket that goes past midnight, or over a longer period, belongs to the day on which it
    // began.
    let mut start = 0;
    while start < lines.len() {
        let same = |line: &Line<X>| {
            (line.customer, line.basket) == (lines[start].customer, lines[start].basket)
        };
        let length = lines[start..].iter().take_while(|line| same(line)).count();
        let basket = &mut lines[start..start + length];
        let first = basket.iter().map(|line| line.day).min().unwrap_or_default();
        basket.iter_mut().for_each(|line| line.day = first);
        start += length;
    }
    lines.dedup_by(|later, kept| {
        let same =
            (later.customer, later.basket, later.item) == (kept.customer, kept.basket, kept.item);
        if same {
            kept.extra.merge(later.extra);
        }
        same
    });
    lines.par_sort_unstable_by_key(|line| (line.customer, line.day, line.basket, line.item));
    let mut made = Lines {
        offsets: vec![0; n_customers + 1],
        days: Vec::with_capacity(lines.len()),
        baskets: Vec::with_capacity(lines.len()),
        line_items: Vec::with_capacity(lines.len()),
        basket_days: Vec::new(),
        extras: Vec::with_capacity(lines.len()),
    };
    let mut last = None;
    for line in &lines {
        if last != Some((line.customer, line.basket)) {
            last = Some((line.customer, line.basket));
            made.basket_days.push(line.day);
        }
        made.offsets[line.customer as usize + 1] += 1;
        made.days.push(line.day);
        made.baskets.push(made.basket_days.len() as u32 - 1);
        made.line_items.push(line.item);
        made.extras.push(line.extra);
    }
    for customer in 0..n_customers {
        made.offsets[customer + 1] += made.offsets[customer];
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<X>(customer: u32, basket: u32, day: i32, item: u32, extra: X) -> Line<X> {
        Line {
            customer,
            basket,
            item,
            day,
            extra,
        }
    }

    #[test]
    fn a_basket_past_midnight_is_one_basket_of_the_day_it_began_on() {
        let lines = vec![
            line(1, 5, 10, 1, ()),
            line(0, 6, 10, 0, ()),
            line(0, 5, 12, 1, ()),
            line(0, 5, 11, 0, ()),
            line(0, 5, 12, 0, ()),
        ];
        let lines = sorted(lines, 2);
        assert_eq!(lines.basket_days, [10, 11, 10]);
        assert_eq!(lines.offsets, [0, 3, 4]);
        assert_eq!(lines.baskets, [0, 1, 1, 2]);
        assert_eq!(lines.line_items, [0, 0, 1, 1]);
    }

    #[test]
    fn lines_of_one_item_are_summed_and_baskets_of_two_groups_are_in_none() {
        let of = |money, group| Apart {
            money,
            group,
            location: 7 * (1 - group),
        };
        let lines = vec![
            line(0, 0, 1, 3, of(5, 0)),
            line(0, 0, 1, 3, of(-2, 0)),
            line(0, 1, 2, 3, of(1, 0)),
            line(0, 1, 2, 4, of(1, 1)),
        ];
        let lines = sorted(lines, 1);
        let (money, groups, locations) = Apart::columns(&lines.extras, &lines.baskets, 2);
        assert_eq!(money, [3, 1, 1]);
        assert_eq!(groups, [0, UNGROUPED]);
        assert_eq!(locations, [7, SOMEWHERE]);
    }
}

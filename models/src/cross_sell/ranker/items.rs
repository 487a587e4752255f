//! What is known of every item at the start of a day: how many buy it, try it, and come back.

use super::super::history::History;
use super::super::owned::Owned;
use super::super::sales::Sales;
use super::super::season::turn_of_season;

/// Days before the as-of day, from a quarter of a horizon to three.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub quarter: i32,
    pub half: i32,
    pub one: i32,
    pub two: i32,
    pub three: i32,
}

impl Windows {
    /// The first day of each.
    pub fn before(as_of: i32, horizon: i32) -> Self {
        let since = |days: i32| as_of.saturating_sub(days.max(1));
        Self {
            quarter: since(horizon / 4),
            half: since(horizon / 2),
            one: since(horizon),
            two: since(horizon.saturating_mul(2)),
            three: since(horizon.saturating_mul(3)),
        }
    }
}

/// How many signals an item has.
pub(super) const ITEM_SIGNALS: usize = 12;

/// The signals of every kept item, and of its group.
#[derive(Debug)]
pub(super) struct Items {
    /// Item by item, [`ITEM_SIGNALS`] each.
    signals: Vec<f32>,
    /// The group of each item, dense; empty without groups.
    pub group: Vec<u32>,
    /// Items of each group.
    pub group_size: Vec<u32>,
}

/// Customers of an item, by when.
#[derive(Clone, Copy, Default)]
struct Counts {
    quarter: u32,
    half: u32,
    one: u32,
    two: u32,
    three: u32,
    new_one: u32,
    new_three: u32,
    /// Who had it before the last horizon, and who of them bought it again in that.
    before: u32,
    again: u32,
}

impl Items {
    pub fn of(history: &History<'_>, owned: &Owned, sales: &Sales, horizon: i32) -> Self {
        let windows = Windows::before(owned.as_of, horizon);
        let mut counts = vec![Counts::default(); owned.n_items()];
        for entry in owned.all() {
            let count = &mut counts[entry.item as usize];
            let last = |since: i32| u32::from(entry.last >= since);
            count.quarter += last(windows.quarter);
            count.half += last(windows.half);
            count.one += last(windows.one);
            count.two += last(windows.two);
            count.three += last(windows.three);
            count.new_one += u32::from(entry.first >= windows.one);
            count.new_three += u32::from(entry.first >= windows.three);
            if entry.first < windows.one {
                count.before += 1;
                count.again += last(windows.one);
            }
        }
        let (group, group_size) = groups(history, owned);
        let mut group_buyers = vec![0_u32; group_size.len()];
        for (count, &group) in counts.iter().zip(&group) {
            group_buyers[group as usize] += count.one;
        }
        let turns = turn_of_season(sales, owned.as_of, horizon);
        let active = owned.n_active as f64;
        let mut signals = Vec::with_capacity(counts.len() * ITEM_SIGNALS);
        for (item, count) in counts.iter().enumerate() {
            let ever = f64::from(owned.buyers[item]);
            let share = |n: u32| f64::from(n) / active.max(1.0);
            // Added customers keep what few have bought away from the ends.
            let ratio = |a: u32, b: u32, part: f64| {
                libm::log((f64::from(a) + 3.0) / (f64::from(b) + 3.0 * part))
            };
            let hazard =
                |new: u32| (f64::from(new) + 2.0) / (active - ever + f64::from(new) + 50.0);
            let of_group = match group.get(item) {
                Some(&group) => share(group_buyers[group as usize]),
                None => f64::NAN,
            };
            let all: [f64; ITEM_SIGNALS] = [
                share(count.quarter),
                share(count.one),
                share(count.three),
                ever / active.max(1.0),
                hazard(count.new_one),
                hazard(count.new_three),
                ratio(count.half, count.two, 4.0),
                ratio(count.quarter, count.one, 4.0),
                ratio(count.new_one, count.new_three, 3.0),
                turns[owned.codes[item] as usize],
                f64::from(count.again) / (f64::from(count.before) + 5.0),
                of_group,
            ];
            signals.extend(all.map(|value| value as f32));
        }
        Self {
            signals,
            group,
            group_size,
        }
    }

    pub fn signals(&self, item: u32) -> &[f32] {
        &self.signals[item as usize * ITEM_SIGNALS..][..ITEM_SIGNALS]
    }

    /// The share of customers who tried the item in the last three horizons, among those without.
    pub fn tried(&self, item: u32) -> f32 {
        self.signals(item)[5]
    }
}

/// The group of each kept item, numbered densely in the order of their codes, and their sizes.
fn groups(history: &History<'_>, owned: &Owned) -> (Vec<u32>, Vec<u32>) {
    let Some(groups) = history.groups() else {
        return (Vec::new(), Vec::new());
    };
    let of = |&code: &u32| groups[code as usize];
    let mut codes: Vec<u32> = owned.codes.iter().map(of).collect();
    let group_of = codes.clone();
    codes.sort_unstable();
    codes.dedup();
    let mut sizes = vec![0; codes.len()];
    let dense = group_of.iter().map(|code| {
        let place = codes.partition_point(|known| known < code);
        sizes[place] += 1;
        place as u32
    });
    (dense.collect(), sizes)
}

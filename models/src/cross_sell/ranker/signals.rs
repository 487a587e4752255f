//! The signals of a customer, of an item, and of the two together: what the trees look at.

use super::super::history::History;
use super::super::owned::{Entry, Owned};
use super::items::{ITEM_SIGNALS, Items, Windows};

/// Signals of a customer.
pub(super) const CUSTOMER_SIGNALS: usize = 10;
/// Signals of how a customer and an item fit: affinities and neighbours.
pub(super) const FIT_SIGNALS: usize = 6;
/// Signals of a customer and the group of an item.
pub(super) const GROUP_SIGNALS: usize = 5;
/// Signals of an item that the customer has bought.
pub(super) const OWN_SIGNALS: usize = 20;

/// Which of them is how often it was bought, fading by four horizons.
pub(super) const FADED: usize = 7;

/// Columns of what the customer has not bought.
pub(super) const NEW_WIDTH: usize = FIT_SIGNALS + GROUP_SIGNALS + ITEM_SIGNALS + CUSTOMER_SIGNALS;
/// Columns of what they have.
pub(super) const AGAIN_WIDTH: usize = NEW_WIDTH + OWN_SIGNALS;

/// What one customer has done with one item.
#[derive(Clone, Copy, Debug, Default)]
struct Bought {
    half: f32,
    one: f32,
    two: f32,
    three: f32,
    /// Baskets, each counting less the longer ago it is: by half a horizon, one and a half, four.
    faded: [f32; 3],
    /// How many baskets the customer had had when they bought it last.
    visit: u32,
}

/// What a customer has done, as the signals need it. Buffers are kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Habits {
    signals: [f32; CUSTOMER_SIGNALS],
    /// By the place of the item among the customer's.
    bought: Vec<Bought>,
    most_faded: f32,
    baskets: f32,
    /// By group: items bought, baskets of them in one horizon, in three, ever.
    groups: Vec<[f32; 4]>,
    touched: Vec<u32>,
}

impl Habits {
    /// Looks at the rows of a customer before the day of `owned`.
    ///
    /// - `index`: for each item of the history its place among those kept, or `u32::MAX`.
    pub fn look(
        &mut self,
        history: &History<'_>,
        owned: &Owned,
        index: &[u32],
        items: &Items,
        customer: usize,
        horizon: i32,
    ) {
        let (as_of, has) = (owned.as_of, owned.of(customer));
        let windows = Windows::before(as_of, horizon);
        let rows = history.rows(customer, i32::MIN, as_of);
        self.bought.clear();
        self.bought.resize(has.len(), Bought::default());
        let fades = [0.5, 1.5, 4.0].map(|horizons| 1.0 / (horizons * f64::from(horizon)));
        let (mut baskets, mut late, mut later) = (0_u32, 0_u32, 0_u32);
        let (mut before, mut first) = (None, as_of);
        let mut faded = [0.0_f32; 3];
        for row in rows {
            let basket = history.basket(row);
            if before != Some(basket) {
                before = Some(basket);
                first = first.min(basket.0);
                baskets += 1;
                later += u32::from(basket.0 >= windows.one);
                late += u32::from(basket.0 >= windows.three);
                let ago = f64::from(as_of.saturating_sub(basket.0));
                faded = fades.map(|fade| libm::exp(-ago * fade) as f32);
            }
            let item = index[history.item(row) as usize];
            let Ok(place) = has.binary_search_by_key(&item, |entry| entry.item) else {
                continue;
            };
            let one = &mut self.bought[place];
            let since = |day: i32| f32::from(u8::from(basket.0 >= day));
            one.visit = baskets;
            one.half += since(windows.half);
            one.one += since(windows.one);
            one.two += since(windows.two);
            one.three += since(windows.three);
            one.faded
                .iter_mut()
                .zip(faded)
                .for_each(|(sum, f)| *sum += f);
        }
        let most = |most: f32, one: &Bought| most.max(one.faded[1]);
        self.most_faded = self.bought.iter().fold(0.0, most);
        self.baskets = baskets as f32;
        let count = |keep: &dyn Fn(&Entry) -> bool| has.iter().filter(|e| keep(e)).count() as f32;
        let tried = count(&|entry| entry.first >= windows.one);
        let lines: f32 = self.bought.iter().map(|one| one.three).sum();
        let away = has
            .iter()
            .map(|entry| as_of.saturating_sub(entry.last))
            .min();
        self.signals = [
            has.len() as f32,
            baskets as f32,
            later as f32,
            late as f32,
            tried,
            count(&|entry| entry.first >= windows.three),
            away.unwrap_or(i32::MAX) as f32,
            as_of.saturating_sub(first) as f32,
            tried / (later as f32 + 0.5),
            lines / (late as f32 + 0.5),
        ];
        self.look_at_groups(has, items);
    }

    fn look_at_groups(&mut self, has: &[Entry], items: &Items) {
        self.groups.resize(items.group_size.len(), [0.0; 4]);
        for group in self.touched.drain(..) {
            self.groups[group as usize] = [0.0; 4];
        }
        for (entry, bought) in has.iter().zip(&self.bought) {
            let Some(&group) = items.group.get(entry.item as usize) else {
                return;
            };
            let sums = &mut self.groups[group as usize];
            sums[0] += 1.0;
            sums[1] += bought.one;
            sums[2] += bought.three;
            sums[3] += entry.baskets as f32;
            self.touched.push(group);
        }
    }

    /// Appends the signals of an item; `fit` says how it fits, and `own` at which place among the
    /// items of the customer it stands, if it does.
    pub fn write(
        &self,
        items: &Items,
        as_of: i32,
        item: u32,
        fit: [f32; FIT_SIGNALS],
        own: Option<(usize, &Entry)>,
        row: &mut Vec<f32>,
    ) {
        row.extend(fit);
        match items.group.get(item as usize) {
            Some(&group) => {
                let sums = self.groups[group as usize];
                row.extend(sums);
                row.push(sums[0] / items.group_size[group as usize] as f32);
            }
            None => row.extend([f32::NAN; GROUP_SIGNALS]),
        }
        row.extend(items.signals(item));
        row.extend(self.signals);
        if let Some((place, entry)) = own {
            row.extend(self.own(&self.bought[place], entry, as_of));
        }
    }

    fn own(&self, bought: &Bought, entry: &Entry, as_of: i32) -> [f32; OWN_SIGNALS] {
        let since = as_of.saturating_sub(entry.last) as f32;
        let life = as_of.saturating_sub(entry.first) as f32;
        let times = entry.baskets as f32;
        let gap = usual_gap(entry);
        [
            times,
            bought.half,
            bought.one,
            bought.two,
            bought.three,
            bought.faded[0],
            bought.faded[1],
            bought.faded[2],
            since,
            life,
            gap.unwrap_or(f32::NAN),
            gap.map_or(f32::NAN, |gap| since / gap.max(0.5)),
            times / self.baskets.max(1.0),
            bought.faded[1] / self.most_faded.max(f32::MIN_POSITIVE),
            times / (life + 14.0),
            // Of the customer's baskets, how many have it.
            bought.one / (self.signals[2] + 0.5),
            bought.three / (self.signals[3] + 0.5),
            self.baskets - bought.visit as f32,
            bought.two - bought.one,
            self.signals[2] / (self.signals[3] / 3.0 + 0.3),
        ]
    }
}

/// The mean days from one purchase of an item to the next; none where it was bought once.
pub(super) fn usual_gap(entry: &Entry) -> Option<f32> {
    let gaps = entry.baskets.checked_sub(1).filter(|gaps| *gaps > 0)?;
    Some(entry.last.saturating_sub(entry.first) as f32 / gaps as f32)
}

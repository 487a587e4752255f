//! What may not be offered: to anybody, to a segment, or to one customer.

use crate::config::Settings;
use crate::config::offers::Offers;
use crate::failure::{Result, did_you_mean, nearest};

use super::beside::Beside;
use super::shelf::Shelf;

/// What the settings leave of the items.
pub struct Rest {
    /// By item: offered to nobody.
    closed: Vec<bool>,
    /// By segment, where it has a catalogue: whether an item is in it.
    catalogues: Vec<Option<Vec<bool>>>,
    /// (customer, item) that were returned lately, ascending.
    returned: Vec<(u32, u32)>,
}

impl Rest {
    /// Reads the settings.
    ///
    /// # Errors
    /// A name that the taxonomy does not have, a segment that nobody is in, a margin without costs.
    pub fn of(
        settings: &Settings,
        shelf: &Shelf,
        beside: &Beside,
        returned: Vec<(u32, u32)>,
    ) -> Result<Self> {
        let offers = &settings.config.offers;
        let mut closed: Vec<bool> = (0..shelf.names.len())
            .map(|item| !within(offers, shelf, item))
            .collect();
        for (place, name) in offers.never.iter().enumerate() {
            let keys = ["offers", "never", &place.to_string()];
            let named = named(settings, shelf, &keys, name)?;
            closed
                .iter_mut()
                .zip(named)
                .for_each(|(closed, named)| *closed |= named);
        }
        if offers.min_margin.is_some() && shelf.margins.iter().all(Option::is_none) {
            let message = "min_margin needs what things cost, and no purchase of late has a cost";
            return Err(settings
                .wrong(&["offers", "min_margin"], message)
                .hint("map `cost` of the purchases, or leave min_margin out"));
        }
        let mut catalogues = vec![None; beside.segment_names.len()];
        for (segment, names) in &offers.catalogues {
            let keys = ["offers", "catalogues", segment];
            let Some(place) = beside
                .segment_names
                .iter()
                .position(|known| known == segment)
            else {
                let known: Vec<&str> = beside.segment_names.iter().map(String::as_str).collect();
                let message = match known.is_empty() {
                    true => "there are no segments yet: run `regulars segment` first".to_owned(),
                    false => format!("nobody is in the segment `{segment}`"),
                };
                return Err(settings
                    .wrong(&keys, message)
                    .hint(did_you_mean(segment, &known)));
            };
            let mut open = vec![false; shelf.names.len()];
            for name in names {
                let named = named(settings, shelf, &keys, name)?;
                open.iter_mut()
                    .zip(named)
                    .for_each(|(open, named)| *open |= named);
            }
            catalogues[place] = Some(open);
        }
        Ok(Self {
            closed,
            catalogues,
            returned,
        })
    }

    /// Whether an item may be offered to a customer of a segment.
    pub fn allows(&self, customer: u32, segment: Option<u32>, item: u32) -> bool {
        let at = item as usize;
        let catalogue = segment.and_then(|segment| self.catalogues[segment as usize].as_ref());
        !self.closed[at]
            && catalogue.is_none_or(|open| open[at])
            && self.returned.binary_search(&(customer, item)).is_err()
    }

    /// Whether it leaves out anything at all.
    pub fn is_all(&self) -> bool {
        self.returned.is_empty()
            && !self.closed.contains(&true)
            && self.catalogues.iter().all(Option::is_none)
    }
}

/// Whether the price and the margin of an item are as asked for; one without a price is not, where
/// a price is asked for.
fn within(offers: &Offers, shelf: &Shelf, item: usize) -> bool {
    let (price, margin) = (shelf.prices[item], shelf.margins[item]);
    let at_least = |value: Option<f64>, least: Option<f64>| {
        least.is_none_or(|least| value.is_some_and(|value| value >= least))
    };
    let at_most = offers
        .max_price
        .is_none_or(|most| price.is_some_and(|price| price <= most));
    at_least(price, offers.min_price) && at_most && at_least(margin, offers.min_margin)
}

/// The items that a name of the taxonomy means.
fn named(settings: &Settings, shelf: &Shelf, keys: &[&str], name: &str) -> Result<Vec<bool>> {
    let has = |names: &Vec<String>| names.iter().any(|known| known == name);
    let found: Vec<bool> = shelf.names.iter().map(has).collect();
    if found.contains(&true) {
        return Ok(found);
    }
    let failure = settings.wrong(keys, format!("nothing that is sold is called `{name}`"));
    let known = shelf.names.iter().flatten().map(String::as_str);
    // There may be thousands of names: the nearest alone is told.
    Err(match nearest(name, known) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("names are those of products and of the levels above them"),
    })
}

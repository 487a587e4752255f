//! What the settings ask for, once it is known what the warehouse holds.

use std::ops::Range;
use std::path::Path;

use chrono::{Days, NaiveDate};

use super::NAME;
use crate::config::rules::Money;
use crate::config::{Day, Settings};
use crate::failure::{Failure, Result, did_you_mean};
use crate::manifest::Manifest;
use crate::purchases::{Ask, day_number};
use crate::warehouse::Warehouse;

/// The customers' segments, where an earlier stage has left them.
const SEGMENTS: &str = "segments.parquet";
/// Levels from narrow to broad, each of which can be generalised to those after it.
const CHAIN: [&str; 4] = ["product", "type", "category", "department"];

/// What is mined.
pub struct Plan {
    /// Which purchases.
    pub ask: Ask,
    /// The first day that is mined.
    pub from: NaiveDate,
    /// The day after the last that is mined; later ones are for measuring again.
    pub split: NaiveDate,
}

impl Plan {
    /// Looks at settings and warehouse.
    ///
    /// # Errors
    /// No products, a level that they do not have, segments of another date, or no day to mine.
    pub fn new(
        settings: &Settings,
        warehouse: &Warehouse,
        manifest: &Manifest,
        out: &Path,
        as_of: Option<Day>,
    ) -> Result<Self> {
        let rules = &settings.config.rules;
        if !warehouse.has_column("interactions", "product_id") {
            return Err(Failure::data(
                "the interactions name no products, so there are no baskets to mine",
            )
            .hint(
                "map product_id of the interactions to a column of the source, and run ingest again",
            ));
        }
        let level = warehouse.level(settings, NAME, rules.level.as_deref())?;
        let asks_for_segments = rules.scope.is_some() || rules.compare_by.is_some();
        let file = manifest.files.iter().find(|file| file.path == SEGMENTS);
        let made = file.and_then(|file| manifest.stages.get(&file.stage));
        let wanted = as_of.map(|day| day.to_string());
        // Segments of another date would know what may not be seen, or too little.
        let segments = made
            .filter(|made| asks_for_segments && made.as_of_asked == wanted)
            .map(|_| out.join(SEGMENTS));
        let ask = Ask {
            section: NAME,
            broader: broader(settings, warehouse, &level)?,
            level,
            exclude: rules.exclude.clone(),
            scope: rules.scope.clone(),
            from: rules.from,
            until: rules.until,
            basket: rules.basket,
            compare_by: rules.compare_by.clone(),
            money: rules.utility.by,
            segments,
            // Without guests what was read will do for other stages too.
            guests: warehouse.guests()? > 0,
        };
        let end = rules
            .until
            .map_or(warehouse.end, |Day(day)| day.min(warehouse.end));
        let from = rules
            .from
            .map_or(warehouse.first_day, |Day(day)| day.max(warehouse.first_day));
        let split = end
            .checked_sub_days(Days::new(rules.later_days.into()))
            .filter(|split| *split > from)
            .ok_or_else(|| match (rules.from, rules.until) {
                (None, None) => Failure::data(format!(
                    "the history is no longer than the {} days kept for measuring rules again",
                    rules.later_days
                ))
                .hint("set a smaller later_days under [rules]"),
                _ => Failure::data(format!(
                    "from {from} until {end} there are no more than the {} days kept for measuring rules again",
                    rules.later_days
                ))
                .hint("set a smaller later_days, or other days for from and until, under [rules]"),
            })?;
        Ok(Self { ask, from, split })
    }

    /// The days that are mined.
    pub fn mined(&self) -> Range<i32> {
        i32::MIN..day_number(self.split)
    }

    /// The days on which rules are measured again.
    pub fn later(&self) -> Range<i32> {
        day_number(self.split)..i32::MAX
    }

    /// What the money of the plan is called.
    pub fn money_words(&self) -> &'static str {
        match self.ask.money {
            Some(Money::Margin) => "margin",
            _ => "revenue",
        }
    }
}

/// The levels that are items too, narrow to broad.
fn broader(settings: &Settings, warehouse: &Warehouse, level: &str) -> Result<Vec<String>> {
    let asked = &settings.config.rules.generalise;
    let above: &[&str] = match CHAIN.iter().position(|known| *known == level) {
        Some(place) => &CHAIN[place + 1..],
        None => &[],
    };
    let there: Vec<&str> = above
        .iter()
        .copied()
        .filter(|level| warehouse.has_column("products", level))
        .collect();
    for (place, name) in asked.iter().enumerate() {
        if !there.contains(&name.as_str()) {
            let keys = [NAME, "generalise", &place.to_string()];
            let problem = match above.contains(&name.as_str()) {
                true => format!("the products have no `{name}`"),
                false => format!("`{name}` is no broader level than {level}"),
            };
            return Err(settings.wrong(&keys, problem).hint(match there.is_empty() {
                true => format!("nothing is broader than {level} here; remove it"),
                false => did_you_mean(name, &there),
            }));
        }
    }
    let chosen = there
        .into_iter()
        .filter(|level| asked.iter().any(|name| name == level));
    Ok(chosen.map(str::to_owned).collect())
}

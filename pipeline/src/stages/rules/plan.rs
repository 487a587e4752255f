//! What the settings ask for, once it is known what the warehouse holds.

use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};

use super::NAME;
use crate::config::rules::Money;
use crate::config::{Day, Rules, Settings};
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::manifest::Manifest;
use crate::purchases::{Ask, day_number, need_products};
use crate::warehouse::Warehouse;

/// The customers' segments, where an earlier stage has left them.
const SEGMENTS: &str = "segments.parquet";
/// Levels from narrow to broad, each of which can be generalised to those after it.
const CHAIN: [&str; 4] = ["product", "type", "category", "department"];

/// 52 weeks.
const YEAR: i32 = 364;

/// What is mined.
pub struct Plan {
    /// Which purchases.
    pub ask: Ask,
    /// The first day that is mined.
    pub from: NaiveDate,
    /// The day after the last that is mined; later ones are for measuring again.
    pub split: NaiveDate,
    /// The day after the last of those.
    pub end: NaiveDate,
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
        need_products(warehouse, "there are no baskets to mine")?;
        let level = warehouse.level(settings, NAME, rules.level.as_deref())?;
        let ask = Ask {
            section: NAME,
            broader: broader(settings, warehouse, &level)?,
            level,
            exclude: rules.exclude.clone(),
            order_days: settings.config.project.order_days,
            scope: rules.scope.clone(),
            from: rules.from,
            until: rules.until,
            basket: rules.basket,
            compare_by: rules.compare_by.clone(),
            money: rules.utility.by,
            locations: warehouse.has_column("interactions", "location_id"),
            segments: segments_file(settings, manifest, out, as_of),
            // Without guests what was read will do for other stages too.
            guests: warehouse.guests()? > 0,
        };
        let end = rules
            .until
            .map_or(warehouse.end, |Day(day)| day.min(warehouse.end));
        let from = rules
            .from
            .map_or(warehouse.first_day, |Day(day)| day.max(warehouse.first_day));
        let split = end.checked_sub_days(Days::new(rules.later_days.into()));
        let split = split
            .filter(|split| *split > from)
            .ok_or_else(|| no_day_to_mine(rules, from, end))?;
        Ok(Self {
            ask,
            from,
            split,
            end,
        })
    }

    /// The days that are mined.
    pub fn mined(&self) -> Range<i32> {
        i32::MIN..day_number(self.split)
    }

    /// The days on which rules are measured again.
    pub fn later(&self) -> Range<i32> {
        day_number(self.split)..i32::MAX
    }

    /// The same weeks of the year before, where all of them are mined: as many days, 52 weeks earlier, so
    /// that they are of the same days of the week.
    pub fn year_before(&self) -> Option<Range<i32>> {
        let first = day_number(self.split) - YEAR;
        let days = first..day_number(self.end) - YEAR;
        (day_number(self.from) <= first && !days.is_empty() && days.end <= day_number(self.split))
            .then_some(days)
    }

    /// What the money of the plan is called.
    pub fn money_words(&self) -> &'static str {
        match self.ask.money {
            Some(Money::Margin) => mark!("margin"),
            _ => mark!("revenue"),
        }
    }
}

/// Where the segments are that the settings speak of.
fn segments_file(
    settings: &Settings,
    manifest: &Manifest,
    out: &Path,
    as_of: Option<Day>,
) -> Option<PathBuf> {
    let rules = &settings.config.rules;
    if rules.scope.is_none() && rules.compare_by.is_none() {
        return None;
    }
    let file = manifest.files.iter().find(|file| file.path == SEGMENTS)?;
    let made = manifest.stages.get(&file.stage)?;
    // Segments of another date would know what may not be seen, or too little.
    (made.as_of_asked == as_of.map(|day| day.to_string())).then(|| out.join(SEGMENTS))
}

fn no_day_to_mine(rules: &Rules, from: NaiveDate, end: NaiveDate) -> Failure {
    let days = rules.later_days;
    match (rules.from, rules.until) {
        (None, None) => Failure::data(format!(
            "the history is no longer than the {days} days kept for measuring rules again"
        ))
        .hint("set a smaller later_days under [rules]"),
        _ => Failure::data(format!(
            "from {from} until {end} there are no more than the {days} days kept for measuring rules again"
        ))
        .hint("set a smaller later_days, or other days for from and until, under [rules]"),
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

//! Times in a format of `strftime`.

use chrono::format::{Item, Numeric, Parsed, StrftimeItems, parse};

use super::named_zone::NamedZone;
use super::written::Written;

/// A format of `strftime`.
pub struct Pattern {
    items: Vec<Item<'static>>,
    /// `%Y` is in it, which is a year of four digits: chrono alone would read 24 as the year 24.
    has_century: bool,
    /// `%Z` was in it, which stands for a name that is read apart: chrono would pass over it.
    pub has_zone: bool,
    /// It ends in a word for UTC.
    is_utc: bool,
}

impl Pattern {
    /// What is no format, which the check of the settings does not let through, fits nothing.
    pub fn new(format: &str) -> Self {
        let has_zone = format.contains("%Z");
        let plain = format.replace("%Z", "");
        let plain = match has_zone {
            true => plain.split_whitespace().collect::<Vec<_>>().join(" "),
            false => plain,
        };
        let items = StrftimeItems::new(&plain)
            .parse_to_owned()
            .unwrap_or_default();
        let is_year = |item: &Item<'_>| matches!(item, Item::Numeric(Numeric::Year, _));
        Self {
            has_century: items.iter().any(is_year),
            has_zone,
            is_utc: ["UTC", "GMT", "Z"]
                .iter()
                .any(|name| plain.ends_with(name) && !plain.ends_with(&format!("%{name}"))),
            items,
        }
    }

    /// Reads a time.
    pub fn read(&self, text: &str) -> Option<Written> {
        let (written, year) = by_pattern(text, &self.items)?;
        if self.has_century && year.is_some_and(|year| year < 1000) {
            return None;
        }
        Some(match written {
            Written::Wall(wall) if self.is_utc => Written::Moment(wall),
            written => written,
        })
    }

    /// Whether only the two digits of its year keep a text from fitting.
    pub fn lacks_century(&self, text: &str) -> bool {
        self.has_century && self.read(text).is_none() && by_pattern(text, &self.items).is_some()
    }

    /// A text in which the zone stands somewhere between other words.
    pub fn read_around_zone(&self, text: &str) -> Option<Written> {
        let words: Vec<&str> = text.split_whitespace().collect();
        (0..words.len()).find_map(|place| {
            let zone = NamedZone::of(words[place])?;
            let (before, after) = (&words[..place], &words[place + 1..]);
            zone.applied_to(self.read(&[before, after].concat().join(" "))?)
        })
    }
}

/// The time, and the year as it was written.
fn by_pattern(text: &str, items: &[Item<'static>]) -> Option<(Written, Option<i32>)> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    let year = parsed.year();
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let _ = parsed.set_offset(0); // only where a timestamp says enough
        let moment = parsed.to_datetime().ok()?;
        return Some((Written::Moment(moment.timestamp_micros()), year));
    }
    let date = parsed.to_naive_date().ok()?;
    if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let wall = match parsed.hour_mod_12() {
        None => date.and_hms_opt(0, 0, 0)?,
        Some(_) => date.and_time(parsed.to_naive_time().ok()?),
    };
    Some((Written::Wall(wall.and_utc().timestamp_micros()), year))
}

//! Times as text: days and times of day on a wall, moments, seconds since 1970, and the days that
//! spreadsheets count.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::format::{Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{NaiveDateTime, Utc};

use super::named_zone::{self, NamedZone};
use crate::config::{EXCEL, ISO, TimeFormats, UNIX, UNIX_MILLISECONDS};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A time as it was written, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// What a clock on the wall showed.
    Wall(i64),
    /// A moment: the text said how far the clock is from UTC.
    Moment(i64),
}

/// The time formats of a source, of which the first that fits is taken.
pub struct Times {
    formats: Vec<Format>,
    shown: Option<String>,
}

enum Format {
    Iso,
    /// Microseconds in one unit.
    SinceUnix(i64),
    /// Days since the end of 1899.
    Excel,
    Pattern(Pattern),
}

/// A format of `strftime`.
struct Pattern {
    items: Vec<Item<'static>>,
    /// `%Y` is in it, which is a year of four digits: chrono alone would read 24 as the year 24.
    has_century: bool,
    /// `%Z` was in it, which stands for a name that is read apart: chrono would pass over it.
    has_zone: bool,
    /// It ends in a word for UTC.
    is_utc: bool,
}

impl Pattern {
    /// What is no format, which the check of the settings does not let through, fits nothing.
    fn new(format: &str) -> Self {
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

    fn read(&self, text: &str) -> Option<Written> {
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
    fn lacks_century(&self, text: &str) -> bool {
        self.has_century && self.read(text).is_none() && by_pattern(text, &self.items).is_some()
    }

    /// A text in which the zone stands somewhere between other words.
    fn read_around_zone(&self, text: &str) -> Option<Written> {
        let words: Vec<&str> = text.split_whitespace().collect();
        (0..words.len()).find_map(|place| {
            let zone = NamedZone::of(words[place])?;
            let (before, after) = (&words[..place], &words[place + 1..]);
            zone.applied_to(self.read(&[before, after].concat().join(" "))?)
        })
    }
}

impl Format {
    fn read(&self, text: &str) -> Option<Written> {
        match self {
            Self::Iso => iso(text),
            Self::SinceUnix(unit) => since_unix(text, *unit).map(Written::Moment),
            Self::Excel => serial(text.parse().ok()?),
            Self::Pattern(pattern) if pattern.has_zone => None,
            Self::Pattern(pattern) => pattern.read(text),
        }
    }

    /// The same for a text whose zone has been taken off.
    fn read_wall(&self, text: &str) -> Option<Written> {
        match self {
            Self::Iso => iso(text),
            Self::Pattern(pattern) => pattern.read(text),
            Self::SinceUnix(_) | Self::Excel => None,
        }
    }
}

impl Times {
    /// Times of these formats; none is ISO 8601.
    pub fn new(formats: Option<&TimeFormats>) -> Self {
        let Some(TimeFormats(formats)) = formats else {
            return Self {
                formats: vec![Format::Iso],
                shown: None,
            };
        };
        Self {
            shown: Some(formats.join(" or ")),
            formats: formats
                .iter()
                .map(|format| match format.as_str() {
                    ISO => Format::Iso,
                    UNIX => Format::SinceUnix(SECOND),
                    UNIX_MILLISECONDS => Format::SinceUnix(SECOND / 1000),
                    EXCEL => Format::Excel,
                    format => Format::Pattern(Pattern::new(format)),
                })
                .collect(),
        }
    }

    /// Reads a time.
    pub fn parse(&self, text: &str) -> Option<Written> {
        let text = text.trim();
        self.formats
            .iter()
            .find_map(|format| format.read(text))
            .or_else(|| self.parse_with_zone(text))
            .or_else(|| sure_iso(text))
    }

    /// A time that names its zone is that moment, whatever the format.
    fn parse_with_zone(&self, text: &str) -> Option<Written> {
        if let Some((wall, zone)) = named_zone::split(text) {
            let mut formats = self.formats.iter();
            let written = formats.find_map(|format| format.read_wall(wall));
            if let Some(written) = written {
                return zone.applied_to(written);
            }
        }
        self.formats.iter().find_map(|format| match format {
            Format::Pattern(pattern) if pattern.has_zone => pattern.read_around_zone(text),
            _ => None,
        })
    }

    /// Whether a text that is no time stands for none: databases without nulls write `0000-00-00`.
    pub fn is_nothing(text: &str) -> bool {
        let text = text.trim();
        let zeros = text.bytes().filter(|&byte| byte == b'0').count();
        let among =
            |byte: u8| matches!(byte, b'0' | b'-' | b'/' | b'.' | b':' | b' ' | b'T' | b'Z');
        zeros >= 6 && text.len() >= 8 && text.bytes().all(among)
    }

    /// Whether numbers can be times.
    pub fn takes_numbers(&self) -> bool {
        let counts = |format: &Format| matches!(format, Format::SinceUnix(_) | Format::Excel);
        self.formats.iter().any(counts)
    }

    /// A whole number as a time.
    pub fn of_whole(&self, count: i64) -> Option<Written> {
        self.formats.iter().find_map(|format| match format {
            Format::SinceUnix(unit) => units_since_unix(count, *unit).map(Written::Moment),
            Format::Excel => serial(count as f64),
            _ => None,
        })
    }

    /// A number as a time.
    pub fn of_float(&self, count: f64) -> Option<Written> {
        self.formats.iter().find_map(|format| match format {
            Format::SinceUnix(unit) => {
                let micros = (count * *unit as f64).round() as i64;
                units_since_unix(micros, 1).map(Written::Moment)
            }
            Format::Excel => serial(count),
            _ => None,
        })
    }

    /// Why a text that could not be read is no time.
    pub fn reason(&self, text: &str) -> String {
        let text = text.trim();
        let iso = self
            .formats
            .iter()
            .any(|format| matches!(format, Format::Iso));
        if iso && matches!(fast_iso(text.as_bytes()), Iso::NoSuchDay) {
            return "is no time: the calendar has no such day".to_owned();
        }
        if let Some(name) = named_zone::unknown(text) {
            let wall = text[..text.len() - name.len()].trim_end();
            if self
                .formats
                .iter()
                .any(|format| format.read_wall(wall).is_some())
            {
                return "ends in what is no single time zone; write an offset such as +02:00 or a name such as Europe/Berlin".to_owned();
            }
        }
        let short_year = |format: &Format| match format {
            Format::Pattern(pattern) => pattern.lacks_century(text),
            _ => false,
        };
        match &self.shown {
            Some(shown) if self.formats.iter().any(short_year) => format!(
                "is no time written as {shown}: %Y is a year of four digits; for one of two add a format with %y"
            ),
            Some(shown) => format!("is no time written as {shown}"),
            None if looks_like_serial(text) => format!(
                "is no time; if it is a day as spreadsheets count them, set time_format = \"{EXCEL}\""
            ),
            None => "is no time; write it as 2017-12-31 or 2017-12-31 18:30:00, or set time_format"
                .to_owned(),
        }
    }
}

/// Serial numbers of the days from 1980 to 2099.
const SERIALS: std::ops::Range<f64> = 29_221.0..73_051.0;

/// Whether a text is a number that a spreadsheet would show as a day of our times.
pub fn looks_like_serial(text: &str) -> bool {
    text.parse().is_ok_and(|number| SERIALS.contains(&number))
}

/// A day, and a part of it, counted from the end of 1899, as spreadsheets keep them; a clock of
/// theirs goes by milliseconds. The days before March 1900 are counted in two ways, so they are none.
fn serial(days: f64) -> Option<Written> {
    const OF_1970: f64 = 25_569.0;
    if !(61.0..2_958_466.0).contains(&days) {
        return None;
    }
    let millis = ((days - OF_1970) * 86_400_000.0).round() as i64;
    Some(Written::Wall(millis * 1000))
}

/// ISO 8601 in its usual forms; the rest is left to Arrow.
fn iso(text: &str) -> Option<Written> {
    match fast_iso(text.as_bytes()) {
        Iso::Fits(written) => Some(written),
        Iso::NoSuchDay => None,
        Iso::Other => slow_iso(text),
    }
}

/// A whole ISO 8601 time with its `T`, which is nothing else whatever the formats: so the times of
/// files with types are written where other files of their source have text.
fn sure_iso(text: &str) -> Option<Written> {
    let whole = text.len() >= 19 && text.as_bytes()[10] == b'T';
    match fast_iso(text.as_bytes()) {
        Iso::Fits(written) if whole => Some(written),
        _ => None,
    }
}

fn slow_iso(text: &str) -> Option<Written> {
    let clock = text.get(10..).unwrap_or_default();
    let after = clock.strip_prefix(['T', 't']).unwrap_or(clock);
    if let Some(at) = after.find(|c: char| c.is_ascii_alphabetic())
        && !matches!(&after[at..], "Z" | "z")
    {
        // A half of the day; what else has letters names a zone, which is looked at elsewhere.
        return matches!(&after[at..], "AM" | "PM" | "am" | "pm")
            .then(|| half_day(text))
            .flatten();
    }
    if clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']) {
        let moment = string_to_datetime(&Utc, text).ok()?;
        return Some(Written::Moment(moment.timestamp_micros()));
    }
    let wall = string_to_datetime(&Utc, text)
        .map(|wall| wall.naive_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M"));
    Some(Written::Wall(wall.ok()?.and_utc().timestamp_micros()))
}

/// `2024-12-31 06:30 PM`.
fn half_day(text: &str) -> Option<Written> {
    ["%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p"]
        .iter()
        .find_map(|format| Pattern::new(format).read(text))
}

enum Iso {
    Fits(Written),
    /// A day such as 30 February.
    NoSuchDay,
    Other,
}

/// `YYYY-MM-DD`, then perhaps `T` or a blank, `HH:MM`, `:SS`, `.` and decimals, and `Z` or an
/// offset, over bytes: most of the time of a load goes by here.
fn fast_iso(text: &[u8]) -> Iso {
    let Some((date, mut rest)) = text.split_at_checked(10) else {
        return Iso::Other;
    };
    let (Some(century), Some(year), Some(month), Some(day)) = (
        two_digits(&date[0..]),
        two_digits(&date[2..]),
        two_digits(&date[5..]),
        two_digits(&date[8..]),
    ) else {
        return Iso::Other;
    };
    if date[4] != b'-' || date[7] != b'-' {
        return Iso::Other;
    }
    let Some(days) = days_since_1970(century * 100 + year, month, day) else {
        return Iso::NoSuchDay;
    };
    let mut wall = days * DAY;
    if rest.is_empty() {
        return Iso::Fits(Written::Wall(wall));
    }
    let ([b'T' | b' ', clock @ ..], true) = (rest, rest.len() >= 6) else {
        return Iso::Other;
    };
    let (Some(hour), b':', Some(minute)) = (two_digits(clock), clock[2], two_digits(&clock[3..]))
    else {
        return Iso::Other;
    };
    if hour > 23 || minute > 59 {
        return Iso::Other;
    }
    wall += (hour * 60 + minute) * 60 * SECOND;
    rest = &clock[5..];
    if let [b':', seconds @ ..] = rest {
        match two_digits(seconds) {
            Some(second @ 0..=59) => wall += second * SECOND,
            _ => return Iso::Other,
        }
        rest = &seconds[2..];
        if let [b'.', decimals @ ..] = rest {
            let digits = decimals
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if !(1..=9).contains(&digits) {
                return Iso::Other;
            }
            let mut unit = SECOND / 10;
            for digit in &decimals[..digits] {
                wall += i64::from(digit - b'0') * unit;
                unit /= 10;
            }
            rest = &decimals[digits..];
        }
    }
    match offset(rest) {
        Some(None) => Iso::Fits(Written::Wall(wall)),
        Some(Some(offset)) => Iso::Fits(Written::Moment(wall - offset * SECOND)),
        None => Iso::Other,
    }
}

/// Seconds that a clock is ahead of UTC, if the text says so; none if it is no offset.
fn offset(text: &[u8]) -> Option<Option<i64>> {
    let text = match text {
        [b' ', rest @ ..] if !rest.is_empty() => rest,
        text => text,
    };
    let (sign, digits) = match text {
        [] => return Some(None),
        [b'Z' | b'z'] | b"UTC" | b"GMT" => return Some(Some(0)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let hours = two_digits(digits)?;
    let minutes = match &digits[2..] {
        [] => 0,
        [b':', minutes @ ..] | minutes if minutes.len() == 2 => two_digits(minutes)?,
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes) * 60))
}

fn two_digits(text: &[u8]) -> Option<i64> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    }
}

/// The number of a day of the Gregorian calendar, if there is such a day (Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Seconds, or other units, since 1970, perhaps with decimals.
fn since_unix(text: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.is_empty() {
        return None;
    }
    let mut micros = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let mut part = unit;
    for digit in fraction.bytes() {
        part /= 10;
        micros += sign * i64::from(digit - b'0') * part;
    }
    in_calendar(micros)
}

/// A count of units since 1970 as microseconds, if it lies in the years 1 to 9999.
pub fn units_since_unix(count: i64, unit: i64) -> Option<i64> {
    in_calendar(count.checked_mul(unit)?)
}

/// Milliseconds that were taken for seconds lie far outside.
fn in_calendar(micros: i64) -> Option<i64> {
    const FIRST: i64 = -719_162 * DAY;
    const BEHIND: i64 = 2_932_897 * DAY;
    (FIRST..BEHIND).contains(&micros).then_some(micros)
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, NaiveDate};

    use super::*;

    fn times(formats: &[&str]) -> Times {
        let formats = formats.iter().map(|&format| format.to_owned()).collect();
        Times::new(Some(&TimeFormats(formats)))
    }

    #[track_caller]
    fn check(times: &Times, text: &str, expected: &str) {
        let shown = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .unwrap()
                .naive_utc()
                .to_string()
        };
        let got = match times.parse(text) {
            Some(Written::Wall(micros)) => shown(micros),
            Some(Written::Moment(micros)) => shown(micros) + " UTC",
            None => "none".to_owned(),
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn the_usual_forms_of_iso_8601() {
        let iso = Times::new(None);
        for (text, expected) in [
            ("2024-12-31", "2024-12-31 00:00:00"),
            ("2024-12-31 18:30", "2024-12-31 18:30:00"),
            ("2024-12-31T18:30:05", "2024-12-31 18:30:05"),
            ("2024-12-31 18:30:05.25", "2024-12-31 18:30:05.250"),
            (
                "2024-12-31T18:30:05.123456789",
                "2024-12-31 18:30:05.123456",
            ),
            ("2024-12-31T18:30:05Z", "2024-12-31 18:30:05 UTC"),
            ("2024-12-31T18:30Z", "2024-12-31 18:30:00 UTC"),
            ("2024-12-31T18:30:05+02:00", "2024-12-31 16:30:05 UTC"),
            ("2024-12-31 18:30:05 -0330", "2024-12-31 22:00:05 UTC"),
            ("2024-12-31 18:30:05+02", "2024-12-31 16:30:05 UTC"),
            ("2024-02-29", "2024-02-29 00:00:00"),
            ("2023-02-29", "none"),
            ("1900-02-29 10:00", "none"),
            ("2024-13-01", "none"),
            ("2024-12-31 24:00", "none"),
            ("2024-12-31 18:60", "none"),
            ("2024-12-31x", "none"),
            ("31.12.2024", "none"),
            ("", "none"),
        ] {
            check(&iso, text, expected);
        }
        assert!(iso.reason("2023-02-29").contains("no such day"));
        assert!(iso.reason("soon").contains("set time_format"));
    }

    #[test]
    fn formats_are_tried_in_order_and_may_carry_offsets() {
        let mixed = times(&["%d.%m.%Y %H:%M", "%d.%m.%Y", "%m/%d/%Y %I:%M %p", "iso"]);
        check(&mixed, "31.12.2024 18:30", "2024-12-31 18:30:00");
        check(&mixed, "31.12.2024", "2024-12-31 00:00:00");
        check(&mixed, "12/31/2024 06:30 PM", "2024-12-31 18:30:00");
        check(&mixed, "2024-12-31T18:30:05Z", "2024-12-31 18:30:05 UTC");
        check(&mixed, "29.02.2023", "none");
        check(
            &times(&["%d/%m/%Y %H:%M:%S %z"]),
            "31/12/2024 18:30:00 +0200",
            "2024-12-31 16:30:00 UTC",
        );
        check(
            &times(&["%d/%m/%Y %H"]),
            "31/12/2024 18",
            "2024-12-31 18:00:00",
        );
        check(&times(&["%s"]), "86400", "1970-01-02 00:00:00 UTC");
        assert!(
            mixed
                .reason("soon")
                .contains("%d.%m.%Y %H:%M or %d.%m.%Y or")
        );
    }

    #[test]
    fn seconds_and_milliseconds_since_1970() {
        check(&times(&["unix"]), "1700000000", "2023-11-14 22:13:20 UTC");
        check(
            &times(&["unix"]),
            "1700000000.5",
            "2023-11-14 22:13:20.500 UTC",
        );
        check(&times(&["unix"]), "-1.5", "1969-12-31 23:59:58.500 UTC");
        check(
            &times(&["unix_ms"]),
            "1700000000123",
            "2023-11-14 22:13:20.123 UTC",
        );
        check(&times(&["unix"]), "1700000000123", "none");
        check(&times(&["unix"]), "soon", "none");
        check(&times(&["unix"]), "99999999999999999999", "none");
        let mixed = times(&["iso", "unix_ms"]);
        assert_eq!(mixed.of_whole(1500), Some(Written::Moment(1_500_000)));
        assert_eq!(mixed.of_float(1.5), Some(Written::Moment(1500)));
        assert!(!times(&["iso"]).takes_numbers());
        assert_eq!(units_since_unix(i64::MAX, SECOND), None);
    }

    #[test]
    fn a_named_zone_is_that_moment_and_never_the_wall() {
        let iso = Times::new(None);
        for (text, expected) in [
            ("2024-06-30 22:30:00 UTC", "2024-06-30 22:30:00 UTC"),
            ("2024-06-30 22:30:00GMT", "2024-06-30 22:30:00 UTC"),
            ("2024-06-30 22:30 UTC", "2024-06-30 22:30:00 UTC"),
            ("2024-06-30T22:30:00.5UTC", "2024-06-30 22:30:00.500 UTC"),
            (
                "2024-06-30 22:30:00 Europe/London",
                "2024-06-30 21:30:00 UTC",
            ),
            (
                "2024-01-01 12:00 America/New_York",
                "2024-01-01 17:00:00 UTC",
            ),
            ("2024-06-30 18:30:00 EDT", "2024-06-30 22:30:00 UTC"),
            ("2024-07-01 00:30:00 CEST", "2024-06-30 22:30:00 UTC"),
            ("2024-07-01 00:30:00 UTC+02:00", "2024-06-30 22:30:00 UTC"),
            ("2024-06-30 17:30:00 Etc/GMT+5", "2024-06-30 22:30:00 UTC"),
            (
                "2024-07-01T00:30:00+02:00[Europe/Berlin]",
                "2024-06-30 22:30:00 UTC",
            ),
            (
                "2024-07-01T00:30:00[Europe/Berlin]",
                "2024-06-30 22:30:00 UTC",
            ),
            ("2024-06-30 22:30:00 +0000 UTC", "2024-06-30 22:30:00 UTC"),
            ("2024-06-30 10:30 PM", "2024-06-30 22:30:00"),
            ("2024-06-30 22:30:00 IST", "none"),
            ("2024-06-30 22:30:00 Europe/Nowhere", "none"),
            ("2024-06-30 22:30:00 XYZ", "none"),
        ] {
            check(&iso, text, expected);
        }
        assert!(iso.reason("2024-06-30 22:30:00 IST").contains("no single"));
        let own = times(&[
            "%d.%m.%Y %H:%M",
            "%a %b %d %H:%M:%S %Z %Y",
            "%Y/%m/%d %H:%M %Z",
        ]);
        for (text, expected) in [
            ("30.06.2024 22:30", "2024-06-30 22:30:00"),
            ("30.06.2024 22:30 Europe/London", "2024-06-30 21:30:00 UTC"),
            ("Sun Jun 30 22:30:00 UTC 2024", "2024-06-30 22:30:00 UTC"),
            ("2024/06/30 22:30 PDT", "2024-07-01 05:30:00 UTC"),
            ("2024/06/30 22:30", "none"),
        ] {
            check(&own, text, expected);
        }
        check(
            &times(&["%Y-%m-%dT%H:%M:%SZ"]),
            "2024-06-30T22:30:00Z",
            "2024-06-30 22:30:00 UTC",
        );
    }

    #[test]
    fn a_year_of_four_digits_never_takes_two() {
        let both = times(&["%d.%m.%Y", "%d.%m.%y"]);
        check(&both, "01.02.24", "2024-02-01 00:00:00");
        check(&both, "01.02.2024", "2024-02-01 00:00:00");
        let long = times(&["%d.%m.%Y"]);
        check(&long, "01.02.24", "none");
        assert!(long.reason("01.02.24").contains("four digits"));
        assert!(!long.reason("soon").contains("four digits"));
    }

    #[test]
    fn days_as_spreadsheets_count_them() {
        let excel = times(&["excel"]);
        check(&excel, "45292", "2024-01-01 00:00:00");
        check(&excel, "45292.520833333336", "2024-01-01 12:30:00");
        check(&excel, "2", "none");
        check(&excel, "2024-01-01", "none");
        assert_eq!(excel.of_whole(45292), excel.of_float(45292.0));
        assert!(Times::new(None).reason("45292").contains("\"excel\""));
    }

    #[test]
    fn zeros_are_no_day() {
        for text in [
            "0000-00-00",
            "0000-00-00 00:00:00",
            "00.00.0000",
            "00000000",
        ] {
            assert!(Times::is_nothing(text), "{text}");
        }
        for text in ["2000-00-00", "0", "0000", "", "00:00:00.1"] {
            assert!(!Times::is_nothing(text), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_the_one_that_chrono_counts() {
        let mut date = NaiveDate::from_ymd_opt(1799, 12, 31).unwrap();
        let end = NaiveDate::from_ymd_opt(2201, 1, 1).unwrap();
        while date < end {
            let days = days_since_1970(date.year().into(), date.month().into(), date.day().into());
            assert_eq!(days, Some(date.to_epoch_days().into()), "{date}");
            date = date.succ_opt().unwrap();
        }
    }

    /// Random texts that are nearly times: where both ways read one, they read the same.
    #[test]
    fn the_fast_way_agrees_with_the_slow_one() {
        let mut state = 5u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut both = 0;
        for _ in 0..50_000 {
            let mut text = format!("{:04}-{:02}-{:02}", 1 + next(9998), next(14), next(33));
            if next(4) > 0 {
                text += ["T", " "][next(2) as usize];
                text += &format!("{:02}:{:02}:{:02}", next(25), next(61), next(61));
                if next(2) == 0 {
                    let digits = 1 + next(9) as u32;
                    text += &format!(".{}", next(10u64.pow(digits)));
                }
                text += ["", "", "Z", "+02:00", "-0530", "+11"][next(6) as usize];
            }
            match (fast_iso(text.as_bytes()), slow_iso(&text)) {
                (Iso::Fits(fast), Some(slow)) => {
                    assert_eq!(fast, slow, "{text}");
                    both += 1;
                }
                (Iso::NoSuchDay, slow) => assert_eq!(slow, None, "{text}"),
                (Iso::Fits(_), None) => panic!("only the fast way reads {text}"),
                (Iso::Other, _) => {}
            }
        }
        assert!(both > 20_000, "{both}");
    }
}

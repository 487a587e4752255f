//! Times in ISO 8601.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{NaiveDateTime, Utc};

use super::pattern::Pattern;
use super::written::{DAY, SECOND, Written};

/// ISO 8601 in its usual forms; the rest is left to Arrow.
pub fn iso(text: &str) -> Option<Written> {
    match fast_iso(text.as_bytes()) {
        Iso::Fits(written) => Some(written),
        Iso::NoSuchDay => None,
        Iso::Other => slow_iso(text),
    }
}

/// A whole ISO 8601 time with its `T`, which is nothing else whatever the formats: so the times of
/// files with types are written where other files of their source have text.
pub fn sure_iso(text: &str) -> Option<Written> {
    let whole = text.len() >= 19 && text.as_bytes()[10] == b'T';
    match fast_iso(text.as_bytes()) {
        Iso::Fits(written) if whole => Some(written),
        _ => None,
    }
}

pub(super) fn slow_iso(text: &str) -> Option<Written> {
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

/// What the usual forms of ISO 8601 make of a text.
pub enum Iso {
    /// It is a time.
    Fits(Written),
    /// A day such as 30 February.
    NoSuchDay,
    /// It is written otherwise.
    Other,
}

/// `YYYY-MM-DD`, then perhaps `T` or a blank, `HH:MM`, `:SS`, `.` and decimals, and `Z` or an
/// offset, over bytes: most of the time of a load goes by here.
pub fn fast_iso(text: &[u8]) -> Iso {
    let Some((date, rest)) = text.split_at_checked(10) else {
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
    let midnight = days * DAY;
    if rest.is_empty() {
        return Iso::Fits(Written::Wall(midnight));
    }
    let Some((clock, rest)) = clock(rest) else {
        return Iso::Other;
    };
    match offset(rest) {
        Some(None) => Iso::Fits(Written::Wall(midnight + clock)),
        Some(Some(offset)) => Iso::Fits(Written::Moment(midnight + clock - offset * SECOND)),
        None => Iso::Other,
    }
}

/// Microseconds since midnight, and what follows the clock.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([b'T' | b' ', clock @ ..], true) = (text, text.len() >= 6) else {
        return None;
    };
    let (hour, minute) = (two_digits(clock)?, two_digits(&clock[3..])?);
    if clock[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let mut micros = (hour * 60 + minute) * 60 * SECOND;
    let [b':', seconds @ ..] = &clock[5..] else {
        return Some((micros, &clock[5..]));
    };
    micros += two_digits(seconds).filter(|second| *second < 60)? * SECOND;
    let [b'.', decimals @ ..] = &seconds[2..] else {
        return Some((micros, &seconds[2..]));
    };
    let digits = decimals
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let mut unit = SECOND / 10;
    for digit in &decimals[..digits] {
        micros += i64::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some((micros, &decimals[digits..]))
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
pub(super) fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
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

//! Times as text: days and times of day on a wall, moments, and seconds since 1970.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{NaiveDateTime, Utc};

use crate::config::{ISO, TimeFormats, UNIX, UNIX_MILLISECONDS};

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
    Pattern(Vec<Item<'static>>),
}

impl Times {
    /// Times of these formats; none is ISO 8601. What is no format, which the check of the
    /// settings does not let through, fits nothing.
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
                    format => Format::Pattern(
                        StrftimeItems::new(format)
                            .parse_to_owned()
                            .unwrap_or_default(),
                    ),
                })
                .collect(),
        }
    }

    /// Reads a time.
    pub fn parse(&self, text: &str) -> Option<Written> {
        let text = text.trim();
        self.formats.iter().find_map(|format| match format {
            Format::Iso => iso(text),
            Format::SinceUnix(unit) => since_unix(text, *unit).map(Written::Moment),
            Format::Pattern(items) => by_pattern(text, items),
        })
    }

    /// Microseconds in the unit of numbers that are times; none if no number is one.
    pub fn unit(&self) -> Option<i64> {
        self.formats.iter().find_map(|format| match format {
            Format::SinceUnix(unit) => Some(*unit),
            _ => None,
        })
    }

    /// Why a text that could not be read is no time.
    pub fn reason(&self, text: &str) -> String {
        let iso = self
            .formats
            .iter()
            .any(|format| matches!(format, Format::Iso));
        if iso && matches!(fast_iso(text.trim().as_bytes()), Iso::NoSuchDay) {
            return "is no time: the calendar has no such day".to_owned();
        }
        match &self.shown {
            Some(shown) => format!("is no time written as {shown}"),
            None => "is no time; write it as 2017-12-31 or 2017-12-31 18:30:00, or set time_format"
                .to_owned(),
        }
    }
}

/// ISO 8601 in its usual forms; the rest is left to Arrow.
fn iso(text: &str) -> Option<Written> {
    match fast_iso(text.as_bytes()) {
        Iso::Fits(written) => Some(written),
        Iso::NoSuchDay => None,
        Iso::Other => slow_iso(text),
    }
}

fn slow_iso(text: &str) -> Option<Written> {
    let clock = text.get(10..).unwrap_or_default();
    if clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']) {
        let moment = string_to_datetime(&Utc, text).ok()?;
        return Some(Written::Moment(moment.timestamp_micros()));
    }
    let wall = string_to_datetime(&Utc, text)
        .map(|wall| wall.naive_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M"));
    Some(Written::Wall(wall.ok()?.and_utc().timestamp_micros()))
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
        [b'Z' | b'z'] => return Some(Some(0)),
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

fn by_pattern(text: &str, items: &[Item<'static>]) -> Option<Written> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let _ = parsed.set_offset(0); // only where a timestamp says enough
        let moment = parsed.to_datetime().ok()?;
        return Some(Written::Moment(moment.timestamp_micros()));
    }
    let date = parsed.to_naive_date().ok()?;
    if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let wall = match parsed.hour_mod_12() {
        None => date.and_hms_opt(0, 0, 0)?,
        Some(_) => date.and_time(parsed.to_naive_time().ok()?),
    };
    Some(Written::Wall(wall.and_utc().timestamp_micros()))
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
        assert_eq!(times(&["iso", "unix_ms"]).unit(), Some(1000));
        assert_eq!(units_since_unix(i64::MAX, SECOND), None);
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

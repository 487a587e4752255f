//! Times as text: days and times of day on a wall, moments, seconds since 1970, and the days that
//! spreadsheets count.

use super::counted::{looks_like_serial, serial, since_unix, units_since_unix};
use super::iso::{Iso, fast_iso, iso, sure_iso};
use super::named_zone;
use super::pattern::Pattern;
use super::written::{SECOND, Written};
use crate::config::{EXCEL, ISO, TimeFormats, UNIX, UNIX_MILLISECONDS};
use crate::words::said;

/// The time formats of a source, of which the first that fits is taken.
pub struct Times {
    formats: Vec<Format>,
    names: Option<String>,
}

enum Format {
    Iso,
    /// Microseconds in one unit.
    SinceUnix(i64),
    /// Days since the end of 1899.
    Excel,
    Pattern(Pattern),
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
                names: None,
            };
        };
        Self {
            names: Some(formats.join(said(mark!(" or ")))),
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
            return tr!("is no time: the calendar has no such day");
        }
        if let Some(name) = named_zone::unknown(text) {
            let wall = text[..text.len() - name.len()].trim_end();
            if self
                .formats
                .iter()
                .any(|format| format.read_wall(wall).is_some())
            {
                return tr!(
                    "ends in what is no single time zone; write an offset such as +02:00 or a name such as Europe/Berlin"
                );
            }
        }
        let short_year = |format: &Format| match format {
            Format::Pattern(pattern) => pattern.lacks_century(text),
            _ => false,
        };
        match &self.names {
            Some(names) if self.formats.iter().any(short_year) => tr!(
                "is no time written as {names}: %Y is a year of four digits; for one of two add a format with %y",
                names = names
            ),
            Some(names) => tr!("is no time written as {names}", names = names),
            None if looks_like_serial(text) => tr!(
                "is no time; if it is a day as spreadsheets count them, set time_format = \"{excel}\"",
                excel = EXCEL
            ),
            None => {
                tr!("is no time; write it as 2017-12-31 or 2017-12-31 18:30:00, or set time_format")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, NaiveDate};

    use super::*;
    use crate::stages::ingest::coerce::iso::{days_since_1970, slow_iso};

    fn times(formats: &[&str]) -> Times {
        let formats = formats.iter().map(|&format| format.to_owned()).collect();
        Times::new(Some(&TimeFormats(formats)))
    }

    #[track_caller]
    fn check(times: &Times, text: &str, expected: &str) {
        let text_of = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .unwrap()
                .naive_utc()
                .to_string()
        };
        let got = match times.parse(text) {
            Some(Written::Wall(micros)) => text_of(micros),
            Some(Written::Moment(micros)) => text_of(micros) + " UTC",
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

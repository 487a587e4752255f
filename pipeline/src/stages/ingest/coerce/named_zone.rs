//! Time zones that stand behind a time by their names: `UTC`, `Europe/Berlin`, `CEST`, `GMT+2`.

use chrono_tz::Tz;

use super::super::zone::Zone;
use super::written::{SECOND, Written};

/// Seconds in an hour.
const HOUR: i64 = 3600;

/// A zone that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedZone {
    /// So many seconds ahead of UTC all year.
    Ahead(i64),
    /// A place with its rules.
    Place(Tz),
}

/// Abbreviations that mean one offset wherever they are used, in hours ahead of UTC. `IST` is Indian,
/// Irish and Israeli, `CST` American and Chinese, `BST` British and Bangladeshi: they are not here.
const ABBREVIATIONS: &[(&str, i64)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("MEZ", 1),
    ("MESZ", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("JST", 9),
    ("KST", 9),
    ("HKT", 8),
    ("SGT", 8),
    ("AWST", 8),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
    ("SAST", 2),
    ("BRT", -3),
];

impl NamedZone {
    /// The zone of this name, if there is one and no other.
    pub fn of(name: &str) -> Option<Self> {
        let short = ABBREVIATIONS.iter().find(|(known, _)| *known == name);
        if let Some((_, hours)) = short {
            return Some(Self::Ahead(hours * HOUR));
        }
        if let Some(offset) = name.strip_prefix("UTC").or(name.strip_prefix("GMT")) {
            return ahead(offset).map(Self::Ahead);
        }
        name.parse().ok().map(Self::Place)
    }

    /// The moment that was written; an offset in the text itself wins.
    pub fn applied_to(self, written: Written) -> Option<Written> {
        let Written::Wall(wall) = written else {
            return Some(written);
        };
        let moment = match self {
            Self::Ahead(seconds) => wall.checked_sub(seconds * SECOND),
            Self::Place(place) => Zone::new(place).moment_of(wall),
        };
        moment.map(Written::Moment)
    }
}

/// `+2`, `-03:30` or `+0530` in seconds.
fn ahead(offset: &str) -> Option<i64> {
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = offset[1..].replace(':', "");
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * HOUR + minutes * 60))
}

/// A text and the zone that stands behind it: after a blank, in brackets, or right after a digit.
pub fn split(text: &str) -> Option<(&str, NamedZone)> {
    if let Some(inner) = text.strip_suffix(']') {
        let (wall, name) = inner.rsplit_once('[')?;
        return Some((wall.trim_end(), NamedZone::of(name)?));
    }
    starts_of_names(text).find_map(|at| {
        let zone = NamedZone::of(&text[at..])?;
        Some((text[..at].trim_end(), zone))
    })
}

/// The word behind a time that is no zone, or not only one.
pub fn unknown(text: &str) -> Option<&str> {
    let name = &text[starts_of_names(text).next()?..];
    let half = ["am", "pm"]
        .iter()
        .any(|half| half.eq_ignore_ascii_case(name));
    let word = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '-');
    (!half && name.chars().all(word) && NamedZone::of(name).is_none()).then_some(name)
}

/// Where a name may begin, from behind: at a letter after a digit or a blank.
fn starts_of_names(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).rev().filter(move |&at| {
        bytes[at].is_ascii_alphabetic() && (bytes[at - 1].is_ascii_digit() || bytes[at - 1] == b' ')
    })
}

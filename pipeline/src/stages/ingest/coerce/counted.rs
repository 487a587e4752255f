//! Times that are counted: seconds since 1970, and the days of spreadsheets.

use super::written::{DAY, Written};

/// Serial numbers of the days from 1980 to 2099.
const SERIALS: std::ops::Range<f64> = 29_221.0..73_051.0;

/// Whether a text is a number that a spreadsheet would show as a day of our times.
pub fn looks_like_serial(text: &str) -> bool {
    text.parse().is_ok_and(|number| SERIALS.contains(&number))
}

/// A day, and a part of it, counted from the end of 1899, as spreadsheets keep them; a clock of
/// theirs goes by milliseconds. The days before March 1900 are counted in two ways, so they are none.
pub fn serial(days: f64) -> Option<Written> {
    const OF_1970: f64 = 25_569.0;
    if !(61.0..2_958_466.0).contains(&days) {
        return None;
    }
    let millis = ((days - OF_1970) * 86_400_000.0).round() as i64;
    Some(Written::Wall(millis * 1000))
}

/// Seconds, or other units, since 1970, perhaps with decimals.
pub fn since_unix(text: &str, unit: i64) -> Option<i64> {
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

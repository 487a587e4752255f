//! Wall-clock times of a time zone, to UTC and back, fast on millions of rows.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Microseconds in a second, an hour and a day.
const SECOND: i64 = 1_000_000;
const QUARTER: i64 = 900 * SECOND;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// A time zone that remembers the offset of the quarter hour it was last asked for: rows mostly
/// come in order of time, and offsets change only at quarter hours.
#[derive(Clone, Debug)]
pub struct Zone {
    tz: Tz,
    local: Option<(i64, i64)>,
    utc: Option<(i64, i64)>,
}

/// A day and an hour on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayHour {
    /// Days since 1970-01-01.
    pub day: i32,
    /// 0 to 23.
    pub hour: i8,
}

impl Zone {
    /// The zone of this name.
    pub fn new(tz: Tz) -> Self {
        Self {
            tz,
            local: None,
            utc: None,
        }
    }

    /// The moment, in microseconds UTC, of a wall-clock time given in microseconds.
    ///
    /// An hour that happens twice is taken as the first of the two; a time that a clock change
    /// leaves out is taken as the moment of the change plus what was left, as a clock that was
    /// not set would show it.
    pub fn moment_of(&mut self, wall: i64) -> Option<i64> {
        let quarter = wall.div_euclid(QUARTER);
        let offset = match self.local {
            Some((known, offset)) if known == quarter => offset,
            _ => {
                let naive = naive(wall)?;
                let offset = match self.tz.offset_from_local_datetime(&naive) {
                    LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset,
                    LocalResult::None => self
                        .tz
                        .offset_from_local_datetime(&naive.checked_sub_days(Days::new(1))?)
                        .earliest()?,
                };
                let offset = i64::from(offset.fix().local_minus_utc()) * SECOND;
                self.local = Some((quarter, offset));
                offset
            }
        };
        wall.checked_sub(offset)
    }

    /// The day and hour on the wall at a moment given in microseconds UTC.
    pub fn day_hour(&mut self, utc: i64) -> Option<DayHour> {
        let quarter = utc.div_euclid(QUARTER);
        let offset = match self.utc {
            Some((known, offset)) if known == quarter => offset,
            _ => {
                let offset = self.tz.offset_from_utc_datetime(&naive(utc)?);
                let offset = i64::from(offset.fix().local_minus_utc()) * SECOND;
                self.utc = Some((quarter, offset));
                offset
            }
        };
        let wall = utc.checked_add(offset)?;
        let day = i32::try_from(wall.div_euclid(DAY)).ok()?;
        Some(DayHour {
            day,
            hour: (wall.rem_euclid(DAY) / HOUR) as i8,
        })
    }
}

fn naive(micros: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp_micros(micros)?.naive_utc())
}

/// The day of this number since 1970-01-01.
pub fn date_of(day: i32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
            .unwrap()
            .and_utc()
            .timestamp_micros()
    }

    #[test]
    fn new_york_is_behind_utc_by_five_hours_in_winter_and_four_in_summer() {
        let mut zone = Zone::new(chrono_tz::America::New_York);
        assert_eq!(
            zone.moment_of(micros("2017-01-10 12:00")),
            Some(micros("2017-01-10 17:00"))
        );
        assert_eq!(
            zone.moment_of(micros("2017-07-10 12:00")),
            Some(micros("2017-07-10 16:00"))
        );
    }

    #[test]
    fn an_hour_that_happens_twice_is_the_first_one() {
        let mut zone = Zone::new(chrono_tz::America::New_York);
        assert_eq!(
            zone.moment_of(micros("2017-11-05 01:30")),
            Some(micros("2017-11-05 05:30"))
        );
    }

    #[test]
    fn a_time_that_the_clock_left_out_is_read_from_the_clock_that_was_not_set() {
        let mut zone = Zone::new(chrono_tz::America::New_York);
        // 02:30 did not happen on 2017-03-12; the old clock shows it at 07:30 UTC.
        assert_eq!(
            zone.moment_of(micros("2017-03-12 02:30")),
            Some(micros("2017-03-12 07:30"))
        );
    }

    #[test]
    fn the_last_evening_of_the_year_is_still_that_year_in_new_york() {
        let mut zone = Zone::new(chrono_tz::America::New_York);
        let seen = zone.day_hour(micros("2018-01-01 04:01")).unwrap();
        assert_eq!(date_of(seen.day), NaiveDate::from_ymd_opt(2017, 12, 31));
        assert_eq!(seen.hour, 23);
    }
}

//! Days and moments: which column tells them, and how they are written.

use arrow::datatypes::DataType;

use super::{Builder, quoted};
use crate::commands::init::column::Column;
use crate::commands::init::names::{Role, fold};
use crate::commands::init::source::Value;
use crate::commands::init::values::{Order, Shape, Times, Written};
use crate::config::{EXCEL, ISO, UNIX, UNIX_MILLISECONDS};

impl Builder<'_> {
    /// A day or a moment. The first that is found decides how times of the source are written; a second
    /// column that is written otherwise says so itself.
    pub(super) fn time(&mut self, name: &'static str, role: &Role, required: bool) {
        let named = self.best(role, Column::is_time).map(|found| found.0);
        let used = &self.source.used;
        let mut free = self
            .file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, column)| column.is_time() && !used.contains(place));
        let found = named.or_else(|| {
            required
                .then(|| free.next().map(|(place, _)| place))
                .flatten()
        });
        let Some(place) = found else {
            if required {
                self.missing(name, "no column looks like a time");
            }
            return;
        };
        let column = &self.file.columns[place];
        let Shape::Time(times) = column.shape.clone() else {
            return;
        };
        // The name of the column says whose clock it is.
        let utc = fold(&column.name).ends_with("utc");
        let mut evidence = self.evidence(role, place);
        let name_of_column = column.name.clone();
        let value = match self.with_clock(place, &times) {
            Some((sql, formats, clock)) => {
                self.source.time_format =
                    formats.map(|formats| (formats, "day and time of day, put together".into()));
                self.source.used.push(clock);
                Value::Sql(sql)
            }
            None => match self.own_formats(&times) {
                Some(formats) => {
                    if let Written::Formats(written) = &times.written {
                        evidence = format!("{evidence}; {}", why(&times, written));
                    }
                    Value::Timed(name_of_column, formats)
                }
                None => Value::Column(name_of_column),
            },
        };
        self.source.utc |= utc;
        self.add(name, value, evidence, place);
    }

    /// A column of days and one of times of day make moments; of cells that have types, text is made
    /// that says the same.
    fn with_clock(
        &self,
        day: usize,
        times: &Times,
    ) -> Option<(String, Option<Vec<String>>, usize)> {
        if times.clock || self.source.table != "interactions" {
            return None;
        }
        let columns = &self.file.columns;
        let clock = columns
            .iter()
            .position(|column| column.shape == Shape::Clock)?;
        let parts = |place: usize| {
            let mut texts = columns[place].texts.iter();
            columns[place].shape == Shape::Clock && texts.all(|text| text.parse::<f64>().is_ok())
        };
        let typed = |place: usize, pattern: &str| {
            let name = quoted(&columns[place].name);
            match columns[place].data_type {
                _ if parts(place) => Some(format!(
                    "to_char(to_timestamp_seconds(cast(round(try_cast({name} AS DOUBLE) * 86400) AS BIGINT)), '{pattern}')"
                )),
                _ if columns[place].is_text() => Some(name),
                DataType::Time32(_) | DataType::Time64(_) => {
                    Some(format!("cast({name} AS VARCHAR)"))
                }
                ref data_type if data_type.is_temporal() => {
                    Some(format!("to_char({name}, '{pattern}')"))
                }
                _ => None,
            }
        };
        let sql = format!(
            "concat({}, ' ', {})",
            typed(day, "%Y-%m-%d")?,
            typed(clock, "%H:%M:%S")?
        );
        let is_text = |place: usize| columns[place].is_text();
        let with_seconds = |text: &String| text.matches(':').count() == 2;
        let seconds =
            !is_text(clock) || parts(clock) || columns[clock].examples.iter().all(with_seconds);
        let clock_format = if seconds { " %H:%M:%S" } else { " %H:%M" };
        let formats = match &times.written {
            // A clock of one digit is not ISO 8601.
            Written::Iso => vec![format!("%Y-%m-%d{clock_format}")],
            Written::Formats(days) if days.iter().all(|day| day.contains('%')) => {
                let days = days.iter().map(|day| format!("{day}{clock_format}"));
                days.collect()
            }
            Written::Formats(_) => return None,
        };
        Some((sql, Some(formats), clock))
    }

    /// How a column is written, where it is not as the source's other times are; the first one decides
    /// how these are.
    fn own_formats(&mut self, times: &Times) -> Option<Vec<String>> {
        let first =
            !self.source.picks.iter().any(|pick| {
                ["occurred_at", "joined_at", "starts_on"].contains(&pick.name.as_str())
            });
        let formats = match &times.written {
            Written::Formats(formats) => Some(formats.clone()),
            Written::Iso => None,
        };
        if !first {
            let known = self.source.time_format.as_ref().map(|(formats, _)| formats);
            let same = known == formats.as_ref();
            return (!same).then(|| formats.unwrap_or_else(|| vec![ISO.to_owned()]));
        }
        if let Some(formats) = formats {
            let why = why(times, &formats);
            self.source.time_format = Some((formats, why.to_owned()));
        }
        None
    }
}

/// What it rests on that times are written so.
fn why(times: &Times, formats: &[String]) -> &'static str {
    let only = formats.first().filter(|_| formats.len() == 1);
    match times.order {
        _ if only.is_some_and(|only| [UNIX, UNIX_MILLISECONDS].contains(&only.as_str())) => {
            "counted from the first moment of 1970, UTC"
        }
        _ if only.is_some_and(|only| only == EXCEL) => {
            "numbers of the days since the end of 1899, as spreadsheets keep them"
        }
        Some(Order::Shown) => "a number above 12 shows which is the day",
        Some(Order::Sorted) => {
            "day and month could change places; only so are the rows in order of time"
        }
        Some(Order::Unknown) => {
            "AMBIGUOUS: no number above 12 shows which is the day; change %d and %m if this is wrong"
        }
        None => "every value fits",
    }
}

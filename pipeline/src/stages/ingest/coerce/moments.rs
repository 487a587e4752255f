//! Days and moments of columns, in whatever type they come.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};

use super::time::Times;
use super::written::{DAY, Written};
use super::{Coerced, Notation, Problem, is_float, lost, parsed};
use crate::failure::Result;
use crate::stages::ingest::zone::DayHour;

impl Notation {
    fn moment(&mut self, written: Written) -> Option<i64> {
        match written {
            Written::Wall(wall) => self.zone.moment_of(wall),
            Written::Moment(moment) => Some(moment),
        }
    }

    fn day(&mut self, written: Written) -> Option<i32> {
        match written {
            Written::Wall(wall) => i32::try_from(wall.div_euclid(DAY)).ok(),
            Written::Moment(moment) => self.zone.day_hour(moment).map(|DayHour { day, .. }| day),
        }
    }
}

/// Days.
pub fn dates(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
    let mut problems = Vec::new();
    let dates: Date32Array = match values.data_type() {
        DataType::Utf8 => parsed(values, |row, value| {
            let day = notation
                .times
                .parse(value)
                .and_then(|written| notation.day(written));
            if day.is_none() && !Times::is_nothing(value) {
                problems.push((row, notation.times.reason(value)));
            }
            day
        }),
        DataType::Date32 => {
            return Ok(Coerced::new(Arc::clone(values), problems));
        }
        DataType::Timestamp(_, None) | DataType::Date64 => {
            cast(values, &DataType::Date32)?.as_primitive().clone()
        }
        _ => {
            let Coerced {
                values: moments,
                problems,
                ..
            } = times(values, notation)?;
            let days = moments
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .map(|moment| notation.day(Written::Moment(moment?)));
            return Ok(Coerced::new(
                Arc::new(days.collect::<Date32Array>()),
                problems,
            ));
        }
    };
    Ok(Coerced::new(Arc::new(dates), problems))
}

/// Moments.
pub fn times(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut problems = Vec::new();
    let counts = notation.times.takes_numbers();
    let moments: TimestampMicrosecondArray = match (values.data_type(), counts) {
        (DataType::Timestamp(_, Some(_)), _) => cast(values, &utc)?
            .as_primitive::<TimestampMicrosecondType>()
            .clone(),
        (DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64, _) => {
            let walls = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let walls = walls.as_primitive::<TimestampMicrosecondType>();
            walls
                .iter()
                .map(|wall| notation.zone.moment_of(wall?))
                .collect()
        }
        (DataType::Utf8, _) => parsed(values, |row, value| {
            let moment = notation
                .times
                .parse(value)
                .and_then(|written| notation.moment(written));
            if moment.is_none() && !Times::is_nothing(value) {
                problems.push((row, notation.times.reason(value)));
            }
            moment
        }),
        (data_type, true) if data_type.is_integer() => {
            let counts = cast(values, &DataType::Int64)?;
            let counts = counts.as_primitive::<Int64Type>().iter();
            counts
                .map(|count| notation.moment(notation.times.of_whole(count?)?))
                .collect()
        }
        (data_type, true) if is_float(data_type) || data_type.is_decimal() => {
            let counts = cast(values, &DataType::Float64)?;
            let counts = counts.as_primitive::<Float64Type>().iter();
            counts
                .map(|count| notation.moment(notation.times.of_float(count?)?))
                .collect()
        }
        (other, _) => {
            return Ok(Coerced::new(
                new_null_array(&utc, values.len()),
                all(values, &no_date(other)),
            ));
        }
    };
    let moments: ArrayRef = Arc::new(moments.with_timezone("UTC"));
    if *values.data_type() != DataType::Utf8 {
        problems = lost(
            values,
            &moments,
            mark!("lies outside the years that can be kept"),
        );
    }
    Ok(Coerced::new(moments, problems))
}

fn no_date(data_type: &DataType) -> String {
    tr!(
        "is {data_type}, not a time; for seconds since 1970 set time_format = \"unix\" (\"unix_ms\" for milliseconds), for days as spreadsheets count them \"excel\", or map it with sql, for example to_timestamp(column)",
        data_type = data_type
    )
}

fn all(values: &ArrayRef, reason: &str) -> Vec<Problem> {
    (0..values.len())
        .filter(|&row| values.is_valid(row))
        .map(|row| (row, reason.to_owned()))
        .collect()
}

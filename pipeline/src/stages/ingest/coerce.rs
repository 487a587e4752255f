//! Values of a source become values of a canonical column, or problems that name themselves.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::compute::kernels::cast_utils::string_to_datetime;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use chrono::{NaiveDate, NaiveDateTime, Utc};

use super::zone::{DayHour, Zone};
use crate::contract::{Content, KINDS, MONEY_PRECISION, MONEY_SCALE};
use crate::failure::{Result, nearest};

/// A value that cannot be used: its row, and why.
pub type Problem = (usize, String);

/// A canonical column's values, null where there is none or a problem.
pub struct Coerced {
    /// The values.
    pub values: ArrayRef,
    /// Rows whose value was there but cannot be used.
    pub problems: Vec<Problem>,
}

/// How text and times of one source are understood.
pub struct Reading {
    /// The zone of times that carry none.
    pub zone: Zone,
    /// The `strftime` format of times, if not ISO 8601.
    pub time_format: Option<String>,
}

/// Turns `values` into what `content` holds, in the type `target`.
pub fn coerce(
    values: &ArrayRef,
    content: Content,
    target: &DataType,
    reading: &mut Reading,
) -> Result<Coerced> {
    let values = plain(values)?;
    match (content, target) {
        (Content::Id, DataType::Int64) => whole_numbers(&values),
        (Content::Id | Content::Text | Content::Attribute, DataType::Utf8) => text(&values),
        (Content::Attribute, _) => attribute_number(&values),
        (Content::Kind, _) => kinds(&values),
        (Content::Decimal, _) => decimals(&values),
        (Content::Flag, _) => flags(&values),
        (Content::Date, _) => dates(&values, reading),
        (Content::Time, _) => times(&values, reading),
        (Content::Id | Content::Text, _) => text(&values),
    }
}

/// Unpacks dictionaries and the several layouts of text.
fn plain(values: &ArrayRef) -> Result<ArrayRef> {
    Ok(match values.data_type() {
        DataType::Dictionary(_, inner) => plain(&cast(values, inner)?)?,
        DataType::Utf8View | DataType::LargeUtf8 => cast(values, &DataType::Utf8)?,
        _ => Arc::clone(values),
    })
}

/// Rows where `before` has a value and `after` has none.
fn lost(before: &ArrayRef, after: &ArrayRef, reason: &str) -> Vec<Problem> {
    if before.null_count() == after.null_count() {
        return Vec::new();
    }
    (0..before.len())
        .filter(|&row| before.is_valid(row) && after.is_null(row))
        .map(|row| (row, reason.to_owned()))
        .collect()
}

fn is_float(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

fn whole_numbers(values: &ArrayRef) -> Result<Coerced> {
    if is_float(values.data_type()) {
        // Tools without nullable integers write ids as 12345.0.
        let floats = cast(values, &DataType::Float64)?;
        let whole: Int64Array = floats
            .as_primitive::<Float64Type>()
            .iter()
            .map(|value| {
                value
                    .filter(|v| v.fract() == 0.0 && v.abs() < 9.0e15)
                    .map(|v| v as i64)
            })
            .collect();
        let whole: ArrayRef = Arc::new(whole);
        let problems = lost(values, &whole, "is no whole number");
        return Ok(Coerced {
            values: whole,
            problems,
        });
    }
    let whole = cast(values, &DataType::Int64)?;
    let problems = lost(values, &whole, "is too large for a whole number of 64 bits");
    Ok(Coerced {
        values: whole,
        problems,
    })
}

fn text(values: &ArrayRef) -> Result<Coerced> {
    let source = if is_float(values.data_type()) {
        let whole = whole_numbers(values)?;
        if whole.problems.is_empty() {
            whole.values
        } else {
            Arc::clone(values)
        }
    } else {
        Arc::clone(values)
    };
    let text = cast(&source, &DataType::Utf8)?;
    // An empty text says nothing; elsewhere it would look like a value.
    let text: StringArray = text
        .as_string::<i32>()
        .iter()
        .map(|value| value.map(str::trim).filter(|value| !value.is_empty()))
        .collect();
    Ok(Coerced {
        values: Arc::new(text),
        problems: Vec::new(),
    })
}

fn attribute_number(values: &ArrayRef) -> Result<Coerced> {
    let numbers = cast(values, &DataType::Float64)?;
    let numbers: Float64Array = numbers
        .as_primitive::<Float64Type>()
        .iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    Ok(Coerced {
        values: Arc::new(numbers),
        problems: Vec::new(),
    })
}

fn kinds(values: &ArrayRef) -> Result<Coerced> {
    let text = text(values)?.values;
    let mut problems = Vec::new();
    let kinds: StringArray = text
        .as_string::<i32>()
        .iter()
        .enumerate()
        .map(|(row, value)| {
            let value = value?;
            let known = KINDS
                .iter()
                .find(|kind| kind.eq_ignore_ascii_case(value))
                .copied();
            if known.is_none() {
                problems.push((
                    row,
                    match nearest(value, KINDS.iter().copied()) {
                        Some(kind) => format!("is no kind of interaction; did you mean {kind}?"),
                        None => format!("is no kind of interaction; known: {}", KINDS.join(", ")),
                    },
                ));
            }
            known
        })
        .collect();
    Ok(Coerced {
        values: Arc::new(kinds),
        problems,
    })
}

/// The largest amount that fits, in ten-thousandths.
const LARGEST: i128 = 10i128.pow(MONEY_PRECISION as u32) - 1;
/// Ten-thousandths in one.
const ONE: f64 = 10_000.0;

fn decimals(values: &ArrayRef) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut keep = |row: usize, value: Result<i128, &str>| match value {
        Ok(value) if value.abs() <= LARGEST => Some(value),
        Ok(_) => {
            problems.push((row, "is too large for an amount".to_owned()));
            None
        }
        Err(reason) => {
            problems.push((row, reason.to_owned()));
            None
        }
    };
    let decimals: Decimal128Array = match values.data_type() {
        data_type if is_float(data_type) => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>();
            floats
                .iter()
                .enumerate()
                .map(|(row, value)| keep(row, from_float(value?)))
                .collect()
        }
        data_type if data_type.is_integer() => {
            let whole = cast(values, &DataType::Int64)?;
            let whole = whole.as_primitive::<Int64Type>();
            whole
                .iter()
                .enumerate()
                .map(|(row, value)| keep(row, Ok(i128::from(value?) * ONE as i128)))
                .collect()
        }
        DataType::Utf8 => values
            .as_string::<i32>()
            .iter()
            .enumerate()
            .map(|(row, value)| keep(row, from_text(value?)))
            .collect(),
        _ => {
            let cast = cast(values, &DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE))?;
            let problems = lost(values, &cast, "is no number that fits an amount");
            return Ok(Coerced {
                values: cast,
                problems,
            });
        }
    };
    let decimals = decimals.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
    Ok(Coerced {
        values: Arc::new(decimals),
        problems,
    })
}

fn from_float(value: f64) -> Result<i128, &'static str> {
    if value.is_finite() {
        Ok((value * ONE).round() as i128)
    } else {
        Err("is not a finite number")
    }
}

/// A plain decimal is read digit by digit, so that 0.1 is a tenth; half a ten-thousandth rounds up.
fn from_text(text: &str) -> Result<i128, &'static str> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes() {
        [b'-', ..] => (-1, &text[1..]),
        [b'+', ..] => (1, &text[1..]),
        _ => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() <= 30
        && !(whole.is_empty() && fraction.is_empty())
        && plain(whole)
        && plain(fraction)
    {
        let mut value: i128 = whole.parse().unwrap_or(0);
        let mut places = fraction.bytes().map(|byte| i128::from(byte - b'0'));
        for _ in 0..MONEY_SCALE {
            value = value * 10 + places.next().unwrap_or(0);
        }
        if places.next().is_some_and(|digit| digit >= 5) {
            value += 1;
        }
        return Ok(sign * value);
    }
    match text.parse::<f64>() {
        Ok(value) => from_float(value),
        Err(_) if text.contains(',') => {
            Err("is no number; write a point for the decimals and nothing for thousands")
        }
        Err(_) => Err("is no number"),
    }
}

fn flags(values: &ArrayRef) -> Result<Coerced> {
    if *values.data_type() == DataType::Boolean {
        return Ok(Coerced {
            values: Arc::clone(values),
            problems: Vec::new(),
        });
    }
    let text = text(values)?.values;
    let mut problems = Vec::new();
    let flags: BooleanArray = text
        .as_string::<i32>()
        .iter()
        .enumerate()
        .map(|(row, value)| match value?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "t" | "1" => Some(true),
            "false" | "no" | "n" | "f" | "0" => Some(false),
            _ => {
                problems.push((row, "is neither yes nor no".to_owned()));
                None
            }
        })
        .collect();
    Ok(Coerced {
        values: Arc::new(flags),
        problems,
    })
}

fn dates(values: &ArrayRef, reading: &mut Reading) -> Result<Coerced> {
    let mut problems = Vec::new();
    let dates: Date32Array = match values.data_type() {
        DataType::Utf8 => values
            .as_string::<i32>()
            .iter()
            .enumerate()
            .map(|(row, value)| {
                let wall = parse_wall(value?, reading.time_format.as_deref());
                if wall.is_none() {
                    problems.push((row, not_a_time(reading)));
                }
                Some(Date32Type::from_naive_date(wall?.date()))
            })
            .collect(),
        DataType::Date32 => {
            return Ok(Coerced {
                values: Arc::clone(values),
                problems,
            });
        }
        DataType::Timestamp(_, None) | DataType::Date64 => {
            cast(values, &DataType::Date32)?.as_primitive().clone()
        }
        DataType::Timestamp(_, Some(_)) => {
            let moments = times(values, reading)?.values;
            let moments = moments.as_primitive::<TimestampMicrosecondType>();
            moments
                .iter()
                .map(|value| reading.zone.day_hour(value?).map(|DayHour { day, .. }| day))
                .collect()
        }
        other => {
            return Ok(Coerced {
                values: nothing(&DataType::Date32, values.len()),
                problems: all(values, &no_date(other)),
            });
        }
    };
    Ok(Coerced {
        values: Arc::new(dates),
        problems,
    })
}

fn times(values: &ArrayRef, reading: &mut Reading) -> Result<Coerced> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut problems = Vec::new();
    let moments: TimestampMicrosecondArray = match values.data_type() {
        DataType::Timestamp(_, Some(_)) => cast(values, &utc)?
            .as_primitive::<TimestampMicrosecondType>()
            .clone(),
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => {
            let walls = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let walls = walls.as_primitive::<TimestampMicrosecondType>();
            walls
                .iter()
                .map(|wall| reading.zone.moment_of(wall?))
                .collect()
        }
        DataType::Utf8 => values
            .as_string::<i32>()
            .iter()
            .enumerate()
            .map(|(row, value)| {
                let moment = parse_moment(value?, reading);
                if moment.is_none() {
                    problems.push((row, not_a_time(reading)));
                }
                moment
            })
            .collect(),
        other => {
            return Ok(Coerced {
                values: nothing(&utc, values.len()),
                problems: all(values, &no_date(other)),
            });
        }
    };
    let moments: ArrayRef = Arc::new(moments.with_timezone("UTC"));
    if problems.is_empty() {
        problems = lost(values, &moments, "lies outside the years that can be kept");
    }
    Ok(Coerced {
        values: moments,
        problems,
    })
}

fn no_date(data_type: &DataType) -> String {
    format!(
        "is {data_type}, not a time; map it with sql, for example to_timestamp(column) for seconds since 1970"
    )
}

fn all(values: &ArrayRef, reason: &str) -> Vec<Problem> {
    (0..values.len())
        .filter(|&row| values.is_valid(row))
        .map(|row| (row, reason.to_owned()))
        .collect()
}

fn nothing(data_type: &DataType, rows: usize) -> ArrayRef {
    arrow::array::new_null_array(data_type, rows)
}

fn not_a_time(reading: &Reading) -> String {
    match &reading.time_format {
        Some(format) => format!("is no time written as {format}"),
        None => "is no time; write it as 2017-12-31 or 2017-12-31 18:30:00, or set time_format"
            .to_owned(),
    }
}

/// A wall-clock time: of the source's format if it has one, else ISO 8601.
fn parse_wall(text: &str, format: Option<&str>) -> Option<NaiveDateTime> {
    match format {
        Some(format) => NaiveDateTime::parse_from_str(text, format)
            .ok()
            .or_else(|| {
                NaiveDate::parse_from_str(text, format)
                    .ok()?
                    .and_hms_opt(0, 0, 0)
            }),
        None => {
            let iso = string_to_datetime(&Utc, text)
                .ok()
                .map(|moment| moment.naive_utc());
            // Arrow asks for seconds; spreadsheets leave them out.
            let minutes =
                || NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M").ok();
            iso.or_else(minutes)
        }
    }
}

/// A moment: text that carries an offset says which, other text is a time on the wall.
fn parse_moment(text: &str, reading: &mut Reading) -> Option<i64> {
    let clock = text.get(10..).unwrap_or_default();
    if reading.time_format.is_none() && (clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']))
    {
        return Some(string_to_datetime(&Utc, text).ok()?.timestamp_micros());
    }
    let wall = parse_wall(text, reading.time_format.as_deref())?;
    reading.zone.moment_of(wall.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading {
            zone: Zone::new(chrono_tz::America::New_York),
            time_format: None,
        }
    }

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn money_in_text_is_exact_and_wrong_money_says_why() {
        let got = decimals(&texts(&[
            "0.1",
            "-12.34565",
            "1e3",
            "1,5",
            "abc",
            "1.00005",
            ".5",
            "99999999999999999999",
        ]))
        .unwrap();
        let values = got
            .values
            .as_primitive::<arrow::datatypes::Decimal128Type>();
        assert_eq!(
            values.iter().collect::<Vec<_>>(),
            [
                Some(1000),
                Some(-123_457),
                Some(10_000_000),
                None,
                None,
                Some(10_001),
                Some(5000),
                None
            ]
        );
        let rows: Vec<usize> = got.problems.iter().map(|problem| problem.0).collect();
        assert_eq!(rows, [3, 4, 7]);
        assert!(
            got.problems[0].1.contains("write a point"),
            "{:?}",
            got.problems
        );
    }

    #[test]
    fn nan_is_a_problem_and_not_a_zero() {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(1.5),
            Some(f64::NAN),
            None,
            Some(f64::INFINITY),
        ]));
        let got = decimals(&values).unwrap();
        assert_eq!(
            got.problems,
            [
                (1, "is not a finite number".to_owned()),
                (3, "is not a finite number".to_owned())
            ]
        );
        assert_eq!(got.values.null_count(), 3);
    }

    #[test]
    fn times_without_a_zone_are_on_the_wall_and_with_one_are_moments() {
        let got = times(
            &texts(&[
                "2017-07-01 12:00:00",
                "2017-07-01T12:00:00Z",
                "2017-07-01",
                "soon",
            ]),
            &mut reading(),
        )
        .unwrap();
        let values = got.values.as_primitive::<TimestampMicrosecondType>();
        let at = |row: usize| values.value_as_datetime(row).unwrap().to_string();
        assert_eq!(
            [at(0), at(1), at(2)],
            [
                "2017-07-01 16:00:00",
                "2017-07-01 12:00:00",
                "2017-07-01 04:00:00"
            ]
        );
        assert_eq!(got.problems.len(), 1);
    }

    #[test]
    fn a_format_of_its_own_is_followed_for_times_and_for_days() {
        let mut reading = reading();
        reading.time_format = Some("%d/%m/%Y %H:%M".to_owned());
        let got = times(&texts(&["01/07/2017 12:00", "2017-07-01"]), &mut reading).unwrap();
        assert_eq!(got.problems.len(), 1);
        reading.time_format = Some("%d.%m.%Y".to_owned());
        let got = dates(&texts(&["31.12.2017"]), &mut reading).unwrap();
        assert_eq!(
            got.values
                .as_primitive::<Date32Type>()
                .value_as_date(0)
                .unwrap()
                .to_string(),
            "2017-12-31"
        );
    }

    #[test]
    fn ids_that_were_written_as_floats_are_whole_again() {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![12345.0, 1.5]));
        let got = whole_numbers(&values).unwrap();
        assert_eq!(got.values.as_primitive::<Int64Type>().value(0), 12345);
        assert_eq!(got.problems.len(), 1);
        assert_eq!(
            text(&(Arc::new(Float64Array::from(vec![7.0])) as ArrayRef))
                .unwrap()
                .values
                .as_string::<i32>()
                .value(0),
            "7"
        );
    }

    #[test]
    fn leading_zeros_of_an_id_stay() {
        assert_eq!(
            text(&texts(&["007"]))
                .unwrap()
                .values
                .as_string::<i32>()
                .value(0),
            "007"
        );
    }
}

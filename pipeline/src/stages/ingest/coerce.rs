//! Values of a source become values of a canonical column, or problems that name themselves.

mod number;
mod time;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Date32Array, Decimal64Array,
    Float64Array, Int64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};

pub use self::number::Numbers;
use self::number::{ONE, Reason, from_float};
use self::time::{Times, Written, units_since_unix};
use super::zone::{DayHour, Zone};
use crate::config::TimeFormats;
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

/// How text, numbers and times of one source are understood.
pub struct Notation {
    /// The zone of times that carry none.
    zone: Zone,
    times: Times,
    numbers: Numbers,
}

impl Notation {
    /// Times on the wall are in `zone`; without formats they are ISO 8601.
    pub fn new(zone: Zone, formats: Option<&TimeFormats>, numbers: Numbers) -> Self {
        Self {
            zone,
            times: Times::new(formats),
            numbers,
        }
    }

    fn moment(&mut self, written: Written) -> Option<i64> {
        match written {
            Written::Wall(wall) => self.zone.moment_of(wall),
            Written::Moment(moment) => Some(moment),
        }
    }

    fn day(&mut self, written: Written) -> Option<i32> {
        match written {
            Written::Wall(wall) => i32::try_from(wall.div_euclid(MICROS_PER_DAY)).ok(),
            Written::Moment(moment) => self.zone.day_hour(moment).map(|DayHour { day, .. }| day),
        }
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Turns `values` into what `content` holds, in the type `target`.
pub fn coerce(
    values: &ArrayRef,
    content: Content,
    target: &DataType,
    notation: &mut Notation,
) -> Result<Coerced> {
    let values = plain(values)?;
    match (content, target) {
        (Content::Id, DataType::Int64) => whole_numbers(&values),
        (Content::Id | Content::Text | Content::Attribute, DataType::Utf8) => text(&values),
        (Content::Attribute, _) => attribute_number(&values, &notation.numbers),
        (Content::Kind, _) => kinds(&values),
        (Content::Decimal, _) => decimals(&values, &notation.numbers),
        (Content::Flag, _) => flags(&values),
        (Content::Date, _) => dates(&values, notation),
        (Content::Time, _) => times(&values, notation),
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
    if *values.data_type() == DataType::Utf8 {
        // Text whose source says that it is whole numbers.
        let whole: Int64Array = parsed(values, |_, text| number::whole(text));
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
    let visible = |byte: Option<&u8>| matches!(byte, Some(b'!'..=b'~'));
    let clean = |value: &str| visible(value.as_bytes().first()) && visible(value.as_bytes().last());
    if text.as_string::<i32>().iter().flatten().all(clean) {
        return Ok(Coerced {
            values: text,
            problems: Vec::new(),
        });
    }
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

fn attribute_number(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    if *values.data_type() == DataType::Utf8 {
        // Text whose source says that it is numbers.
        let mut problems = Vec::new();
        let floats: Float64Array = parsed(values, |row, text| {
            noted(&mut problems, row, numbers.parse_float(text))
        });
        return Ok(Coerced {
            values: Arc::new(floats),
            problems,
        });
    }
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

/// A value, or nothing and a note of why.
fn noted<T>(problems: &mut Vec<Problem>, row: usize, value: Result<T, Reason>) -> Option<T> {
    value
        .map_err(|reason| problems.push((row, reason.to_owned())))
        .ok()
}

fn kinds(values: &ArrayRef) -> Result<Coerced> {
    let text = text(values)?.values;
    // Nearly always all are written as here, and many of a kind follow each other.
    let mut last = "";
    let exact = |value: &str| {
        if value != last {
            match KINDS.iter().find(|kind| **kind == value) {
                Some(kind) => last = kind,
                None => return false,
            }
        }
        true
    };
    if text.as_string::<i32>().iter().flatten().all(exact) {
        return Ok(Coerced {
            values: text,
            problems: Vec::new(),
        });
    }
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
const LARGEST: u64 = 10u64.pow(MONEY_PRECISION as u32) - 1;

fn decimals(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut keep = |row: usize, value: Result<i128, Reason>| {
        let value = value.and_then(|value| match i64::try_from(value) {
            Ok(value) if value.unsigned_abs() <= LARGEST => Ok(value),
            _ => Err("is too large for an amount"),
        });
        noted(&mut problems, row, value)
    };
    let decimals: Decimal64Array = match values.data_type() {
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
                .map(|(row, value)| keep(row, Ok(i128::from(value?) * ONE)))
                .collect()
        }
        DataType::Utf8 => parsed(values, |row, value| keep(row, numbers.parse(value))),
        _ => {
            let cast = cast(values, &DataType::Decimal64(MONEY_PRECISION, MONEY_SCALE))?;
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

/// What `parse` makes of every text, in Arrow's layout; collecting options takes half as long again.
fn parsed<T: ArrowPrimitiveType>(
    texts: &ArrayRef,
    mut parse: impl FnMut(usize, &str) -> Option<T::Native>,
) -> PrimitiveArray<T> {
    let texts = texts.as_string::<i32>();
    let mut nulls = Vec::new();
    let values: Vec<T::Native> = (0..texts.len())
        .map(|row| {
            let value = match texts.is_valid(row) {
                true => parse(row, texts.value(row)),
                false => None,
            };
            value.unwrap_or_else(|| {
                nulls.push(row);
                T::Native::default()
            })
        })
        .collect();
    let valid = (!nulls.is_empty()).then(|| {
        let mut valid = vec![true; values.len()];
        nulls.iter().for_each(|&row| valid[row] = false);
        NullBuffer::from(valid)
    });
    PrimitiveArray::new(values.into(), valid)
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

fn dates(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
    let mut problems = Vec::new();
    let dates: Date32Array = match values.data_type() {
        DataType::Utf8 => parsed(values, |row, value| {
            let day = notation
                .times
                .parse(value)
                .and_then(|written| notation.day(written));
            if day.is_none() {
                problems.push((row, notation.times.reason(value)));
            }
            day
        }),
        DataType::Date32 => {
            return Ok(Coerced {
                values: Arc::clone(values),
                problems,
            });
        }
        DataType::Timestamp(_, None) | DataType::Date64 => {
            cast(values, &DataType::Date32)?.as_primitive().clone()
        }
        _ => {
            let Coerced {
                values: moments,
                problems,
            } = times(values, notation)?;
            let days = moments
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .map(|moment| notation.day(Written::Moment(moment?)));
            return Ok(Coerced {
                values: Arc::new(days.collect::<Date32Array>()),
                problems,
            });
        }
    };
    Ok(Coerced {
        values: Arc::new(dates),
        problems,
    })
}

fn times(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut problems = Vec::new();
    let moments: TimestampMicrosecondArray = match (values.data_type(), notation.times.unit()) {
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
            if moment.is_none() {
                problems.push((row, notation.times.reason(value)));
            }
            moment
        }),
        (data_type, Some(unit)) if data_type.is_integer() => {
            let counts = cast(values, &DataType::Int64)?;
            let counts = counts.as_primitive::<Int64Type>();
            counts
                .iter()
                .map(|count| units_since_unix(count?, unit))
                .collect()
        }
        (data_type, Some(unit)) if is_float(data_type) => {
            let counts = cast(values, &DataType::Float64)?;
            let counts = counts.as_primitive::<Float64Type>();
            counts
                .iter()
                .map(|count| units_since_unix((count? * unit as f64).round() as i64, 1))
                .collect()
        }
        (other, _) => {
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
        "is {data_type}, not a time; for seconds since 1970 set time_format = \"unix\" (\"unix_ms\" for milliseconds), or map it with sql, for example to_timestamp(column)"
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

#[cfg(test)]
mod tests {
    use arrow::datatypes::Date32Type;

    use super::*;

    fn notation(formats: &[&str]) -> Notation {
        let formats = formats.iter().map(|&format| format.to_owned()).collect();
        let formats = Some(TimeFormats(formats)).filter(|formats| !formats.0.is_empty());
        let zone = Zone::new(chrono_tz::America::New_York);
        Notation::new(zone, formats.as_ref(), Numbers::default())
    }

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn money_in_text_is_exact_and_wrong_money_says_why() {
        let got = decimals(
            &texts(&[
                "0.1",
                "-12.34565",
                "1e3",
                "1,5",
                "abc",
                "1.00005",
                ".5",
                "99999999999999999999",
            ]),
            &Numbers::default(),
        )
        .unwrap();
        let values = got.values.as_primitive::<arrow::datatypes::Decimal64Type>();
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
        let got = decimals(&values, &Numbers::default()).unwrap();
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
            &mut notation(&[]),
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
        let mut own = notation(&["%d/%m/%Y %H:%M"]);
        let got = times(&texts(&["01/07/2017 12:00", "2017-07-01"]), &mut own).unwrap();
        assert_eq!(got.problems.len(), 1);
        let got = dates(&texts(&["31.12.2017"]), &mut notation(&["%d.%m.%Y"])).unwrap();
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
    fn the_hour_that_happens_twice_is_the_first_unless_an_offset_says_which() {
        // New York set its clocks back at 02:00 on 2017-11-05.
        let got = times(
            &texts(&[
                "2017-11-05 01:30",
                "2017-11-05 01:30:00-04:00",
                "2017-11-05 01:30:00-05:00",
            ]),
            &mut notation(&[]),
        )
        .unwrap();
        let values = got.values.as_primitive::<TimestampMicrosecondType>();
        let at = |row: usize| values.value_as_datetime(row).unwrap().to_string();
        assert_eq!(
            [at(0), at(1), at(2)],
            [
                "2017-11-05 05:30:00",
                "2017-11-05 05:30:00",
                "2017-11-05 06:30:00"
            ]
        );
    }

    #[test]
    fn numbers_are_times_where_the_format_says_so() {
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![Some(1_700_000_000), None]));
        let got = times(&counts, &mut notation(&["unix"])).unwrap();
        let values = got.values.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(values.value(0), 1_700_000_000_000_000);
        assert!(got.problems.is_empty());
        let got = dates(&counts, &mut notation(&["unix"])).unwrap();
        assert_eq!(got.values.as_primitive::<Date32Type>().value(0), 19_675);
        let got = times(&counts, &mut notation(&[])).unwrap();
        assert!(got.problems[0].1.contains("time_format = \"unix\""));
        // Milliseconds that are taken for seconds would be the year 55,000.
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1_700_000_000_000]));
        let got = times(&counts, &mut notation(&["unix"])).unwrap();
        assert_eq!(got.problems.len(), 1);
    }

    #[test]
    fn a_date_that_carries_an_offset_is_a_day_of_the_sources_zone() {
        let got = dates(
            &texts(&["2017-07-01T02:00:00Z", "2017-07-01 02:00", "2017-02-29"]),
            &mut notation(&[]),
        )
        .unwrap();
        let days = got.values.as_primitive::<Date32Type>();
        let day = |row: usize| days.value_as_date(row).unwrap().to_string();
        assert_eq!([day(0), day(1)], ["2017-06-30", "2017-07-01"]);
        assert!(got.problems[0].1.contains("no such day"));
    }

    #[test]
    fn text_that_is_said_to_be_numbers_is_read_as_such() {
        let got = whole_numbers(&texts(&["007", "12.0", "x7"])).unwrap();
        let ids = got.values.as_primitive::<Int64Type>();
        assert_eq!((ids.value(0), ids.value(1)), (7, 12));
        assert_eq!(got.problems, [(2, "is no whole number".to_owned())]);
        let comma = Numbers {
            decimal: ',',
            thousands: Some('.'),
        };
        let got = attribute_number(&texts(&["1.234,5", "much"]), &comma).unwrap();
        assert_eq!(got.values.as_primitive::<Float64Type>().value(0), 1234.5);
        assert_eq!(got.problems, [(1, "is no number".to_owned())]);
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

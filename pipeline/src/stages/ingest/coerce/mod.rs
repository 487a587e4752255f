//! Values of a source become values of a canonical column, or problems that name themselves.

mod amounts;
mod counted;
mod currency;
mod exact;
mod first;
mod ids;
mod iso;
mod moments;
mod named_zone;
mod number;
mod pattern;
mod time;
mod written;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use self::amounts::{attribute_number, decimals};
pub use self::amounts::{kind_by_sign, product};
pub use self::counted::looks_like_serial;
pub use self::currency::{Currency, currency_named};
use self::exact::Reason;
pub use self::first::first_time;
use self::ids::{ids, whole_numbers};
use self::moments::{dates, times};
pub use self::number::{Numbers, currency_beside};
pub use self::time::Times;
pub use self::written::Written;
use super::zone::Zone;
use crate::config::TimeFormats;
use crate::contract::consent::{Consent, said};
use crate::contract::{Content, KINDS};
use crate::failure::{Result, nearest};
use crate::sources::{float_text, validity};
use crate::words;

/// A value that cannot be used: its row, and why.
pub type Problem = (usize, String);

/// A canonical column's values, null where there is none or a problem.
pub struct Coerced {
    /// The values.
    pub values: ArrayRef,
    /// Rows whose value was there but cannot be used.
    pub problems: Vec<Problem>,
    /// Rows whose amount has a currency beside it.
    pub currencies: Vec<(usize, Currency)>,
}

impl Coerced {
    fn new(values: ArrayRef, problems: Vec<Problem>) -> Self {
        Self {
            values,
            problems,
            currencies: Vec::new(),
        }
    }
}

/// What the settings say of one column, beside what they say of its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its ids are whole numbers, also where text is made of them.
    pub whole: bool,
    /// The marks of its numbers.
    pub numbers: Option<Numbers>,
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

    /// The same for a column whose times are written in another way, or are those of another zone.
    pub fn of_column(&self, zone: Option<Zone>, formats: Option<&TimeFormats>) -> Self {
        let zone = zone.unwrap_or_else(|| self.zone.clone());
        Self::new(zone, formats, self.numbers)
    }
}

/// Turns `values` into what `content` holds, in the type `target`.
pub fn coerce(
    values: &ArrayRef,
    content: Content,
    target: &DataType,
    said: Said,
    notation: &mut Notation,
) -> Result<Coerced> {
    let values = plain(values)?;
    let numbers = said.numbers.unwrap_or(notation.numbers);
    match (content, target) {
        (Content::Id, DataType::Int64) => whole_numbers(&values),
        (Content::Id, _) if said.whole => {
            let whole = whole_numbers(&values)?;
            let texts = cast(&whole.values, &DataType::Utf8)?;
            Ok(Coerced::new(texts, whole.problems))
        }
        (Content::Id, _) => ids(&values),
        (Content::Text | Content::Attribute, DataType::Utf8) | (Content::Text, _) => text(&values),
        (Content::Attribute, _) => attribute_number(&values, &numbers),
        (Content::Kind, _) => kinds(&values),
        (Content::Decimal, _) => decimals(&values, &numbers),
        (Content::Flag, _) => flags(&values),
        (Content::Date, _) => dates(&values, notation),
        (Content::Time, _) => times(&values, notation),
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
        .map(|row| (row, words::said(reason).to_owned()))
        .collect()
}

fn is_float(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

fn text(values: &ArrayRef) -> Result<Coerced> {
    if is_float(values.data_type()) {
        let floats = cast(values, &DataType::Float64)?;
        let floats = floats.as_primitive::<Float64Type>().iter();
        let texts: StringArray = floats
            .map(|value| value.filter(|value| !value.is_nan()).map(float_text))
            .collect();
        return Ok(Coerced::new(Arc::new(texts), Vec::new()));
    }
    let text = cast(values, &DataType::Utf8)?;
    let visible = |byte: Option<&u8>| matches!(byte, Some(b'!'..=b'~'));
    let clean = |value: &str| visible(value.as_bytes().first()) && visible(value.as_bytes().last());
    if text.as_string::<i32>().iter().flatten().all(clean) {
        return Ok(Coerced::new(text, Vec::new()));
    }
    // An empty text says nothing; elsewhere it would look like a value.
    let text: StringArray = text
        .as_string::<i32>()
        .iter()
        .map(|value| value.map(str::trim).filter(|value| !value.is_empty()))
        .collect();
    Ok(Coerced::new(Arc::new(text), Vec::new()))
}

/// A value, or nothing and a note of why.
fn noted<T>(problems: &mut Vec<Problem>, row: usize, value: Result<T, Reason>) -> Option<T> {
    value
        .map_err(|reason| problems.push((row, words::said(reason).to_owned())))
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
        return Ok(Coerced::new(text, Vec::new()));
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
                        Some(kind) => tr!(
                            "is no kind of interaction; did you mean {kind}?",
                            kind = kind
                        ),
                        None => tr!(
                            "is no kind of interaction; known: {kinds}",
                            kinds = KINDS.join(", ")
                        ),
                    },
                ));
            }
            known
        })
        .collect();
    Ok(Coerced::new(Arc::new(kinds), problems))
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
    let valid = validity(values.len(), &nulls);
    PrimitiveArray::new(values.into(), valid)
}

fn flags(values: &ArrayRef) -> Result<Coerced> {
    if *values.data_type() == DataType::Boolean {
        return Ok(Coerced::new(Arc::clone(values), Vec::new()));
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
            // Consent is written in words of its own.
            word => match said(word) {
                Some(Consent::Yes) => Some(true),
                Some(Consent::No) => Some(false),
                Some(Consent::Unknown) => None,
                None => {
                    problems.push((row, tr!("is neither yes nor no")));
                    None
                }
            },
        })
        .collect();
    Ok(Coerced::new(Arc::new(flags), problems))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};
    use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};

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

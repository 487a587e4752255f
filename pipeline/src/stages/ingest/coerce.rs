//! Values of a source become values of a canonical column, or problems that name themselves.

mod named_zone;
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

pub use self::number::{Currency, Numbers, currency_beside, currency_named};
use self::number::{ONE, Reason, from_float};
pub use self::time::{Times, Written, looks_like_serial};
use super::zone::{DayHour, Zone};
use crate::config::TimeFormats;
use crate::contract::{Content, KINDS, MONEY_PRECISION, MONEY_SCALE};
use crate::failure::{Result, nearest};
use crate::sources::float_text;

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

/// The products of two columns of numbers, each read for itself; `names` are those of the columns.
pub fn product(
    factors: [&ArrayRef; 2],
    names: [&str; 2],
    said: [Said; 2],
    notation: &Notation,
) -> Result<Coerced> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut currencies = Vec::new();
    let mut read = Vec::with_capacity(2);
    for ((values, name), said) in factors.into_iter().zip(names).zip(said) {
        let values = plain(values)?;
        let numbers = said.numbers.unwrap_or(notation.numbers);
        let (floats, wrong) = floats(&values, &numbers)?;
        let texts = values.as_string_opt::<i32>();
        let named = |reason: &str| format!("cannot be calculated: `{name}` {reason}");
        problems.extend(wrong.iter().map(|(row, reason)| (*row, named(reason))));
        if let Some(texts) = texts {
            let beside = |row: usize| Some((row, currency_beside(texts.value(row))?));
            currencies.extend(
                (0..texts.len())
                    .filter(|&row| floats.is_valid(row))
                    .filter_map(beside),
            );
        }
        read.push(floats);
    }
    let mut too_large = Vec::new();
    let products: Decimal64Array = (0..read[0].len())
        .map(|row| {
            let both = read.iter().all(|factor| factor.is_valid(row));
            let product = both.then(|| read[0].value(row) * read[1].value(row))?;
            noted(&mut too_large, row, amount(from_float(product)))
        })
        .collect();
    problems.extend(too_large);
    let products = products.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
    Ok(Coerced {
        values: Arc::new(products),
        problems,
        currencies,
    })
}

/// `return` where a number is below zero, else `purchase`.
pub fn kind_by_sign(values: &ArrayRef, said: Said, notation: &Notation) -> Result<Coerced> {
    let numbers = said.numbers.unwrap_or(notation.numbers);
    let (floats, problems) = floats(&plain(values)?, &numbers)?;
    let kinds: StringArray = (0..floats.len())
        .map(|row| {
            Some(match floats.is_valid(row) && floats.value(row) < 0.0 {
                true => "return",
                false => "purchase",
            })
        })
        .collect();
    Ok(Coerced::new(Arc::new(kinds), problems))
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

/// Floating-point numbers hold every whole number up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;
const NOT_WHOLE: Reason = "is no whole number";
const NOT_EXACT: Reason = "is a floating-point number beyond 2^53, whose last digits are lost; keep ids as whole numbers or text";

/// Tools without nullable integers write ids as 12345.0.
fn whole_float(value: f64) -> Result<i64, Reason> {
    match value {
        value if !value.is_finite() => Err("is not a finite number"),
        value if value.fract() != 0.0 => Err(NOT_WHOLE),
        value if value.abs() > EXACT => Err(NOT_EXACT),
        value => Ok(value as i64),
    }
}

fn whole_numbers(values: &ArrayRef) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut keep = |row, value| noted(&mut problems, row, value);
    let whole: Int64Array = match values.data_type() {
        data_type if is_float(data_type) => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().iter().enumerate();
            floats
                .map(|(row, value)| keep(row, whole_float(value?)))
                .collect()
        }
        // Text whose source says that it is whole numbers.
        DataType::Utf8 => parsed(values, |row, text| {
            keep(row, number::whole(text).ok_or(NOT_WHOLE))
        }),
        data_type if data_type.is_decimal() => {
            let texts = cast(values, &DataType::Utf8)?;
            parsed(&texts, |row, text| {
                keep(row, number::whole(text).ok_or(NOT_WHOLE))
            })
        }
        _ => {
            let whole = cast(values, &DataType::Int64)?;
            let problems = lost(values, &whole, "is too large for a whole number of 64 bits");
            return Ok(Coerced::new(whole, problems));
        }
    };
    Ok(Coerced::new(Arc::new(whole), problems))
}

/// Keys as text, which depends on the value alone: a whole number is written without decimals in
/// whatever type or file it comes.
fn ids(values: &ArrayRef) -> Result<Coerced> {
    if is_float(values.data_type()) {
        let whole = whole_numbers(values)?;
        let texts = cast(&whole.values, &DataType::Utf8)?;
        return Ok(Coerced::new(texts, whole.problems));
    }
    let fractions = values.data_type().is_decimal();
    let texts = text(values)?.values;
    let all = texts.as_string::<i32>();
    let plain = |text: &str| !text.ends_with('0') || !text.contains('.');
    if !fractions
        && all
            .iter()
            .flatten()
            .all(|text| plain(text) && text != "NaN")
    {
        return Ok(Coerced::new(texts, Vec::new()));
    }
    let mut problems = Vec::new();
    let cleaned: StringArray = all
        .iter()
        .enumerate()
        .map(|(row, text)| noted(&mut problems, row, id_of(text?, fractions)))
        .collect();
    Ok(Coerced::new(Arc::new(cleaned), problems))
}

/// An id as it is kept. Text such as `17850.0` is what is left of a whole number that was a float on
/// its way; `fractions` says that it is surely a number.
fn id_of(text: &str, fractions: bool) -> Result<&str, Reason> {
    if text == "NaN" {
        return Err("is not a finite number");
    }
    let Some((whole, decimals)) = text.split_once('.') else {
        return Ok(text);
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // A number is written without zeros before it; what has some is text.
    let zeros = digits.len() > 1 && digits.starts_with('0');
    if !is_number(digits) || !is_number(decimals) || zeros {
        return Ok(text);
    }
    if decimals.bytes().any(|byte| byte != b'0') {
        return if fractions { Err(NOT_WHOLE) } else { Ok(text) };
    }
    match digits.parse::<f64>() {
        Ok(0.0) => Ok("0"),
        Ok(value) if value > EXACT && !fractions => Err(NOT_EXACT),
        _ => Ok(whole),
    }
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

/// Numbers as floating point, and which texts are none.
fn floats(values: &ArrayRef, numbers: &Numbers) -> Result<(Float64Array, Vec<Problem>)> {
    let mut problems = Vec::new();
    let floats = match values.data_type() {
        DataType::Utf8 => parsed(values, |row, text| {
            noted(&mut problems, row, numbers.parse_float(text))
        }),
        _ => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().iter().enumerate();
            let finite = |value: f64| match value.is_finite() {
                true => Ok(value),
                false => Err("is not a finite number"),
            };
            floats
                .map(|(row, value)| noted(&mut problems, row, finite(value?)))
                .collect()
        }
    };
    Ok((floats, problems))
}

/// Text whose source says that it is numbers; of other types what is no finite number is nothing.
fn attribute_number(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    let (floats, mut problems) = floats(values, numbers)?;
    if *values.data_type() != DataType::Utf8 {
        problems.clear();
    }
    Ok(Coerced::new(Arc::new(floats), problems))
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
                        Some(kind) => format!("is no kind of interaction; did you mean {kind}?"),
                        None => format!("is no kind of interaction; known: {}", KINDS.join(", ")),
                    },
                ));
            }
            known
        })
        .collect();
    Ok(Coerced::new(Arc::new(kinds), problems))
}

/// The largest amount that fits, in ten-thousandths.
const LARGEST: u64 = 10u64.pow(MONEY_PRECISION as u32) - 1;

fn amount(value: Result<i128, Reason>) -> Result<i64, Reason> {
    value.and_then(|value| match i64::try_from(value) {
        Ok(value) if value.unsigned_abs() <= LARGEST => Ok(value),
        _ => Err("is too large for an amount"),
    })
}

fn decimals(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut currencies = Vec::new();
    let mut keep =
        |row: usize, value: Result<i128, Reason>| noted(&mut problems, row, amount(value));
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
        DataType::Utf8 => parsed(values, |row, value| {
            let money = numbers.parse_money(value).map(|(value, currency)| {
                currencies.extend(currency.map(|currency| (row, currency)));
                value
            });
            keep(row, money)
        }),
        _ => {
            let cast = cast(values, &DataType::Decimal64(MONEY_PRECISION, MONEY_SCALE))?;
            let problems = lost(values, &cast, "is no number that fits an amount");
            return Ok(Coerced::new(cast, problems));
        }
    };
    let decimals = decimals.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
    Ok(Coerced {
        values: Arc::new(decimals),
        problems,
        currencies,
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
            _ => {
                problems.push((row, "is neither yes nor no".to_owned()));
                None
            }
        })
        .collect();
    Ok(Coerced::new(Arc::new(flags), problems))
}

fn dates(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
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

fn times(values: &ArrayRef, notation: &mut Notation) -> Result<Coerced> {
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
                nothing(&utc, values.len()),
                all(values, &no_date(other)),
            ));
        }
    };
    let moments: ArrayRef = Arc::new(moments.with_timezone("UTC"));
    if *values.data_type() != DataType::Utf8 {
        problems = lost(values, &moments, "lies outside the years that can be kept");
    }
    Ok(Coerced::new(moments, problems))
}

fn no_date(data_type: &DataType) -> String {
    format!(
        "is {data_type}, not a time; for seconds since 1970 set time_format = \"unix\" (\"unix_ms\" for milliseconds), for days as spreadsheets count them \"excel\", or map it with sql, for example to_timestamp(column)"
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

//! Columns that are filled from the text that a database writes for its values: exact values out.
//!
//! Binary protocols are read through types that round or wrap where a value does not fit them; the
//! database's own text says every value exactly, and can be read for every type.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Date32Type, TimeUnit};
use chrono::NaiveDate;

/// Digits that a 128-bit decimal has.
const PRECISION: u8 = 38;
/// Places kept of a decimal that declares none: what an average has.
pub const PLACES: i8 = 20;

/// One column of a result, being filled.
pub enum Column {
    /// Whole numbers.
    Whole(Int64Builder),
    /// Numbers of floating point.
    Real(Float64Builder),
    /// Decimals, and how many places they have.
    Exact(Decimal128Builder, i8),
    /// Yes or no.
    Flag(BooleanBuilder),
    /// Days.
    Day(Date32Builder),
    /// Times, and whether they are moments, in UTC.
    Moment(TimestampMicrosecondBuilder, bool),
    /// Text, and whether blanks at its end only fill it up.
    Text(StringBuilder, bool),
}

impl Column {
    /// Whole numbers.
    pub fn whole() -> Self {
        Self::Whole(Int64Builder::new())
    }

    /// Numbers of floating point.
    pub fn real() -> Self {
        Self::Real(Float64Builder::new())
    }

    /// Decimals with so many places; what does not fit them is refused.
    pub fn exact(places: i8) -> Self {
        let data_type = DataType::Decimal128(PRECISION, places.clamp(0, PRECISION as i8));
        Self::Exact(
            Decimal128Builder::new().with_data_type(data_type),
            places.clamp(0, PRECISION as i8),
        )
    }

    /// Yes or no.
    pub fn flag() -> Self {
        Self::Flag(BooleanBuilder::new())
    }

    /// Days.
    pub fn day() -> Self {
        Self::Day(Date32Builder::new())
    }

    /// Times; `zoned` ones are moments, the others what a clock on some wall shows.
    pub fn moment(zoned: bool) -> Self {
        Self::Moment(TimestampMicrosecondBuilder::new(), zoned)
    }

    /// Text; `padded` when blanks at its end only fill it up.
    pub fn text(padded: bool) -> Self {
        Self::Text(StringBuilder::new(), padded)
    }

    /// Its Arrow type.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Whole(_) => DataType::Int64,
            Self::Real(_) => DataType::Float64,
            Self::Exact(_, places) => DataType::Decimal128(PRECISION, *places),
            Self::Flag(_) => DataType::Boolean,
            Self::Day(_) => DataType::Date32,
            Self::Moment(_, zoned) => {
                DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))
            }
            Self::Text(..) => DataType::Utf8,
        }
    }

    /// Adds a value.
    ///
    /// # Errors
    /// Why it cannot be kept as it is.
    pub fn push(&mut self, text: Option<&str>) -> Result<(), &'static str> {
        const WHOLE: &str = "is no whole number of 64 bits";
        const DATE: &str = "is no date of our calendar";
        match self {
            Self::Whole(builder) => {
                builder.append_option(read(text, |text| text.parse().map_err(|_| WHOLE))?);
            }
            Self::Real(builder) => {
                builder.append_option(read(text, |text| text.parse().map_err(|_| "is no number"))?);
            }
            Self::Exact(builder, places) => {
                builder.append_option(read(text, |text| exact(text, *places))?);
            }
            Self::Flag(builder) => {
                builder.append_option(text.map(|text| ["t", "1"].contains(&text)))
            }
            Self::Day(builder) => {
                let day = read(text, |text| day(text).ok_or(DATE))?;
                builder.append_option(day.map(Date32Type::from_naive_date));
            }
            Self::Moment(builder, _) => {
                builder.append_option(read(text, |text| moment(text).ok_or(DATE))?);
            }
            Self::Text(builder, padded) => {
                builder
                    .append_option(text.map(|text| if *padded { text.trim_end() } else { text }));
            }
        }
        Ok(())
    }

    /// The values so far, as an array; the column is empty again.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Whole(builder) => Arc::new(builder.finish()),
            Self::Real(builder) => Arc::new(builder.finish()),
            Self::Exact(builder, _) => Arc::new(builder.finish()),
            Self::Flag(builder) => Arc::new(builder.finish()),
            Self::Day(builder) => Arc::new(builder.finish()),
            Self::Moment(builder, zoned) => {
                Arc::new(builder.finish().with_timezone_opt(zoned.then_some("UTC")))
            }
            Self::Text(builder, _) => Arc::new(builder.finish()),
        }
    }
}

fn read<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, &'static str> {
    text.map(parse).transpose()
}

/// A decimal as its digits at this scale, or why it does not fit.
fn exact(text: &str, places: i8) -> Result<i128, &'static str> {
    const LARGE: &str = "has more digits than can be kept exactly";
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let places = usize::try_from(places).unwrap_or_default();
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places {
        return Err(LARGE);
    }
    let padding = std::iter::repeat_n(b'0', places - fraction.len());
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        if !digit.is_ascii_digit() {
            return Err("is no finite number");
        }
        let next = value.checked_mul(10).ok_or(LARGE)?;
        value = next.checked_add(i128::from(digit - b'0')).ok_or(LARGE)?;
    }
    if value >= 10i128.pow(PRECISION.into()) {
        return Err(LARGE);
    }
    Ok(sign * value)
}

/// `2024-02-29`; neither `infinity` nor years before Christ.
fn day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// `2024-02-29 18:30:00.123456`, perhaps with an offset such as `+05:30`, as microseconds of UTC.
fn moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let (time, offset) = match time.find(['+', '-']) {
        Some(at) => (&time[..at], offset(&time[at..])?),
        None => (time, 0),
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let seconds = clock(time)? - offset;
    let micros: i64 = if fraction.is_empty() {
        0
    } else {
        format!("{fraction:0<6}")
            .parse()
            .ok()
            .filter(|_| fraction.len() <= 6)?
    };
    let days = i64::from(day(date)?.to_epoch_days());
    days.checked_mul(86_400)?
        .checked_add(seconds)?
        .checked_mul(1_000_000)?
        .checked_add(micros)
}

/// Seconds of `18:30:00`, `05:30` or `02`.
fn clock(text: &str) -> Option<i64> {
    let mut seconds = 0;
    let mut unit = 3600;
    for part in text.split(':') {
        seconds += part.parse::<u32>().ok().map(i64::from)? * unit;
        unit /= 60;
    }
    Some(seconds)
}

fn offset(text: &str) -> Option<i64> {
    let seconds = clock(&text[1..])?;
    Some(if text.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(exact("12.5", 4), Ok(125_000));
        assert_eq!(exact("-0.0001", 4), Ok(-1));
        assert_eq!(exact("12.50000000", 2), Ok(1250));
        assert_eq!(exact("79228162514264337593543950336", 0), Ok(1 << 96));
        assert_eq!(
            exact("99999999999999999999999999999999999999", 0),
            Ok(10i128.pow(38) - 1)
        );
        for (text, places) in [("1.005", 2), ("NaN", 4), ("Infinity", 4), ("-Infinity", 4)] {
            assert!(exact(text, places).is_err(), "{text}");
        }
        assert!(exact("999999999999999999999999999999999999999", 0).is_err());
    }

    #[test]
    fn times_are_read_to_the_microsecond_with_their_offsets() {
        assert_eq!(moment("1970-01-01 00:00:00"), Some(0));
        assert_eq!(moment("1969-12-31 23:59:59.5"), Some(-500_000));
        assert_eq!(
            moment("2024-02-29 18:30:00.123456"),
            Some(1_709_231_400_123_456)
        );
        assert_eq!(moment("1970-01-01 05:30:00+05:30"), Some(0));
        assert_eq!(moment("1969-12-31 20:00:00-04"), Some(0));
        assert_eq!(
            moment("12345-01-01 00:00:00+00").map(|at| at / 86_400_000_000),
            Some(3_789_391)
        );
        for text in [
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00 BC",
            "2024-02-30 00:00:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}

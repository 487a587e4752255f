//! Numbers as ten-thousandths, exact where they are written as digits.

use crate::contract::MONEY_SCALE;

/// Ten-thousandths in one.
pub const ONE: i128 = 10i128.pow(MONEY_SCALE as u32);

/// Why a text is no number, in English; it is said where it is noted.
pub type Reason = &'static str;

/// The reason of what is infinite, or no number at all.
pub const NOT_FINITE: Reason = mark!("is not a finite number");

/// A number, unless it is infinite or none.
pub fn finite(value: f64) -> Result<f64, Reason> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(NOT_FINITE)
    }
}

/// A floating-point number in ten-thousandths.
pub fn from_float(value: f64) -> Result<i128, Reason> {
    finite(value).map(|value| (value * ONE as f64).round() as i128)
}

/// An optional sign, digits, and decimals, read digit by digit, so that 0.1 is a tenth.
pub fn plain(text: &[u8], decimal: u8) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // As many digits as surely fit; more are read as floating point, beyond what an amount holds.
    let value = match digits.len() {
        1..=14 => ten_thousandths::<i64>(digits, decimal)?.into(),
        15..=30 => ten_thousandths::<i128>(digits, decimal)?,
        _ => return None,
    };
    Some(if negative { -value } else { value })
}

/// Digits with at most one decimal mark as ten-thousandths, rounded.
fn ten_thousandths<T>(digits: &[u8], decimal: u8) -> Option<T>
where
    T: Copy + From<u8> + std::ops::Mul<Output = T> + std::ops::Add<Output = T>,
{
    let with = |value: T, byte: u8| value * T::from(10) + T::from(byte - b'0');
    let mut value = T::from(0);
    let mut whole = 0;
    while whole < digits.len() && digits[whole].is_ascii_digit() {
        value = with(value, digits[whole]);
        whole += 1;
    }
    let fraction = match digits[whole..] {
        [] => &[],
        [mark, ref fraction @ ..] if mark == decimal => fraction,
        _ => return None,
    };
    if whole + fraction.len() == 0 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = MONEY_SCALE as usize;
    for place in 0..kept {
        value = with(value, fraction.get(place).copied().unwrap_or(b'0'));
    }
    if fraction.get(kept).is_some_and(|&digit| digit >= b'5') {
        value = value + T::from(1);
    }
    Some(value)
}

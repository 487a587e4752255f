//! Numbers as people and programs write them, exact to the ten-thousandth.

use super::currency::{Currency, without_currency};
use super::exact::{NOT_FINITE, Reason, finite, from_float, plain};

/// The marks of the numbers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Stands before the decimals: a point or a comma.
    pub decimal: char,
    /// Stands between the thousands, if anything.
    pub thousands: Option<char>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            decimal: '.',
            thousands: None,
        }
    }
}

const NO_NUMBER: Reason = mark!("is no number");

impl Numbers {
    /// The number in ten-thousandths, where half a ten-thousandth goes away from zero, and the
    /// currency that stands beside it.
    pub fn parse_money(&self, text: &str) -> Result<(i128, Option<Currency>), Reason> {
        match plain(text.as_bytes(), self.decimal as u8) {
            Some(value) => Ok((value, None)),
            None => self.parse_written(text),
        }
    }

    /// The number as floating point, for what is no amount.
    pub fn parse_float(&self, text: &str) -> Result<f64, Reason> {
        let text = text.trim();
        if self.decimal == '.'
            && let Ok(value) = text.parse::<f64>()
        {
            return finite(value);
        }
        let (negative, digits, _) = self.digits(text)?;
        let value = digits.parse::<f64>().map_err(|_| NO_NUMBER)?;
        finite(if negative { -value } else { value })
    }

    /// With a currency, marks between thousands, accountants' signs or an exponent.
    fn parse_written(&self, text: &str) -> Result<(i128, Option<Currency>), Reason> {
        let (negative, digits, currency) = self.digits(text)?;
        let value = match plain(digits.as_bytes(), b'.') {
            Some(value) => value,
            None => from_float(digits.parse::<f64>().map_err(|_| NO_NUMBER)?)?,
        };
        Ok((if negative { -value } else { value }, currency))
    }

    /// Whether the number is below zero, its digits with a point and nothing else around, and its
    /// currency.
    fn digits(&self, text: &str) -> Result<(bool, String, Option<Currency>), Reason> {
        let text = bare(text);
        if text.eq_ignore_ascii_case("nan")
            || text
                .trim_start_matches(['+', '-'])
                .to_ascii_lowercase()
                .starts_with("inf")
        {
            return Err(NOT_FINITE);
        }
        if text.ends_with('%') {
            return Err(mark!("is a percentage and no amount"));
        }
        let (negative, bare, currency) = without_sign_and_currency(text)?;
        if !bare.starts_with(|first: char| first.is_ascii_digit() || first == self.decimal) {
            return Err(NO_NUMBER);
        }
        let (mantissa, exponent) = match bare.find(['e', 'E']) {
            Some(at) => bare.split_at(at),
            None => (bare, ""),
        };
        let (whole, fraction) = mantissa.split_once(self.decimal).unwrap_or((mantissa, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong_mark(bare));
        }
        let whole = self
            .without_thousands(whole)
            .ok_or_else(|| self.wrong_mark(bare))?;
        Ok((negative, format!("{whole}.{fraction}{exponent}"), currency))
    }

    /// The digits before the decimals; none if marks stand where no thousands end.
    fn without_thousands(&self, whole: &str) -> Option<String> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits(whole) {
            return Some(whole.to_owned());
        }
        // Blanks and apostrophes never stand before decimals, so they need not be named.
        let apart: [fn(char) -> bool; 2] = [is_blank, is_apostrophe];
        let neutral = apart.into_iter().find(|mark| whole.contains(mark));
        let is_mark = |character: char| match (neutral, self.thousands) {
            (Some(neutral), _) => neutral(character),
            (None, Some(mark)) => character == mark,
            (None, None) => false,
        };
        let groups: Vec<&str> = whole.split(is_mark).collect();
        let (first, rest) = groups.split_first()?;
        // Indian numbers have groups of two before the last, as in 12,34,567.
        let regular = match rest.split_last() {
            None => true,
            Some((last, between)) => {
                // 0,875 is no number of thousands.
                (1..=3).contains(&first.len())
                    && !first.starts_with('0')
                    && last.len() == 3
                    && between.iter().all(|group| matches!(group.len(), 2 | 3))
            }
        };
        (regular && groups.iter().all(|group| digits(group))).then(|| groups.concat())
    }

    fn wrong_mark(&self, text: &str) -> Reason {
        match (self.decimal, self.thousands) {
            ('.', None) if text.contains(',') => {
                mark!(
                    "is no number; write a point for the decimals and nothing for thousands, or set decimal and thousands for its source"
                )
            }
            (_, None) if text.contains('.') => {
                mark!(
                    "is no number; with a decimal comma a point can only stand between thousands: set thousands = \".\" for its source"
                )
            }
            (_, Some(_)) if text.contains(['.', ',']) => {
                mark!("is no number; its marks stand where no thousands or decimals begin")
            }
            _ => NO_NUMBER,
        }
    }
}

fn is_blank(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}'
    )
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | 'ʼ')
}

/// The text without blanks, invisible marks of direction, and the apostrophe with which
/// spreadsheets say that a cell is text.
fn bare(text: &str) -> &str {
    let unseen = |c: char| c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{feff}');
    let text = text.trim_matches(unseen);
    text.strip_prefix(is_apostrophe).unwrap_or(text)
}

/// Signs before or after the digits, and whether they mean less than zero. Accountants write `CR`
/// behind what is credited, `DR` behind what is not.
const PLUS_MINUS: &[(&str, bool)] = &[
    ("-", true),
    ("\u{2212}", true),
    ("\u{2010}", true),
    ("\u{2011}", true),
    ("\u{2013}", true),
    ("\u{fe63}", true),
    ("\u{ff0d}", true),
    ("+", false),
];
const CREDIT_DEBIT: &[(&str, bool)] = &[
    ("CR", true),
    ("Cr", true),
    ("cr", true),
    ("DR", false),
    ("Dr", false),
    ("dr", false),
];

/// Takes off what stands around the digits: a sign before or after, brackets for less than zero, a
/// currency before or after, in any order.
fn without_sign_and_currency(text: &str) -> Result<(bool, &str, Option<Currency>), Reason> {
    let mut rest = text;
    let (mut negative, mut signs) = (false, 0);
    let (mut currency, mut currencies) = (None, 0);
    loop {
        let before = rest;
        if let Some(inner) = rest
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            (negative, signs) = (true, signs + 1);
            rest = inner.trim();
        }
        for &(sign, minus) in PLUS_MINUS {
            if let Some(stripped) = rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign)) {
                (negative, signs) = (minus, signs + 1);
                rest = stripped.trim();
            }
        }
        for &(word, minus) in CREDIT_DEBIT {
            if let Some(stripped) = rest.strip_suffix(word) {
                (negative, signs) = (minus, signs + 1);
                rest = stripped.trim();
            }
        }
        if let Some((stripped, found)) = without_currency(rest) {
            (currency, currencies) = (Some(found), currencies + 1);
            rest = stripped.trim();
        }
        if rest == before {
            break;
        }
    }
    if signs > 1 || currencies > 1 {
        return Err(NO_NUMBER);
    }
    Ok((negative, rest, currency))
}

/// The currency beside an amount, whatever its marks.
pub fn currency_beside(text: &str) -> Option<Currency> {
    without_sign_and_currency(bare(text)).ok()?.2
}

/// A whole number of 64 bits; tools without nullable integers write `12345.0`.
pub fn whole(text: &str) -> Option<i64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Numbers {
        fn parse(&self, text: &str) -> Result<i128, Reason> {
            self.parse_money(text).map(|(value, _)| value)
        }
    }

    #[track_caller]
    fn check(decimal: char, thousands: Option<char>, cases: &[(&str, Option<i128>)]) {
        let numbers = Numbers { decimal, thousands };
        for (text, expected) in cases {
            assert_eq!(numbers.parse(text).ok(), *expected, "{text}");
            let float = numbers.parse_float(text).ok();
            assert_eq!(
                float.map(|value| (value * 10_000.0).round() as i128),
                *expected,
                "{text} as floating point"
            );
        }
    }

    #[test]
    fn numbers_of_many_countries() {
        check(
            ',',
            Some('.'),
            &[
                ("1.234,50", Some(12_345_000)),
                ("€ 1.234,50", Some(12_345_000)),
                ("1.234.567,5 EUR", Some(12_345_675_000)),
                ("-0,5", Some(-5_000)),
                ("12", Some(120_000)),
                ("1.5", None),
                ("1.23,4", None),
                ("1234.567,00", None),
            ],
        );
        check(
            '.',
            Some(','),
            &[
                ("1,234.50 USD", Some(12_345_000)),
                ("$1,234.50", Some(12_345_000)),
                ("-$5", Some(-50_000)),
                ("$-5", Some(-50_000)),
                ("(12.00)", Some(-120_000)),
                ("($1,234.50)", Some(-12_345_000)),
                ("12.00-", Some(-120_000)),
                ("12.00 CHF-", Some(-120_000)),
                ("12,34,567", Some(12_345_670_000)),
                ("¥1,000", Some(10_000_000)),
                ("1,50", None),
                ("0,875", None),
                ("--5", None),
                ("(-5)", None),
                ("$(5)", Some(-50_000)),
                ("(5) USD", Some(-50_000)),
                ("−$5", Some(-50_000)),
                ("–5", Some(-50_000)),
                ("$5.00-", Some(-50_000)),
                ("$5.00 CR", Some(-50_000)),
                ("5.00 DR", Some(50_000)),
                ("-5 CR", None),
                ("'-5.25", Some(-52_500)),
                ("1,23,456.00", Some(1_234_560_000)),
                ("5 eur", Some(50_000)),
                ("EUR 5 USD", None),
                ("QTY 5", None),
                ("5-5", None),
            ],
        );
        check(
            ',',
            Some(' '),
            &[
                ("1 234,5", Some(12_345_000)),
                ("1\u{a0}234,5 Kč", Some(12_345_000)),
                ("1\u{202f}234 567,00 zł", Some(12_345_670_000)),
            ],
        );
        check(
            '.',
            Some('\''),
            &[
                ("Fr. 1'234.50", Some(12_345_000)),
                ("1’234.50", Some(12_345_000)),
            ],
        );
        check(
            ',',
            None,
            &[
                ("1,5", Some(15_000)),
                ("1.234,5", None),
                ("1.5", None),
                ("1 234,5", Some(12_345_000)),
                ("1’234,5", Some(12_345_000)),
                ("1 23,5", None),
                ("1 234'567", None),
            ],
        );
    }

    #[test]
    fn exponents_are_read_and_percentages_are_not() {
        check(
            '.',
            None,
            &[
                ("1e3", Some(10_000_000)),
                ("1.5E-2", Some(150)),
                ("-2.5e+1", Some(-250_000)),
                ("1e", None),
                ("e3", None),
                ("1e3e3", None),
                ("0x10", None),
                ("5 %", None),
                ("1_000", None),
                ("", None),
                (".", None),
                ("-", None),
                ("5.", Some(50_000)),
                (".5", Some(5_000)),
            ],
        );
        assert_eq!(
            Numbers::default().parse("5 %"),
            Err("is a percentage and no amount")
        );
        assert_eq!(
            Numbers::default().parse("-Infinity"),
            Err("is not a finite number")
        );
    }

    #[test]
    fn the_currency_beside_an_amount_is_known_by_its_code() {
        let numbers = Numbers::default();
        for (text, currency) in [
            ("12.00 USD", Some("USD")),
            ("$12", Some("USD")),
            ("(12.00) €", Some("EUR")),
            ("¥5", Some("¥")),
            ("RMB 5", Some("CNY")),
            ("5 kr", Some("kr")),
            ("5", None),
            ("1e3", None),
        ] {
            assert_eq!(numbers.parse_money(text).unwrap().1, currency, "{text}");
            assert_eq!(currency_beside(text), currency, "{text}");
        }
    }

    /// Random plain decimals, against arithmetic on their digits.
    #[test]
    fn the_fast_way_agrees_with_the_slow_one() {
        let mut state = 11u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..20_000 {
            let digits = 1 + next(9) as u32;
            let whole = next(10u64.pow(digits));
            let places = next(7) as usize;
            let fraction: String = (0..places)
                .map(|_| char::from(b'0' + next(10) as u8))
                .collect();
            let sign = ["", "-", "+"][next(3) as usize];
            let text = format!("{sign}{whole}.{fraction}");
            let fast = Numbers::default().parse(&text).unwrap();
            let slow: f64 = text
                .trim_start_matches('+')
                .trim_end_matches('.')
                .parse()
                .unwrap();
            assert!(
                (fast as f64 - slow * 10_000.0).abs() < 0.51,
                "{text}: {fast}"
            );
            let comma = Numbers {
                decimal: ',',
                thousands: Some('.'),
            };
            assert_eq!(comma.parse(&text.replace('.', ",")), Ok(fast), "{text}");
        }
    }

    #[test]
    fn whole_numbers_have_no_decimals_but_zeros() {
        assert_eq!(whole("007"), Some(7));
        assert_eq!(whole(" -12.0 "), Some(-12));
        assert_eq!(whole("12.5"), None);
        assert_eq!(whole("99999999999999999999"), None);
        assert_eq!(whole("A7"), None);
    }
}

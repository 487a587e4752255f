//! Numbers as text that reads back to the same bits.
//!
//! A column of numbers is one text with spaces between them: a third of the size of a JSON list
//! on its lines, and read by the parser of Rust, which is exact, where serde_json's own may be off
//! by the last bit.

use std::fmt::Write;

use super::FormatError;
use super::error::Within;

/// A number of a column.
pub(crate) trait Number: Copy {
    /// What it must be, for messages.
    const WHAT: &'static str;

    fn write(self, out: &mut String);

    fn read(text: &str) -> Option<Self>;
}

macro_rules! whole {
    ($($type:ty: $what:literal),*) => {$(
        impl Number for $type {
            const WHAT: &'static str = $what;

            fn write(self, out: &mut String) {
                let _ = write!(out, "{self}");
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

whole! {
    u8: "a whole number from 0 to 255",
    u16: "a whole number from 0 to 65535",
    u32: "a whole number from 0 to 4294967295",
    u64: "a whole number",
    usize: "a whole number"
}

macro_rules! floating {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const WHAT: &'static str = "a number";

            /// The fewest digits that read back to the same bits.
            fn write(self, out: &mut String) {
                let _ = write!(out, "{self:?}");
                if out.ends_with(".0") {
                    out.truncate(out.len() - 2);
                }
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

floating!(f32, f64);

/// Yes and no, as 1 and 0.
impl Number for bool {
    const WHAT: &'static str = "0 or 1";

    fn write(self, out: &mut String) {
        out.push(if self { '1' } else { '0' });
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }
}

/// Numbers as one text.
pub(crate) fn write_column<N: Number>(numbers: impl IntoIterator<Item = N>) -> String {
    let mut out = String::new();
    for (i, number) in numbers.into_iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        number.write(&mut out);
    }
    out
}

/// The numbers of a text.
pub(crate) fn read_column<N: Number>(text: &str) -> Result<Vec<N>, FormatError> {
    text.split_ascii_whitespace()
        .enumerate()
        .map(|(i, number)| read_number(number).at(i))
        .collect()
}

/// The one number of a text.
pub(crate) fn read_number<N: Number>(text: &str) -> Result<N, FormatError> {
    N::read(text)
        .ok_or_else(|| FormatError::invalid(format!("{:?} is not {}", short(text), N::WHAT)))
}

/// What a probability must be, for messages.
pub(crate) const PROBABILITY: &str = "a probability from 0 to 1";

pub(crate) fn is_probability(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}

/// At most 40 characters of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    let mut start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_take_few_digits() {
        let text = write_column([0.0, -0.0, 1.0, 0.1, 1e300, 2.5e-9, f64::INFINITY, f64::NAN]);
        assert_eq!(text, "0 -0 1 0.1 1e300 2.5e-9 inf NaN");
        assert_eq!(write_column([0.1_f32, 16_777_216.0]), "0.1 16777216");
        assert_eq!(write_column([true, false]), "1 0");
        assert_eq!(write_column::<f64>([]), "");
    }

    #[test]
    fn what_is_no_number_is_said_with_its_place() {
        let refused = |error: FormatError| error.within("left").to_string();
        assert_eq!(
            refused(read_column::<u32>("0 12 -3").unwrap_err()),
            "left[2]: \"-3\" is not a whole number from 0 to 4294967295"
        );
        assert_eq!(
            refused(read_column::<f64>("0 1,5").unwrap_err()),
            "left[1]: \"1,5\" is not a number"
        );
        assert_eq!(
            refused(read_column::<bool>("2").unwrap_err()),
            "left[0]: \"2\" is not 0 or 1"
        );
        let long = "x".repeat(1000);
        assert!(refused(read_column::<u8>(&long).unwrap_err()).len() < 120);
    }

    proptest! {
        #[test]
        fn any_bits_come_back(wide in proptest::collection::vec(any::<u64>(), 0..40)) {
            let doubles: Vec<f64> = wide.iter().map(|bits| f64::from_bits(*bits)).collect();
            let singles: Vec<f32> = wide.iter().map(|bits| f32::from_bits(*bits as u32)).collect();
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            let again: Vec<f64> = read_column(&write_column(doubles.iter().copied())).unwrap();
            prop_assert!(again.len() == doubles.len());
            prop_assert!(again.iter().zip(&doubles).all(|(a, b)| same(*a, *b)));
            let again: Vec<f32> = read_column(&write_column(singles.iter().copied())).unwrap();
            prop_assert!(again.len() == singles.len());
            let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            prop_assert!(again.iter().zip(&singles).all(|(a, b)| same(*a, *b)));
        }
    }
}

//! What the values of a column look like: numbers and how they are written, times and their
//! format, keys, labels. Numbers and times are those that a load would read, by its own readers.

mod notation;
mod share;
mod times;

use self::notation::notation;
pub use self::notation::{Marks, Notation, currencies, digits_of};
use self::share::{HALF, MOST, share};
use self::times::times;
pub use self::times::{Order, Times, Written};
use crate::commands::init::names::{self, fit};

/// What a column's values look like.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// No value at all.
    Empty,
    /// Yes and no, in the words that `ingest` understands.
    Flag,
    /// Whole numbers.
    Whole,
    /// Numbers with a fraction, or written in a way of their own.
    Number(Notation),
    /// Days or moments.
    Time(Times),
    /// Times of day without a day.
    Clock,
    /// Anything else.
    Text,
}

/// What is known of a column beside its values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// Its name speaks of time: only then are large whole numbers taken for seconds since 1970 or
    /// days of a spreadsheet; barcodes look alike.
    pub timely: bool,
    /// Its name speaks of a number.
    pub numeric: bool,
    /// What separates the fields of its file.
    pub delimiter: Option<char>,
}

impl Hints {
    /// What the name of a column says.
    pub fn of(name: &str, delimiter: Option<char>) -> Self {
        let numbers = [
            names::AMOUNT,
            names::PRICE,
            names::QUANTITY,
            names::DISCOUNT,
            names::COST,
        ];
        Self {
            timely: names::is_timely(name),
            numeric: numbers.iter().any(|role| fit(role, name) >= 2.0),
            delimiter,
        }
    }
}

/// What the sampled texts of a column look like; they come in the order of the rows.
pub fn shape(texts: &[String], hints: Hints) -> Shape {
    if texts.is_empty() {
        return Shape::Empty;
    }
    if let Some(times) = times(texts, hints.timely) {
        return Shape::Time(times);
    }
    if share(texts, |text| is_clock(text)) >= MOST {
        return Shape::Clock;
    }
    if texts.iter().all(|text| {
        let word = text.to_ascii_lowercase();
        ["true", "false", "yes", "no", "y", "n", "t", "f"].contains(&word.as_str())
    }) {
        return Shape::Flag;
    }
    let whole = |text: &String| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.len() < 19 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if share(texts, whole) >= MOST {
        return Shape::Whole;
    }
    let least = if hints.numeric { HALF } else { MOST };
    match notation(texts, least, hints.delimiter) {
        Some(notation) => Shape::Number(notation),
        None => Shape::Text,
    }
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    (2..=3).contains(&parts.len())
        && parts
            .iter()
            .all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
        && parts[0].parse().is_ok_and(|hour: u8| hour < 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Shape {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let hints = Hints {
            timely: true,
            ..Hints::default()
        };
        shape(&texts, hints)
    }

    fn format_of(texts: &[&str]) -> (String, Option<Order>) {
        match of(texts) {
            Shape::Time(Times {
                written: Written::Formats(formats),
                order,
                ..
            }) => (formats.join(" | "), order),
            other => panic!("{texts:?} are {other:?}"),
        }
    }

    #[test]
    fn a_number_above_twelve_tells_the_day() {
        let decided = Some(Order::Shown);
        assert_eq!(
            format_of(&["12/1/2010 8:26", "12/13/2010 9:00"]),
            ("%m/%d/%Y %H:%M".into(), decided)
        );
        assert_eq!(
            format_of(&["1/12/2010", "13/12/2010"]),
            ("%d/%m/%Y".into(), decided)
        );
        assert_eq!(format_of(&["31-12-23", "01-01-24"]).0, "%d-%m-%y");
    }

    #[test]
    fn the_order_of_the_rows_tells_day_from_month_and_else_nothing_does() {
        let month_first = [
            "01/05/2024",
            "01/07/2024",
            "02/03/2024",
            "03/02/2024",
            "04/01/2024",
        ];
        assert_eq!(
            format_of(&month_first),
            ("%m/%d/%Y".into(), Some(Order::Sorted))
        );
        let unclear = [
            "05/06/2024",
            "01/07/2024",
            "09/03/2024",
            "03/02/2024",
            "04/12/2024",
        ];
        assert_eq!(
            format_of(&unclear),
            ("%d/%m/%Y".into(), Some(Order::Unknown))
        );
    }

    #[test]
    fn times_of_other_places_are_known() {
        assert_eq!(format_of(&["31.12.2023 18:30"]).0, "%d.%m.%Y %H:%M");
        assert_eq!(format_of(&["2023年12月31日"]).0, "%Y年%m月%d日");
        assert_eq!(format_of(&["20231231", "20240102"]).0, "%Y%m%d");
        assert_eq!(format_of(&["31-Dec-2023"]).0, "%d-%b-%Y");
        assert_eq!(format_of(&["12/31/2023 06:30 PM"]).0, "%m/%d/%Y %I:%M %p");
        for iso in [
            "2023-12-31",
            "2023-12-31 18:30",
            "2023-12-31T18:30:00Z",
            "2023-12-31 18:30:00.123+01:00",
        ] {
            let shape = of(&[iso]);
            assert!(
                matches!(
                    shape,
                    Shape::Time(Times {
                        written: Written::Iso,
                        ..
                    })
                ),
                "{iso}: {shape:?}"
            );
        }
        for (texts, formats) in [
            (&["1700000000"][..], "unix"),
            (&["1700000000123"], "unix_ms"),
            (&["45292", "45295.5"], "excel"),
            (
                &["1/2/2024, 12:33 PM", "1/13/2024, 9:05 AM"],
                "%m/%d/%Y, %I:%M %p",
            ),
            (
                &["2024-01-01", "2024-01-02", "01/20/2024"],
                "%Y-%m-%d | %m/%d/%Y",
            ),
            (
                &["01.01.2024", "02.01.24", "03.01.2024 10:00"],
                "%d.%m.%Y | %d.%m.%Y %H:%M | %d.%m.%y",
            ),
        ] {
            assert_eq!(format_of(texts).0, formats);
        }
        for iso in ["2024-01-03 09:50:26 +0100", "2024-06-30 22:30:00 UTC"] {
            let shape = of(&[iso, "0000-00-00 00:00:00"]);
            assert!(
                matches!(&shape, Shape::Time(times) if times.written == Written::Iso),
                "{iso}"
            );
        }
    }

    #[test]
    fn keys_and_counts_are_no_times() {
        for text in ["12345", "536365", "007", "99999999", "85123A", "C0001"] {
            assert!(!matches!(of(&[text]), Shape::Time(_)), "{text}");
        }
        let plain = |text: &str| shape(&[text.to_owned()], Hints::default());
        assert_eq!(plain("1700000000"), Shape::Whole);
        assert_eq!(plain("45292"), Shape::Whole);
        assert_eq!(of(&["1", "2", "-3"]), Shape::Whole);
        assert_eq!(of(&["18:30", "9:05"]), Shape::Clock);
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let notation = |texts: &[&str]| match of(texts) {
            Shape::Number(notation) => notation,
            other => panic!("{texts:?} are {other:?}"),
        };
        let with = |decimal, group, currency| Notation {
            decimal,
            group,
            currency,
            unsure: false,
        };
        assert_eq!(notation(&["2.55", "1e-3"]), Notation::PLAIN);
        assert_eq!(notation(&["2,55", "-1,5"]), with(',', None, false));
        assert_eq!(notation(&["1.234,50", "2,55"]), with(',', Some('.'), false));
        assert_eq!(notation(&["1,234.50", "2.55"]), with('.', Some(','), false));
        assert_eq!(
            notation(&["1,234", "12"]),
            Notation {
                unsure: true,
                ..with('.', Some(','), false)
            }
        );
        assert_eq!(
            notation(&["€ 1.234,50", "2,55 €"]),
            with(',', Some('.'), true)
        );
        assert_eq!(notation(&["$2.55", "($1.00)", "0"]), with('.', None, true));
        assert_eq!(
            with(',', Some('.'), true).read("-1.234,50 EUR"),
            Some(-1234.5)
        );
        for keys in [
            ["C0001", "C0002"],
            ["85123A", "POST"],
            ["会员001", "会员002"],
            ["S", "XL"],
            ["RM100", "RM101"],
            ["EUR001", "CUP12"],
        ] {
            assert_eq!(of(&keys), Shape::Text, "{keys:?}");
        }
    }

    #[test]
    fn three_digits_after_the_only_mark_are_decided_by_the_column_or_said() {
        let notation = |texts: &[&str], delimiter| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let hints = Hints {
                delimiter: Some(delimiter),
                ..Hints::default()
            };
            match shape(&texts, hints) {
                Shape::Number(found) => (found.decimal, found.group, found.unsure),
                other => panic!("{texts:?} are {other:?}"),
            }
        };
        assert_eq!(notation(&["950.000", "1.500"], ';'), (',', Some('.'), true));
        assert_eq!(notation(&["950", "1.500"], ','), ('.', None, false));
        assert_eq!(notation(&["0.875", "1.500"], ';'), ('.', None, false));
        assert_eq!(notation(&["1.5", "1.500"], ';'), ('.', None, false));
        assert_eq!(
            notation(&["1.500.000", "1.500"], ';'),
            (',', Some('.'), false)
        );
        assert_eq!(notation(&["1.500", "2.250"], '\t'), ('.', None, true));
        assert_eq!(notation(&["0,875", "1,500"], ';'), (',', None, false));
        assert_eq!(notation(&["Fr. 1'000", "Fr. 12"], ';'), ('.', None, false));
        assert_eq!(
            notation(&["1,23,456.00", "12.00"], ','),
            ('.', Some(','), false)
        );
    }

    #[test]
    fn a_column_that_is_named_like_a_number_is_one_though_some_values_are_not() {
        let texts = ["1,234.50", "12,50", "1,234.50"].map(str::to_owned);
        let named = |numeric| Hints {
            numeric,
            ..Hints::default()
        };
        assert_eq!(shape(&texts, named(false)), Shape::Text);
        let Shape::Number(found) = shape(&texts, named(true)) else {
            panic!("no number");
        };
        assert_eq!(found.read("12,50"), None);
        assert_eq!(found.read("1,234.50"), Some(1234.5));
    }
}

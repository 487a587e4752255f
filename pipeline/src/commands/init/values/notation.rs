//! How numbers are written: what stands before their decimals and between their thousands.

use std::collections::BTreeMap;

use super::share::{HALF, share};
use crate::stages::ingest::coerce::{Currency, Numbers, currency_beside};

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Notation {
    /// What stands before the fraction.
    pub decimal: char,
    /// What sets thousands apart.
    pub group: Option<char>,
    /// Whether a currency stands beside the digits.
    pub currency: bool,
    /// Whether its only mark could as well be the other one: `1.500` and the like.
    pub unsure: bool,
}

/// What stands before the decimals and between the thousands of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// A point or a comma.
    pub decimal: char,
    /// A mark, or nothing.
    pub thousands: Option<char>,
}

impl Marks {
    /// What settings say by default.
    pub const PLAIN: Self = Self {
        decimal: '.',
        thousands: None,
    };

    /// The marks that fit the most of these columns of text, each with its notation and its values.
    pub fn of<'a>(columns: impl IntoIterator<Item = (Notation, &'a [String])>) -> Self {
        let columns: Vec<_> = columns.into_iter().collect();
        let mut own: Vec<Self> = columns
            .iter()
            .map(|(notation, _)| notation.marks())
            .collect();
        // Of equals the one that says more, since it was seen to be needed.
        own.sort_by_key(|marks| *marks == Self::PLAIN);
        let fitting = |marks: &Self| {
            let fits = columns
                .iter()
                .filter(|(notation, texts)| marks.read_as(*notation, texts));
            fits.count()
        };
        own.into_iter()
            .rev() // the last of equals wins
            .max_by_key(fitting)
            .unwrap_or(Self::PLAIN)
    }

    /// Whether with these marks the same is read as in a notation.
    pub fn read_as(self, notation: Notation, texts: &[String]) -> bool {
        let own = self.numbers();
        texts.iter().all(|text| match notation.read(text) {
            Some(value) => own.parse_float(text) == Ok(value),
            None => own.parse_float(text).is_err(),
        })
    }

    fn numbers(self) -> Numbers {
        Numbers {
            decimal: self.decimal,
            thousands: self.thousands,
        }
    }
}

impl Notation {
    /// Digits and a point.
    pub const PLAIN: Self = Self {
        decimal: '.',
        group: None,
        currency: false,
        unsure: false,
    };

    const fn with(decimal: char, group: Option<char>) -> Self {
        Self {
            decimal,
            group,
            ..Self::PLAIN
        }
    }

    /// Its marks.
    pub fn marks(self) -> Marks {
        Marks {
            decimal: self.decimal,
            thousands: self.group,
        }
    }

    /// The value of a text that is written like this, as a load would read it.
    pub fn read(self, text: &str) -> Option<f64> {
        self.marks().numbers().parse_float(text).ok()
    }

    /// In words.
    pub fn words(self) -> String {
        let mut words = Vec::new();
        if self.decimal == ',' {
            words.push("a decimal comma".to_owned());
        }
        if let Some(group) = self.group {
            words.push(format!("thousands set apart by `{group}`"));
        }
        if self.currency {
            words.push("a currency beside the digits".to_owned());
        }
        words.join(", ")
    }
}

/// How often each currency stands beside some amounts.
pub fn currencies(texts: &[String]) -> BTreeMap<Currency, u64> {
    let mut found = BTreeMap::new();
    for currency in texts.iter().filter_map(|text| currency_beside(text)) {
        *found.entry(currency).or_default() += 1;
    }
    found
}

/// The way in which the most values can be read; what the values leave open is said.
pub fn notation(texts: &[String], least: f64, delimiter: Option<char>) -> Option<Notation> {
    const POINT: Notation = Notation::PLAIN;
    const COMMA: Notation = Notation::with(',', None);
    const COMMAS: Notation = Notation::with('.', Some(','));
    const POINTS: Notation = Notation::with(',', Some('.'));
    let fitting = |notation: Notation| share(texts, |text| notation.read(text).is_some());
    let mut best = (0.0, POINT);
    for notation in [POINT, COMMA, COMMAS, POINTS] {
        let fits = fitting(notation);
        if fits > best.0 {
            best = (fits, notation);
        }
    }
    let (fits, mut found) = best;
    if fits < least || share(texts, |text| is_key(text)) > HALF {
        return None;
    }
    // Thousands alone look like a fraction of three digits. What else could be told by a file:
    // with semicolons between its fields it comes from where decimals have a comma.
    found.currency = texts.iter().any(|text| currency_beside(text).is_some());
    let marked = |mark: char| texts.iter().any(|text| digits_of(text).contains(mark));
    let (other, likelier) = match found {
        _ if found.marks() == POINT.marks() && marked('.') && !marked(',') => {
            (POINTS, delimiter == Some(';'))
        }
        _ if found.marks() == COMMA.marks() && !marked('.') => (COMMAS, true),
        _ => return Some(found),
    };
    let only_so = texts
        .iter()
        .any(|text| found.read(text).is_some() && other.read(text).is_none());
    // A thousand has no zero before it: 0.875 is a fraction.
    let is_fraction = |text: &String| {
        let digits = digits_of(text);
        digits.starts_with("0.") || digits.starts_with("0,")
    };
    if only_so || texts.iter().any(is_fraction) {
        return Some(found);
    }
    let open = found.marks() != POINT.marks() || delimiter.is_some_and(|mark| mark != ',');
    let chosen = if likelier { other } else { found };
    Some(Notation {
        currency: found.currency,
        unsure: open,
        ..chosen
    })
}

/// A number from its first digit to its last.
pub fn digits_of(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_ascii_digit())
}

/// Whether letters that could be a currency stand right at digits without decimals, as in `RM100`:
/// a key rather than an amount.
fn is_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    let touching = bytes.windows(2).any(|pair| {
        pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit()
            || pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic()
    });
    touching && !text.contains(['.', ',']) && currency_beside(text).is_some()
}

//! What the values of a column look like: numbers and how they are written, times and their
//! format, keys, labels. Numbers and times are those that a load would read, by its own readers.

use std::collections::BTreeMap;

use super::names::{self, fit};
use crate::config::{EXCEL, ISO, TimeFormats, UNIX, UNIX_MILLISECONDS};
use crate::stages::ingest::coerce::{self, Currency, Numbers, currency_beside};

/// The share of the values that must fit before a column is called something.
const MOST: f64 = 0.95;
/// The same for a column whose name says that it holds numbers: what does not fit is rejected, and
/// that is better than leaving the whole column out.
const HALF: f64 = 0.5;

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

/// Times of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// How they are written.
    pub written: Written,
    /// Whether they tell the hour.
    pub clock: bool,
    /// Why the day is taken to stand before the month, or the other way round.
    pub order: Option<Order>,
}

/// How times are written.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// As `ingest` reads them without being told: ISO 8601, or a type of the file.
    Iso,
    /// In these formats, of which a load takes the first that fits.
    Formats(Vec<String>),
}

/// What decided between day and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A number above 12 can only be a day.
    Shown,
    /// Read so, the rows are in order of time; read the other way they are not.
    Sorted,
    /// Nothing in the data tells.
    Unknown,
}

/// Days as they are written, the likelier before the less likely.
const DAYS: &[&str] = &[
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d. %m. %Y",
    "%m.%d.%Y",
];

/// What may follow a day.
const CLOCKS: &[&str] = &[
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S%.f",
    "T%H:%M:%S",
    "T%H:%M",
    " %I:%M %p",
    " %I:%M:%S %p",
    " %I:%M%p",
    " %I:%M:%S%p",
    ", %H:%M",
    ", %H:%M:%S",
    ", %I:%M %p",
    ", %I:%M:%S %p",
    " %H:%M:%S %z",
    " %H:%M %z",
    "%H%M%S",
    " %H.%M",
    " %H时%M分%S秒",
];

/// Times that are written in no order of day and clock.
const OTHERS: &[&str] = &[
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %e %H:%M:%S %Z %Y",
    "%a %b %e %H:%M:%S %Y",
    "%H:%M %d.%m.%Y",
    "%H:%M:%S %d.%m.%Y",
    "%H:%M %d/%m/%Y",
    "%H:%M %m/%d/%Y",
];

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
    match notation(texts, hints) {
        Some(notation) => Shape::Number(notation),
        None => Shape::Text,
    }
}

fn share<T>(values: &[T], good: impl Fn(&T) -> bool) -> f64 {
    let count = values.iter().filter(|value| good(value)).count();
    count as f64 / values.len().max(1) as f64
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    (2..=3).contains(&parts.len())
        && parts
            .iter()
            .all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
        && parts[0].parse().is_ok_and(|hour: u8| hour < 24)
}

/// The way in which the most values can be read; what the values leave open is said.
fn notation(texts: &[String], hints: Hints) -> Option<Notation> {
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
    let least = if hints.numeric { HALF } else { MOST };
    if fits < least || share(texts, |text| is_key(text)) > HALF {
        return None;
    }
    // Thousands alone look like a fraction of three digits. What else could be told by a file:
    // with semicolons between its fields it comes from where decimals have a comma.
    found.currency = texts.iter().any(|text| currency_beside(text).is_some());
    let marked = |mark: char| texts.iter().any(|text| digits_of(text).contains(mark));
    let (other, likelier) = match found {
        _ if found.marks() == POINT.marks() && marked('.') && !marked(',') => {
            (POINTS, hints.delimiter == Some(';'))
        }
        _ if found.marks() == COMMA.marks() && !marked('.') => (COMMAS, true),
        _ => return Some(found),
    };
    let told_apart = texts
        .iter()
        .any(|text| found.read(text).is_some() && other.read(text).is_none());
    // A thousand has no zero before it: 0.875 is a fraction.
    let is_fraction = |text: &String| {
        let digits = digits_of(text);
        digits.starts_with("0.") || digits.starts_with("0,")
    };
    if told_apart || texts.iter().any(is_fraction) {
        return Some(found);
    }
    let open = found.marks() != POINT.marks() || hints.delimiter.is_some_and(|mark| mark != ',');
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

/// One way of writing times, with its reader.
struct Candidate {
    format: String,
    reader: coerce::Times,
}

impl Candidate {
    fn new(format: impl Into<String>) -> Self {
        let format = format.into();
        let formats = TimeFormats(vec![format.clone()]);
        Self {
            reader: coerce::Times::new(Some(&formats)),
            format,
        }
    }

    /// The wall or moment, in microseconds since 1970, when its year is one of a history.
    fn read(&self, text: &str) -> Option<i64> {
        const YEARS: std::ops::Range<i64> = -2_208_988_800_000_000..4_133_980_800_000_000;
        let micros = match self.reader.parse(text)? {
            coerce::Written::Wall(micros) | coerce::Written::Moment(micros) => micros,
        };
        YEARS.contains(&micros).then_some(micros)
    }
}

fn times(texts: &[String], timely: bool) -> Option<Times> {
    // What databases write where there is no day is no value.
    let texts: Vec<&String> = texts
        .iter()
        .filter(|text| !coerce::Times::is_nothing(text))
        .collect();
    if texts.is_empty() {
        return None;
    }
    let iso = Candidate::new(ISO);
    let is_iso = |text: &&String| iso.read(text).is_some();
    let isos = share(&texts, is_iso);
    if isos >= MOST {
        return Some(Times {
            written: Written::Iso,
            clock: texts.iter().any(|text| text.len() > 10),
            order: None,
        });
    }
    if let Some(times) = timely.then(|| counted(&texts)).flatten() {
        return Some(times);
    }
    let days = DAYS.iter();
    let tried = days.flat_map(|day| CLOCKS.iter().map(move |clock| format!("{day}{clock}")));
    let tried = tried.chain(OTHERS.iter().map(|&format| format.to_owned()));
    let mut candidates: Vec<Candidate> = tried.map(Candidate::new).collect();
    if isos > 0.0 {
        candidates.push(iso);
    }
    let some: Vec<&&String> = texts
        .iter()
        .step_by(texts.len().div_ceil(60).max(1))
        .collect();
    candidates.retain(|candidate| some.iter().any(|text| candidate.read(text).is_some()));
    // The format that fits the most, then those that fit the most of what is left.
    let mut left = texts.clone();
    let mut chosen: Vec<String> = Vec::new();
    let mut decided: Option<Order> = None;
    while chosen.len() < FORMATS && share_of(left.len(), texts.len()) > 1.0 - MOST {
        let (format, order) = best_format(&left, &candidates)?;
        let candidate = candidates.iter().find(|one| one.format == format)?;
        left.retain(|text| candidate.read(text).is_none());
        chosen.push(format);
        decided = match (decided, order) {
            (Some(Order::Unknown), _) | (_, Some(Order::Unknown)) => Some(Order::Unknown),
            (before, now) => before.or(now),
        };
    }
    if share_of(left.len(), texts.len()) > 1.0 - MOST {
        return None;
    }
    let clock = |format: &String| format == ISO || format.contains("%H") || format.contains("%I");
    Some(Times {
        clock: chosen.iter().any(clock),
        written: Written::Formats(chosen),
        order: decided,
    })
}

/// No column has more ways of writing times than this.
const FORMATS: usize = 4;

fn share_of(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

/// The format that fits the most of these texts, a tenth at least, and what decided between day and
/// month.
fn best_format(texts: &[&String], candidates: &[Candidate]) -> Option<(String, Option<Order>)> {
    let mut fitting: Vec<(f64, &Candidate)> = candidates
        .iter()
        .map(|one| (share(texts, |text| one.read(text).is_some()), one))
        .filter(|(share, _)| *share >= 0.1)
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0));
    let &(best, candidate) = fitting.first()?;
    let format = &candidate.format;
    let turned = turn(format);
    let other = fitting.iter().find(|(_, other)| other.format == turned);
    Some(match other {
        Some(&(share, _)) if share < best => (format.clone(), Some(Order::Shown)),
        Some(&(_, other)) => by_order(texts, candidate, other),
        None if turned != *format && !format.contains(['b', 'B']) && !format.starts_with("%Y") => {
            (format.clone(), Some(Order::Shown))
        }
        None => (format.clone(), None),
    })
}

/// Both readings fit every value: that in which the rows are in order of time is the right one.
fn by_order(texts: &[&String], one: &Candidate, turned: &Candidate) -> (String, Option<Order>) {
    let in_order = |candidate: &Candidate| {
        let moments: Vec<i64> = texts
            .iter()
            .filter_map(|text| candidate.read(text))
            .collect();
        share(&moments.windows(2).collect::<Vec<_>>(), |pair| {
            pair[0] <= pair[1]
        })
    };
    let (as_is, other) = (in_order(one), in_order(turned));
    if texts.len() > 1 && as_is.max(other) >= 0.9 && (as_is - other).abs() > 0.02 {
        let candidate = if as_is > other { one } else { turned };
        return (candidate.format.clone(), Some(Order::Sorted));
    }
    // With points it is the day everywhere; with slashes more of the world writes the day first.
    let day_first = match one.format.starts_with("%d") {
        true => &one.format,
        false => &turned.format,
    };
    let sure = day_first.starts_with("%d.");
    (day_first.clone(), (!sure).then_some(Order::Unknown))
}

/// The same format with day and month in each other's place.
fn turn(format: &str) -> String {
    format
        .replace("%d", "%\0")
        .replace("%m", "%d")
        .replace("%\0", "%m")
}

/// Numbers that are all moments of the last decades, when counted from 1970 or as spreadsheets count
/// days.
fn counted(texts: &[&String]) -> Option<Times> {
    let numbers: Vec<f64> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    let within = |least: f64, most: f64| {
        let good = numbers.iter().filter(|n| (least..most).contains(n));
        share_of(good.count(), texts.len()) >= MOST
    };
    let format = if within(946_684_800.0, 2_208_988_800.0) {
        UNIX
    } else if within(946_684_800_000.0, 2_208_988_800_000.0) {
        UNIX_MILLISECONDS
    } else if share(texts, |text| coerce::looks_like_serial(text)) >= MOST {
        EXCEL
    } else {
        return None;
    };
    Some(Times {
        written: Written::Formats(vec![format.to_owned()]),
        clock: format != EXCEL || numbers.iter().any(|number| number.fract() != 0.0),
        order: None,
    })
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
        let shown = Some(Order::Shown);
        assert_eq!(
            format_of(&["12/1/2010 8:26", "12/13/2010 9:00"]),
            ("%m/%d/%Y %H:%M".into(), shown)
        );
        assert_eq!(
            format_of(&["1/12/2010", "13/12/2010"]),
            ("%d/%m/%Y".into(), shown)
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

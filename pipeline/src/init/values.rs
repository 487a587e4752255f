//! What the values of a column look like: numbers and how they are written, times and their
//! format, keys, labels.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// The share of the values that must fit before a column is called something.
const MOST: f64 = 0.95;

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

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notation {
    /// What stands before the fraction.
    pub decimal: char,
    /// What sets thousands apart.
    pub group: Option<char>,
    /// Whether a currency stands beside the digits.
    pub currency: bool,
}

/// What stands before the decimals and between the thousands of a source's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// A point or a comma.
    pub decimal: char,
    /// A mark, or nothing.
    pub thousands: Option<char>,
}

impl Marks {
    /// The marks that fit all of these columns of text, each with its notation and some of its
    /// values; none if there are none, or if one column contradicts another.
    pub fn of<'a>(columns: impl IntoIterator<Item = (Notation, &'a [String])>) -> Option<Self> {
        let columns: Vec<_> = columns.into_iter().collect();
        let thousands = columns.iter().find_map(|(notation, _)| notation.group);
        let fractions = columns
            .iter()
            .filter(|(notation, examples)| {
                examples.iter().any(|text| text.contains(notation.decimal))
            })
            .map(|(notation, _)| notation.decimal);
        let mut fractions: Vec<char> = fractions.collect();
        fractions.dedup();
        let decimal = match fractions.as_slice() {
            [] => '.',
            [decimal] => *decimal,
            _ => return None,
        };
        let one_group = columns
            .iter()
            .all(|(notation, _)| notation.group.is_none() || notation.group == thousands);
        (one_group && thousands != Some(decimal)).then_some(Self { decimal, thousands })
    }
}

impl Notation {
    /// Digits and a point, as `ingest` reads them.
    pub const PLAIN: Self = Self {
        decimal: '.',
        group: None,
        currency: false,
    };

    /// The value of a text that is written like this.
    pub fn read(self, text: &str) -> Option<f64> {
        let text = text.trim();
        if self.currency {
            let (sign, rest) = match text.strip_prefix('-') {
                Some(rest) => (-1.0, rest),
                None => (1.0, text),
            };
            let plain = Self {
                currency: false,
                ..self
            };
            return Some(sign * plain.read(without_currency(rest))?);
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = match digits.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let exponent = || self == Self::PLAIN && text.parse::<f64>().is_ok_and(f64::is_finite);
        if whole.is_empty() || !fraction.is_none_or(all_digits) {
            return exponent().then(|| text.parse().ok()).flatten();
        }
        let whole = match self.group {
            Some(group) if whole.contains(group) => {
                let mut parts = whole.split(group);
                let first = parts.next()?;
                let good = (1..=3).contains(&first.len()) && parts.all(|part| part.len() == 3);
                good.then(|| whole.replace(group, ""))?
            }
            _ => whole.to_owned(),
        };
        if !all_digits(&whole) {
            return exponent().then(|| text.parse().ok()).flatten();
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        format!(
            "{sign}{whole}.{}",
            fraction.filter(|f| !f.is_empty()).unwrap_or("0")
        )
        .parse()
        .ok()
    }

    /// SQL that reads a text column whose numbers are written like this.
    pub fn sql(self, column: &str) -> String {
        let mut text = column.to_owned();
        if self.currency || matches!(self.group, Some(' ' | '\'' | '\u{a0}' | '\u{202f}')) {
            text = format!("regexp_replace({text}, '[^0-9,.+-]', '', 'g')");
        }
        if let Some(group @ (',' | '.')) = self.group {
            text = format!("replace({text}, '{group}', '')");
        }
        if self.decimal == ',' {
            text = format!("replace({text}, ',', '.')");
        }
        format!("try_cast({text} AS DOUBLE)")
    }

    /// In words.
    pub fn words(self) -> String {
        let mut words = Vec::new();
        if self.decimal == ',' {
            words.push("a decimal comma".to_owned());
        }
        if let Some(group) = self.group {
            let shown = if group.is_whitespace() {
                "blanks".to_owned()
            } else {
                format!("`{group}`")
            };
            words.push(format!("thousands set apart by {shown}"));
        }
        if self.currency {
            words.push("a currency beside the digits".to_owned());
        }
        words.join(", ")
    }
}

/// Signs and codes of currencies that stand beside amounts.
const CURRENCIES: &[&str] = &[
    "US$", "R$", "€", "$", "£", "¥", "￥", "₹", "₽", "₩", "元", "円", "원", "EUR", "USD", "GBP",
    "CHF", "CNY", "RMB", "JPY", "KRW", "INR", "BRL", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN",
    "CZK", "kr", "zł",
];

/// An amount without the currency beside it.
fn without_currency(text: &str) -> &str {
    let bare = |sign: &&str| {
        text.strip_prefix(*sign)
            .or_else(|| text.strip_suffix(*sign))
    };
    CURRENCIES.iter().find_map(bare).unwrap_or(text).trim()
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
    /// In this `strftime` format.
    Format(String),
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
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
    " %H:%M:%S UTC",
    " %H:%M:%S%.f",
    "T%H:%M:%S",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    "%H%M%S",
    " %H.%M",
    " %H时%M分%S秒",
];

/// What the sampled texts of a column look like; they come in the order of the rows. Only where the
/// column's name speaks of time (`timely`) are large whole numbers taken for seconds since 1970:
/// barcodes look alike.
pub fn shape(texts: &[String], timely: bool) -> Shape {
    if texts.is_empty() {
        return Shape::Empty;
    }
    if let Some(times) = times(texts, timely) {
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
    match notation(texts) {
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

fn notation(texts: &[String]) -> Option<Notation> {
    let with = |decimal, group, currency| Notation {
        decimal,
        group,
        currency,
    };
    // Thousands alone ("1,234") look like a fraction of three digits; a fraction of another length decides.
    let fraction = |text: &String| {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        digits
            .rsplit_once(',')
            .is_some_and(|(_, tail)| tail.len() != 3)
    };
    let comma = texts.iter().any(fraction);
    for currency in [false, true] {
        let mut candidates = vec![with('.', None, currency)];
        let points = [Some(','), Some(' '), Some('\''), Some('\u{a0}')]
            .map(|group| with('.', group, currency));
        let commas = [
            None,
            Some('.'),
            Some(' '),
            Some('\u{a0}'),
            Some('\u{202f}'),
            Some('\''),
        ]
        .map(|group| with(',', group, currency));
        if comma {
            candidates.extend(commas.iter().chain(&points));
        } else {
            candidates.extend(points.iter().chain(&commas));
        }
        let fits = |notation: &Notation| share(texts, |text| notation.read(text).is_some()) >= MOST;
        if let Some(found) = candidates.into_iter().find(fits) {
            return Some(found);
        }
    }
    None
}

fn times(texts: &[String], timely: bool) -> Option<Times> {
    let clock_of = |text: &str| text.len() > 10;
    if share(texts, |text| is_iso(text)) >= MOST {
        return Some(Times {
            written: Written::Iso,
            clock: texts.iter().any(|text| clock_of(text)),
            order: None,
        });
    }
    if let Some(times) = timely.then(|| since_1970(texts)).flatten() {
        return Some(times);
    }
    let tried: Vec<String> = DAYS
        .iter()
        .flat_map(|day| CLOCKS.iter().map(move |clock| format!("{day}{clock}")))
        .filter(|format| {
            texts
                .iter()
                .take(20)
                .any(|text| parse(text, format).is_some())
        })
        .collect();
    let mut fitting: Vec<(f64, &String)> = tried
        .iter()
        .map(|format| (share(texts, |text| parse(text, format).is_some()), format))
        .filter(|(share, _)| *share >= MOST)
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0));
    let &(best, format) = fitting.first()?;
    let turned = turn(format);
    let other = fitting.iter().find(|(_, other)| **other == turned);
    let (format, order) = match other {
        Some(&(share, _)) if share < best => (format.clone(), Some(Order::Shown)),
        Some(_) => by_order(texts, format, &turned),
        None if turned != *format && !format.contains(['b', 'B']) && !format.starts_with("%Y") => {
            (format.clone(), Some(Order::Shown))
        }
        None => (format.clone(), None),
    };
    Some(Times {
        clock: format.contains("%H") || format.contains("%I"),
        written: Written::Format(format),
        order,
    })
}

/// Both readings fit every value: that in which the rows are in order of time is the right one.
fn by_order(texts: &[String], format: &str, turned: &str) -> (String, Option<Order>) {
    let in_order = |format: &str| {
        let moments: Vec<NaiveDateTime> = texts
            .iter()
            .filter_map(|text| parse(text, format))
            .collect();
        share(&moments.windows(2).collect::<Vec<_>>(), |pair| {
            pair[0] <= pair[1]
        })
    };
    let (as_is, other) = (in_order(format), in_order(turned));
    if as_is.max(other) >= 0.9 && (as_is - other).abs() > 0.02 {
        let format = if as_is > other { format } else { turned };
        return (format.to_owned(), Some(Order::Sorted));
    }
    // With points it is the day everywhere; with slashes more of the world writes the day first.
    let day_first = if format.starts_with("%d") {
        format
    } else {
        turned
    };
    let sure = day_first.starts_with("%d.");
    (day_first.to_owned(), (!sure).then_some(Order::Unknown))
}

/// The same format with day and month in each other's place.
fn turn(format: &str) -> String {
    format
        .replace("%d", "%\0")
        .replace("%m", "%d")
        .replace("%\0", "%m")
}

/// The moment that a text is in a format, when its year is one of a history.
pub fn parse(text: &str, format: &str) -> Option<NaiveDateTime> {
    let moment = NaiveDateTime::parse_from_str(text, format)
        .ok()
        .or_else(|| {
            NaiveDate::parse_from_str(text, format)
                .ok()?
                .and_hms_opt(0, 0, 0)
        })?;
    (1900..=2100).contains(&moment.year()).then_some(moment)
}

fn is_iso(text: &str) -> bool {
    let Some(day) = text.get(..10) else {
        return false;
    };
    let rest = &text[10..];
    parse(day, "%Y-%m-%d").is_some()
        && day.as_bytes()[7] == b'-'
        && (rest.is_empty() || (rest.starts_with([' ', 'T']) && is_clock_start(&rest[1..])))
}

fn is_clock_start(rest: &str) -> bool {
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == ':'))
        .unwrap_or(rest.len());
    let tail = &rest[end..];
    is_clock(&rest[..end]) && (tail.is_empty() || tail.starts_with(['.', 'Z', 'z', '+', '-']))
}

/// Whole numbers that are all moments of the last decades, when counted from 1970.
fn since_1970(texts: &[String]) -> Option<Times> {
    let within = |least: i64, most: i64| {
        share(texts, |text| {
            text.parse::<i64>()
                .is_ok_and(|n| (least..most).contains(&n))
        }) >= MOST
    };
    let written = if within(946_684_800, 2_208_988_800) {
        Written::Seconds
    } else if within(946_684_800_000, 2_208_988_800_000) {
        Written::Milliseconds
    } else {
        return None;
    };
    Some(Times {
        written,
        clock: true,
        order: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Shape {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        shape(&texts, true)
    }

    fn format_of(texts: &[&str]) -> (String, Option<Order>) {
        match of(texts) {
            Shape::Time(Times {
                written: Written::Format(format),
                order,
                ..
            }) => (format, order),
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
        assert!(matches!(
            of(&["1700000000"]),
            Shape::Time(Times {
                written: Written::Seconds,
                ..
            })
        ));
    }

    #[test]
    fn keys_and_counts_are_no_times() {
        for text in ["12345", "536365", "007", "99999999", "85123A", "C0001"] {
            assert!(!matches!(of(&[text]), Shape::Time(_)), "{text}");
        }
        assert_eq!(shape(&["1700000000".to_owned()], false), Shape::Whole);
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
        };
        assert_eq!(notation(&["2.55", "1e-3"]), Notation::PLAIN);
        assert_eq!(notation(&["2,55", "-1,5"]), with(',', None, false));
        assert_eq!(notation(&["1.234,50", "2,55"]), with(',', Some('.'), false));
        assert_eq!(notation(&["1,234.50", "2.55"]), with('.', Some(','), false));
        assert_eq!(notation(&["1,234", "12"]), with('.', Some(','), false));
        assert_eq!(
            notation(&["€ 1.234,50", "2,55 €"]),
            with(',', Some('.'), true)
        );
        assert_eq!(notation(&["$2.55", "-$1.00", "0"]), with('.', None, true));
        assert_eq!(
            with(',', Some('.'), true).read("-1.234,50 EUR"),
            Some(-1234.5)
        );
        for keys in [
            ["C0001", "C0002"],
            ["85123A", "POST"],
            ["会员001", "会员002"],
            ["S", "XL"],
        ] {
            assert_eq!(of(&keys), Shape::Text);
        }
    }
}

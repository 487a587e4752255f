//! Times of a column: in which formats they are written, and what tells the day from the month.

use super::share::{MOST, share, share_of};
use crate::config::{EXCEL, ISO, TimeFormats, UNIX, UNIX_MILLISECONDS};
use crate::stages::ingest::coerce;

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

/// The times that texts are, if most of them are; `timely` says that large numbers may be.
pub fn times(texts: &[String], timely: bool) -> Option<Times> {
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
    let mut candidates = candidates();
    if isos > 0.0 {
        candidates.push(iso);
    }
    in_formats(&texts, candidates)
}

/// Every order of day and clock that is known.
fn candidates() -> Vec<Candidate> {
    let days = DAYS.iter();
    let tried = days.flat_map(|day| CLOCKS.iter().map(move |clock| format!("{day}{clock}")));
    let tried = tried.chain(OTHERS.iter().map(|&format| format.to_owned()));
    tried.map(Candidate::new).collect()
}

/// The times in the formats that fit the most, one after the other.
fn in_formats(texts: &[&String], mut candidates: Vec<Candidate>) -> Option<Times> {
    let some: Vec<&&String> = texts
        .iter()
        .step_by(texts.len().div_ceil(60).max(1))
        .collect();
    candidates.retain(|candidate| some.iter().any(|text| candidate.read(text).is_some()));
    // The format that fits the most, then those that fit the most of what is left.
    let mut left = texts.to_vec();
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

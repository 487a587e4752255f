//! One column of a file, as far as it was looked at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::datatypes::DataType;

use crate::commands::init::values::{Hints, Notation, Shape, Times, Written, shape};
use crate::contract::no_products::meaning;

/// Texts of a column that are kept to find out how they are written.
const TEXTS: usize = 4_000;
/// Ids that stand for guests, for the till or for nothing.
const NOBODY: &[&str] = &[
    "0",
    "00",
    "0000",
    "-1",
    "null",
    "none",
    "nan",
    "n/a",
    "na",
    "-",
    "guest",
    "gast",
    "anonymous",
    "anonym",
    "unknown",
    "unbekannt",
    "walk-in",
    "walkin",
    "walk-in customer",
    "cash",
    "游客",
    "散客",
];
/// Different values without a digit that are kept.
const WORDED: usize = 200;
/// Values whose occurrences are counted.
const LABELS: usize = 40;

/// One column, as far as it was looked at.
#[derive(Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values look like.
    pub shape: Shape,
    /// Rows with a value.
    pub filled: u64,
    /// Hashes of its values.
    pub values: HashSet<u64>,
    /// Its first different values.
    pub examples: Vec<String>,
    /// How often each value occurs, when there are few.
    pub labels: Option<HashMap<String, u64>>,
    /// The smallest and the largest of the sampled numbers.
    pub span: Option<(f64, f64)>,
    /// Sampled values below zero.
    pub negative: u64,
    /// Whether each row of the file that it was brought from has a value of its own.
    pub once_each: bool,
    /// Whether it names rows of another file alone, or is said once for several rows: nobody's
    /// and nothing's number.
    pub is_link: bool,
    /// By what name it is known, where its own does not say what it holds.
    pub alias: Option<String>,
    /// Values that stand for nobody in many systems, and how often.
    pub nobody: BTreeMap<String, u64>,
    /// Values that say of themselves that they are no product, and how often.
    pub no_products: BTreeMap<String, u64>,
    /// Different values without a digit, and how often each comes; none once they are many.
    pub worded: Option<BTreeMap<String, u64>>,
    /// Hashes of the values of the first rows, 0 where there is none: which values come together.
    first: Vec<u64>,
    /// Values of some rows.
    pub texts: Vec<String>,
    /// The type that the file gives it.
    pub data_type: DataType,
    /// What separates the fields of its file.
    delimiter: Option<char>,
}

impl Column {
    /// One without values yet; `delimiter` is what separates the fields of its file.
    pub fn new(name: &str, data_type: &DataType, delimiter: Option<char>) -> Self {
        Self {
            name: name.to_owned(),
            delimiter,
            shape: Shape::Empty,
            filled: 0,
            values: HashSet::new(),
            examples: Vec::new(),
            labels: Some(HashMap::new()),
            span: None,
            negative: 0,
            once_each: false,
            is_link: false,
            alias: None,
            nobody: BTreeMap::new(),
            no_products: BTreeMap::new(),
            worded: Some(BTreeMap::new()),
            first: Vec::new(),
            texts: Vec::new(),
            data_type: data_type.clone(),
        }
    }

    /// The same for the rows of another file, of which so many have a value.
    pub fn brought(&self, name: String, filled: u64) -> Self {
        Self {
            name,
            filled,
            once_each: self.unique(),
            alias: Some(self.known_as().to_owned()),
            ..self.clone()
        }
    }

    /// What its role is told by.
    pub fn known_as(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// Whether what it says stands in one row of those with the same key, and is left out in the
    /// others: of rows without a value nearly all have a row with one beside them.
    pub fn is_said_once(&self, key: &Column) -> bool {
        let pairs = || {
            self.first
                .iter()
                .zip(&key.first)
                .filter(|(_, key)| **key != 0)
        };
        let with: HashSet<u64> = pairs()
            .filter(|(own, _)| **own != 0)
            .map(|(_, key)| *key)
            .collect();
        let blank: Vec<u64> = pairs()
            .filter(|(own, _)| **own == 0)
            .map(|(_, key)| *key)
            .collect();
        let beside = blank.iter().filter(|key| with.contains(key)).count();
        beside >= 2 && beside * 10 >= blank.len() * 9
    }

    /// Whether rows with the same key say the same, of keys that enough rows have; nothing where
    /// there are too few such keys to tell.
    pub fn repeats_within(&self, key: &Column) -> Option<bool> {
        let mut of_key: HashMap<u64, (u64, u64, bool)> = HashMap::new();
        for (own, key) in self
            .first
            .iter()
            .zip(&key.first)
            .filter(|(_, key)| **key != 0)
        {
            let (first, rows, same) = of_key.entry(*key).or_insert((*own, 0, true));
            *rows += 1;
            *same &= first == own;
        }
        let several: Vec<bool> = of_key
            .into_values()
            .filter(|(_, rows, _)| *rows > 1)
            .map(|(.., same)| same)
            .collect();
        let same = several.iter().filter(|same| **same).count();
        (several.len() >= 10).then_some(same * 20 >= several.len() * 19)
    }

    /// Different values.
    pub fn distinct(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether no value occurs twice, in enough rows to mean something.
    pub fn unique(&self) -> bool {
        self.filled > 1 && self.distinct() == self.filled
    }

    /// Whether its values name rows rather than tell of them. That they all differ is not enough: so
    /// do balances. What counts the rows names them, what is measured with a fraction does not.
    pub fn names_rows(&self) -> bool {
        if !self.unique() {
            return false;
        }
        match (&self.shape, self.span) {
            (Shape::Whole, Some((least, most))) => most - least < 2.0 * self.filled as f64,
            (Shape::Number(_), Some((least, most))) => {
                self.names_things() && most - least < 2.0 * self.filled as f64
            }
            _ => true,
        }
    }

    /// Which share of its values has such a shape for itself, and a few of the others.
    pub fn share_like(&self, good: impl Fn(&Shape) -> bool) -> (f64, Vec<String>) {
        let hints = Hints::of(&self.name, self.delimiter);
        let looked: Vec<&String> = self.texts.iter().take(400).collect();
        let mut others: Vec<String> = Vec::new();
        let mut fitting = 0;
        for text in &looked {
            if good(&shape(std::slice::from_ref(*text), hints)) {
                fitting += 1;
            } else if others.len() < 3 && !others.contains(text) {
                others.push((*text).clone());
            }
        }
        (f64::from(fitting) / looked.len().max(1) as f64, others)
    }

    /// Whether its values can name things: whole numbers and texts.
    pub fn names_things(&self) -> bool {
        // A number with a fraction names nothing, but tools without nullable integers write 13085.0.
        let whole = |notation: Notation| {
            notation == Notation::PLAIN
                && self
                    .texts
                    .iter()
                    .all(|text| text.parse::<f64>().is_ok_and(|n| n.fract() == 0.0))
        };
        match self.shape {
            _ if self.is_link => false,
            Shape::Whole | Shape::Text => true,
            Shape::Number(notation) => whole(notation),
            _ => false,
        }
    }

    /// Whether it is text that has to be read before it can be calculated with.
    pub fn is_text(&self) -> bool {
        matches!(
            self.data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    }

    /// Whether its values can be counted and added up.
    pub fn is_number(&self) -> bool {
        !self.is_link && matches!(self.shape, Shape::Whole | Shape::Number(_))
    }

    /// Whether its values are days or moments.
    pub fn is_time(&self) -> bool {
        !self.is_link && matches!(self.shape, Shape::Time(_))
    }

    /// The share of this column's values that another one has too.
    pub fn found_in(&self, other: &Column) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        let common = self
            .values
            .iter()
            .filter(|value| other.values.contains(value))
            .count();
        common as f64 / self.values.len() as f64
    }

    /// With how many different values of another column each value comes, on average.
    pub fn comes_with(&self, other: &Column) -> f64 {
        let pairs = self.first.iter().zip(&other.first);
        let pairs: HashSet<_> = pairs.filter(|(own, _)| **own != 0).collect();
        let own: HashSet<_> = pairs.iter().map(|(own, _)| own).collect();
        pairs.len() as f64 / own.len().max(1) as f64
    }

    /// Notes the value of the next of the first rows: its hash, or 0 for none.
    pub fn note(&mut self, value: u64) {
        if self.first.len() < TEXTS {
            self.first.push(value);
        }
    }

    /// As if rows without a value had that of the row above, of so many rows.
    pub fn fill_down(&mut self, rows: u64) {
        let mut above = 0;
        for value in &mut self.first {
            match *value {
                0 => *value = above,
                own => above = own,
            }
        }
        self.filled = rows;
    }

    /// Whether the row of this number, among the first, has a value.
    pub fn has(&self, row: usize) -> bool {
        self.first.get(row).is_some_and(|value| *value != 0)
    }

    /// The number of first rows of which is known whether they have a value.
    pub fn known_rows(&self) -> usize {
        self.first.len()
    }

    /// Adds a value; one that is to `keep` is looked at again when all have been seen.
    pub fn add(&mut self, text: &str, keep: bool) {
        self.filled += 1;
        if NOBODY.iter().any(|known| known.eq_ignore_ascii_case(text)) {
            *self.nobody.entry(text.to_owned()).or_default() += 1;
        }
        if let Some(worded) = &mut self.worded
            && !text.bytes().any(|byte| byte.is_ascii_digit())
        {
            *worded.entry(text.to_owned()).or_default() += 1;
            if worded.len() > WORDED {
                self.worded = None;
            }
        }
        // Files with types and without have the same keys, also when those have been floats.
        let whole = |text: &&str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let key = text.strip_suffix(".0").filter(whole).unwrap_or(text);
        let value = hash(&key);
        self.note(value);
        let new = self.values.insert(value);
        if new && self.examples.len() < 3 {
            self.examples.push(text.to_owned());
        }
        if let Some(rows) = self.no_products.get_mut(text) {
            *rows += 1;
        } else if new && meaning(text).is_some() {
            self.no_products.insert(text.to_owned(), 1);
        }
        if let Some(labels) = &mut self.labels {
            *labels.entry(text.to_owned()).or_default() += 1;
            if labels.len() > LABELS {
                self.labels = None;
            }
        }
        if keep && self.texts.len() < TEXTS {
            self.texts.push(text.to_owned());
        }
    }

    fn shape_of_sample(&self) -> Shape {
        let hints = Hints::of(&self.name, self.delimiter);
        let days = ["1899-12-3", "1900-01-0"];
        // A cell with a time of day and no day lies at the beginning of a spreadsheet's calendar.
        let dayless = |text: &String| days.iter().any(|day| text.starts_with(day));
        match &self.data_type {
            _ if self.filled == 0 => Shape::Empty,
            DataType::Boolean => Shape::Flag,
            DataType::Time32(_) | DataType::Time64(_) => Shape::Clock,
            data_type
                if data_type.is_temporal()
                    && !self.texts.is_empty()
                    && self.texts.iter().all(dayless) =>
            {
                Shape::Clock
            }
            data_type if data_type.is_temporal() => Shape::Time(Times {
                written: Written::Iso,
                // Spreadsheets give every day a time; at midnight it says nothing.
                clock: !matches!(data_type, DataType::Date32 | DataType::Date64)
                    && !self.texts.iter().all(|text| text.contains("00:00:00")),
                order: None,
            }),
            _ if hints.timely && self.are_parts_of_a_day() => Shape::Clock,
            data_type if data_type.is_numeric() => {
                let number = match data_type.is_integer() {
                    true => Shape::Whole,
                    false => Shape::Number(Notation::PLAIN),
                };
                match shape(&self.texts, hints) {
                    // A typed number is a time only when it counts from some day.
                    time @ Shape::Time(_) if hints.timely && self.counts_from_a_day(&time) => time,
                    _ => number,
                }
            }
            _ => shape(&self.texts, hints),
        }
    }

    /// Looks at what was sampled.
    pub fn finish(&mut self) {
        self.shape = self.shape_of_sample();
        let notation = match self.shape {
            Shape::Whole => Notation::PLAIN,
            Shape::Number(notation) => notation,
            _ => return,
        };
        for value in self.texts.iter().filter_map(|text| notation.read(text)) {
            let (least, most) = self.span.unwrap_or((value, value));
            self.span = Some((least.min(value), most.max(value)));
            self.negative += u64::from(value < 0.0);
        }
    }
}

impl Column {
    /// Whether the values are times of day as spreadsheets keep them: 0.75 is 18:00.
    fn are_parts_of_a_day(&self) -> bool {
        let part = |text: &String| {
            let value = text.parse::<f64>();
            value.is_ok_and(|value| (0.0..1.0).contains(&value))
        };
        let long = |text: &String| text.len() > 5;
        !self.texts.is_empty() && self.texts.iter().all(part) && self.texts.iter().any(long)
    }

    /// Whether times are counted and not written as digits of a calendar.
    fn counts_from_a_day(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Time(Times {
                written: Written::Formats(formats),
                ..
            }) => formats.iter().all(|format| !format.contains('%')),
            _ => false,
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

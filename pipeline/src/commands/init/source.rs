//! A source of the draft: what becomes of the columns of one file, and what that rests on.

use crate::commands::init::column::Column;
use crate::commands::init::table::Table;
use crate::commands::init::values::{Marks, Shape};
use crate::text::in_english;

/// One file, or files of one shape, as a source.
#[derive(Clone)]
pub struct Source {
    /// Which of the tables that were looked at.
    pub file: usize,
    /// The canonical table.
    pub table: &'static str,
    /// Canonical columns, in the order in which they are written.
    pub picks: Vec<Pick>,
    /// How times are written, when it is not ISO 8601, and what that rests on.
    pub time_format: Option<(Vec<String>, String)>,
    /// The marks of its numbers.
    pub marks: Marks,
    /// The column that names the currency of its amounts.
    pub currency_column: Option<String>,
    /// The currencies of its amounts, those in the most rows first.
    pub currencies: Vec<String>,
    /// What a person has to decide, because the data do not: shown, not only written.
    pub unsure: Vec<String>,
    /// Whether its times are UTC whatever the project's zone.
    pub utc: bool,
    /// Whether many of its rows speak of one thing.
    pub most_frequent: bool,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Values of the customer that stand for guests, and what that rests on.
    pub guests: Option<(Vec<String>, String)>,
    /// Codes of lines that are no products, and what that rests on.
    pub no_products: Option<(Vec<String>, String)>,
    /// Required columns that were not found, with an explanation.
    pub missing: Vec<(&'static str, String)>,
    /// Columns that something is made of, by their place.
    pub used: Vec<usize>,
    /// What it is known by, where another source reads the same files.
    pub name: Option<&'static str>,
    /// Which of its rows are wanted, in SQL and beside what is wanted of the file, and why.
    pub only: Option<(String, String)>,
}

/// One canonical column.
#[derive(Clone)]
pub struct Pick {
    /// Its name, or the attribute's.
    pub name: String,
    /// Where its values come from.
    pub value: Value,
    /// What the guess rests on.
    pub evidence: String,
}

/// Where the values of a canonical column come from.
#[derive(Clone)]
pub enum Value {
    /// A column of the source.
    Column(String),
    /// A column of numbers whose marks are not those of the source.
    Marked(String, Marks),
    /// A column of times that are not written as those of the source are.
    Timed(String, Vec<String>),
    /// A column of text that holds numbers.
    Number(String, Option<Marks>),
    /// Two columns of numbers, multiplied.
    Product([(String, Option<Marks>); 2]),
    /// Purchases and returns, by the sign of a column.
    BySign(String, Option<Marks>),
    /// The same in every row.
    Constant(&'static str),
    /// An expression.
    Sql(String),
}

impl Source {
    /// Columns that nothing is made of.
    pub fn unused<'a>(&self, file: &'a Table) -> Vec<&'a Column> {
        let unused = file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.used.contains(place));
        unused.map(|(_, column)| column).collect()
    }
}

/// What a column holds, in words.
pub fn evidence(column: &Column) -> String {
    let examples: Vec<String> = column.examples.iter().map(|text| short(text)).collect();
    let such = if examples.is_empty() {
        String::new()
    } else {
        format!(", such as {}", examples.join(" | "))
    };
    let notation = match column.shape {
        Shape::Number(notation) if !notation.words().is_empty() => {
            format!(", with {}", notation.words())
        }
        _ => String::new(),
    };
    format!(
        "{} in {}{such}{notation}",
        in_english(column.distinct(), "different value"),
        in_english(column.filled, "row")
    )
}

/// A value that fits into a comment.
pub fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(40)
        .collect();
    if text.chars().count() > 40 {
        format!("{line}...")
    } else {
        line
    }
}

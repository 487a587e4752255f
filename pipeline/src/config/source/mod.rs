//! `[[sources]]`: where history comes from, how it is written, and which of its columns is what.

mod check;
mod database;
mod encoding;
mod format;
mod join;
mod mapping;
mod one_or_several;
mod paths;
mod written;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::check::check;
pub use self::database::{Address, decoded};
pub use self::encoding::Encoding;
pub use self::format::{
    EXCEL, FixedField, Format, ISO, Quote, TimeFormats, UNIX, UNIX_MILLISECONDS,
};
pub use self::join::{Join, JoinKeys, Unmatched};
pub use self::mapping::{Column, Constant, Mapping, ValueType};
pub use self::paths::{Paths, Sheets, without_secrets};
use super::{TimeZone, tables};

/// `[[sources]]`: files, and how their columns become a canonical table.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = tables::columns_by_table)]
pub struct Source {
    /// The canonical table that these rows belong to.
    #[schemars(extend("enum" = tables::names()))]
    pub table: String,
    /// What the source is known by from load to load; by default its first path as written.
    #[serde(default)]
    pub name: Option<String>,
    /// A path, a URL, a glob, a folder, or a list of them; paths are relative to the settings file.
    #[serde(default)]
    pub path: Paths,
    /// A database to ask instead of reading files, such as `"postgresql://user@host:5432/shop"`
    /// or `"sqlite:shop.db"`; its password comes from the environment.
    #[serde(default)]
    pub database: Option<String>,
    /// What the database is asked, in its own SQL.
    #[serde(default)]
    pub query: Option<String>,
    /// The table or view of the database that is read whole, instead of a query.
    #[serde(default)]
    pub relation: Option<String>,
    /// A column of the result that only grows; the next load asks for rows with a greater value.
    #[serde(default)]
    pub watermark: Option<String>,
    /// By default the ending of each file's name tells, failing this its first bytes.
    #[serde(default)]
    pub format: Option<Format>,
    /// What separates the fields of a CSV; by default its first line tells. A blank stands for any
    /// number of blanks and tabs.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// What stands around fields of a CSV that hold delimiters or line breaks.
    #[serde(default)]
    pub quote: Quote,
    /// Whether the first line of a CSV, or the first row of a sheet, names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// The names of the columns where there is no header; by default `column_1` and so on.
    #[serde(default)]
    pub column_names: Vec<String>,
    /// Lines of text, or rows of a sheet, before the header that are not looked at.
    #[serde(default)]
    pub skip_lines: usize,
    /// Lines of text that begin with this are not looked at.
    #[serde(default)]
    pub comment: Option<char>,
    /// Text that stands for "no value", besides nothing at all.
    #[serde(default)]
    pub null_values: Vec<String>,
    /// Where the columns of fixed-width text stand.
    #[serde(default)]
    pub fields: Vec<FixedField>,
    /// The sheet of a spreadsheet, a list of sheets with the same columns, or `"*"` for all of
    /// them; by default the first.
    #[serde(default)]
    pub sheet: Sheets,
    /// How text is encoded; by default a byte order mark tells, and without one it is UTF-8.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How those lines of UTF-8 text are encoded that are no UTF-8; by default they are rejected.
    #[serde(default)]
    pub fallback_encoding: Option<Encoding>,
    /// What stands before the decimals of a number.
    #[serde(default = "point")]
    pub decimal: char,
    /// What stands between the thousands of a number, if anything.
    #[serde(default)]
    pub thousands: Option<char>,
    /// The column that names the currency of a row's amounts, where it does not stand beside them.
    #[serde(default)]
    pub currency_column: Option<String>,
    /// How text writes times, as in `strftime`: one format or several, of which the first that
    /// fits is taken; by default ISO 8601 is understood.
    #[serde(default)]
    pub time_format: Option<TimeFormats>,
    /// The time zone of times that carry none; by default the project's.
    #[serde(default)]
    pub timezone: Option<TimeZone>,
    /// The source's columns that name a row of it: a row that comes again with other values takes
    /// the place of the earlier one. For interactions; the other tables have keys of their own.
    #[serde(default)]
    pub key: Vec<String>,
    /// Columns that the first row of several fills and those below it leave empty, as exports do that
    /// write an order in its first line: rows in which all of them are empty have the values of the
    /// row above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fill_down: Vec<String>,
    /// Values of the customer that stand for nobody in particular, such as `["", "0", "guest"]`:
    /// purchases without an account. They count in baskets, rules and totals, and are nobody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anonymous: Vec<String>,
    /// Whether many rows may speak of one thing, as order lines do of products: of each column the
    /// most frequent value that is not empty is taken. For tables that have a key.
    #[serde(default, skip_serializing_if = "is_no")]
    pub most_frequent: bool,
    /// SQL over the source's columns: only rows for which it is true are loaded; the others are
    /// counted as left out.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Other files or relations whose columns belong to the rows of this source; in the order in
    /// which they are joined, so that one may use a column of those before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<Join>,
    /// Canonical column = source column, constant or SQL expression.
    pub columns: BTreeMap<String, Mapping>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            table: String::new(),
            name: None,
            path: Paths::default(),
            database: None,
            query: None,
            relation: None,
            watermark: None,
            format: None,
            delimiter: None,
            quote: Quote::default(),
            header: true,
            column_names: Vec::new(),
            skip_lines: 0,
            comment: None,
            null_values: Vec::new(),
            fields: Vec::new(),
            sheet: Sheets::default(),
            encoding: None,
            fallback_encoding: None,
            decimal: point(),
            thousands: None,
            currency_column: None,
            time_format: None,
            timezone: None,
            key: Vec::new(),
            fill_down: Vec::new(),
            anonymous: Vec::new(),
            most_frequent: false,
            condition: None,
            join: Vec::new(),
            columns: BTreeMap::new(),
        }
    }
}

impl Source {
    /// What the source is known by from load to load.
    pub fn name(&self) -> String {
        let asked = || self.relation.clone().or_else(|| self.query.clone());
        let address = || match (&self.database, self.path.0.first()) {
            (Some(database), _) => format!("{database}#{}", asked().unwrap_or_default()),
            (None, Some(path)) => without_secrets(path),
            (None, None) => String::new(),
        };
        self.name.clone().unwrap_or_else(address)
    }

    /// The same source for files of its rejected rows, which are CSV with commas and have the
    /// columns of its joins.
    pub fn as_mended(&self) -> Self {
        Self {
            format: Some(Format::Csv),
            delimiter: Some(','),
            quote: Quote::default(),
            header: true,
            column_names: Vec::new(),
            skip_lines: 0,
            comment: None,
            fields: Vec::new(),
            sheet: Sheets::default(),
            encoding: None,
            fallback_encoding: None,
            fill_down: Vec::new(),
            database: None,
            join: Vec::new(),
            ..self.clone()
        }
    }
}

fn is_no(value: &bool) -> bool {
    !value
}

fn yes() -> bool {
    true
}

fn point() -> char {
    '.'
}

impl Column {
    /// The marks of its numbers: before the decimals, and between the thousands. Whoever names the
    /// one for a column says both.
    pub fn marks(&self, source: &Source) -> (char, Option<char>) {
        match (self.decimal, self.thousands) {
            (None, None) => (source.decimal, source.thousands),
            (decimal, thousands) => (decimal.unwrap_or('.'), thousands),
        }
    }
}

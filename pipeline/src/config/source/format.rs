//! How the files of a source are written: the value types of these settings.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::one_or_several::one_or_several;

/// The format of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Text with one record a line and something between the fields.
    Csv,
    /// The same with tabs between the fields.
    Tsv,
    /// Text whose fields stand at the same place in every line.
    FixedWidth,
    /// A JSON object a line, or a JSON array of objects.
    #[serde(rename = "jsonl", alias = "json", alias = "ndjson")]
    JsonLines,
    /// Arrow IPC, as a file (Feather) or a stream.
    #[serde(alias = "feather")]
    Arrow,
    /// A spreadsheet: XLSX, XLSB, XLS or ODS.
    #[serde(alias = "xls", alias = "xlsb", alias = "ods")]
    Xlsx,
}

impl Format {
    /// The name that the settings use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::FixedWidth => "fixed_width",
            Self::JsonLines => "jsonl",
            Self::Arrow => "arrow",
            Self::Xlsx => "xlsx",
        }
    }

    /// Whether every column of such a file is text until the mapping says otherwise.
    pub fn is_untyped(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::FixedWidth)
    }

    /// Whether such a file is text, with lines, an encoding and perhaps compression.
    pub fn is_text(self) -> bool {
        self.is_untyped() || self == Self::JsonLines
    }
}

/// What stands around fields, written as `"'"`; `""` is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote(pub Option<char>);

impl Default for Quote {
    fn default() -> Self {
        Self(Some('"'))
    }
}

impl<'de> Deserialize<'de> for Quote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (quote, None) => Ok(Self(quote)),
            _ => Err(de::Error::custom(
                "a quote is one character, or \"\" for none",
            )),
        }
    }
}

impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.map_or(String::new(), String::from))
    }
}

/// `{ name = "customer", start = 1, width = 8 }`: a column of fixed-width text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedField {
    /// The column's name.
    pub name: String,
    /// The place of its first character in the line; the line begins with 1.
    pub start: usize,
    /// How many characters it takes.
    pub width: usize,
}

/// The name of the time format that is understood without any.
pub const ISO: &str = "iso";
/// The name of the time format that counts seconds since 1970.
pub const UNIX: &str = "unix";
/// The name of the time format that counts milliseconds since 1970.
pub const UNIX_MILLISECONDS: &str = "unix_ms";

/// The name of the time format that counts days as spreadsheets do.
pub const EXCEL: &str = "excel";

/// One time format or several, of which the first that fits is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TimeFormats(pub Vec<String>);

impl fmt::Display for TimeFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}

impl<'de> Deserialize<'de> for TimeFormats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a time format such as \"%d.%m.%Y %H:%M\", or a list of them";
        one_or_several(deserializer, expected).map(Self)
    }
}

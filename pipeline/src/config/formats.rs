//! How the files of a source are written: the value types of these settings, and their checks.

use std::fmt;

use chrono::format::{Item, StrftimeItems};
use encoding_rs::UTF_8;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Mapping, Settings, Source};
use crate::failure::{Failure, Result, nearest};

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

/// A character encoding, written by any of its usual names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(pub &'static encoding_rs::Encoding);

impl Encoding {
    /// Whether text needs no decoding.
    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }
}

/// Names that are offered when one is mistyped.
const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "gbk",
    "gb18030",
    "gb2312",
    "big5",
    "shift_jis",
    "euc-jp",
    "iso-2022-jp",
    "euc-kr",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-7",
    "iso-8859-15",
    "latin1",
    "ascii",
    "koi8-r",
    "koi8-u",
    "macintosh",
];

/// Names by which others call an encoding that the web standard calls otherwise.
const ALIASES: &[(&str, &str)] = &[
    ("utf8-sig", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("utf_8", "utf-8"),
    ("utf16", "utf-16"),
    ("utf-16-le", "utf-16le"),
    ("utf-16-be", "utf-16be"),
    ("cp936", "gbk"),
    ("cp932", "shift_jis"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp874", "windows-874"),
    ("latin-1", "windows-1252"),
];

impl std::str::FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let folded = name.trim().to_ascii_lowercase();
        let label = ALIASES
            .iter()
            .find(|(alias, _)| *alias == folded)
            .map_or(folded.as_str(), |(_, label)| label);
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())
            .map(Encoding)
            .ok_or_else(|| match nearest(&folded, ENCODINGS.iter().copied()) {
                Some(near) => format!("there is no encoding \"{name}\"; did you mean \"{near}\"?"),
                None => format!(
                    "there is no encoding \"{name}\"; known: {}",
                    ENCODINGS.join(", ")
                ),
            })
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
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
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TimeFormats;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time format such as \"%d.%m.%Y %H:%M\", or a list of them")
            }

            fn visit_str<E: de::Error>(self, format: &str) -> Result<TimeFormats, E> {
                Ok(TimeFormats(vec![format.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TimeFormats, A::Error> {
                let mut formats = Vec::new();
                while let Some(format) = seq.next_element()? {
                    formats.push(format);
                }
                Ok(TimeFormats(formats))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Checks what one source says about how its files are written.
pub(super) fn check(settings: &Settings, at: &[&str], source: &Source) -> Result<()> {
    let wrong = |key: &str, problem: String| settings.wrong(&[at, &[key]].concat(), problem);
    one_byte_marks(source, &wrong)?;
    columns_without_header(source, &wrong)?;
    fixed_fields(source, &wrong)?;
    number_marks(source, &wrong)?;
    time_formats(source, &wrong)
}

type Wrong<'a> = &'a dyn Fn(&str, String) -> Failure;

/// Delimiter, quote and comment are single bytes, no two of them the same.
fn one_byte_marks(source: &Source, wrong: Wrong<'_>) -> Result<()> {
    let marks = [
        ("delimiter", source.delimiter, "separate fields"),
        ("quote", source.quote.0, "stand around fields"),
        ("comment", source.comment, "begin comments"),
    ];
    for (at, (key, mark, purpose)) in marks.into_iter().enumerate() {
        let Some(mark) = mark else { continue };
        if !mark.is_ascii() || matches!(mark, '\n' | '\r' | '\0') {
            return Err(
                wrong(key, format!("`{}` cannot {purpose}", mark.escape_default()))
                    .hint("use one ASCII character, such as \",\", \";\" or \"\\t\""),
            );
        }
        if let Some((other, _, _)) = marks[..at]
            .iter()
            .find(|(_, known, _)| *known == Some(mark))
        {
            return Err(
                wrong(key, format!("`{mark}` is the {other} already")).hint("use another one")
            );
        }
    }
    Ok(())
}

fn columns_without_header(source: &Source, wrong: Wrong<'_>) -> Result<()> {
    if source.column_names.is_empty() {
        return Ok(());
    }
    if source.header {
        return Err(wrong(
            "column_names",
            "the header names the columns already".to_owned(),
        )
        .hint("add header = false if there is no header; to skip one that is wrong add skip_lines = 1 too"));
    }
    distinct(
        source.column_names.iter().map(String::as_str),
        "column_names",
        wrong,
    )
}

fn fixed_fields(source: &Source, wrong: Wrong<'_>) -> Result<()> {
    if source.fields.is_empty() && source.format == Some(Format::FixedWidth) {
        return Err(wrong(
            "format",
            "fixed-width text needs to know where its fields stand".to_owned(),
        )
        .hint("add fields = [{ name = \"customer\", start = 1, width = 8 }, ...]"));
    }
    if !source.fields.is_empty() && source.format != Some(Format::FixedWidth) {
        return Err(
            wrong("fields", "this is for fixed-width text alone".to_owned())
                .hint("add format = \"fixed_width\" to this source"),
        );
    }
    for field in &source.fields {
        if field.start == 0 || field.width == 0 || field.start.checked_add(field.width).is_none() {
            return Err(wrong(
                "fields",
                format!(
                    "`{}` cannot start at {} and be {} wide",
                    field.name, field.start, field.width
                ),
            )
            .hint("a line begins at 1, and a field has at least one character"));
        }
    }
    distinct(
        source.fields.iter().map(|field| field.name.as_str()),
        "fields",
        wrong,
    )
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>, key: &str, wrong: Wrong<'_>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(wrong(key, format!("two columns are called `{name}`"))
                .hint("give every column a name of its own"));
        }
    }
    Ok(())
}

fn number_marks(source: &Source, wrong: Wrong<'_>) -> Result<()> {
    let check = |key: &str, decimal: char, thousands: Option<char>| {
        if !matches!(decimal, '.' | ',') {
            return Err(
                wrong(key, format!("`{decimal}` is no decimal mark")).hint("use \".\" or \",\"")
            );
        }
        let Some(thousands) = thousands else {
            return Ok(());
        };
        let known = matches!(
            thousands,
            '.' | ',' | ' ' | '\'' | '_' | '’' | '\u{a0}' | '\u{202f}'
        );
        if !known {
            return Err(
                wrong(key, format!("`{thousands}` is no mark between thousands"))
                    .hint("use \",\", \".\", \" \" or \"'\""),
            );
        }
        if thousands == decimal {
            return Err(wrong(
                key,
                format!("`{thousands}` cannot stand for the decimals too"),
            )
            .hint("give decimal = \",\" with thousands = \".\", or the other way round"));
        }
        Ok(())
    };
    let key = match source.decimal {
        '.' | ',' => "thousands",
        _ => "decimal",
    };
    check(key, source.decimal, source.thousands)?;
    for column in source.columns.values().flat_map(Mapping::columns) {
        if column.decimal.is_some() || column.thousands.is_some() {
            let (decimal, thousands) = column.marks(source);
            check("columns", decimal, thousands)?;
        }
    }
    Ok(())
}

fn time_formats(source: &Source, wrong: Wrong<'_>) -> Result<()> {
    let Some(TimeFormats(formats)) = &source.time_format else {
        return Ok(());
    };
    if formats.is_empty() {
        return Err(
            wrong("time_format", "the list of formats is empty".to_owned())
                .hint("leave it out for times such as 2017-12-31 18:30:00"),
        );
    }
    for format in formats {
        if [ISO, UNIX, UNIX_MILLISECONDS, EXCEL].contains(&format.as_str()) {
            continue;
        }
        let broken = StrftimeItems::new(format).any(|item| matches!(item, Item::Error));
        if broken || !format.contains('%') {
            return Err(wrong("time_format", format!("`{format}` is no time format")).hint(
                "write it as in strftime, such as \"%d.%m.%Y %H:%M\", or one of \"iso\", \"unix\", \"unix_ms\", \"excel\"",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_the_names_that_people_use() {
        for (name, shown) in [
            ("GBK", "gbk"),
            ("cp936", "gbk"),
            ("latin1", "windows-1252"),
            ("Shift-JIS", "shift_jis"),
            ("utf-8-sig", "utf-8"),
            ("UTF-16", "utf-16le"),
        ] {
            assert_eq!(name.parse::<Encoding>().unwrap().to_string(), shown);
        }
        let error = "gb1803".parse::<Encoding>().unwrap_err();
        assert!(error.contains("did you mean \"gb18030\"?"), "{error}");
        for name in ENCODINGS {
            assert!(name.parse::<Encoding>().is_ok(), "{name} is offered");
        }
    }
}

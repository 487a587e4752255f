//! The small value types of the settings, with messages that say how each is written.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{ByteSize, Day, Source, TimeZone};

/// Where the values of a canonical column come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapping {
    /// `amount = "sales_value"` or `customer_id = { column = "id", type = "integer" }`: a column
    /// of the source.
    Column(Column),
    /// `kind = { constant = "purchase" }`: the same value in every row.
    Constant(Constant),
    /// `amount = { product = ["quantity", "price"] }`: two columns of numbers multiplied, each read
    /// as any number of the source is.
    Product([Column; 2]),
    /// `kind = { by_sign = "quantity" }`: `return` where the number in this column is below zero,
    /// else `purchase`.
    BySign(Column),
    /// `channel = { sql = "upper(shop)" }`: an expression over the source's columns.
    Sql(String),
}

impl Mapping {
    /// The columns of the source that it names, unless it is SQL.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Column(column) | Self::BySign(column) => std::slice::from_ref(column),
            Self::Product(factors) => factors,
            Self::Constant(_) | Self::Sql(_) => &[],
        }
    }
}

/// A column of the source; it can be used as its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are; by default the type that the file gives them.
    pub value_type: Option<ValueType>,
    /// What stands before the decimals of its numbers; by default what the source says.
    pub decimal: Option<char>,
    /// What stands between the thousands of its numbers; by default what the source says.
    pub thousands: Option<char>,
}

/// What the values of a source column are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Whole numbers: an id `007` is 7.
    Integer,
    /// Text: an id 7 is `7`, and not the same as `007`.
    Text,
    /// Numbers, with or without decimals: for attributes.
    Number,
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            value_type: None,
            decimal: None,
            thousands: None,
        }
    }
}

impl std::ops::Deref for Column {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

/// A value that every row of a source gets.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Constant {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Text, also for dates and times.
    Text(String),
}

/// A column as it stands in a list: its name, or a table with the name and the marks of its numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Factor {
    Name(String),
    Table(FactorTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorTable {
    column: String,
    decimal: Option<char>,
    thousands: Option<char>,
}

impl From<Factor> for Column {
    fn from(factor: Factor) -> Self {
        match factor {
            Factor::Name(name) => name.as_str().into(),
            Factor::Table(table) => Self {
                decimal: table.decimal,
                thousands: table.thousands,
                ..table.column.as_str().into()
            },
        }
    }
}

const KEYS: &[&str] = &[
    "column",
    "type",
    "decimal",
    "thousands",
    "constant",
    "product",
    "by_sign",
    "sql",
];

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Mapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a column name, { column = \"...\", type = \"...\" }, { constant = ... }, { product = [\"...\", \"...\"] }, { by_sign = \"...\" } or { sql = \"...\" }",
                )
            }

            fn visit_str<E: de::Error>(self, column: &str) -> Result<Mapping, E> {
                Ok(Mapping::Column(column.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut mapping = None;
                let (mut value_type, mut decimal, mut thousands) = (None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    let next = match key.as_str() {
                        "column" => Mapping::Column(map.next_value::<String>()?.as_str().into()),
                        "by_sign" => Mapping::BySign(map.next_value::<String>()?.as_str().into()),
                        "product" => {
                            let factors: Vec<Factor> = map.next_value()?;
                            let factors: Vec<Column> =
                                factors.into_iter().map(Column::from).collect();
                            Mapping::Product(factors.try_into().map_err(|_| {
                                de::Error::custom(
                                    "a product is of two columns: [\"quantity\", \"price\"]",
                                )
                            })?)
                        }
                        "constant" => Mapping::Constant(map.next_value()?),
                        "sql" => Mapping::Sql(map.next_value()?),
                        "type" => {
                            value_type = Some(map.next_value()?);
                            continue;
                        }
                        "decimal" => {
                            decimal = Some(map.next_value()?);
                            continue;
                        }
                        "thousands" => {
                            thousands = Some(map.next_value()?);
                            continue;
                        }
                        other => return Err(de::Error::unknown_field(other, KEYS)),
                    };
                    if mapping.replace(next).is_some() {
                        return Err(de::Error::custom(
                            "give one of `column`, `constant`, `product`, `by_sign` and `sql`, not more",
                        ));
                    }
                }
                let marked = decimal.is_some() || thousands.is_some();
                let with_marks = |column: Column| Column {
                    value_type,
                    decimal,
                    thousands,
                    ..column
                };
                match mapping {
                    Some(Mapping::Column(column)) => Ok(Mapping::Column(with_marks(column))),
                    Some(_) if value_type.is_some() => Err(de::Error::custom(
                        "`type` belongs to a `column`; in SQL write cast(... AS BIGINT) or cast(... AS VARCHAR)",
                    )),
                    Some(Mapping::BySign(column)) => Ok(Mapping::BySign(with_marks(column))),
                    Some(_) if marked => Err(de::Error::custom(
                        "`decimal` and `thousands` belong to a `column`, also within a product: [{ column = \"price\", decimal = \",\" }, ...]",
                    )),
                    Some(mapping) => Ok(mapping),
                    None => Err(de::Error::missing_field("column")),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_plain() {
            true => serializer.serialize_str(&self.name),
            false => self.as_map("column", serializer),
        }
    }
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

    /// Whether nothing is said of it but its name.
    fn is_plain(&self) -> bool {
        self.value_type.is_none() && self.decimal.is_none() && self.thousands.is_none()
    }

    fn as_map<S: Serializer>(&self, key: &'static str, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(key, &self.name)?;
        if let Some(value_type) = &self.value_type {
            map.serialize_entry("type", value_type)?;
        }
        for (key, mark) in [("decimal", self.decimal), ("thousands", self.thousands)] {
            if let Some(mark) = mark {
                map.serialize_entry(key, &mark)?;
            }
        }
        map.end()
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Mapping::Column(column) => column.serialize(serializer),
            Mapping::BySign(column) => column.as_map("by_sign", serializer),
            Mapping::Product(factors) => entry(serializer, "product", factors),
            Mapping::Constant(value) => entry(serializer, "constant", value),
            Mapping::Sql(sql) => entry(serializer, "sql", sql),
        }
    }
}

/// A map of one entry.
fn entry<S: Serializer>(
    serializer: S,
    key: &'static str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// One path or URL or several; each may be a glob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths(pub Vec<String>);

/// The sheets of a spreadsheet that are read; none: the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheets(pub Vec<String>);

impl Sheets {
    /// The one sheet that is read; none where it is the first, or where there are several.
    pub fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [name] if !Self::is_pattern(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a name stands for all that fit it.
    pub fn is_pattern(name: &str) -> bool {
        name.contains(['*', '?'])
    }
}

impl Serialize for Sheets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_none(),
            [name] => serializer.serialize_str(name),
            names => serializer.collect_seq(names),
        }
    }
}

impl<'de> Deserialize<'de> for Sheets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What was recorded of settings without a sheet is null.
        let names = Option::<Paths>::deserialize(deserializer)?;
        Ok(Self(names.unwrap_or_default().0))
    }
}

/// Settings are recorded in the manifest; what is secret in a URL is not.
impl Serialize for Paths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|path| without_secrets(path)))
    }
}

/// A URL without what only its owner should know: the name and password in front of a host, and
/// the query string, where signatures are. Whatever is no URL stays as it is.
pub fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let web = ["http", "https"].contains(&scheme);
    // In the key of an object a question mark is part of a glob.
    let rest = match rest.split_once('?') {
        Some((before, query)) if web || query.contains('=') => before,
        _ => rest,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // `container@account` names a container of Azure; a colon gives a password away.
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if web || user.contains(':') => host,
        _ => authority,
    };
    format!("{scheme}://{host}{path}")
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text such as a path, a glob or a name, or a list of them")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Paths, E> {
                Ok(Paths(vec![path.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Paths, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element()? {
                    paths.push(path);
                }
                Ok(Paths(paths))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} MiB", self.0 >> 20))
    }
}

impl std::str::FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no size; write it as \"512 MiB\" or \"2 GiB\"");
        let text_trimmed = text.trim();
        let digits = text_trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text_trimmed.len());
        let (number, unit) = text_trimmed.split_at(digits);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "mib" | "m" | "mb" => (1u64 << 20) as f64,
            "gib" | "g" | "gb" => (1u64 << 30) as f64,
            _ => return Err(wrong()),
        };
        let bytes = number * unit;
        if bytes < (64u64 << 20) as f64 {
            return Err(format!(
                "`{text}` is too little for queries; give at least 64 MiB"
            ));
        }
        Ok(ByteSize(bytes as u64))
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map(TimeZone).map_err(|_| {
            let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let near = crate::failure::nearest(&name, known)
                .map(|near| format!("; did you mean \"{near}\"?"));
            let hint = near.unwrap_or_else(|| "; write it as \"Europe/Berlin\"".to_owned());
            de::Error::custom(format!("there is no time zone \"{name}\"{hint}"))
        })
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // TOML has dates of its own; they and quoted ones are both understood.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Date(toml::value::Datetime),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Date(date) => date.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
            .map(Day)
            .map_err(|_| format!("`{text}` is no calendar day; write it as 2017-12-31"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (written, shown) in [
            ("sales/2024-*.csv", "sales/2024-*.csv"),
            ("s3://bucket/2024-??.csv", "s3://bucket/2024-??.csv"),
            ("s3://id:key@bucket/x", "s3://bucket/x"),
            ("az://box/x?sv=1&sig=abc", "az://box/x"),
            ("abfs://box@account/x", "abfs://box@account/x"),
            ("https://ann:p@ss@host/x?sig=a/b", "https://host/x"),
            ("https://host?token", "https://host"),
        ] {
            assert_eq!(without_secrets(written), shown, "{written}");
        }
    }
}

//! Where the values of canonical columns come from, as `[sources.columns]` writes it.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::format::TimeFormats;
use crate::config::TimeZone;

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
    /// `occurred_at = { first = ["paid_at", { column = "created_at", time_format = "%d.%m.%Y" }] }`: of
    /// several columns of times the first that is not empty, each read in its own way.
    First(Vec<Column>),
    /// `channel = { sql = "upper(shop)" }`: an expression over the source's columns.
    Sql(String),
}

impl Mapping {
    /// The columns of the source that it names, unless it is SQL.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Column(column) | Self::BySign(column) => std::slice::from_ref(column),
            Self::Product(factors) => factors,
            Self::First(columns) => columns,
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
    /// How its times are written; by default what the source says.
    pub time_format: Option<TimeFormats>,
    /// The time zone of its times that carry none; by default what the source says.
    pub timezone: Option<TimeZone>,
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
            time_format: None,
            timezone: None,
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

/// A column as it stands in a list: its name, or a table with the name and how its numbers or times are
/// written.
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
    time_format: Option<TimeFormats>,
    timezone: Option<TimeZone>,
}

impl From<Factor> for Column {
    fn from(factor: Factor) -> Self {
        match factor {
            Factor::Name(name) => name.as_str().into(),
            Factor::Table(table) => Self {
                decimal: table.decimal,
                thousands: table.thousands,
                time_format: table.time_format,
                timezone: table.timezone,
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
    "time_format",
    "timezone",
    "constant",
    "first",
    "product",
    "by_sign",
    "sql",
];

/// What has been read of a mapping that is written as a table.
#[derive(Default)]
struct Read {
    mapping: Option<Mapping>,
    value_type: Option<ValueType>,
    decimal: Option<char>,
    thousands: Option<char>,
    time_format: Option<TimeFormats>,
    timezone: Option<TimeZone>,
}

impl Read {
    /// Takes the value of the next key.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let next = match key {
            "column" => Mapping::Column(map.next_value::<String>()?.as_str().into()),
            "by_sign" => Mapping::BySign(map.next_value::<String>()?.as_str().into()),
            "product" => {
                let factors: Vec<Factor> = map.next_value()?;
                let factors: Vec<Column> = factors.into_iter().map(Column::from).collect();
                Mapping::Product(factors.try_into().map_err(|_| {
                    de::Error::custom("a product is of two columns: [\"quantity\", \"price\"]")
                })?)
            }
            "first" => {
                let columns: Vec<Factor> = map.next_value()?;
                let columns: Vec<Column> = columns.into_iter().map(Column::from).collect();
                if columns.len() < 2 {
                    return Err(de::Error::custom(
                        "the first is of two columns or more: [\"paid_at\", \"created_at\"]",
                    ));
                }
                Mapping::First(columns)
            }
            "constant" => Mapping::Constant(map.next_value()?),
            "sql" => Mapping::Sql(map.next_value()?),
            "type" => {
                self.value_type = Some(map.next_value()?);
                return Ok(());
            }
            "decimal" => {
                self.decimal = Some(map.next_value()?);
                return Ok(());
            }
            "thousands" => {
                self.thousands = Some(map.next_value()?);
                return Ok(());
            }
            "time_format" => {
                self.time_format = Some(map.next_value()?);
                return Ok(());
            }
            "timezone" => {
                self.timezone = Some(map.next_value()?);
                return Ok(());
            }
            other => return Err(de::Error::unknown_field(other, KEYS)),
        };
        if self.mapping.replace(next).is_some() {
            return Err(de::Error::custom(
                "give one of `column`, `constant`, `first`, `product`, `by_sign` and `sql`, not more",
            ));
        }
        Ok(())
    }

    /// The whole of it.
    fn mapping<E: de::Error>(self) -> Result<Mapping, E> {
        let marked = self.decimal.is_some() || self.thousands.is_some();
        let timed = self.time_format.is_some() || self.timezone.is_some();
        let with_marks = |column: Column| Column {
            value_type: self.value_type,
            decimal: self.decimal,
            thousands: self.thousands,
            time_format: self.time_format,
            timezone: self.timezone,
            ..column
        };
        match self.mapping {
            Some(Mapping::Column(column)) => Ok(Mapping::Column(with_marks(column))),
            Some(_) if self.value_type.is_some() => Err(de::Error::custom(
                "`type` belongs to a `column`; in SQL write cast(... AS BIGINT) or cast(... AS VARCHAR)",
            )),
            Some(_) if timed => Err(de::Error::custom(
                "`time_format` and `timezone` belong to a `column`, also within a list: { first = [{ column = \"paid_at\", time_format = \"%d.%m.%Y\" }, ...] }",
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

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Mapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a column name, { column = \"...\", type = \"...\" }, { constant = ... }, { product = [\"...\", \"...\"] }, { first = [\"...\", \"...\"] }, { by_sign = \"...\" } or { sql = \"...\" }",
                )
            }

            fn visit_str<E: de::Error>(self, column: &str) -> Result<Mapping, E> {
                Ok(Mapping::Column(column.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut read = Read::default();
                while let Some(key) = map.next_key::<String>()? {
                    read.take(&key, &mut map)?;
                }
                read.mapping()
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
    /// Whether nothing is said of it but its name.
    fn is_plain(&self) -> bool {
        self.value_type.is_none()
            && self.decimal.is_none()
            && self.thousands.is_none()
            && !self.has_times()
    }

    /// Whether its times are read in a way of their own.
    pub fn has_times(&self) -> bool {
        self.time_format.is_some() || self.timezone.is_some()
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
        if let Some(formats) = &self.time_format {
            map.serialize_entry("time_format", formats)?;
        }
        if let Some(zone) = &self.timezone {
            map.serialize_entry("timezone", zone)?;
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
            Mapping::First(columns) => entry(serializer, "first", columns),
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

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Flag(flag) => flag.fmt(f),
            Constant::Whole(number) => number.fmt(f),
            Constant::Number(number) => number.fmt(f),
            Constant::Text(text) => text.fmt(f),
        }
    }
}

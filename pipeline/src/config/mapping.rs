//! The small value types of the settings, with messages that say how each is written.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{ByteSize, Day, TimeZone};

/// Where the values of a canonical column come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapping {
    /// `amount = "sales_value"`: a column of the source.
    Column(String),
    /// `kind = { constant = "purchase" }`: the same value in every row.
    Constant(Constant),
    /// `amount = { sql = "price * quantity" }`: an expression over the source's columns.
    Sql(String),
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

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Mapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column name, { constant = ... } or { sql = \"...\" }")
            }

            fn visit_str<E: de::Error>(self, column: &str) -> Result<Mapping, E> {
                Ok(Mapping::Column(column.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mapping = match map.next_key::<String>()?.as_deref() {
                    Some("constant") => Mapping::Constant(map.next_value()?),
                    Some("sql") => Mapping::Sql(map.next_value()?),
                    Some(other) => {
                        return Err(de::Error::unknown_field(other, &["constant", "sql"]));
                    }
                    None => return Err(de::Error::missing_field("constant")),
                };
                match map.next_key::<String>()? {
                    None => Ok(mapping),
                    Some(_) => Err(de::Error::custom(
                        "give one of `constant` and `sql`, not more",
                    )),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match self {
            Mapping::Column(name) => serializer.serialize_str(name),
            Mapping::Constant(value) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("constant", value)?;
                map.end()
            }
            Mapping::Sql(sql) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("sql", sql)?;
                map.end()
            }
        }
    }
}

/// One path or several; each may be a glob.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Paths(pub Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, a glob, or a list of them")
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

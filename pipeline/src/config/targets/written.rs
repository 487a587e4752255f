//! How lists and the values in them are written, with messages that say so.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{ID, Target, Targets};

/// A number for all customers, or SQL, of which a column is the simplest, for each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// The same for all.
    Number(f64),
    /// A column, or an expression over columns.
    Sql(String),
}

/// Who is held back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Control {
    /// This share of the list.
    Share(f64),
    /// As many as it takes to see an effect.
    Sized(Effect),
}

/// What a control group has to show.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// How far the shares that respond lie apart.
    pub effect: f64,
    /// How probable it is to see it.
    #[serde(default = "usual_power")]
    pub power: f64,
    /// The share that would respond without being contacted; by default what the response rates
    /// leave of it.
    #[serde(default)]
    pub base: Option<f64>,
}

fn usual_power() -> f64 {
    0.8
}

/// How many customers of a value there may be: numbers, or shares below 1 of the list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Quota {
    /// So many: no more, and no fewer where there is room.
    Number(f64),
    /// From so many to so many.
    Between(Between),
}

/// The ends of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Between {
    /// So many at least.
    pub least: Option<f64>,
    /// So many at most.
    pub most: Option<f64>,
}

impl Quota {
    /// The number that is asked for, where it is one.
    pub fn wanted(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Between(_) => None,
        }
    }

    /// So many have to be there.
    pub fn least(self) -> Option<f64> {
        match self {
            Self::Number(_) => None,
            Self::Between(between) => between.least,
        }
    }

    /// No more may be there.
    pub fn most(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Between(between) => between.most,
        }
    }
}

/// A file of customers whom no list may contain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suppress {
    /// The file, relative to the settings.
    pub path: String,
    /// The column of the customer's id.
    pub id: String,
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Targets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with lists, [targets.NAME]")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Targets, A::Error> {
                let mut targets = Targets::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "personal" => targets.personal = map.next_value()?,
                        "suppress" => targets.suppress = map.next_value()?,
                        "cap" => targets.cap = map.next_value()?,
                        "budget" => targets.budget = map.next_value()?,
                        _ => {
                            let list = map.next_value::<Target>()?;
                            targets.lists.insert(key, list);
                        }
                    }
                }
                Ok(targets)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a column or SQL as text")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
                Ok(Amount::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount::Number(number as f64))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount::Number(number as f64))
            }

            fn visit_str<E: de::Error>(self, sql: &str) -> Result<Amount, E> {
                Ok(Amount::Sql(sql.to_owned()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Control {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Control;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share such as 0.1, or { effect = 0.02, power = 0.8 }")
            }

            fn visit_f64<E: de::Error>(self, share: f64) -> Result<Control, E> {
                Ok(Control::Share(share))
            }

            fn visit_i64<E: de::Error>(self, share: i64) -> Result<Control, E> {
                Ok(Control::Share(share as f64))
            }

            fn visit_u64<E: de::Error>(self, share: u64) -> Result<Control, E> {
                Ok(Control::Share(share as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Control, A::Error> {
                Effect::deserialize(MapAccessDeserializer::new(map)).map(Control::Sized)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Quota;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number of customers, a share below 1, or { least = 100, most = 0.5 }",
                )
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quota, E> {
                Ok(Quota::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quota, E> {
                Ok(Quota::Number(number as f64))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quota, E> {
                Ok(Quota::Number(number as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Quota, A::Error> {
                Between::deserialize(MapAccessDeserializer::new(map)).map(Quota::Between)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Suppress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            path: String,
            id: Option<String>,
        }
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Suppress;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or { path = \"...\", id = \"column\" }")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Suppress, E> {
                Ok(Suppress {
                    path: path.to_owned(),
                    id: ID.to_owned(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Suppress, A::Error> {
                let Whole { path, id } = Whole::deserialize(MapAccessDeserializer::new(map))?;
                let id = id.unwrap_or_else(|| ID.to_owned());
                Ok(Suppress { path, id })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or a column or SQL over columns of what is known of a customer.",
            "anyOf": [{ "type": "number" }, { "type": "string" }]
        })
    }
}

impl JsonSchema for Control {
    fn schema_name() -> Cow<'static, str> {
        "Control".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A share of the list, or the effect that the control group has to show.",
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
                {
                    "type": "object",
                    "properties": {
                        "effect": {
                            "type": "number",
                            "description": "How far the shares that respond lie apart.",
                            "exclusiveMinimum": 0
                        },
                        "power": {
                            "type": "number",
                            "description": "How probable it is to see it.",
                            "default": usual_power()
                        },
                        "base": {
                            "type": "number",
                            "description": "The share that would respond without being contacted."
                        }
                    },
                    "required": ["effect"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl JsonSchema for Quota {
    fn schema_name() -> Cow<'static, str> {
        "Quota".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = |what: &str| json_schema!({ "type": "number", "exclusiveMinimum": 0, "description": what });
        json_schema!({
            "description": "How many customers of a value there may be: a number, a share below 1 of the list, or both ends.",
            "anyOf": [
                number("So many: no more, and no fewer where there is room."),
                {
                    "type": "object",
                    "properties": {
                        "least": number("So many at least."),
                        "most": number("So many at most.")
                    },
                    "minProperties": 1,
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl JsonSchema for Suppress {
    fn schema_name() -> Cow<'static, str> {
        "Suppress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A CSV or Parquet file of customers whom no list may contain.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "path": { "type": "string" },
                        "id": {
                            "type": "string",
                            "description": "The column of the customer's id.",
                            "default": ID
                        }
                    },
                    "required": ["path"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

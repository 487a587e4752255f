//! The JSON Schema of `regulars.toml`, made from the types and their descriptions, for editors.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::gate::Bound;
use super::{
    ByteSize, Config, Constant, Day, Encoding, JoinKeys, Mapping, Paths, Quote, Sheets,
    TimeFormats, TimeZone, ValueType,
};
use crate::contract::KINDS;

/// The schema of everything that can be written in `regulars.toml`, as JSON text.
///
/// Draft 7, since that is what editors of TOML understand.
pub fn schema() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Config>().to_value();
    without_null(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), json!("regulars.toml"));
    }
    format!("{schema:#}\n")
}

/// TOML has no null: a setting that has no value is left out.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| *choice != json!({ "type": "null" }));
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// The types that read themselves say themselves how they are written.
macro_rules! written_as {
    ($type:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let schema: fn(&mut SchemaGenerator) -> Schema = $schema;
                schema(generator)
            }
        }
    };
}

written_as!(Mapping, "Mapping", |generator| {
    let constant = generator.subschema_for::<Constant>();
    let value_type = generator.subschema_for::<ValueType>();
    let time_format = generator.subschema_for::<TimeFormats>();
    let timezone = generator.subschema_for::<TimeZone>();
    let mark = |about: &str| {
        json!({
            "type": "string",
            "description": about,
            "minLength": 1,
            "maxLength": 1
        })
    };
    json_schema!({
        "description": "Where the values of a column come from: a column of the source, \
            { constant = ... } or { sql = \"...\" }.",
        "anyOf": [
            { "type": "string", "description": "A column of the source." },
            {
                "type": "object",
                "description": "A column of the source, and what its text holds.",
                "properties": {
                    "column": { "type": "string" },
                    "type": value_type,
                    "decimal": mark("What stands before the decimals of its numbers."),
                    "thousands": mark("What stands between the thousands of its numbers."),
                    "time_format": time_format,
                    "timezone": timezone
                },
                "required": ["column"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "description": "Of several columns of times the first that is not empty.",
                "properties": { "first": {
                    "type": "array",
                    "minItems": 2,
                    "items": { "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "properties": {
                                "column": { "type": "string" },
                                "time_format": time_format,
                                "timezone": timezone
                            },
                            "required": ["column"],
                            "additionalProperties": false
                        }
                    ] }
                } },
                "required": ["first"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "description": "Two columns of numbers, multiplied.",
                "properties": { "product": {
                    "type": "array",
                    "minItems": 2,
                    "maxItems": 2,
                    "items": { "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "properties": {
                                "column": { "type": "string" },
                                "decimal": mark("What stands before the decimals of its numbers."),
                                "thousands": mark("What stands between the thousands of its numbers.")
                            },
                            "required": ["column"],
                            "additionalProperties": false
                        }
                    ] }
                } },
                "required": ["product"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "description": "`return` where the number in this column is below zero, else `purchase`.",
                "properties": {
                    "by_sign": { "type": "string" },
                    "decimal": mark("What stands before the decimals of its numbers."),
                    "thousands": mark("What stands between the thousands of its numbers.")
                },
                "required": ["by_sign"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "description": "The same value in every row.",
                "properties": { "constant": constant },
                "required": ["constant"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "description": "An expression over the source's columns.",
                "properties": { "sql": { "type": "string" } },
                "required": ["sql"],
                "additionalProperties": false
            }
        ],
        "examples": [{ "constant": KINDS[0] }]
    })
});

written_as!(Paths, "Paths", |_| json_schema!({
    "description": "A path, a URL, a glob, a folder, or a list of them; paths are relative to the folder of the settings.",
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ]
}));

written_as!(Sheets, "Sheets", |_| json_schema!({
    "description": "The name of a sheet, a list of names, or \"*\" for every sheet; names may hold * and ?.",
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ]
}));

written_as!(JoinKeys, "JoinKeys", |_| json_schema!({
    "description": "The columns whose values say which rows belong together: one name or several \
        that both have, or { column of the source = \"what the join calls it\" }.",
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 }
    ]
}));

written_as!(Encoding, "Encoding", |_| json_schema!({
    "type": "string",
    "description": "An encoding by the name that the web gives it, such as \"gbk\", \"big5\", \
        \"shift_jis\" or \"windows-1252\"."
}));

written_as!(Quote, "Quote", |_| json_schema!({
    "type": "string",
    "description": "One ASCII character, or nothing where fields are never quoted.",
    "maxLength": 1
}));

written_as!(TimeFormats, "TimeFormats", |_| json_schema!({
    "description": "A format of strftime, \"iso\", \"unix\", \"unix_ms\" or \"excel\", or a list of \
        which the first that fits is taken.",
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 }
    ]
}));

written_as!(ByteSize, "ByteSize", |_| json_schema!({
    "type": "string",
    "description": "A number of bytes, such as \"512 MiB\" or \"2 GiB\".",
    "pattern": "^\\s*[0-9.]+\\s*([mM]([iI]?[bB])?|[gG]([iI]?[bB])?)\\s*$"
}));

written_as!(TimeZone, "TimeZone", |_| json_schema!({
    "type": "string",
    "description": "An IANA time zone, such as \"Europe/Berlin\"."
}));

written_as!(Day, "Day", |_| json_schema!({
    "type": "string",
    "description": "A calendar day such as 2024-12-31, quoted or not.",
    "pattern": "^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\\s*$"
}));

written_as!(Bound, "Bound", |generator| {
    let day = generator.subschema_for::<Day>();
    json_schema!({
        "description": "A number, or a calendar day such as 2024-12-31, quoted or not.",
        "anyOf": [{ "type": "number" }, day]
    })
});

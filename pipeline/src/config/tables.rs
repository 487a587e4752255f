//! The canonical tables, as the schema of the settings tells editors of them.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::contract::{ABOUT_ROWS, TABLES};

/// Names of the canonical tables.
pub fn names() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}

/// Names of the canonical tables whose rows have a key.
pub fn with_keys() -> Vec<&'static str> {
    let keyed = TABLES.iter().filter(|table| table.key.is_some());
    keyed.map(|table| table.name).collect()
}

/// Tells which columns each canonical table has, so that an editor offers and explains them.
pub fn columns_by_table(schema: &mut Schema) {
    let rules: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Map<String, Value> = table
                .columns
                .iter()
                .chain(ABOUT_ROWS)
                .map(|column| {
                    let about = json!({ "description": column.about });
                    (column.name.to_owned(), about)
                })
                .collect();
            let required: Vec<&str> = table
                .columns
                .iter()
                .filter(|column| column.required)
                .map(|column| column.name)
                .collect();
            json!({
                "if": {
                    "properties": { "table": { "const": table.name } },
                    "required": ["table"]
                },
                "then": { "properties": { "columns": {
                    "properties": columns,
                    "required": required,
                    "additionalProperties": table.attributes
                } } }
            })
        })
        .collect();
    schema.insert("allOf".into(), rules.into());
}

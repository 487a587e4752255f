//! Customers: which of their columns may be attributes.

use super::Builder;
use crate::commands::init::names::{self, fold};
use crate::commands::init::source::{Value, evidence};
use crate::commands::init::values::Shape;
use crate::contract::DERIVED;
use crate::contract::personal::is_personal;

impl Builder<'_> {
    pub(super) fn customers(&mut self) {
        self.key("customer_id", &names::CUSTOMER);
        self.time("joined_at", &names::JOINED, false);
        self.optional("consent", &names::CONSENT, |column| {
            column.shape == Shape::Flag
                || column.shape == Shape::Whole
                    && column
                        .span
                        .is_some_and(|(least, most)| least >= 0.0 && most <= 1.0)
        });
        for (place, column) in self.file.columns.iter().enumerate() {
            if self.source.used.contains(&place) || is_personal(&fold(&column.name)) {
                continue;
            }
            let some =
                column.distinct() > 1 && !column.names_rows() && !ends_like_a_key(&column.name);
            let label = some
                && column.labels.is_some()
                && matches!(column.shape, Shape::Text | Shape::Whole | Shape::Flag);
            let number = some && column.is_number();
            if label || number {
                let name = attribute(&column.name);
                if self.has(&name) || DERIVED.contains(&name.as_str()) || name.starts_with("__") {
                    continue;
                }
                let value = match number {
                    true => self.number_of(place),
                    false => Value::Column(column.name.clone()),
                };
                let value = match value {
                    // Attributes are text unless their source says that they are numbers.
                    Value::Column(name) if number && column.is_text() => Value::Number(name, None),
                    Value::Marked(name, marks) if column.is_text() => {
                        Value::Number(name, Some(marks))
                    }
                    value => value,
                };
                self.add(&name, value, evidence(column), place);
            }
        }
    }
}

fn ends_like_a_key(name: &str) -> bool {
    let name = fold(name);
    ["id", "code", "zip", "plz", "postcode", "zipcode", "prefix"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// The name of an attribute: that of the column in small letters, joined by underscores.
fn attribute(column: &str) -> String {
    let name: String = column
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    name.trim_matches('_').to_owned()
}

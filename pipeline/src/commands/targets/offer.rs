//! The text of an offer, in which `{column}` stands for what a customer has there.

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::failure::Result;
use crate::text::round;

/// A text with fields.
pub struct Offer(Vec<Part>);

enum Part {
    Text(String),
    Field(String),
}

impl Offer {
    /// Reads a text; `{{` and `}}` stand for the brackets themselves.
    ///
    /// # Errors
    /// In words what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.peek() == Some(&c) => {
                    rest.next();
                    plain.push(c);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some(c) => name.push(c),
                            None => return Err(format!("`{{{name}` is not closed by }}")),
                        }
                    }
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Field(name.trim().to_owned()));
                }
                '}' => return Err("a } closes nothing; write }} for the bracket itself".to_owned()),
                c => plain.push(c),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The columns that it names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The offer for each row; what a customer does not have is left empty.
    pub fn texts(&self, rows: &RecordBatch) -> Result<StringArray> {
        let options = FormatOptions::default();
        let mut texts = vec![String::new(); rows.num_rows()];
        for part in &self.0 {
            match part {
                Part::Text(text) => texts.iter_mut().for_each(|offer| offer.push_str(text)),
                Part::Field(name) => {
                    let Some(column) = rows.column_by_name(name) else {
                        continue;
                    };
                    let shown = ArrayFormatter::try_new(column.as_ref(), &options)?;
                    let number = column.data_type().is_numeric();
                    for (row, offer) in texts.iter_mut().enumerate() {
                        if column.is_valid(row) {
                            let value = shown.value(row).to_string();
                            offer.push_str(&if number { short(&value) } else { value });
                        }
                    }
                }
            }
        }
        Ok(StringArray::from(texts))
    }
}

/// A number as it may stand in a sentence: two digits after the point at most.
fn short(number: &str) -> String {
    match number.contains('.').then(|| number.parse::<f64>()) {
        Some(Ok(value)) => round(value, 2).to_string(),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array};

    use super::*;

    #[test]
    fn fields_are_filled_and_brackets_may_be_meant() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("Ana"), None]));
        let spent: ArrayRef = Arc::new(Float64Array::from(vec![12.3456, 7.0]));
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("name", names, true),
            ("spent", spent, true),
        ])
        .unwrap();
        let offer = Offer::parse("Hello {name}, {{10}} % off {spent }!").unwrap();
        assert_eq!(offer.fields().collect::<Vec<_>>(), ["name", "spent"]);
        let texts = offer.texts(&rows).unwrap();
        assert_eq!(texts.value(0), "Hello Ana, {10} % off 12.35!");
        assert_eq!(texts.value(1), "Hello , {10} % off 7!");
        for wrong in ["{name", "a } b"] {
            assert!(Offer::parse(wrong).is_err(), "{wrong}");
        }
    }
}

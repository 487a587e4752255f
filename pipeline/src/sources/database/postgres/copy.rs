//! The text of `COPY ... TO STDOUT`, and which column each type of PostgreSQL fills.

use std::borrow::Cow;

use crate::sources::database::column::{Column, PLACES};

/// The column for a type of this name, and what is said beyond it (`atttypmod`); whatever is
/// neither number nor time nor flag comes as the text that PostgreSQL shows for it.
pub fn column(type_name: &str, modifier: i32) -> Column {
    match type_name {
        "int2" | "int4" | "int8" | "oid" => Column::whole(),
        "float4" | "float8" => Column::real(),
        "numeric" => Column::exact(places(modifier)),
        "bool" => Column::flag(),
        "date" => Column::day(),
        "timestamp" => Column::moment(false),
        "timestamptz" => Column::moment(true),
        other => Column::text(other == "bpchar"),
    }
}

/// The scale of `numeric(p, s)`: eleven signed bits of the type modifier, which counts from 4.
fn places(modifier: i32) -> i8 {
    if modifier < 4 {
        return PLACES;
    }
    let scale = ((modifier - 4) & 0x7ff) ^ 1024;
    i8::try_from((scale - 1024).clamp(0, 38)).unwrap_or(PLACES)
}

/// A field of a line: nothing for `\N`, else its bytes with the escapes undone.
pub fn field(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if raw == b"\\N" {
        return None;
    }
    if memchr::memchr(b'\\', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    let mut plain = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(&other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_a_numeric_is_in_its_modifier() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(places(modifier(18, 4)), 4);
        assert_eq!(places(modifier(5, 0)), 0);
        assert_eq!(places(modifier(3, -2)), 0);
        assert_eq!(places(-1), PLACES);
    }

    #[test]
    fn escapes_are_undone_and_null_is_not_a_text() {
        let text =
            |raw: &[u8]| field(raw).map(|bytes| String::from_utf8(bytes.into_owned()).unwrap());
        assert_eq!(text(b"\\N"), None);
        assert_eq!(text(b""), Some(String::new()));
        assert_eq!(
            text(b"a\\tb\\nc\\\\d\\\\N"),
            Some("a\tb\nc\\d\\N".to_owned())
        );
    }
}

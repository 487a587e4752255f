//! What a source, or a join of one, says about how its files are written has to fit together.

use std::collections::BTreeSet;

use chrono::format::{Item, StrftimeItems};

use super::{EXCEL, Format, ISO, Mapping, Source, TimeFormats, UNIX, UNIX_MILLISECONDS};
use crate::config::Settings;
use crate::failure::{Failure, Result};

/// Checks what one source says about how its files are written.
pub fn check(settings: &Settings, at: &[&str], source: &Source) -> Result<()> {
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
    let mut seen = BTreeSet::new();
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
    if let Some(formats) = &source.time_format {
        known_formats(formats, "time_format", wrong)?;
    }
    let columns = source.columns.values().flat_map(Mapping::columns);
    let mut formats = columns.filter_map(|column| column.time_format.as_ref());
    formats.try_for_each(|formats| known_formats(formats, "columns", wrong))
}

fn known_formats(TimeFormats(formats): &TimeFormats, key: &str, wrong: Wrong<'_>) -> Result<()> {
    if formats.is_empty() {
        return Err(wrong(key, "the list of formats is empty".to_owned())
            .hint("leave it out for times such as 2017-12-31 18:30:00"));
    }
    for format in formats {
        if [ISO, UNIX, UNIX_MILLISECONDS, EXCEL].contains(&format.as_str()) {
            continue;
        }
        let broken = StrftimeItems::new(format).any(|item| matches!(item, Item::Error));
        if broken || !format.contains('%') {
            return Err(wrong(key, format!("`{format}` is no time format")).hint(
                "write it as in strftime, such as \"%d.%m.%Y %H:%M\", or one of \"iso\", \"unix\", \"unix_ms\", \"excel\"",
            ));
        }
    }
    Ok(())
}

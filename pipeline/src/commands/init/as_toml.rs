//! Pieces of settings as text: strings, keys, comments, and how a file is laid out.

use std::fmt::Write as _;

use crate::commands::init::structure::Structure;

/// One comment line; whatever would end it early is replaced.
pub fn comment(text: &mut String, line: &str) {
    let line: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let _ = writeln!(text, "# {line}");
}

/// A string as TOML writes it: in single quotes where that spares escapes.
pub fn toml_text(text: &str) -> String {
    let awkward = text.contains(['"', '\\']);
    if awkward && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(written, "\\u{:04X}", u32::from(c));
            }
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

/// A list of strings.
pub fn toml_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| toml_text(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A list of strings, or the string alone where there is one.
pub fn one_or_list(texts: &[String]) -> String {
    match texts {
        [text] => toml_text(text),
        texts => toml_list(texts),
    }
}

/// A key as TOML writes it.
pub fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        toml_text(name)
    }
}

/// The settings that say how a file is laid out.
pub fn laid_out(structure: &Structure, column_names: &[String]) -> String {
    let mut text = String::new();
    if let Some(delimiter) = structure.delimiter {
        let delimiter = toml_text(&delimiter.to_string());
        text.push_str(&format!("delimiter = {delimiter}\n"));
    }
    if structure.skip_lines > 0 {
        text.push_str(&format!("skip_lines = {}\n", structure.skip_lines));
    }
    if !structure.fields.is_empty() {
        let fields = structure.fields.iter().enumerate();
        let fields = fields.map(|(place, (name, start, width))| {
            let name = toml_text(column_names.get(place).unwrap_or(name));
            format!("    {{ name = {name}, start = {start}, width = {width} }},\n")
        });
        text.push_str(&format!("fields = [\n{}]\n", fields.collect::<String>()));
    } else if structure.headless {
        text.push_str("header = false\n");
        if !column_names.is_empty() {
            text.push_str(&format!("column_names = {}\n", toml_list(column_names)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives_toml() {
        for text in [
            "plain",
            "it's",
            "say \"so\"",
            "both ' and \"",
            "back\\slash",
            "tab\t and \u{7}",
            "客户编号",
            "",
        ] {
            let read: toml::Table = format!("{} = {}", toml_key(text), toml_text(text))
                .parse()
                .unwrap();
            assert_eq!(read[text].as_str(), Some(text));
        }
    }
}

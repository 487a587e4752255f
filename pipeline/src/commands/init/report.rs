//! What was found, for whoever typed the command.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::commands::init::draft::Draft;
use crate::commands::init::guess::Guess;
use crate::commands::init::source::{Source, Value};
use crate::commands::init::table::Table;
use crate::text::in_english;

/// For the terminal.
pub fn in_words(files: &[Table], guess: &Guess, out: &Path, runs: bool) -> String {
    let mut text = format!(
        "{} for {}\n",
        out.display(),
        in_english(files.len() as u64, "source")
    );
    for source in &guess.sources {
        let file = &files[source.file];
        columns_in_words(&mut text, file, source);
        notes_in_words(&mut text, file, source);
    }
    for left in &guess.left {
        text.push_str(&format!("\nnot used: {}\n", files[left.file].in_words()));
        for why in &left.why {
            text.push_str(&format!("  {why}\n"));
        }
    }
    if let Some(label) = &guess.label {
        text.push_str(&format!(
            "\n[churn] label = \"{}\": churn is learned from it\n",
            label.name
        ));
    }
    if let Some(why) = &guess.unusable {
        text.push_str(&format!("\n{why}\n"));
    }
    if let Some((share, why)) = &guess.rejects {
        text.push_str(&format!("\nmax_reject_share = {share}: {why}\n"));
    }
    if let Some(why) = &guess.copies {
        text.push_str(&format!("\nduplicates = \"keep\": {why}\n"));
    }
    if let Some(why) = &guess.cancelled {
        text.push_str(&format!("\ncancelled = \"undo\": {why}\n"));
    }
    if runs {
        text.push_str(&format!(
            "\nNEXT\n  set timezone and currency under [project] in {0}, then\n  regulars check -c {0}\n  regulars run -c {0}\n",
            out.display()
        ));
    }
    text
}

/// A source, what it is joined with, and its columns.
fn columns_in_words(text: &mut String, file: &Table, source: &Source) {
    let least = if file.whole { "" } else { "at least " };
    text.push_str(&format!(
        "\n{} = {}{}, {least}{}\n",
        source.table,
        file.paths[0],
        match file.paths.len() {
            1 => String::new(),
            paths => format!(" and {}", in_english(paths as u64 - 1, "other file")),
        },
        in_english(file.rows, "row"),
    ));
    if !file.sheets.is_empty() {
        let noun = if file.sheets.len() == 1 {
            "sheet"
        } else {
            "sheets"
        };
        text.push_str(&format!("  {noun}: {}\n", file.sheets.join(", ")));
    }
    for join in &file.joins {
        text.push_str(&format!(
            "  joined with {} by {}\n",
            join.file.paths[0], join.on.0
        ));
    }
    let names = source.picks.iter().map(|pick| pick.name.chars().count());
    let width = names.max().unwrap_or(0).max(13);
    for pick in &source.picks {
        text.push_str(&format!(
            "  {:<width$} {}\n",
            pick.name,
            value_in_words(&pick.value)
        ));
    }
    for (name, why) in &source.missing {
        text.push_str(&format!("  {name:<width$} MISSING: {why}\n"));
    }
}

/// What else a person should know about a source.
fn notes_in_words(text: &mut String, file: &Table, source: &Source) {
    if let Some((words, why)) = &source.guests {
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        text.push_str(&format!("  anonymous = [{}]: {why}\n", words.join(", ")));
    }
    if let Some((_, why)) = &source.no_products {
        text.push_str(&format!("  exclude under [rules] and [offers]: {why}\n"));
    }
    if let Some((formats, why)) = &source.time_format {
        let formats = formats.join(" or ");
        text.push_str(&format!("  times are {formats}: {why}\n"));
    }
    if let Some((lines, _)) = file.not_utf8 {
        text.push_str(&format!(
            "  {} looked at {} no UTF-8; see the draft\n",
            in_english(lines, "line"),
            if lines == 1 { "is" } else { "are" }
        ));
    }
    for unsure in &source.unsure {
        text.push_str(&format!("  {unsure}\n"));
    }
    let unused: Vec<&str> = source
        .unused(file)
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    if !unused.is_empty() {
        text.push_str(&format!("  not used: {}\n", unused.join(", ")));
    }
}

fn value_in_words(value: &Value) -> String {
    match value {
        Value::Column(name)
        | Value::Marked(name, _)
        | Value::Number(name, _)
        | Value::Timed(name, _) => name.clone(),
        Value::Product([(first, _), (second, _)]) => format!("{first} times {second}"),
        Value::BySign(name, _) => format!("purchase, or return where {name} is below zero"),
        Value::Constant(constant) => format!("always {constant}"),
        Value::Sql(sql) => sql.clone(),
    }
}

/// The same as JSON.
pub fn as_json(files: &[Table], guess: &Guess, draft: &Draft, out: &Path) -> Json {
    let sources: Vec<Json> = guess
        .sources
        .iter()
        .map(|source| source_as_json(&files[source.file], source))
        .collect();
    let left: Vec<Json> = guess
        .left
        .iter()
        .map(|left| json!({ "paths": files[left.file].paths, "why": left.why }))
        .collect();
    let missing: Vec<Json> = draft
        .missing
        .iter()
        .map(|(line, name)| json!({ "line": line, "column": name }))
        .collect();
    json!({
        "settings": out.display().to_string(),
        "sources": sources,
        "left": left,
        "missing": missing,
        "label": guess.label.as_ref().map(|label| &label.name),
        "lacks": guess.lacks,
        "cancelled": guess.cancelled.as_ref().map(|_| "undo"),
        "max_reject_share": guess.rejects.as_ref().map(|(share, _)| share),
    })
}

fn source_as_json(file: &Table, source: &Source) -> Json {
    let columns: Map<String, Json> = source
        .picks
        .iter()
        .map(|pick| {
            let (from, what) = match &pick.value {
                Value::Column(name)
                | Value::Marked(name, _)
                | Value::Number(name, _)
                | Value::Timed(name, _) => ("column", json!(name)),
                Value::Product(factors) => {
                    let names = factors.each_ref().map(|(name, _)| name);
                    ("product", json!(names))
                }
                Value::BySign(name, _) => ("by_sign", json!(name)),
                Value::Constant(constant) => ("constant", json!(constant)),
                Value::Sql(sql) => ("sql", json!(sql)),
            };
            (
                pick.name.clone(),
                json!({ from: what, "evidence": pick.evidence }),
            )
        })
        .collect();
    let unused: Vec<&str> = source
        .unused(file)
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    json!({
        "table": source.table,
        "paths": file.paths,
        "sheets": file.sheets,
        "joins": file.joins.iter().map(|join| json!({
            "paths": join.file.paths,
            "on": { join.on.0.as_str(): join.on.1 },
        })).collect::<Vec<Json>>(),
        "rows": file.rows,
        "all_rows": file.whole,
        "time_format": source.time_format.as_ref().map(|(formats, _)| match formats.as_slice() {
            [format] => json!(format),
            formats => json!(formats),
        }),
        "columns": columns,
        "unused": unused,
        "notes": source.unsure.iter().chain(&source.notes).collect::<Vec<_>>(),
    })
}

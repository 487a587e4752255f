//! `init`: a first `regulars.toml` for files that nobody has described yet.
//!
//! `structure` finds out how a file is laid out, `headless` names columns that have no name, `probe` reads samples, `values` says how they are written, `names` what columns are
//! called, `guess` and `source` put both together, and `draft` writes it down with its reasons.

mod draft;
mod exports;
mod guess;
mod headless;
mod names;
mod pairs;
mod probe;
mod source;
mod structure;
mod values;

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use self::draft::Draft;
use self::guess::{Guess, Value};
use self::probe::{Probe, Table};
use crate::cli::Init;
use crate::config::{Engine as EngineSettings, Settings};
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::replace;
use crate::run::use_threads;
use crate::temporary;
use crate::text::{plural, print};

/// Looks at the files and writes the draft.
///
/// # Errors
/// Settings that are there already; files that cannot be read; a draft that lacks something
/// required, which is written all the same.
pub fn run(args: &Init) -> Result<()> {
    let out = args.out.as_path();
    if out.exists() && !args.force {
        return Err(
            Failure::settings(format!("{} is there already", out.display()))
                .hint("choose another file with --out, or overwrite it with --force"),
        );
    }
    let scratch = tempfile::tempdir().during("making a temporary folder")?;
    temporary::folder(scratch.path());
    let limit = EngineSettings::default().memory_limit.0;
    let engine = Engine::new(scratch.path(), use_threads(None), limit)?;
    let probe = Probe {
        engine: &engine,
        spool: &scratch.path().join("sources"),
    };
    let files = probe.tables(&args.files, out)?;
    if let Some(empty) = files.iter().find(|file| file.rows == 0) {
        return Err(Failure::data(format!("{} has no rows", empty.shown()))
            .hint("a guess needs rows below the header; leave this file out"));
    }
    let files = pairs::joined(files);
    let guess = guess::guess(&files);
    let draft = draft::write(&files, &guess);
    if draft.missing.is_empty() {
        // The draft is read as any settings are, so that nothing is written that cannot be.
        Settings::from_text(draft.text.clone(), out.to_owned(), "".into()).map_err(|failure| {
            Failure::machine(format!(
                "this is a fault of regulars, please report it: the draft is wrong: {}",
                failure.message
            ))
        })?;
    }
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    replace(out, &draft.text)?;
    if args.json {
        print(&format!("{:#}\n", as_json(&files, &guess, &draft, out)));
    } else {
        let whole = draft.missing.is_empty() && guess.lacks.is_empty();
        print(&in_words(&files, &guess, out, whole));
    }
    if let Some(why) = guess.lacks.first() {
        return Err(Failure::data(format!("the draft cannot run: {why}")).hint(
            "add a file of what customers did, or one that says of each who left and who stayed",
        ));
    }
    if draft.missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = draft
        .missing
        .iter()
        .map(|(line, name)| format!("{}:{line}: {name}", out.display()))
        .collect();
    Err(Failure::data(format!(
        "the draft lacks what is required:\n  {}",
        lines.join("\n  ")
    ))
    .hint("name the columns in these lines; if the files have none, see the notes in the draft"))
}

fn in_words(files: &[Table], guess: &Guess, out: &Path, runs: bool) -> String {
    let mut text = format!(
        "{} for {}\n",
        out.display(),
        plural(files.len() as u64, "source")
    );
    for source in &guess.sources {
        let file = &files[source.file];
        let least = if file.whole { "" } else { "at least " };
        text.push_str(&format!(
            "\n{} = {}{}, {least}{}\n",
            source.table,
            file.paths[0],
            match file.paths.len() {
                1 => String::new(),
                paths => format!(" and {}", plural(paths as u64 - 1, "other file")),
            },
            plural(file.rows, "row"),
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
            text.push_str(&format!("  {:<width$} {}\n", pick.name, shown(&pick.value)));
        }
        for (name, why) in &source.missing {
            text.push_str(&format!("  {name:<width$} MISSING: {why}\n"));
        }
        if let Some((words, why)) = &source.guests {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            text.push_str(&format!("  anonymous = [{}]: {why}\n", words.join(", ")));
        }
        if let Some((formats, why)) = &source.time_format {
            let formats = formats.join(" or ");
            text.push_str(&format!("  times are {formats}: {why}\n"));
        }
        if let Some((lines, _)) = file.not_utf8 {
            text.push_str(&format!(
                "  {} looked at {} no UTF-8; see the draft\n",
                plural(lines, "line"),
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
    for left in &guess.left {
        text.push_str(&format!("\nnot used: {}\n", files[left.file].shown()));
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
    if runs {
        text.push_str(&format!(
            "\nNEXT\n  set timezone and currency under [project] in {0}, then\n  regulars check -c {0}\n  regulars run -c {0}\n",
            out.display()
        ));
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Column(name) | Value::Marked(name, _) | Value::Number(name, _) => name.clone(),
        Value::Product([(first, _), (second, _)]) => format!("{first} times {second}"),
        Value::BySign(name, _) => format!("purchase, or return where {name} is below zero"),
        Value::Constant(constant) => format!("always {constant}"),
        Value::Sql(sql) => sql.clone(),
    }
}

fn as_json(files: &[Table], guess: &Guess, draft: &Draft, out: &Path) -> Json {
    let sources: Vec<Json> = guess
        .sources
        .iter()
        .map(|source| {
            let file = &files[source.file];
            let columns: Map<String, Json> = source
                .picks
                .iter()
                .map(|pick| {
                    let (from, what) = match &pick.value {
                        Value::Column(name)
                        | Value::Marked(name, _)
                        | Value::Number(name, _) => ("column", json!(name)),
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
        })
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
        "max_reject_share": guess.rejects.as_ref().map(|(share, _)| share),
    })
}

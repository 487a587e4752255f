//! `regulars forget`: a customer is erased from the warehouse and from every file of the output
//! folder, whether a run has written it or not.

mod mentions;
mod tables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::Forget;
use crate::commands::demo::demo_folder;
use crate::commands::forget::mentions::Words;
use crate::commands::forget::tables::{Found, look};
use crate::commands::profile;
use crate::failure::{During, Failure, Result};
use crate::outputs::interrupt;
use crate::outputs::lock::{Lock, usable};
use crate::outputs::manifest::{FILE_NAME, Manifest, missing_stage};
use crate::outputs::{FileEntry, digest, rewrite};
use crate::registry::{FOLDER as KEPT, MODEL, TESTED};
use crate::stages::ingest::gates::GateResult;
use crate::stages::{ingest, segment};
use crate::text::plural;
use crate::warehouse::FOLDER;
use crate::warehouse::forget::forget;
use crate::warehouse::forget_key::Key;
use crate::warning::FAILED_GATE;
use crate::words::said;
use crate::workbench::Workbench;

/// Memory for what the erasure needs: nothing is queried.
const MEMORY: u64 = 256 << 20;

/// What is to be done with a file.
struct Task {
    entry: FileEntry,
    /// Whether a run has written it.
    known: bool,
    /// Whether it is a table whose columns are called as ours.
    ours: bool,
    todo: Todo,
}

/// How a customer leaves a file.
enum Todo {
    /// It is written without so many rows.
    Rewrite(u64),
    /// It goes, and why.
    Remove(&'static str),
}

/// Erases a customer and prints where something of theirs was.
///
/// It can be repeated, whenever it was cut off: what the manifest names is whole at any moment, and
/// what it does not name is looked at too.
pub fn run(args: &Forget) -> Result<()> {
    let out = args.output.out.as_path();
    let customer = args.customer.trim();
    if customer.is_empty() {
        return Err(
            Failure::settings("the customer's id is empty").hint("name it as the warehouse has it")
        );
    }
    usable(out)?;
    if !out.join(FOLDER).is_dir() {
        return Err(missing_stage(out, ingest::NAME, "warehouse/interactions"));
    }
    let lock = Lock::take(out, "forget", args.patience.wait, false)?;
    // A load that was cut off may have rows of the customer among its rejects: they get their names.
    let mut bench = Workbench::open(lock, None, MEMORY, false)?;
    let manifest = &mut bench.manifest;
    interrupt::whole("what was erased until now stays erased");
    let tables = forget(&bench.engine, out, customer)?.into_iter();
    let mut erased: Vec<String> = tables
        .map(|of| {
            let (rows, files) = (plural(of.rows, "row"), plural(of.files as u64, "file"));
            match of.mentions {
                0 => tr!(
                    "warehouse/{table}: {rows} in {files}",
                    table = of.table,
                    rows = rows,
                    files = files
                ),
                cells => tr!(
                    "warehouse/{table}: {rows} and {attributes} of others that named them in {files}",
                    table = of.table,
                    rows = rows,
                    attributes = plural(cells, "attribute"),
                    files = files
                ),
            }
        })
        .collect();
    if without_examples(manifest) {
        erased.push(tr!(
            "{file}: examples of the quality gates",
            file = FILE_NAME
        ));
    }
    erased.extend(from_files(manifest, out, customer)?);
    // Lists may have been written with what stands for the id.
    if let Some(key) = Key::read()? {
        erased.extend(from_files(manifest, out, &key.pseudonym(customer))?);
    }
    println!(
        "{}",
        tr!("Forgotten, with every earlier state of the warehouse:")
    );
    for line in erased {
        println!("  {}", crate::text::visible(&line));
    }
    println!(
        "{}",
        tr!(
            "Left: the sources, which are yours; rows of this customer in them are not loaded again.\n\
         A row of somebody else that names them as a friend would does so again when its source is loaded again.\n\
         Whoever loads needs the key of the list of forgotten customers, which does not lie beside it.\n\
         What is left of models and rules holds no rows, but was learned with them: regulars run learns without."
        )
    );
    Ok(())
}

/// Takes an id out of the manifest and of every file of the output folder; says what was done.
fn from_files(manifest: &mut Manifest, out: &Path, customer: &str) -> Result<Vec<String>> {
    let words = Words::of(customer);
    let tasks = tasks(manifest, out, customer, &words)?;
    // First the manifest without them: what it names is whole, also when this is cut off.
    let paths: BTreeSet<&str> = tasks.iter().map(|task| task.entry.path.as_str()).collect();
    manifest
        .files
        .retain(|entry| !paths.contains(entry.path.as_str()));
    without_words(manifest, &words);
    let has_manifest = out.join(FILE_NAME).is_file();
    if has_manifest {
        manifest.write(out)?;
    }
    let mut erased = Vec::with_capacity(tasks.len());
    for task in tasks {
        erased.push(task.sentence());
        manifest.files.extend(task.finish(out, customer, &words)?);
    }
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    if has_manifest {
        manifest.write(out)?;
    }
    Ok(erased)
}

/// What is to be done with the files of the output folder, for all in which something was found.
fn tasks(manifest: &Manifest, out: &Path, customer: &str, words: &Words) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let files = every_file(out, manifest)?;
    // Texts of a kept model have numbers and no ids, which a number could be taken for.
    let number = customer.parse::<i64>().is_ok();
    for (entry, known) in files.iter().cloned() {
        if !known && is_source(manifest, out, &entry.path)? {
            continue;
        }
        // Rejected rows have the columns of their source.
        let ours = known && !entry.path.starts_with("rejects/");
        let path = out.join(&entry.path);
        let todo = match held(&entry, &path) {
            Some(why) => Todo::Remove(why),
            None if number && (kept_model(&entry.path).is_some() || segments(&entry)) => continue,
            None => match look(&path, ours, customer, words)? {
                Found::Nothing => continue,
                Found::Rows(_, rows) => Todo::Rewrite(rows),
                Found::Gone(why) => Todo::Remove(why),
            },
        };
        tasks.push(Task {
            entry,
            known,
            ours,
            todo,
        });
    }
    tasks.extend(rest_of_models(&tasks, files));
    Ok(tasks)
}

/// Whether a file holds segments: numbers, and no ids of customers either.
fn segments(entry: &FileEntry) -> bool {
    entry.stage == segment::NAME && entry.path.ends_with(".json")
}

/// The version of a kept model that a file belongs to, as its folder.
fn kept_model(path: &str) -> Option<&str> {
    let (folder, _) = path.rsplit_once('/')?;
    (path.starts_with(&format!("{KEPT}/")) && folder.matches('/').count() == 2).then_some(folder)
}

/// A kept model is whole or not there: where one file of a version goes, the others go too.
fn rest_of_models(tasks: &[Task], files: Vec<(FileEntry, bool)>) -> Vec<Task> {
    let gone: BTreeSet<&str> = tasks
        .iter()
        .filter_map(|task| kept_model(&task.entry.path))
        .collect();
    let going = |path: &str| tasks.iter().any(|task| task.entry.path == path);
    let rest = files.into_iter().filter(|(entry, _)| {
        kept_model(&entry.path).is_some_and(|folder| gone.contains(folder)) && !going(&entry.path)
    });
    rest.map(|(entry, known)| Task {
        entry,
        known,
        ours: false,
        todo: Todo::Remove(mark!("it belongs to a model that is removed")),
    })
    .collect()
}

impl Task {
    fn sentence(&self) -> String {
        let path = &self.entry.path;
        match (&self.todo, self.known) {
            (Todo::Rewrite(rows), _) => format!("{path}: {}", plural(*rows, "row")),
            (Todo::Remove(why), true) => tr!(
                "{file}: removed, since {why}; run {stage} again",
                file = path,
                why = said(why),
                stage = self.entry.stage
            ),
            (Todo::Remove(why), false) => {
                tr!("{file}: removed, since {why}", file = path, why = said(why))
            }
        }
    }

    /// Does it; what the file is now, if the manifest is to name it.
    fn finish(self, out: &Path, customer: &str, words: &Words) -> Result<Option<FileEntry>> {
        let path = out.join(&self.entry.path);
        if let Todo::Rewrite(_) = self.todo
            && let Found::Rows(table, _) = look(&path, self.ours, customer, words)?
        {
            let entry = rewrite(out, &self.entry, &table)?;
            return Ok(self.known.then_some(entry));
        }
        std::fs::remove_file(&path).during(path.display())?;
        if let Some(folder) = kept_model(&self.entry.path) {
            let _ = std::fs::remove_dir(out.join(folder)); // with the last file of the version
        }
        Ok(None)
    }
}

/// Whether a file below the output folder is a source of the last load, or the settings: both are the
/// user's. The sample of the demo is ours, and is written anew by the next one.
fn is_source(manifest: &Manifest, out: &Path, name: &str) -> Result<bool> {
    let path = out.join(name);
    if path.starts_with(demo_folder(out)) {
        return Ok(false);
    }
    if name.ends_with(".toml") {
        return Ok(true);
    }
    let inputs = manifest.stages.values().flat_map(|stage| &stage.inputs);
    let size = path.metadata().during(path.display())?.len();
    let real = path.canonicalize().during(path.display())?;
    for input in inputs {
        let alike = input.size == size && digest(&path).during(path.display())?.1 == input.sha256;
        if alike || lies_in(&real, &input.path) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file is what a source has named: the file itself, the workbook of a sheet, whose name
/// stands behind a `#`, or a part of a table, which is a folder.
fn lies_in(file: &Path, source: &Path) -> bool {
    if source
        .canonicalize()
        .is_ok_and(|real| file.starts_with(real))
    {
        return true;
    }
    let name = source.to_string_lossy();
    name.match_indices('#').any(|(at, _)| {
        Path::new(&name[..at])
            .canonicalize()
            .is_ok_and(|real| real == file)
    })
}

/// Takes an id out of what the manifest says of the stages.
fn without_words(manifest: &mut Manifest, words: &Words) {
    for stage in manifest.stages.values_mut() {
        for warning in &mut stage.warnings {
            words.erase(&mut warning.message);
        }
        erase(&mut stage.metrics, words);
        erase(&mut stage.settings, words);
    }
}

/// Takes an id out of the texts of a value.
fn erase(value: &mut Value, words: &Words) {
    match value {
        Value::String(text) => words.erase(text),
        Value::Array(values) => values.iter_mut().for_each(|value| erase(value, words)),
        Value::Object(values) => values.values_mut().for_each(|value| erase(value, words)),
        _ => {}
    }
}

/// Files that go whatever stands in them, and why.
fn held(entry: &FileEntry, path: &Path) -> Option<&'static str> {
    if entry.stage == profile::NAME || ["profile.html", "profile.json"].contains(&&*entry.path) {
        return Some(mark!("it shows single customers"));
    }
    if entry.path.ends_with(".writing") {
        return Some(mark!("it is half a file of a run that was cut off"));
    }
    let model = kept_model(&entry.path).is_some()
        && [MODEL, TESTED]
            .iter()
            .any(|name| entry.path.ends_with(name));
    if !model && !entry.path.ends_with("churn_model.json") {
        return None;
    }
    // A model of neighbours is the rows that it was given; of what is no model nothing is known.
    let text = std::fs::read_to_string(path).ok()?;
    let kind = serde_json::from_str::<Value>(&text).map(|model| model["kind"] == "neighbours");
    kind.unwrap_or(true)
        .then_some(mark!("this model holds the rows that it has learned from"))
}

/// Every file below the output folder but those of the warehouse's tables and the manifest, each
/// with whether the manifest names it. Links are left alone: what they lead to lies elsewhere.
fn every_file(out: &Path, manifest: &Manifest) -> Result<Vec<(FileEntry, bool)>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = out.join(&folder);
        for entry in std::fs::read_dir(&at).during(at.display())? {
            let entry = entry.during(at.display())?;
            let kind = entry.file_type().during(at.display())?;
            let path = folder.join(entry.file_name());
            let ours = [Path::new(FOLDER), Path::new(FILE_NAME), Path::new(".spill")];
            if kind.is_dir() && !ours.contains(&path.as_path()) {
                folders.push(path);
            } else if kind.is_file() && !ours.contains(&path.as_path()) {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut found = Vec::with_capacity(files.len());
    for path in files {
        let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
        let Some(name) = parts.map(|parts| parts.join("/")) else {
            return Err(Failure::data(format!(
                "{} has a name that is no text, so that it cannot be told what it is",
                out.join(&path).display()
            ))
            .hint("remove it or give it another name, and run forget again"));
        };
        let known = manifest.files.iter().find(|entry| entry.path == name);
        let of_nobody = FileEntry {
            path: name,
            stage: String::new(),
            rows: None,
            size: 0,
            sha256: String::new(),
            about: String::new(),
        };
        found.push((known.cloned().unwrap_or(of_nobody), known.is_some()));
    }
    Ok(found)
}

/// Takes out examples of what did not pass a gate, which are values and keys of rows. Says
/// whether there were any.
fn without_examples(manifest: &mut Manifest) -> bool {
    let mut any = false;
    let stages = manifest.stages.values_mut();
    let mut warnings: Vec<_> = Vec::new();
    for stage in stages {
        if let Some(gates) = stage.metrics.get_mut("gates").and_then(Value::as_array_mut) {
            for gate in gates {
                if let Some(examples) = gate.get_mut("examples").and_then(Value::as_array_mut) {
                    any |= !examples.is_empty();
                    examples.clear();
                }
            }
        }
        warnings.extend(stage.warnings.iter_mut());
    }
    warnings.extend(manifest.left_out.iter_mut());
    for warning in warnings {
        if warning.code == FAILED_GATE {
            let length = GateResult::without_examples(&warning.message).len();
            any |= length < warning.message.len();
            warning.message.truncate(length);
        }
    }
    any
}

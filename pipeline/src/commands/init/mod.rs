//! `init`: a first `regulars.toml` for files that nobody has described yet.
//!
//! From the bottom up: `names` knows what columns are called, `structure` finds out how a file is
//! laid out, `values` how its values are written, and `probe` samples it into a `table` of columns,
//! for which `headless` finds names where it has none. `exports` knows the files of shop systems,
//! `roles` the columns that decide what a file is, `pairs` puts files together that belong together,
//! `guess` says which table each is, `builder` which column is what, and `draft` writes it down with
//! its reasons.

mod as_toml;
mod builder;
mod column;
mod draft;
mod exports;
mod guess;
mod headed;
mod headless;
mod names;
mod pairs;
mod probe;
mod report;
mod roles;
mod source;
mod structure;
mod table;
mod values;

use std::path::Path;

use crate::cli::Init;
use crate::commands::init::draft::Draft;
use crate::commands::init::guess::Guess;
use crate::commands::init::probe::Probe;
use crate::config::{Engine as EngineSettings, Settings};
use crate::failure::{During, Failure, Result};
use crate::outputs::replace;
use crate::stages::churn::Rhythm;
use crate::stages::ingest::purchase_days::purchase_days;
use crate::text::print;
use crate::workbench::Aside;

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
    let aside = Aside::open(EngineSettings::default().memory_limit.0)?;
    let probe = Probe {
        engine: &aside.engine,
        spool: &aside.spool(),
    };
    let files = probe.tables(&args.files, out)?;
    if let Some(empty) = files.iter().find(|file| file.rows == 0) {
        return Err(Failure::data(format!("{} has no rows", empty.in_words()))
            .hint("a guess needs rows below the header; leave this file out"));
    }
    let files = pairs::joined(files);
    let guess = guess::guess(&files);
    let mut draft = draft::write(&files, &guess, None);
    if draft.missing.is_empty() {
        let settings = can_be_read(&draft, out)?;
        if let Some(dates) = dates_that_suit(&settings, &guess, &aside) {
            draft = draft::write(&files, &guess, Some(&dates));
            can_be_read(&draft, out)?;
        }
    }
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    replace(out, &draft.text)?;
    if args.json {
        print(&format!(
            "{:#}\n",
            report::as_json(&files, &guess, &draft, out)
        ));
    } else {
        let whole = draft.missing.is_empty() && guess.lacks.is_empty();
        print(&report::in_words(&files, &guess, out, whole));
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

/// Dates of churn that suit the days between the purchases, as lines of the settings with the reasons.
///
/// Nothing where there is no history, where it is too long to be read for a draft, or where it says too
/// little; then `regulars churn --suggest` can say it later. What a load would stumble over, it will say
/// for itself.
fn dates_that_suit(settings: &Settings, guess: &Guess, aside: &Aside) -> Option<String> {
    if guess.label.is_some() || !guess.lacks.is_empty() {
        return None;
    }
    let bought = purchase_days(settings, &aside.engine, &aside.spool()).ok()??;
    let end = bought.iter().map(|(_, day)| day + 1).max()?;
    Rhythm::of_days(bought, end).draft()
}

/// The draft is read as any settings are, so that nothing is written that cannot be.
fn can_be_read(draft: &Draft, out: &Path) -> Result<Settings> {
    let folder = out.parent().unwrap_or_else(|| Path::new(""));
    let read = Settings::from_text(draft.text.clone(), out.to_owned(), folder.into());
    read.map_err(|failure| {
        Failure::machine(format!(
            "this is a fault of regulars, please report it: the draft is wrong: {}",
            failure.message
        ))
    })
}

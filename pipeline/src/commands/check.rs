//! `check`: settings and sources are looked at as a load would, and nothing is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::cli::Check;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::stages::ingest;
use crate::stages::ingest::look::{SourceLook, TableLook, look};
use crate::text::{columns as width, count, left, percent, plural, print};
use crate::workbench::Aside;

/// Says what a load of these settings would be.
///
/// # Errors
/// Wrong settings; sources of which too many rows could not be used.
pub fn run(args: &Check) -> Result<()> {
    let settings = Settings::read(&args.config)?;
    let aside = Aside::open(settings.config.engine.memory_limit.0)?;
    let spool = aside.spool();
    let rows = (!args.all).then_some(args.rows);
    let (mut tables, mut warnings) = look(&settings, &aside.engine, &spool, rows)?;
    // The first rows may be worse than the others: before a load is called impossible, all count.
    if rows.is_some() && too_many_rejects(&settings, &tables).is_err() {
        (tables, warnings) = look(&settings, &aside.engine, &spool, None)?;
    }
    let has_history = tables.iter().any(|table| table.table == "interactions");
    if !has_history && !settings.config.lacks_history() {
        return Err(Failure::settings(format!(
            "{}: no source feeds the table interactions",
            settings.path.display()
        ))
        .hint("add [[sources]] with table = \"interactions\", or let regulars init write them"));
    }
    let last = args.out.as_deref().map(last_load).transpose()?;
    let mut text = report(&settings, &tables, last.as_ref());
    for warning in &warnings {
        let _ = writeln!(
            text,
            "\n{}",
            tr!("note: {message}", message = warning.message)
        );
    }
    print(&text);
    too_many_rejects(&settings, &tables)
}

/// What the last load into a folder kept, by table; nothing when there was none.
fn last_load(out: &Path) -> Result<BTreeMap<String, u64>> {
    let manifest = Manifest::open(out)?;
    let metrics: Option<ingest::Metrics> = manifest.metrics(ingest::NAME);
    let tables = metrics.map(|metrics| metrics.tables).unwrap_or_default();
    Ok(tables
        .into_iter()
        .map(|table| (table.table, table.rows))
        .collect())
}

fn report(
    settings: &Settings,
    tables: &[TableLook],
    last: Option<&BTreeMap<String, u64>>,
) -> String {
    let mut text = tr!(
        "{file}: {sources}, {gates}, time zone {zone}",
        file = settings.path.display(),
        sources = plural(settings.config.sources.len() as u64, "source"),
        gates = plural(settings.config.gates.len() as u64, "gate"),
        zone = settings.config.project.timezone,
    );
    text.push('\n');
    for table in tables {
        let _ = writeln!(text, "\n{}", table.table.to_uppercase());
        if let Some(last) = last {
            let loaded = match last.get(table.table) {
                Some(kept) => tr!("the warehouse holds {rows}", rows = plural(*kept, "row")),
                None => tr!("not loaded yet"),
            };
            let _ = writeln!(text, "  {loaded}");
        }
        for source in &table.sources {
            describe(source, &mut text);
        }
    }
    text
}

fn describe(source: &SourceLook, text: &mut String) {
    let size: u64 = source.files.iter().map(|file| file.size).sum();
    let first = source
        .files
        .first()
        .map(|file| file.path.display().to_string());
    let files = match (first.unwrap_or_default(), source.files.len()) {
        (first, 0 | 1) => first,
        (first, files) => tr!(
            "{file} and {others}",
            file = first,
            others = plural(files as u64 - 1, "other file")
        ),
    };
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "source {n}: {files}, {size} bytes",
            n = source.number + 1,
            files = files,
            size = count(size)
        )
    );
    columns(source, text);
    for join in &source.joins {
        let _ = writeln!(text, "    {}", tr!("joined with {join}", join = join));
    }
    if source.left_out > 0 {
        let left_out = plural(source.left_out, "row");
        let _ = writeln!(
            text,
            "    {}",
            tr!(
                "where leaves out {rows}, beside the following",
                rows = left_out
            )
        );
    }
    if !source.unused.is_empty() {
        let _ = writeln!(
            text,
            "    {}",
            tr!("not used: {columns}", columns = source.unused.join(", "))
        );
    }
    usable_rows(source, text);
}

/// What each column is filled from, and what it looks like.
fn columns(source: &SourceLook, text: &mut String) {
    let longest = |of: fn(&ingest::look::ColumnLook) -> usize| {
        source.columns.iter().map(of).max().unwrap_or(0)
    };
    let name = longest(|column| width(&column.name));
    let holds = longest(|column| width(column.holds));
    let from = longest(|column| width(&column.from)).min(40);
    for column in &source.columns {
        let filled = if column.filled == source.rows || source.rows == 0 {
            String::new()
        } else {
            tr!(
                ", {share} filled",
                share = percent(share(column.filled, source.rows))
            )
        };
        let example = match &column.example {
            Some(example) => tr!(
                "such as {example}{filled}",
                example = example,
                filled = filled
            ),
            None => tr!("no value"),
        };
        let _ = writeln!(
            text,
            "    {}  {}  {}  {example}",
            left(&column.name, name),
            left(column.holds, holds),
            left(&column.from, from)
        );
    }
}

/// How many rows can be used, and why the others cannot.
fn usable_rows(source: &SourceLook, text: &mut String) {
    let rows = plural(source.rows, "row");
    if source.rejected == 0 {
        let usable = match source.whole {
            true => tr!("all {rows} can be used", rows = rows),
            false => tr!("the first {rows} can be used", rows = rows),
        };
        let _ = writeln!(text, "    {usable}");
        return;
    }
    let (rejected, part) = (
        count(source.rejected),
        percent(share(source.rejected, source.rows)),
    );
    let unusable = match source.whole {
        true => tr!(
            "of all {rows}, {n} ({share}) cannot be used:",
            rows = rows,
            n = rejected,
            share = part
        ),
        false => tr!(
            "of the first {rows}, {n} ({share}) cannot be used:",
            rows = rows,
            n = rejected,
            share = part
        ),
    };
    let _ = writeln!(text, "    {unusable}");
    let mut reasons: Vec<_> = source.reasons.iter().collect();
    reasons.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
    for (reason, (times, place)) in reasons {
        let _ = writeln!(
            text,
            "      {:>9} x {}",
            count(*times),
            tr!("{reason}, first {place}", reason = reason, place = place)
        );
    }
}

fn share(part: u64, rows: u64) -> f64 {
    part as f64 / rows.max(1) as f64
}

/// A load holds each table to the limit; so does this, on the rows that were looked at.
fn too_many_rejects(settings: &Settings, tables: &[TableLook]) -> Result<()> {
    let limit = settings.config.ingest.max_reject_share;
    for table in tables {
        let rows: u64 = table.sources.iter().map(|source| source.rows).sum();
        let rejected: u64 = table.sources.iter().map(|source| source.rejected).sum();
        let share = share(rejected, rows);
        if share > limit {
            return Err(Failure::data(format!(
                "{}: {} of {} rows ({}) cannot be used, more than the {} that the settings allow",
                table.table,
                count(rejected),
                count(rows),
                percent(share),
                percent(limit),
            ))
            .hint("mend the source or its mapping, or raise max_reject_share under [ingest]"));
        }
        if table.table == "interactions" && rows == 0 {
            return Err(Failure::data("the interactions have no rows")
                .hint("look at the sources: is there a row below the header?"));
        }
    }
    Ok(())
}

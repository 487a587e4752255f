//! `publish`: results as tables of a PostgreSQL database, all of one run or none.

mod columns;
mod tables;
mod write;

use std::fmt::Write as _;

use self::tables::Table;
use crate::cli::Publish;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::outputs::lock::Lock;
use crate::sources::database::{Server, server};
use crate::text::{count, plural, print};
use crate::workbench::Workbench;

/// The command's one name.
const NAME: &str = "publish";

/// Writes the results that are there, and prints what was written.
pub fn run(args: &Publish, settings: &Settings) -> Result<()> {
    let server = place(settings)?;
    let out = args.output.out.as_path();
    let lock = Lock::take(out, NAME, args.patience.wait, args.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, None, memory, args.quiet)?;
    bench.progress.stage(NAME);
    let tables = tables::chosen(settings, &bench.manifest, out)?;
    let publish = &settings.config.publish;
    let told = |table: &Table| bench.progress.step(&format!("writing {}", table.name));
    bench
        .engine
        .wait(write::all(&server, &publish.schema, &tables, &told))
        .map_err(|failure| {
            let failure = settings.place(&["publish", "database"], failure);
            match failure.cause {
                crate::failure::Cause::Settings => failure,
                _ => failure.during(server.address()),
            }
        })?;
    if !args.quiet {
        print(&words(&server, &publish.schema, &tables));
    }
    Ok(())
}

/// Where results go.
///
/// # Errors
/// The settings name no database.
pub fn place(settings: &Settings) -> Result<Server> {
    let Some(database) = &settings.config.publish.database else {
        return Err(Failure::settings(format!(
            "{}: it is not said which database results go to",
            settings.path.display()
        ))
        .hint("add [publish] with database = \"postgresql://user@host:5432/name\""));
    };
    server(settings, &["publish", "database"], database)
}

fn words(server: &Server, schema: &str, tables: &[Table]) -> String {
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    let title = tr!(
        "PUBLISHED to {server}, schema {schema}: {rows} in {tables}, at once",
        server = server.address(),
        schema = schema,
        rows = plural(rows, "row"),
        tables = plural(tables.len() as u64, "table")
    );
    let mut text = format!("\n{title}\n");
    let width = tables.iter().map(|table| table.name.chars().count());
    let width = width.max().unwrap_or(0);
    for table in tables {
        let _ = writeln!(text, "  {:width$}  {:>12}", table.name, count(table.rows));
    }
    text.push('\n');
    text
}

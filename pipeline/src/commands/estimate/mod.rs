//! `run --estimate`: what a run will take, before it begins.

mod rates;

use std::path::Path;

use self::rates::{RATES, Size, disk_mib, memory_mib};
use super::terminal::{Column, Table, width};
use crate::cli::WithSettings;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::{FILE_NAME, Manifest};
use crate::sources::rows_about;
use crate::stages::ingest;
use crate::stages::ingest::look::{TableLook, look};
use crate::text::{count, plural, print};
use crate::words;
use crate::workbench::Aside;

/// Rows of each source that are looked at.
const ROWS: u64 = 1000;

/// Interactions of a customer, where no table says how many customers there are.
const LINES_OF_ONE: f64 = 60.0;

/// Prints what the whole job of these settings will take; writes nothing.
///
/// # Errors
/// Whatever would stop a load before it reads; files that cannot be read.
pub fn run(args: &WithSettings) -> Result<()> {
    let settings = Settings::read(&args.config)?;
    let aside = Aside::open(settings.config.engine.memory_limit.0)?;
    let (tables, _) = look(&settings, &aside.engine, &aside.spool(), Some(ROWS))?;
    let sources = Sources::of(&settings, &tables)?;
    let threads = args.common.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let out = args.common.output.out.as_path();
    let before = match out.join(FILE_NAME).is_file() {
        true => Some(Manifest::open(out)?),
        false => None,
    };
    print(&text(&sources, before.as_ref(), threads, out));
    Ok(())
}

/// What the sources tell.
struct Sources {
    /// Rows of interactions and, if a table has them, of customers.
    lines: f64,
    customers: Option<f64>,
    bytes: u64,
    files: u64,
    /// Whether interactions name products.
    products: bool,
}

impl Sources {
    fn of(settings: &Settings, tables: &[TableLook]) -> Result<Self> {
        let mut found = Self {
            lines: 0.0,
            customers: None,
            bytes: 0,
            files: 0,
            products: false,
        };
        for table in tables {
            let mut rows = 0;
            for source in &table.sources {
                let written = (settings.config.sources.get(source.number))
                    .ok_or_else(|| Failure::machine("a source that the settings do not have"))?;
                for file in &source.files {
                    rows += rows_about(file, written)?;
                    found.bytes += file.size;
                    found.files += 1;
                }
                found.products |= table.table == "interactions"
                    && source
                        .columns
                        .iter()
                        .any(|column| column.name == "product_id");
            }
            match table.table {
                "interactions" => found.lines = rows as f64,
                "customers" => found.customers = Some(rows as f64),
                _ => {}
            }
        }
        Ok(found)
    }

    fn size(&self) -> Size {
        Size {
            lines: self.lines,
            customers: self.customers.unwrap_or(self.lines / LINES_OF_ONE).max(1.0),
        }
    }
}

/// How large the history was that an earlier run took.
fn size_before(manifest: &Manifest) -> Option<Size> {
    let metrics: ingest::Metrics = manifest.metrics(ingest::NAME)?;
    let rows = |name: &str| {
        let table = metrics.tables.iter().find(|table| table.table == name)?;
        Some(table.rows as f64)
    };
    let lines = rows("interactions").filter(|lines| *lines > 0.0)?;
    Some(Size {
        lines,
        customers: rows("customers")
            .filter(|customers| *customers > 0.0)
            .unwrap_or(lines / LINES_OF_ONE),
    })
}

/// CPU seconds of each stage, by the rates, and by what an earlier run took where there was one.
struct Reckoned {
    stage: &'static str,
    cpu_seconds: f64,
    wall_seconds: f64,
}

fn reckoned(sources: &Sources, before: Option<&Manifest>, threads: usize) -> Vec<Reckoned> {
    let size = sources.size();
    let earlier = before.and_then(|manifest| Some((manifest, size_before(manifest)?)));
    let needs_products = |stage: &str| matches!(stage, "rules" | "offers");
    RATES
        .iter()
        .filter(|rate| sources.products || !needs_products(rate.stage))
        .map(|rate| {
            let by_rates = rate.cpu_seconds(&size);
            // A load of what is there already reads nothing: it tells nothing of a first one.
            let measured = earlier.and_then(|(manifest, then)| {
                let entry = manifest.stages.get(rate.stage)?;
                let whole = entry.rows_in as f64 >= then.lines;
                let tells = rate.stage != ingest::NAME || whole;
                let cpu = entry.cpu_seconds.filter(|cpu| tells && *cpu > 0.0)?;
                Some(cpu * by_rates / rate.cpu_seconds(&then))
            });
            let cpu_seconds = measured.unwrap_or(by_rates);
            Reckoned {
                stage: rate.stage,
                cpu_seconds,
                wall_seconds: rate.wall_seconds(cpu_seconds, threads),
            }
        })
        .collect()
}

fn text(sources: &Sources, before: Option<&Manifest>, threads: usize, out: &Path) -> String {
    let size = sources.size();
    let customers = match sources.customers {
        Some(_) => plural(size.customers as u64, "customer"),
        None => tr!(
            "{customers}, reckoned from the interactions, as no table lists them",
            customers = plural(size.customers as u64, "customer")
        ),
    };
    let source = match before.and_then(size_before) {
        Some(then) => tr!(
            "What a run of these settings will take, by what the last run into {out} took, of {interactions}.",
            out = out.display(),
            interactions = plural(then.lines as u64, "interaction")
        ),
        None => tr!(
            "What a run of these settings will take, by rates measured on a machine of two cores."
        ),
    };
    let without = match sources.products {
        true => String::new(),
        false => tr!("Without products there are neither rules nor offers.") + "\n",
    };
    let meant = tr!(
        "It is meant to be right within a factor of two on an idle machine; nothing has been written."
    );
    let read = tr!(
        "{interactions} in {files} of {bytes} bytes, {customers}",
        interactions = plural(size.lines as u64, "interaction"),
        files = plural(sources.files, "file"),
        bytes = count(sources.bytes),
        customers = customers
    );
    let needs = tr!(
        "about {memory} MiB of memory, and {disk} MiB on the disk in {out}; a load needs as much again while it runs",
        memory = count(memory(before, &size).ceil() as u64),
        disk = count(disk_mib(&size).ceil() as u64),
        out = out.display()
    );
    let table = table(&reckoned(sources, before, threads)).text(width());
    format!("{source}\n{meant}\n  {read}\n\n{table}\n{needs}\n{without}")
}

/// MiB of memory at most, by what an earlier run took where there was one.
fn memory(before: Option<&Manifest>, size: &Size) -> f64 {
    let measured = before.and_then(|manifest| {
        let then = size_before(manifest)?;
        let peaks = manifest
            .stages
            .values()
            .map(|entry| entry.peak_memory_bytes);
        let mib = peaks.flatten().max()? as f64 / f64::from(1 << 20);
        Some(mib * memory_mib(size) / memory_mib(&then))
    });
    measured.unwrap_or_else(|| memory_mib(size))
}

/// A line a stage, and one for all of them.
fn table(stages: &[Reckoned]) -> Table {
    let seconds = |seconds: f64| match seconds < 10.0 {
        true => format!("{seconds:.1}"),
        false => format!("{seconds:.0}"),
    };
    let cells = |stage: &Reckoned| {
        vec![
            words::said(stage.stage).to_owned(),
            seconds(stage.wall_seconds),
            seconds(stage.cpu_seconds),
        ]
    };
    let all = Reckoned {
        stage: mark!("all"),
        cpu_seconds: stages.iter().map(|stage| stage.cpu_seconds).sum(),
        wall_seconds: stages.iter().map(|stage| stage.wall_seconds).sum(),
    };
    let column = |(place, title): (usize, &str)| Column {
        title: words::said(title).to_owned(),
        numbers: place > 0,
    };
    let titles = [mark!("stage"), mark!("wall, s"), mark!("CPU, s")];
    Table {
        columns: titles.into_iter().enumerate().map(column).collect(),
        rows: stages.iter().chain([&all]).map(cells).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::manifest::StageEntry;

    fn sources() -> Sources {
        Sources {
            lines: 2e6,
            customers: Some(5000.0),
            bytes: 1 << 20,
            files: 2,
            products: true,
        }
    }

    fn cpu_of(reckoned: &[Reckoned], stage: &str) -> f64 {
        let found = reckoned.iter().find(|found| found.stage == stage);
        found.map_or(0.0, |found| found.cpu_seconds)
    }

    #[test]
    fn what_an_earlier_run_took_corrects_the_rates() {
        let mut manifest = Manifest::default();
        let table = |name: &str, rows: u64| {
            serde_json::json!({
                "table": name, "read": rows, "kept": rows, "duplicates": 0, "rejected": 0,
                "unknown_products": 0, "ended": 0, "rows": rows,
            })
        };
        let metrics = serde_json::json!({
            "load": 1, "files_read": 2, "files_known": 0,
            "tables": [table("interactions", 1_000_000), table("customers", 2500)],
        });
        let by_rates = reckoned(&sources(), None, 2);
        let small = Sources {
            lines: 1e6,
            customers: Some(2500.0),
            ..sources()
        };
        let then = reckoned(&small, None, 2);
        for (name, rows_in) in [("ingest", 10), ("value", 0)] {
            let entry = StageEntry {
                // Three times what the rates say.
                cpu_seconds: Some(3.0 * cpu_of(&then, name)),
                rows_in,
                metrics: match name {
                    "ingest" => metrics.clone(),
                    _ => serde_json::Value::Null,
                },
                ..StageEntry::default()
            };
            manifest.stages.insert(name.to_owned(), entry);
        }
        let size = size_before(&manifest).unwrap();
        assert_eq!((size.lines, size.customers), (1e6, 2500.0));
        let corrected = reckoned(&sources(), Some(&manifest), 2);
        let ratio = |stage| cpu_of(&corrected, stage) / cpu_of(&by_rates, stage);
        assert!((ratio("value") - 3.0).abs() < 1e-9);
        // It loaded ten rows and no more, which tells nothing of a whole load.
        assert!((ratio("ingest") - 1.0).abs() < 1e-9);
        assert!((ratio("rules") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_products_there_are_neither_rules_nor_offers() {
        let without = Sources {
            products: false,
            customers: None,
            ..sources()
        };
        let text = text(&without, None, 2, Path::new("out"));
        assert!(
            !text.contains("\nrules") && !text.contains("\noffers"),
            "{text}"
        );
        assert!(text.contains("33,333 customers, reckoned"), "{text}");
        assert!(text.contains("\nall "), "{text}");
    }
}

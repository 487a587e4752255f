//! `run --timings`: what each stage has taken, as a table.

use std::path::Path;

use super::terminal::{Column, Table, width};
use crate::failure::Result;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::stages::STAGES;
use crate::text::{count, print};
use crate::words;

const MIB: f64 = (1 << 20) as f64;

/// Prints what the stages of the run that has just ended into a folder took.
pub fn run(out: &Path) -> Result<()> {
    print(&text(&Manifest::open(out)?));
    Ok(())
}

/// The table, and what its columns mean.
fn text(manifest: &Manifest) -> String {
    let stages = STAGES
        .iter()
        .filter_map(|stage| Some((stage.name, manifest.stages.get(stage.name)?)));
    let stages: Vec<(&str, &StageEntry)> = stages.collect();
    let entries = || stages.iter().map(|(_, entry)| *entry);
    let whole = StageEntry {
        seconds: entries().map(|entry| entry.seconds).sum(),
        cpu_seconds: sum(entries().map(|entry| entry.cpu_seconds)),
        peak_memory_bytes: entries().filter_map(|entry| entry.peak_memory_bytes).max(),
        bytes_read: sum(entries().map(|entry| entry.bytes_read)),
        bytes_written: sum(entries().map(|entry| entry.bytes_written)),
        ..StageEntry::default()
    };
    let mut rows: Vec<Vec<String>> = stages
        .iter()
        .map(|(name, entry)| row(name, entry, [entry.rows_in, entry.rows_out].map(count)))
        .collect();
    rows.push(row(&tr!("all"), &whole, [String::new(), String::new()]));
    let column = |(place, title): (usize, &str)| Column {
        title: words::said(title).to_owned(),
        numbers: place > 0,
    };
    let titles = [
        mark!("stage"),
        mark!("wall, s"),
        mark!("CPU, s"),
        mark!("peak, MiB"),
        mark!("read, MiB"),
        mark!("written, MiB"),
        mark!("rows in"),
        mark!("rows out"),
    ];
    let table = Table {
        columns: titles.into_iter().enumerate().map(column).collect(),
        rows,
    };
    tr!(
        "TIMES\n{table}peak: the largest memory of the process until the stage ended. read, written: through the\nsystem, whether from a disk or from what it had at hand; queries that spill count.\n",
        table = table.text(width())
    )
}

fn row(name: &str, entry: &StageEntry, rows: [String; 2]) -> Vec<String> {
    let seconds = |seconds: Option<f64>| seconds.map_or_else(String::new, |s| format!("{s:.2}"));
    let mib = |bytes: Option<u64>| {
        bytes.map_or_else(String::new, |bytes| format!("{:.0}", bytes as f64 / MIB))
    };
    let [rows_in, rows_out] = rows;
    vec![
        name.to_owned(),
        seconds(Some(entry.seconds)),
        seconds(entry.cpu_seconds),
        mib(entry.peak_memory_bytes),
        mib(entry.bytes_read),
        mib(entry.bytes_written),
        rows_in,
        rows_out,
    ]
}

/// The sum, where each is known.
fn sum<T: std::iter::Sum>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let entry = |seconds, cpu, peak: u64| StageEntry {
            seconds,
            cpu_seconds: cpu,
            peak_memory_bytes: Some(peak << 20),
            bytes_read: Some(5 << 20),
            bytes_written: Some(3 << 20),
            rows_in: 1234,
            rows_out: 10,
            ..StageEntry::default()
        };
        let mut manifest = Manifest::default();
        let mut add = |name: &str, of| manifest.stages.insert(name.to_owned(), of);
        add("ingest", entry(1.5, Some(2.25), 300));
        add("value", entry(0.5, Some(0.75), 280));
        // No stage of a run.
        add("targets", entry(9.0, Some(9.0), 900));
        manifest
    }

    #[test]
    fn stages_stand_in_their_order_and_add_up() {
        let text = text(&manifest());
        let words = |line: usize| -> Vec<&str> {
            text.lines()
                .nth(line)
                .unwrap_or("")
                .split_whitespace()
                .collect()
        };
        assert_eq!(
            words(2),
            ["ingest", "1.50", "2.25", "300", "5", "3", "1,234", "10"]
        );
        assert_eq!(words(3)[0], "value");
        assert_eq!(words(4), ["all", "2.00", "3.00", "300", "10", "6"]);
        assert!(!text.contains("targets"), "{text}");
    }

    #[test]
    fn what_the_system_does_not_tell_is_left_empty() {
        let mut manifest = manifest();
        for entry in manifest.stages.values_mut() {
            entry.cpu_seconds = None;
        }
        let text = text(&manifest);
        assert!(text.contains("all") && !text.contains("0.00"), "{text}");
    }
}

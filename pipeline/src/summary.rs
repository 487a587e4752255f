//! What a run found, for a person who will act on it: on the terminal and in `summary.txt`.

use std::fmt::Write as _;
use std::path::Path;

use crate::failure::Result;
use crate::lifecycle::score;
use crate::outputs::Pending;
use crate::outputs::manifest::Manifest;
use crate::stages::{STAGES, churn, features, ingest};
use crate::text::{count, plural, settings_file};

/// The file's name below the output folder.
pub const FILE_NAME: &str = "summary.txt";
/// Its owner in the manifest; no stage, but the run itself.
const OWNER: &str = "summary";

/// Writes `summary.txt` and names it in the manifest.
pub fn write(manifest: &mut Manifest, out: &Path) -> Result<()> {
    let mut files = Pending::new(out, OWNER);
    files.text(
        FILE_NAME,
        &tr!("What the run found, in words"),
        &findings(manifest),
    )?;
    manifest.files.retain(|file| file.stage != OWNER);
    manifest.write(out)?;
    manifest.files.extend(files.commit()?);
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    manifest.write(out)
}

/// The findings, where the files are, and what to try next.
pub fn text(manifest: &Manifest, out: &Path) -> String {
    let mut text = findings(manifest);
    text.extend(churn::leaderboard(manifest));
    text += &tr!("FILES in {out}", out = out.display());
    text.push('\n');
    let width = manifest
        .files
        .iter()
        .filter(|file| top_level(&file.path))
        .map(|file| file.path.len())
        .max()
        .unwrap_or(0);
    for file in manifest.files.iter().filter(|file| top_level(&file.path)) {
        // A table's CSV and Parquet are one table; the CSV is the one that people open.
        let twin = file
            .path
            .strip_suffix(".parquet")
            .map(|stem| format!("{stem}.csv"));
        if twin.is_some_and(|twin| manifest.files.iter().any(|other| other.path == twin)) {
            continue;
        }
        let rows = file
            .rows
            .map(|rows| tr!(" ({rows})", rows = plural(rows, "row")))
            .unwrap_or_default();
        let _ = writeln!(text, "  {:width$}  {}{rows}", file.path, file.about);
    }
    let tables = tr!(
        "Tables are there as .csv for spreadsheets and as .parquet for pandas, polars, DuckDB and Spark."
    );
    let _ = writeln!(text, "  {tables}");
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "regulars".to_owned());
    let settings = settings_file();
    let demo = out.join("demo").join("regulars.toml");
    let _ = writeln!(text, "\n{}", tr!("NEXT"));
    if demo.is_file() {
        let own = tr!(
            "Your own history: copy {file}, change its paths and columns, then",
            file = demo.display()
        );
        let _ = writeln!(text, "  {own}\n  {program} run -c regulars.toml");
    } else if manifest.stages.contains_key(churn::NAME)
        && !manifest.stages.contains_key(features::NAME)
    {
        let add = tr!(
            "Customers whose outcome is not known yet: add them to the source with an empty label, then"
        );
        let _ = writeln!(text, "  {add}\n  {program} run -c {settings}");
    } else {
        let see = tr!(
            "See whether it would have been right: score a past date, then look at what came after."
        );
        let _ = writeln!(
            text,
            "  {see}\n  {program} run -c {settings} --as-of {} --out regulars-past",
            past_date(manifest)
        );
    }
    text
}

fn top_level(path: &str) -> bool {
    !path.contains('/') && path != FILE_NAME
}

/// A date whose outcome is known, to try next.
fn past_date(manifest: &Manifest) -> String {
    let metrics: Option<features::Metrics> = manifest.metrics(features::NAME);
    metrics
        .and_then(|metrics| metrics.dates.test)
        .map_or("YYYY-MM-DD".to_owned(), |date| date.to_string())
}

/// Everything that depends on the data alone, so that the file is the same from run to run.
fn findings(manifest: &Manifest) -> String {
    let mut text = String::new();
    opening(manifest, &mut text);
    text.extend(STAGES.iter().filter_map(|stage| (stage.summary)(manifest)));
    text.extend(score::paragraph(manifest));
    let noticed = manifest.stages.values().flat_map(|stage| &stage.warnings);
    let warnings: Vec<&str> = noticed
        .chain(&manifest.left_out)
        .map(|warning| warning.message.as_str())
        .collect();
    if !warnings.is_empty() {
        let _ = writeln!(text, "{}", tr!("TO KNOW"));
        let mut said: Vec<&str> = Vec::new();
        for warning in warnings {
            if !said.contains(&warning) {
                let _ = writeln!(text, "  - {warning}");
                said.push(warning);
            }
        }
        text.push('\n');
    }
    text
}

fn opening(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<features::Metrics>(features::NAME) else {
        return;
    };
    let score = found.dates.score;
    let last = score.pred_opt().unwrap_or(score);
    text.push('\n');
    *text += &tr!(
        "{project}: {customers} and {interactions} until {day}",
        project = manifest.project,
        customers = plural(found.customers, "customer"),
        interactions = plural(found.interactions, "interaction"),
        day = last
    );
    if found.guests > 0 {
        *text += &tr!(", {n} of them without a customer", n = count(found.guests));
    }
    if found.undone > 0 {
        *text += &tr!(
            ", without {purchases} that were cancelled later",
            purchases = plural(found.undone, "purchase")
        );
    }
    if let Some(loaded) = manifest.metrics::<ingest::Metrics>(ingest::NAME) {
        let rejected: u64 = loaded.tables.iter().map(|table| table.rejected).sum();
        let duplicates: u64 = loaded.tables.iter().map(|table| table.duplicates).sum();
        if rejected + duplicates > 0 {
            *text += &tr!(
                " ({bad} and {duplicates} left out, see rejects/)",
                bad = plural(rejected, "bad row"),
                duplicates = plural(duplicates, "duplicate")
            );
        }
        let left_out: u64 = loaded.tables.iter().map(|table| table.left_out).sum();
        if left_out > 0 {
            *text += &tr!(
                " ({rows} left out by where)",
                rows = plural(left_out, "row")
            );
        }
    }
    text.push_str("\n\n");
}

//! What was loaded, what was left out, and what a person should know of it.

use serde::{Deserialize, Serialize};

use super::Context;
use super::left::Left;
use crate::config::Config;
use crate::failure::{Cause, Result};
use crate::outputs::table::rows;
use crate::warning::{
    ALIKE_IDS, FAILED_GATE, OTHER_SHEETS, SAME_CONTENT, SHORTENED_IDS, TELLTALE_ATTRIBUTE,
    TOTALS_ROW, UNNAMED_SOURCE, Warning,
};
use crate::words::said;

/// Warnings that show values of rows, which may be of a person, or paths, which are of one machine;
/// and what is said instead.
const WITH_VALUES: [(&str, &str); 8] = [
    (
        ALIKE_IDS,
        mark!("Some ids differ only by leading zeros, capitals or blanks, and count as different."),
    ),
    (
        SHORTENED_IDS,
        mark!(
            "Some ids are numbers that a spreadsheet has shortened, so that different ones became the same."
        ),
    ),
    (
        TOTALS_ROW,
        mark!("A row that looks like one of totals counts as a customer."),
    ),
    (FAILED_GATE, mark!("A quality gate was not passed.")),
    (
        TELLTALE_ATTRIBUTE,
        mark!("An attribute all but tells the label."),
    ),
    (
        OTHER_SHEETS,
        mark!("A workbook has more sheets than the one that is read."),
    ),
    (
        SAME_CONTENT,
        mark!("A file has the content of another one, and is not loaded twice."),
    ),
    (
        UNNAMED_SOURCE,
        mark!("The warehouse holds rows of a source that the settings do not name any more."),
    ),
];

/// What lies in the warehouse, and what does not.
#[derive(Serialize)]
pub struct Loads {
    /// Tables, as the last load left them.
    pub tables: Vec<Table>,
    /// What happened, by kind, before the as-of date.
    pub kinds: Vec<Kind>,
    /// Quality gates of the last load.
    pub gates: Vec<Gate>,
    /// What a person should know, each once.
    pub warnings: Vec<Said>,
}

/// A canonical table.
#[derive(Deserialize, Serialize)]
pub struct Table {
    /// Its name.
    pub table: String,
    /// Rows of the last load that could not be used.
    pub rejected: u64,
    /// Rows of the last load that were there already.
    pub duplicates: u64,
    /// Rows that the conditions of the sources left out.
    #[serde(default)]
    pub left_out: u64,
}

/// Interactions of one kind.
#[derive(Deserialize, Serialize)]
pub struct Kind {
    /// The kind.
    pub kind: String,
    /// How many.
    pub rows: u64,
    /// The first day with one.
    pub first_day: String,
    /// The last.
    pub last_day: String,
}

/// A quality gate.
#[derive(Deserialize, Serialize)]
pub struct Gate {
    /// How it is called.
    pub name: String,
    /// The canonical table.
    pub table: String,
    /// What was asked for, in words.
    pub expected: String,
    /// Whether it was passed.
    pub passed: bool,
    /// Rows that fail it.
    pub failing_rows: u64,
}

/// A warning, and the stage that has it.
#[derive(PartialEq, Serialize)]
pub struct Said {
    /// The stage; empty for what a run left out.
    pub stage: String,
    /// Its code.
    pub code: String,
    /// What was seen, in words that name nobody.
    pub words: String,
}

#[derive(Default, Deserialize)]
struct Noted {
    tables: Vec<Table>,
    #[serde(default)]
    gates: Vec<Gate>,
}

/// Reads what the last load noted, and counts what may be seen.
pub fn look(context: &Context<'_>, left: &Left<'_>) -> Result<Loads> {
    let noted: Noted = left.manifest.metrics("ingest").unwrap_or_default();
    Ok(Loads {
        tables: noted.tables,
        kinds: kinds(context, &context.settings.config)?,
        gates: noted.gates,
        warnings: warnings(left),
    })
}

fn kinds(context: &Context<'_>, config: &Config) -> Result<Vec<Kind>> {
    if config.lacks_history() {
        return Ok(Vec::new());
    }
    let warehouse = match context.warehouse() {
        Err(failure) if failure.cause == Cause::Data => return Ok(Vec::new()),
        warehouse => warehouse?,
    };
    let sql = "SELECT kind, count(*) AS rows, CAST(min(day) AS VARCHAR) AS first_day, \
               CAST(max(day) AS VARCHAR) AS last_day FROM interactions GROUP BY kind ORDER BY 2 DESC, 1";
    rows(&warehouse.scope.query(sql)?)
}

fn warnings(left: &Left<'_>) -> Vec<Said> {
    let mut found: Vec<Said> = Vec::new();
    let stages = left.manifest.stages.iter();
    let of_stages = stages
        .filter(|(name, _)| *name != super::NAME)
        .flat_map(|(name, entry)| {
            let warnings = entry.warnings.iter();
            warnings.map(move |warning| (name.as_str(), warning))
        });
    let left_out = left.manifest.left_out.iter().map(|warning| ("", warning));
    for (stage, warning) in of_stages.chain(left_out) {
        let words = without_values(warning);
        if !found.iter().any(|known| known.words == words) {
            found.push(Said {
                stage: stage.to_owned(),
                code: warning.code.clone(),
                words,
            });
        }
    }
    found
}

/// A warning in words that name nobody.
fn without_values(warning: &Warning) -> String {
    let known = WITH_VALUES.iter().find(|(code, _)| *code == warning.code);
    known.map_or_else(
        || warning.message.clone(),
        |(_, words)| tr!("{what} See summary.txt.", what = said(words)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_that_show_ids_are_told_without_them() {
        let of = |code| without_values(&Warning::new(code, "customer_id: `C1` and `c1`"));
        assert!(!of(ALIKE_IDS).contains("C1"));
        assert_eq!(
            of(crate::warning::NO_PRODUCTS),
            "customer_id: `C1` and `c1`"
        );
    }
}

//! Gates as a JUnit report, which CI servers show as tests.

use std::path::Path;

use crate::config::gate::Level;
use crate::failure::{During, Result};
use crate::outputs::replace;
use crate::stages::ingest::gates::GateResult;
use crate::text::xml as escaped;

/// One test case for each gate, grouped by table. A gate of the level `fail` that is not passed is
/// a failure; one of the level `warn` is a skipped test with its message, since that is what CI
/// servers list without failing the job. There is no time in it: the same results, the same bytes.
pub fn junit(results: &[GateResult], project: &str) -> String {
    let mut tables: Vec<&str> = Vec::new();
    for result in results {
        if !tables.contains(&result.table.as_str()) {
            tables.push(&result.table);
        }
    }
    let mut report = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\"{}>\n",
        escaped(project),
        totals(results.iter())
    );
    for table in tables {
        let of_table = || results.iter().filter(|result| result.table == table);
        let (name, totals) = (escaped(table), totals(of_table()));
        report += &format!("    <testsuite name=\"gates.{name}\"{totals}>\n");
        report.extend(of_table().map(case));
        report += "    </testsuite>\n";
    }
    report + "</testsuites>\n"
}

/// Writes the report to a file; folders on the way are made.
pub fn write_junit(path: &Path, results: &[GateResult], project: &str) -> Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    replace(path, &junit(results, project))
}

fn totals<'a>(results: impl Iterator<Item = &'a GateResult>) -> String {
    let (mut tests, mut skipped, mut failures) = (0, 0, 0);
    for result in results {
        tests += 1;
        match result.level {
            _ if result.passed => {}
            Level::Fail => failures += 1,
            Level::Warn => skipped += 1,
        }
    }
    format!(" tests=\"{tests}\" skipped=\"{skipped}\" failures=\"{failures}\" errors=\"0\"")
}

fn case(result: &GateResult) -> String {
    let found = tr!(
        "expected {expected}; found {found}",
        expected = result.expected,
        found = result.observed
    );
    let content = match (result.passed, result.level) {
        (true, _) => format!("<system-out>{}</system-out>", escaped(&found)),
        (false, Level::Fail) => outcome("failure", &found, result),
        (false, Level::Warn) => outcome("skipped", &tr!("warning: {found}", found = found), result),
    };
    format!(
        "        <testcase name=\"{}\" classname=\"gates.{}\">\n            {content}\n        </testcase>\n",
        escaped(&result.name),
        escaped(&result.table)
    )
}

fn outcome(tag: &str, message: &str, result: &GateResult) -> String {
    // A report goes where nobody finds it again when a customer is forgotten.
    let examples = match result.names_nobody() {
        true => result.examples.join("\n"),
        false => String::new(),
    };
    format!(
        "<{tag} message=\"{}\" type=\"{}\">{}</{tag}>",
        escaped(message),
        escaped(&result.check),
        escaped(&examples)
    )
}

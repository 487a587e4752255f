//! Gates as a JUnit report, which CI servers show as tests.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::GateResult;
use crate::config::gate::Level;
use crate::failure::{During, Failure, Result};
use crate::outputs::replace;

/// One test case for each gate, grouped by table. A gate of the level `fail` that is not passed is
/// a failure; one of the level `warn` is a skipped test with its message, since that is what CI
/// servers list without failing the job. There is no time in it: the same results, the same bytes.
pub fn junit(results: &[GateResult], project: &str) -> Result<String> {
    let mut report = Report::new(project);
    let mut tables: Vec<&str> = Vec::new();
    for result in results {
        if !tables.contains(&result.table.as_str()) {
            tables.push(&result.table);
        }
    }
    for table in tables {
        let mut suite = TestSuite::new(format!("gates.{table}"));
        for result in results.iter().filter(|result| result.table == table) {
            suite.add_test_case(case(result));
        }
        report.add_test_suite(suite);
    }
    report
        .to_string()
        .map_err(|error| Failure::machine(format!("writing the JUnit report: {error}")))
}

/// Writes the report to a file; folders on the way are made.
pub fn write_junit(path: &Path, results: &[GateResult], project: &str) -> Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    replace(path, &junit(results, project)?)
}

fn case(result: &GateResult) -> TestCase {
    let found = format!("expected {}; found {}", result.expected, result.observed);
    let mut status = match (result.passed, result.level) {
        (true, _) => TestCaseStatus::success(),
        (false, Level::Fail) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (false, Level::Warn) => TestCaseStatus::skipped(),
    };
    let message = match result.level {
        Level::Fail => found.clone(),
        Level::Warn => format!("warning: {found}"),
    };
    status
        .set_type(result.check.as_str())
        .set_message(message.as_str());
    if !result.examples.is_empty() {
        status.set_description(result.examples.join("\n"));
    }
    let mut case = TestCase::new(result.name.as_str(), status);
    case.set_classname(format!("gates.{}", result.table));
    if result.passed {
        case.set_system_out(found);
    }
    case
}

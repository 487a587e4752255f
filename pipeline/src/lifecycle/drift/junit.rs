//! Drift as a JUnit report, which CI servers show as tests.

use std::fmt::Write as _;

use super::{Metrics, Row};
use crate::text::{percent, xml};

/// One test case for the scores and for each feature; one that has drifted is a failure. There is no
/// time in it: the same customers, the same bytes.
pub fn report(project: &str, metrics: &Metrics, rows: &[Row], most: f64) -> String {
    let failures = rows.iter().filter(|row| row.drifted).count();
    let totals = format!(
        " tests=\"{}\" skipped=\"0\" failures=\"{failures}\" errors=\"0\"",
        rows.len()
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\"{totals}>\n    \
         <testsuite name=\"drift.version {}\"{totals}>\n",
        xml(project),
        metrics.version
    );
    for row in rows {
        let found = format!(
            "PSI {:.4}, at most {most} or the {:.4} that chance makes of it; missing {} then and {} now",
            row.found.psi,
            row.found.critical,
            percent(row.missing[0]),
            percent(row.missing[1])
        );
        let content = match row.drifted {
            false => format!("<system-out>{}</system-out>", xml(&found)),
            true => format!(
                "<failure message=\"{}\" type=\"drift\">{}</failure>",
                xml(&found),
                xml(&row.about)
            ),
        };
        let _ = writeln!(
            text,
            "        <testcase name=\"{}\" classname=\"drift\">\n            {content}\n        </testcase>",
            xml(&row.name)
        );
    }
    text + "    </testsuite>\n</testsuites>\n"
}

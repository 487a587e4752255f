//! What a customer was at earlier dates, and what of their history counts no more.

use super::Person;
use crate::commands::results::{Kind, Row, number, said};
use crate::commands::terminal::{Column, Table, width};
use crate::failure::Result;
use crate::text::plural;
use crate::words;

/// So many of the last dates are told.
const DATES: usize = 6;
/// What is told of each, and how it is written.
const TOLD: [(&str, &str, Kind); 4] = [
    (
        "recency_days",
        mark!("days since the last purchase"),
        Kind::Count,
    ),
    ("frequency", mark!("baskets"), Kind::Count),
    ("monetary", mark!("spent"), Kind::Number),
    ("spend_84", mark!("spent in 84 days"), Kind::Number),
];

impl Person<'_> {
    /// What they were at the dates of the features, the latest first.
    pub(super) fn before(&self) -> Result<Option<String>> {
        let manifest = &self.results.manifest;
        let files = manifest.files.iter().filter_map(|file| {
            let date = file
                .path
                .strip_prefix("features/")?
                .strip_suffix(".parquet")?;
            let path = self.results.out.join(&file.path);
            path.is_file().then(|| (date.to_owned(), path))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        let mut rows: Vec<(String, Row)> = Vec::new();
        for (date, path) in files.into_iter().rev().take(DATES) {
            let scope = self.results.scope.within()?;
            scope.files("of_that_date", &[path], None)?;
            let sql = format!(
                "SELECT * FROM of_that_date WHERE {} LIMIT 1",
                self.condition
            );
            let found = crate::outputs::table::rows(&scope.query(&sql)?)?;
            rows.extend(found.into_iter().next().map(|row: Row| (date, row)));
        }
        if rows.len() < 2 {
            return Ok(None);
        }
        let told: Vec<_> = TOLD
            .into_iter()
            .filter(|(name, ..)| rows.iter().any(|(_, row)| row.contains_key(*name)))
            .collect();
        let titles = told.iter().map(|(_, title, _)| Column {
            title: words::said(title).to_owned(),
            numbers: true,
        });
        let date = Column {
            title: tr!("as of"),
            numbers: false,
        };
        let table = Table {
            columns: std::iter::once(date).chain(titles).collect(),
            rows: rows
                .iter()
                .map(|(date, row)| {
                    let cells = told.iter().map(|(name, _, kind)| said(row, name, *kind));
                    std::iter::once(date.clone()).chain(cells).collect()
                })
                .collect(),
        };
        let text = table.text(width().saturating_sub(2));
        let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
        Ok(Some(tr!("HOW THEY GOT HERE") + "\n" + &lines))
    }

    /// A sentence on purchases that were cancelled later and stand in none of the sums; none where there are none.
    pub(super) fn cancelled(&self) -> Result<Option<String>> {
        let Some(every) = &self.every else {
            return Ok(None);
        };
        let found = self.loaded(&format!(
            "SELECT count(*) AS n FROM {every} WHERE {} AND undone_on IS NOT NULL AND NOT {}",
            self.condition,
            self.takes_back("")
        ))?;
        let lines = found
            .first()
            .and_then(|row| number(row, "n"))
            .unwrap_or(0.0) as u64;
        Ok((lines > 0).then(|| {
            let lines_said = plural(lines, "purchase line");
            let words = match lines {
                1 => tr!(
                    "{lines} cancelled later, with what cancelled it: in none of these sums",
                    lines = lines_said
                ),
                _ => tr!(
                    "{lines} cancelled later, with what cancelled them: in none of these sums",
                    lines = lines_said
                ),
            };
            format!("  {words}\n")
        }))
    }

    /// The condition for rows that take a purchase back.
    pub(super) fn takes_back(&self, table: &str) -> String {
        let mut back = vec![format!("{table}kind = 'return'")];
        for column in ["quantity", "amount"] {
            if self.warehouse.has_column("interactions", column) {
                back.push(format!("coalesce({table}{column} < 0, false)"));
            }
        }
        format!("({})", back.join(" OR "))
    }
}

//! How many customers a condition would find, by segment, before anyone writes settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use arrow::array::{Array, AsArray};

use super::barred::Barred;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::known::Customers;
use crate::suppressed::texts;
use crate::text::{count, plural};

/// The column by which they are counted.
const SEGMENT: &str = "rfm_segment";

/// The table as text.
pub fn text(
    settings: &Settings,
    customers: &Customers,
    barred: &Barred,
    sql: &str,
) -> Result<String> {
    // Where it stands is the command line, not the settings.
    let typed = |failure: Failure| {
        let (_, problem) = failure
            .message
            .split_once("[--count]: ")
            .unwrap_or(("", &failure.message));
        Failure {
            message: format!("--count: {problem}"),
            ..failure
        }
    };
    let condition = customers
        .parse(settings, &["--count"], sql)
        .map_err(typed)?;
    let mut needed: std::collections::BTreeSet<String> = condition
        .column_refs()
        .into_iter()
        .map(|column| column.name.clone())
        .collect();
    needed.insert(SEGMENT.to_owned());
    let rows = customers.read(&needed)?;
    let found = customers
        .evaluate(settings, &["--count"], condition, &rows)
        .map_err(typed)?;
    let Some(found) = found.as_boolean_opt() else {
        let problem = format!(
            "--count: this is no condition, since it is {} for a customer",
            found.data_type()
        );
        return Err(Failure::settings(problem)
            .hint("compare it with something, such as churn_probability > 0.5"));
    };
    let reasons = barred.reasons(settings, customers, rows.column(0), None)?;
    let segments = rows.column_by_name(SEGMENT).map(texts).transpose()?;
    let (none, all_of_them) = (tr!("(no segment)"), tr!("all"));
    let mut by_segment: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    let mut all = [0; 2];
    for row in (0..rows.num_rows()).filter(|&row| found.is_valid(row) && found.value(row)) {
        let segment = segments.as_ref().filter(|segments| segments.is_valid(row));
        let segment = segment.map_or(none.as_str(), |segments| segments.value(row));
        let may = u64::from(reasons.of[row].is_none());
        for numbers in [by_segment.entry(segment).or_default(), &mut all] {
            numbers[0] += 1;
            numbers[1] += may;
        }
    }
    let mut table: Vec<(&str, [u64; 2])> = by_segment.into_iter().collect();
    table.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    table.push((&all_of_them, all));
    let width = table.iter().map(|(name, _)| name.chars().count()).max();
    let heads = [tr!("segment"), tr!("customers"), tr!("may be contacted")];
    let width = width.unwrap_or(0).max(heads[0].chars().count());
    let mut text = format!("{:width$}  {:>10}  {:>16}\n", heads[0], heads[1], heads[2]);
    for (name, [number, may]) in table {
        let _ = writeln!(
            text,
            "{name:width$}  {:>10}  {:>16}",
            count(number),
            count(may)
        );
    }
    let matching = (0..rows.num_rows()).filter(|&row| found.is_valid(row) && found.value(row));
    let (why, unasked) = reasons.count(matching);
    for (why, number) in why {
        let _ = writeln!(text, "{} {why}", count(number));
    }
    if unasked > 0 {
        let _ = writeln!(
            text,
            "{}",
            match unasked {
                1 => tr!("1 customer who may be contacted has not said so (consent is empty)"),
                many => tr!(
                    "{customers} who may be contacted have not said so (consent is empty)",
                    customers = plural(many, "customer")
                ),
            }
        );
    }
    Ok(text)
}

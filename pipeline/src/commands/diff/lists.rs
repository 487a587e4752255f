//! Rules and suggestions that came and went.

use serde::Serialize;

use super::moves::{text, whole};
use super::sides::{Sides, joined};
use crate::failure::Result;

/// As many are named.
const NAMED: usize = 5;

/// Things of a list, in both runs.
#[derive(Debug, Serialize)]
pub struct Lists {
    /// In the first run, and in the second.
    pub runs: [u64; 2],
    /// In both.
    pub stayed: u64,
    /// Only in the second.
    pub came: u64,
    /// Only in the first.
    pub went: u64,
    /// The first of those that came.
    pub new: Vec<String>,
    /// The first of those that went.
    pub gone: Vec<String>,
    /// Customers with a suggestion in both runs, and those whose first one is another.
    pub first: Option<[u64; 2]>,
}

/// Rules, by their items.
pub fn rules(sides: &Sides) -> Result<Option<Lists>> {
    let ids = ["antecedent_ids", "consequent_ids"];
    if !sides.named("rules")? || !sides.have("rules", ids[0])? {
        return Ok(None);
    }
    let same = ids
        .map(|column| format!("a.{column} = b.{column}"))
        .join(" AND ");
    lists(sides, "rules", &same, "in_words").map(Some)
}

/// What is suggested to whom.
pub fn suggestions(sides: &Sides) -> Result<Option<Lists>> {
    if !sides.named("suggestions")? {
        return Ok(None);
    }
    let same =
        "CAST(a.customer_id AS VARCHAR) = CAST(b.customer_id AS VARCHAR) AND a.item = b.item";
    let mut found = lists(sides, "suggestions", same, "item")?;
    // Names of items say little of what came: everything is suggested to somebody.
    (found.new, found.gone) = (Vec::new(), Vec::new());
    let first = sides.ask(&format!(
        "SELECT count(*) AS both, sum(CASE WHEN a.item <> b.item THEN 1 ELSE 0 END) AS another FROM {} \
         WHERE a.rank = 1 AND b.rank = 1",
        joined("suggestions")
    ))?;
    found.first = first
        .first()
        .map(|row| [whole(row, "both"), whole(row, "another")]);
    Ok(Some(found))
}

/// What both have, and what only one has, in the order of its file.
fn lists(sides: &Sides, table: &str, same: &str, words: &str) -> Result<Lists> {
    let all = |side: &str| sides.count(&format!("SELECT count(*) AS n FROM {side}_{table}"));
    let runs = [all("a")?, all("b")?];
    let stayed = sides.count(&format!(
        "SELECT count(*) AS n FROM a_{table} a JOIN b_{table} b ON {same}"
    ))?;
    let only = |side: &str, other: &str| -> Result<Vec<String>> {
        let order = match table {
            "rules" => "ORDER BY lift DESC, in_words",
            _ => "ORDER BY item",
        };
        let rows = sides.ask(&format!(
            "SELECT {words} AS words FROM {side}_{table} {side} LEFT ANTI JOIN {other}_{table} {other} \
             ON {same} {order} LIMIT {NAMED}"
        ))?;
        Ok(rows.iter().map(|row| text(row, "words")).collect())
    };
    Ok(Lists {
        runs,
        stayed,
        came: runs[1].saturating_sub(stayed),
        went: runs[0].saturating_sub(stayed),
        new: only("b", "a")?,
        gone: only("a", "b")?,
        first: None,
    })
}

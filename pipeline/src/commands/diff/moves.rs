//! Who changed from one segment to another, and whether by what they did.

use serde::Serialize;

use super::sides::{Sides, joined};
use crate::commands::results::{Row, number};
use crate::failure::Result;

/// The columns of `segments` that group customers, with what people call them.
const GROUPINGS: [(&str, &str); 3] = [
    ("rfm_segment", mark!("RFM segments")),
    ("value_tier", mark!("value tiers")),
    ("cluster_name", mark!("clusters")),
];

/// The most moves that are listed.
const LISTED: usize = 10;

/// One way to group customers, in both runs.
#[derive(Debug, Serialize)]
pub struct Grouping {
    /// The column.
    pub column: String,
    /// What people call it.
    pub title: String,
    /// The groups.
    pub sizes: Vec<Size>,
    /// Customers who are in both runs.
    pub both: u64,
    /// Those of them who are in another group.
    pub moved: u64,
    /// Of these, those who bought or returned something in between.
    pub acted: u64,
    /// Of these, those who did nothing, but time passed.
    pub waited: u64,
    /// Of these, those of whom nothing changed at all: the groups' borders did.
    pub borders: u64,
    /// The largest moves.
    pub moves: Vec<Move>,
}

/// A group in both runs.
#[derive(Debug, Serialize)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// Customers, then and now.
    pub customers: [u64; 2],
    /// Of all customers of the run.
    pub share: [f64; 2],
}

/// Customers who went from one group to another.
#[derive(Debug, Serialize)]
pub struct Move {
    /// From here.
    pub from: String,
    /// To here.
    pub to: String,
    /// How many.
    pub customers: u64,
}

/// Every way to group customers that both runs have.
pub fn groupings(sides: &Sides) -> Result<Vec<Grouping>> {
    let mut found = Vec::new();
    if !sides.named("segments")? {
        return Ok(found);
    }
    for (column, title) in GROUPINGS {
        if sides.have("segments", column)? {
            found.push(grouping(sides, column, title)?);
        }
    }
    Ok(found)
}

fn grouping(sides: &Sides, column: &str, title: &str) -> Result<Grouping> {
    let moves = sides.ask(&format!(
        "SELECT coalesce(a.{column}, 'none') AS \"from\", coalesce(b.{column}, 'none') AS \"to\", count(*) AS customers, \
         sum(CASE WHEN a.frequency <> b.frequency OR a.monetary <> b.monetary THEN 1 ELSE 0 END) AS acted, \
         sum(CASE WHEN a.frequency = b.frequency AND a.monetary = b.monetary AND a.recency_days = b.recency_days \
         THEN 1 ELSE 0 END) AS borders \
         FROM {} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        joined("segments")
    ))?;
    let went = |row: &&Row| text(row, "from") != text(row, "to");
    let sum = |name: &str, all: bool| -> u64 {
        let rows = moves.iter().filter(|row| all || went(row));
        rows.map(|row| whole(row, name)).sum()
    };
    let (moved, acted, borders) = (
        sum("customers", false),
        sum("acted", false),
        sum("borders", false),
    );
    Ok(Grouping {
        column: column.to_owned(),
        title: title.to_owned(),
        sizes: sizes(sides, column)?,
        both: sum("customers", true),
        moved,
        acted,
        waited: moved - acted - borders,
        borders,
        moves: moves
            .iter()
            .filter(went)
            .take(LISTED)
            .map(|row| Move {
                from: text(row, "from"),
                to: text(row, "to"),
                customers: whole(row, "customers"),
            })
            .collect(),
    })
}

fn sizes(sides: &Sides, column: &str) -> Result<Vec<Size>> {
    let found = sides.ask(&format!(
        "SELECT name, sum(a) AS a, sum(b) AS b FROM (\
         SELECT coalesce({column}, 'none') AS name, 1 AS a, 0 AS b FROM a_segments UNION ALL \
         SELECT coalesce({column}, 'none'), 0, 1 FROM b_segments) GROUP BY name ORDER BY 3 DESC, 1"
    ))?;
    let total = ["a", "b"].map(|side| found.iter().map(|row| whole(row, side)).sum::<u64>());
    let size = |row: &Row| {
        let customers = [whole(row, "a"), whole(row, "b")];
        Size {
            name: text(row, "name"),
            share: [0, 1].map(|side| customers[side] as f64 / total[side].max(1) as f64),
            customers,
        }
    };
    Ok(found.iter().map(size).collect())
}

/// A text of a row.
pub fn text(row: &Row, column: &str) -> String {
    let value = row.get(column).and_then(|value| value.as_str());
    value.unwrap_or_default().to_owned()
}

/// A whole number of a row.
pub fn whole(row: &Row, column: &str) -> u64 {
    number(row, column).unwrap_or(0.0) as u64
}

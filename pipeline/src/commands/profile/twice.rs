//! The same line in two sources: exports that overlap are one history told twice.

use serde::Serialize;

use crate::commands::profile::cells::{count_of, first_count, texts};
use crate::failure::Result;
use crate::warehouse::Warehouse;
use crate::warehouse::views::LOADS;

/// Interactions that two sources or more tell alike.
#[derive(Clone, Debug, Serialize)]
pub struct InTwoSources {
    /// How many different ones.
    pub lines: u64,
    /// The first day with one.
    pub first_day: String,
    /// The last day with one.
    pub last_day: String,
    /// Two of the sources.
    pub sources: Vec<String>,
}

/// What says who did what and when; two lines that agree in all of it are taken for one.
const AGREE: [&str; 7] = [
    "customer_id",
    "occurred_at",
    "kind",
    "basket_id",
    "product_id",
    "quantity",
    "amount",
];

/// Looks for lines that several sources have; none where there is but one source.
pub fn read(warehouse: &Warehouse) -> Result<Option<InTwoSources>> {
    let scope = &warehouse.scope;
    if !warehouse.has_loads {
        return Ok(None);
    }
    // A file that was loaded again belongs to the source that gave it last.
    let named = format!(
        "SELECT l.source_file AS file, l.source AS source FROM {LOADS} l JOIN \
         (SELECT source_file, max(load) AS load FROM {LOADS} GROUP BY source_file) last \
         ON l.source_file = last.source_file AND l.load = last.load \
         WHERE l.\"table\" = 'interactions'"
    );
    let sources = format!("SELECT count(DISTINCT source) AS n FROM ({named})");
    if count_of(scope, &sources)? < 2 {
        return Ok(None);
    }
    let agree: Vec<&str> = AGREE
        .into_iter()
        .filter(|column| warehouse.has_column("interactions", column))
        .collect();
    let agree = agree.join(", ");
    let found = scope.query(&format!(
        "SELECT count(*) AS n, CAST(min(day) AS VARCHAR) AS first, CAST(max(day) AS VARCHAR) AS last, \
         min(one) AS one, max(other) AS other FROM (\
         SELECT day, min(source) AS one, max(source) AS other \
         FROM (SELECT {agree}, day, source_file FROM interactions_loaded WHERE replaced_at IS NULL) i \
         JOIN ({named}) named ON i.source_file = named.file \
         GROUP BY {agree}, day HAVING min(source) <> max(source))"
    ))?;
    let lines = first_count(&found, "n")?;
    if lines == 0 {
        return Ok(None);
    }
    let text = |name: &str| Ok::<_, crate::failure::Failure>(texts(&found, name)?.concat());
    Ok(Some(InTwoSources {
        lines,
        first_day: text("first")?,
        last_day: text("last")?,
        sources: vec![text("one")?, text("other")?],
    }))
}

//! Room in the categories that similar customers buy: the share of wallet by category, against the peers.

use super::super::history::Buyers;
use super::column_for;
use crate::engine::Scope;
use crate::failure::Result;
use crate::stages::Context;

/// Days whose spend is looked at.
pub const DAYS: u32 = 365;

/// A category that a smaller share of the peers buys is no room for the others.
const COMMON: &str = "0.2";

/// What customers could spend more.
pub struct Room {
    /// In [`DAYS`] days, of each customer.
    pub spend: Vec<f64>,
    /// Who they are held against, in words.
    pub peers: &'static str,
}

/// What each customer would spend more in [`DAYS`] days, if they spent in each category what their peers
/// spend there on average; words where that cannot be told.
///
/// Peers are the customers of the same RFM segment, as `segment` left it, who bought in these days; all
/// customers where there is none.
pub fn read(context: &Context<'_>, buyers: &Buyers) -> Result<Result<Room, String>> {
    let warehouse = context.warehouse()?;
    let level = ["category", "department"]
        .into_iter()
        .find(|level| warehouse.has_column("products", level));
    let Some(level) = level.filter(|_| warehouse.has_column("interactions", "product_id")) else {
        return Ok(Err(tr!(
            "the room in categories: a `category` or `department` of the products and a `product_id` of what was bought would tell it"
        )));
    };
    let scope = warehouse.scope.within()?;
    let peers = peers(context, &scope)?;
    scope.fold(
        "room_spend",
        &spend(level, &warehouse.end.to_string(), peers),
    )?;
    let table = scope.query(&ROOM_OF.replace("COMMON", COMMON))?;
    let room = column_for(buyers, &table, 1);
    // Who bought nothing in these days is nobody's peer.
    let known = room
        .iter()
        .map(|room| if room.is_nan() { 0.0 } else { *room });
    Ok(Ok(Room {
        spend: known.collect(),
        peers: match peers {
            true => mark!("customers of the same RFM segment"),
            false => mark!("all customers"),
        },
    }))
}

/// Whether segments are there for the same day, as `room_peers`.
fn peers(context: &Context<'_>, scope: &Scope) -> Result<bool> {
    let manifest = context.left_by("segment")?;
    let path = context.out.join("segments.parquet");
    let entry = manifest.stages.get("segment");
    let as_of = entry.and_then(|entry| entry.as_of.clone());
    let same_day = as_of == Some(context.warehouse()?.end.to_string());
    let there = manifest
        .files
        .iter()
        .any(|file| file.path == "segments.parquet");
    if !(same_day && there && path.is_file()) {
        return Ok(false);
    }
    scope.files("room_peers", &[path], None)?;
    Ok(true)
}

/// What each customer spent in each category, with the segment; amounts below nothing are none.
fn spend(level: &str, end: &str, peers: bool) -> String {
    let (segment, join) = match peers {
        true => (
            "coalesce(s.rfm_segment, '')",
            "LEFT JOIN room_peers s ON s.customer_id = i.customer_id",
        ),
        false => ("''", ""),
    };
    format!(
        "SELECT i.customer_id, {segment} AS segment, p.{level} AS category, \
         CAST(sum(CASE WHEN i.kind = 'purchase' THEN i.amount ELSE 0 - abs(i.amount) END) AS DECIMAL(38, 4)) AS spent \
         FROM interactions i JOIN products p ON i.product_id = p.product_id {join} \
         WHERE i.kind IN ('purchase', 'return') AND i.amount IS NOT NULL AND p.{level} IS NOT NULL \
         AND i.day >= CAST('{end}' AS DATE) - INTERVAL '{DAYS}' DAY \
         GROUP BY 1, 2, 3"
    )
}

/// For each customer the sum over the common categories of the segment of the mean, less the lesser of the
/// mean and what the customer spent there. Sums are of decimals, so that their order does not matter.
const ROOM_OF: &str = "
WITH spent AS (
  SELECT customer_id, segment, category, spent FROM room_spend WHERE spent > 0
), members AS (
  SELECT segment, count(DISTINCT customer_id) AS members FROM spent GROUP BY 1
), common AS (
  SELECT s.segment, s.category,
    CAST(CAST(sum(s.spent) AS DOUBLE) / CAST(max(m.members) AS DOUBLE) AS DECIMAL(38, 4)) AS mean
  FROM spent s JOIN members m ON s.segment = m.segment GROUP BY 1, 2
  HAVING CAST(count(*) AS DOUBLE) >= COMMON * CAST(max(m.members) AS DOUBLE)
), whole AS (
  SELECT segment, sum(mean) AS mean FROM common GROUP BY 1
), filled AS (
  SELECT s.customer_id, s.segment,
    sum(CASE WHEN c.mean IS NULL THEN CAST(0 AS DECIMAL(38, 4)) WHEN s.spent < c.mean THEN s.spent ELSE c.mean END) AS filled
  FROM spent s LEFT JOIN common c ON s.segment = c.segment AND s.category = c.category GROUP BY 1, 2
)
SELECT f.customer_id, CAST(w.mean AS DOUBLE) - CAST(f.filled AS DOUBLE) AS room
FROM filled f JOIN whole w ON f.segment = w.segment ORDER BY 1";

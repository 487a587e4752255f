//! Through which channels customers come: `channel_days`.

use std::fmt::Write as _;

use super::{Fold, quoted};

/// What goes through a channel because the customer chose it; contacts are the company's choice.
pub const CHOSEN: &str = "channel IS NOT NULL AND kind <> 'contact'";

/// One row for each customer, day and channel, with the place of the channel among those that are
/// used most.
pub(super) fn fold(channels: &[String]) -> Fold {
    let mut places = String::new();
    for (place, channel) in channels.iter().enumerate() {
        let _ = write!(places, " WHEN {} THEN {place}", quoted(channel));
    }
    let days = format!(
        "SELECT customer_id, lower(channel) AS channel, arrow_cast(day, 'Int32') AS d FROM interactions \
         WHERE {CHOSEN} GROUP BY 1, 2, 3"
    );
    let then = format!(
        "SELECT customer_id, d, CASE channel{places} END AS place, \
         row_number() OVER (PARTITION BY customer_id, channel ORDER BY d) = 1 AS is_first FROM {{days}}"
    );
    Fold::along_days("channel_days", days, &then)
}

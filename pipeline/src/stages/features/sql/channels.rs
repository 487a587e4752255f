//! Through which channels customers come.

use std::fmt::Write as _;

use arrow::array::AsArray;

use super::{Plan, distinct_columns, identifier, quoted};
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// For how many of the most used channels the share is a feature.
const MOST: usize = 5;

/// What goes through a channel because the customer chose it; contacts are the company's choice.
const CHOSEN: &str = "channel IS NOT NULL AND kind <> 'contact'";

impl Plan {
    /// Features of channels, where there is more than one.
    ///
    /// A channel counts once a day, so that a basket of thirty lines weighs no more than a call.
    pub(super) fn channels(&mut self, warehouse: &Warehouse) -> Result<()> {
        if !warehouse.has_column("interactions", "channel") {
            return Ok(());
        }
        let used = warehouse.engine.query(&format!(
            "SELECT lower(channel) AS channel, count(*) AS times FROM interactions WHERE {CHOSEN} \
             GROUP BY 1 ORDER BY times DESC, channel LIMIT {}",
            2 * MOST
        ))?;
        let mut channels = distinct_columns(used.column(0).as_string::<i32>().iter().flatten());
        channels.truncate(MOST);
        if channels.len() < 2 {
            return Ok(());
        }
        let (mut places, mut sums) = (String::new(), String::new());
        for (place, channel) in channels.iter().enumerate() {
            let _ = write!(places, " WHEN {} THEN {place}", quoted(channel));
            let _ = write!(
                sums,
                ", count(CASE WHEN place = {place} THEN 1 END) AS channel_{place}"
            );
        }
        self.folds.push((
            "channel_days",
            format!(
                "SELECT customer_id, d, CASE channel{places} END AS place, \
                 row_number() OVER (PARTITION BY customer_id, channel ORDER BY d) = 1 AS is_first \
                 FROM (SELECT customer_id, lower(channel) AS channel, arrow_cast(day, 'Int32') AS d FROM interactions \
                 WHERE {CHOSEN} GROUP BY 1, 2, 3)"
            ),
        ));
        self.join(
            "channels",
            &format!(
                "SELECT as_of, customer_id, count(*) AS channel_days, count(CASE WHEN is_first THEN 1 END) AS used{sums} \
                 FROM channel_days JOIN as_of_dates ON d < as_of GROUP BY 1, 2"
            ),
        );
        self.add_joined(
            "channels",
            "Different channels used",
            "CAST(coalesce(used, 0) AS DOUBLE)",
        );
        for (place, channel) in channels.iter().enumerate() {
            self.add_joined(
                &format!("channel_share_{}", identifier(channel)),
                &format!("Share of {channel} among the channels used, each counted once a day; empty when none was"),
                &format!("CAST(channel_{place} AS DOUBLE) / nullif(CAST(channel_days AS DOUBLE), 0)"),
            );
        }
        Ok(())
    }
}

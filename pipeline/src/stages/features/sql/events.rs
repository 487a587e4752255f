//! Everything that is no purchase, by day: `event_days`.

use std::fmt::Write as _;

use super::{Fold, listed};
use crate::contract::features::{CLOSED, History, Named, settled};

/// One row for each customer, kind and day, with what features add up of the day, and what they
/// see along the days.
pub(super) fn fold(history: &History, by_day: &[Named], along: &[Named]) -> Fold {
    let days = format!(
        "SELECT customer_id, kind, arrow_cast(day, 'Int32') AS d, {} AS events{} FROM interactions \
         WHERE kind <> 'purchase' GROUP BY 1, 2, 3",
        counted(history),
        listed(by_day)
    );
    match along {
        [] => Fold::of_days("event_days", days, &[]),
        _ => Fold::along_days(
            "event_days",
            days,
            &format!("SELECT *{} FROM {{days}}", listed(along)),
        ),
    }
}

/// How many things happened on a day: rows, without those that only tell how something that is
/// counted already goes on.
fn counted(history: &History) -> String {
    let mut no_event = String::new();
    if history.kind_is("complaint", |kind| kind.has_open) {
        let _ = write!(
            no_event,
            " WHEN kind = 'complaint' AND lower(status) IN {CLOSED} THEN 0"
        );
    }
    if history.kind_is("payment", |kind| kind.has_due || kind.has_disputed) {
        let _ = write!(
            no_event,
            " WHEN kind = 'payment' AND NOT {} THEN 0",
            settled(history)
        );
    }
    match no_event.as_str() {
        "" => "count(*)".to_owned(),
        no_event => format!("sum(CASE{no_event} ELSE 1 END)"),
    }
}

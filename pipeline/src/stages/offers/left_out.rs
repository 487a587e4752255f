//! Items that are suggested to nobody, as a table and as numbers.

use std::sync::Arc;

use arrow::array::{Date32Array, RecordBatch};
use regulars_models::cross_sell::Unavailable;

use super::metrics::LeftOutItems;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, text};
use crate::purchases::{Items, Purchases};
use crate::text::plural;

/// How many there are of each kind.
pub fn counted(found: &[(u32, Unavailable)]) -> LeftOutItems {
    let mut counted = LeftOutItems::default();
    for (_, why) in found {
        *match why {
            Unavailable::Inactive => &mut counted.inactive,
            Unavailable::Gone { .. } => &mut counted.gone,
            Unavailable::OutOfSeason { .. } => &mut counted.out_of_season,
        } += 1;
    }
    counted
}

/// Each with its reason.
pub fn table(
    found: &[(u32, Unavailable)],
    purchases: &Purchases,
    line_items: &[u32],
) -> Result<RecordBatch> {
    let items: &Items = &purchases.items;
    let mut last_sold = vec![None; items.len()];
    for (&item, &day) in line_items.iter().zip(&purchases.days) {
        let last = &mut last_sold[item as usize];
        *last = (*last).max(Some(day));
    }
    let all = || found.iter();
    let last: Date32Array = all().map(|(item, _)| last_sold[*item as usize]).collect();
    TableBuilder::new()
        .column(
            "item",
            "What is suggested to nobody",
            text(all().map(|(item, _)| &items.names[*item as usize])),
        )
        .column(
            "item_id",
            "Its id",
            text(all().map(|(item, _)| &items.ids[*item as usize])),
        )
        .column(
            "level",
            "The level of the taxonomy that the item is of",
            text(all().map(|_| &purchases.ask.level)),
        )
        .column(
            "why",
            "inactive: the products say so; gone: no longer sold; out_of_season: hardly sold in the same weeks of the year before",
            text(all().map(|(_, why)| code(why))),
        )
        .column(
            "reason",
            "The same in words, with the numbers",
            text(all().map(|(_, why)| words(why))),
        )
        .column("last_sold", "The last day with a sale", Arc::new(last))
        .build()
}

fn code(why: &Unavailable) -> &'static str {
    match why {
        Unavailable::Inactive => "inactive",
        Unavailable::Gone { .. } => "gone",
        Unavailable::OutOfSeason { .. } => "out_of_season",
    }
}

fn words(why: &Unavailable) -> String {
    match *why {
        Unavailable::Inactive => tr!("the products say that it is not active"),
        Unavailable::Gone { usual_gap, .. } => tr!(
            "not sold any more: before, hardly more than {days} passed between two days with a sale",
            days = plural(usual_gap.unsigned_abs().into(), "day")
        ),
        Unavailable::OutOfSeason { sold: 1, even } => tr!(
            "out of season: sold once in these weeks of the year before, of {even} if it sold evenly",
            even = format!("{even:.0}")
        ),
        Unavailable::OutOfSeason { sold, even } => tr!(
            "out of season: sold {n} times in these weeks of the year before, of {even} if it sold evenly",
            n = sold,
            even = format!("{even:.0}")
        ),
    }
}

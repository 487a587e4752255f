//! The sets of items that bring the most money.

use arrow::array::RecordBatch;
use regulars_models::ParamGuard;
use regulars_models::associations::{
    MinUtility, UtilityBaskets, UtilityItemset, UtilityItemsets, UtilityParams,
};

use super::page::UtilityLine;
use super::tables;
use crate::config::rules::Utility;
use crate::contract::MONEY_SCALE;
use crate::failure::{Failure, Result};
use crate::outputs::table::numbers;
use crate::purchases::Items;
use crate::words::said;

/// Finds the sets; the lines are those of [`Choice::money`](super::choice::Choice::money).
pub fn find(
    settings: &Utility,
    (offsets, items, money): (Vec<usize>, Vec<u32>, Vec<i64>),
    n_items: usize,
) -> Result<UtilityItemsets> {
    let baskets = UtilityBaskets::from_csr(offsets, items, &money, n_items)
        .map_err(|error| Failure::data(error.to_string()))?;
    UtilityParams::top(settings.top)
        .min_utility(MinUtility::Share(settings.min_share))
        .min_count(u32::try_from(settings.min_baskets).unwrap_or(u32::MAX))
        .min_len(2)
        .max_len(settings.max_length)
        .check()
        .and_then(|params| params.fit(&baskets))
        .map_err(|error| {
            Failure::data(error.to_string()).hint("see the settings under [rules.utility]")
        })
}

/// Ten-thousandths as an amount.
fn amount(money: i64) -> f64 {
    money as f64 / 10f64.powi(MONEY_SCALE.into())
}

/// All of them, for the page.
pub fn page_rows(sets: &UtilityItemsets, items: &Items) -> Vec<UtilityLine> {
    let total = sets.total_utility() as f64;
    let row = |set: UtilityItemset<'_>| UtilityLine {
        items: items.spoken_of(set.items),
        baskets: set.count.into(),
        money: amount(set.utility),
        share: set.utility as f64 / total,
    };
    sets.iter().map(row).collect()
}

/// Everything as a table.
pub fn table(sets: &UtilityItemsets, items: &Items, money: &str) -> Result<RecordBatch> {
    let total = sets.total_utility() as f64;
    let about = tr!(
        "The {money} of these items in the baskets with all of them",
        money = said(money)
    );
    let found: Vec<_> = sets.iter().collect();
    tables::sets(found.iter().map(|set| (set.items, set.count)), items)
        .column(
            money,
            &about,
            numbers(found.iter().map(|set| amount(set.utility)), 2),
        )
        .column(
            "share",
            "Of all money; a line counts in every set that its basket holds",
            numbers(found.iter().map(|set| set.utility as f64 / total), 6),
        )
        .column(
            "per_basket",
            "Mean of a basket",
            numbers(
                found
                    .iter()
                    .map(|set| amount(set.utility) / f64::from(set.count)),
                2,
            ),
        )
        .build()
}

//! The shop itself at each date: the week of the year, and the days on which it was closed.

use super::Fold;

/// The days on which anybody bought anything.
pub(super) fn fold() -> Fold {
    Fold::over_folds(
        "shop_days",
        "SELECT bought_on AS d FROM customer_days WHERE bought_on IS NOT NULL GROUP BY bought_on"
            .to_owned(),
    )
}

/// One row for each date.
pub(super) fn query() -> String {
    let open = |condition: &str| format!("sum(CASE WHEN {condition} THEN 1 ELSE 0 END)");
    format!(
        "SELECT as_of, min(d) AS shop_first, {} AS shop_open_28, {} AS shop_open_ahead, \
         (date_part('doy', arrow_cast(as_of, 'Date32')) - 1) / 7 + 1 AS shop_week \
         FROM shop_days JOIN as_of_dates ON d < as_of GROUP BY as_of",
        open("d >= as_of - 28"),
        open("d >= as_of - 364 AND d < as_of - 336"),
    )
}

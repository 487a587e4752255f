//! What the people of an account do together: `account_days`, and what is asked of it.

use super::Fold;

/// Before every day: since when `customers` knows the account.
const ALWAYS: &str = "arrow_cast(-1000000, 'Int32')";

/// The days of every customer who belongs to an account by then.
///
/// A customer belongs to the account that the latest interaction names; where none has named
/// one yet, to that of `customers`.
pub(super) fn folds(tables: &[&'static str]) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut named = String::new();
    // Each is folded for itself: columns of the warehouse carry descriptions, and a union of
    // different ones is refused.
    for table in tables {
        let query = |day: &str| {
            format!(
                "SELECT customer_id, {day} AS d, max(account_id) AS account FROM {table} \
                 WHERE account_id IS NOT NULL GROUP BY 1, 2"
            )
        };
        let fold = match *table {
            "customers" => Fold::over_folds("accounts_of_customers", query(ALWAYS)),
            _ => Fold::of_days(
                "accounts_of_interactions",
                query("arrow_cast(day, 'Int32')"),
                &[],
            ),
        };
        named += &format!(
            " UNION ALL SELECT customer_id, d, account, 0 AS spend, NULL AS bought_on FROM {}",
            fold.name
        );
        folds.push(fold);
    }
    // What is spent is added to what names the account rather than joined with it, as for
    // `customer_days`: a sum can go to disk.
    folds.push(Fold::over_folds(
        "account_days",
        format!(
            "SELECT * FROM (SELECT customer_id, d, spend, bought_on, \
             last_value(account) IGNORE NULLS OVER (PARTITION BY customer_id ORDER BY d) AS account, \
             lead(d) OVER (PARTITION BY customer_id ORDER BY d) AS next_d \
             FROM (SELECT customer_id, d, max(account) AS account, sum(spend) AS spend, max(bought_on) AS bought_on FROM (\
             SELECT customer_id, d, NULL AS account, spend - returned AS spend, bought_on FROM customer_days{named}) \
             GROUP BY customer_id, d)) WHERE account IS NOT NULL AND d > {ALWAYS}"
        ),
    ));
    folds
}

/// For each date and customer, what the customer's account has done by then.
pub(super) fn query() -> String {
    let of_account = "OVER (PARTITION BY as_of, account)";
    format!(
        "SELECT * FROM (SELECT as_of, customer_id, is_now, spend AS own_spend, \
         sum(is_active) {of_account} AS account_people, sum(spend) {of_account} AS account_spend, \
         sum(spend_84) {of_account} AS account_lately, max(last_on) {of_account} AS account_last \
         FROM (SELECT as_of, account, customer_id, sum(spend) AS spend, \
         sum(CASE WHEN d >= as_of - 84 THEN spend ELSE 0 END) AS spend_84, max(bought_on) AS last_on, \
         max(CASE WHEN bought_on >= as_of - 84 THEN 1 ELSE 0 END) AS is_active, \
         max(CASE WHEN next_d IS NULL OR next_d >= as_of THEN 1 ELSE 0 END) AS is_now \
         FROM account_days JOIN as_of_dates ON d < as_of GROUP BY 1, 2, 3)) WHERE is_now = 1"
    )
}

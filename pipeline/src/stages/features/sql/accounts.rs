//! The account that a customer belongs to: a company and its people.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::Plan;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// Before every day: since when `customers` knows the account.
const ALWAYS: &str = "arrow_cast(-1000000, 'Int32')";

impl Plan {
    /// Features of accounts, where customers or their interactions name them.
    ///
    /// A customer belongs to the account that the latest interaction names; where none has named
    /// one yet, to that of `customers`.
    pub(super) fn accounts(&mut self, warehouse: &Warehouse) -> Result<()> {
        let mut named = String::new();
        // Each is folded for itself: columns of the warehouse carry descriptions, and a union of
        // different ones is refused.
        for (fold, table, day) in [
            ("accounts_of_customers", "customers", ALWAYS),
            (
                "accounts_of_interactions",
                "interactions",
                "arrow_cast(day, 'Int32')",
            ),
        ] {
            if names_accounts(warehouse, table)? {
                self.folds.push((
                    fold,
                    format!(
                        "SELECT customer_id, {day} AS d, max(account_id) AS account FROM {table} \
                         WHERE account_id IS NOT NULL GROUP BY 1, 2"
                    ),
                ));
                named += &format!(
                    " UNION ALL SELECT customer_id, d, account, 0 AS spend, NULL AS bought_on FROM {fold}"
                );
            }
        }
        if named.is_empty() {
            return Ok(());
        }
        // What is spent is added to what names the account rather than joined with it, as for
        // `customer_days`: a sum can go to disk.
        self.folds.push((
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
        let of_account = "OVER (PARTITION BY as_of, account)";
        self.join(
            "accounts",
            &format!(
                "SELECT * FROM (SELECT as_of, customer_id, is_now, spend AS own_spend, \
                 sum(is_active) {of_account} AS account_people, sum(spend) {of_account} AS account_spend, \
                 sum(spend_84) {of_account} AS account_lately, max(last_on) {of_account} AS account_last \
                 FROM (SELECT as_of, account, customer_id, sum(spend) AS spend, \
                 sum(CASE WHEN d >= as_of - 84 THEN spend ELSE 0 END) AS spend_84, max(bought_on) AS last_on, \
                 max(CASE WHEN bought_on >= as_of - 84 THEN 1 ELSE 0 END) AS is_active, \
                 max(CASE WHEN next_d IS NULL OR next_d >= as_of THEN 1 ELSE 0 END) AS is_now \
                 FROM account_days JOIN as_of_dates ON d < as_of GROUP BY 1, 2, 3)) WHERE is_now = 1"
            ),
        );
        self.add_joined(
            "account_people_84",
            "People of the account who bought in the last 84 days; empty for who belongs to none",
            "CAST(account_people AS DOUBLE)",
        );
        self.add_joined(
            "account_recency_days",
            "Days since anybody of the account bought; empty for who belongs to none",
            "CAST(f.as_of - account_last AS DOUBLE)",
        );
        if warehouse.has_column("interactions", "amount") {
            self.add_joined(
                "account_spend_84",
                "Money spent by the account in the last 84 days; empty for who belongs to none",
                "CAST(account_lately AS DOUBLE)",
            );
            self.add_joined(
                "account_spend_share",
                "The customer's share of the account's spend; empty for who belongs to none",
                "CAST(own_spend AS DOUBLE) / nullif(CAST(account_spend AS DOUBLE), 0)",
            );
        }
        Ok(())
    }
}

/// Whether a table names an account anywhere.
fn names_accounts(warehouse: &Warehouse, table: &str) -> Result<bool> {
    if !warehouse.has_column(table, "account_id") {
        return Ok(false);
    }
    let named = warehouse
        .engine
        .query(&format!("SELECT count(account_id) FROM {table}"))?;
    Ok(named.column(0).as_primitive::<Int64Type>().value(0) > 0)
}

//! Customers: how unequal they are, who comes once, who never bought, who bought before joining.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::baskets::rows;
use crate::commands::profile::cells::{count_of, first_count};
use crate::commands::profile::columns::share;
use crate::commands::profile::distribution::{Distribution, Unit};
use crate::commands::profile::folds::{BUYERS, VISITS};
use crate::commands::profile::spread::{Spread, distribution};
use crate::engine::Scope;
use crate::failure::Result;
use crate::outputs::table::round;
use crate::warehouse::Warehouse;

/// Ids that stand for nobody in many systems, in small letters.
const PLACEHOLDERS: &str = "'0', '00', '-1', '9999', '99999', '999999', '0000', 'null', 'none', 'nan', 'n/a', 'na', \
     '-', 'guest', 'gast', 'anonymous', 'anonym', 'unknown', 'unbekannt', 'walk-in', 'walkin', 'cash', 'test', 'default', '游客', '散客'";
/// An id with so many times the baskets of the customer in the middle is hardly one person.
const CROWD: i128 = 10;
/// Nor is one with this share of all baskets, in percent.
const CROWD_PERCENT: i128 = 5;

/// So many of the heaviest customers are listed.
const HEAVIEST: usize = 5;

/// Those who bought, and those who could have.
#[derive(Clone, Debug, Serialize)]
pub struct Customers {
    /// Customers with at least one basket.
    pub buyers: u64,
    /// Those of them with one basket alone.
    pub one_time_buyers: u64,
    /// Rows of the table of customers, when there is one.
    pub listed: Option<u64>,
    /// Those of them who never bought.
    pub without_purchase: Option<u64>,
    /// Baskets of a customer.
    pub baskets: Spread,
    /// How unequally customers bring money, when there are amounts.
    pub spend: Option<Concentration>,
    /// The customers with the highest spend, or with the most lines where there are no amounts.
    pub heaviest: Vec<Map<String, Value>>,
    /// What happened before the customer is said to have joined.
    pub before_joining: Option<BeforeJoining>,
    /// Ids that stand for many people, or for nobody: `customer_id`, `baskets`, the one with most
    /// first.
    pub crowds: Vec<Map<String, Value>>,
}

/// How a sum is spread over customers.
#[derive(Clone, Debug, Serialize)]
pub struct Concentration {
    /// Money of a customer.
    pub spread: Spread,
    /// The share of the spend of the top 20 % of the buyers; none when nothing was spent.
    pub top_fifth_share: Option<f64>,
    /// The share of the top 1 %.
    pub top_hundredth_share: Option<f64>,
    /// The share of the customer with the highest spend.
    pub top_customer_share: Option<f64>,
    /// 0 when all spend the same, near 1 when one spends everything.
    pub gini: Option<f64>,
    /// The share of the spend of the least 0 %, 5 %, ... 100 % of the buyers.
    pub lorenz: Vec<f64>,
}

/// Rows that are older than their customer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BeforeJoining {
    /// Rows on visits that ended before `joined_at`.
    pub rows: u64,
    /// Customers with such rows.
    pub customers: u64,
}

/// Looks at the customers of the folded history.
pub fn read(warehouse: &Warehouse) -> Result<Option<Customers>> {
    let scope = &warehouse.scope;
    let Some((unit, baskets)) = distribution(scope, "baskets", BUYERS)? else {
        return Ok(None);
    };
    let has_amount = warehouse.has_column("interactions", "amount");
    let spend = match has_amount {
        true => distribution(scope, "spend", BUYERS)?,
        false => None,
    };
    let by = if has_amount { "spend" } else { "lines" };
    let spend_too = if has_amount { ", spend" } else { "" };
    let heaviest = scope.query(&format!(
        "SELECT customer_id, baskets, lines{spend_too} FROM {BUYERS} WHERE {by} IS NOT NULL \
         ORDER BY {by} DESC, customer_id LIMIT {HEAVIEST}"
    ))?;
    let listed = warehouse.has_table("customers");
    // Put below each other and grouped rather than joined: a sum can go to disk, a join cannot.
    let without = format!(
        "SELECT count(*) AS n FROM (SELECT customer_id FROM (\
         SELECT customer_id, 1 AS bought FROM {BUYERS} UNION ALL SELECT customer_id, 0 FROM customers) \
         GROUP BY customer_id HAVING max(bought) = 0)"
    );
    Ok(Some(Customers {
        crowds: crowds(scope, &baskets)?,
        buyers: baskets.rows,
        one_time_buyers: count_of(
            scope,
            &format!("SELECT count(*) AS n FROM {BUYERS} WHERE baskets = 1"),
        )?,
        listed: match listed {
            true => Some(count_of(scope, "SELECT count(*) AS n FROM customers")?),
            false => None,
        },
        without_purchase: match listed {
            true => Some(count_of(scope, &without)?),
            false => None,
        },
        baskets: Spread::of(&baskets, unit),
        spend: spend.map(|(unit, spend)| Concentration::new(&spend, unit)),
        heaviest: rows(&heaviest)?,
        before_joining: match warehouse.has_column("customers", "joined_at") {
            true => Some(before_joining(scope)?),
            false => None,
        },
    }))
}

/// Rows on visits that ended before the customer joined.
fn before_joining(scope: &Scope) -> Result<BeforeJoining> {
    let found = scope.query(&format!(
        "SELECT count(*) AS customers, coalesce(sum(lines), 0) AS lines FROM (\
         SELECT v.customer_id, sum(v.lines) AS lines FROM {VISITS} v \
         JOIN customers c ON v.customer_id = c.customer_id AND v.last_at < c.joined_at \
         GROUP BY v.customer_id)"
    ))?;
    Ok(BeforeJoining {
        rows: first_count(&found, "lines")?,
        customers: first_count(&found, "customers")?,
    })
}

/// Ids with far more baskets than customers have, and those with some that stand for nobody elsewhere.
fn crowds(scope: &Scope, baskets: &Distribution) -> Result<Vec<Map<String, Value>>> {
    let usual = baskets.quantile(500).max(1);
    let many = (usual * CROWD)
        .max(baskets.sum * CROWD_PERCENT / 100)
        .max(20);
    let some = (usual * 3).max(5);
    rows(&scope.query(&format!(
        "SELECT customer_id, baskets FROM {BUYERS} WHERE baskets > {many} OR baskets > {some} \
         AND lower(trim(CAST(customer_id AS VARCHAR))) IN ({PLACEHOLDERS}) \
         ORDER BY baskets DESC, customer_id LIMIT {HEAVIEST}"
    ))?)
}

impl Concentration {
    fn new(spend: &Distribution, unit: Unit) -> Self {
        // Shares of nothing, or of sums below 0, say nothing.
        let has_shares = spend.sum > 0 && spend.min >= 0;
        let some = |value: f64| has_shares.then(|| round(value, 6));
        let lorenz = spend.lorenz().into_iter().map(|share| round(share, 4));
        Self {
            spread: Spread::of(spend, unit),
            top_fifth_share: some(spend.top_share(0.2)),
            top_hundredth_share: some(spend.top_share(0.01)),
            top_customer_share: some(spend.max as f64 / spend.sum as f64),
            gini: some(spend.gini()),
            lorenz: lorenz.filter(|_| has_shares).collect(),
        }
    }
}

impl Customers {
    /// The share of the buyers who came once.
    pub fn one_time_share(&self) -> f64 {
        share(self.one_time_buyers, self.buyers)
    }
}

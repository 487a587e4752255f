//! What the interactions tell of a campaign, and the days on which they are asked.

use chrono::NaiveDate;

use crate::warehouse::Warehouse;

/// The days that are looked at.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// The first of them, the date of the list.
    pub from: NaiveDate,
    /// The first that is not.
    pub until: NaiveDate,
    /// The first that nothing is known of.
    pub seen_until: NaiveDate,
    /// What the interactions call the campaign.
    pub campaign_id: &'a str,
}

/// Which facts the interactions have.
pub struct Facts {
    /// What lines cost the customer.
    pub amounts: bool,
    /// And what they cost the company.
    pub costs: bool,
    /// Which campaign they belong to.
    pub campaigns: bool,
}

impl Facts {
    /// What those of a warehouse tell.
    pub fn of(warehouse: &Warehouse) -> Self {
        let has = |column: &str| warehouse.has_column("interactions", column);
        Self {
            amounts: has("amount"),
            costs: has("amount") && has("cost"),
            campaigns: has("campaign_id"),
        }
    }
}

/// SQL for the spend and the margin of a group of lines; nothing where the lines have no amounts or costs.
pub fn money_sql(facts: &Facts) -> [String; 2] {
    let exact = |sql: &str| format!("CAST(sum(CAST({sql} AS DECIMAL(18, 4))) AS DOUBLE)");
    // Returns are money that goes back, whichever sign their source gives them.
    let signed = |column: &str| {
        format!("CASE kind WHEN 'purchase' THEN {column} WHEN 'return' THEN -abs({column}) END")
    };
    let spend = match facts.amounts {
        true => exact(&signed("amount")),
        false => "CAST(NULL AS DOUBLE)".to_owned(),
    };
    let margin = match facts.costs {
        true => exact(&format!("{} - {}", signed("amount"), signed("cost"))),
        false => "CAST(NULL AS DOUBLE)".to_owned(),
    };
    [spend, margin]
}

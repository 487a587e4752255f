//! What is odd about customers.

use serde_json::Value;

use super::{Findings, Weight, by_share, id, of};
use crate::commands::profile::Profile;
use crate::commands::profile::columns::share;
use crate::commands::profile::customers::Customers;
use crate::text::{percent, plural};

/// The section of the page.
const SECTION: &str = "customers";

impl Findings {
    /// Those who are no single person, those who bought too early, and those who hardly bought.
    pub fn customers(&mut self, profile: &Profile, customers: &Customers) {
        if let Some(before) = &customers.before_joining
            && before.rows > 0
        {
            let part = share(before.rows, profile.interactions());
            let interactions = plural(before.rows, "interaction");
            let customers = plural(before.customers, "customer");
            let text = match before.rows {
                1 => tr!(
                    "{interactions} of {customers} is older than the day on which the customer joined",
                    interactions = interactions,
                    customers = customers
                ),
                _ => tr!(
                    "{interactions} of {customers} are older than the day on which the customer joined",
                    interactions = interactions,
                    customers = customers
                ),
            };
            let weight = by_share(part, 0.05, 0.005);
            self.add(weight, "before-joining", SECTION, part, text);
        }
        let spend = customers.spend.as_ref();
        let top = spend.and_then(|spend| spend.top_customer_share);
        if let Some(top) = top.filter(|top| *top > 0.05 && customers.buyers >= 100) {
            let heaviest = customers.heaviest.first();
            let name = heaviest.and_then(|customer| customer.get("customer_id"));
            let text = tr!(
                "one customer, {customer}, brings {share} of all spend: is it a card of the till?",
                customer = name.map(id).unwrap_or_default(),
                share = percent(top)
            );
            let weight = by_share(top, 0.2, 0.05);
            self.add(weight, "one-customer", SECTION, top, text);
        }
        let baskets = profile.baskets.as_ref();
        self.crowds(customers, baskets.map_or(0, |baskets| baskets.baskets));
        self.rare_buyers(customers);
    }

    /// Ids that stand for many people; `all` is the number of all baskets.
    fn crowds(&mut self, customers: &Customers, all: u64) {
        for crowd in &customers.crowds {
            let baskets = crowd.get("baskets").and_then(Value::as_u64);
            let baskets = baskets.unwrap_or_default();
            let part = share(baskets, all);
            let name = crowd.get("customer_id").map(id).unwrap_or_default();
            let text = tr!(
                "customer {name} has {baskets} ({share} of all): if it stands for guests, or for a till, add it to the source: anonymous = [\"{name}\"]",
                name = name,
                baskets = plural(baskets, "basket"),
                share = of(part),
            );
            self.add(by_share(part, 0.05, 0.01), "crowd", SECTION, part, text);
        }
    }

    /// Many who came once or never.
    fn rare_buyers(&mut self, customers: &Customers) {
        let once = customers.one_time_share();
        if once >= 0.5 && customers.buyers >= 20 {
            let text = tr!(
                "{share} of those who bought came only once",
                share = percent(once)
            );
            self.add(Weight::Low, "one-time-buyers", SECTION, once, text);
        }
        if let (Some(without), Some(listed)) = (customers.without_purchase, customers.listed) {
            let part = share(without, listed);
            if part >= 0.5 {
                let text = tr!(
                    "{share} of the {customers} in the table have never bought",
                    share = percent(part),
                    customers = plural(listed, "customer")
                );
                let code = "customers-without-purchase";
                self.add(Weight::Low, code, SECTION, part, text);
            }
        }
    }
}

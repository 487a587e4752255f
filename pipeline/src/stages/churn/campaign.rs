//! The campaign to keep customers that the scores would pay for most: whom it contacts, and what it
//! earns.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::config::churn::CampaignProfit;
use crate::learning::figures::Figures;
use crate::text::{amount, count, percent};

/// What the best campaign does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Customers it contacts, those with the highest probability first.
    pub customers: u64,
    /// Customers who are scored.
    pub scored: u64,
    /// The lowest probability among those who are contacted; none where nobody is.
    pub from: Option<f64>,
    /// What it earns in all, in the project's currency.
    pub earns: f64,
    /// The same for each customer who is scored, contacted or not.
    pub earns_per_customer: f64,
    /// All of that as one sentence.
    pub words: String,
}

impl Campaign {
    /// The campaign of the expected maximum profit, aimed at the customers who are scored: the share
    /// of them that was best on the test, earning for each what it would have earned there.
    ///
    /// - `tested`: what the delivered probabilities reach on the test.
    /// - `tested_on`: what the models were tested on, in words.
    pub fn of(
        tested: &Figures,
        probabilities: &Array1<f64>,
        terms: &CampaignProfit,
        currency: &str,
        tested_on: &str,
    ) -> Self {
        let mut highest = probabilities.to_vec();
        highest.sort_unstable_by(|a, b| b.total_cmp(a));
        let scored = highest.len() as f64;
        let customers = (tested.expected_maximum_profit_share * scored).round();
        let last = (customers as usize).checked_sub(1);
        let mut campaign = Self {
            customers: customers as u64,
            scored: highest.len() as u64,
            from: last.and_then(|last| highest.get(last).copied()),
            earns: tested.expected_maximum_profit * scored,
            earns_per_customer: tested.expected_maximum_profit,
            words: String::new(),
        };
        campaign.words = campaign.sentence(terms, currency, tested_on);
        campaign
    }

    /// Whom it contacts, what it earns, and on which terms.
    fn sentence(&self, terms: &CampaignProfit, currency: &str, tested_on: &str) -> String {
        let money = |value: f64| amount(value, currency);
        let [a, b] = terms.acceptance;
        let mut terms_said = format!(
            "[churn.profit]: {} for a customer who stays, {} for an offer that is taken, {} a contact, {} of the leavers accept",
            money(terms.lifetime_value),
            money(terms.offer_cost),
            money(terms.contact_cost),
            percent(a / (a + b))
        );
        if *terms == CampaignProfit::default() {
            terms_said += "; these are examples, put your own there";
        }
        let Some(from) = self.from else {
            return format!(
                "No campaign to keep customers would have paid on {tested_on}, on the terms of {terms_said}."
            );
        };
        format!(
            "A campaign to keep customers would earn most by contacting the {} of {} scored with the highest probability ({from:.2} and more): about {} in all, {} for each customer scored, by what happened on {tested_on} and the terms of {terms_said}.",
            count(self.customers),
            count(self.scored),
            money(self.earns.round()),
            money(self.earns_per_customer)
        )
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_campaign_says_whom_how_many_and_how_much_of_what() {
        let labels = array![true, true, false, false, true, false, false, false];
        let scores = array![0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        let terms = CampaignProfit::default();
        let figures = Figures::measure(labels.view(), scores.view(), &(&terms).into()).unwrap();
        let share = figures.expected_maximum_profit_share;
        let scored = Array1::from_shape_fn(80, |row| 0.99 - row as f64 / 100.0);
        let campaign = Campaign::of(&figures, &scored, &terms, "EUR", "2024-03-01");
        assert_eq!(campaign.customers, (80.0 * share).round() as u64);
        let last = campaign.customers as usize - 1;
        assert_eq!(campaign.from, Some(scored[last]));
        assert!((campaign.earns - 80.0 * figures.expected_maximum_profit).abs() < 1e-9);
        let said = &campaign.words;
        for part in [
            format!("the {} of 80 scored", campaign.customers),
            format!("about {} EUR in all", count(campaign.earns.round() as u64)),
            "200 EUR for a customer who stays".to_owned(),
            "30.0 % of the leavers accept; these are examples".to_owned(),
        ] {
            assert!(said.contains(&part), "{part} is not in: {said}");
        }
    }

    #[test]
    fn where_no_campaign_pays_it_says_so() {
        let campaign = Campaign {
            customers: 0,
            scored: 10,
            from: None,
            earns: 0.0,
            earns_per_customer: 0.0,
            words: String::new(),
        };
        let said = campaign.sentence(&CampaignProfit::default(), "", "2024-03-01");
        assert!(said.starts_with("No campaign to keep customers would have paid"));
    }
}

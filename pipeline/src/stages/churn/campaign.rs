//! The campaign to keep customers that the scores would pay for most: whom it contacts, and what it
//! earns.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::worth::Worth;
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
    /// By each customer's own value: what leaving is expected to cost in all.
    #[serde(default)]
    pub expected_loss: Option<f64>,
    /// All of that in words.
    pub words: String,
}

/// What campaigns are judged by.
pub struct Aim<'a> {
    /// What the delivered probabilities reach on the test.
    pub tested: &'a Figures,
    /// What the models were tested on, in words.
    pub tested_on: &'a str,
    /// What a campaign earns and costs.
    pub terms: &'a CampaignProfit,
    /// Printed behind amounts.
    pub currency: &'a str,
    /// Why customers are not measured by their own values although there are any, in words.
    pub unvalued: Option<&'a str>,
}

impl Campaign {
    /// The campaign of the expected maximum profit, aimed at the customers who are scored: the share
    /// of them that was best on the test, earning for each what it would have earned there.
    pub fn of(aim: &Aim<'_>, probabilities: &Array1<f64>) -> Self {
        let tested = aim.tested;
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
            expected_loss: None,
            words: String::new(),
        };
        campaign.words = campaign.sentence(aim);
        if let Some(why) = aim.unvalued {
            campaign.words += &tr!(" One value for all, because {why}.", why = why);
        }
        campaign
    }

    /// The campaign that contacts everybody whose contact is expected to earn more than it costs, where
    /// each customer has a value of their own.
    pub fn by_worth(aim: &Aim<'_>, probabilities: &Array1<f64>, worth: &Worth) -> Self {
        let stakes = worth.stakes(probabilities, &aim.terms.into());
        let paying = || (0..stakes.profit.len()).filter(|row| stakes.profit[*row] > 0.0);
        // A sum of nothing is -0.
        let earns = paying()
            .map(|row| stakes.profit[row])
            .fold(0.0, |sum, one| sum + one);
        let scored = stakes.profit.len();
        let mut campaign = Self {
            customers: paying().count() as u64,
            scored: scored as u64,
            from: paying().map(|row| probabilities[row]).reduce(f64::min),
            earns,
            earns_per_customer: earns / scored.max(1) as f64,
            expected_loss: Some(stakes.loss.iter().sum()),
            words: String::new(),
        };
        campaign.words = campaign.sentences_by_worth(aim, worth);
        campaign
    }

    fn sentences_by_worth(&self, aim: &Aim<'_>, worth: &Worth) -> String {
        let money = |value: f64| amount(value, aim.currency);
        let lost = money(self.expected_loss.unwrap_or_default().round());
        let terms = terms_said(
            aim,
            &tr!(
                "each customer's own value ({money} on average)",
                money = money(worth.mean)
            ),
        );
        let tested = match aim.tested.expected_maximum_profit > 0.0 {
            true => tr!(
                "On {test} the best campaign aimed by probability alone would have earned {money} for each customer scored by contacting {share} of them.",
                test = aim.tested_on,
                money = money(aim.tested.expected_maximum_profit),
                share = percent(aim.tested.expected_maximum_profit_share)
            ),
            false => tr!(
                "On {test} no campaign aimed by probability alone would have paid.",
                test = aim.tested_on
            ),
        };
        let who = match self.customers {
            0 => tr!(
                "No contact is expected to earn more than it costs, on the terms of {terms}.",
                terms = terms
            ),
            customers => tr!(
                "Contacting the {customers} of {scored} scored ({share}) whose contact is expected to earn more than it costs (`contact` in churn.csv) earns about {all} in all, {each} for each customer scored, on the terms of {terms}.",
                customers = count(customers),
                scored = count(self.scored),
                share = percent(customers as f64 / self.scored.max(1) as f64),
                all = money(self.earns.round()),
                each = money(self.earns_per_customer),
                terms = terms
            ),
        };
        tr!(
            "Leaving is expected to cost {lost}. {who} {tested}",
            lost = lost,
            who = who,
            tested = tested
        )
    }

    /// Whom it contacts, what it earns, and on which terms.
    fn sentence(&self, aim: &Aim<'_>) -> String {
        let money = |value: f64| amount(value, aim.currency);
        let tested_on = aim.tested_on;
        let terms_said = terms_said(
            aim,
            &tr!(
                "{money} for a customer who stays",
                money = money(aim.terms.lifetime_value)
            ),
        );
        let Some(from) = self.from else {
            return tr!(
                "No campaign to keep customers would have paid on {test}, on the terms of {terms}.",
                test = tested_on,
                terms = terms_said
            );
        };
        tr!(
            "A campaign to keep customers would earn most by contacting the {customers} of {scored} scored with the highest probability ({from} and more): about {all} in all, {each} for each customer scored, by what happened on {test} and the terms of {terms}.",
            customers = count(self.customers),
            scored = count(self.scored),
            from = format!("{from:.2}"),
            all = money(self.earns.round()),
            each = money(self.earns_per_customer),
            test = tested_on,
            terms = terms_said
        )
    }
}

/// The terms of the settings; `value` says what a customer is worth.
fn terms_said(aim: &Aim<'_>, value: &str) -> String {
    let (terms, money) = (aim.terms, |value: f64| amount(value, aim.currency));
    let [a, b] = terms.acceptance;
    let mut said = tr!(
        "[churn.profit]: {value}, {offer} for an offer that is taken, {contact} a contact, {share} of the leavers accept",
        value = value,
        offer = money(terms.offer_cost),
        contact = money(terms.contact_cost),
        share = percent(a / (a + b))
    );
    if *terms == CampaignProfit::default() {
        said += &tr!("; these are examples, put your own there");
    }
    said
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn aim<'a>(tested: &'a Figures, terms: &'a CampaignProfit, currency: &'a str) -> Aim<'a> {
        Aim {
            tested,
            tested_on: "2024-03-01",
            terms,
            currency,
            unvalued: None,
        }
    }

    fn tested(terms: &CampaignProfit) -> Figures {
        let labels = array![true, true, false, false, true, false, false, false];
        let scores = array![0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        Figures::measure(labels.view(), scores.view(), &terms.into()).unwrap()
    }

    #[test]
    fn by_own_value_who_is_worth_it_is_contacted() {
        let terms = CampaignProfit::default();
        let figures = tested(&terms);
        let worth = Worth {
            values: vec![1000.0, 10.0, 1000.0],
            mean: 670.0,
        };
        let campaign = Campaign::by_worth(
            &aim(&figures, &terms, "EUR"),
            &array![0.5, 0.5, 0.25],
            &worth,
        );
        // The second is worth less than keeping them would cost.
        assert_eq!((campaign.customers, campaign.from), (2, Some(0.25)));
        assert!(
            (campaign.earns - (142.5 + 65.75)).abs() < 1e-9,
            "{campaign:?}"
        );
        assert_eq!(campaign.expected_loss, Some(755.0));
        for part in [
            "Leaving is expected to cost 755 EUR.",
            "the 2 of 3 scored (66.7 %)",
            "each customer's own value (670 EUR on average)",
            "On 2024-03-01 the best campaign aimed by probability alone",
        ] {
            assert!(
                campaign.words.contains(part),
                "{part} is not in: {}",
                campaign.words
            );
        }
    }

    #[test]
    fn why_all_have_one_value_is_said() {
        let terms = CampaignProfit::default();
        let figures = tested(&terms);
        let aim = Aim {
            unvalued: Some("value.parquet speaks of another day"),
            ..aim(&figures, &terms, "")
        };
        let campaign = Campaign::of(&aim, &array![0.5, 0.5]);
        assert!(
            campaign
                .words
                .ends_with("One value for all, because value.parquet speaks of another day.")
        );
    }

    #[test]
    fn the_campaign_says_whom_how_many_and_how_much_of_what() {
        let terms = CampaignProfit::default();
        let figures = tested(&terms);
        let share = figures.expected_maximum_profit_share;
        let scored = Array1::from_shape_fn(80, |row| 0.99 - row as f64 / 100.0);
        let campaign = Campaign::of(&aim(&figures, &terms, "EUR"), &scored);
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
            expected_loss: None,
            words: String::new(),
        };
        let terms = CampaignProfit::default();
        let said = campaign.sentence(&aim(&tested(&terms), &terms, ""));
        assert!(said.starts_with("No campaign to keep customers would have paid"));
    }
}

//! Cross-sell: what goes together, and what each would buy next.

use serde::{Deserialize, Serialize};

use super::left::{Left, Section};
use super::small::LEAST;
use crate::failure::Result;

/// Rules that are shown.
const RULES: usize = 12;
/// Items that are shown.
const ITEMS: usize = 12;

/// What goes together, and what to offer.
#[derive(Serialize)]
pub struct CrossSell {
    /// How rules were mined; none without rules.
    pub mining: Option<Mining>,
    /// Why there are no rules.
    pub no_rules: Option<String>,
    /// The strongest rules that were again true on later weeks.
    pub rules: Vec<Rule>,
    /// How suggestions did; none without suggestions.
    pub offers: Option<Offers>,
    /// Why there are no suggestions.
    pub no_offers: Option<String>,
    /// The items that are the first suggestion of most customers.
    pub items: Vec<Item>,
}

/// How rules were mined.
#[derive(Deserialize, Serialize)]
pub struct Mining {
    /// The level of the taxonomy.
    pub level: String,
    /// First day of the mining period.
    pub mined_from: String,
    /// The day after its last.
    pub mined_until: String,
    /// Baskets mined.
    pub baskets: u64,
    /// Baskets of the later days.
    pub later_baskets: u64,
    /// Rules kept.
    pub rules: u64,
    /// Share of them that held up.
    pub held_up_share: Option<f64>,
    /// The same share of as many rules by lift alone.
    pub held_up_share_by_lift: Option<f64>,
}

/// A rule.
#[derive(Deserialize, Serialize)]
pub struct Rule {
    /// The rule as a sentence.
    pub in_words: String,
    /// Share of baskets with the antecedent that have the consequent.
    pub confidence: Option<f64>,
    /// How many times chance.
    pub lift: Option<f64>,
    /// Baskets with both.
    pub count: u64,
    /// Different customers with such a basket.
    pub customers: u64,
    /// Confidence on the later baskets.
    pub later_confidence: Option<f64>,
    /// Lift on the later baskets.
    pub later_lift: Option<f64>,
    /// Whether it held up on these.
    pub held_up: Option<bool>,
}

/// What was suggested, as the manifest says it.
#[derive(Deserialize, Serialize)]
pub struct Offers {
    /// The level of the taxonomy.
    pub level: String,
    /// Suggestions for each customer, at most.
    pub per_customer: u64,
    /// Customers with suggestions.
    pub customers: u64,
    /// Suggestions in all.
    pub suggestions: u64,
    /// What a score means.
    pub score_means: String,
    /// The hold-out test; none when the history is too short.
    pub test: Option<Test>,
}

/// Suggestions held against what came after.
#[derive(Deserialize, Serialize)]
pub struct Test {
    /// The first held-out day.
    pub from: String,
    /// Days held out.
    pub days: u32,
    /// Customers who bought something new in them.
    pub customers: u64,
    /// Ours.
    pub model: Quality,
    /// The most popular items.
    pub popularity: Quality,
}

/// Measures at the number of suggestions.
#[derive(Deserialize, Serialize)]
pub struct Quality {
    /// Share of customers with at least one hit.
    pub hit_rate: f64,
    /// Mean share of the new items that were suggested.
    pub recall: f64,
    /// Normalised discounted cumulative gain.
    pub ndcg: f64,
}

/// An item that is offered.
#[derive(Deserialize, Serialize)]
pub struct Item {
    /// Its name.
    pub item: String,
    /// Customers whose first suggestion it is.
    pub customers: u64,
}

/// Reads rules and suggestions.
pub fn look(left: &Left<'_>) -> Result<Section<CrossSell>> {
    let mining: Option<Mining> = left.manifest.metrics("rules");
    let offers: Option<Offers> = left.manifest.metrics("offers");
    if mining.is_none() && offers.is_none() {
        let (rules, offers) = (left.why("rules"), left.why("offers"));
        return Ok(Section::missing(match rules == offers {
            true => rules,
            false => [rules, offers].join(&tr!("; ")),
        }));
    }
    let found = CrossSell {
        no_rules: mining.is_none().then(|| left.why("rules")),
        rules: rules(left)?,
        mining,
        no_offers: offers.is_none().then(|| left.why("offers")),
        offers,
        items: items(left)?,
    };
    let as_of = left.as_of("offers").or_else(|| left.as_of("rules"));
    Ok(Section::found(as_of, found))
}

/// The first rules of the file that held up; those of few customers are not told.
fn rules(left: &Left<'_>) -> Result<Vec<Rule>> {
    let mut rules: Vec<Rule> = left.small("rules")?;
    // Without later baskets nothing could hold up, and the column is empty.
    let measured = rules.iter().any(|rule| rule.held_up.is_some());
    rules.retain(|rule| rule.customers >= LEAST && (!measured || rule.held_up == Some(true)));
    rules.truncate(RULES);
    Ok(rules)
}

fn items(left: &Left<'_>) -> Result<Vec<Item>> {
    if !left.has("suggestions") {
        return Ok(Vec::new());
    }
    left.ask(&format!(
        "SELECT item, count(*) AS customers FROM suggestions WHERE rank = 1 \
         GROUP BY item HAVING count(*) >= {LEAST} ORDER BY 2 DESC, 1 LIMIT {ITEMS}"
    ))
}

//! What was found, in sentences with this run's numbers.

use serde::Serialize;

use super::churn::{Band, Churn};
use super::cross_sell::CrossSell;
use super::left::{Left, Section};
use super::segments::Segments;
use super::small::{LEAST, words};
use super::todo::Todo;
use crate::text::{calm, count, money, percent};

/// What a person reads first.
#[derive(Serialize)]
pub struct Summary {
    /// What was found.
    pub sentences: Vec<String>,
    /// What changed since the last report of an earlier date; empty without one.
    pub changes: Vec<String>,
    /// What to do first.
    pub to_do: Vec<Todo>,
}

/// The findings, each of a part of the run that is there.
pub fn sentences(
    left: &Left<'_>,
    segments: &Section<Segments>,
    churn: &Section<Churn>,
    cross_sell: &Section<CrossSell>,
) -> Vec<String> {
    let currency = &left.manifest.currency;
    let mut said = Vec::new();
    if let Some(found) = &segments.found {
        said.push(customers(left, found, currency));
    }
    if let Some(found) = &churn.found {
        said.extend(leaving(found, churn.as_of.as_deref(), currency));
    }
    if let Some(found) = &cross_sell.found {
        said.extend(suggested(found));
    }
    said
}

fn customers(left: &Left<'_>, found: &Segments, currency: &str) -> String {
    let until = left.date().unwrap_or_default();
    let mut said = format!("{} customers bought before {until}", words(found.customers));
    if found.customers == 1 {
        said = format!("One customer bought before {until}");
    } else if let Some(spend) = found.spend.filter(|spend| *spend > 0.0) {
        said += &format!(" and spent {}", money(spend, currency));
    }
    let shares = found.segments.iter();
    let most = shares.max_by(|a, b| a.spend_share.total_cmp(&b.spend_share));
    match most.filter(|segment| segment.spend_share > 0.0 && found.segments.len() > 1) {
        Some(most) => format!(
            "{said}; {} of the money came from {} ({} of the customers).",
            percent(most.spend_share),
            most.name,
            percent(most.share)
        ),
        None => said + ".",
    }
}

fn leaving(found: &Churn, as_of: Option<&str>, currency: &str) -> Vec<String> {
    let as_of = as_of.map_or_else(String::new, |date| format!(", as of {date}"));
    let mut said = vec![format!(
        "{} of them are active and have a probability of leaving (leaving: {}{as_of}).",
        words(found.scored),
        found.outcome
    )];
    match &found.high {
        Some(high) => said.push(high_risk(high, currency)),
        None => said.push("Few or none of them are at high risk.".to_owned()),
    }
    if let Some(test) = &found.test {
        let chosen = found.models.iter().find(|model| model.chosen);
        let lift = chosen.and_then(|model| model.lift_top_tenth);
        let lift = lift.filter(|_| test.customers >= 10 * LEAST);
        said.extend(lift.map(|lift| {
            format!(
                "Tested on {}: the tenth with the highest scores held {lift:.1} times as many leavers as a tenth drawn at random.",
                test.on
            )
        }));
    }
    said
}

fn high_risk(high: &Band, currency: &str) -> String {
    let mut said = format!(
        "{} customers ({}) are at high risk",
        count(high.customers),
        percent(high.share)
    );
    if let Some((spend, share)) = high.spend.zip(high.spend_share) {
        said += &format!(
            ": they have spent {}, {} of what all in these scores have",
            money(spend, currency),
            percent(share)
        );
    }
    if let Some(worth) = high.worth {
        said += &format!("; their lifetime value is {}", money(worth, currency));
    }
    said + "."
}

fn suggested(found: &CrossSell) -> Option<String> {
    let offers = found.offers.as_ref()?;
    let mut said = format!(
        "{} suggestions for {} customers, each of a {} not bought before",
        count(offers.suggestions),
        words(offers.customers),
        offers.level
    );
    if let Some(first) = found.items.first() {
        said += &format!(
            "; most often first: {} ({} customers)",
            calm(&first.item),
            count(first.customers)
        );
    }
    if let Some(test) = offers.test.as_ref().filter(|test| test.customers >= LEAST) {
        said += &format!(
            ". On {} held-out days {} of those who bought something new bought one of their {} (most popular items: {})",
            test.days,
            percent(test.model.hit_rate),
            offers.per_customer,
            percent(test.popularity.hit_rate)
        );
    }
    Some(said + ".")
}

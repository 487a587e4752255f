//! What was found, in sentences with this run's numbers.

use serde::Serialize;

use super::churn::{Band, Churn};
use super::cross_sell::CrossSell;
use super::left::{Left, Section};
use super::segments::Segments;
use super::small::{LEAST, words};
use super::todo::Todo;
use crate::text::{calm, count, money, percent};
use crate::words::said;

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
    let spend = found.spend.filter(|spend| *spend > 0.0);
    let bought = match (found.customers, spend) {
        (1, _) => tr!("One customer bought before {date}", date = until),
        (many, None) => tr!(
            "{n} customers bought before {date}",
            n = words(many),
            date = until
        ),
        (many, Some(spend)) => tr!(
            "{n} customers bought before {date} and spent {amount}",
            n = words(many),
            date = until,
            amount = money(spend, currency)
        ),
    };
    let shares = found.segments.iter();
    let most = shares.max_by(|a, b| a.spend_share.total_cmp(&b.spend_share));
    match most.filter(|segment| segment.spend_share > 0.0 && found.segments.len() > 1) {
        Some(most) => tr!(
            "{bought}; {spend} of the money came from {segment} ({share} of the customers).",
            bought = bought,
            spend = percent(most.spend_share),
            segment = said(&most.name),
            share = percent(most.share)
        ),
        None => tr!("{bought}.", bought = bought),
    }
}

fn leaving(found: &Churn, as_of: Option<&str>, currency: &str) -> Vec<String> {
    let scored = words(found.scored);
    let mut said = vec![match as_of {
        Some(date) => tr!(
            "{n} of them are active and have a probability of leaving (leaving: {outcome}, as of {date}).",
            n = scored,
            outcome = found.outcome,
            date = date
        ),
        None => tr!(
            "{n} of them are active and have a probability of leaving (leaving: {outcome}).",
            n = scored,
            outcome = found.outcome
        ),
    }];
    match &found.high {
        Some(high) => said.push(high_risk(high, currency)),
        None => said.push(tr!("Few or none of them are at high risk.")),
    }
    if let Some(test) = &found.test {
        let chosen = found.models.iter().find(|model| model.chosen);
        let lift = chosen.and_then(|model| model.lift_top_tenth);
        let lift = lift.filter(|_| test.customers >= 10 * LEAST);
        said.extend(lift.map(|lift| {
            tr!(
                "Tested on {day}: the tenth with the highest scores held {lift} times as many leavers as a tenth drawn at random.",
                day = test.on,
                lift = format!("{lift:.1}")
            )
        }));
    }
    said
}

fn high_risk(high: &Band, currency: &str) -> String {
    let mut said = tr!(
        "{n} customers ({share}) are at high risk",
        n = count(high.customers),
        share = percent(high.share)
    );
    if let Some((spend, share)) = high.spend.zip(high.spend_share) {
        said += &tr!(
            ": they have spent {amount}, {share} of what all in these scores have",
            amount = money(spend, currency),
            share = percent(share)
        );
    }
    if let Some(worth) = high.worth {
        let amount = money(worth, currency);
        said += &tr!("; their lifetime value is {amount}", amount = amount);
    }
    said + &tr!(".")
}

fn suggested(found: &CrossSell) -> Option<String> {
    let offers = found.offers.as_ref()?;
    let mut text = tr!(
        "{n} suggestions for {customers} customers, each of a {level} not bought before",
        n = count(offers.suggestions),
        customers = words(offers.customers),
        level = said(&offers.level)
    );
    if let Some(first) = found.items.first() {
        text += &tr!(
            "; most often first: {item} ({n} customers)",
            item = calm(&first.item),
            n = count(first.customers)
        );
    }
    if let Some(test) = offers.test.as_ref().filter(|test| test.customers >= LEAST) {
        text += &tr!(
            ". On {days} held-out days {rate} of those who bought something new bought one of their {n} (most popular items: {popular})",
            days = test.days,
            rate = percent(test.model.hit_rate),
            n = offers.per_customer,
            popular = percent(test.popularity.hit_rate)
        );
    }
    Some(text + &tr!("."))
}

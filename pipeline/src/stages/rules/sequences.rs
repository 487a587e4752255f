//! What is bought first and what later, and what follows from one basket to the next.

use std::ops::Range;

use arrow::array::RecordBatch;
use regulars_models::ParamGuard;
use regulars_models::associations::MinSupport;
use regulars_models::sequences::{
    Histories, SequenceError, SequenceMeasures, SequenceParams, SequenceRule, SequenceRuleParams,
    Sequences, Transition, TransitionParams, held_up, remeasure,
};

use super::again::{HELD_UP, Told, share_held_up, told};
use super::choice::Choice;
use super::page::{SequenceLine, Step};
use super::sold::Sold;
use super::tables::{flags, whole};
use crate::config::rules::{self, Rules};
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};
use crate::purchases::{Items, Purchases};

/// What stands between two steps.
const THEN: &str = " > ";
/// The median gap times three is longer than about seven gaps of eight of customers who buy at random
/// with a steady rate (2 to the power of 3).
const GAPS: u32 = 3;
/// No shop comes so often that what is bought two months later is no consequence.
const SHORTEST_MOST_DAYS: u32 = 60;
/// By so much the support is raised while there are too many sequences.
const RAISE: f64 = 1.25;

/// The customers' histories on some days.
pub fn histories(
    choice: &Choice<'_>,
    purchases: &Purchases,
    days: &Range<i32>,
) -> Result<Histories> {
    let (customers, days, items) = choice.steps(days);
    let n_customers = purchases.customers.len();
    Histories::from_columns(
        &customers,
        &days,
        &items,
        n_customers,
        purchases.items.len(),
    )
    .map_err(|error| Failure::data(error.to_string()))
}

/// Sequences as rules: who has had all but the last step has that afterwards.
pub struct Found {
    rules: Vec<SequenceRule>,
    later: Vec<SequenceMeasures>,
    before: Option<Vec<SequenceMeasures>>,
    held_up: Vec<Option<bool>>,
    /// Frequent sequences.
    pub frequent: u64,
    /// Rules that were tested.
    pub candidates: u64,
    /// The share of customers that was asked of a sequence in the end.
    pub min_support: f64,
    /// The most days from one step to the next.
    pub max_gap_days: u32,
}

/// The most days from one step to the next, where the settings do not say: the rhythm of the shop
/// does.
fn max_gap_days(mined: &Histories, min_gap_days: u32) -> u32 {
    let mut gaps: Vec<u32> = Vec::new();
    for customer in 0..mined.n_customers() {
        let mut before = None;
        for basket in mined.baskets(customer) {
            gaps.extend(before.map(|before| basket.day.abs_diff(before)));
            before = Some(basket.day);
        }
    }
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
    median
        .saturating_mul(GAPS)
        .max(SHORTEST_MOST_DAYS)
        .max(min_gap_days)
}

/// The frequent sequences, and the support that was asked of them in the end.
fn frequent(
    asked: &rules::Sequences,
    mined: &Histories,
    max_gap_days: u32,
) -> Result<(Sequences, f64)> {
    let mut support = asked.min_support;
    loop {
        let mut params = SequenceParams::new(MinSupport::Share(support))
            .max_items(asked.max_length)
            .max_patterns(asked.max_sequences)
            .min_gap(asked.min_gap_days)
            .max_gap(max_gap_days);
        if let Some(days) = asked.max_span_days {
            params = params.max_span(days);
        }
        let fitted = params.check().and_then(|params| params.fit(mined));
        match fitted {
            Ok(sequences) => return Ok((sequences, support)),
            Err(SequenceError::TooManyPatterns { .. }) if support < 1.0 => {
                support = (support * RAISE).min(1.0);
            }
            Err(error) => {
                return Err(Failure::data(error.to_string())
                    .hint("raise min_support or max_sequences under [rules.sequences]"));
            }
        }
    }
}

/// Looks for sequences, and measures them again on the later days.
///
/// Where one is not significant there, it is held against the same weeks of the `year_before`, if those
/// are known.
pub fn find(
    settings: &Rules,
    mined: &Histories,
    later: &Histories,
    year_before: Option<&Histories>,
) -> Result<Found> {
    let asked = &settings.sequences;
    let max_gap_days = asked
        .max_gap_days
        .unwrap_or_else(|| max_gap_days(mined, asked.min_gap_days));
    let (sequences, min_support) = frequent(asked, mined, max_gap_days)?;
    let rules = SequenceRuleParams::new()
        .min_confidence(settings.sequences.min_confidence)
        .min_lift(settings.sequences.min_lift)
        .max_q_value(settings.max_false_share)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))?
        .fit(&sequences, mined);
    let candidates = rules.n_candidates() as u64;
    let rules = rules.into_vec();
    let again = remeasure(&rules, sequences.time(), later);
    let before = year_before.map(|before| remeasure(&rules, sequences.time(), before));
    let held_up = held_up(&rules, &again, before.as_deref(), HELD_UP);
    Ok(Found {
        rules,
        later: again,
        before,
        held_up,
        frequent: sequences.len() as u64,
        candidates,
        min_support,
        max_gap_days,
    })
}

impl Found {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether they held up on the later days.
    pub fn told(&self) -> Told {
        told(self.held_up.iter().copied())
    }

    /// The share of them that did, of those of which it can be told.
    pub fn held_up_share(&self) -> Option<f64> {
        share_held_up(self.held_up.iter().copied())
    }

    /// How many lead to something new.
    pub fn new_things(&self) -> usize {
        self.rules.iter().filter(|rule| !is_again(rule)).count()
    }

    /// Those that lead to something new, or those of buying again, for the page.
    pub fn page_rows(&self, items: &Items, again: bool) -> Vec<SequenceLine> {
        let rows = self.rules.iter().zip(&self.held_up);
        rows.filter_map(|(rule, held_up)| {
            if is_again(rule) != again {
                return None;
            }
            let lag = rule.measures.lag?;
            Some(SequenceLine {
                names: [
                    steps(&rule.prefix, |codes| items.spoken_of(codes)),
                    items.spoken_of(&rule.next),
                ],
                customers: rule.measures.count,
                confidence: rule.measures.confidence,
                lift: rule.measures.lift,
                days: [lag.first_quartile, lag.median, lag.third_quartile],
                held_up: *held_up,
            })
        })
        .collect()
    }

    /// Everything as a table.
    pub fn table(&self, items: &Items) -> Result<RecordBatch> {
        let rules = || self.rules.iter();
        let number =
            |of: fn(&SequenceMeasures) -> f64| numbers(rules().map(|r| of(&r.measures)), 6);
        let counted = |of: fn(&SequenceMeasures) -> u64| whole(rules().map(|r| of(&r.measures)));
        let later = |of: fn(&SequenceMeasures) -> f64| numbers(self.later.iter().map(of), 6);
        let before = (0..self.rules.len())
            .map(|i| (self.before.as_ref()).map_or(f64::NAN, |all| all[i].confidence));
        let days = |quartile: usize| {
            numbers(
                rules().map(|rule| match rule.measures.lag {
                    Some(lag) => [lag.first_quartile, lag.median, lag.third_quartile][quartile],
                    None => f64::NAN,
                }),
                2,
            )
        };
        TableBuilder::new()
            .column("first", "Who buys this, steps in order of time", text(rules().map(|r| steps(&r.prefix, |codes| items.names_of(codes)))))
            .column("then", "buys this later", text(rules().map(|r| items.names_of(&r.next))))
            .column("first_ids", "Ids of the items of the steps", text(rules().map(|r| steps(&r.prefix, |codes| items.ids_of(codes)))))
            .column("then_ids", "Ids of the items that come later", text(rules().map(|r| items.ids_of(&r.next))))
            .column("support", "Share of customers with all steps", number(|m| m.support))
            .column("confidence", "Share of customers with the first steps who had the last one after them", number(|m| m.confidence))
            .column("lift", "Confidence over the share of customers who ever had the last step", number(|m| m.lift))
            .column("again", "Whether the last step holds nothing but what the first steps hold: buying again", flags(rules().map(|r| Some(is_again(r)))))
            .column("days_quartile_1", "A quarter of the customers took at most so many days to the last step", days(0))
            .column("days_median", "Half of them did", days(1))
            .column("days_quartile_3", "Three quarters did", days(2))
            .column("p_value", "Chance of so many customers or more without any association", exact_numbers(rules().map(|r| r.measures.p_value)))
            .column("q_value", "The p-value corrected for all sequences tested (Benjamini-Hochberg)", exact_numbers(rules().map(|r| r.q_value)))
            .column("improvement", "Confidence beyond that after any shorter beginning", numbers(rules().map(|r| r.improvement), 6))
            .column("count", "Customers with all steps", counted(|m| m.count))
            .column("first_count", "Customers with the first steps", counted(|m| m.prefix_count))
            .column("then_count", "Customers who ever had the last step", counted(|m| m.next_count))
            .column("customers", "Customers in all", counted(|m| m.n_customers))
            .column("later_count", "Customers with all steps on the later days alone", whole(self.later.iter().map(|m| m.count)))
            .column("later_confidence", "Confidence on the later days", later(|m| m.confidence))
            .column("later_lift", "Lift on the later days", later(|m| m.lift))
            .column("year_before_confidence", "Confidence in the same weeks of the year before, which is what the later one is held against where there is one; empty without such weeks", numbers(before, 6))
            .column("held_up", "Whether it was more frequent than chance later, corrected for the number of sequences; false where a sequence as strong as before would have been noticed, empty where there is too little to tell", flags(self.held_up.iter().copied()))
            .build()
    }
}

/// Whether the last step holds nothing new.
fn is_again(rule: &SequenceRule) -> bool {
    let before = |item: &u32| rule.prefix.iter().any(|step| step.contains(item));
    rule.next.iter().all(before)
}

fn steps(elements: &[Vec<u32>], name: impl Fn(&[u32]) -> String) -> String {
    let steps: Vec<String> = elements.iter().map(|element| name(element)).collect();
    steps.join(THEN)
}

/// Steps from one basket of a customer to the next.
pub struct Transitions {
    rows: Vec<Transition>,
    /// Steps counted.
    pub steps: u64,
}

/// Counts the steps; those that are rarer than the support asked for are left out. What is expected of
/// the others is counted among the steps in which both items were on sale; `locations` are those of the
/// days of the histories, where they are known.
pub fn transitions(
    settings: &Rules,
    mined: &Histories,
    sold: &Sold,
    locations: &[u32],
) -> Transitions {
    let found = TransitionParams::default().fit(mined);
    let steps = found.n_steps();
    let least = (settings.min_support * steps as f64).max(1.0);
    let frequent: Vec<Transition> = found
        .iter()
        .filter(|pair| pair.count as f64 >= least)
        .collect();
    let places = sold.places(locations);
    Transitions {
        rows: found.measured_on_sale(&frequent, mined, &sold.days, places),
        steps,
    }
}

impl Transitions {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// All of them, for the page.
    pub fn page_rows(&self) -> Vec<Step> {
        let step = |pair: &Transition| Step {
            from: pair.from,
            to: pair.to,
            count: pair.count,
            confidence: pair.confidence,
            lift: pair.lift,
        };
        self.rows.iter().map(step).collect()
    }

    /// Everything as a table.
    pub fn table(&self, items: &Items) -> Result<RecordBatch> {
        let rows = || self.rows.iter();
        let side = |of: fn(&Transition) -> u32, texts: &[String]| {
            text(rows().map(|pair| texts[of(pair) as usize].clone()))
        };
        TableBuilder::new()
            .column("from", "What a basket held", side(|p| p.from, &items.names))
            .column("to", "What the customer's next basket held", side(|p| p.to, &items.names))
            .column("from_id", "Id of the first", side(|p| p.from, &items.ids))
            .column("to_id", "Id of the second", side(|p| p.to, &items.ids))
            .column("count", "Steps from a basket with the first to one with the second", whole(rows().map(|p| p.count)))
            .column("confidence", "Share of the next baskets that held the second, of those while it was on sale; baskets hold several items, so that these do not add up to 1", numbers(rows().map(|p| p.confidence), 6))
            .column("probability", "Share of all pairs from the first that led to the second; with those left out as too rare they add up to 1", numbers(rows().map(|p| p.probability), 6))
            .column("expected", "Steps if the next basket did not depend on this one, among those in which both were on sale", numbers(rows().map(|p| p.expected), 3))
            .column("lift", "Steps over those expected", numbers(rows().map(|p| p.lift), 6))
            .column("on_sale_steps", "Steps in which the first was on sale when and where the one basket was bought, and the second when and where the next was; all steps where those are at least 95 %", whole(rows().map(|p| p.n_steps)))
            .column("from_count", "Of those, steps from a basket with the first", whole(rows().map(|p| p.from_count)))
            .column("to_count", "Of those, steps to a basket with the second", whole(rows().map(|p| p.to_count)))
            .build()
    }
}

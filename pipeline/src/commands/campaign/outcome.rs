//! What became of the customers of a list: who bought, what they spent, and what that is beside those
//! who were held back.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use regulars_models::experiment::{Difference, Group};
use regulars_models::uplift::qini_interval;
use serde::Serialize;

use super::by_day::{self, SoFar};
use super::facts::{Facts, Window, money_sql};
use crate::commands::targets::ledger::{CONTROL, SENT, Sending, UPLIFT};
use crate::config::targets::ID;
use crate::failure::{Failure, Result};
use crate::text::{count, plural};
use crate::warehouse::Warehouse;
use crate::warning::{UNCLEAR_CAMPAIGN, Warning};

/// Customers of a group who bought, and who did not, below which the normal distribution is no
/// likeness of their share.
const FEWEST: u64 = 5;

/// Draws for the interval of the Qini coefficient, and what they start from: the same read-out is the
/// same bytes.
const RESAMPLES: usize = 400;
const SEED: u64 = 42;

/// One group of the list.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Part {
    /// Customers in it.
    pub customers: u64,
    /// Who bought something.
    pub buyers: u64,
    /// Who responded to the campaign; null where no interaction names it.
    pub responders: Option<u64>,
    /// What they spent, returns taken off.
    pub spend: f64,
    /// What that left over costs; null where the lines have none.
    pub margin: Option<f64>,
    /// Who was contacted by another list meanwhile.
    pub in_other_lists: u64,
    /// Who was contacted by the campaign, as the interactions tell; null where none names it.
    pub contacted: Option<u64>,
}

/// A difference between those contacted and those held back.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Change {
    /// For a customer.
    pub each: f64,
    /// Where its 95 % interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl From<Difference> for Change {
    fn from(difference: Difference) -> Self {
        Self {
            each: difference.estimate,
            low: difference.low,
            high: difference.high,
        }
    }
}

/// What the list has earned.
#[derive(Clone, Debug, Serialize)]
pub struct Earned {
    /// The list.
    pub list: String,
    /// The date that it was made of.
    pub as_of: String,
    /// The first day that is not looked at.
    pub until: String,
    /// Those who were contacted.
    pub sent: Part,
    /// Those who were held back.
    pub control: Part,
    /// How much larger the share of buyers is; null without a control group.
    pub buyers: Option<Change>,
    /// How much more each spent.
    pub spend: Option<Change>,
    /// How much more each left over costs.
    pub margin: Option<Change>,
    /// How well the order of the expected profit found those whom the list changed: the Qini
    /// coefficient for each customer contacted; null without two groups and an order.
    pub qini: Option<Change>,
    /// Responses that were expected; null where none were.
    pub expected_responses: Option<f64>,
    /// How much larger the share of buyers was expected to be, where the list was chosen by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_uplift: Option<f64>,
    /// What contacts cost.
    pub cost: f64,
}

/// What is known of the outcome.
pub struct Outcome<'a> {
    /// The figures.
    pub earned: Earned,
    /// The days that were looked at.
    pub window: Window<'a>,
    /// What the contacts brought up to each of these days; empty without two groups.
    pub days: Vec<SoFar>,
    /// Responses of customers who were not on the list.
    strangers: u64,
}

/// What one customer did.
#[derive(Clone, Copy, Default)]
pub(super) struct Did {
    pub(super) bought: bool,
    pub(super) spend: f64,
    pub(super) margin: f64,
    responded: bool,
    contacted: bool,
}

impl<'a> Outcome<'a> {
    /// Reads what the customers of a list did in some days.
    pub fn read(
        warehouse: &Warehouse,
        sending: &Sending,
        others: &[Sending],
        window: Window<'a>,
    ) -> Result<Self> {
        let mut facts = Facts::of(warehouse);
        let days = by_day::read(warehouse, sending, &facts, window)?;
        let mut did = did(warehouse, &facts, window)?;
        // Where nothing names the campaign nobody has noted what came of it.
        facts.campaigns &= did.values().any(|did| did.responded || did.contacted);
        let during = |other: &&Sending| window.from <= other.date && other.date < window.until;
        let mut elsewhere: BTreeMap<String, u64> = BTreeMap::new();
        for other in others.iter().filter(during) {
            for id in other.members(SENT)? {
                *elsewhere.entry(id).or_default() += 1;
            }
        }
        let mut group = |name: &str| -> Result<(Part, Vec<Did>)> {
            let members = sending.members(name)?;
            let mut part = Part {
                customers: members.len() as u64,
                ..Part::default()
            };
            let mut all = Vec::with_capacity(members.len());
            for id in members {
                part.in_other_lists += u64::from(elsewhere.contains_key(&id));
                all.push(did.remove(&id).unwrap_or_default());
            }
            part.sum(&all, &facts);
            Ok((part, all))
        };
        let (sent, of_sent) = group(SENT)?;
        let (control, of_control) = group(CONTROL)?;
        let strangers = did.values().filter(|did| did.responded).count() as u64;
        let above = |of: fn(&Did) -> f64| {
            let amounts = |group: &[Did]| group.iter().map(of).collect::<Vec<f64>>();
            let (sent, control) = (amounts(&of_sent), amounts(&of_control));
            Group::of(&sent)
                .above(&Group::of(&control))
                .map(Change::from)
        };
        let yes = |part: &Part| Group::of_yes(part.buyers, part.customers);
        let qini = order(sending, &of_sent, &of_control)?;
        let expected = sending.sum("expected_response")?;
        let earned = Earned {
            list: sending.list.clone(),
            as_of: sending.date.to_string(),
            until: window.until.to_string(),
            buyers: yes(&sent).above(&yes(&control)).map(Change::from),
            spend: above(|did| did.spend).filter(|_| facts.amounts),
            margin: above(|did| did.margin).filter(|_| facts.costs),
            qini,
            expected_responses: (expected > 0.0).then_some(expected),
            expected_uplift: expected_uplift(sending)?,
            cost: sending.sum("cost")?,
            sent,
            control,
        };
        Ok(Self {
            earned,
            window,
            days,
            strangers,
        })
    }

    /// Customers of both groups.
    pub fn customers(&self) -> u64 {
        self.earned.sent.customers + self.earned.control.customers
    }

    /// What makes the figures say less than they seem to.
    pub fn warnings(&self) -> Vec<Warning> {
        let Earned {
            list,
            sent,
            control,
            ..
        } = &self.earned;
        let mut found = Vec::new();
        let Window {
            until, seen_until, ..
        } = self.window;
        if seen_until < until {
            found.push(tr!(
                "the history ends before {end}, and the days until {until} are not over: what is read is not all",
                end = seen_until,
                until = until
            ));
        }
        if control.customers == 0 {
            found.push(tr!(
                "nobody was held back, so that it cannot be told what would have been bought anyway"
            ));
        }
        if let Some(contacted @ 1..) = control.contacted {
            found.push(tr!(
                "{n} of those held back were contacted by the campaign all the same",
                n = count(contacted)
            ));
        }
        for (part, whom) in [(sent, tr!("contacted")), (control, tr!("held back"))] {
            let few = part.buyers.min(part.customers - part.buyers);
            if part.customers > 0 && few < FEWEST {
                found.push(tr!(
                    "{n} of those {whom} bought something: with fewer than {fewest} who did, or who did not, the interval of the uplift is too narrow",
                    n = count(part.buyers),
                    whom = whom,
                    fewest = FEWEST
                ));
            }
            if part.in_other_lists > 0 {
                found.push(tr!(
                    "{n} of those {whom} were contacted by other lists meanwhile",
                    n = count(part.in_other_lists),
                    whom = whom
                ));
            }
        }
        if self.strangers > 0 {
            found.push(match self.strangers {
                1 => tr!("1 customer responded who was not on the list"),
                many => tr!(
                    "{customers} responded who were not on the list",
                    customers = plural(many, "customer")
                ),
            });
        }
        found
            .into_iter()
            .map(|what| {
                Warning::new(
                    UNCLEAR_CAMPAIGN,
                    tr!("{list}: {what}", list = list, what = what),
                )
            })
            .collect()
    }
}

/// The mean of what the contacts were expected to change, where the list was chosen by that.
fn expected_uplift(sending: &Sending) -> Result<Option<f64>> {
    if sending.rows.column_by_name(UPLIFT).is_none() {
        return Ok(None);
    }
    let changes = sending.numbers(UPLIFT, SENT)?;
    let mean = changes.iter().sum::<f64>() / changes.len() as f64;
    Ok(mean.is_finite().then_some(mean))
}

/// How well the order in which the list was made found those whom it changed. Nothing where nobody was
/// held back, or where all were expected to bring the same.
fn order(sending: &Sending, sent: &[Did], control: &[Did]) -> Result<Option<Change>> {
    let mut scores = sending.numbers("expected_profit", SENT)?;
    scores.extend(sending.numbers("expected_profit", CONTROL)?);
    let ordered = scores.windows(2).any(|two| two[0] != two[1]);
    if !ordered || scores.iter().any(|score| score.is_nan()) {
        return Ok(None);
    }
    let treated: Vec<bool> = (0..scores.len()).map(|row| row < sent.len()).collect();
    let bought = |did: &Did| f64::from(u8::from(did.bought));
    let outcomes: Vec<f64> = sent.iter().chain(control).map(bought).collect();
    let found = qini_interval(&scores, &treated, &outcomes, RESAMPLES, SEED);
    Ok(found.ok().map(|found| Change {
        each: found.value,
        low: found.low,
        high: found.high,
    }))
}

impl Part {
    fn sum(&mut self, all: &[Did], facts: &Facts) {
        let number = |of: fn(&Did) -> bool| all.iter().filter(|did| of(did)).count() as u64;
        self.buyers = number(|did| did.bought);
        self.spend = all.iter().map(|did| did.spend).sum();
        self.margin = facts.costs.then(|| all.iter().map(|did| did.margin).sum());
        self.responders = facts.campaigns.then(|| number(|did| did.responded));
        self.contacted = facts.campaigns.then(|| number(|did| did.contacted));
    }

    /// The share that bought.
    pub fn share(&self) -> f64 {
        self.buyers as f64 / self.customers as f64
    }
}

/// What every customer did in some days, by their ids as text.
pub(super) fn did(
    warehouse: &Warehouse,
    facts: &Facts,
    window: Window<'_>,
) -> Result<BTreeMap<String, Did>> {
    let [spend, margin] = money_sql(facts);
    let of_campaign = |kind: &str| match facts.campaigns {
        true => {
            let id = window.campaign_id.replace('\'', "''");
            format!(
                "sum(CASE WHEN kind = '{kind}' AND CAST(campaign_id AS VARCHAR) = '{id}' THEN 1 ELSE 0 END)"
            )
        }
        false => "0".to_owned(),
    };
    let sql = format!(
        "SELECT CAST({ID} AS VARCHAR) AS id, sum(CASE WHEN kind = 'purchase' THEN 1 ELSE 0 END) AS bought, \
         {spend} AS spend, {margin} AS margin, {} AS responded, {} AS contacted \
         FROM interactions WHERE day >= DATE '{}' AND day < DATE '{}' GROUP BY {ID}",
        of_campaign("response"),
        of_campaign("contact"),
        window.from,
        window.until
    );
    let mut all = BTreeMap::new();
    warehouse.scope.for_each(&sql, |batch| {
        let ids: &StringArray = batch
            .column(0)
            .as_string_opt()
            .ok_or_else(|| Failure::machine("ids that are no text"))?;
        let whole = |place: usize| cast(batch.column(place), &DataType::Int64);
        let (bought, responded, contacted) = (whole(1)?, whole(4)?, whole(5)?);
        let some = |column: &arrow::array::ArrayRef, row: usize| {
            let column = column.as_primitive::<Int64Type>();
            column.is_valid(row) && column.value(row) > 0
        };
        let money = |place: usize, row: usize| {
            let column = batch.column(place).as_primitive::<Float64Type>();
            if column.is_valid(row) {
                column.value(row)
            } else {
                0.0
            }
        };
        for row in 0..batch.num_rows() {
            let did = Did {
                bought: some(&bought, row),
                spend: money(2, row),
                margin: money(3, row),
                responded: some(&responded, row),
                contacted: some(&contacted, row),
            };
            all.insert(ids.value(row).to_owned(), did);
        }
        Ok(())
    })?;
    Ok(all)
}

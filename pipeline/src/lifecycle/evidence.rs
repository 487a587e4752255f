//! What became of customers whom kept models have not seen: labels and scores on past dates.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use chrono::NaiveDate;
use ndarray::Array1;
use regulars_models::format::SavedModel;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::lifecycle::keep::{places, with_attributes};
use crate::lifecycle::suits;
use crate::registry::{KeptFeatures, Version};
use crate::stages::Context;
use crate::stages::churn::{eligible, labelled, taken};
use crate::stages::features::{SomeDates, dates};
use crate::timeline::horizon::Bought;
use crate::timeline::snapshot::Snapshot;

/// At most so many dates, the newest ones.
const MOST_DATES: usize = 6;

/// Which of the two models of a version speaks at a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The one that learned from every outcome that was known.
    Whole,
    /// The one that was tested: where the other has seen the outcomes of the date.
    AsTested,
}

/// Which models of the versions may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// At each date the one that has not seen its outcomes.
    Either,
    /// Only the one that learned from everything, so that the dates are those of later outcomes.
    WholeAlone,
}

/// One date whose outcomes are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnDate {
    /// The date.
    pub date: NaiveDate,
    /// Which model of each version has spoken.
    pub by: Vec<Which>,
    /// Customers whose outcome is known.
    pub customers: u64,
    /// Those of them who left.
    pub left: u64,
}

/// What several versions said of the same customers, and what became of these.
pub struct Evidence {
    /// The dates, in their order.
    pub dates: Vec<OnDate>,
    /// Whether each row has left.
    pub labels: Array1<bool>,
    /// What each version has said of each row.
    pub scores: Vec<Array1<f64>>,
    /// Whose row each is, a number below `customers`.
    pub owners: Vec<u32>,
    /// How many customers there are.
    pub customers: usize,
}

/// A version that is asked.
struct Witness<'a> {
    version: &'a Version,
    kept: KeptFeatures,
    whole: SavedModel,
    tested: SavedModel,
}

impl<'a> Witness<'a> {
    fn new(version: &'a Version) -> Result<Self> {
        Ok(Self {
            version,
            kept: version.features()?,
            whole: version.model()?,
            tested: version.tested()?,
        })
    }

    /// Which of its models has seen nothing of what happened from a date on.
    fn at(&self, date: NaiveDate, spoken: Spoken) -> Option<Which> {
        let training = &self.version.record.training;
        let unseen = |until: Option<NaiveDate>| until.is_some_and(|until| date >= until);
        if unseen(training.seen_until) {
            Some(Which::Whole)
        } else if spoken == Spoken::Either && unseen(training.tested_seen_until) {
            Some(Which::AsTested)
        } else {
            None
        }
    }

    fn model(&self, which: Which) -> &SavedModel {
        match which {
            Which::Whole => &self.whole,
            Which::AsTested => &self.tested,
        }
    }

    /// The probabilities of some customers of a snapshot.
    fn says(
        &self,
        context: &Context<'_>,
        which: Which,
        (snapshot, rows): (&Snapshot, &[usize]),
    ) -> Result<Array1<f64>> {
        let model = self.model(which);
        let features = taken(context, snapshot, rows, model, true)?.features;
        let scores = model.predict_probability(features.view());
        scores
            .ok_or_else(|| Failure::data(format!("{} gives no probability", self.version.title())))
    }
}

/// Asks versions on the newest dates whose outcomes are known and that none of them has seen.
///
/// # Errors
/// There is no such date; a version is of other settings or of other features; the outcome is a
/// label, which has no dates.
pub fn evidence(context: &Context<'_>, versions: &[&Version], spoken: Spoken) -> Result<Evidence> {
    let churn = &context.settings.config.churn;
    if let Some(label) = &churn.label {
        // What drift says on its page.
        return Err(Failure::data(tr!(
            "the label `{label}` has no dates, so that there are no customers whom a version has certainly not seen",
            label = label
        ))
        .hint("look at what each reached on customers held out: regulars models show N; regulars models promote N --force"));
    }
    for version in versions {
        suits::settings(version, context)?;
    }
    let witnesses = versions
        .iter()
        .map(|version| Witness::new(version))
        .collect::<Result<Vec<_>>>()?;
    let warehouse = context.warehouse()?;
    let known = dates(warehouse, churn);
    let known: Vec<NaiveDate> = known.train.into_iter().chain(known.test).collect();
    let asked = |date: &NaiveDate| {
        let which: Option<Vec<Which>> = witnesses.iter().map(|one| one.at(*date, spoken)).collect();
        Some((*date, which?))
    };
    let mut dates: Vec<(NaiveDate, Vec<Which>)> = known.iter().filter_map(asked).collect();
    dates.drain(..dates.len().saturating_sub(MOST_DATES));
    let Some((first, _)) = dates.first() else {
        return Err(nothing_unseen(&witnesses, known.last(), spoken));
    };
    let bought = Bought::read(warehouse, *first)?;
    let mut takers = takers(context, &witnesses)?;
    let mut gathered = Gathered::new(witnesses.len());
    for (date, which) in dates {
        let mut rows = Vec::new();
        for (taker, spoken) in &mut takers {
            let snapshot = taker.take(date, true)?;
            if rows.is_empty() {
                rows = eligible(&snapshot, churn)?;
                let labels = labelled(&snapshot, &bought, churn)?.labels;
                gathered.customers(&snapshot.customers, &rows, &labels);
                gathered.dates.push(OnDate {
                    date,
                    by: which.clone(),
                    customers: labels.len() as u64,
                    left: labels.iter().filter(|left| **left).count() as u64,
                });
            }
            for place in spoken {
                let said = witnesses[*place].says(context, which[*place], (&snapshot, &rows))?;
                gathered.scores[*place].extend(said);
            }
        }
    }
    Ok(gathered.evidence())
}

/// For each set of places that features go over, who takes them, and which versions look at them.
fn takers<'a>(
    context: &'a Context<'a>,
    witnesses: &[Witness<'_>],
) -> Result<Vec<(SomeDates<'a>, Vec<usize>)>> {
    let mut takers: Vec<(SomeDates<'a>, Vec<usize>)> = Vec::new();
    for (place, witness) in witnesses.iter().enumerate() {
        let over = places(&witness.kept);
        let same = takers.iter_mut().find(|(taker, _)| taker.places() == over);
        let taker = match same {
            Some((taker, spoken)) => {
                spoken.push(place);
                taker
            }
            None => {
                takers.push((SomeDates::new(context, Some(&over))?, vec![place]));
                match takers.last_mut() {
                    Some((taker, _)) => taker,
                    None => continue,
                }
            }
        };
        let now = with_attributes(context, taker.definitions())?;
        suits::features(witness.version, &witness.kept, &now)?;
    }
    Ok(takers)
}

fn nothing_unseen(
    witnesses: &[Witness<'_>],
    newest: Option<&NaiveDate>,
    spoken: Spoken,
) -> Failure {
    let seen: Vec<String> = witnesses
        .iter()
        .filter_map(|witness| {
            let training = &witness.version.record.training;
            let tested = training
                .tested_seen_until
                .filter(|_| spoken == Spoken::Either);
            let until = tested.or(training.seen_until)?;
            let number = witness.version.number();
            Some(tr!(
                "version {number} has seen everything before {until}",
                number = number,
                until = until
            ))
        })
        .collect();
    let newest = newest.map_or_else(
        || tr!("there is no date whose outcomes are known"),
        |newest| {
            tr!(
                "the newest date whose outcomes are known is {newest}",
                newest = newest
            )
        },
    );
    Failure::data(tr!(
        "there is nothing to judge by: {newest}, and {seen}",
        newest = newest,
        seen = seen.join(&tr!(" and "))
    ))
    .hint("load the history that has happened since")
}

/// Rows as they come, date after date.
struct Gathered {
    dates: Vec<OnDate>,
    labels: Vec<bool>,
    scores: Vec<Vec<f64>>,
    owners: Vec<u32>,
    known: HashMap<Id, u32>,
}

/// Who a customer is.
#[derive(PartialEq, Eq, Hash)]
enum Id {
    Number(i64),
    Text(String),
}

impl Gathered {
    fn new(versions: usize) -> Self {
        Self {
            dates: Vec::new(),
            labels: Vec::new(),
            scores: vec![Vec::new(); versions],
            owners: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Notes some customers of a date, and what became of them.
    fn customers(&mut self, customers: &ArrayRef, rows: &[usize], labels: &Array1<bool>) {
        self.labels.extend(labels);
        let numbers = customers.as_primitive_opt::<Int64Type>();
        for row in rows {
            let id = match numbers {
                Some(numbers) => Id::Number(numbers.value(*row)),
                None => Id::Text(customers.as_string::<i32>().value(*row).to_owned()),
            };
            let next = self.known.len() as u32;
            self.owners.push(*self.known.entry(id).or_insert(next));
        }
    }

    fn evidence(self) -> Evidence {
        Evidence {
            dates: self.dates,
            labels: self.labels.into(),
            scores: self.scores.into_iter().map(Array1::from).collect(),
            owners: self.owners,
            customers: self.known.len(),
        }
    }
}

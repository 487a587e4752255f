//! Who the clusters are: which one is which of an earlier date, and why customers are elsewhere now.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ndarray::Array2;
use regulars_models::clustering::{Assignment, Became, Continuity, SAME, adjusted_rand};
use regulars_models::format::SavedSegmenter;

use super::earlier::Earlier;
use super::wrong;
use crate::failure::Result;

/// Why a customer is where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// They are where they were.
    Stayed,
    /// The earlier segments, too, have them here today: what they do has changed.
    CustomerMoved,
    /// The earlier segments have them today where they were: the segments have changed.
    ModelMoved,
    /// Both.
    BothMoved,
    /// They were in no segment.
    NewCustomer,
}

impl Change {
    /// As the table of customers has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stayed => mark!("stayed"),
            Self::CustomerMoved => mark!("customer moved"),
            Self::ModelMoved => mark!("model moved"),
            Self::BothMoved => mark!("both moved"),
            Self::NewCustomer => mark!("new customer"),
        }
    }
}

/// What happened to a cluster of an earlier date, with the clusters of today that it is of by
/// their lasting numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is still there.
    Kept,
    /// Most of it is in another one.
    Merged(u64),
    /// Most of it is in several others.
    Split(Vec<u64>),
    /// It is nowhere.
    Dissolved,
}

/// A cluster of an earlier date.
pub struct Past {
    /// Its lasting number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What happened to it.
    pub event: Event,
}

/// Customers who were in one cluster and are in one now.
pub struct Move {
    /// The cluster that they were in; none of new customers.
    pub from: Option<u64>,
    /// The one that they are in.
    pub to: u64,
    /// How many there are by why.
    pub by_change: BTreeMap<Change, u64>,
}

/// How today's clusters hang together with those of an earlier date.
pub struct Lineage {
    /// The earlier date.
    pub as_of: NaiveDate,
    /// Adjusted Rand index of the earlier clusters with today's, over today's customers.
    pub agreement: f64,
    /// The earlier clusters.
    pub past: Vec<Past>,
    /// Where each customer was.
    pub before: Vec<Option<u64>>,
    /// Why each customer is where they are.
    pub changes: Vec<Change>,
    /// The same, counted.
    pub moves: Vec<Move>,
}

/// The lasting numbers of today's clusters, and the next one that is free.
pub struct Ids {
    /// For each cluster.
    pub ids: Vec<u64>,
    /// For each cluster the name that it keeps.
    pub names: Vec<Option<String>>,
    /// Never given so far.
    pub next: u64,
    /// Which clusters are new.
    pub continuity: Option<Continuity>,
}

impl Ids {
    /// Without an earlier date: 1, 2, 3, ...
    pub fn anew(clusters: usize) -> Self {
        Self {
            ids: (1..=clusters as u64).collect(),
            names: vec![None; clusters],
            next: clusters as u64 + 1,
            continuity: None,
        }
    }

    /// A cluster that shares most of its customers with an earlier one is that; others are new.
    ///
    /// - `last`: the earlier cluster that each of today's customers is nearest to today.
    pub fn of(
        saved: &SavedSegmenter,
        last: &[usize],
        labels: &[usize],
        clusters: usize,
    ) -> Result<Self> {
        let old = saved.ids().len();
        let found = Continuity::of(last, old, labels, clusters, SAME).map_err(wrong)?;
        let mut next = saved.next_id();
        let mut ids = Vec::with_capacity(clusters);
        let mut names = Vec::with_capacity(clusters);
        for of in &found.of_new {
            names.push(of.map(|old| saved.names()[old].clone()));
            ids.push(of.map_or(next, |old| saved.ids()[old]));
            next += u64::from(of.is_none());
        }
        Ok(Self {
            ids,
            names,
            next,
            continuity: Some(found),
        })
    }

    /// Those of saved segments, into which customers are put as they are.
    pub fn saved(saved: &SavedSegmenter) -> Self {
        Self {
            ids: saved.ids().to_vec(),
            names: saved.names().iter().cloned().map(Some).collect(),
            next: saved.next_id(),
            continuity: None,
        }
    }
}

impl Lineage {
    /// - `last`: the earlier cluster that each of today's customers is nearest to today.
    /// - `members`: the lasting number of the one that each was in; where it is not known, that of
    ///   `last` is taken, and no customer has moved.
    pub fn new(
        earlier: &Earlier,
        last: &[usize],
        members: Option<Vec<Option<u64>>>,
        labels: &[usize],
        ids: &Ids,
    ) -> Result<Self> {
        let saved = &earlier.saved;
        let last_ids: Vec<u64> = last.iter().map(|old| saved.ids()[*old]).collect();
        let before: Vec<Option<u64>> = match members {
            // A number that the earlier segments do not know is of others.
            Some(members) => members
                .into_iter()
                .map(|id| id.filter(|id| *id < saved.next_id()))
                .collect(),
            None => last_ids.iter().copied().map(Some).collect(),
        };
        let change = |((before, last), label): ((&Option<u64>, &u64), &usize)| {
            let now = ids.ids[*label];
            match before {
                None => Change::NewCustomer,
                Some(before) => match (before == last, *last == now) {
                    (true, true) => Change::Stayed,
                    (false, true) => Change::CustomerMoved,
                    (true, false) => Change::ModelMoved,
                    (false, false) => Change::BothMoved,
                },
            }
        };
        let changes: Vec<Change> = before
            .iter()
            .zip(&last_ids)
            .zip(labels)
            .map(change)
            .collect();
        let mut counted: BTreeMap<(Option<u64>, u64), BTreeMap<Change, u64>> = BTreeMap::new();
        for ((before, label), change) in before.iter().zip(labels).zip(&changes) {
            let pair = counted.entry((*before, ids.ids[*label])).or_default();
            *pair.entry(*change).or_default() += 1;
        }
        let event = |old: usize| match ids.continuity.as_ref().map(|found| &found.of_old[old]) {
            None | Some(Became::Kept(_)) => Event::Kept,
            Some(Became::Merged(new)) => Event::Merged(ids.ids[*new]),
            Some(Became::Split(parts)) => {
                Event::Split(parts.iter().map(|part| ids.ids[*part]).collect())
            }
            Some(Became::Dissolved) => Event::Dissolved,
        };
        Ok(Self {
            as_of: earlier.as_of,
            agreement: adjusted_rand(last, labels).map_err(wrong)?,
            past: (0..saved.ids().len())
                .map(|old| Past {
                    id: saved.ids()[old],
                    name: saved.names()[old].clone(),
                    event: event(old),
                })
                .collect(),
            before,
            changes,
            moves: counted
                .into_iter()
                .map(|((from, to), by_change)| Move {
                    from,
                    to,
                    by_change,
                })
                .collect(),
        })
    }

    /// Of the customers who were in a cluster and whom the earlier segments have there today, the
    /// share that is still in it.
    pub fn kept_share(&self) -> Option<f64> {
        let of = |change: Change| self.changes.iter().filter(|one| **one == change).count();
        let (stayed, moved) = (of(Change::Stayed), of(Change::ModelMoved));
        (stayed + moved > 0).then(|| stayed as f64 / (stayed + moved) as f64)
    }

    /// How many customers there are of one change.
    pub fn count(&self, change: Change) -> u64 {
        self.changes.iter().filter(|one| **one == change).count() as u64
    }
}

/// The nearest earlier cluster of today's customers.
pub fn nearest(saved: &SavedSegmenter, inputs: &Array2<f64>) -> Result<Assignment> {
    saved.assign(inputs.view()).map_err(wrong)
}

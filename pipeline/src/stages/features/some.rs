//! The features of some dates alone, for a model that was saved: in memory, over the departments and
//! channels that the model was learned with.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{as_of_table, described, history, known_then, sql, stood};
use crate::config::Known;
use crate::contract::features::{History, Named};
use crate::engine::Scope;
use crate::failure::Result;
use crate::stages::Context;
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;

/// What features go over, as far as the history and not the catalogue decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The departments whose share of spend is a feature, in the order of the columns.
    pub departments: Vec<String>,
    /// The channels, in the order of the columns.
    pub channels: Vec<String>,
}

/// Takes snapshots of some dates.
pub struct SomeDates<'a> {
    context: &'a Context<'a>,
    warehouse: &'a Warehouse,
    history: History,
    plan: sql::Plan,
    /// The history, folded; once a snapshot is asked for.
    folded: Option<Scope>,
}

impl<'a> SomeDates<'a> {
    /// Looks at the history. What `places` names takes the place of the departments that are largest
    /// and the channels that are used most by now.
    pub fn new(context: &'a Context<'a>, places: Option<&Places>) -> Result<Self> {
        let warehouse = context.warehouse()?;
        let features = &context.settings.config.features;
        let mut history = history::look(warehouse, features.departments)?;
        if let Some(places) = places {
            // Of a history that has none at all there is nothing to name.
            if history.has("products", "department") {
                history.departments.clone_from(&places.departments);
            }
            if history.tells("channel") {
                history.channels.clone_from(&places.channels);
            }
        }
        Ok(Self {
            plan: sql::Plan::new(&history, features.evening_from),
            context,
            warehouse,
            history,
            folded: None,
        })
    }

    /// What the features go over.
    pub fn places(&self) -> Places {
        Places {
            departments: self.history.departments.clone(),
            channels: self.history.channels.clone(),
        }
    }

    /// What each feature is in full, by its name.
    pub fn definitions(&self) -> Vec<Named> {
        let evening_from = self.context.settings.config.features.evening_from;
        self.plan.definitions(&self.history, evening_from)
    }

    /// How the features of a date are computed: the tables that the history is folded into, each with
    /// its query, one after the other, and the query that gives the snapshot of every date in
    /// `as_of_dates`.
    pub fn script(&self) -> (impl Iterator<Item = (&'static str, &str)>, String) {
        (self.plan.folds(), self.plan.snapshots())
    }

    /// The snapshot of a date, as the stage would write it; of a past one, one at which nothing is
    /// scored, what was known then if the settings want that, and what was not cancelled yet.
    pub fn take(&mut self, date: NaiveDate, past: bool) -> Result<Snapshot> {
        let progress = self.context.progress;
        progress.step(&format!("features at {date}"));
        let known = self.context.settings.config.features.known;
        if past && known == Known::Then {
            let scope = known_then(self.context, self.warehouse, &self.plan, date)?;
            return self.query(&scope, date, false);
        }
        let scope = match self.folded.take() {
            Some(scope) => scope,
            None => {
                let scope = self.warehouse.scope.within()?;
                self.plan
                    .prepare(&scope, self.warehouse.folds(self.context.out)?.as_ref())?;
                scope
            }
        };
        let snapshot = self.query(&scope, date, past);
        self.folded = Some(scope);
        snapshot
    }

    fn query(&self, scope: &Scope, date: NaiveDate, mend: bool) -> Result<Snapshot> {
        scope.batch("as_of_dates", as_of_table(&[date])?)?;
        let mut found = scope.query(&self.plan.snapshots())?;
        if mend {
            found = stood::as_it_stood(self.warehouse, &self.plan, found, &[date])?;
        }
        let table = described(&found, &self.plan)?;
        Snapshot::of(&table, date)
    }
}

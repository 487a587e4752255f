//! What of the interactions counts, now and at a past date: without purchases that were cancelled by
//! then, where the settings want these undone.

use chrono::NaiveDate;
use serde::Serialize;

use crate::config::{Cancelled, Day};
use crate::engine::Scope;
use crate::failure::{During, Failure, Result};
use crate::warehouse::undone::{self, Undone};
use crate::warehouse::views::{View, WITH_GUESTS, Warehouse, holding, loaded};

/// The customers of [`Warehouse::straddlers_at`].
pub const STRADDLERS: &str = "straddlers";
/// All interactions, whether they count or not.
const WITH_UNDONE: &str = "interactions_with_undone";
/// The interactions of all customers of whom something was cancelled.
const CANCELLERS: &str = "interactions_of_cancellers";

/// Lines that take something back.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TakenBack {
    /// Whether the settings want the purchases of such pairs undone.
    pub undone: bool,
    /// Lines that fit an earlier purchase of the same customer, product and quantity.
    pub matched: u64,
    /// Lines that fit none.
    pub unmatched: u64,
    /// Customers of whose purchases none is left without these pairs.
    pub left_with_nothing: u64,
}

impl Warehouse {
    /// A scope in which every table is as it was known at the beginning of a day; by default as it
    /// is known now.
    ///
    /// What the first load brought counts as known when it happened: the history before the first
    /// load is not known to have been otherwise.
    pub fn known_at(&self, known_at: Option<Day>) -> Result<Scope> {
        self.known_and_standing_at(known_at, None)
    }

    /// The same with purchases before a day that were cancelled on that day or later: what a model of
    /// that day could see.
    pub fn known_and_standing_at(
        &self,
        known_at: Option<Day>,
        date: Option<NaiveDate>,
    ) -> Result<Scope> {
        let scope = self.scope.within()?;
        if known_at == self.known_at {
            self.show(&scope, known_at, self.undone.as_ref(), date)?;
        } else {
            let undone = self.find_undone(&scope, known_at)?;
            self.show(&scope, known_at, undone.as_ref(), date)?;
        }
        Ok(scope)
    }

    /// The warehouse with purchases before a day that were cancelled on that day or later; none where
    /// there are no such purchases, so that it is what it is now.
    pub fn standing_at(&self, date: NaiveDate) -> Result<Option<Self>> {
        if !self.straddled(date) {
            return Ok(None);
        }
        Ok(Some(Self {
            scope: self.known_and_standing_at(self.known_at, Some(date))?,
            first_day: self.first_day,
            end: self.end,
            warnings: Vec::new(),
            has_loads: self.has_loads,
            loads_version: self.loads_version,
            schemas: self.schemas.clone(),
            views: self.views.clone(),
            first_loaded_at: self.first_loaded_at,
            cut: self.cut,
            known_at: self.known_at,
            cancelled: self.cancelled,
            undone: None,
        }))
    }

    /// A scope in which the interactions are, as they stood at a date, those of the customers with a
    /// purchase from before it that was cancelled on it or later, whom it calls [`STRADDLERS`]. Every
    /// other customer stands at that date as now.
    pub fn straddlers_at(&self, date: NaiveDate) -> Result<Scope> {
        let interactions = self.views.iter().find(|view| view.name == "interactions");
        let view = interactions.ok_or_else(|| Failure::machine("no table interactions"))?;
        if self.scope.schema(CANCELLERS).is_err() {
            let rows = self.rows(view, "*", self.known_at);
            let sql = undone::of_cancellers(&view.columns, &rows);
            self.scope.fold(CANCELLERS, &sql)?;
        }
        let scope = self.scope.within()?;
        scope.view(STRADDLERS, scope.frame(&undone::straddlers(date))?)?;
        let stood = format!(
            "SELECT {} FROM {CANCELLERS} LEFT SEMI JOIN {STRADDLERS} ON {CANCELLERS}.customer_id = {STRADDLERS}.customer_id \
             WHERE {CANCELLERS}.undone_on IS NULL OR ({CANCELLERS}.day < DATE '{date}' AND {CANCELLERS}.undone_on >= DATE '{date}')",
            view.columns
        );
        for name in [WITH_GUESTS, "interactions"] {
            scope.view(name, scope.frame(&stood)?)?;
        }
        Ok(scope)
    }

    /// Names the interactions with those that were undone among them, each with the day on which it was
    /// (`undone_on`), and says how they are called; none where nothing was undone.
    pub fn show_undone(&self) -> Result<Option<&'static str>> {
        let interactions = self.views.iter().find(|view| view.name == "interactions");
        let Some(view) = interactions.filter(|_| self.undone.is_some()) else {
            return Ok(None);
        };
        let rows = self.rows(view, "*", self.known_at);
        let all = self.scope.frame(&undone::every(&view.columns, &rows))?;
        self.scope.view(WITH_UNDONE, all)?;
        Ok(Some(WITH_UNDONE))
    }

    /// Whether purchases before a day were cancelled on that day or later.
    pub fn straddled(&self, date: NaiveDate) -> bool {
        self.undone
            .as_ref()
            .is_some_and(|undone| undone.straddles(date))
    }

    /// Purchases that were cancelled later and count no more, if the settings want that.
    pub fn undone(&self) -> Option<&Undone> {
        self.undone.as_ref()
    }

    /// Pairs purchases with what cancelled them, and names them.
    pub(super) fn find_undone(
        &self,
        scope: &Scope,
        known_at: Option<Day>,
    ) -> Result<Option<Undone>> {
        let interactions = self.views.iter().find(|view| view.name == "interactions");
        let Some(view) = interactions.filter(|_| self.cancelled == Cancelled::Undo) else {
            return Ok(None);
        };
        self.pair(scope, view, known_at)
    }

    fn pair(&self, scope: &Scope, view: &View, known_at: Option<Day>) -> Result<Option<Undone>> {
        let rows = self.rows(view, "*", known_at);
        let schema = scope.schema(&loaded(&view.name))?;
        let found = Undone::find(scope, &rows, &schema)?;
        if let Some(found) = &found {
            found.name(scope, &rows)?;
        }
        Ok(found)
    }

    /// What was taken back, whatever the settings make of it; none where nothing was.
    pub fn taken_back(&self) -> Result<Option<TakenBack>> {
        let Some(view) = self.views.iter().find(|view| view.name == "interactions") else {
            return Ok(None);
        };
        let scope = self.scope.within()?;
        let of_now = match self.undone {
            Some(_) => None,
            None => self.pair(&scope, view, self.known_at)?,
        };
        let Some(undone) = self.undone.as_ref().or(of_now.as_ref()) else {
            return Ok(None);
        };
        let rows = self.rows(view, "*", self.known_at);
        let standing = scope.frame(&undone::standing(&view.columns, &rows, None))?;
        scope.view("interactions_that_stand", standing)?;
        Ok(Some(TakenBack {
            undone: self.undone.is_some(),
            matched: undone.matched,
            unmatched: undone.unmatched,
            left_with_nothing: undone::left_with_nothing(&scope, "interactions_that_stand")?,
        }))
    }

    /// The rows of a table as they were known at the beginning of a day, as SQL in the warehouse's
    /// scope; by default as they are known now. Nothing where it was not loaded.
    pub fn rows_known_at(&self, table: &str, known_at: Option<Day>) -> Option<String> {
        let view = self.views.iter().find(|view| view.name == table)?;
        Some(self.rows(view, &view.columns, known_at))
    }

    /// The rows of a table that are shown.
    fn rows(&self, view: &View, columns: &str, known_at: Option<Day>) -> String {
        let mut conditions = vec![holding(known_at, self.first_loaded_at)];
        conditions.extend(view.filter.clone());
        format!(
            "SELECT {columns} FROM {} WHERE {}",
            loaded(&view.name),
            conditions.join(" AND ")
        )
    }

    pub(super) fn show(
        &self,
        scope: &Scope,
        known_at: Option<Day>,
        undone: Option<&Undone>,
        date: Option<NaiveDate>,
    ) -> Result<()> {
        for view in &self.views {
            let show = |name: &str, sql: &str| -> Result<()> {
                let rows = scope
                    .frame(sql)
                    .during(format!("opening the table {name}"))?;
                scope.view(name, rows)
            };
            let sql = match undone.filter(|_| view.name == "interactions") {
                Some(_) => {
                    let all = self.rows(view, "*", known_at);
                    undone::standing(&view.columns, &all, date)
                }
                None => self.rows(view, &view.columns, known_at),
            };
            if view.name == "interactions" {
                show(WITH_GUESTS, &sql)?;
                let customers = "WHERE customer_id IS NOT NULL";
                show(
                    "interactions",
                    &format!("SELECT * FROM ({sql}) {customers}"),
                )?;
            } else {
                show(&view.name, &sql)?;
            }
        }
        Ok(())
    }
}

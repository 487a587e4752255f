//! The shop's own segments: SQL over what is known of a customer, the first that holds decides.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use datafusion::logical_expr::Expr;

use crate::config::{OwnSegment, Settings};
use crate::failure::Result;
use crate::known::Customers;

/// Own segments that were read and not decided yet.
pub struct Own<'a> {
    segments: &'a [OwnSegment],
    conditions: Vec<Expr>,
}

/// Who is in which own segment.
pub struct Decided<'a> {
    segments: &'a [OwnSegment],
    /// The place of each customer's segment; none for whom no condition holds.
    pub of: Vec<Option<usize>>,
}

impl<'a> Own<'a> {
    /// Reads the conditions.
    ///
    /// # Errors
    /// SQL that does not fit, and columns that are not there, with the nearest name.
    pub fn parse(settings: &'a Settings, customers: &Customers) -> Result<Self> {
        let segments = &settings.config.classes.own;
        let mut conditions = Vec::with_capacity(segments.len());
        for (place, own) in segments.iter().enumerate() {
            let number = place.to_string();
            let parsed = customers.parse(settings, &keys(&number), &own.condition);
            conditions.push(parsed.map_err(|failure| named(failure, own))?);
        }
        Ok(Self {
            segments,
            conditions,
        })
    }

    /// The columns that have to be read.
    pub fn needed(&self) -> BTreeSet<String> {
        let columns = self.conditions.iter().flat_map(Expr::column_refs);
        columns.map(|column| column.name.clone()).collect()
    }

    /// Decides for everybody.
    ///
    /// # Errors
    /// What is no condition, or cannot be calculated.
    pub fn decide(
        self,
        settings: &Settings,
        customers: &Customers,
        rows: &RecordBatch,
    ) -> Result<Decided<'a>> {
        let mut of = vec![None; rows.num_rows()];
        for (place, condition) in self.conditions.into_iter().enumerate() {
            let (own, number) = (&self.segments[place], place.to_string());
            let keys = keys(&number);
            let found = customers.evaluate(settings, &keys, condition, rows);
            let found = found.map_err(|failure| named(failure, own))?;
            let Some(found) = found.as_boolean_opt() else {
                let problem = format!(
                    "this is no condition, since it is {} for a customer",
                    found.data_type()
                );
                let failure = settings.wrong(&keys, problem);
                let failure = failure.hint("compare it with something, such as monetary > 500");
                return Err(named(failure, own));
            };
            for (row, of) in of.iter_mut().enumerate() {
                if of.is_none() && found.is_valid(row) && found.value(row) {
                    *of = Some(place);
                }
            }
        }
        Ok(Decided {
            segments: self.segments,
            of,
        })
    }
}

fn keys(number: &str) -> [&str; 4] {
    ["classes", "own", number, "where"]
}

/// Says of which segment it is, since places in a list are counted and not named.
fn named(mut failure: crate::failure::Failure, own: &OwnSegment) -> crate::failure::Failure {
    failure.message = format!("{} (own segment `{}`)", failure.message, own.name);
    failure
}

impl Decided<'_> {
    /// Whether there are any.
    pub fn is_asked(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|own| own.name.as_str())
    }

    /// The name of a customer's.
    pub fn name_of(&self, row: usize) -> Option<&str> {
        self.of[row].map(|place| self.segments[place].name.as_str())
    }

    /// Those that take nobody.
    pub fn empty(&self) -> impl Iterator<Item = &str> {
        let taken = |place| self.of.contains(&Some(place));
        self.names()
            .enumerate()
            .filter(move |(place, _)| !taken(*place))
            .map(|(_, name)| name)
    }
}

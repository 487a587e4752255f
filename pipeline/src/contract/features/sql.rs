//! How a feature is computed, in SQL over tables of days that the history is folded into.
//!
//! Sums are taken over exact decimals and whole numbers and become floating point only at the
//! end, so that they do not depend on the order in which threads meet the rows.

use super::Place;

/// What a feature is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `customer_days`: the days on which a customer bought or returned something.
    Days,
    /// `event_days`: customers, kinds and days of everything that is no purchase.
    Events,
    /// `contact_days`: days on which a customer was contacted.
    Contacts,
    /// `channel_days`: customers, days and channels.
    Channels,
    /// What the people of an account did together.
    Accounts,
    /// `shop_days`: the days on which anybody bought something.
    Shop,
    /// Different things, by the day on which a customer met each first.
    FirstSeen {
        /// The name of the table.
        table: &'static str,
        /// How the history is folded into it: `customer_id`, `thing` and the day `d`.
        fold: &'static str,
    },
}

/// A column in SQL: its name and its expression.
pub type Named = (String, String);

/// A feature in SQL. A word in capitals is that of the family, and `NUMBER` its number.
#[derive(Clone, Debug)]
pub struct Sql {
    /// The table.
    pub over: Over,
    /// Columns of that table that are added up from the interactions of a day, for events.
    pub by_day: Vec<Named>,
    /// Columns that look along the days of a customer and kind, once those are there.
    pub along: Vec<Named>,
    /// What is added up over the days before the as-of date.
    pub by_then: Vec<Named>,
    /// The feature itself. Over the days of purchases it adds up for itself; everywhere else it
    /// is made of `by_then` and of earlier features.
    pub value: String,
}

impl Sql {
    /// An expression over a table.
    pub(super) fn over(over: Over, value: impl Into<String>) -> Self {
        Self {
            over,
            by_day: Vec::new(),
            along: Vec::new(),
            by_then: Vec::new(),
            value: value.into(),
        }
    }

    /// An expression over the days of purchases.
    pub(super) fn days(value: impl Into<String>) -> Self {
        Self::over(Over::Days, value)
    }

    /// An expression over the days of everything else.
    pub(super) fn events(value: impl Into<String>) -> Self {
        Self::over(Over::Events, value)
    }

    /// With something that is added up from the interactions of a day.
    pub(super) fn day(mut self, name: &str, sql: impl Into<String>) -> Self {
        self.by_day.push((name.to_owned(), sql.into()));
        self
    }

    /// With something seen along the days.
    pub(super) fn along(mut self, name: &str, sql: &str) -> Self {
        self.along.push((name.to_owned(), sql.to_owned()));
        self
    }

    /// With something that is added up over the days before the date.
    pub(super) fn then(mut self, name: &str, sql: impl Into<String>) -> Self {
        self.by_then.push((name.to_owned(), sql.into()));
        self
    }

    /// With a day's value added up over the days of a kind.
    pub(super) fn sum(self, name: &str, kind: &str, value: &str) -> Self {
        self.sum_where(name, &format!("kind = '{kind}'"), value)
    }

    /// With a day's value added up over the days that meet a condition.
    pub(super) fn sum_where(self, name: &str, condition: &str, value: &str) -> Self {
        self.then(name, format!("sum(CASE WHEN {condition} THEN {value} END)"))
    }

    /// For one of what the family goes over.
    pub(super) fn at(&self, place: &Place) -> Self {
        let each = |columns: &[Named]| {
            let column = |(name, sql): &Named| (place.in_sql(name), place.in_sql(sql));
            columns.iter().map(column).collect()
        };
        Self {
            over: self.over,
            by_day: each(&self.by_day),
            along: each(&self.along),
            by_then: each(&self.by_then),
            value: place.in_sql(&self.value),
        }
    }
}

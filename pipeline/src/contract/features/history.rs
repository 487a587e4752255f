//! What a history has, as far as features are made of it.

use std::collections::BTreeSet;

/// What was loaded, in plain answers.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Tables and their columns.
    pub columns: BTreeSet<(&'static str, &'static str)>,
    /// The kinds of interaction beside purchases, by name.
    pub kinds: Vec<Kind>,
    /// The departments with the largest spend, the largest first.
    pub departments: Vec<String>,
    /// The channels that are used most, where there are several.
    pub channels: Vec<String>,
    /// The tables that name accounts.
    pub accounts: Vec<&'static str>,
    /// From the first day to the end.
    pub days: u32,
}

/// What the history knows of one kind of interaction.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// Its name, one of the contract's.
    pub name: String,
    /// Some have a rating.
    pub rated: bool,
    /// Of some it is known how long they took.
    pub timed: bool,
    /// Of some it is known when they were due.
    pub has_due_day: bool,
    /// Some have the status `open`.
    pub has_open: bool,
    /// Some have the status `due`.
    pub has_due: bool,
    /// Some have the status `late`.
    pub has_late: bool,
    /// Some have the status `disputed`.
    pub has_disputed: bool,
}

impl History {
    /// Whether a column of a table was loaded.
    pub fn has(&self, table: &str, column: &str) -> bool {
        self.columns.contains(&(table, column))
    }

    /// Whether the interactions have a column.
    pub fn tells(&self, column: &str) -> bool {
        self.has("interactions", column)
    }

    /// What is known of a kind, if there is any of it.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// Whether there is a kind, and it meets a condition.
    pub fn kind_is(&self, name: &str, meets: fn(&Kind) -> bool) -> bool {
        self.kind(name).is_some_and(meets)
    }

    /// Whether there is any of a kind.
    pub fn happened(&self, kind: &str) -> bool {
        self.kind(kind).is_some()
    }
}

//! `[targets]` and `[targets.NAME]`: the lists that marketing can send.

mod check;
mod written;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::check::check;
pub use self::check::{LEDGER, nameable};
pub use self::written::{Amount, Between, Control, Effect, Quota, Suppress};
use super::Settings;

/// The column of the customer's id.
pub const ID: &str = "customer_id";

/// `[targets]`: what holds for every list; each `[targets.NAME]` is one list.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(default)]
pub struct Targets {
    /// Columns that tell who somebody is, such as a name or an address: they are in no file of a
    /// list that does not name them.
    pub personal: Vec<String>,
    /// Files of customers whom no list may contain, each a path, relative to the settings, or
    /// `{ path = "...", id = "the column of the customer's id" }`.
    pub suppress: Vec<Suppress>,
    /// How often a customer may be contacted, over all lists.
    pub cap: Option<Cap>,
    /// What the contacts of all lists may cost together.
    pub budget: Option<f64>,
    /// The lists by their names.
    #[serde(flatten)]
    pub lists: BTreeMap<String, Target>,
}

/// `[targets] cap`: how often a customer may be contacted, over all lists.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// So many contacts at most.
    pub contacts: u32,
    /// In so many days, that of the list among them.
    pub days: u32,
}

/// By what a list chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choose {
    /// What a response of the customer is expected to bring, whether or not it takes the contact.
    #[default]
    Profit,
    /// What the contact is expected to change, by a model that `campaign learn` has made.
    Uplift,
}

/// `[targets.NAME]`: one list.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a list as a table: [targets.NAME] with who = \"...\"; or is this a misspelt key of [targets]?"
)]
pub struct Target {
    /// SQL over what is known of a customer: whom the list is for.
    pub who: String,
    /// The offer as text; `{column}` stands for what a customer has there.
    pub offer: Option<String>,
    /// Whether the offer is the customer's first suggestion; who has none is left out.
    pub suggestion: bool,
    /// The channel, whose own consent counts too: `consent_email` for `"email"`.
    pub channel: Option<String>,
    /// So many customers at most, those held back among them.
    pub most: Option<u64>,
    /// What contacts may cost in all.
    pub budget: Option<f64>,
    /// What one contact costs.
    pub contact_cost: f64,
    /// By what the list chooses: `"profit"`, the response that is expected, or `"uplift"`, what the
    /// contact changes, learned by `campaign learn` from lists that held somebody back.
    pub choose: Choose,
    /// The list whose model of uplift is used; by default this one.
    pub uplift_of: Option<String>,
    /// How probable it is that a customer responds: a number, a column, or SQL.
    pub response_rate: Option<Amount>,
    /// What a response is worth, or by uplift a purchase that would not have been made: an amount,
    /// a column, or SQL.
    pub value: Option<Amount>,
    /// The columns of the files; `"attributes"` stands for every attribute of the customers that is
    /// not personal.
    pub columns: Option<Vec<String>>,
    /// Who is held back to see what the list changes: a share, or `{ effect = 0.02, power = 0.8 }`.
    pub control: Option<Control>,
    /// The column within whose values the control group is drawn.
    pub stratify: Option<String>,
    /// For columns, how many customers of some of their values there may be, or have to be: a number,
    /// a share below 1 of the list, or `{ least = 100, most = 0.5 }`.
    pub quota: BTreeMap<String, BTreeMap<String, Quota>>,
    /// How long the list runs: so many days its control group is in no other list, and its outcome
    /// is read.
    pub days: u32,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            who: String::new(),
            offer: None,
            suggestion: false,
            channel: None,
            most: None,
            budget: None,
            contact_cost: 0.0,
            choose: Choose::Profit,
            uplift_of: None,
            response_rate: None,
            value: None,
            columns: None,
            control: None,
            stratify: None,
            quota: BTreeMap::new(),
            days: 28,
        }
    }
}

impl Target {
    /// How many contacts the budget pays for; none where nothing limits it.
    pub fn paid_for(&self) -> Option<u64> {
        let budget = self.budget?;
        // 10 / 0.1 is a hundred contacts, whatever binary fractions make of it.
        Some((budget / self.contact_cost + 1e-9).floor().max(0.0) as u64)
    }

    /// Whether not all who could be chosen may be, so that it has to be known who is best.
    pub fn is_limited(&self) -> bool {
        self.most.is_some() || self.budget.is_some() || !self.quota.is_empty()
    }
}

impl Settings {
    /// The lists in the order of the settings file.
    pub fn targets(&self) -> Vec<(&str, &Target)> {
        let lists = self.config.targets.lists.iter();
        let mut lists: Vec<(&str, &Target)> =
            lists.map(|(name, list)| (name.as_str(), list)).collect();
        lists.sort_by_cached_key(|(name, _)| self.location(&["targets", name]).line);
        lists
    }
}

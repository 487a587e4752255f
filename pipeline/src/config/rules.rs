//! `[rules]`: what is mined from baskets, and which of it is shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Day, Settings};
use crate::failure::Result;

/// `[rules]`: what is mined from baskets.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The level of the taxonomy; by default the narrowest above products that there is.
    #[schemars(extend("enum" = crate::contract::LEVELS))]
    pub level: Option<String>,
    /// Broader levels whose names are items too, so that rules may speak of a whole category;
    /// no rule puts an item beside a level that it belongs to.
    pub generalise: Vec<String>,
    /// Only the purchase lines for which this SQL expression is true, over the columns of
    /// interactions, products and customers, and `segment`, `value_tier`, `cluster` and
    /// `cluster_name` once `segment` has run.
    #[serde(rename = "where")]
    pub scope: Option<String>,
    /// The first day that is looked at; by default that of the history.
    pub from: Option<Day>,
    /// The first day that is no longer looked at; by default the end of the history.
    pub until: Option<Day>,
    /// What one basket is.
    pub basket: BasketOf,
    /// Itemsets in a smaller share of the baskets are not looked at.
    pub min_support: f64,
    /// Rules with less confidence are not kept.
    pub min_confidence: f64,
    /// Rules with less lift are not kept.
    pub min_lift: f64,
    /// Among baskets that are alike in what else they hold the odds have to be surely higher than
    /// this many times those of chance; 1 asks for any association.
    pub min_odds_ratio: f64,
    /// Rules that fewer customers bear out are not shown: one household's habit is no rule.
    pub min_customers: usize,
    /// The share of a rule's baskets that no better rule with the same consequent explains; rules
    /// with less are variations and not shown. 0 shows them.
    pub min_new_share: f64,
    /// Whether both directions of a pair, and all other rules of the same items, are shown, or the
    /// best alone.
    pub both_directions: bool,
    /// The most items in an itemset.
    pub max_length: usize,
    /// The most itemsets that are kept in memory; where there would be more, the support is raised
    /// and the run says so.
    pub max_itemsets: usize,
    /// The share of false rules that is tolerated among those kept (Benjamini-Hochberg).
    pub max_false_share: f64,
    /// The last days of the history, on which every kept rule is measured again; 0 mines all.
    pub later_days: u32,
    /// Items that say nothing, such as deposits or fuel.
    pub exclude: Vec<String>,
    /// "What do these lead to?": every rule starts from all of them.
    pub require: Vec<String>,
    /// "What leads to these?": every rule ends in one of them.
    pub target: Vec<String>,
    /// When a longer rule is no news beside a shorter one.
    pub redundancy: Redundancy,
    /// A column or SQL expression as in `where`: which rules are far stronger among the baskets
    /// with one value than among the others.
    pub compare_by: Option<String>,
    /// Whether to look for items that are bought instead of each other.
    pub substitutes: bool,
    /// Whether to count which items follow which from one basket to the next.
    pub transitions: bool,
    /// Baskets and customers that are far outside.
    pub outliers: Outliers,
    /// What is bought first and what later.
    pub sequences: Sequences,
    /// The sets that bring the most money.
    pub utility: Utility,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            level: None,
            generalise: Vec::new(),
            scope: None,
            from: None,
            until: None,
            basket: BasketOf::Checkout,
            min_support: 0.005,
            min_confidence: 0.1,
            min_lift: 1.2,
            min_odds_ratio: 1.5,
            min_customers: 10,
            min_new_share: 0.25,
            both_directions: false,
            max_length: 4,
            max_itemsets: 20_000_000,
            max_false_share: 0.01,
            later_days: 56,
            exclude: Vec::new(),
            require: Vec::new(),
            target: Vec::new(),
            redundancy: Redundancy::Significant,
            compare_by: None,
            substitutes: true,
            transitions: true,
            outliers: Outliers::default(),
            sequences: Sequences::default(),
            utility: Utility::default(),
        }
    }
}

/// What one basket is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum BasketOf {
    /// One checkout or order: the lines with one `basket_id`.
    #[default]
    Checkout,
    /// What a customer buys on one day.
    Day,
    /// What a customer buys from a Monday to the Sunday after it.
    Week,
    /// What a customer buys in a calendar month.
    Month,
    /// What a customer buys in a calendar quarter.
    Quarter,
    /// What a customer buys in a calendar year.
    Year,
    /// All that a customer buys.
    Customer,
}

/// When a longer rule is no news beside a shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Redundancy {
    /// When its confidence is not significantly above that of every shorter one (Webb 2007).
    Significant,
    /// When its confidence is not above that of every shorter one (Bayardo 1999).
    Improvement,
    /// Never: all are kept.
    None,
}

/// `[rules.outliers]`: baskets and customers that are far outside.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outliers {
    /// What becomes of giant baskets.
    pub baskets: Giants,
    /// A basket with more different items is a giant one; by default a fence far outside of what is
    /// usual tells, as in `regulars profile`.
    pub max_items: Option<usize>,
    /// What becomes of customers who buy in bulk.
    pub customers: BulkBuyers,
    /// A customer with more purchase lines buys in bulk; by default the same kind of fence tells.
    pub max_lines: Option<usize>,
}

impl Default for Outliers {
    fn default() -> Self {
        Self {
            baskets: Giants::LeaveOut,
            max_items: None,
            customers: BulkBuyers::Keep,
            max_lines: None,
        }
    }
}

/// What becomes of giant baskets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Giants {
    /// They count as any other.
    Keep,
    /// They are not mined.
    LeaveOut,
    /// They keep their most frequently bought items, up to the limit.
    Cut,
}

/// What becomes of customers who buy in bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkBuyers {
    /// They count as any other.
    Keep,
    /// Their baskets are not mined.
    LeaveOut,
}

/// `[rules.sequences]`: what is bought first and what later.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sequences {
    /// Whether to look for sequences.
    pub on: bool,
    /// Sequences of a smaller share of the customers are not looked at.
    pub min_support: f64,
    /// Sequences with less confidence are not kept.
    pub min_confidence: f64,
    /// Sequences with less lift are not kept.
    pub min_lift: f64,
    /// The most items in a sequence.
    pub max_length: usize,
    /// The fewest days from one step to the next.
    pub min_gap_days: u32,
    /// The most days from one step to the next; by default three times the median of the days
    /// between two baskets of a customer, and at least 60.
    pub max_gap_days: Option<u32>,
    /// The most days from the first step to the last; none: any.
    pub max_span_days: Option<u32>,
    /// The most sequences that are kept in memory; where there would be more, the support is raised
    /// and the run says so.
    pub max_sequences: usize,
}

impl Default for Sequences {
    fn default() -> Self {
        Self {
            on: true,
            min_support: 0.05,
            min_confidence: 0.1,
            min_lift: 1.2,
            max_length: 2,
            min_gap_days: 1,
            max_gap_days: None,
            max_span_days: None,
            max_sequences: 200_000,
        }
    }
}

/// `[rules.utility]`: the sets that bring the most money.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Utility {
    /// The money that counts; without it the sets are not looked for.
    pub by: Option<Money>,
    /// So many sets, the best ones.
    pub top: usize,
    /// The share of all money that a set must bring.
    pub min_share: f64,
    /// The fewest baskets with a set, so that one great basket makes none.
    pub min_baskets: usize,
    /// The most items in a set.
    pub max_length: usize,
}

impl Default for Utility {
    fn default() -> Self {
        Self {
            by: None,
            top: 1000,
            min_share: 0.0001,
            min_baskets: 10,
            max_length: 4,
        }
    }
}

/// The money of a purchase line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Money {
    /// What was paid.
    Revenue,
    /// What was paid less what it cost the company: the line's `cost`, or `quantity` times the
    /// product's `unit_cost`.
    Margin,
}

/// Numbers, days and names that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let rules = &settings.config.rules;
    shares(settings, rules)?;
    lengths(settings, rules)?;
    strengths(settings, rules)?;
    days(settings, rules)?;
    settings.level(&["rules", "level"], rules.level.as_deref())?;
    for (place, level) in rules.generalise.iter().enumerate() {
        settings.level(&["rules", "generalise", &place.to_string()], Some(level))?;
    }
    Ok(())
}

/// Shares, and those of which nothing would be left, or everything, with 0.
fn shares(settings: &Settings, rules: &Rules) -> Result<()> {
    let (sequences, utility) = (&rules.sequences, &rules.utility);
    for (keys, share) in [
        (&["rules", "min_support"][..], rules.min_support),
        (&["rules", "min_confidence"], rules.min_confidence),
        (&["rules", "max_false_share"], rules.max_false_share),
        (
            &["rules", "sequences", "min_support"],
            sequences.min_support,
        ),
        (
            &["rules", "sequences", "min_confidence"],
            sequences.min_confidence,
        ),
        (&["rules", "utility", "min_share"], utility.min_share),
        (&["rules", "min_new_share"], rules.min_new_share),
    ] {
        settings.share(keys, share)?;
    }
    let (all, none) = (
        "0 would list every combination that ever occurred",
        "nothing could be kept with 0",
    );
    for (keys, share, problem, such) in [
        (
            &["rules", "min_support"][..],
            rules.min_support,
            all,
            "0.005",
        ),
        (
            &["rules", "sequences", "min_support"],
            sequences.min_support,
            all,
            "0.005",
        ),
        (
            &["rules", "max_false_share"],
            rules.max_false_share,
            none,
            "0.01",
        ),
        (
            &["rules", "utility", "min_share"],
            utility.min_share,
            none,
            "0.01",
        ),
    ] {
        if share == 0.0 {
            return Err(settings
                .wrong(keys, problem)
                .hint(format!("give a share above 0, such as {such}")));
        }
    }
    Ok(())
}

/// How long and how many things may be.
fn lengths(settings: &Settings, rules: &Rules) -> Result<()> {
    let (sequences, utility) = (&rules.sequences, &rules.utility);
    for (keys, number, least) in [
        (&["rules", "max_length"][..], rules.max_length, 2),
        (&["rules", "max_itemsets"], rules.max_itemsets, 1),
        (
            &["rules", "sequences", "max_length"],
            sequences.max_length,
            2,
        ),
        (
            &["rules", "sequences", "max_sequences"],
            sequences.max_sequences,
            1,
        ),
        (&["rules", "utility", "max_length"], utility.max_length, 2),
        (&["rules", "utility", "top"], utility.top, 1),
        (&["rules", "utility", "min_baskets"], utility.min_baskets, 1),
        (
            &["rules", "outliers", "max_items"],
            rules.outliers.max_items.unwrap_or(1),
            1,
        ),
        (
            &["rules", "outliers", "max_lines"],
            rules.outliers.max_lines.unwrap_or(1),
            1,
        ),
    ] {
        settings.at_least(keys, number, least)?;
    }
    Ok(())
}

/// How much stronger than chance a rule has to be.
fn strengths(settings: &Settings, rules: &Rules) -> Result<()> {
    settings.lift(&["rules", "min_lift"], rules.min_lift)?;
    settings.lift(
        &["rules", "sequences", "min_lift"],
        rules.sequences.min_lift,
    )?;
    if rules.min_odds_ratio >= 1.0 && rules.min_odds_ratio.is_finite() {
        return Ok(());
    }
    Err(settings
        .wrong(
            &["rules", "min_odds_ratio"],
            format!("{} is no odds ratio to ask for", rules.min_odds_ratio),
        )
        .hint("give a number from 1 up; 1 asks for any association"))
}

/// Days that lie in an order.
fn days(settings: &Settings, rules: &Rules) -> Result<()> {
    settings.days(&["rules", "later_days"], rules.later_days)?;
    if let (Some(from), Some(until)) = (rules.from, rules.until)
        && from >= until
    {
        return Err(settings
            .wrong(
                &["rules", "until"],
                format!("nothing lies from {from} to the day before {until}"),
            )
            .hint("until is the first day that is no longer looked at; give a later one"));
    }
    let apart = &rules.sequences;
    for (key, most) in [
        ("max_gap_days", apart.max_gap_days),
        ("max_span_days", apart.max_span_days),
    ] {
        if most.is_some_and(|most| most < apart.min_gap_days) {
            return Err(settings
                .wrong(
                    &["rules", "sequences", key],
                    format!("it is below min_gap_days, {}", apart.min_gap_days),
                )
                .hint("give more days, or a smaller min_gap_days"));
        }
    }
    Ok(())
}

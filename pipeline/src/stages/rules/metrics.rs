//! What a run of the stage was, for the manifest, the summary and the page.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::again::Told;
use super::choice::Outside;
use super::mine::Funnel;
use crate::purchases::Balance;

/// What was mined.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// The level of the taxonomy.
    pub level: String,
    /// Broader levels whose names are items too.
    pub broader: Vec<String>,
    /// What one basket is, in words.
    pub basket: String,
    /// The slice of the history, as written in the settings.
    pub slice: Option<String>,
    /// First day of the mining period.
    pub mined_from: NaiveDate,
    /// The day after its last.
    pub mined_until: NaiveDate,
    /// Baskets mined.
    pub baskets: u64,
    /// Baskets of the later days, on which rules were measured again.
    pub later_baskets: u64,
    /// Different items.
    pub items: u64,
    /// What became of the purchase lines: the totals by item add up to `kept`.
    pub lines: Balance,
    /// Baskets that are far too large.
    pub giant_baskets: Outside,
    /// Customers who buy far too much.
    pub bulk_buyers: Outside,
    /// The fewest baskets of an itemset; more than the settings ask for where there would have been
    /// too many itemsets.
    pub min_baskets: u64,
    /// Frequent itemsets.
    pub itemsets: u64,
    /// Whether no basket holds two items, so that there is nothing to look for in one basket.
    pub no_pairs: bool,
    /// Rules tested.
    pub candidates: u64,
    /// How candidates became few rules.
    pub funnel: Funnel,
    /// Rules kept.
    pub rules: u64,
    /// Those of them that are counted among the baskets alone of the days and locations at which all
    /// their items were on sale.
    pub rules_of_part: u64,
    /// Whether the kept rules held up later.
    pub held_up: Told,
    /// What they were held against where they were no more than chance later:
    /// `same_weeks_of_the_year_before` where the history has those, else `when_found`.
    pub held_up_against: String,
    /// Share of those that did, of the kept rules of which it can be told; null without any.
    pub held_up_share: Option<f64>,
    /// The same share of as many rules by lift alone.
    pub held_up_share_by_lift: Option<f64>,
    /// What groups were compared by.
    pub compare_by: Option<String>,
    /// Groups that were compared.
    pub groups: u64,
    /// Baskets that are in no group, or in several.
    pub ungrouped_baskets: u64,
    /// Rules that are stronger in one group.
    pub differences: u64,
    /// Whether those were again stronger in the group later.
    pub differences_held_up: Told,
    /// Share of those that were, of the ones of which it can be told; null without any.
    pub differences_held_up_share: Option<f64>,
    /// The share of customers that was asked of a sequence; higher than in the settings where there
    /// would have been too many.
    pub sequence_support: Option<f64>,
    /// The most days from one step of a sequence to the next: as set, or by the rhythm of the shop.
    pub sequence_max_gap_days: Option<u32>,
    /// Sequences that so many customers have.
    pub frequent_sequences: u64,
    /// Sequences tested.
    pub sequence_candidates: u64,
    /// Sequences kept.
    pub sequences: u64,
    /// Those of them that lead to something new.
    pub new_sequences: u64,
    /// Whether the sequences held up later.
    pub sequences_held_up: Told,
    /// Share of those that did, of the ones of which it can be told; null without any.
    pub sequences_held_up_share: Option<f64>,
    /// Steps from one basket of a customer to the next.
    pub steps: u64,
    /// Pairs of an item and one of the next basket.
    pub transitions: u64,
    /// Pairs tested as substitutes.
    pub substitute_candidates: u64,
    /// Pairs that are bought instead of each other.
    pub substitutes: u64,
    /// The money by which sets were looked for.
    pub utility_by: Option<String>,
    /// Sets that bring the most of it.
    pub utility_sets: u64,
    /// The first rules of the file, in words.
    pub strongest: Vec<String>,
}

//! What is told of clusters beside their profiles: sentences, rules, how their number was chosen, and
//! what became of those of an earlier date.

use serde::{Deserialize, Serialize};

use super::left::Left;
use super::small::LEAST;
use crate::failure::Result;
use crate::text::{count, percent, plural};

/// What a cluster is, in sentences.
#[derive(Clone, Deserialize, Serialize)]
pub struct Told {
    /// Its number on the page.
    #[serde(skip_serializing)]
    pub cluster: u32,
    /// Its lasting number.
    pub cluster_id: u64,
    /// Whether it is known from an earlier date.
    pub status: String,
    /// Who they are.
    pub in_words: String,
    /// What to do.
    pub action: String,
    /// Who is in it, by a short tree.
    #[serde(default)]
    pub rule: String,
    /// The same in words and units; empty where another version wrote it.
    #[serde(default)]
    pub rule_in_words: String,
    /// Of all customers, the share that the rule puts on the right side.
    pub rule_fidelity: Option<f64>,
    /// How surely it is found again.
    pub stability: Option<f64>,
    /// What that is worth.
    #[serde(default)]
    pub verdict: String,
}

/// One number of clusters that was tried.
#[derive(Deserialize, Serialize)]
pub struct Tried {
    /// How many clusters.
    pub clusters: u32,
    /// `yes` for the one that was chosen.
    pub chosen: String,
    /// How alike partitions of bootstrap samples are.
    pub stability: Option<f64>,
    /// The silhouette.
    pub silhouette: Option<f64>,
    /// See the file.
    pub calinski_harabasz: Option<f64>,
    /// See the file.
    pub davies_bouldin: Option<f64>,
    /// The gap statistic.
    pub gap: Option<f64>,
    /// The measures that would choose it.
    #[serde(default)]
    pub preferred_by: String,
    /// Why it was chosen, or not.
    pub why: String,
    /// For the plots.
    #[serde(skip_deserializing)]
    pub label: String,
}

#[derive(Deserialize)]
struct Identity {
    before_as_of: String,
    agreement: f64,
    kept: u64,
    new: u64,
    customers_moved: u64,
    model_moved: u64,
    both_moved: u64,
}

/// The sentences of each cluster.
pub fn told(left: &Left<'_>) -> Result<Vec<Told>> {
    left.small("cluster_guide")
}

/// Every number of clusters that was tried.
pub fn choice(left: &Left<'_>) -> Result<Vec<Tried>> {
    let mut tried: Vec<Tried> = left.small("cluster_choice")?;
    for row in &mut tried {
        row.label = plural(row.clusters.into(), "cluster");
    }
    Ok(tried)
}

/// What became of the clusters of an earlier date, in a sentence; none where there is none.
pub fn identity(left: &Left<'_>) -> Option<String> {
    let metrics = left.entry("segment")?.metrics.get("identity")?.clone();
    let found: Identity = serde_json::from_value(metrics).ok()?;
    let number = |customers: u64| match customers {
        0 => "no customer".to_owned(),
        few if few < LEAST => format!("fewer than {LEAST} customers"),
        many => format!("{} customers", count(many)),
    };
    Some(format!(
        "Beside {}: {} kept and {} new; {} moved because of what they do, {} because the clusters moved. Over today's customers the earlier clusters and today's agree by {} (adjusted Rand index).",
        found.before_as_of,
        plural(found.kept, "cluster"),
        found.new,
        number(found.customers_moved + found.both_moved),
        number(found.model_moved),
        percent(found.agreement)
    ))
}

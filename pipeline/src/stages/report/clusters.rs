//! What is told of clusters beside their profiles: sentences, rules, how their number was chosen, and
//! what became of those of an earlier date.

use serde::{Deserialize, Serialize};

use super::left::Left;
use super::small::LEAST;
use crate::failure::Result;
use crate::text::{count, percent, plural, round};
use crate::words;

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

/// Some of the customers on a plane.
#[derive(Serialize)]
pub struct Plane {
    /// How many.
    pub points: u64,
    /// Of so many.
    pub customers: u64,
    /// Share of all differences that shows across, and up.
    pub shares: [f64; 2],
    /// What lies to the right, and further up, in words.
    pub leans: [String; 2],
    /// Where each lies, and the number of its cluster; none for those that are merged. Only the page has them.
    #[serde(skip)]
    pub places: Vec<([f64; 2], Option<u32>)>,
    /// Where the middle of each cluster lies.
    pub middles: Vec<Middle>,
}

/// The middle of the points of a cluster.
#[derive(Serialize)]
pub struct Middle {
    /// Its number; none for those that are merged.
    pub number: Option<u32>,
    /// What sets it apart.
    pub name: String,
    /// Points of it.
    pub points: u64,
    /// Where their middle is.
    pub at: [f64; 2],
}

/// What the manifest says of the plane.
#[derive(Deserialize)]
struct NotedPlane {
    customers: u64,
    shares: [f64; 2],
    leans: [Vec<(String, f64)>; 2],
}

#[derive(Deserialize)]
struct Place {
    across: f64,
    up: f64,
    cluster: u32,
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

/// Some of the customers on a plane; none where they are few, or where there are no clusters.
///
/// - `clusters`: number and name of those that are told; points of the others are those of the merged ones.
pub fn plane(left: &Left<'_>, clusters: &[(Option<u32>, &str)]) -> Result<Option<Plane>> {
    let noted = left.entry("segment").and_then(|entry| {
        let noted = entry.metrics.get("map")?.clone();
        serde_json::from_value::<NotedPlane>(noted).ok()
    });
    let found: Vec<Place> = left.small("cluster_map")?;
    let Some(noted) = noted.filter(|_| found.len() as u64 >= LEAST) else {
        return Ok(None);
    };
    let told = |number: u32| clusters.iter().any(|(of, _)| *of == Some(number));
    let places: Vec<([f64; 2], Option<u32>)> = found
        .iter()
        .map(|place| {
            let number = Some(place.cluster).filter(|number| told(*number));
            ([place.across, place.up], number)
        })
        .collect();
    Ok(Some(Plane {
        points: places.len() as u64,
        customers: noted.customers,
        shares: noted.shares,
        leans: noted.leans.map(|leans| leaning(&leans)),
        middles: clusters
            .iter()
            .filter_map(|of| middle(of, &places))
            .collect(),
        places,
    }))
}

/// `more baskets bought, less days since the last purchase`.
fn leaning(leans: &[(String, f64)]) -> String {
    let words = leans.iter().map(|(words, weight)| match *weight < 0.0 {
        true => tr!("less: {what}", what = words::said(words)),
        false => tr!("more: {what}", what = words::said(words)),
    });
    words.collect::<Vec<_>>().join(&tr!("; "))
}

fn middle(
    &(number, name): &(Option<u32>, &str),
    places: &[([f64; 2], Option<u32>)],
) -> Option<Middle> {
    let own = || places.iter().filter(move |(_, of)| *of == number);
    let points = own().count() as u64;
    let mean = |axis: usize| {
        let sum: f64 = own().map(|(place, _)| place[axis]).sum();
        round(sum / points as f64, 3)
    };
    (points > 0).then(|| Middle {
        number,
        name: name.to_owned(),
        points,
        at: [mean(0), mean(1)],
    })
}

/// What became of the clusters of an earlier date, in a sentence; none where there is none.
pub fn identity(left: &Left<'_>) -> Option<String> {
    let metrics = left.entry("segment")?.metrics.get("identity")?.clone();
    let found: Identity = serde_json::from_value(metrics).ok()?;
    let number = |customers: u64| match customers {
        0 => tr!("no customer"),
        few if few < LEAST => tr!("fewer than {n} customers", n = LEAST),
        many => tr!("{n} customers", n = count(many)),
    };
    Some(tr!(
        "Beside {date}: {kept} kept and {new} new; {customers} moved because of what they do, {model} because the clusters moved. Over today's customers the earlier clusters and today's agree by {agreement} (adjusted Rand index).",
        date = found.before_as_of,
        kept = plural(found.kept, "cluster"),
        new = found.new,
        customers = number(found.customers_moved + found.both_moved),
        model = number(found.model_moved),
        agreement = percent(found.agreement)
    ))
}

//! Segments: the grid of recency and frequency, how large each segment is and what it brings, and
//! what sets clusters apart.

use serde::{Deserialize, Serialize};

use super::clusters::{self, Plane, Told, Tried};
use super::left::{Left, Section, share, total};
use super::small::{Group, LEAST, OTHERS, merged};
use crate::contract::features::Column;
use crate::failure::Result;
use crate::outputs::table::round;
use crate::words::{self, Language, spoken};

/// So many features of each cluster are shown: those in which it differs most.
const TELLING: usize = 5;
/// Standard deviations at which a bar is full.
const FULL: f64 = 2.0;

/// Who the customers are.
#[derive(Serialize)]
pub struct Segments {
    /// Customers.
    pub customers: u64,
    /// Money spent by all of them; none where they are few.
    pub spend: Option<f64>,
    /// Rows for the scores of frequency, 5 first; in each a cell for those of recency, 1 first.
    pub grid: Vec<Row>,
    /// Segments, the best first.
    pub segments: Vec<Segment>,
    /// Clusters, the largest first.
    pub clusters: Vec<Cluster>,
    /// Every number of clusters that was tried.
    pub cluster_choice: Vec<Tried>,
    /// What became of the clusters of an earlier date.
    pub cluster_identity: Option<String>,
    /// Some of the customers on a plane.
    pub map: Option<Plane>,
}

/// A row of the grid.
#[derive(Serialize)]
pub struct Row {
    /// The score of frequency.
    pub score: u8,
    /// Cells by the score of recency.
    pub cells: Vec<Cell>,
}

/// Customers of one recency and frequency.
#[derive(Clone, Serialize)]
pub struct Cell {
    /// The score of recency.
    pub score: u8,
    /// How many there are; none where they are too few to be told.
    pub customers: Option<u64>,
    /// Of all customers.
    pub share: Option<f64>,
    /// Of all spend.
    pub spend_share: Option<f64>,
    /// How dark it is drawn, 0 to 4.
    pub shade: u8,
}

/// An RFM segment.
#[derive(Deserialize, Serialize)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Money they spent, which only its share tells.
    #[serde(skip_serializing)]
    pub spend: f64,
    /// Of all customers.
    #[serde(default)]
    pub share: f64,
    /// Of all spend.
    #[serde(default)]
    pub spend_share: f64,
    /// Who they are.
    #[serde(default)]
    pub meaning: String,
    /// What to do.
    #[serde(default)]
    pub action: String,
}

/// A cluster.
#[derive(Serialize)]
pub struct Cluster {
    /// Its number; none for those that are merged.
    pub number: Option<u32>,
    /// What sets it apart.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Of all customers.
    pub share: f64,
    /// Of all spend.
    pub spend_share: f64,
    /// What it is, in sentences.
    pub told: Option<Told>,
    /// In what it differs most from all, the largest difference first.
    pub features: Vec<Difference>,
}

/// A feature of a cluster beside all customers.
#[derive(Serialize)]
pub struct Difference {
    /// What it is, in words.
    pub words: String,
    /// Its column in the files.
    pub feature: String,
    /// Mean in the cluster.
    pub mean: f64,
    /// 100 is the mean of all.
    pub index: Option<f64>,
    /// Standard deviations above the mean of all.
    pub difference: f64,
    /// Half the width of the bar that is filled, in percent.
    pub width: f64,
}

#[derive(Deserialize)]
struct Counted {
    r: u8,
    f: u8,
    customers: u64,
    spend: f64,
}

#[derive(Deserialize)]
struct Guide {
    rfm_segment: String,
    meaning: String,
    action: String,
}

#[derive(Deserialize)]
struct Profile {
    cluster: u32,
    cluster_name: String,
    /// The name in the language of the run, where that is not English.
    cluster_name_words: Option<String>,
    customers: u64,
    feature: String,
    mean: Option<f64>,
    index: Option<f64>,
    difference: Option<f64>,
}

#[derive(Deserialize)]
struct Spent {
    cluster: Option<u32>,
    spend: f64,
}

impl Group for Segment {
    fn customers(&self) -> u64 {
        self.customers
    }

    fn lose_name(&mut self) {
        OTHERS.clone_into(&mut self.name);
        self.meaning.clear();
        self.action.clear();
    }

    fn take_in(&mut self, other: Self) {
        self.customers += other.customers;
        self.spend += other.spend;
    }
}

impl Group for Cluster {
    fn customers(&self) -> u64 {
        self.customers
    }

    fn lose_name(&mut self) {
        OTHERS.clone_into(&mut self.name);
        self.number = None;
        self.told = None;
        self.features.clear();
    }

    fn take_in(&mut self, other: Self) {
        self.customers += other.customers;
        self.share += other.share;
        self.spend_share += other.spend_share;
    }
}

/// Reads the segments and clusters.
pub fn look(left: &Left<'_>) -> Result<Section<Segments>> {
    if !left.has("segments") {
        return Ok(Section::missing(left.why("segment")));
    }
    let segments = segments(left)?;
    let customers = segments.iter().map(|segment| segment.customers).sum();
    let spend: f64 = segments.iter().map(|segment| segment.spend).sum();
    let clusters = clusters(left, customers, spend)?;
    let told: Vec<(Option<u32>, &str)> = clusters
        .iter()
        .map(|cluster| (cluster.number, cluster.name.as_str()))
        .collect();
    let map = clusters::plane(left, &told)?;
    let found = Segments {
        map,
        customers,
        spend: (customers >= LEAST).then(|| round(spend, 2)),
        grid: grid(left, customers, spend)?,
        segments,
        clusters,
        cluster_choice: clusters::choice(left)?,
        cluster_identity: clusters::identity(left),
    };
    Ok(Section::found(left.as_of("segment"), found))
}

fn segments(left: &Left<'_>) -> Result<Vec<Segment>> {
    let found: Vec<Segment> = left.ask(&format!(
        "SELECT rfm_segment AS name, count(*) AS customers, {} AS spend FROM segments WHERE r IS NOT NULL GROUP BY 1 ORDER BY 1",
        total("monetary", 2)
    ))?;
    let guides: Vec<Guide> = left.small("rfm_segments")?;
    let place = |name: &str| guides.iter().position(|guide| guide.rfm_segment == name);
    let mut found: Vec<Segment> = found
        .into_iter()
        .map(|segment| match place(&segment.name) {
            Some(at) => Segment {
                meaning: guides[at].meaning.clone(),
                action: guides[at].action.clone(),
                ..segment
            },
            None => segment,
        })
        .collect();
    // As their file has them, the best first.
    found.sort_by_key(|segment| place(&segment.name).unwrap_or(usize::MAX));
    let mut found = merged(found);
    let customers: u64 = found.iter().map(|segment| segment.customers).sum();
    let spend: f64 = found.iter().map(|segment| segment.spend).sum();
    for segment in &mut found {
        segment.share = round(share(segment.customers as f64, customers as f64), 6);
        segment.spend_share = round(share(segment.spend, spend), 6);
    }
    Ok(found)
}

fn grid(left: &Left<'_>, customers: u64, spend: f64) -> Result<Vec<Row>> {
    let found: Vec<Counted> = left.ask(&format!(
        "SELECT r, f, count(*) AS customers, {} AS spend FROM segments WHERE r IS NOT NULL GROUP BY r, f ORDER BY r, f",
        total("monetary", 2)
    ))?;
    let most = found.iter().map(|cell| cell.customers).max().unwrap_or(1);
    let cell = |f: u8, r: u8| {
        let counted = found.iter().find(|cell| (cell.f, cell.r) == (f, r));
        let Some(counted) = counted else {
            return Cell {
                score: r,
                customers: Some(0),
                share: Some(0.0),
                spend_share: Some(0.0),
                shade: 0,
            };
        };
        let told = counted.customers >= LEAST;
        let part = |part: f64, whole: f64| told.then(|| round(share(part, whole), 6));
        Cell {
            score: r,
            customers: told.then_some(counted.customers),
            share: part(counted.customers as f64, customers as f64),
            spend_share: part(counted.spend, spend),
            shade: match told {
                true => 1 + (3 * counted.customers / most).min(3) as u8,
                false => 0,
            },
        }
    };
    let row = |f: u8| Row {
        score: f,
        cells: (1..=5).map(|r| cell(f, r)).collect(),
    };
    Ok((1..=5).rev().map(row).collect())
}

fn clusters(left: &Left<'_>, customers: u64, spend: f64) -> Result<Vec<Cluster>> {
    let profiles: Vec<Profile> = left.small("clusters")?;
    if profiles.is_empty() {
        return Ok(Vec::new());
    }
    let spent: Vec<Spent> = left.ask(&format!(
        "SELECT cluster, {} AS spend FROM segments WHERE r IS NOT NULL GROUP BY cluster",
        total("monetary", 2)
    ))?;
    let told = clusters::told(left)?;
    let mut clusters: Vec<Cluster> = Vec::new();
    for profile in profiles {
        if clusters.last().and_then(|last| last.number) != Some(profile.cluster) {
            let of = spent.iter().find(|of| of.cluster == Some(profile.cluster));
            clusters.push(Cluster {
                number: Some(profile.cluster),
                name: name(&profile),
                customers: profile.customers,
                share: round(share(profile.customers as f64, customers as f64), 6),
                spend_share: round(share(of.map_or(0.0, |of| of.spend), spend), 6),
                told: told
                    .iter()
                    .find(|told| told.cluster == profile.cluster)
                    .cloned(),
                features: Vec::new(),
            });
        }
        if let Some(cluster) = clusters.last_mut() {
            cluster.features.extend(difference(&profile));
        }
    }
    for cluster in &mut clusters {
        let size = |feature: &Difference| feature.difference.abs();
        // A stable sort: features that differ alike stay in the order of the file.
        cluster.features.sort_by(|a, b| size(b).total_cmp(&size(a)));
        cluster.features.truncate(TELLING);
    }
    Ok(merged(clusters))
}

/// What a cluster is called, in the language of the page where the file has that.
fn name(profile: &Profile) -> String {
    let words = profile.cluster_name_words.as_ref();
    let words = words.filter(|_| spoken() != Language::En);
    words.unwrap_or(&profile.cluster_name).clone()
}

fn difference(profile: &Profile) -> Option<Difference> {
    let difference = profile.difference?;
    let column = Column::named(&profile.feature);
    let words = match column.feature() {
        Some((feature, place)) => place.in_words(words::said(feature.about)),
        None => profile.feature.replace('_', " "),
    };
    Some(Difference {
        words,
        feature: profile.feature.clone(),
        mean: profile.mean?,
        index: profile.index,
        difference,
        width: round(50.0 * (difference.abs() / FULL).min(1.0), 1),
    })
}

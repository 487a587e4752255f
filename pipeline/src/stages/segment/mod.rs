//! `segment`: who the customers are, by RFM and by clusters of behaviour.

mod attributes;
mod behaviours;
mod clusters;
mod far_out;
mod life_cycle;
mod map_files;
mod methods;
mod people;
mod rfm;
mod rules;
mod summary;
mod windows;
mod words;

use serde::{Deserialize, Serialize};

use self::clusters::{Clusters, Earlier, PlaneRow};
use self::far_out::{FarOut, LeftOut};
use self::life_cycle::{LifeCycle, LifeMetrics};
use self::people::People;
use self::rfm::Rfm;
use self::rules::RfmRules;
use self::windows::Inputs;
use super::{Context, Reads, Report, Stage};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::timeline::FEATURES;
use crate::timeline::dates::SnapshotDates;
use crate::timeline::snapshot::Snapshot;
use crate::warning::{NO_CLUSTERS, Warning};
use crate::words::said;

/// The stage's one name.
pub const NAME: &str = "segment";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest"), Reads::Needed("features")],
    needs_history: |_| true,
    optional: false,
    run,
    summary: summary::paragraph,
};

/// The groups that were found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Customers.
    pub customers: u64,
    /// Money spent by all of them.
    pub spend: f64,
    /// Share of the spend of the tenth that spends most.
    pub top_tenth_share: f64,
    /// Share of the spend of the fifth that spends most.
    #[serde(default)]
    pub top_fifth_share: f64,
    /// Gini coefficient of spend.
    pub gini: f64,
    /// RFM segments, best first.
    pub segments: Vec<SegmentRow>,
    /// Clusters, largest first; none when there are too few customers.
    pub clusters: Vec<ClusterRow>,
    /// What was measured for every number of clusters.
    pub tried: Vec<TriedRow>,
    /// Lines that clusters are made without.
    #[serde(default)]
    pub far_out: LeftOut,
    /// Those who are known and have not bought anything.
    #[serde(default)]
    pub never_bought: u64,
    /// Where everybody stands in their life with the shop.
    #[serde(default)]
    pub life_cycle: LifeMetrics,
    /// How much recency, frequency and money count, where the settings say so.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// How clusters were found, in words.
    #[serde(default)]
    pub method: String,
    /// How clusters hang together with those of an earlier date; none where they are the first.
    #[serde(default)]
    pub identity: Option<IdentityRow>,
    /// What the plane of the customers shows; none without clusters.
    #[serde(default)]
    pub map: Option<PlaneRow>,
}

/// How much recency, frequency and money count.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Weights {
    /// Of recency.
    pub recency: f64,
    /// Of frequency.
    pub frequency: f64,
    /// Of money.
    pub money: f64,
    /// How far the judgements behind them contradict each other; 0 for weights that were given.
    pub consistency_ratio: f64,
}

/// How clusters hang together with those of an earlier date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityRow {
    /// The earlier date.
    pub before_as_of: String,
    /// Adjusted Rand index of the earlier clusters with today's, over today's customers.
    pub agreement: f64,
    /// Clusters that are the same ones.
    pub kept: u64,
    /// Clusters that are new.
    pub new: u64,
    /// Of the customers who do what they did, the share that is where they were.
    pub kept_share: Option<f64>,
    /// Customers who are where they were.
    pub stayed: u64,
    /// Customers who do something else now.
    pub customers_moved: u64,
    /// Customers who do what they did, and whose cluster is another one.
    pub model_moved: u64,
    /// Customers of whom both holds.
    pub both_moved: u64,
    /// Customers who were in none.
    pub new_customers: u64,
    /// Whether customers were put into the saved clusters as these are.
    pub assigned: bool,
}

/// One RFM segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SegmentRow {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Of all customers.
    pub share: f64,
    /// Of all spend.
    pub spend_share: f64,
}

/// One cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClusterRow {
    /// From 1, largest first.
    pub number: u64,
    /// The same from month to month.
    #[serde(default)]
    pub id: Option<u64>,
    /// What sets it apart.
    pub name: String,
    /// The same in the language of the command, where that is not English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_words: Option<String>,
    /// Customers in it.
    pub customers: u64,
    /// Of all customers.
    pub share: f64,
    /// Of all spend.
    pub spend_share: f64,
}

/// One number of clusters that was tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriedRow {
    /// How many clusters.
    pub k: usize,
    /// Mean adjusted Rand index between partitions of bootstrap samples.
    pub stability: Option<f64>,
    /// Silhouette with squared distances.
    pub silhouette: f64,
    /// Variance between clusters over that within.
    #[serde(default)]
    pub calinski_harabasz: Option<f64>,
    /// How much clusters are like their nearest one.
    #[serde(default)]
    pub davies_bouldin: Option<f64>,
    /// The gap statistic.
    #[serde(default)]
    pub gap: Option<f64>,
    /// Its error.
    #[serde(default)]
    pub gap_error: Option<f64>,
    /// Share of the smallest cluster.
    pub smallest_share: f64,
    /// Whether that is enough.
    #[serde(default)]
    pub large_enough: bool,
    /// Whether this number was chosen.
    #[serde(default)]
    pub chosen: bool,
    /// How surely each cluster is found again.
    #[serde(default)]
    pub jaccard: Vec<f64>,
}

/// Names the customers of the score date.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let (left, out) = (context.left_by(FEATURES)?, context.out);
    let dates = SnapshotDates::taken(left, out, context.as_of)?;
    let snapshot = Snapshot::read(left, out, dates.score)?;
    if snapshot.is_empty() {
        return Err(Failure::data("the features hold no customer")
            .hint("run features again after a load with purchases"));
    }
    let settings = &context.settings.config.segment;
    let rules = RfmRules::of(context.settings)?;
    let inputs = Inputs::of(context.warehouse()?, &snapshot, &settings.rfm)?;
    let rfm = Rfm::score(rules, inputs)?;
    let spend = rfm.inputs().monetary.clone();
    let mut metrics = rfm.metrics()?;
    let mut files = context.files(NAME);
    let mut warnings = Vec::new();
    let earlier = Earlier::look(context, snapshot.as_of)?;
    let above = earlier.as_ref().filter(|_| !settings.refit);
    let above = above.and_then(Earlier::above);
    let far_out = FarOut::look(context.warehouse()?, &snapshot, above)?;
    warnings.extend(far_out.warning(snapshot.len(), &context.settings.config.project.currency));
    metrics.far_out = far_out.left_out.clone();
    let people = People::read(context.warehouse()?)?;
    let life = lived(context, &people, &snapshot, &mut metrics, &mut files)?;
    let clusters = clusters::find(context, &snapshot, &far_out, earlier.as_ref())?;
    if let Err(why) = &clusters {
        warnings.push(Warning::new(NO_CLUSTERS, why.clone()));
    }
    let clusters = clusters.ok();
    let customers = rfm.table(&snapshot)?;
    let table = clusters::with_clusters(customers, clusters.as_ref(), &snapshot)?;
    let table = life_cycle::with_life_cycle(&table, &people, &life.now, &settings.life_cycle)?;
    // Before the customers, and the segments after them: whatever is cut off in between, a run that
    // is repeated finds what it began with.
    if let Some(earlier) = &earlier {
        let about = tr!("The segments of an earlier date that the clusters go on from");
        files.text(clusters::BEFORE, &about, &earlier.text)?;
    }
    files.parquet_and_csv(
        "segments",
        &tr!("Everybody who is known, with scores, segment, value tier, cluster and life cycle"),
        &table,
    )?;
    let about = tr!("RFM segments with their sizes, what they mean and what to do");
    files.parquet_and_csv("rfm_segments", &about, &rfm.guide_table(&metrics)?)?;
    rfm.rule_files(&mut files)?;
    if let Some(found) = &clusters {
        clusters_written(context, found, &snapshot, &spend, &mut files)?;
        warnings.extend(found.warnings(context, snapshot.as_of));
        metrics.clusters = found.rows(&spend);
        metrics.tried = found.tried.clone();
        said(found.method).clone_into(&mut metrics.method);
        metrics.identity = found.identity();
        metrics.map = found.plane();
    }
    Ok(Report {
        as_of: Some(snapshot.as_of),
        rows_in: snapshot.len() as u64,
        rows_out: people.len() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// Places everybody in their life with the shop, and writes what became of them.
fn lived(
    context: &Context<'_>,
    people: &People,
    snapshot: &Snapshot,
    metrics: &mut Metrics,
    files: &mut Pending,
) -> Result<LifeCycle> {
    let config = &context.settings.config;
    let asked = &config.segment.life_cycle;
    context.progress.step("life cycles, month by month");
    let first_day = context.warehouse()?.first_day;
    let life = LifeCycle::of(people, context.settings, first_day, snapshot.as_of)?;
    let found = life.metrics(people, asked);
    let moves = life.moves();
    files.parquet_and_csv(
        "life_cycle",
        &tr!("Stages of the life cycle with their sizes, what they mean and what to do"),
        &life_cycle::stages_table(&found, asked)?,
    )?;
    files.parquet_and_csv(
        "life_cycle_flow",
        &tr!("How many went from which stage to which, month by month"),
        &life_cycle::flow_table(&moves)?,
    )?;
    files.text(
        "life_cycle.html",
        &tr!(
            "Stages, what became of their customers in a month, and the flow of the last months, as a page"
        ),
        &life_cycle::page::render(&config.project.name, snapshot.as_of, &found, &moves)?,
    )?;
    metrics.never_bought = (people.len() - snapshot.len().min(people.len())) as u64;
    metrics.life_cycle = found;
    Ok(life)
}

/// Writes what there is to know of clusters.
fn clusters_written(
    context: &Context<'_>,
    found: &Clusters,
    snapshot: &Snapshot,
    spend: &[f64],
    files: &mut Pending,
) -> Result<()> {
    let about = tr!("What sets each cluster apart, feature by feature");
    files.parquet_and_csv("clusters", &about, &found.profile_table()?)?;
    let about = tr!("What each cluster is, in figures and in sentences, and what to do");
    files.parquet_and_csv("cluster_guide", &about, &found.guide_table(context, spend)?)?;
    let about = tr!("The most typical customers of each cluster");
    files.parquet_and_csv("cluster_typical", &about, &found.typical_table(snapshot)?)?;
    if !found.tried.is_empty() {
        let about = tr!("How the number of clusters was chosen");
        files.parquet_and_csv("cluster_choice", &about, &found.choice_table(context)?)?;
    }
    if let Some(plane) = found.plane_table()? {
        let about = tr!("Some customers without ids, on the plane in which clusters differ most");
        files.parquet_and_csv("cluster_map", &about, &plane)?;
    }
    let share = context.settings.config.segment.outlier_share;
    if let Some(outliers) = found.outliers_table(snapshot, share)? {
        let about = tr!("Customers who are like nobody else, the farthest first");
        files.parquet_and_csv("cluster_outliers", &about, &outliers)?;
    }
    if let Some(moves) = found.moves_table()? {
        let about = tr!("Where the customers of each earlier cluster are now, and why");
        files.parquet_and_csv("cluster_moves", &about, &moves)?;
    }
    let about = tr!("The segments, to be gone on from and to put other customers into");
    files.text(clusters::FILE, &about, &found.saved_text()?)
}

fn share_of(part: f64, total: f64) -> f64 {
    if total > 0.0 { part / total } else { 0.0 }
}

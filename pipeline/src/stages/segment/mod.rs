//! `segment`: who the customers are, by RFM and by clusters of behaviour.

mod behaviours;
mod clusters;
mod far_out;
mod methods;
mod rfm;
mod summary;

use serde::{Deserialize, Serialize};

use self::far_out::{FarOut, LeftOut};
use self::rfm::{Rfm, guide_table};
use super::{Context, Reads, Report, Stage};
use crate::failure::{Failure, Result};
use crate::timeline::FEATURES;
use crate::timeline::dates::SnapshotDates;
use crate::timeline::snapshot::Snapshot;
use crate::warning::{NO_CLUSTERS, Warning};

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
    /// What sets it apart.
    pub name: String,
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
    /// Share of the smallest cluster.
    pub smallest_share: f64,
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
    let map = settings
        .cells()
        .map_err(|problem| context.settings.wrong(&["segment", "map"], problem))?;
    let rfm = Rfm::score(&snapshot, map, settings.new_within_days)?;
    let spend = snapshot.vector("monetary")?;
    let mut metrics = rfm.metrics(&spend)?;
    let mut files = context.files(NAME);
    let mut warnings = Vec::new();
    let far_out = FarOut::look(context.warehouse()?, &snapshot)?;
    warnings.extend(far_out.warning(snapshot.len(), &context.settings.config.project.currency));
    metrics.far_out = far_out.left_out.clone();
    let clusters = clusters::find(context, &snapshot, &far_out)?;
    if let Err(why) = &clusters {
        warnings.push(Warning::new(NO_CLUSTERS, why.clone()));
    }
    let clusters = clusters.ok();
    let customers = rfm.table(&snapshot)?;
    let table = clusters::with_clusters(customers, clusters.as_ref(), snapshot.len())?;
    files.parquet_and_csv(
        "segments",
        "Every customer with scores, segment, value tier and cluster",
        &table,
    )?;
    let about = "RFM segments with their sizes, what they mean and what to do";
    files.parquet_and_csv("rfm_segments", about, &guide_table(&metrics.segments)?)?;
    if let Some(found) = &clusters {
        let about = "What sets each cluster apart, feature by feature";
        files.parquet_and_csv("clusters", about, &found.profile_table()?)?;
        metrics.clusters = found.rows(&spend);
        metrics.tried = found.tried.clone();
    }
    Ok(Report {
        as_of: Some(snapshot.as_of),
        rows_in: snapshot.len() as u64,
        rows_out: snapshot.len() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

fn share_of(part: f64, total: f64) -> f64 {
    if total > 0.0 { part / total } else { 0.0 }
}

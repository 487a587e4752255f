//! `segment`: who the customers are, by RFM and by clusters of behaviour.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt8Array, UInt32Array, UInt64Array};
use ndarray::{Array1, Array2, Axis};
use regulars_models::ParamGuard;
use regulars_models::clustering::{
    Assignment, ClusterName, ClusterProfile, Feature, FeatureWords, KMeansSegmenter, NamingParams,
    profile_clusters,
};
use regulars_models::linfa::DatasetBase;
use regulars_models::linfa::traits::Fit;
use regulars_models::rfm::{
    RfmParams, SegmentMap, SegmentRange, concentration, segment_guide, value_tiers,
};
use serde::{Deserialize, Serialize};

use super::{Context, Report};
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::snapshot::{Snapshot, features_metrics};
use crate::table::{TableBuilder, numbers, text};
use crate::text::plural;
use crate::warning::{NO_CLUSTERS, Warning};

/// The stage's one name.
pub const NAME: &str = "segment";

/// Quantiles at which values are cut before clusters are sought, so that one giant customer does
/// not become a cluster.
const WINSOR: (f64, f64) = (0.01, 0.99);
/// Bootstrap samples that the stability of each number of clusters is measured on.
const RESAMPLES: usize = 6;
/// Fewer customers than this for each cluster that may be tried say nothing about behaviour.
const LEAST_PER_CLUSTER: usize = 10;

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
    let dates = features_metrics(context)?;
    let snapshot = Snapshot::read(context, dates.score_date)?;
    if snapshot.is_empty() {
        return Err(Failure::data("the features hold no customer")
            .hint("run features again after a load with purchases"));
    }
    let spend = snapshot.vector("monetary")?;
    let (rfm_table, mut metrics) = rfm(context.settings, &snapshot, &spend)?;
    let mut files = context.files(NAME);
    let mut warnings = Vec::new();
    let clusters = clusters(context, &snapshot)?;
    if let Err(why) = &clusters {
        warnings.push(Warning::new(NO_CLUSTERS, why.clone()));
    }
    let clusters = clusters.ok();
    let table = with_clusters(rfm_table, clusters.as_ref(), snapshot.len())?;
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

/// The user's map of RFM cells, or the default one.
pub fn segment_map(map: Option<&Vec<Vec<String>>>) -> Result<SegmentMap, String> {
    let Some(rows) = map else {
        return Ok(SegmentMap::default());
    };
    if rows.len() != 5 || rows.iter().any(|row| row.len() != 5) {
        return Err(
            "the map needs five rows, for recency 5 to 1, of five names each, for FM 1 to 5"
                .to_owned(),
        );
    }
    let mut ranges = Vec::new();
    for (row, names) in rows.iter().enumerate() {
        for (column, name) in names.iter().enumerate() {
            let (r, fm) = (5 - row, column + 1);
            ranges.push(SegmentRange::new(name, (r, r), (fm, fm)));
        }
    }
    SegmentMap::from_ranges(5, &ranges).map_err(|error| error.to_string())
}

/// The customers with their scores, segments and tiers.
fn rfm(settings: &Settings, snapshot: &Snapshot, spend: &[f64]) -> Result<(TableBuilder, Metrics)> {
    let config = &settings.config.segment;
    let map = segment_map(config.map.as_ref())
        .map_err(|problem| settings.wrong(&["segment", "map"], problem))?;
    // A map of the user's own has its own idea of who is new.
    let map = if config.map.is_some() {
        map.without_new_customer_rule()
    } else {
        map
    };
    let params = RfmParams::default()
        .new_within_days(config.new_within_days.into())
        .map(map.clone());
    let column = |name: &str| snapshot.vector(name);
    let (recency, frequency, tenure) = (
        column("recency_days")?,
        column("frequency")?,
        column("tenure_days")?,
    );
    let wrong = |error: regulars_models::rfm::RfmError| Failure::data(error.to_string());
    let scored = params
        .check()
        .map_err(wrong)?
        .score(&recency, &frequency, spend, &tenure)
        .map_err(wrong)?;
    let tiers = value_tiers(spend, &[0.8, 0.95, 1.0]).map_err(wrong)?;
    let concentration = concentration(spend).map_err(wrong)?;

    let total: f64 = spend.iter().sum();
    let mut spent = vec![0.0; map.names().len()];
    for (customer, spend) in scored.customers.iter().zip(spend) {
        spent[customer.segment] += spend;
    }
    let n = snapshot.len() as f64;
    let segments = map
        .names()
        .iter()
        .zip(&scored.segment_sizes)
        .zip(&spent)
        .filter(|((_, size), _)| **size > 0)
        .map(|((name, size), spent)| SegmentRow {
            name: name.clone(),
            customers: *size as u64,
            share: *size as f64 / n,
            spend_share: share_of(*spent, total),
        })
        .collect();
    let metrics = Metrics {
        customers: snapshot.len() as u64,
        spend: crate::table::round(total, 2),
        top_tenth_share: concentration
            .as_ref()
            .map_or(0.0, |found| found.top_decile_share),
        gini: concentration.as_ref().map_or(0.0, |found| found.gini),
        segments,
        clusters: Vec::new(),
        tried: Vec::new(),
    };
    let scores = |of: fn(&regulars_models::rfm::RfmCustomer) -> u8| -> ArrayRef {
        Arc::new(scored.customers.iter().map(of).collect::<UInt8Array>())
    };
    let table = TableBuilder::new()
        .column("customer_id", "Who", snapshot.customers.clone())
        .column(
            "recency_days",
            "Days since the last purchase",
            numbers(recency, 0),
        )
        .column("frequency", "Baskets bought", numbers(frequency, 0))
        .column(
            "monetary",
            "Money spent, returns taken off",
            numbers(spend.iter().copied(), 2),
        )
        .column("r", "Recency score, 5 best", scores(|customer| customer.r))
        .column(
            "f",
            "Frequency score, 5 best",
            scores(|customer| customer.f),
        )
        .column("m", "Monetary score, 5 best", scores(|customer| customer.m))
        .column(
            "rfm",
            "The three scores in one",
            text(
                scored
                    .customers
                    .iter()
                    .map(|c| format!("{}{}{}", c.r, c.f, c.m)),
            ),
        )
        .column(
            "rfm_segment",
            "RFM segment",
            text(
                scored
                    .customers
                    .iter()
                    .map(|customer| &map.names()[customer.segment]),
            ),
        )
        .column(
            "value_tier",
            "A: the first 80 % of spend, B: up to 95 %, C: the rest",
            text(tiers.iter().map(|tier| ["A", "B", "C"][*tier])),
        );
    Ok((table, metrics))
}

fn share_of(part: f64, total: f64) -> f64 {
    if total > 0.0 { part / total } else { 0.0 }
}

fn guide_table(segments: &[SegmentRow]) -> Result<RecordBatch> {
    let guide = |of: fn(&regulars_models::rfm::SegmentGuide) -> &'static str| {
        text(
            segments
                .iter()
                .map(|segment| segment_guide(&segment.name).map_or("", of)),
        )
    };
    TableBuilder::new()
        .column(
            "rfm_segment",
            "RFM segment",
            text(segments.iter().map(|segment| &segment.name)),
        )
        .column(
            "customers",
            "Customers in it",
            Arc::new(
                segments
                    .iter()
                    .map(|segment| segment.customers)
                    .collect::<UInt64Array>(),
            ),
        )
        .column(
            "share",
            "Share of all customers",
            numbers(segments.iter().map(|segment| segment.share), 6),
        )
        .column(
            "spend_share",
            "Share of all spend",
            numbers(segments.iter().map(|segment| segment.spend_share), 6),
        )
        .column("meaning", "Who they are", guide(|guide| guide.description))
        .column("action", "What to do", guide(|guide| guide.action))
        .build()
}

/// How a feature takes part in clusters.
struct Behaviour {
    name: String,
    feature: Feature,
    /// Whether it decides who is in which cluster, or only describes them.
    decides: bool,
    words: FeatureWords,
}

/// Departments whose share of spend takes part, the largest ones.
const DEPARTMENTS: usize = 4;
/// A share of spend is drawn towards that of all customers as if this part of the median
/// customer's spend had gone the usual way: the shares of customers with two baskets are noise.
const PRIOR_SPEND: f64 = 0.1;
/// The same for shares of baskets, in baskets.
const PRIOR_BASKETS: f64 = 5.0;

/// The features that clusters are made of, and those that only describe them.
///
/// Recency, frequency and basket value decide most; what is bought and how much of it at a
/// discount counts half. Features that say nearly the same as another one are left out, or they
/// would decide alone. Money and counts are taken by their logarithm.
fn behaviours(snapshot: &Snapshot) -> Vec<Behaviour> {
    let of = |name: &str, feature: Feature, weight: f64, words| Behaviour {
        name: name.to_owned(),
        // The segmenter knows no weight of 0: such a feature is not given to it.
        feature: if weight > 0.0 {
            feature.weight(weight)
        } else {
            feature
        },
        decides: weight > 0.0,
        words,
    };
    let words = FeatureWords::new;
    let (whole, half, told) = (1.0, 0.5, 0.0);
    let mut all = vec![
        of(
            "recency_days",
            Feature::log(),
            whole,
            words("lapsing", "recent", "recency").extreme("long gone", "recent"),
        ),
        of(
            "frequency",
            Feature::log(),
            whole,
            words("frequent", "occasional", "visits").extreme("very frequent", "rare"),
        ),
        of(
            "mean_basket",
            Feature::log(),
            whole,
            words("big-basket", "small-basket", "basket")
                .extreme("very big-basket", "very small-basket"),
        ),
        of(
            "monetary",
            Feature::log(),
            told,
            words("big spenders", "small spenders", "basket")
                .extreme("top spenders", "very small spenders"),
        ),
        of(
            "discount_share",
            Feature::default(),
            half,
            words("discount-driven", "full-price", "price"),
        ),
        of(
            "weekend_share",
            Feature::default(),
            told,
            words("weekend shoppers", "weekday shoppers", "day"),
        ),
        of(
            "evening_share",
            Feature::default(),
            told,
            words("evening shoppers", "daytime shoppers", "hour"),
        ),
        of(
            "spend_trend_84",
            Feature::default(),
            told,
            words("growing", "shrinking", "trend"),
        ),
    ];
    // The snapshot has the departments by their spend, the largest first.
    let departments = snapshot
        .names
        .iter()
        .filter_map(|name| name.strip_prefix("share_"));
    for department in departments.take(DEPARTMENTS) {
        let buyers = format!("{} buyers", department.replace('_', " "));
        all.push(of(
            &format!("share_{department}"),
            Feature::default(),
            half,
            words(&buyers, "", "range"),
        ));
    }
    all.retain(|behaviour| snapshot.index(&behaviour.name).is_some());
    all
}

/// A feature's values as clusters see them: shares drawn towards the usual by how little is known.
fn behaviour_values(snapshot: &Snapshot, name: &str) -> Result<Vec<f64>> {
    let values = snapshot.vector(name)?;
    let known = match name {
        "weekend_share" | "evening_share" => snapshot.vector("frequency")?,
        name if name == "discount_share" || name.starts_with("share_") => snapshot
            .vector("monetary")?
            .into_iter()
            .map(|spend| spend.max(0.0))
            .collect(),
        _ => return Ok(values),
    };
    let prior = match name {
        "weekend_share" | "evening_share" => PRIOR_BASKETS,
        _ => PRIOR_SPEND * median(&known),
    };
    let pairs = || {
        values
            .iter()
            .zip(&known)
            .filter(|(value, _)| !value.is_nan())
    };
    let total: f64 = pairs().map(|(_, known)| known).sum();
    let usual = pairs().map(|(value, known)| value * known).sum::<f64>() / total;
    let drawn = |value: &f64, known: &f64| {
        if total > 0.0 && known + prior > 0.0 {
            (value * known + usual * prior) / (known + prior)
        } else {
            *value
        }
    };
    Ok(values
        .iter()
        .zip(&known)
        .map(|(value, known)| drawn(value, known))
        .collect())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Clusters of the customers.
struct Clusters {
    behaviours: Vec<Behaviour>,
    assignment: Assignment,
    profiles: Vec<ClusterProfile>,
    names: Vec<ClusterName>,
    tried: Vec<TriedRow>,
}

/// Finds clusters, or says why there are none.
fn clusters(context: &Context<'_>, snapshot: &Snapshot) -> Result<Result<Clusters, String>> {
    let settings = &context.settings.config.segment;
    let least = settings.min_clusters * LEAST_PER_CLUSTER;
    if snapshot.len() < least {
        let message = format!(
            "there are no clusters: they need at least {least} customers, and the history has {}",
            plural(snapshot.len() as u64, "customer")
        );
        return Ok(Err(message));
    }
    let most = settings
        .max_clusters
        .min(snapshot.len() / LEAST_PER_CLUSTER);
    let behaviours = behaviours(snapshot);
    let mut matrix = Array2::zeros((snapshot.len(), behaviours.len()));
    for (place, behaviour) in behaviours.iter().enumerate() {
        let values = behaviour_values(snapshot, &behaviour.name)?;
        matrix.column_mut(place).assign(&Array1::from_vec(values));
    }
    let features: Vec<Feature> = behaviours
        .iter()
        .map(|behaviour| behaviour.feature)
        .collect();
    let deciding: Vec<usize> = (0..behaviours.len())
        .filter(|place| behaviours[*place].decides)
        .collect();
    let decisive = matrix.select(Axis(1), &deciding);
    let params = KMeansSegmenter::params(deciding.iter().map(|place| features[*place]).collect())
        .clusters(settings.min_clusters..=most)
        .min_share(settings.min_cluster_share)
        .winsor(WINSOR.0, WINSOR.1)
        .resamples(RESAMPLES)
        .seed(context.seed);
    context.progress.step(&format!(
        "trying {} to {most} clusters",
        settings.min_clusters
    ));
    let fitted = match params.fit(&DatasetBase::from(decisive.view())) {
        Ok(fitted) => fitted,
        Err(error) => return Ok(Err(format!("there are no clusters: {error}"))),
    };
    let wrong =
        |error: regulars_models::clustering::ClusteringError| Failure::data(error.to_string());
    let assignment = fitted.assign(decisive.view()).map_err(wrong)?;
    let profiles = profile_clusters(
        matrix.view(),
        &assignment.labels,
        fitted.clusters(),
        &features,
        WINSOR,
    )
    .map_err(wrong)?;
    let words: Vec<FeatureWords> = behaviours.iter().map(|b| b.words.clone()).collect();
    let names = NamingParams::default()
        .check()
        .map_err(wrong)?
        .name(&profiles, &words)
        .map_err(wrong)?;
    let tried = fitted
        .figures()
        .iter()
        .map(|figures| TriedRow {
            k: figures.clusters,
            stability: figures.stability,
            silhouette: figures.silhouette,
            smallest_share: figures.smallest_share(),
        })
        .collect();
    Ok(Ok(Clusters {
        behaviours,
        assignment,
        profiles,
        names,
        tried,
    }))
}

impl Clusters {
    fn rows(&self, spend: &[f64]) -> Vec<ClusterRow> {
        let total: f64 = spend.iter().sum();
        let mut spent = vec![0.0; self.profiles.len()];
        for (label, spend) in self.assignment.labels.iter().zip(spend) {
            spent[*label] += spend;
        }
        self.profiles
            .iter()
            .zip(&self.names)
            .zip(spent)
            .enumerate()
            .map(|(place, ((profile, name), spent))| ClusterRow {
                number: place as u64 + 1,
                name: name.name.clone(),
                customers: profile.size as u64,
                share: profile.share,
                spend_share: share_of(spent, total),
            })
            .collect()
    }

    /// One row for each cluster and feature.
    fn profile_table(&self) -> Result<RecordBatch> {
        let rows: Vec<(usize, usize)> = (0..self.profiles.len())
            .flat_map(|cluster| (0..self.behaviours.len()).map(move |feature| (cluster, feature)))
            .collect();
        let profile =
            |&(cluster, feature): &(usize, usize)| &self.profiles[cluster].features[feature];
        TableBuilder::new()
            .column(
                "cluster",
                "Number of the cluster, largest first",
                Arc::new(
                    rows.iter()
                        .map(|row| row.0 as u32 + 1)
                        .collect::<UInt32Array>(),
                ),
            )
            .column(
                "cluster_name",
                "What sets it apart",
                text(rows.iter().map(|row| &self.names[row.0].name)),
            )
            .column(
                "customers",
                "Customers in it",
                Arc::new(
                    rows.iter()
                        .map(|row| self.profiles[row.0].size as u64)
                        .collect::<UInt64Array>(),
                ),
            )
            .column(
                "share",
                "Share of all customers",
                numbers(rows.iter().map(|row| self.profiles[row.0].share), 6),
            )
            .column(
                "feature",
                "The feature",
                text(rows.iter().map(|row| &self.behaviours[row.1].name)),
            )
            .column(
                "mean",
                "Mean in the cluster",
                numbers(rows.iter().map(|row| profile(row).mean), 4),
            )
            .column(
                "median",
                "Median in the cluster",
                numbers(rows.iter().map(|row| profile(row).median), 4),
            )
            .column(
                "index",
                "100 is the mean of all customers",
                numbers(
                    rows.iter()
                        .map(|row| profile(row).index.unwrap_or(f64::NAN)),
                    1,
                ),
            )
            .column(
                "difference",
                "Standard deviations above the mean of all",
                numbers(rows.iter().map(|row| profile(row).difference), 4),
            )
            .build()
    }
}

fn with_clusters(
    table: TableBuilder,
    clusters: Option<&Clusters>,
    rows: usize,
) -> Result<RecordBatch> {
    let (numbers_, names, distances): (ArrayRef, ArrayRef, ArrayRef) = match clusters {
        Some(Clusters {
            assignment, names, ..
        }) => (
            Arc::new(
                assignment
                    .labels
                    .iter()
                    .map(|label| *label as u32 + 1)
                    .collect::<UInt32Array>(),
            ),
            text(assignment.labels.iter().map(|label| &names[*label].name)),
            numbers(assignment.distances.iter().copied(), 4),
        ),
        None => (
            Arc::new(UInt32Array::new_null(rows)),
            Arc::new(StringArray::new_null(rows)),
            numbers(std::iter::repeat_n(f64::NAN, rows), 4),
        ),
    };
    table
        .column("cluster", "Number of the cluster, largest first", numbers_)
        .column("cluster_name", "What sets the cluster apart", names)
        .column(
            "cluster_distance",
            "Distance to the cluster's centre; large for a customer who fits none",
            distances,
        )
        .build()
}

//! Clusters of the customers: found by their behaviour, described and named.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use ndarray::{Array2, Axis};
use regulars_models::ParamGuard;
use regulars_models::clustering::{
    Assignment, ClusterName, ClusterProfile, ClusteringError, Feature, FeatureProfile,
    FeatureWords, NamingParams, profile_clusters,
};

use super::behaviours::{Behaviour, behaviours, real, seen};
use super::far_out::FarOut;
use super::methods::{METHOD, Search};
use super::{ClusterRow, Context, TriedRow, share_of};
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::text::plural;
use crate::timeline::snapshot::Snapshot;

/// Quantiles at which values are cut before clusters are sought, so that one giant customer does
/// not become a cluster.
const WINSOR: (f64, f64) = (0.01, 0.99);
/// Fewer customers than this for each cluster that may be tried say nothing about behaviour.
const LEAST_PER_CLUSTER: usize = 10;

/// Clusters of the customers.
pub struct Clusters {
    behaviours: Vec<Behaviour>,
    assignment: Assignment,
    /// What sets each apart, as clusters see it.
    profiles: Vec<ClusterProfile>,
    /// What the customers in each are, as the features have it.
    described: Vec<ClusterProfile>,
    names: Vec<ClusterName>,
    /// What was measured for every number of clusters.
    pub tried: Vec<TriedRow>,
}

/// Finds clusters, or says why there are none.
///
/// Who is in which cluster, what sets it apart and what it is called come from what clusters see;
/// means and medians are those of the features.
pub fn find(
    context: &Context<'_>,
    snapshot: &Snapshot,
    far_out: &FarOut,
) -> Result<Result<Clusters, String>> {
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
    let matrix = seen(snapshot, far_out, &behaviours)?;
    let features: Vec<Feature> = behaviours.iter().map(|b| b.feature).collect();
    let deciding: Vec<usize> = (0..behaviours.len())
        .filter(|place| behaviours[*place].decides)
        .collect();
    let decisive = matrix.select(Axis(1), &deciding);
    context.progress.step(&format!(
        "trying {} to {most} clusters",
        settings.min_clusters
    ));
    let found = (METHOD.fit)(&Search {
        customers: decisive.view(),
        features: deciding.iter().map(|place| features[*place]).collect(),
        winsor: WINSOR,
        groups: settings.min_clusters..=most,
        min_share: settings.min_cluster_share,
        seed: context.seed,
    });
    let found = match found {
        Ok(found) => found,
        Err(error) => return Ok(Err(format!("there are no clusters: {error}"))),
    };
    let assignment = found.segmenter.assign(decisive.view()).map_err(wrong)?;
    let groups = found.segmenter.groups();
    let labels = &assignment.labels;
    let profile = |customers: &Array2<f64>| {
        profile_clusters(customers.view(), labels, groups, &features, WINSOR).map_err(wrong)
    };
    let profiles = profile(&matrix)?;
    let described = profile(&real(snapshot, &behaviours)?)?;
    let names = named(&profiles, &behaviours).map_err(wrong)?;
    Ok(Ok(Clusters {
        behaviours,
        assignment,
        profiles,
        described,
        names,
        tried: found.tried,
    }))
}

fn named(
    profiles: &[ClusterProfile],
    behaviours: &[Behaviour],
) -> Result<Vec<ClusterName>, ClusteringError> {
    let words: Vec<FeatureWords> = behaviours.iter().map(|b| b.words.clone()).collect();
    NamingParams::default().check()?.name(profiles, &words)
}

fn wrong(error: ClusteringError) -> Failure {
    Failure::data(error.to_string())
}

impl Clusters {
    /// What each cluster is, for the manifest.
    pub fn rows(&self, spend: &[f64]) -> Vec<ClusterRow> {
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
    pub fn profile_table(&self) -> Result<RecordBatch> {
        let rows: Vec<(usize, usize)> = (0..self.profiles.len())
            .flat_map(|cluster| (0..self.behaviours.len()).map(move |feature| (cluster, feature)))
            .collect();
        let figure = |profiles: &[ClusterProfile], of: fn(&FeatureProfile) -> f64, digits: i32| {
            let figures = rows.iter().map(|row| of(&profiles[row.0].features[row.1]));
            numbers(figures, digits)
        };
        let real = |of, digits| figure(&self.described, of, digits);
        let cluster = rows.iter().map(|row| row.0);
        let sizes = cluster
            .clone()
            .map(|place| self.profiles[place].size as u64);
        let shares = cluster.clone().map(|place| self.profiles[place].share);
        let names = cluster.clone().map(|place| &self.names[place].name);
        let features = rows.iter().map(|row| &self.behaviours[row.1].name);
        let cluster: UInt32Array = cluster.map(|place| place as u32 + 1).collect();
        TableBuilder::new()
            .column(
                "cluster",
                "Number of the cluster, largest first",
                Arc::new(cluster),
            )
            .column("cluster_name", "What sets it apart", text(names))
            .column(
                "customers",
                "Customers in it",
                Arc::new(sizes.collect::<UInt64Array>()),
            )
            .column("share", "Share of all customers", numbers(shares, 6))
            .column("feature", "The feature", text(features))
            .column("mean", "Mean in the cluster", real(|of| of.mean, 4))
            .column("median", "Median in the cluster", real(|of| of.median, 4))
            .column(
                "index",
                "100 is the mean of all customers",
                real(|of| of.index.unwrap_or(f64::NAN), 1),
            )
            .column(
                "difference",
                "Standard deviations above the mean of all, as clusters see it: on a log scale for money and counts, shares of few drawn towards the usual",
                figure(&self.profiles, |of| of.difference, 4),
            )
            .build()
    }
}

/// The customers' table with their clusters, if any were found.
pub fn with_clusters(
    table: TableBuilder,
    clusters: Option<&Clusters>,
    rows: usize,
) -> Result<RecordBatch> {
    let (places, names, distances): (ArrayRef, ArrayRef, ArrayRef) = match clusters {
        Some(Clusters {
            assignment, names, ..
        }) => {
            let labels = assignment.labels.iter();
            let places: UInt32Array = labels.clone().map(|label| *label as u32 + 1).collect();
            (
                Arc::new(places),
                text(labels.map(|label| &names[*label].name)),
                numbers(assignment.distances.iter().copied(), 4),
            )
        }
        None => (
            Arc::new(UInt32Array::new_null(rows)),
            Arc::new(StringArray::new_null(rows)),
            numbers(std::iter::repeat_n(f64::NAN, rows), 4),
        ),
    };
    table
        .column("cluster", "Number of the cluster, largest first", places)
        .column("cluster_name", "What sets the cluster apart", names)
        .column(
            "cluster_distance",
            "Distance to the cluster's centre; large for a customer who fits none",
            distances,
        )
        .build()
}

//! Clusters as tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::compute::take;
use regulars_models::clustering::{ClusterProfile, FeatureProfile};

use super::guide::{Portrait, verdict};
use super::identity::{Change, Event, Lineage, Move};
use super::{AS_OF, Clusters, Context, EARLIER_AS_OF, name, shop};
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::timeline::snapshot::Snapshot;
use crate::words::said;

/// So many customers of each cluster are named as typical ones.
const TYPICAL: usize = 3;

impl Clusters {
    pub(super) fn id_column(&self, clusters: impl Iterator<Item = usize>) -> ArrayRef {
        let ids: UInt64Array = clusters.map(|place| self.ids.ids[place]).collect();
        Arc::new(ids)
    }

    /// The names of clusters in the language of the command.
    pub(super) fn name_words(
        &self,
        clusters: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Option<String>> {
        name::column(clusters.map(|place| Some(self.names[place].as_str())))
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
        let names = cluster.clone().map(|place| &self.names[place]);
        let features = rows.iter().map(|row| &self.behaviours[row.1].name);
        let number: UInt32Array = cluster.clone().map(|place| place as u32 + 1).collect();
        TableBuilder::new()
            .column(
                "cluster",
                "Number of the cluster, largest first",
                Arc::new(number),
            )
            .column("cluster_name", "What sets it apart", text(names))
            .in_words("cluster_name", self.name_words(cluster.clone()))
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
            .column("cluster_id", ID, self.id_column(cluster))
            .build()
    }

    /// One row for each cluster: what it is, in figures and in sentences.
    pub fn guide_table(&self, context: &Context<'_>, spend: &[f64]) -> Result<RecordBatch> {
        let all = 0..self.profiles.len();
        let spend_shares = self.spend_shares(spend);
        let margin_shares = self
            .margins
            .as_ref()
            .map(|margins| self.spend_shares(margins));
        let stability = self.stability();
        let columns: Vec<String> = self.behaviours.iter().map(|b| b.name.clone()).collect();
        let portrait = |place: usize| Portrait {
            features: &columns,
            seen: &self.profiles[place],
            real: &self.described[place],
            name: &self.said[place],
            spend_share: spend_shares[place],
        };
        let least = context.settings.config.segment.min_cluster_share;
        let small: Vec<usize> = self.small(least).collect();
        let sizes: UInt64Array = all.clone().map(|c| self.profiles[c].size as u64).collect();
        let number: UInt32Array = all.clone().map(|place| place as u32 + 1).collect();
        let margin = |place| {
            margin_shares
                .as_ref()
                .map_or(f64::NAN, |shares| shares[place])
        };
        let status = |place: usize| match (&self.lineage, &self.ids.names[place]) {
            (None, _) => "first",
            (Some(_), Some(_)) => "kept",
            (Some(_), None) => "new",
        };
        let rule = |of: fn(&super::Rule) -> f64| numbers(self.rules.iter().map(of), 4);
        TableBuilder::new()
            .column("cluster_id", ID, self.id_column(all.clone()))
            .column("cluster", "Number of the cluster, largest first", Arc::new(number))
            .column("cluster_name", "What sets it apart", text(&self.names))
            .in_words("cluster_name", self.name_words(all.clone()))
            .column("status", "kept from an earlier date, new since it, or first where there is none", text(all.clone().map(status)))
            .in_words("status", all.clone().map(|place| Some(said(status_words(status(place))))))
            .column("customers", "Customers in it", Arc::new(sizes))
            .column("share", "Share of all customers", numbers(all.clone().map(|c| self.profiles[c].share), 6))
            .column("spend_share", "Share of all spend", numbers(spend_shares.iter().copied(), 6))
            .column("margin_share", "Share of what all customers brought beyond what it cost, over lines whose cost is known; empty where no cost is", numbers(all.clone().map(margin), 6))
            .column("small", "Whether it has fewer customers than min_cluster_share", text(all.clone().map(|c| if small.contains(&c) { "yes" } else { "no" })))
            .column("stability", "How surely bootstrap samples find it again: mean of the largest Jaccard index, 1 is always; empty where customers were put into saved segments", numbers(stability.iter().copied(), 4))
            .column("verdict", "What that is worth: very stable from 0.85, stable from 0.75, doubtful from 0.6", text(stability.iter().map(|stability| verdict(*stability))))
            .in_words("verdict", stability.iter().map(|stability| Some(said(verdict(*stability)))))
            .column("in_words", "Who they are", text(all.clone().map(|c| portrait(c).sentence(shop(context)))))
            .column("action", "What to do", text(all.clone().map(|c| portrait(c).action())))
            .column("rule", "Who is in it, by a short tree over the features; empty where none tells", text(self.rules.iter().map(|rule| &rule.text)))
            .column("rule_in_words", "The same in words and units", text(self.rules.iter().map(|rule| &rule.words)))
            .column("rule_finds", "Share of its customers that the rule finds", rule(|rule| rule.finds))
            .column("rule_right", "Share of those whom the rule takes who are of the cluster", rule(|rule| rule.right))
            .column("rule_fidelity", "Share of all customers that the rule puts on the right side", rule(|rule| rule.fidelity))
            .build()
    }

    /// For each cluster how surely it is found again; NaN where that was not measured.
    fn stability(&self) -> Vec<f64> {
        let chosen = self.tried.iter().find(|tried| tried.chosen);
        let of = |place: usize| {
            let jaccard = chosen.map(|chosen| &chosen.jaccard);
            // Where small clusters were merged, those that are left are not those that were measured.
            let same = jaccard.filter(|jaccard| jaccard.len() == self.profiles.len());
            same.map_or(f64::NAN, |jaccard| jaccard[place])
        };
        (0..self.profiles.len()).map(of).collect()
    }

    /// The customers nearest to the middle of each cluster. The first of them is the medoid: the
    /// member with the smallest sum of squared distances to all others.
    pub fn typical_table(&self, snapshot: &Snapshot) -> Result<RecordBatch> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.profiles.len()];
        for (row, label) in self.assignment.labels.iter().enumerate() {
            members[*label].push(row);
        }
        let mut rows: Vec<(usize, usize, usize)> = Vec::new();
        for (cluster, mut members) in members.into_iter().enumerate() {
            let distance = |row: &usize| self.assignment.distances[*row];
            // Stable, so that of equally near ones the first id is taken.
            members.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
            let nearest = members.into_iter().take(TYPICAL).enumerate();
            rows.extend(nearest.map(|(rank, row)| (cluster, rank, row)));
        }
        let places: UInt64Array = rows.iter().map(|row| row.2 as u64).collect();
        let clusters = || rows.iter().map(|row| row.0);
        let number: UInt32Array = clusters().map(|place| place as u32 + 1).collect();
        let rank: UInt32Array = rows.iter().map(|row| row.1 as u32 + 1).collect();
        let mut table = TableBuilder::new()
            .column(
                "customer_id",
                "The customer",
                take(&snapshot.customers, &places, None)?,
            )
            .column("cluster_id", ID, self.id_column(clusters()))
            .column(
                "cluster",
                "Number of the cluster, largest first",
                Arc::new(number),
            )
            .column(
                "cluster_name",
                "What sets it apart",
                text(clusters().map(|place| &self.names[place])),
            )
            .in_words("cluster_name", self.name_words(clusters()))
            .column("rank", "1 is the most typical one", Arc::new(rank))
            .column(
                "cluster_distance",
                "Distance to the cluster's centre",
                numbers(rows.iter().map(|row| self.assignment.distances[row.2]), 4),
            );
        for name in ["recency_days", "frequency", "mean_basket"] {
            let (Some(place), Ok(values)) = (snapshot.index(name), snapshot.column(name)) else {
                continue;
            };
            let values = rows.iter().map(|row| values[row.2]);
            table = table.column(name, &snapshot.about[place], numbers(values, 4));
        }
        table.build()
    }

    /// Where customers of each earlier cluster are now, and why; none where there is no earlier
    /// one.
    pub fn moves_table(&self) -> Result<Option<RecordBatch>> {
        let Some(lineage) = &self.lineage else {
            return Ok(None);
        };
        let moves = &lineage.moves;
        let mut left: BTreeMap<u64, u64> = BTreeMap::new();
        for one in moves {
            *left.entry(one.from.unwrap_or(0)).or_default() += one.by_change.values().sum::<u64>();
        }
        let customers = |one: &Move| one.by_change.values().sum::<u64>();
        let share = |one: &Move| customers(one) as f64 / left[&one.from.unwrap_or(0)] as f64;
        let counted = |change: Change| -> ArrayRef {
            let of = |one: &Move| one.by_change.get(&change).copied().unwrap_or(0);
            Arc::new(moves.iter().map(of).collect::<UInt64Array>())
        };
        let from: UInt64Array = moves.iter().map(|one| one.from).collect();
        let from_name: StringArray = moves
            .iter()
            .map(|one| one.from.and_then(|id| lineage.past_name(id)))
            .collect();
        let to: UInt64Array = moves.iter().map(|one| Some(one.to)).collect();
        let now = |id: u64| self.ids.ids.iter().position(|known| *known == id);
        let to_name = moves
            .iter()
            .map(|one| now(one.to).map_or("", |place| self.names[place].as_str()));
        let from_words = moves
            .iter()
            .map(|one| one.from.and_then(|id| lineage.past_name(id)));
        let about = tr!(
            "Lasting number of the cluster among the clusters of {date}; empty for customers who were in none",
            date = lineage.as_of
        );
        let table = TableBuilder::new()
            .column("from_id", &about, Arc::new(from))
            .column("from_name", "Its name", Arc::new(from_name))
            .in_words("from_name", name::column(from_words))
            .column("to_id", "Lasting number of the cluster now", Arc::new(to))
            .column("to_name", "Its name", text(to_name.clone()))
            .in_words("to_name", name::column(to_name.map(Some)))
            .column("customers", "Customers who were there and are here", Arc::new(moves.iter().map(customers).collect::<UInt64Array>()))
            .column("share", "Share of those who were there", numbers(moves.iter().map(share), 6))
            .column("stayed", "Of them: nothing changed", counted(Change::Stayed))
            .column("customers_moved", "Of them: the earlier clusters, too, have them here today", counted(Change::CustomerMoved))
            .column("model_moved", "Of them: the earlier clusters have them today where they were", counted(Change::ModelMoved))
            .column("both_moved", "Of them: neither", counted(Change::BothMoved))
            .column("event", "What became of the cluster that they were in: kept, merged into this one, split into this one and others, dissolved", text(moves.iter().map(|one| lineage.event(one))))
            .in_words("event", moves.iter().map(|one| Some(said(event_words(lineage.event(one))))))
            .fact("agreement", format!("{:.6}", lineage.agreement))
            .fact(EARLIER_AS_OF, lineage.as_of.to_string())
            .build()?;
        Ok(Some(table))
    }
}

/// What a lasting number is.
pub(super) const ID: &str = mark!("Lasting number of the cluster: the same from month to month");

/// The text that says whether a cluster is new; customers are new too, and called otherwise.
fn status_words(status: &str) -> &'static str {
    match status {
        "kept" => mark!("kept from the earlier date"),
        "new" => mark!("new since the earlier date"),
        _ => mark!("without earlier clusters"),
    }
}

/// The text that says what became of a cluster.
fn event_words(event: &str) -> &'static str {
    match event {
        "kept" => mark!("kept from the earlier date"),
        "merged" => mark!("merged into this one"),
        "split" => mark!("split into this one and others"),
        "dissolved" => mark!("dissolved"),
        _ => "",
    }
}

impl Lineage {
    fn past_name(&self, id: u64) -> Option<&str> {
        let past = self.past.iter().find(|past| past.id == id)?;
        Some(&past.name)
    }

    /// What became of the cluster that customers were in, as far as it is seen in where they are.
    fn event(&self, one: &Move) -> &'static str {
        let past = self.past.iter().find(|past| Some(past.id) == one.from);
        match past.map(|past| &past.event) {
            None => "",
            Some(Event::Kept) if one.from == Some(one.to) => "kept",
            Some(Event::Merged(into)) if *into == one.to => "merged",
            Some(Event::Split(parts)) if parts.contains(&one.to) => "split",
            Some(Event::Dissolved) => "dissolved",
            Some(_) => "",
        }
    }
}

/// The customers' table with their clusters, if any were found.
pub fn with_clusters(
    table: TableBuilder,
    clusters: Option<&Clusters>,
    snapshot: &Snapshot,
) -> Result<RecordBatch> {
    let rows = snapshot.len();
    let (places, names, distances): (ArrayRef, ArrayRef, ArrayRef) = match clusters {
        Some(Clusters {
            assignment, names, ..
        }) => {
            let labels = assignment.labels.iter();
            let places: UInt32Array = labels.clone().map(|label| *label as u32 + 1).collect();
            (
                Arc::new(places),
                text(labels.map(|label| &names[*label])),
                numbers(assignment.distances.iter().copied(), 4),
            )
        }
        None => (
            Arc::new(UInt32Array::new_null(rows)),
            Arc::new(StringArray::new_null(rows)),
            numbers(std::iter::repeat_n(f64::NAN, rows), 4),
        ),
    };
    let ids: ArrayRef = match clusters {
        Some(found) => found.id_column(found.assignment.labels.iter().copied()),
        None => Arc::new(UInt64Array::new_null(rows)),
    };
    let lineage = clusters.and_then(|found| found.lineage.as_ref());
    let (before, changes): (UInt64Array, StringArray) = match lineage {
        Some(lineage) => (
            lineage.before.iter().copied().collect(),
            lineage
                .changes
                .iter()
                .map(|change| Some(change.word()))
                .collect(),
        ),
        None => (UInt64Array::new_null(rows), StringArray::new_null(rows)),
    };
    // Each name is said once, and not for each of its customers.
    let said_names: Vec<Option<String>> = clusters.map_or_else(Vec::new, |found| {
        found.name_words(0..found.names.len()).collect()
    });
    let name_of = |row: usize| said_names[clusters?.assignment.labels[row]].as_deref();
    let words = (0..rows).map(|row| lineage.map(|lineage| said(lineage.changes[row].word())));
    let mut table = table
        .column("cluster", "Number of the cluster, largest first", places)
        .column("cluster_name", "What sets the cluster apart", names)
        .in_words("cluster_name", (0..rows).map(name_of))
        .column(
            "cluster_distance",
            "Distance to the cluster's centre; large for a customer who fits none",
            distances,
        )
        .column("cluster_id", ID, ids)
        .column(
            "cluster_id_before",
            "The one that the customer was in at the earlier date; empty for new customers, and where no earlier clusters are known",
            Arc::new(before),
        )
        .column(
            "cluster_change",
            "Since then: stayed; customer moved (the earlier clusters, too, have them elsewhere today); model moved (the earlier clusters have them where they were); both moved; new customer",
            Arc::new(changes),
        )
        .in_words("cluster_change", words)
        .fact(AS_OF, snapshot.as_of.to_string());
    if let Some(lineage) = lineage {
        table = table.fact(EARLIER_AS_OF, lineage.as_of.to_string());
    }
    table.build()
}

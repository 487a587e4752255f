//! Who the customers are, as the summary tells it.

use std::fmt::Write as _;

use super::{IdentityRow, Metrics, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "WHO THEY ARE");
    let longest = found
        .segments
        .iter()
        .map(|s| s.name.chars().count())
        .chain(found.clusters.iter().map(|c| c.name.chars().count() + 3))
        .max()
        .unwrap_or(0);
    let width = longest.max(24);
    let _ = writeln!(
        text,
        "  {:<width$}  {:>9}  {:>7}  {:>8}",
        "by recency, frequency, money",
        "customers",
        "share",
        "of spend",
        width = width.max(28)
    );
    let width = width.max(28);
    let row = |text: &mut String, name: &str, customers: u64, share: f64, spend: f64| {
        let _ = writeln!(
            text,
            "  {name:<width$}  {:>9}  {:>7}  {:>8}",
            count(customers),
            percent(share),
            percent(spend)
        );
    };
    for segment in &found.segments {
        row(
            &mut text,
            &segment.name,
            segment.customers,
            segment.share,
            segment.spend_share,
        );
    }
    if !found.clusters.is_empty() {
        let _ = writeln!(
            text,
            "\n  by behaviour ({}, k = {} of {} to {})",
            match found.method.as_str() {
                "" => "k-means",
                method => method,
            },
            found.clusters.len(),
            found.tried.first().map_or(0, |t| t.k),
            found.tried.last().map_or(0, |t| t.k)
        );
        for cluster in &found.clusters {
            row(
                &mut text,
                &format!("{}. {}", cluster.number, cluster.name),
                cluster.customers,
                cluster.share,
                cluster.spend_share,
            );
        }
    }
    if let Some(identity) = &found.identity {
        let _ = writeln!(text, "  {}", goes_on(identity));
    }
    let life = &found.life_cycle;
    if !life.stages.is_empty() {
        let _ = writeln!(text, "\n  by life cycle, each by their own rhythm");
    }
    for stage in &life.stages {
        row(
            &mut text,
            &stage.name,
            stage.customers,
            stage.share,
            stage.spend_share,
        );
    }
    if !life.stages.is_empty() {
        let _ = writeln!(
            text,
            "  Whoever is silent for more than {} days has left ({}).",
            life.churn_after_days, life.churn_after_by
        );
    }
    if found.never_bought > 0 {
        let _ = writeln!(
            text,
            "  {} who never bought are in no segment and no cluster.",
            count(found.never_bought)
        );
    }
    if let Some(weights) = found.weights {
        let _ = writeln!(
            text,
            "  rfm_score counts recency {}, frequency {} and money {} (consistency ratio {:.3}).",
            percent(weights.recency),
            percent(weights.frequency),
            percent(weights.money),
            weights.consistency_ratio
        );
    }
    let _ = writeln!(
        text,
        "\n  The best tenth of the customers brings {} of the spend of {}, the best fifth {}.\n",
        percent(found.top_tenth_share),
        money(found.spend, &manifest.currency),
        percent(found.top_fifth_share),
    );
    Some(text)
}

/// What became of the clusters of an earlier date, in a line.
fn goes_on(identity: &IdentityRow) -> String {
    let since = &identity.before_as_of;
    let customers = format!(
        "{} moved, {} were moved by the clusters, {} are new",
        count(identity.customers_moved + identity.both_moved),
        count(identity.model_moved),
        count(identity.new_customers)
    );
    match (identity.assigned, identity.new) {
        (true, _) => format!("the clusters are those of {since}; of the customers {customers}"),
        (false, new) => format!(
            "of the clusters {} go on from {since} and {new} are new; of the customers {customers}",
            identity.kept
        ),
    }
}

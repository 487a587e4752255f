//! Who the customers are, as the summary tells it.

use std::fmt::Write as _;

use super::methods::METHOD;
use super::{Metrics, NAME};
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
            METHOD.name,
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
    let _ = writeln!(
        text,
        "\n  The best tenth of the customers brings {} of the spend of {}.\n",
        percent(found.top_tenth_share),
        money(found.spend, &manifest.currency),
    );
    Some(text)
}

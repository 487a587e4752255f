//! Who the customers are, as the summary tells it.

use std::fmt::Write as _;

use super::rfm::segment_words;
use super::{ClusterRow, IdentityRow, Metrics, NAME, words};
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent};
use crate::words::said;

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "{}", tr!("WHO THEY ARE"));
    let longest = found
        .segments
        .iter()
        .map(|s| across(segment_words(&s.name)))
        .chain(found.clusters.iter().map(|c| across(cluster_words(c)) + 3))
        .max()
        .unwrap_or(0);
    let width = longest.max(28);
    let line = |text: &mut String, name: &str, cells: [&str; 3]| {
        let _ = write!(
            text,
            "  {name}{}",
            " ".repeat(width - across(name).min(width))
        );
        for (cell, width) in cells.into_iter().zip([9, 7, 8]) {
            let _ = write!(
                text,
                "  {}{cell}",
                " ".repeat(width - across(cell).min(width))
            );
        }
        text.push('\n');
    };
    line(
        &mut text,
        said(mark!("by recency, frequency, money")),
        [mark!("customers"), mark!("share"), mark!("of spend")].map(said),
    );
    let row = |text: &mut String, name: &str, customers: u64, share: f64, spend: f64| {
        let (share, spend) = (percent(share), percent(spend));
        line(text, name, [&count(customers), &share, &spend]);
    };
    for segment in &found.segments {
        row(
            &mut text,
            segment_words(&segment.name),
            segment.customers,
            segment.share,
            segment.spend_share,
        );
    }
    if !found.clusters.is_empty() {
        let by = tr!(
            "by behaviour ({method}, k = {k} of {least} to {most})",
            method = match found.method.as_str() {
                "" => "k-means",
                method => said(method),
            },
            k = found.clusters.len(),
            least = found.tried.first().map_or(0, |t| t.k),
            most = found.tried.last().map_or(0, |t| t.k)
        );
        let _ = writeln!(text, "\n  {by}");
        for cluster in &found.clusters {
            row(
                &mut text,
                &format!("{}. {}", cluster.number, cluster_words(cluster)),
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
        let _ = writeln!(
            text,
            "\n  {}",
            tr!("by life cycle, each by their own rhythm")
        );
    }
    for stage in &life.stages {
        row(
            &mut text,
            words::stage(&stage.name),
            stage.customers,
            stage.share,
            stage.spend_share,
        );
    }
    if !life.stages.is_empty() {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "Whoever is silent for more than {days} days has left ({why}).",
                days = life.churn_after_days,
                why = life.churn_after_by
            )
        );
    }
    if found.never_bought > 0 {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{n} who never bought are in no segment and no cluster.",
                n = count(found.never_bought)
            )
        );
    }
    if let Some(weights) = found.weights {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "rfm_score counts recency {recency}, frequency {frequency} and money {money} (consistency ratio {ratio}).",
                recency = percent(weights.recency),
                frequency = percent(weights.frequency),
                money = percent(weights.money),
                ratio = format!("{:.3}", weights.consistency_ratio)
            )
        );
    }
    let _ = writeln!(
        text,
        "\n  {}\n",
        tr!(
            "The best tenth of the customers brings {tenth} of the spend of {spend}, the best fifth {fifth}.",
            tenth = percent(found.top_tenth_share),
            spend = money(found.spend, &manifest.currency),
            fifth = percent(found.top_fifth_share)
        )
    );
    Some(text)
}

/// What became of the clusters of an earlier date, in a line.
fn goes_on(identity: &IdentityRow) -> String {
    let since = &identity.before_as_of;
    let customers = tr!(
        "{moved} moved, {by_clusters} were moved by the clusters, {new} are new",
        moved = count(identity.customers_moved + identity.both_moved),
        by_clusters = count(identity.model_moved),
        new = count(identity.new_customers)
    );
    match (identity.assigned, identity.new) {
        (true, _) => tr!(
            "the clusters are those of {since}; of the customers {customers}",
            since = since,
            customers = customers
        ),
        (false, new) => tr!(
            "of the clusters {kept} go on from {since} and {new} are new; of the customers {customers}",
            kept = identity.kept,
            since = since,
            new = new,
            customers = customers
        ),
    }
}

fn cluster_words(cluster: &ClusterRow) -> &str {
    cluster.name_words.as_deref().unwrap_or(&cluster.name)
}

/// Columns of a terminal that a text takes: Chinese characters take two each.
fn across(text: &str) -> usize {
    let wide = |letter: char| ('\u{2e80}'..='\u{ffdc}').contains(&letter);
    text.chars()
        .map(|letter| 1 + usize::from(wide(letter)))
        .sum()
}

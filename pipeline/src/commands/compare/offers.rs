//! Suggestions against what is on sale and in season in the days that they are for, and against who
//! wants none.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use chrono::NaiveDate;
use regulars_datasets::history::again::Off;

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column, ran, whole_numbers};
use crate::failure::Result;
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::offers::{Metrics, NAME};

/// Suggestions of what cannot be bought, or hardly, and those to customers who said no.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some((metrics, _)) = ran::<Metrics>(manifest, NAME)? else {
        return Ok(Vec::new());
    };
    let as_of = manifest
        .stages
        .get(NAME)
        .and_then(|stage| stage.as_of.as_ref());
    let Some(as_of) = as_of.and_then(|date| date.parse::<NaiveDate>().ok()) else {
        return Ok(Vec::new());
    };
    let table = read_parquet(&manifest.file(run, NAME, "suggestions.parquet")?)?;
    let mut findings = vec![Finding::count(
        NAME,
        tr!("suggestions"),
        table.num_rows() as u64,
    )];
    if metrics.level == "type" {
        let from = truth.world.calendar.day(as_of);
        let until = from + i32::try_from(metrics.days).unwrap_or(i32::MAX - from);
        let items = column(&table, "item", &DataType::Utf8)?;
        let mut known: HashMap<&str, Option<Off>> = HashMap::new();
        let (mut sale, mut season) = (0_u64, 0_u64);
        for name in items.as_string::<i32>().iter().flatten() {
            let off = known.entry(name).or_insert_with(|| {
                let of = truth.world.shelves.catalogue.named(name)?;
                truth.world.off(of, from..until)
            });
            match off {
                Some(Off::Sale) => sale += 1,
                Some(Off::Season) => season += 1,
                None => {}
            }
        }
        let days = tr!(
            "in the {days} days from {date}",
            days = metrics.days,
            date = as_of
        );
        let off = (sale + season) as f64 / table.num_rows().max(1) as f64;
        findings.extend([
            Finding::count(NAME, tr!("suggestions of what is not on sale"), sale)
                .best(0.0)
                .note(days.clone()),
            Finding::count(NAME, tr!("suggestions of what is out of season"), season)
                .best(0.0)
                .note(days),
            Finding::new(
                NAME,
                tr!("share of suggestions off sale or out of season"),
                off,
            )
            .best(0.0),
        ]);
    }
    if truth.world.law.records.consent_in_words {
        let said_no = said_no(truth)?;
        let whom = whole_numbers(&table, "customer_id")?;
        let to = whom.iter().filter(|id| said_no.contains(*id)).count() as u64;
        let finding =
            Finding::count(NAME, tr!("suggestions to customers who said no"), to).best(0.0);
        findings.push(finding.note(tr!(
            "{n} said no",
            n = crate::text::count(said_no.len() as u64)
        )));
    }
    Ok(findings)
}

/// Who refused to be contacted, or withdrew their consent.
fn said_no(truth: &Truth) -> Result<HashSet<i64>> {
    let table = read_parquet(&truth.folder.join("customers.parquet"))?;
    let consent = column(&table, "consent", &DataType::Utf8)?;
    let said = consent.as_string::<i32>().iter();
    let ids = whole_numbers(&table, "customer_id")?;
    let no = ids
        .into_iter()
        .zip(said)
        .filter(|(_, said)| matches!(said, Some("refused" | "withdrawn")));
    Ok(no.map(|(id, _)| id).collect())
}

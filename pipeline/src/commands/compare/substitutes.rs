//! Substitutes against the planted ones, and against when goods were on sale.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::DataType;

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column, ran};
use crate::failure::Result;
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::rules::{Metrics, NAME};

/// How many planted substitutes were found, and how many pairs were never on sale together.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some((metrics, _)) = ran::<Metrics>(manifest, NAME)? else {
        return Ok(Vec::new());
    };
    let Ok(file) = manifest.file(run, NAME, "substitutes.parquet") else {
        return Ok(Vec::new()); // the settings asked for none
    };
    if metrics.level != "type" {
        return Ok(Vec::new());
    }
    let table = read_parquet(&file)?;
    let [one, other] = ["one", "other"].map(|name| column(&table, name, &DataType::Utf8));
    let (one, other) = (one?, other?);
    let pairs: Vec<[&str; 2]> = one
        .as_string::<i32>()
        .iter()
        .zip(other.as_string::<i32>())
        .map(|(one, other)| [one, other].map(Option::unwrap_or_default))
        .collect();
    let world = &truth.world;
    let (goods, catalogue) = (&world.law.goods, &world.shelves.catalogue);
    let planted = goods
        .substitutes
        .iter()
        .map(|of| of.categories.map(|name| goods.classic(name)));
    let is_there = |[one, other]: &[String; 2]| {
        let is = |pair: &&[&str; 2]| {
            let [a, b] = **pair;
            (a == one && b == other) || (a == other && b == one)
        };
        pairs.iter().any(|pair| is(&pair))
    };
    let found = planted.filter(is_there).count() as u64;
    let day = |date| world.calendar.day(date);
    let mined = day(metrics.mined_from)..day(metrics.mined_until);
    let apart = pairs.iter().filter(|pair| {
        let [Some(one), Some(other)] = pair.map(|name| catalogue.named(name)) else {
            return false;
        };
        !world.on_sale_together([one, other], mined.clone())
    });
    let apart = apart.count() as u64;
    Ok(vec![
        Finding::count(NAME, tr!("planted substitutes found"), found)
            .best(goods.substitutes.len() as f64),
        Finding::count(NAME, tr!("substitutes shown"), pairs.len() as u64),
        Finding::count(
            NAME,
            tr!("substitutes that were never on sale together"),
            apart,
        )
        .best(0.0),
    ])
}

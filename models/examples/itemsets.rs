//! Times the mining of itemsets alone, and prints what it took as JSON; `benches/itemsets.py` sets
//! it beside other miners.
//!
//! ```text
//! cargo run --release -p regulars-models --example itemsets -- FILE SUPPORT MODE THREADS
//! ```
//!
//! `FILE` has a basket a line, item numbers with spaces between; `SUPPORT` is a number of baskets;
//! `MODE` is `count` (all by length, nothing kept), `fit` (all, kept and in order), `closed`,
//! `maximal` (counted), `top` (the 1,000 most frequent of two or more items) or `estimate`.

use std::{error::Error, io::BufRead, time::Instant};

use linfa::prelude::*;
use regulars_models::associations::{Baskets, ItemsetParams, ItemsetValidParams, Kind, MinSupport};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, support, mode, threads] = &arguments[..] else {
        return Err(
            "usage: itemsets FILE SUPPORT count|fit|closed|maximal|top|estimate THREADS".into(),
        );
    };
    let baskets = read(file)?;
    let params = ItemsetParams::new(MinSupport::Count(support.parse()?)).check()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build()?;
    let before = peak_mib();
    let started = Instant::now();
    let itemsets =
        pool.install(|| mine(&params, &baskets, mode).map_err(|error| error.to_string()))?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"itemsets\": {itemsets}, \"seconds\": {seconds:.4}, \"mib_before\": {before:.1}, \
         \"mib\": {:.1}}}",
        peak_mib()
    );
    Ok(())
}

fn mine(params: &ItemsetValidParams, baskets: &Baskets, mode: &str) -> Result<u64, Box<dyn Error>> {
    let count = |kind| {
        params
            .spectrum(baskets, kind)
            .map(|of_length| of_length.iter().sum())
    };
    Ok(match mode {
        "count" => count(Kind::All)?,
        "closed" => count(Kind::Closed)?,
        "maximal" => count(Kind::Maximal)?,
        "fit" => params.fit(baskets)?.len() as u64,
        "top" => {
            let pairs = ItemsetParams::new(params.min_support())
                .min_len(2)
                .check()?;
            pairs.top_k(baskets, 1000)?.len() as u64
        }
        "estimate" => {
            let estimate = params.estimate(baskets, 1)?;
            eprintln!("{estimate:?}");
            estimate.itemsets as u64
        }
        _ => return Err(format!("there is no mode {mode}").into()),
    })
}

fn read(file: &str) -> Result<Baskets, Box<dyn Error>> {
    let mut offsets = vec![0];
    let mut items = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(file)?).lines() {
        for code in line?.split_ascii_whitespace() {
            items.push(code.parse::<u32>()?);
        }
        offsets.push(items.len());
    }
    let n_items = items
        .iter()
        .max()
        .map_or(0, |&highest| highest as usize + 1);
    Ok(Baskets::from_csr(offsets, items, n_items)?)
}

/// The most memory that this process has held, as Linux counts it; 0 elsewhere.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

//! k-means from given centres, timed alone, and what it took as JSON; `benches/kmeans.py` sets it beside
//! scikit-learn.
//!
//! ```text
//! cargo run --release -p regulars-models --example kmeans -- ROWS CENTRES COLUMNS THREADS
//! ```
//!
//! `ROWS` and `CENTRES` are files of rows of `COLUMNS` little-endian `f64`. Reading them is not in the
//! times. Memory is the peak of the process, and what it held before.

use std::{error::Error, fs, time::Instant};

use ndarray::Array2;
use regulars_models::clustering::k_means_from;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, centres, columns, threads] = &arguments[..] else {
        return Err("usage: kmeans ROWS CENTRES COLUMNS THREADS".into());
    };
    let columns = columns.parse()?;
    let (x, centres) = (numbers(rows, columns)?, numbers(centres, columns)?);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build()?;
    let before = memory("VmRSS");
    let (cpu, started) = (cpu_seconds(), Instant::now());
    let found = pool.install(|| k_means_from(x.view(), centres, 300))?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"seconds\": {seconds}, \"cpu\": {}, \"inertia\": {:?}, \"converged\": {}, \"before\": {before}, \"peak\": {}}}",
        cpu_seconds() - cpu,
        found.inertia,
        found.converged,
        memory("VmHWM")
    );
    Ok(())
}

fn numbers(path: &str, columns: usize) -> Result<Array2<f64>, Box<dyn Error + Send + Sync>> {
    let bytes = fs::read(path)?;
    let mut values = Vec::with_capacity(bytes.len() / 8);
    for number in bytes.chunks_exact(8) {
        values.push(f64::from_le_bytes(number.try_into()?));
    }
    drop(bytes);
    Ok(Array2::from_shape_vec(
        (values.len() / columns, columns),
        values,
    )?)
}

/// MiB, as the system tells them.
fn memory(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    number.unwrap_or(f64::NAN) / 1024.0
}

/// Processor seconds of all threads so far.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

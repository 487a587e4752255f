//! Times the fitting and the scoring of tree models alone, and prints what they took as JSON;
//! `benches/trees.py` sets it beside other libraries.
//!
//! ```text
//! cargo run --release -p regulars-models --example trees -- \
//!     TASK FEATURES LABELS COLUMNS TRAIN TREES LEAVES THREADS SCORES
//! ```
//!
//! `TASK` is `boost` (rate 0.1, 255 bins, every row and column in every tree), `tree` (Gini, depth
//! 8) or `forest` (at least 20 rows a leaf, as many columns a node as the square root). `FEATURES` holds
//! rows of `COLUMNS` little-endian `f32`, `LABELS` a byte a row, 0 or 1. The first `TRAIN` rows
//! are learned from; the others are scored, and their scores written to `SCORES` as `f64`.
//! Reading and writing files is not in the times. Memory is the peak of the process, and what it
//! held before the fit.

use std::{error::Error, fs, time::Instant};

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use regulars_models::tree::{DecisionTree, GradientBoosting, Impurity, RandomForest};

struct Job {
    task: String,
    trees: usize,
    leaves: usize,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, x, y, columns, train, trees, leaves, threads, out] = &arguments[..] else {
        return Err(
            "usage: trees TASK FEATURES LABELS COLUMNS TRAIN TREES LEAVES THREADS SCORES".into(),
        );
    };
    let job = Job {
        task: task.clone(),
        trees: trees.parse()?,
        leaves: leaves.parse()?,
    };
    let x = features(x, columns.parse()?)?;
    let y = Array1::from_iter(fs::read(y)?.into_iter().map(|label| label == 1));
    let (x_train, x_test) = x.view().split_at(Axis(0), train.parse()?);
    let y_train = y.view().split_at(Axis(0), train.parse()?).0;
    let train = DatasetBase::new(x_train, y_train);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build()?;
    pool.install(|| run(&job, &train, x_test, out))
}

fn run(
    job: &Job,
    train: &DatasetBase<ArrayView2<'_, f32>, ndarray::ArrayView1<'_, bool>>,
    test: ArrayView2<'_, f32>,
    out: &str,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = peak_mib();
    let started = Clock::start();
    let (fit, scores) = match job.task.as_str() {
        "boost" => {
            let model = GradientBoosting::params()
                .n_trees(job.trees)
                .max_leaves(job.leaves)
                .learning_rate(0.1)
                .min_rows_per_leaf(20)
                .l2(0.0)
                .row_fraction(1.0)
                .feature_fraction(1.0)
                .early_stopping_rounds(None)
                .fit(train)?;
            (started.read(), model.predict_probability(test))
        }
        "tree" => {
            let model = DecisionTree::params()
                .impurity(Impurity::Gini)
                .max_leaves(usize::MAX)
                .max_depth(Some(8))
                .min_rows_per_leaf(1)
                .prior_rows(0.0)
                .fit(train)?;
            (started.read(), model.predict_probability(test))
        }
        "forest" => {
            let model = RandomForest::params()
                .n_trees(job.trees)
                .max_leaves(None)
                .min_rows_per_leaf(20)
                .out_of_bag(false)
                .fit(train)?;
            (started.read(), model.predict_probability(test))
        }
        task => return Err(format!("there is no task {task}").into()),
    };
    let all = started.read();
    println!(
        "{{\"fit\": {:.4}, \"fit_cpu\": {:.2}, \"score\": {:.4}, \"score_cpu\": {:.2}, \
         \"mib_before\": {before:.1}, \"mib\": {:.1}}}",
        fit.0,
        fit.1,
        all.0 - fit.0,
        all.1 - fit.1,
        peak_mib()
    );
    let bytes: Vec<u8> = scores
        .iter()
        .flat_map(|score| score.to_le_bytes())
        .collect();
    fs::write(out, bytes)?;
    Ok(())
}

/// Seconds by the clock on the wall and seconds of processors.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), processor_seconds())
    }

    fn read(&self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), processor_seconds() - self.1)
    }
}

/// What this process has used of all processors, as Linux counts it in hundredths; 0 elsewhere.
fn processor_seconds() -> f64 {
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// Read in pieces, so that what reading takes does not hide what fitting takes.
fn features(file: &str, columns: usize) -> Result<Array2<f32>, Box<dyn Error + Send + Sync>> {
    let mut reader = fs::File::open(file)?;
    let values = reader.metadata()?.len() as usize / 4;
    let mut x = Vec::with_capacity(values);
    let mut piece = vec![0; 1 << 16];
    while x.len() < values {
        let bytes = piece.len().min((values - x.len()) * 4);
        std::io::Read::read_exact(&mut reader, &mut piece[..bytes])?;
        let numbers = piece[..bytes].chunks_exact(4);
        x.extend(numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    }
    Ok(Array2::from_shape_vec((values / columns, columns), x)?)
}

/// The most memory that this process has held, as Linux counts it; 0 elsewhere.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

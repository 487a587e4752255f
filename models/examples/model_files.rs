//! How large saved models are and how long writing and reading them takes:
//!
//! ```text
//! cargo run --release -p regulars-models --example model_files
//! ```

use std::time::Instant;

use linfa::prelude::*;
use ndarray::{Array1, Array2};
use regulars_models::format::{Feature, Model, SavedModel};
use regulars_models::tree::{GradientBoosting, RandomForest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rows, columns) = (20_000, 40);
    let draw = |row: usize, column: usize| {
        let mixed = (row * columns + column).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 / (1 << 24) as f32
    };
    let x = Array2::from_shape_fn((rows, columns), |(row, column)| draw(row, column));
    let y = Array1::from_shape_fn(rows, |row| {
        x[[row, 0]] + x[[row, 1]] * x[[row, 2]] + 0.5 * draw(row, 99) > 1.0
    });
    let data = Dataset::new(x, y);
    let boosting = |leaves| GradientBoosting::params().n_trees(300).max_leaves(leaves);
    let models: [(&str, Model); 3] = [
        (
            "boosting, 300 trees of 8 leaves",
            boosting(8).fit(&data)?.into(),
        ),
        (
            "boosting, 300 trees of 31 leaves",
            boosting(31).fit(&data)?.into(),
        ),
        (
            "forest, 50 trees",
            RandomForest::params().n_trees(50).fit(&data)?.into(),
        ),
    ];
    println!("model                               KB   write ms  read ms");
    for (name, model) in models {
        let features = (0..columns)
            .map(|i| Feature::numeric(format!("x{i}")))
            .collect();
        let saved = SavedModel::new(model, features)?;
        let text = saved.to_json();
        // The least of some runs.
        let (mut write, mut read) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..7 {
            let start = Instant::now();
            assert_eq!(saved.to_json().len(), text.len());
            write = write.min(start.elapsed().as_secs_f64());
            let start = Instant::now();
            assert_eq!(SavedModel::from_json(&text)?.features().len(), columns);
            read = read.min(start.elapsed().as_secs_f64());
        }
        let (kb, write, read) = (text.len() as f64 / 1e3, 1e3 * write, 1e3 * read);
        println!("{name:<33} {kb:>6.0} {write:>9.1} {read:>8.1}");
    }
    Ok(())
}

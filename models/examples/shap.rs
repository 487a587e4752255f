//! Times the explanations of a sum of trees, and prints what they took as JSON; `benches/explain.py`
//! sets them beside the shap package and LightGBM.
//!
//! ```text
//! cargo run --release -p regulars-models --example shap -- MODEL ROWS BACKGROUND GAME THREADS OUT
//! ```
//!
//! `MODEL` is JSON: `features`, and `trees` as the columns of [`TreeColumns`]. `ROWS` and
//! `BACKGROUND` hold little-endian 32-bit floats, row after row, `NaN` where missing. `GAME` is
//! `path`, `background` or `interactions`. `OUT` receives the values as little-endian 64-bit floats;
//! `-` leaves them out. `seconds` is the time of explaining, `ready` that of making the trees ready.

use std::{error::Error, fs, time::Instant};

use ndarray::Array2;
use regulars_models::explain::{TreeColumns, TreeSum};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, rows, background, game, threads, out] = &arguments[..] else {
        return Err(
            "usage: shap MODEL ROWS BACKGROUND path|background|interactions THREADS OUT".into(),
        );
    };
    let sum = read_model(model)?;
    let rows = read_rows(rows, sum.feature_count())?;
    let background = read_rows(background, sum.feature_count())?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build()?;
    let started = Instant::now();
    let (ready, values) = pool.install(|| explain(game, &sum, &rows, &background))?;
    let seconds = started.elapsed().as_secs_f64() - ready;
    println!("{{\"ready\": {ready:.4}, \"seconds\": {seconds:.4}}}");
    if out != "-" {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        fs::write(out, bytes)?;
    }
    Ok(())
}

fn explain(
    game: &str,
    sum: &TreeSum<'_>,
    rows: &Array2<f32>,
    background: &Array2<f32>,
) -> Result<(f64, Vec<f64>), String> {
    let message = |error: regulars_models::explain::ExplainError| error.to_string();
    let started = Instant::now();
    let shap = match game {
        "path" => sum.shap(),
        "background" => sum.shap_against(background.view()).map_err(message)?,
        "interactions" => {
            let values = sum.interactions(rows.view()).map_err(message)?;
            return Ok((0.0, values.into_iter().collect()));
        }
        other => return Err(format!("there is no game {other}")),
    };
    let ready = started.elapsed().as_secs_f64();
    let values = shap.contributions(rows.view()).map_err(message)?;
    Ok((ready, values.into_iter().collect()))
}

fn read_model(file: &str) -> Result<TreeSum<'static>, Box<dyn Error>> {
    let model: Value = serde_json::from_slice(&fs::read(file)?)?;
    let trees = model["trees"].as_array().ok_or("no trees")?;
    let trees: Vec<TreeColumns> = trees
        .iter()
        .map(|tree| TreeColumns {
            feature: column(tree, "feature", |v| v.as_u64().unwrap_or(0) as usize),
            threshold: column(tree, "threshold", |v| v.as_f64().unwrap_or(0.0) as f32),
            left_categories: column(tree, "left", |_| Vec::new()),
            missing_left: column(tree, "missing_left", |v| v.as_bool().unwrap_or(false)),
            left: column(tree, "left", |v| v.as_u64().unwrap_or(0) as usize),
            right: column(tree, "right", |v| v.as_u64().unwrap_or(0) as usize),
            value: column(tree, "value", |v| v.as_f64().unwrap_or(0.0)),
            rows: column(tree, "rows", |v| v.as_u64().unwrap_or(0) as usize),
        })
        .collect();
    let features = model["features"].as_u64().ok_or("no features")?;
    Ok(TreeSum::from_columns(features as usize, 0.0, &trees)?)
}

fn column<T>(tree: &Value, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    let values = tree[name].as_array();
    values.map_or_else(Vec::new, |values| values.iter().map(read).collect())
}

fn read_rows(file: &str, columns: usize) -> Result<Array2<f32>, Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let (values, _) = bytes.as_chunks::<4>();
    let values: Vec<f32> = values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect();
    Ok(Array2::from_shape_vec(
        (values.len() / columns, columns),
        values,
    )?)
}

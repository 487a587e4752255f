//! Generated baskets on disk: as a table, in the format of the FIMI repository, and the truth.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use super::Baskets;
use crate::files::{Beside, Format, TRUTH, TableWriter, WriteError, write_text};

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Baskets.
    pub baskets: u64,
    /// Items in all of them.
    pub lines: u64,
}

/// Writes baskets into a folder that is not there yet, or is empty: `baskets.parquet` or `.csv`
/// with a row for each item of a basket, `NAME.dat` with a line for each basket and its items as
/// numbers, settings, and the patterns that the baskets are made of. Items and baskets are
/// numbered from 1. The bytes are the same with any number of threads.
///
/// # Errors
/// A folder that holds something already, and whatever the disk refuses.
pub fn write(
    baskets: &Baskets,
    seed: u64,
    format: Format,
    out: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Written, WriteError> {
    let beside = Beside::new(out)?;
    let root = beside.path();
    let name = baskets.to_string();
    let generator = baskets.generator(seed);
    let schema = Arc::new(Schema::new(vec![
        Field::new("basket_id", DataType::Int64, true),
        Field::new("item", DataType::Int64, true),
    ]));
    let path = root.join(format!("baskets.{}", format.ending()));
    let mut table = TableWriter::new(path, format, Arc::clone(&schema))?;
    let flat_path = root.join(format!("{name}.dat"));
    let failed = |error| WriteError::io(&flat_path, error);
    let mut flat = BufWriter::with_capacity(1 << 20, File::create(&flat_path).map_err(failed)?);
    let mut written = Written::default();
    let blocks: Vec<u64> = (0..generator.blocks()).collect();
    let mut text = String::new();
    for round in blocks.chunks(4 * rayon::current_num_threads().max(1)) {
        let done: Vec<Vec<Vec<u32>>> = round
            .par_iter()
            .map(|&block| generator.block(block))
            .collect();
        for block in done {
            let (mut ids, mut items) = (Vec::new(), Vec::new());
            text.clear();
            for basket in &block {
                written.baskets += 1;
                for (place, item) in basket.iter().enumerate() {
                    ids.push(written.baskets as i64);
                    items.push(i64::from(*item) + 1);
                    let space = if place == 0 { "" } else { " " };
                    let _ = write!(text, "{space}{}", item + 1);
                }
                text.push('\n');
            }
            written.lines += items.len() as u64;
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(ids)),
                Arc::new(Int64Array::from(items)),
            ];
            let rows = RecordBatch::try_new(Arc::clone(&schema), columns)
                .expect("the columns are those of the schema");
            table.write(&rows)?;
            flat.write_all(text.as_bytes()).map_err(failed)?;
        }
        progress(written.baskets);
    }
    table.close()?;
    flat.into_inner()
        .map_err(|error| failed(error.into_error()))?;
    let truth = root.join(TRUTH);
    std::fs::create_dir_all(&truth).map_err(|error| WriteError::io(&truth, error))?;
    let mut patterns = String::from("items,weight,corruption\n");
    for pattern in generator.patterns() {
        let items: Vec<String> = pattern.items.iter().map(|i| (i + 1).to_string()).collect();
        let _ = writeln!(
            patterns,
            "{},{},{}",
            items.join(" "),
            pattern.weight,
            pattern.corruption
        );
    }
    write_text(&truth.join("patterns.csv"), &patterns)?;
    let parameters = format!(
        "{{\n  \"generator\": \"baskets\",\n  \"version\": \"{}\",\n  \"name\": \"{name}\",\n  \"seed\": {seed},\n  \
         \"baskets\": {},\n  \"lines\": {}\n}}\n",
        env!("CARGO_PKG_VERSION"),
        written.baskets,
        written.lines
    );
    write_text(&truth.join("generator.json"), &parameters)?;
    write_text(&root.join("regulars.toml"), &settings(baskets, format))?;
    beside.into_place(out)?;
    Ok(written)
}

/// Settings under which `regulars ingest` and `regulars rules` mine the baskets.
fn settings(baskets: &Baskets, format: Format) -> String {
    let (name, ending) = (baskets.to_string(), format.ending());
    // In dense baskets nearly everything is together with everything a little.
    let min_support = match baskets {
        Baskets::Quest(_) => 0.01,
        Baskets::Dense(_) => 0.4,
    };
    format!(
        r#"# Generated baskets {name}: nothing but baskets and items, for `ingest` and `rules`.

[project]
name = "{name}"

[rules]
level = "product"
later_days = 0        # baskets without time have no later weeks
min_support = {min_support}

[[sources]]
table = "interactions"
path = "baskets.{ending}"
[sources.columns]
customer_id = "basket_id"
occurred_at = {{ constant = "2025-12-31" }}
kind = {{ constant = "purchase" }}
basket_id = "basket_id"
product_id = "item"
"#
    )
}

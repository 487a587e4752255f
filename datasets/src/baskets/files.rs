//! Generated baskets on disk: as a table, in the format of the FIMI repository, and the truth.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use super::{Baskets, Generator};
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
    let generator = baskets.generator(seed);
    let mut rows = Rows::new(root, baskets, format)?;
    let blocks: Vec<u64> = (0..generator.blocks()).collect();
    for round in blocks.chunks(4 * rayon::current_num_threads().max(1)) {
        let done: Vec<Vec<Vec<u32>>> = round
            .par_iter()
            .map(|&block| generator.block(block))
            .collect();
        for block in done {
            rows.add(&block)?;
        }
        progress(rows.written.baskets);
    }
    let written = rows.close()?;
    let truth = root.join(TRUTH);
    std::fs::create_dir_all(&truth).map_err(|error| WriteError::io(&truth, error))?;
    write_text(&truth.join("patterns.csv"), &patterns(&generator))?;
    let parameters = format!(
        "{{\n  \"generator\": \"baskets\",\n  \"version\": \"{}\",\n  \"name\": \"{baskets}\",\n  \"seed\": {seed},\n  \
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

/// The baskets while they are written, as a table and as lines of numbers.
struct Rows {
    schema: SchemaRef,
    table: TableWriter,
    lines_path: PathBuf,
    lines: BufWriter<File>,
    written: Written,
}

impl Rows {
    fn new(root: &Path, baskets: &Baskets, format: Format) -> Result<Self, WriteError> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("basket_id", DataType::Int64, true),
            Field::new("item", DataType::Int64, true),
        ]));
        let path = root.join(format!("baskets.{}", format.ending()));
        let lines_path = root.join(format!("{baskets}.dat"));
        let lines =
            File::create(&lines_path).map_err(|error| WriteError::io(&lines_path, error))?;
        Ok(Self {
            table: TableWriter::new(path, format, Arc::clone(&schema) as SchemaRef)?,
            schema,
            lines_path,
            lines: BufWriter::with_capacity(1 << 20, lines),
            written: Written::default(),
        })
    }

    fn add(&mut self, block: &[Vec<u32>]) -> Result<(), WriteError> {
        let (mut ids, mut items) = (Vec::new(), Vec::new());
        let mut text = String::new();
        for basket in block {
            self.written.baskets += 1;
            for (place, item) in basket.iter().enumerate() {
                ids.push(self.written.baskets as i64);
                items.push(i64::from(*item) + 1);
                let space = if place == 0 { "" } else { " " };
                let _ = write!(text, "{space}{}", item + 1);
            }
            text.push('\n');
        }
        self.written.lines += items.len() as u64;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(ids)),
            Arc::new(Int64Array::from(items)),
        ];
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .expect("the columns are those of the schema");
        self.table.write(&rows)?;
        self.lines
            .write_all(text.as_bytes())
            .map_err(|error| WriteError::io(&self.lines_path, error))
    }

    fn close(mut self) -> Result<Written, WriteError> {
        self.table.close()?;
        self.lines
            .flush()
            .map_err(|error| WriteError::io(&self.lines_path, error))?;
        Ok(self.written)
    }
}

/// The patterns that the baskets are made of, as CSV.
fn patterns(generator: &Generator) -> String {
    let mut text = String::from("items,weight,corruption\n");
    for pattern in generator.patterns() {
        let items: Vec<String> = pattern.items.iter().map(|i| (i + 1).to_string()).collect();
        let _ = writeln!(
            text,
            "{},{},{}",
            items.join(" "),
            pattern.weight,
            pattern.corruption
        );
    }
    text
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

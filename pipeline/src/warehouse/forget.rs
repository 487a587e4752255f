//! Erases one customer from the warehouse, from every state of it that can be read back.

use std::path::Path;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch, not, nullif};
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::contract;
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::missing_stage;
use crate::warehouse::commit::{Guard, commit_tables, sweep};
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::layout::REPLACED_AT;
use crate::warehouse::ledger;
use crate::warehouse::record::last_load;
use crate::warehouse::store::{Next, Stored, StoredFile, read_stored, write_stored};
use crate::warehouse::{LOADER, folds, table_folder};

/// What was erased from one table.
pub struct Erased {
    /// The table.
    pub table: &'static str,
    /// Rows of the customer.
    pub rows: u64,
    /// Those of them that held.
    pub held: u64,
    /// Attributes of others' rows that were the id, as that of a friend who brought them is.
    pub mentions: u64,
    /// Files that were written anew.
    pub files: usize,
}

/// Erases a customer's rows, and with them every earlier state of the warehouse.
pub fn forget(engine: &Engine, out: &Path, customer: &str) -> Result<Vec<Erased>> {
    let Some(mut record) = last_load(engine, out)? else {
        return Err(missing_stage(out, LOADER, "warehouse/interactions"));
    };
    let guard = Guard::take(out)?;
    let mut tables = Vec::new();
    for name in ledger::every_table() {
        if let Some(version) = record.version_of(name) {
            tables.push(Stored::open(engine, out, name, Some(version))?);
        }
    }
    guard.clean_up(tables.iter())?;
    folds::remove_all(out)?;
    // Before any row goes, so that no load brings the customer back, whatever happens next.
    Forgotten::read(out)?.add(out, customer)?;

    let mut erased = Vec::new();
    let (mut others, mut interactions) = (Vec::new(), None);
    for stored in tables {
        let scratch = guard.scratch().join(stored.name());
        let (next, done) = without(stored, &scratch, customer)?;
        erased.extend(done);
        match next.by_month() {
            true => interactions = Some(next),
            false => others.push(next),
        }
    }
    let Some(interactions) = interactions else {
        return Err(Failure::machine("a warehouse without interactions"));
    };
    record.load += 1;
    for done in &erased {
        if let Some(held) = record.held.get_mut(done.table) {
            *held -= done.held.min(*held);
        }
    }
    commit_tables(engine, &guard, others, interactions, record)?;
    // Earlier states still hold the customer, so none can stay.
    sweep(engine, out, 0)?;
    for name in ledger::every_table() {
        remove_strays(&table_folder(out, name), customer)?;
    }
    Ok(erased)
}

/// Removes files of rows that no state of a table names and that hold the customer, as a load that
/// was cut off may leave them: what the table names holds them no more.
fn remove_strays(folder: &Path, customer: &str) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(()); // a table that this warehouse does not have
    };
    for entry in entries {
        let entry = entry.during(folder.display())?;
        let (path, kind) = (entry.path(), entry.file_type().during(folder.display())?);
        if kind.is_dir() && entry.file_name() != "_delta_log" {
            remove_strays(&path, customer)?;
        }
        let is_rows = path.extension().is_some_and(|ending| ending == "parquet");
        // What cannot be read is half a file, which no table names either.
        if kind.is_file() && is_rows && names(&path, customer).unwrap_or(true) {
            std::fs::remove_file(&path).during(path.display())?;
        }
    }
    Ok(())
}

/// Whether a file of rows has some of the customer.
fn names(path: &Path, customer: &str) -> Result<bool> {
    let file = std::fs::File::open(path).during(path.display())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let ids = ProjectionMask::columns(reader.parquet_schema(), ["customer_id"]);
    for batch in reader.with_projection(ids).build()? {
        if others(&batch?, customer)?.false_count() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn without(stored: Stored, scratch: &Path, customer: &str) -> Result<(Next, Option<Erased>)> {
    let schema = stored.schema.clone().unwrap_or_else(ledger::Ledger::schema);
    let of_files = without_month(&schema);
    let erasure = Erasure::new(stored.name(), &of_files, customer);
    let mut done = Erased {
        table: stored.name(),
        rows: 0,
        held: 0,
        mentions: 0,
        files: 0,
    };
    let (mut stay, mut come) = (Vec::new(), Vec::new());
    for file in stored.files.clone() {
        if !erasure.look(&file, &of_files, &mut done)? {
            stay.push(file);
            continue;
        }
        done.files += 1;
        let mut left = Vec::new();
        read_stored(&file.path, &of_files, |batch| {
            left.push(erasure.clean(&batch)?);
            Ok(())
        })?;
        if left.iter().any(|batch: &RecordBatch| batch.num_rows() > 0) {
            let path = scratch.join(format!("{}.parquet", done.files));
            come.push((
                file.partition,
                write_stored(&path, &of_files, left.into_iter().map(Ok))?,
            ));
        }
    }
    let next = Next {
        stored,
        schema,
        stay,
        come,
    };
    let said = erasure.has_customers || done.mentions > 0;
    Ok((next, said.then_some(done)))
}

/// What goes from the rows of a table.
struct Erasure<'a> {
    customer: &'a str,
    has_customers: bool,
    /// Places of the attributes that can hold an id of this customer. A whole number may mean
    /// anything there.
    attributes: Vec<usize>,
}

impl<'a> Erasure<'a> {
    fn new(table: &str, schema: &SchemaRef, customer: &'a str) -> Self {
        let number = customer.parse::<i64>().is_ok();
        let canonical = contract::table(table);
        let attribute = |field: &Field| {
            *field.data_type() == DataType::Utf8
                && canonical.is_some_and(|table| table.column(field.name()).is_none())
                && !contract::OWN.contains(&field.name().as_str())
        };
        let attributes = schema.fields().iter().enumerate();
        let attributes = attributes.filter(|(_, field)| !number && attribute(field));
        Self {
            customer,
            has_customers: schema.field_with_name("customer_id").is_ok(),
            attributes: attributes.map(|(place, _)| place).collect(),
        }
    }

    /// Counts what a file has of the customer; whether that is anything.
    fn look(&self, file: &StoredFile, schema: &SchemaRef, done: &mut Erased) -> Result<bool> {
        if !self.has_customers && self.attributes.is_empty() {
            return Ok(false);
        }
        let before = done.rows + done.mentions;
        read_stored(&file.path, schema, |batch| {
            let others = others(&batch, self.customer)?;
            let theirs = filter_record_batch(&batch, &not(&others)?)?;
            done.rows += theirs.num_rows() as u64;
            let ends = theirs.column_by_name(REPLACED_AT);
            done.held += ends.map_or(0, |ends| ends.null_count() as u64);
            let left = filter_record_batch(&batch, &others)?;
            for place in &self.attributes {
                done.mentions += self.named(&left, *place).true_count() as u64;
            }
            Ok(())
        })?;
        Ok(done.rows + done.mentions > before)
    }

    /// The rows of others, without the id where it is an attribute of theirs.
    fn clean(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let left = filter_record_batch(batch, &others(batch, self.customer)?)?;
        let mut columns = left.columns().to_vec();
        for place in &self.attributes {
            columns[*place] = nullif(&columns[*place], &self.named(&left, *place))?;
        }
        Ok(RecordBatch::try_new(left.schema(), columns)?)
    }

    /// The rows in which an attribute is the id.
    fn named(&self, batch: &RecordBatch, place: usize) -> BooleanArray {
        let texts = batch.column(place).as_string::<i32>();
        texts
            .iter()
            .map(|text| Some(text == Some(self.customer)))
            .collect()
    }
}

fn without_month(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .filter(|field| field.name() != "month")
        .cloned()
        .collect();
    std::sync::Arc::new(arrow::datatypes::Schema::new(fields))
}

/// Rows that are not the customer's.
pub fn others(batch: &RecordBatch, customer: &str) -> Result<BooleanArray> {
    let Some(ids) = batch.column_by_name("customer_id") else {
        return Ok(BooleanArray::from(vec![true; batch.num_rows()]));
    };
    let ids = cast(ids, &DataType::Utf8)?;
    Ok(ids
        .as_string::<i32>()
        .iter()
        .map(|id| Some(id != Some(customer)))
        .collect())
}

//! `regulars forget`: a customer is erased from the warehouse and from every file of the results.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;

use crate::cli::Forget;
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::interrupt;
use crate::lock::{Lock, usable};
use crate::manifest::{FILE_NAME, Manifest, missing_stage};
use crate::outputs::{FileEntry, read_parquet, rewrite};
use crate::run::use_threads;
use crate::stages::ingest::{
    self,
    forget::{forget, others},
};
use crate::text::plural;
use crate::warehouse::FOLDER;

/// Memory for what the erasure needs: nothing is queried.
const MEMORY: u64 = 256 << 20;

/// What is to be done with a file that mentions the customer.
enum Mention {
    /// A table: these rows stay.
    Table(RecordBatch, BooleanArray),
    /// No table; a stage or command has to write it again.
    Text,
}

/// Erases a customer and prints where something of theirs was.
pub fn run(args: &Forget) -> Result<()> {
    let out = args.output.out.as_path();
    let customer = args.customer.trim();
    if customer.is_empty() {
        return Err(
            Failure::settings("the customer's id is empty").hint("name it as the warehouse has it")
        );
    }
    usable(out)?;
    if !out.join(FOLDER).is_dir() {
        return Err(missing_stage(out, ingest::NAME, "warehouse/interactions"));
    }
    let lock = Lock::take(out, "forget", args.patience.wait, false)?;
    let engine = Engine::new(out, use_threads(None), MEMORY)?;
    let mut manifest = Manifest::open(out)?;
    // A load that was cut off may have rows of the customer among its rejects.
    ingest::receipt::settle(&engine, out, &mut manifest)?;
    lock.clear(&manifest)?;
    interrupt::whole("what was erased until now stays erased");
    let mut said = Vec::new();
    for table in forget(&engine, out, customer)? {
        said.push(format!(
            "warehouse/{}: {} in {}",
            table.table,
            plural(table.rows, "row"),
            plural(table.files as u64, "file")
        ));
    }
    let mut kept = Vec::with_capacity(manifest.files.len());
    for entry in std::mem::take(&mut manifest.files) {
        let path = out.join(&entry.path);
        match mention(&path, &entry, customer)? {
            None => kept.push(entry),
            Some(Mention::Table(table, stays)) => {
                said.push(format!(
                    "{}: {}",
                    entry.path,
                    plural(stays.false_count() as u64, "row")
                ));
                kept.push(rewrite(out, &entry, &filter_record_batch(&table, &stays)?)?);
            }
            Some(Mention::Text) => {
                std::fs::remove_file(&path).during(path.display())?;
                said.push(format!(
                    "{}: removed, since it cannot be written without them here; run {} again",
                    entry.path, entry.stage
                ));
            }
        }
    }
    manifest.files = kept;
    if out.join(FILE_NAME).is_file() {
        manifest.write(out)?;
    }
    println!("Forgotten, with every earlier state of the warehouse:");
    for line in said {
        println!("  {line}");
    }
    println!(
        "Left: the sources, which are yours; rows of this customer in them are not loaded again.\n\
         Models and rules hold no rows, but they were learned with them: regulars run learns without."
    );
    Ok(())
}

/// Whether a file of the results says something of the customer.
fn mention(path: &Path, entry: &FileEntry, customer: &str) -> Result<Option<Mention>> {
    if !path.is_file() {
        return Ok(None);
    }
    if entry.path.ends_with(".parquet") {
        let table = read_parquet(path)?;
        let stays = others(&table, customer)?;
        let all = stays.false_count() == 0;
        return Ok((!all).then_some(Mention::Table(table, stays)));
    }
    if entry.path.ends_with(".csv") {
        let table = read_csv(path)?;
        let has_ids = table.column_by_name("customer_id").is_some();
        let stays = match has_ids {
            true => others(&table, customer)?,
            false => rows_without(&table, customer),
        };
        let all = stays.false_count() == 0;
        return Ok((!all).then_some(Mention::Table(table, stays)));
    }
    let text = std::fs::read(path).during(path.display())?;
    let text = String::from_utf8_lossy(&text);
    // A whole number by itself says nothing about whom it means.
    let telling = customer.parse::<i64>().is_err();
    Ok((telling && has_word(&text, customer)).then_some(Mention::Text))
}

/// Rows of a table without ids, such as rejects, in which the customer is not named. Of rejected
/// rows it is not known which value is the id, so one too many may go.
fn rows_without(table: &RecordBatch, customer: &str) -> BooleanArray {
    let texts: Vec<&StringArray> = table
        .columns()
        .iter()
        .filter_map(|values| values.as_string_opt::<i32>())
        .collect();
    let cells = table.schema().field_with_name("value").is_ok();
    let telling = customer.parse::<i64>().is_err();
    let names = |text: &str| match cells {
        // Of a row that could not be read the fields may run into each other.
        true if telling => text.contains(customer),
        true => has_word(text, customer),
        false => text == customer,
    };
    let row = |row: usize| !texts.iter().any(|values| names(values.value(row)));
    (0..table.num_rows())
        .map(|number| Some(row(number)))
        .collect()
}

/// Whether a text holds a word, not as part of another.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next())
    })
}

/// A CSV of the results, every column as text.
fn read_csv(path: &Path) -> Result<RecordBatch> {
    let wrong = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let names: Vec<String> = reader
        .headers()
        .map_err(wrong)?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, value) in columns.iter_mut().zip(record.map_err(wrong)?.iter()) {
            column.push(value.to_owned());
        }
    }
    let columns = names.iter().zip(columns).map(|(name, values)| {
        (
            name.as_str(),
            Arc::new(StringArray::from(values)) as ArrayRef,
        )
    });
    Ok(RecordBatch::try_from_iter(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_found_as_a_word_and_not_as_a_part_of_one() {
        assert!(has_word("rows of C12, and others", "C12"));
        assert!(has_word("C12", "C12"));
        assert!(!has_word("rows of C123", "C12"));
        assert!(!has_word("AC12", "C12"));
    }
}

//! Tables into a database in one transaction: every row goes into a staging table first, then the rows
//! of before go and the new ones come. Whoever reads meanwhile sees all that was, or all that is.

use std::fs::File;
use std::io::Cursor;
use std::pin::pin;

use futures::SinkExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio_postgres::Transaction;

use super::columns::lines;
use super::tables::Table;
use crate::failure::{During, Failure, Result};
use crate::sources::database::{Server, refused};

/// What the comment of every table of ours begins with: a table without it is somebody else's.
const OURS: &str = "Written by regulars";

/// Writes all tables, or none.
///
/// # Errors
/// The database cannot be entered, goes away, or refuses; a table that somebody else has made, or
/// with a column of another type. Then everything is as it was.
pub async fn all(
    server: &Server,
    schema: &str,
    tables: &[Table],
    told: &dyn Fn(&Table),
) -> Result<()> {
    let mut client = server.connect().await?;
    let transaction = client.transaction().await.map_err(refused)?;
    // Moments are written with their zone, days as ISO 8601 says.
    execute(&transaction, "SET LOCAL DateStyle = 'ISO'").await?;
    make_schema(&transaction, schema).await?;
    for (number, table) in tables.iter().enumerate() {
        told(table);
        stage(&transaction, &staging(number), table).await?;
    }
    // Nobody waits for longer than this takes.
    for (number, table) in tables.iter().enumerate() {
        make_table(&transaction, schema, table).await?;
        swap(&transaction, schema, &staging(number), table).await?;
    }
    transaction.commit().await.map_err(refused)
}

fn staging(number: usize) -> String {
    format!("pg_temp.regulars_{number}")
}

async fn execute(transaction: &Transaction<'_>, sql: &str) -> Result<()> {
    transaction.batch_execute(sql).await.map_err(refused)
}

async fn make_schema(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    let there = transaction
        .query_opt(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
            &[&schema],
        )
        .await
        .map_err(refused)?;
    match there {
        Some(_) => Ok(()),
        None => execute(transaction, &format!("CREATE SCHEMA {}", name(schema))).await,
    }
}

/// Sends the rows of a table's file into a table that goes with the transaction.
async fn stage(transaction: &Transaction<'_>, staging: &str, table: &Table) -> Result<()> {
    let made = format!(
        "CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP",
        staging.trim_start_matches("pg_temp."),
        defined(&table.columns)
    );
    execute(transaction, &made).await?;
    let copy = format!("COPY {staging} FROM STDIN");
    let sink = transaction
        .copy_in::<str, Cursor<Vec<u8>>>(&copy)
        .await
        .map_err(refused)?;
    let mut sink = pin!(sink);
    let file = File::open(&table.path).during(table.path.display())?;
    let batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .during(table.path.display())?;
    for batch in batches {
        let batch = batch.during(table.path.display())?;
        sink.send(Cursor::new(lines(&batch)?))
            .await
            .map_err(refused)?;
    }
    sink.as_mut().finish().await.map_err(refused)?;
    Ok(())
}

/// Makes a table that is not there, and gives one that is there what it lacks.
async fn make_table(transaction: &Transaction<'_>, schema: &str, table: &Table) -> Result<()> {
    let place = format!("{}.{}", name(schema), name(&table.name));
    let found = transaction
        .query_opt(
            "SELECT c.oid, c.relkind::text, obj_description(c.oid, 'pg_class') \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            &[&schema, &table.name],
        )
        .await
        .map_err(refused)?;
    let Some(found) = found else {
        execute(
            transaction,
            &format!("CREATE TABLE {place} ({})", defined(&table.columns)),
        )
        .await?;
        if table
            .columns
            .iter()
            .any(|(column, _)| column == "customer_id")
        {
            execute(
                transaction,
                &format!("CREATE INDEX ON {place} (customer_id)"),
            )
            .await?;
        }
        return Ok(());
    };
    let (oid, kind, comment): (u32, String, Option<String>) =
        (found.get(0), found.get(1), found.get(2));
    let ours = comment.is_some_and(|comment| comment.starts_with(OURS));
    if !ours || !["r", "p"].contains(&kind.as_str()) {
        return Err(Failure::settings(format!(
            "{place} is there, and regulars has not made it"
        ))
        .hint(format!(
            "name another schema; or, if its rows may go: COMMENT ON TABLE {place} IS '{OURS}'"
        )));
    }
    let there = transaction
        .query(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute \
             WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped",
            &[&oid],
        )
        .await
        .map_err(refused)?;
    let there: Vec<(String, String)> = there.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (column, wanted) in &table.columns {
        match there.iter().find(|(other, _)| other == column) {
            Some((_, is)) if is == wanted => {}
            Some((_, is)) => {
                return Err(Failure::settings(format!(
                    "the column {column} of {place} is {is}, and would be {wanted} now"
                ))
                .hint(format!("DROP TABLE {place}, or name another schema")));
            }
            None => {
                let add = format!("ALTER TABLE {place} ADD COLUMN {} {wanted}", name(column));
                execute(transaction, &add).await?;
            }
        }
    }
    Ok(())
}

/// The rows of before go, and those of the staging table come. `DELETE` and not `TRUNCATE`, which
/// would make readers wait, or show them nothing.
async fn swap(
    transaction: &Transaction<'_>,
    schema: &str,
    staging: &str,
    table: &Table,
) -> Result<()> {
    let place = format!("{}.{}", name(schema), name(&table.name));
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(column, _)| name(column))
        .collect();
    let columns = columns.join(", ");
    let about = format!("{OURS}: {}", table.about).replace('\'', "''");
    execute(
        transaction,
        &format!(
            "LOCK TABLE {place} IN SHARE ROW EXCLUSIVE MODE; DELETE FROM {place}; \
             INSERT INTO {place} ({columns}) SELECT {columns} FROM {staging}; \
             COMMENT ON TABLE {place} IS '{about}'"
        ),
    )
    .await
}

/// The columns as a table's definition has them.
fn defined(columns: &[(String, String)]) -> String {
    let column = |(column, of): &(String, String)| format!("{} {of}", name(column));
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

/// A name as SQL writes it.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

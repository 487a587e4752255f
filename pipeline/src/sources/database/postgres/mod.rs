//! PostgreSQL: a query's rows through `COPY ... TO STDOUT`, in a transaction that cannot write.

mod copy;
mod server;
mod tls;

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::StreamExt;
use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;

use self::copy::field;
pub use self::server::Server;
use super::answer::{Answer, Answered, no_columns};
use super::column::Column;
use super::{Question, quoted};
use crate::failure::{Failure, Result};
use crate::sources::BATCH_ROWS;

/// Bytes of lines that are taken together at most, however few rows they are.
const BATCH_BYTES: usize = 8 << 20;

/// What the server or its client said about a failure.
struct Complaint {
    /// The SQLSTATE, when it was the server.
    code: Option<String>,
    message: String,
    hint: Option<String>,
    /// The character of the query that it is about, counted from 1.
    position: Option<usize>,
}

impl From<tokio_postgres::Error> for Complaint {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return Self::plain(&error);
        };
        Self {
            code: Some(server.code().code().to_owned()),
            message: server.message().to_owned(),
            hint: server.hint().or(server.detail()).map(str::to_owned),
            position: match server.position() {
                Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
                _ => None, // in a query of the server's own making
            },
        }
    }
}

impl Complaint {
    fn plain(error: &dyn std::error::Error) -> Self {
        let mut deepest = error;
        while let Some(inner) = deepest.source() {
            deepest = inner;
        }
        let message = deepest.to_string();
        Self {
            code: None,
            message: message.lines().next().unwrap_or_default().to_owned(),
            hint: None,
            position: None,
        }
    }

    /// The first two letters of its SQLSTATE.
    fn class(&self) -> &str {
        self.code
            .as_deref()
            .map_or("", |code| &code[..2.min(code.len())])
    }

    /// Whether it is of a class that no query is to blame for: connection, resources, operator, system.
    fn is_of_the_machine(&self) -> bool {
        self.code.is_none() || ["08", "53", "57", "58", "XX"].contains(&self.class())
    }

    fn went_away(self) -> Failure {
        Failure::machine(self.message).hint("did the server or the network go away? Run it again")
    }

    /// A failure of what was written, or of the SQL that writes it, which is ours.
    fn of_writing(self) -> Failure {
        if self.is_of_the_machine() {
            return self.went_away();
        }
        let message = format!("PostgreSQL says: {}", self.message);
        match self.class() {
            // What it cannot keep, or a constraint that somebody has put there.
            "22" | "23" => Failure::data(message),
            _ => Failure::settings(message),
        }
        .hint(self.hint.unwrap_or_else(|| {
            "may this user make schemas, tables and temporary tables there, and write to them?"
                .to_owned()
        }))
    }

    /// A failure of a query, with the place in it that the server points at.
    fn about(self, question: &Question) -> Failure {
        let class = self.class().to_owned();
        if self.is_of_the_machine() {
            return self.went_away();
        }
        let place = match self.position.filter(|_| question.written) {
            Some(position) => {
                let before: String = question
                    .sql
                    .chars()
                    .take(position.saturating_sub(1))
                    .collect();
                let line = before.matches('\n').count() + 1;
                let column = before
                    .rsplit('\n')
                    .next()
                    .map_or(0, |line| line.chars().count())
                    + 1;
                format!(", at line {line}, character {column} of the query")
            }
            None => String::new(),
        };
        Failure::settings(format!("PostgreSQL says: {}{place}", self.message)).hint(match self.hint {
            Some(hint) => hint,
            None if class == "25" => "the query may only read".to_owned(),
            None => "try it in psql first; names are folded to lower case unless they are in double quotes".to_owned(),
        })
    }
}

/// What the server said when something was written to it.
pub fn refused(error: tokio_postgres::Error) -> Failure {
    Complaint::from(error).of_writing()
}

/// Asks, and writes the rows into the spool as they come.
pub async fn ask(client: &Client, question: &Question, spool: &Path) -> Result<Answered> {
    client
        // Dates are written as ISO 8601 says, numbers with all their digits.
        .batch_execute(
            "BEGIN READ ONLY; SET LOCAL DateStyle = 'ISO'; SET LOCAL extra_float_digits = 3",
        )
        .await
        .map_err(|error| Complaint::from(error).about(question))?;
    let statement = client
        .prepare(&question.sql)
        .await
        .map_err(|error| Complaint::from(error).about(question))?;
    let mut reader = Reader::new(statement.columns().iter().map(|column| {
        let type_name = column.type_().name();
        (
            column.name(),
            type_name,
            copy::column(type_name, column.type_modifier()),
        )
    }));
    if reader.columns.is_empty() {
        return Err(no_columns());
    }
    let mut answer = Answer::begin(spool, reader.schema.clone(), question.watermark.as_deref())?;
    let text = question.watermark.as_ref().is_some_and(|name| {
        let field = reader.schema.field_with_name(name);
        field.is_ok_and(|field| *field.data_type() == DataType::Utf8)
    });
    let wanted = question.wanted(|column, since| {
        // Texts grow in the order of their bytes, whatever the language of the database.
        let order = if text { " COLLATE \"C\"" } else { "" };
        format!("{column}{order} > {}", quoted(since, '\''))
    });
    let copy = format!("COPY (\n{wanted}\n) TO STDOUT");
    let rows = client.copy_out(copy.as_str()).await.map_err(|error| {
        let mut complaint = Complaint::from(error);
        complaint.position = None; // a place in another text than the settings have
        complaint.about(question)
    })?;
    let mut stream = pin!(rows);
    let mut lines: Vec<u8> = Vec::new();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|error| Complaint::from(error).about(question))?;
        lines.extend_from_slice(&bytes);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &lines[start..]) {
            reader.line(&lines[start..start + end])?;
            start += end + 1;
            if reader.rows >= BATCH_ROWS || reader.bytes >= BATCH_BYTES {
                answer.write(&reader.batch()?)?;
            }
        }
        lines.drain(..start);
    }
    answer.write(&reader.batch()?)?;
    answer.finish()
}

/// Lines become columns.
struct Reader {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// What PostgreSQL calls their types.
    types: Vec<String>,
    /// Rows and bytes since the last batch, and rows before it.
    rows: usize,
    bytes: usize,
    before: usize,
}

impl Reader {
    fn new<'a>(columns: impl Iterator<Item = (&'a str, &'a str, Column)>) -> Self {
        let mut fields = Vec::new();
        let mut types = Vec::new();
        let mut builders = Vec::new();
        for (name, type_name, column) in columns {
            fields.push(Field::new(name, column.data_type(), true));
            types.push(type_name.to_owned());
            builders.push(column);
        }
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns: builders,
            types,
            rows: 0,
            bytes: 0,
            before: 0,
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        self.rows += 1;
        self.bytes += line.len();
        let mut fields = line.split(|&byte| byte == b'\t');
        for (place, column) in self.columns.iter_mut().enumerate() {
            let Some(raw) = fields.next() else {
                return Err(Failure::machine("the server sent a row that is cut short"));
            };
            let bytes = field(raw);
            let text = bytes.as_deref().map(std::str::from_utf8).transpose();
            let kept = text
                .map_err(|_| "is no UTF-8 text")
                .and_then(|text| column.push(text));
            if let Err(reason) = kept {
                let name = self.schema.field(place).name();
                return Err(Failure::data(format!(
                    "row {}: column `{name}` ({}): `{}` {reason}",
                    self.before + self.rows,
                    self.types[place],
                    String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()),
                ))
                .hint(format!(
                    "change it in the query, for example {name}::text, round({name}, 4) or nullif({name}, 'infinity')"
                )));
            }
        }
        Ok(())
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        self.before += self.rows;
        (self.rows, self.bytes) = (0, 0);
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(sql: &str) -> Question {
        Question {
            sql: sql.to_owned(),
            written: true,
            watermark: None,
            since: None,
        }
    }

    #[test]
    fn a_place_in_the_query_is_told_by_line_and_character() {
        let complaint = Complaint {
            code: Some("42703".to_owned()),
            message: "column \"kunde\" does not exist".to_owned(),
            hint: None,
            position: Some(17),
        };
        let failure = complaint.about(&question("SELECT id,\n     kunde FROM t"));
        assert_eq!(
            failure.message,
            "PostgreSQL says: column \"kunde\" does not exist, at line 2, character 6 of the query"
        );
    }

    #[test]
    fn a_value_that_cannot_be_kept_is_named_with_its_row_and_column() {
        let columns = [("paid", "numeric", copy::column("numeric", -1))];
        let mut reader = Reader::new(columns.into_iter());
        reader.line(b"1.5").unwrap();
        reader.line(b"\\N").unwrap();
        let failure = reader.line(b"NaN").unwrap_err();
        assert_eq!(
            failure.message,
            "row 3: column `paid` (numeric): `NaN` is no finite number"
        );
    }
}

//! The gates of one table, asked in SQL: one pass for all that look at single rows, one more for
//! each that compares rows with each other or with another table.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::NaiveDate;
use datafusion::dataframe::DataFrame;

use crate::config::Constant;
use crate::config::gate::{Bound, Check, Gate, Range};
use crate::contract;
use crate::engine::Scope;
use crate::failure::{Cause, Failure, Result, did_you_mean};
use crate::stages::ingest::gates::{Finding, oldest, row_count};
use crate::text::{count, percent, plural};
use crate::user_sql::apart;
use crate::words::said;

/// How many failing values are shown.
const EXAMPLES: usize = 5;

/// Checks gates of one table, whose registered name is `view`.
pub fn check(
    scope: &Scope,
    view: &str,
    gates: &[&Gate],
    views: &dyn Fn(&str) -> Option<String>,
    today: NaiveDate,
) -> Result<Vec<Finding>> {
    let table = Table {
        scope,
        view: quoted(view),
        schema: scope.schema(view)?,
    };
    let mut findings: Vec<Option<Finding>> = gates.iter().map(|_| None).collect();
    let mut columns = vec!["count(*) AS rows".to_owned()];
    let mut asked = Vec::new();
    for (number, gate) in gates.iter().enumerate() {
        let question = match table.question(gate, views) {
            Ok(question) => question,
            Err(problem) => {
                findings[number] = Some(Finding::impossible(problem));
                continue;
            }
        };
        match question {
            Question::Values(sql) => {
                findings[number] = Some(or_impossible(table.values(gate, &sql))?)
            }
            Question::Aggregate(aggregates) => {
                for (place, aggregate) in aggregates.iter().enumerate() {
                    columns.push(format!("{aggregate} AS a_{number}_{place}"));
                }
                asked.push(number);
            }
        }
    }
    let found = table.aggregates(&columns, gates, &asked, today)?;
    for (number, finding) in asked.into_iter().zip(found) {
        findings[number] = Some(finding);
    }
    Ok(findings
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect())
}

/// SQL that cannot be calculated for some row is a gate that is not passed.
fn or_impossible(found: Result<Finding>) -> Result<Finding> {
    match found {
        Err(failure) if failure.cause == Cause::Data => Ok(Finding::impossible(tr!(
            "a row that it cannot be asked of: {problem}",
            problem = apart(&failure.message).1
        ))),
        found => found,
    }
}

/// What has to be asked for a gate.
enum Question {
    /// Aggregates over the whole table, which share one pass with those of other gates.
    Aggregate(Vec<String>),
    /// A query of `value`, `n` (rows with it) and `bad` (rows of these that fail).
    Values(String),
}

struct Table<'a> {
    scope: &'a Scope,
    /// Its registered name, quoted.
    view: String,
    schema: SchemaRef,
}

impl Table<'_> {
    /// The question that a gate asks, made sure that it can be asked.
    fn question(
        &self,
        gate: &Gate,
        views: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Question, String> {
        let check = gate.check().map_err(|_| tr!("no single check"))?;
        let scope = scope(gate);
        let question = match check {
            Check::Unique => {
                let column = quoted(self.column(gate)?);
                Question::Values(format!(
                    "SELECT {column} AS value, count(*) AS n, count(*) - 1 AS bad FROM {} \
                     WHERE {scope} AND {column} IS NOT NULL GROUP BY {column}",
                    self.view
                ))
            }
            Check::KnownIn(other) => {
                let column = quoted(self.column(gate)?);
                let key = contract::table(other).and_then(|table| table.key);
                let (Some(key), Some(known)) = (key, views(other)) else {
                    return Err(tr!("there is no table {table}", table = other));
                };
                Question::Values(format!(
                    "SELECT g.value, g.n, CASE WHEN k.key IS NULL THEN g.n ELSE 0 END AS bad FROM \
                     (SELECT {column} AS value, count(*) AS n FROM {} \
                     WHERE {scope} AND {column} IS NOT NULL GROUP BY {column}) g LEFT JOIN \
                     (SELECT DISTINCT {} AS key FROM {}) k ON g.value = k.key",
                    self.view,
                    quoted(key),
                    quoted(&known),
                ))
            }
            Check::Fresh(_) => {
                let day = self.day(self.column(gate)?);
                Question::Aggregate(vec![format!("max({day}) FILTER (WHERE {scope})")])
            }
            Check::Rows(_) => Question::Aggregate(vec![format!("count(*) FILTER (WHERE {scope})")]),
            _ => {
                let bad = self.bad(gate, check)?;
                Question::Aggregate(vec![
                    format!("count(*) FILTER (WHERE {scope})"),
                    format!("count(*) FILTER (WHERE {scope} AND {bad})"),
                ])
            }
        };
        self.can_be_asked(&question)?;
        Ok(question)
    }

    /// What the gates of these numbers found, in one pass over the table.
    fn aggregates(
        &self,
        columns: &[String],
        gates: &[&Gate],
        asked: &[usize],
        today: NaiveDate,
    ) -> Result<Vec<Finding>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let ask = |columns: &[String]| {
            self.scope
                .query(&format!("SELECT {} FROM {}", columns.join(", "), self.view))
        };
        let finding =
            |number: usize, row: &RecordBatch| self.finding(gates[number], number, row, today);
        match ask(columns) {
            Ok(row) => asked.iter().map(|&number| finding(number, &row)).collect(),
            // One of them cannot be calculated for some row: each alone, to say which.
            Err(failure) if failure.cause == Cause::Data => {
                let alone = |&number: &usize| {
                    let own = format!(" AS a_{number}_");
                    let own = columns.iter().filter(|column| column.contains(&own));
                    let row = ask(&own.cloned().collect::<Vec<_>>());
                    or_impossible(row.and_then(|row| finding(number, &row)))
                };
                asked.iter().map(alone).collect()
            }
            Err(failure) => Err(failure),
        }
    }

    /// Makes sure that a question can be asked. It is planned alone, so that a mistake in one gate's
    /// SQL is that gate's and no other's.
    fn can_be_asked(&self, question: &Question) -> Result<(), String> {
        let sql = match question {
            Question::Values(sql) => sql.clone(),
            Question::Aggregate(aggregates) => {
                format!("SELECT {} FROM {}", aggregates.join(", "), self.view)
            }
        };
        let planned = self
            .scope
            .frame(&sql)
            .and_then(DataFrame::into_optimized_plan);
        planned.map(drop).map_err(|error| {
            let text = error.strip_backtrace();
            let line = text.lines().next().unwrap_or_default();
            let line = line.trim_end_matches('.');
            tr!("a question that cannot be asked: {problem}", problem = line)
        })
    }

    /// The gate's column, which the table must have.
    fn column<'g>(&self, gate: &'g Gate) -> Result<&'g str, String> {
        let column = gate.column().ok_or_else(|| tr!("no column"))?;
        if self.schema.field_with_name(column).is_ok() {
            return Ok(column);
        }
        let known: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let hint = did_you_mean(column, &known);
        Err(tr!(
            "no column `{column}` in {table}; {hint}",
            column = column,
            table = gate.table,
            hint = hint
        ))
    }

    fn data_type(&self, column: &str) -> DataType {
        self.schema
            .field_with_name(column)
            .map_or(DataType::Null, |field| field.data_type().clone())
    }

    /// The calendar day of a column: of an interaction's time that of the project's time zone.
    fn day(&self, column: &str) -> String {
        if column == "occurred_at" && self.schema.field_with_name("day").is_ok() {
            return quoted("day");
        }
        format!("CAST({} AS DATE)", quoted(column))
    }

    /// SQL that is true for a row that fails; a missing value fails `not_null` alone.
    fn bad(&self, gate: &Gate, check: Check<'_>) -> Result<String, String> {
        if let Check::Holds(sql) = check {
            return Ok(format!("(\n{sql}\n) IS FALSE"));
        }
        let name = self.column(gate)?;
        let column = quoted(name);
        let data_type = self.data_type(name);
        let number = data_type.is_numeric() && data_type != DataType::Int64;
        Ok(match check {
            Check::NotNull => format!("{column} IS NULL"),
            Check::Range(range) => self.outside(name, range)?,
            Check::OneOf(values) if number => {
                let list: Vec<String> = values
                    .iter()
                    .filter_map(number_of)
                    .map(|n| format!("{n:?}"))
                    .collect();
                if list.is_empty() {
                    return Err(tr!("numbers in {name}, and none in one_of", name = name));
                }
                format!("CAST({column} AS DOUBLE) NOT IN ({})", list.join(", "))
            }
            Check::OneOf(values) => {
                let list: Vec<String> = values
                    .iter()
                    .map(|value| literal(&value.to_string()))
                    .collect();
                format!("CAST({column} AS VARCHAR) NOT IN ({})", list.join(", "))
            }
            Check::Matches(pattern) => {
                format!(
                    "NOT regexp_like(CAST({column} AS VARCHAR), {})",
                    literal(pattern)
                )
            }
            _ => return Err(tr!("no check of single rows")),
        })
    }

    fn outside(&self, name: &str, range: &Range) -> Result<String, String> {
        let data_type = self.data_type(name);
        let side = |bound: Bound, sign: &str| match bound {
            Bound::Day(day) if data_type.is_temporal() => {
                Ok(format!("{} {sign} DATE '{day}'", self.day(name)))
            }
            Bound::Whole(_) | Bound::Number(_) if data_type.is_numeric() => {
                Ok(format!("{} {sign} {bound}", quoted(name)))
            }
            _ => Err(tr!(
                "{name} is {data_type}, which cannot be compared with {bound}",
                name = name,
                data_type = data_type,
                bound = bound
            )),
        };
        let sides = [
            range.min.map(|min| side(min, "<")),
            range.max.map(|max| side(max, ">")),
        ];
        let sides = sides.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
        Ok(format!("({})", sides.join(" OR ")))
    }

    /// What the shared pass found for a gate.
    fn finding(
        &self,
        gate: &Gate,
        number: usize,
        row: &RecordBatch,
        today: NaiveDate,
    ) -> Result<Finding> {
        let whole = |place: usize| {
            let column = row.column_by_name(&format!("a_{number}_{place}"));
            let values = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
            values
                .filter(|values| !values.is_empty())
                .map_or(0, |values| values.value(0).max(0) as u64)
        };
        match gate.check() {
            Ok(Check::Rows(rows)) => Ok(row_count(rows, whole(0), None)),
            Ok(Check::Fresh(days)) => {
                let column = row.column_by_name(&format!("a_{number}_0"));
                let newest = column
                    .and_then(|column| column.as_primitive_opt::<Date32Type>())
                    .filter(|values| !values.is_empty() && values.is_valid(0))
                    .and_then(|values| values.value_as_date(0));
                let oldest = oldest(today, days);
                Ok(match newest {
                    Some(newest) => {
                        Finding::of(newest >= oldest, tr!("newest day {day}", day = newest))
                    }
                    None => Finding::impossible(tr!("no day at all")),
                })
            }
            Ok(check) => {
                let (seen, failing) = (whole(0), whole(1));
                let mut finding = rows_finding(gate, seen, failing);
                if failing > 0 {
                    let bad = self.bad(gate, check).map_err(Failure::data)?;
                    finding.examples = self.examples(gate, check, &bad)?;
                }
                Ok(finding)
            }
            Err(_) => Ok(Finding::impossible(tr!("no single check"))),
        }
    }

    /// The most frequent of the failing values, or the first of the rows when no value fails.
    fn examples(&self, gate: &Gate, check: Check<'_>, bad: &str) -> Result<Vec<String>> {
        let scope = scope(gate);
        let sql = match gate.column() {
            Some(column) if check != Check::NotNull => format!(
                "SELECT {0} AS value, count(*) AS n FROM {1} WHERE {scope} AND {bad} \
                 GROUP BY {0} ORDER BY n DESC, value LIMIT {EXAMPLES}",
                quoted(column),
                self.view
            ),
            _ => {
                let key = contract::table(&gate.table).and_then(|table| table.key);
                let row = match key {
                    Some(key) => format!("CAST({} AS VARCHAR)", quoted(key)),
                    None => {
                        format!(
                            "concat(CAST(customer_id AS VARCHAR), {}, CAST(occurred_at AS VARCHAR))",
                            literal(said(mark!(" at ")))
                        )
                    }
                };
                format!(
                    "SELECT concat({}, {row}) AS value, CAST(1 AS BIGINT) AS n FROM {} \
                     WHERE {scope} AND {bad} ORDER BY value LIMIT {EXAMPLES}",
                    literal(said(mark!("the row of "))),
                    self.view
                )
            }
        };
        examples_in(&self.scope.query(&sql)?)
    }

    /// Asks a question whose answer is a list of values.
    fn values(&self, gate: &Gate, sql: &str) -> Result<Finding> {
        let totals = self.scope.query(&format!(
            "SELECT CAST(coalesce(sum(n), 0) AS BIGINT), CAST(coalesce(sum(bad), 0) AS BIGINT) FROM ({sql}) v"
        ))?;
        let total = |place: usize| {
            totals
                .column(place)
                .as_primitive::<Int64Type>()
                .value(0)
                .max(0) as u64
        };
        let (seen, failing) = (total(0), total(1));
        let mut finding = rows_finding(gate, seen, failing);
        if failing > 0 {
            let worst = format!(
                "SELECT value, n FROM ({sql}) v WHERE bad > 0 ORDER BY n DESC, value LIMIT {EXAMPLES}"
            );
            finding.examples = examples_in(&self.scope.query(&worst)?)?;
        }
        Ok(finding)
    }
}

fn rows_finding(gate: &Gate, seen: u64, failing: u64) -> Finding {
    let share = failing as f64 / seen.max(1) as f64;
    let observed = if failing == 0 {
        tr!("{rows}, none fails", rows = plural(seen, "row"))
    } else {
        tr!(
            "{failing} of {rows} ({share}) failing",
            failing = count(failing),
            rows = plural(seen, "row"),
            share = percent(share)
        )
    };
    Finding {
        passed: share <= gate.max_share.unwrap_or(0.0),
        observed,
        failing_rows: failing,
        examples: Vec::new(),
    }
}

/// Values with how often they occur, as text.
fn examples_in(rows: &RecordBatch) -> Result<Vec<String>> {
    let options = FormatOptions::default();
    let values = ArrayFormatter::try_new(rows.column(0).as_ref(), &options)?;
    let counts = rows.column(1).as_primitive::<Int64Type>();
    Ok((0..rows.num_rows())
        .map(|row| match counts.value(row) {
            1 => values.value(row).to_string(),
            times => tr!(
                "{value} ({n} rows)",
                value = values.value(row),
                n = count(times.max(0) as u64)
            ),
        })
        .collect())
}

fn number_of(value: &Constant) -> Option<f64> {
    match value {
        Constant::Whole(number) => Some(*number as f64),
        Constant::Number(number) => Some(*number),
        Constant::Text(text) => text.trim().parse().ok(),
        Constant::Flag(_) => None,
    }
}

/// The rows that a gate looks at. The line breaks end a comment in the user's SQL.
fn scope(gate: &Gate) -> String {
    match &gate.scope {
        Some(sql) => format!("(\n{sql}\n)"),
        None => "true".to_owned(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

//! `where` of a source: which of its rows are loaded. The others are counted as left out.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;

use super::evaluate::evaluate;
use super::mapping::{SourcePlan, wrong_sql};
use crate::config::{Format, Mapping};
use crate::contract;
use crate::failure::{Failure, Result};
use crate::sources::{Flaw, RawBatch};
use crate::user_sql;

/// The column of rejects for which a condition cannot be calculated.
const WHERE: &str = "where";

/// What is wrong with a condition.
pub enum Problem {
    /// What the engine has against it.
    Sql(String),
    /// What it would do wrong.
    Meaning(String, String),
}

impl Problem {
    /// As a failure at its place in the settings.
    pub fn explained(self, schema: &SchemaRef, format: Format, at: Failure) -> Failure {
        match self {
            Self::Sql(error) => wrong_sql(&error, schema, format, at),
            Self::Meaning(problem, hint) => {
                Failure::settings(format!("{}{problem}", at.message)).hint(hint)
            }
        }
    }
}

fn refused(error: DataFusionError) -> Problem {
    Problem::Sql(error.strip_backtrace())
}

/// Reads a condition over the columns of a source.
pub fn parse(
    session: &SessionContext,
    sql: &str,
    names: &DFSchema,
) -> std::result::Result<Expr, Problem> {
    let condition = user_sql::parse(session, sql, names).map_err(Problem::Sql)?;
    let mut wrong = None;
    condition
        .apply(|part| {
            wrong = wrong.take().or_else(|| text_beside_number(part, names));
            Ok(TreeNodeRecursion::Continue)
        })
        .map_err(refused)?;
    match wrong {
        None => Ok(condition),
        Some(column) => Err(Problem::Meaning(
            format!(
                "`{column}` is text here, and text is not compared with a number as numbers are: '10' comes before '9'"
            ),
            format!(
                "write try_cast({column} AS DOUBLE), or put the number in single quotes where the text itself is meant"
            ),
        )),
    }
}

/// Makes it ready to be asked of rows.
pub fn planned(
    session: &SessionContext,
    condition: Expr,
    names: &DFSchema,
) -> std::result::Result<Arc<dyn PhysicalExpr>, Problem> {
    let physical = session
        .create_physical_expr(condition, names)
        .map_err(refused)?;
    match physical.data_type(names.as_arrow()).map_err(refused)? {
        DataType::Boolean | DataType::Null => Ok(physical),
        other => Err(Problem::Meaning(
            format!("this SQL gives a value ({other}), and no yes or no"),
            "write a condition, such as: status = 'paid'; text stands in single quotes".to_owned(),
        )),
    }
}

fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The text that a comparison holds against a number, if it does.
fn text_beside_number(part: &Expr, names: &DFSchema) -> Option<String> {
    let is_text = |side: &Expr| {
        matches!(
            side.get_type(names),
            Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        )
    };
    let is_number = |side: &Expr| side.get_type(names).is_ok_and(|kind| kind.is_numeric());
    let (text, others): (&Expr, Vec<&Expr>) = match part {
        Expr::BinaryExpr(pair) if is_comparison(pair.op) => match is_text(&pair.left) {
            true => (&pair.left, vec![&pair.right]),
            false => (&pair.right, vec![&pair.left]),
        },
        Expr::InList(list) => (&list.expr, list.list.iter().collect()),
        Expr::Between(between) => (&between.expr, vec![&between.low, &between.high]),
        _ => return None,
    };
    let mixed = is_text(text) && others.into_iter().any(is_number);
    mixed.then(|| match text {
        Expr::Column(column) => column.name.clone(),
        other => other.to_string(),
    })
}

impl SourcePlan {
    /// The rows that the condition lets through, and how many it does not. A row that a join has
    /// nothing for cannot be asked, and stays to be rejected.
    pub fn let_through(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let (raw, nameless) = match self.source.most_frequent {
            true => self.with_key(raw)?,
            false => (raw, 0),
        };
        let (raw, left) = self.where_true(raw)?;
        Ok((raw, nameless + left))
    }

    /// Lines that name nothing tell nothing of a thing.
    fn with_key(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let key = contract::table(&self.source.table).and_then(|table| table.key);
        let Some(Mapping::Column(column)) = key.and_then(|key| self.source.columns.get(key)) else {
            return Ok((raw, 0));
        };
        let Some(values) = raw.rows.column_by_name(&column.name) else {
            return Ok((raw, 0));
        };
        let texts = values.as_string_opt::<i32>();
        let named = |row: usize| {
            values.is_valid(row) && texts.is_none_or(|texts| !texts.value(row).trim().is_empty())
        };
        let chosen: Vec<bool> = (0..values.len()).map(named).collect();
        let left = chosen.iter().filter(|chosen| !**chosen).count() as u64;
        Ok((raw.chosen(&BooleanArray::from(chosen))?, left))
    }

    fn where_true(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let Some(condition) = &self.condition else {
            return Ok((raw, 0));
        };
        let rows = raw.rows.num_rows();
        let (answers, wrong) = evaluate(condition, &raw.rows)?;
        let raw = raw.with_flaws(wrong.into_iter().map(|wrong| Flaw {
            row: wrong.row,
            column: WHERE.to_owned(),
            value: wrong.value,
            reason: wrong.reason,
        }));
        let Some(answers) = answers.as_boolean_opt() else {
            return Ok((
                raw.chosen(&BooleanArray::from(vec![false; rows]))?,
                rows as u64,
            ));
        };
        let through =
            |row: usize| raw.is_flawed(row) || answers.is_valid(row) && answers.value(row);
        let chosen: Vec<bool> = (0..rows).map(through).collect();
        let left = chosen.iter().filter(|chosen| !**chosen).count() as u64;
        Ok((raw.chosen(&BooleanArray::from(chosen))?, left))
    }
}

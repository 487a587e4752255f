//! `where` of a source: the condition on rows that are loaded, and what may be wrong with it.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use datafusion::physical_plan::PhysicalExpr;

use crate::config::Format;
use crate::failure::Failure;
use crate::user_sql::Expressions;

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
pub fn parse(expressions: &Expressions, sql: &str, names: &DFSchema) -> Result<Expr, Problem> {
    let condition = expressions.parse(sql, names).map_err(Problem::Sql)?;
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
    expressions: &Expressions,
    condition: Expr,
    names: &DFSchema,
) -> Result<Arc<dyn PhysicalExpr>, Problem> {
    let physical = expressions.planned(condition, names).map_err(refused)?;
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

/// What the engine has against SQL over the columns of a source, at its place in the settings.
pub fn wrong_sql(error: &str, schema: &SchemaRef, format: Format, at: Failure) -> Failure {
    let known = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect::<Vec<_>>()
        .join(", ");
    let problem = error
        .lines()
        .next()
        .unwrap_or_default()
        .split(" Valid fields are")
        .next()
        .unwrap_or_default();
    let problem = problem.trim_end_matches('.');
    let failure = Failure::settings(format!(
        "{}this SQL does not fit the source: {problem}",
        at.message
    ));
    if format.is_untyped() && !problem.contains("No field named") {
        return failure.hint(format!(
            "the columns of a CSV are text; for a product of two write {{ product = [\"...\", \"...\"] }}, else calculate with try_cast(column AS DOUBLE). Columns: {known}"
        ));
    }
    failure.hint(format!("columns of the source: {known}"))
}

//! SQL that settings hold: one expression, of a bounded size, that says the same whenever it is
//! asked, and whose functions keep to the memory of queries.
//!
//! Whoever writes settings may have them from somebody else, so that nothing in them is planned
//! before it is known how large it is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::text::count;

/// Bytes of one expression.
const MOST_BYTES: usize = 256 << 10;
/// Names, operators and brackets of one expression; values, of which a list may have many, are
/// not among them.
const MOST_PARTS: usize = 10_000;
/// Operators of one expression.
const MOST_OPERATORS: usize = 1_000;
/// How deep operators and functions may lie in each other. `a OR b OR c` is two deep.
const DEEPEST: usize = 250;
/// Functions of [`GROWING`] in one expression.
const MOST_GROWING: usize = 16;

/// Functions whose text can be far longer than what they are given.
const GROWING: [&str; 5] = ["repeat", "lpad", "rpad", "replace", "regexp_replace"];

/// Functions that make lists of any length, or text of lists.
const LISTS: [&str; 5] = [
    "range",
    "generate_series",
    "array_repeat",
    "array_resize",
    "array_to_string",
];

/// Words that are operators.
const OPERATORS: [&str; 11] = [
    "AND", "OR", "NOT", "XOR", "IS", "IN", "LIKE", "ILIKE", "SIMILAR", "BETWEEN", "AT",
];

/// Reads and plans expressions of the settings, in which names are meant as they are written, also
/// without quotes.
pub struct Expressions(SessionContext);

impl Expressions {
    /// Functions keep to so many bytes.
    pub fn new(memory_limit: u64) -> Self {
        let written = SessionConfig::new()
            .set_bool("datafusion.sql_parser.enable_ident_normalization", false);
        let session = SessionContext::new_with_config(written);
        bound(&session, memory_limit);
        Self(session)
    }

    /// An expression over these columns.
    ///
    /// # Errors
    /// What is wrong with it, in words, in one line.
    pub fn parse(&self, sql: &str, names: &DFSchema) -> Result<Expr, String> {
        parse(&self.0, sql, names)
    }

    /// Makes an expression ready to be calculated over rows of these columns.
    pub fn planned(&self, expression: Expr, names: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        self.0.create_physical_expr(expression, names)
    }
}

/// Makes the functions of a session keep to a memory limit.
pub fn bound(session: &SessionContext, memory_limit: u64) {
    let limit = memory_limit / MOST_GROWING as u64;
    for name in GROWING {
        let known = session.state().scalar_functions().get(name).cloned();
        if let Some(function) = known {
            session.register_udf(ScalarUDF::new_from_impl(Bounded { function, limit }));
        }
    }
}

/// Looks at an expression over columns of text whose names are meant in small letters. Says what is
/// wrong with it, in words, in one line; `AS` at its end is wrong too.
pub fn look<'a>(sql: &str, columns: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let fields: Vec<Field> = columns
        .map(|name| Field::new(name, DataType::Utf8, true))
        .collect();
    let names = DFSchema::try_from(Schema::new(fields)).map_err(|error| error.strip_backtrace())?;
    match parse(&SessionContext::new(), sql, &names)? {
        Expr::Alias(_) => Err(NAMED.to_owned()),
        _ => Ok(()),
    }
}

/// What is wrong with an expression that ends in `AS name`.
pub const NAMED: &str = "this SQL names its result";

fn parse(session: &SessionContext, sql: &str, names: &DFSchema) -> Result<Expr, String> {
    within_limits(sql)?;
    let expression = session
        .parse_sql_expr(sql, names)
        .map_err(|error| error.strip_backtrace())?;
    let depth = depth(&expression);
    if depth > DEEPEST {
        return Err(format!(
            "its operators lie {} deep in each other, and {DEEPEST} is the limit: write a long row of OR as column IN (...), and split a long sum",
            count(depth as u64)
        ));
    }
    understood(&expression)?;
    Ok(expression)
}

/// What can be said of the text before anything is made of it.
fn within_limits(sql: &str) -> Result<(), String> {
    let too_many = |number: usize, what: &str, most: usize| {
        Err(format!(
            "it has {} {what}, and {} is the limit: write many values as column IN (...), or prepare them in the source",
            count(number as u64),
            count(most as u64)
        ))
    };
    if sql.len() > MOST_BYTES {
        return too_many(sql.len(), "bytes", MOST_BYTES);
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize()
        .map_err(|error| error.to_string())?;
    let (mut parts, mut operators) = (0, 0);
    for token in &tokens {
        match token {
            Token::Whitespace(_) | Token::Comma | Token::Number(..) => continue,
            Token::SingleQuotedString(_) => continue,
            Token::Word(word) => {
                let is_operator = |name: &&str| word.value.eq_ignore_ascii_case(name);
                operators += usize::from(OPERATORS.iter().any(is_operator));
            }
            Token::LParen | Token::RParen | Token::Period => {}
            _ => operators += 1,
        }
        parts += 1;
    }
    if operators > MOST_OPERATORS {
        return too_many(operators, "operators", MOST_OPERATORS);
    }
    if parts > MOST_PARTS {
        return too_many(parts, "names, operators and brackets", MOST_PARTS);
    }
    Ok(())
}

fn depth(expression: &Expr) -> usize {
    let mut deepest = 0;
    let _ = expression.apply_children(|child| {
        deepest = deepest.max(depth(child));
        Ok(TreeNodeRecursion::Continue)
    });
    deepest + 1
}

/// Refuses what does not say the same every time, what looks elsewhere, and what has no bounds.
fn understood(expression: &Expr) -> Result<(), String> {
    let mut wrong = None;
    let mut growing = 0;
    let _ = expression.apply(|part| {
        wrong = match part {
            Expr::ScalarFunction(call) => {
                let name = call.func.name();
                growing += usize::from(GROWING.contains(&name));
                if call.func.signature().volatility != Volatility::Immutable {
                    Some(format!(
                        "{name}() says something else each time, and the same sources have to give the same rows; write a date as DATE '2024-12-31'"
                    ))
                } else if LISTS.contains(&name) {
                    Some(format!(
                        "{name}() makes lists of any length, and no column holds one"
                    ))
                } else {
                    None
                }
            }
            Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::SetComparison(_)
            | Expr::ScalarSubquery(_) => {
                Some("a SELECT within it is not understood: it speaks of one row".to_owned())
            }
            Expr::HigherOrderFunction(_) | Expr::Lambda(_) => {
                Some("functions of functions are not understood".to_owned())
            }
            _ => None,
        };
        Ok(match wrong {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    });
    if wrong.is_none() && growing > MOST_GROWING {
        wrong = Some(format!(
            "it calls {} {growing} times, and {MOST_GROWING} is the limit",
            GROWING.join(", ")
        ));
    }
    wrong.map_or(Ok(()), Err)
}

/// The column that there is not, where that is what the engine has against an expression.
pub fn unknown_column(problem: &str) -> Option<&str> {
    let (_, rest) = problem.lines().next()?.split_once("No field named ")?;
    let name = rest.split(". ").next().unwrap_or(rest);
    Some(name.trim_end_matches('.').trim_matches('"'))
}

/// The value of a row that a message of the engine quotes, and the message without it, which is the
/// same for like rows and names nobody.
pub fn apart(message: &str) -> (String, String) {
    let message = message.trim_start_matches("Arrow error: ");
    let (value, rest) = match (message.find('\''), message.rfind('\'')) {
        (Some(from), Some(to)) if from < to => (
            message[from + 1..to].to_owned(),
            format!("{}…{}", &message[..from], &message[to + 1..]),
        ),
        _ => (String::new(), message.to_owned()),
    };
    (value, rest)
}

/// A function of [`GROWING`] that refuses to make more than so many bytes at once.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    function: Arc<ScalarUDF>,
    limit: u64,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.function.return_type(types)
    }

    fn return_field_from_args(
        &self,
        args: ReturnFieldArgs<'_>,
    ) -> Result<arrow::datatypes::FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let needed = needed(self.name(), &args)?;
        if needed > u128::from(self.limit) {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{}() in the settings' SQL would make {} MiB of text at once, more than its part of the memory of queries, {} MiB",
                self.name(),
                needed >> 20,
                self.limit >> 20
            )));
        }
        self.function.invoke_with_args(args)
    }
}

/// Bytes that a function may make of its arguments at most.
fn needed(name: &str, args: &ScalarFunctionArgs) -> Result<u128> {
    let only_values = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
    let rows = match args.args.iter().all(only_values) {
        true => 1,
        false => args.number_rows,
    };
    let [first, second, rest @ ..] = args.args.as_slice() else {
        return Ok(0);
    };
    let text = Numbers::lengths(first)?;
    if matches!(name, "repeat" | "lpad" | "rpad") {
        let times = Numbers::values(second)?;
        // What is padded has so many characters, of up to four bytes.
        let each = |row| match name {
            "repeat" => text.at(row),
            _ => 4,
        };
        return Ok((0..rows).map(|row| each(row) * times.at(row)).sum());
    }
    let Some(new) = rest.first() else {
        return Ok(0);
    };
    let (old, new) = (Numbers::lengths(second)?, Numbers::lengths(new)?);
    let once = name == "regexp_replace" && rest.len() == 1;
    Ok((0..rows)
        .map(|row| {
            let (text, new) = (text.at(row), new.at(row));
            let places = match name {
                _ if once => 1,
                "replace" if old.at(row) > 0 => text / old.at(row),
                _ => text + 1,
            };
            // What a pattern has found may be named in what takes its place, two letters each.
            let found = match name {
                "replace" => 0,
                _ => new / 2 * text,
            };
            text + places * new + found
        })
        .sum())
}

/// Numbers by row; one for all where there is one.
struct Numbers(ArrayRef);

impl Numbers {
    fn of(array: &ArrayRef) -> Result<Self> {
        Ok(Self(cast(array, &DataType::Int64)?))
    }

    fn array(value: &ColumnarValue) -> Result<ArrayRef> {
        match value {
            ColumnarValue::Array(array) => Ok(Arc::clone(array)),
            ColumnarValue::Scalar(scalar) => scalar.to_array(),
        }
    }

    /// Whole numbers.
    fn values(value: &ColumnarValue) -> Result<Self> {
        Self::of(&Self::array(value)?)
    }

    /// The bytes of texts.
    fn lengths(value: &ColumnarValue) -> Result<Self> {
        let texts = Self::array(value)?;
        let texts = match texts.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => texts,
            _ => cast(&texts, &DataType::Utf8)?,
        };
        Self::of(&length(texts.as_ref())?)
    }

    fn at(&self, row: usize) -> u128 {
        let values = self.0.as_primitive::<Int64Type>();
        let row = if values.len() == 1 { 0 } else { row };
        match values.is_null(row) {
            true => 0,
            false => values.value(row).max(0) as u128,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch, StringArray};

    use super::*;

    fn parsed(sql: &str) -> Result<Expr, String> {
        let schema = Schema::new(vec![
            Field::new("a", DataType::Utf8, true),
            Field::new("n", DataType::Int64, true),
        ]);
        let names = DFSchema::try_from(schema).unwrap();
        Expressions::new(64 << 20).parse(sql, &names)
    }

    #[test]
    fn long_rows_are_refused_before_they_are_planned_and_long_lists_are_not() {
        for (term, row) in [("n", " AND "), ("n", " OR "), ("n", " + "), ("a", " || ")] {
            let long = |terms: usize| vec![term; terms].join(row);
            let problem = parsed(&long(20_000)).unwrap_err();
            assert!(problem.contains("limit"), "{row}: {problem}");
            let problem = parsed(&long(600)).unwrap_err();
            assert!(problem.contains("250 is the limit"), "{row}: {problem}");
        }
        let fits = vec!["a = 'x'"; 249].join(" OR ");
        parsed(&fits).unwrap();
        let list = vec!["'x'"; 10_000].join(", ");
        parsed(&format!("a IN ({list})")).unwrap();
        let deep = format!("{}n{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(parsed(&deep).is_err());
        assert!(parsed(&"x".repeat(MOST_BYTES + 1)).is_err());
    }

    #[test]
    fn what_changes_by_itself_or_looks_elsewhere_is_refused() {
        for (sql, word) in [
            ("random() > 0.5", "random()"),
            (
                "now() > arrow_cast(0, 'Timestamp(Nanosecond, None)')",
                "now()",
            ),
            ("CURRENT_DATE = DATE '2024-01-01'", "current_date()"),
            ("uuid() = a", "uuid()"),
            ("range(1, n)", "range()"),
            (
                "array_length(generate_series(1, 9)) > 3",
                "generate_series()",
            ),
            ("n IN (SELECT 1)", "SELECT"),
            ("(SELECT 1) = n", "SELECT"),
        ] {
            let problem = parsed(sql).unwrap_err();
            assert!(problem.contains(word), "{sql}: {problem}");
        }
        parsed("upper(a) = 'X' AND n BETWEEN 1 AND 3").unwrap();
    }

    #[test]
    fn functions_that_make_text_keep_to_their_part_of_the_memory() {
        let texts = Arc::new(StringArray::from(vec!["x", "yy"])) as ArrayRef;
        let numbers = Arc::new(Int64Array::from(vec![3, 1_000_000_000])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("a", texts), ("n", numbers)]).unwrap();
        let names = DFSchema::try_from(batch.schema().as_ref().clone()).unwrap();
        let expressions = Expressions::new(64 << 20);
        let result = |sql: &str| {
            let expression = expressions.parse(sql, &names).unwrap();
            let expression = expressions.planned(expression, &names)?;
            expression.evaluate(&batch)?.into_array(2)
        };
        for sql in [
            "repeat(a, n)",
            "repeat('x', 1000000000)",
            "lpad(a, n)",
            "rpad(a, n, 'z')",
            "replace(repeat(a, 100000), 'x', repeat('y', 100000))",
            "regexp_replace(repeat(a, 100000), 'x', repeat('y', 100000), 'g')",
        ] {
            let error = result(sql).unwrap_err();
            let DataFusionError::ResourcesExhausted(text) = error.find_root() else {
                panic!("{sql}: {error}");
            };
            assert!(text.contains("memory of queries"), "{sql}: {text}");
        }
        for (sql, expected) in [
            ("repeat(a, 2)", ["xx", "yyyy"]),
            ("lpad(a, 3, '-')", ["--x", "-yy"]),
            ("replace(a, 'y', 'ab')", ["x", "abab"]),
            ("regexp_replace(a, '^(.)', '<\\1>')", ["<x>", "<y>y"]),
        ] {
            let texts = cast(&result(sql).unwrap(), &DataType::Utf8).unwrap();
            let texts: Vec<_> = texts.as_string::<i32>().iter().flatten().collect();
            assert_eq!(texts, expected, "{sql}");
        }
    }
}

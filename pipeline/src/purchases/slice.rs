//! The purchase lines that settings ask for, with whatever is known of their products and customers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{cast, col};

use super::Ask;
use crate::config::rules::Money;
use crate::config::{BasketOf, Settings};
use crate::failure::{Cause, During, Failure, Result, nearest};
use crate::user_sql::{Expressions, unknown_column};
use crate::warehouse::Warehouse;
use crate::warehouse::views::WITH_GUESTS;

/// The view that the chosen lines are registered as.
pub(super) const LINES: &str = "chosen_lines";
/// What every line has.
const KEYS: [&str; 4] = ["customer_id", "basket_id", "day", "product_id"];
/// Where a line was bought, where interactions tell.
const LOCATION: &str = "location_id";
/// The customers' segments, as the stage left them.
const SEGMENTS: &str = "segments_file";

/// What settings may speak of beside the interactions: a table, what stands before its columns'
/// names where the interactions have the same, and the key that it shares with them.
struct Side {
    table: &'static str,
    prefix: &'static str,
    key: &'static str,
}

const SIDES: [Side; 3] = [
    Side {
        table: "products",
        prefix: "product_",
        key: "product_id",
    },
    Side {
        table: "customers",
        prefix: "customer_",
        key: "customer_id",
    },
    Side {
        table: SEGMENTS,
        prefix: "segments_",
        key: "customer_id",
    },
];

/// What a name of the settings stands for.
struct Known {
    /// The side that it is of; none for the interactions themselves.
    side: Option<&'static str>,
    sql: String,
    data_type: DataType,
}

/// Every column that expressions of the settings may name.
struct Names(BTreeMap<String, Known>);

impl Names {
    fn new(warehouse: &Warehouse, segments: Option<&PathBuf>) -> Result<Self> {
        let mut names = Self(BTreeMap::new());
        if let Some(schema) = warehouse.schema("interactions") {
            for field in schema.fields() {
                names.add(None, field.name(), field.name(), field.data_type());
            }
        }
        if let Some(path) = segments {
            let files = [path.clone()];
            let named = warehouse.scope.files(SEGMENTS, &files, None);
            named.during("reading the segments")?;
        }
        for side in &SIDES {
            let schema = match side.table {
                SEGMENTS if segments.is_none() => continue,
                SEGMENTS => warehouse.scope.schema(SEGMENTS)?,
                name => match warehouse.schema(name) {
                    Some(schema) => std::sync::Arc::clone(schema),
                    None => continue,
                },
            };
            for field in schema.fields().iter().filter(|f| f.name() != side.key) {
                let known = field.name();
                let name = match names.0.contains_key(known) {
                    true => format!("{}{known}", side.prefix),
                    false => known.clone(),
                };
                names.add(Some(side.table), &name, known, field.data_type());
                if side.table == SEGMENTS && known == "rfm_segment" {
                    names.add(Some(side.table), "segment", known, field.data_type());
                }
            }
        }
        Ok(names)
    }

    fn add(&mut self, side: Option<&'static str>, name: &str, column: &str, data_type: &DataType) {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let sql = format!(
            "{}.{} AS {}",
            side.unwrap_or("interactions"),
            quoted(column),
            quoted(name)
        );
        let data_type = data_type.clone();
        let known = Known {
            side,
            sql,
            data_type,
        };
        self.0.entry(name.to_owned()).or_insert(known);
    }

    /// An expression of the settings over these columns.
    fn parse(&self, settings: &Settings, keys: &[&str], sql: &str) -> Result<Expr> {
        let fields = self
            .0
            .iter()
            .map(|(name, known)| arrow::datatypes::Field::new(name, known.data_type.clone(), true));
        let schema = arrow::datatypes::Schema::new(fields.collect::<Vec<_>>());
        let schema = DFSchema::try_from(schema)?;
        let expressions = Expressions::new(settings.config.engine.memory_limit.0);
        match expressions.parse(sql, &schema) {
            Ok(Expr::Alias(_)) => Err(settings
                .wrong(keys, "this SQL names its result")
                .hint("remove AS")),
            Ok(expression) => Ok(expression),
            Err(problem) => Err(self.explain(settings, keys, &problem)),
        }
    }

    /// The query for the lines with all columns that expressions name, and with their money.
    fn select<'a>(
        &self,
        ask: &Ask,
        expressions: impl Iterator<Item = &'a Expr>,
        money: Option<&(String, Option<&'static str>)>,
    ) -> String {
        let mut needed: BTreeSet<&str> = KEYS.into();
        needed.extend(ask.locations.then_some(LOCATION));
        for expression in expressions {
            needed.extend(
                expression
                    .column_refs()
                    .into_iter()
                    .map(|c| c.name.as_str()),
            );
        }
        let known: Vec<&Known> = needed.iter().filter_map(|name| self.0.get(*name)).collect();
        let mut columns: Vec<&str> = known.iter().map(|known| known.sql.as_str()).collect();
        let mut sides: Vec<&str> = known.iter().filter_map(|known| known.side).collect();
        if let Some((sql, side)) = money {
            columns.push(sql);
            sides.extend(side);
        }
        let joins: String = SIDES
            .iter()
            .filter(|side| sides.contains(&side.table))
            .map(|Side { table, key, .. }| {
                format!(" LEFT JOIN {table} ON {table}.{key} = interactions.{key}")
            })
            .collect();
        let mut span = String::new();
        if let Some(from) = ask.from {
            span += &format!(" AND interactions.day >= DATE '{from}'");
        }
        if let Some(until) = ask.until {
            span += &format!(" AND interactions.day < DATE '{until}'");
        }
        // In a period guests cannot be told from each other.
        let source = match ask.guests && ask.basket == BasketOf::Checkout {
            true => WITH_GUESTS,
            false => "interactions",
        };
        format!(
            "SELECT {} FROM {source} AS interactions{joins} WHERE interactions.kind = 'purchase' \
             AND interactions.product_id IS NOT NULL AND interactions.basket_id IS NOT NULL{span}",
            columns.join(", ")
        )
    }

    /// What DataFusion has against an expression, with the name that was probably meant.
    fn explain(&self, settings: &Settings, keys: &[&str], text: &str) -> Failure {
        let line = text.lines().next().unwrap_or_default();
        let known = || {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            format!("the columns are {}", names.join(", "))
        };
        if let Some(name) = unknown_column(line) {
            let failure = settings.wrong(keys, format!("there is no column `{name}`"));
            let of_segments = [
                "segment",
                "rfm_segment",
                "value_tier",
                "cluster",
                "cluster_name",
            ];
            return match nearest(name, self.0.keys().map(String::as_str)) {
                _ if of_segments.contains(&name) => failure.hint(
                    "it is known once the segments of the same date are there: run `segment` first",
                ),
                Some(near) => failure.hint(format!("did you mean `{near}`? {}", known())),
                None => failure.hint(known()),
            };
        }
        let problem = line.trim_end_matches('.');
        settings
            .wrong(keys, format!("this SQL does not fit: {problem}"))
            .hint(format!(
                "write a condition such as: department = 'GROCERY' AND amount > 2; text stands in single quotes; {}",
                known()
            ))
    }
}

/// Registers the lines as [`LINES`]: customer_id, basket_id, day, product_id and, where they are
/// asked for, `money` in ten-thousandths, `location` and `grouped`, the value that baskets are compared
/// by.
pub(super) fn register(warehouse: &Warehouse, settings: &Settings, ask: &Ask) -> Result<()> {
    let names = Names::new(warehouse, ask.segments.as_ref())?;
    let parse = |key: &str, sql: &Option<String>| {
        let sql = sql.as_deref();
        sql.map(|sql| names.parse(settings, &[ask.section, key], sql))
            .transpose()
    };
    let condition = parse("where", &ask.scope)?;
    let group = parse("compare_by", &ask.compare_by)?;
    let money = ask
        .money
        .map(|money| money_of(warehouse, settings, ask.section, money));
    let money = money.transpose()?;
    let scope = &warehouse.scope;
    let named = condition.iter().chain(&group);
    let mut frame = scope.frame(&names.select(ask, named, money.as_ref()))?;
    let refused = |key: &str, error: DataFusionError| {
        names.explain(settings, &[ask.section, key], &error.strip_backtrace())
    };
    if let Some(condition) = condition {
        let filtered = frame.filter(condition);
        frame = filtered.map_err(|error| refused("where", error))?;
    }
    let mut columns: Vec<Expr> = KEYS.map(col).into();
    if money.is_some() {
        columns.push(col("money"));
    }
    if ask.locations {
        columns.push(col(LOCATION).alias("location"));
    }
    if let Some(group) = group {
        columns.push(cast(group, DataType::Utf8).alias("grouped"));
    }
    let key = match ask.scope {
        Some(_) => "where",
        None => "compare_by",
    };
    let frame = frame.select(columns).map_err(|error| refused(key, error))?;
    // Types are looked at when a query is planned, and the settings are to blame for them here.
    scope
        .wait(frame.clone().create_physical_plan())
        .map_err(|error| refused(key, error))?;
    scope.view(LINES, frame)
}

/// Where the SQL stands that data of the warehouse do not go along with.
pub(super) fn place(settings: &Settings, ask: &Ask, failure: Failure) -> Failure {
    let key = match (&ask.scope, &ask.compare_by) {
        (Some(_), _) => "where",
        (None, Some(_)) => "compare_by",
        (None, None) => return failure,
    };
    if failure.cause != Cause::Data {
        return failure;
    }
    let at = settings.wrong(
        &[ask.section, key],
        "this SQL cannot be calculated for every row",
    );
    failure
        .during(at.message)
        .hint("calculate with try_cast(column AS DOUBLE) and nullif(column, 0), which give no value instead")
}

/// The money of a line as SQL, and the side that it needs.
fn money_of(
    warehouse: &Warehouse,
    settings: &Settings,
    section: &str,
    money: Money,
) -> Result<(String, Option<&'static str>)> {
    let has = |column: &str| warehouse.has_column("interactions", column);
    let missing = |what: &str, hint: &str| {
        let keys = [section, "utility", "by"];
        settings
            .wrong(&keys, format!("the interactions have no {what}"))
            .hint(hint)
    };
    if !has("amount") {
        return Err(missing(
            "amounts",
            "map amount to a column of the source, and run ingest again",
        ));
    }
    let exact =
        |sql: &str| format!("CAST(CAST({sql} AS DECIMAL(18, 4)) * 10000 AS BIGINT) AS money");
    if money == Money::Revenue {
        return Ok((exact("interactions.amount"), None));
    }
    let of_line = has("cost").then_some("interactions.cost");
    let of_product = (has("quantity") && warehouse.has_column("products", "unit_cost"))
        .then_some("interactions.quantity * products.unit_cost");
    let costs: Vec<&str> = of_line.into_iter().chain(of_product).collect();
    if costs.is_empty() {
        return Err(missing(
            "costs",
            "map cost of the interactions, or quantity and the products' unit_cost; or use by = \"revenue\"",
        ));
    }
    let casts: Vec<String> = costs
        .iter()
        .map(|cost| format!("CAST({cost} AS DECIMAL(18, 4))"))
        .collect();
    let cost = format!("coalesce({})", casts.join(", "));
    let side = of_product.map(|_| "products");
    Ok((exact(&format!("interactions.amount - {cost}")), side))
}

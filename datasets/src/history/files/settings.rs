//! The texts beside the tables: settings that run as they are, parameters, and a README.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, SchemaRef};

use super::tables::types_in_words;
use super::{HORIZON_DAYS, Order, Written, interactions, tables};
use crate::history::World;
use crate::history::calendar::Day;

/// `regulars.toml`.
pub fn settings(order: &Order) -> String {
    let ending = order.format.ending();
    let mut text = String::from(
        r#"# A generated history: README.md beside this file says how it was made.

[project]
name = "Generated history"
timezone = "Europe/London"   # of the clock in the files
currency = "GBP"
"#,
    );
    if order.dirty {
        text.push_str(
            "\n# The sources are dirty on purpose; a tenth of the rows may be rejected.\n[ingest]\nmax_reject_share = 0.1\n",
        );
    }
    let mut source = |table: &str, path: &str, columns: SchemaRef| {
        let _ = write!(
            text,
            "\n[[sources]]\ntable = \"{table}\"\npath = \"{path}.{ending}\"\n[sources.columns]\n"
        );
        for column in columns.fields() {
            let name = column.name();
            // In a CSV everything is text, and these are numbers.
            let typed = ending == "csv" && name.ends_with("_id") && column.data_type().is_integer();
            let _ = match typed {
                true => writeln!(
                    text,
                    "{name} = {{ column = \"{name}\", type = \"integer\" }}"
                ),
                false => writeln!(text, "{name} = \"{name}\""),
            };
        }
    };
    let interactions = interactions::schema(order.format);
    source("interactions", "interactions/*", interactions);
    source("customers", "customers", tables::customers_schema());
    let products = tables::products_schema(DataType::Utf8);
    source("products", "products", products);
    source("campaigns", "campaigns", tables::campaigns_schema());
    text
}

/// `truth/generator.json`: what was asked for, so that the same history can be lived again.
pub fn parameters(order: &Order, world: &World, as_of: &[Day], written: &Written) -> String {
    let dates: Vec<String> = as_of
        .iter()
        .map(|day| format!("\"{}\"", world.calendar.date(*day)))
        .collect();
    format!(
        "{{\n  \"generator\": \"history\",\n  \"version\": \"{}\",\n  \"customers\": {},\n  \"months\": {},\n  \
         \"seed\": {},\n  \"dirty\": {},\n  \"first_day\": \"{}\",\n  \"last_day\": \"{}\",\n  \"horizon_days\": {HORIZON_DAYS},\n  \
         \"as_of\": [{}],\n  \"interactions\": {},\n  \"lines\": {},\n  \"baskets\": {}\n}}\n",
        env!("CARGO_PKG_VERSION"),
        order.params.customers,
        order.params.months,
        order.params.seed,
        order.dirty,
        world.calendar.date(0),
        world.calendar.date(world.calendar.days - 1),
        dates.join(", "),
        written.interactions,
        written.lines,
        written.baskets,
    )
}

/// `README.md`.
pub fn readme(order: &Order, world: &World, written: &Written) -> String {
    let ending = order.format.ending();
    let mut text = format!(
        "# A generated history\n\n\
         {} customers, {} months ({} to {}), {} interactions, of them {} purchase lines in {} baskets; seed {}.\n\
         Nobody in it is real.\n\n\
         ```\nregulars run -c regulars.toml --out results\nregulars compare results truth\n```\n\n\
         | file | holds |\n|---|---|\n\
         | `interactions/*.{ending}` | what happened, a row each: purchase lines, returns, visits, calls, complaints, contacts, responses, surveys, payments |\n\
         | `customers.{ending}` | attributes: account, payment terms, age band and household tell of the type, income a little, region and shoe size nothing |\n\
         | `products.{ending}` | products with department, category, type and brand |\n\
         | `campaigns.{ending}`, `campaign_members.{ending}` | campaigns; who was chosen, and who of them was kept as a control |\n\
         | `regulars.toml` | settings that load all of it |\n\
         | `truth/` | what no real history tells |\n\n\
         Times are those of the local clock, London.\n\n\
         ## The truth\n\n\
         | file | holds |\n|---|---|\n\
         | `customers.parquet` | the type, the rate (visits in a usual day), the regularity of the gaps (Erlang stages), the day of leaving |\n\
         | `churn.parquet` | at each as-of date: whether the customer bought nothing in the {HORIZON_DAYS} days after it, and how probable that was given what the files show before the date, and given also the type, the rate and whether the customer had left |\n\
         | `uplift.parquet` | for each campaign and customer chosen: the probability of buying in its {} days if contacted and if not, given everything |\n\
         | `patterns.csv` | associations (with their lift), substitutes, sequences, rhythms of replenishment |\n\
         | `generator.json` | the parameters: the same ones make the same bytes |\n",
        order.params.customers,
        order.params.months,
        world.calendar.date(0),
        world.calendar.date(world.calendar.days - 1),
        written.interactions,
        written.lines,
        written.baskets,
        order.params.seed,
        crate::history::calendar::CAMPAIGN_DAYS,
    );
    if order.dirty {
        text.push_str(
            "| `dirt.csv`, `dirty_rows.csv` | how many rows are dirty and how; each with its file and row (the header does not count) |\n",
        );
    }
    let _ = write!(
        text,
        "\n## The types\n\n\
         | type | of those there at the start | of those who join | visits a day | regularity | lines in a basket |\n\
         |---|---|---|---|---|---|\n{}",
        types_in_words()
    );
    text
}

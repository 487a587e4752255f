//! The texts beside the tables: settings that run as they are, parameters, and a README.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, SchemaRef};

use super::tables::types_in_words;
use super::{Order, Written, interactions, tables};
use crate::history::calendar::Day;
use crate::history::guests::NOBODY;
use crate::history::law::Law;
use crate::history::{Shop, World};

/// `regulars.toml`.
pub fn settings(order: &Order, world: &World) -> String {
    let (law, records) = (world.law, world.law.records);
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
    text.push_str(&rhythm(law, world.calendar.days));
    let mut source = |table: &str, path: &str, columns: SchemaRef| {
        let guests = match table == "interactions" && law.habits.guests > 0.0 {
            true => format!("anonymous = [\"{NOBODY}\"]   # guests\n"),
            false => String::new(),
        };
        let _ = write!(
            text,
            "\n[[sources]]\ntable = \"{table}\"\npath = \"{path}.{ending}\"\n{guests}[sources.columns]\n"
        );
        for column in columns.fields() {
            let name = column.name();
            if table == "interactions" && name == "kind" && records.cancelled_with_c {
                text.push_str(CANCELLED);
                continue;
            }
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
    let interactions = interactions::schema(order.format, records);
    source("interactions", "interactions/*", interactions);
    source("customers", "customers", tables::customers_schema(records));
    let products = tables::products_schema(DataType::Utf8);
    source("products", "products", products);
    source("campaigns", "campaigns", tables::campaigns_schema());
    text
}

/// A cancelled order comes again with negative quantities: that is no purchase.
const CANCELLED: &str = "kind = { sql = \"CASE WHEN kind = 'purchase' AND basket_id LIKE 'C%' THEN 'return' ELSE kind END\" }\n";

/// What leaving means where customers come in another rhythm than at a grocer's: nothing otherwise.
fn rhythm(law: &Law, days: Day) -> String {
    let grocery = Shop::Grocery.law();
    if law.name == grocery.name {
        return String::new();
    }
    // A quarter of a short history, in whole weeks, as `regulars churn --suggest` has it.
    let longest = days as u32 / 28 * 7;
    let horizon = law.days.horizon.min(longest);
    format!(
        "\n# The rhythm of the customers by the law of this shop; `regulars churn --suggest` reads it from the data.\n\
         [churn]\nhorizon_days = {horizon}\nactive_days = {}\nstep_days = {}\nmin_history_days = {}\n",
        law.days.active.max(horizon),
        horizon / 2 / 7 * 7,
        law.days.active.min(longest),
    )
}

/// `truth/generator.json`: what was asked for, so that the same history can be lived again.
pub fn parameters(order: &Order, world: &World, as_of: &[Day], written: &Written) -> String {
    let dates: Vec<String> = as_of
        .iter()
        .map(|day| format!("\"{}\"", world.calendar.date(*day)))
        .collect();
    let law = world.law;
    let (mut kind, mut records) = (String::new(), String::new());
    if order.params.shop != Shop::Grocery {
        kind = format!("  \"kind\": \"{}\",\n", law.name);
        records = format!(
            ",\n  \"guest_baskets\": {},\n  \"cancelled_orders\": {}",
            written.guests, written.cancelled
        );
    }
    format!(
        "{{\n  \"generator\": \"history\",\n  \"version\": \"{}\",\n{kind}  \"customers\": {},\n  \"months\": {},\n  \
         \"seed\": {},\n  \"dirty\": {},\n  \"first_day\": \"{}\",\n  \"last_day\": \"{}\",\n  \"horizon_days\": {},\n  \
         \"as_of\": [{}],\n  \"interactions\": {},\n  \"lines\": {},\n  \"baskets\": {}{records}\n}}\n",
        env!("CARGO_PKG_VERSION"),
        order.params.customers,
        order.params.months,
        order.params.seed,
        order.dirty,
        world.calendar.date(0),
        world.calendar.date(world.calendar.days - 1),
        law.days.horizon,
        dates.join(", "),
        written.interactions,
        written.lines,
        written.baskets,
    )
}

/// `README.md`.
pub fn readme(order: &Order, world: &World, written: &Written) -> String {
    let ending = order.format.ending();
    let (law, horizon) = (world.law, world.law.days.horizon);
    let shop = match order.params.shop {
        Shop::Grocery => String::new(),
        _ => format!("It is of {}.\n", law.about),
    };
    let mut text = format!(
        "# A generated history\n\n\
         {} customers, {} months ({} to {}), {} interactions, of them {} purchase lines in {} baskets; seed {}.\n{shop}\
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
         | `churn.parquet` | at each as-of date: whether the customer bought nothing in the {horizon} days after it, and how probable that was given what the files show before the date, and given also the type, the rate and whether the customer had left |\n\
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
    if law.records.items {
        text.push_str(
            "| `items.csv` | when each product is on sale, where not throughout, and its season |\n",
        );
    }
    if law.records.cancelled_with_c {
        text.push_str(
            "| `orders.parquet` | which orders are of guests, and which were cancelled: when, and how many of their lines |\n",
        );
    }
    if order.dirty {
        text.push_str(
            "| `dirt.csv`, `dirty_rows.csv` | how many rows are dirty and how; each with its file and row (the header does not count) |\n",
        );
    }
    if order.params.shop != Shop::Grocery {
        let _ = write!(
            text,
            "\n{} baskets are of guests, who are customer {NOBODY} of the files. {} orders were cancelled, {}: these lines come\n\
             again as purchases with negative quantities, under the number of the order with a C before it. `consent` of\n\
             the customers is given, refused, withdrawn, or empty for who was not asked; a withdrawal is also a row of the\n\
             interactions, a service call through `opt-out`.\n",
            written.guests,
            written.cancelled,
            if law.habits.cancelled_line < 1.0 {
                "most of them in part"
            } else {
                "each as a whole"
            },
        );
    }
    let _ = write!(
        text,
        "\n## The types\n\n\
         | type | of those there at the start | of those who join | visits a day | regularity | lines in a basket |\n\
         |---|---|---|---|---|---|\n{}",
        types_in_words(law)
    );
    text
}

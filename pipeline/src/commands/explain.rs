//! `explain`: everything that is known of one customer, on a screen.

mod lists;
mod past;

use std::fmt::Write as _;

use crate::cli::Explain;
use crate::commands::results::{Kind, Results, Row, is_customer, number, said};
use crate::commands::terminal::{Column, Table, width};
use crate::config::Day;
use crate::failure::Result;
use crate::outputs::table::rows;
use crate::text::{count, money, plural, print};
use crate::warehouse::Warehouse;
use crate::words;

/// So many of the last interactions are told.
const LAST: usize = 10;
/// So many suggestions are told.
const SUGGESTIONS: usize = 5;

/// A customer, and where things are known from.
struct Person<'a> {
    id: &'a str,
    condition: String,
    results: &'a Results<'a>,
    warehouse: &'a Warehouse,
    as_of: Option<String>,
    /// What the interactions are called with those among them that were cancelled; none where none were.
    every: Option<&'static str>,
}

/// Prints what is known of a customer.
pub fn run(args: &Explain) -> Result<()> {
    let results = Results::open(&args.output.out)?;
    let features = results.manifest.stages.get("features");
    let asked = features.and_then(|entry| entry.as_of_asked.clone());
    let cut = asked.and_then(|date| date.parse::<Day>().ok());
    let open = match undoes(&results) {
        true => Warehouse::open_without_cancelled,
        false => Warehouse::open_as_loaded,
    };
    let warehouse = open(&results.aside.engine, results.out, cut)?;
    let person = Person {
        id: args.customer.trim(),
        condition: is_customer(args.customer.trim()),
        as_of: as_of(&results),
        every: warehouse.show_undone()?,
        results: &results,
        warehouse: &warehouse,
    };
    let parts = [
        person.attributes()?,
        person.bought()?,
        person.segment()?,
        person.before()?,
        person.leaving()?,
        person.value()?,
        person.suggestions()?,
        person.lists()?,
        person.last()?,
    ];
    if parts.iter().all(Option::is_none) {
        return Err(person.nobody()?);
    }
    let as_of = person
        .as_of
        .map_or_else(String::new, |date| tr!(", as of {date}", date = date));
    let mut text = format!("\n{}{as_of}\n", person.id);
    for part in parts.into_iter().flatten() {
        text.push('\n');
        text += &part;
    }
    print(&text);
    Ok(())
}

/// Whether the results were made without purchases that were cancelled later.
fn undoes(results: &Results<'_>) -> bool {
    let stages = ["segment", "features", "ingest"].into_iter();
    let mut entries = stages.filter_map(|name| results.manifest.stages.get(name));
    let first = entries.next();
    first.is_some_and(|entry| entry.settings["ingest"]["cancelled"] == "undo")
}

/// What a line of a table of segments or stages says of them, and what to do.
fn guided(row: &Row) -> String {
    tr!(
        "{meaning}. What to do: {action}",
        meaning = said(row, "meaning", Kind::Text),
        action = said(row, "action", Kind::Text)
    )
}

/// Puts a line below a heading.
fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "  {words}");
}

/// Days of a gap, rounded.
fn days(days: f64) -> String {
    plural(days.round().max(1.0) as u64, "day")
}

/// The date that the results speak of.
fn as_of(results: &Results<'_>) -> Option<String> {
    let stages = ["segment", "churn"].into_iter();
    let mut entries = stages.filter_map(|name| results.manifest.stages.get(name));
    entries.find_map(|entry| entry.as_of.clone())
}

impl Person<'_> {
    /// The row of this customer in a table of results, where both are there.
    fn row(&self, table: &str) -> Result<Option<Row>> {
        if !self.results.named(table)? {
            return Ok(None);
        }
        let sql = format!("SELECT * FROM {table} WHERE {} LIMIT 1", self.condition);
        Ok(self.results.ask(&sql)?.into_iter().next())
    }

    /// A heading; with the date, where the table speaks of another one than the page.
    fn heading(&self, words: &str, table: &str) -> String {
        let manifest = &self.results.manifest;
        let path = format!("{table}.parquet");
        let file = manifest.files.iter().find(|file| file.path == path);
        let date = file.and_then(|file| manifest.stages.get(&file.stage)?.as_of.as_ref());
        match date.filter(|date| self.as_of.as_ref().is_some_and(|page| page != *date)) {
            Some(date) => format!("{words}{}\n", tr!(", as of {date}", date = date)),
            None => format!("{words}\n"),
        }
    }

    /// Rows of the warehouse.
    fn loaded(&self, sql: &str) -> Result<Vec<Row>> {
        rows(&self.warehouse.scope.query(sql)?)
    }

    /// What the table of customers says.
    fn attributes(&self) -> Result<Option<String>> {
        if !self.warehouse.has_table("customers") {
            return Ok(None);
        }
        let sql = format!("SELECT * FROM customers WHERE {} LIMIT 1", self.condition);
        let Some(row) = self.loaded(&sql)?.into_iter().next() else {
            return Ok(None);
        };
        let known = row.keys().filter(|name| *name != "customer_id");
        let known: Vec<&String> = known
            .filter(|name| !said(&row, name, Kind::Text).is_empty())
            .collect();
        let mut text = tr!("WHO") + "\n";
        let longest = known
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        for name in &known {
            let _ = writeln!(text, "  {name:longest$}  {}", said(&row, name, Kind::Text));
        }
        if known.is_empty() {
            line(
                &mut text,
                &tr!("in the table of customers, without attributes"),
            );
        }
        Ok(Some(text))
    }

    /// What happened, by kind, with the first and the last day.
    fn bought(&self) -> Result<Option<String>> {
        let amount = match self.warehouse.has_column("interactions", "amount") {
            true => ", CAST(sum(amount) AS DOUBLE) AS amount",
            false => "",
        };
        let found = self.loaded(&format!(
            "SELECT kind, count(*) AS n, count(DISTINCT basket_id) AS baskets, CAST(min(day) AS VARCHAR) AS first_day, \
             CAST(max(day) AS VARCHAR) AS last_day{amount} FROM interactions WHERE {} GROUP BY kind ORDER BY 2 DESC, 1",
            self.condition
        ))?;
        let cancelled = self.cancelled()?;
        if found.is_empty() && cancelled.is_none() {
            return Ok(None);
        }
        let mut text = tr!("WHAT HAPPENED") + "\n";
        for row in found {
            let kind = said(&row, "kind", Kind::Text);
            let lines = number(&row, "n").unwrap_or(0.0) as u64;
            let baskets = number(&row, "baskets").unwrap_or(0.0) as u64;
            let mut what = match kind.as_str() {
                "purchase" => tr!(
                    "{lines} in {baskets}",
                    lines = plural(lines, "purchase line"),
                    baskets = plural(baskets, "basket")
                ),
                kind => {
                    let kind = words::said(kind).replace('_', " ");
                    tr!("{n} × {kind}", n = count(lines), kind = kind)
                }
            };
            if let Some(amount) = number(&row, "amount").filter(|amount| *amount != 0.0) {
                what += &tr!(", ");
                what += &money(amount, &self.results.manifest.currency);
            }
            let (first, last) = (
                said(&row, "first_day", Kind::Text),
                said(&row, "last_day", Kind::Text),
            );
            let when = tr!(
                "{what}; first on {first}, last on {last}",
                what = what,
                first = first,
                last = last
            );
            line(&mut text, &when);
        }
        text.extend(cancelled);
        Ok(Some(text))
    }

    /// Recency, frequency and money, segment and cluster.
    fn segment(&self) -> Result<Option<String>> {
        let Some(row) = self.row("segments")? else {
            return Ok(None);
        };
        let of = |name: &str, kind| said(&row, name, kind);
        let spent = number(&row, "monetary").unwrap_or(0.0);
        let mut text = self.heading(&tr!("WHERE THEY BELONG"), "segments");
        text += &self.life(&row)?;
        if of("r", Kind::Count).is_empty() {
            return Ok(Some(text));
        }
        let ago = number(&row, "recency_days").unwrap_or(0.0) as u64;
        let scores = tr!(
            "recency {r} of 5 ({days} ago), frequency {f} of 5 ({baskets} baskets), money {m} of 5 ({spent})",
            r = of("r", Kind::Count),
            days = plural(ago, "day"),
            f = of("f", Kind::Count),
            baskets = of("frequency", Kind::Count),
            m = of("m", Kind::Count),
            spent = money(spent, &self.results.manifest.currency)
        );
        line(&mut text, &scores);
        let segment = of("rfm_segment", Kind::Text);
        let belongs = tr!(
            "segment {segment}, value tier {tier}",
            segment = of("rfm_segment", Kind::Code),
            tier = of("value_tier", Kind::Text)
        );
        line(&mut text, &belongs);
        if self.results.named("rfm_segments")? {
            let guides = self.results.small("segment", "rfm_segments")?;
            let mut guides = guides
                .iter()
                .filter(|guide| said(guide, "rfm_segment", Kind::Text) == segment);
            if let Some(guide) = guides.next() {
                line(&mut text, &guided(guide));
            }
        }
        let cluster = of("cluster_name", Kind::Code);
        if !cluster.is_empty() {
            let cluster = tr!(
                "cluster {number}: {name}",
                number = of("cluster", Kind::Count),
                name = cluster
            );
            line(&mut text, &cluster);
            text += &self.moved(&row)?;
        }
        text += &self.classes()?;
        Ok(Some(text))
    }

    /// Where they were before, and why they are elsewhere now.
    fn moved(&self, segment: &Row) -> Result<String> {
        let why = match said(segment, "cluster_change", Kind::Text).as_str() {
            "customer moved" => tr!("what they do has changed"),
            "model moved" => tr!("the clusters have changed, not the customer"),
            "both moved" => tr!("both they and the clusters have changed"),
            _ => return Ok(String::new()),
        };
        let id = said(segment, "cluster_id_before", Kind::Count);
        let mut before = tr!("number {id}", id = id);
        if self.results.named("cluster_moves")? {
            let moves = self.results.small("segment", "cluster_moves")?;
            let mut from = moves
                .iter()
                .filter(|row| said(row, "from_id", Kind::Count) == id);
            if let Some(row) = from.next() {
                before = said(row, "from_name", Kind::Code);
            }
        }
        let mut text = String::new();
        let moved = tr!("before: {before}; {why}", before = before, why = why);
        line(&mut text, &moved);
        Ok(text)
    }

    /// The stage of their life with the shop.
    fn life(&self, segment: &Row) -> Result<String> {
        let of = |name: &str| said(segment, name, Kind::Text);
        let stage = of("life_cycle");
        if stage.is_empty() {
            return Ok(String::new());
        }
        let word = |name: &str| said(segment, name, Kind::Code);
        let mut text = String::new();
        let here = tr!(
            "life cycle: {stage} (phase {phase}, on the ladder of loyalty a {rung})",
            stage = word("life_cycle"),
            phase = word("phase"),
            rung = word("ladder")
        );
        line(&mut text, &here);
        if let (Some(usual), Some(long)) = (
            number(segment, "usual_gap_days"),
            number(segment, "long_gap_days"),
        ) {
            let rhythm = tr!(
                "usually back within {usual}, hardly ever after more than {long}",
                usual = days(usual),
                long = days(long)
            );
            line(&mut text, &rhythm);
        }
        if self.results.named("life_cycle")? {
            let stages = self.results.small("segment", "life_cycle")?;
            let mut stages = stages.iter();
            let here = stages.find(|row| said(row, "life_cycle", Kind::Text) == stage);
            if let Some(here) = here {
                line(&mut text, &guided(here));
            }
        }
        Ok(text)
    }

    /// Tiers, key account class and own segment.
    fn classes(&self) -> Result<String> {
        let Some(row) = self.row("classes")? else {
            return Ok(String::new());
        };
        let of = |name: &str| said(&row, name, Kind::Code);
        let mut classes = vec![
            tr!("pyramid {class}", class = of("pyramid")),
            tr!("tier {class}", class = of("abc")),
        ];
        for (column, what) in [
            ("key_account", mark!("key account {class}")),
            ("own_segment", mark!("own segment {class}")),
        ] {
            let class = of(column);
            if !class.is_empty() {
                classes.push(words::fill(what, &[("class", &class)]));
            }
        }
        let mut text = String::new();
        let classes = tr!("by value: {classes}", classes = classes.join(&tr!(", ")));
        line(&mut text, &classes);
        Ok(text)
    }

    /// The probability of leaving, with its reasons.
    fn leaving(&self) -> Result<Option<String>> {
        let Some(row) = self.row("churn")? else {
            return Ok(None);
        };
        let of = |name: &str, kind| said(&row, name, kind);
        let mut text = self.heading(&tr!("WHETHER THEY LEAVE"), "churn");
        let band = of("band", Kind::Code);
        let risk = match of("churn_probability", Kind::Share).as_str() {
            "" => tr!("{band}: without a probability", band = band),
            probability => {
                let scored = self.results.manifest.stages.get("churn");
                let scored = scored.and_then(|entry| entry.metrics["scored"].as_u64());
                let rank = of("rank", Kind::Count);
                match scored {
                    Some(all) => tr!(
                        "leaves with {probability}: {band} risk, number {rank} of {all}",
                        probability = probability,
                        band = band,
                        rank = rank,
                        all = count(all)
                    ),
                    None => tr!(
                        "leaves with {probability}: {band} risk, number {rank}",
                        probability = probability,
                        band = band,
                        rank = rank
                    ),
                }
            }
        };
        line(&mut text, &risk);
        let reasons = row.keys().filter(|name| name.starts_with("reason_"));
        for reason in reasons
            .map(|name| of(name, Kind::Text))
            .filter(|reason| !reason.is_empty())
        {
            let _ = writeln!(text, "  - {reason}");
        }
        Ok(Some(text))
    }

    /// What they are expected to bring.
    fn value(&self) -> Result<Option<String>> {
        let Some(row) = self.row("value")? else {
            return Ok(None);
        };
        let currency = &self.results.manifest.currency;
        let mut text = self.heading(&tr!("WHAT THEY ARE WORTH"), "value");
        for (column, what) in [
            ("lifetime_value", mark!("lifetime value {value}")),
            ("expected_value", mark!("expected value {value}")),
        ] {
            if let Some(value) = number(&row, column) {
                let value = money(value, currency);
                line(&mut text, &words::fill(what, &[("value", &value)]));
            }
        }
        for (column, what, kind) in [
            (
                "probability_alive",
                mark!("still active with {value}"),
                Kind::Share,
            ),
            (
                "next_purchase_on",
                mark!("next purchase expected on {value}"),
                Kind::Text,
            ),
        ] {
            let value = said(&row, column, kind);
            if !value.is_empty() {
                line(&mut text, &words::fill(what, &[("value", &value)]));
            }
        }
        Ok(Some(text))
    }

    /// What they would buy next, and why.
    fn suggestions(&self) -> Result<Option<String>> {
        if !self.results.named("suggestions")? {
            return Ok(None);
        }
        let found = self.results.ask(&format!(
            "SELECT rank, item, reason FROM suggestions WHERE {} ORDER BY rank LIMIT {SUGGESTIONS}",
            self.condition
        ))?;
        if found.is_empty() {
            return Ok(None);
        }
        let mut text = self.heading(&tr!("WHAT TO OFFER"), "suggestions");
        for row in found {
            let of = |name: &str, kind| said(&row, name, kind);
            let (rank, item, reason) = (
                of("rank", Kind::Count),
                of("item", Kind::Text),
                of("reason", Kind::Text),
            );
            let offer = tr!(
                "{rank}. {item}: {reason}",
                rank = rank,
                item = item,
                reason = reason
            );
            line(&mut text, &offer);
        }
        Ok(Some(text))
    }

    /// The last interactions.
    fn last(&self) -> Result<Option<String>> {
        let has = |column: &str| self.warehouse.has_column("interactions", column);
        let named = has("product_id") && self.warehouse.has_column("products", "name");
        let cancelled = format!(
            "CASE WHEN i.undone_on IS NULL THEN '' WHEN {} THEN '{}' \
             ELSE replace('{}', '{{date}}', CAST(i.undone_on AS VARCHAR)) END",
            self.takes_back("i."),
            tr!("cancels a purchase"),
            words::said(mark!("cancelled on {date}"))
        );
        let mut columns = vec![
            ("CAST(i.day AS VARCHAR)", mark!("day"), false),
            ("i.kind", mark!("kind"), false),
        ];
        if named {
            columns.push((
                "coalesce(p.name, CAST(i.product_id AS VARCHAR))",
                mark!("product"),
                false,
            ));
        } else if has("product_id") {
            columns.push(("CAST(i.product_id AS VARCHAR)", "product", false));
        }
        for (column, sql, numbers) in [
            (mark!("quantity"), "CAST(i.quantity AS DOUBLE)", true),
            (mark!("amount"), "CAST(i.amount AS DOUBLE)", true),
            (mark!("channel"), "i.channel", false),
            (mark!("rating"), "CAST(i.rating AS DOUBLE)", true),
            (mark!("status"), "i.status", false),
        ] {
            if has(column) {
                columns.push((sql, column, numbers));
            }
        }
        let mut table = "interactions";
        if let Some(every) = self.every {
            table = every;
            columns.push((cancelled.as_str(), mark!("cancelled"), false));
        }
        let select: Vec<String> = columns
            .iter()
            .map(|(sql, name, _)| format!("{sql} AS {name}"))
            .collect();
        // Of one moment: in an order that is the same each time.
        let order: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
        let join = if named {
            " LEFT JOIN products p ON i.product_id = p.product_id"
        } else {
            ""
        };
        let found = self.loaded(&format!(
            "SELECT {} FROM {table} i{join} WHERE {} ORDER BY i.occurred_at DESC, {} LIMIT {LAST}",
            select.join(", "),
            self.condition,
            order.join(", ")
        ))?;
        if found.is_empty() {
            return Ok(None);
        }
        // Where none of these lines was cancelled, there is nothing to say of it.
        columns.retain(|(_, name, _)| {
            let says = |row: &Row| !said(row, name, Kind::Text).is_empty();
            *name != "cancelled" || found.iter().any(says)
        });
        let cell = |row: &Row, name: &str, numbers: bool| match (name, numbers) {
            ("kind", _) => said(row, name, Kind::Code),
            (_, true) => said(row, name, Kind::Number),
            (_, false) => said(row, name, Kind::Text),
        };
        let table = Table {
            rows: found
                .iter()
                .map(|row| {
                    columns
                        .iter()
                        .map(|(_, name, numbers)| cell(row, name, *numbers))
                        .collect()
                })
                .collect(),
            columns: columns
                .iter()
                .map(|(_, name, numbers)| Column {
                    title: words::said(name).to_owned(),
                    numbers: *numbers,
                })
                .collect(),
        };
        let text = table.text(width().saturating_sub(2));
        let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
        Ok(Some(tr!("THE LAST INTERACTIONS") + "\n" + &lines))
    }

    /// Says that nobody has this id, and which ids are nearest.
    fn nobody(&self) -> Result<crate::failure::Failure> {
        for table in ["segments", "churn"] {
            if self.results.named(table)? {
                return self.results.nobody(self.id, table);
            }
        }
        let ids = "SELECT DISTINCT customer_id FROM interactions WHERE customer_id IS NOT NULL";
        let ids = self.warehouse.scope.query(ids)?;
        self.results.scope.batch("everybody", ids)?;
        self.results.nobody(self.id, "everybody")
    }
}

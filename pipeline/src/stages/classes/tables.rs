//! The tables of classes.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use regulars_models::rfm::{KeyAccount, Pyramid};

use super::ClassRow;
use super::own::Decided;
use super::tiers::{ABC, Tiers, Worths};
use crate::config::Settings;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, round, text};

/// In place of an own segment: no condition holds.
pub const NO_RULE: &str = "none of these";
/// The kind of the shop's own segments.
pub const OWN: &str = "own segment";

/// Everybody with their classes.
pub fn customers(
    ids: &ArrayRef,
    worths: &Worths,
    tiers: &Tiers,
    own: &Decided<'_>,
) -> Result<RecordBatch> {
    let mut table = TableBuilder::new().column("customer_id", "Who", ids.clone());
    if own.is_asked() {
        let named: StringArray = (0..own.of.len()).map(|row| own.name_of(row)).collect();
        let about =
            "The shop's own segment: the first whose condition holds; empty where none does";
        table = table.column("own_segment", about, Arc::new(named));
    }
    tier_columns(table, worths, tiers).build()
}

/// What customers or accounts are worth, and their tiers.
pub fn tier_columns(table: TableBuilder, worths: &Worths, tiers: &Tiers) -> TableBuilder {
    let present = match worths.present_is_margin {
        true => "Money earned so far: spend less costs",
        false => "Money spent so far, as the segments have it: no costs are known",
    };
    let table = table
        .column(
            "present_value",
            present,
            numbers(worths.present.iter().copied(), 2),
        )
        .column(
            "potential_value",
            "Lifetime value: what is expected, discounted; empty where nothing tells",
            numbers(worths.potential.iter().copied(), 2),
        )
        .column(
            "pyramid",
            &format!("Step of the customer pyramid by {}", worths.ranked_by),
            text(tiers.pyramid.iter().map(|step| step.name())),
        )
        .column(
            "abc",
            &format!(
                "A: the first 80 % of {}, B: up to 95 %, C: the rest",
                worths.ranked_by
            ),
            text(tiers.abc.iter().map(|tier| ABC[*tier])),
        );
    match &tiers.key {
        Some(key) => table.column(
            "key_account",
            "most valuable now, most growable (high potential, not yet most valuable), below zero (brings less than it costs), or other",
            text(key.iter().map(|class| class.name())),
        ),
        None => table,
    }
}

/// Sizes of all classes, kind by kind, customers before accounts with what these are worth.
pub fn class_rows(
    worths: &Worths,
    tiers: &Tiers,
    own: &Decided<'_>,
    accounts: Option<(&Worths, &Tiers)>,
) -> Vec<ClassRow> {
    let mut rows = Vec::new();
    if own.is_asked() {
        let names: Vec<&str> = own.names().chain([NO_RULE]).collect();
        let of = own.of.iter().map(|of| of.unwrap_or(names.len() - 1));
        rows.extend(sized(OWN, "customers", &names, of, worths));
    }
    rows.extend(tier_rows("customers", worths, tiers));
    if let Some((worths, tiers)) = accounts {
        rows.extend(tier_rows("accounts", worths, tiers));
    }
    rows
}

fn tier_rows(of: &str, worths: &Worths, tiers: &Tiers) -> Vec<ClassRow> {
    let steps = Pyramid::ALL.map(Pyramid::name);
    let pyramid = tiers.pyramid.iter().map(|step| *step as usize);
    let mut rows = sized("pyramid", of, &steps, pyramid, worths);
    rows.extend(sized("ABC", of, &ABC, tiers.abc.iter().copied(), worths));
    if let Some(key) = &tiers.key {
        let names = KeyAccount::ALL.map(KeyAccount::name);
        let classes = key.iter().map(|class| *class as usize);
        rows.extend(sized("key account", of, &names, classes, worths));
    }
    rows
}

fn sized(
    kind: &str,
    of: &str,
    names: &[&str],
    classes: impl Iterator<Item = usize>,
    worths: &Worths,
) -> Vec<ClassRow> {
    let (mut members, mut held) = (vec![0_u64; names.len()], vec![0.0_f64; names.len()]);
    for (class, value) in classes.zip(worths.counted()) {
        members[class] += 1;
        held[class] += value;
    }
    let (all, total) = (members.iter().sum::<u64>(), held.iter().sum::<f64>());
    let part = |part: f64, whole: f64| {
        if whole > 0.0 {
            round(part / whole, 6)
        } else {
            0.0
        }
    };
    let rows = names.iter().zip(members).zip(held);
    rows.map(|((name, members), held)| ClassRow {
        kind: kind.to_owned(),
        of: of.to_owned(),
        name: (*name).to_owned(),
        members,
        share: part(members as f64, all as f64),
        value_share: part(held, total),
    })
    .collect()
}

/// Every class with its size, what it means and what to do.
pub fn sizes(rows: &[ClassRow], settings: &Settings) -> Result<RecordBatch> {
    let members: UInt64Array = rows.iter().map(|row| row.members).collect();
    let column = |of: fn(&ClassRow) -> &str| text(rows.iter().map(of));
    let share = |of: fn(&ClassRow) -> f64| numbers(rows.iter().map(of), 6);
    let words: Vec<[&str; 2]> = rows.iter().map(|row| words(row, settings)).collect();
    TableBuilder::new()
        .column("kind", "Which sort of class", column(|row| &row.kind))
        .column(
            "of",
            "Whether it holds customers or accounts",
            column(|row| &row.of),
        )
        .column("class", "The class", column(|row| &row.name))
        .column("members", "How many are in it", Arc::new(members))
        .column("share", "Share of all", share(|row| row.share))
        .column(
            "value_share",
            "Share of all value: of lifetime value, or of spend where there is none",
            share(|row| row.value_share),
        )
        .column(
            "meaning",
            "Who they are",
            text(words.iter().map(|words| words[0])),
        )
        .column(
            "action",
            "What to do",
            text(words.iter().map(|words| words[1])),
        )
        .build()
}

/// What a class means, and what to do.
fn words<'a>(row: &ClassRow, settings: &'a Settings) -> [&'a str; 2] {
    if row.kind == OWN {
        let mut own = settings.config.classes.own.iter();
        return match own.find(|own| own.name == row.name) {
            Some(own) => [own.meaning.as_str(), own.action.as_str()],
            None => ["Whom no own segment takes", ""],
        };
    }
    match row.name.as_str() {
        "VIP" => [
            "Worth most of all",
            "A person of their own to turn to; never an automatic discount",
        ],
        "major" => [
            "Worth far more than most",
            "First to hear of news, asked for their opinion",
        ],
        "ordinary" => ["Worth more than most", "Show them what the better ones buy"],
        "small" => ["All others", "Serve them well and cheaply"],
        "A" => [
            "Together bring the first 80 %",
            "Keep them whatever it takes",
        ],
        "B" => ["Together bring the next 15 %", "Bring them up to A"],
        "C" => ["Together bring the last 5 %", "Serve them cheaply"],
        "most valuable" => [
            "Bring most now",
            "Keep them: service, recognition, a plan for each",
        ],
        "most growable" => [
            "Could bring much, and do not yet",
            "Grow them: cross-sell, a plan for what they buy elsewhere",
        ],
        "below zero" => [
            "Cost more than they bring",
            "Cheaper service, other prices, or let them go",
        ],
        "other" => ["None of these", "Keep the effort low"],
        _ => ["", ""],
    }
}

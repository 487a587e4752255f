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
use crate::words::{Language, said, spoken};

/// In place of an own segment: no condition holds.
pub const NO_RULE: &str = mark!("none of these");
/// What classes hold.
pub const CUSTOMERS: &str = "customers";
/// See [`CUSTOMERS`].
pub const ACCOUNTS: &str = "accounts";
/// The kind of the shop's own segments.
pub const OWN: &str = mark!("own segment");

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
            mark!("The shop's own segment: the first whose condition holds; empty where none does");
        table = table.column("own_segment", about, Arc::new(named));
    }
    tier_columns(table, worths, tiers).build()
}

/// What customers or accounts are worth, and their tiers.
pub fn tier_columns(table: TableBuilder, worths: &Worths, tiers: &Tiers) -> TableBuilder {
    let present = match worths.present_is_margin {
        true => mark!("Money earned so far: spend less costs"),
        false => mark!("Money spent so far, as the segments have it: no costs are known"),
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
            &tr!(
                "Step of the customer pyramid by {value}",
                value = said(worths.ranked_by)
            ),
            text(tiers.pyramid.iter().map(|step| step.name())),
        )
        .in_words(
            "pyramid",
            tiers.pyramid.iter().map(|step| Some(said(step.name()))),
        )
        .column(
            "abc",
            &tr!(
                "A: the first 80 % of {value}, B: up to 95 %, C: the rest",
                value = said(worths.ranked_by)
            ),
            text(tiers.abc.iter().map(|tier| ABC[*tier])),
        );
    match &tiers.key {
        Some(key) => table
            .column(
                "key_account",
                "most valuable now, most growable (high potential, not yet most valuable), below zero (brings less than it costs), or other",
                text(key.iter().map(|class| class.name())),
            )
            .in_words("key_account", key.iter().map(|class| Some(said(class.name())))),
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
        rows.extend(sized(OWN, CUSTOMERS, &names, of, worths));
    }
    rows.extend(tier_rows(CUSTOMERS, worths, tiers));
    if let Some((worths, tiers)) = accounts {
        rows.extend(tier_rows(ACCOUNTS, worths, tiers));
    }
    rows
}

fn tier_rows(of: &str, worths: &Worths, tiers: &Tiers) -> Vec<ClassRow> {
    let steps = Pyramid::ALL.map(Pyramid::name);
    let pyramid = tiers.pyramid.iter().map(|step| *step as usize);
    let mut rows = sized(mark!("pyramid"), of, &steps, pyramid, worths);
    rows.extend(sized("ABC", of, &ABC, tiers.abc.iter().copied(), worths));
    if let Some(key) = &tiers.key {
        let names = KeyAccount::ALL.map(KeyAccount::name);
        let classes = key.iter().map(|class| *class as usize);
        rows.extend(sized(mark!("key account"), of, &names, classes, worths));
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
        .in_words("kind", rows.iter().map(|row| Some(said(&row.kind))))
        .column(
            "of",
            "Whether it holds customers or accounts",
            column(|row| &row.of),
        )
        .in_words("of", rows.iter().map(|row| Some(members_of(&row.of))))
        .column("class", "The class", column(|row| &row.name))
        .in_words("class", rows.iter().map(|row| Some(class_words(row))))
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

/// What classes hold, in the language of the command.
pub fn members_of(of: &str) -> &str {
    match (spoken(), of) {
        (Language::En, of) => of,
        (_, ACCOUNTS) => said(mark!("account")),
        _ => said(mark!("customer")),
    }
}

/// The class in the language of the command; the shop's own segments are called as the shop calls them.
pub fn class_words(row: &ClassRow) -> &str {
    match row.kind == OWN && row.name != NO_RULE {
        true => &row.name,
        false => said(&row.name),
    }
}

/// What a class means, and what to do; what the settings say of an own segment as they say it.
fn words<'a>(row: &ClassRow, settings: &'a Settings) -> [&'a str; 2] {
    if row.kind == OWN {
        let mut own = settings.config.classes.own.iter();
        return match own.find(|own| own.name == row.name) {
            Some(own) => [own.meaning.as_str(), own.action.as_str()],
            None => [said(mark!("Whom no own segment takes")), ""],
        };
    }
    let usual = match row.name.as_str() {
        mark!("VIP") => [
            mark!("Worth most of all"),
            mark!("A person of their own to turn to; never an automatic discount"),
        ],
        mark!("major") => [
            mark!("Worth far more than most"),
            mark!("First to hear of news, asked for their opinion"),
        ],
        mark!("ordinary") => [
            mark!("Worth more than most"),
            mark!("Show them what the better ones buy"),
        ],
        mark!("small") => [mark!("All others"), mark!("Serve them well and cheaply")],
        "A" => [
            mark!("Together bring the first 80 %"),
            mark!("Keep them whatever it takes"),
        ],
        "B" => [
            mark!("Together bring the next 15 %"),
            mark!("Bring them up to A"),
        ],
        "C" => [
            mark!("Together bring the last 5 %"),
            mark!("Serve them cheaply"),
        ],
        mark!("most valuable") => [
            mark!("Bring most now"),
            mark!("Keep them: service, recognition, a plan for each"),
        ],
        mark!("most growable") => [
            mark!("Could bring much, and do not yet"),
            mark!("Grow them: cross-sell, a plan for what they buy elsewhere"),
        ],
        mark!("below zero") => [
            mark!("Cost more than they bring"),
            mark!("Cheaper service, other prices, or let them go"),
        ],
        mark!("other") => [mark!("None of these"), mark!("Keep the effort low")],
        _ => ["", ""],
    };
    usual.map(said)
}

//! Orders that were cancelled later, where the lines say so of themselves: by a letter before the number
//! of the order, as in `C536379`, or by a kind that is called so.

use super::Guess;
use crate::commands::init::column::Column;
use crate::commands::init::source::{Source, Value};
use crate::commands::init::table::Table;
use crate::text::in_english;

/// What a kind is called that cancels a purchase, at its beginning.
const CANCELS: &[&str] = &["cancel", "storn", "annul", "取消"];

impl Guess {
    /// Whether purchases should be undone that were cancelled later.
    pub(super) fn cancellations(&mut self, files: &[Table]) {
        let mut sources = self.sources.iter();
        self.cancelled = sources.find_map(|source| {
            (source.table == "interactions")
                .then(|| by_letter(&files[source.file], source).or_else(|| by_kind(source)))?
        });
    }
}

/// Where the value of a canonical column comes from.
fn value<'a>(source: &'a Source, name: &str) -> Option<&'a Value> {
    let pick = source.picks.iter().find(|pick| pick.name == name)?;
    Some(&pick.value)
}

/// Numbers of orders with a letter before them, among others without, in a file in which quantities
/// are below zero.
fn by_letter(file: &Table, source: &Source) -> Option<String> {
    let (Some(Value::BySign(signed, _)), Some(Value::Column(order))) =
        (value(source, "kind"), value(source, "basket_id"))
    else {
        return None;
    };
    let orders: &Column = file.column(order)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let lettered = |text: &str| {
        let rest = text.strip_prefix(|c: char| c.is_alphabetic());
        rest.map(|rest| rest.trim_start_matches(['-', ' ']))
            .is_some_and(digits)
    };
    let with: Vec<&String> = orders.texts.iter().filter(|text| lettered(text)).collect();
    let without = orders.texts.iter().filter(|text| digits(text)).count();
    let example = with.first()?;
    (without > with.len()).then(|| {
        format!(
            "`{order}` has {} with a letter before it, such as {example}, and `{signed}` is below zero in some rows: orders that were cancelled. \
             From the day of the cancellation on neither it nor the purchase counts; with \"keep\" the purchase counts and what came back is a return",
            in_english(with.len() as u64, "number"),
        )
    })
}

/// A kind that is called so.
fn by_kind(source: &Source) -> Option<String> {
    let Some(Value::Sql(sql)) = value(source, "kind") else {
        return None;
    };
    let lower = sql.to_lowercase();
    let said = CANCELS
        .iter()
        .any(|word| lower.contains(&format!("when '{word}")));
    said.then(|| {
        "Some rows say that an order was cancelled. From that day on neither they nor the purchase of the same customer, product \
         and quantity count; with \"keep\" the purchase counts and what came back is a return".to_owned()
    })
}

//! The offers of every kind as a table.

use std::sync::Arc;

use arrow::array::{Date32Array, RecordBatch, UInt32Array};
use arrow::compute::take;

use super::kinds::Offer;
use super::known::Known;
use super::product::{Product, Products};
use crate::config::offers::Kind;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, round, text};
use crate::words::said;

/// The offers, in the order in which they are given.
pub fn table(offers: &[Offer], known: &Known<'_>, products: &Products) -> Result<RecordBatch> {
    let all = || offers.iter();
    let items = &known.purchases.items;
    let product = |offer: &Offer| {
        let segment = known.beside.segments[offer.customer as usize];
        products.of(offer.item, segment)
    };
    let named = |of: fn(&Product) -> &str| {
        text(all().map(|offer| product(offer).map_or("", of).to_owned()))
    };
    let price = |offer: &Offer| {
        let own = product(offer).and_then(|product| product.price);
        own.or(known.shelf.prices[offer.item as usize])
    };
    let expected = |offer: &Offer| {
        price(offer).map_or(f64::NAN, |price| {
            offer.probability * price * known.earned(offer.item)
        })
    };
    let rows: UInt32Array = all().map(|offer| offer.customer).collect();
    let ranks: UInt32Array = all().map(|offer| offer.rank).collect();
    let due: Date32Array = all().map(|offer| offer.due).collect();
    let costs = known.shelf.margins.iter().any(Option::is_some);
    let about = match costs {
        true => mark!("Probability times price times the share of the price that the item earns"),
        false => mark!("Probability times price: no costs are loaded"),
    };
    let table = TableBuilder::new()
        .column("customer_id", "Who", take(&known.purchases.customers, &rows, None)?)
        .column(
            "kind",
            "new: not bought before; better: dearer than what they buy of the category; again: bought twice or more, with the day on which it is due; back: of a category that they have left",
            text(all().map(|offer| code(offer.kind))),
        )
        .in_words("kind", all().map(|offer| Some(said(words(offer.kind)))));
    table
        .column("rank", "1 is the best of its kind", Arc::new(ranks))
        .column(
            "item",
            "What to offer",
            text(all().map(|offer| &items.names[offer.item as usize])),
        )
        .column(
            "level",
            "The level of the taxonomy that the item is of",
            text(all().map(|_| &known.purchases.ask.level)),
        )
        .column(
            "product_id",
            "The product to offer of it: what most customers of the same segment bought of late, on sale now",
            named(|product| &product.id),
        )
        .column("product", "Its name", named(|product| &product.name))
        .column(
            "price",
            "What one of it has cost of late, on average",
            numbers(all().map(|offer| price(offer).unwrap_or(f64::NAN)), 2),
        )
        .column(
            "probability",
            "Probability of buying the item within the days that are offered for; empty where the history is too short for one",
            exact_numbers(all().map(|offer| round(offer.probability, 6))),
        )
        .column("expected", about, numbers(all().map(expected), 4))
        .column(
            "due_on",
            "The day on which it is due by the customer's own rhythm; past where it is overdue",
            Arc::new(due),
        )
        .column("reason", "Why, in words", text(all().map(|offer| &offer.reason)))
        .build()
}

fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::New => "new",
        Kind::Better => "better",
        Kind::Again => "again",
        Kind::Back => "back",
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::New => mark!("new to them"),
        Kind::Better => mark!("a step up"),
        Kind::Again => mark!("due again"),
        Kind::Back => mark!("back to a category they have left"),
    }
}

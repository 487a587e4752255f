//! The read-out as a table, a row for each group and what is between them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, UInt64Array};
use arrow::datatypes::Date32Type;

use super::outcome::{Change, Outcome, Part};
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};

/// Two rows: those contacted, with what sets them apart, and those held back.
pub fn table(outcome: &Outcome<'_>) -> Result<RecordBatch> {
    let earned = &outcome.earned;
    let parts = [&earned.sent, &earned.control];
    let whole = |of: fn(&Part) -> Option<u64>| -> ArrayRef {
        Arc::new(parts.iter().map(|part| of(part)).collect::<UInt64Array>())
    };
    let number = |of: &dyn Fn(&Part) -> Option<f64>| {
        numbers(parts.iter().map(|part| of(part).unwrap_or(f64::NAN)), 6)
    };
    // Of those contacted alone.
    let alone = |value: Option<f64>| exact_numbers([value.unwrap_or(f64::NAN), f64::NAN]);
    let mut table = TableBuilder::new()
        .column("list", "The list", text([&earned.list; 2]))
        .column(
            "as_of",
            "The date that the list was made of; its first day",
            text([&earned.as_of; 2]),
        )
        .column(
            "until",
            "The first day that is not looked at",
            text([&earned.until; 2]),
        )
        .column(
            "group",
            "sent, or control: held back",
            text(["sent", "control"]),
        )
        .in_words("group", [tr!("contacted"), tr!("held back")].map(Some))
        .column(
            "customers",
            "Customers in it",
            whole(|part| Some(part.customers)),
        )
        .column(
            "buyers",
            "Who bought something",
            whole(|part| Some(part.buyers)),
        )
        .column(
            "buyer_share",
            "Share that bought something",
            number(&|part| (part.customers > 0).then(|| part.share())),
        )
        .column(
            "responders",
            "Who responded to the campaign, as the interactions tell",
            whole(|part| part.responders),
        )
        .column(
            "spend",
            "What they spent, returns taken off",
            number(&|part| Some(part.spend)),
        )
        .column(
            "margin",
            "What that left over costs",
            number(&|part| part.margin),
        )
        .column(
            "in_other_lists",
            "Who was contacted by another list meanwhile",
            whole(|part| Some(part.in_other_lists)),
        )
        .column(
            "contacted",
            "Who was contacted by the campaign, as the interactions tell",
            whole(|part| part.contacted),
        );
    let changes: [(&str, [&str; 3], Option<Change>); 3] = [
        (
            "uplift",
            [
                mark!("How much larger the share of buyers is than of those held back"),
                mark!(
                    "How much larger the share of buyers is than of those held back: where the 95 % interval begins"
                ),
                mark!(
                    "How much larger the share of buyers is than of those held back: where the 95 % interval ends"
                ),
            ],
            earned.buyers,
        ),
        (
            "spend_uplift",
            [
                mark!("How much more each spent than those held back"),
                mark!(
                    "How much more each spent than those held back: where the 95 % interval begins"
                ),
                mark!(
                    "How much more each spent than those held back: where the 95 % interval ends"
                ),
            ],
            earned.spend,
        ),
        (
            "margin_uplift",
            [
                mark!("How much more each left over costs than those held back"),
                mark!(
                    "How much more each left over costs than those held back: where the 95 % interval begins"
                ),
                mark!(
                    "How much more each left over costs than those held back: where the 95 % interval ends"
                ),
            ],
            earned.margin,
        ),
    ];
    for (name, about, change) in changes {
        let values = [
            change.map(|change| change.each),
            change.map(|change| change.low),
            change.map(|change| change.high),
        ];
        for ((end, about), value) in ["", "_low", "_high"].into_iter().zip(about).zip(values) {
            table = table.column(&format!("{name}{end}"), about, alone(value));
        }
    }
    let paid_back = outcome.paid_back_on().map(Date32Type::from_naive_date);
    let roi = earned.return_on_cost();
    table
        .column("cost", "What contacts cost", alone(Some(earned.cost)))
        .column(
            "roi",
            "(incremental margin - cost) / cost, over the days looked at",
            alone(roi.map(|roi| roi.each)),
        )
        .column(
            "roi_low",
            "Where its 95 % interval begins",
            alone(roi.map(|roi| roi.low)),
        )
        .column(
            "roi_high",
            "Where its 95 % interval ends",
            alone(roi.map(|roi| roi.high)),
        )
        .column(
            "paid_back_on",
            "The day by which the incremental margin had reached the cost, and stayed there",
            Arc::new(Date32Array::from_iter([paid_back, None])),
        )
        .build()
}

//! Lines that are no products: postage, fees, vouchers.

use super::Builder;
use crate::commands::init::column::Column;
use crate::commands::init::source::Value;
use crate::contract::no_products::{are_numbered, meaning, meaning_of_short};
use crate::text::in_english;

impl Builder<'_> {
    /// Notes the codes that say that they are no products, and those so short that they say it only
    /// where nearly all other codes have digits.
    pub(super) fn no_products(&mut self) {
        let of_product = |column: &&Column| {
            self.source.picks.iter().any(|pick| {
                let named = matches!(&pick.value, Value::Column(name) if *name == column.name);
                pick.name == "product_id" && named
            })
        };
        let Some(column) = self.file.columns.iter().find(of_product) else {
            return;
        };
        let worded = column.worded.as_ref();
        let numbered = worded.is_some_and(|worded| {
            let distinct = column.distinct();
            are_numbered(distinct, distinct.saturating_sub(worded.len() as u64))
        });
        let mut found = column.no_products.clone();
        if numbered {
            let short = worded.into_iter().flatten();
            found.extend(
                short
                    .filter(|(code, _)| meaning_of_short(code).is_some())
                    .map(|(code, rows)| (code.clone(), *rows)),
            );
        }
        if found.is_empty() {
            return;
        }
        let told = found.iter().map(|(code, rows)| {
            let means = meaning(code).or_else(|| meaning_of_short(code));
            let means = means.unwrap_or_default();
            format!("`{code}` ({means}) in {}", in_english(*rows, "row"))
        });
        let told: Vec<String> = told.collect();
        let why = format!(
            "No products, by their codes: {}. Take out what is one.",
            told.join(", ")
        );
        self.source.no_products = Some((found.into_keys().collect(), why));
    }
}

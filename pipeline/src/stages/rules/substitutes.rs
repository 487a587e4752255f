//! What is bought instead of each other.

use arrow::array::RecordBatch;
use regulars_models::ParamGuard;
use regulars_models::associations::{MinSupport, OnSale, Pair, PairParams, SameCustomers};

use super::choice::Part;
use super::page::PairLine;
use super::tables::whole;
use crate::config::Rules;
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};
use crate::purchases::Items;

/// Pairs of items that avoid each other, the strongest first.
pub struct Substitutes {
    pairs: Vec<Pair>,
    /// Pairs that were tested.
    pub tested: u64,
}

/// Looks for them among all pairs of items that are each frequent enough.
///
/// `customers` tells for each of the purchases' baskets whose it is. A pair has to avoid each other
/// among baskets of like size and among the baskets of each customer.
///
/// What was never on sale at the same time and place replaces nothing: pairs are held against the
/// baskets of the days on which, and the locations at which, both were.
pub fn find(
    settings: &Rules,
    part: &Part,
    customers: &[u32],
    on_sale: &OnSale<'_>,
) -> Result<Substitutes> {
    let customers = part.customers(customers);
    let found = PairParams::new(MinSupport::Share(settings.min_support))
        // More than half false is no choice that anybody makes, and none that the test allows.
        .max_q_value(settings.max_false_share.min(0.5))
        .complements(false)
        .check()
        .and_then(|params| params.fit_on_sale(&part.baskets, Some(&customers), on_sale))
        .map_err(|error| {
            Failure::data(error.to_string())
                .hint("raise min_support under [rules], or set substitutes = false")
        })?;
    Ok(Substitutes {
        pairs: found.substitutes,
        tested: found.n_tested_substitutes as u64,
    })
}

impl Substitutes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// All of them, for the page.
    pub fn page_rows(&self, items: &Items) -> Vec<PairLine> {
        let row = |pair: &Pair| PairLine {
            names: pair.items.map(|item| items.spoken_of(&[item])),
            together: pair.given_size.together.into(),
            expected: pair.given_size.expected,
            ratio: pair.given_size.ratio(),
            overlap: pair.customers.as_ref().map(SameCustomers::overlap),
            score: pair.score,
        };
        self.pairs.iter().map(row).collect()
    }

    /// Everything as a table.
    pub fn table(&self, items: &Items) -> Result<RecordBatch> {
        let pairs = || self.pairs.iter();
        let side = |place: usize, texts: &[String]| {
            text(pairs().map(|pair| texts[pair.items[place] as usize].clone()))
        };
        let counted = |of: &dyn Fn(&Pair) -> u32| whole(pairs().map(|pair| of(pair).into()));
        let number = |of: &dyn Fn(&Pair) -> f64| numbers(pairs().map(of), 6);
        let of_customers = |of: fn(&SameCustomers) -> f64| {
            numbers(
                pairs().map(|pair| pair.customers.as_ref().map_or(f64::NAN, of)),
                6,
            )
        };
        TableBuilder::new()
            .column("one", "One item", side(0, &items.names))
            .column("other", "The other, bought instead", side(1, &items.names))
            .column("one_id", "Id of the first", side(0, &items.ids))
            .column("other_id", "Id of the second", side(1, &items.ids))
            .column("score", "Share of the expected baskets with both that is missing for certain, times the share of customers of one who buy the other too", number(&|p| p.score))
            .column("one_count", "Baskets with the first, on the days on which both were on sale", counted(&|p| p.counts[0]))
            .column("other_count", "Baskets with the second on these days", counted(&|p| p.counts[1]))
            .column("together", "Baskets with both", counted(&|p| p.together))
            .column("expected", "Baskets with both if the items were scattered over all baskets of these days", numbers(pairs().map(|p| p.expected), 3))
            .column("lift", "Baskets with both over those", number(&|p| p.lift))
            .column("size_expected", "Baskets with both by chance, given the sizes of the baskets", numbers(pairs().map(|p| p.given_size.expected), 3))
            .column("size_ratio", "Baskets with both over those", number(&|p| p.given_size.ratio()))
            .column("customers_both", "Customers who bought both, at once or not", of_customers(|c| f64::from(c.both)))
            .column("overlap", "Share of the customers of one who bought the other, too", of_customers(SameCustomers::overlap))
            .column("customer_expected", "Baskets with both by chance, each customer's baskets compared with the others of the same customer", of_customers(|c| c.given_customer.expected))
            .column("customer_ratio", "Baskets with both over those", of_customers(|c| c.given_customer.ratio()))
            .column("p_value", "Chance of so few or fewer, given size and given customer, the larger of both", exact_numbers(pairs().map(|p| p.p_value)))
            .column("q_value", "The p-value corrected for all pairs tested (Benjamini-Hochberg)", exact_numbers(pairs().map(|p| p.q_value)))
            .build()
    }
}

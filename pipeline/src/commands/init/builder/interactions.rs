//! Interactions: who, when, in which basket, what and for how much.

use super::Builder;
use crate::commands::init::column::Column;
use crate::commands::init::names::{self, Role, fit};
use crate::commands::init::roles::SURE;
use crate::commands::init::source::{Value, evidence, short};
use crate::commands::init::values::Shape;
use crate::text::{in_english, percent};

/// From this share of rows on, a missing customer is a guest rather than a mistake.
const EMPTY: f64 = 0.01;

impl Builder<'_> {
    pub(super) fn interactions(&mut self) {
        let keys = Column::names_things;
        // Whatever a name says well is taken before a customer is looked for among the rest.
        let customer = self
            .best(&names::CUSTOMER, keys)
            .filter(|found| found.1 >= SURE);
        let customer = customer
            .map(|found| found.0)
            .or_else(|| self.customer_by_values());
        match customer {
            Some(column) => {
                self.pick("customer_id", &names::CUSTOMER, column);
                self.guests(column);
            }
            None => self.missing("customer_id", "no column looks like the customer"),
        }
        self.time("occurred_at", &names::TIME, true);
        let kind = self.source.picks.len();
        self.optional("channel", &names::CHANNEL, |column| column.labels.is_some());
        self.optional("location_id", &names::LOCATION, keys);
        self.optional("basket_id", &names::BASKET, keys);
        self.optional("product_id", &names::PRODUCT, keys);
        if !self.has("product_id")
            && let Some((column, fitness)) = self.best(&names::NAME, keys)
            && fitness >= SURE
        {
            self.pick("product_id", &names::NAME, column);
            self.source
                .notes
                .push("There is no product number; the product's name stands for it.".to_owned());
        }
        self.no_products();
        let quantity = self
            .best(&names::QUANTITY, Column::is_number)
            .filter(|found| found.1 >= SURE);
        let quantity = quantity.map(|found| found.0);
        if let Some(column) = quantity {
            self.number("quantity", &names::QUANTITY, column);
        }
        let amount = self.amount(quantity);
        self.optional_number("discount", &names::DISCOUNT);
        self.optional_number("cost", &names::COST);
        self.optional("campaign_id", &names::CAMPAIGN, keys);
        self.optional_number("rating", &names::RATING);
        let pick = self.kind(quantity.or(amount));
        self.source.picks.insert(kind, pick);
        self.unreadable(
            "amount",
            &[names::AMOUNT, names::PRICE],
            "numbers",
            |shape| matches!(shape, Shape::Whole | Shape::Number(_)),
        );
        self.unreadable("occurred_at", &[names::TIME], "times", |shape| {
            matches!(shape, Shape::Time(_))
        });
    }

    /// Points out a column that is called like what is missing, and could not be read as it.
    fn unreadable(&mut self, name: &str, roles: &[Role], what: &str, good: fn(&Shape) -> bool) {
        if self.has(name) {
            return;
        }
        for (place, column) in self.file.columns.iter().enumerate() {
            let called = roles
                .iter()
                .any(|role| fit(role, column.known_as()) >= SURE);
            let free = !column.is_link && !self.source.used.contains(&place);
            if !called || !free || column.filled == 0 || good(&column.shape) {
                continue;
            }
            let (share, others) = column.share_like(good);
            let others: Vec<String> = others
                .iter()
                .map(|text| format!("`{}`", short(text)))
                .collect();
            self.source.notes.push(format!(
                "WARNING: `{}` is called like {name} and is not used: {} of its values are {what}, and others are such as {}.",
                column.name,
                percent(share),
                others.join(", ")
            ));
        }
    }

    /// Values of the customer that stand for guests: nothing at all in more than a few rows, or a
    /// word or number that is nobody's and comes more often than any customer would.
    fn guests(&mut self, customer: usize) {
        let buys = [names::BASKET, names::PRODUCT, names::AMOUNT, names::PRICE];
        let is_bought = |column: &Column| {
            let fits = |role| fit(role, column.known_as()) >= SURE;
            !column.is_link && buys.iter().any(fits)
        };
        if !self.file.columns.iter().any(is_bought) {
            return;
        }
        let column = &self.file.columns[customer];
        let rows = self.file.rows.max(1) as f64;
        let nobody: u64 = column.nobody.values().sum();
        let others = column
            .distinct()
            .saturating_sub(column.nobody.len() as u64)
            .max(1);
        let usual = column.filled.saturating_sub(nobody) as f64 / others as f64;
        let mut found: Vec<(String, u64)> = Vec::new();
        let empty = self.file.rows.saturating_sub(column.filled);
        if empty as f64 / rows > EMPTY {
            found.push((String::new(), empty));
        }
        let often = |count: u64| count >= 5 && count as f64 >= 3.0 * usual;
        let words = column.nobody.iter().filter(|(_, count)| often(**count));
        found.extend(words.map(|(word, count)| (word.clone(), *count)));
        let counts = found.iter().map(|(word, count)| match word.as_str() {
            "" => format!("no value in {}", in_english(*count, "row")),
            word => format!("`{word}` in {}", in_english(*count, "row")),
        });
        let counts: Vec<String> = counts.collect();
        if !found.is_empty() {
            self.source.guests = Some((
                found.into_iter().map(|(word, _)| word).collect(),
                format!(
                    "Guests: `{}` has {}. They count in baskets, rules and totals and are nobody's; if these rows are broken instead, take this line out.",
                    column.name,
                    counts.join(", ")
                ),
            ));
        }
    }

    /// A column of which nothing is known, and whose values come again at other times, is the
    /// customer when it has the most different ones; the number of a basket does not come again.
    fn customer_by_values(&self) -> Option<usize> {
        let known = [
            names::BASKET,
            names::PRODUCT,
            names::QUANTITY,
            names::AMOUNT,
            names::PRICE,
            names::LOCATION,
            names::CHANNEL,
            names::CAMPAIGN,
            names::RATING,
            names::NAME,
            names::CATEGORY,
            names::BRAND,
            names::DISCOUNT,
            names::COST,
        ];
        let free = |column: &Column| known.iter().all(|role| fit(role, column.known_as()) < SURE);
        let comes_again = |column: &Column| {
            let distinct = column.distinct();
            distinct >= 2
                && distinct as f64 <= 0.8 * column.filled as f64
                && column.filled * 2 >= self.file.rows
        };
        let time = self.file.columns.iter().find(|column| column.is_time())?;
        let candidates = self.file.columns.iter().enumerate();
        candidates
            .filter(|(_, column)| {
                column.names_things()
                    && free(column)
                    && comes_again(column)
                    && column.comes_with(time) >= 1.5
            })
            .max_by_key(|(place, column)| (column.distinct(), usize::MAX - place))
            .map(|(place, _)| place)
    }

    /// What was paid for a line: a column of its own, or price times quantity.
    fn amount(&mut self, quantity: Option<usize>) -> Option<usize> {
        let amount = self.best(&names::AMOUNT, Column::is_number);
        let price = self
            .best(&names::PRICE, Column::is_number)
            .filter(|found| found.1 >= SURE);
        match (amount, price, quantity) {
            (Some((column, fitness)), ..) if fitness >= SURE => {
                self.number("amount", &names::AMOUNT, column);
                Some(column)
            }
            (_, Some((column, _)), Some(quantity)) => {
                let factors = [quantity, column].map(|place| {
                    let marks = self.marks_of(place);
                    (self.file.columns[place].name.clone(), marks)
                });
                let evidence = format!(
                    "quantity times price; {}",
                    evidence(&self.file.columns[column])
                );
                self.add("amount", Value::Product(factors), evidence, column);
                Some(column)
            }
            (_, Some((column, _)), None) => {
                self.number("amount", &names::PRICE, column);
                self.source
                    .notes
                    .push("There is no quantity, so the price is taken for the amount.".to_owned());
                Some(column)
            }
            (Some((column, _)), None, _) => {
                self.number("amount", &names::AMOUNT, column);
                Some(column)
            }
            (None, None, _) => None,
        }
    }
}

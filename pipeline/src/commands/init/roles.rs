//! The columns of a file that decide what it is, by their names.

use crate::commands::init::column::Column;
use crate::commands::init::names::{self, Role, fit};
use crate::commands::init::table::Table;

/// A name fits well from here on; below, it only hints.
pub const SURE: f64 = 2.0;
/// The column that fits a role best, among those that are not taken and are `good`.
pub fn best(
    file: &Table,
    role: &Role,
    taken: &[usize],
    good: impl Fn(&Column) -> bool,
) -> Option<(usize, f64)> {
    let mut found: Option<(usize, f64)> = None;
    for (place, column) in file.columns.iter().enumerate() {
        let name = fit(role, column.known_as());
        if name == 0.0
            || column.is_link
            || taken.contains(&place)
            || column.filled == 0
            || !good(column)
        {
            continue;
        }
        if found.is_none_or(|(_, best)| name > best) {
            found = Some((place, name));
        }
    }
    found
}

/// The columns of a file that decide what it is.
pub struct Roles {
    /// Who.
    pub customer: Option<usize>,
    /// When.
    pub time: Option<usize>,
    /// In which basket.
    pub basket: Option<usize>,
    /// What.
    pub product: Option<usize>,
    /// A sum or a price.
    pub amount: Option<usize>,
    /// For which campaign.
    pub campaign: Option<usize>,
    /// Whether its rows have a first and a last day.
    pub spans_days: bool,
}

impl Roles {
    /// Those of a file.
    pub fn of(file: &Table) -> Self {
        let sure = |role: &Role, good: fn(&Column) -> bool| {
            best(file, role, &[], good)
                .filter(|found| found.1 >= SURE)
                .map(|found| found.0)
        };
        Self {
            customer: sure(&names::CUSTOMER, Column::names_things),
            time: file.columns.iter().position(Column::is_time),
            basket: sure(&names::BASKET, Column::names_things),
            product: sure(&names::PRODUCT, Column::names_things),
            amount: sure(&names::AMOUNT, Column::is_number)
                .or(sure(&names::PRICE, Column::is_number)),
            campaign: sure(&names::CAMPAIGN, Column::names_things),
            spans_days: sure(&names::STARTS, Column::is_time).is_some()
                && sure(&names::ENDS, Column::is_time).is_some(),
        }
    }

    /// What names and uniqueness say that a file is.
    pub fn table(&self, file: &Table) -> Option<&'static str> {
        let unique =
            |column: Option<usize>| column.is_some_and(|column| file.columns[column].unique());
        if self.spans_days
            && self.customer.is_none()
            && (unique(self.campaign) || self.campaign.is_none() && self.product.is_none())
        {
            return Some("campaigns");
        }
        if unique(self.product) && self.customer.is_none() && self.basket.is_none() {
            return Some("products");
        }
        if unique(self.customer)
            && self.basket.is_none()
            && self.product.is_none()
            && self.campaign.is_none()
            && (self.time.is_none() || self.amount.is_none())
        {
            return Some("customers");
        }
        (self.customer.is_some() && self.time.is_some()).then_some("interactions")
    }
}

/// Whether a column is a number that would be added up.
pub fn is_sum(column: &Column) -> bool {
    let roles = [
        names::AMOUNT,
        names::PRICE,
        names::QUANTITY,
        names::DISCOUNT,
        names::COST,
    ];
    column.is_number()
        && roles
            .iter()
            .any(|role| fit(role, column.known_as()) >= SURE)
}

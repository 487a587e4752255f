//! Who bought which item in which basket, as arrays: what rules and offers learn from.

mod keys;
mod lines;
mod period;
mod shelf;
mod slice;

use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::NaiveDate;

use self::keys::Keys;
use self::lines::{Apart, Line, Lines};
use self::shelf::Shelf;
use crate::config::rules::Money;
use crate::config::{BasketOf, Day, Settings};
use crate::failure::{Failure, Result, nearest};
use crate::warehouse::Warehouse;

pub use self::lines::UNGROUPED;
pub use self::shelf::Items;

/// Which purchases a section of the settings asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The section.
    pub section: &'static str,
    /// The level of the taxonomy that the items are of.
    pub level: String,
    /// Broader levels whose names are items too, narrow to broad.
    pub broader: Vec<String>,
    /// Items that are left out.
    pub exclude: Vec<String>,
    /// Only the lines for which this SQL is true.
    pub scope: Option<String>,
    /// The first day.
    pub from: Option<Day>,
    /// The day after the last.
    pub until: Option<Day>,
    /// What one basket is.
    pub basket: BasketOf,
    /// SQL whose value tells which group a basket is in.
    pub compare_by: Option<String>,
    /// The money of each line.
    pub money: Option<Money>,
    /// Where the customers' segments are, for SQL that names them.
    pub segments: Option<PathBuf>,
    /// Whether the baskets of guests are wanted too, each as if it were a customer's only one.
    pub guests: bool,
}

/// The customer of a guest's line, before each has a number.
const GUEST: u32 = u32::MAX;

impl Ask {
    /// Whether purchases that were read for `other` will do.
    pub fn is_met_by(&self, other: &Self) -> bool {
        // Groups and money are there beside the lines, which are the same without them; the
        // section matters for messages alone.
        let plain = |ask: &Self| Self {
            section: "",
            compare_by: None,
            money: None,
            segments: ask.scope.as_ref().and(ask.segments.clone()),
            ..ask.clone()
        };
        plain(self) == plain(other)
            && (self.compare_by.is_none() || self.compare_by == other.compare_by)
            && (self.money.is_none() || self.money == other.money)
    }
}

/// Every purchase of a named item, each item once a basket.
///
/// Guests stand behind the customers, each with one basket.
///
/// Customers and items are coded by the order of their ids and names; lines are sorted by
/// customer, day, basket and item.
pub struct Purchases {
    /// What was asked for.
    pub ask: Ask,
    /// Ids of the customers, ascending: `Int64` or text.
    pub customers: ArrayRef,
    /// What can be in a basket. Lines name those of the level itself alone.
    pub items: Items,
    /// Where each customer's lines begin, those of guests behind them, and one more.
    pub offsets: Vec<usize>,
    /// For each line the day, as days since 1970-01-01.
    pub days: Vec<i32>,
    /// For each line its basket, numbered from 0 in the order of the lines.
    pub baskets: Vec<u32>,
    /// For each line its item.
    pub line_items: Vec<u32>,
    /// For each basket its day: that on which it began.
    pub basket_days: Vec<i32>,
    /// For each line its money in ten-thousandths; empty when it was not asked for.
    pub money: Vec<i64>,
    /// For each basket its group; empty when they were not asked for. A basket whose lines are of
    /// several groups, or of none, is [`UNGROUPED`].
    pub basket_groups: Vec<u32>,
    /// The names of the groups, ascending.
    pub groups: Vec<String>,
    /// What became of the lines that were read.
    pub balance: Balance,
}

/// What became of the purchase lines: every one is in exactly one of the last four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Balance {
    /// Purchase lines with a product, as the engine counts them.
    pub lines: u64,
    /// Lines that say again what a basket holds already.
    pub repeated: u64,
    /// Lines whose product has no name at the level.
    pub unnamed: u64,
    /// Lines of excluded items.
    pub excluded: u64,
    /// Lines that are left: the sum over all items.
    pub kept: u64,
}

impl Balance {
    /// Whether no line was lost and none counted twice.
    pub fn is_even(&self) -> bool {
        self.lines == self.repeated + self.unnamed + self.excluded + self.kept
    }
}

impl Purchases {
    /// Reads the purchases that are asked for.
    ///
    /// # Errors
    /// A name to exclude that is no item of this level: says which is nearest. SQL that does not
    /// fit. Totals by item that are not those of the lines.
    pub fn read(warehouse: &Warehouse, settings: &Settings, ask: &Ask) -> Result<Self> {
        let shelf = Shelf::read(warehouse, &ask.level, &ask.broader, ask.guests)?;
        let mut excluded = vec![false; shelf.items.len()];
        for item in find_items(&shelf.items, settings, ask.section, "exclude", &ask.exclude)? {
            excluded[item as usize] = true;
        }
        slice::register(warehouse, settings, ask)?;
        if ask.money.is_some() || ask.compare_by.is_some() {
            Self::gather::<Apart>(warehouse, ask, shelf, &excluded)
        } else {
            Self::gather::<()>(warehouse, ask, shelf, &excluded)
        }
        .map_err(|failure| slice::place(settings, ask, failure))
    }

    fn gather<X: lines::Extra>(
        warehouse: &Warehouse,
        ask: &Ask,
        shelf: Shelf,
        excluded: &[bool],
    ) -> Result<Self> {
        let mut customers = Keys::default();
        let mut baskets = Keys::default();
        let mut groups = Keys::default();
        let mut found: Vec<Line<X>> = Vec::new();
        let mut balance = Balance::default();
        let sql = format!("SELECT * FROM {}", slice::LINES);
        warehouse.engine.for_each(&sql, |batch| {
            let customer_codes = customers.codes_or(batch.column(0), GUEST)?;
            let days = batch.column(2).as_primitive::<Date32Type>();
            let basket_codes = match ask.basket {
                BasketOf::Checkout => baskets.codes(batch.column(1)),
                _ => Vec::new(),
            };
            let money = batch.column_by_name("money");
            let money = money.map(|money| money.as_primitive::<Int64Type>());
            let grouped = batch.column_by_name("grouped");
            let codes = grouped.map(|values| (values, groups.codes(values)));
            for (row, item) in shelf.codes(batch.column(3)).into_iter().enumerate() {
                let Some(item) = item else {
                    balance.unnamed += 1;
                    continue;
                };
                if excluded[item as usize] {
                    balance.excluded += 1;
                    continue;
                }
                let day = days.value(row);
                found.push(Line {
                    customer: customer_codes[row],
                    // Shifted, so that periods before 1970 keep their order.
                    basket: match ask.basket.period(day) {
                        Some(period) => period.wrapping_sub(i32::MIN) as u32,
                        None => basket_codes[row],
                    },
                    day,
                    item,
                    extra: X::new(
                        money
                            .filter(|money| money.is_valid(row))
                            .map_or(0, |money| money.value(row)),
                        match &codes {
                            Some((values, codes)) if values.is_valid(row) => codes[row],
                            _ => UNGROUPED,
                        },
                    ),
                });
            }
            Ok(())
        })?;
        let (customers, customer_ranks) = customers.sorted();
        let (_, basket_ranks) = baskets.sorted();
        let (group_names, group_ranks) = groups.sorted();
        let rank = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(code);
        let mut guests: Vec<u32> = Vec::new();
        for line in &mut found {
            if ask.basket == BasketOf::Checkout {
                line.basket = basket_ranks[line.basket as usize];
            }
            match customer_ranks.get(line.customer as usize) {
                Some(&rank) => line.customer = rank,
                None => guests.push(line.basket),
            }
            line.extra.regroup(|code| rank(&group_ranks, code));
        }
        guests.sort_unstable();
        guests.dedup();
        for line in found.iter_mut().filter(|line| line.customer == GUEST) {
            let number = guests.partition_point(|basket| *basket < line.basket);
            line.customer = (customers.len() + number) as u32;
        }
        let read = found.len() as u64;
        let Lines {
            offsets,
            days,
            baskets,
            line_items,
            basket_days,
            extras,
        } = lines::sorted(found, customers.len() + guests.len());
        balance.kept = line_items.len() as u64;
        balance.repeated = read - balance.kept;
        let counted = warehouse
            .engine
            .query(&format!("SELECT count(*) FROM {}", slice::LINES))?;
        balance.lines = counted.column(0).as_primitive::<Int64Type>().value(0) as u64;
        let mut by_item = vec![0_u64; shelf.items.len()];
        line_items
            .iter()
            .for_each(|&item| by_item[item as usize] += 1);
        if !balance.is_even() || by_item.iter().sum::<u64>() != balance.kept {
            return Err(Failure::machine(format!(
                "this is a fault of regulars, please report it: {} lines by {} are {balance:?}",
                balance.lines, ask.level
            )));
        }
        let (money, basket_groups) = X::columns(&extras, &baskets, basket_days.len());
        let groups = match group_names.as_string_opt::<i32>() {
            Some(names) if ask.compare_by.is_some() => {
                names.iter().flatten().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self {
            ask: ask.clone(),
            customers,
            items: shelf.items,
            offsets,
            days,
            baskets,
            line_items,
            basket_days,
            money: if ask.money.is_some() {
                money
            } else {
                Vec::new()
            },
            basket_groups: if ask.compare_by.is_some() {
                basket_groups
            } else {
                Vec::new()
            },
            groups,
            balance,
        })
    }

    /// For each line its customer.
    pub fn line_customers(&self) -> Vec<u32> {
        let mut customers = Vec::with_capacity(self.line_items.len());
        for (customer, lines) in self.offsets.windows(2).enumerate() {
            customers.resize(customers.len() + lines[1] - lines[0], customer as u32);
        }
        customers
    }

    /// For each basket its customer.
    pub fn basket_customers(&self) -> Vec<u32> {
        let mut customers = vec![0; self.basket_days.len()];
        for (&basket, customer) in self.baskets.iter().zip(self.line_customers()) {
            customers[basket as usize] = customer;
        }
        customers
    }
}

/// The items that a list of the settings names, by name or by id.
///
/// # Errors
/// A name that no item has, with its place and the nearest one.
pub fn find_items(
    items: &Items,
    settings: &Settings,
    section: &str,
    key: &str,
    names: &[String],
) -> Result<Vec<u32>> {
    let find = |(place, name): (usize, &String)| {
        items.find(name).ok_or_else(|| {
            let known = || items.names.iter().map(String::as_str);
            let level = items.levels.first().map_or("item", String::as_str);
            let problem = format!("there is no {level} `{name}`");
            let failure = settings.wrong(&[section, key, &place.to_string()], problem);
            failure.hint(match nearest(name, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let first: Vec<String> =
                        known().take(5).map(|name| format!("`{name}`")).collect();
                    format!("the first ones are {}", first.join(", "))
                }
            })
        })
    };
    names.iter().enumerate().map(find).collect()
}

/// The day as a number since 1970-01-01.
pub fn day_number(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

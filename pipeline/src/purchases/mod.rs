//! Who bought which item in which basket, as arrays: what rules and offers learn from.

pub mod fence;

mod apart;
mod keys;
mod lines;
mod period;
mod shelf;
mod slice;

use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::NaiveDate;

use self::keys::Keys;
use self::lines::{Apart, Line, Lines};
use self::shelf::Shelf;
use crate::config::rules::Money;
use crate::config::{BasketOf, Day, Settings};
use crate::contract::no_products;
use crate::failure::{Failure, Result, nearest};
use crate::text::count;
use crate::warehouse::Warehouse;
use crate::warehouse::views::WITH_GUESTS;
use crate::warning::{SPLIT_ORDERS, Warning};

pub use self::lines::{SOMEWHERE, UNGROUPED};
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
    /// Lines of one order number that are more days apart than this are not one basket.
    pub order_days: u32,
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
    /// Whether it is asked where each basket is from.
    pub locations: bool,
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
        // Groups, money and locations are there beside the lines, which are the same without them; the
        // section matters for messages alone.
        let plain = |ask: &Self| Self {
            section: "",
            compare_by: None,
            money: None,
            locations: false,
            segments: ask.scope.as_ref().and(ask.segments.clone()),
            ..ask.clone()
        };
        plain(self) == plain(other)
            && (self.compare_by.is_none() || self.compare_by == other.compare_by)
            && (self.money.is_none() || self.money == other.money)
            && (!self.locations || other.locations)
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
    /// For each basket its location; empty when they were not asked for. One whose lines are of several,
    /// or of none, is from [`SOMEWHERE`].
    pub basket_locations: Vec<u32>,
    /// The names of the groups, ascending.
    pub groups: Vec<String>,
    /// What became of the lines that were read.
    pub balance: Balance,
    /// Order numbers that are several baskets.
    pub split_orders: u64,
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

    /// Holds the lines, and their totals by item, to what the engine counted.
    fn must_be_even(&self, line_items: &[u32], items: usize, level: &str) -> Result<()> {
        let mut by_item = vec![0_u64; items];
        line_items
            .iter()
            .for_each(|&item| by_item[item as usize] += 1);
        if self.is_even() && by_item.iter().sum::<u64>() == self.kept {
            return Ok(());
        }
        Err(Failure::machine(format!(
            "this is a fault of regulars, please report it: {} lines by {level} are {self:?}",
            self.lines
        )))
    }
}

impl Purchases {
    /// Reads the purchases that are asked for.
    ///
    /// # Errors
    /// A name to exclude that is no item of this level: says which is nearest. SQL that does not
    /// fit. Totals by item that are not those of the lines.
    pub fn read(warehouse: &Warehouse, settings: &Settings, ask: &Ask) -> Result<Self> {
        let mut shelf = Shelf::read(warehouse, &ask.level, &ask.broader, ask.guests)?;
        let excluded = exclude(warehouse, settings, ask, &mut shelf)?;
        slice::register(warehouse, settings, ask)?;
        if ask.money.is_some() || ask.compare_by.is_some() || ask.locations {
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
        // Room for all of them at once: a list that grows is copied, and is there twice meanwhile.
        let n_lines = count_lines(warehouse)?;
        let mut gathered = Gathered::<X>::default();
        gathered.lines.reserve_exact(n_lines as usize);
        let sql = format!("SELECT * FROM {}", slice::LINES);
        warehouse.scope.for_each(&sql, |batch| {
            gathered.add(&batch, ask.basket, &shelf, excluded)
        })?;
        let (customers, customer_ranks) = std::mem::take(&mut gathered.customers).sorted();
        let (group_names, group_ranks) = std::mem::take(&mut gathered.groups).sorted();
        let (_, location_ranks) = std::mem::take(&mut gathered.locations).sorted();
        let guests = gathered.in_order(
            ask.basket,
            &customer_ranks,
            [&group_ranks, &location_ranks],
            customers.len(),
        );
        let split_orders = match ask.basket {
            BasketOf::Checkout => apart::apart(&mut gathered.lines, ask.order_days),
            _ => 0,
        };
        let Gathered {
            lines: gathered,
            mut balance,
            ..
        } = gathered;
        let read = gathered.len() as u64;
        let Lines {
            offsets,
            days,
            baskets,
            line_items,
            basket_days,
            extras,
        } = lines::sorted(gathered, customers.len() + guests);
        balance.kept = line_items.len() as u64;
        balance.repeated = read - balance.kept;
        balance.lines = n_lines;
        balance.must_be_even(&line_items, shelf.items.len(), &ask.level)?;
        let (mut money, mut basket_groups, mut basket_locations) =
            X::columns(&extras, &baskets, basket_days.len());
        let mut groups = Vec::new();
        if ask.money.is_none() {
            money = Vec::new();
        }
        if !ask.locations {
            basket_locations = Vec::new();
        }
        match group_names.as_string_opt::<i32>() {
            Some(names) if ask.compare_by.is_some() => {
                groups.extend(names.iter().flatten().map(str::to_owned));
            }
            _ => basket_groups = Vec::new(),
        }
        Ok(Self {
            ask: ask.clone(),
            customers,
            items: shelf.items,
            offsets,
            days,
            baskets,
            line_items,
            basket_days,
            money,
            basket_groups,
            basket_locations,
            groups,
            balance,
            split_orders,
        })
    }

    /// A warning where order numbers are several baskets.
    pub fn warning(&self) -> Option<Warning> {
        (self.split_orders > 0).then(|| {
            let days = self.ask.order_days;
            let message = match self.split_orders {
                1 => tr!(
                    "1 order number is of several customers, or of days more than {days} apart: each customer and time is a basket of its own (order_days under [project])",
                    days = days
                ),
                many => tr!(
                    "{n} order numbers are of several customers, or of days more than {days} apart: each customer and time is a basket of its own (order_days under [project])",
                    n = count(many),
                    days = days
                ),
            };
            Warning::new(SPLIT_ORDERS, message)
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

/// The chosen lines, as the engine counts them.
fn count_lines(warehouse: &Warehouse) -> Result<u64> {
    let counted = format!("SELECT count(*) FROM {}", slice::LINES);
    let counted = warehouse.scope.query(&counted)?;
    Ok(counted.column(0).as_primitive::<Int64Type>().value(0) as u64)
}

/// Purchase lines as they come, with codes by arrival.
#[derive(Default)]
struct Gathered<X> {
    customers: Keys,
    baskets: Keys,
    groups: Keys,
    locations: Keys,
    lines: Vec<Line<X>>,
    balance: Balance,
}

impl<X: lines::Extra> Gathered<X> {
    /// Adds rows of [`slice::LINES`].
    fn add(
        &mut self,
        batch: &RecordBatch,
        basket: BasketOf,
        shelf: &Shelf,
        excluded: &[bool],
    ) -> Result<()> {
        let customers = self.customers.codes_or(batch.column(0), GUEST)?;
        let days = batch.column(2).as_primitive::<Date32Type>();
        let baskets = match basket {
            BasketOf::Checkout => self.baskets.codes(batch.column(1)),
            _ => Vec::new(),
        };
        let money = batch.column_by_name("money");
        let money = money.map(|money| money.as_primitive::<Int64Type>());
        let grouped = batch.column_by_name("grouped");
        let groups = grouped.map(|values| (values, self.groups.codes(values)));
        let located = batch.column_by_name("location");
        let locations = located.map(|values| (values, self.locations.codes(values)));
        for (row, item) in shelf.codes(batch.column(3)).into_iter().enumerate() {
            let Some(item) = item else {
                self.balance.unnamed += 1;
                continue;
            };
            if excluded.get(item as usize).is_none_or(|excluded| *excluded) {
                self.balance.excluded += 1;
                continue;
            }
            let day = days.value(row);
            let money = money.filter(|money| money.is_valid(row));
            let group = match &groups {
                Some((values, codes)) if values.is_valid(row) => codes[row],
                _ => UNGROUPED,
            };
            let location = match &locations {
                Some((values, codes)) if values.is_valid(row) => codes[row],
                _ => SOMEWHERE,
            };
            self.lines.push(Line {
                customer: customers[row],
                // Shifted, so that periods before 1970 keep their order.
                basket: match basket.period(day) {
                    Some(period) => period.wrapping_sub(i32::MIN) as u32,
                    None => baskets[row],
                },
                day,
                item,
                extra: X::new(money.map_or(0, |money| money.value(row)), group, location),
            });
        }
        Ok(())
    }

    /// Gives every line the codes of sorted keys, and each basket of a guest a customer of its own,
    /// after the `customers` that have a name; says how many those are.
    fn in_order(
        &mut self,
        basket: BasketOf,
        customer_ranks: &[u32],
        [group_ranks, location_ranks]: [&[u32]; 2],
        customers: usize,
    ) -> usize {
        let (_, basket_ranks) = std::mem::take(&mut self.baskets).sorted();
        let rank_in = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(code);
        let mut guests: Vec<u32> = Vec::new();
        for line in &mut self.lines {
            if basket == BasketOf::Checkout {
                line.basket = basket_ranks[line.basket as usize];
            }
            match customer_ranks.get(line.customer as usize) {
                Some(&rank) => line.customer = rank,
                None => guests.push(line.basket),
            }
            line.extra.regroup(
                |group| rank_in(group_ranks, group),
                |location| rank_in(location_ranks, location),
            );
        }
        guests.sort_unstable();
        guests.dedup();
        for line in self.lines.iter_mut().filter(|line| line.customer == GUEST) {
            let number = guests.partition_point(|basket| *basket < line.basket);
            line.customer = (customers + number) as u32;
        }
        guests.len()
    }
}

/// For each item of the shelf whether the settings leave it out, by name or by id; products that
/// are left out by their ids are taken off the shelf whatever items they are of.
///
/// A draft names postage and fees that the history need not hold, so a word that means such a thing
/// may name nothing.
///
/// # Errors
/// A name that neither an item nor a product has, with its place and the nearest one.
fn exclude(
    warehouse: &Warehouse,
    settings: &Settings,
    ask: &Ask,
    shelf: &mut Shelf,
) -> Result<Vec<bool>> {
    let mut excluded = vec![false; shelf.items.len()];
    for (place, name) in ask.exclude.iter().enumerate() {
        if let Some(item) = shelf.items.find(name) {
            excluded[item as usize] = true;
        } else if no_products::meaning(name).is_some()
            || no_products::meaning_of_short(name).is_some()
            || is_product(warehouse, name)?
        {
            shelf.take_off(name);
        } else {
            let keys = [ask.section, "exclude", &place.to_string()];
            return Err(no_such_item(&shelf.items, settings, &keys, name));
        }
    }
    Ok(excluded)
}

/// Whether anything that happened names this product.
fn is_product(warehouse: &Warehouse, id: &str) -> Result<bool> {
    let id = id.replace('\'', "''");
    let named = warehouse.scope.query(&format!(
        "SELECT count(*) FROM {WITH_GUESTS} WHERE CAST(product_id AS VARCHAR) = '{id}'"
    ))?;
    Ok(named.column(0).as_primitive::<Int64Type>().value(0) > 0)
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
        let keys = [section, key, &place.to_string()];
        items
            .find(name)
            .ok_or_else(|| no_such_item(items, settings, &keys, name))
    };
    names.iter().enumerate().map(find).collect()
}

/// Says which name is near to one that no item has.
fn no_such_item(items: &Items, settings: &Settings, keys: &[&str], name: &str) -> Failure {
    let known = || items.names.iter().map(String::as_str);
    let level = items.levels.first().map_or("item", String::as_str);
    let failure = settings.wrong(keys, format!("there is no {level} `{name}`"));
    failure.hint(match nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let first: Vec<String> = known().take(5).map(|name| format!("`{name}`")).collect();
            format!("the first ones are {}", first.join(", "))
        }
    })
}

/// Refuses a warehouse whose interactions name no products, and says what that means here.
pub fn need_products(warehouse: &Warehouse, so: &str) -> Result<()> {
    if warehouse.has_column("interactions", "product_id") {
        return Ok(());
    }
    Err(
        Failure::data(format!("the interactions name no products, so {so}")).hint(
            "map product_id of the interactions to a column of the source, and run ingest again",
        ),
    )
}

/// The day as a number since 1970-01-01.
pub fn day_number(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

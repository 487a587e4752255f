//! `truth/items.csv`: when each product is on sale, and in season.

use std::fmt::Write as _;

use crate::history::World;
use crate::history::calendar::Day;

/// A row a product; empty where it is on sale from the start or to the end, or in season all year.
pub fn items(world: &World) -> String {
    let mut text = String::from(
        "product_id,type,on_sale_from,on_sale_until,season_first_month,season_last_month\n",
    );
    let catalogue = &world.shelves.catalogue;
    let date = |day: Day, always: Day| match day == always {
        true => String::new(),
        false => world.calendar.date(day).to_string(),
    };
    for product in &catalogue.products {
        let of = &catalogue.types[product.of];
        let [from, until] = product.on_sale;
        let (first, last) = match of.season {
            Some(season) => (season.first.to_string(), season.last.to_string()),
            None => Default::default(),
        };
        let _ = writeln!(
            text,
            "{},\"{}\",{},{},{first},{last}",
            product.id,
            of.name,
            date(from, Day::MIN),
            date(until, Day::MAX)
        );
    }
    text
}

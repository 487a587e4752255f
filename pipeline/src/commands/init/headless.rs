//! Names for the columns of a file that gives them none, from what they hold.

use crate::commands::init::column::Column;
use crate::commands::init::table::Table;
use crate::commands::init::values::Shape;

/// Names the columns: when, who, how many and how much, as far as the values tell. A name that says
/// too much would be worse than none, so the others stay `column_3` and the like.
pub fn name_columns(table: &mut Table) {
    let mut named: Vec<Option<&'static str>> = vec![None; table.columns.len()];
    let columns = &table.columns;
    let free = |named: &[Option<&str>], good: &dyn Fn(&Column) -> bool| {
        (0..columns.len()).find(|&place| named[place].is_none() && good(&columns[place]))
    };
    let time = free(&named, &Column::is_time);
    if let Some(place) = time {
        named[place] = Some("date");
    }
    let fraction = |column: &Column| {
        let cents = |text: &String| text.contains(['.', ',']);
        matches!(column.shape, Shape::Number(_)) && column.texts.iter().any(cents)
    };
    if let Some(place) = free(&named, &fraction) {
        named[place] = Some("amount");
    }
    // Who comes again at other times; of several, those with the most different values.
    let comes_again = |column: &Column| {
        column.names_things()
            && column.distinct() >= 2
            && column.distinct() < column.filled
            && time.is_some_and(|time| column.comes_with(&columns[time]) > 1.1)
    };
    let customer = (0..columns.len())
        .filter(|&place| named[place].is_none() && comes_again(&columns[place]))
        .max_by_key(|&place| (columns[place].distinct(), usize::MAX - place));
    if let Some(place) = customer {
        named[place] = Some("customer");
    }
    let count = |column: &Column| {
        let small = |(least, most): (f64, f64)| least >= -1000.0 && most <= 1000.0;
        column.shape == Shape::Whole && column.span.is_some_and(small) && column.distinct() < 1000
    };
    // Numbers of customers may be small, too; how many there were repeats the most.
    let quantity = (0..columns.len())
        .filter(|&place| named[place].is_none() && count(&columns[place]))
        .min_by_key(|&place| columns[place].distinct());
    if let Some(place) = quantity {
        named[place] = Some("quantity");
    }
    for (place, column) in table.columns.iter_mut().enumerate() {
        if let Some(name) = named[place] {
            column.name = name.to_owned();
        }
    }
    let names = table.columns.iter().map(|column| column.name.clone());
    table.column_names = names.collect();
}

//! Exports that write an order in the first of its rows: its number, who ordered and when stand there
//! alone, and the rows below have nothing but what was bought.

use crate::commands::init::column::Column;
use crate::commands::init::roles::{Roles, is_sum};
use crate::commands::init::table::Table;

/// Columns that belong to the order stand in so large a share of the rows that begin one.
const HEADS: f64 = 0.9;

/// Finds columns that are meant for the rows below, too, and takes them to be there.
pub fn recognise(file: &mut Table) {
    let Some(order) = Roles::of(file).basket else {
        return;
    };
    let order = &file.columns[order];
    let rows = 0..order.known_rows();
    let (heads, below): (Vec<usize>, Vec<usize>) = rows.partition(|&row| order.has(row));
    // The first row begins an order; a number that is missing now and then is a mistake.
    if heads.first() != Some(&0) || below.len() < 2 || below.len() * 20 < heads.len() {
        return;
    }
    let in_heads = |column: &Column| heads.iter().filter(|&&row| column.has(row)).count();
    let in_below = |column: &Column| below.iter().filter(|&&row| column.has(row)).count();
    let of_order = |column: &Column| {
        in_below(column) == 0 && in_heads(column) as f64 >= HEADS * heads.len() as f64
    };
    let of_line = |column: &&Column| in_below(column) as f64 >= HEADS * below.len() as f64;
    // Guests without a number of their order have a time of their own.
    let roles = Roles::of(file);
    let mut heads_say = [roles.customer, roles.time]
        .into_iter()
        .flatten()
        .peekable();
    let lines = file.columns.iter().filter(of_line).count();
    if heads_say.peek().is_none()
        || !heads_say.all(|place| of_order(&file.columns[place]))
        || lines < 2
    {
        return;
    }
    let (sums, wanted): (Vec<usize>, Vec<usize>) = (0..file.columns.len())
        .filter(|&place| of_order(&file.columns[place]) && !file.columns[place].is_link)
        .partition(|&place| is_sum(&file.columns[place]));
    for &sum in &sums {
        file.columns[sum].is_link = true;
    }
    let name = |places: &[usize]| -> Vec<String> {
        places
            .iter()
            .map(|&place| file.columns[place].name.clone())
            .collect()
    };
    let (sums, names) = (name(&sums), name(&wanted));
    file.notes.push(format!(
        "Only the first row of an order says {}: the rows below, in which all of these are empty, have what stands above them.",
        names.join(", ")
    ));
    if !sums.is_empty() {
        file.notes.push(format!(
            "Of a whole order, and so not taken for its lines: {}.",
            sums.join(", ")
        ));
    }
    let rows = file.rows;
    for place in wanted {
        file.columns[place].fill_down(rows);
    }
    file.fill_down = names;
}

//! Files that belong together: one says what was bought, another who bought it and when.
//!
//! Most shops export orders and their lines apart. Their rows find each other by a key, which is
//! known by what its columns are called and by the values that they share.

use crate::commands::init::column::Column;
use crate::commands::init::exports;
use crate::commands::init::headed;
use crate::commands::init::names::{self, fit, fold};
use crate::commands::init::roles::{Roles, SURE, is_sum};
use crate::commands::init::table::{Joined, Table};

/// Values of the lines are keys of the orders from this share on.
const SHARED: f64 = 0.5;
/// The same where only parts of both files were looked at, which need not be of the same days.
const SHARED_OF_SAMPLES: f64 = 0.02;
/// Without names that agree, so many values of the one have to be found in the other.
const SURELY_SHARED: f64 = 0.9;

/// Puts files together whose rows belong together.
pub fn joined(mut files: Vec<Table>) -> Vec<Table> {
    for file in &mut files {
        exports::recognise(file);
        headed::recognise(file);
        note_once_for_all(file);
    }
    let mut taken: Vec<usize> = Vec::new();
    // Of several that could be the lines the fullest: payments and reviews are of orders too.
    let mut order: Vec<usize> = (0..files.len()).collect();
    let likeness = |file: &Table| {
        let roles = Roles::of(file);
        let marks = [roles.product, roles.amount, quantity(file)];
        marks.iter().filter(|mark| mark.is_some()).count()
    };
    order.sort_by_key(|&file| std::cmp::Reverse(likeness(&files[file])));
    for lines in order {
        if taken.contains(&lines) || !says_what(&files[lines]) {
            continue;
        }
        while let Some((other, on)) = belongs(&files, lines, &taken) {
            taken.push(other);
            let found = std::mem::replace(&mut files[other], Table::empty());
            put_together(&mut files[lines], found, on);
        }
    }
    files.retain(|file| !file.is_gone());
    files
}

/// Whether a file says what was bought: with rows that name products, or count and price something.
fn says_what(file: &Table) -> bool {
    let roles = Roles::of(file);
    roles.product.is_some() && !file.columns[roles.product.unwrap_or(0)].unique()
        || quantity(file).is_some() && roles.amount.is_some()
}

fn quantity(file: &Table) -> Option<usize> {
    let is_quantity =
        |column: &Column| column.is_number() && fit(&names::QUANTITY, column.known_as()) >= SURE;
    file.columns.iter().position(is_quantity)
}

/// The file that says of these lines what they lack, and the columns by which both are joined.
fn belongs(files: &[Table], lines: usize, taken: &[usize]) -> Option<(usize, (String, String))> {
    let roles = Roles::of(&files[lines]);
    let mut best: Option<(f64, usize, (String, String))> = None;
    for (other, file) in files.iter().enumerate() {
        if other == lines || taken.contains(&other) || file.is_gone() {
            continue;
        }
        let theirs = Roles::of(file);
        let brings = roles.customer.is_none() && theirs.customer.is_some()
            || roles.time.is_none() && theirs.time.is_some();
        let key = match brings {
            true => key(&files[lines], file, &|_| true),
            // Where each order has a customer of its own, the people are told elsewhere.
            false => roles.customer.and_then(|customer| {
                person(&files[lines], customer, file)?;
                key(&files[lines], file, &|own| own == customer)
            }),
        };
        if let Some((score, on)) = key
            && best.as_ref().is_none_or(|(most, ..)| score > *most)
        {
            best = Some((score, other, on));
        }
    }
    best.map(|(_, other, on)| (other, on))
}

/// The column of a file that names people, where the customer of the lines is another one for
/// each order.
fn person(lines: &Table, customer: usize, file: &Table) -> Option<usize> {
    let own = &lines.columns[customer];
    if !own.once_each {
        return None;
    }
    file.columns.iter().position(|column| {
        fold(&column.name) != fold(&own.name)
            && column.names_things()
            && !column.unique()
            && fit(&names::CUSTOMER, column.known_as()) >= SURE
    })
}

/// The columns by which the rows of two files are joined, and how well they fit: each value of the
/// second stands in one row.
fn key(
    lines: &Table,
    other: &Table,
    wanted: &dyn Fn(usize) -> bool,
) -> Option<(f64, (String, String))> {
    let whole = lines.whole && other.whole;
    let mut best: Option<(f64, (String, String))> = None;
    for (place, own) in lines.columns.iter().enumerate() {
        if !wanted(place) || !own.names_things() || own.filled == 0 {
            continue;
        }
        for theirs in &other.columns {
            if !theirs.unique() || !theirs.names_things() {
                continue;
            }
            let shared = own.found_in(theirs);
            let named = agreement(own, theirs, &other.stem);
            let enough = match named > 0.0 {
                true => shared >= if whole { SHARED } else { SHARED_OF_SAMPLES },
                false => {
                    fit(&names::BASKET, own.known_as()) >= SURE
                        && shared >= SURELY_SHARED
                        && theirs.found_in(own) >= SHARED
                }
            };
            let score = named + shared;
            if enough && best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, (own.name.clone(), theirs.name.clone())));
            }
        }
    }
    best
}

/// How well the names of two columns say that they hold the same key.
fn agreement(own: &Column, theirs: &Column, stem: &str) -> f64 {
    let (a, b) = (fold(&own.name), fold(&theirs.name));
    let both = |role| fit(role, own.known_as()) >= SURE && fit(role, theirs.known_as()) >= SURE;
    let stem = fold(stem);
    let of_file = ["id", "key", "code", "no", "nr"].contains(&b.as_str())
        && a.strip_suffix(b.as_str())
            .is_some_and(|thing| thing.len() > 2 && stem.contains(thing));
    if a == b {
        2.0
    } else if both(&names::BASKET) || both(&names::CUSTOMER) || of_file {
        1.5
    } else {
        0.0
    }
}

/// Gives the rows of the lines the columns of another file.
fn put_together(lines: &mut Table, file: Table, on: (String, String)) {
    let mut joined = Joined {
        file,
        on,
        left: Vec::new(),
    };
    let name = joined.name();
    let file = &joined.file;
    // A person's number takes the place of a number that each order has for itself.
    let own = lines
        .columns
        .iter()
        .position(|column| column.name == joined.on.0);
    if let Some(own) = own
        && person(lines, own, file).is_some()
    {
        lines.columns[own].is_link = true;
    }
    let share = |column: &Column| column.filled as f64 / file.rows.max(1) as f64;
    let mut left = Vec::new();
    let mut brought = Vec::new();
    for column in &file.columns {
        if column.name == joined.on.1 && joined.on.0 == joined.on.1 {
            continue;
        }
        // What is of a whole order would be counted with each of its lines.
        if is_sum(column) {
            left.push(column.name.clone());
            continue;
        }
        let there = |name: &str| {
            let known = lines.columns.iter().chain(&brought);
            known.into_iter().any(|column: &Column| column.name == name)
        };
        let called = match there(&column.name) {
            true => format!("{name}.{}", column.name),
            false => column.name.clone(),
        };
        if !there(&called) {
            let filled = (share(column) * lines.rows as f64).round() as u64;
            brought.push(column.brought(called, filled));
        }
    }
    lines.columns.extend(brought);
    joined.left = left;
    lines.joins.push(joined);
}

/// Finds what exports say once for all lines of an order: sums of the order, which must not be
/// added up line by line, and who and when where only the first line has them.
fn note_once_for_all(file: &mut Table) {
    let Some(key) = Roles::of(file).basket.map(|key| file.columns[key].clone()) else {
        return;
    };
    if key.unique() {
        return;
    }
    let sums = sums(file, &key);
    let heads = heads(file, &key);
    if !sums.is_empty() {
        file.notes.push(format!(
            "Of a whole order, and so not taken for its lines: {}.",
            sums.join(", ")
        ));
    }
    let joined = Joined {
        file: file.same_files(),
        on: (key.name.clone(), key.name.clone()),
        left: Vec::new(),
    };
    let mut brought = Vec::new();
    for column in &mut file.columns {
        if heads.contains(&column.name) {
            let called = format!("{}.{}", joined.name(), column.name);
            let mut column = column.brought(called, file.rows);
            column.once_each = false;
            brought.push(column);
        }
        column.is_link |= heads.contains(&column.name) || sums.contains(&column.name);
    }
    if brought.is_empty() {
        return;
    }
    file.notes.push(format!(
        "Only one line of each `{}` says {}: the others find it by joining the file with itself.",
        key.name,
        heads.join(" and ")
    ));
    file.columns.extend(brought);
    file.joins.push(joined);
}

/// Whether a column stands in one line of each order alone.
fn is_once(column: &Column, key: &Column) -> bool {
    column.name != key.name && column.is_said_once(key)
}

/// The columns that are sums of a whole order.
fn sums(file: &Table, key: &Column) -> Vec<String> {
    let mut sums: Vec<&Column> = Vec::new();
    // Where rows are of several kinds, what other rows lack says nothing.
    if file.condition.is_none() {
        let columns = file.columns.iter();
        let once = columns.filter(|column| !column.is_link && is_once(column, key));
        sums.extend(once.filter(|column| is_sum(column)));
    }
    // A sum that every line of an order repeats is told by lines that differ in something better.
    let price = |column: &Column| fit(&names::PRICE, column.known_as()) >= SURE;
    let differs = |column: &Column| column.repeats_within(key) == Some(false);
    let better = file
        .columns
        .iter()
        .any(|column| column.is_number() && price(column) && differs(column));
    if better && quantity(file).is_some() {
        sums.extend(file.columns.iter().filter(|column| {
            column.is_number()
                && !is_once(column, key)
                && fit(&names::AMOUNT, column.known_as()) >= SURE
                && column.repeats_within(key) == Some(true)
        }));
    }
    sums.into_iter().map(|column| column.name.clone()).collect()
}

/// Who and when, where only the first line of an order has them.
fn heads(file: &Table, key: &Column) -> Vec<String> {
    let columns = file.columns.iter();
    let heads = columns.filter(|column| {
        let matters = |role| fit(role, column.known_as()) >= SURE;
        !column.is_link
            && is_once(column, key)
            && !is_sum(column)
            && (matters(&names::CUSTOMER) && column.names_things() || matters(&names::TIME))
    });
    heads.map(|column| column.name.clone()).collect()
}

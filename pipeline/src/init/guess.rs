//! Which canonical table each file is, and which of its columns is what: names say much, values
//! the rest.

use super::names::{self, Role, fit};
use super::probe::{Column, Table};
use super::source::Builder;
use super::values::{Marks, Shape};
use crate::text::percent;

/// A name fits well from here on; below, it only hints.
pub const SURE: f64 = 2.0;
/// No draft tolerates a larger share of rejected rows than this: whoever does has to say so.
const MOST_LACKING: f64 = 0.5;
/// Values of one file are keys of another from this share on.
const JOINED: f64 = 0.5;

/// What becomes of all files.
#[derive(Default)]
pub struct Guess {
    /// The sources of the draft; interactions first.
    pub sources: Vec<Source>,
    /// Files that no source is made of, and why.
    pub left: Vec<Left>,
    /// The largest share of rows that a load should tolerate, and why.
    pub rejects: Option<(f64, String)>,
    /// So many rows cannot be used that the draft does not tolerate it.
    pub unusable: Option<String>,
    /// Why exact copies should be kept.
    pub copies: Option<String>,
    /// Without a history: which attribute says who left.
    pub label: Option<Label>,
}

/// An attribute of the customers that says who left.
pub struct Label {
    /// Its name.
    pub name: String,
    /// What the guess rests on.
    pub evidence: String,
    /// Other attributes that are called like it: they may be known only once somebody has left.
    pub akin: Vec<String>,
}

/// One file, or files of one shape, as a source.
pub struct Source {
    /// Which of the tables that were looked at.
    pub file: usize,
    /// The canonical table.
    pub table: &'static str,
    /// Canonical columns, in the order in which they are written.
    pub picks: Vec<Pick>,
    /// How times are written, when it is not ISO 8601, and what that rests on.
    pub time_format: Option<(Vec<String>, String)>,
    /// The marks of its numbers.
    pub marks: Marks,
    /// The column that names the currency of its amounts.
    pub currency_column: Option<String>,
    /// The currencies of its amounts, those in the most rows first.
    pub currencies: Vec<String>,
    /// What a person has to decide, because the data do not: shown, not only written.
    pub unsure: Vec<String>,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Required columns that were not found, with an explanation.
    pub missing: Vec<(&'static str, String)>,
    /// Columns that something is made of, by their place.
    pub used: Vec<usize>,
}

/// A file that no source is made of.
pub struct Left {
    /// Which of the tables that were looked at.
    pub file: usize,
    /// Why.
    pub why: Vec<String>,
}

/// One canonical column.
pub struct Pick {
    /// Its name, or the attribute's.
    pub name: String,
    /// Where its values come from.
    pub value: Value,
    /// What the guess rests on.
    pub evidence: String,
}

/// Where the values of a canonical column come from.
pub enum Value {
    /// A column of the source.
    Column(String),
    /// A column of numbers whose marks are not those of the source.
    Marked(String, Marks),
    /// A column of text that holds numbers.
    Number(String, Option<Marks>),
    /// Two columns of numbers, multiplied.
    Product([(String, Option<Marks>); 2]),
    /// Purchases and returns, by the sign of a column.
    BySign(String, Option<Marks>),
    /// The same in every row.
    Constant(&'static str),
    /// An expression.
    Sql(String),
}

/// Makes a guess for every file.
pub fn guess(files: &[Table]) -> Guess {
    let roles: Vec<Roles> = files.iter().map(Roles::of).collect();
    let mut tables: Vec<Option<&'static str>> = files
        .iter()
        .zip(&roles)
        .map(|(file, roles)| roles.table(file))
        .collect();
    let mut keys: Vec<Option<usize>> = vec![None; files.len()];
    if !tables.contains(&Some("interactions")) {
        let likeness = |file: usize| {
            let Roles {
                customer,
                time,
                basket,
                product,
                amount,
                ..
            } = &roles[file];
            let half = [basket, product, amount]
                .into_iter()
                .filter(|role| role.is_some())
                .count();
            (usize::from(customer.is_some()) + usize::from(time.is_some())) * 4 + half
        };
        let unknown = (0..files.len()).filter(|&file| tables[file].is_none());
        // Of equals the first: a person names the most important file first.
        if let Some(main) = unknown
            .rev()
            .max_by_key(|&file| (likeness(file), files[file].rows))
        {
            tables[main] = Some("interactions");
        }
    }
    by_shared_values(files, &roles, &mut tables, &mut keys);
    let mut guess = Guess::default();
    for table in ["interactions", "customers", "products", "campaigns"] {
        for file in (0..files.len()).filter(|&file| tables[file] == Some(table)) {
            let mut source = Builder::new(&files[file], file, table, keys[file]).build();
            source
                .notes
                .extend(lines_elsewhere(files, &roles, &tables, file));
            guess.sources.push(source);
        }
    }
    for file in (0..files.len()).filter(|&file| tables[file].is_none()) {
        let mut why = Vec::new();
        why.extend(join(files, &roles, &tables, file));
        if why.is_empty() {
            why.push("no canonical table looks like it".to_owned());
        }
        guess.left.push(Left { file, why });
    }
    guess.tolerances(files);
    guess.label = guess.find_label(files);
    guess
}

/// The columns of a file that decide what it is.
struct Roles {
    customer: Option<usize>,
    time: Option<usize>,
    basket: Option<usize>,
    product: Option<usize>,
    amount: Option<usize>,
    campaign: Option<usize>,
    spans_days: bool,
}

impl Roles {
    fn of(file: &Table) -> Self {
        let sure = |role: &Role, good: fn(&Column) -> bool| {
            best(file, role, &[], good)
                .filter(|found| found.1 >= SURE)
                .map(|found| found.0)
        };
        let time = |column: &Column| matches!(column.shape, Shape::Time(_));
        Self {
            customer: sure(&names::CUSTOMER, Column::names_things),
            time: file.columns.iter().position(time),
            basket: sure(&names::BASKET, Column::names_things),
            product: sure(&names::PRODUCT, Column::names_things),
            amount: sure(&names::AMOUNT, Column::is_number)
                .or(sure(&names::PRICE, Column::is_number)),
            campaign: sure(&names::CAMPAIGN, Column::names_things),
            spans_days: sure(&names::STARTS, time).is_some() && sure(&names::ENDS, time).is_some(),
        }
    }

    /// What names and uniqueness say that a file is.
    fn table(&self, file: &Table) -> Option<&'static str> {
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

/// Files whose names say nothing: a column without repetition in which the keys of the interactions
/// are found again makes a file the table of these keys.
fn by_shared_values(
    files: &[Table],
    roles: &[Roles],
    tables: &mut [Option<&'static str>],
    keys: &mut [Option<usize>],
) {
    for lines in 0..files.len() {
        if tables[lines] != Some("interactions") {
            continue;
        }
        let known = [
            ("products", roles[lines].product),
            ("customers", roles[lines].customer),
            ("campaigns", roles[lines].campaign),
        ];
        for file in 0..files.len() {
            if tables[file].is_some() {
                continue;
            }
            let mut found: Option<(f64, &'static str, usize)> = None;
            for (place, column) in files[file].columns.iter().enumerate() {
                if !column.unique() || !column.names_things() {
                    continue;
                }
                for (table, key) in known {
                    let Some(key) = key else { continue };
                    let share = files[lines].columns[key].found_in(column);
                    if share >= JOINED && found.as_ref().is_none_or(|best| share > best.0) {
                        found = Some((share, table, place));
                    }
                }
            }
            if let Some((_, table, key)) = found
                && (table != "campaigns" || roles[file].spans_days)
            {
                tables[file] = Some(table);
                keys[file] = Some(key);
            }
        }
    }
}

/// For a file of orders: where what was ordered lies, and how to put both together.
fn lines_elsewhere(
    files: &[Table],
    roles: &[Roles],
    tables: &[Option<&'static str>],
    orders: usize,
) -> Option<String> {
    let basket = &files[orders].columns[roles[orders].basket?];
    let lines = (0..files.len()).find(|&lines| {
        lines != orders
            && tables[lines].is_none()
            && roles[lines].product.is_some()
            && roles[lines]
                .basket
                .is_some_and(|key| files[lines].columns[key].found_in(basket) >= JOINED)
    })?;
    Some(format!(
        "This file says who and when, {} says what was bought; see there how to put both together.",
        files[lines].paths[0]
    ))
}

/// For a file that says what was bought but not by whom or when: how to put it together with the
/// file that does.
fn join(
    files: &[Table],
    roles: &[Roles],
    tables: &[Option<&'static str>],
    lines: usize,
) -> Vec<String> {
    let Some(key) = roles[lines].basket else {
        return Vec::new();
    };
    let own = &files[lines].columns[key];
    let orders = (0..files.len()).find(|&orders| {
        orders != lines
            && tables[orders] == Some("interactions")
            && roles[orders]
                .basket
                .is_some_and(|other| own.found_in(&files[orders].columns[other]) >= JOINED)
    });
    let Some((orders, other)) =
        orders.and_then(|orders| Some((orders, &files[orders].columns[roles[orders].basket?])))
    else {
        return Vec::new();
    };
    let (a, b) = (&files[lines].paths[0], &files[orders].paths[0]);
    let on = if own.name == other.name {
        format!("USING (\"{}\")", own.name)
    } else {
        format!("ON lines.\"{}\" = orders.\"{}\"", own.name, other.name)
    };
    vec![
        format!(
            "It does not say who and when; {b} does, for the same `{}`.",
            own.name
        ),
        "A source is rows of one file, so put both together first, for example with DuckDB:"
            .to_owned(),
        format!("  COPY (SELECT * FROM '{a}' lines JOIN '{b}' orders {on}) TO 'lines.parquet';"),
        format!("and name lines.parquet instead of {a} and {b} when you run init again."),
    ]
}

/// The column that fits a role best, among those that are not taken and are `good`.
pub fn best(
    file: &Table,
    role: &Role,
    taken: &[usize],
    good: impl Fn(&Column) -> bool,
) -> Option<(usize, f64)> {
    let mut found: Option<(usize, f64)> = None;
    for (place, column) in file.columns.iter().enumerate() {
        let name = fit(role, &column.name);
        if name == 0.0 || taken.contains(&place) || column.filled == 0 || !good(column) {
            continue;
        }
        if found.is_none_or(|(_, best)| name > best) {
            found = Some((place, name));
        }
    }
    found
}

impl Source {
    /// Columns that nothing is made of.
    pub fn unused<'a>(&self, file: &'a Table) -> Vec<&'a Column> {
        let unused = file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.used.contains(place));
        unused.map(|(_, column)| column).collect()
    }
}

impl Guess {
    /// The attribute that says who left, where there is no history to see it in.
    fn find_label(&self, files: &[Table]) -> Option<Label> {
        if self.sources.iter().any(|s| s.table == "interactions") {
            return None;
        }
        let source = self.sources.iter().find(|s| s.table == "customers")?;
        let alike = |pick: &Pick| fit(&names::LEFT, &pick.name);
        let two_values = |pick: &Pick| match &pick.value {
            Value::Column(name) | Value::Number(name, _) => files[source.file]
                .column(name)
                .is_some_and(|column| column.distinct() == 2),
            _ => false,
        };
        let sure = |pick: &&Pick| two_values(pick) && alike(pick) >= SURE;
        let candidates = source.picks.iter().filter(sure);
        let best = candidates.reduce(|a, b| if alike(b) > alike(a) { b } else { a })?;
        let akin = source.picks.iter().filter(|pick| alike(pick) > 0.0);
        Some(Label {
            name: best.name.clone(),
            evidence: best.evidence.clone(),
            akin: akin
                .map(|pick| pick.name.clone())
                .filter(|name| *name != best.name)
                .collect(),
        })
    }

    /// What a load has to tolerate, so that the draft runs on data as they are.
    fn tolerances(&mut self, files: &[Table]) {
        for source in self
            .sources
            .iter()
            .filter(|source| source.table == "interactions")
        {
            let file = &files[source.file];
            let all = (file.rows + file.malformed).max(1) as f64;
            let column = |name: &str| {
                let pick = source.picks.iter().find(|pick| pick.name == name)?;
                match &pick.value {
                    Value::Column(column) => file.column(column),
                    _ => None,
                }
            };
            let needed: Vec<&Column> = ["customer_id", "occurred_at"]
                .into_iter()
                .filter_map(column)
                .collect();
            // A row that lacks both is one row.
            let seen = needed.iter().map(|column| column.known_rows()).max();
            let seen = seen.unwrap_or(0);
            let lacking = (0..seen).filter(|&row| needed.iter().any(|column| !column.has(row)));
            let lacking = lacking.count() as f64 / seen.max(1) as f64;
            let broken = file.malformed as f64 / all;
            let share = lacking * (1.0 - broken) + broken;
            if share > MOST_LACKING {
                self.unusable = Some(format!(
                    "{} of the rows looked at have no customer or no time, or cannot be read: a load will refuse them unless max_reject_share says otherwise",
                    percent(share)
                ));
            } else if share > 0.04 && self.rejects.as_ref().is_none_or(|(most, _)| share > *most) {
                let tolerated = ((share * 1.2 + 0.01) * 100.0).ceil() / 100.0;
                self.rejects = Some((
                    tolerated,
                    format!(
                        "{} of the rows looked at have no customer or no time, or cannot be read, and will be rejected",
                        percent(share)
                    ),
                ));
            }
            let copies = file.copies as f64 / all;
            if copies > 0.01 && !source.picks.iter().any(|pick| pick.name == "quantity") {
                self.copies = Some(format!(
                    "{} of the rows are exact copies of others, and there is no quantity: this looks like a till that writes a line for each item",
                    percent(copies)
                ));
            }
        }
    }
}

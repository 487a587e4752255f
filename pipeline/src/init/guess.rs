//! Which canonical table each file is, and which of its columns is what: names say much, values
//! the rest.

use super::names::{self, Role, fit, fold};
use super::pairs::Joined;
use super::probe::{Column, Table};
use super::source::Builder;
use super::values::{Marks, Shape};
use crate::stages::churn::label_meaning;
use crate::text::{percent, plural};

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
    /// Why the draft cannot run, beside columns that are missing.
    pub lacks: Vec<String>,
}

/// An attribute of the customers that says who left.
pub struct Label {
    /// Its name.
    pub name: String,
    /// What the guess rests on.
    pub evidence: String,
    /// The values that say so, where they are not of themselves known to.
    pub positive: Vec<String>,
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
    /// Whether its times are UTC whatever the project's zone.
    pub utc: bool,
    /// Whether many of its rows speak of one thing.
    pub most_frequent: bool,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Values of the customer that stand for guests, and what that rests on.
    pub guests: Option<(Vec<String>, String)>,
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
    for (file, roles) in roles.iter().enumerate() {
        if tables[file].is_none()
            && let Some(key) = labelled(&files[file], roles)
        {
            (tables[file], keys[file]) = (Some("customers"), Some(key));
        }
    }
    let labels =
        (0..files.len()).any(|file| keys[file].is_some() && tables[file] == Some("customers"));
    if !tables.contains(&Some("interactions")) && !labels {
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
            let joins = files[file].joins.iter();
            source.notes.extend(joins.flat_map(Joined::notes));
            source.notes.extend(files[file].notes.clone());
            guess.sources.push(source);
        }
    }
    let told = |guess: &Guess, table| guess.sources.iter().any(|source| source.table == table);
    if !told(&guess, "products") {
        let lines = guess
            .sources
            .iter()
            .filter(|source| source.table == "interactions");
        let products = lines.filter_map(|lines| products_of(&files[lines.file], lines));
        let products: Vec<Source> = products.collect();
        guess.sources.extend(products);
    }
    for file in (0..files.len()).filter(|&file| tables[file].is_none()) {
        let why = vec!["no canonical table looks like it".to_owned()];
        guess.left.push(Left { file, why });
    }
    guess.tolerances(files);
    guess.label = guess.find_label(files);
    guess.lacks = guess.lacking(files);
    guess
}

/// The products that lines name: their number, and what else the lines say of it.
fn products_of(file: &Table, lines: &Source) -> Option<Source> {
    let pick = lines.picks.iter().find(|pick| pick.name == "product_id")?;
    let Value::Column(name) = &pick.value else {
        return None;
    };
    let key = file
        .columns
        .iter()
        .position(|column| column.name == *name)?;
    let mut source = Builder::new(file, lines.file, "products", Some(key)).build();
    // Money and time of the lines are not those of the product.
    source.picks.retain(|pick| {
        [
            "product_id",
            "name",
            "department",
            "category",
            "type",
            "brand",
        ]
        .contains(&pick.name.as_str())
    });
    (source.picks.len() > 1).then_some(())?;
    source.most_frequent = true;
    source.time_format = None;
    source.notes.push(
        "There is no file of products: these are the ones that the lines name, each with the name that most of its lines give it.".to_owned(),
    );
    Some(source)
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
    campaign: Option<usize>,
    spans_days: bool,
}

impl Roles {
    /// Those of a file.
    pub fn of(file: &Table) -> Self {
        let sure = |role: &Role, good: fn(&Column) -> bool| {
            best(file, role, &[], good)
                .filter(|found| found.1 >= SURE)
                .map(|found| found.0)
        };
        let time = |column: &Column| matches!(column.shape, Shape::Time(_)) && !column.is_link;
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

/// The different values of a column that could be a label, without blanks and case.
fn label_values(column: &Column) -> Vec<String> {
    let mut values: Vec<(String, &String)> = column
        .labels
        .iter()
        .flatten()
        .map(|(value, _)| (value.trim().to_lowercase(), value))
        .filter(|(folded, _)| !folded.is_empty())
        .collect();
    values.sort();
    values.dedup_by(|a, b| a.0 == b.0);
    values.into_iter().map(|(_, value)| value.clone()).collect()
}

/// The values that say that somebody left, if that is what a column's values speak of.
fn leaves(values: &[String]) -> Option<Vec<String>> {
    let speaks = |value: &String| {
        let word = fold(value);
        [
            "churn", "left", "exited", "attrit", "cancel", "gone", "lost",
        ]
        .iter()
        .any(|known| word.starts_with(known))
    };
    let stays = |value: &String| {
        label_meaning(value) == Some(false)
            || ["joined", "new", "loyal"].contains(&fold(value).as_str())
    };
    let (left, others): (Vec<&String>, Vec<&String>) =
        values.iter().partition(|value| speaks(value));
    let fits = !left.is_empty() && !others.is_empty() && others.into_iter().all(stays);
    fits.then(|| left.into_iter().cloned().collect())
}

/// For a file that says who left: the column that names whom, which may be called no more than `id`.
fn labelled(file: &Table, roles: &Roles) -> Option<usize> {
    let says = |column: &Column| {
        let values = label_values(column);
        leaves(&values).is_some()
            || values.len() == 2 && fit(&names::LEFT, column.known_as()) >= SURE
    };
    if roles.time.is_some() || roles.customer.is_some() || !file.columns.iter().any(says) {
        return None;
    }
    let names_rows = |column: &Column| column.unique() && column.names_things();
    let bare = |column: &Column| {
        ["id", "index", "key", "no", "nr", "rownumber"].contains(&fold(&column.name).as_str())
    };
    let columns = &file.columns;
    columns
        .iter()
        .position(|column| names_rows(column) && bare(column))
        .or_else(|| {
            columns
                .iter()
                .position(|column| names_rows(column) && column.names_rows())
        })
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
        let values = |pick: &Pick| match &pick.value {
            Value::Column(name) | Value::Number(name, _) => files[source.file]
                .column(name)
                .map_or(Vec::new(), label_values),
            _ => Vec::new(),
        };
        // Called so and with two values; or with values that say nothing else, whatever it is called.
        let sure = |pick: &Pick| values(pick).len() == 2 && alike(pick) >= SURE;
        let says = |pick: &Pick| leaves(&values(pick)).is_some();
        let best = |good: &dyn Fn(&Pick) -> bool| {
            let candidates = source.picks.iter().filter(|pick| good(pick));
            candidates.reduce(|a, b| if alike(b) > alike(a) { b } else { a })
        };
        let best = best(&sure).or_else(|| best(&says))?;
        let there = values(best);
        let known = there.iter().all(|value| label_meaning(value).is_some());
        let positive = match known {
            true => Vec::new(),
            false => leaves(&there).unwrap_or_default(),
        };
        let akin = source.picks.iter().filter(|pick| alike(pick) > 0.0);
        Some(Label {
            name: best.name.clone(),
            evidence: best.evidence.clone(),
            positive,
            akin: akin
                .map(|pick| pick.name.clone())
                .filter(|name| *name != best.name)
                .collect(),
        })
    }

    /// Without a history and without a label there is nothing to learn from.
    fn lacking(&self, files: &[Table]) -> Vec<String> {
        if self.label.is_some() || self.sources.iter().any(|s| s.table == "interactions") {
            return Vec::new();
        }
        let columns = files.iter().flat_map(|file| &file.columns);
        let mut called = columns.filter(|column| fit(&names::LEFT, column.known_as()) >= SURE);
        let why = match called.next() {
            Some(column) => {
                let values = label_values(column);
                format!(
                    "nothing says who left: `{}` is called like it and has {} ({})",
                    column.name,
                    plural(values.len() as u64, "value"),
                    values
                        .iter()
                        .take(4)
                        .map(|value| format!("`{value}`"))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
            None => "there is no history (who, when), and no column of the customers says who left"
                .to_owned(),
        };
        vec![why]
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
            // Guests are rows without a customer that are meant to be there.
            let guests = source.guests.as_ref();
            let guests = guests.is_some_and(|(words, _)| words.iter().any(String::is_empty));
            let needed: Vec<&Column> = ["customer_id", "occurred_at"]
                .into_iter()
                .filter(|name| !(guests && *name == "customer_id"))
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

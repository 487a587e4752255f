//! Which canonical table each file is, and which of its columns is what: names say much, values
//! the rest.

mod cancelled;
mod label;
mod refunds;
mod tolerance;

use self::label::labelled;
use crate::commands::init::builder::Builder;
use crate::commands::init::roles::Roles;
use crate::commands::init::source::{Source, Value};
use crate::commands::init::table::{Joined, Table};

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
    /// Why purchases that were cancelled later should be undone.
    pub cancelled: Option<String>,
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

/// A file that no source is made of.
pub struct Left {
    /// Which of the tables that were looked at.
    pub file: usize,
    /// Why.
    pub why: Vec<String>,
}

/// Makes a guess for every file.
pub fn guess(files: &[Table]) -> Guess {
    let (tables, keys) = tables_of(files);
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
    let lines = guess.sources.iter();
    let lines = lines.filter(|source| source.table == "interactions");
    let returns = lines.filter_map(|lines| refunds::returns_of(&files[lines.file], lines));
    let returns: Vec<Source> = returns.collect();
    if !guess.has("products") {
        let lines = guess
            .sources
            .iter()
            .filter(|source| source.table == "interactions");
        let products = lines.filter_map(|lines| products_of(&files[lines.file], lines));
        let products: Vec<Source> = products.collect();
        guess.sources.extend(products);
    }
    guess.sources.extend(returns);
    for file in (0..files.len()).filter(|&file| tables[file].is_none()) {
        let why = vec!["no canonical table looks like it".to_owned()];
        guess.left.push(Left { file, why });
    }
    guess.tolerances(files);
    guess.cancellations(files);
    guess.label = guess.find_label(files);
    guess.lacks = guess.lacking(files);
    guess
}

/// For each file the canonical table that it is, and the column that is known to be its key.
type Tables = (Vec<Option<&'static str>>, Vec<Option<usize>>);

fn tables_of(files: &[Table]) -> Tables {
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
        let unknown = (0..files.len()).filter(|&file| tables[file].is_none());
        // Of equals the first: a person names the most important file first.
        if let Some(main) = unknown
            .rev()
            .max_by_key(|&file| (likeness(&roles[file]), files[file].rows))
        {
            tables[main] = Some("interactions");
        }
    }
    by_shared_values(files, &roles, &mut tables, &mut keys);
    (tables, keys)
}

/// How much a file is like interactions.
fn likeness(roles: &Roles) -> usize {
    let whole = [roles.customer, roles.time].into_iter().flatten().count();
    let half = [roles.basket, roles.product, roles.amount];
    whole * 4 + half.into_iter().flatten().count()
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

impl Guess {
    /// Whether a source is of this canonical table.
    fn has(&self, table: &str) -> bool {
        self.sources.iter().any(|source| source.table == table)
    }
}

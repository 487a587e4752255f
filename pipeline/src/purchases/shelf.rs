//! Which item each product is, at one level of the taxonomy or at several.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::keys::FastMap;
use crate::failure::Result;
use crate::text::calm;
use crate::warehouse::Warehouse;
use crate::warehouse::views::WITH_GUESTS;

/// What can be in a basket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    /// Their names, ascending; those of broader levels come after the others.
    pub names: Vec<String>,
    /// The names as a sentence has them: what is shouted is calm.
    pub spoken: Vec<String>,
    /// How programs know them: the id of a product, the name of anything broader.
    pub ids: Vec<String>,
    /// For each item its level.
    pub levels: Vec<String>,
    /// For each item the item of the next broader level that it belongs to.
    pub parents: Vec<Option<u32>>,
    /// So many are of the level itself, the others of broader ones.
    pub at_level: usize,
}

impl Items {
    /// The item of this name, or failing that of this id.
    pub fn find(&self, name: &str) -> Option<u32> {
        let named = self.names.iter().position(|known| known == name);
        let found = named.or_else(|| self.ids.iter().position(|id| id == name));
        found.map(|place| place as u32)
    }

    /// The name without the id that tells products of one name apart.
    pub fn bare_name(&self, item: u32) -> &str {
        let (name, id) = (&self.names[item as usize], &self.ids[item as usize]);
        let before = name
            .strip_suffix(')')
            .and_then(|name| name.strip_suffix(id));
        before
            .and_then(|name| name.strip_suffix(" ("))
            .unwrap_or(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The item of a product that was taken off.
const TAKEN_OFF: u32 = u32::MAX;

/// Which item each product is.
pub(super) struct Shelf {
    pub(super) items: Items,
    numbers: FastMap<i64, u32>,
    texts: FastMap<String, u32>,
}

impl Shelf {
    /// Reads the products: `level` is what an item is, `broader` are levels above it that are
    /// items too, narrow to broad.
    pub(super) fn read(
        warehouse: &Warehouse,
        level: &str,
        broader: &[String],
        guests: bool,
    ) -> Result<Self> {
        let table = warehouse
            .scope
            .query(&sql(warehouse, level, broader, guests))?;
        let paths = Paths::new(&table);
        let codes = paths.different();
        let mut shelf = Self {
            items: items(&codes, level, broader),
            numbers: FastMap::default(),
            texts: FastMap::default(),
        };
        let ids = table.column(0);
        let format = FormatOptions::default();
        let written = ArrayFormatter::try_new(ids.as_ref(), &format)?;
        for row in 0..table.num_rows() {
            let Some(&code) = codes[0].get(&paths.of(row, 0)) else {
                continue;
            };
            if level == "product" {
                shelf.items.ids[code as usize] = written.value(row).to_string();
            }
            match ids.data_type() {
                DataType::Int64 => {
                    let id = ids.as_primitive::<Int64Type>().value(row);
                    shelf.numbers.insert(id, code);
                }
                _ => {
                    let id = ids.as_string::<i32>().value(row).to_owned();
                    shelf.texts.insert(id, code);
                }
            }
        }
        shelf.tell_apart();
        Ok(shelf)
    }

    /// Names that several items have say where each belongs, and those of broader levels which
    /// level they are of.
    fn tell_apart(&mut self) {
        let items = &mut self.items;
        let plain = items.names.clone();
        let mut met: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (name, level) in plain.iter().zip(&items.levels) {
            *met.entry((name, level)).or_default() += 1;
        }
        for (place, name) in plain.iter().enumerate() {
            let level = items.levels[place].as_str();
            let mut words = Vec::new();
            if place >= items.at_level {
                words.push(level);
                items.ids[place] = format!("{level}:{name}");
            }
            if met[&(name.as_str(), level)] > 1 {
                let parent = items.parents[place].map(|parent| plain[parent as usize].as_str());
                words.push(parent.unwrap_or("elsewhere"));
            }
            let calmed: Vec<String> = words.iter().map(|word| calm(word)).collect();
            items.spoken.push(in_brackets(&calm(name), &calmed));
            items.names[place] = in_brackets(name, &words);
        }
    }

    /// Takes a product off, so that its lines are those of no item.
    pub(super) fn take_off(&mut self, id: &str) {
        if let Ok(number) = id.parse() {
            self.numbers.insert(number, TAKEN_OFF);
        }
        self.texts.insert(id.to_owned(), TAKEN_OFF);
    }

    /// For each product its item, beyond all items for one that was taken off; none for one that
    /// is not on the shelf.
    pub(super) fn codes(&self, products: &ArrayRef) -> Vec<Option<u32>> {
        match products.as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers
                .values()
                .iter()
                .map(|number| self.numbers.get(number).copied())
                .collect(),
            None => products
                .as_string::<i32>()
                .iter()
                .map(|text| self.texts.get(text?).copied())
                .collect(),
        }
    }
}

/// Each product, its item, and the item's names at broader levels.
fn sql(warehouse: &Warehouse, level: &str, broader: &[String], guests: bool) -> String {
    let above: String = broader
        .iter()
        .map(|level| format!(", \"{level}\""))
        .collect();
    match level {
        // A product is called by its name where that is one product's alone.
        "product" if warehouse.has_column("products", "name") => format!(
            "SELECT product_id, CASE WHEN name IS NULL THEN CAST(product_id AS VARCHAR) \
             WHEN count(*) OVER (PARTITION BY name) = 1 THEN name \
             ELSE concat(name, ' (', product_id, ')') END AS item{above} FROM products"
        ),
        "product" if !broader.is_empty() => {
            format!("SELECT product_id, CAST(product_id AS VARCHAR) AS item{above} FROM products")
        }
        "product" => format!(
            "SELECT DISTINCT product_id, CAST(product_id AS VARCHAR) AS item FROM {} \
             WHERE kind = 'purchase' AND product_id IS NOT NULL",
            if guests { WITH_GUESTS } else { "interactions" }
        ),
        level => format!(
            "SELECT product_id, \"{level}\"{above} FROM products WHERE \"{level}\" IS NOT NULL"
        ),
    }
}

/// An item is the path from it to the broadest level, so that each has one parent at most.
struct Paths<'a> {
    rows: usize,
    steps: Vec<&'a StringArray>,
}

impl<'a> Paths<'a> {
    fn new(table: &'a RecordBatch) -> Self {
        let steps = table.columns().iter().skip(1);
        Self {
            rows: table.num_rows(),
            steps: steps.map(|column| column.as_string::<i32>()).collect(),
        }
    }

    fn step(&self, row: usize, step: usize) -> &'a str {
        match self.steps[step].is_null(row) {
            true => "",
            false => self.steps[step].value(row),
        }
    }

    /// From one level to the broadest.
    fn of(&self, row: usize, from: usize) -> Vec<&'a str> {
        (from..self.steps.len())
            .map(|place| self.step(row, place))
            .collect()
    }

    /// The different paths that begin at each level, in their order, with the code of each item.
    fn different(&self) -> Vec<BTreeMap<Vec<&'a str>, u32>> {
        let mut codes: Vec<BTreeMap<Vec<&str>, u32>> = vec![BTreeMap::new(); self.steps.len()];
        for row in 0..self.rows {
            for (from, known) in codes.iter_mut().enumerate() {
                if !self.step(row, from).is_empty() {
                    known.insert(self.of(row, from), 0);
                }
            }
        }
        let all = codes.iter_mut().flat_map(BTreeMap::values_mut);
        all.zip(0..).for_each(|(code, next)| *code = next);
        codes
    }
}

/// The items of these paths, not yet told apart.
fn items(codes: &[BTreeMap<Vec<&str>, u32>], level: &str, broader: &[String]) -> Items {
    let mut items = Items::default();
    for (from, known) in codes.iter().enumerate() {
        let level = from.checked_sub(1).map_or(level, |place| &broader[place]);
        for path in known.keys() {
            items.names.push((*path.first().unwrap_or(&"")).to_owned());
            items.levels.push(level.to_owned());
            let parent = (1..path.len())
                .find(|&up| !path[up].is_empty())
                .and_then(|up| codes[from + up].get(&path[up..]));
            items.parents.push(parent.copied());
        }
        if from == 0 {
            items.at_level = items.names.len();
        }
    }
    items.ids = items.names.clone();
    items
}

/// `name (word, word)`.
fn in_brackets<S: AsRef<str>>(name: &str, words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => name.to_owned(),
        words => format!("{name} ({})", words.join(", ")),
    }
}

//! Customers who asked to be forgotten: their rows do not come back with the next load.
//!
//! What is kept of them is a keyed hash of their id, enough for whoever has the key to recognise
//! it, and nothing else.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::engine::row_hash::hash_bytes;
use crate::failure::{During, Failure, Result};
use crate::outputs::replace_private;
use crate::warehouse::FOLDER;
use crate::warehouse::forget_key::{Key, VARIABLE};

/// The list of a warehouse, and what it takes to ask it.
#[derive(Clone, Default)]
pub struct Forgotten {
    list: List,
    key: Option<Key>,
}

/// The list, as it lies beside the tables.
#[derive(Clone, Default, Serialize, Deserialize)]
struct List {
    /// Which key the ids are hashed with.
    #[serde(default)]
    key: String,
    #[serde(default)]
    ids: BTreeSet<String>,
    /// What earlier versions kept, which is still held to.
    #[serde(default, skip_serializing_if = "is_zero")]
    salt: u64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    hashes: BTreeSet<u64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Forgotten {
    /// The list of a warehouse; empty when nobody was forgotten.
    ///
    /// # Errors
    /// A list that cannot be read, or whose key is not there.
    pub fn read(out: &Path) -> Result<Self> {
        let path = path(out);
        let list: List = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::data(format!("{} cannot be read: {error}", path.display())).hint(
                    "bring it back from a backup; without it forgotten customers would come back",
                )
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).during(path.display()),
        };
        if list.ids.is_empty() {
            return Ok(Self { list, key: None });
        }
        match Key::read()?.filter(|key| key.name() == list.key) {
            Some(key) => Ok(Self {
                list,
                key: Some(key),
            }),
            None => Err(Failure::machine(format!(
                "customers were forgotten here, and {} does not hold the key of the list of them, {}",
                Key::path()?.display(),
                path.display()
            ))
            .hint(format!(
                "bring the key here from the machine and the user that ran forget, or say where it is: {VARIABLE}=FILE; without it they would come back"
            ))),
        }
    }

    /// Adds a customer, for good.
    pub fn add(&mut self, out: &Path, customer: &str) -> Result<()> {
        let key = match self.key.take() {
            Some(key) => key,
            None => Key::read_or_make()?,
        };
        self.list.key = key.name();
        self.list.ids.insert(key.hash_id(customer));
        let old = hash_bytes(self.list.salt, customer.as_bytes());
        self.list.hashes.remove(&old);
        self.key = Some(key);
        let text = serde_json::to_string(&self.list)
            .map_err(|error| Failure::machine(error.to_string()))?;
        replace_private(&path(out), &text)
    }

    fn is_empty(&self) -> bool {
        self.list.ids.is_empty() && self.list.hashes.is_empty()
    }

    fn holds(&self, id: &str) -> bool {
        let keyed = |key: &Key| self.list.ids.contains(&key.hash_id(id));
        let old = || {
            let hash = hash_bytes(self.list.salt, id.as_bytes());
            self.list.hashes.contains(&hash)
        };
        self.key.as_ref().is_some_and(keyed) || (!self.list.hashes.is_empty() && old())
    }

    /// Whether one of the words of a text is the id of a customer on the list.
    pub fn mentioned(&self, text: &str) -> bool {
        let separate = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.');
        !self.is_empty() && text.split(separate).any(|word| self.holds(word))
    }

    /// Rows whose customer is on the list.
    pub fn rows(&self, customers: &ArrayRef) -> Result<Vec<usize>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let customers = cast(customers, &DataType::Utf8)?;
        let customers = customers.as_string::<i32>();
        // A customer has many rows, and asking takes some time.
        let mut known: HashMap<&str, bool> = HashMap::new();
        let mut found = Vec::new();
        for row in (0..customers.len()).filter(|&row| customers.is_valid(row)) {
            let id = customers.value(row);
            if *known.entry(id).or_insert_with(|| self.holds(id)) {
                found.push(row);
            }
        }
        Ok(found)
    }
}

fn path(out: &Path) -> PathBuf {
    out.join(FOLDER).join("forgotten.json")
}

//! Customers who asked to be forgotten: their rows do not come back with the next load.
//!
//! What is kept of them is a salted hash of their id, enough to recognise it and nothing else.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::failure::{During, Failure, Result};
use crate::outputs::replace;
use crate::row_hash::{hash_bytes, random};
use crate::warehouse::FOLDER;

/// The list, as it lies beside the tables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Forgotten {
    salt: u64,
    hashes: HashSet<u64>,
}

impl Forgotten {
    /// The list of a warehouse; empty when nobody was forgotten.
    pub fn read(out: &Path) -> Result<Self> {
        let path = path(out);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::data(format!("{} cannot be read: {error}", path.display())).hint(
                    "bring it back from a backup; without it forgotten customers would come back",
                )
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).during(path.display()),
        }
    }

    /// Adds a customer, for good.
    pub fn add(&mut self, out: &Path, customer: &str) -> Result<()> {
        if self.hashes.is_empty() {
            self.salt = random();
        }
        self.hashes
            .insert(hash_bytes(self.salt, customer.as_bytes()));
        let text =
            serde_json::to_string(self).map_err(|error| Failure::machine(error.to_string()))?;
        replace(&path(out), &text)
    }

    /// Whether one of the words of a text is the id of a customer on the list.
    pub fn mentioned(&self, text: &str) -> bool {
        let known = |word: &str| {
            self.hashes
                .contains(&hash_bytes(self.salt, word.as_bytes()))
        };
        let separate = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.');
        !self.hashes.is_empty() && text.split(separate).any(known)
    }

    /// Rows whose customer is on the list.
    pub fn rows(&self, customers: &ArrayRef) -> Result<Vec<usize>> {
        if self.hashes.is_empty() {
            return Ok(Vec::new());
        }
        let customers = cast(customers, &DataType::Utf8)?;
        let customers = customers.as_string::<i32>();
        let known = |row: &usize| {
            customers.is_valid(*row)
                && self
                    .hashes
                    .contains(&hash_bytes(self.salt, customers.value(*row).as_bytes()))
        };
        Ok((0..customers.len()).filter(known).collect())
    }
}

fn path(out: &Path) -> PathBuf {
    out.join(FOLDER).join("forgotten.json")
}

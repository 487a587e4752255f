//! The rows of a join in memory, by key.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, new_null_array};
use arrow::compute::{filter, interleave};
use arrow::datatypes::DataType;

use crate::engine::row_hash::hash_bytes;
use crate::failure::Result;

/// What a row costs beside its values: its place in the index, and its hash.
const ROW_BYTES: usize = 56;

/// Rows of a join.
pub struct Chunk {
    /// Their keys.
    pub keys: StringArray,
    /// Hashes of what they bring.
    pub hashes: Vec<u64>,
    /// What they bring.
    pub columns: Vec<ArrayRef>,
}

impl Chunk {
    fn kept(&self, keep: &BooleanArray) -> Result<Self> {
        let hashes = self.hashes.iter().enumerate();
        Ok(Self {
            keys: filter(&self.keys, keep)?.as_string().clone(),
            hashes: hashes
                .filter(|(row, _)| keep.value(*row))
                .map(|(_, hash)| *hash)
                .collect(),
            columns: self
                .columns
                .iter()
                .map(|column| Ok(filter(column, keep)?))
                .collect::<Result<_>>()?,
        })
    }

    fn bytes(&self) -> usize {
        let columns = self
            .columns
            .iter()
            .map(|column| column.get_array_memory_size());
        self.keys.get_array_memory_size() + self.hashes.len() * ROW_BYTES + columns.sum::<usize>()
    }
}

/// Where a row of a join is: the chunk, and the row in it.
pub type Place = (u32, u32);

/// What belongs to a key.
#[derive(Clone, Copy)]
pub enum Found {
    /// No row.
    Nothing,
    /// A row.
    Row(Place),
    /// Rows that do not say the same.
    Several,
}

/// The rows of a part of a join, by key.
#[derive(Default)]
pub struct Lookup {
    part: u64,
    /// Into how many the keys are divided: a power of two.
    pub parts: u64,
    /// What it takes in memory.
    pub bytes: usize,
    /// The types of what the rows bring.
    types: Vec<DataType>,
    chunks: Vec<Chunk>,
    by_hash: HashMap<u64, Place>,
    /// Keys whose hash another key has.
    alike: HashMap<String, Place>,
    several: HashSet<Place>,
}

impl Lookup {
    /// No rows yet of one of so many parts; `types` are those of what the rows bring.
    pub fn new(part: u64, parts: u64, types: Vec<DataType>) -> Self {
        Self {
            part,
            parts,
            types,
            ..Self::default()
        }
    }

    /// Whether a key of this hash, or a row without a key, is looked at with this part.
    pub fn has_part_of(&self, hash: Option<u64>) -> bool {
        // Parts are powers of two, so that dividing them again leaves rows of the first in it.
        hash.map_or(0, |hash| (hash >> 32) & (self.parts - 1)) == self.part
    }

    fn key(&self, place: Place) -> &str {
        self.chunks[place.0 as usize].keys.value(place.1 as usize)
    }

    /// The hash of what a row brings.
    pub fn hash(&self, place: Place) -> u64 {
        self.chunks[place.0 as usize].hashes[place.1 as usize]
    }

    fn place(&self, key: &str, hash: u64) -> Option<Place> {
        let place = *self.by_hash.get(&hash)?;
        if self.key(place) == key {
            return Some(place);
        }
        self.alike.get(key).copied()
    }

    /// What belongs to a key.
    pub fn find(&self, key: &str, hash: u64) -> Found {
        match self.place(key, hash) {
            None => Found::Nothing,
            Some(place) if self.several.contains(&place) => Found::Several,
            Some(place) => Found::Row(place),
        }
    }

    /// Takes in the rows of this part that say something new.
    pub fn add(&mut self, chunk: Chunk) -> Result<()> {
        let number = self.chunks.len() as u32;
        let mut keep = vec![false; chunk.keys.len()];
        let mut next = 0;
        // Keys of this chunk are compared before the chunk is among the others.
        let mut own: Vec<usize> = Vec::new();
        for (row, keep) in keep.iter_mut().enumerate() {
            // A row that says nothing but its key contradicts nobody: exports leave what is of the
            // order empty in all rows but the first.
            let silent = !chunk.columns.is_empty()
                && chunk.columns.iter().all(|column| is_nothing(column, row));
            if chunk.keys.is_null(row) || silent {
                continue;
            }
            let key = chunk.keys.value(row);
            let hash = hash_bytes(0, key.as_bytes());
            if !self.has_part_of(Some(hash)) {
                continue;
            }
            let says = |place: Place| match place.0 == number {
                true => {
                    let row = own[place.1 as usize];
                    (chunk.keys.value(row), chunk.hashes[row])
                }
                false => (self.key(place), self.hash(place)),
            };
            let there = self.by_hash.get(&hash).copied();
            let there = match there {
                Some(place) if says(place).0 != key => self.alike.get(key).copied(),
                there => there,
            };
            if let Some(place) = there {
                if says(place).1 != chunk.hashes[row] {
                    self.several.insert(place);
                }
                continue;
            }
            match self.by_hash.contains_key(&hash) {
                true => self.alike.insert(key.to_owned(), (number, next)),
                false => self.by_hash.insert(hash, (number, next)),
            };
            *keep = true;
            own.push(row);
            next += 1;
        }
        if next > 0 {
            // Also a copy of what is kept whole: a slice of a larger buffer would hold all of it.
            let kept = chunk.kept(&BooleanArray::from(keep))?;
            self.bytes += kept.bytes();
            self.chunks.push(kept);
        }
        Ok(())
    }

    /// Divides the keys into twice as many parts, and forgets the rows of other parts than this.
    pub fn halve(&mut self) -> Result<()> {
        let mut half = Self::new(self.part, self.parts * 2, std::mem::take(&mut self.types));
        let several: HashSet<String> = self
            .several
            .iter()
            .map(|place| self.key(*place).to_owned())
            .collect();
        for chunk in std::mem::take(&mut self.chunks) {
            half.add(chunk)?;
        }
        for key in several {
            let place = half.place(&key, hash_bytes(0, key.as_bytes()));
            half.several.extend(place);
        }
        *self = half;
        Ok(())
    }

    /// A column for these rows, null where there is none.
    pub fn column(&self, number: usize, places: &[Option<Place>]) -> Result<ArrayRef> {
        let data_type = &self.types[number];
        let nothing = new_null_array(data_type, 1);
        let mut arrays: Vec<&dyn Array> = vec![nothing.as_ref()];
        arrays.extend(
            self.chunks
                .iter()
                .map(|chunk| chunk.columns[number].as_ref()),
        );
        let rows: Vec<(usize, usize)> = places
            .iter()
            .map(|place| place.map_or((0, 0), |(chunk, row)| (chunk as usize + 1, row as usize)))
            .collect();
        Ok(interleave(&arrays, &rows)?)
    }
}

/// Whether a row has no value in a column.
fn is_nothing(column: &ArrayRef, row: usize) -> bool {
    let texts = column.as_string_opt::<i32>();
    column.is_null(row) || texts.is_some_and(|texts| texts.value(row).trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;
    use crate::engine::row_hash::hash_columns;

    fn chunk(rows: &[(&str, i64)]) -> Chunk {
        let brings: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1)));
        Chunk {
            keys: rows.iter().map(|row| Some(row.0)).collect(),
            hashes: hash_columns(&[Arc::clone(&brings)], rows.len(), 0).unwrap(),
            columns: vec![brings],
        }
    }

    fn lookup() -> Lookup {
        Lookup {
            parts: 1,
            types: vec![DataType::Int64],
            ..Lookup::default()
        }
    }

    fn value(lookup: &Lookup, key: &str) -> Option<Option<i64>> {
        match lookup.find(key, hash_bytes(0, key.as_bytes())) {
            Found::Nothing => None,
            Found::Several => Some(None),
            Found::Row(place) => {
                let column = lookup.column(0, &[Some(place)]).unwrap();
                Some(Some(
                    column
                        .as_primitive::<arrow::datatypes::Int64Type>()
                        .value(0),
                ))
            }
        }
    }

    #[test]
    fn a_key_finds_its_row_and_rows_that_contradict_each_other_are_no_answer() {
        let mut rows = lookup();
        rows.add(chunk(&[("a", 1), ("b", 2), ("a", 1)])).unwrap();
        rows.add(chunk(&[("b", 3), ("c", 4), ("a", 1)])).unwrap();
        assert_eq!(value(&rows, "a"), Some(Some(1)));
        assert_eq!(value(&rows, "b"), Some(None));
        assert_eq!(value(&rows, "c"), Some(Some(4)));
        assert_eq!(value(&rows, "d"), None);
        let none = rows.column(0, &[None, None]).unwrap();
        assert_eq!(none.null_count(), 2);
    }

    #[test]
    fn dividing_the_keys_leaves_each_in_one_part() {
        let names: Vec<String> = (0..1000).map(|number| format!("k{number}")).collect();
        let rows: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(0..).collect();
        let mut whole = lookup();
        whole.add(chunk(&rows)).unwrap();
        whole.add(chunk(&[("k7", -1)])).unwrap();
        let before = whole.bytes;
        whole.halve().unwrap();
        whole.halve().unwrap();
        assert_eq!(whole.parts, 4);
        assert!(whole.bytes < before / 3);
        let mut found = 0;
        for part in 0..4 {
            let mut rest = Lookup {
                part,
                parts: 4,
                ..lookup()
            };
            rest.add(chunk(&rows)).unwrap();
            rest.add(chunk(&[("k7", -1)])).unwrap();
            for (name, number) in &rows {
                let hash = hash_bytes(0, name.as_bytes());
                let wanted = match *name {
                    "k7" => Some(None),
                    _ => Some(Some(*number)),
                };
                assert_eq!(
                    value(&rest, name),
                    wanted.filter(|_| rest.has_part_of(Some(hash)))
                );
                found += usize::from(rest.has_part_of(Some(hash)));
                if part == 0 {
                    assert_eq!(value(&whole, name), value(&rest, name));
                }
            }
        }
        assert_eq!(found, 1000);
    }
}

//! One join: its files, what they bring, and which of their rows belongs to a row.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::keys::{BETWEEN, texts};
use super::lookup::{Chunk, Found, Lookup, Place};
use super::{Broken, Joins};
use crate::config::{Source, Unmatched};
use crate::engine::in_order::in_order;
use crate::engine::row_hash::{hash_bytes, hash_columns};
use crate::failure::{Failure, Result};
use crate::sources::{Flaw, Malformed, Pieces, RawBatch, SourceFile, Unparsed, open};

/// More parts than this would mean that a single row takes all memory.
const MOST_PARTS: u64 = 1 << 16;

/// One join.
pub struct Joined {
    /// What it is shown as: its paths as they are written, or its relation.
    pub title: String,
    /// How its files are read.
    pub source: Source,
    /// Its files.
    pub files: Vec<SourceFile>,
    /// The columns of its files.
    pub schema: SchemaRef,
    /// Columns of the rows so far, and what they are called in its files.
    pub keys: Vec<(String, String)>,
    /// What happens to a row to which none of its rows belongs.
    pub unmatched: Unmatched,
    /// What it brings: the name in the rows, and in its files.
    pub brings: Vec<(String, String)>,
    /// What of it is in memory.
    pub loaded: Mutex<Loaded>,
}

/// What is wrong with rows, and which rows: of each only the first is told.
pub struct Flaws {
    /// The rows.
    pub of: HashSet<usize>,
    /// What is wrong with each.
    pub list: Vec<Flaw>,
}

/// The part of a join that is in memory.
#[derive(Default)]
pub struct Loaded {
    /// Into how many the keys are divided; none before the join was read.
    pub parts: Option<u64>,
    /// The rows of one of them.
    pub lookup: Option<(u64, Arc<Lookup>)>,
}

/// What has no column for a key, the key's name there, and the columns that there are.
pub type NoKey<'a> = (String, &'a str, &'a [Arc<Field>]);

impl Joined {
    /// Makes sure that rows with these columns, and its own, have the keys.
    pub fn has_keys<'a>(&'a self, fields: &'a [Arc<Field>]) -> Result<(), NoKey<'a>> {
        let has = |fields: &[Arc<Field>], name: &str| fields.iter().any(|f| f.name() == name);
        for (ours, other) in &self.keys {
            if !has(fields, ours) {
                return Err(("the source has".to_owned(), ours, fields));
            }
            if !has(self.schema.fields(), other) {
                return Err((format!("{} has", self.title), other, self.schema.fields()));
            }
        }
        Ok(())
    }

    /// Adds its columns to those of the rows, under its `name` where the rows have one so called.
    pub fn bring(&mut self, fields: &mut Vec<Arc<Field>>, name: &str) {
        self.brings.clear();
        for field in self.schema.fields() {
            // The key has the source's name, and its values.
            let is_key = |(ours, other): &(String, String)| other == field.name() && ours == other;
            if self.keys.iter().any(is_key) {
                continue;
            }
            let taken = |name: &str| fields.iter().any(|field| field.name() == name);
            let called = match taken(field.name()) {
                true => format!("{name}.{}", field.name()),
                false => field.name().clone(),
            };
            if !taken(&called) {
                let data_type = field.data_type().clone();
                fields.push(Arc::new(Field::new(&called, data_type, true)));
                self.brings.push((called, field.name().clone()));
            }
        }
    }

    /// The rows that belong to these keys. Rows that are looked at with another part are not `here`,
    /// and one that needs a row and has none is flawed.
    pub fn find(
        &self,
        lookup: &Lookup,
        keys: &StringArray,
        here: &mut [bool],
        flaws: &mut Flaws,
    ) -> Vec<Option<Place>> {
        let mut places = Vec::with_capacity(here.len());
        for (row, here) in here.iter_mut().enumerate() {
            let key = keys.is_valid(row).then(|| keys.value(row));
            let hash = key.map(|key| hash_bytes(0, key.as_bytes()));
            // What has no key is looked at once, with the first part.
            *here &= lookup.has_part_of(hash);
            let found = match key.zip(hash) {
                Some((key, hash)) if *here => lookup.find(key, hash),
                _ => Found::Nothing,
            };
            let place = match found {
                Found::Row(place) => Some(place),
                _ => None,
            };
            let needed = self.unmatched == Unmatched::Reject || matches!(found, Found::Several);
            if *here && place.is_none() && needed && flaws.of.insert(row) {
                flaws.list.push(self.flaw(row, key, found));
            }
            places.push(place);
        }
        places
    }

    fn flaw(&self, row: usize, key: Option<&str>, found: Found) -> Flaw {
        let path = &self.title;
        Flaw {
            row,
            column: self.keys[0].0.clone(),
            value: key.unwrap_or_default().replace(BETWEEN, ", "),
            reason: match (found, key) {
                (Found::Several, _) => {
                    tr!(
                        "has several rows in {path}, which say different things",
                        path = path
                    )
                }
                (_, Some(_)) => tr!("has no row in {path}", path = path),
                (_, None) => tr!("is empty, so no row of {path} belongs to it", path = path),
            },
        }
    }

    /// What of it is in memory, for this thread alone.
    pub fn locked(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Into how many parts its keys are divided; reads the first of them to find out.
    pub fn parts(&self, joins: &Joins) -> Result<u64> {
        let mut loaded = self.locked();
        if let Some(parts) = loaded.parts {
            return Ok(parts);
        }
        let lookup = self.load(joins, 0, None)?;
        let parts = lookup.parts;
        loaded.parts = Some(parts);
        loaded.lookup = Some((0, Arc::new(lookup)));
        Ok(parts)
    }

    /// The rows of a part; only one part is in memory.
    pub fn lookup(&self, joins: &Joins, part: u64) -> Result<Arc<Lookup>> {
        let mut loaded = self.locked();
        if let Some((there, lookup)) = &loaded.lookup
            && *there == part
        {
            return Ok(Arc::clone(lookup));
        }
        loaded.lookup = None;
        let lookup = Arc::new(self.load(joins, part, loaded.parts)?);
        loaded.lookup = Some((part, Arc::clone(&lookup)));
        Ok(lookup)
    }

    /// Reads the rows of a part. Where it is not known yet how many there are, as many are made as
    /// memory asks for while the first is read.
    fn load(&self, joins: &Joins, part: u64, parts: Option<u64>) -> Result<Lookup> {
        let mut wanted: Vec<&str> = self.keys.iter().map(|(_, other)| other.as_str()).collect();
        wanted.extend(self.brings.iter().map(|(_, other)| other.as_str()));
        let fields = self.schema.fields().iter();
        let fields = fields.filter(|field| wanted.contains(&field.name().as_str()));
        let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        let types = self
            .brings
            .iter()
            .map(|(_, other)| Ok(schema.field_with_name(other)?.data_type().clone()))
            .collect::<Result<_>>()?;
        let mut lookup = Lookup::new(part, parts.unwrap_or(1), types);
        let pieces = self.files.iter().enumerate().flat_map(|(number, file)| {
            let opened = open(file, &self.source, &schema, false);
            let pieces: Pieces = match opened {
                Ok(pieces) => pieces,
                Err(failure) => Box::new(std::iter::once(Err(failure))),
            };
            pieces.map(move |piece| Ok((number, piece?)))
        });
        in_order(
            rayon::current_num_threads(),
            pieces,
            |(number, piece): (usize, Unparsed)| Ok((number, self.chunk(piece()?)?)),
            |(number, (chunk, malformed)): (usize, (Chunk, Vec<Malformed>))| {
                if parts.is_none() && !malformed.is_empty() {
                    let path = &self.files[number].path;
                    let mut broken = joins.broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.extend(malformed.into_iter().map(|row| Broken {
                        path: path.clone(),
                        row,
                    }));
                }
                lookup.add(chunk)?;
                while parts.is_none() && lookup.bytes > joins.budget && lookup.parts < MOST_PARTS {
                    lookup.halve()?;
                }
                Ok(())
            },
        )?;
        Ok(lookup)
    }

    fn chunk(&self, raw: RawBatch) -> Result<(Chunk, Vec<Malformed>)> {
        let column = |name: &str| {
            let column = raw.rows.column_by_name(name).cloned();
            column.ok_or_else(|| Failure::machine("a column of a join was not read"))
        };
        let keys: Vec<ArrayRef> = self
            .keys
            .iter()
            .map(|(_, other)| column(other))
            .collect::<Result<_>>()?;
        let brings: Vec<ArrayRef> = self
            .brings
            .iter()
            .map(|(_, other)| column(other))
            .collect::<Result<_>>()?;
        let chunk = Chunk {
            hashes: hash_columns(&brings, raw.rows.num_rows(), 0)?,
            keys: texts(&keys)?,
            columns: brings,
        };
        Ok((chunk, raw.malformed))
    }
}

/// Texts that share their bytes with others would keep those in memory too.
pub fn without_views(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

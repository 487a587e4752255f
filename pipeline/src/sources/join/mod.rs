//! Columns of other files for the rows of a source, found by a key.
//!
//! The rows of a join wait in memory, by key, with the columns that are wanted alone. Where they
//! take more than their share of the memory limit, the keys are divided: the source is read as
//! many times as there are parts, each time against the rows of one part, so that memory stays
//! bounded however large both are, and nothing is written.

mod joined;
mod keys;
mod lookup;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{Field, Schema, SchemaRef};

use self::joined::{Flaws, Joined, without_views};
use self::keys::texts;
use self::lookup::Lookup;
use super::{Fetch, Malformed, Pieces, RawBatch, SourceFile, Unparsed, files_at, typed};
use crate::config::{Settings, Source, hex, without_secrets};
use crate::engine::row_hash::mix;
use crate::failure::{Failure, Result, did_you_mean};

/// What the rows of a source are joined with.
pub struct Joins {
    joins: Vec<Joined>,
    /// The columns of the source's own files.
    own: SchemaRef,
    /// Those, and what the joins bring of what is wanted.
    schema: SchemaRef,
    /// Bytes that the rows of each join may take.
    budget: usize,
    /// Rows of the joins that could not be read.
    broken: Mutex<Vec<Broken>>,
}

/// A row of a join that could not be read, so that no row of the source finds it.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The row.
    pub row: Malformed,
}

impl Joins {
    /// Finds the files of the joins of a source; none if it has no join.
    ///
    /// # Errors
    /// Files that are not there, or cannot be opened.
    pub fn find(
        settings: &Settings,
        number: usize,
        source: &Source,
        fetch: &Fetch<'_>,
    ) -> Result<Option<Self>> {
        if source.join.is_empty() {
            return Ok(None);
        }
        // What belongs to a row may have changed though its file has not: each is read again.
        let fetch = Fetch {
            earlier: &Default::default(),
            ..*fetch
        };
        let number = number.to_string();
        let mut joins = Vec::new();
        for (place, join) in source.join.iter().enumerate() {
            let place = place.to_string();
            let at = ["sources", number.as_str(), "join", place.as_str()];
            let source = join.as_source();
            let files = files_at(settings, &at, &source, &fetch)?;
            let first = files
                .first()
                .ok_or_else(|| settings.wrong(&at, "it names no file"))?;
            let paths = || source.path.0.iter().map(|path| without_secrets(path));
            joins.push(Joined {
                title: source
                    .relation
                    .clone()
                    .unwrap_or_else(|| match source.query {
                        Some(_) => join.name(),
                        None => paths().collect::<Vec<_>>().join(", "),
                    }),
                schema: without_views(&typed::flat(super::schema(first, &source)?.as_ref())),
                keys: join.on.0.clone(),
                unmatched: join.unmatched,
                brings: Vec::new(),
                loaded: Mutex::default(),
                files,
                source,
            });
        }
        let limit = settings.config.engine.memory_limit.0 as usize;
        Ok(Some(Self {
            budget: limit / 4 / joins.len(),
            joins,
            own: Arc::new(Schema::empty()),
            schema: Arc::new(Schema::empty()),
            broken: Mutex::default(),
        }))
    }

    /// The files of all joins.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.joins.iter().flat_map(|join| &join.files)
    }

    /// What a file of the source is known by: its content, and that of whatever it is joined with.
    pub fn known_by(&self, sha256: &str) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new_with_prefix(sha256);
        self.files().for_each(|file| hash.update(&file.sha256));
        hex(&hash.finalize())
    }

    /// The columns of a source whose own are these, with all that the joins bring.
    ///
    /// # Errors
    /// A key that the rows or the join do not have.
    pub fn added_to(
        &mut self,
        own: &SchemaRef,
        settings: &Settings,
        number: usize,
    ) -> Result<SchemaRef> {
        let own = typed::flat(own);
        let number = number.to_string();
        let mut fields: Vec<Arc<Field>> = own.fields().iter().cloned().collect();
        for (place, (join, written)) in self
            .joins
            .iter_mut()
            .zip(&settings.config.sources[number.parse().unwrap_or(0)].join)
            .enumerate()
        {
            join.has_keys(&fields).map_err(|(what, name, known)| {
                let place = place.to_string();
                let at = ["sources", number.as_str(), "join", place.as_str(), "on"];
                let known: Vec<&str> = known.iter().map(|field| field.name().as_str()).collect();
                settings
                    .wrong(&at, format!("{what} no column `{name}`"))
                    .hint(did_you_mean(name, &known))
            })?;
            join.bring(&mut fields, &written.name());
        }
        self.own = own;
        self.schema = Arc::new(Schema::new(fields));
        Ok(Arc::clone(&self.schema))
    }

    /// The columns of the source, and of what the joins bring those that are wanted, and keys.
    pub fn narrowed(&mut self, wanted: &BTreeSet<String>) -> SchemaRef {
        let keys: BTreeSet<String> = self
            .joins
            .iter()
            .flat_map(|join| join.keys.iter().map(|(ours, _)| ours.clone()))
            .collect();
        let needed = |name: &String| wanted.contains(name) || keys.contains(name);
        for join in &mut self.joins {
            join.brings.retain(|(called, _)| needed(called));
        }
        let fields =
            self.schema.fields().iter().filter(|field| {
                self.own.field_with_name(field.name()).is_ok() || needed(field.name())
            });
        self.schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        Arc::clone(&self.schema)
    }

    /// How many columns the source's own files have.
    pub fn own_columns(&self) -> usize {
        self.own.fields().len()
    }

    /// In words: what is joined, and by which columns.
    pub fn in_words(&self) -> Vec<String> {
        let words = self.joins.iter().map(|join| {
            let on = join.keys.iter().map(|(ours, other)| match ours == other {
                true => format!("`{ours}`"),
                false => format!("`{ours}` = `{other}`"),
            });
            let on: Vec<String> = on.collect();
            format!("{} on {}", join.title, on.join(", "))
        });
        words.collect()
    }

    /// How many times the source has to be read: once, unless a join is too large for memory.
    ///
    /// # Errors
    /// A join that cannot be read.
    pub fn passes(&self) -> Result<u64> {
        let mut passes = 1;
        for join in &self.joins {
            passes *= join.parts(self)?;
        }
        Ok(passes)
    }

    /// Opens a file of the source with all columns, for one of the passes: it has the rows whose
    /// keys are of the parts that this pass looks at.
    pub fn open(
        self: &Arc<Self>,
        file: &SourceFile,
        source: &Source,
        hashed: bool,
        pass: u64,
    ) -> Result<Pieces> {
        let pieces = super::open(file, source, &self.own, hashed)?;
        let mut left = pass;
        let mut lookups = Vec::with_capacity(self.joins.len());
        for join in &self.joins {
            let parts = join.parts(self)?;
            lookups.push(join.lookup(self, left % parts)?);
            left /= parts;
        }
        let (joins, lookups) = (Arc::clone(self), Arc::new(lookups));
        Ok(Box::new(pieces.map(move |piece| {
            let (joins, lookups) = (Arc::clone(&joins), Arc::clone(&lookups));
            let piece = piece?;
            Ok(Box::new(move || joins.join(piece()?, &lookups, pass == 0)) as Unparsed)
        })))
    }

    /// Gives back the memory; what is opened later is read again.
    pub fn release(&self) {
        for join in &self.joins {
            join.locked().lookup = None;
        }
    }

    /// Rows of the joins that could not be read, of whatever was read so far.
    pub fn broken(&self) -> Vec<Broken> {
        self.broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn join(&self, raw: RawBatch, lookups: &[Arc<Lookup>], first_pass: bool) -> Result<RawBatch> {
        let rows = raw.rows.num_rows();
        let mut columns: HashMap<&str, ArrayRef> = HashMap::new();
        for (field, column) in self.own.fields().iter().zip(raw.rows.columns()) {
            columns.insert(field.name(), Arc::clone(column));
        }
        let mut here = vec![true; rows];
        let mut hashes = raw.hashes;
        let mut flaws = Flaws {
            of: raw.flaws.iter().map(|flaw| flaw.row).collect(),
            list: raw.flaws,
        };
        for (join, lookup) in self.joins.iter().zip(lookups) {
            let keys: Vec<ArrayRef> = join
                .keys
                .iter()
                .map(|(ours, _)| columns.get(ours.as_str()).cloned())
                .collect::<Option<_>>()
                .ok_or_else(|| Failure::machine("a key of a join was not read"))?;
            let keys = texts(&keys)?;
            let places = join.find(lookup, &keys, &mut here, &mut flaws);
            for (number, (called, _)) in join.brings.iter().enumerate() {
                columns.insert(called, lookup.column(number, &places)?);
            }
            for (hash, place) in hashes.iter_mut().zip(&places) {
                *hash = mix(*hash, place.map_or(0, |place| lookup.hash(place)));
            }
        }
        flaws.list.sort_by_key(|flaw| flaw.row);
        let fields = self.schema.fields().iter();
        let columns: Vec<ArrayRef> = fields
            .map(|field| columns.get(field.name().as_str()).cloned())
            .collect::<Option<_>>()
            .ok_or_else(|| Failure::machine("a column of a join was not read"))?;
        let joined = RawBatch {
            rows: typed::batch(&self.schema, columns, rows)?,
            lines: raw.lines,
            hashes,
            malformed: match first_pass {
                true => raw.malformed,
                false => Vec::new(),
            },
            flaws: flaws.list,
        };
        joined.chosen(&BooleanArray::from(here))
    }
}

//! Columns of other files for the rows of a source, found by a key.
//!
//! The rows of a join wait in memory, by key, with the columns that are wanted alone. Where they
//! take more than their share of the memory limit, the keys are divided: the source is read as
//! many times as there are parts, each time against the rows of one part, so that memory stays
//! bounded however large both are, and nothing is written.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, StringArray, StringBuilder, new_null_array,
};
use arrow::compute::{cast, filter, interleave};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};

use super::{
    Fetch, Flaw, Malformed, Pieces, RawBatch, SourceFile, Unparsed, files_at, hashes, typed,
};
use crate::config::{Settings, Source, Unmatched, hex, without_secrets};
use crate::failure::{Failure, Result, did_you_mean};
use crate::in_order::in_order;
use crate::row_hash::hash_bytes;

/// More parts than this would mean that a single row takes all memory.
const MOST_PARTS: u64 = 1 << 16;
/// What a row costs beside its values: its place in the index, and its hash.
const ROW_BYTES: usize = 56;

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

/// One join.
struct Joined {
    /// What it is shown as: its paths as they are written, or its relation.
    shown: String,
    source: Source,
    files: Vec<SourceFile>,
    /// The columns of its files.
    schema: SchemaRef,
    /// Columns of the rows so far, and what they are called in its files.
    keys: Vec<(String, String)>,
    unmatched: Unmatched,
    /// What it brings: the name in the rows, and in its files.
    brings: Vec<(String, String)>,
    loaded: Mutex<Loaded>,
}

/// The part of a join that is in memory.
#[derive(Default)]
struct Loaded {
    /// Into how many the keys are divided; none before the join was read.
    parts: Option<u64>,
    lookup: Option<(u64, Arc<Lookup>)>,
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
                shown: source
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
            let place = place.to_string();
            let wrong = |what: String, name: &str, known: Vec<&str>| {
                let at = ["sources", number.as_str(), "join", place.as_str(), "on"];
                settings
                    .wrong(&at, format!("{what} no column `{name}`"))
                    .hint(did_you_mean(name, &known))
            };
            let theirs: Vec<&str> = join
                .schema
                .fields()
                .iter()
                .map(|f| f.name().as_str())
                .collect();
            for (ours, other) in &join.keys {
                let known: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
                if !known.contains(&ours.as_str()) {
                    return Err(wrong("the source has".to_owned(), ours, known));
                }
                if !theirs.contains(&other.as_str()) {
                    return Err(wrong(format!("{} has", join.shown), other, theirs));
                }
            }
            join.brings.clear();
            let name = written.name();
            for field in join.schema.fields() {
                // The key has the source's name, and its values.
                if join
                    .keys
                    .iter()
                    .any(|(ours, other)| other == field.name() && ours == other)
                {
                    continue;
                }
                let taken = |name: &str| fields.iter().any(|field| field.name() == name);
                let called = match taken(field.name()) {
                    true => format!("{name}.{}", field.name()),
                    false => field.name().clone(),
                };
                if !taken(&called) {
                    fields.push(Arc::new(Field::new(
                        &called,
                        field.data_type().clone(),
                        true,
                    )));
                    join.brings.push((called, field.name().clone()));
                }
            }
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
            format!("{} on {}", join.shown, on.join(", "))
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
        let mut flaws: Vec<Flaw> = raw.flaws;
        let mut flawed: HashSet<usize> = flaws.iter().map(|flaw| flaw.row).collect();
        for (join, lookup) in self.joins.iter().zip(lookups) {
            let keys: Vec<ArrayRef> = join
                .keys
                .iter()
                .map(|(ours, _)| columns.get(ours.as_str()).cloned())
                .collect::<Option<_>>()
                .ok_or_else(|| Failure::machine("a key of a join was not read"))?;
            let keys = texts(&keys)?;
            let mut places = Vec::with_capacity(rows);
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
                if *here
                    && place.is_none()
                    && (join.unmatched == Unmatched::Reject || matches!(found, Found::Several))
                    && flawed.insert(row)
                {
                    let path = &join.shown;
                    flaws.push(Flaw {
                        row,
                        column: join.keys[0].0.clone(),
                        value: key.unwrap_or_default().replace(BETWEEN, ", "),
                        reason: match (found, key) {
                            (Found::Several, _) => {
                                format!("has several rows in {path}, which say different things")
                            }
                            (_, Some(_)) => format!("has no row in {path}"),
                            (_, None) => format!("is empty, so no row of {path} belongs to it"),
                        },
                    });
                }
                places.push(place);
            }
            for (number, (called, _)) in join.brings.iter().enumerate() {
                columns.insert(called, lookup.column(number, &places)?);
            }
            for (hash, place) in hashes.iter_mut().zip(&places) {
                *hash = hashes::with(*hash, place.map_or(0, |place| lookup.hash(place)));
            }
        }
        flaws.sort_by_key(|flaw| flaw.row);
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
            flaws,
        };
        joined.chosen(&BooleanArray::from(here))
    }
}

impl Joined {
    fn locked(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Into how many parts its keys are divided; reads the first of them to find out.
    fn parts(&self, joins: &Joins) -> Result<u64> {
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
    fn lookup(&self, joins: &Joins, part: u64) -> Result<Arc<Lookup>> {
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
        let mut lookup = Lookup {
            part,
            parts: parts.unwrap_or(1),
            types: self
                .brings
                .iter()
                .map(|(_, other)| Ok(schema.field_with_name(other)?.data_type().clone()))
                .collect::<Result<_>>()?,
            ..Lookup::default()
        };
        let pieces = self.files.iter().enumerate().flat_map(|(number, file)| {
            let opened = super::open(file, &self.source, &schema, false);
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
            hashes: hashes::of_rows(&brings, raw.rows.num_rows())?,
            keys: texts(&keys)?,
            columns: brings,
        };
        Ok((chunk, raw.malformed))
    }
}

/// Rows of a join.
struct Chunk {
    keys: StringArray,
    /// Of what the rows bring.
    hashes: Vec<u64>,
    columns: Vec<ArrayRef>,
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

/// Texts that share their bytes with others would keep those in memory too.
fn without_views(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Where a row of a join is: the chunk, and the row in it.
type Place = (u32, u32);

/// What belongs to a key.
#[derive(Clone, Copy)]
enum Found {
    Nothing,
    Row(Place),
    /// Rows that do not say the same.
    Several,
}

/// The rows of a part of a join, by key.
#[derive(Default)]
struct Lookup {
    part: u64,
    parts: u64,
    bytes: usize,
    types: Vec<DataType>,
    chunks: Vec<Chunk>,
    by_hash: HashMap<u64, Place>,
    /// Keys whose hash another key has.
    alike: HashMap<String, Place>,
    several: HashSet<Place>,
}

impl Lookup {
    /// Whether a key of this hash, or a row without a key, is looked at with this part.
    fn has_part_of(&self, hash: Option<u64>) -> bool {
        // Parts are powers of two, so that dividing them again leaves rows of the first in it.
        hash.map_or(0, |hash| (hash >> 32) & (self.parts - 1)) == self.part
    }

    fn key(&self, place: Place) -> &str {
        self.chunks[place.0 as usize].keys.value(place.1 as usize)
    }

    fn hash(&self, place: Place) -> u64 {
        self.chunks[place.0 as usize].hashes[place.1 as usize]
    }

    fn place(&self, key: &str, hash: u64) -> Option<Place> {
        let place = *self.by_hash.get(&hash)?;
        if self.key(place) == key {
            return Some(place);
        }
        self.alike.get(key).copied()
    }

    fn find(&self, key: &str, hash: u64) -> Found {
        match self.place(key, hash) {
            None => Found::Nothing,
            Some(place) if self.several.contains(&place) => Found::Several,
            Some(place) => Found::Row(place),
        }
    }

    /// Takes in the rows of this part that say something new.
    fn add(&mut self, chunk: Chunk) -> Result<()> {
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
    fn halve(&mut self) -> Result<()> {
        let mut half = Self {
            part: self.part,
            parts: self.parts * 2,
            types: std::mem::take(&mut self.types),
            ..Self::default()
        };
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
    fn column(&self, number: usize, places: &[Option<Place>]) -> Result<ArrayRef> {
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

/// Stands between the values of a key of several columns.
const BETWEEN: char = '\u{1f}';

/// Keys as text, the same whatever type a file gives them; none where a value is missing.
fn texts(columns: &[ArrayRef]) -> Result<StringArray> {
    let columns: Vec<StringArray> = columns.iter().map(text).collect::<Result<_>>()?;
    if let [only] = columns.as_slice()
        && only
            .iter()
            .flatten()
            .all(|text| !text.is_empty() && text.trim().len() == text.len())
    {
        return Ok(only.clone());
    }
    let rows = columns.first().map_or(0, StringArray::len);
    let mut keys = StringBuilder::new();
    for row in 0..rows {
        let values = columns.iter().map(|column| {
            let value = column.is_valid(row).then(|| column.value(row).trim());
            value.filter(|value| !value.is_empty())
        });
        match values.collect::<Option<Vec<&str>>>() {
            Some(values) => keys.append_value(values.join(&BETWEEN.to_string())),
            None => keys.append_null(),
        }
    }
    Ok(keys.finish())
}

/// Values as text: whole numbers without decimals, also where a tool keeps them with some.
fn text(column: &ArrayRef) -> Result<StringArray> {
    if column.data_type().is_floating() {
        let numbers = cast(column, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>().iter();
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
        let shown = numbers.map(|number| {
            number.map(|number| match whole(number) {
                true => (number as i64).to_string(),
                false => number.to_string(),
            })
        });
        return Ok(shown.collect());
    }
    let texts = cast(column, &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string();
    if matches!(column.data_type(), DataType::Decimal128(_, scale) if *scale > 0) {
        let plain = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
        return Ok(texts.iter().map(|text| text.map(plain)).collect());
    }
    Ok(texts.clone())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};

    use super::*;

    fn chunk(rows: &[(&str, i64)]) -> Chunk {
        let brings: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1)));
        Chunk {
            keys: rows.iter().map(|row| Some(row.0)).collect(),
            hashes: hashes::of_rows(&[Arc::clone(&brings)], rows.len()).unwrap(),
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

    #[test]
    fn keys_are_the_same_text_in_every_type() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(7.0), Some(7.5)]));
        let words: ArrayRef = Arc::new(StringArray::from(vec![Some(" 7 "), Some(" ")]));
        let of = |columns: &[ArrayRef]| -> Vec<Option<String>> {
            let keys = texts(columns).unwrap();
            keys.iter().map(|key| key.map(str::to_owned)).collect()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[Arc::clone(&numbers)]), [text("7"), None]);
        assert_eq!(of(&[Arc::clone(&floats)]), [text("7"), text("7.5")]);
        assert_eq!(of(&[Arc::clone(&words)]), [text("7"), None]);
        assert_eq!(of(&[floats, numbers]), [text("7\u{1f}7"), None]);
    }
}

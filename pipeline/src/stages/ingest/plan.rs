//! What a load is going to read, and how its rows become those of the canonical tables.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::PhysicalExpr;

use super::coerce::{Numbers, Said};
use super::currencies::Money;
use super::evaluate::evaluate;
use crate::config::{Column, Mapping, Source, ValueType};
use crate::contract::{self, Table};
use crate::failure::Result;
use crate::sources::{self, Flaw, Joins, Pieces, RawBatch, SourceFile};
use crate::warehouse::layout::ColumnPlan;
use crate::warehouse::ledger::Standing;

/// The column of rejects for which a condition cannot be calculated.
const WHERE: &str = "where";

/// A canonical table of this load: its columns, and the sources that fill them.
pub struct TablePlan {
    /// The canonical table.
    pub table: &'static Table,
    /// Its columns that at least one source fills or has filled, in canonical order, then attributes.
    pub columns: Vec<ColumnPlan>,
    /// What fills them, with files that are to be read.
    pub sources: Vec<SourcePlan>,
    /// Every file that the settings name, also those that are loaded already.
    pub named: Vec<SourceFile>,
    /// Files that are loaded already.
    pub known: usize,
}

/// One source, ready to be read.
pub struct SourcePlan {
    /// Its number in the settings, from 0.
    pub number: usize,
    /// What it is known by from load to load.
    pub name: String,
    /// The settings.
    pub source: Source,
    /// Hash of whatever decides how its files become rows.
    pub mapping: String,
    /// Its files that are to be read.
    pub files: Vec<PlannedFile>,
    /// The columns that every file must have.
    pub schema: SchemaRef,
    /// For each column of the table, how this source fills it; none leaves it null.
    pub expressions: Vec<Option<Arc<dyn PhysicalExpr>>>,
    /// For each column of the table, how what its expression gives is read.
    pub readings: Vec<Reading>,
    /// What its amounts are worth.
    pub money: Money,
    /// How it says when a row became known.
    pub known_at: Option<Arc<dyn PhysicalExpr>>,
    /// How it says that a row is gone.
    pub deleted: Option<Arc<dyn PhysicalExpr>>,
    /// Which of its rows are loaded.
    pub condition: Option<Arc<dyn PhysicalExpr>>,
    /// What its rows are joined with.
    pub joins: Option<Arc<Joins>>,
}

/// How what an expression gives becomes a canonical column.
#[derive(Clone)]
pub enum Reading {
    /// As the column's content asks.
    Plain(Said),
    /// Multiplied by what another column holds.
    Product {
        /// The other column.
        by: Arc<dyn PhysicalExpr>,
        /// The names of both.
        names: [String; 2],
        /// How each is read.
        said: [Said; 2],
    },
    /// Its sign is the kind of an interaction.
    Sign(Said),
    /// A time, of this column or, where it is empty, of the next.
    First(Vec<Arc<dyn PhysicalExpr>>),
}

impl Reading {
    /// How a mapping is read; `others` are its columns behind the first.
    pub fn of(source: &Source, mapping: &Mapping, others: Vec<Arc<dyn PhysicalExpr>>) -> Self {
        let said = |column: &Column| Said {
            whole: column.value_type == Some(ValueType::Integer),
            numbers: (column.decimal.is_some() || column.thousands.is_some()).then(|| {
                let (decimal, thousands) = column.marks(source);
                Numbers { decimal, thousands }
            }),
        };
        if matches!(mapping, Mapping::First(_)) {
            return Self::First(others);
        }
        match (mapping, others.into_iter().next()) {
            (Mapping::Product(factors), Some(by)) => Self::Product {
                by,
                names: [factors[0].name.clone(), factors[1].name.clone()],
                said: [said(&factors[0]), said(&factors[1])],
            },
            (Mapping::BySign(column), _) => Self::Sign(said(column)),
            (Mapping::Column(column), _) => Self::Plain(said(column)),
            _ => Self::Plain(Said::default()),
        }
    }
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// The file.
    pub file: SourceFile,
    /// Its number in the warehouse.
    pub number: i32,
    /// Its place in the load.
    pub order: u32,
    /// When its rows became known, unless they say so themselves; microseconds UTC.
    pub known_at: i64,
    /// Why it is read.
    pub standing: Standing,
}

impl SourcePlan {
    /// How many times its files have to be read: once, unless a join is too large for memory.
    pub fn passes(&self) -> Result<u64> {
        self.joins.as_ref().map_or(Ok(1), |joins| joins.passes())
    }

    /// Its columns by which it is joined.
    pub fn join_keys(&self) -> impl Iterator<Item = String> {
        let keys = self.source.join.iter().flat_map(|join| &join.on.0);
        keys.map(|(own, _)| own.clone())
    }

    /// How many of its columns are those of its own files, which stand before all others.
    pub fn own_columns(&self) -> usize {
        let own = |joins: &Arc<Joins>| joins.own_columns();
        self.joins.as_ref().map_or(self.schema.fields().len(), own)
    }

    /// Opens one of its files, with the columns of `schema`; rows of other passes are not among
    /// the rows of this one.
    pub fn open(&self, file: &SourceFile, hashed: bool, pass: u64) -> Result<Pieces> {
        match &self.joins {
            Some(joins) => joins.open(file, &self.source, hashed, pass),
            None => sources::open(file, &self.source, &self.schema, hashed),
        }
    }

    /// The rows that the condition lets through, and how many it does not. A row that a join has
    /// nothing for cannot be asked, and stays to be rejected.
    pub fn let_through(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let (raw, nameless) = match self.source.most_frequent {
            true => self.with_key(raw)?,
            false => (raw, 0),
        };
        let (raw, left) = self.where_true(raw)?;
        Ok((raw, nameless + left))
    }

    /// Lines that name nothing tell nothing of a thing.
    fn with_key(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let key = contract::table(&self.source.table).and_then(|table| table.key);
        let Some(Mapping::Column(column)) = key.and_then(|key| self.source.columns.get(key)) else {
            return Ok((raw, 0));
        };
        let Some(values) = raw.rows.column_by_name(&column.name) else {
            return Ok((raw, 0));
        };
        let texts = values.as_string_opt::<i32>();
        let named = |row: usize| {
            values.is_valid(row) && texts.is_none_or(|texts| !texts.value(row).trim().is_empty())
        };
        let chosen: Vec<bool> = (0..values.len()).map(named).collect();
        let left = chosen.iter().filter(|chosen| !**chosen).count() as u64;
        Ok((raw.chosen(&BooleanArray::from(chosen))?, left))
    }

    fn where_true(&self, raw: RawBatch) -> Result<(RawBatch, u64)> {
        let Some(condition) = &self.condition else {
            return Ok((raw, 0));
        };
        let rows = raw.rows.num_rows();
        let (answers, wrong) = evaluate(condition, &raw.rows)?;
        let raw = raw.with_flaws(wrong.into_iter().map(|wrong| Flaw {
            row: wrong.row,
            column: WHERE.to_owned(),
            value: wrong.value,
            reason: wrong.reason,
        }));
        let Some(answers) = answers.as_boolean_opt() else {
            return Ok((
                raw.chosen(&BooleanArray::from(vec![false; rows]))?,
                rows as u64,
            ));
        };
        let through =
            |row: usize| raw.is_flawed(row) || answers.is_valid(row) && answers.value(row);
        let chosen: Vec<bool> = (0..rows).map(through).collect();
        let left = chosen.iter().filter(|chosen| !**chosen).count() as u64;
        Ok((raw.chosen(&BooleanArray::from(chosen))?, left))
    }
}

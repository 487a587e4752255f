//! What can go wrong in explaining a model.

use thiserror::Error;

use crate::metrics::MetricError;

/// Why something could not be explained.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ExplainError {
    /// Rows with another number of columns than the model has.
    #[error(
        "{found} feature columns, but the model has {expected}; give the same columns in the same order"
    )]
    ColumnCount {
        /// Columns of the model.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// A model without feature columns.
    #[error("a model of 0 feature columns explains nothing; it needs at least one")]
    NoColumns,
    /// A background without rows.
    #[error("the background has no rows; give at least one, better 100 to 1000 typical ones")]
    NoBackground,
    /// Nothing to average over.
    #[error("there are no rows to explain the model on; give at least one")]
    NoRows,
    /// A column that the matrix does not have.
    #[error("column {column} does not exist: there are {columns} feature columns, counted from 0")]
    NoSuchColumn {
        /// The column asked for.
        column: usize,
        /// Columns there are.
        columns: usize,
    },
    /// One column where two are needed.
    #[error("column {0} is given twice; choose two different columns")]
    SameColumn(usize),
    /// A group of columns without columns.
    #[error("group {0} has no columns; give each group at least one")]
    EmptyGroup(usize),
    /// A count below its least value.
    #[error("{name} = {value}; choose at least {least}")]
    TooFew {
        /// The setting.
        name: &'static str,
        /// The value that was given.
        value: usize,
        /// The least that makes sense.
        least: usize,
    },
    /// A column in which no row has a value.
    #[error("column {0} has no values: all rows lack it, so there is nothing to vary")]
    AllMissing(usize),
    /// Points of a grid of which none can stand.
    #[error("the grid of column {0} has no points; give at least one")]
    EmptyGrid(usize),
    /// An infinite point of a grid.
    #[error("the grid of column {column} has {value}; points must be finite, or NaN for missing")]
    InfinitePoint {
        /// The column.
        column: usize,
        /// The point given.
        value: f32,
    },
    /// Weights and rows differ in number.
    #[error("{weights} weights for {rows} rows; give one weight a row, or none")]
    WeightCount {
        /// Rows given.
        rows: usize,
        /// Weights given.
        weights: usize,
    },
    /// A weight below zero, infinite or NaN.
    #[error("the weight of row {row} is {value}; weights must be finite, 0 or more")]
    Weight {
        /// Row, counted from 0.
        row: usize,
        /// The weight found.
        value: f32,
    },
    /// Weights that sum to nothing.
    #[error("all weights are 0; at least one row has to count")]
    NoWeight,
    /// Predictions that do not match the rows.
    #[error("the model gave {found} predictions for {expected} rows; it must give one a row")]
    PredictionCount {
        /// Rows given.
        expected: usize,
        /// Predictions returned.
        found: usize,
    },
    /// A node of a tree from elsewhere that cannot be.
    #[error("tree {tree}, node {node}: {problem}")]
    Node {
        /// Tree, counted from 0.
        tree: usize,
        /// Node, counted from 0.
        node: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The measure of permutation importance has no value.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

//! What can go wrong, with the value that was given and what would mend it.

use thiserror::Error;

/// A setting of a tree model that is out of its range.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TreeParamError {
    /// A count that must not be zero.
    #[error("{name} = 0; choose at least 1")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// Fewer than two leaves.
    #[error("max_leaves = {0}; a tree that decides anything has at least 2 leaves")]
    MaxLeaves(usize),
    /// A number of bins outside 2 to 255.
    #[error("max_bins = {0}; choose between 2 and 255")]
    MaxBins(usize),
    /// A share outside 0 (excluded) to 1.
    #[error("{name} = {value}; choose a share above 0 and at most 1")]
    Share {
        /// The setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
    },
    /// A number that must be finite and at least zero.
    #[error("{name} = {value}; choose a finite number, 0 or more")]
    Negative {
        /// The setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
    },
}

/// Why a tree model could not be fitted.
#[derive(Debug, Error)]
pub enum TreeError {
    /// A setting is out of its range.
    #[error(transparent)]
    Params(#[from] TreeParamError),
    /// An error of linfa's own.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
    /// The matrix has no rows.
    #[error("there are no rows to learn from; give at least one row of each label")]
    NoRows,
    /// The matrix has no columns.
    #[error("there are no feature columns to learn from; give at least one")]
    NoColumns,
    /// More rows than the engine numbers.
    #[error("{0} rows are more than a tree can number (4294967295); fit on a sample of the rows")]
    TooManyRows(usize),
    /// An infinite feature.
    #[error(
        "row {row}, column {column} of the features is {value}; features must be finite, or NaN where missing"
    )]
    Infinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// The value found.
        value: f32,
    },
    /// Labels and rows differ in number.
    #[error("{labels} labels for {rows} rows of features; give one label a row")]
    LabelCount {
        /// Rows of the feature matrix.
        rows: usize,
        /// Labels given.
        labels: usize,
    },
    /// Weights and rows differ in number.
    #[error("{weights} weights for {rows} rows of features; give one weight a row, or none")]
    WeightCount {
        /// Rows of the feature matrix.
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
    /// One label only.
    #[error(
        "all {rows} rows that count are labelled {label}; a classifier needs rows of both labels"
    )]
    OneClass {
        /// The only label.
        label: bool,
        /// Rows with a weight above zero.
        rows: usize,
    },
    /// Validation rows with another number of columns.
    #[error(
        "{found} feature columns, but the model has {expected}; give the same columns in the same order"
    )]
    ColumnCount {
        /// Columns of the training rows.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// Monotone constraints for another number of columns.
    #[error(
        "{constraints} monotone constraints for {columns} feature columns; give one a column, or none"
    )]
    MonotoneCount {
        /// Constraints given.
        constraints: usize,
        /// Feature columns.
        columns: usize,
    },
}

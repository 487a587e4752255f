//! What can go wrong, with the value that was given and what would mend it.

use thiserror::Error;

use super::limits::MAX_BINS;

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
    /// A number that must be finite and above zero.
    #[error("{name} = {value}; choose a finite number above 0")]
    NotPositive {
        /// The setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
    },
    /// A quantile outside 0 to 1.
    #[error("quantile = {0}; choose a number above 0 and below 1, such as 0.5 for the median")]
    Quantile(f64),
    /// Out-of-bag estimates without rows that are out of a bag.
    #[error(
        "out_of_bag = true, but every tree sees all rows; set bootstrap = true, or row_fraction below 1"
    )]
    NothingOutOfBag,
    /// A class weight that is not a finite number above 0.
    #[error("the class weight of {label} is {value}; choose a finite number above 0")]
    ClassWeight {
        /// The label.
        label: bool,
        /// The value that was given.
        value: f32,
    },
}

impl TreeParamError {
    /// Refuses counts of 0; a limit that is not set is none.
    pub(crate) fn check_counts<const N: usize>(
        counts: [(&'static str, Option<usize>); N],
    ) -> Result<(), Self> {
        match counts.into_iter().find(|(_, count)| *count == Some(0)) {
            Some((name, _)) => Err(Self::Zero { name }),
            None => Ok(()),
        }
    }

    /// Refuses numbers outside 0 (excluded) to 1.
    pub(crate) fn check_shares<const N: usize>(
        shares: [(&'static str, f64); N],
    ) -> Result<(), Self> {
        let good = |value: f64| value > 0.0 && value <= 1.0;
        match shares.into_iter().find(|(_, value)| !good(*value)) {
            Some((name, value)) => Err(Self::Share { name, value }),
            None => Ok(()),
        }
    }

    /// Refuses numbers that are not finite or are below 0.
    pub(crate) fn check_amounts<const N: usize>(
        amounts: [(&'static str, f64); N],
    ) -> Result<(), Self> {
        let good = |value: f64| value.is_finite() && value >= 0.0;
        match amounts.into_iter().find(|(_, value)| !good(*value)) {
            Some((name, value)) => Err(Self::Negative { name, value }),
            None => Ok(()),
        }
    }

    /// Refuses trees of fewer than two leaves.
    pub(crate) fn check_leaves(max_leaves: usize) -> Result<(), Self> {
        match max_leaves {
            0 | 1 => Err(Self::MaxLeaves(max_leaves)),
            _ => Ok(()),
        }
    }

    /// Refuses numbers of bins outside 2 to [`MAX_BINS`].
    pub(crate) fn check_bins(max_bins: usize) -> Result<(), Self> {
        if (2..=MAX_BINS).contains(&max_bins) {
            Ok(())
        } else {
            Err(Self::MaxBins(max_bins))
        }
    }
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
    /// A value in a column of categories that names none.
    #[error(
        "row {row}, column {column} of the features is {value}, and the column holds categories; number them from 0 to 65535, or leave NaN where missing"
    )]
    Category {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// The value found.
        value: f32,
    },
    /// A column was named that is not there.
    #[error(
        "column {column} is said to hold categories, but there are {columns} columns; count from 0"
    )]
    NoSuchColumn {
        /// The column named.
        column: usize,
        /// Columns of the matrix.
        columns: usize,
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
    /// Rows without a part in cross-validation, or no parts.
    #[error(
        "{parts} numbers of parts for {rows} rows, of which {distinct} differ; give one a row, and at least two parts"
    )]
    Folds {
        /// Rows of the feature matrix.
        rows: usize,
        /// Numbers given.
        parts: usize,
        /// How many of them differ.
        distinct: usize,
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
    /// A monotone constraint on a categorical column.
    #[error(
        "column {column} is categorical and cannot be monotone, for categories have no order; leave it free or do not name it categorical"
    )]
    MonotoneCategory {
        /// The column, counted from 0.
        column: usize,
    },
    /// A setting that names a column which is not there.
    #[error("{setting} names column {column}, but the columns are 0 to {}", columns - 1)]
    UnknownColumn {
        /// The setting.
        setting: &'static str,
        /// The column named.
        column: usize,
        /// Feature columns.
        columns: usize,
    },
    /// Monotone constraints on several classes.
    #[error(
        "monotone constraints do not hold for the probabilities of several classes; fit a GradientBoosting for each class that needs them"
    )]
    MonotoneClasses,
    /// A label that is not finite.
    #[error("the label of row {row} is {value}; labels must be finite: leave out rows without one")]
    Label {
        /// Row, counted from 0.
        row: usize,
        /// The label found.
        value: f32,
    },
    /// A label below zero where counts are needed.
    #[error(
        "the label of row {row} is {value}; Poisson loss needs labels of 0 or more: use squared or pinball loss for amounts that can be negative"
    )]
    NegativeLabel {
        /// Row, counted from 0.
        row: usize,
        /// The label found.
        value: f32,
    },
    /// Nothing but zeros where counts are needed.
    #[error("all labels that count are 0; Poisson loss needs at least one above 0")]
    AllZero,
    /// Weights that are all zero.
    #[error("all weights are 0; give at least one row a weight above 0")]
    NoWeight,
    /// One class only.
    #[error(
        "all rows that count are of class {class}; a classifier needs rows of at least two classes"
    )]
    OneOfClasses {
        /// The only class.
        class: usize,
    },
    /// A class without rows.
    #[error(
        "class {class} has no row that counts, though class {highest} has; number the classes from 0 without gaps"
    )]
    EmptyClass {
        /// The first class without rows.
        class: usize,
        /// The highest class found.
        highest: usize,
    },
    /// A class that the model does not have.
    #[error("the label of row {row} is class {class}, but the model has classes 0 to {}", classes - 1)]
    UnknownClass {
        /// Row, counted from 0.
        row: usize,
        /// The class found.
        class: usize,
        /// Classes of the model.
        classes: usize,
    },
    /// Class weights for another number of classes.
    #[error("{weights} class weights for {classes} classes; give one a class, or none")]
    ClassWeightCount {
        /// Weights given.
        weights: usize,
        /// Classes found.
        classes: usize,
    },
    /// A model that was fitted with another loss.
    #[error(
        "the model to continue was fitted with another loss; continue with the settings it was fitted with"
    )]
    OtherLoss,
    /// A relevance that has no gain.
    #[error("the relevance of row {row} is {value}; relevances lie between 0 and 30")]
    Relevance {
        /// Row, counted from 0.
        row: usize,
        /// The relevance found.
        value: f32,
    },
    /// A query whose rows weigh differently.
    #[error(
        "row {row} weighs {value}, but another row of its query {weight}; a weight is that of the query: give it to all its rows"
    )]
    QueryWeight {
        /// Row, counted from 0.
        row: usize,
        /// Its weight.
        value: f64,
        /// The weight of the first row of the query.
        weight: f64,
    },
    /// No query has anything to put in order.
    #[error(
        "no query that counts has rows of different relevance; there is no order to learn: check the query numbers"
    )]
    NoOrder,
}

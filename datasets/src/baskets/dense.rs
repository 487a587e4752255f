//! Rows of a categorical table as baskets.

use super::Pattern;
use super::letters::{Letters, Problem, Short};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, WeightedAliasIndex};
use std::fmt;
use std::ops::Range;

const MOST_ROWS: u64 = 10_000_000_000;
const MOST_ITEMS: u64 = 10_000_000;
const MOST_COLUMNS: u64 = 10_000;

const CLASSES: usize = 20;
/// The share of rows in class `k` is in proportion to `1 / (k + CLASS_EVENNESS)`.
const CLASS_EVENNESS: f64 = 4.0;
/// Corruption of a class, least and most.
const CORRUPTION: Range<f64> = 0.01..0.09;

/// No column has more than this many times the mean number of values.
const WIDEST: f64 = 2.3;

/// How much it is chance whether a class has the leading value of a column, against the
/// class being an ordinary one in all columns. More makes columns less correlated.
const CHANCE: f64 = 0.5;
/// How fast the share of rows with the leading value falls from column to column: with 1 in
/// even steps, with more faster at first.
const FALL: f64 = 1.3;

/// Rows of a table with one item (value) of every column: `C23N119D8K`.
///
/// | Letter | Meaning | Most |
/// |---|---|---|
/// | `C` | number of columns, the length of every basket | 10,000 |
/// | `N` | number of items, the values of all columns together | 10,000,000; at least 2 `C` |
/// | `D` | number of rows | 10,000,000,000 |
///
/// `K` after a number is thousand, `M` million; the letters may come in any order.
///
/// `C23N119D8124` has the shape of the mushroom table of the UCI repository as the FIMI
/// repository gives it, but none of its rows. How it is made:
///
/// - Every column has at least 2 values, unevenly more up to 2.3 times the mean. The
///   items of a column are consecutive numbers, see [`Generator::columns`](super::Generator::columns).
/// - There are 20 classes of uneven size, the first about 13 % of the rows, the last 2 %.
///   The profile of a class says its value in every column.
/// - Every column has a leading value. Columns differ in the share of rows whose class has
///   that value in its profile, from nearly all to nearly none, larger where the column has
///   few values; the other classes have other values. Some classes are more ordinary than
///   others and have the leading value in most columns; that is what makes long itemsets
///   frequent.
/// - A row belongs to one class. In each column it has the value of the profile, or else,
///   with a chance of 1 % to 9 % that depends on the class, any value of the column, the
///   value of rank `r` in proportion to `1 / r`, the leading value being the first.
///
/// Over the seeds 0 to 11 `C23N119D8K` had 489 to 1,332 itemsets in at least 40 % of the rows,
/// the longest of them of 7 to 10 items, and 1 or 2 items in at least 90 %. With the same items
/// spread over the rows of each column at random, it had about 120 itemsets.
///
/// With few rows, or hundreds of values in a column, some items may not occur.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    columns: u64,
    items: u64,
    rows: u64,
}

impl Dense {
    /// Number of columns, `C`.
    pub fn columns(&self) -> u64 {
        self.columns
    }

    /// Number of items, the values of all columns together, `N`; they are numbered from 0.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Number of rows, `D`.
    pub fn baskets(&self) -> u64 {
        self.rows
    }

    pub(super) fn read(name: &str) -> Result<Self, Problem> {
        let letters = Letters::read(name, "C, N, D")?;
        let dense = Dense {
            columns: letters.need('C', "number of columns", MOST_COLUMNS)?,
            items: letters.need('N', "number of items in all columns", MOST_ITEMS)?,
            rows: letters.need('D', "number of rows", MOST_ROWS)?,
        };
        if dense.items < 2 * dense.columns {
            return Err(Problem::FewItems {
                items: dense.items,
                columns: dense.columns,
            });
        }
        Ok(dense)
    }

    /// Draws the columns and the class profiles.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> (Vec<Pattern>, Maker) {
        let columns = self.draw_columns(rng);
        let patterns = profiles(&columns, rng);
        let maker = Maker {
            ranges: columns.iter().map(|column| column.range.clone()).collect(),
            columns,
            class: choice(patterns.iter().map(|pattern| pattern.weight)),
        };
        (patterns, maker)
    }

    /// Spreads the items over the columns, two to each and the others by uneven chances.
    fn draw_columns(&self, rng: &mut ChaCha8Rng) -> Vec<Column> {
        let count = self.columns as usize;
        let widest = (WIDEST * self.items as f64 / self.columns as f64).ceil() as u32;
        // The bounds keep the loop short: columns that are full are drawn in vain.
        let uneven = choice((0..count).map(|_| rng.sample::<f64, _>(Exp1).clamp(0.1, 3.0)));
        let mut widths = vec![2; count];
        let mut left = self.items - 2 * self.columns;
        while left > 0 {
            let width = &mut widths[uneven.sample(rng)];
            if *width < widest {
                *width += 1;
                left -= 1;
            }
        }
        let mut first = 0;
        let draw = |width| {
            let range = first..first + width;
            first = range.end;
            Column::draw(range, rng)
        };
        widths.into_iter().map(draw).collect()
    }
}

impl fmt::Display for Dense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, items) = (Short(self.columns), Short(self.items));
        write!(f, "C{columns}N{items}D{}", Short(self.rows))
    }
}

/// One column of the table.
#[derive(Clone, Debug)]
struct Column {
    range: Range<u32>,
    /// The items of the range, the leading value first.
    ranked: Vec<u32>,
    /// Draws an index into `ranked`.
    rank: WeightedAliasIndex<f64>,
}

impl Column {
    fn draw(range: Range<u32>, rng: &mut ChaCha8Rng) -> Self {
        let mut ranked: Vec<u32> = range.clone().collect();
        ranked.shuffle(rng);
        Column {
            range,
            rank: choice((1..=ranked.len()).map(|rank| 1.0 / rank as f64)),
            ranked,
        }
    }

    /// Any value, the leading one most likely.
    fn value(&self, rng: &mut ChaCha8Rng) -> u32 {
        self.ranked[self.rank.sample(rng)]
    }

    /// Any value but the leading one.
    fn other_value(&self, rng: &mut ChaCha8Rng) -> u32 {
        loop {
            let value = self.value(rng);
            if value != self.ranked[0] {
                return value;
            }
        }
    }
}

/// Draws the profiles of all classes, the largest class first.
fn profiles(columns: &[Column], rng: &mut ChaCha8Rng) -> Vec<Pattern> {
    let sizes = (0..CLASSES).map(|k| 1.0 / (k as f64 + CLASS_EVENNESS));
    let sum: f64 = sizes.clone().sum();
    let mut patterns: Vec<Pattern> = sizes
        .map(|size| Pattern {
            items: Vec::with_capacity(columns.len()),
            weight: size / sum,
            corruption: rng.gen_range(CORRUPTION),
        })
        .collect();

    // Even steps in random order, here and for the columns, rather than random numbers: how
    // many itemsets are frequent then depends less on the seed.
    let mut strangeness: Vec<f64> = even_steps(CLASSES).collect();
    strangeness.shuffle(rng);
    for (column, share) in columns.iter().zip(leading_shares(columns, rng)) {
        let mut order: Vec<(f64, usize)> = strangeness
            .iter()
            .map(|strange| strange + CHANCE * rng.r#gen::<f64>())
            .zip(0..)
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut rows = 0.0;
        for (_, class) in order {
            let pattern = &mut patterns[class];
            // A class counts as within the share if the larger part of it is.
            let leads = rows + pattern.weight / 2.0 <= share;
            rows += pattern.weight;
            pattern.items.push(if leads {
                column.ranked[0]
            } else {
                column.other_value(rng)
            });
        }
    }
    patterns
}

/// For each column the share of rows whose class has the leading value in its profile.
///
/// Columns of few values get the larger shares, by and large: in a column of two values a
/// small share would make the other value as common as a large one makes the leading value.
fn leading_shares(columns: &[Column], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut widest_first: Vec<(f64, usize)> = columns
        .iter()
        .map(|column| column.ranked.len() as f64 * rng.gen_range(0.5..1.5))
        .zip(0..)
        .collect();
    widest_first.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut shares = vec![0.0; columns.len()];
    for ((_, column), step) in widest_first.into_iter().zip(even_steps(columns.len())) {
        shares[column] = step.powf(FALL);
    }
    shares
}

/// The middles of `count` equal parts of the range from 0 to 1.
fn even_steps(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |step| (step as f64 + 0.5) / count as f64)
}

/// Draws rows by the profiles.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    columns: Vec<Column>,
    ranges: Vec<Range<u32>>,
    class: WeightedAliasIndex<f64>,
}

impl Maker {
    pub fn columns(&self) -> &[Range<u32>] {
        &self.ranges
    }

    pub fn block(&self, patterns: &[Pattern], count: u64, rng: &mut ChaCha8Rng) -> Vec<Vec<u32>> {
        (0..count).map(|_| self.row(patterns, rng)).collect()
    }

    /// Items ascend because columns do.
    fn row(&self, patterns: &[Pattern], rng: &mut ChaCha8Rng) -> Vec<u32> {
        let class = &patterns[self.class.sample(rng)];
        let values = class.items.iter().zip(&self.columns);
        values
            .map(|(&usual, column)| {
                if rng.r#gen::<f64>() < class.corruption {
                    column.value(rng)
                } else {
                    usual
                }
            })
            .collect()
    }
}

/// A choice between at least one alternative, all of them possible.
fn choice(weights: impl Iterator<Item = f64>) -> WeightedAliasIndex<f64> {
    WeightedAliasIndex::new(weights.collect()).expect("weights are above 0, and at least one")
}

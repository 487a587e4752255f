//! Made-up market baskets, with everything that makes them in their name.
//!
//! A miner of frequent itemsets is measured on two opposite kinds of baskets: many short
//! ones over many items, and fewer long ones that resemble each other. Both are here.
//!
//! - [`Quest`]: `T10I4D100K`, the generator of Agrawal and Srikant (1994), known as IBM Quest.
//! - [`Dense`]: `C23N119D8K`, rows of a categorical table whose columns depend on each other,
//!   in the manner of the mushroom table of the UCI repository.
//!
//! The same name and seed give the same baskets on any number of threads: baskets are made
//! in blocks of [`BLOCK`], each with random numbers of its own.
//!
//! Items are numbered from 0. Some published files, as `mushroom.dat` of the FIMI repository,
//! number them from 1.
//!
//! ```
//! use regulars_datasets::baskets::{Baskets, NameError};
//!
//! let baskets: Baskets = "T10I4D100K".parse()?;
//! let generator = baskets.generator(1);
//! let first = generator.block(0);
//! assert_eq!(first.len(), 4096);
//! # Ok::<(), NameError>(())
//! ```

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

mod dense;
pub mod files;
mod letters;
mod name;
mod quest;
#[cfg(test)]
mod tests;

pub use dense::Dense;
pub use letters::Problem;
pub use name::NameError;
pub use quest::Quest;

/// Baskets in a block; the last block of a set may hold fewer.
pub const BLOCK: u64 = 4096;

/// What to generate, as its name says: parse one of the names that [`Quest`] and [`Dense`]
/// describe, in any letter case. `to_string` gives the shortest name back.
#[derive(Clone, Debug, PartialEq)]
pub enum Baskets {
    /// Short baskets, put together from itemsets that are bought together.
    Quest(Quest),
    /// Rows of a table: one item of every column.
    Dense(Dense),
}

impl Baskets {
    /// How many baskets there are in all, the `D` of the name.
    pub fn baskets(&self) -> u64 {
        match self {
            Baskets::Quest(quest) => quest.baskets(),
            Baskets::Dense(dense) => dense.baskets(),
        }
    }

    /// Draws the patterns that the baskets will be made of; the baskets themselves are
    /// drawn block by block as they are asked for.
    ///
    /// Takes memory for the patterns: for Quest about `L` times (`I` times 4 bytes, plus 80).
    pub fn generator(&self, seed: u64) -> Generator {
        let mut rng = stream(seed, 0);
        let (patterns, maker) = match self {
            Baskets::Quest(quest) => {
                let (patterns, maker) = quest.draw(&mut rng);
                (patterns, Maker::Quest(maker))
            }
            Baskets::Dense(dense) => {
                let (patterns, maker) = dense.draw(&mut rng);
                (patterns, Maker::Dense(maker))
            }
        };
        Generator {
            baskets: self.baskets(),
            seed,
            patterns,
            maker,
        }
    }
}

/// Items that belong together: the truth that a miner of the baskets looks for.
///
/// For [`Quest`] this is a potentially large itemset, for [`Dense`] the profile of a class
/// of rows, with one item of every column.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Item numbers from 0, ascending, each once.
    pub items: Vec<u32>,
    /// Chance that this pattern is the next to be chosen; over all patterns these add up
    /// to 1. Quest chooses several patterns for a basket, Dense one class for a row.
    pub weight: f64,
    /// How imperfectly baskets show the pattern, between 0 (always whole) and 1. Quest: the
    /// chance to drop an item, and after each drop the chance to drop one more. Dense: the
    /// chance, in each column, that a row takes no heed of its class.
    pub corruption: f64,
}

/// Makes the baskets of one name and seed; see [`Baskets::generator`].
///
/// It can be shared between threads: no block depends on another.
#[derive(Clone, Debug)]
pub struct Generator {
    baskets: u64,
    seed: u64,
    patterns: Vec<Pattern>,
    maker: Maker,
}

#[derive(Clone, Debug)]
enum Maker {
    Quest(quest::Maker),
    Dense(dense::Maker),
}

impl Generator {
    /// How many blocks there are: all baskets, in portions of [`BLOCK`].
    pub fn blocks(&self) -> u64 {
        self.baskets.div_ceil(BLOCK)
    }

    /// The baskets of one block, numbered from 0: items ascending, each once, no basket
    /// empty. A block from [`Generator::blocks`] on has no baskets.
    pub fn block(&self, number: u64) -> Vec<Vec<u32>> {
        if number >= self.blocks() {
            return Vec::new();
        }
        let count = BLOCK.min(self.baskets - number * BLOCK);
        let mut rng = stream(self.seed, number + 1);
        match &self.maker {
            Maker::Quest(maker) => maker.block(&self.patterns, count, &mut rng),
            Maker::Dense(maker) => maker.block(&self.patterns, count, &mut rng),
        }
    }

    /// The itemsets or class profiles that the baskets are made of. For Quest they are in
    /// the order in which they were drawn, so that each shares items with the one before;
    /// for Dense the largest class comes first.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Dense: the items of each column, every row holding exactly one of each. Quest: none.
    pub fn columns(&self) -> &[Range<u32>] {
        match &self.maker {
            Maker::Quest(_) => &[],
            Maker::Dense(maker) => maker.columns(),
        }
    }
}

/// Random numbers that belong to one purpose: stream 0 draws the patterns, stream `n + 1`
/// the baskets of block `n`.
fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

//! The basket generator of Agrawal and Srikant.

use super::Pattern;
use super::letters::{Letters, Problem, Short};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, Normal, Poisson, WeightedAliasIndex};
use std::fmt;

const DEFAULT_ITEMS: u64 = 1_000;
const DEFAULT_PATTERNS: u64 = 2_000;

const MOST_BASKETS: u64 = 10_000_000_000;
const MOST_ITEMS: u64 = 10_000_000;
const MOST_PATTERNS: u64 = 10_000_000;
const LONGEST: u64 = 10_000;
/// Bounds the memory of all itemsets to about 400 MB.
const MOST_PATTERN_ITEMS: u64 = 100_000_000;

/// Mean of the share of its items that an itemset takes from the one before.
const CORRELATION: f64 = 0.5;
const CORRUPTION_MEAN: f64 = 0.5;
const CORRUPTION_VARIANCE: f64 = 0.1;

/// Itemsets in a row that may add nothing to a basket before it is closed short of its
/// size: with few itemsets its size can lie beyond what they hold together.
const GIVE_UP: u32 = 1_000;

/// Baskets put together from itemsets that are bought together: `T10I4D100K`.
///
/// | Letter | Meaning | Default | Most |
/// |---|---|---|---|
/// | `T` | mean number of items in a basket | - | 10,000 and `N` |
/// | `I` | mean number of items in an itemset | - | 10,000 and `N` |
/// | `D` | number of baskets | - | 10,000,000,000 |
/// | `N` | number of items | 1,000 | 10,000,000 |
/// | `L` | number of itemsets | 2,000 | 10,000,000, and `I` times `L` 100,000,000 |
///
/// `K` after a number is thousand, `M` million; the letters may come in any order.
///
/// Source: Agrawal and Srikant (1994), "Fast Algorithms for Mining Association Rules", VLDB,
/// section 2.4.3. What the paper leaves open, or what had to differ:
///
/// - The length of a basket and of an itemset is 1 plus a Poisson number with mean `T - 1`
///   or `I - 1`, as in the program that IBM published, not Poisson with mean `T` or `I`: the
///   mean is the one in the name and nothing has length 0.
/// - An itemset that is too long for what is left of a basket waits for the next basket in
///   half the cases, as in the paper, but not beyond the end of a block of
///   [`BLOCK`](super::BLOCK) baskets: so blocks can be made in any order. It waits as it is,
///   with the items already dropped, and the basket that it was too long for is closed.
/// - In a basket that is still empty an itemset is never too long, so that no basket stays
///   empty. An itemset that lost all its items counts for nothing and the next is drawn.
/// - Items that an itemset shares with the basket count twice when its fit is judged, but
///   are in the basket once.
/// - Corruption is cut off at 0 and 1. About 1 itemset in 18 thereby has corruption 1 and
///   never occurs, and as many have 0 and always occur whole.
/// - A basket to which 1,000 itemsets in a row added nothing is closed. That happens only
///   with few itemsets or items, and then baskets are shorter than `T`. If such a basket is
///   empty, it gets one item of the itemset drawn last.
/// - Items that do not come from the itemset before are all equally likely, as in the paper.
///   IBM's program gives each item an exponential weight, so that more items never occur.
///
/// Where `T` is at least twice `I`, the mean length is within 2 % of `T`: `T10I4D100K` has
/// 10.1 items in a basket and about 990 of the 1,000 items, the file of that name in the
/// FIMI repository 10.1 and 870. With a `T` below `I`, baskets are longer than `T`, since one
/// itemset alone is: `T2I4D100K` has 4.0 items in a basket.
#[derive(Clone, Debug, PartialEq)]
pub struct Quest {
    length: u64,
    pattern_length: u64,
    baskets: u64,
    items: u64,
    patterns: u64,
}

impl Quest {
    /// Mean number of items in a basket, `T`.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Mean number of items in an itemset, `I`.
    pub fn pattern_length(&self) -> u64 {
        self.pattern_length
    }

    /// Number of baskets, `D`.
    pub fn baskets(&self) -> u64 {
        self.baskets
    }

    /// Number of items, `N`; they are numbered from 0, and not all need occur.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Number of itemsets, `L`.
    pub fn patterns(&self) -> u64 {
        self.patterns
    }

    pub(super) fn read(name: &str) -> Result<Self, Problem> {
        let letters = Letters::read(name, "T, I, D, N, L")?;
        let quest = Quest {
            length: letters.need('T', "mean length of a basket", LONGEST)?,
            pattern_length: letters.need('I', "mean length of an itemset", LONGEST)?,
            baskets: letters.need('D', "number of baskets", MOST_BASKETS)?,
            items: letters.find('N', MOST_ITEMS)?.unwrap_or(DEFAULT_ITEMS),
            patterns: letters
                .find('L', MOST_PATTERNS)?
                .unwrap_or(DEFAULT_PATTERNS),
        };
        for (letter, value) in [('T', quest.length), ('I', quest.pattern_length)] {
            if value > quest.items {
                return Err(Problem::LongerThanItems {
                    letter,
                    value,
                    items: quest.items,
                });
            }
        }
        if quest.patterns * quest.pattern_length > MOST_PATTERN_ITEMS {
            return Err(Problem::PatternItems {
                patterns: quest.patterns,
                length: quest.pattern_length,
                most: MOST_PATTERN_ITEMS,
            });
        }
        Ok(quest)
    }

    /// Draws the itemsets.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> (Vec<Pattern>, Maker) {
        let length = Length::with_mean(self.pattern_length);
        let corruption = Normal::new(CORRUPTION_MEAN, CORRUPTION_VARIANCE.sqrt())
            .expect("mean and deviation are constants");
        let mut patterns: Vec<Pattern> = Vec::new();
        for _ in 0..self.patterns {
            let before = patterns.last().map_or(&[][..], |pattern| &pattern.items);
            let items = self.itemset(length.draw(rng), before, rng);
            patterns.push(Pattern {
                items,
                // A zero would be a weight that no choice can be made from, if all were zero.
                weight: rng.sample::<f64, _>(Exp1).max(f64::MIN_POSITIVE),
                corruption: corruption.sample(rng).clamp(0.0, 1.0),
            });
        }
        let sum: f64 = patterns.iter().map(|pattern| pattern.weight).sum();
        for pattern in &mut patterns {
            pattern.weight /= sum;
        }
        let choice = WeightedAliasIndex::new(patterns.iter().map(|p| p.weight).collect())
            .expect("weights are above 0, and at least one");
        let maker = Maker {
            length: Length::with_mean(self.length),
            choice,
        };
        (patterns, maker)
    }

    /// Draws the items of one itemset: some from the itemset before, the others from all.
    fn itemset(&self, length: u64, before: &[u32], rng: &mut ChaCha8Rng) -> Vec<u32> {
        let length = length.min(self.items) as usize;
        let share = (CORRELATION * rng.sample::<f64, _>(Exp1)).min(1.0);
        let shared = (share * length as f64).round() as usize;
        let mut items: Vec<u32> = before.choose_multiple(rng, shared).copied().collect();
        items.sort_unstable();
        while items.len() < length {
            insert(&mut items, rng.gen_range(0..self.items as u32));
        }
        items
    }
}

impl fmt::Display for Quest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, pattern_length) = (Short(self.length), Short(self.pattern_length));
        write!(f, "T{length}I{pattern_length}D{}", Short(self.baskets))?;
        if self.items != DEFAULT_ITEMS {
            write!(f, "N{}", Short(self.items))?;
        }
        if self.patterns != DEFAULT_PATTERNS {
            write!(f, "L{}", Short(self.patterns))?;
        }
        Ok(())
    }
}

/// Puts baskets together from the itemsets.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    length: Length,
    choice: WeightedAliasIndex<f64>,
}

impl Maker {
    pub fn block(&self, patterns: &[Pattern], count: u64, rng: &mut ChaCha8Rng) -> Vec<Vec<u32>> {
        let mut waiting = Vec::new();
        (0..count)
            .map(|_| self.basket(patterns, &mut waiting, rng))
            .collect()
    }

    /// Makes one basket. `waiting` is the itemset that the basket before had no room for,
    /// or empty; it is left as the next basket shall find it.
    fn basket(
        &self,
        patterns: &[Pattern],
        waiting: &mut Vec<u32>,
        rng: &mut ChaCha8Rng,
    ) -> Vec<u32> {
        let size = self.length.draw(rng) as usize;
        let mut basket = std::mem::take(waiting);
        basket.sort_unstable();
        let mut kept = Vec::new();
        let mut fruitless = 0;
        while basket.len() < size {
            let pattern = &patterns[self.choice.sample(rng)];
            corrupt(pattern, &mut kept, rng);
            let fits = basket.is_empty() || basket.len() + kept.len() <= size;
            if !fits && rng.r#gen() {
                *waiting = kept;
                break;
            }
            let before = basket.len();
            for &item in &kept {
                insert(&mut basket, item);
            }
            fruitless = if basket.len() > before {
                0
            } else {
                fruitless + 1
            };
            if fruitless == GIVE_UP {
                if basket.is_empty() {
                    basket.extend(pattern.items.choose(rng));
                }
                break;
            }
        }
        basket
    }
}

/// Leaves in `kept` the items of the pattern that this basket gets.
fn corrupt(pattern: &Pattern, kept: &mut Vec<u32>, rng: &mut ChaCha8Rng) {
    kept.clear();
    kept.extend(&pattern.items);
    while !kept.is_empty() && rng.r#gen::<f64>() < pattern.corruption {
        kept.swap_remove(rng.gen_range(0..kept.len() as u32) as usize);
    }
}

/// Adds an item to a sorted list unless it is there.
fn insert(items: &mut Vec<u32>, item: u32) {
    if let Err(place) = items.binary_search(&item) {
        items.insert(place, item);
    }
}

/// Lengths from 1 with a given mean.
#[derive(Clone, Copy, Debug)]
struct Length {
    /// What comes on top of 1; none if the mean is 1, for which there is no Poisson.
    above: Option<Poisson<f64>>,
}

impl Length {
    fn with_mean(mean: u64) -> Self {
        let above = Poisson::new(mean.saturating_sub(1) as f64).ok();
        Length { above }
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> u64 {
        1 + self.above.map_or(0, |above| above.sample(rng) as u64)
    }
}

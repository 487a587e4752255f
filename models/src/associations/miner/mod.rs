//! Frequent itemsets: all, closed, maximal, the most frequent; kept, streamed, counted, estimated.
//!
//! Items are ranked by how many baskets hold them, the most frequent first. Every itemset is
//! found once, from its last item (the least frequent) to its first: for each *last item*, the
//! items before it in its rows are counted, those that stay frequent are kept, and the search
//! goes on among their rows. That is pattern growth (Han, Pei and Yin 2000, "Mining frequent
//! patterns without candidate generation") without a tree. Which way rows are held depends on how
//! many items are left, in the manner of Uno's LCM and of Borgelt's programs:
//!
//! - more than 64 items: lists of item numbers, with the places of each item beside ([`rows`]), so
//!   that what precedes an item is read forwards from memory;
//! - up to 64: a mask of 64 bits a row, equal rows made one with a weight; all pairs are counted
//!   in one reading, so a branch that leads to no pair is never entered ([`masks`]);
//! - few: a table of all their combinations ([`combinations`]).
//!
//! An item that is in all baskets of a set (a perfect extension) doubles what is found below the
//! set. It is carried along instead of searched; counting the itemsets takes a binomial for it.
//!
//! Closed and maximal itemsets have a search of their own, over bits of baskets ([`closed`]).
//!
//! What was tried, on one thread, mining alone:
//!
//! - Prefix trees in place of rows (an earlier version of this miner) took 1.2 s where rows and
//!   masks take 0.24 s: types of products of The Complete Journey, 155,663 baskets, support 150.
//!   A tree shares little once the last item is fixed, and each step up in it waits for memory.
//! - Tables of up to 12 items where the rows are at least a 128th of their entries took 0.29 s,
//!   of at least a 32nd 0.49 s, of up to 10 items 0.35 s, of up to 14 items 0.33 s: C23N119D8K of
//!   `regulars generate`, support 400, 41,790,911 itemsets. Sparse baskets hardly notice.
//!
//! What each part gains, in million instructions of the whole example program, which do not vary
//! from run to run (`valgrind --tool=callgrind .../examples/itemsets FILE SUPPORT count 1`; 213 of
//! those of T10I4D100K read the file and count its items):
//!
//! | left out | T10I4D100K, support 10 | C23N119D8K, support 1,200 |
//! |---|---|---|
//! | nothing | 975 | 77 |
//! | masks: rows down to the tables | 1,082 | 144 |
//! | tables of combinations | 955 | 118 |
//! | making equal rows one | 1,032 | 130 |
//! | carrying perfect extensions along | 978 | 77 |
//!
//! Perfect extensions matter where there are some: 40 items that are always together have a
//! million million subsets, which are counted at once.
//!
//! `benches/itemsets.py` sets it beside other miners.

mod closed;
mod collect;
mod combinations;
mod control;
mod estimate;
mod fit;
mod job;
mod masks;
mod ranked;
mod rising;
mod rows;
mod search;
mod sinks;
mod stream;
mod thinning;

pub(super) use collect::OfLength;
pub use estimate::Estimate;
pub use stream::Visitor;

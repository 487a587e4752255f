//! How many itemsets there will be, before they are mined.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::{
    super::{Baskets, ItemsetError, ItemsetValidParams},
    control::Control,
    job::{Job, Scope},
    rising::bytes_of,
    sinks::{Sink, choices},
    thinning::Thinning,
};

/// How much may be read for an estimate, in cells of rows.
const MAX_READ: f64 = 30e6;

/// How many times at most the part that can be read is drawn.
const MAX_DRAWS: usize = 12;

/// One branch in so many is looked at, at every node of the search.
const STRIDES: [u32; 10] = [64, 32, 16, 12, 8, 6, 4, 3, 2, 1];

/// What a minimum support will ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The minimum support as a number of baskets.
    pub min_count: u32,
    /// Itemsets that [`fit`](ItemsetValidParams::fit) will have to keep, by their number of
    /// items: `[2]` is the number of pairs.
    pub of_length: Vec<f64>,
    /// All of them.
    pub itemsets: f64,
    /// Standard error of `itemsets`, as a share of it; 0 if they were all counted.
    ///
    /// It is learned from few draws; where single branches hold most of the itemsets, it is too
    /// low as long as none of those was drawn.
    pub relative_error: f64,
    /// Bytes that the itemsets take while they are gathered and put in order; the baskets and the
    /// search come on top.
    pub bytes: f64,
    /// How long the search will take with the threads that the estimate had. Ordering what was
    /// found comes on top. Differs from run to run, as nothing else here does.
    pub search_time: Duration,
}

/// Weighted numbers of sets by length.
struct Weighted {
    max_len: usize,
    scale: f64,
    of_length: Vec<f64>,
}

impl Sink for Weighted {
    fn found(&mut self, set: &[u32], free: &[u32], _count: u32) {
        for (len, n) in choices(set.len(), free.len(), self.max_len) {
            if self.of_length.len() <= len {
                self.of_length.resize(len + 1, 0.0);
            }
            self.of_length[len] += n as f64 * self.scale;
        }
    }

    fn scale(&mut self, scale: f64) {
        self.scale = scale;
    }
}

/// What one draw says.
#[derive(Default)]
struct Draw {
    of_length: Vec<f64>,
    /// Cells that all of the search would read, and cells that were read.
    work: f64,
    read: f64,
}

impl Draw {
    fn add(&mut self, other: &Self) {
        if self.of_length.len() < other.of_length.len() {
            self.of_length.resize(other.of_length.len(), 0.0);
        }
        for (place, n) in self.of_length.iter_mut().zip(&other.of_length) {
            *place += n;
        }
        self.work += other.work;
        self.read += other.read;
    }
}

impl ItemsetValidParams {
    /// Says what [`fit`](Self::fit) will find and need, from random branches of its search.
    ///
    /// The baskets are all read, so what is counted at a branch is exact; but of the branches at
    /// each node only one in so many is entered, from a random one onwards, and stands for those
    /// that are left out. The estimate of each number of itemsets is therefore unbiased (Knuth
    /// 1975, "Estimating the efficiency of backtrack programs"; a sample of baskets would
    /// overestimate it, because chance makes more sets frequent in few baskets). As many branches
    /// are entered as can be read in about a second; where that is all of them, the numbers are
    /// exact. The same seed gives the same numbers, on any number of threads.
    ///
    /// # Errors
    /// [`ItemsetError::UnknownItem`].
    pub fn estimate(&self, baskets: &Baskets, seed: u64) -> Result<Estimate, ItemsetError> {
        let min_count = self.asked(baskets)?;
        let job = Job::new(self, baskets, min_count, Scope::Subsets);
        let mut place = 0;
        let mut started = Instant::now();
        let mut draws = vec![self.draw(&job, min_count, STRIDES[0], seed)];
        while let Some(&next) = STRIDES.get(place + 1) {
            let last = &draws[0];
            // If one branch in s is entered on each of d floors, 1 / s^d of the work is done.
            let floors =
                (last.work / last.read.max(1.0)).max(1.0).ln() / f64::from(STRIDES[place]).ln();
            if last.work / f64::from(next).powf(floors) > MAX_READ {
                break;
            }
            place += 1;
            started = Instant::now();
            draws = vec![self.draw(&job, min_count, next, seed.wrapping_add(place as u64))];
        }
        if STRIDES[place] > 1 {
            let mut read = draws[0].read;
            while draws.len() < MAX_DRAWS && (draws.len() < 4 || read < MAX_READ) {
                let seed = seed.wrapping_add((100 + draws.len()) as u64);
                let draw = self.draw(&job, min_count, STRIDES[place], seed);
                read += draw.read;
                draws.push(draw);
            }
        }
        Ok(summary(
            min_count,
            job.ranked.n_items(),
            &draws,
            started.elapsed(),
        ))
    }

    fn draw(&self, job: &Job, min_count: u32, stride: u32, seed: u64) -> Draw {
        let control = Control::new(min_count);
        let mut turn = Thinning::new(stride, seed).turn();
        let ranks: Vec<usize> = job.last_items.clone().filter(|_| turn.comes()).collect();
        let parts: Vec<Draw> = ranks
            .into_par_iter()
            .with_max_len(1)
            .map_init(
                || {
                    let sink = Weighted {
                        max_len: self.max_len,
                        scale: 1.0,
                        of_length: Vec::new(),
                    };
                    job.search(&control, sink, Thinning::off())
                },
                |search, rank| {
                    // Each rank has random numbers of its own, so threads make no difference.
                    let mixed = seed ^ (rank as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    search.thinning = Thinning::new(stride, mixed);
                    search.sink.scale = search.thinning.deeper();
                    (search.work, search.read) = (0.0, 0.0);
                    search.last_item(&job.ranked, rank);
                    Draw {
                        of_length: std::mem::take(&mut search.sink.of_length),
                        work: search.work,
                        read: search.read,
                    }
                },
            )
            .collect();
        let mut sum = Draw::default();
        for part in &parts {
            sum.add(part);
        }
        sum
    }
}

fn summary(min_count: u32, n_items: usize, draws: &[Draw], time: Duration) -> Estimate {
    let mut sum = Draw::default();
    for draw in draws {
        sum.add(draw);
    }
    let n = draws.len() as f64;
    let mut of_length: Vec<f64> = sum.of_length.iter().map(|sum| (sum / n).max(0.0)).collect();
    // How many single items are frequent is known.
    of_length.resize(of_length.len().max(2), 0.0);
    of_length[1] = n_items as f64;
    let itemsets: f64 = of_length.iter().sum();
    let totals = draws.iter().map(|draw| draw.of_length.iter().skip(2).sum());
    let mean = totals.clone().sum::<f64>() / n;
    let squares: f64 = totals.map(|total: f64| (total - mean).powi(2)).sum();
    let relative_error = match draws.len() {
        1 => 0.0,
        _ => (squares / (n - 1.0) / n).sqrt() / itemsets.max(1.0),
    };
    let bytes = of_length
        .iter()
        .enumerate()
        .map(|(len, n)| n * bytes_of(len) as f64)
        .sum();
    let per_cell = time.as_secs_f64() / sum.read.max(1.0);
    let seconds = sum.work / n * per_cell;
    Estimate {
        min_count,
        of_length,
        itemsets,
        relative_error,
        bytes,
        search_time: Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
    }
}

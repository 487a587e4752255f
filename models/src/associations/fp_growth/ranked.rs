//! The frequent part of the baskets, recoded by frequency.

use super::super::Baskets;

/// Marks an item that is not frequent.
pub(super) const NONE: u32 = u32::MAX;

/// Baskets of frequent items only, as ranks: rank 0 is the item in most baskets.
pub(super) struct RankedBaskets {
    /// Row after row, the ranks of each ascending.
    rows: Vec<u32>,
    /// For each place of an item, where in `rows` its row begins and where the item stands:
    /// those of rank `r` are `places[starts[r]..starts[r + 1]]`, in the order of the baskets.
    ///
    /// Rows lie all over the memory. With both ends known beforehand, the processor fetches the
    /// next rows while it waits for one; a mark at the start of each row would hide them.
    places: Vec<[u32; 2]>,
    starts: Vec<usize>,
    /// For each rank, the sum of the lengths of the paths before it.
    work: Vec<u64>,
    /// The codes of the frequent items, ascending.
    codes: Vec<u32>,
    /// For each rank, its place in `codes`.
    code_places: Vec<u32>,
}

impl RankedBaskets {
    pub(super) fn new(baskets: &Baskets, min_count: u32) -> Self {
        let mut counts = vec![0_u32; baskets.n_items()];
        for &item in baskets.lines() {
            counts[item as usize] += 1;
        }
        let codes: Vec<u32> = (0..baskets.n_items() as u32)
            .filter(|&item| counts[item as usize] >= min_count)
            .collect();
        // The sort is stable: among equally frequent items the lower code comes first.
        let mut code_places: Vec<u32> = (0..codes.len() as u32).collect();
        let count_at = |place: u32| counts[codes[place as usize] as usize];
        code_places.sort_by_key(|&place| std::cmp::Reverse(count_at(place)));

        let mut rank_of = vec![NONE; baskets.n_items()];
        let mut starts = Vec::with_capacity(codes.len() + 1);
        let mut n_lines = 0;
        for (rank, &place) in code_places.iter().enumerate() {
            rank_of[codes[place as usize] as usize] = rank as u32;
            starts.push(n_lines);
            n_lines += count_at(place) as usize;
        }
        starts.push(n_lines);

        // Lines are first grouped by rank, then dealt out to the rows in that order, which
        // leaves each row sorted without a comparison.
        let mut places = vec![[0_u32; 2]; n_lines];
        let mut ends = starts.clone();
        let mut row_starts = Vec::with_capacity(baskets.n_baskets());
        let mut n_cells = 0_u32;
        for (row, basket) in baskets.iter().enumerate() {
            row_starts.push(n_cells);
            for &item in basket {
                let rank = rank_of[item as usize];
                if rank != NONE {
                    let end = &mut ends[rank as usize];
                    places[*end][0] = row as u32;
                    *end += 1;
                    n_cells += 1;
                }
            }
        }
        let mut rows = vec![NONE; n_lines];
        let mut work = vec![0_u64; codes.len()];
        let mut row_ends = row_starts.clone();
        for rank in 0..codes.len() {
            for place in &mut places[starts[rank]..starts[rank + 1]] {
                let row = place[0] as usize;
                let cell = row_ends[row];
                rows[cell as usize] = rank as u32;
                row_ends[row] = cell + 1;
                work[rank] += u64::from(cell - row_starts[row]);
                *place = [row_starts[row], cell];
            }
        }
        Self {
            rows,
            places,
            starts,
            work,
            codes,
            code_places,
        }
    }

    /// Number of frequent items.
    pub(super) fn n_items(&self) -> usize {
        self.codes.len()
    }

    /// Number of baskets with the item of this rank.
    pub(super) fn count(&self, rank: usize) -> u32 {
        (self.starts[rank + 1] - self.starts[rank]) as u32
    }

    /// How much there is to read for this first item.
    pub(super) fn work(&self, rank: usize) -> u64 {
        self.work[rank]
    }

    /// The codes of the frequent items, ascending.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// For each rank, its place in [`codes`](Self::codes).
    pub(super) fn code_places(&self) -> &[u32] {
        &self.code_places
    }

    /// All rows, and the start and the end of what precedes this rank in each row that has it.
    pub(super) fn rows_and_places(&self, rank: usize) -> (&[u32], &[[u32; 2]]) {
        (
            &self.rows,
            &self.places[self.starts[rank]..self.starts[rank + 1]],
        )
    }
}

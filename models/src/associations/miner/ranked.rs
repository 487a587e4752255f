//! The frequent part of the baskets, numbered by frequency.

use super::super::Baskets;
use super::rows::{NONE, Rows};

/// Baskets of frequent items only, as rows of ranks: rank 0 is the item in most baskets. Items
/// that were asked to come last have the highest ranks, by frequency among themselves.
pub(super) struct Ranked {
    pub(super) rows: Rows,
    /// Where each row begins, and the end of the last.
    row_starts: Vec<u32>,
    /// For each rank, the sum of the lengths of what precedes it in its rows.
    work: Vec<u64>,
    /// The codes of the frequent items, ascending.
    codes: Vec<u32>,
    /// For each rank, its place in `codes`.
    code_places: Vec<u32>,
    /// The first rank of the items that come last.
    first_last: usize,
}

impl Ranked {
    /// Numbers the items that are in at least `min_count` baskets, without those that
    /// `leave_out` names by code; `comes_last` says which come last. Codes of `start` are known
    /// by their places too, but are in no row.
    pub(super) fn new(
        baskets: &Baskets,
        min_count: u32,
        start: &[u32],
        comes_last: impl Fn(u32) -> bool,
    ) -> Self {
        let mut counts = vec![0_u32; baskets.n_items()];
        for &item in baskets.lines() {
            counts[item as usize] += 1;
        }
        let codes: Vec<u32> = (0..baskets.n_items() as u32)
            .filter(|item| counts[*item as usize] >= min_count || start.contains(item))
            .collect();
        // The sort is stable: among equally frequent items the lower code comes first.
        let mut code_places: Vec<u32> = (0..codes.len() as u32)
            .filter(|&place| !start.contains(&codes[place as usize]))
            .collect();
        let count_at = |place: u32| counts[codes[place as usize] as usize];
        code_places.sort_by_key(|&place| {
            let last = comes_last(codes[place as usize]);
            (last, std::cmp::Reverse(count_at(place)))
        });
        let first_last = code_places.partition_point(|&place| !comes_last(codes[place as usize]));
        let n_ranks = code_places.len();

        let mut rank_of = vec![NONE; baskets.n_items()];
        let mut starts = Vec::with_capacity(codes.len());
        let mut n_lines = 0;
        for (rank, &place) in code_places.iter().enumerate() {
            rank_of[codes[place as usize] as usize] = rank as u32;
            starts.push(n_lines);
            n_lines += count_at(place) as usize;
        }

        // Lines are first grouped by rank, then dealt out to the rows in that order, which
        // leaves each row sorted without a comparison.
        let mut places = vec![[0_u32; 2]; n_lines];
        let mut ends = starts.clone();
        let mut row_starts = Vec::with_capacity(baskets.n_baskets() + 1);
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
        let mut cells = vec![NONE; n_lines];
        let mut work = vec![0_u64; n_ranks];
        let mut row_ends = row_starts.clone();
        for rank in 0..n_ranks {
            for place in &mut places[starts[rank]..ends[rank]] {
                let row = place[0] as usize;
                let cell = row_ends[row];
                cells[cell as usize] = rank as u32;
                row_ends[row] = cell + 1;
                work[rank] += u64::from(cell - row_starts[row]);
                *place = [row_starts[row], cell];
            }
        }
        row_starts.push(n_cells);
        Self {
            row_starts,
            rows: Rows {
                cells,
                places,
                starts,
                ends,
            },
            work,
            codes,
            code_places,
            first_last,
        }
    }

    /// Number of ranks.
    pub(super) fn n_items(&self) -> usize {
        self.code_places.len()
    }

    /// The whole row that begins at this cell.
    pub(super) fn row_from(&self, start: u32) -> &[u32] {
        let next = self.row_starts.partition_point(|&other| other <= start);
        &self.rows.cells[start as usize..self.row_starts[next] as usize]
    }

    /// In how many baskets the most frequent item is.
    pub(super) fn highest_count(&self) -> u32 {
        let counts = (0..self.n_items()).map(|rank| self.rows.places(rank).len() as u32);
        counts.max().unwrap_or(0)
    }

    /// How much there is to read for the sets with this last item.
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

    /// The first rank of the items that come last; the number of items if none does.
    pub(super) fn first_last(&self) -> usize {
        self.first_last
    }
}

//! Sorting the rows of a leaf to the two sides of its split.

use rayon::prelude::*;

/// Rows are partitioned in chunks of this many, on however many threads there are.
pub(super) const CHUNK: usize = 16_384;

/// Moves the rows that go left before those that go right, each side in its order, and returns
/// how many go left. Works in chunks of a fixed size, side by side when `shared`.
pub(super) fn partition(
    rows: &mut [u32],
    moved: &mut Vec<u32>,
    shared: bool,
    goes_left: impl Fn(u32) -> bool + Sync,
) -> usize {
    moved.clear();
    moved.resize(rows.len(), 0);
    if rows.len() <= CHUNK {
        let lefts = sort_chunk(rows, moved, &goes_left);
        rows[lefts..].copy_from_slice(&moved[..moved.len() - lefts]);
        return lefts;
    }
    let sort = |(rows, moved): (&mut [u32], &mut [u32])| sort_chunk(rows, moved, &goes_left);
    let counts: Vec<usize> = if shared {
        let chunks = rows.par_chunks_mut(CHUNK);
        chunks.zip(moved.par_chunks_mut(CHUNK)).map(sort).collect()
    } else {
        let chunks = rows.chunks_mut(CHUNK);
        chunks.zip(moved.chunks_mut(CHUNK)).map(sort).collect()
    };
    let mut lefts = 0;
    for (chunk, count) in counts.iter().enumerate() {
        rows.copy_within(chunk * CHUNK..chunk * CHUNK + count, lefts);
        lefts += count;
    }
    let mut free = &mut rows[lefts..];
    for (chunk, count) in moved.chunks(CHUNK).zip(&counts) {
        let (here, rest) = free.split_at_mut(chunk.len() - count);
        here.copy_from_slice(&chunk[..here.len()]);
        free = rest;
    }
    lefts
}

/// Moves the rows that go left to the front and copies those that go right to `moved`.
///
/// Which way a row goes cannot be guessed, so there is no branch on it: every row is written to
/// the next free place of both sides, and stays on the side that moves on.
fn sort_chunk(rows: &mut [u32], moved: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let (mut lefts, mut rights) = (0, 0);
    for i in 0..rows.len() {
        let row = rows[i];
        let left = usize::from(goes_left(row));
        rows[lefts] = row;
        moved[rights] = row;
        lefts += left;
        rights += 1 - left;
    }
    lefts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn partition_keeps_the_order_on_both_sides_across_chunks() {
        for n in [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7] {
            let rows: Vec<u32> = (0..n as u32).collect();
            let left = |row: u32| random::bits(1, 1, u64::from(row)).is_multiple_of(3);
            let mut expected: Vec<u32> = rows.iter().copied().filter(|row| left(*row)).collect();
            let lefts = expected.len();
            expected.extend(rows.iter().copied().filter(|row| !left(*row)));
            for shared in [true, false] {
                let mut rows = rows.clone();
                let got = partition(&mut rows, &mut Vec::new(), shared, left);
                assert_eq!((got, rows), (lefts, expected.clone()));
            }
        }
    }
}

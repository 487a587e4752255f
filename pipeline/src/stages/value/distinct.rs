//! Rows that are the same, so that what is said of them is worked out once.

use rayon::prelude::*;

/// Which rows are the same as which.
pub struct Distinct {
    /// A row of each kind, in the order of the kinds' keys.
    pub rows: Vec<usize>,
    /// The kind of each row, as a place in `rows`.
    of: Vec<u32>,
}

impl Distinct {
    /// Rows by their keys.
    pub fn new<K: Ord + Sync>(keys: &[K]) -> Self {
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.par_sort_unstable_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
        let mut rows: Vec<usize> = Vec::new();
        let mut of = vec![0; keys.len()];
        for row in order {
            let row = row as usize;
            if rows.last().is_none_or(|last| keys[*last] != keys[row]) {
                rows.push(row);
            }
            of[row] = rows.len() as u32 - 1;
        }
        Self { rows, of }
    }

    /// For each row what was said of its kind.
    pub fn spread<T: Copy>(&self, said: &[T]) -> Vec<T> {
        self.of.iter().map(|kind| said[*kind as usize]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_kind_is_said_of_its_rows() {
        let keys = [3, 1, 3, 2, 1];
        let distinct = Distinct::new(&keys);
        let said: Vec<i32> = distinct.rows.iter().map(|row| 10 * keys[*row]).collect();
        assert_eq!(said.len(), 3);
        assert_eq!(distinct.spread(&said), [30, 10, 30, 20, 10]);
    }
}

//! Baskets as rows of ascending item numbers, with the places of each item.

/// Marks an item that is not looked at.
pub(super) const NONE: u32 = u32::MAX;

/// Rows of items, ascending, and where each item stands.
///
/// Rows lie all over the memory. With both ends of what precedes an item known beforehand, the
/// processor fetches the next rows while it waits for one; a mark at the start of each row would
/// hide them.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) cells: Vec<u32>,
    /// For each place of an item, where in `cells` its row begins and where the item stands:
    /// those of item `i` are `places[starts[i]..ends[i]]`.
    pub(super) places: Vec<[u32; 2]>,
    pub(super) starts: Vec<usize>,
    pub(super) ends: Vec<usize>,
}

impl Rows {
    /// The places of an item.
    #[inline]
    pub(super) fn places(&self, item: usize) -> &[[u32; 2]] {
        &self.places[self.starts[item]..self.ends[item]]
    }

    /// What precedes an item in each row that holds it.
    #[inline]
    pub(super) fn before(&self, item: usize) -> impl Iterator<Item = &[u32]> {
        self.places(item)
            .iter()
            .map(|&[start, end]| &self.cells[start as usize..end as usize])
    }

    /// Makes these the rows of what precedes an item of other rows, as far as `local` numbers it;
    /// each item numbered is in at most `counts` of them.
    ///
    /// A row of a single item has nothing to tell about items together and is left out.
    pub(super) fn project(&mut self, of: &Rows, item: usize, local: &[u32], counts: &[u32]) {
        self.cells.clear();
        self.starts.clear();
        let mut n_places = 0;
        for &count in counts {
            self.starts.push(n_places);
            n_places += count as usize;
        }
        self.ends.clear();
        self.ends.extend_from_slice(&self.starts);
        if self.places.len() < n_places {
            self.places.resize(n_places, [0; 2]);
        }
        for row in of.before(item) {
            let start = self.cells.len();
            self.cells.resize(start + row.len(), 0);
            let mut end = start;
            for &other in row {
                let number = local[other as usize];
                self.cells[end] = number;
                end += usize::from(number != u32::MAX);
            }
            if end - start < 2 {
                end = start;
            }
            self.cells.truncate(end);
            for (cell, &number) in (start..).zip(&self.cells[start..]) {
                let place = &mut self.ends[number as usize];
                self.places[*place] = [start as u32, cell as u32];
                *place += 1;
            }
        }
    }
}

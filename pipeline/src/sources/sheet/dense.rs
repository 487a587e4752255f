//! How many cells a spreadsheet may have that is held with all its blanks.

use crate::text::count;

/// Cells, with the blank ones between them.
pub const MOST_CELLS: u64 = 16 << 20;

/// What is wrong with a spreadsheet of so many cells, if anything.
pub fn refused(cells: u64) -> Option<String> {
    (cells > MOST_CELLS).then(|| {
        format!(
            "its sheets have more than {} cells, with the blank ones between them, the limit",
            count(MOST_CELLS)
        )
    })
}

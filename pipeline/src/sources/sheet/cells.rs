//! The cells of one sheet that hold something; what is blank takes no room, wherever it stands.

use std::ops::Range;

use calamine::{Data, DataRef};

/// Cells that are kept at most: every row of a sheet, 32 columns wide.
pub const MOST: usize = 32 << 20;

/// A cell and where it stands, counted from 0.
struct Cell {
    row: u32,
    column: u32,
    content: Data,
}

/// The cells of a sheet, by row and column.
#[derive(Default)]
pub struct Cells {
    cells: Vec<Cell>,
    /// The rows that have cells: their numbers from 0, and where their cells lie.
    rows: Vec<(u32, Range<usize>)>,
    /// The columns that have cells, from the first to the last.
    columns: Range<u32>,
}

impl Cells {
    /// Takes in cells as they come; those that are blank are none.
    ///
    /// # Errors
    /// More cells than are kept.
    pub fn gather<'a, E>(
        mut next: impl FnMut() -> Result<Option<calamine::Cell<DataRef<'a>>>, E>,
    ) -> Result<Self, Trouble<E>> {
        let mut cells = Vec::new();
        while let Some(cell) = next().map_err(Trouble::Damaged)? {
            let (row, column) = cell.get_position();
            if is_blank(cell.get_value()) {
                continue;
            }
            if cells.len() == MOST {
                return Err(Trouble::TooMany { row });
            }
            let content = cell.get_value().clone().into();
            cells.push(Cell {
                row,
                column,
                content,
            });
        }
        Ok(Self::new(cells))
    }

    /// Takes over a sheet whose cells lie side by side.
    pub fn of_range(range: &calamine::Range<Data>) -> Self {
        let (above, left) = range.start().unwrap_or((0, 0));
        let cells = range.used_cells().filter(|(_, _, cell)| !is_nothing(cell));
        let cells = cells.map(|(row, column, content)| Cell {
            row: above + row as u32,
            column: left + column as u32,
            content: content.clone(),
        });
        Self::new(cells.collect())
    }

    fn new(mut cells: Vec<Cell>) -> Self {
        let place = |cell: &Cell| (cell.row, cell.column);
        if !cells.is_sorted_by_key(place) {
            cells.sort_by_key(place);
        }
        // Of two cells in one place the later one counts.
        cells.reverse();
        cells.dedup_by_key(|cell| place(cell));
        cells.reverse();
        let mut rows: Vec<(u32, Range<usize>)> = Vec::new();
        for (number, cell) in cells.iter().enumerate() {
            match rows.last_mut() {
                Some((row, cells)) if *row == cell.row => cells.end = number + 1,
                _ => rows.push((cell.row, number..number + 1)),
            }
        }
        let columns = || cells.iter().map(|cell| cell.column);
        let columns = columns().min().unwrap_or(0)..columns().max().map_or(0, |last| last + 1);
        Self {
            cells,
            rows,
            columns,
        }
    }

    /// The number of the first row that has cells, from 0.
    pub fn first_row(&self) -> Option<u32> {
        self.rows.first().map(|(row, _)| *row)
    }

    /// How many columns there are from the first that has cells to the last.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// How many rows have cells.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// The first of the rows with cells that is at this row or below.
    pub fn at_or_below(&self, row: u32) -> usize {
        self.rows.partition_point(|(number, _)| *number < row)
    }

    /// Some of the rows with cells: the number of each, and what stands in its columns.
    pub fn rows(&self, places: Range<usize>) -> (Vec<u32>, Grid<'_>) {
        let rows = &self.rows[places];
        let width = self.width();
        let mut grid = vec![&Data::Empty; rows.len() * width];
        for (line, (_, cells)) in rows.iter().enumerate() {
            for cell in &self.cells[cells.clone()] {
                grid[line * width + (cell.column - self.columns.start) as usize] = &cell.content;
            }
        }
        let numbers = rows.iter().map(|(row, _)| *row).collect();
        (numbers, Grid { width, cells: grid })
    }

    /// The cells of a column below a row, by its place among the columns.
    pub fn below(&self, from: usize) -> impl Iterator<Item = (usize, &Data)> {
        let first = self
            .rows
            .get(from)
            .map_or(self.cells.len(), |(_, cells)| cells.start);
        let left = self.columns.start;
        self.cells[first..]
            .iter()
            .map(move |cell| ((cell.column - left) as usize, &cell.content))
    }
}

/// Rows of one width.
pub struct Grid<'a> {
    width: usize,
    cells: Vec<&'a Data>,
}

impl<'a> Grid<'a> {
    /// The cells of a row.
    pub fn row(&self, row: usize) -> &[&'a Data] {
        &self.cells[row * self.width..(row + 1) * self.width]
    }
}

/// Why the cells of a sheet cannot be had.
pub enum Trouble<E> {
    /// The library cannot read it.
    Damaged(E),
    /// There are more than are kept.
    TooMany {
        /// The row that is one too many, from 0.
        row: u32,
    },
}

/// Whether a cell says nothing.
pub fn is_nothing(cell: &Data) -> bool {
    match cell {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn is_blank(cell: &DataRef<'_>) -> bool {
    match cell {
        DataRef::Empty => true,
        DataRef::String(text) => text.trim().is_empty(),
        DataRef::SharedString(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_cells_take_no_room_and_the_order_does_not_matter() {
        let mut given = [
            ((1_048_575, 16_383), DataRef::String("  ".to_owned())),
            ((3, 2), DataRef::Int(5)),
            ((1, 1), DataRef::Int(1)),
            ((3, 2), DataRef::Int(6)),
            ((9, 9), DataRef::Empty),
        ]
        .into_iter()
        .map(|(place, content)| calamine::Cell::new(place, content));
        let gathered = Cells::gather(|| Ok::<_, ()>(given.next()));
        let cells = gathered.unwrap_or_else(|_| panic!("few cells"));
        assert_eq!((cells.height(), cells.width()), (2, 2));
        assert_eq!(cells.first_row(), Some(1));
        assert_eq!(cells.at_or_below(2), 1);
        let (numbers, grid) = cells.rows(0..2);
        assert_eq!(numbers, [1, 3]);
        assert_eq!(grid.row(0), [&Data::Int(1), &Data::Empty]);
        assert_eq!(grid.row(1), [&Data::Empty, &Data::Int(6)]);
    }
}

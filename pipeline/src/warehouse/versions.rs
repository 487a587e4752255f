//! Which rows are new, which came before, and which take the place of another.
//!
//! Rows that share a key are versions of one thing: the one that became known last holds, and
//! every earlier one ends when its successor became known, in whatever order they are loaded. A
//! row that repeats what holds is not kept, so that exports that say everything again cost nothing;
//! the price is that a contradiction that became known between the two, and is loaded after both,
//! ends what was repeated. Rows of sources that state no key are recognised by their line as it
//! stands in the source.

use std::collections::HashMap;

use crate::config::Duplicates;

/// A row among those with the same key.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is recognised by.
    pub key: i64,
    /// When it became known, microseconds UTC.
    pub known_at: i64,
    /// When it ended, if it did.
    pub replaced_at: Option<i64>,
    /// Hash of what it says.
    pub content: u64,
    /// Number of its source file.
    pub file: i32,
    /// Its [`crate::warehouse::layout::Origin`] if it is new, none if it is in the warehouse.
    pub origin: Option<u64>,
    /// Whether it says that the row with its key is gone.
    pub deleted: bool,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the table, ended or not.
    Kept {
        /// When it ended, if it did.
        replaced_at: Option<i64>,
    },
    /// A new row that did what it says, but is no row of the table: a deletion.
    Applied,
    /// A new row that is there already.
    Duplicate,
    /// A new row that contradicts another.
    Rejected(&'static str),
}

/// A second row with a key that says something else at the same time.
pub const CONTRADICTS: &str = mark!("has a row already");
/// A deletion whose row is not there.
pub const NOTHING_TO_DELETE: &str = mark!("names a row to delete that is not there");

/// What holds for a load.
pub struct Terms<'a> {
    /// When it happens, microseconds UTC.
    pub loaded_at: i64,
    /// What happens to exact copies of rows without a key.
    pub duplicates: Duplicates,
    /// Files of which a changed version is loaded: their rows that do not come again are gone.
    pub changed: &'a (dyn Fn(i32) -> bool + Sync),
}

impl Entry {
    /// Earlier knowledge first; then what is there, then the order of the load.
    pub fn order(&self) -> (i64, i64, Option<u64>) {
        (self.key, self.known_at, self.origin)
    }

    fn holds_at(&self, moment: i64) -> bool {
        self.replaced_at.is_none_or(|end| end > moment)
    }
}

/// Decides about all rows with one key, which the settings state; in the order of
/// [`Entry::order`]. One outcome for each.
pub fn versions(rows: &[Entry], terms: &Terms<'_>) -> Vec<Outcome> {
    let mut rows = rows.to_vec();
    let mut outcomes = Vec::with_capacity(rows.len());
    let mut current: Option<usize> = None;
    for number in 0..rows.len() {
        let row = rows[number];
        let before = current.map(|current| rows[current]);
        let outcome = match (row.origin, before) {
            (None, _) => {
                if let Some(place) = current
                    && rows[place].holds_at(row.known_at)
                {
                    rows[place].replaced_at = Some(row.known_at);
                }
                current = Some(number);
                Outcome::Kept { replaced_at: None } // set at the end
            }
            (Some(_), before) if row.deleted => match (before, current) {
                (Some(before), Some(place)) if before.holds_at(row.known_at) => {
                    rows[place].replaced_at = Some(row.known_at);
                    Outcome::Applied
                }
                (Some(before), _) if before.replaced_at == Some(row.known_at) => Outcome::Duplicate,
                _ => Outcome::Rejected(NOTHING_TO_DELETE),
            },
            (Some(_), Some(before))
                if before.content == row.content && before.holds_at(row.known_at) =>
            {
                Outcome::Duplicate
            }
            (Some(_), Some(before)) if before.known_at == row.known_at => {
                Outcome::Rejected(CONTRADICTS)
            }
            (Some(_), _) => {
                if let Some(place) = current
                    && rows[place].holds_at(row.known_at)
                {
                    // What ended the version before now ends this one.
                    rows[number].replaced_at = rows[place].replaced_at;
                    rows[place].replaced_at = Some(row.known_at);
                }
                current = Some(number);
                Outcome::Kept { replaced_at: None }
            }
        };
        outcomes.push(outcome);
    }
    gone_from_their_file(&mut rows, terms);
    for (row, outcome) in rows.iter().zip(&mut outcomes) {
        if let Outcome::Kept { replaced_at } = outcome {
            *replaced_at = row.replaced_at;
        }
    }
    outcomes
}

/// Decides about all rows that stand alike in their source: there in the order of the load.
///
/// Where copies are dropped, one of them holds. Where they are kept, a row holds as often as the
/// file that has it most often says, so a file that overlaps another adds nothing twice.
pub fn copies(rows: &[Entry], terms: &Terms<'_>) -> Vec<Outcome> {
    let mut rows = rows.to_vec();
    gone_from_their_file(&mut rows, terms);
    let mut holding = rows
        .iter()
        .filter(|row| row.origin.is_none() && row.replaced_at.is_none())
        .count();
    let mut of_file: HashMap<i32, usize> = HashMap::new();
    rows.iter()
        .map(|row| {
            if row.origin.is_none() {
                return Outcome::Kept {
                    replaced_at: row.replaced_at,
                };
            }
            let seen = of_file.entry(row.file).or_default();
            *seen += 1;
            let wanted = match terms.duplicates {
                Duplicates::Drop => 1,
                Duplicates::Keep => *seen,
            };
            if holding >= wanted {
                Outcome::Duplicate
            } else {
                holding += 1;
                Outcome::Kept { replaced_at: None }
            }
        })
        .collect()
}

/// Ends rows of changed files that do not come again, one for each that is missing.
fn gone_from_their_file(rows: &mut [Entry], terms: &Terms<'_>) {
    if !rows
        .iter()
        .any(|row| row.origin.is_none() && (terms.changed)(row.file))
    {
        return;
    }
    let mut again: HashMap<i32, usize> = HashMap::new();
    for row in rows
        .iter()
        .filter(|row| row.origin.is_some() && !row.deleted)
    {
        *again.entry(row.file).or_default() += 1;
    }
    for row in rows
        .iter_mut()
        .filter(|row| row.origin.is_none() && row.replaced_at.is_none())
        .filter(|row| (terms.changed)(row.file))
    {
        match again.get_mut(&row.file) {
            Some(left) if *left > 0 => *left -= 1,
            _ => row.replaced_at = Some(terms.loaded_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEPT: Outcome = Outcome::Kept { replaced_at: None };

    fn there(known_at: i64, content: u64) -> Entry {
        Entry {
            key: 1,
            known_at,
            replaced_at: None,
            content,
            file: 1,
            origin: None,
            deleted: false,
        }
    }

    fn new(origin: u64, known_at: i64, content: u64) -> Entry {
        Entry {
            origin: Some(origin),
            file: 2,
            ..there(known_at, content)
        }
    }

    fn until(end: i64) -> Outcome {
        Outcome::Kept {
            replaced_at: Some(end),
        }
    }

    fn terms(duplicates: Duplicates) -> Terms<'static> {
        Terms {
            loaded_at: 100,
            duplicates,
            changed: &|_| false,
        }
    }

    fn decide(rows: &[Entry]) -> Vec<Outcome> {
        versions(rows, &terms(Duplicates::Drop))
    }

    #[test]
    fn a_correction_ends_the_row_before_it_and_a_repetition_changes_nothing() {
        assert_eq!(decide(&[there(10, 5), new(1, 20, 6)]), [until(20), KEPT]);
        assert_eq!(
            decide(&[there(10, 5), new(1, 20, 5)]),
            [KEPT, Outcome::Duplicate]
        );
    }

    #[test]
    fn a_version_that_comes_late_finds_its_place_between_the_others() {
        let mut first = there(10, 5);
        first.replaced_at = Some(30);
        assert_eq!(
            decide(&[first, new(1, 20, 6), there(30, 7)]),
            [until(20), until(30), KEPT]
        );
    }

    #[test]
    fn a_deletion_ends_the_row_and_is_none_itself() {
        let gone = Entry {
            deleted: true,
            ..new(1, 20, 0)
        };
        assert_eq!(decide(&[there(10, 5), gone]), [until(20), Outcome::Applied]);
        assert_eq!(decide(&[gone]), [Outcome::Rejected(NOTHING_TO_DELETE)]);
        let mut ended = there(10, 5);
        ended.replaced_at = Some(20);
        assert_eq!(decide(&[ended, gone]), [until(20), Outcome::Duplicate]);
        // It may come back.
        assert_eq!(
            decide(&[there(10, 5), gone, new(2, 25, 5)]),
            [until(20), Outcome::Applied, KEPT]
        );
    }

    #[test]
    fn two_rows_that_say_different_things_at_once_contradict_each_other() {
        assert_eq!(
            decide(&[new(1, 20, 5), new(2, 20, 6), new(3, 20, 5)]),
            [KEPT, Outcome::Rejected(CONTRADICTS), Outcome::Duplicate]
        );
    }

    #[test]
    fn copies_are_dropped_or_held_as_often_as_one_file_has_them() {
        let other = |origin, file| Entry {
            file,
            ..new(origin, 20, 5)
        };
        let rows = [there(10, 5), new(1, 20, 5), new(2, 20, 5), other(3, 9)];
        let dropped = copies(&rows, &terms(Duplicates::Drop));
        assert_eq!(dropped[0], KEPT);
        assert!(
            dropped[1..]
                .iter()
                .all(|outcome| *outcome == Outcome::Duplicate)
        );
        let kept = copies(&rows, &terms(Duplicates::Keep));
        assert_eq!(kept, [KEPT, Outcome::Duplicate, KEPT, Outcome::Duplicate]);
    }

    #[test]
    fn what_a_changed_file_no_longer_says_is_gone() {
        let changed = Terms {
            changed: &|file| file == 1,
            ..terms(Duplicates::Drop)
        };
        assert_eq!(copies(&[there(10, 5)], &changed), [until(100)]);
        assert_eq!(versions(&[there(10, 5)], &changed), [until(100)]);
        let again = Entry {
            file: 1,
            ..new(1, 100, 5)
        };
        assert_eq!(
            copies(&[there(10, 5), again], &changed),
            [KEPT, Outcome::Duplicate]
        );
    }

    proptest! {
        /// Loading versions one after the other, in any order, ends where loading them at once does.
        #[test]
        fn the_order_of_loads_does_not_matter(
            said in proptest::collection::vec(0i64..9, 1..7),
            shuffle in proptest::collection::vec(0usize..1000, 7),
        ) {
            // One thing said at a time: contradictions are another matter.
            let mut rows: Vec<(i64, u64)> = said.into_iter().map(|at| (at, at as u64 + 100)).collect();
            rows.sort_unstable();
            rows.dedup();
            let at_once = {
                let rows: Vec<Entry> =
                    rows.iter().enumerate().map(|(n, &(at, content))| new(n as u64, at, content)).collect();
                said_when(&rows, &decide(&rows))
            };
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|&n| shuffle[n]);
            let mut table: Vec<Entry> = Vec::new();
            for n in order {
                table.push(new(0, rows[n].0, rows[n].1));
                table.sort_by_key(Entry::order);
                let outcomes = decide(&table);
                table = table.iter().zip(outcomes).filter_map(|(row, outcome)| match outcome {
                    Outcome::Kept { replaced_at } => Some(Entry { origin: None, replaced_at, ..*row }),
                    _ => None,
                }).collect();
            }
            let outcomes = decide(&table);
            prop_assert_eq!(said_when(&table, &outcomes), at_once);
        }
    }

    /// What the table says at each moment.
    fn said_when(rows: &[Entry], outcomes: &[Outcome]) -> Vec<Option<u64>> {
        (0..8)
            .map(|moment| {
                rows.iter()
                    .zip(outcomes)
                    .find_map(|(row, outcome)| match outcome {
                        Outcome::Kept { replaced_at }
                            if row.known_at <= moment
                                && replaced_at.is_none_or(|end| end > moment) =>
                        {
                            Some(row.content)
                        }
                        _ => None,
                    })
            })
            .collect()
    }
}

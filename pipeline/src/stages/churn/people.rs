//! Which rows of several dates are of the same customer.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int64Type;

/// The customers of rows, by number.
#[derive(Default)]
pub struct People {
    numbers: HashMap<i64, u32>,
    texts: HashMap<String, u32>,
    /// For each row whose it is.
    of_row: Vec<u32>,
}

impl People {
    /// Adds rows: of these customers some, by their places.
    pub fn add(&mut self, customers: &ArrayRef, rows: &[usize]) {
        let known = (self.numbers.len() + self.texts.len()) as u32;
        let mut next = known;
        let mut new = || {
            next += 1;
            next - 1
        };
        match customers.as_primitive_opt::<Int64Type>() {
            Some(ids) => {
                for row in rows {
                    let person = self.numbers.entry(ids.value(*row)).or_insert_with(&mut new);
                    self.of_row.push(*person);
                }
            }
            None => {
                let ids = customers.as_string::<i32>();
                for row in rows {
                    let person = match self.texts.get(ids.value(*row)) {
                        Some(person) => *person,
                        None => {
                            let person = new();
                            self.texts.insert(ids.value(*row).to_owned(), person);
                            person
                        }
                    };
                    self.of_row.push(person);
                }
            }
        }
    }

    /// How many different customers there are.
    pub fn count(&self) -> u64 {
        (self.numbers.len() + self.texts.len()) as u64
    }

    /// How many different customers are in each group of rows.
    ///
    /// - `groups`: for each row its group.
    pub fn in_groups(&self, groups: impl IntoIterator<Item = usize>) -> BTreeMap<usize, u64> {
        let mut pairs: Vec<(usize, u32)> = groups
            .into_iter()
            .zip(self.of_row.iter().copied())
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut counts = BTreeMap::new();
        for (group, _) in pairs {
            *counts.entry(group).or_insert(0) += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_customer_of_several_dates_is_one_person() {
        let numbers: [ArrayRef; 2] = [
            Arc::new(Int64Array::from(vec![7, 8, 9])),
            Arc::new(Int64Array::from(vec![8, 9, 10])),
        ];
        let texts: [ArrayRef; 2] = [
            Arc::new(StringArray::from(vec!["7", "8", "9"])),
            Arc::new(StringArray::from(vec!["8", "9", "10"])),
        ];
        for dates in [numbers, texts] {
            let mut people = People::default();
            people.add(&dates[0], &[0, 2]);
            people.add(&dates[1], &[0, 1, 2]);
            // Customers 7 and 9, then 8, 9 and 10.
            assert_eq!(people.count(), 4);
            let groups = people.in_groups([1, 1, 2, 1, 2]);
            assert_eq!(groups, BTreeMap::from([(1, 2), (2, 2)]));
        }
    }
}

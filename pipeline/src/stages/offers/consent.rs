//! Who gets suggestions: those who may be contacted.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use regulars_models::cross_sell::Suggestion;

use super::metrics::Without;
use crate::contract::consent::{self, CONSENT, Consent, MayContact, Unasked, may_contact};
use crate::failure::Result;
use crate::text::plural;
use crate::warehouse::Warehouse;
use crate::warning::{ODD_CONSENT, Warning};

/// What the buyers said of being contacted.
pub struct Answers {
    /// Every buyer's answer, by id.
    answers: MayContact,
    /// For each customer of the purchases the row of the answer.
    rows: Vec<usize>,
}

impl Answers {
    /// Reads what the customers of the purchases said, also over time, as of the date; those of whom
    /// nothing is loaded said nothing.
    pub fn read(warehouse: &Warehouse, customers: &ArrayRef, unasked: Unasked) -> Result<Self> {
        let buyers = "SELECT DISTINCT customer_id FROM interactions \
                      WHERE kind = 'purchase' AND customer_id IS NOT NULL";
        let sql = match warehouse.has_column("customers", CONSENT) {
            true => format!(
                "SELECT buyers.customer_id, customers.{CONSENT} FROM ({buyers}) buyers \
                 LEFT JOIN customers ON customers.customer_id = buyers.customer_id \
                 ORDER BY buyers.customer_id"
            ),
            false => format!("{buyers} ORDER BY customer_id"),
        };
        let buyers = warehouse.scope.query(&sql)?;
        let said = warehouse.answers()?;
        let answers = said.as_ref().map(|rows| consent::Answers {
            rows,
            only_no: false,
        });
        Ok(Self {
            rows: places(buyers.column(0), customers),
            answers: may_contact(&buyers, answers.as_slice(), None, unasked),
        })
    }

    /// Whether a customer of the purchases may be contacted.
    pub fn allowed(&self, customer: usize) -> bool {
        self.answers.allowed[self.rows[customer]]
    }

    /// Why a customer of the purchases may not be contacted, in the words of lists; none where they may.
    pub fn why_not(&self, customer: usize) -> Option<&'static str> {
        let said = self.answers.said[self.rows[customer]];
        match (self.allowed(customer), said) {
            (true, _) => None,
            (false, Consent::Unknown) => Some(mark!("have not said that they may be contacted")),
            (false, _) => Some(mark!("said no to being contacted")),
        }
    }

    /// Takes away the suggestions for those who may not be contacted, and counts those who have
    /// none in the end.
    pub fn apply(&self, suggestions: &mut Vec<Suggestion>) -> Without {
        let mut without = Without::default();
        let mut has = vec![false; self.rows.len()];
        for suggestion in &*suggestions {
            has[suggestion.customer as usize] = true;
        }
        for (customer, has) in has.into_iter().enumerate() {
            let said = self.answers.said[self.rows[customer]];
            match (self.allowed(customer), has, said) {
                (false, _, Consent::Unknown) => without.unasked += 1,
                (false, ..) => without.said_no += 1,
                (true, has, _) => without.nothing_left += u64::from(!has),
            }
        }
        suggestions.retain(|suggestion| self.allowed(suggestion.customer as usize));
        without
    }

    /// A warning where answers are neither yes nor no.
    pub fn warning(&self) -> Option<Warning> {
        let odd = &self.answers.odd;
        let (word, _) = odd.iter().max_by_key(|(_, times)| **times)?;
        let values: u64 = odd.values().sum();
        let columns = self.answers.columns.join(&tr!(" or "));
        let message = match values {
            1 => tr!(
                "1 value of {columns} is neither yes nor no, such as `{word}`, and is taken for a no",
                columns = columns,
                word = word
            ),
            many => tr!(
                "{values} of {columns} are neither yes nor no, such as `{word}`, and are taken for a no",
                values = plural(many, "value"),
                columns = columns,
                word = word
            ),
        };
        Some(Warning::new(ODD_CONSENT, message))
    }
}

/// For each of some ids its place among all; both ascend, and all of the some are among them.
fn places(all: &ArrayRef, some: &ArrayRef) -> Vec<usize> {
    if some.is_empty() {
        return Vec::new();
    }
    let mut place = 0;
    match (
        all.as_primitive_opt::<Int64Type>(),
        some.as_primitive_opt::<Int64Type>(),
    ) {
        (Some(all), Some(some)) => {
            let all = all.values();
            let of = |id: &i64| all.partition_point(|known| known < id);
            some.values().iter().map(of).collect()
        }
        _ => {
            let (all, some) = (all.as_string::<i32>(), some.as_string::<i32>());
            let mut of = |row: usize| {
                while place + 1 < all.len() && all.value(place) < some.value(row) {
                    place += 1;
                }
                place
            };
            (0..some.len()).map(&mut of).collect()
        }
    }
}

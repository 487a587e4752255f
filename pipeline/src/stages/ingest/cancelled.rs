//! Purchases that were cancelled later, as a load leaves them: how many lines were paired, and how
//! many take back what nobody is known to have bought.

use serde::{Deserialize, Serialize};

use super::candidates;
use super::loaded::LoadedTable;
use crate::engine::Scope;
use crate::failure::Result;
use crate::text::{count, plural};
use crate::warehouse::Warehouse;
use crate::warehouse::undone::Undone;
use crate::warning::{UNMATCHED_CANCELLATIONS, Warning};

/// Lines that take something back, by what became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledLines {
    /// Paired with an earlier purchase of the same customer, product and quantity; from their day on
    /// neither counts.
    pub matched: u64,
    /// Those to which no earlier purchase fits; they stay returns.
    pub unmatched: u64,
}

impl CancelledLines {
    /// Those of the interactions as they will be; none where nothing was taken back.
    pub fn to_be(scope: &Scope, interactions: &LoadedTable) -> Result<Option<Self>> {
        let rows = format!("SELECT * FROM {}", candidates::name("interactions"));
        let found = Undone::find(scope, &rows, &interactions.layout.stored)?;
        Ok(found.as_ref().map(Self::from))
    }

    /// Those of the warehouse as it is.
    pub fn there(warehouse: &Warehouse) -> Option<Self> {
        warehouse.undone().map(Self::from)
    }

    /// What a person should know of them.
    pub fn warning(&self) -> Option<Warning> {
        let Self { matched, unmatched } = *self;
        (unmatched > 0).then(|| {
            Warning::new(
                UNMATCHED_CANCELLATIONS,
                tr!(
                    "interactions: of {lines} that take something back {matched} fit an earlier purchase of the same customer, product \
                     and quantity, and neither counts; {unmatched} fit none and stay returns",
                    lines = plural(matched + unmatched, "line"),
                    matched = count(matched),
                    unmatched = count(unmatched),
                ),
            )
        })
    }
}

impl From<&Undone> for CancelledLines {
    fn from(undone: &Undone) -> Self {
        Self {
            matched: undone.matched,
            unmatched: undone.unmatched,
        }
    }
}

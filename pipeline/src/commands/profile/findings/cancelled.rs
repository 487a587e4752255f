//! Purchases that were cancelled later, and who is a customer by such purchases alone.

use super::{Findings, Weight, by_share, of};
use crate::commands::profile::Profile;
use crate::commands::profile::columns::share;
use crate::text::{count, plural};

/// The section of the page.
const SECTION: &str = "customers";

impl Findings {
    pub fn cancelled(&mut self, profile: &Profile) {
        let Some(back) = profile.taken_back else {
            return;
        };
        let buyers = profile.customers.as_ref().map_or(0, |found| found.buyers);
        let gone = back.left_with_nothing;
        let lines = plural(back.matched + back.unmatched, "line");
        if back.undone {
            let text = tr!(
                "of {lines} that take something back {matched} fit an earlier purchase of the same customer, product and quantity, \
                 and neither counts; {unmatched} fit none and stay returns",
                lines = lines,
                matched = count(back.matched),
                unmatched = count(back.unmatched),
            );
            let part = share(back.unmatched, back.matched + back.unmatched);
            let weight = by_share(part, 1.1, 0.5);
            self.add(weight, "cancelled-lines", SECTION, part, text);
        }
        if gone > 0 {
            let all = if back.undone { buyers + gone } else { buyers };
            let part = share(gone, all);
            let customers = plural(gone, "customer");
            let text = match back.undone {
                true => tr!(
                    "{customers} ({share}) cancelled all that they bought, and are in no segment",
                    customers = customers,
                    share = of(part)
                ),
                false => tr!(
                    "{customers} ({share}) cancelled all that they bought, and count as customers; cancelled = \"undo\" under [ingest] takes such purchases out, as of the day on which they were cancelled",
                    customers = customers,
                    share = of(part)
                ),
            };
            let weight = match back.undone {
                true => Weight::Low,
                false => by_share(part, 0.05, 0.0),
            };
            self.add(weight, "only-cancelled", SECTION, part, text);
        }
    }
}

//! Contacts that nobody answers.

use super::Plan;
use super::kinds::Kinds;
use crate::warehouse::Warehouse;

/// A response in this many days after a contact, the day itself included, answers it.
const ANSWER_DAYS: u32 = 28;

impl Plan {
    /// Features of contacts, where the history has responses as well.
    pub(super) fn contacts(&mut self, warehouse: &Warehouse, kinds: &Kinds) {
        if !(kinds.has("contact") && kinds.has("response")) {
            return;
        }
        let campaigns = warehouse.has_column("interactions", "campaign_id");
        let campaign = if campaigns { "campaign_id" } else { "NULL" };
        // The first day, from the contact's own on, with a response: to anything, or to the same
        // campaign where both say to which they belong.
        let next = |partition: &str, which: &str| {
            format!(
                "min(CASE WHEN responses > 0{which} THEN d END) OVER (PARTITION BY customer_id{partition} ORDER BY d DESC)"
            )
        };
        let any = next("", "");
        let answered = match campaigns {
            true => format!(
                "CASE WHEN campaign IS NULL THEN {any} ELSE least({}, {}) END",
                next(", campaign", ""),
                next("", " AND campaign IS NULL")
            ),
            false => any.clone(),
        };
        self.folds.push((
            "contact_days",
            format!(
                "SELECT * FROM (SELECT customer_id, d, contacts, {any} AS next_response, {answered} AS answered_on FROM (\
                 SELECT customer_id, {campaign} AS campaign, arrow_cast(day, 'Int32') AS d, \
                 count(CASE WHEN kind = 'contact' THEN 1 END) AS contacts, \
                 count(CASE WHEN kind = 'response' THEN 1 END) AS responses \
                 FROM interactions WHERE kind IN ('contact', 'response') GROUP BY 1, 2, 3)) WHERE contacts > 0"
            ),
        ));
        let over = format!("d + {ANSWER_DAYS} <= as_of");
        self.join(
            "contacts",
            &format!(
                "SELECT as_of, customer_id, \
                 sum(CASE WHEN next_response IS NULL OR next_response >= as_of THEN contacts END) AS since_response, \
                 sum(CASE WHEN {over} THEN contacts END) AS judged, \
                 sum(CASE WHEN {over} AND (answered_on IS NULL OR answered_on >= d + {ANSWER_DAYS}) THEN contacts ELSE 0 END) AS unanswered \
                 FROM contact_days JOIN as_of_dates ON d < as_of GROUP BY 1, 2"
            ),
        );
        self.add_joined(
            "contacts_since_response",
            "Contacts since the last response",
            "CAST(coalesce(since_response, 0) AS DOUBLE)",
        );
        self.add_joined(
            "unanswered_share",
            &format!(
                "Share of contacts without a response within {ANSWER_DAYS} days, of those made that long ago; empty when there was none"
            ),
            "CAST(unanswered AS DOUBLE) / nullif(CAST(judged AS DOUBLE), 0)",
        );
    }
}

//! Contacts and when they were answered: `contact_days`.

use super::Fold;

/// One row for each customer, day and campaign with a contact: how many, the next day with any
/// response, and the next with one that answers it.
pub(super) fn fold(campaigns: bool) -> Fold {
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
    let days = format!(
        "SELECT customer_id, {campaign} AS campaign, arrow_cast(day, 'Int32') AS d, \
         count(CASE WHEN kind = 'contact' THEN 1 END) AS contacts, \
         count(CASE WHEN kind = 'response' THEN 1 END) AS responses \
         FROM interactions WHERE kind IN ('contact', 'response') GROUP BY 1, 2, 3"
    );
    let then = format!(
        "SELECT * FROM (SELECT customer_id, d, contacts, {any} AS next_response, {answered} AS answered_on FROM {{days}}) WHERE contacts > 0"
    );
    Fold::along_days("contact_days", days, &then)
}

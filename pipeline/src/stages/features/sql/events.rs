//! Everything that is no purchase: how much of each kind there was, and what is known of it.
//!
//! Nothing of a kind is computed unless the history has it, so that a history of purchases alone
//! has features of purchases alone.

use std::fmt::Write as _;

use super::Plan;
use super::kinds::{CLOSED, Kind, Kinds};

/// Kinds whose ratings are followed.
const RATED: [&str; 2] = ["survey", "complaint"];
/// Kinds that a customer does often enough to see them rise and fall.
const ACTIVITY: [&str; 3] = ["visit", "web_event", "app_event"];

/// What is added up of events, as columns in SQL.
#[derive(Default)]
struct Sums {
    /// Over the interactions of a customer, kind and day.
    of_a_day: String,
    /// Over the days of a customer before an as-of date.
    by_then: String,
}

impl Sums {
    /// Adds up something of a day.
    fn day(&mut self, name: &str, sql: &str) {
        let _ = write!(self.of_a_day, ", {sql} AS {name}");
    }

    /// Adds up a day's value over the days of a kind that meet a condition.
    fn then(&mut self, name: &str, kind: &str, condition: &str, value: &str) {
        let _ = write!(
            self.by_then,
            ", sum(CASE WHEN kind = '{kind}'{condition} THEN {value} END) AS {name}"
        );
    }
}

impl Plan {
    /// Features of the kinds that the history has.
    pub(super) fn events(&mut self, kinds: &Kinds) {
        if kinds.found.is_empty() {
            return;
        }
        let mut sums = Sums::default();
        sums.day("events", &counted(kinds));
        for kind in &kinds.found {
            self.count(kind, &mut sums);
        }
        self.responses_and_returns(kinds);
        for kind in &kinds.found {
            if ACTIVITY.contains(&kind.name.as_str()) {
                self.trend(kind, &mut sums);
            }
        }
        let rated = |kind: &&Kind| kind.rated && RATED.contains(&kind.name.as_str());
        let rated: Vec<&Kind> = kinds.found.iter().filter(rated).collect();
        let next_rated = self.ratings(&rated, &mut sums);
        let timed: Vec<&Kind> = kinds.found.iter().filter(|kind| kind.timed).collect();
        self.durations(&timed, &mut sums);
        self.open_complaints(kinds, &mut sums);
        self.payments(kinds, &mut sums);

        let Sums { of_a_day, by_then } = sums;
        let days = format!(
            "SELECT customer_id, kind, arrow_cast(day, 'Int32') AS d{of_a_day} FROM interactions \
             WHERE kind <> 'purchase' GROUP BY 1, 2, 3"
        );
        self.folds.push((
            "event_days",
            match next_rated {
                Some(next_rated) => format!("SELECT *, {next_rated} FROM ({days})"),
                None => days,
            },
        ));
        self.join(
            "events",
            &format!(
                "SELECT a.as_of, e.customer_id{by_then} FROM event_days e JOIN as_of_dates a ON e.d < a.as_of GROUP BY 1, 2"
            ),
        );
    }

    /// How many, how many lately, and how long ago.
    fn count(&mut self, kind: &Kind, sums: &mut Sums) {
        let kind = kind.name.as_str();
        let words = kind.replace('_', " ");
        sums.then(&format!("{kind}_all"), kind, "", "events");
        sums.then(
            &format!("{kind}_84"),
            kind,
            " AND d >= as_of - 84",
            "events",
        );
        let _ = write!(
            sums.by_then,
            ", max(CASE WHEN kind = '{kind}' AND events > 0 THEN d END) AS {kind}_last"
        );
        self.add_joined(
            &format!("{kind}s"),
            &format!("Number of {words}s"),
            &format!("CAST(coalesce({kind}_all, 0) AS DOUBLE)"),
        );
        self.add_joined(
            &format!("{kind}s_84"),
            &format!("Number of {words}s in the last 84 days"),
            &format!("CAST(coalesce({kind}_84, 0) AS DOUBLE)"),
        );
        self.add_joined(
            &format!("days_since_{kind}"),
            &format!("Days since the last {words}; empty when there was none"),
            &format!("CAST(f.as_of - {kind}_last AS DOUBLE)"),
        );
    }

    fn responses_and_returns(&mut self, kinds: &Kinds) {
        if kinds.has("contact") && kinds.has("response") {
            self.add_joined(
                "response_rate",
                "Responses over contacts; empty when there was no contact",
                "CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(CAST(contact_all AS DOUBLE), 0)",
            );
        }
        if kinds.has("response") {
            self.add_joined(
                "coupon_use",
                "Responses, such as redeemed coupons, over baskets",
                "CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(frequency, 0)",
            );
        }
        if kinds.has("return") {
            self.add(
                "returned_share",
                "Money returned over money spent",
                "CAST(sum(returned) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)",
            );
        }
    }

    /// Whether there is more of it than there was, on the scale of the trends of purchases.
    fn trend(&mut self, kind: &Kind, sums: &mut Sums) {
        let kind = kind.name.as_str();
        for days in [28, 56] {
            let lately = format!(" AND d >= as_of - {days}");
            sums.then(&format!("{kind}_{days}"), kind, &lately, "events");
        }
        let of = |days: u32| format!("CAST(coalesce({kind}_{days}, 0) AS DOUBLE)");
        let (new, both) = (of(28), of(56));
        let words = kind.replace('_', " ");
        self.add_joined(
            &format!("{kind}s_trend_28"),
            &format!("Change of {words}s from the 28 days before to the last 28 days, -1 to 1"),
            &format!("coalesce((2 * {new} - {both}) / nullif({both}, 0), 0)"),
        );
    }

    /// What customers say: on average, last, and how far the last lies from the average. Gives the
    /// column that says on which later day the next rating of a kind comes.
    fn ratings(&mut self, rated: &[&Kind], sums: &mut Sums) -> Option<&'static str> {
        if rated.is_empty() {
            return None;
        }
        sums.day("rating", "sum(rating)");
        sums.day("ratings", "count(rating)");
        let is_last = " AND (next_rated IS NULL OR next_rated >= as_of)";
        for kind in rated {
            let kind = kind.name.as_str();
            let words = kind.replace('_', " ");
            let mean = |which: &str| {
                format!(
                    "CAST({kind}_rating{which} AS DOUBLE) / nullif(CAST({kind}_ratings{which} AS DOUBLE), 0)"
                )
            };
            for (which, condition) in [("", ""), ("_last", is_last)] {
                sums.then(&format!("{kind}_rating{which}"), kind, condition, "rating");
                sums.then(
                    &format!("{kind}_ratings{which}"),
                    kind,
                    condition,
                    "ratings",
                );
            }
            self.add_joined(
                &format!("{kind}_rating_mean"),
                &format!("Rating of {words}s, on average; empty when there was none"),
                &mean(""),
            );
            self.add_joined(
                &format!("{kind}_rating_last"),
                &format!("Rating of the last {words} that has one, on average where a day has several; empty when there was none"),
                &mean("_last"),
            );
            self.add_joined(
                &format!("{kind}_rating_change"),
                &format!("The last rating of a {words} less the average of all; empty when there was none"),
                &format!("{} - {}", mean("_last"), mean("")),
            );
        }
        Some(
            "min(CASE WHEN ratings > 0 THEN d END) OVER (PARTITION BY customer_id, kind ORDER BY d DESC \
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS next_rated",
        )
    }

    fn durations(&mut self, timed: &[&Kind], sums: &mut Sums) {
        if timed.is_empty() {
            return;
        }
        sums.day("seconds", "sum(duration_seconds)");
        sums.day("timed", "count(duration_seconds)");
        for kind in timed {
            let kind = kind.name.as_str();
            let words = kind.replace('_', " ");
            sums.then(&format!("{kind}_seconds"), kind, "", "seconds");
            sums.then(&format!("{kind}_timed"), kind, "", "timed");
            self.add_joined(
                &format!("{kind}_minutes"),
                &format!("Minutes of {words}s, on average; empty when none was timed"),
                &format!(
                    "CAST({kind}_seconds AS DOUBLE) / nullif(60.0 * CAST({kind}_timed AS DOUBLE), 0)"
                ),
            );
        }
    }

    fn open_complaints(&mut self, kinds: &Kinds, sums: &mut Sums) {
        if !kinds.get("complaint").is_some_and(|kind| kind.has_open) {
            return;
        }
        let change = format!(
            "sum(CASE WHEN lower(status) = 'open' THEN 1 WHEN lower(status) IN {CLOSED} THEN -1 END)"
        );
        sums.day("opened", &change);
        sums.then("complaint_open", "complaint", "", "opened");
        self.add_joined(
            "open_complaints",
            "Complaints that were opened and not closed",
            "CAST(greatest(coalesce(complaint_open, 0), 0) AS DOUBLE)",
        );
    }

    /// Whether bills are paid, and in time.
    fn payments(&mut self, kinds: &Kinds, sums: &mut Sums) {
        let Some(payment) = kinds.get("payment") else {
            return;
        };
        let settled = settled(kinds.status);
        if payment.has_late || payment.has_due_day {
            let after_due = match payment.has_due_day {
                true => "due_on < day",
                false => "false",
            };
            let late = match kinds.status {
                true => format!("{settled} AND (lower(status) = 'late' OR {after_due})"),
                false => after_due.to_owned(),
            };
            sums.day("late", &format!("count(CASE WHEN {late} THEN 1 END)"));
            sums.then("payment_late", "payment", "", "late");
            self.add_joined(
                "late_payment_share",
                "Share of payments that came after they were due; empty when there was none",
                "CAST(payment_late AS DOUBLE) / nullif(CAST(payment_all AS DOUBLE), 0)",
            );
        }
        if payment.has_due_day {
            let days = "arrow_cast(day, 'Int32') - arrow_cast(due_on, 'Int32')";
            let known = format!("{settled} AND due_on IS NOT NULL");
            sums.day(
                "days_late",
                &format!("sum(CASE WHEN {known} THEN greatest({days}, 0) END)"),
            );
            sums.day("due_known", &format!("count(CASE WHEN {known} THEN 1 END)"));
            sums.then("payment_days_late", "payment", "", "days_late");
            sums.then("payment_due_known", "payment", "", "due_known");
            self.add_joined(
                "mean_days_late",
                "Days from when a payment was due to when it came, 0 when it came in time, on average; empty when none has a due day",
                "CAST(payment_days_late AS DOUBLE) / nullif(CAST(payment_due_known AS DOUBLE), 0)",
            );
        }
        if payment.has_disputed {
            let disputed = "count(CASE WHEN lower(status) = 'disputed' THEN 1 END)";
            sums.day("disputed", disputed);
            sums.then("payment_disputed", "payment", "", "disputed");
            self.add_joined(
                "disputed_payments",
                "Number of disputed payments",
                "CAST(coalesce(payment_disputed, 0) AS DOUBLE)",
            );
        }
        if payment.has_due && kinds.amount {
            sums.day(
                "owed",
                &format!("sum(CASE WHEN lower(status) = 'due' THEN amount WHEN {settled} THEN -amount END)"),
            );
            sums.then("payment_owed", "payment", "", "owed");
            self.add_joined(
                "open_amount",
                "Money that was due and has not been paid",
                "greatest(0.0, CAST(coalesce(payment_owed, 0) AS DOUBLE))",
            );
        }
    }
}

/// Whether a payment is one: money that is only due, or disputed, has not come.
fn settled(status: bool) -> &'static str {
    if status {
        "(status IS NULL OR lower(status) NOT IN ('due', 'disputed'))"
    } else {
        "true"
    }
}

/// How many things happened on a day: rows, without those that only tell how something that is
/// counted already goes on.
fn counted(kinds: &Kinds) -> String {
    let mut no_event = String::new();
    if kinds.get("complaint").is_some_and(|kind| kind.has_open) {
        let _ = write!(
            no_event,
            " WHEN kind = 'complaint' AND lower(status) IN {CLOSED} THEN 0"
        );
    }
    let unpaid = |kind: &Kind| kind.has_due || kind.has_disputed;
    if kinds.get("payment").is_some_and(unpaid) {
        let _ = write!(
            no_event,
            " WHEN kind = 'payment' AND NOT {} THEN 0",
            settled(true)
        );
    }
    match no_event.as_str() {
        "" => "count(*)".to_owned(),
        no_event => format!("sum(CASE{no_event} ELSE 1 END)"),
    }
}

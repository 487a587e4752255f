//! Whether bills are paid, and in time.

use super::{Beside, Each, Empty, Family, Feature, History, Risk, Sql};

pub(super) const FAMILIES: &[Family] = &[Family {
    each: Each::One,
    features: &[
        Feature {
            name: "late_payment_share",
            about: "Share of payments that came after they were due",
            unit: "share",
            theme: "payment",
            risk: Risk::Rises(Beside::Median),
            needs: |history| history.kind_is("payment", |kind| kind.has_late || kind.has_due_day),
            sql: late,
            empty: Empty::When(mark!("when there was none"), mark!("no payment so far")),
            phrase: |it| tr!("{share} of payments late", share = it.percent()),
            clusters: None,
        },
        Feature {
            name: "mean_days_late",
            about: "Days from when a payment was due to when it came, 0 when it came in time, on average",
            unit: "days",
            theme: "payment",
            risk: Risk::Rises(Beside::Median),
            needs: |history| history.kind_is("payment", |kind| kind.has_due_day),
            sql: days_late,
            empty: Empty::When(
                mark!("when none has a due day"),
                mark!("no payment with a due day so far"),
            ),
            phrase: |it| tr!("pays {days} late on average", days = it.about("day")),
            clusters: None,
        },
        Feature {
            name: "disputed_payments",
            about: "Number of disputed payments",
            unit: "payments",
            theme: "payment",
            risk: Risk::Rises(Beside::Median),
            needs: |history| history.kind_is("payment", |kind| kind.has_disputed),
            sql: |_| {
                Sql::events("CAST(coalesce(payment_disputed, 0) AS DOUBLE)")
                    .day(
                        "disputed",
                        "count(CASE WHEN lower(status) = 'disputed' THEN 1 END)",
                    )
                    .sum("payment_disputed", "payment", "disputed")
            },
            empty: Empty::Never,
            phrase: |it| it.several("disputed payment"),
            clusters: None,
        },
        Feature {
            name: "open_amount",
            about: "Money that was due and has not been paid",
            unit: "money",
            theme: "payment",
            risk: Risk::Open,
            needs: |history| {
                history.kind_is("payment", |kind| kind.has_due) && history.tells("amount")
            },
            sql: |history| {
                let settled = settled(history);
                Sql::events("greatest(0.0, CAST(coalesce(payment_owed, 0) AS DOUBLE))")
                    .day(
                        "owed",
                        format!(
                            "sum(CASE WHEN lower(status) = 'due' THEN amount WHEN {settled} THEN -amount END)"
                        ),
                    )
                    .sum("payment_owed", "payment", "owed")
            },
            empty: Empty::Never,
            phrase: |it| tr!("{money} due and not paid", money = it.money()),
            clusters: None,
        },
    ],
}];

fn late(history: &History) -> Sql {
    let after_due = match history.kind_is("payment", |kind| kind.has_due_day) {
        true => "due_on < day",
        false => "false",
    };
    let late = match history.tells("status") {
        true => format!(
            "{} AND (lower(status) = 'late' OR {after_due})",
            settled(history)
        ),
        false => after_due.to_owned(),
    };
    Sql::events("CAST(payment_late AS DOUBLE) / nullif(CAST(payment_all AS DOUBLE), 0)")
        .day("late", format!("count(CASE WHEN {late} THEN 1 END)"))
        .sum("payment_late", "payment", "late")
        .sum("payment_all", "payment", "events")
}

fn days_late(history: &History) -> Sql {
    let days = "arrow_cast(day, 'Int32') - arrow_cast(due_on, 'Int32')";
    let known = format!("{} AND due_on IS NOT NULL", settled(history));
    Sql::events("CAST(payment_days_late AS DOUBLE) / nullif(CAST(payment_due_known AS DOUBLE), 0)")
        .day(
            "days_late",
            format!("sum(CASE WHEN {known} THEN greatest({days}, 0) END)"),
        )
        .day("due_known", format!("count(CASE WHEN {known} THEN 1 END)"))
        .sum("payment_days_late", "payment", "days_late")
        .sum("payment_due_known", "payment", "due_known")
}

/// Whether a payment is one: money that is only due, or disputed, has not come.
pub fn settled(history: &History) -> &'static str {
    match history.tells("status") {
        true => "(status IS NULL OR lower(status) NOT IN ('due', 'disputed'))",
        false => "true",
    }
}

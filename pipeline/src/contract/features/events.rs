//! Everything that is no purchase: how much of each kind there was, and what is known of it.
//!
//! Nothing of a kind is there unless the history has it, so that a history of purchases alone has
//! features of purchases alone.

use super::history::Kind;
use super::{ALWAYS, Beside, Each, Empty, Family, Feature, Risk, Sql};

/// Statuses that end a complaint.
pub const CLOSED: &str = "('closed', 'resolved', 'solved')";

/// Kinds whose ratings are followed.
const RATED: [&str; 2] = ["survey", "complaint"];
/// Kinds that a customer does often enough to see them rise and fall.
const ACTIVITY: [&str; 3] = ["visit", "web_event", "app_event"];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        each: Each::Kind(|_| true),
        features: &[COUNT, COUNT_LATELY, DAYS_SINCE],
    },
    Family {
        each: Each::One,
        features: &[RESPONSE_RATE, COUPON_USE, RETURNED_SHARE],
    },
    Family {
        each: Each::Kind(|kind| ACTIVITY.contains(&kind.name.as_str())),
        features: &[TREND],
    },
    Family {
        each: Each::Kind(|kind| kind.rated && RATED.contains(&kind.name.as_str())),
        features: &[RATING_MEAN, RATING_LAST, RATING_CHANGE],
    },
    Family {
        each: Each::Kind(|kind: &Kind| kind.timed),
        features: &[MINUTES],
    },
    Family {
        each: Each::One,
        features: &[OPEN_COMPLAINTS],
    },
];

const COUNT: Feature = Feature {
    name: "KINDs",
    about: "Number of KINDs",
    unit: "times",
    theme: "KIND",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| Sql::events("CAST(coalesce(KIND_all, 0) AS DOUBLE)").sum("KIND_all", "KIND", "events"),
    empty: Empty::Never,
    phrase: |it| tr!("{events} so far", events = it.several(it.noun)),
    clusters: None,
};

const COUNT_LATELY: Feature = Feature {
    name: "KINDs_84",
    about: "Number of KINDs in the last 84 days",
    unit: "times",
    theme: "KIND",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| lately(Sql::events("CAST(coalesce(KIND_84, 0) AS DOUBLE)"), 84),
    empty: Empty::Never,
    phrase: |it| tr!("{events} in the last 84 days", events = it.several(it.noun)),
    clusters: None,
};

const DAYS_SINCE: Feature = Feature {
    name: "days_since_KIND",
    about: "Days since the last KIND",
    unit: "days",
    theme: "KIND",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| {
        Sql::events("CAST(f.as_of - KIND_last AS DOUBLE)").then(
            "KIND_last",
            "max(CASE WHEN kind = 'KIND' AND events > 0 THEN d END)",
        )
    },
    empty: Empty::When(mark!("when there was none"), mark!("no KIND so far")),
    phrase: |it| tr!("last {kind} {days} ago", kind = it.of, days = it.days()),
    clusters: None,
};

const RESPONSE_RATE: Feature = Feature {
    name: "response_rate",
    about: "Responses over contacts",
    unit: "responses",
    theme: "response",
    risk: Risk::Open,
    needs: |history| history.happened("contact") && history.happened("response"),
    sql: |_| {
        Sql::events(
            "CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(CAST(contact_all AS DOUBLE), 0)",
        )
        .sum("response_all", "response", "events")
        .sum("contact_all", "contact", "events")
    },
    empty: Empty::When(mark!("when there was no contact"), mark!("never contacted")),
    phrase: |it| tr!("{number} responses per contact", number = it.rounded()),
    clusters: None,
};

const COUPON_USE: Feature = Feature {
    name: "coupon_use",
    about: "Responses, such as redeemed coupons, over baskets",
    unit: "responses",
    theme: "response",
    risk: Risk::Open,
    needs: |history| history.happened("response"),
    sql: |_| {
        Sql::events("CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(frequency, 0)").sum(
            "response_all",
            "response",
            "events",
        )
    },
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{number} responses per {basket}",
            number = it.rounded(),
            basket = it.basket()
        )
    },
    clusters: None,
};

const RETURNED_SHARE: Feature = Feature {
    name: "returned_share",
    about: "Money returned over money spent",
    unit: "share",
    theme: "return",
    risk: Risk::Open,
    needs: |history| history.happened("return"),
    sql: |_| Sql::days("CAST(sum(returned) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)"),
    empty: Empty::Unsaid(
        mark!("when nothing was spent"),
        mark!("no returned share known"),
    ),
    phrase: |it| tr!("{share} of the spend returned", share = it.percent()),
    clusters: None,
};

/// Adds up the events of the last days.
fn lately(sql: Sql, days: u32) -> Sql {
    sql.sum_where(
        &format!("KIND_{days}"),
        &format!("kind = 'KIND' AND d >= as_of - {days}"),
        "events",
    )
}

/// Whether there is more of it than there was, on the scale of the trends of purchases.
const TREND: Feature = Feature {
    name: "KINDs_trend_28",
    about: "Change of KINDs from the 28 days before to the last 28 days, -1 to 1",
    unit: "-1 to 1",
    theme: "KIND",
    risk: Risk::Falls(Beside::Number(0.0)),
    needs: ALWAYS,
    sql: |_| {
        let [new, both] = [28, 56].map(|days| format!("CAST(coalesce(KIND_{days}, 0) AS DOUBLE)"));
        let value = format!("coalesce((2 * {new} - {both}) / nullif({both}, 0), 0)");
        lately(lately(Sql::events(value), 28), 56)
    },
    empty: Empty::Never,
    phrase: |it| {
        tr!(
            "{kind}s {direction} over the last 28 days",
            kind = it.of,
            direction = it.direction()
        )
    },
    clusters: None,
};

/// The mean of the ratings of some days: all of them, or the last one that has any.
fn mean(which: &str) -> String {
    format!("CAST(KIND_rating{which} AS DOUBLE) / nullif(CAST(KIND_ratings{which} AS DOUBLE), 0)")
}

/// What ratings are made of, and with it a value that is made of them.
fn rating(value: String) -> Sql {
    let mut sql = Sql::events(value)
        .day("rating", "sum(rating)")
        .day("ratings", "count(rating)")
        .along(
            "next_rated",
            "min(CASE WHEN ratings > 0 THEN d END) OVER (PARTITION BY customer_id, kind ORDER BY d DESC \
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
        );
    let is_last = " AND (next_rated IS NULL OR next_rated >= as_of)";
    for (which, condition) in [("", ""), ("_last", is_last)] {
        let condition = format!("kind = 'KIND'{condition}");
        for what in ["rating", "ratings"] {
            sql = sql.sum_where(&format!("KIND_{what}{which}"), &condition, what);
        }
    }
    sql
}

const NOT_RATED: Empty = Empty::When(
    mark!("when there was none"),
    mark!("no rating of a KIND so far"),
);

const RATING_MEAN: Feature = Feature {
    name: "KIND_rating_mean",
    about: "Rating of KINDs, on average",
    unit: "rating",
    theme: "KIND",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| rating(mean("")),
    empty: NOT_RATED,
    phrase: |it| {
        tr!(
            "{kind}s rated {rating} on average",
            kind = it.of,
            rating = format!("{:.1}", it.value)
        )
    },
    clusters: None,
};

const RATING_LAST: Feature = Feature {
    name: "KIND_rating_last",
    about: "Rating of the last KIND that has one, on average where a day has several",
    unit: "rating",
    theme: "KIND",
    risk: Risk::Falls(Beside::Median),
    needs: ALWAYS,
    sql: |_| rating(mean("_last")),
    empty: NOT_RATED,
    phrase: |it| {
        tr!(
            "last {kind} rated {rating}",
            kind = it.of,
            rating = format!("{:.1}", it.value)
        )
    },
    clusters: None,
};

const RATING_CHANGE: Feature = Feature {
    name: "KIND_rating_change",
    about: "The last rating of a KIND less the average of all",
    unit: "rating",
    theme: "KIND",
    risk: Risk::Falls(Beside::Number(0.0)),
    needs: ALWAYS,
    sql: |_| rating(format!("{} - {}", mean("_last"), mean(""))),
    empty: NOT_RATED,
    phrase: |it| {
        let points = format!("{:.1}", it.value.abs());
        if it.value == 0.0 {
            tr!("last {kind} rated as always", kind = it.of)
        } else if it.value > 0.0 {
            tr!(
                "last {kind} rated {points} above the average",
                kind = it.of,
                points = points
            )
        } else {
            tr!(
                "last {kind} rated {points} below the average",
                kind = it.of,
                points = points
            )
        }
    },
    clusters: None,
};

const MINUTES: Feature = Feature {
    name: "KIND_minutes",
    about: "Minutes of KINDs, on average",
    unit: "minutes",
    theme: "KIND",
    risk: Risk::Open,
    needs: ALWAYS,
    sql: |_| {
        Sql::events("CAST(KIND_seconds AS DOUBLE) / nullif(60.0 * CAST(KIND_timed AS DOUBLE), 0)")
            .day("seconds", "sum(duration_seconds)")
            .day("timed", "count(duration_seconds)")
            .sum("KIND_seconds", "KIND", "seconds")
            .sum("KIND_timed", "KIND", "timed")
    },
    empty: Empty::When(mark!("when none was timed"), mark!("no KIND timed so far")),
    phrase: |it| {
        tr!(
            "{kind}s take {minutes} on average",
            kind = it.of,
            minutes = it.about("minute")
        )
    },
    clusters: None,
};

const OPEN_COMPLAINTS: Feature = Feature {
    name: "open_complaints",
    about: "Complaints that were opened and not closed",
    unit: "complaints",
    theme: "complaint",
    risk: Risk::Rises(Beside::Median),
    needs: |history| history.kind_is("complaint", |kind| kind.has_open),
    sql: |_| {
        let change = format!(
            "sum(CASE WHEN lower(status) = 'open' THEN 1 WHEN lower(status) IN {CLOSED} THEN -1 END)"
        );
        Sql::events("CAST(greatest(coalesce(complaint_open, 0), 0) AS DOUBLE)")
            .day("opened", change)
            .sum("complaint_open", "complaint", "opened")
    },
    empty: Empty::Never,
    phrase: |it| it.several("open complaint"),
    clusters: None,
};

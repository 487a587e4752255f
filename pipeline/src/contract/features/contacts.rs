//! Contacts that nobody answers.

use super::{Beside, Each, Empty, Family, Feature, History, Over, Risk, Sql};

/// A contact that can be judged: a response in 28 days, its own day included, answers it.
const JUDGED: &str = "d + 28 <= as_of";
const ANSWERED_LATE: &str = "answered_on IS NULL OR answered_on >= d + 28";

pub(super) const FAMILIES: &[Family] = &[Family {
    each: Each::One,
    features: &[
        Feature {
            name: "contacts_since_response",
            about: "Contacts since the last response",
            unit: "contacts",
            theme: "contact",
            risk: Risk::Rises(Beside::Median),
            needs: answers,
            sql: |_| {
                Sql::over(
                    Over::Contacts,
                    "CAST(coalesce(since_response, 0) AS DOUBLE)",
                )
                .sum_where(
                    "since_response",
                    "next_response IS NULL OR next_response >= as_of",
                    "contacts",
                )
            },
            empty: Empty::Never,
            phrase: |it| {
                tr!(
                    "{contacts} since the last response",
                    contacts = it.several("contact")
                )
            },
            clusters: None,
        },
        Feature {
            name: "unanswered_share",
            about: "Share of contacts without a response within 28 days, of those made that long ago",
            unit: "share",
            theme: "contact",
            risk: Risk::Rises(Beside::Median),
            needs: answers,
            sql: |_| {
                Sql::over(
                    Over::Contacts,
                    "CAST(unanswered AS DOUBLE) / nullif(CAST(judged AS DOUBLE), 0)",
                )
                .sum_where("judged", JUDGED, "contacts")
                .then(
                    "unanswered",
                    format!(
                        "sum(CASE WHEN {JUDGED} AND ({ANSWERED_LATE}) THEN contacts ELSE 0 END)"
                    ),
                )
            },
            empty: Empty::When(
                mark!("when there was none"),
                mark!("no contact old enough to have gone unanswered"),
            ),
            phrase: |it| tr!("{share} of contacts unanswered", share = it.percent()),
            clusters: None,
        },
    ],
}];

fn answers(history: &History) -> bool {
    history.happened("contact") && history.happened("response")
}

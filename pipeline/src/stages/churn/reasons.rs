//! Why a customer has this score: the contributions that weigh most, in words.

use ndarray::{ArrayView1, ArrayView2};

use crate::contract::KINDS;
use crate::text::{calm, money, percent, plural};

/// For each row the features with the largest contributions, in words, largest first.
///
/// - `features`: customers by features, NaN where empty.
/// - `contributions`: customers by features and a last column, the base value, in log-odds.
/// - `theme`: what a feature speaks of; of several that speak of the same, one is given.
/// - `phrase`: a feature and its value in words.
pub fn reasons<'a>(
    features: ArrayView2<'_, f32>,
    contributions: ArrayView2<'_, f64>,
    most: usize,
    theme: impl Fn(usize) -> &'a str,
    phrase: impl Fn(usize, f64) -> String,
) -> Vec<Vec<String>> {
    let of = |row| {
        let (values, weights) = (features.row(row), contributions.row(row));
        of_row(values, weights, most, &theme, &phrase)
    };
    (0..features.nrows()).map(of).collect()
}

fn of_row<'a>(
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    most: usize,
    theme: &impl Fn(usize) -> &'a str,
    phrase: &impl Fn(usize, f64) -> String,
) -> Vec<String> {
    let mut order: Vec<usize> = (0..values.len())
        .filter(|&place| weights[place] != 0.0)
        .collect();
    order.sort_by(|a, b| {
        weights[*b]
            .abs()
            .total_cmp(&weights[*a].abs())
            .then(a.cmp(b))
    });
    let mut said = Vec::new();
    let mut themes: Vec<&str> = Vec::new();
    for place in order {
        // "28 days since the last purchase" and "3 times as long away as usual" are one reason.
        let theme = theme(place);
        if themes.contains(&theme) {
            continue;
        }
        themes.push(theme);
        let effect = if weights[place] > 0.0 {
            "raises the risk"
        } else {
            "lowers the risk"
        };
        said.push(format!(
            "{} ({effect})",
            phrase(place, f64::from(values[place]))
        ));
        if said.len() == most {
            break;
        }
    }
    said
}

/// What a feature speaks of; one reason for each.
pub fn theme(name: &str) -> &str {
    match name {
        "recency_days" | "recency_over_gap" => "absence",
        "frequency" | "purchase_days" | "tenure_days" => "history",
        "gap_mean_days" | "gap_sd_days" | "gap_max_days" => "rhythm",
        "distinct_products" | "distinct_categories" => "variety",
        "monetary" | "mean_basket" | "lines_per_basket" => "money",
        "discount_share" | "discounted_line_share" => "discounts",
        "coupon_use" => "response",
        "contacts_since_response" | "unanswered_share" => "contact",
        "open_complaints" => "complaint",
        "late_payment_share" | "mean_days_late" | "disputed_payments" | "open_amount" => "payment",
        "returned_share" => "return",
        name if name.starts_with("account_") => "account",
        name if name.starts_with("channel") => "channel",
        name => match of_kind(name) {
            Some((kind, _)) => kind,
            None if name.contains("_trend_") => "trend",
            None if name.starts_with("spend_") || name.starts_with("trips_") => "recent activity",
            None => name,
        },
    }
}

/// The kind of interaction that a feature is about, and what it says of it: `days_since`, or what
/// follows the kind's name, without the `s` of several.
fn of_kind(name: &str) -> Option<(&'static str, &str)> {
    KINDS.iter().copied().find_map(|kind| {
        if name.strip_prefix("days_since_") == Some(kind) {
            return Some((kind, "days_since"));
        }
        let rest = name.strip_prefix(kind)?;
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        (rest.is_empty() || rest.starts_with('_')).then_some((kind, rest))
    })
}

/// A feature and its value as a person would say them.
pub fn phrase(name: &str, value: f64, currency: &str) -> String {
    let days = |value: f64| format!("{value:.0} days");
    if value.is_nan() {
        return match name {
            "gap_mean_days" | "gap_sd_days" | "gap_max_days" | "recency_over_gap" => {
                "no rhythm known yet".to_owned()
            }
            "response_rate" => "never contacted".to_owned(),
            "unanswered_share" => "no contact old enough to have gone unanswered".to_owned(),
            "late_payment_share" => "no payment so far".to_owned(),
            "mean_days_late" => "no payment with a due day so far".to_owned(),
            name if name.starts_with("account_") => "belongs to no account".to_owned(),
            name if name.starts_with("channel_share_") => "no channel known".to_owned(),
            name => match of_kind(name) {
                Some((kind, "days_since")) => format!("no {} so far", kind.replace('_', " ")),
                Some((kind, said)) if said.starts_with("_rating") => {
                    format!("no rating of a {} so far", kind.replace('_', " "))
                }
                Some((kind, "_minutes")) => format!("no {} timed so far", kind.replace('_', " ")),
                _ => format!("no {} known", name.replace('_', " ")),
            },
        };
    }
    match name {
        "recency_days" if value <= 1.0 => "bought on the last day".to_owned(),
        "recency_days" => format!("last purchase {} ago", days(value)),
        "recency_over_gap" => format!("away {value:.1} times as long as usual"),
        "frequency" => format!("{value:.0} baskets so far"),
        "purchase_days" => format!("shopped on {value:.0} days so far"),
        "tenure_days" => format!("customer for {}", days(value)),
        "monetary" => format!("{} spent so far", money(value, currency)),
        "mean_basket" => format!("{} a basket", money(value, currency)),
        "lines_per_basket" => format!("{value:.1} lines a basket"),
        "gap_mean_days" => format!("buys every {value:.1} days"),
        "gap_sd_days" => format!("time between purchases varies by {value:.1} days"),
        "gap_max_days" => format!("once away for {}", days(value)),
        "distinct_products" => format!("{value:.0} different products"),
        "distinct_categories" => format!("{value:.0} different categories"),
        "locations" => format!(
            "buys at {value:.0} {}",
            if value == 1.0 {
                "location"
            } else {
                "locations"
            }
        ),
        "discount_share" => format!("{} off by discounts", percent(value)),
        "discounted_line_share" => format!("{} of lines at a discount", percent(value)),
        "weekend_share" => format!("{} of baskets at weekends", percent(value)),
        "evening_share" => format!("{} of baskets in the evening", percent(value)),
        "response_rate" => format!("{} responses a contact", crate::table::round(value, 2)),
        "coupon_use" => format!("{} responses a basket", crate::table::round(value, 2)),
        "returned_share" => format!("{} of the spend returned", percent(value)),
        "open_complaints" => several(value, "open complaint"),
        "contacts_since_response" => {
            format!("{} since the last response", several(value, "contact"))
        }
        "unanswered_share" => format!("{} of contacts unanswered", percent(value)),
        "late_payment_share" => format!("{} of payments late", percent(value)),
        "mean_days_late" => format!("pays {value:.1} days late on average"),
        "disputed_payments" => several(value, "disputed payment"),
        "open_amount" => format!("{} due and not paid", money(value, currency)),
        "channels" => format!("{} used", several(value, "channel")),
        "account_people_84" => format!(
            "{} of the account bought in the last 84 days",
            if value == 1.0 {
                "1 person".to_owned()
            } else {
                format!("{value:.0} people")
            }
        ),
        "account_recency_days" => format!("last purchase of the account {} ago", days(value)),
        "account_spend_84" => format!(
            "{} spent by the account in the last 84 days",
            money(value, currency)
        ),
        "account_spend_share" => format!("{} of the account's spend", percent(value)),
        _ => by_pattern(name, value, currency),
    }
}

fn by_pattern(name: &str, value: f64, currency: &str) -> String {
    let direction = |value: f64| match value {
        value if value > 0.1 => "rising",
        value if value < -0.1 => "falling",
        _ => "steady",
    };
    let words = |name: &str| name.replace('_', " ");
    if let Some((kind, said)) = of_kind(name) {
        let kind = words(kind);
        match said {
            "days_since" if value == 1.0 => return format!("last {kind} 1 day ago"),
            "days_since" => return format!("last {kind} {value:.0} days ago"),
            "" => return format!("{} so far", several(value, &kind)),
            "_84" => return format!("{} in the last 84 days", several(value, &kind)),
            "_trend_28" => return format!("{kind}s {} over the last 28 days", direction(value)),
            "_minutes" => return format!("{kind}s take {value:.1} minutes on average"),
            "_rating_mean" => return format!("{kind}s rated {value:.1} on average"),
            "_rating_last" => return format!("last {kind} rated {value:.1}"),
            "_rating_change" if value == 0.0 => return format!("last {kind} rated as always"),
            "_rating_change" => {
                let than = if value > 0.0 { "above" } else { "below" };
                return format!("last {kind} rated {:.1} {than} the average", value.abs());
            }
            _ => {}
        }
    }
    if let Some(channel) = name.strip_prefix("channel_share_") {
        return format!("{} through {}", percent(value), words(channel));
    }
    if let Some(days) = name.strip_prefix("spend_trend_") {
        return format!("spend {} over the last {days} days", direction(value));
    }
    if let Some(days) = name.strip_prefix("trips_trend_") {
        return format!("visits {} over the last {days} days", direction(value));
    }
    if let Some(days) = name.strip_prefix("spend_") {
        return format!("{} spent in the last {days} days", money(value, currency));
    }
    if let Some(days) = name.strip_prefix("trips_") {
        return format!(
            "{value:.0} {} in the last {days} days",
            if value == 1.0 { "basket" } else { "baskets" }
        );
    }
    if let Some(department) = name.strip_prefix("share_") {
        return format!(
            "{} of spend in {}",
            percent(value),
            calm(&words(department))
        );
    }
    format!("{} {}", crate::table::round(value, 2), words(name))
}

/// A number of things: `1 complaint`, `2 complaints`.
fn several(value: f64, thing: &str) -> String {
    plural(value.round() as u64, thing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_heaviest_reasons_come_first_and_no_theme_twice() {
        let names = [
            "recency_days",
            "recency_over_gap",
            "trips_28",
            "spend_trend_84",
        ]
        .map(str::to_owned);
        let features = array![[30.0f32, 3.4, 1.0, -0.6]];
        let contributions = array![[0.9, 0.8, -0.2, 0.3, -2.0]];
        let said = reasons(
            features.view(),
            contributions.view(),
            3,
            |column| theme(&names[column]),
            |column, value| phrase(&names[column], value, "USD"),
        );
        assert_eq!(
            said[0],
            [
                "last purchase 30 days ago (raises the risk)",
                "spend falling over the last 84 days (raises the risk)",
                "1 basket in the last 28 days (lowers the risk)",
            ]
        );
    }

    #[test]
    fn an_empty_value_is_said_and_not_printed_as_a_number() {
        assert_eq!(phrase("gap_mean_days", f64::NAN, ""), "no rhythm known yet");
        assert_eq!(
            phrase("days_since_complaint", f64::NAN, ""),
            "no complaint so far"
        );
        assert_eq!(
            phrase("share_meat_pckgd", 0.125, ""),
            "12.5 % of spend in meat pckgd"
        );
    }

    #[test]
    fn every_kind_of_interaction_is_spoken_of_in_words() {
        let cases = [
            ("complaints_84", 2.0, "2 complaints in the last 84 days"),
            ("service_calls", 1.0, "1 service call so far"),
            ("days_since_web_event", 3.0, "last web event 3 days ago"),
            ("open_complaints", 1.0, "1 open complaint"),
            ("survey_rating_last", 2.0, "last survey rated 2.0"),
            (
                "survey_rating_change",
                -1.5,
                "last survey rated 1.5 below the average",
            ),
            (
                "app_events_trend_28",
                -0.5,
                "app events falling over the last 28 days",
            ),
            (
                "visit_minutes",
                12.34,
                "visits take 12.3 minutes on average",
            ),
            (
                "contacts_since_response",
                4.0,
                "4 contacts since the last response",
            ),
            ("unanswered_share", 0.75, "75.0 % of contacts unanswered"),
            ("late_payment_share", 0.5, "50.0 % of payments late"),
            ("mean_days_late", 3.5, "pays 3.5 days late on average"),
            ("open_amount", 120.0, "120 EUR due and not paid"),
            (
                "channel_share_call_centre",
                0.4,
                "40.0 % through call centre",
            ),
            (
                "account_people_84",
                3.0,
                "3 people of the account bought in the last 84 days",
            ),
            ("account_spend_share", 0.25, "25.0 % of the account's spend"),
            ("days_since_return", f64::NAN, "no return so far"),
            (
                "complaint_rating_mean",
                f64::NAN,
                "no rating of a complaint so far",
            ),
            ("account_spend_84", f64::NAN, "belongs to no account"),
            ("late_payment_share", f64::NAN, "no payment so far"),
        ];
        for (name, value, words) in cases {
            assert_eq!(phrase(name, value, "EUR"), words, "{name}");
        }
    }

    #[test]
    fn what_is_said_of_one_kind_is_one_reason() {
        for name in [
            "complaints",
            "complaints_84",
            "days_since_complaint",
            "complaint_rating_last",
        ] {
            assert_eq!(theme(name), "complaint");
        }
        assert_eq!(theme("visits_trend_28"), "visit");
        assert_eq!(theme("spend_trend_28"), "trend");
        assert_eq!(theme("response_rate"), "response");
        assert_eq!(theme("returned_share"), "return");
        assert_eq!(theme("weekend_share"), "weekend_share");
    }
}

//! Why a customer has this score: the contributions that weigh most, in words.

use ndarray::{ArrayView1, ArrayView2};

use crate::text::{calm, money, percent};

/// For each row the features with the largest contributions, in words, largest first.
///
/// - `features`: customers by features, NaN where empty.
/// - `contributions`: customers by features and a last column, the base value, in log-odds.
pub fn reasons(
    names: &[String],
    features: ArrayView2<'_, f32>,
    contributions: ArrayView2<'_, f64>,
    currency: &str,
    most: usize,
) -> Vec<Vec<String>> {
    (0..features.nrows())
        .map(|row| {
            of_row(
                names,
                features.row(row),
                contributions.row(row),
                currency,
                most,
            )
        })
        .collect()
}

fn of_row(
    names: &[String],
    values: ArrayView1<'_, f32>,
    weights: ArrayView1<'_, f64>,
    currency: &str,
    most: usize,
) -> Vec<String> {
    let mut order: Vec<usize> = (0..names.len())
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
        let theme = theme(&names[place]);
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
            phrase(&names[place], f64::from(values[place]), currency)
        ));
        if said.len() == most {
            break;
        }
    }
    said
}

/// What a feature speaks of; one reason for each.
fn theme(name: &str) -> &str {
    match name {
        "recency_days" | "recency_over_gap" => "absence",
        "frequency" | "purchase_days" | "tenure_days" => "history",
        "gap_mean_days" | "gap_sd_days" | "gap_max_days" => "rhythm",
        "distinct_products" | "distinct_categories" => "variety",
        "monetary" | "mean_basket" | "lines_per_basket" => "money",
        "discount_share" | "discounted_line_share" => "discounts",
        name if name.contains("_trend_") => "trend",
        name if name.starts_with("spend_") || name.starts_with("trips_") => "recent activity",
        name => name,
    }
}

/// A feature and its value as a person would say them.
fn phrase(name: &str, value: f64, currency: &str) -> String {
    let days = |value: f64| format!("{value:.0} days");
    if value.is_nan() {
        return match name {
            "gap_mean_days" | "gap_sd_days" | "gap_max_days" | "recency_over_gap" => {
                "no rhythm known yet".to_owned()
            }
            "response_rate" => "never contacted".to_owned(),
            name => match name.strip_prefix("days_since_") {
                Some(kind) => format!("no {} so far", kind.replace('_', " ")),
                None => format!("no {} known", name.replace('_', " ")),
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
    if let Some(kind) = name.strip_prefix("days_since_") {
        return format!("last {} {value:.0} days ago", words(kind));
    }
    if let Some(kinds) = name.strip_suffix("_84") {
        return format!("{value:.0} {} in the last 84 days", words(kinds));
    }
    format!("{} {}", crate::table::round(value, 2), words(name))
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
        let said = reasons(&names, features.view(), contributions.view(), "USD", 3);
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
}

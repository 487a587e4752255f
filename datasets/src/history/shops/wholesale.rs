//! A wholesaler for hotels, restaurants, cafés and shops: few customers, long orders in bulk on
//! weekdays. What is bought of what is that of the wholesale customers of the UCI repository
//! (datasets/README.md).

use chrono::{Datelike, NaiveDate};

use crate::history::holidays::bank_holiday;
use crate::history::law::{Days, Goods, Habits, Law, Records, Season, Turnover, season};
use crate::history::patterns::{
    Association, Replenishment, Sequence, Substitutes, association, replenishment, substitutes,
};
use crate::history::profiles::{Effect, Profile, TYPES, effect};

/// The law.
pub static WHOLESALE: Law = Law {
    name: "wholesale",
    about: "a wholesaler: business customers with long orders in bulk on weekdays, on invoice, \
            closed at weekends and on bank holidays",
    goods: Goods {
        departments: &[
            "Fresh",
            "Grocery",
            "Milk",
            "Frozen",
            "Detergents and paper",
            "Delicatessen",
        ],
        categories: CATEGORIES,
        variants: &[
            "case",
            "pallet layer",
            "single",
            "organic case",
            "economy case",
            "premium case",
        ],
        products_of_a_type: 10,
        prices: &[2400.0, 2200.0, 2000.0, 2300.0, 2600.0, 2900.0],
        brands: [
            "House",
            "Northfield",
            "Calla",
            "Ostrava",
            "Green Mill",
            "Bellweather",
        ],
        planted: PLANTED,
        staples: &[],
        seasons: SEASONS,
        turnover: Turnover {
            types: 0.10,
            products: 0.20,
        },
        associations: ASSOCIATIONS,
        substitutes: SUBSTITUTES,
        sequences: SEQUENCES,
        replenishments: REPLENISHMENTS,
    },
    profiles: PROFILES,
    days: Days {
        season: busy,
        future: 250,
        fewest_months: 6,
        horizon: 28,
        active: 56,
    },
    habits: Habits {
        there_at_start: 0.78,
        second_basket: 0.03,
        returned: 0.010,
        cancelled: 0.02,
        cancelled_line: 1.0,
        opts_out: 0.01,
        favourite: 0.75,
        cared_for: 0.45,
        not_cared_for: 0.92,
        looks: 12,
        guests: 0.05,
    },
    records: Records::FULL,
};

/// Busier in summer and before Christmas; closed on bank holidays.
fn busy(date: NaiveDate) -> f64 {
    if bank_holiday(date) {
        return 0.0;
    }
    match (date.month(), date.day()) {
        (6..=8, _) => 1.10,
        (12, 1..=24) => 1.25,
        (1..=2, _) => 0.85,
        _ => 0.98,
    }
}

const CATEGORIES: &[[&str; 6]] = &[
    [
        "Potatoes", "Beef", "Lettuce", "Poultry", "Tomatoes", "Berries",
    ],
    [
        "Pasta",
        "Frying oil",
        "Flour",
        "Sugar",
        "Rice",
        "Tinned tomatoes",
    ],
    ["Milk", "Cream", "Butter", "Cheese", "Yoghurt", "Margarine"],
    [
        "Chips",
        "Peas",
        "Fish fingers",
        "Pizza",
        "Ice cream",
        "Frozen goose",
    ],
    [
        "Washing-up liquid",
        "Paper towels",
        "Bleach",
        "Napkins",
        "Bin liners",
        "Foil",
    ],
    [
        "Ham",
        "Salami",
        "Olives",
        "Smoked salmon",
        "Pâté",
        "Panettone",
    ],
];

const SEASONS: &[Season] = &[
    season("Berries", 5, 8, 0.97),
    season("Ice cream", 4, 9, 0.95),
    season("Frozen goose", 10, 12, 0.99),
    season("Panettone", 10, 12, 0.99),
];

const ASSOCIATIONS: &[Association] = &[
    association("Pasta", "Pasta sauce", 0.45, 0.020),
    association("Chips", "Ketchup buckets", 0.35, 0.015),
    association("Beef", "Burger buns", 0.30, 0.012),
    association("Cream", "Whipping gas", 0.25, 0.008),
    association("Flour", "Yeast", 0.35, 0.010),
    association("Washing-up liquid", "Rinse aid", 0.40, 0.010),
    association("Paper towels", "Dispensers", 0.10, 0.004),
    association("Lettuce", "Dressing", 0.30, 0.015),
];

const SUBSTITUTES: &[Substitutes] = &[
    substitutes(["Butter", "Margarine"], 0.95),
    substitutes(["Ham", "Salami"], 0.85),
];

const SEQUENCES: &[Sequence] = &[Sequence {
    antecedent: "Foil",
    consequent: "Foil cutters",
    chance: 0.5,
    days: (10, 45),
    without: 0.001,
}];

const REPLENISHMENTS: &[Replenishment] = &[
    replenishment("Till rolls", 0.45, 42.0),
    replenishment("Dishwasher salt", 0.35, 28.0),
    replenishment("Fryer filters", 0.15, 21.0),
];

const PLANTED: &[(&str, usize, &str)] = &[
    ("Pasta sauce", 1, "Sauces"),
    ("Ketchup buckets", 1, "Sauces"),
    ("Burger buns", 1, "Breads"),
    ("Whipping gas", 2, "Cream supplies"),
    ("Yeast", 1, "Baking"),
    ("Rinse aid", 4, "Dish care"),
    ("Dispensers", 4, "Paper supplies"),
    ("Dressing", 1, "Sauces"),
    ("Foil cutters", 4, "Kitchen helpers"),
    ("Till rolls", 4, "Till supplies"),
    ("Dishwasher salt", 4, "Dish care"),
    ("Fryer filters", 4, "Kitchen helpers"),
];

/// Monday to Friday.
const WEEK: [f64; 7] = [1.55, 1.40, 1.35, 1.45, 1.25, 0.0, 0.0];

const BASE: Profile = Profile {
    name: "small café",
    share_at_start: 0.30,
    share_later: 0.28,
    rate: 0.11,
    rate_shape: 2.0,
    regularity: 2,
    leaving: 1.0 / 1500.0,
    leaving_at_once: 0.02,
    fading: 0.0,
    weekdays: WEEK,
    peaks: [0.80, 0.18, 0.02],
    lines: 11.0,
    lines_shape: 1.2,
    taste: [0.38, 0.22, 0.17, 0.10, 0.07, 0.06, 0.0, 0.0, 0.0, 0.0],
    another: 0.60,
    discounted: 0.20,
    online: 0.60,
    complains: 0.006,
    unforgiving: 8.0,
    price_sensitive: 2.0,
    campaigns: [effect(1.2, 0.9), effect(1.1, 1.0), effect(1.1, 0.7)],
    invoice: 0.80,
    account: 0.15,
    ages: [0.04, 0.20, 0.30, 0.28, 0.14, 0.04],
    household: [0.20, 0.28, 0.22, 0.18, 0.12],
    log_income: 11.0,
};

const PROFILES: [Profile; TYPES] = [
    Profile {
        name: "restaurant",
        share_at_start: 0.30,
        share_later: 0.24,
        rate: 0.26,
        regularity: 3,
        lines: 16.0,
        another: 0.66,
        taste: [0.46, 0.16, 0.14, 0.13, 0.05, 0.06, 0.0, 0.0, 0.0, 0.0],
        ..BASE
    },
    Profile {
        name: "hotel",
        share_at_start: 0.08,
        share_later: 0.06,
        rate: 0.34,
        regularity: 4,
        leaving: 1.0 / 2500.0,
        lines: 26.0,
        another: 0.75,
        campaigns: [Effect::NONE, effect(0.85, 1.2), effect(0.70, 2.5)],
        account: 0.60,
        log_income: 11.6,
        ..BASE
    },
    BASE,
    Profile {
        name: "corner shop",
        share_at_start: 0.26,
        share_later: 0.22,
        rate: 0.16,
        regularity: 3,
        lines: 18.0,
        taste: [0.18, 0.36, 0.22, 0.04, 0.16, 0.04, 0.0, 0.0, 0.0, 0.0],
        campaigns: [effect(1.5, 0.8), effect(1.1, 1.0), Effect::NONE],
        price_sensitive: 4.0,
        ..BASE
    },
    Profile {
        name: "fading",
        share_at_start: 0.06,
        share_later: 0.08,
        rate: 0.18,
        regularity: 1,
        fading: 0.005,
        leaving: 1.0 / 600.0,
        campaigns: [effect(1.2, 0.9), Effect::NONE, effect(1.3, 0.4)],
        ..BASE
    },
    Profile {
        name: "trial order",
        share_at_start: 0.0,
        share_later: 0.12,
        rate: 0.05,
        leaving: 1.0 / 40.0,
        leaving_at_once: 0.60,
        lines: 7.0,
        discounted: 0.45,
        invoice: 0.30,
        campaigns: [Effect::NONE; 3],
        ..BASE
    },
];

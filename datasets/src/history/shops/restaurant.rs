//! A café that serves meals: two lines a visit, most guests without an account. Basket sizes are
//! those of a bakery's tills (datasets/README.md).

use chrono::{Datelike, NaiveDate};

use crate::history::law::{Days, Goods, Habits, Law, Records, Season, Turnover, season};
use crate::history::patterns::{
    Association, Replenishment, Sequence, Substitutes, association, replenishment, substitutes,
};
use crate::history::profiles::{Effect, Profile, TYPES, effect};

/// The law.
pub static RESTAURANT: Law = Law {
    name: "restaurant",
    about: "a café that serves meals: about two lines a visit, many guests without an account, \
            closed on Mondays and at Christmas, dishes of the season",
    goods: Goods {
        departments: &[
            "Hot drinks",
            "Bakery",
            "Mains",
            "Soft drinks",
            "Desserts",
            "Sides",
        ],
        categories: CATEGORIES,
        variants: &["classic", "large"],
        products_of_a_type: 2,
        prices: &[310.0, 280.0, 1150.0, 290.0, 520.0, 380.0],
        brands: ["House", "Chef", "Market", "Garden", "Bakehouse", "Cellar"],
        planted: PLANTED,
        staples: &[("Coffee", 5.6)],
        seasons: SEASONS,
        turnover: Turnover {
            types: 0.20,
            products: 0.0,
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
        horizon: 35,
        active: 84,
    },
    habits: Habits {
        there_at_start: 0.60,
        second_basket: 0.04,
        returned: 0.0,
        cancelled: 0.01,
        cancelled_line: 1.0,
        opts_out: 0.01,
        favourite: 0.7,
        cared_for: 0.4,
        not_cared_for: 0.85,
        looks: 12,
        guests: 2.0,
    },
    records: Records::FULL,
};

/// Busier in summer and before Christmas; closed from 24 to 26 December and on New Year's Day.
fn busy(date: NaiveDate) -> f64 {
    match (date.month(), date.day()) {
        (12, 24..=26) | (1, 1) => 0.0,
        (6..=8, _) => 1.12,
        (12, 1..=23) => 1.15,
        (1..=2, _) => 0.85,
        _ => 0.99,
    }
}

const CATEGORIES: &[[&str; 6]] = &[
    [
        "Coffee",
        "Cappuccino",
        "Tea",
        "Hot chocolate",
        "Mulled cider",
        "Chai",
    ],
    ["Bread", "Pastry", "Cake", "Scone", "Muffin", "Stollen"],
    [
        "Sandwich",
        "Soup",
        "Burger",
        "Salad bowl",
        "Asparagus",
        "Pumpkin risotto",
    ],
    [
        "Water",
        "Juice",
        "Lemonade",
        "Iced coffee",
        "Kombucha",
        "Cola",
    ],
    [
        "Brownie",
        "Cheesecake",
        "Ice cream",
        "Apple pie",
        "Strawberry tart",
        "Fruit salad",
    ],
    ["Chips", "Olives", "Side salad", "Hummus", "Crisps", "Slaw"],
];

const SEASONS: &[Season] = &[
    season("Mulled cider", 11, 1, 0.99),
    season("Stollen", 11, 12, 0.99),
    season("Asparagus", 4, 6, 0.99),
    season("Pumpkin risotto", 9, 11, 0.99),
    season("Iced coffee", 5, 9, 0.98),
    season("Ice cream", 4, 9, 0.95),
    season("Strawberry tart", 5, 7, 0.99),
];

const ASSOCIATIONS: &[Association] = &[
    association("Coffee", "Biscuit", 0.16, 0.020),
    association("Tea", "Clotted cream", 0.22, 0.006),
    association("Burger", "House beer", 0.35, 0.010),
    association("Soup", "Garlic bread", 0.35, 0.008),
    association("Pastry", "Jam pot", 0.18, 0.006),
    association("Cake", "Cream jug", 0.15, 0.005),
];

const SUBSTITUTES: &[Substitutes] = &[
    substitutes(["Water", "Cola"], 0.95),
    substitutes(["Brownie", "Cheesecake"], 0.95),
];

const SEQUENCES: &[Sequence] = &[Sequence {
    antecedent: "Bread",
    consequent: "Bread card refill",
    chance: 0.3,
    days: (5, 30),
    without: 0.001,
}];

const REPLENISHMENTS: &[Replenishment] = &[replenishment("Coffee beans to go", 0.12, 28.0)];

const PLANTED: &[(&str, usize, &str)] = &[
    ("Biscuit", 1, "Small things"),
    ("Clotted cream", 1, "Small things"),
    ("House beer", 3, "Beer"),
    ("Garlic bread", 5, "Breads"),
    ("Jam pot", 1, "Small things"),
    ("Cream jug", 1, "Small things"),
    ("Bread card refill", 1, "Cards"),
    ("Coffee beans to go", 0, "To go"),
];

/// Closed on Mondays.
const WEEK: [f64; 7] = [0.0, 0.95, 1.0, 1.05, 1.2, 1.55, 1.25];

const BASE: Profile = Profile {
    name: "now and then",
    share_at_start: 0.34,
    share_later: 0.34,
    rate: 0.030,
    rate_shape: 1.4,
    regularity: 1,
    leaving: 1.0 / 700.0,
    leaving_at_once: 0.08,
    fading: 0.0,
    weekdays: WEEK,
    peaks: [0.30, 0.48, 0.22],
    lines: 1.2,
    lines_shape: 2.5,
    taste: [0.38, 0.26, 0.13, 0.08, 0.09, 0.06, 0.0, 0.0, 0.0, 0.0],
    another: 0.10,
    discounted: 0.06,
    online: 0.05,
    complains: 0.006,
    unforgiving: 6.0,
    price_sensitive: 1.5,
    campaigns: [effect(1.4, 0.9), effect(1.3, 1.0), effect(1.1, 0.8)],
    invoice: 0.0,
    account: 0.01,
    ages: [0.18, 0.24, 0.20, 0.16, 0.12, 0.10],
    household: [0.34, 0.32, 0.16, 0.12, 0.06],
    log_income: 10.6,
};

const PROFILES: [Profile; TYPES] = [
    Profile {
        name: "morning regular",
        share_at_start: 0.22,
        share_later: 0.12,
        rate: 0.30,
        rate_shape: 2.0,
        regularity: 2,
        leaving: 1.0 / 1200.0,
        leaving_at_once: 0.0,
        weekdays: [0.0, 1.35, 1.35, 1.35, 1.35, 0.90, 0.70],
        peaks: [0.85, 0.12, 0.03],
        lines: 0.5,
        taste: [0.62, 0.30, 0.02, 0.03, 0.02, 0.01, 0.0, 0.0, 0.0, 0.0],
        campaigns: [Effect::NONE; 3],
        ..BASE
    },
    Profile {
        name: "lunch guest",
        share_at_start: 0.20,
        share_later: 0.14,
        rate: 0.12,
        weekdays: [0.0, 1.40, 1.40, 1.40, 1.40, 0.80, 0.60],
        peaks: [0.05, 0.90, 0.05],
        lines: 1.5,
        taste: [0.18, 0.10, 0.36, 0.18, 0.06, 0.12, 0.0, 0.0, 0.0, 0.0],
        ..BASE
    },
    BASE,
    Profile {
        name: "fading",
        share_at_start: 0.14,
        share_later: 0.10,
        rate: 0.14,
        fading: 0.005,
        leaving: 1.0 / 500.0,
        campaigns: [effect(1.2, 0.9), Effect::NONE, effect(1.3, 0.4)],
        ..BASE
    },
    Profile {
        name: "one-timer",
        share_at_start: 0.0,
        share_later: 0.22,
        rate: 0.02,
        leaving: 1.0 / 40.0,
        leaving_at_once: 0.75,
        discounted: 0.25,
        campaigns: [Effect::NONE; 3],
        ages: [0.32, 0.30, 0.16, 0.10, 0.07, 0.05],
        ..BASE
    },
    Profile {
        name: "family table",
        share_at_start: 0.10,
        share_later: 0.08,
        rate: 0.05,
        regularity: 2,
        leaving: 1.0 / 1000.0,
        weekdays: [0.0, 0.30, 0.40, 0.50, 1.20, 2.50, 2.10],
        peaks: [0.05, 0.40, 0.55],
        lines: 4.5,
        lines_shape: 3.0,
        taste: [0.14, 0.12, 0.28, 0.16, 0.16, 0.14, 0.0, 0.0, 0.0, 0.0],
        household: [0.02, 0.10, 0.28, 0.38, 0.22],
        ..BASE
    },
];

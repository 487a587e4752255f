//! What can be bought: a taxonomy with prices, and the patterns that are planted in the baskets.

use super::profiles::{PROFILES, TYPES};
use super::random::{Choice, opinion};

/// Six categories for each department, the most bought first.
const CATEGORIES: [[&str; 6]; 10] = [
    [
        "Apples", "Salads", "Bananas", "Tomatoes", "Berries", "Potatoes",
    ],
    ["Milk", "Cheese", "Yoghurt", "Butter", "Eggs", "Margarine"],
    [
        "Bread",
        "Rolls",
        "Cakes",
        "Croissants",
        "Biscuits",
        "Pretzels",
    ],
    ["Poultry", "Sausages", "Beef", "Fish", "Pork", "Ham"],
    [
        "Pasta",
        "Crisps",
        "Rice",
        "Cereals",
        "Canned vegetables",
        "Chocolate",
    ],
    ["Water", "Coffee", "Cola", "Lemonade", "Beer", "Wine"],
    [
        "Toilet paper",
        "Cleaners",
        "Bin bags",
        "Candles",
        "Charcoal",
        "Bulbs",
    ],
    [
        "Shampoo",
        "Toothpaste",
        "Razors",
        "Soap",
        "Sun cream",
        "Vitamins",
    ],
    [
        "Nappies",
        "Cat food",
        "Baby food",
        "Toys",
        "Bird food",
        "Leads",
    ],
    [
        "Printers",
        "Coffee machines",
        "Batteries",
        "Headphones",
        "Kettles",
        "Lamps",
    ],
];

/// Variants of every category, the most bought first.
const VARIANTS: [&str; 7] = [
    "classic",
    "organic",
    "family size",
    "premium",
    "light",
    "regional",
    "ready to use",
];

/// The number of the first product; the others follow.
const FIRST_ID: i64 = 1001;
/// Products of each type.
const PRODUCTS_OF_A_TYPE: usize = 20;

/// What a typical product of each department costs, in hundredths.
const PRICES: [f64; 10] = [
    150.0, 135.0, 160.0, 340.0, 150.0, 180.0, 250.0, 270.0, 430.0, 1600.0,
];

/// Categories that are bought in some months only: first and last month of their season.
const SEASONS: [(&str, usize, usize); 3] =
    [("Berries", 5, 8), ("Charcoal", 5, 9), ("Sun cream", 5, 8)];

/// How likely a product out of season is put back.
const OUT_OF_SEASON: f64 = 0.9;

/// An association between two types of item: `consequent` is bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Association {
    /// The category whose classic variant is the antecedent.
    pub antecedent: &'static str,
    /// The planted type.
    pub consequent: &'static str,
    /// The chance of the consequent in a basket that holds the antecedent.
    pub with: f64,
    /// The chance of the consequent in a basket that does not.
    pub without: f64,
}

impl Association {
    /// The lift of the rule where this share of the baskets holds the antecedent.
    pub fn lift(&self, share: f64) -> f64 {
        self.with / (self.without + (self.with - self.without) * share)
    }
}

/// Planted associations, each with an antecedent of its own.
pub const ASSOCIATIONS: [Association; 8] = [
    association("Pasta", "Pasta sauce", 0.45, 0.020),
    association("Crisps", "Salsa", 0.35, 0.010),
    association("Coffee", "Coffee filters", 0.30, 0.010),
    association("Bread", "Jam", 0.25, 0.030),
    association("Beer", "Peanuts", 0.40, 0.015),
    association("Apples", "Cinnamon", 0.12, 0.010),
    association("Rice", "Soy sauce", 0.30, 0.008),
    association("Nappies", "Baby wipes", 0.50, 0.004),
];

const fn association(
    antecedent: &'static str,
    consequent: &'static str,
    with: f64,
    without: f64,
) -> Association {
    Association {
        antecedent,
        consequent,
        with,
        without,
    }
}

/// Two types that avoid each other.
#[derive(Clone, Copy, Debug)]
pub struct Substitutes {
    /// The categories whose classic variants they are.
    pub categories: [&'static str; 2],
    /// The chance that one of the two is put back from a basket that would hold both.
    pub avoid: f64,
}

/// Planted substitutes.
pub const SUBSTITUTES: [Substitutes; 3] = [
    substitutes(["Butter", "Margarine"], 0.95),
    substitutes(["Cola", "Lemonade"], 0.90),
    substitutes(["Poultry", "Beef"], 0.80),
];

const fn substitutes(categories: [&'static str; 2], avoid: f64) -> Substitutes {
    Substitutes { categories, avoid }
}

/// A purchase that brings another one later: `consequent` is bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    /// The category whose classic variant comes first.
    pub antecedent: &'static str,
    /// The planted type.
    pub consequent: &'static str,
    /// The chance that it is wanted later.
    pub chance: f64,
    /// The day after the antecedent from which it is wanted is uniform between these two; it is
    /// bought at the first visit from then on, up to the second of them.
    pub days: (i32, i32),
    /// The chance of the consequent in any basket, wanted or not.
    pub without: f64,
}

/// Planted sequences.
pub const SEQUENCES: [Sequence; 3] = [
    Sequence {
        antecedent: "Printers",
        consequent: "Ink cartridges",
        chance: 0.7,
        days: (20, 60),
        without: 0.0008,
    },
    Sequence {
        antecedent: "Coffee machines",
        consequent: "Descaler",
        chance: 0.5,
        days: (30, 90),
        without: 0.0008,
    },
    Sequence {
        antecedent: "Razors",
        consequent: "Razor blades",
        chance: 0.6,
        days: (10, 30),
        without: 0.0015,
    },
];

/// Something that is used up and bought again in a rhythm; bought in no other way.
#[derive(Clone, Copy, Debug)]
pub struct Replenishment {
    /// The planted type.
    pub item: &'static str,
    /// Share of customers who use it.
    pub users: f64,
    /// It lasts so many days, give or take 15 % from one time to the next, evenly.
    pub days: f64,
}

/// Planted rhythms.
pub const REPLENISHMENTS: [Replenishment; 4] = [
    replenishment("Dog food", 0.20, 14.0),
    replenishment("Laundry detergent", 0.55, 35.0),
    replenishment("Contact lens fluid", 0.08, 60.0),
    replenishment("Infant formula", 0.06, 8.0),
];

const fn replenishment(item: &'static str, users: f64, days: f64) -> Replenishment {
    Replenishment { item, users, days }
}

/// The department of each planted type, by its name, and its category.
const PLANTED_IN: [(&str, usize, &str); 15] = [
    ("Pasta sauce", 4, "Sauces"),
    ("Salsa", 4, "Sauces"),
    ("Coffee filters", 6, "Kitchen helpers"),
    ("Jam", 4, "Spreads"),
    ("Peanuts", 4, "Nuts"),
    ("Cinnamon", 4, "Spices"),
    ("Soy sauce", 4, "Sauces"),
    ("Baby wipes", 8, "Baby care"),
    ("Ink cartridges", 9, "Printer supplies"),
    ("Descaler", 6, "Kitchen helpers"),
    ("Razor blades", 7, "Shaving"),
    ("Dog food", 8, "Dog food"),
    ("Laundry detergent", 6, "Laundry"),
    ("Contact lens fluid", 7, "Eye care"),
    ("Infant formula", 8, "Baby care"),
];

/// A type of item: the narrowest level above products.
#[derive(Clone, Debug)]
pub struct ItemType {
    /// Its name, the only one of that name.
    pub name: String,
    /// Its category.
    pub category: &'static str,
    /// Its place among the departments.
    pub department: usize,
    /// The first of its products; the others follow.
    pub first_product: usize,
    /// First and last month in which it is usually bought.
    season: Option<(usize, usize)>,
}

/// One product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its number in the files.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its type.
    pub of: usize,
    /// Its brand.
    pub brand: &'static str,
    /// Its price in hundredths before the price rise.
    pub price_cents: i64,
    /// What one costs the company, in hundredths.
    pub cost_cents: i64,
}

/// Which planted pattern a type has a part in, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// None.
    Plain,
    /// The antecedent of this association.
    Brings(usize),
    /// One side of these substitutes.
    Avoids(usize, usize),
    /// The antecedent of this sequence.
    Starts(usize),
}

/// Everything that can be bought.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Types of item.
    pub types: Vec<ItemType>,
    /// Products, those of a type together.
    pub products: Vec<Product>,
    /// For each type its part in a pattern.
    pub parts: Vec<Part>,
    /// The planted type of each association.
    pub consequents: Vec<usize>,
    /// The planted type of each sequence.
    pub followers: Vec<usize>,
    /// The planted type of each replenishment.
    pub rhythms: Vec<usize>,
    /// For each type of customer, which department a line comes from.
    departments: Vec<Choice>,
    /// For each department, which type a line is of.
    within: Vec<(Vec<usize>, Choice)>,
    /// Cumulative shares of the products of a type, the most bought first.
    popularity: [f64; PRODUCTS_OF_A_TYPE],
}

impl Catalogue {
    /// The catalogue of a seed: the taxonomy is fixed, prices and brands are drawn.
    pub fn new(seed: u64) -> Self {
        let (mut types, within) = shelves();
        let named = |name: &str| place_of(&types, name);
        let consequents = ASSOCIATIONS.iter().map(|p| named(p.consequent)).collect();
        let followers = SEQUENCES.iter().map(|p| named(p.consequent)).collect();
        let rhythms = REPLENISHMENTS.iter().map(|p| named(p.item)).collect();
        let mut products = Vec::new();
        for (number, item) in types.iter_mut().enumerate() {
            item.first_product = products.len();
            for place in 0..PRODUCTS_OF_A_TYPE {
                products.push(product(seed, number, item, place));
            }
        }
        let departments = (0..TYPES)
            .map(|profile| Choice::new(&PROFILES[profile].taste))
            .collect();
        Self {
            parts: parts(&types),
            types,
            products,
            consequents,
            followers,
            rhythms,
            departments,
            within,
            popularity: popularity(),
        }
    }

    /// The type of a product by its number in the files.
    pub fn type_of(&self, id: i64) -> Option<usize> {
        let place = usize::try_from(id - FIRST_ID).ok()?;
        Some(self.products.get(place)?.of)
    }

    /// Which department a line of each type of customer comes from.
    pub fn department(&self, profile: usize) -> &Choice {
        &self.departments[profile]
    }

    /// The types of a department that are bought plainly, and how often each is.
    pub fn within(&self, department: usize) -> (&[usize], &Choice) {
        let (members, choice) = &self.within[department];
        (members, choice)
    }

    /// The chance that a type is put back in a month because its season is over.
    pub fn put_back(&self, of: usize, month: usize) -> f64 {
        match self.types[of].season {
            Some((first, last)) if !(first..=last).contains(&month) => OUT_OF_SEASON,
            _ => 0.0,
        }
    }

    /// The product of a type at a uniform number: the first is bought most (Zipf).
    pub fn product_at(&self, of: usize, uniform: f64) -> usize {
        let place = self.popularity.partition_point(|share| *share <= uniform);
        self.types[of].first_product + place.min(PRODUCTS_OF_A_TYPE - 1)
    }
}

/// Every type of item, and for each department which of them a line is of.
fn shelves() -> (Vec<ItemType>, Vec<(Vec<usize>, Choice)>) {
    let item = |name, category, department| ItemType {
        name,
        category,
        department,
        first_product: 0,
        season: SEASONS
            .iter()
            .find(|(name, ..)| *name == category)
            .map(|&(_, first, last)| (first, last)),
    };
    let mut types = Vec::new();
    let mut within = Vec::new();
    for (department, categories) in CATEGORIES.iter().enumerate() {
        let mut members = Vec::new();
        let mut weights = Vec::new();
        for (rank, category) in categories.iter().enumerate() {
            for (place, variant) in VARIANTS.iter().enumerate() {
                members.push(types.len());
                // Zipf over categories and again over the variants of each.
                weights.push((1.0 + rank as f64).powf(-0.8) * (1.0 + place as f64).powf(-1.1));
                types.push(item(
                    format!("{category}, {variant}"),
                    *category,
                    department,
                ));
            }
        }
        within.push((members, Choice::new(&weights)));
    }
    let planted = PLANTED_IN.into_iter();
    types.extend(
        planted.map(|(name, department, category)| item(name.to_owned(), category, department)),
    );
    (types, within)
}

/// The place of the type of a name that a pattern names.
fn place_of(types: &[ItemType], name: &str) -> usize {
    types
        .iter()
        .position(|item| item.name == name)
        .expect("patterns name types of the catalogue")
}

/// For each type its part in a pattern.
fn parts(types: &[ItemType]) -> Vec<Part> {
    let mut parts = vec![Part::Plain; types.len()];
    let mut plant = |category: &str, part| parts[place_of(types, &classic(category))] = part;
    for (number, pattern) in ASSOCIATIONS.iter().enumerate() {
        plant(pattern.antecedent, Part::Brings(number));
    }
    for (number, pattern) in SUBSTITUTES.iter().enumerate() {
        for (side, category) in pattern.categories.iter().enumerate() {
            plant(category, Part::Avoids(number, side));
        }
    }
    for (number, pattern) in SEQUENCES.iter().enumerate() {
        plant(pattern.antecedent, Part::Starts(number));
    }
    parts
}

/// Cumulative shares of the products of a type, the most bought first.
fn popularity() -> [f64; PRODUCTS_OF_A_TYPE] {
    let mut popularity = [0.0; PRODUCTS_OF_A_TYPE];
    let mut sum = 0.0;
    for (place, share) in popularity.iter_mut().enumerate() {
        sum += (1.0 + place as f64).powf(-1.2);
        *share = sum;
    }
    popularity.map(|share| share / sum)
}

/// The name of the classic variant of a category.
pub fn classic(category: &str) -> String {
    format!("{category}, classic")
}

const BRANDS: [&str; 6] = [
    "House",
    "Northfield",
    "Calla",
    "Ostrava",
    "Green Mill",
    "Bellweather",
];

fn product(seed: u64, number: usize, item: &ItemType, place: usize) -> Product {
    let thing = |purpose: u64| opinion(seed, u64::MAX - purpose, (number * 100 + place) as u64);
    let size = [0.6, 0.8, 1.0, 1.0, 1.3, 1.8][(thing(1) * 6.0) as usize];
    let spread = 0.7 + 0.8 * thing(2);
    let price = PRICES[item.department] * size * spread;
    // Prices end in 9, as they do.
    let price_cents = ((price / 10.0).round() as i64 * 10 - 1).max(19);
    let cost = price_cents as f64 * (0.55 + 0.3 * thing(3));
    Product {
        id: FIRST_ID + (number * PRODUCTS_OF_A_TYPE + place) as i64,
        name: format!("{} no. {}", item.name, place + 1),
        of: number,
        brand: BRANDS[(thing(4) * BRANDS.len() as f64) as usize],
        price_cents,
        cost_cents: cost.round() as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_and_numbers_are_unique() {
        let catalogue = Catalogue::new(42);
        let types: HashSet<_> = catalogue.types.iter().map(|item| &item.name).collect();
        assert_eq!(types.len(), catalogue.types.len());
        let ids: HashSet<_> = catalogue
            .products
            .iter()
            .map(|product| product.id)
            .collect();
        assert_eq!(ids.len(), catalogue.products.len());
    }

    #[test]
    fn no_type_has_a_part_in_two_patterns() {
        let catalogue = Catalogue::new(42);
        let parts = catalogue.parts.iter().filter(|part| **part != Part::Plain);
        assert_eq!(
            parts.count(),
            ASSOCIATIONS.len() + 2 * SUBSTITUTES.len() + SEQUENCES.len()
        );
        for planted in catalogue
            .consequents
            .iter()
            .chain(&catalogue.followers)
            .chain(&catalogue.rhythms)
        {
            assert_eq!(catalogue.parts[*planted], Part::Plain);
        }
    }

    #[test]
    fn a_company_earns_on_every_product() {
        for product in Catalogue::new(1).products {
            assert!(0 < product.cost_cents && product.cost_cents < product.price_cents);
        }
    }
}

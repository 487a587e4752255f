//! What can be bought: a taxonomy with prices, and the patterns that are planted in the baskets.

use super::law::{Goods, Law, Season};
use super::random::{Choice, opinion};
use super::rows::Day;

/// The number of the first product; the others follow.
const FIRST_ID: i64 = 1001;
/// What is always on sale.
const ALWAYS: [Day; 2] = [Day::MIN, Day::MAX];

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
    /// In which months it is usually bought, if not in all.
    pub season: Option<Season>,
    /// The first day on which it is on sale, and the day after the last.
    pub on_sale: [Day; 2],
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
    /// The first day on which it is on sale, and the day after the last.
    pub on_sale: [Day; 2],
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
    popularity: Vec<f64>,
}

impl Catalogue {
    /// The catalogue of a seed, for a history of so many days: the taxonomy is fixed, prices, brands
    /// and when goods come and leave are drawn.
    pub fn new(law: &'static Law, seed: u64, days: Day) -> Self {
        let goods = &law.goods;
        let (mut types, within) = shelves(goods);
        let parts = parts(goods, &types);
        let named = |name: &str| place_of(&types, name);
        let associations = goods.associations.iter();
        let consequents = associations.map(|p| named(p.consequent)).collect();
        let sequences = goods.sequences.iter();
        let followers = sequences.map(|p| named(p.consequent)).collect();
        let replenishments = goods.replenishments.iter();
        let rhythms = replenishments.map(|p| named(p.item)).collect();
        let plain = types.len() - goods.planted.len();
        let mut products = Vec::new();
        for (number, item) in types.iter_mut().enumerate() {
            item.first_product = products.len();
            // What a pattern is planted in is always there, so that it can be found.
            if number < plain && parts[number] == Part::Plain {
                item.on_sale = on_sale(goods.turnover.types, days, |purpose| {
                    opinion(seed, u64::MAX - 10 - purpose, number as u64)
                });
            }
            for place in 0..goods.products_of_a_type {
                products.push(product(goods, seed, days, number, item, place));
            }
        }
        let profiles = law.profiles.iter();
        let departments = profiles.map(|of| Choice::new(&of.taste[..goods.departments.len()]));
        Self {
            departments: departments.collect(),
            parts,
            types,
            products,
            consequents,
            followers,
            rhythms,
            within,
            popularity: popularity(goods.products_of_a_type),
        }
    }

    /// The type of a product by its number in the files.
    pub fn type_of(&self, id: i64) -> Option<usize> {
        let place = usize::try_from(id - FIRST_ID).ok()?;
        Some(self.products.get(place)?.of)
    }

    /// The type of a name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|item| item.name == name)
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
            Some(season) if !season.has(month) => season.put_back,
            _ => 0.0,
        }
    }

    /// Whether a type is on sale on a day.
    pub fn sold(&self, of: usize, day: Day) -> bool {
        on(self.types[of].on_sale, day)
    }

    /// This member of a department if it is on sale on a day, or else the next one that is.
    pub fn sold_from(&self, members: &[usize], of: usize, day: Day) -> usize {
        if self.sold(of, day) {
            return of;
        }
        let place = members.iter().position(|member| *member == of).unwrap_or(0);
        let after = members[place..].iter().chain(&members[..place]);
        let mut sold = after.copied().filter(|member| self.sold(*member, day));
        sold.next().unwrap_or(of)
    }

    /// The product of a type at a uniform number: the first is bought most (Zipf). One that is not
    /// on sale on the day gives way to the next.
    pub fn product_at(&self, of: usize, uniform: f64, day: Day) -> usize {
        let count = self.popularity.len();
        let place = self.popularity.partition_point(|share| *share <= uniform);
        let first = self.types[of].first_product;
        let place = place.min(count - 1);
        let next = (0..count).map(|more| first + (place + more) % count);
        let mut sold = next.filter(|product| on(self.products[*product].on_sale, day));
        sold.next().unwrap_or(first + place)
    }
}

fn on(sale: [Day; 2], day: Day) -> bool {
    (sale[0]..sale[1]).contains(&day)
}

/// When something is on sale in a history of so many days, if this share of its like is not always:
/// half of those come, in the first seven tenths, and the other half leaves, in the last.
fn on_sale(share: f64, days: Day, thing: impl Fn(u64) -> f64) -> [Day; 2] {
    let at = |from: f64| ((from + 0.55 * thing(2)) * f64::from(days)).round() as Day;
    match thing(1) {
        number if number < share / 2.0 => [at(0.15), Day::MAX],
        number if number < share => [Day::MIN, at(0.30)],
        _ => ALWAYS,
    }
}

/// Every type of item, and for each department which of them a line is of.
fn shelves(goods: &Goods) -> (Vec<ItemType>, Vec<(Vec<usize>, Choice)>) {
    let item = |name, category, department| ItemType {
        name,
        category,
        department,
        first_product: 0,
        season: goods
            .seasons
            .iter()
            .find(|season| season.category == category)
            .copied(),
        on_sale: ALWAYS,
    };
    let mut types = Vec::new();
    let mut within = Vec::new();
    for (department, categories) in goods.categories.iter().enumerate() {
        let mut members = Vec::new();
        let mut weights = Vec::new();
        for (rank, category) in categories.iter().enumerate() {
            let staple = goods.staples.iter().find(|(name, _)| name == category);
            let times = staple.map_or(1.0, |(_, times)| *times);
            for (place, variant) in goods.variants.iter().enumerate() {
                members.push(types.len());
                // Zipf over categories and again over the variants of each.
                let usual = (1.0 + rank as f64).powf(-0.8) * (1.0 + place as f64).powf(-1.1);
                weights.push(times * usual);
                types.push(item(
                    format!("{category}, {variant}"),
                    *category,
                    department,
                ));
            }
        }
        within.push((members, Choice::new(&weights)));
    }
    let planted = goods.planted.iter();
    types.extend(
        planted.map(|&(name, department, category)| item(name.to_owned(), category, department)),
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
fn parts(goods: &Goods, types: &[ItemType]) -> Vec<Part> {
    let mut parts = vec![Part::Plain; types.len()];
    let mut plant = |category: &str, part| parts[place_of(types, &goods.classic(category))] = part;
    for (number, pattern) in goods.associations.iter().enumerate() {
        plant(pattern.antecedent, Part::Brings(number));
    }
    for (number, pattern) in goods.substitutes.iter().enumerate() {
        for (side, category) in pattern.categories.iter().enumerate() {
            plant(category, Part::Avoids(number, side));
        }
    }
    for (number, pattern) in goods.sequences.iter().enumerate() {
        plant(pattern.antecedent, Part::Starts(number));
    }
    parts
}

/// Cumulative shares of the products of a type, the most bought first.
fn popularity(products: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let shares = (0..products).map(|place| {
        sum += (1.0 + place as f64).powf(-1.2);
        sum
    });
    let shares: Vec<f64> = shares.collect();
    shares.iter().map(|share| share / sum).collect()
}

fn product(
    goods: &Goods,
    seed: u64,
    days: Day,
    number: usize,
    item: &ItemType,
    place: usize,
) -> Product {
    let thing = |purpose: u64| opinion(seed, u64::MAX - purpose, (number * 100 + place) as u64);
    let size = [0.6, 0.8, 1.0, 1.0, 1.3, 1.8][(thing(1) * 6.0) as usize];
    let spread = 0.7 + 0.8 * thing(2);
    let price = goods.prices[item.department] * size * spread;
    // Prices end in 9, as they do.
    let price_cents = ((price / 10.0).round() as i64 * 10 - 1).max(19);
    let cost = price_cents as f64 * (0.55 + 0.3 * thing(3));
    let mut sale = item.on_sale;
    if place > 0 {
        let [from, until] = on_sale(goods.turnover.products, days, |purpose| thing(4 + purpose));
        let within = [from.max(sale[0]), until.min(sale[1])];
        if within[0] < within[1] {
            sale = within;
        }
    }
    Product {
        id: FIRST_ID + (number * goods.products_of_a_type + place) as i64,
        name: format!("{} no. {}", item.name, place + 1),
        of: number,
        brand: goods.brands[(thing(4) * goods.brands.len() as f64) as usize],
        price_cents,
        cost_cents: cost.round() as i64,
        on_sale: sale,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::history::shops::Shop;

    const DAYS: Day = 731;

    fn catalogues() -> impl Iterator<Item = (&'static Law, Catalogue)> {
        let laws = Shop::ALL.into_iter().map(Shop::law);
        laws.map(|law| (law, Catalogue::new(law, 42, DAYS)))
    }

    #[test]
    fn names_and_numbers_are_unique() {
        for (law, catalogue) in catalogues() {
            let types: HashSet<_> = catalogue.types.iter().map(|item| &item.name).collect();
            assert_eq!(types.len(), catalogue.types.len(), "{}", law.name);
            let products = catalogue.products.iter();
            let ids: HashSet<_> = products.map(|product| product.id).collect();
            assert_eq!(ids.len(), catalogue.products.len(), "{}", law.name);
        }
    }

    #[test]
    fn no_type_has_a_part_in_two_patterns() {
        for (law, catalogue) in catalogues() {
            let goods = &law.goods;
            let parts = catalogue.parts.iter().filter(|part| **part != Part::Plain);
            assert_eq!(
                parts.count(),
                goods.associations.len() + 2 * goods.substitutes.len() + goods.sequences.len(),
                "{}",
                law.name
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
    }

    #[test]
    fn a_company_earns_on_every_product() {
        for (_, catalogue) in catalogues() {
            for product in catalogue.products {
                assert!(0 < product.cost_cents && product.cost_cents < product.price_cents);
            }
        }
    }

    #[test]
    fn goods_come_and_leave_within_the_history_and_one_is_always_there() {
        for (law, catalogue) in catalogues() {
            let share = law.goods.turnover.types;
            let plain = catalogue.types.len() - law.goods.planted.len();
            let moving = |of: &&ItemType| of.on_sale != ALWAYS;
            let moved = catalogue.types.iter().filter(moving).count();
            // Those with a part in a pattern stay; a standard error is half the root.
            let away = moved as f64 - share * plain as f64;
            assert!(
                away.abs() < 3.0 * (plain as f64).sqrt(),
                "{}: {moved}",
                law.name
            );
            assert_eq!(moved > 0, share > 0.0);
            for of in &catalogue.types {
                let [from, until] = of.on_sale;
                assert!(from == Day::MIN || (1..DAYS).contains(&from));
                assert!(until == Day::MAX || (1..DAYS).contains(&until));
                // The most bought product is on sale whenever the type is.
                assert_eq!(catalogue.products[of.first_product].on_sale, of.on_sale);
            }
            for department in 0..law.goods.departments.len() {
                let (members, _) = catalogue.within(department);
                for day in 0..DAYS {
                    assert!(members.iter().any(|of| catalogue.sold(*of, day)));
                }
            }
        }
    }

    #[test]
    fn what_is_sold_is_on_sale() {
        for (_, catalogue) in catalogues() {
            for of in 0..catalogue.types.len() {
                for day in (0..DAYS).step_by(30).filter(|day| catalogue.sold(of, *day)) {
                    for uniform in [0.0, 0.3, 0.7, 0.999] {
                        let product = &catalogue.products[catalogue.product_at(of, uniform, day)];
                        assert!(on(product.on_sale, day) && product.of == of);
                    }
                }
            }
        }
    }
}

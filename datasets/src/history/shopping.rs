//! What is in a basket: lines by taste, and the patterns that are planted.

use super::calendar::{Calendar, Day, PRICE_RISE};
use super::catalogue::{Catalogue, Part};
use super::law::Law;
use super::patterns::{MOST_ASSOCIATIONS, MOST_REPLENISHMENTS, MOST_SEQUENCES, MOST_SUBSTITUTES};
use super::person::Person;
use super::profiles::{ByType, DEPARTMENTS, TYPES};
use super::random::{Choice, Stream, opinion};

/// The most lines beyond the first.
const MOST_LINES: usize = 250;

/// What every basket needs: sizes and the logarithms of chances by type of customer.
#[derive(Clone, Debug)]
pub struct Shelves {
    seed: u64,
    law: &'static Law,
    /// Everything that can be bought.
    pub catalogue: Catalogue,
    sizes: Vec<Choice>,
    log_sizes: Vec<ByType>,
    log_taste: [ByType; DEPARTMENTS],
    log_discounted: [ByType; 2],
    log_another: [ByType; 2],
}

/// One line of a basket.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Index of the product in the catalogue.
    pub product: usize,
    /// How many.
    pub quantity: i64,
    /// Money paid, in hundredths.
    pub amount: i64,
    /// Money taken off, in hundredths.
    pub discount: i64,
    /// What it cost the company, in hundredths.
    pub cost: i64,
}

/// One walk to the till.
#[derive(Clone, Copy, Debug)]
pub struct Trip<'a> {
    /// Who.
    pub person: &'a Person,
    /// The days, which tell seasons and prices.
    pub calendar: &'a Calendar,
    /// When.
    pub day: Day,
    /// Whether a coupon takes off a tenth more.
    pub coupon: bool,
}

/// One customer over all trips.
#[derive(Clone, Debug)]
pub struct Shopper {
    /// What was bought on the last trip.
    pub lines: Vec<Line>,
    /// Counts of the baskets within the history.
    pub counts: BasketCounts,
    draw: Stream,
    /// For each sequence: from and to which day its consequent is wanted.
    wanted: [Option<(Day, Day)>; MOST_SEQUENCES],
    /// For each rhythm: the day from which more is needed; none for who does not use it.
    needed: [Option<Day>; MOST_REPLENISHMENTS],
}

/// Baskets that hold one side of an association or a rule, the other, and both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Together {
    /// With the antecedent.
    pub antecedent: u64,
    /// With the consequent.
    pub consequent: u64,
    /// With both.
    pub both: u64,
}

/// Counts of all baskets, and of the planted associations in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasketCounts {
    /// Baskets.
    pub baskets: u64,
    /// For each association of the shop; those that it has not stay at nought.
    pub associations: [Together; MOST_ASSOCIATIONS],
}

impl BasketCounts {
    /// Adds the counts of other baskets.
    pub fn add(&mut self, other: &Self) {
        self.baskets += other.baskets;
        for (sum, more) in self.associations.iter_mut().zip(&other.associations) {
            sum.antecedent += more.antecedent;
            sum.consequent += more.consequent;
            sum.both += more.both;
        }
    }
}

impl Shelves {
    /// The shelves of a seed, for a history of so many days.
    pub fn new(law: &'static Law, seed: u64, days: Day) -> Self {
        let profiles = &law.profiles;
        let by_type = |chance: &dyn Fn(usize) -> f64| -> ByType {
            std::array::from_fn(|profile| chance(profile).ln())
        };
        let pmf: Vec<Vec<f64>> = profiles
            .iter()
            .map(|profile| negative_binomial(profile.lines, profile.lines_shape))
            .collect();
        Self {
            seed,
            law,
            catalogue: Catalogue::new(law, seed, days),
            sizes: pmf.iter().map(|pmf| Choice::new(pmf)).collect(),
            log_sizes: (0..=MOST_LINES)
                .map(|more| by_type(&|profile| pmf[profile][more].max(1e-300)))
                .collect(),
            log_taste: std::array::from_fn(|department| {
                by_type(&|profile| profiles[profile].taste[department])
            }),
            log_discounted: [
                by_type(&|profile| 1.0 - profiles[profile].discounted),
                by_type(&|profile| profiles[profile].discounted),
            ],
            log_another: [
                by_type(&|profile| 1.0 - profiles[profile].another),
                by_type(&|profile| profiles[profile].another),
            ],
        }
    }

    /// A customer who begins on a day, with random numbers to draw from.
    pub fn shopper(&self, mut draw: Stream, began: Day) -> Shopper {
        let needed = std::array::from_fn(|rhythm| {
            let pattern = self.law.goods.replenishments.get(rhythm)?;
            let uses = draw.chance(pattern.users);
            // Somewhere within the first round, so that not all begin together.
            let first = began + (draw.uniform() * pattern.days) as Day;
            uses.then_some(first)
        });
        Shopper {
            lines: Vec::new(),
            counts: BasketCounts::default(),
            draw,
            wanted: [None; MOST_SEQUENCES],
            needed,
        }
    }

    /// Fills the shopper's lines with a basket, and adds to `evidence` what it tells of the
    /// customer's type.
    ///
    /// The evidence counts the lines that are drawn by taste. It knows which lines a planted
    /// pattern added or took away, which whoever looks at the basket can only guess.
    pub fn basket(&self, trip: &Trip<'_>, shopper: &mut Shopper, evidence: &mut ByType) {
        shopper.lines.clear();
        self.by_taste(trip, shopper, evidence);
        // The chances of patterns are the same for every type of customer.
        let mut brings = [false; MOST_ASSOCIATIONS];
        let mut sides = [[false; 2]; MOST_SUBSTITUTES];
        let mut starts = [false; MOST_SEQUENCES];
        for line in &shopper.lines {
            match self.part(line) {
                Part::Plain => {}
                Part::Brings(pattern) => brings[pattern] = true,
                Part::Avoids(pattern, side) => sides[pattern][side] = true,
                Part::Starts(pattern) => starts[pattern] = true,
            }
        }
        self.put_one_of_two_back(sides, shopper);
        self.bring_along(trip, brings, shopper);
        self.follow(trip, starts, shopper);
        self.replenish(trip, shopper);
    }

    fn part(&self, line: &Line) -> Part {
        self.catalogue.parts[self.catalogue.products[line.product].of]
    }

    fn by_taste(&self, trip: &Trip<'_>, shopper: &mut Shopper, evidence: &mut ByType) {
        let Shopper { lines, draw, .. } = shopper;
        let (person, profile) = (trip.person, trip.person.profile());
        let more = draw.pick(&self.sizes[person.profile]);
        let mut of_department = [0_u32; DEPARTMENTS];
        let (mut extra, mut discounted) = (0_i64, 0_u32);
        for _ in 0..=more {
            let department = draw.pick(self.catalogue.department(person.profile));
            of_department[department] += 1;
            let product = self.product(trip, department, draw);
            let another = i64::from(draw.times(profile.another)).min(99);
            extra += another;
            let mut off = if trip.coupon { 0.1 } else { 0.0 };
            if draw.chance(profile.discounted) {
                discounted += 1;
                // From a tenth to half of the price.
                off += 0.1 * f64::from(draw.between(1, 5));
            }
            self.put(trip, lines, product, 1 + another, off);
        }
        let drawn = (more + 1) as f64;
        for profile in 0..TYPES {
            let taste: f64 = of_department
                .iter()
                .zip(&self.log_taste)
                .filter(|(lines, _)| **lines > 0)
                .map(|(lines, taste)| f64::from(*lines) * taste[profile])
                .sum();
            evidence[profile] += self.log_sizes[more][profile]
                + taste
                + f64::from(discounted) * self.log_discounted[1][profile]
                + (drawn - f64::from(discounted)) * self.log_discounted[0][profile]
                + extra as f64 * self.log_another[1][profile]
                + drawn * self.log_another[0][profile];
        }
    }

    /// Adds so many of a product, at the price of the day less a share.
    fn put(
        &self,
        trip: &Trip<'_>,
        lines: &mut Vec<Line>,
        product: usize,
        quantity: i64,
        share_off: f64,
    ) {
        let of = &self.catalogue.products[product];
        let price = if trip.day >= trip.calendar.price_rise {
            (of.price_cents as f64 * (1.0 + PRICE_RISE)).round() as i64
        } else {
            of.price_cents
        };
        let full = price * quantity;
        let off = (full as f64 * share_off).round() as i64;
        let cost = of.cost_cents * quantity;
        match lines.iter_mut().find(|line| line.product == product) {
            Some(line) => {
                line.quantity += quantity;
                line.amount += full - off;
                line.discount += off;
                line.cost += cost;
            }
            None => lines.push(Line {
                product,
                quantity,
                amount: full - off,
                discount: off,
                cost,
            }),
        }
    }

    /// Adds any product of a planted type.
    fn put_any(&self, trip: &Trip<'_>, shopper: &mut Shopper, of: usize) {
        let uniform = shopper.draw.uniform();
        let product = self.catalogue.product_at(of, uniform, trip.day);
        self.put(trip, &mut shopper.lines, product, 1, 0.0);
    }

    fn put_one_of_two_back(&self, sides: [[bool; 2]; MOST_SUBSTITUTES], shopper: &mut Shopper) {
        for (pattern, sides) in sides.iter().enumerate() {
            if *sides == [true, true]
                && shopper
                    .draw
                    .chance(self.law.goods.substitutes[pattern].avoid)
            {
                let side = usize::from(shopper.draw.chance(0.5));
                let goes = |line: &Line| self.part(line) == Part::Avoids(pattern, side);
                shopper.lines.retain(|line| !goes(line));
            }
        }
    }

    fn bring_along(
        &self,
        trip: &Trip<'_>,
        brings: [bool; MOST_ASSOCIATIONS],
        shopper: &mut Shopper,
    ) {
        let counted = trip.day < trip.calendar.days;
        shopper.counts.baskets += u64::from(counted);
        for (pattern, association) in self.law.goods.associations.iter().enumerate() {
            let chance = if brings[pattern] {
                association.with
            } else {
                association.without
            };
            let added = shopper.draw.chance(chance);
            if added {
                self.put_any(trip, shopper, self.catalogue.consequents[pattern]);
            }
            if counted {
                let together = &mut shopper.counts.associations[pattern];
                together.antecedent += u64::from(brings[pattern]);
                together.consequent += u64::from(added);
                together.both += u64::from(brings[pattern] && added);
            }
        }
    }

    fn follow(&self, trip: &Trip<'_>, starts: [bool; MOST_SEQUENCES], shopper: &mut Shopper) {
        let day = trip.day;
        for (pattern, sequence) in self.law.goods.sequences.iter().enumerate() {
            let wanted = shopper.wanted[pattern];
            let due = wanted.is_some_and(|(from, _)| day >= from);
            let late = wanted.is_some_and(|(_, to)| day > to);
            if (due && !late) || shopper.draw.chance(sequence.without) {
                self.put_any(trip, shopper, self.catalogue.followers[pattern]);
            }
            if due {
                shopper.wanted[pattern] = None;
            }
            let wants = starts[pattern] && shopper.draw.chance(sequence.chance);
            if wants && shopper.wanted[pattern].is_none() {
                let (from, to) = sequence.days;
                let from = day + shopper.draw.between(from, to);
                shopper.wanted[pattern] = Some((from, day + to));
            }
        }
    }

    fn replenish(&self, trip: &Trip<'_>, shopper: &mut Shopper) {
        for (rhythm, pattern) in self.law.goods.replenishments.iter().enumerate() {
            if shopper.needed[rhythm].is_some_and(|needed| trip.day >= needed) {
                let of = self.catalogue.rhythms[rhythm];
                let favourite = self.favourite(trip.person, of);
                let product = self.catalogue.product_at(of, favourite, trip.day);
                self.put(trip, &mut shopper.lines, product, 1, 0.0);
                let lasts = pattern.days * (0.85 + 0.3 * shopper.draw.uniform());
                shopper.needed[rhythm] = Some(trip.day + lasts.round() as Day);
            }
        }
    }

    /// Where the customer's favourite among the products of a type stands, 0 to 1.
    fn favourite(&self, person: &Person, of: usize) -> f64 {
        opinion(self.seed, person.id, of as u64 + 1_000_000)
    }

    /// A product of a department, as the season, what is on sale and the customer's likings have it.
    fn product(&self, trip: &Trip<'_>, department: usize, draw: &mut Stream) -> usize {
        let Trip { person, day, .. } = *trip;
        let (catalogue, habits) = (&self.catalogue, &self.law.habits);
        let month = trip.calendar.month(day);
        let (members, choice) = catalogue.within(department);
        let mut of = members[draw.pick(choice)];
        for _ in 0..habits.looks {
            let cares = opinion(self.seed, person.id, of as u64) < habits.cared_for;
            let out = catalogue.put_back(of, month);
            if catalogue.sold(of, day)
                && !(out > 0.0 && draw.chance(out))
                && (cares || !draw.chance(habits.not_cared_for))
            {
                break;
            }
            of = members[draw.pick(choice)];
        }
        let of = catalogue.sold_from(members, of, day);
        let place = if draw.chance(habits.favourite) {
            self.favourite(person, of)
        } else {
            draw.uniform()
        };
        catalogue.product_at(of, place, day)
    }
}

/// Chances of 0 to [`MOST_LINES`] under a negative binomial distribution with this mean and shape.
fn negative_binomial(mean: f64, shape: f64) -> Vec<f64> {
    let success = mean / (mean + shape);
    let mut chance = (1.0 - success).powf(shape);
    let mut pmf = Vec::with_capacity(MOST_LINES + 1);
    for n in 0..=MOST_LINES {
        pmf.push(chance);
        chance *= success * (n as f64 + shape) / (n as f64 + 1.0);
    }
    let sum: f64 = pmf.iter().sum();
    pmf.iter_mut().for_each(|chance| *chance /= sum);
    pmf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_negative_binomial_has_its_mean() {
        let pmf = negative_binomial(8.0, 0.7);
        let mean: f64 = pmf.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        assert!((mean - 8.0).abs() < 0.01, "{mean}");
    }
}

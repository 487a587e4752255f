//! What goes wrong with data on the way, row by row noted, so that a load can be held to it.

use crate::files::Format;
use crate::history::World;
use crate::history::person::Person;
use crate::history::random::Stream;
use crate::history::rows::{Kind, Problem, Row};

/// What a problem is called, and what a load should make of such a row.
pub struct ProblemWords {
    /// Its name in the truth.
    pub name: &'static str,
    /// What a careful load does with it.
    pub expected: &'static str,
    /// What that comes to under the settings that are written beside the history.
    pub wanted: Wanted,
    /// Its chance, for each row that it can befall.
    chance: f64,
}

/// What should become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It is kept.
    Kept,
    /// It is kept, and the row before it, which it corrects, is not.
    KeptInstead,
    /// It is left out as a copy.
    Dropped,
    /// It is rejected.
    Rejected,
}

const fn words(
    name: &'static str,
    expected: &'static str,
    wanted: Wanted,
    chance: f64,
) -> ProblemWords {
    ProblemWords {
        name,
        expected,
        wanted,
        chance,
    }
}

/// Every problem, in the order of [`Problem`].
pub const PROBLEMS: [ProblemWords; 13] = {
    use Wanted::{Dropped, Kept, KeptInstead, Rejected};
    let copy = "drop the copy and count it";
    let say = "keep and say so";
    let format = "keep if the format is given, otherwise reject";
    [
        words("duplicate", copy, Dropped, 0.004),
        words("late row", "keep", Kept, 0.003),
        words(
            "correction",
            "keep it instead of the row that it corrects",
            KeptInstead,
            0.002,
        ),
        words("before joining", "keep and say so, or reject", Kept, 0.001),
        words("unknown product", say, Kept, 0.002),
        words("no customer", "reject", Rejected, 0.003),
        words("day-first date", format, Rejected, 0.002),
        words("compact date", format, Rejected, 0.002),
        words(
            "GBK text",
            "keep if the encoding is given, otherwise reject",
            Rejected,
            0.001,
        ),
        words("outlier", say, Kept, 0.0005),
        words("giant basket", say, Kept, 0.0),
        words("customer twice", copy, Dropped, 0.004),
        words(
            "customer conflict",
            "keep one row and say so",
            Rejected,
            0.003,
        ),
    ]
};

/// A dirty row: where it stands, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirtyRow {
    /// The file, below the folder of the history.
    pub file: String,
    /// Its row, from 1; the header of a CSV does not count.
    pub row: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// "Shop" in Chinese, in GBK.
pub const SHOP_IN_GBK: &[u8] = b"\xc3\xc5\xb5\xea";

/// Names of products in GBK: apple, milk, bread, coffee, tea, rice.
pub const NAMES_IN_GBK: [&[u8]; 6] = [
    b"\xc6\xbb\xb9\xfb",
    b"\xc5\xa3\xc4\xcc",
    b"\xc3\xe6\xb0\xfc",
    b"\xbf\xa7\xb7\xc8",
    b"\xb2\xe8\xd2\xb6",
    b"\xb4\xf3\xc3\xd7",
];

/// Lines of a giant basket.
const GIANT: usize = 1000;
/// The chance that a customer has one.
const GIANT_CHANCE: f64 = 0.001;
/// A number that no product has.
const NO_PRODUCT: i64 = 900_000;

/// Spoils rows.
pub struct Soil<'a> {
    draw: Stream,
    format: Format,
    world: &'a World,
}

impl<'a> Soil<'a> {
    /// With these random numbers.
    pub fn new(draw: Stream, format: Format, world: &'a World) -> Self {
        Self {
            draw,
            format,
            world,
        }
    }

    /// Spoils some of the rows from `from` on, all of one customer. A row has one problem at most.
    pub fn spoil(
        &mut self,
        person: &Person,
        from: usize,
        rows: &mut Vec<Row>,
        late: &mut Vec<Row>,
    ) {
        let clean: Vec<Row> = rows.split_off(from);
        for &row in &clean {
            match self.befalls(person, &row) {
                None => rows.push(row),
                Some(Problem::Late) => late.push(with(row, Problem::Late)),
                Some(problem @ (Problem::Duplicate | Problem::Correction)) => {
                    rows.push(row);
                    let mut second = with(row, problem);
                    if problem == Problem::Correction {
                        let times = 1 + i64::from(self.draw.between(1, 3));
                        let more = |value: Option<i64>| value.map(|value| value * times);
                        second.quantity = more(row.quantity);
                        second.amount = more(row.amount);
                        second.discount = more(row.discount);
                        second.cost = more(row.cost);
                    }
                    rows.push(second);
                }
                Some(problem) => {
                    let mut row = with(row, problem);
                    match problem {
                        Problem::BeforeJoining => {
                            row.day = (person.joined - self.draw.between(1, 40)).max(0);
                        }
                        Problem::UnknownProduct => {
                            row.product = Some(NO_PRODUCT + i64::from(self.draw.between(0, 99)));
                        }
                        Problem::NoCustomer => row.customer = None,
                        Problem::Outlier => row.amount = row.amount.map(|cents| cents * 1000),
                        _ => {} // written otherwise
                    }
                    rows.push(row);
                }
            }
        }
        let bought = clean.iter().find(|row| row.kind == Kind::Purchase);
        if let Some(row) = bought
            && self.draw.chance(GIANT_CHANCE)
        {
            self.giant(row, rows);
        }
    }

    /// Whether a customer's row is written twice, or contradicted.
    pub fn customer(&mut self) -> Option<Problem> {
        [Problem::CustomerTwice, Problem::CustomerConflict]
            .into_iter()
            .find(|problem| self.draw.chance(PROBLEMS[*problem as usize].chance))
    }

    fn befalls(&mut self, person: &Person, row: &Row) -> Option<Problem> {
        // One number decides, so that a row has one problem at most.
        let mut left = self.draw.uniform();
        let bought = row.kind == Kind::Purchase;
        let csv = self.format == Format::Csv;
        let candidates = [
            (Problem::Duplicate, true),
            (Problem::Late, true),
            (Problem::Correction, bought),
            (Problem::BeforeJoining, bought && person.joined > 1),
            (Problem::UnknownProduct, bought),
            // Of a basket, so that no two rows without a customer are copies of each other.
            (Problem::NoCustomer, row.basket.is_some()),
            (Problem::DayFirst, csv),
            (Problem::Compact, csv),
            (Problem::Gbk, csv),
            (
                Problem::Outlier,
                bought && row.amount.is_some_and(|cents| cents > 0),
            ),
        ];
        for (problem, possible) in candidates {
            let chance = PROBLEMS[problem as usize].chance;
            if left < chance {
                return possible.then_some(problem);
            }
            left -= chance;
        }
        None
    }

    fn giant(&mut self, of: &Row, rows: &mut Vec<Row>) {
        let products = &self.world.shelves.catalogue.products;
        for number in 0..GIANT {
            // Every product once, so that no line is a copy of another.
            let product = &products[(number * 7) % products.len()];
            rows.push(Row {
                product: Some(product.id),
                quantity: Some(100),
                amount: Some(product.price_cents * 100),
                discount: Some(0),
                cost: Some(product.cost_cents * 100),
                second: (of.second + 60).min(86_399),
                ..with(*of, Problem::GiantBasket)
            });
        }
    }
}

fn with(row: Row, problem: Problem) -> Row {
    Row {
        problem: Some(problem),
        ..row
    }
}

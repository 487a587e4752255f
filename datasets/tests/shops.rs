//! Each kind of shop, held to its own law and to the public figures that it was fitted to.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Datelike;
use rayon::prelude::*;
use regulars_datasets::files::Format;
use regulars_datasets::history::again::Off;
use regulars_datasets::history::files::{Order, write};
use regulars_datasets::history::life::Life;
use regulars_datasets::history::rows::{Kind, Row};
use regulars_datasets::history::shopping::BasketCounts;
use regulars_datasets::history::truth::{ChurnTruth, churn, within};
use regulars_datasets::history::{Params, Shop, World};

/// The kinds beside the grocer, whose tests are in `truth.rs`.
const OTHERS: [Shop; 4] = [
    Shop::MailOrder,
    Shop::Subscription,
    Shop::Restaurant,
    Shop::Wholesale,
];

fn world(shop: Shop, customers: u64) -> World {
    World::new(Params {
        shop,
        customers,
        months: 24,
        seed: 11,
    })
    .unwrap()
}

/// The rows of some customers with their guests, and their lives.
fn lived(world: &World) -> Vec<(Vec<Row>, Vec<Row>, Life, BasketCounts)> {
    let ids = (1..=world.params.customers).into_par_iter();
    ids.map(|id| {
        let (mut own, mut guests) = (Vec::new(), Vec::new());
        let life = world.live(&world.person(id), |row| own.push(row));
        let counts = world.guests(id, |row| guests.push(row));
        (own, guests, life, counts)
    })
    .collect()
}

/// As many churn as the probabilities say, in every tenth: given everything, and given the files.
#[test]
fn as_many_churn_as_the_probabilities_say_in_every_kind_of_shop() {
    for shop in OTHERS {
        let world = world(shop, 6_000);
        let horizon = world.law.days.horizon as i32;
        let as_of = world.calendar.days - horizon;
        let truths: Vec<ChurnTruth> = (1..=world.params.customers)
            .into_par_iter()
            .filter_map(|id| {
                let person = world.person(id);
                let life = world.live(&person, |_| {});
                churn(&world, &person, &life, as_of, horizon)
            })
            .collect();
        for (what, p) in [
            ("observed", (|t| t.observed) as fn(&ChurnTruth) -> f64),
            ("everything", (|t| t.everything) as fn(&ChurnTruth) -> f64),
        ] {
            let mut sorted = truths.clone();
            sorted.sort_by(|a, b| p(a).total_cmp(&p(b)));
            for tenth in sorted.chunks(sorted.len() / 10) {
                let expected: f64 = tenth.iter().map(p).sum();
                let variance: f64 = tenth.iter().map(|t| p(t) * (1.0 - p(t))).sum();
                let seen = tenth.iter().filter(|t| t.churned).count() as f64;
                let away = (seen - expected) / variance.sqrt().max(0.5);
                assert!(
                    away.abs() < 4.5,
                    "{}, {what}: {seen} churned, {expected:.1} expected",
                    world.law.name
                );
            }
        }
    }
}

#[test]
fn a_closed_shop_sells_nothing() {
    for shop in OTHERS {
        let world = world(shop, 1_500);
        let closed: HashSet<i32> = (0..world.calendar.days)
            .filter(|day| (world.law.days.season)(world.calendar.date(*day)) == 0.0)
            .collect();
        assert!(closed.len() >= 8, "{}: {}", world.law.name, closed.len());
        let mut weekdays = [0_u64; 7];
        for (own, guests, ..) in lived(&world) {
            for row in own.iter().chain(&guests) {
                if row.kind == Kind::Purchase {
                    assert!(!closed.contains(&row.day), "{} {}", world.law.name, row.day);
                    let date = world.calendar.date(row.day);
                    weekdays[date.weekday().num_days_from_monday() as usize] += 1;
                }
            }
        }
        let shut = |day: usize| world.law.profiles.iter().all(|of| of.weekdays[day] == 0.0);
        for (day, lines) in weekdays.into_iter().enumerate() {
            assert_eq!(lines == 0, shut(day), "{}, weekday {day}", world.law.name);
        }
    }
}

#[test]
fn nothing_is_sold_that_is_not_on_sale_and_little_out_of_season() {
    for shop in OTHERS {
        let world = world(shop, 1_500);
        let catalogue = &world.shelves.catalogue;
        let places: HashMap<i64, usize> = catalogue
            .products
            .iter()
            .enumerate()
            .map(|(place, product)| (product.id, place))
            .collect();
        let (mut lines, mut off_season, mut of_seasons) = (0_u64, 0_u64, 0_u64);
        for (own, guests, ..) in lived(&world) {
            for row in own.iter().chain(&guests) {
                if row.kind != Kind::Purchase {
                    continue;
                }
                let product = &catalogue.products[places[&row.product.unwrap()]];
                let [from, until] = product.on_sale;
                assert!((from..until).contains(&row.day), "{}", product.name);
                let off = world.off(product.of, row.day..row.day + 1);
                assert_ne!(off, Some(Off::Sale));
                lines += 1;
                off_season += u64::from(off == Some(Off::Season));
                of_seasons += u64::from(catalogue.types[product.of].season.is_some());
            }
        }
        let share = off_season as f64 / lines as f64;
        assert!(share < 0.02, "{}: {share}", world.law.name);
        assert!(
            of_seasons as f64 / lines as f64 > 0.02,
            "{}",
            world.law.name
        );
    }
}

/// What is cancelled of an order comes again, negative, after it, under the same number: all of it, or
/// some lines, as the law has it.
#[test]
fn cancelled_orders_are_orders_again() {
    for shop in OTHERS {
        let world = world(shop, 1_500);
        let (mut cancelled, mut orders) = (0_u64, 0_u64);
        let mut lines = (0_u64, 0_u64);
        for (own, _, life, _) in lived(&world) {
            let mut bought: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
            let mut back: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
            for row in &own {
                let to = match (row.kind, row.cancelled) {
                    (Kind::Purchase, _) => &mut bought,
                    (Kind::Return, true) => &mut back,
                    _ => continue,
                };
                to.entry(row.basket.unwrap()).or_default().push(row);
            }
            assert_eq!(back.len() as u32, life.cancelled);
            for (basket, rows) in &back {
                let order = &bought[basket];
                let mut left: Vec<(Option<i64>, i64)> = order
                    .iter()
                    .map(|row| (row.product, row.amount.unwrap()))
                    .collect();
                for row in rows {
                    let taken = (row.product, -row.amount.unwrap());
                    let place = left.iter().position(|line| *line == taken);
                    left.remove(place.expect("a line of the order"));
                }
                lines.0 += rows.len() as u64;
                lines.1 += order.len() as u64;
                let whole = world.law.habits.cancelled_line == 1.0;
                assert!(!whole || left.is_empty(), "{}", world.law.name);
                assert!(rows.iter().all(|row| row.quantity < Some(0)));
                assert!(rows[0].day > order[0].day);
            }
            cancelled += back.len() as u64;
            orders += bought.len() as u64;
        }
        let (share, want) = (cancelled as f64 / orders as f64, world.law.habits.cancelled);
        // Four standard errors, and those whose cancellation falls after the end.
        let error = (want / orders as f64).sqrt();
        assert!(
            (share - want).abs() < 4.0 * error + 0.03 * want,
            "{}: {share} for {want}",
            world.law.name
        );
        let share = lines.0 as f64 / lines.1 as f64;
        match shop {
            Shop::MailOrder => assert!((0.05..0.2).contains(&share), "{share}"),
            _ => assert_eq!(share, 1.0, "{}", world.law.name),
        }
    }
}

#[test]
fn guests_are_nobody_and_their_orders_are_counted() {
    for shop in OTHERS {
        let world = world(shop, 1_500);
        let mut numbers = HashSet::new();
        let mut baskets = 0;
        for (own, guests, _, counts) in lived(&world) {
            let of: HashSet<i64> = guests.iter().map(|row| row.basket.unwrap()).collect();
            assert_eq!(of.len() as u64, counts.baskets);
            assert!(guests.iter().all(|row| row.customer == Some(0)));
            baskets += of.len();
            let own: HashSet<i64> = own.iter().filter_map(|row| row.basket).collect();
            for number in of.into_iter().chain(own) {
                assert!(numbers.insert(number), "order {number} is there twice");
            }
        }
        let want = world.law.habits.guests * 24.0 * world.params.customers as f64;
        assert!(
            (baskets as f64 / want - 1.0).abs() < 0.1,
            "{baskets} for {want}"
        );
    }
    let grocer = world(Shop::Grocery, 5);
    assert_eq!(grocer.guests(1, |_| panic!()), BasketCounts::default());
}

/// The rhythm by the law is that of the gaps, which are somewhat shorter because those that do not
/// end in the history are not seen.
#[test]
fn purchases_that_come_again_come_in_the_rhythm_of_the_law() {
    for shop in Shop::ALL {
        let world = world(shop, 3_000);
        let mut gaps: Vec<(i32, f64)> = Vec::new();
        for id in 1..=world.params.customers {
            let days: Vec<i32> = world
                .live(&world.person(id), |_| {})
                .visits
                .iter()
                .map(|visit| visit.day)
                .filter(|day| *day < world.calendar.days)
                .collect();
            let of = days.windows(2).map(|pair| pair[1] - pair[0]);
            let weight = 1.0 / (days.len().max(2) - 1) as f64;
            gaps.extend(of.map(|gap| (gap, weight)));
        }
        gaps.sort_unstable_by_key(|gap| gap.0);
        let all: f64 = gaps.iter().map(|gap| gap.1).sum();
        let mut below = 0.0;
        let seen = gaps.iter().find(|gap| {
            below += gap.1;
            below >= 0.8 * all
        });
        let (seen, law) = (
            f64::from(seen.unwrap().0),
            f64::from(within(&world, 0.8).unwrap()),
        );
        assert!(
            seen <= law + 2.0 && seen > 0.5 * law,
            "{}: {seen} days seen, {law} by the law",
            world.law.name
        );
        let horizon = f64::from(world.law.days.horizon);
        assert!(
            shop == Shop::Grocery || (0.75 * seen..=1.5 * law + 14.0).contains(&horizon),
            "{}: {seen} {law} {horizon}",
            world.law.name
        );
    }
}

/// A share in percent, for the table that is printed.
fn percent(part: f64, whole: f64) -> f64 {
    100.0 * part / whole
}

/// The public figures that the kinds were fitted to, with their sources; the bands are what is
/// called alike. `cargo test -p regulars-datasets --test shops public -- --nocapture` prints them.
#[test]
fn shops_are_like_the_public_figures_that_they_were_fitted_to() {
    let mut away = Vec::new();
    let mut row = |of: &str, what: &str, public: f64, found: f64, low: f64, high: f64| {
        println!("| {of} | {what} | {public} | {found:.2} |");
        if !(low..=high).contains(&found) {
            away.push(format!("{of}, {what}: {found}"));
        }
    };

    // Daqing Chen, Online Retail II, UCI Machine Learning Repository 502: 805,549 valid lines in
    // 36,969 orders of 5,881 customers over two years; 243,007 of 1,067,371 lines without a
    // customer; 8,292 of 53,628 numbers are cancellations. Lines by month: Online Retail, 2011.
    let world = world(Shop::MailOrder, 4_000);
    let (mut orders, mut lines, mut of_guests, mut cancelled) = (Vec::new(), 0.0, 0.0, 0.0);
    let (mut guest_orders, mut cancelled_lines) = (0.0, 0.0);
    let mut months = [0.0; 12];
    for (own, guests, life, counts) in lived(&world) {
        guest_orders += counts.baskets as f64;
        cancelled_lines += own.iter().filter(|row| row.cancelled).count() as f64;
        let bought: Vec<&Row> = own.iter().filter(|r| r.kind == Kind::Purchase).collect();
        let of: HashSet<_> = bought.iter().filter_map(|row| row.basket).collect();
        orders.extend((!of.is_empty()).then_some(of.len() as f64));
        lines += bought.len() as f64;
        of_guests += guests.len() as f64;
        cancelled += f64::from(life.cancelled);
        for row in bought {
            let date = world.calendar.date(row.day);
            if date.year() == 2025 {
                months[date.month0() as usize] += 1.0;
            }
        }
    }
    orders.sort_by(f64::total_cmp);
    let all: f64 = orders.iter().sum();
    let quantile = |share: f64| orders[(share * orders.len() as f64) as usize];
    let mean = months.iter().sum::<f64>() / 12.0;
    let mail = "mail-order";
    row(
        mail,
        "orders of a customer, mean",
        6.29,
        all / orders.len() as f64,
        5.3,
        7.3,
    );
    row(mail, "lower quartile", 1.0, quantile(0.25), 1.0, 2.0);
    row(mail, "median", 3.0, quantile(0.5), 2.0, 4.0);
    row(mail, "upper quartile", 7.0, quantile(0.75), 6.0, 9.0);
    row(mail, "lines of an order", 21.8, lines / all, 19.0, 25.0);
    row(
        mail,
        "lines without a customer, %",
        22.8,
        percent(of_guests, lines + of_guests),
        15.0,
        28.0,
    );
    row(
        mail,
        "numbers of cancellations, %",
        15.5,
        percent(cancelled, all + guest_orders + cancelled),
        13.5,
        17.5,
    );
    row(
        mail,
        "lines of a cancellation",
        2.35,
        cancelled_lines / cancelled,
        1.9,
        2.8,
    );
    row(
        mail,
        "November beside a mean month",
        1.97,
        months[10] / mean,
        1.7,
        2.2,
    );

    // McKinsey, Thinking inside the subscription box, February 2018: more than a third of joiners
    // cancel in less than three months, more than half within six.
    let world = self::world(Shop::Subscription, 6_000);
    let (mut joined, mut within) = (0.0, [0.0; 2]);
    for id in 1..=world.params.customers {
        let person = world.person(id);
        if (0..world.calendar.days - 182).contains(&person.joined) {
            joined += 1.0;
            let left = world.live(&person, |_| {}).left;
            for (days, count) in [91, 182].into_iter().zip(&mut within) {
                *count += f64::from(u8::from(left.is_some_and(|day| day - person.joined < days)));
            }
        }
    }
    let of = "subscription";
    row(
        of,
        "joiners gone in 3 months, %",
        33.4,
        percent(within[0], joined),
        33.4,
        60.0,
    );
    row(
        of,
        "joiners gone in 6 months, %",
        50.0,
        percent(within[1], joined),
        50.0,
        75.0,
    );

    // The Bread Basket, a bakery in Edinburgh: 20,507 items in 9,465 transactions.
    let world = self::world(Shop::Restaurant, 1_500);
    let (mut lines, mut baskets, mut with_coffee) = (0.0, HashSet::new(), HashSet::new());
    let catalogue = &world.shelves.catalogue;
    for (own, guests, ..) in lived(&world) {
        for row in own
            .iter()
            .chain(&guests)
            .filter(|r| r.kind == Kind::Purchase)
        {
            lines += 1.0;
            baskets.insert(row.basket);
            let of = catalogue.type_of(row.product.unwrap()).unwrap();
            if catalogue.types[of].category == "Coffee" {
                with_coffee.insert(row.basket);
            }
        }
    }
    row(
        "restaurant",
        "baskets with coffee, %",
        47.8,
        percent(with_coffee.len() as f64, baskets.len() as f64),
        43.0,
        53.0,
    );
    row(
        "restaurant",
        "lines of a basket",
        2.17,
        lines / baskets.len() as f64,
        1.8,
        2.5,
    );

    // Margarida Cardoso, Wholesale customers, UCI Machine Learning Repository 292: yearly spend.
    let world = self::world(Shop::Wholesale, 1_000);
    let goods = &world.shelves.catalogue;
    let mut spend = [0.0; 6];
    for (own, ..) in lived(&world) {
        for row in own.iter().filter(|r| r.kind == Kind::Purchase) {
            let of = goods.type_of(row.product.unwrap()).unwrap();
            spend[goods.types[of].department] += row.amount.unwrap() as f64;
        }
    }
    let all: f64 = spend.iter().sum();
    let public = [36.1, 23.9, 17.4, 9.2, 8.7, 4.6];
    let names = world.law.goods.departments.iter();
    for ((name, spend), public) in names.zip(spend).zip(public) {
        let what = format!("spend on {name}, %");
        row(
            "wholesale",
            &what,
            public,
            percent(spend, all),
            public * 0.65,
            public * 1.6,
        );
    }
    assert!(away.is_empty(), "{away:#?}");
}

/// Every file below a folder with its bytes.
fn files(folder: &std::path::Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_owned();
                    found.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

fn order(shop: Shop, customers: u64, dirty: bool) -> Order {
    Order {
        params: Params {
            shop,
            customers,
            months: 24,
            seed: 42,
        },
        format: Format::Csv,
        dirty,
        truth_at: Vec::new(),
    }
}

#[test]
fn a_shop_of_every_kind_is_written_with_the_same_bytes_on_any_number_of_threads() {
    for shop in Shop::ALL {
        let folder = tempfile::tempdir().unwrap();
        let write = |threads: usize| {
            let out = folder.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            // Several parts, so that threads have something to share.
            let order = order(shop, 700, true);
            pool.install(|| write(&order, &out, |_, _| {})).unwrap();
            files(&out)
        };
        let one = write(1);
        assert!(one.len() > 12, "{:?}", one.keys());
        assert!(one == write(3), "{}", shop.law().name);
    }
}

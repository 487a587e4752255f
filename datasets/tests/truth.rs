//! Each statement of the generator about the truth, held against what it generates.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use rayon::prelude::*;
use regulars_datasets::history::life::Life;
use regulars_datasets::history::rows::{Kind, Row};
use regulars_datasets::history::shopping::BasketCounts;
use regulars_datasets::history::truth::{ChurnTruth, UpliftTruth, churn, uplift};
use regulars_datasets::history::{Params, Shop, World};

const HORIZON: i32 = 28;

struct Lived {
    world: World,
    lives: Vec<(u64, usize, Life)>,
    truths: Vec<ChurnTruth>,
    uplifts: Vec<UpliftTruth>,
}

/// One history of a year for all tests.
fn lived() -> &'static Lived {
    static LIVED: OnceLock<Lived> = OnceLock::new();
    LIVED.get_or_init(|| {
        let world = World::new(Params {
            shop: Shop::Grocery,
            customers: 24_000,
            months: 12,
            seed: 11,
        })
        .unwrap();
        let as_of = world.calendar.days - HORIZON;
        let all: Vec<_> = (1..=world.params.customers)
            .into_par_iter()
            .map(|id| {
                let person = world.person(id);
                let life = world.live(&person, |_| {});
                let truth = churn(&world, &person, &life, as_of, HORIZON);
                let uplifts = uplift(&world, &person, &life, world.calendar.days);
                (id, person.profile, life, truth, uplifts)
            })
            .collect();
        let mut lived = Lived {
            world,
            lives: Vec::new(),
            truths: Vec::new(),
            uplifts: Vec::new(),
        };
        for (id, profile, life, truth, uplifts) in all {
            lived.lives.push((id, profile, life));
            lived.truths.extend(truth);
            lived.uplifts.extend(uplifts);
        }
        lived
    })
}

/// Those whom a churn model would score: two baskets, and the last one not long ago.
fn scored() -> Vec<ChurnTruth> {
    lived()
        .truths
        .iter()
        .filter(|truth| truth.baskets >= 2 && truth.recency <= 56)
        .copied()
        .collect()
}

/// The chance that a random churner has a higher score than a random other, ties half.
fn auc(truths: &[ChurnTruth], score: impl Fn(&ChurnTruth) -> f64) -> f64 {
    let mut pairs: Vec<(f64, bool)> = truths.iter().map(|t| (score(t), t.churned)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut at) = (0.0, 0.0, 0);
    while at < pairs.len() {
        let ties = pairs[at..]
            .iter()
            .take_while(|p| p.0 == pairs[at].0)
            .count();
        let churned = pairs[at..at + ties].iter().filter(|p| p.1).count() as f64;
        let others = ties as f64 - churned;
        sum += churned * (below + others / 2.0);
        below += others;
        at += ties;
    }
    sum / (below * (pairs.len() as f64 - below))
}

fn calibrated(truths: &[ChurnTruth], what: &str, p: impl Fn(&ChurnTruth) -> f64) {
    let mut sorted = truths.to_vec();
    sorted.sort_by(|a, b| p(a).total_cmp(&p(b)));
    for (number, tenth) in sorted.chunks(sorted.len() / 10).enumerate() {
        let expected: f64 = tenth.iter().map(&p).sum();
        let variance: f64 = tenth.iter().map(|t| p(t) * (1.0 - p(t))).sum();
        let seen = tenth.iter().filter(|t| t.churned).count() as f64;
        let away = (seen - expected) / variance.sqrt().max(0.5);
        // A right probability is off by more than 4.5 deviations once in 150,000 tenths.
        assert!(
            away.abs() < 4.5,
            "{what}, tenth {number}: {seen} churned, {expected:.1} expected"
        );
    }
}

#[test]
fn as_many_churn_as_the_probability_says() {
    let all = &lived().truths;
    calibrated(all, "observed, all", |t| t.observed);
    calibrated(all, "everything, all", |t| t.everything);
    let scored = scored();
    calibrated(&scored, "observed, scored", |t| t.observed);
    calibrated(&scored, "everything, scored", |t| t.everything);
}

#[test]
fn as_many_churn_as_the_probability_says_within_each_type() {
    for (profile, of_type) in Shop::Grocery.law().profiles.iter().enumerate() {
        let of: Vec<_> = lived()
            .truths
            .iter()
            .filter(|t| t.profile == profile)
            .collect();
        let expected: f64 = of.iter().map(|t| t.everything).sum();
        let variance: f64 = of.iter().map(|t| t.everything * (1.0 - t.everything)).sum();
        let seen = of.iter().filter(|t| t.churned).count() as f64;
        let away = (seen - expected) / variance.sqrt();
        assert!(
            away.abs() < 4.0,
            "{}: {seen} against {expected:.1}",
            of_type.name
        );
    }
}

#[test]
fn nobody_knows_more_than_everything_nor_a_ranking_more_than_the_observed() {
    let scored = scored();
    let everything = auc(&scored, |t| t.everything);
    let observed = auc(&scored, |t| t.observed);
    let recency = auc(&scored, |t| f64::from(t.recency));
    assert!(recency < observed && observed < everything);
}

#[test]
fn uplift_is_exactly_zero_for_types_that_no_campaign_moves() {
    let mut moved = 0;
    for truth in &lived().uplifts {
        let profile = lived().lives[truth.customer as usize - 1].1;
        let campaign = lived().world.calendar.campaigns[truth.campaign];
        let effect = Shop::Grocery.law().profiles[profile].campaigns[campaign.kind];
        let uplift = truth.if_contacted - truth.if_not;
        if effect.pace == 1.0 && effect.leaving == 1.0 {
            assert_eq!(uplift, 0.0);
        } else if uplift != 0.0 {
            moved += 1;
        }
    }
    assert!(moved > 1000, "{moved} customers are moved");
}

#[test]
fn the_difference_between_treated_and_control_is_the_mean_uplift() {
    for (profile, of_type) in Shop::Grocery.law().profiles.iter().enumerate() {
        let mut sums = [[0.0_f64; 3]; 2]; // arm: bought, expected, variance
        for truth in &lived().uplifts {
            if lived().lives[truth.customer as usize - 1].1 == profile {
                let p = if truth.treated {
                    truth.if_contacted
                } else {
                    truth.if_not
                };
                let arm = &mut sums[usize::from(truth.treated)];
                arm[0] += f64::from(u8::from(truth.bought));
                arm[1] += p;
                arm[2] += p * (1.0 - p);
            }
        }
        for [bought, expected, variance] in sums {
            let away = (bought - expected) / variance.sqrt();
            assert!(
                away.abs() < 4.0,
                "{}: {bought} bought, {expected:.1} expected",
                of_type.name
            );
        }
    }
}

#[test]
fn planted_lift_is_found_when_counted_by_hand() {
    let world = &lived().world;
    let mut counts = BasketCounts::default();
    let associations = world.law.goods.associations;
    let mut by_hand = vec![[0_u64; 3]; associations.len()];
    let mut baskets = 0_u64;
    let catalogue = &world.shelves.catalogue;
    for id in 1..=3_000 {
        let mut rows: Vec<Row> = Vec::new();
        let life = world.live(&world.person(id), |row| rows.push(row));
        counts.add(&life.counts);
        rows.retain(|row| row.kind == Kind::Purchase);
        for basket in rows.chunk_by(|a, b| a.basket == b.basket) {
            baskets += 1;
            let types: Vec<usize> = basket
                .iter()
                .map(|row| catalogue.type_of(row.product.unwrap()).unwrap())
                .collect();
            for (pattern, counts) in associations.iter().zip(&mut by_hand) {
                let has = |name: &str| types.iter().any(|of| catalogue.types[*of].name == name);
                let antecedent = has(&format!("{}, classic", pattern.antecedent));
                let consequent = has(pattern.consequent);
                counts[0] += u64::from(antecedent);
                counts[1] += u64::from(consequent);
                counts[2] += u64::from(antecedent && consequent);
            }
        }
    }
    assert_eq!(counts.baskets, baskets);
    for (number, pattern) in associations.iter().enumerate() {
        let [antecedent, consequent, both] = by_hand[number];
        let told = counts.associations[number];
        assert_eq!(
            [told.antecedent, told.consequent, told.both],
            by_hand[number]
        );
        let n = baskets as f64;
        let share = antecedent as f64 / n;
        let lift = pattern.lift(share);
        let seen = both as f64 * n / (antecedent as f64 * consequent as f64);
        // The logarithm of the lift: its variance is below 1/both + 1/consequent.
        let error = (1.0 / both as f64 + 1.0 / consequent as f64).sqrt();
        assert!(
            (seen / lift).ln().abs() < 4.0 * error,
            "{}: {seen} instead of {lift}",
            pattern.consequent
        );
    }
}

/// The rate of churn among those of a cell who are known, or of all when nobody is.
fn binned_model(
    learn: &[ChurnTruth],
    cell: impl Fn(&ChurnTruth) -> (usize, i64, i64),
) -> impl Fn(&ChurnTruth) -> f64 {
    let mut cells: HashMap<(usize, i64, i64), (f64, f64)> = HashMap::new();
    for truth in learn {
        let (churned, all) = cells.entry(cell(truth)).or_default();
        *churned += f64::from(u8::from(truth.churned));
        *all += 1.0;
    }
    let base = learn.iter().filter(|t| t.churned).count() as f64 / learn.len() as f64;
    move |truth| {
        let (churned, all) = cells.get(&cell(truth)).copied().unwrap_or_default();
        (churned + 5.0 * base) / (all + 5.0)
    }
}

#[test]
fn the_best_possible_auc_is_not_beaten_by_a_model_that_is_given_the_truth() {
    let (learn, test): (Vec<_>, Vec<_>) = scored().into_iter().partition(|t| t.customer % 2 == 0);
    let lived = lived();
    let log = |value: f64| (3.0 * value.ln()).round() as i64;
    // Given the type, the rate and whether the customer has left, learned from half of them.
    let as_of = lived.world.calendar.days - HORIZON;
    let left = |t: &ChurnTruth| {
        let life = &lived.lives[t.customer as usize - 1].2;
        life.left.is_some_and(|left| left <= as_of)
    };
    let told = binned_model(&learn, |t| match left(t) {
        true => (usize::MAX, 0, 0),
        false => (
            t.profile,
            log(lived.world.person(t.customer).rate),
            i64::from(t.recency / 20),
        ),
    });
    // Given what can be observed: recency and frequency.
    let guess = binned_model(&learn, |t| {
        (0, log(f64::from(t.baskets)), log(f64::from(t.recency)))
    });
    let everything = auc(&test, |t| t.everything);
    let observed = auc(&test, |t| t.observed);
    let (told, guess) = (auc(&test, told), auc(&test, guess));
    // Both rank the same customers, so the difference is far surer than either: 0.004 is above
    // two of its standard errors.
    assert!(told < everything + 0.004 && told > everything - 0.03);
    assert!(guess < observed + 0.004 && guess > 0.7);
}

/// Purchases of one customer: day and name of the type, in order.
fn purchases(world: &World, id: u64) -> Vec<(i32, &str, Option<i64>)> {
    let catalogue = &world.shelves.catalogue;
    let mut bought = Vec::new();
    world.live(&world.person(id), |row| {
        if row.kind == Kind::Purchase {
            let of = catalogue.type_of(row.product.unwrap()).unwrap();
            bought.push((row.day, catalogue.types[of].name.as_str(), row.basket));
        }
    });
    bought
}

#[test]
fn ink_follows_printers_after_twenty_to_sixty_days() {
    let world = &lived().world;
    let (mut early, mut due, mut late, mut printers) = (0.0, 0.0, 0.0, 0.0);
    for id in 1..=6000 {
        let bought = purchases(world, id);
        let first = bought
            .iter()
            .find(|(_, name, _)| *name == "Printers, classic");
        let Some(&(day, ..)) = first.filter(|(day, ..)| *day + 120 < world.calendar.days) else {
            continue;
        };
        // Whoever does not come any more can buy nothing.
        if !bought.iter().any(|(other, ..)| *other > day + 60) {
            continue;
        }
        printers += 1.0;
        let ink = |from: i32, to: i32| {
            let within = |(at, name, _): &&(i32, &str, Option<i64>)| {
                *name == "Ink cartridges" && (day + from..day + to).contains(at)
            };
            bought.iter().filter(within).count() as f64
        };
        early += ink(0, 20);
        due += ink(20, 61);
        late += ink(61, 102);
    }
    assert!(printers > 150.0);
    // Seven tenths want it; some of them do not come in time.
    assert!(due / printers > 0.45 && due / printers < 0.9);
    // Printers that are bought later bring their own ink, so a little is expected.
    assert!(due > 5.0 * late && due > 5.0 * early);
}

#[test]
fn substitutes_avoid_each_other_and_other_pairs_do_not() {
    let world = &lived().world;
    let (mut baskets, mut with) = (0.0, HashMap::<&str, f64>::new());
    let (mut substitutes, mut others) = (0.0, 0.0);
    for id in 1..=3000 {
        for basket in purchases(world, id).chunk_by(|a, b| a.2 == b.2) {
            let has = |name: &str| basket.iter().any(|(_, of, _)| *of == name);
            baskets += 1.0;
            for name in ["Butter, classic", "Margarine, classic", "Milk, classic"] {
                if has(name) {
                    *with.entry(name).or_default() += 1.0;
                }
            }
            substitutes += f64::from(u8::from(
                has("Butter, classic") && has("Margarine, classic"),
            ));
            others += f64::from(u8::from(has("Butter, classic") && has("Milk, classic")));
        }
    }
    let lift = |both: f64, a: &str, b: &str| both * baskets / (with[a] * with[b]);
    let (avoid, usual) = (
        lift(substitutes, "Butter, classic", "Margarine, classic"),
        lift(others, "Butter, classic", "Milk, classic"),
    );
    // One in twenty pairs stays.
    assert!(
        (0.02..0.09).contains(&(avoid / usual)),
        "{avoid} and {usual}"
    );
}

#[test]
fn dog_food_is_bought_again_when_it_is_used_up() {
    let world = &lived().world;
    let mut gaps = Vec::new();
    let mut users = 0;
    let mut regulars = 0;
    for id in 1..=4000 {
        let bought = purchases(world, id);
        let days: Vec<i32> = bought
            .iter()
            .map(|b| b.0)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if days.len() < 100 {
            continue; // whoever comes every other day is in time
        }
        regulars += 1;
        let food: Vec<i32> = bought
            .iter()
            .filter(|b| b.1 == "Dog food")
            .map(|b| b.0)
            .collect();
        users += u32::from(!food.is_empty());
        gaps.extend(food.windows(2).map(|pair| pair[1] - pair[0]));
    }
    gaps.sort_unstable();
    let median = gaps[gaps.len() / 2];
    assert!(
        gaps[0] >= 12 && (13..=19).contains(&median),
        "{} {median}",
        gaps[0]
    );
    let share = f64::from(users) / f64::from(regulars);
    // A fifth, four standard errors.
    let error = (0.2 * 0.8 / f64::from(regulars)).sqrt();
    assert!((share - 0.2).abs() < 4.0 * error, "{share}");
}

#[test]
fn types_and_rates_are_drawn_as_the_profiles_say() {
    let world = &lived().world;
    let people: Vec<_> = (1..=world.params.customers)
        .map(|id| world.person(id))
        .collect();
    for (profile, of_type) in Shop::Grocery.law().profiles.iter().enumerate() {
        for (there, share) in [(true, of_type.share_at_start), (false, of_type.share_later)] {
            let all = people.iter().filter(|p| (p.joined < 0) == there).count() as f64;
            let of = people
                .iter()
                .filter(|p| (p.joined < 0) == there && p.profile == profile);
            let seen = of.count() as f64 / all;
            let error = (share * (1.0 - share) / all).sqrt();
            assert!(
                (seen - share).abs() <= 4.5 * error,
                "{}: {seen} for {share}",
                of_type.name
            );
        }
        let rates: Vec<f64> = people
            .iter()
            .filter(|p| p.profile == profile)
            .map(|p| p.rate)
            .collect();
        let n = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / n;
        let deviation = of_type.rate / of_type.rate_shape.sqrt();
        assert!(
            (mean - of_type.rate).abs() < 4.5 * deviation / n.sqrt(),
            "{}: {mean}",
            of_type.name
        );
    }
}

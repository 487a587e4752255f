//! Each statement of the generator about the truth, held against what it generates.

use std::sync::OnceLock;

use rayon::prelude::*;
use regulars_datasets::history::catalogue::ASSOCIATIONS;
use regulars_datasets::history::life::Life;
use regulars_datasets::history::profiles::PROFILES;
use regulars_datasets::history::rows::{Kind, Row};
use regulars_datasets::history::shopping::BasketCounts;
use regulars_datasets::history::truth::{ChurnTruth, UpliftTruth, churn, uplift};
use regulars_datasets::history::{Params, World};

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
        println!(
            "{what} {number}: {} customers, {seen} churned, {expected:.1} expected, {away:.2}",
            tenth.len()
        );
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
    for (profile, of_type) in PROFILES.iter().enumerate() {
        let of: Vec<_> = lived()
            .truths
            .iter()
            .filter(|t| t.profile == profile)
            .collect();
        let expected: f64 = of.iter().map(|t| t.everything).sum();
        let variance: f64 = of.iter().map(|t| t.everything * (1.0 - t.everything)).sum();
        let seen = of.iter().filter(|t| t.churned).count() as f64;
        let away = (seen - expected) / variance.sqrt();
        println!(
            "{}: {} of {}, {expected:.1} expected",
            of_type.name,
            seen,
            of.len()
        );
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
    println!(
        "auc: everything {everything:.4}, observed {observed:.4}, recency {recency:.4}, rate {:.4}, n {}, churned {:.4}",
        scored.iter().filter(|t| t.churned).count() as f64 / scored.len() as f64,
        scored.len(),
        0.0
    );
    assert!(recency < observed && observed < everything);
}

#[test]
fn uplift_is_exactly_zero_for_types_that_no_campaign_moves() {
    let mut moved = 0;
    for truth in &lived().uplifts {
        let profile = lived().lives[truth.customer as usize - 1].1;
        let campaign = lived().world.calendar.campaigns[truth.campaign];
        let effect = PROFILES[profile].campaigns[campaign.kind];
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
    for (profile, of_type) in PROFILES.iter().enumerate() {
        let mut sums = [[0.0_f64; 4]; 2]; // arm: people, bought, expected, variance
        for truth in &lived().uplifts {
            if lived().lives[truth.customer as usize - 1].1 == profile {
                let p = if truth.treated {
                    truth.if_contacted
                } else {
                    truth.if_not
                };
                let arm = &mut sums[usize::from(truth.treated)];
                arm[0] += 1.0;
                arm[1] += f64::from(u8::from(truth.bought));
                arm[2] += p;
                arm[3] += p * (1.0 - p);
            }
        }
        for [people, bought, expected, variance] in sums {
            let away = (bought - expected) / variance.sqrt();
            println!(
                "{}: {bought} of {people} bought, {expected:.1} expected",
                of_type.name
            );
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
    let mut by_hand = vec![[0_u64; 3]; ASSOCIATIONS.len()];
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
                .map(|row| catalogue.products[(row.product.unwrap() - 1001) as usize].of)
                .collect();
            for (pattern, counts) in ASSOCIATIONS.iter().zip(&mut by_hand) {
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
    for (number, pattern) in ASSOCIATIONS.iter().enumerate() {
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
        println!(
            "{} => {}: in {share:.4} of baskets, lift {lift:.2}, seen {seen:.2}",
            pattern.antecedent, pattern.consequent
        );
        assert!(
            (seen / lift).ln().abs() < 4.0 * error,
            "{}: {seen} instead of {lift}",
            pattern.consequent
        );
    }
}

use super::super::Pattern;
use super::{all, counts, generator};

fn mean_length<'a>(sets: impl ExactSizeIterator<Item = &'a Vec<u32>>) -> f64 {
    let count = sets.len() as f64;
    sets.map(Vec::len).sum::<usize>() as f64 / count
}

/// The published T10I4D100K has a mean length of 10.1, and so has this one: itemsets that are
/// put in although they do not fit add a little more than those that wait take away.
#[test]
fn t10i4d100k_is_as_long_as_its_name_says_and_as_the_published_one() {
    let generator = generator("T10I4D100K", 1);
    let baskets = all(&generator);
    assert_eq!(baskets.len(), 100_000);
    // Lengths vary by 3.7, so the mean of 100,000 by 0.012; five such to either side.
    let mean = mean_length(baskets.iter());
    assert!((mean - 10.1).abs() < 0.06, "{mean}");

    // Itemsets draw about 2,000 * 4 * (1 - 0.43) = 4,560 items afresh, which leave
    // out exp(-4.56) = 1 % of 1,000; some more are only in itemsets with corruption 1.
    // The published set, made by a program that prefers some items, has 870.
    let occurring = counts(&baskets, 1_000).iter().filter(|&&n| n > 0).count();
    assert!((970..1_000).contains(&occurring), "{occurring}");
}

#[test]
fn the_mean_length_follows_the_name() {
    for (name, wanted) in [
        ("T5I2D20K", 5.0),
        ("T20I6D20K", 20.0),
        ("T30I3D20KN5KL1K", 30.0),
        // Longer than its name says, since the first itemset alone is.
        ("T2I4D20K", 4.0),
    ] {
        // The documentation says 2 %; the mean of 20,000 varies by 0.2 to 0.3 %.
        let mean = mean_length(all(&generator(name, 1)).iter());
        assert!((mean / wanted - 1.0).abs() < 0.02, "{name}: {mean}");
    }
}

#[test]
fn itemsets_are_as_many_and_as_long_as_the_name_says() {
    for (name, count, wanted) in [
        ("T10I4D1K", 2_000, 4.0),
        ("T10I1D1K", 2_000, 1.0),
        ("T20I10D1KN5KL3K", 3_000, 10.0),
    ] {
        let generator = generator(name, 1);
        assert_eq!(generator.patterns().len(), count);
        let mean = mean_length(generator.patterns().iter().map(|p| &p.items));
        // 1 plus Poisson: the variance is the mean less 1. Four standard errors.
        let error = ((wanted - 1.0) / count as f64).sqrt();
        assert!((mean - wanted).abs() <= 4.0 * error, "{name}: {mean}");
    }
}

/// A share of min(1, 0.5 e) with an exponential e is 0.5 (1 - exp(-2)) = 0.43 on average.
/// Two itemsets drawn apart would share 4 items in 1,000.
#[test]
fn an_itemset_takes_items_from_the_one_before_and_no_more_from_others() {
    let generator = generator("T10I4D1K", 1);
    let share = |apart: usize| {
        let (mut shared, mut items) = (0, 0);
        for two in generator.patterns().windows(apart + 1) {
            let (earlier, later) = (&two[0].items, &two[apart].items);
            shared += later.iter().filter(|item| earlier.contains(item)).count();
            items += later.len();
        }
        f64::from(shared as u32) / items as f64
    };
    // 8,000 items: a standard error of 0.006 if each were drawn apart, about twice that as
    // those of an itemset share a fraction. Rounding to whole items and short neighbours,
    // which have fewer to give, take off up to 0.07.
    assert!((0.33..0.46).contains(&share(1)), "{}", share(1));
    assert!(share(10) < 0.02, "{}", share(10));
}

/// The corruption of 2,000 itemsets: a normal distribution with mean 0.5 and variance 0.1.
#[test]
fn corruption_has_the_spread_of_the_paper() {
    let generator = generator("T10I4D1K", 1);
    let corruption = |test: fn(f64) -> bool| {
        let of = |pattern: &&Pattern| test(pattern.corruption);
        generator.patterns().iter().filter(of).count()
    };
    // P(below 0.5) = 0.5: 1,000 with a standard error of 22. P(cut off at 1) = P(z > 1.58) =
    // 0.057: 114 with one of 10. Four of them to either side.
    assert!((910..1_090).contains(&corruption(|c| c < 0.5)));
    assert!((72..156).contains(&corruption(|c| c == 1.0)));
    assert!((72..156).contains(&corruption(|c| c == 0.0)));
}

#[test]
fn items_of_a_heavy_itemset_are_together_far_more_often_than_chance() {
    let generator = generator("T10I4D20K", 1);
    let baskets = all(&generator);
    let single = counts(&baskets, 1_000);

    let mut heavy: Vec<&Pattern> = generator.patterns().iter().collect();
    heavy.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    // Others seldom show two of their items together: that is what corruption is.
    heavy.retain(|pattern| pattern.corruption < 0.5);
    let mut pairs = 0;
    for pattern in &heavy[..20] {
        for (i, a) in pattern.items.iter().enumerate() {
            for b in &pattern.items[i + 1..] {
                let both = |basket: &&Vec<u32>| basket.contains(a) && basket.contains(b);
                let together = baskets.iter().filter(both).count() as f64;
                let of = |item: &u32| single[*item as usize] as f64;
                let chance = of(a) * of(b) / baskets.len() as f64;
                // Counts about `chance` vary by its root.
                let most = (3.0 * chance).max(chance + 6.0 * chance.sqrt());
                assert!(together > most, "{a}, {b}: {together}, by chance {chance}");
                pairs += 1;
            }
        }
    }
    assert!(pairs >= 60, "only {pairs} pairs to look at");
}

/// An itemset goes in whole with chance 1 - c, where c is its corruption, so never with c = 1.
/// Looked at are itemsets of four items and more that have at most half of them in any other
/// itemset: they are seldom whole by way of others.
#[test]
fn itemsets_are_whole_as_often_as_their_corruption_allows() {
    let generator = generator("T10I4D20KN100K", 1);
    let baskets = all(&generator);
    let whole = |pattern: &Pattern| {
        let holds = |basket: &&Vec<u32>| {
            let mut items = pattern.items.iter();
            items.all(|item| basket.binary_search(item).is_ok())
        };
        baskets.iter().filter(holds).count() as f64
    };
    let patterns = generator.patterns();
    let own: Vec<&Pattern> = patterns
        .iter()
        .filter(|pattern| {
            let shared = |other: &Pattern| {
                let items = pattern.items.iter();
                items.filter(|item| other.items.contains(item)).count()
            };
            let near = |other: &&Pattern| 2 * shared(other) > pattern.items.len();
            // The itemset is near itself.
            pattern.items.len() >= 4 && patterns.iter().filter(near).count() == 1
        })
        .collect();
    // Times whole per weight, and what part of the weight corruption leaves.
    let rate = |least: f64, most: f64| {
        let (mut times, mut weight, mut left) = (0.0, 0.0, 0.0);
        for pattern in &own {
            let c = pattern.corruption;
            if (least..=most).contains(&c) {
                times += whole(pattern);
                weight += pattern.weight;
                left += pattern.weight * (1.0 - c);
            }
        }
        (times / weight, left / weight, times)
    };
    let (always, _, _) = rate(0.0, 0.0);
    for (least, most) in [(0.2, 0.4), (0.4, 0.6), (0.6, 0.8)] {
        let (often, left, times) = rate(least, most);
        // Two counts of 1,500 and more: their ratio varies by less than 4 %.
        assert!(times > 1_500.0, "{least}: {times}");
        assert!(
            (often / always / left - 1.0).abs() < 0.1,
            "{least}: {often} of {always}"
        );
    }
    let (never, _, _) = rate(1.0, 1.0);
    assert!(never < 0.02 * always, "{never} of {always}");
}

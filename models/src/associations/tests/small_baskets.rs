//! Shops of small baskets whose truth is known: which pairs are planted, and that no other is.

use super::*;

/// How many items a customer wants.
#[derive(Clone, Copy, Debug)]
enum Sizes {
    /// One, and others by chance.
    Poisson,
    /// One, and another one again and again: the most different appetites.
    Geometric,
    /// All nearly the same.
    Even,
}

/// How a planted pair comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Planted {
    /// The second item comes on top of what was wanted.
    OnTop,
    /// The second item takes the place of another.
    InPlace,
}

/// The chance that the second item of a planted pair follows the first.
const FOLLOWS: f64 = 0.4;

struct Shop {
    mean: f64,
    sizes: Sizes,
    planted: Planted,
    items: usize,
}

impl Shop {
    /// Popular items, and others that follow them.
    fn pairs(&self) -> [[u32; 2]; 4] {
        let at = |share: f64| (share * self.items as f64) as u32;
        [
            [at(0.02), at(0.3)],
            [at(0.05), at(0.4)],
            [at(0.08), at(0.5)],
            [at(0.1), at(0.6)],
        ]
    }

    fn baskets(&self, n: usize, seed: u64) -> Baskets {
        let mut random = random_source(seed);
        let mut uniform = move || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        // Popularity falls with the root of the place.
        let weights = (0..self.items).map(|item| 1.0 / ((item + 1) as f64).sqrt());
        let up_to: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let pairs = self.pairs();
        let more = self.mean - 1.0;
        let lists: Vec<Vec<u32>> = (0..n)
            .map(|_| {
                let wanted = 1 + match self.sizes {
                    Sizes::Even => more.floor() as usize + usize::from(uniform() < more.fract()),
                    Sizes::Geometric => {
                        let again = more / (1.0 + more);
                        (0..).take_while(|_| uniform() < again).count()
                    }
                    Sizes::Poisson => {
                        let (least, mut product) = ((-more).exp(), uniform());
                        let mut count = 0;
                        while product > least {
                            product *= uniform();
                            count += 1;
                        }
                        count
                    }
                };
                let wanted = wanted.min(self.items / 2);
                let mut basket: Vec<u32> = Vec::new();
                while basket.len() < wanted {
                    let drawn = uniform() * up_to[self.items - 1];
                    let item = up_to.partition_point(|sum| *sum < drawn) as u32;
                    if basket.contains(&item) {
                        continue;
                    }
                    basket.push(item);
                    let in_place = self.planted == Planted::InPlace && basket.len() < wanted;
                    for [first, second] in pairs {
                        if in_place
                            && item == first
                            && !basket.contains(&second)
                            && basket.len() < wanted
                            && uniform() < FOLLOWS
                        {
                            basket.push(second);
                        }
                    }
                }
                if self.planted == Planted::OnTop {
                    for [first, second] in pairs {
                        if basket.contains(&first) && uniform() < FOLLOWS {
                            basket.push(second);
                        }
                    }
                }
                basket
            })
            .collect();
        let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
        baskets_of(&lists, self.items)
    }
}

/// The pairs that are chosen from baskets as a run chooses them.
fn chosen(baskets: &Baskets) -> Vec<Rule> {
    let params = ItemsetParams::new(MinSupport::Share(0.001)).max_len(3);
    let itemsets = params.check().unwrap().fit(baskets).unwrap();
    let rules = make_rules(&itemsets, RuleParams::new().min_lift(1.2));
    let valid = SelectionParams::new().check().unwrap();
    let selection = valid.fit(&rules, baskets, &Strata::by_size(baskets));
    (selection.selected.into_iter())
        .map(|chosen| chosen.rule)
        .collect()
}

#[test]
fn planted_pairs_are_found_and_no_others_whatever_the_size_of_baskets() {
    let mut report = Vec::new();
    for mean in [1.5, 2.0, 3.0, 5.0, 10.0] {
        let [mut planted, mut found, mut wrong, mut held] = [0; 4];
        for sizes in [Sizes::Poisson, Sizes::Geometric, Sizes::Even] {
            for how in [Planted::OnTop, Planted::InPlace] {
                for items in [40, 150] {
                    let shop = Shop {
                        mean,
                        sizes,
                        planted: how,
                        items,
                    };
                    let rules = chosen(&shop.baskets(20_000, 7));
                    let later = measure_later(&rules, &shop.baskets(20_000, 8), 0.05);
                    let pairs = shop.pairs();
                    let is_planted = |rule: &Rule| {
                        let mut items = [&rule.antecedent[..], &rule.consequent].concat();
                        items.sort_unstable();
                        pairs.iter().any(|pair| items == pair)
                    };
                    planted += pairs.len();
                    found += rules.iter().filter(|rule| is_planted(rule)).count();
                    wrong += rules.iter().filter(|rule| !is_planted(rule)).count();
                    let again = rules.iter().zip(&later);
                    held += again
                        .filter(|(rule, later)| is_planted(rule) && later.held_up == Some(true))
                        .count();
                }
            }
        }
        report.push(format!(
            "mean {mean}: {found} of {planted} found, {held} held up, {wrong} false"
        ));
        assert!(found * 100 >= planted * 95, "{report:#?}");
        assert!(wrong * 100 <= 5 * (found + wrong), "{report:#?}");
        assert!(held * 100 >= found * 95, "{report:#?}");
    }
    println!("{report:#?}");
}

#[test]
fn what_fills_a_basket_together_is_no_substitute() {
    // One of five teas, and beside it a mug, a filter, both or neither, more often both.
    let mut lists: Vec<Vec<u32>> = Vec::new();
    for basket in 0..3000_u32 {
        let draw = basket * 7919 % 1000;
        let extra: &[u32] = match draw {
            0..210 => &[5, 6],
            210..300 => &[5],
            300..335 => &[6],
            _ => &[],
        };
        lists.push([&[basket % 5][..], extra].concat());
    }
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    let baskets = baskets_of(&lists, 7);
    let params = PairParams::new(MinSupport::Share(0.01)).check().unwrap();
    let pairs = params.fit(&baskets, None).unwrap();
    let found = |[a, b]: [u32; 2]| pairs.substitutes.iter().any(|pair| pair.items == [a, b]);
    assert!(!found([5, 6]), "{:?}", pairs.substitutes);
    // Teas are, for nobody takes two.
    assert!(found([0, 1]), "{:?}", pairs.substitutes);
}

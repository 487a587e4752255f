//! Rules among the baskets in which their items were on sale, against the same rules mined from those
//! baskets alone.

use super::{
    super::{adjusted::adjust_by, index::ItemIndex},
    *,
};

/// When and where random items were on sale, such that every basket lies within it, and that.
struct Shop {
    lists: Vec<Vec<u32>>,
    days: Vec<i32>,
    places: Vec<u32>,
    items: Vec<[i32; 2]>,
    never: Vec<Vec<u32>>,
}

const ITEMS: u32 = 6;
const PLACES: u32 = 4;
const DAYS: u32 = 10;

impl Shop {
    fn random(random: &mut Xoshiro256PlusPlus) -> Self {
        let mut below = |n: u32| (random.next_u64() % u64::from(n)) as u32;
        let mut items = Vec::new();
        let mut never = Vec::new();
        // In every third shop nearly everything is on sale always and everywhere.
        let [always, not_there] = match below(3) {
            0 => [9, 40],
            _ => [3, 5],
        };
        for _ in 0..ITEMS {
            let from = below(DAYS) as i32;
            // Some always are.
            items.push(match below(10) < always {
                true => [i32::MIN, i32::MAX],
                false => [from, from + 1 + below(DAYS) as i32],
            });
            let places = (0..PLACES).filter(|_| below(not_there) == 0);
            never.push(places.collect::<Vec<u32>>());
        }
        let mut shop = Self {
            lists: Vec::new(),
            days: Vec::new(),
            places: Vec::new(),
            items,
            never,
        };
        for _ in 0..below(120) {
            let day = below(DAYS) as i32;
            let place = match below(6) {
                0 => u32::MAX,
                _ => below(PLACES),
            };
            let can = |item: &u32| {
                let [from, until] = shop.items[*item as usize];
                from <= day && day < until && !shop.never[*item as usize].contains(&place)
            };
            let list = (0..ITEMS).filter(|item| below(10) < 3 + item % 3 * 2 && can(item));
            shop.lists.push(list.collect());
            shop.days.push(day);
            shop.places.push(place);
        }
        shop
    }

    fn baskets(&self) -> Baskets {
        baskets_of(
            &self.lists.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            ITEMS as usize,
        )
    }

    fn on_sale(&self) -> OnSale<'_> {
        OnSale {
            days: &self.days,
            items: &self.items,
            places: Some(Places {
                baskets: &self.places,
                never: &self.never,
            }),
        }
    }

    /// The baskets in which all of these items could have been, or all baskets if those are nearly all.
    fn among(&self, items: &[u32]) -> Vec<usize> {
        let could = |basket: &usize| {
            items.iter().all(|&item| {
                let [from, until] = self.items[item as usize];
                let day = self.days[*basket];
                from <= day
                    && day < until
                    && !self.never[item as usize].contains(&self.places[*basket])
            })
        };
        let all = 0..self.days.len();
        let some: Vec<usize> = all.clone().filter(could).collect();
        match some.len() as f64 >= 0.95 * all.len() as f64 {
            true => all.collect(),
            false => some,
        }
    }
}

#[test]
fn rules_are_those_of_the_baskets_in_which_there_was_a_choice() {
    let mut random = random_source(19);
    let (mut whole, mut some) = (0, 0);
    for _ in 0..150 {
        let shop = Shop::random(&mut random);
        let baskets = shop.baskets();
        let itemsets = mine(&baskets, 2);
        let params = every_rule()
            .max_consequent(2)
            .redundancy(Redundancy::Improvement)
            .min_improvement(0.0)
            .check()
            .unwrap();
        let keep = every_rule().max_consequent(2).check().unwrap();
        let [found, again] =
            on_one_and_two_threads(|| keep.fit_on_sale(&itemsets, &baskets, &shop.on_sale()));
        assert_eq!(found, again);
        assert_eq!(found.n_candidates(), keep.fit(&itemsets).n_candidates());
        let better = params.fit_on_sale(&itemsets, &baskets, &shop.on_sale());
        assert!(better.as_slice().iter().all(|rule| rule.improvement > 0.0));
        for rule in found.as_slice() {
            let items = [&rule.antecedent[..], &rule.consequent].concat();
            let chosen = shop.among(&items);
            let part = baskets.part(&chosen);
            *(if chosen.len() < shop.days.len() {
                &mut some
            } else {
                &mut whole
            }) += 1;
            let there = rule_of(&rule.antecedent, &rule.consequent, &part);
            assert_eq!(rule.measures, there.measures);
            // The same rule among the rules of those baskets, which are mined down to one.
            let all = keep.fit(&mine(&part, 1));
            let mined = all.as_slice().iter().find(|other| {
                (&other.antecedent, &other.consequent) == (&rule.antecedent, &rule.consequent)
            });
            assert_eq!(mined.unwrap().improvement, rule.improvement);
        }
    }
    assert!(whole > 500 && some > 500, "{whole} {some}");
}

#[test]
fn the_size_of_baskets_and_later_ones_are_looked_at_there_too() {
    let mut random = random_source(23);
    let mut some = 0;
    for _ in 0..60 {
        let shop = Shop::random(&mut random);
        let baskets = shop.baskets();
        let rules = every_rule()
            .check()
            .unwrap()
            .fit_on_sale(&mine(&baskets, 3), &baskets, &shop.on_sale())
            .into_vec();
        let strata = Strata::by_size(&baskets);
        let index = ItemIndex::in_strata(&rules, &baskets, &strata);
        let on_sale = shop.on_sale();
        let adjusted = adjust_by(&rules, &index, &strata, 1.5, 50, Some(&on_sale));
        let later = measure_later_on_sale(&rules, &baskets, 0.05, &on_sale, None);
        let again = remeasure_on_sale(&rules, &baskets, &on_sale);
        for (i, rule) in rules.iter().enumerate() {
            let items = [&rule.antecedent[..], &rule.consequent].concat();
            let part = baskets.part(&shop.among(&items));
            some += usize::from(part.n_baskets() < baskets.n_baskets());
            let rule = std::slice::from_ref(rule);
            let alone = adjust(rule, &part, &Strata::by_size(&part), 1.5, 50)[0];
            close(adjusted[i].p_value, alone.p_value);
            assert_eq!(adjusted[i].odds_ratio.is_nan(), alone.odds_ratio.is_nan());
            if alone.expected > 0.0 {
                close(adjusted[i].expected, alone.expected);
            }
            assert_eq!(later[i].measures, rule[0].measures);
            assert_eq!(again[i], rule[0].measures);
        }
    }
    assert!(some > 100, "{some}");
}

#[test]
fn two_things_of_december_go_together_no_more_than_in_december() {
    // 900 baskets of other months with bread, 100 of December: tinsel in half, baubles in half, by turns.
    let mut lists: Vec<Vec<u32>> = vec![vec![0]; 900];
    lists.extend((0..100_u32).map(|b| {
        let mut basket = vec![0];
        basket.extend((b % 2 == 0).then_some(1));
        basket.extend((b / 2 % 2 == 0).then_some(2));
        basket
    }));
    let lists: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    let baskets = baskets_of(&lists, 3);
    let days: Vec<i32> = (0..1000).map(|b| i32::from(b >= 900)).collect();
    let items = [[0, 2], [1, 2], [1, 2]];
    let on_sale = OnSale {
        days: &days,
        items: &items,
        places: None,
    };
    let itemsets = mine(&baskets, 5);
    let params = every_rule().check().unwrap();
    let lift = |rules: Rules| {
        let mut rules = rules.into_vec().into_iter();
        let rule = rules.find(|rule| (&rule.antecedent[..], &rule.consequent[..]) == (&[1], &[2]));
        let measures = rule.unwrap().measures;
        (measures.n_baskets, measures.lift)
    };
    assert_eq!(lift(params.fit(&itemsets)), (1000, 10.0));
    let sold = params.fit_on_sale(&itemsets, &baskets, &on_sale);
    assert_eq!(lift(sold), (100, 1.0));
}

#[test]
fn what_is_gone_has_not_shown_anything() {
    // Later nobody buys the second item: it is gone, or it is there and nobody wants it.
    let mut found: Vec<&[u32]> = vec![&[0, 1]; 60];
    found.extend(vec![&[0][..]; 40]);
    found.extend(vec![&[2][..]; 200]);
    let rules = [rule_of(&[0], &[1], &baskets_of(&found, 3))];
    let mut later: Vec<&[u32]> = vec![&[0]; 50];
    later.extend(vec![&[2][..]; 50]);
    let later = baskets_of(&later, 3);
    let days: Vec<i32> = (0..100).collect();
    let held_up = |until: i32, before: Option<&[Measures]>| {
        let items = [[0, 100], [0, until], [0, 100]];
        let on_sale = OnSale {
            days: &days,
            items: &items,
            places: None,
        };
        measure_later_on_sale(&rules, &later, 0.05, &on_sale, before)[0].held_up
    };
    assert_eq!(held_up(100, None), Some(false));
    assert_eq!(held_up(0, None), None);
    assert_eq!(held_up(2, None), None);
    // In the same weeks of the year before it was no rule either, or nothing is known of them.
    let weak = Measures::from_counts(100, 50, 2, 1);
    assert_eq!(held_up(100, Some(&[weak])), None);
    let nothing = Measures::from_counts(100, 0, 2, 0);
    assert_eq!(held_up(100, Some(&[nothing])), Some(false));
}

#[test]
#[should_panic(expected = "a day for each basket")]
fn days_of_other_baskets_are_refused() {
    let baskets = baskets_of(&[&[0, 1], &[0]], 2);
    let on_sale = OnSale {
        days: &[1],
        items: &[[0, 2]; 2],
        places: None,
    };
    let params = every_rule().check().unwrap();
    params.fit_on_sale(&mine(&baskets, 1), &baskets, &on_sale);
}

//! Who is in a cluster, as a short rule over features that a person can read, and how far to trust it.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use regulars_models::tree::{ColumnName, Condition, DecisionTree, LeafRule, Missing};

use crate::contract::features::{Column, Shop};
use crate::failure::{Failure, Result};
use crate::text::round;

/// A rule is learned from at most so many customers, evenly spaced.
const ROWS: usize = 50_000;
/// A rule has at most so many ways into the cluster, and asks at most so much on each.
const LEAVES: usize = 6;
const DEPTH: usize = 3;

/// The rule of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// By the names of the columns; empty where no short rule finds most of what it
    /// takes to be right.
    pub text: String,
    /// The same in words and units.
    pub words: String,
    /// Of the customers of the cluster, the share that the rule finds.
    pub finds: f64,
    /// Of the customers whom the rule takes, the share that is of the cluster.
    pub right: f64,
    /// Of all customers, the share that the rule puts on the right side.
    pub fidelity: f64,
}

/// A column in words; nothing is said of missing values where nobody lacks one.
struct Known<'a> {
    name: &'a str,
    never_missing: bool,
}

impl ColumnName for Known<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn category(&self, _: u16) -> Option<&str> {
        None
    }

    fn never_missing(&self) -> bool {
        self.never_missing
    }
}

/// A column in the words and units of the catalogue.
struct Spoken<'a> {
    column: Column<'a>,
    title: String,
    never_missing: bool,
    shop: Shop<'a>,
}

impl ColumnName for Spoken<'_> {
    fn name(&self) -> &str {
        &self.title
    }

    fn category(&self, _: u16) -> Option<&str> {
        None
    }

    fn never_missing(&self) -> bool {
        self.never_missing
    }

    fn between(&self, above: Option<f32>, at_most: Option<f32>) -> String {
        // A category of an attribute, `region = North`, is 1 for who is of it.
        if let Some((attribute, category)) = self.title.split_once(" = ") {
            return match above.is_some() {
                true => tr!(
                    "{attribute} is {category}",
                    attribute = attribute,
                    category = category
                ),
                false => tr!(
                    "{attribute} is not {category}",
                    attribute = attribute,
                    category = category
                ),
            };
        }
        // What is halfway between two values has more digits than say anything.
        let [above, at_most] = [above, at_most].map(|bound| bound.map(|b| round(b.into(), 3)));
        self.column.between(above, at_most, self.shop)
    }

    fn is_there(&self) -> String {
        tr!("{column} is known", column = self.title)
    }

    fn missing(&self) -> String {
        self.column.missing()
    }

    fn is_missing(&self) -> String {
        self.column.missing()
    }
}

/// A rule for each cluster, from a readable tree of its own.
///
/// - `values`: customers by features, as the features have them.
pub fn rules(
    values: &Array2<f64>,
    names: &[String],
    labels: &[usize],
    clusters: usize,
    shop: Shop<'_>,
) -> Result<Vec<Rule>> {
    let all = labels.len();
    let rows = all.min(ROWS);
    let spaced: Vec<usize> = (0..rows).map(|row| row * all / rows).collect();
    let x = values.select(Axis(0), &spaced).mapv(|value| value as f32);
    let known = |column: ndarray::ArrayView1<'_, f64>| !column.iter().any(|value| value.is_nan());
    let columns = || names.iter().zip(values.columns());
    let plain: Vec<Known<'_>> = columns()
        .map(|(name, column)| Known {
            name,
            never_missing: known(column),
        })
        .collect();
    let spoken: Vec<Spoken<'_>> = columns()
        .map(|(name, values)| {
            let column = Column::named(name);
            Spoken {
                title: column.title(),
                never_missing: known(values),
                column,
                shop,
            }
        })
        .collect();
    let labels: Vec<usize> = spaced.iter().map(|row| labels[*row]).collect();
    (0..clusters)
        .into_par_iter()
        .map(|cluster| {
            let member: Vec<bool> = labels.iter().map(|label| *label == cluster).collect();
            rule(&x, (&plain, &spoken), &member)
        })
        .collect()
}

/// The rule of the members.
///
/// - `names`: of the columns, and the same in words.
fn rule(
    x: &Array2<f32>,
    (names, spoken): (&[Known<'_>], &[Spoken<'_>]),
    member: &[bool],
) -> Result<Rule> {
    let members = member.iter().filter(|member| **member).count();
    // A tree needs both.
    if members == 0 || members == member.len() {
        return Ok(Rule {
            text: String::new(),
            words: String::new(),
            finds: f64::NAN,
            right: f64::NAN,
            fidelity: f64::NAN,
        });
    }
    let tree = DecisionTree::params()
        .max_leaves(LEAVES)
        .max_depth(Some(DEPTH))
        .min_rows_per_leaf((member.len() / 200).clamp(2, 500))
        .prior_rows(0.0)
        .fit(&Dataset::new(
            x.clone(),
            ndarray::Array1::from(member.to_vec()),
        ))
        .map_err(|error| Failure::machine(format!("the rules of the clusters: {error}")))?;
    let leaves: Vec<LeafRule> = tree.rules();
    let takes = |leaf: &&LeafRule| leaf.rate > 0.5;
    let taking: Vec<&LeafRule> = leaves.iter().filter(takes).collect();
    let of = tree.leaf_numbers(x.view());
    let (mut taken, mut hits) = (0, 0);
    for (leaf, member) in of.iter().zip(member) {
        if taking.iter().any(|rule| rule.leaf == *leaf) {
            taken += 1;
            hits += usize::from(*member);
        }
    }
    let wrong = (taken - hits) + (members - hits);
    let ways = joined(taking.iter().map(|leaf| leaf.conditions.clone()).collect());
    Ok(Rule {
        text: said(&ways, names, &CODE),
        words: said(&ways, spoken, &WORDS),
        finds: hits as f64 / members as f64,
        right: hits as f64 / taken as f64,
        fidelity: 1.0 - wrong as f64 / member.len() as f64,
    })
}

/// How conditions become a sentence.
struct Wording {
    /// Every customer.
    all: fn() -> String,
    /// Two conditions of which both hold.
    both: fn(String, String) -> String,
    /// Two ways in.
    either: fn(String, String) -> String,
    /// What belongs together.
    together: fn(String) -> String,
}

/// Rules over the names of columns are in English.
const CODE: Wording = Wording {
    all: || "all customers".to_owned(),
    both: |first, second| format!("{first} and {second}"),
    either: |first, second| format!("{first} or {second}"),
    together: |text| format!("({text})"),
};

/// Rules in words are in the language of the command.
const WORDS: Wording = Wording {
    all: || tr!("all customers"),
    both: |first, second| {
        tr!(
            "{condition} and {further_condition}",
            condition = first,
            further_condition = second
        )
    },
    either: |first, second| tr!("{way} or {other_way}", way = first, other_way = second),
    together: |text| tr!("({conditions})", conditions = text),
};

/// Ways into the cluster as one sentence.
fn said<N: ColumnName>(ways: &[Vec<Condition>], names: &[N], wording: &Wording) -> String {
    let several = ways.len() > 1;
    let way = |way: &Vec<Condition>| {
        let condition = |condition: &Condition| {
            let (text, either) = asked(condition, names, wording);
            match either && (way.len() > 1 || several) {
                true => (wording.together)(text),
                false => text,
            }
        };
        let text = way.iter().map(condition).reduce(wording.both);
        let text = text.unwrap_or_else(wording.all);
        match several && way.len() > 1 {
            true => (wording.together)(text),
            false => text,
        }
    };
    let ways = ways.iter().map(way).reduce(wording.either);
    ways.unwrap_or_default()
}

/// A condition, and whether it lets one of two things through.
fn asked<N: ColumnName>(condition: &Condition, names: &[N], wording: &Wording) -> (String, bool) {
    let column = &names[condition.feature];
    let included = condition.missing == Missing::Included;
    if condition.categories.is_some() || !included {
        return (condition.to_text(names), false);
    }
    let text = match (condition.above, condition.at_most) {
        (None, None) => column.is_there(),
        (above, at_most) => column.between(above, at_most),
    };
    match column.never_missing() {
        true => {
            let either = text.contains(" or ");
            (text, either)
        }
        false => ((wording.either)(text, column.missing()), true),
    }
}

/// The ways with neighbours as one: two that ask the same of all columns but one, where one begins as the
/// other ends.
fn joined(mut ways: Vec<Vec<Condition>>) -> Vec<Vec<Condition>> {
    let pair = |ways: &[Vec<Condition>]| {
        for second in 1..ways.len() {
            for first in 0..second {
                if let Some(both) = union(&ways[first], &ways[second]) {
                    return Some((first, second, both));
                }
            }
        }
        None
    };
    while let Some((first, second, both)) = pair(&ways) {
        ways[first] = both;
        ways.remove(second);
    }
    ways
}

/// Two ways as one, where they are neighbours.
fn union(first: &[Condition], second: &[Condition]) -> Option<Vec<Condition>> {
    if first.len() != second.len() {
        return None;
    }
    let mut both = Vec::new();
    let mut differ = 0;
    for condition in first {
        let other = second
            .iter()
            .find(|other| other.feature == condition.feature)?;
        if same(condition, other) {
            both.push(condition.clone());
            continue;
        }
        differ += 1;
        let asked = [condition, other];
        if asked
            .iter()
            .any(|one| one.missing == Missing::Only || one.categories.is_some())
        {
            return None;
        }
        let meet =
            |low: &Condition, high: &Condition| low.at_most.is_some() && low.at_most == high.above;
        let (low, high) = match (meet(condition, other), meet(other, condition)) {
            (true, _) => (condition, other),
            (_, true) => (other, condition),
            _ => return None,
        };
        let either = asked.iter().any(|one| one.missing == Missing::Included);
        let wide = Condition {
            above: low.above,
            at_most: high.at_most,
            missing: match either {
                true => Missing::Included,
                false => Missing::Excluded,
            },
            missing_was_seen: low.missing_was_seen || high.missing_was_seen,
            ..low.clone()
        };
        let asks_nothing = wide.above.is_none() && wide.at_most.is_none() && either;
        if !asks_nothing {
            both.push(wide);
        }
    }
    (differ == 1).then_some(both)
}

/// Whether two conditions of one column let the same through.
fn same(first: &Condition, second: &Condition) -> bool {
    (first.above, first.at_most, first.missing) == (second.above, second.at_most, second.missing)
        && first.categories == second.categories
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: Shop<'_> = Shop {
        currency: "EUR",
        basket: "order",
    };

    fn asks(feature: usize, above: Option<f32>, at_most: Option<f32>) -> Condition {
        Condition {
            feature,
            above,
            at_most,
            categories: None,
            missing: Missing::Excluded,
            missing_was_seen: false,
        }
    }

    #[test]
    fn neighbours_are_one_way_in() {
        let frequent = asks(1, Some(5.0), None);
        let ways = joined(vec![
            vec![asks(0, None, Some(10.0)), frequent.clone()],
            vec![asks(0, Some(20.0), None), frequent.clone()],
            vec![asks(0, Some(10.0), Some(20.0)), frequent.clone()],
            vec![asks(0, None, Some(3.0)), asks(1, None, Some(5.0))],
        ]);
        // The first three are every known value of column 0.
        assert_eq!(ways[0], [asks(0, None, None), frequent]);
        assert_eq!(ways.len(), 2);
    }

    #[test]
    fn rules_speak_in_words_and_units() {
        let values = Array2::from_shape_fn((2000, 2), |(row, column)| match column {
            0 => (row % 20) as f64,
            _ => ((row / 20) % 2) as f64,
        });
        let rows = values.rows();
        let member = |row: ndarray::ArrayView1<'_, f64>| row[0] <= 6.0 && row[1] > 0.0;
        let labels: Vec<usize> = rows.into_iter().map(|row| member(row).into()).collect();
        let names = ["recency_days", "region = North"].map(str::to_owned);
        let found = rules(&values, &names, &labels, 2, SHOP).unwrap();
        let mut sides: Vec<&str> = found[1].words.split(" and ").collect();
        sides.sort_unstable();
        assert_eq!(
            sides,
            [
                "days since the last purchase: up to 6.5 days",
                "region is North"
            ]
        );
    }

    #[test]
    fn a_box_is_told_by_its_sides() {
        // Cluster 1: more than 10 visits, and away for at most 30 days.
        let values = Array2::from_shape_fn((2000, 2), |(row, column)| match column {
            0 => (row % 20) as f64,
            _ => (row / 20) as f64,
        });
        let labels: Vec<usize> = values
            .rows()
            .into_iter()
            .map(|row| usize::from(row[0] > 10.0 && row[1] <= 30.0))
            .collect();
        let names = ["visits", "days"].map(str::to_owned);
        let found = rules(&values, &names, &labels, 2, SHOP).unwrap();
        // Either side may be cut first.
        let mut sides: Vec<&str> = found[1].text.split(" and ").collect();
        sides.sort_unstable();
        assert_eq!(sides, ["days <= 30.5", "visits > 10.5"]);
        assert_eq!(
            (found[1].finds, found[1].right, found[1].fidelity),
            (1.0, 1.0, 1.0)
        );
        // What is left is not one box: two ways in.
        assert!(found[0].text.contains(" or "), "{}", found[0].text);
        assert_eq!(found[0].fidelity, 1.0);
    }

    #[test]
    fn a_cluster_that_no_feature_tells_has_no_rule_that_is_trusted() {
        let values = Array2::from_shape_fn((1000, 1), |(row, _)| (row % 7) as f64);
        let labels: Vec<usize> = (0..1000).map(|row| usize::from(row % 10 == 3)).collect();
        let names = ["x".to_owned()];
        let found = &rules(&values, &names, &labels, 2, SHOP).unwrap()[1];
        assert_eq!((found.text.as_str(), found.finds), ("", 0.0));
        assert!(found.right.is_nan() && found.fidelity == 0.9);
        assert!(
            rules(&values, &names, &vec![0; 1000], 1, SHOP).unwrap()[0]
                .fidelity
                .is_nan()
        );
    }
}

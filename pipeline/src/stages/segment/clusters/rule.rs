//! Who is in a cluster, as a short rule over features that a person can read, and how far to trust it.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use regulars_models::tree::{ColumnName, DecisionTree, LeafRule};

use crate::failure::{Failure, Result};

/// A rule is learned from at most so many customers, evenly spaced.
const ROWS: usize = 50_000;
/// A rule has at most so many ways into the cluster, and asks at most so much on each.
const LEAVES: usize = 6;
const DEPTH: usize = 3;

/// The rule of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// In words, by the names of the columns; empty where no short rule finds most of what it
    /// takes to be right.
    pub text: String,
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

/// A rule for each cluster, from a readable tree of its own.
///
/// - `values`: customers by features, as the features have them.
pub fn rules(
    values: &Array2<f64>,
    names: &[String],
    labels: &[usize],
    clusters: usize,
) -> Result<Vec<Rule>> {
    let all = labels.len();
    let rows = all.min(ROWS);
    let spaced: Vec<usize> = (0..rows).map(|row| row * all / rows).collect();
    let x = values.select(Axis(0), &spaced).mapv(|value| value as f32);
    let columns = names.iter().zip(values.columns());
    let names: Vec<Known<'_>> = columns
        .map(|(name, column)| Known {
            name,
            never_missing: !column.iter().any(|value| value.is_nan()),
        })
        .collect();
    let labels: Vec<usize> = spaced.iter().map(|row| labels[*row]).collect();
    (0..clusters)
        .into_par_iter()
        .map(|cluster| {
            let member: Vec<bool> = labels.iter().map(|label| *label == cluster).collect();
            rule(&x, &names, &member)
        })
        .collect()
}

fn rule(x: &Array2<f32>, names: &[Known<'_>], member: &[bool]) -> Result<Rule> {
    let members = member.iter().filter(|member| **member).count();
    // A tree needs both.
    if members == 0 || members == member.len() {
        return Ok(Rule {
            text: String::new(),
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
    let several = taking.len() > 1;
    let texts: Vec<String> = taking
        .iter()
        .map(|leaf| {
            let text = leaf.to_text(names);
            match several && leaf.conditions.len() > 1 {
                true => format!("({text})"),
                false => text,
            }
        })
        .collect();
    Ok(Rule {
        text: texts.join(" or "),
        finds: hits as f64 / members as f64,
        right: hits as f64 / taken as f64,
        fidelity: 1.0 - wrong as f64 / member.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = rules(&values, &names, &labels, 2).unwrap();
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
        let found = &rules(&values, &names, &labels, 2).unwrap()[1];
        assert_eq!((found.text.as_str(), found.finds), ("", 0.0));
        assert!(found.right.is_nan() && found.fidelity == 0.9);
        assert!(
            rules(&values, &names, &vec![0; 1000], 1).unwrap()[0]
                .fidelity
                .is_nan()
        );
    }
}

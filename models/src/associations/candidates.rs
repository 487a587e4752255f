//! Every rule that frequent itemsets can make, with the counts it needs.

use rayon::prelude::*;

use super::{Itemsets, sides::Sides, within::Within};

/// All candidates: for each frequent itemset of 2 or more items, each choice of 1 up to
/// `max_consequent` of its items as the consequent, where at least one is left over as the
/// antecedent.
pub(super) struct Candidates<'a> {
    itemsets: &'a Itemsets,
    /// For itemset length `l`, at `l`: the itemsets without their k-th item, `l` for each.
    without: Vec<Vec<u32>>,
    /// For itemset length `l`, at `l`: which items are the consequent of an itemset's first,
    /// second, ... candidate, as positions, ascending; shorter ones first.
    consequents: Vec<Vec<Vec<usize>>>,
    /// For itemset length `l`, at `l`: for each itemset and candidate, the highest confidence
    /// of that consequent under the antecedent or any part of it, the empty one included.
    best: Vec<Vec<f64>>,
    /// What is counted among the baskets alone in which its items were on sale.
    within: Option<Within>,
}

/// One candidate: which itemset, and which of its items are the consequent.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    all: &'a Candidates<'a>,
    itemset: usize,
    pub(super) items: &'a [u32],
    /// Positions in `items`, ascending.
    pub(super) consequent: &'a [usize],
    pub(super) antecedent_count: u32,
    pub(super) consequent_count: u32,
    pub(super) count: u32,
    /// The baskets that it is counted among.
    pub(super) n_baskets: u32,
    /// The highest confidence of the consequent under any proper part of the antecedent.
    pub(super) best_of_shorter: f64,
    /// The counts of the parts of its items, where it is not counted among all baskets.
    parts: Option<&'a [u32]>,
}

impl Candidate<'_> {
    pub(super) fn confidence(&self) -> f64 {
        f64::from(self.count) / f64::from(self.antecedent_count)
    }

    /// The items of the consequent, and those of the antecedent.
    pub(super) fn split(&self) -> (Vec<u32>, Vec<u32>) {
        let items = self.items.iter().copied().enumerate();
        let (consequent, antecedent): (Vec<_>, Vec<_>) =
            items.partition(|(k, _)| self.consequent.contains(k));
        let codes = |side: Vec<(usize, u32)>| side.into_iter().map(|(_, item)| item).collect();
        (codes(consequent), codes(antecedent))
    }

    /// Two equal shares are equal doubles, so no improvement is exactly 0.
    pub(super) fn improvement(&self) -> f64 {
        self.confidence() - self.best_of_shorter
    }

    /// For each proper part of the antecedent that is not empty: the number of baskets with
    /// it, and with it and the consequent.
    pub(super) fn shorter(&self) -> impl Iterator<Item = [u32; 2]> {
        let len = self.items.len();
        let antecedent: Vec<usize> = (0..len).filter(|k| !self.consequent.contains(k)).collect();
        (1..(1_u64 << antecedent.len()) - 1).map(move |part| {
            if let Some(parts) = self.parts {
                let chosen = antecedent.iter().enumerate();
                let shorter: usize = chosen
                    .filter(|(place, _)| part >> place & 1 == 1)
                    .map(|(_, k)| 1_usize << k)
                    .sum();
                return [shorter, shorter | bits(self.consequent)].map(|part| parts[part]);
            }
            let (mut with, mut without) = (self.itemset, self.itemset);
            let (mut len_with, mut len_without) = (len, len);
            for k in (0..len).rev() {
                let place = antecedent.binary_search(&k);
                let left_out = place.is_ok_and(|place| part >> place & 1 == 0);
                if left_out {
                    with = self.all.without_item(len_with, with, k);
                    len_with -= 1;
                }
                if left_out || place.is_err() {
                    without = self.all.without_item(len_without, without, k);
                    len_without -= 1;
                }
            }
            [without, with].map(|i| self.all.itemsets.count(i))
        })
    }
}

/// The bits of these positions.
fn bits(positions: &[usize]) -> usize {
    positions.iter().map(|&k| 1_usize << k).sum()
}

impl<'a> Candidate<'a> {
    /// As it is counted among other baskets, in which the parts of its items are so many.
    fn among(self, parts: &'a [u32]) -> Self {
        let consequent = bits(self.consequent);
        let antecedent = parts.len() - 1 - consequent;
        let share = |part: usize| f64::from(parts[part | consequent]) / f64::from(parts[part]);
        // All proper parts of the antecedent, the empty one last.
        let mut best_of_shorter = 0.0;
        let mut part = antecedent;
        while part > 0 {
            part = (part - 1) & antecedent;
            best_of_shorter = f64::max(best_of_shorter, share(part));
        }
        Self {
            antecedent_count: parts[antecedent],
            consequent_count: parts[consequent],
            count: parts[parts.len() - 1],
            n_baskets: parts[0],
            best_of_shorter,
            parts: Some(parts),
            ..self
        }
    }
}

impl<'a> Candidates<'a> {
    /// Counts each candidate among the baskets in which all its items were on sale.
    pub(super) fn within(self, within: Within) -> Self {
        Self {
            within: Some(within),
            ..self
        }
    }

    pub(super) fn new(itemsets: &'a Itemsets, max_consequent: usize) -> Self {
        let mut made = Self {
            within: None,
            itemsets,
            without: vec![Vec::new(); 2],
            consequents: vec![Vec::new(); 2],
            best: vec![Vec::new(); 2],
        };
        for len in 2..=itemsets.longest() {
            made.without.push(made.find_without(len));
            let consequents = (1..=max_consequent.min(len - 1))
                .flat_map(|chosen| combinations(len, chosen))
                .collect();
            made.consequents.push(consequents);
            let best = made.map_of_length(len, |candidate| {
                candidate.confidence().max(candidate.best_of_shorter)
            });
            made.best.push(best);
        }
        made
    }

    /// For each itemset of this length and each of its items, the itemset without the item.
    fn find_without(&self, len: usize) -> Vec<u32> {
        let shorter = self.itemsets.of_length(len - 1);
        let mut without = vec![0; self.itemsets.of_length(len).len() * len];
        let mut rest = &mut without[..];
        for parent in shorter.clone() {
            let n_children = self.itemsets.children(parent).len();
            let (of_parent, others) = rest.split_at_mut(n_children * len);
            rest = others;
            let rows = of_parent.chunks_exact_mut(len);
            for (child, row) in self.itemsets.children(parent).zip(rows) {
                let last = self.itemsets.set(len, child)[len - 1];
                for (k, place) in row[..len - 1].iter_mut().enumerate() {
                    // Without its k-th item, the child is the parent without it, and the last.
                    let stem = match len {
                        2 => 0,
                        _ => self.without_item(len - 1, parent, k),
                    };
                    let found = self.itemsets.child(len - 2, stem, last);
                    *place = found.expect("a subset of a frequent itemset is frequent") as u32;
                }
                row[len - 1] = parent as u32;
            }
        }
        without
    }

    /// Itemset `i`, of length `len`, without its k-th item.
    fn without_item(&self, len: usize, i: usize, k: usize) -> usize {
        let first = self.itemsets.of_length(len).start;
        self.without[len][(i - first) * len + k] as usize
    }

    /// Itemset `i`, of length `len`, without the items at these positions (descending).
    fn without_items(
        &self,
        mut len: usize,
        mut i: usize,
        positions: impl Iterator<Item = usize>,
    ) -> usize {
        for k in positions {
            i = self.without_item(len, i, k);
            len -= 1;
        }
        i
    }

    /// The candidate of itemset `i`, of length `len`, with this choice of a consequent.
    fn candidate(&self, len: usize, i: usize, which: usize) -> Candidate<'_> {
        let consequent = &self.consequents[len][which][..];
        let in_antecedent = (0..len).rev().filter(|k| !consequent.contains(k));
        let antecedent = self.without_items(len, i, consequent.iter().rev().copied());
        let consequent_count =
            self.itemsets
                .count(self.without_items(len, i, in_antecedent.clone()));
        // A part of the antecedent with one item less stands for all its own parts, too.
        let best_of_shorter = if len - consequent.len() == 1 {
            f64::from(consequent_count) / f64::from(self.itemsets.n_baskets())
        } else {
            let first = self.itemsets.of_length(len - 1).start;
            let width = self.consequents[len - 1].len();
            in_antecedent
                .map(|k| {
                    let shorter = self.without_item(len, i, k);
                    let which = number(
                        len - 1,
                        consequent.len(),
                        consequent.iter().map(|&c| if c > k { c - 1 } else { c }),
                    );
                    self.best[len - 1][(shorter - first) * width + which]
                })
                .fold(0.0, f64::max)
        };
        Candidate {
            all: self,
            itemset: i,
            items: self.itemsets.set(len, i),
            consequent,
            antecedent_count: self.itemsets.count(antecedent),
            consequent_count,
            count: self.itemsets.count(i),
            n_baskets: self.itemsets.n_baskets(),
            best_of_shorter,
            parts: None,
        }
    }

    /// What `f` says of each candidate of this length, itemset after itemset.
    fn map_of_length<T: Clone + Default + Send>(
        &self,
        len: usize,
        f: impl Fn(&Candidate) -> T + Sync,
    ) -> Vec<T> {
        let itemsets = self.itemsets.of_length(len);
        let width = self.consequents[len].len();
        let mut all = vec![T::default(); itemsets.len() * width];
        all.par_chunks_exact_mut(width)
            .zip(itemsets)
            .for_each(|(places, i)| {
                for (which, place) in places.iter_mut().enumerate() {
                    *place = f(&self.candidate(len, i, which));
                }
            });
        all
    }

    /// What `f` makes of the candidates within these limits, without those it makes nothing
    /// of; the order is that of the itemsets.
    pub(super) fn filter_map<T: Send>(
        &self,
        sides: &Sides,
        f: impl Fn(&Candidate) -> Option<T> + Sync,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for len in self.lengths(sides) {
            let f = &f;
            all.par_extend(
                self.itemsets
                    .of_length(len)
                    .into_par_iter()
                    .flat_map_iter(move |i| self.of_itemset(sides, len, i).filter_map(|c| f(&c))),
            );
        }
        all
    }

    /// Folds the candidates within these limits, each thread for itself, and joins what comes
    /// of it. The outcome must not depend on the order.
    pub(super) fn fold<T: Send>(
        &self,
        sides: &Sides,
        start: impl Fn() -> T + Sync + Send,
        take: impl Fn(T, &Candidate) -> T + Sync + Send,
        join: impl Fn(T, T) -> T + Sync + Send,
    ) -> T {
        self.lengths(sides)
            .map(|len| {
                self.itemsets
                    .of_length(len)
                    .into_par_iter()
                    .fold(&start, |folded, i| {
                        self.of_itemset(sides, len, i)
                            .fold(folded, |folded, candidate| take(folded, &candidate))
                    })
                    .reduce(&start, &join)
            })
            .fold(start(), &join)
    }

    fn lengths(&self, sides: &Sides) -> impl Iterator<Item = usize> {
        let most = sides.max_antecedent.saturating_add(sides.max_consequent);
        2..=self.itemsets.longest().min(most)
    }

    /// The candidates of one itemset, of this length, within these limits. A candidate outside
    /// of them costs a look at its items.
    fn of_itemset<'b>(
        &'b self,
        sides: &'b Sides,
        len: usize,
        i: usize,
    ) -> impl Iterator<Item = Candidate<'b>> {
        let items = self.itemsets.set(len, i);
        (self.consequents[len].iter().enumerate())
            .filter(move |(_, consequent)| sides.admit(items, consequent))
            .map(move |(which, _)| {
                let candidate = self.candidate(len, i, which);
                match self.within.as_ref().and_then(|within| within.parts(i)) {
                    Some(parts) => candidate.among(parts),
                    None => candidate,
                }
            })
    }
}

/// All choices of `chosen` out of `len` positions, each ascending, in the order that
/// [`number`] counts in.
fn combinations(len: usize, chosen: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut next: Vec<usize> = (0..chosen).collect();
    loop {
        all.push(next.clone());
        // The first position with room below its right neighbour moves up by one, and those
        // left of it go back to the start.
        let Some(moved) = (0..chosen).find(|&k| next[k] + 1 < *next.get(k + 1).unwrap_or(&len))
        else {
            return all;
        };
        next[moved] += 1;
        for (k, position) in next[..moved].iter_mut().enumerate() {
            *position = k;
        }
    }
}

/// The place of a choice of positions among all choices of 1, 2, ... out of `len`.
fn number(len: usize, chosen: usize, positions: impl Iterator<Item = usize>) -> usize {
    let shorter: usize = (1..chosen).map(|k| binomial(len, k)).sum();
    let within: usize = positions
        .enumerate()
        .map(|(k, position)| binomial(position, k + 1))
        .sum();
    shorter + within
}

fn binomial(n: usize, k: usize) -> usize {
    if k > n {
        return 0;
    }
    (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_numbered_in_the_order_they_are_listed() {
        for len in 1..=7 {
            let all: Vec<Vec<usize>> = (1..=len).flat_map(|k| combinations(len, k)).collect();
            assert_eq!(all.len(), (1 << len) - 1);
            for (i, choice) in all.iter().enumerate() {
                assert!(choice.is_sorted_by(|a, b| a < b));
                assert_eq!(number(len, choice.len(), choice.iter().copied()), i);
            }
        }
    }
}

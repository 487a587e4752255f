//! Frequent sequences and their counts.

use std::cmp::Ordering;

use super::TimeLimits;

/// One pattern and the number of customers in whose history it occurs.
///
/// It **occurs** if the customer has baskets, one for each element and in that order, that hold
/// the elements' items (and others, maybe) and lie as far apart as the [`TimeLimits`] ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence<'a> {
    /// The items of one element after the other.
    items: &'a [u32],
    /// Where each element ends in `items`.
    ends: &'a [u32],
    /// Number of customers.
    pub count: u32,
}

impl<'a> Sequence<'a> {
    /// The elements in order of time; each holds item codes, ascending, at least one.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &'a [u32]> + Clone {
        let Self { items, ends, .. } = *self;
        (0..ends.len()).map(move |i| {
            let start = i.checked_sub(1).map_or(0, |before| ends[before]);
            &items[start as usize..ends[i] as usize]
        })
    }

    /// Number of elements.
    pub fn n_elements(&self) -> usize {
        self.ends.len()
    }

    /// Number of items of all elements together.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// The elements as lists of their own.
    pub fn to_vec(&self) -> Vec<Vec<u32>> {
        self.elements().map(<[u32]>::to_vec).collect()
    }

    /// Items of all elements, one element after the other.
    pub(super) fn items(&self) -> &'a [u32] {
        self.items
    }

    /// Where each element ends among the items.
    pub(super) fn ends(&self) -> &'a [u32] {
        self.ends
    }

    /// Whether this pattern is contained in another: its elements are, in order, subsets of
    /// different elements of the other.
    pub fn is_in(&self, other: &Sequence) -> bool {
        let mut rest = other.elements();
        self.elements()
            .all(|element| rest.any(|larger| super::histories::holds(larger, element)))
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.items.len().cmp(&other.items.len()))
            .then_with(|| self.elements().cmp(other.elements()))
    }
}

/// The patterns that were found, **ordered by number of items and then by elements** (as words
/// of a dictionary: the first element decides, by its lowest code first).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequences {
    list: List,
    n_customers: u32,
    min_count: u32,
    time: TimeLimits,
}

impl Sequences {
    /// Puts patterns in order.
    pub(super) fn new(found: List, n_customers: u32, min_count: u32, time: TimeLimits) -> Self {
        let mut order: Vec<u32> = (0..found.len() as u32).collect();
        rayon::slice::ParallelSliceMut::par_sort_unstable_by(&mut order[..], |&a, &b| {
            found.get(a as usize).order(&found.get(b as usize))
        });
        let mut list = List::default();
        for i in order {
            list.push(found.get(i as usize));
        }
        Self {
            list,
            n_customers,
            min_count,
            time,
        }
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of customers that were mined, those without baskets included.
    pub fn n_customers(&self) -> u32 {
        self.n_customers
    }

    /// The minimum support as a number of customers.
    pub fn min_count(&self) -> u32 {
        self.min_count
    }

    /// How far apart the elements may lie.
    pub fn time(&self) -> TimeLimits {
        self.time
    }

    /// Pattern `i` of the order.
    ///
    /// # Panics
    /// If there is no pattern `i`.
    pub fn get(&self, i: usize) -> Sequence<'_> {
        self.list.get(i)
    }

    /// The patterns in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Sequence<'_>> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The number of customers of this pattern, if it is listed. The items of each element are
    /// ascending, each once.
    pub fn count_of(&self, elements: &[&[u32]]) -> Option<u32> {
        let n_items = elements.iter().map(|element| element.len()).sum();
        let mut range = 0..self.len();
        while !range.is_empty() {
            let middle = range.start.midpoint(range.end);
            let found = self.get(middle);
            let order = (found.n_items().cmp(&n_items))
                .then_with(|| found.elements().cmp(elements.iter().copied()));
            match order {
                Ordering::Less => range.start = middle + 1,
                Ordering::Equal => return Some(found.count),
                Ordering::Greater => range.end = middle,
            }
        }
        None
    }
}

/// Patterns side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    items: Vec<u32>,
    /// Pattern `i` has the items `item_starts[i]..item_starts[i + 1]`.
    item_starts: Vec<usize>,
    ends: Vec<u32>,
    /// Pattern `i` has the ends `end_starts[i]..end_starts[i + 1]`.
    end_starts: Vec<usize>,
    counts: Vec<u32>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            item_starts: vec![0],
            ends: Vec::new(),
            end_starts: vec![0],
            counts: Vec::new(),
        }
    }
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn get(&self, i: usize) -> Sequence<'_> {
        Sequence {
            items: &self.items[self.item_starts[i]..self.item_starts[i + 1]],
            ends: &self.ends[self.end_starts[i]..self.end_starts[i + 1]],
            count: self.counts[i],
        }
    }

    pub(super) fn push(&mut self, sequence: Sequence) {
        self.push_parts(sequence.items, sequence.ends, sequence.count);
    }

    /// Adds a pattern: its items, and where in them each element ends.
    #[inline]
    pub(super) fn push_parts(&mut self, items: &[u32], ends: &[u32], count: u32) {
        self.items.extend_from_slice(items);
        self.item_starts.push(self.items.len());
        self.ends.extend_from_slice(ends);
        self.end_starts.push(self.ends.len());
        self.counts.push(count);
    }

    /// Replaces ranks by the codes they stand for, ascending in each element.
    pub(super) fn decode(&mut self, codes: &[u32]) {
        for item in &mut self.items {
            *item = codes[*item as usize];
        }
        for i in 0..self.counts.len() {
            let items = &mut self.items[self.item_starts[i]..self.item_starts[i + 1]];
            let mut start = 0;
            for &end in &self.ends[self.end_starts[i]..self.end_starts[i + 1]] {
                items[start..end as usize].sort_unstable();
                start = end as usize;
            }
        }
    }

    /// The patterns of several lists, one list after the other.
    pub(super) fn concat(lists: Vec<Self>) -> Self {
        let mut all = Self::default();
        for list in lists {
            let (items, ends) = (all.items.len(), all.ends.len());
            all.items.extend(&list.items);
            all.ends.extend(&list.ends);
            all.counts.extend(&list.counts);
            (all.item_starts).extend(list.item_starts[1..].iter().map(|start| items + start));
            (all.end_starts).extend(list.end_starts[1..].iter().map(|start| ends + start));
        }
        all
    }
}

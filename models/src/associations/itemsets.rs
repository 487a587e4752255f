//! Frequent itemsets and their counts.

/// One itemset and the number of baskets that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Itemset<'a> {
    /// Item codes, ascending.
    pub items: &'a [u32],
    /// Number of baskets with all of them.
    pub count: u32,
}

/// All frequent itemsets, **ordered by length and then by items** (as words in a dictionary:
/// by the lowest code first).
///
/// Every subset of a frequent itemset is frequent, so with an itemset all its subsets are here,
/// whatever `min_len` leaves out of [`iter`](Self::iter). In this order those itemsets that
/// continue another by one item lie side by side, which makes the list a trie: finding a count
/// takes one binary search per item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itemsets {
    /// Items of one itemset after the other.
    items: Vec<u32>,
    counts: Vec<u32>,
    /// Itemsets of length `l` are `starts[l - 1]..starts[l]`.
    starts: Vec<usize>,
    /// Where the items of the first itemset of length `l` begin: `item_starts[l - 1]`.
    item_starts: Vec<usize>,
    /// Itemset `i` is continued by the itemsets `children[i]..children[i + 1]`.
    children: Vec<u32>,
    n_baskets: u32,
    min_len: usize,
}

impl Itemsets {
    /// Takes itemsets in their order; `starts` holds 0 and the end of each length.
    pub(super) fn new(
        items: Vec<u32>,
        counts: Vec<u32>,
        starts: Vec<usize>,
        n_baskets: u32,
        min_len: usize,
    ) -> Self {
        let mut item_starts = vec![0];
        for len in 1..starts.len() {
            item_starts.push(item_starts[len - 1] + len * (starts[len] - starts[len - 1]));
        }
        let mut made = Self {
            items,
            counts,
            starts,
            item_starts,
            children: Vec::new(),
            n_baskets,
            min_len,
        };
        made.children = made.find_children();
        made
    }

    fn find_children(&self) -> Vec<u32> {
        let n = self.counts.len();
        let mut children = Vec::with_capacity(n + 1);
        for len in 1..self.starts.len() {
            let next = self.starts[len]..self.starts.get(len + 1).copied().unwrap_or(n);
            let mut child = next.start;
            for i in self.starts[len - 1]..self.starts[len] {
                children.push(child as u32);
                let set = self.set(len, i);
                while child < next.end && &self.set(len + 1, child)[..len] == set {
                    child += 1;
                }
            }
        }
        children.push(n as u32);
        children
    }

    /// Itemset `i`, which has this length.
    pub(super) fn set(&self, len: usize, i: usize) -> &[u32] {
        &self.items[self.item_starts[len - 1] + (i - self.starts[len - 1]) * len..][..len]
    }

    /// The numbers of the itemsets of this length.
    pub(super) fn of_length(&self, len: usize) -> std::ops::Range<usize> {
        match len {
            0 => 0..0,
            _ if len < self.starts.len() => self.starts[len - 1]..self.starts[len],
            _ => self.counts.len()..self.counts.len(),
        }
    }

    /// The number of the itemset that continues itemset `i` of length `len` by `item`; length 0
    /// is the empty itemset.
    pub(super) fn child(&self, len: usize, i: usize, item: u32) -> Option<usize> {
        let range = match len {
            0 => self.of_length(1),
            _ => self.children[i] as usize..self.children[i + 1] as usize,
        };
        if range.is_empty() {
            return None;
        }
        let len = len + 1;
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low.midpoint(high);
            if self.set(len, middle)[len - 1] < item {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < range.end && self.set(len, low)[len - 1] == item).then_some(low)
    }

    /// The numbers of the itemsets that continue itemset `i`, which has at least one item.
    pub(super) fn children(&self, i: usize) -> std::ops::Range<usize> {
        self.children[i] as usize..self.children[i + 1] as usize
    }

    /// The count of itemset `i`.
    pub(super) fn count(&self, i: usize) -> u32 {
        self.counts[i]
    }

    /// The most items of an itemset; 0 if there is none.
    pub fn longest(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of baskets that were mined.
    pub fn n_baskets(&self) -> u32 {
        self.n_baskets
    }

    /// Number of itemsets that [`iter`](Self::iter) lists.
    pub fn len(&self) -> usize {
        self.counts.len() - self.first_listed()
    }

    /// Whether [`iter`](Self::iter) lists nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn first_listed(&self) -> usize {
        self.starts[(self.min_len - 1).min(self.longest())]
    }

    /// The itemsets of at least `min_len` items, ordered by length and then by items.
    pub fn iter(&self) -> impl Iterator<Item = Itemset<'_>> {
        (self.min_len..=self.longest()).flat_map(move |len| {
            self.of_length(len).map(move |i| Itemset {
                items: self.set(len, i),
                count: self.counts[i],
            })
        })
    }

    /// The number of baskets with all these items, if that is frequent.
    ///
    /// `items` are ascending, each once. The empty set is in every basket. Knows itemsets below
    /// `min_len` too. `None` for a set that is not frequent, is longer than `max_len`, or is
    /// not ascending.
    pub fn count_of(&self, items: &[u32]) -> Option<u32> {
        if items.is_empty() {
            return Some(self.n_baskets);
        }
        let mut i = 0;
        for (len, &item) in items.iter().enumerate() {
            i = self.child(len, i, item)?;
        }
        Some(self.counts[i])
    }
}

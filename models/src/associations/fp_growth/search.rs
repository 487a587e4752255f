//! The search: count what stands beside an item, keep what stays frequent, go on inside that.

use super::{
    collect::Found,
    combinations::{Combinations, MAX_ITEMS},
    ranked::{NONE, RankedBaskets},
};

/// Something with weighted paths to read: rows of baskets, or the nodes of an item in a tree.
///
/// A path lists items above one item, the nearest (least frequent) first.
trait Paths {
    fn len(&self) -> usize;
    fn weight(&self, path: usize) -> u32;
    fn climb(&self, path: usize, visit: impl FnMut(usize));
}

/// What precedes an item in the rows that hold it.
struct RowPaths<'a> {
    rows: &'a [u32],
    places: &'a [[u32; 2]],
}

impl Paths for RowPaths<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn weight(&self, _path: usize) -> u32 {
        1
    }

    #[inline]
    fn climb(&self, path: usize, mut visit: impl FnMut(usize)) {
        let [start, end] = self.places[path].map(|cell| cell as usize);
        for &rank in self.rows[start..end].iter().rev() {
            visit(rank as usize);
        }
    }
}

/// A prefix tree of weighted paths. Node 0 is the root; the others are grouped by item, in the
/// order of the items, so that a parent always has a lower number than its children.
#[derive(Default)]
pub(super) struct Tree {
    /// The items in this tree, as places in the list of frequent codes, the most frequent first.
    codes: Vec<u32>,
    /// Item `j` has the nodes `starts[j]..starts[j + 1]`.
    starts: Vec<u32>,
    /// Parent and item of each node, side by side because a climb needs both.
    nodes: Vec<[u32; 2]>,
    counts: Vec<u32>,
}

/// The paths from the nodes of one item up to the root.
struct TreePaths<'a> {
    tree: &'a Tree,
    first: usize,
    len: usize,
}

impl Paths for TreePaths<'_> {
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn weight(&self, path: usize) -> u32 {
        self.tree.counts[self.first + path]
    }

    #[inline]
    fn climb(&self, path: usize, mut visit: impl FnMut(usize)) {
        let [mut above, _] = self.tree.nodes[self.first + path];
        while above != 0 {
            let [parent, item] = self.tree.nodes[above as usize];
            visit(item as usize);
            above = parent;
        }
    }
}

/// Working memory of the step from paths to a tree; nothing in it outlives the step.
#[derive(Default)]
struct Scratch {
    /// For each item above: baskets in the lower half, paths in the upper half, so that one
    /// addition counts both.
    tally: Vec<u64>,
    /// For each item above: its number in the new tree, or `NONE`.
    local: Vec<u32>,
    /// For each item of the new tree: the paths that hold it, in `lists` up to `ends`.
    lists: Vec<u32>,
    list_starts: Vec<usize>,
    ends: Vec<usize>,
    /// The part of one path that is still frequent.
    path: Vec<u32>,
    /// For each path: the node it has reached.
    at: Vec<u32>,
    /// For each node: its newest child.
    newest_child: Vec<u32>,
}

/// One thread's search.
pub(super) struct Search<'a, F> {
    ranked: &'a RankedBaskets,
    min_count: u32,
    max_len: usize,
    scratch: Scratch,
    combinations: Combinations,
    /// The trees from the first item down to where the search is.
    trees: Vec<Tree>,
    /// The items chosen so far, as places in the list of frequent codes.
    set: Vec<u32>,
    found: Found,
    /// Told how many itemsets were found since it was last told; says whether to stop.
    report: F,
    reported: usize,
    stopped: bool,
}

impl<'a, F: Fn(usize) -> bool> Search<'a, F> {
    pub(super) fn new(
        ranked: &'a RankedBaskets,
        min_count: u32,
        max_len: usize,
        report: F,
    ) -> Self {
        Self {
            ranked,
            min_count,
            max_len,
            scratch: Scratch {
                tally: vec![0; ranked.n_items()],
                local: vec![NONE; ranked.n_items()],
                ..Scratch::default()
            },
            combinations: Combinations::default(),
            trees: Vec::new(),
            set: Vec::new(),
            found: Found::default(),
            report,
            reported: 0,
            stopped: false,
        }
    }

    /// Finds all itemsets whose least frequent item has this rank; true if told to stop.
    pub(super) fn first_item(&mut self, rank: usize) -> bool {
        let ranked = self.ranked;
        self.set.push(ranked.code_places()[rank]);
        self.found.push(&self.set, ranked.count(rank));
        if self.max_len > 1 {
            let (rows, places) = ranked.rows_and_places(rank);
            let paths = RowPaths { rows, places };
            self.grow(0, &paths, &ranked.code_places()[..rank]);
        }
        self.set.pop();
        self.tell();
        self.stopped
    }

    pub(super) fn finish(self) -> Found {
        self.found
    }

    fn tell(&mut self) {
        let n_found = self.found.len();
        self.stopped |= (self.report)(n_found - self.reported);
        self.reported = n_found;
    }

    /// Finds all itemsets made of the chosen set and items `above` it, given the paths of the
    /// chosen set. The set has room for at least one more item.
    fn grow(&mut self, depth: usize, paths: &impl Paths, above: &[u32]) {
        if self.trees.len() == depth {
            self.trees.push(Tree::default());
        }
        let mut tree = std::mem::take(&mut self.trees[depth]);
        self.count(paths, above.len());
        self.keep_frequent(above, &mut tree);
        let n_items = tree.codes.len();
        // One item left was already found beside the set, and has nothing above it.
        if n_items > 1 && self.set.len() + 1 < self.max_len {
            if n_items <= MAX_ITEMS {
                self.combine(paths, &tree);
            } else {
                self.scratch.plant(paths, &mut tree);
                self.descend(depth, &tree);
            }
        }
        self.trees[depth] = tree;
    }

    fn count(&mut self, paths: &impl Paths, n_above: usize) {
        let tally = &mut self.scratch.tally[..n_above];
        tally.fill(0);
        for path in 0..paths.len() {
            let both = u64::from(paths.weight(path)) | 1 << 32;
            paths.climb(path, |item| tally[item] += both);
        }
    }

    /// Adds the set with each item that stays frequent, and numbers those items.
    fn keep_frequent(&mut self, above: &[u32], tree: &mut Tree) {
        let scratch = &mut self.scratch;
        tree.codes.clear();
        scratch.list_starts.clear();
        let mut n_cells = 0;
        for (item, &code) in above.iter().enumerate() {
            let count = scratch.tally[item] as u32;
            if count < self.min_count {
                scratch.local[item] = NONE;
                continue;
            }
            scratch.local[item] = tree.codes.len() as u32;
            tree.codes.push(code);
            scratch.list_starts.push(n_cells);
            n_cells += (scratch.tally[item] >> 32) as usize;
            self.set.push(code);
            self.found.push(&self.set, count);
            self.set.pop();
        }
        if scratch.lists.len() < n_cells {
            scratch.lists.resize(n_cells, 0);
        }
    }

    /// Counts all combinations of the few items left in one reading of the paths.
    fn combine(&mut self, paths: &impl Paths, tree: &Tree) {
        let local = &self.scratch.local;
        self.combinations.clear(tree.codes.len());
        for path in 0..paths.len() {
            let mut mask = 0;
            // `NONE` shifts to nothing, so items that are out need no branch.
            paths.climb(path, |item| {
                mask |= 1_u64.checked_shl(local[item]).unwrap_or(0);
            });
            self.combinations.add(mask, paths.weight(path));
        }
        let room = self.max_len - self.set.len();
        self.combinations
            .frequent(self.min_count, room, &tree.codes, |codes, count| {
                let chosen = self.set.len();
                self.set.extend_from_slice(codes);
                self.found.push(&self.set, count);
                self.set.truncate(chosen);
            });
    }

    /// Goes on with each item of the tree added to the set. The item at the top has nothing
    /// above it.
    fn descend(&mut self, depth: usize, tree: &Tree) {
        for item in 1..tree.codes.len() {
            if self.found.len() - self.reported > 4096 {
                self.tell();
            }
            if self.stopped {
                return;
            }
            let first = tree.starts[item] as usize;
            let paths = TreePaths {
                tree,
                first,
                len: tree.starts[item + 1] as usize - first,
            };
            self.set.push(tree.codes[item]);
            self.grow(depth + 1, &paths, &tree.codes[..item]);
            self.set.pop();
        }
    }
}

impl Scratch {
    /// Builds the tree of the items that stay frequent, in two linear passes.
    fn plant(&mut self, paths: &impl Paths, tree: &mut Tree) {
        self.list_paths(paths, tree.codes.len());
        tree.starts.clear();
        tree.nodes.clear();
        tree.nodes.push([0, 0]);
        tree.counts.clear();
        tree.counts.push(0);
        self.newest_child.clear();
        self.newest_child.push(0);
        self.at.clear();
        self.at.resize(paths.len(), 0);
        for item in 0..tree.codes.len() {
            let first = tree.nodes.len() as u32;
            tree.starts.push(first);
            for &path in &self.lists[self.list_starts[item]..self.ends[item]] {
                let parent = self.at[path as usize];
                let weight = paths.weight(path as usize);
                // All paths take their step to this item now, so a child made for it is the
                // newest child of its parent, and has a number from `first` on.
                let mut node = self.newest_child[parent as usize];
                if node >= first {
                    tree.counts[node as usize] += weight;
                } else {
                    node = tree.nodes.len() as u32;
                    tree.nodes.push([parent, item as u32]);
                    tree.counts.push(weight);
                    self.newest_child.push(0);
                    self.newest_child[parent as usize] = node;
                }
                self.at[path as usize] = node;
            }
        }
        tree.starts.push(tree.nodes.len() as u32);
    }

    /// Lists for each item of the new tree the paths that hold it.
    fn list_paths(&mut self, paths: &impl Paths, n_items: usize) {
        self.ends.clear();
        self.ends.extend_from_slice(&self.list_starts);
        self.path.resize(n_items + 1, 0);
        for path in 0..paths.len() {
            let mut len = 0;
            paths.climb(path, |item| {
                let local = self.local[item];
                self.path[len] = local;
                len += usize::from(local != NONE);
            });
            // A path with one item has nothing to tell about items together.
            if len > 1 {
                for &item in &self.path[..len] {
                    let end = &mut self.ends[item as usize];
                    self.lists[*end] = path as u32;
                    *end += 1;
                }
            }
        }
    }
}

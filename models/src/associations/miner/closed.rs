//! Closed and maximal itemsets.
//!
//! A set is closed if no item beside it is in all its baskets. Each closed set is found once, from
//! its last item (the one in fewest baskets): a branch whose baskets all hold an item that comes
//! later than the one just added, and is not in the set, repeats what is found from that item, and
//! is left (Uno, Asai, Uchida and Arimura 2004, "LCM ver. 2"; Lucchese, Orlando and Perego 2006,
//! "Fast and memory efficient mining of frequent closed itemsets"). Nothing that was found has to
//! be remembered, so branches can be searched on any thread.
//!
//! Rows are read as lists while items are rare in them, and turned into sets of bits, an item's
//! rows in words of 64, where they are dense enough.

use super::{control::Control, ranked::Ranked, sinks::Sink};

/// Rows become bits if those take at most so many words for each cell of the rows.
const WORDS_PER_CELL: usize = 2;

/// One thread's search for closed sets.
pub(super) struct Closed<'a, S> {
    ranked: &'a Ranked,
    control: &'a Control,
    /// Whether to keep only sets without any frequent superset.
    maximal: bool,
    max_len: usize,
    /// The items chosen so far, as places in the list of frequent codes.
    set: Vec<u32>,
    pub(super) sink: S,
    /// Whether a rank is in the chosen set.
    chosen: Vec<bool>,
    tally: Vec<u32>,
    /// Words of the tables of bits, from the first down to where the search is.
    bits: Vec<Vec<u64>>,
    since_told: u32,
}

/// An item beside the chosen set, as bits.
#[derive(Clone, Copy)]
struct Tail {
    rank: u32,
    count: u32,
    /// Which row of the table at hand has its rows.
    row: usize,
}

/// Items that come later than those that may still be added: which row of which table.
type Later = (usize, usize);

impl<'a, S: Sink> Closed<'a, S> {
    pub(super) fn new(
        ranked: &'a Ranked,
        control: &'a Control,
        maximal: bool,
        max_len: usize,
        start: &[u32],
        sink: S,
    ) -> Self {
        Self {
            ranked,
            control,
            maximal,
            max_len,
            set: start.to_vec(),
            sink,
            chosen: vec![false; ranked.n_items()],
            tally: vec![0; ranked.n_items()],
            bits: Vec::new(),
            since_told: 0,
        }
    }

    /// Finds all closed sets whose last item has this rank; true if told to stop.
    pub(super) fn last_item(&mut self, rank: usize) -> bool {
        let ranked = self.ranked;
        let places = ranked.rows.places(rank);
        if places.len() as u32 >= self.control.min_count() {
            self.extend_rows(rank, places);
        }
        self.sink.tell(self.control);
        self.control.stopped()
    }

    fn goes_on(&mut self) -> bool {
        self.since_told += 1;
        if self.since_told >= 1024 {
            self.since_told = 0;
            self.sink.tell(self.control);
        }
        !self.control.stopped()
    }

    fn choose(&mut self, rank: u32) {
        self.chosen[rank as usize] = true;
        self.set.push(self.ranked.code_places()[rank as usize]);
    }

    fn drop_to(&mut self, len: usize, ranks: &[u32]) {
        for &rank in ranks {
            self.chosen[rank as usize] = false;
        }
        self.set.truncate(len);
    }

    /// Finds the closed sets of the chosen set and this item, given its places in the rows that
    /// hold them all.
    fn extend_rows(&mut self, rank: usize, places: &[[u32; 2]]) {
        let ranked = self.ranked;
        let count = places.len() as u32;
        let min_count = self.control.min_count();
        let mut tally = std::mem::take(&mut self.tally);
        tally.fill(0);
        let mut n_cells = 0;
        for &[start, _] in places {
            let row = ranked.row_from(start);
            n_cells += row.len();
            for &other in row {
                tally[other as usize] += 1;
            }
        }
        let later: Vec<u32> = (rank + 1..tally.len())
            .filter(|&other| tally[other] >= min_count && !self.chosen[other])
            .map(|other| other as u32)
            .collect();
        let repeats = later.iter().any(|&other| tally[other as usize] == count);
        let mut added = vec![rank as u32];
        let mut tail = Vec::new();
        for (other, &both) in tally[..rank].iter().enumerate() {
            if both == count {
                if !self.chosen[other] {
                    added.push(other as u32);
                }
            } else if both >= min_count {
                tail.push(Tail {
                    rank: other as u32,
                    count: both,
                    row: tail.len(),
                });
            }
        }
        self.tally = tally;
        if repeats {
            return;
        }
        let len = self.set.len();
        for &other in &added {
            self.choose(other);
        }
        if self.set.len() <= self.max_len {
            if !self.maximal || tail.is_empty() && later.is_empty() {
                self.sink.found(&self.set, &[], count);
            }
            let n_words = places.len().div_ceil(64);
            if (tail.len() + later.len()) * n_words <= WORDS_PER_CELL * n_cells {
                self.turn_to_bits(places, &tail, &later);
            } else {
                let deliver = self.deliver(rank, places, &tail);
                for (item, places) in tail.iter().zip(&deliver) {
                    if !self.goes_on() {
                        break;
                    }
                    self.extend_rows(item.rank as usize, places);
                }
            }
        }
        self.drop_to(len, &added);
    }

    /// For each item of the tail its places in these rows.
    fn deliver(&mut self, rank: usize, places: &[[u32; 2]], tail: &[Tail]) -> Vec<Vec<[u32; 2]>> {
        let mut number = vec![u32::MAX; rank];
        for (k, item) in tail.iter().enumerate() {
            number[item.rank as usize] = k as u32;
        }
        let mut deliver: Vec<Vec<[u32; 2]>> = tail
            .iter()
            .map(|item| Vec::with_capacity(item.count as usize))
            .collect();
        for &[start, _] in places {
            for (cell, &other) in (start..).zip(self.ranked.row_from(start)) {
                match number.get(other as usize) {
                    Some(&k) if k != u32::MAX => deliver[k as usize].push([start, cell]),
                    Some(_) => {}
                    None => break,
                }
            }
        }
        deliver
    }

    /// Goes on with bits for rows.
    fn turn_to_bits(&mut self, places: &[[u32; 2]], tail: &[Tail], later: &[u32]) {
        if tail.is_empty() {
            return;
        }
        let n_words = places.len().div_ceil(64);
        let n_tail = tail.len();
        let mut number = vec![usize::MAX; self.ranked.n_items()];
        for (k, item) in tail.iter().enumerate() {
            number[item.rank as usize] = k;
        }
        for (k, &rank) in later.iter().enumerate() {
            number[rank as usize] = n_tail + k;
        }
        let mut table = self.bits.pop().unwrap_or_default();
        table.clear();
        table.resize((n_tail + later.len()) * n_words, 0);
        for (k, &[start, _]) in places.iter().enumerate() {
            for &other in self.ranked.row_from(start) {
                let row = number[other as usize];
                if row != usize::MAX {
                    table[row * n_words + k / 64] |= 1 << (k % 64);
                }
            }
        }
        let mut tables = vec![table];
        let mut later: Vec<Later> = (0..later.len()).map(|k| (0, n_tail + k)).collect();
        self.grow_bits(&mut tables, n_words, tail, &mut later);
        self.bits.extend(tables);
    }

    /// Finds the closed sets of the chosen set and items of the tail, whose rows are in the last
    /// table.
    fn grow_bits(
        &mut self,
        tables: &mut Vec<Vec<u64>>,
        n_words: usize,
        tail: &[Tail],
        later: &mut Vec<Later>,
    ) {
        let depth = tables.len() - 1;
        let n_later = later.len();
        // From the last item to the first, so that those passed come later than those ahead.
        for (k, item) in tail.iter().enumerate().rev() {
            if !self.goes_on() {
                break;
            }
            self.extend_bits(tables, n_words, &tail[..k], item, later);
            later.push((depth, item.row));
        }
        later.truncate(n_later);
    }

    fn extend_bits(
        &mut self,
        tables: &mut Vec<Vec<u64>>,
        n_words: usize,
        before: &[Tail],
        item: &Tail,
        later: &mut Vec<Later>,
    ) {
        let min_count = self.control.min_count();
        if item.count < min_count {
            return;
        }
        let depth = tables.len() - 1;
        let own = &tables[depth][item.row * n_words..][..n_words];
        let repeats = later.iter().any(|&(table, row)| {
            let other = &tables[table][row * n_words..][..n_words];
            own.iter().zip(other).all(|(&a, &b)| a & !b == 0)
        });
        if repeats {
            return;
        }
        let mut table = self.bits.pop().unwrap_or_default();
        table.clear();
        let mut tail = Vec::with_capacity(before.len());
        let mut added = vec![item.rank];
        for other in before {
            let theirs = &tables[depth][other.row * n_words..][..n_words];
            let start = table.len();
            table.extend(own.iter().zip(theirs).map(|(&a, &b)| a & b));
            let count = table[start..].iter().map(|word| word.count_ones()).sum();
            if count == item.count {
                added.push(other.rank);
            } else if count >= min_count {
                tail.push(Tail {
                    rank: other.rank,
                    count,
                    row: tail.len(),
                });
                continue;
            }
            table.truncate(start);
        }
        let len = self.set.len();
        for &rank in &added {
            self.choose(rank);
        }
        if self.set.len() <= self.max_len {
            let frequent_with = |rows: &[u64]| {
                later.iter().any(|&(table, row)| {
                    let other = &tables[table][row * n_words..][..n_words];
                    let both = rows.iter().zip(other).map(|(&a, &b)| (a & b).count_ones());
                    both.sum::<u32>() >= min_count
                })
            };
            if !self.maximal || tail.is_empty() && !frequent_with(own) {
                self.sink.found(&self.set, &[], item.count);
            }
            let mut whole = None;
            if self.maximal && tail.len() > 1 {
                // If the whole tail is frequent with the set, nothing else can be maximal below.
                let mut all = own.to_vec();
                for rows in table.chunks_exact(n_words) {
                    for (word, &other) in all.iter_mut().zip(rows) {
                        *word &= other;
                    }
                }
                let count = all.iter().map(|word| word.count_ones()).sum::<u32>();
                if count >= min_count {
                    whole = Some((count, !frequent_with(&all)));
                }
            }
            match whole {
                Some((count, is_maximal)) => {
                    if is_maximal && self.set.len() + tail.len() <= self.max_len {
                        let len = self.set.len();
                        for item in &tail {
                            self.set.push(self.ranked.code_places()[item.rank as usize]);
                        }
                        self.sink.found(&self.set, &[], count);
                        self.set.truncate(len);
                    }
                }
                None if tail.is_empty() => {}
                None => {
                    tables.push(table);
                    self.grow_bits(tables, n_words, &tail, later);
                    table = tables.pop().unwrap_or_default();
                }
            }
        }
        self.drop_to(len, &added);
        self.bits.push(table);
    }
}

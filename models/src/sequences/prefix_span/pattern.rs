//! A pattern in the making.

/// The two ways a pattern grows by one item.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Kind {
    /// A new element after the last one.
    Next,
    /// One item more in the last element, of higher rank than those in it.
    #[default]
    Same,
}

/// A pattern in the making, as ranks.
#[derive(Default)]
pub(super) struct Pattern {
    pub(super) items: Vec<u32>,
    /// Where each element ends in `items`.
    pub(super) ends: Vec<u32>,
}

impl Pattern {
    pub(super) fn push(&mut self, item: u32, kind: Kind) {
        self.items.push(item);
        match kind {
            Kind::Next => self.ends.push(self.items.len() as u32),
            Kind::Same => {
                if let Some(end) = self.ends.last_mut() {
                    *end += 1;
                }
            }
        }
    }

    pub(super) fn pop(&mut self, kind: Kind) {
        self.items.pop();
        match kind {
            Kind::Next => {
                self.ends.pop();
            }
            Kind::Same => {
                if let Some(end) = self.ends.last_mut() {
                    *end -= 1;
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
    }

    pub(super) fn element(&self, j: usize) -> &[u32] {
        let start = j.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[j] as usize]
    }
}

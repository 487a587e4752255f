//! Itemsets that are passed on as they are found.

use std::ops::ControlFlow;

use super::{
    super::{Baskets, ItemsetError, ItemsetValidParams, Kind},
    control::Control,
    job::{Job, Scope},
    sinks::{Sink, each_choice},
};

/// Takes itemsets as one thread finds them.
pub trait Visitor: Send {
    /// An itemset, its items ascending, and the number of baskets that hold it. `Break` ends the
    /// search: this visitor gets no more, those of other threads may get some.
    fn visit(&mut self, items: &[u32], count: u32) -> ControlFlow<()>;
}

impl<F: FnMut(&[u32], u32) -> ControlFlow<()> + Send> Visitor for F {
    fn visit(&mut self, items: &[u32], count: u32) -> ControlFlow<()> {
        self(items, count)
    }
}

/// Sorts and names the items of one thread's sets.
struct Streaming<'a, V> {
    visitor: V,
    codes: &'a [u32],
    min_len: usize,
    max_len: usize,
    set: Vec<u32>,
    items: Vec<u32>,
    ended: bool,
}

impl<V: Visitor> Sink for Streaming<'_, V> {
    fn found(&mut self, set: &[u32], free: &[u32], count: u32) {
        if self.ended {
            return;
        }
        self.set.clear();
        self.set.extend_from_slice(set);
        let flow = each_choice(&mut self.set, free, self.max_len, &mut |set| {
            if set.len() < self.min_len {
                return ControlFlow::Continue(());
            }
            self.items.clear();
            self.items
                .extend(set.iter().map(|&place| self.codes[place as usize]));
            self.items.sort_unstable();
            self.visitor.visit(&self.items, count)
        });
        self.ended = flow.is_break();
    }

    fn tell(&mut self, control: &Control) {
        if self.ended {
            control.stop();
        }
    }
}

impl ItemsetValidParams {
    /// Passes each itemset of a kind that keeps to the constraints to a visitor, and keeps none.
    ///
    /// Each thread has a visitor of its own, made by `visitor`; all are given back. Every itemset
    /// is passed once, to one of them: which one, and in which order, differs from run to run.
    /// The limits on itemsets, memory and time are not looked at.
    ///
    /// # Errors
    /// [`ItemsetError::UnknownItem`].
    pub fn stream<V: Visitor>(
        &self,
        baskets: &Baskets,
        kind: Kind,
        visitor: impl Fn() -> V + Sync,
    ) -> Result<Vec<V>, ItemsetError> {
        let min_count = self.asked(baskets)?;
        let job = Job::new(self, baskets, min_count, Scope::Listed);
        let control = Control::new(min_count);
        let sinks = job.run(kind, &control, || Streaming {
            visitor: visitor(),
            codes: job.ranked.codes(),
            min_len: self.min_len,
            max_len: self.max_len,
            set: Vec::new(),
            items: Vec::new(),
            ended: false,
        });
        Ok(sinks.into_iter().map(|sink| sink.visitor).collect())
    }
}

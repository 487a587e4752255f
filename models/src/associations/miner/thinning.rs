//! A random part of the search, for estimates.

use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};

/// Which parts of the search are looked at: at each node one branch in `stride`, from a random
/// one onwards, each standing for `stride` of them.
pub(super) struct Thinning {
    stride: u32,
    scale: f64,
    random: Xoshiro256PlusPlus,
}

impl Thinning {
    /// The whole search.
    pub(super) fn off() -> Self {
        Self::new(1, 0)
    }

    pub(super) fn new(stride: u32, seed: u64) -> Self {
        Self {
            stride,
            scale: 1.0,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.stride == 1
    }

    /// For how many nodes of the whole search the node at hand stands.
    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    pub(super) fn deeper(&mut self) -> f64 {
        self.scale *= f64::from(self.stride);
        self.scale
    }

    pub(super) fn back_to(&mut self, scale: f64) {
        self.scale = scale;
    }

    /// The branches of the next node.
    pub(super) fn turn(&mut self) -> Turn {
        Turn {
            stride: self.stride,
            wait: match self.stride {
                1 => 0,
                stride => (self.random.next_u64() >> 32) as u32 % stride,
            },
        }
    }
}

/// The branches of one node, in order.
pub(super) struct Turn {
    stride: u32,
    /// Branches to leave out before the next one.
    wait: u32,
}

impl Turn {
    /// Whether the next branch is looked at.
    pub(super) fn comes(&mut self) -> bool {
        if self.wait == 0 {
            self.wait = self.stride - 1;
            return true;
        }
        self.wait -= 1;
        false
    }
}

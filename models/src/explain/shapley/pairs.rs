//! The interventional game for leaves with too many features for a table: one explained row
//! against one background row at a time.
//!
//! Both rows walk down together. Where they part, one of them goes on with the feature noted as
//! the explained row's or the background's; a noted feature is followed alone from there. At a
//! leaf reached with `a` features of the explained row and `b` of the background's, each of the
//! former is owed `v (a - 1)! b! / (a + b)!` and each of the latter `-v a! (b - 1)! / (a + b)!`
//! (Lundberg et al. 2020, "From local explanations to global understanding with explainable AI
//! for trees", algorithm 3).

use super::paths::Paths;

/// Whose value a feature has.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Row,
    Background,
}

/// A way still to be gone: the slot, how many features are noted before it, and one to note.
type Way = (usize, usize, Option<(usize, Whose)>);

/// Memory that is used again for every pair.
pub(super) struct Walker {
    ways: Vec<Way>,
    noted: Vec<(usize, Whose)>,
    of_feature: Vec<Option<Whose>>,
}

impl Walker {
    pub fn new(features: usize) -> Self {
        Self {
            ways: Vec::new(),
            noted: Vec::new(),
            of_feature: vec![None; features],
        }
    }

    /// Adds what each feature is owed by the leaves in `wanted` slots, times `scale`. `wanted`
    /// has the splits above them too.
    pub fn add(
        &mut self,
        paths: &Paths,
        wanted: &[bool],
        scale: f64,
        row: &[f32],
        background: &[f32],
        out: &mut [f64],
    ) {
        self.ways.push((0, 0, None));
        while let Some((slot, noted_before, note)) = self.ways.pop() {
            for (feature, _) in self.noted.drain(noted_before..) {
                self.of_feature[feature] = None;
            }
            if let Some((feature, whose)) = note {
                self.noted.push((feature, whose));
                self.of_feature[feature] = Some(whose);
            }
            if !wanted[slot] {
                continue;
            }
            let Some(split) = paths.splits.get(slot) else {
                let leaf = &paths.leaves[slot - paths.splits.len()];
                self.share_out(scale * leaf.value, out);
                continue;
            };
            let feature = split.feature;
            let (mine, theirs) = (split.child(row[feature]), split.child(background[feature]));
            let noted = self.noted.len();
            match self.of_feature[feature] {
                Some(Whose::Row) => self.ways.push((mine, noted, None)),
                Some(Whose::Background) => self.ways.push((theirs, noted, None)),
                None if mine == theirs => self.ways.push((mine, noted, None)),
                None => {
                    let background = Some((feature, Whose::Background));
                    self.ways.push((theirs, noted, background));
                    self.ways.push((mine, noted, Some((feature, Whose::Row))));
                }
            }
        }
        for (feature, _) in self.noted.drain(..) {
            self.of_feature[feature] = None;
        }
    }

    fn share_out(&self, value: f64, out: &mut [f64]) {
        let of_row = |whose: &Whose| *whose == Whose::Row;
        let a = self.noted.iter().filter(|(_, whose)| of_row(whose)).count();
        let b = self.noted.len() - a;
        for (feature, whose) in &self.noted {
            out[*feature] += match whose {
                Whose::Row => value * weight(a, b),
                Whose::Background => -value * weight(b, a),
            };
        }
    }
}

/// `(a - 1)! b! / (a + b)!`, for `a` of at least 1.
fn weight(a: usize, b: usize) -> f64 {
    // 1 / (a * binomial(a + b, b)), one factor after another so that nothing overflows early.
    (1..=b).fold(1.0 / a as f64, |weight, i| {
        weight * i as f64 / (a + i) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shapleys() {
        // 2! 3! / 6! = 12 / 720, and one feature alone takes all.
        assert!((weight(3, 3) - 12.0 / 720.0).abs() < 1e-16);
        assert_eq!(weight(1, 0), 1.0);
        assert!(weight(1000, 1000) >= 0.0);
    }
}

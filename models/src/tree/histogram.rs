//! Sums of gradients by bin, in fixed point so that the order of adding cannot show.

use super::BinnedMatrix;

/// The gradient and hessian of one row, in fixed point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowStat {
    pub gradient: i32,
    pub hessian: i32,
}

/// The scale of the fixed-point numbers: a power of two, so that going there rounds once and
/// coming back not at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedPoint {
    scale: f64,
}

impl FixedPoint {
    /// A scale that fits numbers up to `largest` in absolute value into 31 bits.
    pub(crate) fn for_largest(largest: f64) -> Self {
        let mut scale = (1_u64 << 30) as f64;
        while largest * scale > (1_u64 << 30) as f64 {
            scale /= 2.0;
        }
        while largest * scale * 2.0 <= (1_u64 << 30) as f64 {
            scale *= 2.0;
        }
        Self { scale }
    }

    pub(crate) fn row(self, gradient: f64, hessian: f64) -> RowStat {
        // Rounds halves away from zero; `f64::round` is a call on the plainest processors.
        let round = |v: f64| (v + 0.5_f64.copysign(v)) as i32;
        RowStat {
            gradient: round(gradient * self.scale),
            hessian: round(hessian * self.scale),
        }
    }

    pub(crate) fn real(self, sum: i64) -> f64 {
        sum as f64 / self.scale
    }
}

/// Sums over the rows of a bin, a leaf or a side of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub gradient: i64,
    pub hessian: i64,
    pub rows: u32,
}

impl Sums {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            hessian: self.hessian + other.hessian,
            rows: self.rows + other.rows,
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }
}

/// One feature's sums by bin. The length is fixed so that a `u8` always indexes within it.
pub(crate) type FeatureHistogram = [Sums; 256];

/// The histograms of a leaf, one a feature that the tree may use.
pub(crate) type Histogram = Vec<FeatureHistogram>;

pub(crate) fn new_histogram(features: usize) -> Histogram {
    vec![[Sums::default(); 256]; features]
}

/// Sums `stats` by bin of `feature`; `stats[i]` belongs to row `rows[i]`.
pub(crate) fn accumulate(
    data: &BinnedMatrix,
    feature: usize,
    rows: &[u32],
    stats: &[RowStat],
    out: &mut FeatureHistogram,
) {
    out[..=data.features()[feature].bins()].fill(Sums::default());
    let column = data.column(feature);
    let mut add = |bin: u8, stat: &RowStat| {
        let sums = &mut out[usize::from(bin)];
        sums.gradient += i64::from(stat.gradient);
        sums.hessian += i64::from(stat.hessian);
        sums.rows += 1;
    };
    if rows.len() == column.len() {
        // Every row, in order: no need to look each one up.
        column
            .iter()
            .zip(stats)
            .for_each(|(bin, stat)| add(*bin, stat));
    } else {
        rows.iter()
            .zip(stats)
            .for_each(|(row, stat)| add(column[*row as usize], stat));
    }
}

/// Turns the parent's histogram into that of the sibling of `child`.
pub(crate) fn subtract(parent: &mut FeatureHistogram, child: &FeatureHistogram, bins: usize) {
    for (p, c) in parent[..=bins].iter_mut().zip(child) {
        *p = p.minus(*c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_histogram_holds_the_sums_of_each_bin_and_the_sibling_is_what_is_left() {
        let x = array![[1.0], [2.0], [f32::NAN], [1.0]];
        let data = BinnedMatrix::new(x.view(), 255).unwrap();
        let fixed = FixedPoint::for_largest(1.0);
        let stats: Vec<RowStat> = [(0.5, 0.25), (-1.0, 0.125), (0.25, 0.25), (0.75, 0.0)]
            .map(|(g, h)| fixed.row(g, h))
            .into();
        let mut all = [Sums::default(); 256];
        accumulate(&data, 0, &[0, 1, 2, 3], &stats, &mut all);
        let real = |s: Sums| (fixed.real(s.gradient), fixed.real(s.hessian), s.rows);
        assert_eq!(real(all[0]), (1.25, 0.25, 2));
        assert_eq!(real(all[1]), (-1.0, 0.125, 1));
        assert_eq!(real(all[2]), (0.25, 0.25, 1));

        let mut child = [Sums::default(); 256];
        accumulate(&data, 0, &[0, 2], &[stats[0], stats[2]], &mut child);
        subtract(&mut all, &child, 2);
        assert_eq!(real(all[0]), (0.75, 0.0, 1));
        assert_eq!(real(all[1]), (-1.0, 0.125, 1));
        assert_eq!(real(all[2]), (0.0, 0.0, 0));
    }

    #[test]
    fn the_scale_suits_tiny_and_huge_weights() {
        for largest in [1e-20, 0.3, 1.0, 1.5, 7e9] {
            let fixed = FixedPoint::for_largest(largest);
            let stat = fixed.row(-largest, largest);
            assert!(
                stat.hessian > 1 << 28 && stat.hessian <= 1 << 30,
                "{largest}: {stat:?}"
            );
            let back = fixed.real(i64::from(stat.gradient));
            assert!((back + largest).abs() < 4e-9 * largest);
        }
    }
}

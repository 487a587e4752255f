//! Integrals over time of products of powers, as the Pareto/NBD has them.
//!
//! Gauss-Legendre panels in the logarithm of time: there the integrands are smooth however large
//! the powers are, and every term is above 0, so nothing cancels. Results are right to about 14
//! digits.

/// Abscissas above 0 and weights of the rules of 16 and 8 points (the others mirror them).
const LONG: [(f64, f64); 8] = [
    (0.095_012_509_837_637_45, 0.189_450_610_455_068_6),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_62),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_8),
    (0.755_404_408_355_003, 0.124_628_971_255_534_03),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_6),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_71),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_04),
];

const SHORT: [(f64, f64); 4] = [
    (0.18343464249564978, 0.36268378337836177),
    (0.525532409916329, 0.31370664587788705),
    (0.7966664774136267, 0.22238103445337434),
    (0.9602898564975362, 0.10122853629037669),
];

/// The integral of a function of `y` above 0 from 0 to `end`, which may be infinite.
///
/// `slope(y)` is how fast the logarithm of the function falls at `y`; it never falls itself.
/// `value(y, weight)` is the function times `weight`, and may add up other things. In the complex
/// plane the function is smooth but at `pole` off the axis by `π`; beyond it there is more and more
/// room.
fn integrate(
    end: f64,
    pole: f64,
    slope: impl Fn(f64) -> f64,
    mut value: impl FnMut(f64, f64) -> f64,
) -> f64 {
    // On a panel of a length of 2, or as far as the pole is behind, whose function falls by no
    // more than e^8, the long rule is exact to the last digits; on one of half and e^1 the short.
    const ROOM: f64 = 2.0;
    const STEEPEST: f64 = 8.0;
    let mut sum = 0.0;
    let mut from = 0.0;
    let mut falls_here = slope(from);
    while from < end {
        let mut length = ROOM.max(from - pole).min(end - from);
        let mut falls = slope(from + length);
        while length * falls > STEEPEST {
            length *= 0.5;
            falls = slope(from + length);
        }
        let rule: &[(f64, f64)] = match length <= 0.5 && length * falls <= 1.0 {
            true => &SHORT,
            false => &LONG,
        };
        let (middle, half) = (from + 0.5 * length, 0.5 * length);
        let mut panel = 0.0;
        for (x, weight) in rule {
            panel += value(middle - half * x, half * weight);
            panel += value(middle + half * x, half * weight);
        }
        sum += panel;
        from += length;
        // Once the function falls it is less here than its mean on the panel, and the rest less
        // than what falls off from here at the slope of here.
        if falls_here > 0.0 && panel < 1e-17 * sum * falls * length {
            break;
        }
        falls_here = falls;
    }
    sum
}

/// An integral and means under it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Powers {
    /// Logarithm of the integral.
    pub ln: f64,
    /// Means of `ln(a + u)`, `ln(b + u)`, `1 / (a + u)` and `1 / (b + u)`, weighted by the
    /// integrand.
    pub mean_ln_a: f64,
    pub mean_ln_b: f64,
    pub mean_inverse_a: f64,
    pub mean_inverse_b: f64,
}

/// The integral of `(a + u)^-m (b + u)^-n` over `u` from 0 to `length`; `a`, `b`, `m` and `n` are
/// above 0, and with an infinite length `m + n` is above 1.
pub(super) fn powers(m: f64, n: f64, a: f64, b: f64, length: f64) -> Powers {
    // With the smaller of the two in the logarithm the other one bends slowly.
    let small = a.min(b);
    let (ln_a, ln_b) = (a.ln(), b.ln());
    let slope = |y: f64| {
        let inner = small * y.exp();
        let time = inner - small;
        m * inner / (a + time) + n * inner / (b + time) - 1.0
    };
    let slope = |y: f64| match slope(y) {
        slope if slope.is_nan() => m + n - 1.0,
        slope => slope,
    };
    let mut means = [0.0; 4];
    let pole = ((a - b).abs() / small).ln();
    let sum = integrate((length / small).ln_1p(), pole, slope, |y, weight| {
        let grown = y.exp_m1();
        let time = small * grown;
        let (over_a, over_b) = match a <= b {
            true => (y, (time / b).ln_1p()),
            false => ((time / a).ln_1p(), y),
        };
        let value = weight * (y - m * over_a - n * over_b).exp();
        means[0] += value * over_a;
        means[1] += value * over_b;
        means[2] += value / (a + time);
        means[3] += value / (b + time);
        value
    });
    let [over_a, over_b, inverse_a, inverse_b] = match sum > 0.0 {
        true => means.map(|mean| mean / sum),
        false => [0.0, 0.0, 1.0 / a, 1.0 / b],
    };
    Powers {
        ln: sum.ln() + small.ln() - m * ln_a - n * ln_b,
        mean_ln_a: ln_a + over_a,
        mean_ln_b: ln_b + over_b,
        mean_inverse_a: inverse_a,
        mean_inverse_b: inverse_b,
    }
}

/// The integral of `e^(-rate u) (1 + u / b)^-s` over all `u` above 0: `b` times Tricomi's
/// `U(1, 2 - s, rate b)`.
pub(super) fn discounted_power(s: f64, b: f64, rate: f64) -> f64 {
    let z = rate * b;
    let slope = |y: f64| z * y.exp() + s - 1.0;
    b * integrate(f64::INFINITY, f64::INFINITY, slope, |y, weight| {
        weight * ((1.0 - s) * y - z * y.exp_m1()).exp()
    })
}

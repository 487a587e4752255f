//! The tables of `tests/fixtures/classifiers.py`, and what scikit-learn said of them.

use ndarray::Array2;

/// The numbers of a line.
#[track_caller]
pub(super) fn line(name: &str) -> Vec<f64> {
    let text = include_str!("../../tests/fixtures/classifiers.txt");
    let mut lines = text.lines().map(|line| line.split(' '));
    let mut line = lines
        .find(|line| line.clone().next() == Some(name))
        .unwrap_or_else(|| panic!("no line {name}"));
    line.next();
    line.map(|number| number.parse().unwrap()).collect()
}

/// Three amounts and two columns of categories; labels and weights.
pub(super) struct Table {
    pub amounts: Array2<f32>,
    pub categories: Array2<f32>,
    pub labels: Vec<bool>,
    pub weights: Vec<f32>,
}

pub(super) fn table(rows: usize) -> Table {
    let a = |i: usize| (i * 37 % 101) as f64;
    let d = |i: usize| (i * 29 % 31) % 5;
    let amounts = Array2::from_shape_fn((rows, 3), |(i, column)| match column {
        0 => a(i) as f32,
        1 => ((i * 53 % 97) as f64 / 7.0) as f32,
        _ => (a(i) / 10.0 + (i * 11 % 23) as f64) as f32,
    });
    let categories = Array2::from_shape_fn((rows, 2), |(i, column)| match column {
        0 => d(i) as f32,
        _ => ((i * 41 % 37) % 3) as f32,
    });
    let label = |i: usize| {
        let more = if d(i) == 2 { 40.0 } else { 0.0 };
        a(i) + more + (i * 19 % 60) as f64 > 95.0
    };
    Table {
        amounts,
        categories,
        labels: (0..rows).map(label).collect(),
        weights: (0..rows).map(|i| 1.0 + (i % 3) as f32).collect(),
    }
}

/// A label that no straight line tells: a ring and a wave, with noise.
pub(super) fn curved(rows: usize, start: usize) -> (Array2<f32>, Vec<bool>) {
    let spread = |i: usize, by: usize, of: usize| (i * by % of) as f64 / of as f64;
    let u = |i: usize| spread(i, 7919, 10_007) * 4.0 - 2.0;
    let v = |i: usize| spread(i, 104_729, 10_009) * 4.0 - 2.0;
    let x = Array2::from_shape_fn((rows, 2), |(row, column)| match column {
        0 => u(start + row) as f32,
        _ => v(start + row) as f32,
    });
    let label = |row: usize| {
        let i = start + row;
        let (u, v) = (u(i), v(i));
        let p = 1.0 / (1.0 + (-4.0 * (u * u + v * v - 2.2 + (3.0 * u).sin())).exp());
        spread(i, 15_485_863, 9973) < p
    };
    (x, (0..rows).map(label).collect())
}

#[track_caller]
pub(super) fn assert_close<'a>(
    ours: impl IntoIterator<Item = &'a f64>,
    theirs: &[f64],
    tolerance: f64,
    what: &str,
) {
    let ours: Vec<f64> = ours.into_iter().copied().collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let off = (ours - theirs).abs();
        assert!(off <= tolerance, "{what}, {place}: {ours} for {theirs}");
    }
}

//! What the days of a customer say at a date, as columns of numbers that trees learn from.

use ndarray::ArrayView2;

/// How many columns there are.
pub const COLUMNS: usize = 18;

/// Their names.
///
/// What is added up since the first purchase grows with the history, and what was learned at an earlier date
/// would be told of numbers that nobody had then; so these are rates.
pub const NAMES: [&str; COLUMNS] = [
    "purchases_up_to_10",
    "purchases_a_year",
    "recency_days",
    "age_days",
    "spend_a_year",
    "mean_spend",
    "last_spend",
    "mean_gap_days",
    "last_gap_days",
    "gap_variation",
    "recency_over_mean_gap",
    "return_share",
    "purchases_a_year_in_30",
    "purchases_a_year_in_90",
    "purchases_a_year_in_180",
    "spend_a_year_in_90",
    "spend_a_year_in_180",
    "purchases_a_year_before",
];

/// Days of a year of the rates.
const YEAR: f32 = 365.0;

/// More purchases than so many are not told apart.
const MOST_PURCHASES: usize = 10;

/// A customer at a date, in the order of [`NAMES`]; NaN for what is not known.
pub type Row = [f32; COLUMNS];

/// A day of a customer: which, whether with a purchase, and the net money in ten-thousandths.
pub type Day = (i32, bool, i64);

/// Customers at one date, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Places of those who had bought by then, among all.
    pub rows: Vec<u32>,
    /// Days with a purchase, and money spent, of each.
    pub totals: Vec<[f32; 2]>,
    values: Vec<f32>,
}

impl Snapshot {
    /// Adds the customer in this place, unless there is no purchase before `date`.
    ///
    /// - `ahead`: the days after the date that are to be predicted; those of the same days of the year
    ///   before are a column.
    /// - `start`: the first day of the history.
    pub fn take(&mut self, place: usize, days: &[Day], date: i32, ahead: i32, start: i32) {
        let known = &days[..days.partition_point(|(day, ..)| *day < date)];
        if let Some((totals, row)) = row(known, date, ahead, start) {
            self.rows.push(place as u32);
            self.totals.push(totals);
            self.values.extend_from_slice(&row);
        }
    }

    /// How many customers it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// One column of it.
    pub fn column(&self, name: &str) -> Vec<f64> {
        let place = NAMES.iter().position(|other| *other == name);
        let values = self.values.iter().skip(place.unwrap_or(COLUMNS));
        values
            .step_by(COLUMNS)
            .map(|value| f64::from(*value))
            .collect()
    }

    /// All of it as a matrix, a customer a row.
    ///
    /// # Panics
    /// Never: rows are added whole.
    pub fn matrix(&self) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.len(), COLUMNS), &self.values).expect("whole rows")
    }
}

/// The totals and columns of a customer whose days before `date` are these; nothing where none has a
/// purchase.
fn row(days: &[Day], date: i32, ahead: i32, start: i32) -> Option<([f32; 2], Row)> {
    let bought: Vec<i32> = days.iter().filter(|day| day.1).map(|day| day.0).collect();
    let (first, last) = (*bought.first()?, *bought.last()?);
    let age = date - first;
    let count = |from: i32, until: i32| {
        let within = bought.iter().filter(|day| (from..until).contains(day));
        within.count() as f32
    };
    let money = |from: i32| {
        let net = days.iter().filter(|day| day.0 >= from);
        amount(net.map(|day| day.2).fold(0, i64::saturating_add))
    };
    // Nobody could have bought before the first purchase.
    let yearly = |value: f32, window: i32| value * YEAR / window.min(age) as f32;
    let often = |window: i32| yearly(count(date - window, date), window);
    let spent = |window: i32| yearly(money(date - window), window);
    let gaps: Vec<f32> = bought
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f32)
        .collect();
    let mean_gap = mean(&gaps);
    let recency = (date - last) as f32;
    let year_before = date - 365;
    let last_money = days.iter().filter(|day| day.0 >= last).map(|day| day.2);
    let (purchases, spend) = (bought.len() as f32, money(i32::MIN));
    let row = [
        bought.len().min(MOST_PURCHASES) as f32,
        yearly(purchases, age),
        recency,
        age as f32,
        yearly(spend, age),
        spend / purchases,
        amount(last_money.fold(0, i64::saturating_add)),
        mean_gap,
        gaps.last().copied().unwrap_or(f32::NAN),
        variation(&gaps, mean_gap),
        recency / mean_gap,
        days.iter().filter(|day| day.2 < 0).count() as f32 / purchases,
        often(30),
        often(90),
        often(180),
        spent(90),
        spent(180),
        // Nor before the history begins.
        match year_before >= start {
            true => count(year_before, year_before.saturating_add(ahead).min(date)),
            false => f32::NAN,
        },
    ];
    Some(([purchases, spend], row))
}

/// Ten-thousandths as an amount, as exact as a tree needs it.
fn amount(money: i64) -> f32 {
    super::money::amount(money) as f32
}

/// NaN of nothing.
fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// The coefficient of variation; NaN of fewer than two.
fn variation(values: &[f32], mean: f32) -> f32 {
    if values.len() < 2 {
        return f32::NAN;
    }
    let squares: f32 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f32).sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(row: &Row, name: &str) -> f32 {
        row[NAMES.iter().position(|other| *other == name).unwrap()]
    }

    #[test]
    fn a_snapshot_sees_the_days_before_its_date_alone() {
        let days = [
            (400, true, 100_000),
            (410, true, 300_000),
            (415, false, -50_000),
            (440, true, 200_000),
            (500, true, 900_000),
        ];
        let mut snapshot = Snapshot::default();
        snapshot.take(7, &days, 450, 30, 80);
        snapshot.take(8, &days, 400, 30, 80);
        assert_eq!(snapshot.rows, [7], "before day 400 nothing was bought");
        let is = |name: &str, wanted: f64| {
            // Models see single precision.
            let wanted = f64::from(wanted as f32);
            assert_eq!(snapshot.column(name), [wanted], "{name}");
        };
        assert_eq!(snapshot.totals, [[3.0, 55.0]]);
        is("purchases_up_to_10", 3.0);
        // In fifty days.
        is("purchases_a_year", 3.0 * 365.0 / 50.0);
        is("recency_days", 10.0);
        is("age_days", 50.0);
        is("mean_gap_days", 20.0);
        is("last_spend", 20.0);
        is("last_gap_days", 30.0);
        is("recency_over_mean_gap", 0.5);
        is("purchases_a_year_in_90", 3.0 * 365.0 / 50.0);
        is("purchases_a_year_before", 0.0);
        let lately = snapshot.column("purchases_a_year_in_30")[0];
        assert!((lately - 365.0 / 30.0).abs() < 1e-5, "{lately}");
        let variation = snapshot.column("gap_variation")[0];
        assert!((variation - 200_f64.sqrt() / 20.0).abs() < 1e-6);
        assert_eq!(snapshot.matrix().dim(), (1, COLUMNS));
    }

    #[test]
    fn what_is_not_known_is_missing() {
        let (_, row) = row(&[(100, true, 10_000)], 110, 30, 0).unwrap();
        for name in ["mean_gap_days", "gap_variation", "recency_over_mean_gap"] {
            assert!(column(&row, name).is_nan(), "{name}");
        }
        // A year before, the history had not begun.
        assert!(column(&row, "purchases_a_year_before").is_nan());
    }

    #[test]
    fn the_same_days_of_the_year_before_are_counted() {
        let days = [
            (100, true, 1),
            (129, true, 1),
            (131, true, 1),
            (460, true, 1),
        ];
        let (_, row) = row(&days, 465, 30, 0).unwrap();
        assert_eq!(column(&row, "purchases_a_year_before"), 2.0);
    }
}

//! A time as a text says it, before it is known whose clock it was.

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// A time as it was written, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// What a clock on the wall showed.
    Wall(i64),
    /// A moment: the text said how far the clock is from UTC.
    Moment(i64),
}

//! What a column can hold.

/// The most bins a column can have, not counting the bin for missing values.
pub const MAX_BINS: usize = 255;

/// The largest number of a category.
pub const MAX_CATEGORY: u16 = u16::MAX;

/// The category that a value of a feature names: a whole number from 0 to [`MAX_CATEGORY`].
pub(crate) fn category(value: f32) -> Option<u16> {
    let number = value as u16;
    (f32::from(number) == value).then_some(number)
}

//! The parts of a table: months of the interactions.

/// Which part of a table: a month of the interactions as `year * 12 + month - 1`, or 0 for tables
/// that have no parts.
pub type Partition = u32;

/// A month as it names a partition: `2024-03`.
pub fn month_name(month: Partition) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

/// The month of this name.
pub fn month_named(name: &str) -> Option<Partition> {
    let (year, month) = name.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    (1..=12).contains(&month).then(|| year * 12 + month - 1)
}

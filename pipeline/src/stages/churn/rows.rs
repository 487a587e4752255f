//! Who is scored, and who of them left.

use crate::config::Churn;
use crate::failure::Result;
use crate::learning::rows::Labelled;
use crate::timeline::horizon::Bought;
use crate::timeline::snapshot::Snapshot;

/// The eligible customers of a snapshot, with what became of them.
pub fn labelled(snapshot: &Snapshot, bought: &Bought, settings: &Churn) -> Result<Labelled> {
    let churned = bought.nothing_after(snapshot, settings.horizon_days);
    let rows = eligible(snapshot, settings)?;
    Ok(Labelled {
        features: snapshot.rows(&rows),
        labels: rows.iter().map(|row| churned[*row]).collect(),
        worth: None,
    })
}

/// Rows of a snapshot that can be scored: enough baskets, and still here not long ago.
pub fn eligible(snapshot: &Snapshot, settings: &Churn) -> Result<Vec<usize>> {
    let (frequency, recency) = (
        snapshot.column("frequency")?,
        snapshot.column("recency_days")?,
    );
    let can = |row: &usize| {
        frequency[*row] >= f64::from(settings.min_baskets)
            && recency[*row] <= f64::from(settings.active_days)
    };
    Ok((0..snapshot.len()).filter(can).collect())
}

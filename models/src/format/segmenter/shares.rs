//! What a file of segments knows beside the segments themselves: who they are from month to month,
//! and how shares of little are drawn towards the usual before customers are put into them.

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView2, Axis};

use super::super::error::{FormatError, Within, must};
use super::super::feature::Feature;
use super::super::fields::{Fields, Object, Stored, check_number, wrong};
use super::super::json::Json;

/// A feature that is a share, drawn towards the usual by how little it is of: with `known` the
/// value of the column `by`, 0 where that is below, `(share * known + usual * prior) / (known +
/// prior)` takes the place of the share. A share that is missing, or with nothing known where
/// `prior` is 0, stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnShare {
    /// The feature, by its place.
    pub feature: usize,
    /// The column that says how much the share is of, such as baskets or spend.
    pub by: String,
    /// The share that is usual.
    pub usual: f64,
    /// How much of `by` the usual share counts as; 0 or more.
    pub prior: f64,
}

impl DrawnShare {
    /// The drawn share.
    pub fn apply(&self, share: f64, known: f64) -> f64 {
        let weight = known.max(0.0) + self.prior;
        let drawn = (share * known.max(0.0) + self.usual * self.prior) / weight;
        // Nothing is known and nothing drawn, or one of the two is no amount.
        if drawn.is_finite() { drawn } else { share }
    }
}

/// Draws the shares of n rows of features followed by the columns that they are drawn by.
pub(super) fn drawn(
    x: ArrayView2<'_, f64>,
    features: usize,
    by: &[&str],
    shares: &[DrawnShare],
) -> Array2<f64> {
    let mut taken = x.slice_axis(Axis(1), (..features).into()).to_owned();
    for share in shares {
        let place = by.iter().position(|name| *name == share.by);
        let place = place.map_or(share.feature, |place| features + place);
        let known = x.column(place);
        let mut values = taken.column_mut(share.feature);
        for (value, known) in values.iter_mut().zip(known) {
            *value = share.apply(*value, *known);
        }
    }
    taken
}

impl Stored for DrawnShare {
    fn write(&self, out: &mut Object) {
        out.count("feature", self.feature);
        out.text("by", &self.by);
        out.number("usual", self.usual);
        out.number("prior", self.prior);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            feature: fields.count("feature")?,
            by: fields.text("by")?.into_owned(),
            usual: fields.number("usual")?,
            prior: fields.number("prior")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        must(self.feature < features.len(), || {
            format!("there are {} features", features.len())
        })
        .within("feature")?;
        must(!self.by.is_empty(), || "a column is needed".into()).within("by")?;
        let share = |number: f64| number.abs() <= 1.0;
        check_number(self.usual, "from -1 to 1", share).within("usual")?;
        let amount = |number: f64| (0.0..=1e100).contains(&number);
        check_number(self.prior, "from 0 to 1e100", amount).within("prior")
    }
}

/// The lasting numbers of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lasting {
    pub(super) ids: Vec<u64>,
    /// The number of the next segment that is a new one: larger than any that was ever given.
    pub(super) next: u64,
}

impl Lasting {
    /// 1, 2, 3, ...
    pub(super) fn first(segments: usize) -> Self {
        let next = segments as u64 + 1;
        Self {
            ids: (1..next).collect(),
            next,
        }
    }

    pub(super) fn check(&self, segments: usize) -> Result<(), FormatError> {
        let found = self.ids.len();
        must(found == segments, || {
            format!("{found} ids for {segments} segments")
        })
        .within("ids")?;
        let mut seen = BTreeSet::new();
        for (i, id) in self.ids.iter().enumerate() {
            must(seen.insert(id), || format!("a second {id}"))
                .at(i)
                .within("ids")?;
            must((1..self.next).contains(id), || {
                format!("{id} is not from 1 to below next_id, {}", self.next)
            })
            .at(i)
            .within("ids")?;
        }
        // So that as many as can ever be needed are left.
        must(self.next < 1 << 53, || "it is too large".into()).within("next_id")
    }

    pub(super) fn write(&self, out: &mut Object) {
        out.column("ids", self.ids.iter().copied());
        out.number("next_id", self.next);
    }

    pub(super) fn read(fields: &mut Fields<'_>, segments: usize) -> Result<Self, FormatError> {
        let text = |json: Option<Json<'_>>, name: &'static str| match json {
            None => Ok(None),
            Some(Json::Text(text)) => super::super::numbers::read_column::<u64>(&text)
                .map(Some)
                .within(name),
            Some(other) => Err(wrong(&other, "a text").within(name)),
        };
        let ids = text(fields.optional("ids"), "ids")?;
        let next = text(fields.optional("next_id"), "next_id")?;
        match (ids, next.as_deref()) {
            (None, None) => Ok(Self::first(segments)),
            (Some(ids), Some([next])) => Ok(Self { ids, next: *next }),
            _ => Err(
                FormatError::invalid("`ids` and one `next_id` belong together").within("next_id"),
            ),
        }
    }
}

//! Segments that were found once, kept so that other customers can be put into them.

mod shares;
mod stored;

use std::collections::BTreeMap;

use ndarray::ArrayView2;

use self::shares::{Lasting, drawn};
use self::stored::put_together;
use super::error::{ColumnError, FormatError, Within, must};
use super::feature::{Feature, FeatureKind, column_order, distinct};
use super::fields::{Fields, Object, Stored, check_all, wrong};
use super::json::Json;
use super::{VERSION, header, read_facts};
use crate::clustering::{Assignment, ClusteringError, KMeansSegmenter};

pub use self::shares::DrawnShare;

/// What every file of segments holds under `format`.
const FORMAT: &str = "regulars-segmenter";
/// How the segments were found. All but the last put a customer into the segment whose centre is
/// nearest.
const KINDS: [&str; 4] = ["k-means", "k-prototypes", "self-organising map", MIXTURE];
/// The one whose segments have shapes.
const MIXTURE: &str = "gaussian mixture";

/// A fitted segmenter with what is needed to use it later: its features, how shares of little are
/// drawn towards the usual, and the segments' names and lasting numbers.
///
/// What was measured for other numbers of segments is not kept.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::Fit;
/// use ndarray::Array2;
/// use regulars_models::clustering::{Feature, KMeansSegmenter};
/// use regulars_models::format::SavedSegmenter;
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| if i < 30 { i as f64 } else { 900.0 + i as f64 });
/// let params = KMeansSegmenter::params(vec![Feature::log()]).clusters(2..=2);
/// let segmenter = params.fit(&DatasetBase::from(x.view()))?;
///
/// let text = SavedSegmenter::new(&segmenter, &["spend"], &["Small", "Big"])?.to_json();
/// let saved = SavedSegmenter::from_json(&text)?;
/// let found = saved.assign(x.view())?;
/// assert_eq!(found, segmenter.assign(x.view())?);
/// assert_eq!(saved.ids(), [1, 2]);
/// assert_eq!(saved.names()[found.labels[0]], "Small");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSegmenter {
    kind: &'static str,
    features: Vec<Feature>,
    names: Vec<String>,
    lasting: Lasting,
    drawn: Vec<DrawnShare>,
    facts: BTreeMap<String, String>,
    segmenter: KMeansSegmenter,
}

impl SavedSegmenter {
    /// A segmenter, the columns that it was fitted on, and the names of its segments.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] where the features are not as many as the columns, the names not
    /// as many as the segments, or two of either the same.
    pub fn new<F: AsRef<str>, N: AsRef<str>>(
        segmenter: &KMeansSegmenter,
        features: &[F],
        names: &[N],
    ) -> Result<Self, FormatError> {
        let feature = |name: &F| Feature::numeric(name.as_ref());
        let (scaler, centres) = (segmenter.scaler().clone(), segmenter.centres().to_owned());
        let shapes = segmenter.gaussians().cloned();
        let saved = Self {
            kind: match shapes {
                None => KINDS[0],
                Some(_) => MIXTURE,
            },
            features: features.iter().map(feature).collect(),
            names: names.iter().map(|name| name.as_ref().to_owned()).collect(),
            lasting: Lasting::first(segmenter.clusters()),
            drawn: Vec::new(),
            facts: BTreeMap::new(),
            segmenter: put_together(scaler, centres, segmenter.sizes().to_vec(), shapes)?,
        };
        saved.check()?;
        Ok(saved)
    }

    /// How the segments were found, where it was not by k-means: `k-prototypes` or
    /// `self-organising map`, whose segments have centres too. A mixture of Gaussians is known by itself.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] for another word.
    pub fn with_kind(mut self, kind: &str) -> Result<Self, FormatError> {
        self.kind = known(kind)?;
        self.check()?;
        Ok(self)
    }

    /// The lasting number of each segment, and that of the next one that is new. Default 1, 2, 3
    /// and so on.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] where they are not as many as the segments, two are the same, or
    /// one is 0 or not below `next`.
    pub fn with_ids(mut self, ids: Vec<u64>, next: u64) -> Result<Self, FormatError> {
        self.lasting = Lasting { ids, next };
        self.check()?;
        Ok(self)
    }

    /// How features that are shares are drawn towards the usual before the segmenter takes them.
    /// Default none.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] for a feature that is not there or is drawn twice, or a number
    /// that no share has.
    pub fn with_drawn(mut self, drawn: Vec<DrawnShare>) -> Result<Self, FormatError> {
        self.drawn = drawn;
        self.check()?;
        Ok(self)
    }

    /// Something worth knowing about the segments, such as the date they were found for. A later
    /// value takes the place of an earlier one of the same name.
    pub fn with_fact(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.facts.insert(name.into(), value.to_string());
        self
    }

    /// What else was noted when the segments were saved.
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.facts
    }

    /// How the segments were found.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The lasting number of each segment.
    pub fn ids(&self) -> &[u64] {
        &self.lasting.ids
    }

    /// The lasting number of the next segment that is new.
    pub fn next_id(&self) -> u64 {
        self.lasting.next
    }

    /// How shares are drawn towards the usual.
    pub fn drawn(&self) -> &[DrawnShare] {
        &self.drawn
    }

    /// The columns that [`Self::assign`] takes, in their order: the features, then what shares are
    /// drawn by.
    pub fn inputs(&self) -> Vec<&str> {
        let features = self.features.iter().map(|feature| feature.name.as_str());
        features.chain(self.drawn_by()).collect()
    }

    /// The columns that shares are drawn by, each once, in the order in which they are met.
    fn drawn_by(&self) -> Vec<&str> {
        let mut by: Vec<&str> = Vec::new();
        for share in &self.drawn {
            if !by.contains(&share.by.as_str()) {
                by.push(&share.by);
            }
        }
        by
    }

    /// Segment and distance of n customers x [`Self::inputs`], NaN for missing: shares are drawn
    /// as they were, then each customer goes to the nearest centre.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] for another number of columns,
    /// [`ClusteringError::NotFinite`] for infinity.
    pub fn assign(&self, x: ArrayView2<'_, f64>) -> Result<Assignment, ClusteringError> {
        let by = self.drawn_by();
        let (found, expected) = (x.ncols(), self.features.len() + by.len());
        if found != expected {
            return Err(ClusteringError::Columns {
                what: "the matrix of features and what shares are drawn by",
                found,
                expected,
            });
        }
        let taken = drawn(x, self.features.len(), &by, &self.drawn);
        self.segmenter.assign(taken.view())
    }

    /// The columns that the segmenter takes, in their order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What each segment is called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The segmenter itself, which takes shares that have been drawn.
    pub fn segmenter(&self) -> &KMeansSegmenter {
        &self.segmenter
    }

    /// For each feature its place among the columns of a table, found by name.
    ///
    /// # Errors
    /// [`ColumnError`] for a feature that is not among them, with the nearest name, or there twice.
    pub fn column_order<S: AsRef<str>>(&self, columns: &[S]) -> Result<Vec<usize>, ColumnError> {
        column_order(&self.features, columns)
    }

    /// The file. The same segmenter gives the same bytes.
    pub fn to_json(&self) -> String {
        let mut file = Object::default();
        file.text("format", FORMAT);
        file.put("version", Json::Count(VERSION));
        file.text("kind", self.kind);
        file.objects("features", &self.features);
        file.texts("names", &self.names);
        if self.lasting != Lasting::first(self.names.len()) {
            self.lasting.write(&mut file);
        }
        if !self.drawn.is_empty() {
            file.objects("drawn", &self.drawn);
        }
        if !self.facts.is_empty() {
            let mut facts = Object::default();
            for (name, value) in &self.facts {
                facts.text(name, value);
            }
            file.put("facts", facts.into_json());
        }
        file.object("model", &self.segmenter);
        file.into_json().write()
    }

    /// Reads a file of this version or an earlier one.
    ///
    /// # Errors
    /// [`FormatError`] for whatever is not as it must be; there is no text for which it panics.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let mut file = header(Json::parse(text)?, FORMAT)?;
        let kind = known(&file.text("kind")?)?;
        let names = file.texts("names")?;
        let facts = file.optional("facts").map(read_facts).transpose();
        let drawn = match file.optional("drawn") {
            None => Vec::new(),
            Some(Json::List(list)) => {
                let read = |(i, json)| Fields::read(json).at(i);
                let read = list.into_iter().enumerate().map(read);
                read.collect::<Result<Vec<DrawnShare>, _>>()
                    .within("drawn")?
            }
            Some(other) => return Err(wrong(&other, "a list").within("drawn")),
        };
        let saved = Self {
            kind,
            features: file.objects("features")?,
            lasting: Lasting::read(&mut file, names.len())?,
            names,
            drawn,
            facts: facts.within("facts")?.unwrap_or_default(),
            segmenter: file.object("model")?,
        };
        file.finish()?;
        saved.check()?;
        Ok(saved)
    }

    fn check(&self) -> Result<(), FormatError> {
        check_all("features", &self.features, &self.features)?;
        distinct(self.features.iter().map(|f| f.name.as_str())).within("features")?;
        for (i, feature) in self.features.iter().enumerate() {
            must(feature.kind == FeatureKind::Numeric, || {
                "segments are made of numbers".into()
            })
            .at(i)
            .within("features")?;
        }
        distinct(self.names.iter().map(String::as_str)).within("names")?;
        let (names, segments) = (self.names.len(), self.segmenter.clusters());
        must(names == segments, || {
            format!("{names} names for {segments} segments")
        })
        .within("names")?;
        self.lasting.check(segments)?;
        let shapes = self.segmenter.gaussians().is_some();
        must(shapes == (self.kind == MIXTURE), || {
            format!("only segments of a {MIXTURE} have shapes, and they need them")
        })
        .within("kind")?;
        check_all("drawn", &self.drawn, &self.features)?;
        let mut met = vec![false; self.features.len()];
        for (i, share) in self.drawn.iter().enumerate() {
            let problem = || "the feature is drawn twice".into();
            must(!std::mem::replace(&mut met[share.feature], true), problem)
                .at(i)
                .within("drawn")?;
        }
        self.segmenter.check(&self.features).within("model")
    }
}

fn known(kind: &str) -> Result<&'static str, FormatError> {
    let known = KINDS.iter().find(|known| **known == kind).copied();
    let problem = || FormatError::invalid(format!("this version knows {}", KINDS.join(", ")));
    known.ok_or_else(|| problem().within("kind"))
}

#[cfg(test)]
mod tests;

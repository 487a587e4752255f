//! Segments that were found once, kept so that other customers can be put into them.

use ndarray::Array2;

use super::error::{ColumnError, FormatError, Within, must};
use super::feature::{Feature, FeatureKind, column_order, distinct};
use super::fields::{Fields, Object, Stored, check_all, check_column, check_columns, check_number};
use super::json::Json;
use super::{VERSION, header};
use crate::clustering::{
    DropReason, DroppedColumn, FeatureScaler, KMeansSegmenter, ScaledColumn, Spread, Transform,
};

/// What every file of segments holds under `format`.
const FORMAT: &str = "regulars-segmenter";
/// How the segments were found; there is one way so far.
const KIND: &str = "k-means";

/// A fitted segmenter with what is needed to use it later: its features and the segments' names.
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
/// let found = saved.segmenter().assign(x.view())?;
/// assert_eq!(found, segmenter.assign(x.view())?);
/// assert_eq!(saved.names()[found.labels[0]], "Small");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSegmenter {
    features: Vec<Feature>,
    names: Vec<String>,
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
        let saved = Self {
            features: features.iter().map(feature).collect(),
            names: names.iter().map(|name| name.as_ref().to_owned()).collect(),
            segmenter: put_together(scaler, centres, segmenter.sizes().to_vec())?,
        };
        saved.check()?;
        Ok(saved)
    }

    /// The columns that the segmenter takes, in their order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What each segment is called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The segmenter itself.
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
        file.text("kind", KIND);
        file.objects("features", &self.features);
        file.texts("names", &self.names);
        file.object("model", &self.segmenter);
        file.into_json().write()
    }

    /// Reads a file of this version or an earlier one.
    ///
    /// # Errors
    /// [`FormatError`] for whatever is not as it must be; there is no text for which it panics.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let mut file = header(Json::parse(text)?, FORMAT)?;
        let kind = file.text("kind")?;
        must(kind == KIND, || format!("this version knows {KIND}")).within("kind")?;
        let saved = Self {
            features: file.objects("features")?,
            names: file.texts("names")?,
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
        self.segmenter.check(&self.features).within("model")
    }
}

fn put_together(
    scaler: FeatureScaler,
    centres: Array2<f64>,
    sizes: Vec<usize>,
) -> Result<KMeansSegmenter, FormatError> {
    KMeansSegmenter::from_parts(scaler, centres, sizes, Vec::new())
        .map_err(|error| FormatError::invalid(error.to_string()))
}

impl Stored for KMeansSegmenter {
    fn write(&self, out: &mut Object) {
        out.count("columns", self.scaler().n_features());
        out.objects("scaling", self.scaler().columns());
        out.objects("dropped", self.scaler().dropped());
        out.column("sizes", self.sizes().iter().copied());
        out.column("centres", self.centres().iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let columns = fields.count("columns")?;
        let scaling: Vec<ScaledColumn> = fields.objects("scaling")?;
        let width = scaling.len();
        let scaler = FeatureScaler::from_parts(columns, scaling, fields.objects("dropped")?)
            .map_err(|error| FormatError::invalid(error.to_string()))?;
        let sizes: Vec<usize> = fields.column("sizes")?;
        let values: Vec<f64> = fields.column("centres")?;
        let (found, segments) = (values.len(), sizes.len());
        let centres = Array2::from_shape_vec((segments, width), values).map_err(|_| {
            let problem = format!("{found} numbers for {segments} segments of {width} columns");
            FormatError::invalid(problem).within("centres")
        })?;
        put_together(scaler, centres, sizes)
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        let (scaled, dropped) = (self.scaler().columns(), self.scaler().dropped());
        check_columns(self.scaler().n_features(), features).within("columns")?;
        must(self.clusters() > 0, || "at least one is needed".into()).within("sizes")?;
        must(!scaled.is_empty(), || "at least one is needed".into()).within("scaling")?;
        let mut met = vec![false; features.len()];
        let places = scaled.iter().map(|c| c.column);
        for column in places.chain(dropped.iter().map(|d| d.column)) {
            must(!met[column], || format!("column {column} is there twice"))?;
            met[column] = true;
        }
        check_all("scaling", scaled, features)?;
        let centres = self.centres();
        check_column("centres", centres.iter().copied(), "finite", f64::is_finite)?;
        let farthest = centres.rows().into_iter().map(|centre| {
            let parts = scaled.iter().zip(centre);
            let part = |(column, centre): (&ScaledColumn, &f64)| reach(column) + centre.abs();
            parts.map(part).map(|length| length * length).sum::<f64>()
        });
        must(farthest.into_iter().all(f64::is_finite), || {
            "distances can be more than a number can hold".into()
        })
        .within("centres")
    }
}

/// How far from 0 a scaled value can be.
fn reach(column: &ScaledColumn) -> f64 {
    let ends = [column.low, column.high].map(|end| (end - column.centre).abs());
    ends[0].max(ends[1]) / column.scale * column.weight.sqrt()
}

impl Stored for ScaledColumn {
    fn write(&self, out: &mut Object) {
        out.count("column", self.column);
        out.number("log", self.transform == Transform::SignedLog);
        out.number("fill", self.fill);
        out.column("range", [self.low, self.high]);
        out.number("centre", self.centre);
        out.number("scale", self.scale);
        out.number("quartiles", self.spread == Spread::Quartiles);
        out.number("weight", self.weight);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let range: Vec<f64> = fields.column_of("range", 2, "ends")?;
        Ok(Self {
            column: fields.count("column")?,
            transform: match fields.number("log")? {
                true => Transform::SignedLog,
                false => Transform::Identity,
            },
            fill: fields.number("fill")?,
            low: range[0],
            high: range[1],
            centre: fields.number("centre")?,
            scale: fields.number("scale")?,
            spread: match fields.number("quartiles")? {
                true => Spread::Quartiles,
                false => Spread::Deviation,
            },
            weight: fields.number("weight")?,
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        let finite =
            |name: &str, number: f64| check_number(number, "finite", f64::is_finite).within(name);
        let positive = |name: &str, number: f64| {
            let above = |number: f64| number > 0.0 && number.is_finite();
            check_number(number, "a finite number above 0", above).within(name)
        };
        finite("fill", self.fill)?;
        finite("range", self.low)?;
        finite("range", self.high)?;
        must(self.low <= self.high, || "it ends before it begins".into()).within("range")?;
        finite("centre", self.centre)?;
        positive("scale", self.scale)?;
        positive("weight", self.weight)
    }
}

/// Why a column is left out, as files say it.
const REASONS: [(&str, DropReason); 3] = [
    ("all missing", DropReason::AllMissing),
    ("constant", DropReason::Constant),
    ("nearly constant", DropReason::NearlyConstant),
];

impl Stored for DroppedColumn {
    fn write(&self, out: &mut Object) {
        out.count("column", self.column);
        let said = REASONS.iter().find(|(_, reason)| *reason == self.reason);
        out.text("reason", said.map_or("", |(said, _)| said));
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let column = fields.count("column")?;
        let said = fields.text("reason")?;
        let known = REASONS.iter().find(|(reason, _)| *reason == said);
        let (_, reason) = known.ok_or_else(|| {
            let problem = "choose \"all missing\", \"constant\" or \"nearly constant\"";
            FormatError::invalid(problem).within("reason")
        })?;
        Ok(Self {
            column,
            reason: *reason,
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use linfa::DatasetBase;
    use linfa::traits::Fit;
    use ndarray::array;

    use super::*;
    use crate::clustering;

    const COLUMNS: [&str; 4] = ["spend", "visits", "constant", "empty"];

    /// Two columns that tell customers apart, one of them with gaps; one that does not, and one
    /// without any value.
    fn customers() -> Array2<f64> {
        Array2::from_shape_fn((300, 4), |(row, column)| match column {
            0 if row % 19 == 4 => f64::NAN,
            0 => ((row * 7919) % 1009) as f64 * if row % 3 == 0 { 40.0 } else { 0.3 },
            1 => ((row * 31) % 17) as f64 / 7.0,
            2 => 5.0,
            _ => f64::NAN,
        })
    }

    fn segmenter() -> KMeansSegmenter {
        let log = clustering::Feature::log();
        let half = clustering::Feature::default().weight(0.5);
        KMeansSegmenter::params(vec![log, half, log, half])
            .clusters(2..=4)
            .resamples(2)
            .seed(3)
            .fit(&DatasetBase::from(customers().view()))
            .unwrap()
    }

    fn names(segments: usize) -> Vec<String> {
        (0..segments)
            .map(|place| format!("Segment {place}"))
            .collect()
    }

    fn text() -> String {
        let segmenter = segmenter();
        let names = names(segmenter.clusters());
        let saved = SavedSegmenter::new(&segmenter, &COLUMNS, &names).unwrap();
        saved.to_json()
    }

    #[test]
    fn what_was_saved_puts_the_same_customers_into_the_same_segments() {
        let (segmenter, text) = (segmenter(), text());
        let saved = SavedSegmenter::from_json(&text).unwrap();
        assert_eq!(saved.to_json(), text);
        assert_eq!(saved.names(), names(segmenter.clusters()));
        let others = array![[f64::NAN, 0.1, 5.0, 1.0], [-1e9, 1e300, f64::NAN, -0.0]];
        for x in [customers(), others] {
            let (ours, theirs) = (
                segmenter.assign(x.view()),
                saved.segmenter().assign(x.view()),
            );
            assert_eq!(ours.unwrap(), theirs.unwrap());
        }
        let order = saved.column_order(&["empty", "constant", "visits", "who", "spend"]);
        assert_eq!(order, Ok(vec![4, 2, 1, 0]));
    }

    #[test]
    fn what_does_not_belong_together_is_not_saved() {
        let segmenter = segmenter();
        let (right, few) = (names(segmenter.clusters()), names(1));
        let refused = |features: &[&str], names: &[String]| {
            SavedSegmenter::new(&segmenter, features, names)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(&COLUMNS, &few).starts_with("names: 1 names for"));
        assert!(refused(&COLUMNS[..3], &right).starts_with("model.columns: the model was fitted"));
        let twice = ["spend", "visits", "spend", "empty"];
        assert!(refused(&twice, &right).starts_with("features[2]: a second"));
    }

    #[test]
    fn files_that_cannot_be_used_are_refused_with_the_place() {
        let text = text();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            let error = SavedSegmenter::from_json(&text.replacen(from, to, 1));
            error.unwrap_err().to_string()
        };
        for (from, to, said) in [
            (
                "regulars-segmenter",
                "regulars-model",
                "this is not a model file",
            ),
            (
                "\"version\": 1",
                "\"version\": 2",
                "the model file has version 2",
            ),
            (
                "\"k-means\"",
                "\"dbscan\"",
                "kind: this version knows k-means",
            ),
            ("\"numeric\"", "\"categorical\"", "features[0].categories"),
            ("\"Segment 1\"", "\"Segment 0\"", "names[1]: a second"),
            (
                "\"columns\": 4",
                "\"columns\": 2",
                "model: the stored scaling has",
            ),
            (
                "\"column\": 1",
                "\"column\": 18446744073709551615",
                "model: the stored scaling has 18446744073709551615 columns",
            ),
            (
                "\"columns\": 4",
                "\"columns\": 5",
                "model.columns: the model was",
            ),
            (
                "\"column\": 1",
                "\"column\": 0",
                "model: column 0 is there twice",
            ),
            (
                "\"weight\": \"1\"",
                "\"weight\": \"0\"",
                "model.scaling[0].weight: 0 is",
            ),
            (
                "\"weight\": \"1\"",
                "\"weight\": \"1e308 1\"",
                "model.scaling[0].weight: ",
            ),
            ("\"log\": \"1\"", "\"log\": \"2\"", "model.scaling[0].log: "),
            (
                "\"constant\"\n   }",
                "\"dull\"\n   }",
                "model.dropped[0].reason: choose",
            ),
            ("\"centres\": \"", "\"centres\": \"1 ", "model.centres: "),
            (
                "\"centres\": \"",
                "\"centres\": \"1e999 ",
                "model.centres: ",
            ),
            ("\"sizes\": \"", "\"sizes\": \"1 ", "model.centres: "),
            (
                "\"sizes\"",
                "\"size\"",
                "model.sizes: this field is missing",
            ),
        ] {
            let error = refused(from, to);
            assert!(error.starts_with(said), "{from} -> {to}: {error}");
        }
        for length in 0..text.trim_end().len() {
            if let Some(cut) = text.get(..length) {
                assert!(SavedSegmenter::from_json(cut).is_err(), "{length}");
            }
        }
    }
}

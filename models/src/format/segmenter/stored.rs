//! The parts of a k-means segmenter, as files hold them.

use ndarray::{Array2, ArrayView1};

use super::super::error::{FormatError, Within, must};
use super::super::feature::Feature;
use super::super::fields::{
    Fields, Object, Stored, check_all, check_column, check_columns, check_number, wrong,
};
use super::super::json::Json;
use super::super::numbers::read_column;
use crate::clustering::{
    DropReason, DroppedColumn, FeatureScaler, Gaussians, KMeansSegmenter, ScaledColumn, Spread,
    Transform,
};

pub(super) fn put_together(
    scaler: FeatureScaler,
    centres: Array2<f64>,
    sizes: Vec<usize>,
    shapes: Option<Gaussians>,
) -> Result<KMeansSegmenter, FormatError> {
    KMeansSegmenter::from_parts(scaler, centres, sizes, Vec::new())
        .and_then(|segmenter| match shapes {
            None => Ok(segmenter),
            Some(shapes) => segmenter.with_gaussians(shapes),
        })
        .map_err(|error| FormatError::invalid(error.to_string()))
}

impl Stored for KMeansSegmenter {
    fn write(&self, out: &mut Object) {
        out.count("columns", self.scaler().n_features());
        out.objects("scaling", self.scaler().columns());
        out.objects("dropped", self.scaler().dropped());
        out.column("sizes", self.sizes().iter().copied());
        out.column("centres", self.centres().iter().copied());
        if let Some(shapes) = self.gaussians() {
            out.column("offsets", shapes.offsets.iter().copied());
            let factors = shapes.factors.iter().flat_map(|factor| factor.iter());
            out.column("factors", factors.copied());
        }
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
        let shapes = shapes(fields, segments, width)?;
        put_together(scaler, centres, sizes, shapes)
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
        if let Some(shapes) = self.gaussians() {
            let farthest = |centre: ArrayView1<'_, f64>| -> Vec<f64> {
                let parts = scaled.iter().zip(centre);
                parts.map(|(column, at)| reach(column) + at.abs()).collect()
            };
            let farthest: Vec<Vec<f64>> = centres.rows().into_iter().map(farthest).collect();
            check_shapes(shapes, &farthest)?;
        }
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

/// The shapes of a mixture, where there are any.
fn shapes(
    fields: &mut Fields<'_>,
    segments: usize,
    width: usize,
) -> Result<Option<Gaussians>, FormatError> {
    let column = |json: Option<Json<'_>>, name: &'static str| match json {
        None => Ok(None),
        Some(Json::Text(text)) => read_column::<f64>(&text).map(Some).within(name),
        Some(other) => Err(wrong(&other, "a text").within(name)),
    };
    let offsets = column(fields.optional("offsets"), "offsets")?;
    let factors = column(fields.optional("factors"), "factors")?;
    let (Some(offsets), Some(factors)) = (&offsets, &factors) else {
        return match (offsets, factors) {
            (None, None) => Ok(None),
            _ => Err(FormatError::invalid("offsets and factors belong together").within("factors")),
        };
    };
    let size = width.checked_mul(width).filter(|size| *size > 0);
    let size = size.filter(|size| Some(factors.len()) == size.checked_mul(segments));
    let size = size.ok_or_else(|| {
        let problem = format!(
            "{} numbers for {segments} squares of {width}",
            factors.len()
        );
        FormatError::invalid(problem).within("factors")
    })?;
    let square = |numbers: &[f64]| Array2::from_shape_vec((width, width), numbers.to_vec());
    let factors: Result<Vec<_>, _> = factors.chunks_exact(size).map(square).collect();
    Ok(Some(Gaussians {
        offsets: offsets.clone(),
        factors: factors.map_err(|error| FormatError::invalid(error.to_string()))?,
    }))
}

/// Numbers of which no distance or likelihood can overflow.
fn check_shapes(shapes: &Gaussians, farthest: &[Vec<f64>]) -> Result<(), FormatError> {
    let small = |number: f64| number.abs() <= 1e100;
    check_column(
        "offsets",
        shapes.offsets.iter().copied(),
        "from -1e100 to 1e100",
        small,
    )?;
    for (i, factor) in shapes.factors.iter().enumerate() {
        let numbers = factor.iter().copied();
        check_column("factors", numbers, "from -1e100 to 1e100", small).at(i)?;
        must(factor.diag().iter().all(|number| *number > 0.0), || {
            "its diagonal must be above 0".into()
        })
        .at(i)
        .within("factors")?;
        let turned = factor.columns().into_iter().map(|column| {
            let parts = column.into_iter().zip(&farthest[i]);
            parts.map(|(number, far)| number.abs() * far).sum::<f64>()
        });
        let square: f64 = turned.map(|length| length * length).sum();
        must(square.is_finite(), || {
            "distances can be more than a number can hold".into()
        })
        .at(i)
        .within("factors")?;
    }
    Ok(())
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

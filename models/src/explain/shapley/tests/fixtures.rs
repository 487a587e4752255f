//! Models of LightGBM and scikit-learn, explained by the shap package and by LightGBM itself.

use serde::Deserialize;

use super::*;

/// A case of `tests/fixtures/shap_values.json`, made by the script beside it.
#[derive(Deserialize)]
struct Case {
    name: String,
    trees: Vec<Columns>,
    rows: Vec<Vec<Option<f32>>>,
    path_dependent: Vec<Vec<f64>>,
    #[serde(default)]
    background: Vec<Vec<Option<f32>>>,
    #[serde(default)]
    interventional: Vec<Vec<f64>>,
    #[serde(default)]
    interactions: Vec<Vec<Vec<f64>>>,
}

#[derive(Deserialize)]
struct Columns {
    feature: Vec<usize>,
    threshold: Vec<f32>,
    left_categories: Vec<Vec<u16>>,
    missing_left: Vec<bool>,
    left: Vec<usize>,
    right: Vec<usize>,
    value: Vec<f64>,
    rows: Vec<usize>,
}

fn matrix(rows: &[Vec<Option<f32>>]) -> Array2<f32> {
    let columns = rows.first().map_or(0, Vec::len);
    let values = rows.iter().flatten();
    let values = values.map(|value| value.unwrap_or(f32::NAN)).collect();
    Array2::from_shape_vec((rows.len(), columns), values).unwrap()
}

fn near(name: &str, got: &Array2<f64>, want: &[Vec<f64>]) {
    assert!(!want.is_empty() && got.nrows() == want.len(), "{name}");
    for (got, want) in got.rows().into_iter().zip(want) {
        // The last column of ours is the base value, which the others give apart.
        for (got, want) in got.iter().zip(want) {
            // The shap package keeps the fractions of a path in single precision.
            assert!((got - want).abs() < 1e-6, "{name}: {got} for {want}");
        }
    }
}

#[test]
fn values_are_those_of_the_shap_package_and_of_lightgbm() {
    let text = include_str!("../../../../tests/fixtures/shap_values.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let trees: Vec<TreeColumns> = case
            .trees
            .into_iter()
            .map(|columns| TreeColumns {
                feature: columns.feature,
                threshold: columns.threshold,
                left_categories: columns.left_categories,
                missing_left: columns.missing_left,
                left: columns.left,
                right: columns.right,
                value: columns.value,
                rows: columns.rows,
            })
            .collect();
        let x = matrix(&case.rows);
        let sum = TreeSum::from_columns(x.ncols(), 0.0, &trees).unwrap();
        let path = sum.shap().contributions(x.view()).unwrap();
        near(&case.name, &path, &case.path_dependent);
        if case.background.is_empty() {
            continue;
        }
        let background = matrix(&case.background);
        let against = sum.shap_against(background.view()).unwrap();
        let against = against.contributions(x.view()).unwrap();
        near(&case.name, &against, &case.interventional);
        let pairs = sum.interactions(x.view()).unwrap();
        for (got, want) in pairs.outer_iter().zip(&case.interactions) {
            near(&case.name, &got.to_owned(), want);
        }
    }
}

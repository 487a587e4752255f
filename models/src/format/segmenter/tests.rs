//! What is saved and read back, and what is refused.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array2, array};

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
fn identity_drawn_shares_and_facts_travel_along() {
    let segmenter = segmenter();
    let k = segmenter.clusters() as u64;
    let share = |prior| DrawnShare {
        feature: 1,
        by: "baskets".to_owned(),
        usual: 0.25,
        prior,
    };
    let saved = SavedSegmenter::new(&segmenter, &COLUMNS, &names(k as usize)).unwrap();
    let saved = saved
        .with_ids((11..11 + k).rev().collect(), 40)
        .unwrap()
        .with_drawn(vec![share(5.0)])
        .unwrap()
        .with_kind("self-organising map")
        .unwrap()
        .with_fact("as_of", "2024-05-01");
    let again = SavedSegmenter::from_json(&saved.to_json()).unwrap();
    assert_eq!(again, saved);
    assert_eq!((again.ids()[0], again.next_id()), (10 + k, 40));
    assert_eq!(
        again.inputs(),
        ["spend", "visits", "constant", "empty", "baskets"]
    );
    assert_eq!(again.facts()["as_of"], "2024-05-01");
    // By hand: (2 * 15 + 0.25 * 5) / 20, and the share itself where nothing draws it.
    assert_eq!(share(5.0).apply(2.0, 15.0), 1.5625);
    assert_eq!(share(0.0).apply(2.0, -1.0), 2.0);
    let rows = array![
        [3.0, 2.0, 5.0, 1.0, 15.0],
        [3.0, f64::NAN, 5.0, 1.0, f64::NAN]
    ];
    let by_hand = array![[3.0, 1.5625, 5.0, 1.0], [3.0, f64::NAN, 5.0, 1.0]];
    let found = again.assign(rows.view()).unwrap();
    assert_eq!(found, segmenter.assign(by_hand.view()).unwrap());
    assert!(again.assign(by_hand.view()).is_err());
    for (problem, said) in [
        (
            saved.clone().with_ids(vec![1; k as usize], 9),
            "ids[1]: a second 1",
        ),
        (
            saved.clone().with_ids((0..k).collect(), 9),
            "ids[0]: 0 is not",
        ),
        (saved.clone().with_ids(vec![], 9), "ids: 0 ids for"),
        (
            saved.clone().with_drawn(vec![share(-1.0)]),
            "drawn[0].prior: -1 is not",
        ),
        (
            saved.clone().with_drawn(vec![share(1.0), share(2.0)]),
            "drawn[1]: the feature is drawn twice",
        ),
        (
            saved.clone().with_kind("dbscan"),
            "kind: this version knows",
        ),
    ] {
        let error = problem.unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
    let text = saved.to_json().replacen("\"next_id\"", "\"nextid\"", 1);
    let error = SavedSegmenter::from_json(&text).unwrap_err().to_string();
    assert!(error.starts_with("next_id: `ids` and one"), "{error}");
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

#[test]
fn a_segmenter_by_mixture_is_saved_whole_and_the_same_on_any_threads() {
    let x = Array2::from_shape_fn((600, 2), |(row, column)| {
        let at = ((row * 7919 + column * 31) % 601) as f64 / 601.0;
        at * at * if row % 2 == 0 { 1.0 } else { 5.0 } + (row % 2) as f64
    });
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let params = KMeansSegmenter::params(vec![clustering::Feature::default(); 2])
                .algorithm(clustering::Algorithm::Mixture)
                .clusters(2..=3)
                .resamples(2);
            params.fit(&DatasetBase::from(x.view())).unwrap()
        })
    };
    let found = run(1);
    assert_eq!(found, run(2));
    let names: Vec<String> = (0..found.clusters())
        .map(|c| format!("Segment {c}"))
        .collect();
    let text = SavedSegmenter::new(&found, &["a", "b"], &names)
        .unwrap()
        .to_json();
    let saved = SavedSegmenter::from_json(&text).unwrap();
    assert_eq!(saved.kind(), "gaussian mixture");
    assert_eq!(saved.to_json(), text);
    assert_eq!(
        saved.assign(x.view()).unwrap(),
        found.assign(x.view()).unwrap()
    );
    for (from, to, said) in [
        ("gaussian mixture", "k-means", "kind: only segments of"),
        (
            "\"offsets\": \"",
            "\"offsets\": \"1 ",
            "model: the list of shapes",
        ),
        ("\"factors\": \"", "\"factors\": \"1 ", "model.factors: "),
        (
            "\"factors\": \"",
            "\"factors\": \"-",
            "model.factors[0]: its diagonal",
        ),
    ] {
        let error = SavedSegmenter::from_json(&text.replacen(from, to, 1)).unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
    }
}

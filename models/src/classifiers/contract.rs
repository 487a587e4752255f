//! What every classifier promises, asked of all of them; the table is in the module's help.

use ndarray::{Array1, Array2, Axis, array};

use super::*;
use crate::format::{Feature, SavedModel};
use crate::metrics::{log_loss, roc_auc};
use crate::tree::TreeError;

const NAN: f32 = f32::NAN;

/// Every recipe, made quick.
fn recipes() -> Vec<Recipe> {
    let quick = |recipe| match recipe {
        Recipe::Boosting(p) => Recipe::Boosting(p.n_trees(40).min_rows_per_leaf(10)),
        Recipe::Tree(p) => Recipe::Tree(p.min_rows_per_leaf(20)),
        Recipe::Forest(p) => Recipe::Forest(p.n_trees(30)),
        Recipe::ExtraTrees(p) => Recipe::ExtraTrees(p.n_trees(30)),
        Recipe::ElasticNet(p) => Recipe::ElasticNet(p.path_length(8)),
        Recipe::Neighbours(p) => Recipe::Neighbours(p.candidates(vec![20, 40])),
        Recipe::Network(p) => {
            let p = p.hidden(vec![8]).max_epochs(25).batch_rows(32);
            Recipe::Network(p.learning_rate(0.01))
        }
        Recipe::LinfaForest(p) => Recipe::LinfaForest(p.trees(8)),
        Recipe::Ensemble(p) => Recipe::Ensemble(p.members(vec![
            Recipe::ElasticNet(ElasticNet::params().path_length(8)),
            Recipe::Boosting(GradientBoosting::params().n_trees(40).min_rows_per_leaf(10)),
            Recipe::ExtraTrees(RandomForest::extra_trees().n_trees(30)),
        ])),
        other => other,
    };
    Recipe::all().into_iter().map(quick).collect()
}

/// Column 0 decides, column 1 is noise, column 2 is constant, column 3 all missing; some of
/// column 0 is missing.
pub(super) fn customers(rows: usize) -> (Array2<f32>, Vec<bool>) {
    let draw = |row: usize, salt: usize| (row * 7919 + salt * 104_729) % 1009;
    let x = Array2::from_shape_fn((rows, 4), |(row, column)| match column {
        0 if row % 17 == 3 => NAN,
        0 => (draw(row, 1) % 100) as f32,
        1 => (draw(row, 2) % 50) as f32,
        2 => 5.0,
        _ => NAN,
    });
    let label = |row: usize| {
        let value = x[[row, 0]];
        let value = if value.is_nan() { 50.0 } else { value };
        value + (draw(row, 3) % 60) as f32 > 110.0
    };
    let labels = (0..rows).map(label).collect();
    (x, labels)
}

/// Every model that is looked at here has been written to a file and read back.
fn through_a_file(model: Classifier) -> Classifier {
    let columns = model.feature_count();
    let names = (0..columns).map(|column| Feature::numeric(format!("column {column}")));
    read_back(model, names.collect())
}

#[track_caller]
fn read_back(model: Classifier, features: Vec<Feature>) -> Classifier {
    let saved = SavedModel::new(model.clone(), features).unwrap();
    let text = saved.to_json();
    let read = SavedModel::from_json(&text).unwrap_or_else(|e| panic!("{}: {e}", model.name()));
    assert_eq!(read, saved);
    assert_eq!(read.to_json(), text);
    let read = read.model().classifier().cloned();
    assert_eq!(read.as_ref(), Some(&model));
    read.unwrap_or(model)
}

fn fit(recipe: &Recipe, x: &Array2<f32>, labels: &[bool]) -> Result<Classifier, String> {
    let fitted = recipe.fit(x.view(), labels, None, None);
    fitted.map(through_a_file).map_err(|e| e.to_string())
}

/// Fits on 600 customers and stops or chooses by 300 others.
fn fit_well(recipe: &Recipe) -> Classifier {
    let (x, labels) = customers(900);
    let part = |from: usize, to: usize| x.select(Axis(0), &(from..to).collect::<Vec<_>>());
    let (train, held) = (part(0, 600), part(600, 900));
    let validation = Some((held.view(), &labels[600..]));
    let fitted = recipe.fit(train.view(), &labels[..600], None, validation);
    through_a_file(fitted.unwrap_or_else(|e| panic!("{}: {e}", recipe.name())))
}

#[track_caller]
fn check_probabilities(name: &str, p: &Array1<f64>) {
    for p in p {
        assert!((0.0..=1.0).contains(p), "{name}: {p}");
        assert_eq!(p + (1.0 - p), 1.0, "{name}");
    }
}

#[test]
fn names_lead_there_and_back() {
    for recipe in Recipe::all() {
        let name = recipe.name();
        assert_eq!(Recipe::from_name(name), Some(recipe.clone()));
        assert!(!recipe.title().is_empty());
        let (x, labels) = customers(200);
        let model = fit(&recipe, &x, &labels).unwrap();
        assert_eq!((model.name(), model.title()), (name, recipe.title()));
        assert_eq!(model.feature_count(), 4, "{name}");
    }
    assert_eq!(Recipe::from_name("oracle"), None);
    let mut names: Vec<&str> = Recipe::all().iter().map(Recipe::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Recipe::all().len());
}

#[test]
fn a_plain_pattern_is_learned() {
    let (x, labels) = customers(2000);
    let rows: Vec<usize> = (1000..2000).collect();
    let (later, labels) = (
        x.select(Axis(0), &rows),
        Array1::from(labels[1000..].to_vec()),
    );
    let base = labels.iter().filter(|label| **label).count() as f64 / 1000.0;
    let by_base = log_loss(labels.view(), Array1::from_elem(1000, base).view()).unwrap();
    for recipe in recipes() {
        let name = recipe.name();
        let p = fit_well(&recipe).predict_probability(later.view());
        check_probabilities(name, &p);
        let auc = roc_auc(labels.view(), p.view()).unwrap();
        assert!(auc > 0.85, "{name}: {auc}");
        let loss = log_loss(labels.view(), p.view()).unwrap();
        assert!(loss < 0.85 * by_base, "{name}: {loss} for {by_base}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let (x, _) = customers(400);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let fitted = recipes().into_iter().map(|recipe| {
                let model = fit_well(&recipe.with_seed(7));
                let p = model.predict_probability(x.view());
                (model, p)
            });
            fitted.collect::<Vec<_>>()
        })
    };
    let one = on(1);
    for threads in [1, 2, 3] {
        for ((model, p), (other, q)) in one.iter().zip(on(threads)) {
            assert_eq!(*model, other, "{} on {threads} threads", model.name());
            assert_eq!(*p, q, "{} on {threads} threads", model.name());
        }
    }
}

#[test]
fn a_row_is_scored_alike_alone_and_among_others() {
    let (x, _) = customers(300);
    for recipe in recipes() {
        let (name, model) = (recipe.name(), fit_well(&recipe));
        let all = model.predict_probability(x.view());
        for row in [0, 3, 20] {
            let alone = model.predict_probability(x.select(Axis(0), &[row]).view());
            assert_eq!(alone[0], all[row], "{name}");
        }
        let none = Array2::zeros((0, 4));
        assert_eq!(model.predict_probability(none.view()).len(), 0, "{name}");
        // Columns of a matrix that lies otherwise in memory.
        let turned = x.t().to_owned();
        assert_eq!(model.predict_probability(turned.t()), all, "{name}");
    }
}

#[test]
fn anything_may_be_scored() {
    let far = [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, NAN];
    let near = [f32::MIN_POSITIVE, -0.0, 1e-40, 65_536.0, 0.5];
    let values = [far, near].concat();
    let x = Array2::from_shape_fn((100, 4), |(row, column)| {
        values[(row / (1 + 9 * (column % 2)) + column / 2) % 10]
    });
    let ends = array![
        [f32::INFINITY, 1.0, 1.0, 1.0],
        [f32::NEG_INFINITY, f32::INFINITY, 1.0, 1.0]
    ];
    for recipe in recipes() {
        let (name, model) = (recipe.name(), fit_well(&recipe));
        check_probabilities(name, &model.predict_probability(x.view()));
        if let Some(contributions) = model.contributions(x.view()) {
            assert!(contributions.iter().all(|c| c.is_finite()), "{name}");
        }
        let p = model.predict_probability(ends.view());
        assert!(p[0] > p[1], "{name}: {p}");
    }
}

#[test]
fn bad_input_is_refused_by_all_with_the_same_words() {
    let infinite = array![[1.0], [f32::INFINITY], [2.0]];
    let plain = array![[1.0_f32], [2.0], [3.0]];
    let (yes, no) = (true, false);
    let cases: Vec<(&Array2<f32>, Vec<bool>, TreeError)> = vec![
        (
            &plain,
            vec![no; 3],
            TreeError::OneClass { label: no, rows: 3 },
        ),
        (
            &plain,
            vec![yes; 3],
            TreeError::OneClass {
                label: yes,
                rows: 3,
            },
        ),
        (
            &plain,
            vec![no, yes],
            TreeError::LabelCount { rows: 3, labels: 2 },
        ),
        (
            &infinite,
            vec![no, yes, no],
            TreeError::Infinite {
                row: 1,
                column: 0,
                value: f32::INFINITY,
            },
        ),
    ];
    let nothing = Array2::zeros((0, 1));
    let one_row = array![[1.0]];
    let no_columns = Array2::zeros((2, 0));
    let cases = cases.into_iter().chain([
        (&nothing, vec![], TreeError::NoRows),
        (
            &one_row,
            vec![yes],
            TreeError::OneClass {
                label: yes,
                rows: 1,
            },
        ),
        (&no_columns, vec![yes, no], TreeError::NoColumns),
    ]);
    for (x, labels, error) in cases {
        for recipe in recipes() {
            let refused = fit(&recipe, x, &labels).err();
            assert_eq!(refused, Some(error.to_string()), "{}", recipe.name());
        }
    }
}

#[test]
fn bad_weights_and_validation_rows_are_refused_by_all() {
    let (x, labels) = customers(100);
    let mut negative = vec![1.0; 100];
    negative[7] = -1.0;
    let mut unknown = vec![1.0; 100];
    unknown[3] = NAN;
    let weights: [(&[f32], &str); 5] = [
        (
            &[1.0; 99],
            "99 weights for 100 rows of features; give one weight a row, or none",
        ),
        (
            &[],
            "0 weights for 100 rows of features; give one weight a row, or none",
        ),
        (
            &negative,
            "the weight of row 7 is -1; weights must be finite, 0 or more",
        ),
        (
            &unknown,
            "the weight of row 3 is NaN; weights must be finite, 0 or more",
        ),
        (
            &[0.0; 100],
            "all 0 rows that count are labelled true; a classifier needs rows of both labels",
        ),
    ];
    let narrow = Array2::<f32>::zeros((2, 3));
    let mut infinite = x.clone();
    infinite[[2, 1]] = f32::NEG_INFINITY;
    let validation: [(&Array2<f32>, &[bool], &str); 4] = [
        (
            &narrow,
            &[true, false],
            "3 feature columns, but the model has 4; give the same columns in the same order",
        ),
        (
            &infinite,
            &labels,
            "row 2, column 1 of the features is -inf; features must be finite, or NaN where missing",
        ),
        (
            &x,
            &[true; 100],
            "all 100 rows that count are labelled true; a classifier needs rows of both labels",
        ),
        (
            &x,
            &[true; 3],
            "3 labels for 100 rows of features; give one label a row",
        ),
    ];
    for recipe in recipes() {
        let name = recipe.name();
        for (weights, message) in weights {
            let refused = recipe.fit(x.view(), &labels, Some(weights), None);
            let refused = refused.err().map(|e| e.to_string()).unwrap_or_default();
            if recipe.honours_weights() || weights.is_empty() {
                assert_eq!(refused, message, "{name}");
            } else {
                let end = "takes no row weights; leave them out, or fit a tree model";
                assert!(refused.ends_with(end), "{name}: {refused}");
            }
        }
        for (rows, judged, message) in validation {
            let refused = recipe.fit(x.view(), &labels, None, Some((rows.view(), judged)));
            let refused = refused.err().map(|e| e.to_string());
            assert_eq!(refused.as_deref(), Some(message), "{name}");
        }
    }
}

#[test]
fn heavier_rows_count_for_more() {
    let (x, labels) = customers(600);
    let weights: Vec<f32> = labels.iter().map(|y| if *y { 4.0 } else { 1.0 }).collect();
    for recipe in recipes().into_iter().filter(Recipe::honours_weights) {
        let mean = |weights: Option<&[f32]>| {
            let model = recipe.fit(x.view(), &labels, weights, None).unwrap();
            through_a_file(model)
                .predict_probability(x.view())
                .mean()
                .unwrap()
        };
        let (plain, weighted) = (mean(None), mean(Some(&weights)));
        assert!(
            weighted > plain + 0.05,
            "{}: {plain}, {weighted}",
            recipe.name()
        );
    }
}

#[test]
fn where_there_is_nothing_to_learn_all_say_the_base_rate() {
    let labels: Vec<bool> = (0..400).map(|row| row % 4 == 0).collect();
    let missing = Array2::from_elem((400, 3), NAN);
    let constant = Array2::from_elem((400, 3), 2.5);
    for x in [missing, constant] {
        for recipe in recipes() {
            let name = recipe.name();
            let model = fit(&recipe, &x, &labels).unwrap();
            let p = model.predict_probability(x.view());
            check_probabilities(name, &p);
            assert!(p.iter().all(|q| *q == p[0]), "{name}");
            // The network and linfa's solver come near it.
            assert!((p[0] - 0.25).abs() < 0.03, "{name}: {}", p[0]);
        }
    }
}

#[test]
fn two_rows_are_enough_to_be_fitted() {
    for recipe in recipes() {
        let model = fit(&recipe, &array![[1.0], [2.0]], &[false, true]).unwrap();
        check_probabilities(
            recipe.name(),
            &model.predict_probability(array![[3.0]].view()),
        );
    }
}

#[test]
fn the_order_of_the_rows_matters_only_where_rows_are_drawn_by_number() {
    let (x, labels) = customers(600);
    let order: Vec<usize> = (0..600).map(|row| (row * 77 + 13) % 600).collect();
    let moved = x.select(Axis(0), &order);
    let moved_labels: Vec<bool> = order.iter().map(|row| labels[*row]).collect();
    let validation = Some((x.view(), labels.as_slice()));
    for recipe in recipes() {
        let closeness = match recipe.name() {
            "tree" | "neighbours" => 0.0,
            "single-feature" | "naive-bayes" => 1e-12,
            "elastic-net" | "logistic" => 1e-6,
            // Rows are drawn by number, or linfa's sums in single precision settle near-ties.
            "boosting" | "forest" | "extra-trees" | "network" | "linfa-tree" | "linfa-forest"
            | "ensemble" => {
                continue;
            }
            other => panic!("say whether the order of the rows matters to {other}"),
        };
        let one = recipe.fit(x.view(), &labels, None, validation).unwrap();
        let other = recipe
            .fit(moved.view(), &moved_labels, None, validation)
            .unwrap();
        let p = through_a_file(one).predict_probability(x.view());
        let q = through_a_file(other).predict_probability(x.view());
        for (p, q) in p.iter().zip(&q) {
            assert!((p - q).abs() <= closeness, "{}: {p}, {q}", recipe.name());
        }
    }
}

#[test]
fn a_monotone_change_of_a_column_does_not_matter_to_trees() {
    let (x, labels) = customers(600);
    let changed = x.mapv(|value| value * value * value);
    for recipe in recipes() {
        if ["tree", "boosting"].contains(&recipe.name()) {
            let p = fit(&recipe, &x, &labels).unwrap();
            let q = fit(&recipe, &changed, &labels).unwrap();
            assert_eq!(
                p.predict_probability(x.view()),
                q.predict_probability(changed.view()),
                "{}",
                recipe.name()
            );
        }
    }
}

#[test]
fn reasons_sum_to_the_score_where_there_are_any() {
    let (x, _) = customers(300);
    for recipe in recipes() {
        let (name, model) = (recipe.name(), fit_well(&recipe));
        let p = model.predict_probability(x.view());
        let contributions = model.contributions(x.view());
        assert_eq!(contributions.is_some(), recipe.explains(), "{name}");
        if let Some(contributions) = contributions {
            assert_eq!(contributions.dim(), (300, 5), "{name}");
            for (row, p) in contributions.rows().into_iter().zip(&p) {
                let adds_probabilities = ["tree", "forest", "extra-trees"].contains(&name);
                let score = if adds_probabilities {
                    *p
                } else {
                    (p / (1.0 - p)).ln()
                };
                assert!((row.sum() - score).abs() < 1e-9, "{name}");
            }
            // Constant and all-missing columns have no say.
            assert_eq!(contributions.column(2).sum(), 0.0, "{name}");
            assert_eq!(contributions.column(3).sum(), 0.0, "{name}");
        }
        if let Some(importance) = model.importance() {
            assert_eq!(importance.len(), 4, "{name}");
            assert!(importance[0] > importance[1], "{name}: {importance}");
            assert_eq!((importance[2], importance[3]), (0.0, 0.0), "{name}");
        }
    }
}

#[test]
fn categories_are_told_apart() {
    let rows = 900;
    let x = Array2::from_shape_fn((rows, 2), |(row, column)| match column {
        0 if row % 31 == 5 => NAN,
        0 => ((row * 7919) % 1009 % 7) as f32,
        _ => ((row * 31) % 47) as f32,
    });
    let noise = |row: usize| (row * 104_729) % 1013 < 100;
    let leaves = |row: usize| [1.0, 4.0].contains(&x[[row, 0]]) != noise(row);
    let labels: Vec<bool> = (0..rows).map(leaves).collect();
    for recipe in recipes() {
        // One line through numbers of categories is what a single feature draws.
        if recipe.name() == "single-feature" {
            continue;
        }
        let recipe = recipe.with_categorical(&[0]);
        let model = recipe.fit(x.view(), &labels, None, None).unwrap();
        let names = (0..7).map(|category| format!("category {category}"));
        let features = vec![
            Feature::categorical("column 0", names),
            Feature::numeric("column 1"),
        ];
        let model = read_back(model, features);
        let p = model.predict_probability(x.view());
        let auc = roc_auc(Array1::from(labels.clone()).view(), p.view()).unwrap();
        assert!(auc > 0.83, "{}: {auc}", model.name());
        let unseen = array![
            [77.0, 3.0],
            [0.25, 3.0],
            [-1.0, 3.0],
            [1e9, 3.0],
            [NAN, 3.0]
        ];
        check_probabilities(model.name(), &model.predict_probability(unseen.view()));
    }
}

#[test]
fn another_number_of_columns_is_refused_when_scoring() {
    let narrow = Array2::<f32>::zeros((1, 3));
    for recipe in recipes() {
        let model = fit_well(&recipe);
        let scored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            model.predict_probability(narrow.view())
        }));
        let panic = scored.unwrap_err();
        let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        let expected = "was fitted on 4 feature columns and is given 3";
        assert!(message.contains(expected), "{}: {message}", recipe.name());
    }
}

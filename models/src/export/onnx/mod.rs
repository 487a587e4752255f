//! A model as an ONNX file.
//!
//! What goes in: `features`, `rows x numeric features` in `f32` with NaN for missing values, in the
//! order that the file's own facts say; and for each categorical feature a table of texts,
//! `rows x 1`, under its name, in which any text that is none of its categories counts as missing.
//! What comes out: the probability of each row, in `f64`.

mod graph;
mod protobuf;
mod trees;

use self::graph::{Graph, Kind, ML, Tensor, Told};
use super::ExportError;
use super::shape::{Adds, Amount, LEAST, MOST_ODDS, Score, Term, shape};
use crate::calibration::Platt;
use crate::format::{Calibration, Feature, FeatureKind, SavedModel};

/// What numbers are called that go in.
const NUMBERS: &str = "features";

/// The bytes of an ONNX file; `probability` is what its output is called.
///
/// # Errors
/// The model is of a kind that cannot be written, its categories have no names, or one of its
/// categorical features is called as something else has to be.
pub fn to_onnx(saved: &SavedModel, probability: &str) -> Result<Vec<u8>, ExportError> {
    let score = shape(saved)?;
    let features = saved.features();
    let mut graph = Graph::default();
    let inputs = Inputs::new(&mut graph, features, probability)?;
    let scored = scored(&mut graph, &inputs, features, &score);
    let raw = match score.is_odds() {
        true => sigmoid(&mut graph, &scored),
        false => scored,
    };
    let ready = match saved.calibration() {
        None => raw,
        Some(calibration) => calibrated(&mut graph, &raw, calibration),
    };
    let second = graph.constant(&Tensor::ints(&[1]));
    graph.named(("", "Squeeze"), &[&ready, &second], &[], probability);
    graph.output(probability, Kind::Double);
    let facts = facts(saved, &inputs);
    let about = format!("The probability that a customer {}", outcome(saved));
    Ok(graph.file(saved.model().kind(), &about, &facts))
}

/// The score, `rows x 1`.
fn scored(graph: &mut Graph, inputs: &Inputs, features: &[Feature], score: &Score<'_>) -> String {
    match score {
        Score::Trees { sum, .. } => trees::trees(graph, inputs, features, sum),
        Score::Linear { terms, intercept } => linear(graph, inputs, features, terms, *intercept),
        Score::Points {
            feature,
            points,
            missing,
        } => {
            let value = inputs.amount(graph, *feature, features);
            let straight = between(graph, &value, points);
            let unknown = graph.node("IsNaN", &[&value], &[]);
            let missing = graph.row(&[*missing]);
            match points.is_empty() {
                true => {
                    let zeros = inputs.zeros(graph);
                    graph.node("Add", &[&zeros, &missing], &[])
                }
                false => graph.node("Where", &[&unknown, &missing, &straight], &[]),
            }
        }
        Score::Mean { members } => {
            let mut sum: Option<String> = None;
            for (weight, member) in members {
                let own = scored(graph, inputs, features, member);
                let odds = match member.is_odds() {
                    true => kept(graph, &own, -MOST_ODDS, MOST_ODDS),
                    false => log_odds(graph, &own),
                };
                let weight = graph.row(&[*weight]);
                let weighed = graph.node("Mul", &[&odds, &weight], &[]);
                sum = Some(match sum {
                    None => weighed,
                    Some(sum) => graph.node("Add", &[&sum, &weighed], &[]),
                });
            }
            sum.unwrap_or_else(|| inputs.zeros(graph))
        }
    }
}

/// Numbers within two ends.
fn kept(graph: &mut Graph, numbers: &str, least: f64, most: f64) -> String {
    let (least, most) = (graph.row(&[least]), graph.row(&[most]));
    let kept = graph.node("Max", &[numbers, &least], &[]);
    graph.node("Min", &[&kept, &most], &[])
}

/// The log-odds of probabilities, which are first kept away from 0 and 1.
fn log_odds(graph: &mut Graph, probabilities: &str) -> String {
    let kept = kept(graph, probabilities, LEAST, 1.0 - LEAST);
    let one = graph.row(&[1.0]);
    let other = graph.node("Sub", &[&one, &kept], &[]);
    let odds = graph.node("Div", &[&kept, &other], &[]);
    graph.node("Log", &[&odds], &[])
}

fn outcome(saved: &SavedModel) -> &str {
    match saved.outcome() {
        "" => "is labelled true",
        outcome => outcome,
    }
}

/// What the file says of itself: the order of the numbers, and what was noted of the model.
fn facts(saved: &SavedModel, inputs: &Inputs) -> Vec<(String, String)> {
    let names: Vec<&str> = inputs
        .numbers
        .iter()
        .map(|feature| saved.features()[*feature].name.as_str())
        .collect();
    let list = serde_json::Value::from(names).to_string();
    let mut facts = vec![(NUMBERS.to_owned(), list)];
    let noted = saved.facts().iter().filter(|(name, _)| *name != NUMBERS);
    facts.extend(noted.map(|(name, value)| (name.clone(), value.clone())));
    facts
}

/// What goes in.
struct Inputs {
    /// The numeric features, in the order of the columns of the numbers.
    numbers: Vec<usize>,
    /// The numbers in double precision, where there are any.
    doubles: Option<String>,
    /// For each feature of categories its name and each row's category by its number, one more than
    /// the last for none; nothing for numbers.
    codes: Vec<Option<String>>,
}

impl Inputs {
    fn new(
        graph: &mut Graph,
        features: &[Feature],
        probability: &str,
    ) -> Result<Self, ExportError> {
        let is_number = |feature: &usize| features[*feature].kind == FeatureKind::Numeric;
        let numbers: Vec<usize> = (0..features.len()).filter(is_number).collect();
        let doubles = (!numbers.is_empty()).then(|| {
            graph.input(NUMBERS, Kind::Float, numbers.len());
            let to = ("to", Told::Int(Kind::Double as i64));
            graph.node("Cast", &[NUMBERS], &[to])
        });
        let mut codes = Vec::new();
        for feature in features {
            let FeatureKind::Categorical(names) = &feature.kind else {
                codes.push(None);
                continue;
            };
            let name = feature.name.as_str();
            if name == NUMBERS || name == probability {
                let name = name.to_owned();
                return Err(ExportError::Name { name });
            }
            graph.input(name, Kind::Text, 1);
            let told = [
                ("keys_strings", Told::Texts(names.clone())),
                (
                    "values_int64s",
                    Told::Ints((0..names.len() as i64).collect()),
                ),
                ("default_int64", Told::Int(names.len() as i64)),
            ];
            let code = format!("/category/{name}");
            graph.named((ML, "LabelEncoder"), &[name], &told, &code);
            codes.push(Some(code));
        }
        Ok(Self {
            numbers,
            doubles,
            codes,
        })
    }

    /// A feature as a number, `rows x 1`: a category by its place.
    fn amount(&self, graph: &mut Graph, feature: usize, features: &[Feature]) -> String {
        let place = self.numbers.iter().position(|of| *of == feature);
        match (place, &self.doubles) {
            (Some(place), Some(doubles)) => {
                let place = graph.constant(&Tensor::ints(&[place as i64]));
                graph.node("Gather", &[doubles, &place], &[("axis", Told::Int(1))])
            }
            _ => {
                let names = features[feature].categories().len();
                let numbers = (0..names).map(|number| number as f64);
                let numbers: Vec<f64> = numbers.chain([f64::NAN]).collect();
                table(graph, self, feature, &[&numbers])
            }
        }
    }

    /// A zero for each row, `rows x 1`.
    fn zeros(&self, graph: &mut Graph) -> String {
        let (rows, double) = match (&self.doubles, self.codes.iter().flatten().next()) {
            (Some(doubles), _) => (doubles.clone(), true),
            (None, Some(code)) => (code.clone(), false),
            (None, None) => unreachable!("a saved model has a feature"),
        };
        let cast = |graph: &mut Graph, of: &str, to: Kind| {
            graph.node("Cast", &[of], &[("to", Told::Int(to as i64))])
        };
        let first = match double {
            true => {
                let first = graph.constant(&Tensor::ints(&[0]));
                let first = graph.node("Gather", &[&rows, &first], &[("axis", Told::Int(1))]);
                // Neither NaN nor infinity times 0 is 0.
                let unknown = graph.node("IsNaN", &[&first], &[]);
                cast(graph, &unknown, Kind::Double)
            }
            false => cast(graph, &rows, Kind::Double),
        };
        let nothing = graph.row(&[0.0]);
        graph.node("Mul", &[&first, &nothing], &[])
    }
}

/// Numbers made of a feature's categories, `rows x columns`: each of `columns` has one for each category
/// and a last one for none.
fn table(graph: &mut Graph, inputs: &Inputs, feature: usize, columns: &[&[f64]]) -> String {
    let code = inputs.codes[feature].clone().unwrap_or_default();
    let rows = columns.first().map_or(0, |column| column.len());
    let values: Vec<f64> = (0..rows)
        .flat_map(|row| columns.iter().map(move |column| column[row]))
        .collect();
    let shape = [rows as i64, columns.len() as i64];
    let values = graph.constant(&Tensor::doubles(&shape, &values));
    let second = graph.constant(&Tensor::ints(&[1]));
    let code = graph.node("Squeeze", &[&code, &second], &[]);
    graph.node("Gather", &[&values, &code], &[("axis", Told::Int(0))])
}

/// Log-odds: the intercept and what features add, `rows x 1`.
fn linear(
    graph: &mut Graph,
    inputs: &Inputs,
    features: &[Feature],
    terms: &[Term],
    intercept: f64,
) -> String {
    let start = graph.row(&[intercept]);
    let zeros = inputs.zeros(graph);
    let mut sum = graph.node("Add", &[&zeros, &start], &[]);
    if let Some(added) = amounts(graph, inputs, features, terms) {
        sum = graph.node("Add", &[&sum, &added], &[]);
    }
    for term in terms {
        if let Adds::Category { each, missing } = &term.adds {
            let values = [each.as_slice(), &[*missing]].concat();
            let added = table(graph, inputs, term.feature, &[&values]);
            sum = graph.node("Add", &[&sum, &added], &[]);
        }
    }
    sum
}

/// What all numbers add, `rows x 1`; nothing where none does.
fn amounts(
    graph: &mut Graph,
    inputs: &Inputs,
    features: &[Feature],
    terms: &[Term],
) -> Option<String> {
    let mut all: Vec<(Option<usize>, usize, Amount)> = Vec::new();
    for term in terms {
        if let Adds::Amount(amount) = &term.adds {
            let place = inputs.numbers.iter().position(|of| *of == term.feature);
            all.push((place, term.feature, *amount));
        }
    }
    // Numbers that are given stand first.
    all.sort_by_key(|(place, ..)| place.is_none());
    let mut parts = Vec::new();
    let places: Vec<i64> = all.iter().filter_map(|one| Some(one.0? as i64)).collect();
    if let (Some(doubles), false) = (&inputs.doubles, places.is_empty()) {
        let places = graph.constant(&Tensor::ints(&places));
        parts.push(graph.node("Gather", &[doubles, &places], &[("axis", Told::Int(1))]));
    }
    for (_, feature, _) in all.iter().filter(|one| one.0.is_none()) {
        parts.push(inputs.amount(graph, *feature, features));
    }
    let all: Vec<Amount> = all.into_iter().map(|(.., amount)| amount).collect();
    if all.is_empty() {
        return None;
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let values = graph.node("Concat", &parts, &[("axis", Told::Int(1))]);
    Some(added(graph, &values, &all))
}

/// What numbers add that lie in the columns of `values`, `rows x 1`.
fn added(graph: &mut Graph, values: &str, all: &[Amount]) -> String {
    let row = |of: &dyn Fn(usize) -> f64| (0..all.len()).map(of).collect::<Vec<f64>>();
    let column = |graph: &mut Graph, values: &[f64]| {
        graph.constant(&Tensor::doubles(&[values.len() as i64, 1], values))
    };
    let unknown = graph.node("IsNaN", &[values], &[]);
    let fill = graph.row(&row(&|i| f64::from(all[i].fill)));
    let mut filled = graph.node("Where", &[&unknown, &fill, values], &[]);
    let most = graph.row(&[f64::from(f32::MAX)]);
    let least = graph.row(&[f64::from(f32::MIN)]);
    for (operator, limit, ends) in [
        ("Greater", most, row(&|i| f64::from(all[i].range.1))),
        ("Less", least, row(&|i| f64::from(all[i].range.0))),
    ] {
        let ends = graph.row(&ends);
        let beyond = graph.node(operator, &[&filled, &limit], &[]);
        filled = graph.node("Where", &[&beyond, &ends, &filled], &[]);
    }
    if all.iter().any(|amount| amount.log) {
        let one = graph.row(&[1.0]);
        let sign = graph.node("Sign", &[&filled], &[]);
        let size = graph.node("Abs", &[&filled], &[]);
        let size = graph.node("Add", &[&one, &size], &[]);
        let size = graph.node("Log", &[&size], &[]);
        let logged = graph.node("Mul", &[&sign, &size], &[]);
        let which = graph.row(&row(&|i| if all[i].log { 1.0 } else { 0.0 }));
        let which = graph.node("Cast", &[&which], &[("to", Told::Int(Kind::Bool as i64))]);
        filled = graph.node("Where", &[&which, &logged, &filled], &[]);
    }
    let centre = graph.row(&row(&|i| all[i].centre));
    let centred = graph.node("Sub", &[&filled, &centre], &[]);
    let slopes = column(graph, &row(&|i| all[i].slope));
    let mut added = graph.node("MatMul", &[&centred, &slopes], &[]);
    if all.iter().any(|amount| amount.if_missing != 0.0) {
        let unknown = graph.node(
            "Cast",
            &[&unknown],
            &[("to", Told::Int(Kind::Double as i64))],
        );
        let each = column(graph, &row(&|i| all[i].if_missing));
        let more = graph.node("MatMul", &[&unknown, &each], &[]);
        added = graph.node("Add", &[&added, &more], &[]);
    }
    added
}

/// `1 / (1 + exp(-score))`.
fn sigmoid(graph: &mut Graph, score: &str) -> String {
    let one = graph.row(&[1.0]);
    let negative = graph.node("Neg", &[score], &[]);
    let power = graph.node("Exp", &[&negative], &[]);
    let below = graph.node("Add", &[&one, &power], &[]);
    graph.node("Div", &[&one, &below], &[])
}

/// Where a value lies between points: level before the first and after the last. Each stretch between
/// two points is a row of a table, in which the number of points below a value finds it.
fn between(graph: &mut Graph, value: &str, points: &[(f64, f64)]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return value.to_owned();
    };
    // From which value and probability on, by how much it rises over which width.
    let mut rows = vec![[0.0, first.1, 0.0, 1.0]];
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        rows.push(match x1 > x0 {
            true => [x0, y0, y1 - y0, x1 - x0],
            false => [0.0, y1, 0.0, 1.0],
        });
    }
    rows.push([0.0, last.1, 0.0, 1.0]);
    let ends: Vec<f64> = points.iter().map(|point| point.0).collect();
    let ends = graph.row(&ends);
    let below = graph.node("Less", &[&ends, value], &[]);
    let below = graph.node("Cast", &[&below], &[("to", Told::Int(Kind::Int as i64))]);
    let second = graph.constant(&Tensor::ints(&[1]));
    let place = graph.node("ReduceSum", &[&below, &second], &[]);
    let mut part = |of: usize| {
        let column: Vec<f64> = rows.iter().map(|row| row[of]).collect();
        let column = graph.constant(&Tensor::doubles(&[column.len() as i64], &column));
        graph.node("Gather", &[&column, &place], &[("axis", Told::Int(0))])
    };
    let [x0, y0, rise, width] = [part(0), part(1), part(2), part(3)];
    let along = graph.node("Sub", &[value, &x0], &[]);
    let share = graph.node("Div", &[&along, &width], &[]);
    let risen = graph.node("Mul", &[&rise, &share], &[]);
    // Nothing rises beyond the ends, however far away a value is.
    let nothing = graph.row(&[0.0]);
    let level = graph.node("Equal", &[&rise, &nothing], &[]);
    let risen = graph.node("Where", &[&level, &nothing, &risen], &[]);
    graph.node("Add", &[&y0, &risen], &[])
}

/// The calibrated probability.
fn calibrated(graph: &mut Graph, raw: &str, calibration: &Calibration) -> String {
    match calibration {
        Calibration::Isotonic(isotonic) => between(graph, raw, &isotonic.points),
        Calibration::Platt(platt) => straight(graph, platt, raw),
        Calibration::PlattOfLogOdds(platt) => {
            let odds = log_odds(graph, raw);
            straight(graph, platt, &odds)
        }
    }
}

fn straight(graph: &mut Graph, platt: &Platt, score: &str) -> String {
    let (slope, intercept) = (graph.row(&[platt.slope]), graph.row(&[platt.intercept]));
    let score = graph.node("Mul", &[score, &slope], &[]);
    let score = graph.node("Add", &[&score, &intercept], &[]);
    sigmoid(graph, &score)
}

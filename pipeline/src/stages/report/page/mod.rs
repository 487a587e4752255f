//! The page: one file with nothing from elsewhere.
//!
//! `page.html` is a template; whatever comes from the data goes through its escaping.

mod curves;
mod glossary;
mod map;

use minijinja::Value;
use serde::Serialize;

use super::Figures;
use super::business::Concentration;
use super::churn::Bin;
use crate::failure::{Failure, Result};
use crate::pages::plot::Curve;
use crate::pages::{self, part};
use crate::text::{count, money};

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Its part on life cycles and tiers.
const LIFE: &str = include_str!("life.html");

/// A view: its name, what it asks, and the sections that answer it, by anchor and name.
type View = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// The views that texts on analytical CRM ask for.
const VIEWS: [View; 7] = [
    (
        "Profiling",
        "who the customers are",
        &[("segments", "Segments")],
    ),
    (
        "Persistency",
        "who stays, comes back or leaves",
        &[
            ("business", "The business"),
            ("life-cycle", "Life cycle and cohorts"),
            ("churn", "Churn"),
        ],
    ),
    (
        "Profitability",
        "who brings the money",
        &[("concentration", "Concentration"), ("value", "Value")],
    ),
    (
        "Performance",
        "how the business and the models do",
        &[
            ("business", "The business"),
            ("models", "Models of leaving"),
        ],
    ),
    (
        "Prospecting",
        "new customers and what becomes of them",
        &[
            ("business", "New customers by month"),
            ("segments", "Segments"),
        ],
    ),
    (
        "Product",
        "what goes together",
        &[("cross-sell", "Cross-sell")],
    ),
    (
        "Promotion",
        "whom to offer what",
        &[("to-do", "To do this week"), ("suggestions", "Suggestions")],
    ),
];

/// What is drawn, where things lie.
#[derive(Serialize)]
struct Plots {
    concentration: Option<Curve>,
    calibration: Option<Curve>,
    gain: Option<Curve>,
    profit: Option<Curve>,
    moves: Vec<Curve>,
    map: Option<map::Map>,
}

/// Puts the figures into the page.
pub fn render(figures: &Figures) -> Result<String> {
    let mut page = pages::environment()?;
    let added = page.add_template("life.html", LIFE);
    added.map_err(|error| Failure::machine(format!("{error:#}")))?;
    let currency = figures.currency.clone();
    page.add_filter("money", move |amount: f64| money(amount, &currency));
    page.add_filter("times", |value: f64| format!("{value:.1}"));
    page.add_filter("fine", |value: f64| format!("{value:.4}"));
    let views: Vec<_> = VIEWS
        .iter()
        .map(|(name, about, places)| serde_json::json!({ "name": name, "about": about, "places": places }))
        .collect();
    let words: Vec<_> = glossary::WORDS
        .iter()
        .map(|(word, meaning)| serde_json::json!({ "word": word, "meaning": meaning }))
        .collect();
    let context = Value::from_pairs([
        ("r", pages::value_of(figures)?),
        ("plots", pages::value_of(&plots(figures))?),
        ("views", pages::value_of(&views)?),
        ("words", pages::value_of(&words)?),
    ]);
    pages::render(&page, "report.html", TEMPLATE, context)
}

fn plots(figures: &Figures) -> Plots {
    let business = figures.business.found.as_ref();
    let concentration = business.and_then(|found| found.concentration.as_ref());
    let churn = figures.churn.found.as_ref();
    let segments = figures.segments.found.as_ref();
    let bins = churn.map(|found| &found.calibration);
    let bins = bins.filter(|bins| !bins.is_empty());
    Plots {
        concentration: concentration.map(concentrated),
        calibration: bins.map(|bins| calibrated(bins)),
        gain: bins.map(|bins| gained(bins)),
        profit: churn.and_then(|found| curves::earned(&found.profit, &figures.currency)),
        moves: churn.map_or_else(Vec::new, |found| curves::moved(&found.curves)),
        map: segments.and_then(|found| map::drawn(found.map.as_ref()?)),
    }
}

fn concentrated(found: &Concentration) -> Curve {
    let mut curve = Curve::through(&found.curve, 1.0);
    for (name, best, share) in [
        ("tenth", 0.1, found.top_tenth),
        ("fifth", 0.2, found.top_fifth),
    ] {
        let words = format!("the best {name}: {} of the spend", part(share));
        curve.dot([best, share], [share, share], words);
    }
    curve
}

fn calibrated(bins: &[Bin]) -> Curve {
    let largest = bins.iter().map(|bin| bin.interval[1].max(bin.said));
    let largest = largest.fold(0.1, f64::max);
    let mut curve = Curve::through(&[], ((largest * 10.0).ceil() / 10.0).min(1.0));
    for bin in bins {
        let words = format!(
            "{} customers: said {}, left {}",
            count(bin.customers),
            part(bin.said),
            part(bin.happened)
        );
        curve.dot([bin.said, bin.happened], bin.interval, words);
    }
    curve
}

fn gained(bins: &[Bin]) -> Curve {
    let mut points = vec![[0.0, 0.0]];
    points.extend(bins.iter().map(|bin| [bin.reached, bin.found]));
    let mut curve = Curve::through(&points, 1.0);
    for bin in bins {
        let words = format!(
            "the first {} of the customers: {} of the leavers",
            part(bin.reached),
            part(bin.found)
        );
        curve.dot([bin.reached, bin.found], [bin.found, bin.found], words);
    }
    curve
}

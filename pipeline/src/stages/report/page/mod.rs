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
use crate::words::said;

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
        mark!("Profiling"),
        mark!("who the customers are"),
        &[("segments", mark!("Segments"))],
    ),
    (
        mark!("Persistency"),
        mark!("who stays, comes back or leaves"),
        &[
            ("business", mark!("The business")),
            ("life-cycle", mark!("Life cycle and cohorts")),
            ("churn", mark!("Churn")),
        ],
    ),
    (
        mark!("Profitability"),
        mark!("who brings the money"),
        &[
            ("concentration", mark!("Concentration")),
            ("value", mark!("Value")),
        ],
    ),
    (
        mark!("Performance"),
        mark!("how the business and the models do"),
        &[
            ("business", mark!("The business")),
            ("models", mark!("Models of leaving")),
        ],
    ),
    (
        mark!("Prospecting"),
        mark!("new customers and what becomes of them"),
        &[
            ("business", mark!("New customers by month")),
            ("segments", mark!("Segments")),
        ],
    ),
    (
        mark!("Product"),
        mark!("what goes together"),
        &[("cross-sell", mark!("Cross-sell"))],
    ),
    (
        mark!("Promotion"),
        mark!("whom to offer what"),
        &[
            ("to-do", mark!("To do this week")),
            ("suggestions", mark!("Suggestions")),
        ],
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
        .map(|(name, about, places)| {
            let places: Vec<_> = places
                .iter()
                .map(|(anchor, name)| serde_json::json!({ "anchor": anchor, "name": said(name) }))
                .collect();
            serde_json::json!({ "name": said(name), "about": said(about), "places": places })
        })
        .collect();
    let words: Vec<_> = glossary::WORDS
        .iter()
        .map(|(word, meaning)| serde_json::json!({ "word": said(word), "meaning": said(meaning) }))
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
    let tenth = tr!(
        "the best tenth: {share} of the spend",
        share = part(found.top_tenth)
    );
    let fifth = tr!(
        "the best fifth: {share} of the spend",
        share = part(found.top_fifth)
    );
    for (words, best, share) in [(tenth, 0.1, found.top_tenth), (fifth, 0.2, found.top_fifth)] {
        curve.dot([best, share], [share, share], words);
    }
    curve
}

fn calibrated(bins: &[Bin]) -> Curve {
    let largest = bins.iter().map(|bin| bin.interval[1].max(bin.said));
    let largest = largest.fold(0.1, f64::max);
    let mut curve = Curve::through(&[], ((largest * 10.0).ceil() / 10.0).min(1.0));
    for bin in bins {
        let words = tr!(
            "{n} customers: said {said}, left {left}",
            n = count(bin.customers),
            said = part(bin.said),
            left = part(bin.happened)
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
        let words = tr!(
            "the first {reached} of the customers: {found} of the leavers",
            reached = part(bin.reached),
            found = part(bin.found)
        );
        curve.dot([bin.reached, bin.found], [bin.found, bin.found], words);
    }
    curve
}

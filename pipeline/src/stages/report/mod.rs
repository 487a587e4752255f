//! `report`: one page of what a run found, for whoever acts on it and for whoever checks it.
//!
//! Every other stage's files are read where they are there; a section whose files are not there says why.
//! `report.json` holds what the page shows, and what the next report compares itself with.

mod business;
mod changes;
mod churn;
mod clusters;
mod cohorts;
mod cross_sell;
pub mod index;
mod left;
mod life;
mod loads;
mod made;
mod page;
mod segments;
mod small;
mod summary;
mod todo;
mod value;

use serde::Serialize;
use serde_json::{Number, Value as Json};

use self::business::Business;
use self::changes::{Earlier, Headline};
use self::churn::Churn;
use self::cross_sell::CrossSell;
use self::left::{Left, Section};
use self::life::Life;
use self::loads::Loads;
use self::made::Made;
use self::segments::Segments;
use self::summary::Summary;
use self::value::Value;
use super::{Context, Reads, Report, Stage};
use crate::failure::{Failure, Result};

/// The stage's one name.
pub const NAME: &str = "report";
/// The page's name below the output folder.
const PAGE: &str = "report.html";
/// The name of what it shows, for programs.
const FIGURES: &str = "report.json";
/// The version of the layout of [`FIGURES`]; a new field does not change it.
const LAYOUT: u32 = 1;

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| {
        &[
            Reads::Needed("ingest"),
            Reads::IfThere("features"),
            Reads::IfThere("segment"),
            Reads::IfThere("churn"),
            Reads::IfThere("value"),
            Reads::IfThere("classes"),
            Reads::IfThere("rules"),
            Reads::IfThere("offers"),
        ]
    },
    needs_history: |_| false,
    optional: true,
    run,
    summary: |_| None, // the page is a summary itself
};

/// Everything that the page shows.
#[derive(Serialize)]
struct Figures {
    /// The version of this layout.
    layout: u32,
    /// The title of the project.
    project: String,
    /// Printed behind amounts.
    currency: String,
    /// The date that the results speak of.
    as_of: Option<String>,
    /// What makes the results hang together badly, such as a run that failed half way.
    troubles: Vec<String>,
    summary: Summary,
    business: Section<Business>,
    segments: Section<Segments>,
    life: Section<Life>,
    churn: Section<Churn>,
    cross_sell: Section<CrossSell>,
    value: Section<Value>,
    data: Loads,
    made: Made,
    /// The figures that a later report compares itself with.
    headline: Option<Headline>,
    /// Those of the last report of an earlier date.
    before: Option<Headline>,
}

/// What the manifest says of the page.
#[derive(Serialize)]
struct Metrics {
    /// Sections with something to show.
    sections: Vec<&'static str>,
    /// Sections that were left out.
    left_out: Vec<&'static str>,
}

/// Gathers what the other stages left, and writes it as a page and as figures.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let left = Left::open(context)?;
    context.progress.step("looking at the months");
    let business = business::look(context, &left)?;
    context.progress.step("looking at what was found");
    let segments = segments::look(&left)?;
    let life = life::look(&left)?;
    let churn = churn::look(&left)?;
    let cross_sell = cross_sell::look(&left)?;
    let value = value::look(&left)?;
    let headline = changes::headline(&left, &business, &segments, &churn);
    let earlier = Earlier::read(&context.out.join(FIGURES));
    let before = headline.as_ref().and_then(|now| earlier.before(now));
    let data = loads::look(context, &left)?;
    let project = &context.settings.config.project;
    let figures = Figures {
        layout: LAYOUT,
        project: project.name.clone(),
        currency: project.currency.clone(),
        as_of: left.date(),
        troubles: made::troubles(&left, &context.settings.config),
        summary: Summary {
            sentences: summary::sentences(&left, &segments, &churn, &cross_sell),
            changes: changes::sentences(headline.as_ref(), before.as_ref(), &project.currency),
            to_do: todo::look(&left, &data)?,
        },
        business,
        segments,
        life,
        churn,
        cross_sell,
        value,
        data,
        made: made::look(context, &left),
        headline,
        before,
    };
    let mut files = context.files(NAME);
    let about = tr!("What the page shows, for programs and for the next report");
    files.text(FIGURES, &about, &json(&figures)?)?;
    let about = tr!("Everything that the run found on one page; begin here");
    files.text(PAGE, &about, &page::render(&figures)?)?;
    let metrics = figures.metrics();
    Ok(Report {
        as_of: left.as_of,
        rows_in: left.rows_in,
        rows_out: metrics.sections.len() as u64,
        ..Report::new(files, &metrics)?
    })
}

impl Figures {
    fn metrics(&self) -> Metrics {
        let sections = [
            ("business", self.business.found.is_some()),
            ("segments", self.segments.found.is_some()),
            ("life", self.life.found.is_some()),
            ("churn", self.churn.found.is_some()),
            ("cross_sell", self.cross_sell.found.is_some()),
            ("value", self.value.found.is_some()),
        ];
        let named = |there: bool| {
            let of = sections.iter().filter(move |section| section.1 == there);
            of.map(|section| section.0).collect()
        };
        Metrics {
            sections: named(true),
            left_out: named(false),
        }
    }
}

/// The figures, with as many digits as come back from the manifest: a report after the other stages
/// and one that reads what they left are the same to the byte.
fn json(figures: &Figures) -> Result<String> {
    let text = serde_json::to_value(figures).and_then(|mut figures| {
        round(&mut figures);
        serde_json::to_string_pretty(&figures)
    });
    text.map(|text| text + "\n")
        .map_err(|error| Failure::machine(error.to_string()))
}

/// Keeps twelve digits of every number that is not whole: read from text, the last of seventeen may be
/// another.
fn round(value: &mut Json) {
    match value {
        Json::Number(number) if number.is_f64() => {
            let short = number
                .as_f64()
                .and_then(|exact| format!("{exact:.11e}").parse::<f64>().ok());
            if let Some(short) = short.and_then(Number::from_f64) {
                *number = short;
            }
        }
        Json::Array(values) => values.iter_mut().for_each(round),
        Json::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_the_last_digit_is_written_alike() {
        let written = |ndcg: f64| {
            let mut value = serde_json::json!({"rows": 3, "of": [{"ndcg": ndcg}, -2.5, null]});
            round(&mut value);
            value.to_string()
        };
        let want = r#"{"rows":3,"of":[{"ndcg":0.104627824277},-2.5,null]}"#;
        assert_eq!(written(0.10462782427667909), want);
        assert_eq!(written(0.10462782427667908), want);
    }
}

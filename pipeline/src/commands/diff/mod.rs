//! `diff`: what moved between two runs, and why.
//!
//! Both folders are only read. What can be known is told apart: of who changed a segment, who did
//! something and whose segment's borders moved; of who changed a band, whom new behaviour moved and whom
//! the new model (`scores.rs`).

mod limits;
mod lists;
mod moves;
mod said;
mod scores;
mod settings;
mod sides;

use serde::Serialize;

use self::limits::Limited;
use self::lists::Lists;
use self::moves::Grouping;
use self::scores::Scores;
use self::settings::Change;
use self::sides::{Run, Sides};
use crate::cli;
use crate::failure::{Failure, Result};
use crate::run::Outcome;
use crate::text::print;

/// What moved.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Both runs.
    pub runs: [Run; 2],
    /// What should be known before anything is read.
    pub notes: Vec<String>,
    /// Settings that are not the same.
    pub settings: Vec<Change>,
    /// What the runs were made from.
    pub data: Vec<Change>,
    /// Who is there.
    pub customers: Customers,
    /// Segments, tiers and clusters.
    pub segments: Vec<Grouping>,
    /// Who is leaving.
    pub scores: Option<Scores>,
    /// Rules that came and went.
    pub rules: Option<Lists>,
    /// Suggestions that came and went.
    pub suggestions: Option<Lists>,
    /// What was asked not to move further than so.
    pub limits: Vec<Limited>,
}

/// Who is there.
#[derive(Debug, Serialize)]
pub struct Customers {
    /// In the first run, and in the second.
    pub runs: [u64; 2],
    /// In both.
    pub both: u64,
}

/// Reads both runs and says what moved.
pub fn run(args: &cli::Diff) -> Result<Outcome> {
    let asked = limits::asked(&args.limit)?;
    let sides = Sides::open([&args.before, &args.after])?;
    let mut found = difference(&sides)?;
    found.limits = limits::held(&asked, &found)?;
    let text = match (args.json, args.markdown) {
        (true, _) => {
            let text = serde_json::to_string_pretty(&found);
            text.map_err(|error| Failure::machine(error.to_string()))? + "\n"
        }
        (false, true) => said::markdown(&found),
        (false, false) => said::in_words(&found),
    };
    print(&text);
    match found.limits.iter().any(|limit| limit.beyond) {
        true => Ok(Outcome::WarnedAsFailure),
        false => Ok(Outcome::Done),
    }
}

fn difference(sides: &Sides) -> Result<Difference> {
    let customers = sides.customers()?;
    Ok(Difference {
        runs: sides.runs(),
        notes: sides.notes(),
        settings: settings::settings(sides),
        data: settings::data(sides),
        segments: moves::groupings(sides)?,
        scores: scores::scores(sides)?,
        rules: lists::rules(sides)?,
        suggestions: lists::suggestions(sides)?,
        customers,
        limits: Vec::new(),
    })
}

//! Scores by a kept model in their season: moved where those of its training were moved, by the same
//! arithmetic on the history of now.

use crate::failure::Result;
use crate::learning::score::Scores;
use crate::registry::{SeasonTest, Version};
use crate::stages::Context;
use crate::stages::churn::{AtTest, Correction, Population, for_the_season_again};
use crate::warning::{SEASON_CORRECTED, Warning};
use crate::words::said;

/// What a version keeps of the correction.
pub fn kept(found: &Correction) -> SeasonTest {
    let AtTest {
        applied,
        expected,
        as_learned,
        happened,
    } = found.at_test();
    SeasonTest {
        applied,
        expected,
        as_learned,
        happened,
    }
}

/// Moves the probabilities of a version, and says what was found; none where the version knows of no
/// test, or two years do not allow it.
pub fn correct(
    context: &Context<'_>,
    version: &Version,
    population: &Population,
    scores: &mut Scores,
) -> Result<Option<Correction>> {
    let (Some(test), Some(date)) = (version.record.season, population.as_of) else {
        return Ok(None);
    };
    let test = AtTest {
        applied: test.applied,
        expected: test.expected,
        as_learned: test.as_learned,
        happened: test.happened,
    };
    context.progress.step("the same weeks of the year before");
    for_the_season_again(context, test, date, &mut scores.probabilities)
}

/// What a person who acts on the probabilities should know: that they were moved, or that they should
/// have been.
pub fn warning(version: &Version, found: Option<&Correction>) -> Option<Warning> {
    let moved = version.record.season.is_some_and(|test| test.applied);
    match found {
        Some(found) => found.warning(said(&version.record.quality.tested_on)),
        None if moved => {
            let message = tr!(
                "the probabilities are not corrected for the season: those of version {number} were when it was learned, and the history before the date of the scores does not tell of the same weeks of a year before",
                number = version.number()
            );
            Some(Warning::new(SEASON_CORRECTED, message))
        }
        None => None,
    }
}

//! What a person should know before acting on the values.

use super::board::{Board, MOST_TOTAL_ERROR};
use super::margin::Margin;
use super::spend::SpendModel;
use super::split::Split;
use super::trial::Trial;
use crate::text::{count, percent, plural};
use crate::warning::{MODEL_LEFT_OUT, NO_VALUE_MODEL, SPEND_ASSUMPTION, WEAK_VALUE_MODEL, Warning};
use crate::words::{fill, said};

/// With fewer customers who bought again parameters are little more than a guess.
const FEW_REPEAT_BUYERS: u64 = 100;

/// Everything that was noticed, in the order in which it matters.
pub fn warnings(
    board: &Board,
    trial: Option<&Trial<'_>>,
    split: &Split,
    repeat_buyers: u64,
    margin: &Margin,
    spend: &SpendModel,
) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = unfit(board, repeat_buyers);
    if trial.is_none() {
        let message = tr!(
            "the history of {days} is too short to hold a part of it out: nothing says how far the values are off",
            days = plural(split.history_days().into(), "day")
        );
        warnings.push(Warning::new(WEAK_VALUE_MODEL, message));
    }
    let weak = [
        few(trial.map_or(repeat_buyers, Trial::repeat_buyers), board),
        nothing_came(trial.filter(|_| board.fits()), split),
        off(board, split),
        behind(board, split),
    ];
    let weak = weak.into_iter().flatten();
    warnings.extend(weak.map(|message| Warning::new(WEAK_VALUE_MODEL, message)));
    let money = margin.noticed.iter().chain(&spend.noticed);
    warnings.extend(money.map(|message| Warning::new(SPEND_ASSUMPTION, message.clone())));
    warnings
}

/// Models that do not fit; one warning where none does.
fn unfit(board: &Board, repeat_buyers: u64) -> Vec<Warning> {
    if board.fits() {
        let words = |(title, error): &(&str, String)| {
            Warning::new(
                MODEL_LEFT_OUT,
                tr!(
                    "of the models of value {model} does not fit: {why}",
                    model = said(title),
                    why = error
                ),
            )
        };
        return board.unfit.iter().map(words).collect();
    }
    let message = match repeat_buyers {
        0 => tr!(
            "nobody has bought a second time, so nothing says how often customers buy: what they have spent is there, and what is expected of them is empty"
        ),
        _ => {
            let mut reasons: Vec<&str> = board.unfit.iter().map(|(_, why)| why.as_str()).collect();
            reasons.dedup();
            tr!(
                "no model of when customers buy fits ({reasons}); each goes on at a rate of their own, drawn towards that of all, and nothing is said of who is active and of the next purchase",
                reasons = reasons.join("; ")
            )
        }
    };
    vec![Warning::new(NO_VALUE_MODEL, message)]
}

fn few(repeat_buyers: u64, board: &Board) -> Option<String> {
    let fits = board.fits();
    (fits && repeat_buyers < FEW_REPEAT_BUYERS).then(|| {
        tr!(
            "{customers} alone bought again in the time that the models of value were fitted to; with fewer than {few} their parameters are little more than a guess",
            customers = plural(repeat_buyers, "customer"),
            few = FEW_REPEAT_BUYERS
        )
    })
}

fn nothing_came(trial: Option<&Trial<'_>>, split: &Split) -> Option<String> {
    let trial = trial.filter(|trial| trial.purchases() == 0)?;
    Some(tr!(
        "in {days}, which are held out, none of the {customers} who had bought before bought anything: the model of value is chosen by its likelihood",
        days = split.words()?,
        customers = plural(trial.len() as u64, "customer")
    ))
}

fn off(board: &Board, split: &Split) -> Option<String> {
    let row = board.chosen_row()?;
    let figures = row.figures.as_ref()?;
    let error = figures
        .total_error
        .filter(|error| error.abs() > MOST_TOTAL_ERROR)?;
    let name = match row.baseline {
        true => tr!("\"{baseline}\"", baseline = row.title),
        false => row.title.clone(),
    };
    let text = match error > 0.0 {
        true => mark!(
            "in {days}, which it had not seen, {model} predicted {predicted} purchases and {observed} came ({error} too many); the values of all are likely to be off as much"
        ),
        false => mark!(
            "in {days}, which it had not seen, {model} predicted {predicted} purchases and {observed} came ({error} too few); the values of all are likely to be off as much"
        ),
    };
    Some(fill(
        text,
        &[
            ("days", &split.words()?),
            ("model", &name),
            ("predicted", &count(figures.predicted.round() as u64)),
            ("observed", &count(figures.observed as u64)),
            ("error", &percent(error.abs())),
        ],
    ))
}

fn behind(board: &Board, split: &Split) -> Option<String> {
    let (baseline, theirs, ours) = board.better_baseline()?;
    let chosen = board.chosen_row()?;
    Some(tr!(
        "in {days} the baseline \"{baseline}\" was nearer than {model} (root mean squared error {theirs} and {ours} purchases); look at value_models.csv before acting on the values",
        days = split.words()?,
        baseline = baseline.title,
        model = chosen.title,
        theirs = format!("{theirs:.3}"),
        ours = format!("{ours:.3}")
    ))
}

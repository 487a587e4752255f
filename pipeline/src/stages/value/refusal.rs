//! Why a model of value does not fit, in the language of the command where it is the customers that are to blame.

use regulars_models::value::ValueError;

use crate::words::said;

/// What keeps a model from fitting.
pub fn refusal(error: &ValueError) -> String {
    match error {
        ValueError::TooFew {
            customers,
            property,
        } => tr!(
            "{customers} customers with {property} are too few: differences between customers are what is fitted, so two are the least",
            customers = customers,
            property = said(property)
        ),
        ValueError::NoRepeat => tr!(
            "no customer has a repeat purchase, so nothing says how often customers buy; take a longer time"
        ),
        ValueError::AllEqual { property } => tr!(
            "all customers are the same in {property}, so nothing says how they differ from one another",
            property = said(property)
        ),
        ValueError::OneSided { property } => tr!(
            "no customer has {property}, so nothing says how retention changes with time",
            property = said(property)
        ),
        ValueError::NotSettled {
            model,
            iterations,
            slope,
        } => tr!(
            "the fit of {model} did not settle within {iterations} iterations (slope {slope}); the data hardly tell its parameters apart, take another model or more customers",
            model = model,
            iterations = iterations,
            slope = format!("{slope:.1e}")
        ),
        ValueError::InfiniteMean { q } => tr!(
            "the spend model has q = {q}, and its mean is infinite at 1 and below: a few customers spend most; set a bound on single amounts first",
            q = q
        ),
        // Settings of our own and numbers that no history has.
        error => error.to_string(),
    }
}

/// What customers have too little of, or are alike in.
#[cfg(test)]
const PROPERTIES: [&str; 7] = [
    mark!("a renewal that was due"),
    mark!("ended a contract"),
    mark!("renewed a contract"),
    mark!("a history"),
    mark!("repeat purchases, time of the last one and age"),
    mark!("a repeat purchase"),
    mark!("mean spend"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_it_is_what_the_model_says() {
        let errors = [
            ValueError::TooFew {
                customers: 1,
                property: PROPERTIES[5],
            },
            ValueError::NoRepeat,
            ValueError::AllEqual {
                property: PROPERTIES[6],
            },
            ValueError::OneSided {
                property: PROPERTIES[1],
            },
            ValueError::NotSettled {
                model: "BG/NBD",
                iterations: 500,
                slope: 0.0123,
            },
            ValueError::InfiniteMean { q: 0.875 },
        ];
        for error in errors {
            assert_eq!(refusal(&error), error.to_string());
        }
    }
}

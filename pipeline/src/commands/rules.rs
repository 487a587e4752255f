//! `rules`: what is typed takes the place of what the settings say.

use crate::cli::Rules;
use crate::config::Settings;
use crate::failure::Result;

/// The settings with these options in their places.
pub fn settings(args: &Rules) -> Result<Settings> {
    let options = [
        ("where", args.scope.clone()),
        ("level", args.level.clone()),
        ("basket", args.basket.map(|basket| format!("{basket:?}"))),
        ("from", args.from.map(|day| day.to_string())),
        ("until", args.until.map(|day| day.to_string())),
        (
            "min_support",
            args.min_support.map(|share| share.to_string()),
        ),
        (
            "target",
            Some(args.target.join("\n")).filter(|_| !args.target.is_empty()),
        ),
        ("compare_by", args.compare_by.clone()),
    ];
    let typed = options
        .into_iter()
        .filter_map(|(key, value)| Some(("rules", key, value?)))
        .collect();
    Settings::read(&args.settings.config)?.with(typed, |config| {
        let rules = &mut config.rules;
        rules.scope = args.scope.clone().or(rules.scope.take());
        rules.level = args.level.clone().or(rules.level.take());
        rules.basket = args.basket.unwrap_or(rules.basket);
        rules.from = args.from.or(rules.from);
        rules.until = args.until.or(rules.until);
        rules.min_support = args.min_support.unwrap_or(rules.min_support);
        rules.compare_by = args.compare_by.clone().or(rules.compare_by.take());
        if !args.target.is_empty() {
            rules.target.clone_from(&args.target);
        }
    })
}

//! What the types of the settings cannot say: ranges, names that must exist, keys that belong together.

use super::{Address, Mapping, Settings, Source};
use crate::contract::{self, ABOUT_ROWS, Content, DERIVED, LEVELS, OWN};
use crate::failure::{Result, did_you_mean};
use crate::text::count;
use crate::warning;

/// Suggestions for one customer at most: the best are chosen from so many candidates.
const MOST_SUGGESTIONS: usize = 200;

/// Days of suggestions that are held out at most.
const MOST_HELD_OUT: usize = 3650;

/// Days at most, a century: with more a date would lie beyond any calendar.
const MOST_DAYS: usize = 36_525;

/// Checks every setting; the first wrong one is reported.
pub fn check(settings: &Settings) -> Result<()> {
    sources(settings)?;
    numbers(settings)?;
    names(settings)?;
    super::churn::check(settings)?;
    crate::gates::validate(settings)
}

fn sources(settings: &Settings) -> Result<()> {
    let tables: Vec<&str> = contract::TABLES.iter().map(|table| table.name).collect();
    for (number, source) in settings.config.sources.iter().enumerate() {
        let number = number.to_string();
        let at = |key: &'static str| ["sources", number.as_str(), key];
        let Some(table) = contract::table(&source.table) else {
            return Err(settings
                .wrong(
                    &at("table"),
                    format!("`{}` is no canonical table", source.table),
                )
                .hint(did_you_mean(&source.table, &tables)));
        };
        let same = |other: &&Source| (&other.table, other.name()) == (&source.table, source.name());
        let before = &settings.config.sources[..number.parse().unwrap_or(0)];
        if before.iter().any(|other| same(&other)) {
            return Err(settings
                .wrong(
                    &at("name"),
                    format!("another source of {} is called `{}` too", table.name, source.name()),
                )
                .hint("give one of them a name of its own, by which its files are known from load to load: name = \"...\""));
        }
        let held_to = |at: &[&str], source: &Source| {
            origin(settings, at, source)?;
            super::formats::check(settings, at, source)
        };
        held_to(&["sources", &number], source)?;
        super::join::check(settings, &number, source, held_to)?;
        if source
            .condition
            .as_ref()
            .is_some_and(|sql| sql.trim().is_empty())
        {
            return Err(settings
                .wrong(&at("where"), "it is empty")
                .hint("write a condition over the source's columns, such as \"status <> 'cancelled'\", or leave it out"));
        }
        let known: Vec<&str> = table
            .columns
            .iter()
            .chain(ABOUT_ROWS)
            .map(|column| column.name)
            .collect();
        for name in source.columns.keys() {
            let at = ["sources", number.as_str(), "columns", name.as_str()];
            if table.column(name).is_none() && !table.attributes {
                return Err(settings
                    .wrong(&at, format!("`{name}` is no column of {}", table.name))
                    .hint(did_you_mean(name, &known)));
            }
            let own = DERIVED.contains(&name.as_str()) || OWN.contains(&name.as_str());
            let said = ABOUT_ROWS.iter().any(|column| column.name == name);
            if own && !said || name.starts_with("__") {
                return Err(settings.wrong(
                    &at,
                    format!("`{name}` is a name that regulars keeps for itself"),
                ));
            }
        }
        for (name, mapping) in &source.columns {
            let column = table.column(name);
            let is = |content| column.is_some_and(|column| column.content == content);
            let problem = match mapping {
                Mapping::Product(_) if !is(Content::Decimal) => {
                    "a product is a number, and this holds none"
                }
                Mapping::BySign(_) if !is(Content::Kind) => {
                    "the sign of a number tells the kind of an interaction and nothing else"
                }
                _ => continue,
            };
            let at = ["sources", number.as_str(), "columns", name.as_str()];
            return Err(settings
                .wrong(&at, problem)
                .hint(format!("map a column: {name} = \"the source's column\"")));
        }
        if !source.key.is_empty() && table.key.is_some() {
            return Err(settings
                .wrong(
                    &at("key"),
                    format!("{} have a key of their own", table.name),
                )
                .hint("leave it out; sources of interactions may state one"));
        }
        if source.most_frequent {
            let said = ["known_at", "deleted"]
                .iter()
                .find(|name| source.columns.contains_key(**name));
            if table.key.is_none() || said.is_some() {
                let problem = match said {
                    Some(name) => {
                        format!("rows that are taken together cannot say each for itself `{name}`")
                    }
                    None => format!("{} are not told by many rows", table.name),
                };
                return Err(settings.wrong(&at("most_frequent"), problem).hint(
                    "leave it out; it is for products, customers and campaigns that are read from lines",
                ));
            }
        }
        if !source.anonymous.is_empty() && table.name != "interactions" {
            return Err(settings
                .wrong(
                    &at("anonymous"),
                    format!("{} are not made by guests", table.name),
                )
                .hint(
                    "leave it out; sources of interactions may name values that stand for nobody",
                ));
        }
        if source.key.is_empty() && table.key.is_none() && source.columns.contains_key("deleted") {
            return Err(settings
                .wrong(
                    &["sources", &number, "columns", "deleted"],
                    "without a key it is not known which row is gone",
                )
                .hint("add the columns that name a row: key = [\"...\"]"));
        }
        for column in table.columns.iter().filter(|column| column.required) {
            if !source.columns.contains_key(column.name) {
                let mut failure =
                    settings.wrong(&at("columns"), format!("`{}` is not mapped", column.name));
                failure = failure.hint(if column.name == "kind" {
                    "for a file of purchases add: kind = { constant = \"purchase\" }".to_owned()
                } else {
                    format!("add: {} = \"the source's column\"", column.name)
                });
                return Err(failure);
            }
        }
        if let Some(Mapping::Constant(super::mapping::Constant::Text(kind))) =
            source.columns.get("kind")
            && table.name == "interactions"
            && !contract::KINDS.contains(&kind.as_str())
        {
            return Err(settings
                .wrong(
                    &["sources", &number, "columns", "kind"],
                    format!("`{kind}` is no kind of interaction"),
                )
                .hint(did_you_mean(kind, contract::KINDS)));
        }
    }
    Ok(())
}

/// A source is either files, or a database and what it is asked.
fn origin(settings: &Settings, at: &[&str], source: &Source) -> Result<()> {
    let wrong = |key: &str, problem: &str| settings.wrong(&[at, &[key]].concat(), problem);
    let Some(database) = &source.database else {
        let keys = [
            ("query", &source.query),
            ("relation", &source.relation),
            ("watermark", &source.watermark),
        ];
        if let Some((key, _)) = keys.iter().find(|(_, value)| value.is_some()) {
            return Err(wrong(key, "there is no database to ask").hint(
                "add database = \"postgresql://user@host:5432/name\" or \"sqlite:shop.db\"",
            ));
        }
        if source.path.0.is_empty() {
            return Err(wrong(
                "path",
                "it says neither which files to read nor which database to ask",
            )
            .hint("add path = \"history.csv\", or database and query"));
        }
        return Ok(());
    };
    Address::parse(database).map_err(|(problem, hint)| wrong("database", &problem).hint(hint))?;
    if !source.path.0.is_empty() {
        return Err(wrong("path", "files and a database are two sources")
            .hint("give each a [[sources]] of its own"));
    }
    if source.format.is_some() {
        return Err(wrong("format", "the result of a query has no format")
            .hint("leave it out: a database tells its types"));
    }
    match (&source.query, &source.relation) {
        (Some(text), None) if text.trim().is_empty() => Err(wrong("query", "it is empty")
            .hint("write what you would type in the database's own client")),
        (None, Some(name)) if name.trim().is_empty() => Err(wrong("relation", "it is empty")
            .hint("name a table or a view, such as \"public.orders\"")),
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (Some(_), Some(_)) => Err(wrong("relation", "a query says already what to read")
            .hint("keep one of query and relation")),
        (None, None) => Err(wrong("database", "what to ask it is missing")
            .hint("add query = \"SELECT ...\" or relation = \"schema.table\"")),
    }
}

fn numbers(settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let share = |keys: &[&str], value: f64| {
        if (0.0..=1.0).contains(&value) {
            Ok(())
        } else {
            Err(settings
                .wrong(keys, format!("{value} is no share"))
                .hint("give a number from 0 to 1"))
        }
    };
    share(
        &["ingest", "max_reject_share"],
        config.ingest.max_reject_share,
    )?;
    let ingest = &config.ingest;
    if let Some(latest) = ingest.latest
        && latest < ingest.earliest
    {
        return Err(settings
            .wrong(
                &["ingest", "latest"],
                format!("{latest} lies before earliest, {}", ingest.earliest),
            )
            .hint("the days that can be true go from earliest to latest"));
    }
    if let Some((currency, rate)) = ingest
        .rates
        .iter()
        .find(|(_, rate)| !(**rate > 0.0 && rate.is_finite()))
    {
        return Err(settings
            .wrong(&["ingest", "rates", currency], format!("{rate} is no rate"))
            .hint("give what one unit is worth in the currency of the project, such as 0.92"));
    }
    share(
        &["segment", "min_cluster_share"],
        config.segment.min_cluster_share,
    )?;
    share(&["churn", "bands", "high"], config.churn.bands.high)?;
    share(&["churn", "bands", "medium"], config.churn.bands.medium)?;
    let rules = &config.rules;
    share(&["rules", "min_support"], rules.min_support)?;
    share(&["rules", "min_confidence"], rules.min_confidence)?;
    share(&["rules", "max_false_share"], rules.max_false_share)?;
    share(
        &["rules", "sequences", "min_support"],
        rules.sequences.min_support,
    )?;
    share(
        &["rules", "sequences", "min_confidence"],
        rules.sequences.min_confidence,
    )?;
    share(&["rules", "utility", "min_share"], rules.utility.min_share)?;
    share(&["rules", "min_new_share"], rules.min_new_share)?;

    let at_least = |keys: &[&str], value: usize, least: usize| {
        if value >= least {
            Ok(())
        } else {
            Err(settings
                .wrong(keys, format!("{value} is too small"))
                .hint(format!("give at least {least}")))
        }
    };
    at_least(&["segment", "min_clusters"], config.segment.min_clusters, 2)?;
    at_least(
        &["segment", "max_clusters"],
        config.segment.max_clusters,
        config.segment.min_clusters,
    )?;
    at_least(
        &["churn", "horizon_days"],
        config.churn.horizon_days as usize,
        1,
    )?;
    at_least(
        &["churn", "min_baskets"],
        config.churn.min_baskets as usize,
        1,
    )?;
    at_least(
        &["churn", "active_days"],
        config.churn.active_days as usize,
        1,
    )?;
    at_least(&["churn", "step_days"], config.churn.step_days as usize, 1)?;
    at_least(&["churn", "max_snapshots"], config.churn.max_snapshots, 1)?;
    at_least(&["rules", "max_length"], rules.max_length, 2)?;
    at_least(&["rules", "max_itemsets"], rules.max_itemsets, 1)?;
    at_least(
        &["rules", "sequences", "max_length"],
        rules.sequences.max_length,
        2,
    )?;
    at_least(
        &["rules", "sequences", "max_sequences"],
        rules.sequences.max_sequences,
        1,
    )?;
    let utility = &rules.utility;
    at_least(&["rules", "utility", "max_length"], utility.max_length, 2)?;
    at_least(&["rules", "utility", "top"], utility.top, 1)?;
    at_least(&["rules", "utility", "min_baskets"], utility.min_baskets, 1)?;
    for (key, limit) in [
        ("max_items", rules.outliers.max_items),
        ("max_lines", rules.outliers.max_lines),
    ] {
        at_least(&["rules", "outliers", key], limit.unwrap_or(1), 1)?;
    }
    at_least(&["offers", "per_customer"], config.offers.per_customer, 1)?;
    at_least(
        &["offers", "holdout_days"],
        config.offers.holdout_days as usize,
        1,
    )?;

    let at_most = |keys: &[&str], value: usize, most: usize| {
        if value <= most {
            return Ok(());
        }
        Err(settings
            .wrong(keys, format!("{} is too large", count(value as u64)))
            .hint(format!("give at most {}", count(most as u64))))
    };
    at_most(
        &["offers", "per_customer"],
        config.offers.per_customer,
        MOST_SUGGESTIONS,
    )?;
    at_most(
        &["offers", "holdout_days"],
        config.offers.holdout_days as usize,
        MOST_HELD_OUT,
    )?;
    for (keys, days) in [
        (["churn", "horizon_days"], config.churn.horizon_days),
        (["churn", "active_days"], config.churn.active_days),
        (["churn", "step_days"], config.churn.step_days),
        (["churn", "min_history_days"], config.churn.min_history_days),
        (
            ["segment", "new_within_days"],
            config.segment.new_within_days,
        ),
        (["rules", "later_days"], rules.later_days),
    ] {
        at_most(&keys, days as usize, MOST_DAYS)?;
    }

    for (keys, support) in [
        (&["rules", "min_support"][..], rules.min_support),
        (
            &["rules", "sequences", "min_support"],
            rules.sequences.min_support,
        ),
    ] {
        if support == 0.0 {
            return Err(settings
                .wrong(keys, "0 would list every combination that ever occurred")
                .hint("give a share above 0, such as 0.005"));
        }
    }
    for (keys, lift) in [
        (&["rules", "min_lift"][..], rules.min_lift),
        (
            &["rules", "sequences", "min_lift"],
            rules.sequences.min_lift,
        ),
    ] {
        if !(lift >= 0.0 && lift.is_finite()) {
            return Err(settings.wrong(keys, format!("{lift} is no lift")));
        }
    }
    if !(rules.min_odds_ratio >= 1.0 && rules.min_odds_ratio.is_finite()) {
        return Err(settings
            .wrong(
                &["rules", "min_odds_ratio"],
                format!("{} is no odds ratio to ask for", rules.min_odds_ratio),
            )
            .hint("give a number from 1 up; 1 asks for any association"));
    }
    for (keys, share) in [
        (&["rules", "max_false_share"][..], rules.max_false_share),
        (&["rules", "utility", "min_share"], rules.utility.min_share),
    ] {
        if share == 0.0 {
            return Err(settings
                .wrong(keys, "nothing could be kept with 0")
                .hint("give a share above 0, such as 0.01"));
        }
    }
    if let (Some(from), Some(until)) = (rules.from, rules.until)
        && from >= until
    {
        return Err(settings
            .wrong(
                &["rules", "until"],
                format!("nothing lies from {from} to the day before {until}"),
            )
            .hint("until is the first day that is no longer looked at; give a later one"));
    }
    let apart = &rules.sequences;
    for (key, most) in [
        ("max_gap_days", apart.max_gap_days),
        ("max_span_days", apart.max_span_days),
    ] {
        if most.is_some_and(|most| most < apart.min_gap_days) {
            return Err(settings
                .wrong(
                    &["rules", "sequences", key],
                    format!("it is below min_gap_days, {}", apart.min_gap_days),
                )
                .hint("give more days, or a smaller min_gap_days"));
        }
    }
    if config.churn.bands.medium > config.churn.bands.high {
        return Err(settings
            .wrong(
                &["churn", "bands", "medium"],
                "medium risk begins above high risk",
            )
            .hint("give medium a smaller probability than high"));
    }
    if config.features.evening_from > 23 {
        return Err(settings
            .wrong(
                &["features", "evening_from"],
                format!("{} is no hour", config.features.evening_from),
            )
            .hint("give an hour from 0 to 23"));
    }
    Ok(())
}

fn names(settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let mut levels = vec![
        (vec!["rules", "level"], config.rules.level.as_ref()),
        (vec!["offers", "level"], config.offers.level.as_ref()),
    ];
    let places: Vec<String> = (0..config.rules.generalise.len())
        .map(|place| place.to_string())
        .collect();
    for (place, level) in places.iter().zip(&config.rules.generalise) {
        levels.push((vec!["rules", "generalise", place], Some(level)));
    }
    for (keys, level) in levels {
        if let Some(level) = level
            && !LEVELS.contains(&level.as_str())
        {
            return Err(settings
                .wrong(&keys, format!("`{level}` is no level of the taxonomy"))
                .hint(did_you_mean(level, LEVELS)));
        }
    }
    for code in &config.run.fail_on {
        if code != "all" && !warning::CODES.contains(&code.as_str()) {
            return Err(settings
                .wrong(&["run", "fail_on"], format!("`{code}` is no warning"))
                .hint(did_you_mean(code, warning::CODES)));
        }
    }
    label(settings)?;
    if let Some(map) = &config.segment.map {
        crate::stages::segment::segment_map(Some(map))
            .map_err(|error| settings.wrong(&["segment", "map"], error))?;
    }
    Ok(())
}

/// The label and what is not learned from are attributes that a source gives the customers.
fn label(settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let churn = &config.churn;
    let Some(label) = &churn.label else {
        if let Some(key) = [("positive", &churn.positive), ("ignore", &churn.ignore)]
            .iter()
            .find_map(|(key, list)| (!list.is_empty()).then_some(*key))
        {
            return Err(settings
                .wrong(&["churn", key], "it speaks of a label, and there is none")
                .hint("add label = \"...\" under [churn], the attribute of the customers that says who left"));
        }
        return Ok(());
    };
    let mut attributes: Vec<&str> = config
        .sources_of("customers")
        .flat_map(|(_, source)| source.columns.keys())
        .map(String::as_str)
        .filter(|name| !["customer_id", "account_id", "joined_at"].contains(name))
        .collect();
    attributes.sort_unstable();
    attributes.dedup();
    let named = |keys: &[&str], name: &String| {
        if attributes.contains(&name.as_str()) {
            return Ok(());
        }
        Err(settings
            .wrong(keys, format!("the customers have no attribute `{name}`"))
            .hint(match attributes.as_slice() {
                [] => "map it in a source of customers: [[sources]] with table = \"customers\""
                    .to_owned(),
                there => did_you_mean(name, there),
            }))
    };
    named(&["churn", "label"], label)?;
    if churn.test_dates > 1 {
        return Err(settings
            .wrong(&["churn", "test_dates"], "a label in a table has no dates")
            .hint("leave it out: a fifth of the customers is held out to test"));
    }
    churn
        .ignore
        .iter()
        .try_for_each(|name| named(&["churn", "ignore"], name))
}

//! Figures that mean what they say: counted while things were on sale, held against the same season,
//! with dates that suit and consent as of the date.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use serde_json::Value;

use crate::util::{Sandbox, columns, date};

type Columns = BTreeMap<String, Vec<String>>;

const LINES: &str = r#"
[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "day"
kind = { constant = "purchase" }
basket_id = "receipt"
product_id = "item"
"#;

const STORES: &str = "location_id = \"store\"\n";

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// One basket of the shop.
struct Basket {
    customer: u64,
    day: u32,
    store: u64,
    items: Vec<&'static str>,
}

const STAPLES: [&str; 6] = ["bread", "milk", "eggs", "rice", "tea", "soap"];

/// 15 months. Tinsel and baubles are sold from day 300 to 330, each in half of the baskets whatever the
/// other is; grill and charcoal from day 150 on, charcoal seldom without the grill; two stores of three
/// have sushi, and there wasabi comes along.
fn baskets() -> Vec<Basket> {
    let mut random = Random(7);
    let mut all = Vec::new();
    for customer in 0..300 {
        let mut day = random.below(10) as u32;
        while day < 460 {
            let store = random.below(3);
            let mut items = vec![
                STAPLES[random.below(6) as usize],
                STAPLES[random.below(6) as usize],
            ];
            if (300..330).contains(&day) {
                items.extend(random.one_in(2).then_some("tinsel"));
                items.extend(random.one_in(2).then_some("baubles"));
            }
            if day >= 150 {
                let grill = random.one_in(5);
                items.extend(grill.then_some("grill"));
                let charcoal = random.one_in(if grill { 2 } else { 20 });
                items.extend(charcoal.then_some("charcoal"));
            }
            if store > 0 {
                let sushi = random.one_in(6);
                items.extend(sushi.then_some("sushi"));
                let wasabi = random.one_in(if sushi { 2 } else { 15 });
                items.extend(wasabi.then_some("wasabi"));
            }
            items.sort_unstable();
            items.dedup();
            all.push(Basket {
                customer,
                day,
                store,
                items,
            });
            day += 4 + random.below(11) as u32;
        }
    }
    all
}

fn shop(stores: bool) -> Sandbox {
    let mut csv = String::from("customer,day,receipt,item,store\n");
    for (receipt, basket) in baskets().iter().enumerate() {
        for item in &basket.items {
            let _ = writeln!(
                csv,
                "C{},{},{receipt},{item},{}",
                basket.customer,
                date(basket.day),
                basket.store
            );
        }
    }
    let more = if stores { STORES } else { "" };
    let rules = "[rules]\nlevel = \"product\"\nmin_support = 0.005\n[rules.sequences]\nmin_support = 0.05\n";
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("regulars.toml", format!("{LINES}{more}{rules}"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    sandbox
}

fn with_stores() -> &'static Sandbox {
    static SHOP: OnceLock<Sandbox> = OnceLock::new();
    SHOP.get_or_init(|| shop(true))
}

fn table(sandbox: &Sandbox, name: &str) -> Columns {
    columns(&sandbox.read(&format!("regulars-out/{name}.csv")))
}

fn metrics(sandbox: &Sandbox, stage: &str) -> Value {
    sandbox.manifest("regulars-out")["stages"][stage]["metrics"].clone()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Of baskets that pass: all, those with the first, with the second, with both.
fn counted(pass: impl Fn(&Basket) -> bool, sides: [&str; 2]) -> [f64; 4] {
    let mut counts = [0; 4];
    for basket in baskets().iter().filter(|basket| pass(basket)) {
        let [first, second] = sides.map(|side| basket.items.contains(&side));
        let hits = [true, first, second, first && second];
        for (count, hit) in counts.iter_mut().zip(hits) {
            *count += u32::from(hit);
        }
    }
    counts.map(f64::from)
}

/// The last day that is mined, and what is the row of a rule in either direction.
fn row_of(rules: &Columns, sides: [&str; 2]) -> Option<(usize, [String; 2])> {
    let rows = rules["antecedent"].iter().zip(&rules["consequent"]);
    let found = rows.enumerate().find(|(_, (one, other))| {
        let pair = [one.as_str(), other.as_str()];
        pair == sides || pair == [sides[1], sides[0]]
    });
    found.map(|(row, (one, other))| (row, [one.clone(), other.clone()]))
}

#[test]
fn a_rule_is_counted_while_and_where_its_items_were_on_sale() {
    let sandbox = with_stores();
    let rules = table(sandbox, "rules");
    let until = metrics(sandbox, "rules")["mined_until"].clone();
    let mined = |basket: &Basket| date(basket.day).as_str() < until.as_str().unwrap();
    let check = |sides: [&str; 2], pass: &dyn Fn(&Basket) -> bool, from: f64, to: f64| {
        let (row, sides) = row_of(&rules, sides).unwrap_or_else(|| panic!("{sides:?}: {rules:?}"));
        let [all, first, second, both] = counted(|b| mined(b) && pass(b), [&sides[0], &sides[1]]);
        let value = |column: &str| number(&rules[column][row]);
        assert_eq!(value("count"), both);
        // Up to the margin of days at the ends.
        let on_sale = value("on_sale_baskets");
        assert!(
            (all * from..=all * to).contains(&on_sale),
            "{on_sale} of {all}"
        );
        let whole = counted(mined, [&sides[0], &sides[1]])[0];
        assert_eq!(value("baskets"), whole);
        assert!((value("support") - both / whole).abs() < 1e-6);
        assert_eq!(value("antecedent_count"), first);
        assert_eq!(value("consequent_count"), second);
        let lift = both * on_sale / (first * second);
        assert!((value("lift") - lift).abs() < 1e-5, "{lift}");
        assert!(value("lift") < both * whole / (first * second) * 0.9);
    };
    check(["grill", "charcoal"], &|b| b.day >= 150, 1.0, 1.05);
    check(["sushi", "wasabi"], &|b| b.store > 0, 1.0, 1.0);
    // Sold in the same month, and nothing else.
    let found = row_of(&rules, ["tinsel", "baubles"]);
    assert!(found.is_none(), "{found:?}");
    let of_part = &metrics(sandbox, "rules")["rules_of_part"];
    assert!(of_part.as_u64().unwrap() >= 2, "{of_part}");
}

#[test]
fn without_locations_places_do_not_matter() {
    let rules = table(&shop(false), "rules");
    let (row, _) = row_of(&rules, ["sushi", "wasabi"]).expect("a rule");
    assert_eq!(rules["on_sale_baskets"][row], rules["baskets"][row]);
    let with = table(with_stores(), "rules");
    let (there, _) = row_of(&with, ["sushi", "wasabi"]).expect("a rule");
    assert!(number(&with["lift"][there]) < number(&rules["lift"][row]) * 0.75);
}

#[test]
fn a_transition_is_expected_while_both_were_on_sale() {
    let steps = table(with_stores(), "transitions");
    let all = steps["on_sale_steps"].iter().map(|text| number(text));
    let all = all.fold(0.0, f64::max);
    let rows = steps["from"].iter().zip(&steps["to"]).enumerate();
    let mut fewer = 0;
    for (row, (from, to)) in rows {
        let value = |column: &str| number(&steps[column][row]);
        let expected = value("from_count") * value("to_count") / value("on_sale_steps");
        assert!((value("expected") - expected).abs() < 1e-2, "{from} {to}");
        fewer += u32::from(value("on_sale_steps") < all);
        if STAPLES.contains(&from.as_str()) && STAPLES.contains(&to.as_str()) {
            assert_eq!(value("on_sale_steps"), all);
        }
        if [from, to]
            .iter()
            .all(|side| ["grill", "charcoal"].contains(&side.as_str()))
        {
            assert!(value("on_sale_steps") < 0.7 * all);
            // Independent from one basket to the next.
            assert!((0.7..1.4).contains(&value("lift")), "{}", value("lift"));
        }
    }
    assert!(fewer > 10, "{fewer}");
}

#[test]
fn what_held_up_has_three_answers_and_their_counts() {
    let sandbox = with_stores();
    let found = metrics(sandbox, "rules");
    let answers = |table: &Columns| {
        let mut counts = BTreeMap::new();
        for answer in &table["held_up"] {
            *counts.entry(answer.clone()).or_insert(0_u64) += 1;
        }
        counts
    };
    for (name, key) in [("rules", "held_up"), ("sequences", "sequences_held_up")] {
        let counted = answers(&table(sandbox, name));
        let of = |answer: &str| counted.get(answer).copied().unwrap_or(0);
        let told = &found[key];
        assert_eq!(told["yes"], of("true"), "{name}: {counted:?}");
        assert_eq!(told["no"], of("false"), "{name}");
        assert_eq!(told["too_few"], of(""), "{name}");
        let known = of("true") + of("false");
        let share = found[format!("{key}_share")].as_f64();
        let expected = (known > 0).then(|| of("true") as f64 / known as f64);
        assert_eq!(share, expected, "{name}");
    }
    // Fifteen months hold the same weeks of the year before.
    assert_eq!(found["held_up_against"], "same_weeks_of_the_year_before");
    let rules = table(sandbox, "rules");
    let known = rules["year_before_confidence"].iter();
    assert!(known.clone().any(|text| !text.is_empty()), "{known:?}");
}

#[test]
fn in_less_than_a_year_nothing_is_held_against_the_year_before() {
    let sandbox = Sandbox::like(with_stores());
    let settings = sandbox.read("regulars.toml");
    let later = settings.replace("[rules]\n", "[rules]\nfrom = \"2023-06-01\"\n");
    sandbox.write("regulars.toml", later);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    let found = metrics(&sandbox, "rules");
    assert_eq!(found["held_up_against"], "when_found");
    let rules = table(&sandbox, "rules");
    assert!(rules["year_before_confidence"].iter().all(String::is_empty));
}

#[test]
fn dates_that_suit_are_drawn_and_a_draft_of_settings_has_them() {
    let sandbox = Sandbox::like(with_stores());
    let said = sandbox.regulars(&["churn", "--suggest"]).ended_with(0);
    let page = sandbox.read("regulars-out/churn_rhythm.html");
    for part in [
        "when customers come again",
        "<polyline",
        "horizon_days now",
        "horizon_days proposed",
        "active_days proposed",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("NaN"));
    let named = sandbox.manifest("regulars-out")["files"].to_string();
    assert!(named.contains("churn_rhythm.html"), "{named}");
    let proposed: toml::Table = said.stdout.parse().unwrap();

    sandbox
        .regulars(&["init", "lines.csv", "--out", "draft.toml"])
        .ended_with(0);
    let text = sandbox.read("draft.toml");
    let draft: toml::Table = text.parse().unwrap();
    assert_eq!(draft["churn"], proposed["churn"]);
    assert!(
        text.contains("300 customers bought on two days or more"),
        "{text}"
    );
    assert!(text.contains("# who stays comes back within it"), "{text}");
    // The draft is taken as it is.
    sandbox
        .regulars(&["run", "--quiet", "-c", "draft.toml", "-o", "drafted"])
        .ended_with(0);
}

#[test]
fn a_draft_proposes_no_dates_where_too_little_is_seen() {
    let mut csv = String::from("customer,day,receipt,item\n");
    for line in 0..60 {
        let _ = writeln!(csv, "C{},{},{line},tea", line % 40, date(line * 3));
    }
    let sandbox = Sandbox::new().file("lines.csv", csv);
    sandbox
        .regulars(&["init", "lines.csv", "--out", "draft.toml"])
        .ended_with(0);
    let text = sandbox.read("draft.toml");
    assert!(text.contains("churn --suggest"), "{text}");
    let draft: toml::Table = text.parse().unwrap();
    assert!(!draft.contains_key("churn"), "{text}");
}

/// Two years and a half. Every spring half of the customers stay away for seven weeks; the shop is closed
/// for two weeks of each August.
fn seasons(days: u32) -> Sandbox {
    let mut random = Random(11);
    let mut csv = String::from("customer,day,receipt,item\n");
    let mut receipt = 0;
    for customer in 0..400 {
        let mut day = random.below(7) as u32;
        let mut away = [false; 4];
        for year in &mut away {
            *year = random.one_in(2);
        }
        while day < days {
            let of_year = day % 364;
            let pause = (98..147).contains(&of_year) && away[(day / 364) as usize];
            let closed = (217..231).contains(&of_year);
            if !pause && !closed {
                receipt += 1;
                let _ = writeln!(csv, "{customer},{},{receipt},tea", date(day));
            }
            day += 3 + random.below(8) as u32;
        }
    }
    let churn = "[churn]\nhorizon_days = 28\nactive_days = 56\nmin_history_days = 56\nmodels = [\"elastic-net\", \"single-feature\"]\n";
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("regulars.toml", format!("{LINES}{churn}"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

/// The day on which the scores are made: that on which the third spring begins.
const THIRD_SPRING: u32 = 2 * 364 + 98 + 28;

fn two_springs() -> &'static Sandbox {
    static SHOP: OnceLock<Sandbox> = OnceLock::new();
    SHOP.get_or_init(|| {
        let sandbox = seasons(THIRD_SPRING);
        for stage in ["features", "churn"] {
            let as_of = date(THIRD_SPRING);
            sandbox
                .regulars(&[stage, "--quiet", "--as-of", &as_of])
                .ended_with(0);
        }
        sandbox
    })
}

#[test]
fn two_years_bring_features_of_the_season_and_less_do_not() {
    let sandbox = two_springs();
    let found = metrics(sandbox, "features");
    let names: Vec<&str> = found["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let season = [
        "week_of_year",
        "closed_days_28",
        "closed_days_ahead_28",
        "trips_year_before_28",
        "trips_year_before_84",
    ];
    for name in season {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // By hand, at every date: the shop, and the first customer.
    let lines = columns(&sandbox.read("lines.csv"));
    let of_zero: Vec<&str> = (lines["customer"].iter().zip(&lines["day"]))
        .filter(|(customer, _)| *customer == "0")
        .map(|(_, day)| &day[..10])
        .collect();
    let dates: Vec<String> = found["train_dates"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&found["test_date"], &found["score_date"]])
        .map(|date| date.as_str().unwrap().to_owned())
        .collect();
    assert!(dates.len() > 10);
    let mut empty = 0;
    for at in &dates {
        let path = sandbox.path(&format!("regulars-out/features/{at}.parquet"));
        let table = regulars::outputs::read_parquet(&path).unwrap();
        let value = |name: &str| {
            let column = table.column_by_name(name).expect(name);
            let numbers = column.as_primitive::<Float64Type>();
            numbers.is_valid(0).then(|| numbers.value(0))
        };
        let day = |from: i64| {
            let at: chrono::NaiveDate = at.parse().unwrap();
            (at + chrono::Duration::days(from)).to_string()
        };
        let within = |days: &[&str], from: i64, until: i64| {
            let (from, until) = (day(from), day(until));
            let days = days
                .iter()
                .filter(|d| from.as_str() <= **d && **d < until.as_str());
            let mut days: Vec<&&str> = days.collect();
            days.dedup();
            days.len() as f64
        };
        let mut open: Vec<&str> = lines["day"].iter().map(|day| &day[..10]).collect();
        open.sort_unstable();
        let first_day = open[0];
        assert_eq!(
            value("closed_days_28"),
            Some(28.0 - within(&open, -28, 0)),
            "{at}"
        );
        let known = first_day <= day(-364).as_str();
        let ahead = known.then(|| 28.0 - within(&open, -364, -336));
        assert_eq!(value("closed_days_ahead_28"), ahead, "{at}");
        let here = of_zero[0] <= day(-364).as_str();
        for (name, until) in [
            ("trips_year_before_28", -336),
            ("trips_year_before_84", -280),
        ] {
            let trips = here.then(|| within(&of_zero, -364, until));
            assert_eq!(value(name), trips, "{name} at {at}");
            empty += u32::from(trips.is_none());
        }
        let at: chrono::NaiveDate = at.parse().unwrap();
        let week = (chrono::Datelike::ordinal(&at) - 1) / 7 + 1;
        assert_eq!(value("week_of_year"), Some(f64::from(week)), "{at}");
    }
    assert!(empty > 0);
    let short = seasons(727);
    short.regulars(&["features", "--quiet"]).ended_with(0);
    let names = metrics(&short, "features")["features"].to_string();
    assert!(!names.contains("year"), "{names}");
    // Nobody's reason is the week of the year.
    let reasons = sandbox.read("regulars-out/churn.csv");
    assert!(!reasons.contains("of the year ("), "{reasons}");
}

#[test]
fn probabilities_are_corrected_for_a_season_that_was_seen_before() {
    let sandbox = two_springs();
    let found = metrics(sandbox, "churn");
    let season = &found["season"];
    let value = |key: &str| {
        season[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key}: {season}"))
    };
    // On the test date the spring began, and a half stayed away as the year before.
    assert!((0.3..0.7).contains(&value("test_happened")), "{season}");
    assert!(
        (value("test_expected") - value("test_happened")).abs() < 0.12,
        "{season}"
    );
    if season["applied"] == true {
        let off = |key: &str| (value(key) - value("test_happened")).abs();
        assert!(off("test_expected") < off("test_as_learned"));
        let table = table(sandbox, "churn");
        let scores: Vec<f64> = (table["churn_probability"].iter())
            .filter(|text| !text.is_empty())
            .map(|text| number(text))
            .collect();
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        assert!((mean - value("expected")).abs() < 1e-3, "{mean}: {season}");
        let warnings = sandbox.manifest("regulars-out")["stages"]["churn"]["warnings"].to_string();
        assert!(warnings.contains("season-corrected"), "{warnings}");
    }
    // In less than two years there is no year before to go by; its test date, too, begins a spring.
    let end = 364 + 98 + 28;
    let short = seasons(end);
    for stage in ["features", "churn"] {
        let as_of = date(end);
        let run = short.regulars(&[stage, "--quiet", "--as-of", &as_of]);
        run.ended_with(0);
    }
    assert!(metrics(&short, "churn")["season"].is_null());
}

const CONSENT: &str = r#"
[[sources]]
table = "interactions"
path = "said.csv"
[sources.columns]
customer_id = "who"
occurred_at = "when"
kind = { constant = "consent" }
channel = "channel"
status = "said"
"#;

/// A shop of 40 customers and what they said over time. Nobody is held back from a list: whoever is in the
/// control group of one is on no other.
fn asked(said: &str) -> Sandbox {
    let mut csv = String::from("customer,day,receipt,item\n");
    let items = ["tea", "mug", "pot", "tin", "jam", "oat"];
    let mut receipt = 0;
    for customer in 0..40_u32 {
        for visit in 0..40_u32 {
            receipt += 1;
            let day = visit * 7 + customer % 7;
            for more in 0..2 {
                let item = items[((customer + visit / 10 + more) % 6) as usize];
                let _ = writeln!(csv, "C{customer:02},{},{receipt},{item}", date(day));
            }
        }
    }
    let settings = format!(
        "{LINES}{CONSENT}[targets.letters]\nwho = \"true\"\n\
         [targets.mails]\nwho = \"true\"\nchannel = \"email\"\n"
    );
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("said.csv", said)
        .file("regulars.toml", settings);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

fn made(sandbox: &Sandbox, more: &[&str]) {
    for stage in ["features", "offers", "targets"] {
        let arguments = [&[stage, "--quiet"], more].concat();
        sandbox.regulars(&arguments).ended_with(0);
    }
}

/// Who is on a list, out of the first eight.
fn listed(sandbox: &Sandbox, list: &str) -> Vec<String> {
    let folder = sandbox.path("regulars-out/targets/ledger");
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(list) {
            let table = regulars::outputs::read_parquet(&entry.path()).unwrap();
            let column = table.column_by_name("customer_id").unwrap();
            ids.extend(
                column
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned),
            );
        }
    }
    ids.retain(|id| id.as_str() < "C08");
    ids.sort();
    ids.dedup();
    ids
}

fn offered(sandbox: &Sandbox) -> Vec<String> {
    let mut ids = table(sandbox, "suggestions")["customer_id"].clone();
    ids.retain(|id| id.as_str() < "C08");
    ids.sort();
    ids.dedup();
    ids
}

const SAID: &str = "who,when,channel,said\n\
    C00,2023-02-01,,yes\nC00,2023-05-01,,withdrawn\n\
    C01,2023-02-01,,no\nC01,2023-05-01,,opt-in\n\
    C02,2023-02-01,E-Mail,no\n\
    C03,2023-02-01,,no\nC03,2023-05-01,email,yes\n\
    C04,2023-02-01,,perhaps\n\
    C05,2023-02-01,,pending\n\
    C99,2023-02-01,,no\n";

fn but(ids: &[&str]) -> Vec<String> {
    let all = (0..8).map(|n| format!("C{n:02}"));
    all.filter(|id| !ids.contains(&id.as_str())).collect()
}

#[test]
fn what_was_said_last_counts_on_lists_and_for_suggestions_as_of_the_date() {
    let sandbox = asked(&SAID.replace("E-Mail", "email"));
    made(&sandbox, &[]);
    assert_eq!(offered(&sandbox), but(&["C00", "C03", "C04"]));
    assert_eq!(listed(&sandbox, "letters"), but(&["C00", "C03", "C04"]));
    assert_eq!(listed(&sandbox, "mails"), but(&["C00", "C02", "C04"]));
    let entry = sandbox.manifest("regulars-out")["stages"]["offers"].clone();
    assert!(
        entry["warnings"].to_string().contains("`perhaps`"),
        "{entry}"
    );
    assert_eq!(entry["metrics"]["without"]["said_no"], 3);
    // As of a date between the two: who said yes later had not, and who said no since is left out.
    let earlier = asked(&SAID.replace("E-Mail", "email"));
    made(&earlier, &["--as-of", "2023-04-01"]);
    assert_eq!(offered(&earlier), but(&["C01", "C03", "C04"]));
    assert_eq!(
        listed(&earlier, "letters"),
        but(&["C00", "C01", "C03", "C04"])
    );
    // What was said of being contacted is no activity.
    let names = metrics(&sandbox, "features")["features"].to_string();
    assert!(!names.contains("consent"), "{names}");
}

#[test]
fn a_withdrawal_between_two_loads_and_a_later_yes_count_at_once() {
    let sandbox = asked(&SAID.replace("E-Mail", "email"));
    made(&sandbox, &[]);
    assert!(listed(&sandbox, "letters").contains(&"C06".to_owned()));
    let more = "C06,2023-09-01,,no\n";
    let said = SAID.replace("E-Mail", "email") + more;
    sandbox.write("said.csv", &said);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    made(&sandbox, &[]);
    assert_eq!(offered(&sandbox), but(&["C00", "C03", "C04", "C06"]));
    let list = sandbox.read("regulars-out/targets/letters.csv");
    assert!(!list.contains("C06"), "{list}");
    sandbox.write("said.csv", said + "C06,2023-09-02,,yes\n");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    made(&sandbox, &[]);
    assert!(offered(&sandbox).contains(&"C06".to_owned()));
    // Nobody but those who said yes.
    let settings = sandbox.read("regulars.toml");
    sandbox.write(
        "regulars.toml",
        format!("[project]\nconsent = \"only yes\"\n{settings}"),
    );
    made(&sandbox, &[]);
    assert_eq!(offered(&sandbox), ["C01", "C06"]);
}

#[test]
fn answers_without_a_customer_or_a_time_are_rejected_and_change_nothing() {
    let said = "who,when,channel,said\n,2023-02-01,,no\nC01,someday,,no\nC02,2023-02-01,,\n";
    let sandbox = asked(said);
    made(&sandbox, &[]);
    assert_eq!(offered(&sandbox), but(&[]));
    let rejected = metrics(&sandbox, "ingest").to_string();
    assert!(rejected.contains("\"rejected\":2"), "{rejected}");
}

#[test]
fn a_kept_model_is_corrected_for_the_season_as_the_run_that_it_came_from() {
    let sandbox = Sandbox::like(two_springs());
    // A model that knows of no season: how long ago somebody came, and nothing else.
    let settings = sandbox.read("regulars.toml");
    let settings = settings.replace(
        r#"models = ["elastic-net", "single-feature"]"#,
        r#"models = ["single-feature"]"#,
    );
    fs::write(sandbox.path("regulars.toml"), settings).unwrap();
    let as_of = date(THIRD_SPRING);
    let done = |command: &str| {
        let run = sandbox.regulars(&[command, "--as-of", &as_of]);
        run.ended_with(0)
    };
    let scores = || fs::read(sandbox.path("regulars-out/churn.parquet")).unwrap();
    done("churn").says(&["corrected for the season"]);
    let (by_run, by_hand) = (scores(), metrics(&sandbox, "churn")["season"].clone());
    assert_eq!(by_hand["applied"], true, "{by_hand}");
    done("train");
    sandbox
        .regulars(&["models", "promote", "1", "--force", "--why", "a test"])
        .ended_with(0);
    fs::remove_file(sandbox.path("regulars-out/churn.parquet")).unwrap();
    done("score").says(&["corrected for the season", "by the same weeks of the year"]);
    assert!(scores() == by_run, "the same bytes");
    let again = metrics(&sandbox, "score")["season"].clone();
    for (key, value) in by_hand.as_object().unwrap() {
        let same = match (value.as_f64(), again[key].as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            _ => *value == again[key],
        };
        assert!(same, "{key}: {value} and {}", again[key]);
    }
    sandbox
        .regulars(&["summary"])
        .ended_with(0)
        .shows(&["SCORED BY A KEPT MODEL", "corrected for the season"]);
    // Scores as they are delivered have not moved since the model was learned.
    done("drift");
    assert_eq!(metrics(&sandbox, "drift")["scores_drifted"], false);
    let card = sandbox.read("regulars-out/models/churn/0001/card.md");
    assert!(card.contains("corrected for the season"), "{card}");
    // A version of before knows of no test: nothing is moved, and nothing is said.
    let path = sandbox.path("regulars-out/models/churn/0001/version.json");
    let mut version: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(version.as_object_mut().unwrap().remove("season").is_some());
    fs::write(&path, serde_json::to_string_pretty(&version).unwrap()).unwrap();
    let run = done("score");
    assert!(!run.stderr.contains("season"), "{}", run.stderr);
    assert!(scores() != by_run);
    assert!(metrics(&sandbox, "score")["season"].is_null());
}

//! Rules, sequences and what lies around them, through the binary.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::util::{
    PRODUCTS, SETTINGS, Sandbox, columns, needs_nothing_from_elsewhere, shop, shop_sandbox,
};

type Columns = BTreeMap<String, Vec<String>>;

/// A loaded shop with lines added to its settings.
fn loaded(added: &str) -> Sandbox {
    static LOADED: OnceLock<Sandbox> = OnceLock::new();
    let sandbox = Sandbox::like(LOADED.get_or_init(|| {
        let sandbox = shop_sandbox(150, 400);
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        sandbox
    }));
    sandbox.write("regulars.toml", format!("{SETTINGS}\n{added}\n"));
    sandbox
}

/// The shop after `rules`.
fn mined(added: &str) -> Sandbox {
    let sandbox = loaded(added);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    sandbox
}

fn table(sandbox: &Sandbox, name: &str) -> Columns {
    columns(&sandbox.read(&format!("regulars-out/{name}.csv")))
}

fn metrics(sandbox: &Sandbox) -> Value {
    sandbox.manifest("regulars-out")["stages"]["rules"]["metrics"].clone()
}

/// Both sides of the rules.
fn sides(rules: &Columns) -> Vec<(&str, &str)> {
    let pairs = rules["antecedent"].iter().zip(&rules["consequent"]);
    pairs.map(|(a, c)| (a.as_str(), c.as_str())).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

#[test]
fn rules_have_names_ids_customers_and_say_whether_they_held_up() {
    let sandbox = mined("[rules]\nlevel = \"product\"");
    let rules = table(&sandbox, "rules");
    let row = sides(&rules)
        .iter()
        .position(|sides| *sides == ("Butter", "Bread"));
    let row = row.unwrap_or_else(|| panic!("butter comes with bread alone: {rules:?}"));
    assert_eq!(rules["antecedent_ids"][row], "butter");
    assert_eq!(rules["consequent_ids"][row], "bread");
    assert_eq!(number(&rules["confidence"][row]), 1.0);
    assert_eq!(rules["held_up"][row], "true");
    assert!(number(&rules["customers"][row]) >= 10.0);
    assert!(number(&rules["later_confidence_low"][row]) <= 1.0);
    assert!(number(&rules["odds_ratio"][row]) > 1.5 || rules["odds_ratio"][row] == "inf");
    let metrics = metrics(&sandbox);
    let funnel = metrics["funnel"].as_object().unwrap();
    let dropped: u64 = funnel
        .iter()
        .filter(|(name, _)| *name != "candidates")
        .map(|(_, n)| n.as_u64().unwrap())
        .sum();
    assert_eq!(
        funnel["candidates"].as_u64().unwrap(),
        dropped + metrics["rules"].as_u64().unwrap(),
        "every candidate is a rule or counted: {funnel:?}"
    );
    assert!(metrics["held_up_share_by_lift"].is_number());
}

/// Baskets of `sizes` teas of `teas`, beside them a mug in 30 %, and a filter in `with` of those with
/// a mug and in `without` of the others.
fn tea_shop(teas: u64, sizes: std::ops::RangeInclusive<u64>, [with, without]: [u64; 2]) -> Sandbox {
    let mut state = 62_u64;
    let mut below = move |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut lines = "receipt,customer,day,item\n".to_owned();
    for receipt in 0..3000 {
        let wanted = sizes.start() + below(sizes.end() - sizes.start() + 1);
        let mut items: Vec<String> = Vec::new();
        while (items.len() as u64) < wanted {
            let tea = format!("T{}", below(teas));
            if !items.contains(&tea) {
                items.push(tea);
            }
        }
        let mug = below(100) < 30;
        if mug {
            items.push("MUG".to_owned());
        }
        if below(100) < if mug { with } else { without } {
            items.push("FILTER".to_owned());
        }
        let (month, day) = (1 + receipt / 28 % 12, 1 + receipt % 28);
        for item in items {
            lines += &format!(
                "{receipt},H{},2024-{month:02}-{day:02},{item}\n",
                receipt % 250
            );
        }
    }
    let settings = "[[sources]]\ntable = \"interactions\"\npath = \"lines.csv\"\n[sources.columns]\n\
                    customer_id = \"customer\"\noccurred_at = \"day\"\nkind = { constant = \"purchase\" }\n\
                    basket_id = \"receipt\"\nproduct_id = \"item\"\n";
    Sandbox::new()
        .file("lines.csv", lines)
        .file("regulars.toml", settings)
}

/// The rules of a shop, and what the run said.
fn rules_of(sandbox: &Sandbox) -> (Columns, String) {
    let run = sandbox.regulars(&["run"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    (table(sandbox, "rules"), run.stdout)
}

#[test]
fn a_pair_is_found_however_little_else_is_in_a_basket() {
    // One of five teas and what goes with it; one to three of thirty, where it goes less surely;
    // one to seven.
    for (teas, sizes, chances) in [
        (5, 1..=1, [70, 5]),
        (30, 1..=3, [38, 10]),
        (30, 1..=7, [70, 5]),
    ] {
        let sandbox = tea_shop(teas, sizes, chances);
        let (rules, said) = rules_of(&sandbox);
        let sides = sides(&rules);
        let right = [("MUG", "FILTER"), ("FILTER", "MUG")];
        assert_eq!(sides.len(), 1, "{teas} teas: {sides:?}\n{said}");
        assert!(right.contains(&sides[0]), "{teas} teas: {sides:?}");
        assert!(number(&rules["odds_ratio"][0]) > 4.0, "{rules:?}");
        assert_eq!(rules["held_up"][0], "true", "{teas} teas");
        // One rule is few.
        assert!(said.contains("candidates were tested"), "{said}");
        let substitutes = table(&sandbox, "substitutes");
        let pairs = substitutes["one"].iter().zip(&substitutes["other"]);
        for (first, second) in pairs {
            let both = [first.as_str(), second.as_str()];
            assert!(
                !(both.contains(&"MUG") && both.contains(&"FILTER")),
                "{both:?}"
            );
        }
    }
}

#[test]
fn the_summary_says_where_the_candidates_fell_when_none_is_left() {
    let sandbox = tea_shop(30, 1..=3, [10, 10]);
    let (rules, said) = rules_of(&sandbox);
    assert_eq!(rules["antecedent"], Vec::<String>::new());
    let lines: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.contains("candidates were tested"))
        .skip(1)
        .take_while(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let fell: u64 = lines
        .iter()
        .map(|line| line.split_whitespace().next().unwrap().replace(',', ""))
        .map(|number| number.parse::<u64>().unwrap())
        .sum();
    assert_eq!(
        Some(fell),
        metrics(&sandbox)["candidates"].as_u64(),
        "{said}"
    );
    assert!(
        lines.iter().any(|line| line.contains("(min_lift)")),
        "{said}"
    );
}

#[test]
fn the_lines_are_reconciled_and_the_items_add_up() {
    let sandbox = mined(
        "[rules]\nlevel = \"category\"\nexclude = [\"Fruit\"]\n[rules.outliers]\nbaskets = \"keep\"",
    );
    let lines = &metrics(&sandbox)["lines"];
    let all = sandbox.read("lines.csv").lines().count() as u64 - 1;
    assert_eq!(lines["lines"].as_u64(), Some(all));
    let apples = sandbox.read("lines.csv").matches(",apples,").count() as u64;
    assert_eq!(lines["excluded"].as_u64(), Some(apples));
    let parts =
        ["repeated", "unnamed", "excluded", "kept"].map(|part| lines[part].as_u64().unwrap());
    assert_eq!(parts.iter().sum::<u64>(), all);
}

#[test]
fn the_order_of_the_lines_and_the_threads_do_not_matter() {
    let added = "[rules]\nlevel = \"product\"\ncompare_by = \"value_tier\"\n[rules.utility]\nby = \"revenue\"";
    let one = loaded(added);
    let lines = shop(150, 400);
    let (header, rows) = lines.split_once('\n').unwrap();
    let mut turned: Vec<&str> = rows.lines().collect();
    turned.reverse();
    let two = Sandbox::new()
        .file("lines.csv", format!("{header}\n{}\n", turned.join("\n")))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", format!("{SETTINGS}\n{added}\n"));
    for (sandbox, threads) in [(&one, "1"), (&two, "2")] {
        for stage in ["ingest", "features", "segment", "rules"] {
            sandbox
                .regulars(&[stage, "--quiet", "--threads", threads])
                .ended_with(0);
        }
    }
    let (one, two) = (
        one.data_files("regulars-out"),
        two.data_files("regulars-out"),
    );
    let mut compared = 0;
    for (name, bytes) in one.iter().filter(|(name, _)| {
        [
            "rules",
            "itemsets",
            "sequences",
            "transitions",
            "substitutes",
            "utility",
        ]
        .iter()
        .any(|stem| name.starts_with(stem))
    }) {
        assert!(*bytes == two[name], "{name} differs");
        compared += 1;
    }
    assert!(compared >= 10, "{:?}", one.keys());
}

#[test]
fn a_slice_is_mined_by_itself_and_shares_are_shares_of_its_baskets() {
    let sandbox = loaded("[rules]\nlevel = \"product\"");
    sandbox
        .regulars(&[
            "rules",
            "--quiet",
            "--where",
            "department in ('Bakery', 'Dairy') and amount > 1",
        ])
        .ended_with(0);
    let rules = table(&sandbox, "rules");
    let known = ["Bread", "Butter", "Milk"];
    for (a, c) in sides(&rules) {
        assert!(
            a.split(" + ").chain([c]).all(|item| known.contains(&item)),
            "{a} => {c}"
        );
    }
    let lines = sandbox.read("lines.csv");
    let baskets: std::collections::BTreeSet<&str> = lines
        .lines()
        .filter(|line| {
            [",bread,", ",butter,", ",milk,"]
                .iter()
                .any(|item| line.contains(item))
        })
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    let metrics = metrics(&sandbox);
    let mined = metrics["baskets"].as_u64().unwrap() + metrics["later_baskets"].as_u64().unwrap();
    assert_eq!(mined, baskets.len() as u64);
    assert_eq!(
        metrics["slice"],
        "department in ('Bakery', 'Dairy') and amount > 1"
    );
}

#[test]
fn segments_can_be_asked_for_once_they_are_there() {
    let sandbox = loaded("[rules]\nlevel = \"product\"\nwhere = \"segment = 'Champions'\"");
    sandbox.regulars(&["rules"]).ended_with(2).says(&[
        "[rules] where: there is no column `segment`",
        "run `segment` first",
    ]);
    for stage in ["features", "segment", "rules"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let segments = table(&sandbox, "segments");
    let champions: std::collections::BTreeSet<&String> = segments["customer_id"]
        .iter()
        .zip(&segments["rfm_segment"])
        .filter(|(_, segment)| *segment == "Champions")
        .map(|(customer, _)| customer)
        .collect();
    let lines = sandbox.read("lines.csv");
    let theirs = lines
        .lines()
        .filter(|line| champions.contains(&line.split(',').next().unwrap().to_owned()));
    assert_eq!(
        metrics(&sandbox)["lines"]["lines"].as_u64(),
        Some(theirs.count() as u64)
    );
}

#[test]
fn a_period_is_mined_by_itself() {
    let sandbox = loaded("[rules]\nlater_days = 28");
    sandbox
        .regulars(&[
            "rules",
            "--quiet",
            "--from",
            "2023-03-01",
            "--until",
            "2023-07-01",
        ])
        .ended_with(0);
    let metrics = metrics(&sandbox);
    assert_eq!(metrics["mined_from"], "2023-03-01");
    assert_eq!(metrics["mined_until"], "2023-06-03");
    let lines = sandbox.read("lines.csv");
    let within = |line: &&str| {
        let day = &line.split(',').nth(1).unwrap()[..10];
        ("2023-03-01".."2023-07-01").contains(&day)
    };
    let all = lines.lines().skip(1).filter(within).count() as u64;
    assert_eq!(metrics["lines"]["lines"].as_u64(), Some(all));
}

#[test]
fn baskets_are_what_the_settings_say() {
    let counted = |basket: &str| {
        let sandbox = mined(&format!(
            "[rules]\nbasket = \"{basket}\"\nlater_days = 0\nlevel = \"product\""
        ));
        metrics(&sandbox)["baskets"].as_u64().unwrap()
    };
    let lines = shop(150, 400);
    let rows: Vec<Vec<&str>> = lines
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let expected = |key: &dyn Fn(&[&str]) -> String| {
        let keys: std::collections::BTreeSet<String> = rows.iter().map(|row| key(row)).collect();
        keys.len() as u64
    };
    assert_eq!(counted("checkout"), expected(&|row| row[2].to_owned()));
    assert_eq!(
        counted("month"),
        expected(&|row| format!("{} {}", row[0], &row[1][..7]))
    );
    assert_eq!(
        counted("year"),
        expected(&|row| format!("{} {}", row[0], &row[1][..4]))
    );
    assert_eq!(counted("customer"), expected(&|row| row[0].to_owned()));
}

#[test]
fn what_leads_to_a_product_is_asked_by_name_or_id() {
    let sandbox = loaded("[rules]\nlevel = \"product\"");
    for target in ["Bread", "bread"] {
        sandbox
            .regulars(&["rules", "--quiet", "--target", target])
            .ended_with(0);
        let rules = table(&sandbox, "rules");
        assert!(sides(&rules).contains(&("Butter", "Bread")), "{rules:?}");
        assert!(
            rules["consequent"].iter().all(|side| side == "Bread"),
            "{rules:?}"
        );
    }
    sandbox.write(
        "regulars.toml",
        format!("{SETTINGS}\n[rules]\nlevel = \"product\"\nrequire = [\"Butter\"]\n"),
    );
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    let rules = table(&sandbox, "rules");
    assert!(!rules["antecedent"].is_empty());
    let starts = |side: &String| side.split(" + ").any(|item| item == "Butter");
    assert!(rules["antecedent"].iter().all(starts), "{rules:?}");
}

#[test]
fn rules_of_several_levels_never_hold_an_item_beside_its_own_category() {
    let sandbox =
        mined("[rules]\nlevel = \"product\"\ngeneralise = [\"department\", \"category\"]");
    let rules = table(&sandbox, "rules");
    assert_eq!(
        metrics(&sandbox)["broader"],
        serde_json::json!(["category", "department"])
    );
    let above = |item: &str| match item {
        "Butter" => vec!["Spreads (category)", "Dairy (department)"],
        "Milk" => vec!["Drinks (category)", "Dairy (department)"],
        "Bread" => vec!["Loaves (category)", "Bakery (department)"],
        "Spreads (category)" | "Drinks (category)" => vec!["Dairy (department)"],
        "Loaves (category)" => vec!["Bakery (department)"],
        _ => vec![],
    };
    let itemsets =
        regulars::outputs::read_parquet(&sandbox.path("regulars-out/itemsets.parquet")).unwrap();
    use arrow::array::AsArray;
    let names = itemsets.column_by_name("items").unwrap().as_string::<i32>();
    let ids = itemsets
        .column_by_name("item_ids")
        .unwrap()
        .as_string::<i32>();
    let all: Vec<&str> = names.iter().flatten().collect();
    assert!(all.contains(&"Dairy (department)"), "{all:?}");
    assert!(ids.iter().flatten().any(|id| id == "department:Dairy"));
    for set in all
        .iter()
        .copied()
        .chain(rules["antecedent"].iter().map(String::as_str))
    {
        let items: Vec<&str> = set.split(" + ").collect();
        for item in &items {
            assert!(
                above(item).iter().all(|broader| !items.contains(broader)),
                "{set}"
            );
        }
    }
}

/// A shop of two channels: on the web honey comes with tea, in the shop it does not.
fn two_channels() -> Sandbox {
    let mut csv = String::from("customer,when,basket,product,paid,channel\n");
    let mut products = String::from(PRODUCTS);
    for item in 0..20 {
        products += &format!("p{item},Product {item},Other,Other\n");
    }
    let mut state = 7_u64;
    let mut one_in = move |of: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33).is_multiple_of(of)
    };
    let mut basket = 0;
    for day in 0..240 {
        for customer in (0..60).filter(|customer| (day / 2 + customer) % 6 == 0) {
            basket += 1;
            let web = customer % 2 == 0;
            let mut line = |product: &str| {
                csv += &format!(
                    "C{customer:02},{} 10:00,{basket},{product},2.00,{}\n",
                    crate::util::date(day),
                    if web { "web" } else { "shop" }
                );
            };
            let tea = one_in(4);
            if tea {
                line("tea");
            }
            if one_in(if web && tea { 1 } else { 5 }) {
                line("honey");
            }
            for item in 0..20 {
                if one_in(5) {
                    line(&format!("p{item}"));
                }
            }
            line("apples");
        }
    }
    let settings = SETTINGS.replace(
        "amount = \"paid\"",
        "amount = \"paid\"\nchannel = \"channel\"",
    );
    Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", products)
        .file(
            "regulars.toml",
            format!("{settings}\n[rules]\nlevel = \"product\"\n"),
        )
}

#[test]
fn groups_are_compared_and_the_difference_is_measured_again() {
    let sandbox = two_channels();
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["rules", "--quiet", "--compare-by", "channel"])
        .ended_with(0);
    let rows = table(&sandbox, "rules_by_group");
    let found = (0..rows["group"].len()).find(|&row| {
        let mut items = [
            rows["antecedent"][row].as_str(),
            rows["consequent"][row].as_str(),
        ];
        items.sort_unstable();
        rows["group"][row] == "web" && items == ["Honey", "Tea"]
    });
    let row = found.unwrap_or_else(|| panic!("honey goes with tea on the web alone: {rows:?}"));
    assert!(number(&rows["confidence"][row]) > number(&rows["rest_confidence"][row]));
    assert!(number(&rows["odds_ratio_ratio"][row]) > 1.5);
    assert_eq!(rows["held_up"][row], "true");
    let metrics = metrics(&sandbox);
    assert_eq!(metrics["groups"], 2);
    assert_eq!(metrics["ungrouped_baskets"], 0);
    // A condition makes groups, too; and baskets with lines of both are in none.
    sandbox
        .regulars(&["rules", "--quiet", "--compare-by", "product_id = 'tea'"])
        .ended_with(0);
    assert!(
        self::metrics(&sandbox)["ungrouped_baskets"]
            .as_u64()
            .unwrap()
            > 0
    );
}

/// The shop with a basket of every product of a long list, 5,000 items.
fn with_a_giant(added: &str) -> Sandbox {
    let mut lines = shop(150, 400);
    let mut products = String::from(PRODUCTS);
    for item in 0..5000 {
        lines += &format!("C0001,2023-04-01 12:00:00,giant,p{item},1.00\n");
        products += &format!("p{item},Product {item},Other,Other\n");
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", lines)
        .file("products.csv", products)
        .file(
            "regulars.toml",
            format!("{SETTINGS}\n[rules]\nlevel = \"product\"\n{added}\n"),
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    sandbox
}

#[test]
fn a_giant_basket_is_found_and_left_out_cut_or_kept() {
    let plain = mined("[rules]\nlevel = \"product\"");
    let baskets = metrics(&plain)["baskets"].as_u64().unwrap();
    let left_out = with_a_giant("");
    let metrics_of = |sandbox: &Sandbox| metrics(sandbox);
    let found = metrics_of(&left_out);
    assert_eq!(found["giant_baskets"]["found"], 1);
    assert_eq!(found["giant_baskets"]["action"], "leave_out");
    assert_eq!(found["baskets"].as_u64(), Some(baskets));
    assert_eq!(
        left_out.read("regulars-out/rules.csv"),
        plain.read("regulars-out/rules.csv"),
        "what is left out leaves no trace"
    );
    for action in ["keep", "cut"] {
        let sandbox = with_a_giant(&format!(
            "[rules.outliers]\nbaskets = \"{action}\"\nmax_items = 3"
        ));
        let found = metrics_of(&sandbox);
        assert_eq!(found["baskets"].as_u64(), Some(baskets + 1), "{action}");
        assert_eq!(found["giant_baskets"]["above"], 3);
        assert!(found["giant_baskets"]["found"].as_u64().unwrap() > 1);
    }
    let bulk = with_a_giant("[rules.outliers]\nbaskets = \"keep\"\ncustomers = \"leave_out\"");
    let found = metrics_of(&bulk);
    assert_eq!(found["bulk_buyers"]["found"], 1);
    assert!(
        found["baskets"].as_u64().unwrap() < baskets,
        "all baskets of the customer are left out"
    );
}

#[test]
fn sequences_say_what_follows_and_after_how_many_days() {
    // Who buys a tent buys a stove ten to fourteen days later; others buy neither or either.
    let mut csv = String::from("customer,when,basket,product,paid\n");
    let mut basket = 0;
    for customer in 0..200_u32 {
        for visit in 0..12 {
            basket += 1;
            let day = visit * 20 + customer % 15;
            let mut line = |day: u32, product: &str| {
                csv += &format!(
                    "C{customer:03},{} 12:00,{basket},{product},5.00\n",
                    crate::util::date(day)
                );
            };
            line(day, "apples");
            if customer % 4 == 0 && visit % 6 == 1 {
                line(day, "tea");
                basket += 1;
                csv += &format!(
                    "C{customer:03},{} 12:00,{basket},honey,5.00\n",
                    crate::util::date(day + 10 + customer / 4 % 5)
                );
            }
        }
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", format!("{SETTINGS}\n[rules]\nlevel = \"product\"\nmin_support = 0.001\nmin_confidence = 0.01\n"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    let rows = table(&sandbox, "sequences");
    let row = (0..rows["first"].len())
        .find(|&row| rows["first"][row] == "Tea" && rows["then"][row] == "Honey")
        .unwrap_or_else(|| panic!("honey follows tea: {rows:?}"));
    assert_eq!(rows["count"][row], "50");
    assert_eq!(number(&rows["confidence"][row]), 1.0);
    assert_eq!(number(&rows["lift"][row]), 4.0);
    assert_eq!(number(&rows["days_median"][row]), 12.0);
    assert_eq!(number(&rows["days_quartile_1"][row]), 11.0);
    assert_eq!(rows["again"][row], "false");
    let steps = table(&sandbox, "transitions");
    let row = (0..steps["from"].len())
        .find(|&row| steps["from"][row] == "Tea" && steps["to"][row] == "Honey")
        .unwrap_or_else(|| panic!("honey is in the next basket: {steps:?}"));
    assert_eq!(number(&steps["confidence"][row]), 1.0);
}

#[test]
fn the_sets_with_the_most_money_are_summed_exactly() {
    let sandbox = mined(
        "[rules]\nlevel = \"product\"\nlater_days = 0\n[rules.utility]\nby = \"revenue\"\nmax_length = 2",
    );
    let rows = table(&sandbox, "utility");
    let lines = sandbox.read("lines.csv");
    let mut baskets: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for line in lines.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        *baskets
            .entry(fields[2])
            .or_default()
            .entry(fields[3])
            .or_default() += number(fields[4]);
    }
    let with = baskets
        .values()
        .filter(|basket| basket.contains_key("bread") && basket.contains_key("butter"));
    let money: f64 = with
        .clone()
        .map(|basket| basket["bread"] + basket["butter"])
        .sum();
    let row = rows["items"]
        .iter()
        .position(|items| items == "Bread + Butter")
        .unwrap();
    assert_eq!(number(&rows["revenue"][row]), money);
    assert_eq!(number(&rows["count"][row]), with.count() as f64);
    let order: Vec<f64> = rows["revenue"].iter().map(|text| number(text)).collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");
    sandbox.write(
        "regulars.toml",
        format!("{SETTINGS}\n[rules.utility]\nby = \"margin\"\n"),
    );
    sandbox.regulars(&["rules"]).ended_with(2).says(&[
        "[rules] utility by: the interactions have no costs",
        "unit_cost",
    ]);
}

#[test]
fn the_page_stands_by_itself_and_escapes_what_comes_from_the_data() {
    let products = PRODUCTS.replace("Butter", "<b>Butter</b> & \"more\"");
    let sandbox = loaded("[rules]\nlevel = \"product\"");
    sandbox.write("products.csv", products);
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    let page = sandbox.read("regulars-out/rules.html");
    for part in [
        "<svg",
        "id=\"rules\"",
        "id=\"matrix\"",
        "id=\"graph\"",
        "id=\"scatter\"",
        "&lt;b&gt;Butter",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<b>Butter</b>"));
    needs_nothing_from_elsewhere(&page);
}

/// The message for wrong settings or options.
fn refused(sandbox: &Sandbox, options: &[&str], code: i32, words: &[&str]) {
    sandbox
        .regulars(&[&["rules"], options].concat())
        .ended_with(code)
        .says(words);
    assert!(sandbox.unfinished().is_empty());
}

#[test]
fn what_cannot_be_asked_is_said_with_its_place_and_what_would_mend_it() {
    let sandbox = loaded("");
    let says =
        |options: &[&str], code: i32, words: &[&str]| refused(&sandbox, options, code, words);
    says(
        &["--level", "categroy"],
        2,
        &[
            "--level: `categroy` is no level",
            "did you mean `category`?",
        ],
    );
    says(
        &["--level", "brand"],
        2,
        &["--level: the products have no `brand`"],
    );
    says(
        &["--where", "departmnt = 'Dairy'"],
        2,
        &[
            "--where: there is no column `departmnt`",
            "did you mean `department`?",
        ],
    );
    says(
        &["--where", "department = "],
        2,
        &["--where: this SQL does not fit"],
    );
    says(
        &["--where", "amount + 1"],
        2,
        &["--where: this SQL does not fit"],
    );
    says(
        &["--where", "sum(amount) > 1"],
        2,
        &["--where: this SQL does not fit"],
    );
    says(
        &["--where", "department = 'Diary'"],
        3,
        &["--where: no purchase line is like that"],
    );
    says(
        &["--level", "product", "--target", "Buter"],
        2,
        &[
            "--target: there is no product `Buter`",
            "did you mean `Butter`?",
        ],
    );
    says(
        &["--compare-by", "chanel"],
        2,
        &["--compare-by: there is no column `chanel`"],
    );
    says(
        &["--compare-by", "basket_id"],
        2,
        &["--compare-by: it has", "different values"],
    );
    says(&["--basket", "fortnight"], 2, &["fortnight"]);
    says(
        &["--from", "2023-05-01", "--until", "2023-05-01"],
        2,
        &["--until: nothing lies from"],
    );
    says(&["--from", "2029-01-01"], 3, &["later_days"]);
    says(
        &["--min-support", "0"],
        2,
        &["--min-support: 0 would list every combination"],
    );
    says(
        &["--min-support", "1.5"],
        2,
        &["--min-support: 1.5 is no share"],
    );
    says(
        &["--level", "product", "--min-support", "0.95"],
        3,
        &[
            "--min-support: no two items are together",
            "the highest support of a pair is 0.",
        ],
    );
    assert!(!sandbox.exists("regulars-out/rules.csv"));
    for (settings, words) in [
        (
            "[rules]\nwhere = \"kindd = 1\"",
            vec![
                "regulars.toml:",
                "[rules] where: there is no column `kindd`",
            ],
        ),
        (
            "[rules]\ngeneralise = [\"type\"]",
            vec!["[rules] generalise 0", "no broader level than category"],
        ),
        (
            "[rules]\ntarget = [\"Lofes\"]",
            vec!["[rules] target 0: there is no category `Lofes`", "`Loaves`"],
        ),
        (
            "[rules]\nbasket = \"fortnight\"",
            vec!["unknown value `fortnight`", "quarter"],
        ),
        (
            "[rules]\nmin_odds_ratio = 0.5",
            vec!["[rules] min_odds_ratio: 0.5"],
        ),
        (
            "[rules.sequences]\nmin_gap_days = 9\nmax_gap_days = 3",
            vec!["[rules] sequences max_gap_days"],
        ),
        (
            "[rules]\nexclude = [\"Loaves\", \"Spreads\", \"Drinks\", \"Hot drinks\", \"Sweet\", \"Fruit\"]",
            vec!["every purchase line is excluded"],
        ),
    ] {
        sandbox.write("regulars.toml", format!("{SETTINGS}\n{settings}\n"));
        let code = if settings.contains("exclude") { 3 } else { 2 };
        refused(&sandbox, &[], code, &words);
    }
}

#[test]
fn baskets_of_one_item_have_no_rules_and_say_so() {
    let mut csv = String::from("customer,when,basket,product,paid\n");
    for basket in 0..300 {
        csv += &format!(
            "C{},{} 10:00,{basket},bread,1.00\n",
            basket % 20,
            crate::util::date(basket / 2)
        );
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let alone = "[rules]\ntransitions = false\n[rules.sequences]\non = false";
    sandbox.write("regulars.toml", format!("{SETTINGS}\n{alone}\n"));
    refused(&sandbox, &[], 3, &["holds two items", "basket"]);
}

/// Checkouts of a single item: 40 of 100 customers with A buy B five days later, 20 of 100 with F
/// nine days later.
fn single_items() -> String {
    let mut csv = String::from("customer,when,basket,product,paid\n");
    let mut line = |customer: u32, day: u32, hour: u32, product: &str| {
        let when = crate::util::date(day);
        csv += &format!("C{customer:03},{when} {hour}:00,{customer}-{day}-{hour},{product},1.00\n");
    };
    for customer in 0..200 {
        let day = customer % 50;
        match customer {
            0..40 => {
                line(customer, day, 10, "A");
                line(customer, day + 5, 10, "B");
            }
            40..100 => line(customer, day, 10, "A"),
            100..120 => {
                line(customer, day, 10, "F");
                line(customer, day + 9, 10, "B");
            }
            _ => line(customer, day, 10, "F"),
        }
    }
    csv
}

#[test]
fn checkouts_of_one_item_leave_out_what_needs_pairs_and_nothing_else() {
    let settings = SETTINGS
        .split("[[sources]]")
        .take(2)
        .collect::<Vec<_>>()
        .join("[[sources]]");
    let loose = "[rules]\nlater_days = 0\nmin_customers = 1\nmax_false_share = 1.0\n[rules.sequences]\nmin_support = 0.01\nmin_confidence = 0.0\nmin_lift = 0.0";
    let sandbox = Sandbox::new()
        .file("lines.csv", single_items())
        .file("regulars.toml", format!("{settings}\n{loose}\n"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["rules"])
        .ended_with(0)
        .says(&["none of the", "holds two items"]);
    let manifest = sandbox.manifest("regulars-out");
    let warnings = manifest["stages"]["rules"]["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().any(|warning| warning["code"] == "no-pairs"),
        "{warnings:?}"
    );
    assert!(table(&sandbox, "rules")["antecedent"].is_empty());
    assert!(!sandbox.exists("regulars-out/substitutes.csv"));
    assert!(!table(&sandbox, "transitions")["from"].is_empty());
    let found = table(&sandbox, "sequences");
    let row = |first: &str, then: &str| {
        let sides = found["first"].iter().zip(&found["then"]);
        let place = sides
            .clone()
            .position(|sides| sides == (&first.to_owned(), &then.to_owned()));
        let place = place.unwrap_or_else(|| panic!("{first} > {then}: {found:?}"));
        let number = |column: &str| number(&found[column][place]);
        [
            number("support"),
            number("confidence"),
            number("lift"),
            number("days_median"),
        ]
    };
    // By hand: 40 of 200 customers; 40 of the 100 with A; over 60 of 200 with B. Of those with F
    // fewer bought B than of all.
    assert_eq!(row("A", "B"), [0.2, 0.4, 1.333_333, 5.0]);
    assert_eq!(found["first"].len(), 1, "{found:?}");
    assert_eq!(metrics(&sandbox)["sequence_max_gap_days"], 60);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    assert!(
        sandbox
            .read("regulars-out/summary.txt")
            .contains("No basket holds two items.")
    );
}

#[test]
fn the_longest_gap_of_a_sequence_follows_the_rhythm_of_the_shop() {
    // Who comes every 50 days buys tea 100 days after bread.
    let mut csv = String::from("customer,when,basket,product,paid\n");
    for customer in 0..100 {
        let visits = match customer < 50 {
            true => [["bread", "milk"], ["milk", "apples"], ["tea", "apples"]],
            false => [["honey", "milk"], ["milk", "apples"], ["milk", "apples"]],
        };
        for (visit, products) in visits.iter().enumerate() {
            let day = crate::util::date(customer % 20 + 50 * visit as u32);
            for product in products {
                csv += &format!("C{customer},{day} 10:00,{customer}-{visit},{product},1.00\n");
            }
        }
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", PRODUCTS);
    let run = |more: &str| {
        let loose = "[rules]\nlevel = \"product\"\nlater_days = 0\nmax_false_share = 1.0\n[rules.sequences]\nmin_lift = 0.0";
        sandbox.write("regulars.toml", format!("{SETTINGS}\n{loose}\n{more}\n"));
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
        let found = table(&sandbox, "sequences");
        let mut sides = found["first"].iter().zip(&found["then"]);
        let tea = sides.any(|(first, then)| first == "Bread" && then == "Tea");
        (metrics(&sandbox)["sequence_max_gap_days"].as_u64(), tea)
    };
    assert_eq!(run(""), (Some(150), true));
    assert_eq!(run("max_gap_days = 60"), (Some(60), false));
}

#[test]
fn an_estimate_says_what_mining_then_finds_and_writes_nothing() {
    let sandbox = loaded("[rules]\nlevel = \"product\"\nmax_length = 4");
    let said = sandbox
        .regulars(&["rules", "--estimate", "--min-support", "0.01", "--quiet"])
        .ended_with(0)
        .stdout;
    assert!(!sandbox.exists("regulars-out/rules.csv"), "{said}");
    let row = said
        .lines()
        .find(|line| line.trim_start().starts_with("0.01 "));
    let row: Vec<&str> = row
        .expect("a row of the support")
        .split_whitespace()
        .collect();
    sandbox
        .regulars(&["rules", "--min-support", "0.01", "--quiet"])
        .ended_with(0);
    let found = metrics(&sandbox);
    assert_eq!(row[1], found["min_baskets"].to_string().as_str());
    assert_eq!(
        row[2],
        found["itemsets"].to_string().as_str(),
        "few are counted exactly: {said}"
    );
    assert_eq!(row[3], "exact");
}

#[test]
fn a_support_that_finds_too_much_is_raised_and_said() {
    let sandbox = loaded("[rules]\nlevel = \"product\"\nmin_support = 0.0005\nmax_itemsets = 12");
    sandbox
        .regulars(&["rules"])
        .ended_with(0)
        .says(&["more than 12 itemsets", "the support was raised"]);
    let found = metrics(&sandbox);
    assert!(found["itemsets"].as_u64().unwrap() <= 12, "{found}");
    sandbox.write(
        "regulars.toml",
        format!("{SETTINGS}\n[rules.sequences]\nmax_sequences = 50\n"),
    );
    sandbox
        .regulars(&["rules"])
        .ended_with(0)
        .says(&["more than 50 sequences", "the support was raised"]);
    let found = metrics(&sandbox);
    assert!(
        found["frequent_sequences"].as_u64().unwrap() <= 50,
        "{found}"
    );
}

#[test]
fn what_the_same_customers_buy_instead_of_each_other_are_substitutes() {
    let mut csv = String::from("customer,when,basket,product,paid\n");
    let mut products = String::from(PRODUCTS);
    for item in 0..15 {
        products += &format!("p{item},Product {item},Other,Other\n");
    }
    let mut state = 11_u64;
    let mut below = move |of: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % of
    };
    for basket in 0..6000_u32 {
        let mut line = |product: &str| {
            csv += &format!(
                "C{:03},{} 10:00,{basket},{product},1.00\n",
                basket % 200,
                crate::util::date(basket / 20)
            );
        };
        // Butter or honey on the bread, never both.
        match below(5) {
            0 => line("butter"),
            1 => line("honey"),
            _ => {}
        }
        for item in 0..15 {
            if below(4) == 0 {
                line(&format!("p{item}"));
            }
        }
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", products)
        .file(
            "regulars.toml",
            format!("{SETTINGS}\n[rules]\nlevel = \"product\"\n"),
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    let rows = table(&sandbox, "substitutes");
    assert_eq!(rows["one"].len(), 1, "{rows:?}");
    assert_eq!((&*rows["one"][0], &*rows["other"][0]), ("Butter", "Honey"));
    assert_eq!(rows["together"][0], "0");
    assert!(number(&rows["overlap"][0]) > 0.9);
    assert!(number(&rows["score"][0]) > 0.7);
}

#[test]
fn an_order_number_of_several_customers_or_times_is_not_one_basket() {
    let mined = |added: &str, lines: &str| {
        let sandbox = shop_sandbox(150, 400);
        sandbox.write("lines.csv", shop(150, 400) + lines);
        let settings = SETTINGS.replace("[project]", &format!("[project]\n{added}"));
        sandbox.write("regulars.toml", settings);
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        let said = sandbox.regulars(&["rules"]).ended_with(0);
        sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
        let rules = sandbox.manifest("regulars-out")["stages"]["rules"].clone();
        (rules["metrics"]["baskets"].as_u64().unwrap(), said)
    };
    let (before, _) = mined("", "");
    // Shortened by a spreadsheet: two customers, and for the second one two times.
    let lines = "C0001,2023-04-01 12:00:00,1.23457E+11,tea,1.00\n\
                 C0001,2023-04-01 12:00:00,1.23457E+11,milk,1.00\n\
                 C0002,2023-04-01 12:00:00,1.23457E+11,milk,1.00\n\
                 C0002,2023-04-04 12:00:00,1.23457E+11,bread,1.00\n\
                 C0002,2023-04-20 12:00:00,1.23457E+11,tea,1.00\n";
    let (apart, said) = mined("", lines);
    assert_eq!(apart, before + 3);
    said.says(&["1 order number is of several customers"]);
    let (at_any_time, _) = mined("order_days = 30\n", lines);
    assert_eq!(at_any_time, before + 2);
}

#[test]
fn a_run_in_chinese_says_rules_in_chinese_and_keeps_its_columns_and_answers() {
    let english = table(&mined(""), "rules");
    let sandbox = loaded("");
    sandbox
        .regulars(&["rules", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let rules = table(&sandbox, "rules");
    assert!(!rules["in_words"].is_empty());
    assert!(
        rules["in_words"]
            .iter()
            .all(|rule| rule.contains("同时含有") && rule.ends_with(" 倍"))
    );
    for (name, values) in &english {
        assert!(rules.contains_key(name), "{name}");
        assert!(name == "in_words" || rules[name] == *values, "{name}");
    }
    let page = sandbox.read("regulars-out/rules.html");
    for words in [
        "<html lang=\"zh-CN\">",
        "哪些商品一起购买",
        "支持度与置信度",
        "随机水平的倍数",
        "得到验证",
    ] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    for words in ["What was mined", "held up", "times chance"] {
        assert!(!page.contains(words), "the page says {words}");
    }
}

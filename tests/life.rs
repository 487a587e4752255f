//! Segments by rule: the life cycle by everybody's own rhythm, RFM as the settings ask for it,
//! tiers, key accounts and own segments.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, shop};

type Table = BTreeMap<String, Vec<String>>;

/// A table of customers beside the history.
const CUSTOMERS: &str = r#"
[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
joined_at = "since"
account_id = "firm"
region = "region"
"#;

/// The last day with a purchase.
const LAST: u32 = 400;

/// A line for each day.
fn lines(
    csv: &mut String,
    customer: &str,
    days: impl IntoIterator<Item = u32>,
    paid: impl Fn(u32) -> f64,
) {
    for day in days {
        let _ = writeln!(
            csv,
            "{customer},{} 12:00:00,{customer}-{day},bread,{:.2}",
            date(day),
            paid(day)
        );
    }
}

/// One customer in each stage, among many who come every week.
fn lives() -> String {
    let mut csv = "customer,when,basket,product,paid\n".to_owned();
    let every_week = |first: u32, last: u32| (first..=last).step_by(7);
    for number in 0..40 {
        lines(
            &mut csv,
            &format!("W{number:02}"),
            every_week(number % 7 + 1, LAST),
            |_| 10.0,
        );
    }
    lines(&mut csv, "new", [390], |_| 10.0);
    lines(&mut csv, "once", [100], |_| 10.0);
    let lately = |day: u32, now: f64| if day > LAST - 91 { now } else { 10.0 };
    lines(&mut csv, "grows", every_week(1, LAST), |day| {
        lately(day, 20.0)
    });
    lines(&mut csv, "shrinks", every_week(1, LAST), |day| {
        lately(day, 5.0)
    });
    // Gaps of 5 days and every seventh of 30: away for 20 is rare for them, and not unheard of.
    let uneven = (0..70)
        .map(|step| 5 * step + 25 * (step / 7))
        .filter(|day| *day <= LAST - 20);
    let uneven: Vec<u32> = uneven.collect();
    let shift = LAST - 20 - uneven.last().unwrap();
    lines(
        &mut csv,
        "late",
        uneven.iter().map(|day| day + shift),
        |_| 10.0,
    );
    lines(&mut csv, "dormant", every_week(1, LAST - 30), |_| 10.0);
    lines(&mut csv, "gone", every_week(1, LAST - 200), |_| 10.0);
    lines(
        &mut csv,
        "back",
        every_week(1, 200).chain([LAST - 2]),
        |_| 10.0,
    );
    csv
}

fn sandbox(lines: String, more: &str) -> Sandbox {
    Sandbox::new()
        .file("lines.csv", lines)
        .file("products.csv", PRODUCTS)
        .file(
            "customers.csv",
            format!(
                "id,since,firm,region\nasked,{} 00:00:00,acme,North\nlisted,,acme,South\n\
                 later,{} 00:00:00,acme,South\nW00,,acme,North\nW01,,acme,North\nW02,,apex,South\n",
                date(LAST - 50),
                date(LAST + 50)
            ),
        )
        .file("regulars.toml", format!("{SETTINGS}{CUSTOMERS}{more}"))
}

fn run(sandbox: &Sandbox, stages: &[&str]) {
    for stage in stages {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
}

const FIRST: [&str; 3] = ["ingest", "features", "segment"];

fn table(sandbox: &Sandbox, name: &str) -> Table {
    columns(&sandbox.read(&format!("regulars-out/{name}.csv")))
}

/// A column by the customers' ids.
fn by_id(table: &Table, column: &str) -> BTreeMap<String, String> {
    let rows = table["customer_id"].iter().zip(&table[column]);
    rows.map(|(id, value)| (id.clone(), value.clone()))
        .collect()
}

#[test]
fn everybody_has_a_stage_by_their_own_rhythm() {
    let more = "[segment.life_cycle]\nchurn_after_days = 60\nphase = { mature = \"holding\" }\n";
    let sandbox = sandbox(lives(), more);
    run(&sandbox, &FIRST);
    let segments = table(&sandbox, "segments");
    let stages = by_id(&segments, "life_cycle");
    for (id, stage) in [
        ("asked", "prospect"),
        ("listed", "prospect"),
        ("new", "new"),
        ("once", "one-timer"),
        ("grows", "growing"),
        ("W00", "mature"),
        ("shrinks", "declining"),
        ("late", "at risk"),
        ("dormant", "dormant"),
        ("gone", "churned"),
        ("back", "reactivated"),
    ] {
        assert_eq!(stages.get(id).map(String::as_str), Some(stage), "{id}");
    }
    assert!(
        !stages.contains_key("later"),
        "who joins later is not known yet"
    );
    let phases = by_id(&segments, "phase");
    assert_eq!(
        (phases["W00"].as_str(), phases["gone"].as_str()),
        ("holding", "decline")
    );
    assert_eq!(by_id(&segments, "ladder")["grows"], "client");

    // Who never bought is a class of their own, without scores, and in the order of the ids.
    assert_eq!(by_id(&segments, "rfm_segment")["asked"], "Never Bought");
    assert_eq!(by_id(&segments, "r")["asked"], "");
    assert_ne!(by_id(&segments, "r")["new"], "");
    let mut sorted = segments["customer_id"].clone();
    sorted.sort();
    assert_eq!(sorted, segments["customer_id"]);
    let guide = table(&sandbox, "rfm_segments");
    let last = guide["rfm_segment"].len() - 1;
    assert_eq!(guide["rfm_segment"][last], "Never Bought");
    assert_eq!(
        (
            guide["customers"][last].as_str(),
            guide["share"][last].as_str()
        ),
        ("2", "")
    );

    // Sizes add up to everybody.
    let sizes = table(&sandbox, "life_cycle");
    let all: usize = sizes["customers"]
        .iter()
        .map(|size| size.parse::<usize>().unwrap())
        .sum();
    assert_eq!(all, segments["customer_id"].len());
    let page = sandbox.read("regulars-out/life_cycle.html");
    assert!(
        page.contains("reactivated") && page.contains("<path class="),
        "no flow"
    );
    let shown = sandbox.regulars(&["show", "life-cycle"]).ended_with(0);
    shown.shows(&["prospect", "at risk", "Write to them now"]);
    let told = sandbox.regulars(&["explain", "late"]).ended_with(0);
    told.shows(&[
        "life cycle: at risk (phase decline, on the ladder of loyalty a customer)",
        "usually back within 5 days",
    ]);
    let told = sandbox.regulars(&["explain", "asked"]).ended_with(0);
    told.shows(&["life cycle: prospect"]);
}

#[test]
fn the_flow_tells_each_month_what_was_known_then() {
    let history = Sandbox::new()
        .file("lines.csv", shop(150, 400))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    run(&history, &FIRST);
    let flow = table(&history, "life_cycle_flow");
    let last = flow["to_date"].last().unwrap().clone();
    let before = flow["from_date"].last().unwrap().clone();
    let counted = |dates: &str, stages: &str, date: &str| {
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        for (row, stage) in flow[stages].iter().enumerate() {
            if flow[dates][row] == date
                && flow["to_date"][row] == if dates == "to_date" { date } else { &last }
            {
                *sizes.entry(stage.clone()).or_default() +=
                    flow["customers"][row].parse::<u64>().unwrap();
            }
        }
        sizes.remove("not known yet");
        sizes
    };
    let sizes = |sandbox: &Sandbox| -> BTreeMap<String, u64> {
        let table = table(sandbox, "life_cycle");
        let rows = table["life_cycle"].iter().zip(&table["customers"]);
        rows.map(|(stage, size)| (stage.clone(), size.parse().unwrap()))
            .collect()
    };
    assert_eq!(counted("to_date", "to_stage", &last), sizes(&history));
    // A month before, from a history that ends then.
    assert_eq!(
        counted("from_date", "from_stage", &before),
        counted("to_date", "to_stage", &before)
    );
    let then = Sandbox::like(&history);
    for stage in ["features", "segment"] {
        then.regulars(&[stage, "--quiet", "--as-of", &before])
            .ended_with(0);
    }
    assert_eq!(counted("to_date", "to_stage", &before), sizes(&then));
    let shares: f64 = (0..flow["share"].len())
        .filter(|row| flow["to_date"][*row] == last && flow["from_stage"][*row] == "mature")
        .map(|row| flow["share"][row].parse::<f64>().unwrap())
        .sum();
    assert!((shares - 1.0).abs() < 1e-5, "{shares}");
}

#[test]
fn scores_frozen_from_a_run_stay_what_they_were() {
    let before = sandbox(lives(), "");
    run(&before, &FIRST);
    let cuts = before.read("regulars-out/rfm_cuts.csv");
    let scores = |sandbox: &Sandbox| by_id(&table(sandbox, "segments"), "rfm");
    // As many again come who buy far more: fifths move, and frozen scores do not.
    let mut more = lives();
    for number in 0..60 {
        lines(&mut more, &format!("X{number:02}"), 1..=LAST, |_| 90.0);
    }
    let moved = sandbox(more.clone(), "");
    run(&moved, &FIRST);
    let frozen = sandbox(
        more,
        "[segment.rfm]\nscores = \"frozen\"\nreference = \"january.csv\"\n",
    );
    frozen.write("january.csv", &cuts);
    run(&frozen, &FIRST);
    let (old, moved, kept) = (scores(&before), scores(&moved), scores(&frozen));
    assert_ne!(old["W05"], moved["W05"]);
    for (id, score) in &old {
        assert_eq!(kept[id], *score, "{id}");
    }
    assert_eq!(frozen.read("regulars-out/rfm_cuts.csv"), cuts);
}

#[test]
fn windows_refunds_cuts_and_weights_count_what_they_say() {
    let mut csv = lives();
    let _ = writeln!(csv, "W03,{} 12:00:00,back-1,bread,-4.00", date(LAST - 5));
    let more = "[segment.rfm]\nscores = \"fixed\"\nfrequency_days = 30\nmoney_days = 14\nrefunds = \"apart\"\n\
        judgements = [[1, 3, 5], [0.33333, 1, 2], [0.2, 0.5, 1]]\n\
        cuts = { recency_days = [365, 180, 90, 30], frequency = [1, 2, 3, 4], monetary = [5, 10, 20, 30] }\n";
    let settings = SETTINGS.replace(
        "kind = { constant = \"purchase\" }",
        "kind = { sql = \"CASE WHEN paid LIKE '-%' THEN 'return' ELSE 'purchase' END\" }",
    );
    let sandbox = sandbox(csv, "");
    sandbox.write("regulars.toml", format!("{settings}{CUSTOMERS}{more}"));
    run(&sandbox, &FIRST);
    let segments = table(&sandbox, "segments");
    let of = |column: &str, id: &str| by_id(&segments, column)[id].clone();
    // W03 buys on days 4, 11, ..., so the last 30 days before day 401 hold 375, 382, 389, 396.
    assert_eq!(of("frequency", "W03"), "4.0");
    assert_eq!(
        (of("monetary", "W03"), of("refunded", "W03")),
        ("20.0".into(), "4.0".into())
    );
    assert_eq!(
        (of("r", "W03"), of("f", "W03"), of("m", "W03")),
        ("5".into(), "5".into(), "4".into())
    );
    // 0.6483 x 5 + 0.2297 x 5 + 0.1220 x 4
    let score: f64 = of("rfm_score", "W03").parse().unwrap();
    assert!((score - 4.878).abs() < 0.0015, "{score}");
    assert_eq!(
        (of("frequency", "gone"), of("f", "gone")),
        ("0.0".into(), "1".into())
    );
    let entry = sandbox.manifest("regulars-out")["stages"]["segment"]["metrics"].clone();
    let ratio = entry["weights"]["consistency_ratio"].as_f64().unwrap();
    assert!((ratio - 0.00318).abs() < 1e-4, "{ratio}");
}

#[test]
fn maps_are_files_that_are_checked() {
    let first = sandbox(lives(), "");
    run(&first, &FIRST);
    let map = first.read("regulars-out/rfm_map.csv");
    assert_eq!(map.lines().count(), 26);
    let again = |file: &str, content: &str| {
        let key = if file == "eight.csv" {
            "eight_file"
        } else {
            "map_file"
        };
        let sandbox = Sandbox::like(&first);
        let more = format!("[segment.rfm]\n{key} = \"{file}\"\n");
        sandbox.write("regulars.toml", format!("{SETTINGS}{CUSTOMERS}{more}"));
        sandbox.write(file, content);
        sandbox
    };
    // What the run wrote is what is in force.
    let same = again("map.csv", &map);
    same.regulars(&["segment", "--quiet"]).ended_with(0);
    assert_eq!(
        first.read("regulars-out/segments.csv"),
        same.read("regulars-out/segments.csv")
    );
    assert_eq!(
        first.read("regulars-out/rfm_segments.csv"),
        same.read("regulars-out/rfm_segments.csv")
    );

    let ours = "r;fm;segment;meaning;action\n4-5;*;Here;They come;Greet them\n1-3;4-5;Miss;;\n1-3;1-3;Let go;;\n";
    let own = again("map.csv", ours);
    own.regulars(&["segment", "--quiet"]).ended_with(0);
    let guide = table(&own, "rfm_segments");
    let here = guide["rfm_segment"]
        .iter()
        .position(|name| name == "Here")
        .unwrap();
    assert_eq!(guide["action"][here], "Greet them");

    for (content, words) in [
        (
            "r,fm,segment\n4-5,*,Here\n1-3,1-4,There\n",
            "no segment covers R = 1, FM = 5",
        ),
        (
            "r,fm,segment\n4-5,*,Here\n1-4,*,There\n",
            "the cell R = 4, FM = 1 is claimed by `Here` and again by `There`",
        ),
        (
            "r,fm,segment\nhigh,*,Here\n",
            "map.csv:2: `high` is no score",
        ),
        ("r,fm,name\n*,*,Here\n", "there is no column `segment`"),
        ("r,fm,segment\n1-6,*,Here\n", "scores run from 1 to 5"),
        ("", "there is no column `r`"),
    ] {
        let run = again("map.csv", content).regulars(&["segment", "--quiet"]);
        run.ended_with(2).says(&[words, "[segment] rfm map_file"]);
    }
    for (content, words) in [
        (
            "r,f,m,class\nhigh,*,*,Here\n",
            "no class covers R = low, F = high, M = high",
        ),
        (
            "r,f,m,class\n*,*,*,All\nlow,low,low,Lost\n",
            "the cell R = low, F = low, M = low is claimed by `All` and again by `Lost`",
        ),
        (
            "r,f,m,class\nbest,*,*,Here\n",
            "`best` is neither high nor low",
        ),
    ] {
        let run = again("eight.csv", content).regulars(&["segment", "--quiet"]);
        run.ended_with(2).says(&[words]);
    }
}

#[test]
fn settings_that_cannot_be_are_refused_with_words() {
    for (more, words) in [
        (
            "[segment.rfm]\njudgements = [[1, 9, 0.1111], [0.1111, 1, 9], [9, 0.1111, 1]]\n",
            "contradict each other",
        ),
        (
            "[segment.rfm]\njudgements = [[1, 3, 5], [3, 1, 2], [0.2, 0.5, 1]]\n",
            "row 2, column 1 has to be 0.3333, not 3",
        ),
        ("[segment.rfm]\nweights = [0, 0, 0]\n", "are no weights"),
        ("[segment.rfm]\nscores = \"fixed\"\n", "it needs `cuts`"),
        (
            "[segment.rfm]\nscores = \"frozen\"\n",
            "it needs `reference`",
        ),
        (
            "[segment.rfm]\nscores = \"frozen\"\nreference = \"nothing.csv\"\n",
            "nothing.csv cannot be read",
        ),
        (
            "[segment.rfm]\nscores = \"fixed\"\ncuts = { recency_days = [1, 2, 3, 4], frequency = [1, 2, 3, 4], monetary = [1, 2, 3, 4] }\n",
            "must be numbers that fall",
        ),
        ("[segment.rfm]\nfrequency_days = 0\n", "0 is too small"),
        (
            "[segment.life_cycle]\nphase = { matur = \"stability\" }\n",
            "did you mean `mature`",
        ),
        ("[segment.life_cycle]\nchange = 1.5\n", "1.5 is no share"),
        (
            "[segment.life_cycle]\nmonths = 1000\n",
            "1,000 is too large",
        ),
        ("[classes]\npyramid = [0.5, 0.4, 0.3]\n", "are no steps"),
        (
            "[[classes.own]]\nname = \"A\"\n",
            "does not say who is in it",
        ),
        (
            "[[classes.own]]\nname = \"A\"\nwhere = \"true\"\n[[classes.own]]\nname = \"A\"\nwhere = \"true\"\n",
            "`A` is there twice",
        ),
    ] {
        let sandbox = sandbox(
            "customer,when,basket,product,paid\na,2023-01-01 12:00:00,1,bread,2.50\n".to_owned(),
            more,
        );
        sandbox.regulars(&["ingest", "--quiet"]);
        sandbox.regulars(&["features", "--quiet"]);
        sandbox
            .regulars(&["segment", "--quiet"])
            .ended_with(2)
            .says(&[words]);
    }
}

#[test]
fn own_segments_take_whom_they_say_in_their_order() {
    let more = r#"
[[classes.own]]
name = "Bring back"
where = "life_cycle IN ('dormant', 'churned')"
action = "Call them"
[[classes.own]]
name = "North"
where = "region = 'North' AND frequency > 3"
[[classes.own]]
name = "Nobody"
where = "monetary > 1e9"
"#;
    let sandbox = sandbox(lives(), more);
    run(&sandbox, &FIRST);
    sandbox.regulars(&["value", "--quiet"]).ended_with(0);
    let done = sandbox.regulars(&["classes"]).ended_with(0);
    done.says(&["the own segment `Nobody` takes nobody"]);
    let classes = table(&sandbox, "classes");
    let own = by_id(&classes, "own_segment");
    assert_eq!(
        (own["gone"].as_str(), own["dormant"].as_str()),
        ("Bring back", "Bring back")
    );
    assert_eq!(
        (
            own["W00"].as_str(),
            own["W02"].as_str(),
            own["asked"].as_str()
        ),
        ("North", "", "")
    );
    let sizes = table(&sandbox, "class_sizes");
    let size = |of: &str, class: &str| {
        let mut rows = 0..sizes["class"].len();
        let row = rows
            .find(|row| sizes["of"][*row] == of && sizes["class"][*row] == class)
            .unwrap();
        sizes["members"][row].parse::<usize>().unwrap()
    };
    assert_eq!(
        (
            size("customers", "Bring back"),
            size("customers", "North"),
            size("customers", "Nobody")
        ),
        (2, 2, 0)
    );
    assert_eq!(size("customers", "none of these"), own.len() - 4);
    assert!(!classes["customer_id"].contains(&"later".to_owned()));

    // The pyramid, and accounts with their people: acme has W00, W01 and the two who never bought.
    assert_eq!(
        size("customers", "VIP")
            + size("customers", "major")
            + size("customers", "ordinary")
            + size("customers", "small"),
        own.len()
    );
    let accounts = table(&sandbox, "accounts");
    assert_eq!(accounts["account_id"], ["acme", "apex"]);
    assert_eq!(accounts["people"], ["4", "1"]);
    let spend = by_id(&table(&sandbox, "segments"), "monetary");
    let of = |id: &str| spend[id].parse::<f64>().unwrap();
    let acme: f64 = accounts["spend"][0].parse().unwrap();
    assert_eq!(acme, of("W00") + of("W01"));
    let metrics = sandbox.manifest("regulars-out")["stages"]["classes"]["metrics"].clone();
    assert_eq!(metrics["accounts"], 2);
    assert_eq!(metrics["ranked_by"], "lifetime value");
    assert!(metrics["concentration"]["top_fifth"].as_f64().unwrap() > 0.2);

    // Lists, show and explain know them.
    let counted = sandbox.regulars(&["targets", "--count", "own_segment = 'Bring back'"]);
    counted.ended_with(0).shows(&["2"]);
    sandbox
        .regulars(&["show", "classes"])
        .ended_with(0)
        .shows(&["Bring back", "pyramid", "accounts"]);
    sandbox
        .regulars(&["explain", "gone"])
        .ended_with(0)
        .shows(&["own segment Bring back"]);
}

#[test]
fn conditions_that_do_not_fit_name_the_segment_and_the_nearest_column() {
    let first = sandbox(lives(), "");
    run(&first, &FIRST);
    for (condition, words) in [
        ("monetry > 5", "did you mean `monetary`"),
        ("monetary + 5", "this is no condition"),
        ("monetary > (SELECT 1)", "does not fit"),
        ("monetary > 5 AS rich", "names its result"),
        ("lifetime_value > 5", "there is no column `lifetime_value`"),
    ] {
        let sandbox = Sandbox::like(&first);
        let more = format!("[[classes.own]]\nname = \"Rich\"\nwhere = \"{condition}\"\n");
        sandbox.write("regulars.toml", format!("{SETTINGS}{CUSTOMERS}{more}"));
        let run = sandbox.regulars(&["classes", "--quiet"]);
        run.ended_with(2).says(&[words, "own segment `Rich`"]);
    }
    // Without the segments there is nothing to class.
    let none = sandbox(lives(), "");
    run(&none, &["ingest", "features"]);
    none.regulars(&["classes", "--quiet"])
        .ended_with(3)
        .says(&["regulars segment"]);
}

#[test]
fn odd_histories_have_stages_and_classes() {
    let header = "customer,when,basket,product,paid\n";
    let day = |day: u32| format!("{} 12:00:00", date(day));
    let histories = [
        // One customer.
        format!("{header}a,{},1,bread,2.50\n", day(1)),
        // All alike, and several purchases in one instant.
        (0..30).fold(header.to_owned(), |csv, n| {
            csv + &format!(
                "c{n},{0},{n},bread,2.50\nc{n},{0},x{n},bread,2.50\n",
                day(5)
            )
        }),
        // Nothing was paid, and totals below nothing.
        format!(
            "{header}a,{},1,bread,0\nb,{},2,bread,-5\nb,{},3,bread,-5\n",
            day(1),
            day(2),
            day(9)
        ),
    ];
    for history in histories {
        let sandbox = sandbox(history, "");
        run(&sandbox, &FIRST);
        run(&sandbox, &["classes"]);
        let stages = &table(&sandbox, "segments")["life_cycle"];
        assert!(stages.iter().all(|stage| !stage.is_empty()), "{stages:?}");
        let tiers = &table(&sandbox, "classes")["pyramid"];
        assert_eq!(tiers.len(), stages.len());
    }
}

#[test]
fn stages_are_the_same_on_any_number_of_threads() {
    let more = "[[classes.own]]\nname = \"Here\"\nwhere = \"life_cycle = 'mature'\"\n";
    let sandbox = sandbox(shop(120, 200), more);
    run(&sandbox, &["ingest", "features"]);
    let files = |threads: &str| {
        for stage in ["segment", "classes"] {
            sandbox
                .regulars(&[stage, "--quiet", "--threads", threads])
                .ended_with(0);
        }
        sandbox.results("regulars-out")
    };
    let (one, four) = (files("1"), files("4"));
    for (name, bytes) in &one {
        assert!(four[name] == *bytes, "{name} differs");
    }
}

#[test]
fn stages_segments_and_classes_are_said_in_chinese_beside_their_codes() {
    let english = sandbox(
        lives(),
        "[[classes.own]]\nname = \"Mine\"\nwhere = \"life_cycle = 'at risk'\"\n",
    );
    run(&english, &FIRST);
    run(&english, &["classes"]);
    let chinese = Sandbox::like(&english);
    // A condition of the settings is over codes, whatever the language.
    chinese
        .regulars(&["segment", "--quiet", "--lang", "zh"])
        .ended_with(0);
    chinese
        .regulars(&["classes", "--quiet", "--lang", "zh"])
        .ended_with(0);
    for name in [
        "segments",
        "rfm_segments",
        "life_cycle",
        "life_cycle_flow",
        "classes",
        "class_sizes",
    ] {
        let (before, after) = (table(&english, name), table(&chinese, name));
        for (column, values) in &before {
            let is_sentence = ["meaning", "action"].contains(&column.as_str());
            assert!(is_sentence || values == &after[column], "{name}: {column}");
        }
        assert!(
            !before.keys().any(|column| column.ends_with("_words")),
            "{name}"
        );
    }
    let segments = table(&chinese, "segments");
    let stage = by_id(&segments, "life_cycle_words");
    assert_eq!(
        ["new", "once", "asked"].map(|id| stage[id].as_str()),
        ["新客户", "一次性客户", "潜在客户"]
    );
    assert_eq!(by_id(&segments, "rfm_segment_words")["asked"], "从未购买");
    assert_eq!(by_id(&segments, "phase_words")["once"], "考察期");
    let sizes = table(&chinese, "class_sizes");
    let row = |class: &str| {
        sizes["class"]
            .iter()
            .position(|name| name == class)
            .unwrap()
    };
    assert_eq!(sizes["class_words"][row("major")], "大客户");
    assert_eq!(sizes["class_words"][row("Mine")], "Mine");
    assert_eq!(sizes["of_words"][row("major")], "客户");
    let page = chinese.read("regulars-out/life_cycle.html");
    for text in [
        "lang=\"zh-CN\"",
        "阶段变化",
        "<td><b>新客户</b></td>",
        "各阶段客户数",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let flow = english.read("regulars-out/life_cycle.html");
    assert!(flow.contains("<h2>What became of them</h2>") && flow.contains("<td><b>new</b></td>"));
}

#[test]
fn a_map_of_the_user_is_called_as_the_user_calls_it() {
    let ours = "r;fm;segment;meaning;action\n4-5;*;Here;They come;Greet them\n1-3;4-5;Lost;;\n1-3;1-3;Let go;;\n";
    let own = sandbox(
        lives(),
        "[segment.rfm]\nmap_file = \"map.csv\"\n[segment.life_cycle]\nphase = { mature = \"stability\" }\n",
    );
    own.write("map.csv", ours);
    run(&own, &["ingest", "features"]);
    own.regulars(&["segment", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let guide = table(&own, "rfm_segments");
    let row = |name: &str| {
        guide["rfm_segment"]
            .iter()
            .position(|other| other == name)
            .unwrap()
    };
    assert_eq!(guide["rfm_segment_words"][row("Here")], "Here");
    assert_eq!(
        [
            &guide["meaning"][row("Here")],
            &guide["action"][row("Here")]
        ],
        ["They come", "Greet them"]
    );
    let stages = table(&own, "life_cycle");
    let mature = stages["life_cycle"]
        .iter()
        .position(|stage| stage == "mature")
        .unwrap();
    assert_eq!(stages["phase_words"][mature], "stability");
}

//! Campaigns that held nobody back: who was contacted depends on who buys much, and what the contact
//! does is planted.

use std::fmt::Write as _;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, needs_nothing_from_elsewhere};

const CUSTOMERS: u32 = 3000;
const FIRST: u32 = 180;
const DAYS: u32 = 28;
/// By how much a contact makes a purchase more probable.
const PLANTED: f64 = 0.1;

/// An even number between 0 and 1 for what is to be drawn of a customer.
fn unit(customer: u32, what: u32) -> f64 {
    let mut z = (u64::from(customer) << 32 | u64::from(what)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for shift in [30, 27, 31] {
        z = (z ^ (z >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// How much a customer likes to buy, from 0 to 1.
fn liking(customer: u32) -> f64 {
    unit(customer, 1)
}

fn line(csv: &mut String, customer: u32, day: u32) {
    let product = ["bread", "milk", "tea"][(customer + day) as usize % 3];
    let _ = writeln!(
        csv,
        "C{customer:04},{} 10:00:00,{customer}-{day},{product},2.50",
        date(day)
    );
}

/// A shop whose campaign 7 contacts some; `pace` says how many days each lets pass.
fn shop(pace: &dyn Fn(u32) -> f64, contacted: &dyn Fn(u32) -> bool) -> Sandbox {
    let mut lines = String::from("customer,when,basket,product,paid\n");
    let mut contacts = String::from("customer,when,campaign\n");
    for customer in 0..CUSTOMERS {
        let pace = pace(customer);
        let mut day = (unit(customer, 2) * pace) as u32;
        while day < FIRST {
            line(&mut lines, customer, day);
            day += 1 + (2.0 * pace * unit(customer, day + 100)) as u32;
        }
        let contact = contacted(customer);
        if contact {
            let _ = writeln!(contacts, "C{customer:04},{},7", date(FIRST));
        }
        let chance = 0.1 + 0.5 * liking(customer) + if contact { PLANTED } else { 0.0 };
        if unit(customer, 3) < chance {
            let day = FIRST + (f64::from(DAYS) * unit(customer, 4)) as u32;
            line(&mut lines, customer, day);
        }
    }
    line(&mut lines, 0, FIRST + DAYS - 1);
    let settings = format!(
        "{SETTINGS}\n[[sources]]\ntable = \"interactions\"\npath = \"contacts.csv\"\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"when\"\nkind = {{ constant = \"contact\" }}\n\
         campaign_id = \"campaign\"\n"
    );
    let sandbox = Sandbox::new()
        .file("lines.csv", lines)
        .file("contacts.csv", contacts)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

#[test]
fn what_a_contact_did_is_found_although_it_went_to_those_who_buy_much() {
    let sandbox = shop(
        &|customer| 8.0 + 50.0 * (1.0 - liking(customer)),
        &|customer| unit(customer, 5) < 0.15 + 0.6 * liking(customer),
    );
    let run = sandbox
        .regulars(&["campaign", "read", "7", "--observational"])
        .ended_with(0);
    let run = run.shows(&[
        "7 from 2023-06-30, until 2023-07-28: OBSERVATIONAL",
        "Balance, in standard deviations",
        "count like",
    ]);
    run.says(&["7: observational: nobody was held back by lot"]);
    let read = columns(&sandbox.read("regulars-out/campaigns/observed/7.csv"));
    let number = |name: &str, row: usize| read[name][row].parse::<f64>().expect("a number");
    assert!(
        number("uplift_low", 0) <= PLANTED && PLANTED <= number("uplift_high", 0),
        "{} to {}",
        number("uplift_low", 0),
        number("uplift_high", 0)
    );
    // Plainly compared it would seem to do far more.
    let plain = number("plain_buyer_share", 0) - number("plain_buyer_share", 1);
    assert!(plain > number("uplift_high", 0), "{plain}");
    let page = sandbox.read("regulars-out/campaigns/observed/7.html");
    needs_nothing_from_elsewhere(&page);
    for words in [
        "It seems that the campaign made more customers buy",
        "nobody was held back by lot",
        "id=\"overlap\"",
        "id=\"balance\"",
        "Within the band",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`");
    }
    assert!(!page.contains("C00"), "the page names nobody");
    // Every twentieth of the probability has its bars, and every feature drawn both of its dots.
    assert_eq!(page.matches("class=\"others\"").count(), 20);
    let dots = page.matches("class=\"from\"").count();
    assert!(dots > 5 && dots == page.matches("class=\"dot\"").count());
    let balance = columns(&sandbox.read("regulars-out/campaigns/balance/7.csv"));
    let apart = |name: &str| -> Vec<f64> {
        let values = balance[name].iter();
        values
            .map(|value| value.parse::<f64>().expect("a number").abs())
            .collect()
    };
    assert!(apart("before")[0] > 0.3);
    assert!(apart("after").iter().all(|apart| *apart < 0.1));
}

#[test]
fn groups_that_are_others_are_refused_with_how_far_they_lie_apart() {
    let often = |customer| liking(customer) > 0.5;
    let sandbox = shop(&|customer| if often(customer) { 5.0 } else { 60.0 }, &often);
    sandbox
        .regulars(&["campaign", "read", "7", "--observational"])
        .ended_with(3)
        .says(&[
            "7: those contacted are others than those who were not",
            "frequency",
            "only a control group can tell",
        ]);
    assert!(!sandbox.exists("regulars-out/campaigns"));
    for (arguments, code, words) in [
        (
            &["8", "--observational"][..],
            3,
            "no contact names the campaign `8`",
        ),
        (&["7"][..], 3, "is read by --observational"),
        (
            &["a/b", "--observational"][..],
            2,
            "`a/b` cannot be the name of files",
        ),
        (
            &["7", "--observational", "--of", "2022-01-01"][..],
            3,
            "on 2022-01-01 something was known of 0 contacted",
        ),
    ] {
        let arguments = [&["campaign", "read"][..], arguments].concat();
        sandbox.regulars(&arguments).ended_with(code).says(&[words]);
    }
}

//! Times of one source that are written in several ways: by a format for a column, and by the first of
//! several columns that says something.

use crate::util::{Sandbox, columns, query};

fn settings(columns: &str) -> String {
    format!(
        "[project]\ntimezone = \"Europe/Berlin\"\n[[sources]]\ntable = \"interactions\"\npath = \"orders.csv\"\n\
         time_format = \"%m/%d/%Y %H:%M\"\n[sources.columns]\ncustomer_id = \"customer\"\n\
         kind = {{ constant = \"purchase\" }}\nbasket_id = \"order\"\n{columns}"
    )
}

fn moments(sandbox: &Sandbox) -> Vec<String> {
    query(
        &sandbox.path("regulars-out"),
        "SELECT basket_id || ' ' || CAST(occurred_at AS VARCHAR) || ' ' || CAST(day AS VARCHAR) \
         FROM interactions WHERE replaced_at IS NULL ORDER BY basket_id",
    )
    .concat()
}

#[test]
fn the_first_of_several_columns_that_is_not_empty_each_in_its_own_way() {
    let sandbox = Sandbox::new()
        .file(
            "orders.csv",
            "order,customer,paid,created,exported\n\
             1,A,03/04/2024 10:00,31.12.2023,1700000000\n\
             2,A,,05.04.2024,1700000000\n\
             3,B,0000-00-00,06.04.2024,1700000000\n\
             4,B,  ,,1712500000\n",
        )
        .file(
            "regulars.toml",
            settings(
                "occurred_at = { first = [\"paid\", { column = \"created\", time_format = \"%d.%m.%Y\", timezone = \"Asia/Tokyo\" }, \
                 { column = \"exported\", time_format = \"unix\" }] }\n",
            ),
        );
    sandbox
        .regulars(&["check", "--all"])
        .ended_with(0)
        .shows(&["the first of `paid`, `created`, `exported`"]);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(
        moments(&sandbox),
        [
            "1 2024-03-04T09:00:00Z 2024-03-04",
            // Midnight in Tokyo is 17 o'clock of the day before in Berlin, and 15 UTC.
            "2 2024-04-04T15:00:00Z 2024-04-04",
            "3 2024-04-05T15:00:00Z 2024-04-05",
            "4 2024-04-07T14:26:40Z 2024-04-07",
        ]
    );
}

#[test]
fn a_time_that_is_there_and_cannot_be_read_is_not_passed_over() {
    let sandbox = Sandbox::new()
        .file(
            "orders.csv",
            "order,customer,paid,created\n1,A,soon,31.12.2023\n2,A,,31.31.2023\n3,A,,\n4,A,01/02/2024 08:00,\n",
        )
        .file(
            "regulars.toml",
            settings(
                "occurred_at = { first = [\"paid\", { column = \"created\", time_format = \"%d.%m.%Y\" }] }\n\
                 [ingest]\nmax_reject_share = 1.0\n",
            ),
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(moments(&sandbox), ["4 2024-01-02T07:00:00Z 2024-01-02"]);
    let rejects = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    assert_eq!(rejects["value"], ["soon", "31.31.2023", ""]);
    assert!(rejects["reason"][0].contains("%m/%d/%Y"), "{rejects:?}");
    assert!(rejects["reason"][1].contains("%d.%m.%Y"), "{rejects:?}");
    assert_eq!(rejects["reason"][2], "is empty");
}

#[test]
fn a_second_column_of_times_is_drafted_as_it_is_written() {
    let mut orders = String::from("order_id,customer_id,order_date,product,amount\n");
    for number in 0..60 {
        let (day, month) = (1 + number % 28, 1 + number % 12);
        orders += &format!(
            "{number},{},2024-{month:02}-{day:02} 10:00,tea,5.00\n",
            100 + number % 30
        );
    }
    let sandbox = Sandbox::new()
        .file("orders.csv", &orders)
        .file("campaigns.csv", campaigns());
    sandbox
        .regulars(&["init", "orders.csv", "campaigns.csv"])
        .ended_with(0);
    let draft = sandbox.read("regulars.toml");
    assert!(
        draft.contains("ends_on = { column = \"end_date\", time_format = \"%d.%m.%Y\" }"),
        "{draft}"
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let ends = query(
        &sandbox.path("regulars-out"),
        "SELECT CAST(min(ends_on) AS VARCHAR), CAST(max(ends_on) AS VARCHAR), count(ends_on) FROM campaigns",
    );
    assert_eq!(ends[0], ["2024-01-20", "2024-06-25", "6"]);
}

/// Campaigns whose first day is written otherwise than the last.
fn campaigns() -> String {
    let mut text = String::from("campaign_id,campaign_name,start_date,end_date,budget\n");
    for number in 1..=6 {
        text += &format!(
            "C{number},Offer {number},2024-{number:02}-0{number},{}.{number:02}.2024,{number}00.00\n",
            19 + number
        );
    }
    text
}

#[test]
fn what_a_column_of_times_cannot_be_told() {
    let wrong = [
        (
            "occurred_at = { first = [\"paid\"] }\n",
            "two columns or more",
        ),
        (
            "occurred_at = { column = \"paid\", time_format = \"day and month\" }\n",
            "`day and month` is no time format",
        ),
        (
            "occurred_at = { column = \"paid\", timezone = \"Europe/Berlin2\" }\n",
            "Europe/Berlin2",
        ),
        (
            "occurred_at = { sql = \"paid\", time_format = \"%d\" }\n",
            "belong to a `column`",
        ),
        (
            "occurred_at = \"paid\"\namount = { first = [\"paid\", \"created\"] }\n",
            "the first of several columns is for times",
        ),
        (
            "occurred_at = \"paid\"\namount = { column = \"paid\", time_format = \"%d\" }\n",
            "are for times",
        ),
        (
            "occurred_at = { first = [\"paid\", \"make\"] }\n",
            "has no column `make`",
        ),
    ];
    for (columns, words) in wrong {
        let sandbox = Sandbox::new()
            .file(
                "orders.csv",
                "order,customer,paid,created\n1,A,01/02/2024 08:00,\n",
            )
            .file("regulars.toml", settings(columns));
        sandbox.regulars(&["ingest"]).ended_with(2).says(&[words]);
    }
}

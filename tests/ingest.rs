//! What `ingest` leaves behind.

use crate::util::{columns, shop_sandbox};

#[test]
fn a_load_is_a_new_version_and_earlier_ones_can_be_read_back() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let more = sandbox.read("lines.csv") + "C0001,2023-05-30 10:00:00,9001,bread,2.50\n";
    sandbox.write("lines.csv", more);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    for version in 0..2 {
        let commit = format!("regulars-out/warehouse/interactions/_delta_log/{version:020}.json");
        assert!(sandbox.exists(&commit), "{commit}");
    }
    let commit =
        sandbox.read("regulars-out/warehouse/interactions/_delta_log/00000000000000000001.json");
    assert!(
        commit.contains("\"products\":0") && commit.contains("\"loads\":1"),
        "the commit names the versions of the other tables: {commit}"
    );
    assert_eq!(
        commit.matches("\"remove\"").count(),
        1,
        "of the months only the one that changes is written again: {commit}"
    );
}

#[test]
fn the_warehouse_is_partitioned_by_month_of_the_projects_time_zone() {
    let sandbox = shop_sandbox(1, 10);
    // Half past midnight in Berlin on 1 March is still February in UTC.
    sandbox.write(
        "lines.csv",
        "customer,when,basket,product,paid\nC1,2023-03-01 00:30:00,1,bread,1.00\n",
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert!(sandbox.exists("regulars-out/warehouse/interactions/month=2023-03"));
}

#[test]
fn another_time_zone_asks_for_a_new_load() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.write(
        "regulars.toml",
        sandbox
            .read("regulars.toml")
            .replace("Europe/Berlin", "Asia/Tokyo"),
    );
    sandbox.regulars(&["features"]).ended_with(2).says(&[
        "regulars.toml:4:",
        "was loaded with Europe/Berlin",
        "run ingest again",
    ]);
}

#[test]
fn purchases_without_a_basket_number_are_one_basket_a_day() {
    let sandbox = shop_sandbox(1, 10);
    sandbox.write(
        "lines.csv",
        "customer,when,basket,product,paid\nC1,2023-03-01 09:00,,bread,1\nC1,2023-03-01 18:00,,milk,1\nC1,2023-03-04 09:00,,tea,1\n",
    );
    for stage in ["ingest", "features", "segment"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    assert_eq!(
        columns(&sandbox.read("regulars-out/segments.csv"))["frequency"],
        ["2.0"]
    );
}

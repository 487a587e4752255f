//! `init` writes settings for files that nobody has described: the shapes of well known public
//! data sets, made again small, and of tills in other languages. Each draft then runs as it is.

use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate};

use crate::util::{PRODUCTS, Sandbox, columns, date, shop};

/// Lets `init` look at files, and gives back the draft.
#[track_caller]
fn draft(sandbox: &Sandbox, files: &[&str]) -> String {
    let mut arguments = vec!["init"];
    arguments.extend(files);
    sandbox.regulars(&arguments).ended_with(0).shows(&[
        "NEXT",
        "regulars check -c regulars.toml",
        "regulars run -c regulars.toml",
    ]);
    sandbox.read("regulars.toml")
}

/// The draft says all this.
#[track_caller]
fn says(draft: &str, lines: &[&str]) {
    for line in lines {
        assert!(draft.contains(line), "the draft lacks `{line}`:\n{draft}");
    }
}

/// The draft passes `check` and `run` as it is; gives back the segments.
#[track_caller]
fn segments(sandbox: &Sandbox) -> std::collections::BTreeMap<String, Vec<String>> {
    sandbox.regulars(&["check"]).ended_with(0);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    columns(&sandbox.read("regulars-out/segments.csv"))
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2010, 12, 1).unwrap() + Days::new(number.into())
}

/// Visits of customers, each at a pace of their own: the customer, the day, the number of the visit.
fn visits(customers: u32, days: u32) -> Vec<(u32, u32, u32)> {
    let mut visits: Vec<(u32, u32)> = (0..customers)
        .flat_map(|customer| {
            let pace = 5 + customer % 9;
            (customer % pace..days)
                .step_by(pace as usize)
                .map(move |day| (day, customer))
        })
        .collect();
    visits.sort_unstable();
    visits
        .into_iter()
        .zip(0..)
        .map(|((day, customer), number)| (customer, day, number))
        .collect()
}

#[test]
fn online_retail() {
    let mut csv = String::from(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
    );
    for (customer, number, visit) in visits(40, 300) {
        let when = day(number);
        let when = format!(
            "{}/{}/{} {}:26",
            when.month(),
            when.day(),
            when.year(),
            8 + visit % 9
        );
        // One line in four has no customer, as in the original.
        let who = if visit % 4 == 3 {
            String::new()
        } else {
            (13_000 + customer).to_string()
        };
        let invoice = 536_000 + visit;
        let _ = writeln!(
            csv,
            "{invoice},85123A,\"HOLDER, \"\"WHITE\"\"\",6,{when},2.55,{who},United Kingdom"
        );
        let _ = writeln!(
            csv,
            "{invoice},{},LANTERN,2,{when},3.39,{who},United Kingdom",
            71_053 + visit % 40
        );
        if visit % 10 == 0 {
            let _ = writeln!(
                csv,
                "C{invoice},85123A,\"HOLDER, \"\"WHITE\"\"\",-1,{when},2.55,{who},United Kingdom"
            );
        }
    }
    let sandbox = Sandbox::new().file("online_retail_II.csv", csv);
    let draft = draft(&sandbox, &["online_retail_II.csv"]);
    says(
        &draft,
        &[
            "table = \"interactions\"\npath = \"online_retail_II.csv\"",
            "# a number above 12 shows which is the day\ntime_format = \"%m/%d/%Y %H:%M\"",
            "customer_id = \"Customer ID\"",
            "occurred_at = \"InvoiceDate\"",
            "# `Quantity` is below zero in some rows: these are returns",
            "kind = { by_sign = \"Quantity\" }",
            "basket_id = \"Invoice\"",
            "product_id = \"StockCode\"",
            "quantity = \"Quantity\"",
            "amount = { product = [\"Quantity\", \"Price\"] }",
            "# Guests: `Customer ID` has no value in",
            "anonymous = [\"\"]",
            "most_frequent = true\n[sources.columns]",
            "name = \"Description\"",
            "#   Country: 1 different value in",
        ],
    );
    let segments = segments(&sandbox);
    assert_eq!(segments["customer_id"].len(), 40);
    assert!(segments["customer_id"].contains(&"13007".to_owned()));
}

#[test]
fn a_german_till_with_decimal_commas() {
    let mut csv = String::from(
        "Kunden-Nr;Datum;Uhrzeit;Bon-Nr;Artikel-Nr;Artikelbezeichnung;Menge;Einzelpreis;Gesamtpreis\n",
    );
    for (customer, number, visit) in visits(30, 250) {
        let when = day(number).format("%d.%m.%Y");
        let (quantity, cents) = (1 + visit % 3, 110_049 + visit % 50);
        let total = quantity * cents;
        let money = |cents: u32| {
            format!(
                "{}.{:03},{:02} €",
                cents / 100_000,
                cents / 100 % 1000,
                cents % 100
            )
        };
        let _ = writeln!(
            csv,
            "0{customer:03};{when};{:02}:30;{visit};00{};Käse Nr. {};{quantity};{};{}",
            8 + visit % 11,
            visit % 7,
            visit % 7,
            money(cents),
            money(total)
        );
    }
    let sandbox = Sandbox::new().file("kasse.csv", format!("\u{feff}{csv}"));
    let draft = draft(&sandbox, &["kasse.csv"]);
    says(
        &draft,
        &[
            "time_format = \"%d.%m.%Y %H:%M\"",
            "customer_id = \"Kunden-Nr\"",
            "occurred_at = { sql = ",
            "concat(\\\"Datum\\\", ' ', \\\"Uhrzeit\\\")",
            "basket_id = \"Bon-Nr\"",
            "product_id = \"Artikel-Nr\"",
            "quantity = \"Menge\"",
            "with a decimal comma, thousands set apart by `.`, a currency beside the digits",
        ],
    );
    let segments = segments(&sandbox);
    assert!(
        segments["customer_id"].contains(&"0007".to_owned()),
        "ids keep their zeros"
    );
    // Customer 7 comes every twelfth day from day 7 on.
    let row = segments["customer_id"]
        .iter()
        .position(|id| id == "0007")
        .unwrap();
    let mine: Vec<u32> = visits(30, 250)
        .into_iter()
        .filter(|(customer, ..)| *customer == 7)
        .map(|(.., visit)| visit)
        .collect();
    let spent: u32 = mine
        .iter()
        .map(|visit| (1 + visit % 3) * (110_049 + visit % 50))
        .sum();
    let monetary: f64 = segments["monetary"][row].parse().unwrap();
    assert!(
        (monetary - f64::from(spent) / 100.0).abs() < 0.01,
        "{monetary} is not {spent} cents"
    );
}

#[test]
fn a_chinese_shop() {
    let mut csv = String::from("会员编号,下单时间,订单编号,商品编码,商品名称,数量,实付金额,渠道\n");
    for (customer, number, visit) in visits(30, 250) {
        let when = day(number).format("%Y/%m/%d");
        let channel = ["小程序", "门店"][(visit % 2) as usize];
        let _ = writeln!(
            csv,
            "会员{customer:03},{when} 1{}:05:00,{visit},S{:03},茶叶{},1,{}.50,{channel}",
            visit % 10,
            visit % 9,
            visit % 9,
            10 + visit % 5
        );
    }
    let sandbox = Sandbox::new().file("订单.csv", csv);
    let draft = draft(&sandbox, &["订单.csv"]);
    says(
        &draft,
        &[
            "path = \"订单.csv\"",
            "time_format = \"%Y/%m/%d %H:%M:%S\"",
            "customer_id = \"会员编号\"",
            "occurred_at = \"下单时间\"",
            "channel = \"渠道\"",
            "basket_id = \"订单编号\"",
            "product_id = \"商品编码\"",
            "amount = \"实付金额\"",
        ],
    );
    assert_eq!(segments(&sandbox)["customer_id"].len(), 30);
}

#[test]
fn the_complete_journey() {
    let mut lines = String::from(
        "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc,week,transaction_timestamp\n",
    );
    for (customer, number, visit) in visits(40, 300) {
        for line in 0..2 {
            let _ = writeln!(
                lines,
                "{},330,{},{},1,{}.19,0.50,0,0,{},{} 11:1{}:45",
                900 + customer,
                31_198_570_044_u64 + u64::from(visit),
                1_095_275 + (visit + line * 7) % 23,
                1 + line,
                number / 7,
                date(number),
                visit % 10
            );
        }
    }
    let products: String = (0..23)
        .map(|id| {
            format!(
                "{},{},GROCERY,National,{},BREAD {},\n",
                1_095_275 + id,
                2,
                ["BAKERY", "SEAFOOD"][id % 2],
                id % 5
            )
        })
        .collect();
    let people: String = (0..30)
        .map(|id| {
            format!(
                "{},{},50-74K,Homeowner,Married,2\n",
                900 + id,
                ["25-34", "35-44"][id % 2]
            )
        })
        .collect();
    let sandbox = Sandbox::new()
        .file("transactions.csv", lines)
        .file("products.csv", format!("product_id,manufacturer_id,department,brand,product_category,product_type,package_size\n{products}"))
        .file("demographics.csv", format!("household_id,age,income,home_ownership,marital_status,household_size\n{people}"))
        .file("campaign_descriptions.csv", "campaign_id,campaign_type,start_date,end_date\n1,Type B,2023-03-03,2023-04-09\n2,Type A,2023-05-03,2023-06-09\n")
        .file("coupon_redemptions.csv", "household_id,coupon_upc,campaign_id,redemption_date\n901,51380041013,1,2023-03-08\n902,51380041313,1,2023-03-09\n901,53377610033,2,2023-05-21\n");
    let draft = draft(
        &sandbox,
        &[
            "transactions.csv",
            "products.csv",
            "demographics.csv",
            "campaign_descriptions.csv",
            "coupon_redemptions.csv",
        ],
    );
    says(
        &draft,
        &[
            "path = \"transactions.csv\"",
            "customer_id = \"household_id\"",
            "occurred_at = \"transaction_timestamp\"",
            "amount = \"sales_value\"",
            "discount = \"retail_disc\"",
            "location_id = \"store_id\"",
            "table = \"interactions\"\npath = \"coupon_redemptions.csv\"",
            "kind = { constant = \"response\" }",
            "table = \"customers\"\npath = \"demographics.csv\"",
            "age = \"age\"",
            "table = \"products\"\npath = \"products.csv\"",
            "department = \"department\"",
            "category = \"product_category\"",
            "type = \"product_type\"",
            "table = \"campaigns\"\npath = \"campaign_descriptions.csv\"",
            "starts_on = \"start_date\"",
        ],
    );
    assert_eq!(segments(&sandbox)["customer_id"].len(), 40);
}

#[test]
fn olist_lines_whose_orders_and_people_lie_in_other_files() {
    let mut orders = String::from(
        "\"order_id\",\"customer_id\",\"order_status\",\"order_purchase_timestamp\",\"order_delivered_customer_date\"\n",
    );
    let mut items = String::from(
        "\"order_id\",\"order_item_id\",\"product_id\",\"seller_id\",\"shipping_limit_date\",\"price\",\"freight_value\"\n",
    );
    let mut people = String::from(
        "\"customer_id\",\"customer_unique_id\",\"customer_zip_code_prefix\",\"customer_city\",\"customer_state\"\n",
    );
    for (customer, number, visit) in visits(40, 300) {
        let (order, who) = (format!("o{visit:05x}"), format!("c{visit:05x}"));
        let when = date(number);
        let _ = writeln!(
            orders,
            "\"{order}\",\"{who}\",\"delivered\",\"{when} 10:56:33\",\"{when} 21:25:13\""
        );
        let _ = writeln!(
            items,
            "\"{order}\",\"1\",\"p{}\",\"s1\",\"{when} 11:07:15\",29.99,8.72",
            visit % 30
        );
        let _ = writeln!(
            people,
            "\"{who}\",\"u{customer}\",\"14409\",\"franca\",\"{}\"",
            ["SP", "RJ"][(customer % 2) as usize]
        );
    }
    let products: String = (0..30)
        .map(|id| format!("\"p{id}\",\"{}\",40,287\n", ["perfumaria", "artes"][id % 2]))
        .collect();
    let sandbox = Sandbox::new()
        .file("olist_order_items_dataset.csv", items)
        .file("olist_orders_dataset.csv", orders)
        .file("olist_customers_dataset.csv", people)
        .file("olist_products_dataset.csv", format!("\"product_id\",\"product_category_name\",\"product_name_lenght\",\"product_weight_g\"\n{products}"));
    let draft = draft(
        &sandbox,
        &[
            "olist_order_items_dataset.csv",
            "olist_orders_dataset.csv",
            "olist_customers_dataset.csv",
            "olist_products_dataset.csv",
        ],
    );
    says(
        &draft,
        &[
            "table = \"interactions\"\npath = \"olist_order_items_dataset.csv\"",
            "[[sources.join]]\npath = \"olist_orders_dataset.csv\"\non = \"order_id\"",
            "[[sources.join]]\npath = \"olist_customers_dataset.csv\"\non = \"customer_id\"",
            "occurred_at = \"order_purchase_timestamp\"",
            "basket_id = \"order_id\"",
            "product_id = \"product_id\"",
            "amount = \"price\"",
            "customer_id = \"customer_unique_id\"",
            "table = \"products\"\npath = \"olist_products_dataset.csv\"",
            "category = \"product_category_name\"",
        ],
    );
    // Each order has a customer of its own; the people are fewer.
    assert_eq!(segments(&sandbox)["customer_id"].len(), 40);
}

#[test]
fn instacart_has_no_days_and_the_draft_says_which_line_lacks_them() {
    let orders: String = (0..200)
        .map(|order| format!("{order},{},prior,{},2,8,7.0\n", order % 20, order / 20))
        .collect();
    let lines: String = (0..400)
        .map(|line| format!("{},{},1,0\n", line / 2, line % 13))
        .collect();
    let products: String = (0..13)
        .map(|id| format!("{id},Sparkling Water {id},{},7\n", id % 4))
        .collect();
    let sandbox = Sandbox::new()
        .file("orders.csv", format!("order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order\n{orders}"))
        .file("order_products__prior.csv", format!("order_id,product_id,add_to_cart_order,reordered\n{lines}"))
        .file("products.csv", format!("product_id,product_name,aisle_id,department_id\n{products}"));
    let run = sandbox.regulars(&[
        "init",
        "orders.csv",
        "order_products__prior.csv",
        "products.csv",
    ]);
    let draft = sandbox.read("regulars.toml");
    let line = 1 + draft
        .lines()
        .position(|line| line == "# occurred_at = \"...\"")
        .expect("a marked line");
    run.ended_with(3)
        .says(&[
            "the draft lacks what is required",
            &format!("regulars.toml:{line}: occurred_at"),
            "hint:",
        ])
        .shows(&[
            "occurred_at   MISSING: no column looks like a time",
            "customer_id   user_id",
        ]);
    says(
        &draft,
        &[
            "# MISSING: no column looks like a time. Name the column, and take the # away:",
            "customer_id = \"user_id\"",
            "name = \"product_name\"",
            "category = \"aisle_id\"",
            "[[sources.join]]\npath = \"orders.csv\"\non = \"order_id\"",
        ],
    );
    sandbox
        .regulars(&["check"])
        .ended_with(2)
        .says(&["`occurred_at` is not mapped"]);
}

#[test]
fn a_table_is_known_by_the_keys_that_it_shares() {
    // Nothing in these names tells what `id` is, or that `who` is the customer.
    let sandbox = Sandbox::new()
        .file(
            "a.csv",
            shop(60, 300).replacen(
                "customer,when,basket,product,paid",
                "who,when,n,thing,paid",
                1,
            ),
        )
        .file("b.csv", PRODUCTS);
    let lines = sandbox.read("a.csv").replacen("thing", "item", 1);
    sandbox.write("a.csv", lines);
    let draft = draft(&sandbox, &["a.csv", "b.csv"]);
    says(
        &draft,
        &[
            "customer_id = \"who\"",
            "table = \"products\"\npath = \"b.csv\"",
            "product_id = \"id\"",
            "name = \"label\"",
            "department = \"shelf\"",
        ],
    );
}

#[test]
fn events_of_a_web_shop_are_visits_and_purchases_in_utc() {
    let mut csv =
        String::from("event_time,event_type,product_id,category_code,brand,price,user_id\n");
    for (customer, number, visit) in visits(30, 250) {
        let when = date(number);
        for (minute, event) in ["view", "cart", "purchase"].iter().enumerate() {
            let _ = writeln!(
                csv,
                "{when} 23:0{minute}:00 UTC,{event},{},electronics.audio,acme,{}.90,{}",
                1_000_000_000 + visit % 12,
                10 + visit % 5,
                512_000_000 + customer
            );
        }
    }
    let sandbox = Sandbox::new().file("2019-Oct.csv", csv);
    let draft = draft(&sandbox, &["2019-Oct.csv"]);
    says(
        &draft,
        &[
            "occurred_at = \"event_time\"",
            "WHEN 'cart' THEN 'visit' WHEN 'purchase' THEN 'purchase' WHEN 'view' THEN 'visit' END",
            "customer_id = \"user_id\"",
            "product_id = \"product_id\"",
            "amount = \"price\"",
        ],
    );
    assert_eq!(segments(&sandbox)["customer_id"].len(), 30);
}

#[test]
fn text_that_is_no_utf8_is_read_by_the_encoding_that_its_letters_have() {
    let mut csv = String::from("客户编号,日期,订单号,商品名称,金额\n");
    for (customer, number, visit) in visits(30, 250) {
        let _ = writeln!(
            csv,
            "K{customer:03},{},{visit},绿茶第{}号,{}.50",
            day(number).format("%Y-%m-%d"),
            visit % 7,
            5 + visit % 7
        );
    }
    let (gbk, ..) = encoding_rs::GBK.encode(&csv);
    let sandbox = Sandbox::new().file("订单.csv", &gbk);
    let written = draft(&sandbox, &["订单.csv"]);
    says(
        &written,
        &["encoding = \"gb18030\"", "customer_id = \"客户编号\""],
    );
    assert_eq!(segments(&sandbox)["customer_id"].len(), 30);
    // One letter in a thousand lines is enough.
    let plain = csv_of_orders().replacen("tea", "thé", 1);
    let (western, ..) = encoding_rs::WINDOWS_1252.encode(&plain);
    let sandbox = Sandbox::new().file("orders.csv", &western);
    says(
        &draft(&sandbox, &["orders.csv"]),
        &["encoding = \"windows-1252\""],
    );
}

/// A history that is plain ASCII.
fn csv_of_orders() -> String {
    let mut csv = String::from("customer,date,order,product,amount\n");
    for (customer, number, visit) in visits(30, 250) {
        let day = day(number).format("%Y-%m-%d");
        let _ = writeln!(
            csv,
            "{customer},{day},{visit},tea {},{}.50",
            visit % 7,
            5 + visit % 7
        );
    }
    csv
}

#[test]
fn moments_counted_from_1970_are_read() {
    let mut csv = String::from("client;ts;montant;n_ticket\n");
    for (customer, number, visit) in visits(30, 250) {
        let ts = 1_577_880_000_u64 + u64::from(number) * 86_400;
        let _ = writeln!(csv, "{customer};{ts};{},50;{visit}", 5 + visit % 7);
    }
    let sandbox = Sandbox::new().file("ventes.csv", csv);
    let draft = draft(&sandbox, &["ventes.csv"]);
    says(
        &draft,
        &[
            "time_format = \"unix\"",
            "occurred_at = \"ts\"",
            "decimal = \",\"",
            "customer_id = \"client\"",
            "amount = \"montant\"",
        ],
    );
    let segments = segments(&sandbox);
    assert_eq!(segments["customer_id"].len(), 30);
}

#[test]
fn files_of_one_shape_are_one_source() {
    let lines = shop(60, 300);
    let (header, rows) = lines.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let (early, late) = rows.split_at(rows.len() / 2);
    let sandbox = Sandbox::new()
        .file("in/2023.csv", format!("{header}\n{}\n", early.join("\n")))
        .file("in/2024.csv", format!("{header}\n{}\n", late.join("\n")));
    sandbox
        .regulars(&[
            "init",
            "in/2023.csv",
            "in/2024.csv",
            "--out",
            "in/shop.toml",
        ])
        .ended_with(0);
    let draft = sandbox.read("in/shop.toml");
    says(
        &draft,
        &[
            "path = [\"2023.csv\", \"2024.csv\"]",
            "customer_id = \"customer\"",
            "amount = \"paid\"",
        ],
    );
    sandbox
        .regulars(&["run", "-c", "in/shop.toml", "--quiet"])
        .ended_with(0);
    assert_eq!(
        columns(&sandbox.read("regulars-out/segments.csv"))["customer_id"].len(),
        60
    );
}

#[test]
fn days_that_could_be_months_are_called_ambiguous() {
    let rows: String = (0..60)
        .map(|row| {
            format!(
                "C{},0{}/0{}/2024,{}\n",
                row % 9,
                1 + (row * 5) % 9,
                1 + (row * 7) % 9,
                3 + row % 4
            )
        })
        .collect();
    let sandbox = Sandbox::new().file("lines.csv", format!("customer,date,amount\n{rows}"));
    let draft = draft(&sandbox, &["lines.csv"]);
    says(
        &draft,
        &[
            "# AMBIGUOUS: no number above 12 shows which is the day",
            "time_format = \"%d/%m/%Y\"",
        ],
    );
}

#[test]
fn settings_that_are_there_are_never_overwritten_unasked() {
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(20, 100))
        .file("regulars.toml", "mine");
    sandbox
        .regulars(&["init", "lines.csv"])
        .ended_with(2)
        .says(&["regulars.toml is there already", "--force"]);
    assert_eq!(sandbox.read("regulars.toml"), "mine");
    sandbox
        .regulars(&["init", "lines.csv", "--force"])
        .ended_with(0);
    assert!(
        sandbox
            .read("regulars.toml")
            .contains("customer_id = \"customer\"")
    );
}

#[test]
fn files_that_cannot_be_looked_at() {
    let sandbox = Sandbox::new()
        .file("header.csv", "a,b\n")
        .file("empty.csv", "");
    sandbox
        .regulars(&["init", "gone.csv"])
        .ended_with(2)
        .says(&["there is no file gone.csv", "hint:"]);
    sandbox
        .regulars(&["init", "header.csv"])
        .ended_with(3)
        .says(&["header.csv has no rows", "hint:"]);
    sandbox
        .regulars(&["init", "empty.csv"])
        .ended_with(3)
        .says(&["empty.csv", "hint:"]);
    sandbox.regulars(&["init"]).ended_with(2).says(&["FILE"]);
    assert!(!sandbox.exists("regulars.toml"));
}

#[test]
fn what_was_found_is_told_to_machines_too() {
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(30, 200))
        .file("products.csv", PRODUCTS);
    let run = sandbox
        .regulars(&["init", "lines.csv", "products.csv", "--json"])
        .ended_with(0);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON alone");
    assert_eq!(found["sources"][0]["table"], "interactions");
    assert_eq!(
        found["sources"][0]["columns"]["customer_id"]["column"],
        "customer"
    );
    assert_eq!(
        found["sources"][0]["columns"]["kind"]["constant"],
        "purchase"
    );
    assert_eq!(found["sources"][1]["table"], "products");
    assert_eq!(found["missing"], serde_json::json!([]));
}

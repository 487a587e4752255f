//! The exports of shop systems draft correctly from their headers: who, when, which order, what,
//! and what was paid for a line. The rows are made up; the headers are those that the systems write.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::util::{Sandbox, date, query};

/// One line of an order: 60 orders of 12 customers, one or two lines each.
struct Line {
    order: u32,
    customer: u32,
    line: u32,
    product: u32,
    quantity: u32,
    /// Of one piece.
    price: u32,
}

fn lines() -> Vec<Line> {
    (0..60)
        .flat_map(|order| {
            (0..1 + order % 2).map(move |line| Line {
                order,
                customer: (order * 5) % 12,
                line,
                product: (order * 3 + line) % 9,
                quantity: 1 + (order + line) % 3,
                price: 4 + (order * 3 + line) % 9,
            })
        })
        .collect()
}

/// What was paid for all lines.
fn spend() -> u32 {
    lines().iter().map(|line| line.quantity * line.price).sum()
}

/// A file with this header; `cells` gives the columns that matter, the others hold a number that
/// is far from every amount.
fn file(
    header: &str,
    separator: char,
    cells: impl Fn(&Line) -> Vec<(&'static str, String)>,
) -> String {
    let names: Vec<&str> = header.split(separator).collect();
    let mut text = format!("{header}\n");
    for (number, line) in lines().iter().enumerate() {
        let cells: HashMap<&str, String> = cells(line).into_iter().collect();
        for name in cells.keys() {
            assert!(names.contains(name), "the header has no {name}");
        }
        let row: Vec<String> = names
            .iter()
            .map(|name| match cells.get(name) {
                Some(cell) => cell.clone(),
                None => (900_000 + number % 7).to_string(),
            })
            .collect();
        let _ = writeln!(text, "{}", row.join(&separator.to_string()));
    }
    text
}

fn day(line: &Line) -> String {
    date(line.order * 5)
}

/// Drafts settings for the files, which say all of `words`; a load has every line and what was paid.
#[track_caller]
fn drafts(files: &[(&str, String)], words: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(name, text);
    }
    let mut arguments = vec!["init"];
    arguments.extend(files.iter().map(|(name, _)| *name));
    sandbox.regulars(&arguments).ended_with(0);
    let draft = sandbox.read("regulars.toml");
    for word in words {
        assert!(draft.contains(word), "the draft lacks `{word}`:\n{draft}");
    }
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let found = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), CAST(sum(amount) AS BIGINT), count(DISTINCT customer_id), count(DISTINCT basket_id) \
         FROM interactions WHERE replaced_at IS NULL",
    );
    let wanted = [
        lines().len().to_string(),
        spend().to_string(),
        "12".into(),
        "60".into(),
    ];
    assert_eq!(found[0], wanted, "{draft}");
    sandbox
}

const SHOPIFY: &str = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,\
    Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,\
    Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,\
    Lineitem fulfillment status,Billing Name,Billing Zip,Shipping Name,Shipping Zip,Cancelled at,Payment Method,\
    Refunded Amount,Vendor,Id,Tags,Source,Lineitem discount";

fn shopify(line: &Line, head: bool) -> Vec<(&'static str, String)> {
    let of_order = |text: String| if head { text } else { String::new() };
    vec![
        ("Name", format!("#{}", 1001 + line.order)),
        ("Created at", format!("{}T09:50:26+01:00", day(line))),
        ("Email", format!("u{}@mail.example", line.customer)),
        ("Subtotal", of_order("99.00".into())),
        ("Total", of_order("104.90".into())),
        ("Shipping", of_order("5.90".into())),
        ("Taxes", of_order("0.00".into())),
        ("Discount Amount", of_order("0.00".into())),
        ("Refunded Amount", of_order("0.00".into())),
        ("Paid at", of_order(format!("{}T09:51:00+01:00", day(line)))),
        (
            "Fulfilled at",
            of_order(format!("{}T19:51:00+01:00", day(line))),
        ),
        ("Cancelled at", String::new()),
        ("Lineitem quantity", line.quantity.to_string()),
        ("Lineitem name", format!("Thing {}", line.product)),
        ("Lineitem price", format!("{}.00", line.price)),
        ("Lineitem sku", format!("SKU-{}", line.product)),
        ("Lineitem discount", "0.00".into()),
    ]
}

#[test]
fn shopify_with_the_sums_of_the_order_on_its_first_line() {
    let sandbox = drafts(
        &[(
            "orders_export_1.csv",
            file(SHOPIFY, ',', |line| shopify(line, line.line == 0)),
        )],
        &[
            "customer_id = \"Email\"",
            "occurred_at = \"Created at\"",
            "basket_id = \"Name\"",
            "product_id = \"Lineitem sku\"",
            "quantity = \"Lineitem quantity\"",
            "discount = \"Lineitem discount\"",
            "table = \"products\"",
            "name = \"Lineitem name\"",
            "most_frequent = true",
        ],
    );
    let products = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), min(name) FROM products WHERE replaced_at IS NULL",
    );
    assert_eq!(products[0], ["6", "Thing 0"]);
}

#[test]
fn shopify_with_who_and_when_on_the_first_line_alone() {
    let orders = file(SHOPIFY, ',', |line| {
        let mut cells = shopify(line, line.line == 0);
        if line.line > 0 {
            for (name, cell) in &mut cells {
                if ["Email", "Created at"].contains(name) {
                    cell.clear();
                }
            }
        }
        cells
    });
    drafts(
        &[("orders.csv", orders)],
        &[
            "Only one line of each `Name` says Email and Created at",
            "[[sources.join]]\npath = \"orders.csv\"\non = \"Name\"",
            "customer_id = \"orders.Email\"",
            "occurred_at = \"orders.Created at\"",
        ],
    );
}

#[test]
fn woocommerce() {
    let header = "order_id,order_number,date,status,shipping_total,order_total,order_currency,customer_id,billing_email,\
        billing_postcode,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_total,item_refunded";
    let orders = file(header, ',', |line| {
        vec![
            ("order_id", (5000 + line.order).to_string()),
            ("date", format!("{} 10:00:00", day(line))),
            ("customer_id", (70 + line.customer).to_string()),
            ("item_name", format!("Thing {}", line.product)),
            ("item_sku", format!("SKU-{}", line.product)),
            ("item_quantity", line.quantity.to_string()),
            ("item_total", format!("{}.00", line.quantity * line.price)),
            ("item_refunded", "0.00".into()),
        ]
    });
    drafts(
        &[("orders-export.csv", orders)],
        &[
            "customer_id = \"customer_id\"",
            "occurred_at = \"date\"",
            "basket_id = \"order_id\"",
            "product_id = \"item_sku\"",
            "amount = \"item_total\"",
        ],
    );
}

#[test]
fn magento_with_orders_and_their_lines_apart() {
    let lines = file(
        "item_id,order_id,parent_item_id,quote_item_id,store_id,created_at,updated_at,product_id,sku,name,qty_ordered,\
         price,original_price,discount_amount,row_total,row_total_incl_tax,amount_refunded",
        ',',
        |line| {
            vec![
                ("order_id", (40 + line.order).to_string()),
                ("created_at", format!("{} 10:00:00", day(line))),
                ("updated_at", format!("{} 10:00:00", date(900))),
                ("sku", format!("SKU-{}", line.product)),
                ("name", format!("Thing {}", line.product)),
                ("qty_ordered", format!("{}.0000", line.quantity)),
                ("row_total", format!("{}.0000", line.quantity * line.price)),
                ("discount_amount", "0.0000".into()),
                ("amount_refunded", "0.0000".into()),
            ]
        },
    );
    let mut orders = String::from(
        "entity_id,increment_id,state,status,store_id,customer_id,customer_email,grand_total,subtotal,total_paid,created_at,updated_at\n",
    );
    for order in 0..60 {
        let customer = (order * 5) % 12;
        let _ = writeln!(
            orders,
            "{},1000000{order:02},complete,complete,1,{},u{customer}@mail.example,99.0000,90.0000,99.0000,{} 10:00:00,{} 10:00:00",
            40 + order,
            300 + customer,
            date(order * 5),
            date(900)
        );
    }
    drafts(
        &[("sales_order_item.csv", lines), ("sales_order.csv", orders)],
        &[
            "path = \"sales_order_item.csv\"",
            "[[sources.join]]\npath = \"sales_order.csv\"\non = { order_id = \"entity_id\" }",
            "customer_id = \"customer_id\"",
            "product_id = \"sku\"",
            "amount = \"row_total\"",
            "Not taken from sales_order.csv, since it is said once for all rows that belong together: grand_total",
        ],
    );
}

#[test]
fn amazon_with_the_price_of_the_line() {
    let header = "amazon-order-id\tmerchant-order-id\tshipment-id\tamazon-order-item-id\tpurchase-date\tpayments-date\t\
        shipment-date\treporting-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\tquantity-shipped\tcurrency\titem-price\t\
        item-tax\tshipping-price\titem-promotion-discount\tship-city\tship-state\tship-postal-code\tship-country\tsales-channel";
    let orders = file(header, '\t', |line| {
        vec![
            (
                "amazon-order-id",
                format!("028-{:07}-{:07}", line.order, line.order * 7),
            ),
            ("purchase-date", format!("{}T10:00:00+00:00", day(line))),
            ("payments-date", format!("{}T10:00:00+00:00", day(line))),
            ("shipment-date", format!("{}T20:00:00+00:00", day(line))),
            ("reporting-date", format!("{}T20:00:00+00:00", day(line))),
            (
                "buyer-email",
                format!("x{}@marketplace.example", line.customer),
            ),
            ("sku", format!("SKU-{}", line.product)),
            ("product-name", format!("Thing {}", line.product)),
            ("quantity-shipped", line.quantity.to_string()),
            ("item-price", format!("{}.00", line.quantity * line.price)),
            ("item-promotion-discount", "0.00".into()),
            ("sales-channel", "Amazon.de".into()),
        ]
    });
    drafts(
        &[("shipments.txt", orders)],
        &[
            "customer_id = \"buyer-email\"",
            "occurred_at = \"purchase-date\"",
            "basket_id = \"amazon-order-id\"",
            "amount = \"item-price\"",
            "quantity = \"quantity-shipped\"",
        ],
    );
}

#[test]
fn square_items_whose_amounts_are_those_of_lines() {
    let header = "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,\
        Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,\
        Customer Reference ID";
    let orders = file(header, ',', |line| {
        let amount = line.quantity * line.price;
        vec![
            ("Date", day(line)),
            ("Time", format!("1{}:30:00", line.order % 10)),
            ("Item", format!("Thing {}", line.product)),
            ("SKU", String::new()),
            ("Qty", format!("{}.0", line.quantity)),
            ("Gross Sales", format!("${}.50", amount)),
            ("Discounts", "$0.50".into()),
            ("Net Sales", format!("${amount}.00")),
            ("Transaction ID", format!("T{:05}x", line.order)),
            ("Event Type", "Payment".into()),
            ("Location", "Main Street".into()),
            ("Customer ID", format!("CUST{:04}", line.customer)),
        ]
    });
    drafts(
        &[("items-2024.csv", orders)],
        &[
            "customer_id = \"Customer ID\"",
            "basket_id = \"Transaction ID\"",
            "product_id = \"Item\"",
            "kind = { constant = \"purchase\" }",
        ],
    );
}

#[test]
fn stripe_payments_that_were_captured() {
    let header = "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,\
        Converted Currency,Description,Fee,Mode,Status,Customer ID,Customer Email,Card ID,Invoice ID,Transfer";
    // A payment has no lines: here each line is paid for itself.
    let mut payments = file(header, ',', |line| {
        vec![
            ("id", format!("ch_{:04}", line.order)),
            ("Created date (UTC)", format!("{} 18:37:41", day(line))),
            ("Amount", format!("{}.00", line.quantity * line.price)),
            ("Amount Refunded", "0.00".into()),
            (
                "Converted Amount",
                format!("{}.00", line.quantity * line.price),
            ),
            ("Captured", "true".into()),
            ("Customer ID", format!("cus_{:04}", line.customer)),
            ("Status", "Paid".into()),
        ]
    });
    let width = header.split(',').count();
    let mut failed = vec!["x"; width];
    (failed[0], failed[1], failed[2], failed[5]) =
        ("ch_9999", "2024-01-01 10:00:00", "7777.00", "false");
    (failed[3], failed[6], failed[7]) = ("0.00", "7777.00", "0.00");
    let _ = writeln!(payments, "{}", failed.join(","));
    drafts(
        &[("unified_payments.csv", payments)],
        &[
            "customer_id = \"Customer ID\"",
            "occurred_at = \"Created date (UTC)\"",
            "basket_id = \"id\"",
            "amount = \"Amount\"",
            "timezone = \"UTC\"",
            "where = \"\\\"Captured\\\" IN ('true'",
        ],
    );
}

#[test]
fn lightspeed_sales_with_their_lines_and_payments_in_one_file() {
    let header = "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,\
        Total,Paid,Details,Register,User,Status,Sku";
    let mut text = format!("{header}\n");
    for line in lines() {
        let (when, receipt) = (format!("{} 10:00:00", day(&line)), 100 + line.order);
        if line.line == 0 {
            let _ = writeln!(
                text,
                "{when},{receipt},Sale,CC-{:03},Some Body,,3,90.00,9.00,0.00,0.00,999.00,999.00,,Main,Ann,CLOSED,",
                line.customer
            );
        }
        let amount = line.quantity * line.price;
        let _ = writeln!(
            text,
            "{when},{receipt},Sale Line,,,,{},{amount}.00,0.00,0.00,0.00,{amount}.00,,Thing {},Main,Ann,CLOSED,SKU-{}",
            line.quantity, line.product, line.product
        );
        if line.line == line.order % 2 {
            let _ = writeln!(
                text,
                "{when},{receipt},Payment,,,,,,,,,999.00,999.00,Cash,Main,Ann,CLOSED,"
            );
        }
    }
    drafts(
        &[("sales-history.csv", text)],
        &[
            "where = \"\\\"Line Type\\\" = 'Sale Line'\"",
            "customer_id = \"sales-history.Customer Code\"",
            "basket_id = \"Receipt Number\"",
            "product_id = \"Sku\"",
            "amount = \"Total\"",
        ],
    );
}

#[test]
fn odoo_whose_discount_is_a_percentage() {
    let orders = file(
        "Order Reference,Customer,Order Date,Product,Quantity,Delivered Quantity,Unit Price,Discount (%),Subtotal,Total",
        ',',
        |line| {
            vec![
                ("Order Reference", format!("S{:05}", line.order)),
                ("Customer", format!("Company {}", line.customer)),
                ("Order Date", format!("{} 10:00:00", day(line))),
                (
                    "Product",
                    format!("[SKU-{}] Thing {}", line.product, line.product),
                ),
                ("Quantity", format!("{}.0", line.quantity)),
                ("Unit Price", format!("{}.5", line.price)),
                ("Discount (%)", "10.0".into()),
                ("Subtotal", format!("{}.0", line.quantity * line.price)),
            ]
        },
    );
    let sandbox = drafts(
        &[("sale.order.line.csv", orders)],
        &[
            "customer_id = \"Customer\"",
            "occurred_at = \"Order Date\"",
            "basket_id = \"Order Reference\"",
            "product_id = \"Product\"",
            "amount = \"Subtotal\"",
        ],
    );
    assert!(!sandbox.read("regulars.toml").contains("\ndiscount = "));
}

/// Orders with their lines as Odoo exports them: what is of the order stands in its first row alone,
/// the number of the order too.
fn odoo_orders(header: &'static str) -> String {
    file(header, ',', |line| {
        let of_order = |text: String| match line.line {
            0 => text,
            _ => String::new(),
        };
        let names: Vec<&'static str> = header.split(',').collect();
        let cells = [
            format!("S{:05}", line.order),
            format!("{} 10:00:00", day(line)),
            format!("Company {}", line.customer),
            format!("[SKU-{}] Thing {}", line.product, line.product),
            format!("{}.0", line.quantity),
            format!("{}.5", line.price),
            "10.0".to_owned(),
            format!("{}.0", line.quantity * line.price),
            "999.0".to_owned(),
        ];
        let of_orders = [0, 1, 2, 8];
        let cells =
            cells
                .into_iter()
                .enumerate()
                .map(|(place, cell)| match of_orders.contains(&place) {
                    true => (names[place], of_order(cell)),
                    false => (names[place], cell),
                });
        cells.collect()
    })
}

#[test]
fn odoo_with_the_order_in_the_first_of_its_rows() {
    let orders = odoo_orders(
        "Order Reference,Order Date,Customer,Order Lines/Product,Order Lines/Quantity,Order Lines/Unit Price,\
         Order Lines/Discount (%),Order Lines/Subtotal,Total",
    );
    assert!(orders.contains("\n,,,[SKU-"), "{orders}");
    let sandbox = drafts(
        &[("sale.order.csv", orders.clone())],
        &[
            "fill_down = [\"Order Reference\", \"Order Date\", \"Customer\"]",
            "Only the first row of an order says Order Reference, Order Date, Customer",
            "customer_id = \"Customer\"",
            "occurred_at = \"Order Date\"",
            "basket_id = \"Order Reference\"",
            "product_id = \"Order Lines/Product\"",
            "quantity = \"Order Lines/Quantity\"",
            "amount = \"Order Lines/Subtotal\"",
        ],
    );
    sandbox.regulars(&["check", "--all"]).ended_with(0);
    // A row that cannot be read may have been one of an order of its own.
    let broken = orders.replacen("\n,,,", "\nS99999,2024-01-01,x\n,,,", 1);
    sandbox.write("sale.order.csv", &broken);
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    let mut tables = metrics["tables"].as_array().unwrap().iter();
    let table = tables
        .find(|table| table["table"] == "interactions")
        .unwrap();
    assert_eq!(
        table["rejected"], 2,
        "the row itself and the one below: {table}"
    );

    sandbox.write("sale.order.csv", orders);
    let settings = sandbox.read("regulars.toml");
    let wrong = settings.replace("\"Order Date\", \"Customer\"]", "\"Customers\"]");
    sandbox.write("regulars.toml", wrong);
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["fill_down", "Customers", "Customer"]);
}

#[test]
fn odoo_by_the_names_of_the_fields() {
    let orders = odoo_orders(
        "name,date_order,partner_id,order_line/product_id,order_line/product_uom_qty,order_line/price_unit,\
         order_line/discount,order_line/price_subtotal,amount_total",
    );
    drafts(
        &[("orders.csv", orders)],
        &[
            "fill_down = [\"name\", \"date_order\", \"partner_id\"]",
            "customer_id = \"partner_id\"",
            "product_id = \"order_line/product_id\"",
            "amount = \"order_line/price_subtotal\"",
        ],
    );
}

#[test]
fn taobao_with_orders_and_what_was_bought_apart() {
    let mut orders = String::from(
        "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,收货人姓名,订单创建时间,订单付款时间,宝贝标题,宝贝种类,物流单号,宝贝总数量\n",
    );
    for order in 0..60 {
        let _ = writeln!(
            orders,
            "{},买家{},a@b.example,99.00,0.00,99.00,99.00,交易成功,某人,{} 10:00:00,{} 10:01:00,好东西,1,No:77,3",
            880_000_000 + order,
            (order * 5) % 12,
            date(order * 5),
            date(order * 5)
        );
    }
    let details = file(
        "订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码",
        ',',
        |line| {
            vec![
                ("订单编号", (880_000_000 + line.order).to_string()),
                ("标题", format!("东西{}", line.product)),
                ("价格", format!("{}.00", line.price)),
                ("购买数量", line.quantity.to_string()),
                ("商家编码", format!("SKU-{}", line.product)),
            ]
        },
    );
    drafts(
        &[
            ("ExportOrderDetailList.csv", details),
            ("ExportOrderList.csv", orders),
        ],
        &[
            "path = \"ExportOrderDetailList.csv\"",
            "[[sources.join]]\npath = \"ExportOrderList.csv\"\non = \"订单编号\"",
            "customer_id = \"买家会员名\"",
            "occurred_at = \"订单付款时间\"",
            "product_id = \"商家编码\"",
        ],
    );
}

#[test]
fn jd_and_youzan_with_prices_of_pieces() {
    let jd = file(
        "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,订单状态,订单类型,下单帐号,客户姓名,联系电话",
        ',',
        |line| {
            vec![
                ("订单号", (77_000_000 + line.order).to_string()),
                ("商品ID", (100 + line.product).to_string()),
                ("商品名称", format!("东西{}", line.product)),
                ("订购数量", line.quantity.to_string()),
                ("下单时间", format!("{} 10:00:00", day(line))),
                ("京东价", format!("{}.00", line.price)),
                ("下单帐号", format!("jd_{:03}", line.customer)),
            ]
        },
    );
    drafts(
        &[("订单.csv", jd)],
        &[
            "customer_id = \"下单帐号\"",
            "product_id = \"商品ID\"",
            "basket_id = \"订单号\"",
        ],
    );
    let youzan = file(
        "订单号,订单状态,订单创建时间,买家付款时间,商品名称,商品编码,商品数量,商品单价,订单商品总额,应收订单金额,订单实付金额,买家手机号,收货人/提货人手机号",
        ',',
        |line| {
            vec![
                ("订单号", format!("E2024{:06}", line.order)),
                ("订单创建时间", format!("{} 10:00:00", day(line))),
                ("买家付款时间", format!("{} 10:01:00", day(line))),
                ("商品名称", format!("东西{}", line.product)),
                ("商品编码", format!("SKU-{}", line.product)),
                ("商品数量", line.quantity.to_string()),
                ("商品单价", format!("{}.00", line.price)),
                ("买家手机号", format!("1380000{:04}", line.customer)),
            ]
        },
    );
    drafts(
        &[("youzan.csv", youzan)],
        &[
            "customer_id = \"买家手机号\"",
            "occurred_at = \"订单创建时间\"",
            "product_id = \"商品编码\"",
        ],
    );
}

/// Drafts settings for a file whose export says what was given back; the purchases are all there, and so
/// are these returns: rows, money, and the different things.
#[track_caller]
fn gives_back(name: &str, text: String, words: &[&str], returns: [&str; 3]) {
    let sandbox = Sandbox::new().file(name, text);
    sandbox.regulars(&["init", name]).ended_with(0);
    let draft = sandbox.read("regulars.toml");
    for word in words {
        assert!(draft.contains(word), "the draft lacks `{word}`:\n{draft}");
    }
    sandbox.regulars(&["check", "--all"]).ended_with(0);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let has_product = draft.contains("product_id = ");
    let product = if has_product {
        "product_id"
    } else {
        "basket_id"
    };
    let found = query(
        &sandbox.path("regulars-out"),
        &format!(
            "SELECT kind, count(*), CAST(sum(amount) AS VARCHAR), count(DISTINCT {product}) FROM interactions \
             WHERE replaced_at IS NULL GROUP BY kind ORDER BY kind"
        ),
    );
    assert_eq!(found[0][0], "purchase", "{draft}");
    assert_eq!(found[0][1], lines().len().to_string(), "{draft}");
    assert_eq!(found[0][2], format!("{}.0000", spend()), "{draft}");
    assert_eq!(found[1][0], "return");
    assert_eq!(found[1][1..], returns, "{draft}");
}

#[test]
fn what_was_given_back_is_a_return_of_the_order() {
    let orders = file(SHOPIFY, ',', |line| {
        let mut cells = shopify(line, line.line == 0);
        for (name, cell) in &mut cells {
            if *name == "Refunded Amount" && line.line == 0 && line.order % 10 == 3 {
                *cell = "7.50".into();
            }
        }
        cells
    });
    gives_back(
        "orders_export.csv",
        orders,
        &[
            "name = \"refunds\"",
            "It is of a whole order, and so of no product. When is not said",
            "amount = \"Refunded Amount\"",
        ],
        ["6", "45.0000", "0"],
    );
}

#[test]
fn what_was_given_back_is_a_return_of_the_thing() {
    let header = "order_id,order_number,date,status,order_total,order_currency,customer_id,item_id,item_name,item_sku,\
        item_quantity,item_subtotal,item_total,item_refunded";
    let orders = file(header, ',', |line| {
        let back = if line.order % 10 == 3 { "2.00" } else { "0.00" };
        vec![
            ("order_id", (5000 + line.order).to_string()),
            ("date", format!("{} 10:00:00", day(line))),
            ("customer_id", (70 + line.customer).to_string()),
            ("item_name", format!("Thing {}", line.product)),
            ("item_sku", format!("SKU-{}", line.product)),
            ("item_quantity", line.quantity.to_string()),
            ("item_total", format!("{}.00", line.quantity * line.price)),
            ("item_refunded", back.into()),
        ]
    });
    let of: std::collections::BTreeSet<u32> = lines()
        .iter()
        .filter(|line| line.order % 10 == 3)
        .map(|line| line.product)
        .collect();
    gives_back(
        "woo.csv",
        orders,
        &["name = \"refunds\"", "amount = \"item_refunded\""],
        ["12", "24.0000", &of.len().to_string()],
    );
}

#[test]
fn what_was_given_back_is_a_return_of_its_own_day() {
    let header = "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,\
        Description,Fee,Mode,Status,Customer ID,Refunded date (UTC)";
    let payments = file(header, ',', |line| {
        let back = line.order % 10 == 3 && line.line == 0;
        vec![
            ("id", format!("ch_{:04}", line.order)),
            ("Created date (UTC)", format!("{} 18:37:41", day(line))),
            ("Amount", format!("{}.00", line.quantity * line.price)),
            ("Amount Refunded", if back { "1.25" } else { "0.00" }.into()),
            ("Captured", "true".into()),
            ("Customer ID", format!("cus_{:04}", line.customer)),
            ("Status", "Paid".into()),
            (
                "Refunded date (UTC)",
                match back {
                    true => format!("{} 08:00:00", date(line.order * 5 + 3)),
                    false => String::new(),
                },
            ),
        ]
    });
    gives_back(
        "payments.csv",
        payments,
        &[
            "where = \"\\\"Captured\\\" IN ('true', 'TRUE', 'True') AND btrim(",
            "occurred_at = \"Refunded date (UTC)\"",
            "amount = \"Amount Refunded\"",
        ],
        ["6", "7.5000", "6"],
    );
}

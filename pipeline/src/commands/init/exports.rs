//! The exports of shop systems, known by their headers: which of their columns is what, where the
//! names alone mislead. A sum of the whole order stands beside prices of its lines, `Name` is the
//! number of an order, and postcodes look like customers.

use crate::commands::init::names::fold;
use crate::commands::init::table::{Refunds, Table};

/// What becomes of a column.
#[derive(Clone, Copy)]
enum Meaning {
    /// It is what a column of this name is.
    Is(&'static str),
    /// It is of the whole order, or of no use, whatever its name looks like.
    Nothing,
}
use Meaning::{Is, Nothing};

/// An export: columns that give it away, and what its columns mean; names as [`fold`] gives them.
/// Of several columns with one meaning the first is taken; of numbers of products the first that
/// is filled in a quarter of the rows.
struct Export {
    signature: &'static [&'static str],
    columns: &'static [(&'static str, Meaning)],
    /// Only rows for which this is true are sold things.
    condition: Option<(&'static str, &'static str)>,
}

/// What exports say of money that was given back: a column that gives the export away, the column of the
/// amount, that of the time, and whether it is of the row's thing.
const REFUNDS: &[(&str, &str, &str, bool)] = &[
    ("lineitemname", "refundedamount", "", false),
    ("itemtotal", "itemrefunded", "", true),
    ("rowtotal", "amountrefunded", "", true),
    ("createddateutc", "amountrefunded", "refundeddateutc", false),
];

const CUSTOMER: Meaning = Is("customerid");
const TIME: Meaning = Is("orderdate");
const BASKET: Meaning = Is("orderid");
const PRODUCT: Meaning = Is("productid");
const NAME: Meaning = Is("productname");
const QUANTITY: Meaning = Is("quantity");
const PRICE: Meaning = Is("unitprice");
const AMOUNT: Meaning = Is("amount");
const DISCOUNT: Meaning = Is("discountamount");
const PLACE: Meaning = Is("storeid");
const CHANNEL: Meaning = Is("channel");

const EXPORTS: &[Export] = &[
    // Shopify: one row a line; what is of the order stands on its first row alone.
    Export {
        signature: &["name", "lineitemname", "lineitemquantity"],
        columns: &[
            ("name", BASKET),
            ("email", CUSTOMER),
            ("createdat", TIME),
            ("lineitemsku", PRODUCT),
            ("lineitemname", NAME),
            ("lineitemquantity", QUANTITY),
            ("lineitemprice", PRICE),
            ("lineitemdiscount", DISCOUNT),
            ("location", PLACE),
            ("source", CHANNEL),
            ("paidat", Nothing),
            ("fulfilledat", Nothing),
            ("cancelledat", Nothing),
            ("subtotal", Nothing),
            ("shipping", Nothing),
            ("taxes", Nothing),
            ("total", Nothing),
            ("discountamount", Nothing),
            ("refundedamount", Nothing),
            ("outstandingbalance", Nothing),
            ("lineitemcompareatprice", Nothing),
            ("id", Nothing),
            ("billingname", Nothing),
            ("shippingname", Nothing),
            ("billingzip", Nothing),
            ("shippingzip", Nothing),
        ],
        condition: None,
    },
    // WooCommerce: one row an item; customer 0 is a guest.
    Export {
        signature: &["orderid", "itemname", "itemquantity", "itemtotal"],
        columns: &[
            ("orderid", BASKET),
            ("ordernumber", Nothing),
            ("customerid", CUSTOMER),
            ("billingemail", Nothing),
            ("date", TIME),
            ("orderdate", TIME),
            ("itemsku", PRODUCT),
            ("itemproductid", PRODUCT),
            ("itemname", NAME),
            ("itemquantity", QUANTITY),
            ("itemtotal", AMOUNT),
            ("itemsubtotal", Nothing),
            ("itemrefunded", Nothing),
            ("itemrefundedqty", Nothing),
            ("itemid", Nothing),
            ("ordertotal", Nothing),
            ("ordersubtotal", Nothing),
            ("shippingtotal", Nothing),
            ("discounttotal", Nothing),
            ("carttotal", Nothing),
            ("refundedtotal", Nothing),
            ("paiddate", Nothing),
            ("datepaid", Nothing),
            ("datecompleted", Nothing),
        ],
        condition: None,
    },
    // Magento: lines, which belong to the orders below.
    Export {
        signature: &["orderid", "sku", "qtyordered", "rowtotal"],
        columns: &[
            ("orderid", BASKET),
            ("createdat", TIME),
            ("sku", PRODUCT),
            ("name", NAME),
            ("qtyordered", QUANTITY),
            ("rowtotal", AMOUNT),
            ("discountamount", DISCOUNT),
            ("productid", Nothing),
            ("itemid", Nothing),
            ("quoteitemid", Nothing),
            ("parentitemid", Nothing),
            ("price", Nothing),
            ("originalprice", Nothing),
            ("rowtotalincltax", Nothing),
            ("amountrefunded", Nothing),
            ("qtyrefunded", Nothing),
            ("qtyinvoiced", Nothing),
            ("updatedat", Nothing),
        ],
        condition: None,
    },
    // Magento: orders.
    Export {
        signature: &["entityid", "incrementid", "grandtotal"],
        columns: &[
            ("entityid", BASKET),
            ("incrementid", Nothing),
            ("customerid", CUSTOMER),
            ("customeremail", CUSTOMER),
            ("createdat", TIME),
            ("updatedat", Nothing),
            ("storeid", PLACE),
            ("grandtotal", AMOUNT),
            ("subtotal", Nothing),
            ("basegrandtotal", Nothing),
            ("totalpaid", Nothing),
            ("totalqtyordered", Nothing),
        ],
        condition: None,
    },
    // Amazon, all orders: the price is that of all pieces of the line. Nobody is named.
    Export {
        signature: &["amazonorderid", "purchasedate", "itemprice"],
        columns: &[
            ("amazonorderid", BASKET),
            ("merchantorderid", Nothing),
            ("buyeremail", CUSTOMER),
            ("purchasedate", TIME),
            ("sku", PRODUCT),
            ("asin", Nothing),
            ("productname", NAME),
            ("quantity", QUANTITY),
            ("quantityshipped", QUANTITY),
            ("itemprice", AMOUNT),
            ("itempromotiondiscount", DISCOUNT),
            ("saleschannel", CHANNEL),
            ("lastupdateddate", Nothing),
            ("paymentsdate", Nothing),
            ("shipmentdate", Nothing),
            ("reportingdate", Nothing),
            ("amazonorderitemid", Nothing),
            ("shipmentid", Nothing),
            ("shipcity", Nothing),
            ("shipstate", Nothing),
            ("shippostalcode", Nothing),
            ("shipcountry", Nothing),
            ("shippingprice", Nothing),
            ("promotionids", Nothing),
            ("url", Nothing),
            ("orderchannel", Nothing),
            ("fulfillmentchannel", Nothing),
        ],
        condition: None,
    },
    // Amazon, orders to be shipped.
    Export {
        signature: &["orderid", "orderitemid", "purchasedate", "buyeremail"],
        columns: &[
            ("orderid", BASKET),
            ("orderitemid", Nothing),
            ("buyeremail", CUSTOMER),
            ("purchasedate", TIME),
            ("paymentsdate", Nothing),
            ("sku", PRODUCT),
            ("productname", NAME),
            ("quantitypurchased", QUANTITY),
            ("itemprice", AMOUNT),
            ("itempromotiondiscount", DISCOUNT),
            ("saleschannel", CHANNEL),
            ("shippingprice", Nothing),
        ],
        condition: None,
    },
    // Square, items: a refund has a quantity below zero.
    Export {
        signature: &["item", "qty", "pricepointname", "netsales"],
        columns: &[
            ("transactionid", BASKET),
            ("customerid", CUSTOMER),
            ("date", TIME),
            ("sku", PRODUCT),
            ("item", NAME),
            ("qty", QUANTITY),
            ("netsales", AMOUNT),
            ("discounts", DISCOUNT),
            ("location", PLACE),
            ("grosssales", Nothing),
            ("productsales", Nothing),
            ("eventtype", Nothing),
            ("timezone", Nothing),
            ("pricepointname", Nothing),
            ("paymentid", Nothing),
            ("customername", Nothing),
            ("customerreferenceid", Nothing),
            ("count", Nothing),
            ("gtin", Nothing),
            ("channel", CHANNEL),
        ],
        condition: None,
    },
    // Stripe, payments.
    Export {
        signature: &["id", "createddateutc", "amount", "captured"],
        columns: &[
            ("id", BASKET),
            ("customerid", CUSTOMER),
            ("customeremail", CUSTOMER),
            ("createddateutc", TIME),
            ("amount", AMOUNT),
            ("amountrefunded", Nothing),
            ("convertedamount", Nothing),
            ("convertedamountrefunded", Nothing),
            ("description", Nothing),
            ("fee", Nothing),
            ("mode", Nothing),
            ("cardid", Nothing),
            ("invoiceid", Nothing),
            ("transfer", Nothing),
        ],
        condition: Some((
            "\"Captured\" IN ('true', 'TRUE', 'True')",
            "Payments that were not captured brought nothing.",
        )),
    },
    // Lightspeed Retail (X series): sales, their lines and their payments in one file.
    Export {
        signature: &["receiptnumber", "linetype", "customercode", "quantity"],
        columns: &[
            ("receiptnumber", BASKET),
            ("customercode", CUSTOMER),
            ("date", TIME),
            ("saledate", TIME),
            ("sku", PRODUCT),
            ("details", NAME),
            ("quantity", QUANTITY),
            ("total", AMOUNT),
            ("discount", DISCOUNT),
            ("register", PLACE),
            ("subtotal", Nothing),
            ("paid", Nothing),
            ("customername", Nothing),
            ("linetype", Nothing),
        ],
        condition: Some((
            "\"Line Type\" = 'Sale Line'",
            "Of sales, their lines and their payments the lines alone are sold things.",
        )),
    },
    // Lightspeed Retail (R series): lines of sales.
    Export {
        signature: &["saleid", "itemid", "unitquantity", "unitprice"],
        columns: &[
            ("saleid", BASKET),
            ("customerid", CUSTOMER),
            ("completetime", TIME),
            ("createtime", TIME),
            ("timestamp", TIME),
            ("itemid", PRODUCT),
            ("unitquantity", QUANTITY),
            ("unitprice", PRICE),
            ("shopid", PLACE),
            ("salelineid", Nothing),
            ("normalunitprice", Nothing),
            ("discountid", Nothing),
            ("employeeid", Nothing),
        ],
        condition: None,
    },
    // Odoo, lines of sales orders: the discount is a percentage.
    Export {
        signature: &["orderreference", "product", "unitprice", "subtotal"],
        columns: &[
            ("orderreference", BASKET),
            ("customer", CUSTOMER),
            ("orderdate", TIME),
            ("createdon", TIME),
            ("product", PRODUCT),
            ("quantity", QUANTITY),
            ("orderedquantity", QUANTITY),
            ("subtotal", AMOUNT),
            ("total", Nothing),
            ("unitprice", Nothing),
            ("discount", Nothing),
            ("deliveredquantity", Nothing),
            ("invoicedquantity", Nothing),
        ],
        condition: None,
    },
    // Odoo, orders with their lines: the order stands in the first of its rows alone.
    Export {
        signature: &["orderreference", "orderlinesproduct", "orderlinesquantity"],
        columns: &[
            ("orderreference", BASKET),
            ("customer", CUSTOMER),
            ("orderdate", TIME),
            ("creationdate", TIME),
            ("createdon", TIME),
            ("orderlinesproduct", PRODUCT),
            ("orderlinesquantity", QUANTITY),
            ("orderlinessubtotal", AMOUNT),
            ("orderlinesunitprice", PRICE),
            ("orderlinestotal", Nothing),
            ("orderlinesdescription", Nothing),
            ("orderlinesdiscount", Nothing),
            ("orderlinesid", Nothing),
            ("orderlinesdeliveredquantity", Nothing),
            ("orderlinesinvoicedquantity", Nothing),
            ("deliverydate", Nothing),
            ("total", Nothing),
            ("untaxedamount", Nothing),
            ("taxes", Nothing),
        ],
        condition: None,
    },
    // The same as it can be imported again, by the names of the fields.
    Export {
        signature: &["name", "orderlineproductid", "orderlineproductuomqty"],
        columns: &[
            ("name", BASKET),
            ("partnerid", CUSTOMER),
            ("dateorder", TIME),
            ("orderlineproductid", PRODUCT),
            ("orderlineproductuomqty", QUANTITY),
            ("orderlinepricesubtotal", AMOUNT),
            ("orderlinepriceunit", PRICE),
            ("orderlinepricetotal", Nothing),
            ("orderlinediscount", Nothing),
            ("orderlineid", Nothing),
            ("amounttotal", Nothing),
            ("amountuntaxed", Nothing),
            ("id", Nothing),
        ],
        condition: None,
    },
    Export {
        signature: &["orderpartnerid", "productuomqty", "pricesubtotal"],
        columns: &[
            ("orderid", BASKET),
            ("orderpartnerid", CUSTOMER),
            ("createdate", TIME),
            ("productid", PRODUCT),
            ("productuomqty", QUANTITY),
            ("pricesubtotal", AMOUNT),
            ("pricetotal", Nothing),
            ("priceunit", Nothing),
            ("discount", Nothing),
            ("id", Nothing),
        ],
        condition: None,
    },
    // Taobao and Tmall: orders, each with the title of what was bought.
    Export {
        signature: &["订单编号", "买家会员名", "买家实际支付金额"],
        columns: &[
            ("订单编号", BASKET),
            ("买家会员名", CUSTOMER),
            ("订单付款时间", TIME),
            ("订单创建时间", TIME),
            ("宝贝标题", NAME),
            ("宝贝总数量", QUANTITY),
            ("买家实际支付金额", AMOUNT),
            ("买家应付货款", Nothing),
            ("总金额", Nothing),
            ("买家应付邮费", Nothing),
            ("买家支付积分", Nothing),
            ("返点积分", Nothing),
            ("宝贝种类", Nothing),
            ("物流单号", Nothing),
        ],
        condition: None,
    },
    // Taobao and Tmall: what was bought, which belongs to the orders above.
    Export {
        signature: &["订单编号", "标题", "购买数量", "价格"],
        columns: &[
            ("订单编号", BASKET),
            ("商家编码", PRODUCT),
            ("标题", NAME),
            ("购买数量", QUANTITY),
            ("价格", PRICE),
            ("外部系统编号", Nothing),
        ],
        condition: None,
    },
    // JD.
    Export {
        signature: &["下单时间", "京东价", "订购数量"],
        columns: &[
            ("订单号", BASKET),
            ("订单编号", BASKET),
            ("下单帐号", CUSTOMER),
            ("下单账号", CUSTOMER),
            ("下单时间", TIME),
            ("商品id", PRODUCT),
            ("商品名称", NAME),
            ("订购数量", QUANTITY),
            ("京东价", PRICE),
            ("订单金额", Nothing),
            ("结算金额", Nothing),
            ("应付金额", Nothing),
            ("余额支付", Nothing),
            ("客户姓名", Nothing),
            ("联系电话", Nothing),
            ("付款确认时间", Nothing),
            ("订单完成时间", Nothing),
        ],
        condition: None,
    },
    // Youzan.
    Export {
        signature: &["订单号", "商品名称", "商品数量", "商品单价"],
        columns: &[
            ("订单号", BASKET),
            ("买家手机号", CUSTOMER),
            ("收货人手机号提货人手机号", CUSTOMER),
            ("订单创建时间", TIME),
            ("商品编码", PRODUCT),
            ("规格编码", PRODUCT),
            ("商品名称", NAME),
            ("商品数量", QUANTITY),
            ("商品单价", PRICE),
            ("订单实付金额", Nothing),
            ("订单商品总额", Nothing),
            ("商品金额合计", Nothing),
            ("应收订单金额", Nothing),
            ("买家付款时间", Nothing),
            ("交易成功时间", Nothing),
            ("商家发货时间", Nothing),
        ],
        condition: None,
    },
];

/// Tells the columns of a file what they are if it is a known export.
pub fn recognise(file: &mut Table) {
    let names: Vec<String> = file
        .columns
        .iter()
        .map(|column| fold(&column.name))
        .collect();
    let known = |export: &&Export| {
        let mut signature = export.signature.iter();
        signature.all(|name| names.iter().any(|known| known == name))
    };
    // The first that fits: those with the same columns and more stand before the others.
    let Some(export) = EXPORTS.iter().find(known) else {
        return;
    };
    let mut taken: Vec<&str> = Vec::new();
    for (name, meaning) in export.columns {
        let place = names.iter().position(|known| known == name);
        let Some(column) = place.map(|place| &mut file.columns[place]) else {
            continue;
        };
        match meaning {
            // What is mostly empty says less than its like: a number that few products have.
            Is(role)
                if !taken.contains(role)
                    && (column.filled * 4 >= file.rows || *role != "productid") =>
            {
                taken.push(role);
                column.alias = Some((*role).to_owned());
            }
            _ => column.is_link = true,
        }
    }
    let column = |folded: &str| names.iter().position(|name| name == folded);
    let told = REFUNDS
        .iter()
        .find(|(sign, ..)| export.signature.contains(sign));
    if let Some((_, amount, time, of_line)) = told
        && let Some(amount) = column(amount)
    {
        let name = |place: usize| file.columns[place].name.clone();
        file.refunds = Some(Refunds {
            amount: name(amount),
            time: column(time).map(name),
            of_line: *of_line,
        });
    }
    let Some((condition, why)) = export.condition else {
        return;
    };
    file.condition = Some((condition.to_owned(), why.to_owned()));
}

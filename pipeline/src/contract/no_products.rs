//! Lines that are sold and are no products: postage, fees, discounts, vouchers, samples. Shops give
//! them a code of their own, and whatever counts products takes them for the most popular ones.

/// What a code or a name says, beside the words that say it, without case, blanks and signs.
const WORDS: &[(&str, &[&str])] = &[
    (
        mark!("postage"),
        &[
            "post",
            "postage",
            "dotcompostage",
            "shipping",
            "shippingfee",
            "shippingcost",
            "shippingcosts",
            "shippingcharge",
            "freight",
            "delivery",
            "deliveryfee",
            "deliverycharge",
            "carriage",
            "postageandpacking",
            "versand",
            "versandkosten",
            "versandkostenpauschale",
            "porto",
            "fracht",
            "lieferkosten",
            "fraisdeport",
            "fraisdelivraison",
            "livraison",
            "gastosdeenvío",
            "gastosdeenvio",
            "envio",
            "envío",
            "spedizione",
            "spesedispedizione",
            "verzendkosten",
            "运费",
            "邮费",
            "快递费",
            "配送费",
            "邮资",
            "送料",
            "配送料",
            "배송비",
            "택배비",
        ],
    ),
    (
        mark!("a fee"),
        &[
            "fee",
            "fees",
            "servicefee",
            "servicecharge",
            "handlingfee",
            "bankcharges",
            "bankcharge",
            "amazonfee",
            "paypalfee",
            "creditcardfee",
            "commission",
            "surcharge",
            "gebühr",
            "gebuehr",
            "bearbeitungsgebühr",
            "servicepauschale",
            "fraisdeservice",
            "comisión",
            "comision",
            "手续费",
            "服务费",
            "平台服务费",
            "手数料",
            "수수료",
        ],
    ),
    (
        mark!("a discount"),
        &[
            "discount",
            "rebate",
            "rabatt",
            "nachlass",
            "remise",
            "descuento",
            "sconto",
            "korting",
            "折扣",
            "优惠",
            "满减",
            "割引",
            "할인",
        ],
    ),
    (
        mark!("a voucher"),
        &[
            "giftvoucher",
            "giftvouchers",
            "giftcard",
            "giftcertificate",
            "voucher",
            "coupon",
            "gutschein",
            "geschenkgutschein",
            "chequecadeau",
            "bonachat",
            "tarjetaregalo",
            "buonoregalo",
            "cadeaubon",
            "礼品卡",
            "购物卡",
            "代金券",
            "优惠券",
            "储值卡",
            "商品券",
            "ギフトカード",
            "상품권",
        ],
    ),
    (
        mark!("a deposit"),
        &[
            "deposit",
            "bottledeposit",
            "pfand",
            "leergut",
            "consigne",
            "押金",
            "定金",
            "보증금",
        ],
    ),
    (
        mark!("a sample"),
        &[
            "sample",
            "samples",
            "muster",
            "échantillon",
            "echantillon",
            "样品",
            "试用装",
            "サンプル",
        ],
    ),
    (
        mark!("a donation"),
        &[
            "donation",
            "cruk",
            "crukcommission",
            "spende",
            "donativo",
            "捐款",
            "寄付",
        ],
    ),
    (
        mark!("a tip"),
        &[
            "tip",
            "tips",
            "gratuity",
            "trinkgeld",
            "pourboire",
            "propina",
            "mancia",
            "小费",
        ],
    ),
    (
        mark!("entered by hand"),
        &[
            "manual",
            "misc",
            "miscellaneous",
            "adjust",
            "adjustment",
            "adjustbaddebt",
            "baddebt",
            "correction",
            "korrektur",
            "rounding",
            "rundung",
            "test",
            "testproduct",
            "thisisatestproduct",
            "差价",
            "补差价",
            "调整",
        ],
    ),
];

/// Vouchers are named after their shop and their worth: `Dotcomgiftshop Gift Voucher £20.00`.
const ENDS: &[&str] = &["giftvoucher", "gutschein", "礼品卡"];

/// Codes that are too short to say anything where other codes have no digits either: `M` is a size
/// in one shop and "entered by hand" in another.
const SHORT: &[(&str, &str)] = &[
    ("m", mark!("entered by hand")),
    ("d", mark!("a discount")),
    ("s", mark!("a sample")),
    ("b", mark!("entered by hand")),
    ("c2", mark!("postage")),
    ("dot", mark!("postage")),
];

/// What a code or a name says that is no product's; none for whatever may be one.
pub fn meaning(text: &str) -> Option<&'static str> {
    let word: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let says = |(_, words): &&(&str, &[&str])| words.contains(&word.as_str());
    let worth = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let of_shop = || {
        ENDS.iter()
            .any(|end| worth.ends_with(end))
            .then_some("a voucher")
    };
    WORDS
        .iter()
        .find(says)
        .map(|(meaning, _)| *meaning)
        .or_else(of_shop)
}

/// What a code says that is short, where nearly all other codes have digits.
pub fn meaning_of_short(code: &str) -> Option<&'static str> {
    let says = |(short, _): &&(&str, &str)| short.eq_ignore_ascii_case(code);
    SHORT.iter().find(says).map(|(_, meaning)| *meaning)
}

/// Whether codes are numbers to so large a part that one without a digit stands out.
pub fn are_numbered(codes: u64, with_digits: u64) -> bool {
    codes >= 20 && with_digits as f64 >= 0.95 * codes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_in_several_languages_say_that_they_are_no_products() {
        for (text, means) in [
            ("POST", "postage"),
            ("DOTCOM POSTAGE", "postage"),
            ("运费", "postage"),
            ("Versandkosten", "postage"),
            ("BANK CHARGES", "a fee"),
            ("AMAZONFEE", "a fee"),
            ("Dotcomgiftshop Gift Voucher £20.00", "a voucher"),
            ("CRUK", "a donation"),
            ("SAMPLES", "a sample"),
            ("Manual", "entered by hand"),
            ("This is a test product.", "entered by hand"),
        ] {
            assert_eq!(meaning(text), Some(means), "{text}");
        }
        for product in [
            "85123A",
            "22423",
            "",
            "POSTAGE STAMP CARDS",
            "Gift wrap",
            "TIP-12",
            "M",
            "D",
            "样品册",
        ] {
            assert_eq!(meaning(product), None, "{product}");
        }
        assert_eq!(meaning_of_short("m"), Some("entered by hand"));
        assert_eq!(meaning_of_short("XL"), None);
    }

    #[test]
    fn a_code_stands_out_where_nearly_all_have_digits() {
        assert!(are_numbered(3000, 2990));
        assert!(!are_numbered(100, 90));
        assert!(!are_numbered(4, 4));
    }
}

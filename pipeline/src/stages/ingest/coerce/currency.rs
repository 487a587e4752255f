//! Currencies: their codes, and the signs and words that stand for them.

/// A currency: its code, or the sign where that is all that is known.
pub type Currency = &'static str;

/// Codes of ISO 4217, those in use and some that old files hold; they may stand before or after an
/// amount.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN \
    BZD CAD CDF CHE CHF CHW CLF CLP CNH CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP \
    LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP \
    PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP \
    TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL \
    DEM FRF ITL ESP NLG BEF ATS FIM IEP PTE GRD SIT SKK EEK LVL LTL";

/// What stands for a currency besides its code, and the currency that it means; longer ones come
/// before those that they begin or end with. `¥` is Chinese or Japanese, and `kr` of five countries.
const SIGNS: &[(&str, &str)] = &[
    ("USD$", "USD"),
    ("US$", "USD"),
    ("AU$", "AUD"),
    ("A$", "AUD"),
    ("CA$", "CAD"),
    ("C$", "CAD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("NT$", "TWD"),
    ("MX$", "MXN"),
    ("SG$", "SGD"),
    ("S$", "SGD"),
    ("R$", "BRL"),
    ("$", "USD"),
    ("＄", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("￡", "GBP"),
    ("CN¥", "CNY"),
    ("JP¥", "JPY"),
    ("¥", "¥"),
    ("￥", "¥"),
    ("元", "CNY"),
    ("円", "JPY"),
    ("원", "KRW"),
    ("₩", "KRW"),
    ("￦", "KRW"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("руб.", "RUB"),
    ("руб", "RUB"),
    ("₺", "TRY"),
    ("TL", "TRY"),
    ("₴", "UAH"),
    ("грн", "UAH"),
    ("₪", "ILS"),
    ("₫", "VND"),
    ("₱", "PHP"),
    ("₦", "NGN"),
    ("฿", "THB"),
    ("₡", "CRC"),
    ("₲", "PYG"),
    ("₵", "GHS"),
    ("₸", "KZT"),
    ("₮", "MNT"),
    ("₭", "LAK"),
    ("₼", "AZN"),
    ("₾", "GEL"),
    ("֏", "AMD"),
    ("؋", "AFN"),
    ("৳", "BDT"),
    ("៛", "KHR"),
    ("﷼", "IRR"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("SFr.", "CHF"),
    ("Fr.", "CHF"),
    ("лв.", "BGN"),
    ("лв", "BGN"),
    ("lei", "RON"),
    ("Rs.", "Rs"),
    ("Rs", "Rs"),
    ("Rp", "IDR"),
    ("RM", "MYR"),
    ("kr.", "kr"),
    ("kr", "kr"),
    ("Kr.", "kr"),
    ("Kr", "kr"),
    ("FCFA", "XOF"),
];

/// An amount without the currency before or behind it, and which that is.
pub fn without_currency(text: &str) -> Option<(&str, Currency)> {
    let is_word = |sign: &str| sign.chars().all(|c| c.is_alphabetic() || c == '.');
    let sign_beside = |words: bool| {
        let mut signs = SIGNS.iter().filter(|(sign, _)| is_word(sign) == words);
        signs.find_map(|&(sign, currency)| {
            let rest = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign));
            rest.map(|rest| (rest, currency))
        })
    };
    let first = || {
        let (first, rest) = text.split_at_checked(3)?;
        code(first).map(|currency| (rest, currency))
    };
    let last = || {
        let (rest, last) = text.split_at_checked(text.len().checked_sub(3)?)?;
        code(last).map(|currency| (rest, currency))
    };
    // Words that are signs may begin codes, as RM does RMB.
    sign_beside(false)
        .or_else(first)
        .or_else(last)
        .or_else(|| sign_beside(true))
}

/// The currency with this code, in capitals or small letters; what is not of ISO by the name that is.
pub fn code(text: &str) -> Option<Currency> {
    let known = CURRENCIES
        .split_ascii_whitespace()
        .find(|known| known.eq_ignore_ascii_case(text))?;
    Some(match known {
        "RMB" | "CNH" => "CNY",
        known => known,
    })
}

/// The currency that a word or a sign stands for.
pub fn currency_named(text: &str) -> Option<Currency> {
    let sign = SIGNS.iter().find(|(sign, _)| *sign == text);
    sign.map(|(_, currency)| *currency).or_else(|| code(text))
}

//! Numbers as people read them.

/// 1469307 as `1,469,307`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 0.123 as `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// An amount without decimals, with its currency: `1,234 USD`.
pub fn money(amount: f64, currency: &str) -> String {
    let sign = if amount < -0.5 { "-" } else { "" };
    let number = count(amount.abs().round() as u64);
    if currency.is_empty() {
        format!("{sign}{number}")
    } else {
        format!("{sign}{number} {currency}")
    }
}

/// `1 customer`, `2 customers`.
pub fn plural(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", count(number))
    }
}

/// `PASTA SAUCE` as `pasta sauce`: names of shelves are shouted, sentences are not. Names that
/// are not all capitals stay as they are, and so do words with digits, which are numbers of something.
pub fn calm(name: &str) -> String {
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let word = |word: &str| match word.chars().any(|letter| letter.is_ascii_digit()) {
        true => word.to_owned(),
        false => word.to_lowercase(),
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_469_307)],
            ["0", "999", "1,000", "1,469,307"]
        );
        assert_eq!(money(1234.4, "USD"), "1,234 USD");
        assert_eq!(plural(1, "rule"), "1 rule");
    }

    #[test]
    fn shouted_names_are_calmed_and_numbers_of_things_are_not() {
        assert_eq!(calm("PASTA SAUCE + 20024A"), "pasta sauce + 20024A");
        assert_eq!(calm("Käse Nr. 5"), "Käse Nr. 5");
    }
}

//! Columns that tell who somebody is: no attribute is made of them, and nothing learned from them, unasked.

/// Whether a name of a column, folded to small letters and digits, tells that the column says who
/// somebody is.
pub fn is_personal(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "name",
        "mail",
        "phone",
        "tel",
        "address",
        "street",
        "birth",
        "vorname",
        "nachname",
        "adresse",
        "strasse",
        "telefon",
        "geburt",
        "nom",
        "prenom",
        "rue",
        "correo",
        "direccion",
        "telefono",
        "姓名",
        "电话",
        "手机",
        "邮箱",
        "地址",
        "生日",
        "住所",
        "氏名",
    ];
    WORDS.iter().any(|word| {
        if word.len() <= 3 {
            name == *word
        } else {
            name.contains(word)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::is_personal;

    #[test]
    fn names_and_addresses_are_personal_and_regions_are_not() {
        for name in ["firstname", "email", "phonenumber", "nom", "birthdate"] {
            assert!(is_personal(name), "{name}");
        }
        for name in ["region", "plan", "nominal", "ageband"] {
            assert!(!is_personal(name), "{name}");
        }
    }
}

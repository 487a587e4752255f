//! Data to try things on: a real year of shopping, and generators that know the truth.
//!
//! [`complete_journey`] is a real sample, small enough to carry along; its files are bound into
//! the program, so that a demo needs neither a download nor a path. [`history`] generates
//! interaction history of any size together with what no real history tells: who is of which
//! type, who has left, what a campaign does to whom. [`baskets`] generates plain market baskets.
//! This crate knows nothing of the pipeline, nor of the models.

#![deny(missing_docs)]

pub mod baskets;
pub mod files;
pub mod history;

/// A cut of The Complete Journey: every purchase line of some of the households
/// of a grocery study, over one year.
///
/// `complete-journey/README.md` tells the origin, the licence and every column.
pub mod complete_journey {
    /// Settings that load [`FILES`], written for a `regulars.toml` that lies
    /// beside them.
    pub const SETTINGS: &str = include_str!("../complete-journey/regulars.toml");

    /// Origin, licence and columns, to be laid beside any copy of the files:
    /// the licence asks that its text go with them.
    pub const README: &str = include_str!("../complete-journey/README.md");

    /// File name and content of each table, all Parquet: purchase lines,
    /// products, households, campaigns, campaign contacts, coupon redemptions.
    pub const FILES: &[(&str, &[u8])] = &[
        (
            "transactions.parquet",
            include_bytes!("../complete-journey/transactions.parquet"),
        ),
        (
            "products.parquet",
            include_bytes!("../complete-journey/products.parquet"),
        ),
        (
            "demographics.parquet",
            include_bytes!("../complete-journey/demographics.parquet"),
        ),
        (
            "campaigns.parquet",
            include_bytes!("../complete-journey/campaigns.parquet"),
        ),
        (
            "contacts.parquet",
            include_bytes!("../complete-journey/contacts.parquet"),
        ),
        (
            "redemptions.parquet",
            include_bytes!("../complete-journey/redemptions.parquet"),
        ),
    ];
}

#[cfg(test)]
mod tests {
    use super::complete_journey::{FILES, README, SETTINGS};
    use sha2::{Digest, Sha256};

    fn sha256(bytes: &[u8]) -> String {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn the_sample_stays_within_six_megabytes() {
        let total: usize = FILES.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(total <= 6_000_000, "{total} bytes");
    }

    #[test]
    fn every_file_begins_and_ends_as_parquet_does() {
        for (name, bytes) in FILES {
            assert!(bytes.starts_with(b"PAR1"), "{name}: no PAR1 at the start");
            assert!(bytes.ends_with(b"PAR1"), "{name}: no PAR1 at the end");
        }
    }

    /// `cut.py` writes `SHA256SUMS` with the files and checks that every
    /// household is whole, so a file that it did not write is noticed here.
    #[test]
    fn the_files_are_those_that_cut_py_wrote() {
        let sums = include_str!("../complete-journey/SHA256SUMS");
        let written: Vec<String> = FILES
            .iter()
            .map(|(name, bytes)| format!("{}  {name}", sha256(bytes)))
            .collect();
        assert_eq!(written, sums.lines().collect::<Vec<_>>());
    }

    /// The rule of `cut.py`, said a second time: the first 8 bytes of SHA-256 of
    /// the decimal id, modulo 1000, below 686.
    #[test]
    fn the_hash_of_the_household_gives_the_counts_that_the_readme_states() {
        let (mut households, mut lines) = (0_u32, 0_u32);
        let counts = include_str!("../complete-journey/household-lines.csv");
        for row in counts.lines().skip(1) {
            let (id, of_household) = row.split_once(',').expect("two columns");
            let digest = Sha256::digest(id.as_bytes());
            let head: [u8; 8] = digest[..8].try_into().expect("eight bytes");
            if u64::from_be_bytes(head) % 1000 < 686 {
                households += 1;
                lines += of_household.parse::<u32>().expect("a number of lines");
            }
        }
        for stated in [thousands(households), thousands(lines)] {
            assert!(README.contains(&stated), "README.md does not say {stated}");
        }
    }

    #[test]
    fn the_settings_name_every_file_and_no_other() {
        let mut named: Vec<&str> = SETTINGS
            .lines()
            .filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'))
            .collect();
        let mut there: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        named.sort_unstable();
        there.sort_unstable();
        assert_eq!(named, there);
    }

    fn thousands(n: u32) -> String {
        let digits = n.to_string();
        let mut text = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

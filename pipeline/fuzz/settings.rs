//! Any text as `regulars.toml`: it is read, or refused with one message that names a line of it.
#![no_main]
#![allow(dead_code, unused_imports)] // the files below serve the whole program

/// What the files below know of Arrow: its types alone.
extern crate self as arrow;
pub use arrow_schema as datatypes;

/// What they know of the models: the names of those that are learned by default.
extern crate self as regulars_models;
pub mod classifiers {
    pub const NAMES: &[&str] = &["single-feature", "tree", "elastic-net", "boosting"];
}

#[path = "../src/config/mod.rs"]
mod config;
#[path = "../src/contract.rs"]
mod contract;
#[path = "../src/failure.rs"]
mod failure;
#[path = "../src/text.rs"]
mod text;
#[path = "../src/warning.rs"]
mod warning;

/// Expectations are planned by the query engine, which is not here.
mod gates {
    pub fn validate(_: &crate::config::Settings) -> crate::failure::Result<()> {
        Ok(())
    }
}

/// The map of segments is checked by the models, which are not here.
mod stages {
    pub mod segment {
        pub fn segment_map(_: Option<&Vec<Vec<String>>>) -> Result<(), String> {
            Ok(())
        }
    }
}

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let read = config::Settings::from_text(input.to_owned(), "regulars.toml".into(), ".".into());
    if let Err(failure) = read {
        let (place, rest) = failure.message.split_at_checked("regulars.toml:".len()).expect("a place");
        assert_eq!(place, "regulars.toml:");
        let line: usize = rest.split(':').next().unwrap_or_default().parse().expect("a line");
        assert!((1..=input.lines().count().max(1) + 1).contains(&line), "{}", failure.message);
    }
});

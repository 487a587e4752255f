//! Any text as `regulars.toml`: it is read, or refused with one message that names a line of it.
#![no_main]
#![allow(dead_code, unused_imports)] // the files below serve the whole program

/// What the files below know of Arrow.
extern crate self as arrow;
pub mod datatypes {
    pub use arrow_array::types::*;
    pub use arrow_schema::*;
}
pub mod array {
    pub use arrow_array::cast::AsArray;
    pub use arrow_array::{Array, ArrayRef, RecordBatch};
}
pub mod compute {
    pub use arrow_cast::cast;
}

#[macro_use]
#[path = "../src/words.rs"]
mod words;

#[path = "../src/config/mod.rs"]
mod config;
#[path = "../src/contract/mod.rs"]
mod contract;
#[path = "../src/failure.rs"]
mod failure;
#[path = "../src/text.rs"]
mod text;
#[path = "../src/warning.rs"]
mod warning;

/// SQL of gates is planned by the query engine, which is not here.
mod user_sql {
    pub const NAMED: &str = "this SQL names its result";

    pub fn look<'a>(_: &str, _: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
        Ok(())
    }
}

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let read = config::Settings::from_text(input.to_owned(), "regulars.toml".into(), ".".into());
    if let Err(failure) = read {
        let (place, rest) = failure
            .message
            .split_at_checked("regulars.toml:".len())
            .expect("a place");
        assert_eq!(place, "regulars.toml:");
        let line: usize = rest
            .split(':')
            .next()
            .unwrap_or_default()
            .parse()
            .expect("a line");
        assert!(
            (1..=input.lines().count().max(1) + 1).contains(&line),
            "{}",
            failure.message
        );
    }
});

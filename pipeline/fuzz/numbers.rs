//! Any text as an amount: it is a number or it is none, and what is a number reads the same as floating
//! point.
#![no_main]
#![allow(dead_code)] // the files below serve the whole program

/// Texts are told in no language here.
macro_rules! mark {
    ($text:literal) => {
        $text
    };
}

mod contract {
    pub const MONEY_SCALE: i8 = 4;
}

#[path = "../src/stages/ingest/coerce/currency.rs"]
mod currency;
#[path = "../src/stages/ingest/coerce/exact.rs"]
mod exact;
#[path = "../src/stages/ingest/coerce/number.rs"]
mod number;

use libfuzzer_sys::fuzz_target;
use number::{Numbers, whole};

fuzz_target!(|input: &str| {
    for (decimal, thousands) in [
        ('.', None),
        ('.', Some(',')),
        (',', Some('.')),
        (',', Some(' ')),
        ('.', Some('\'')),
    ] {
        let numbers = Numbers { decimal, thousands };
        let (exact, float) = (numbers.parse_money(input), numbers.parse_float(input));
        if let (Ok((exact, _)), Ok(float)) = (exact, float) {
            let near = (float * 1e4 - exact as f64).abs() <= 1.0 + float.abs() * 1e-8;
            assert!(near || float.abs() > 1e24, "{input:?}: {exact} and {float}");
        }
    }
    if let Some(value) = whole(input) {
        assert!(
            input.contains(|c: char| c.is_ascii_digit()),
            "{input:?}: {value}"
        );
    }
});

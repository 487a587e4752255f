//! Any text as a model file; start it with the files in `models/tests/fixtures/model-files`.
#![no_main]

#[allow(dead_code)] // what the other target needs of it
mod exercise;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    exercise::exercise(text);
});

//! Saved models with words and numbers of their files replaced. What is edited is JSON still, so that the checks
//! behind the parser are met.
#![no_main]

mod exercise;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut files = exercise::saved_models();
    files.extend(exercise::saved_segmenters());
    if let [which, edits @ ..] = input {
        let (_, text) = &files[usize::from(*which) % files.len()];
        exercise::exercise(&exercise::edit(text, edits));
    }
});

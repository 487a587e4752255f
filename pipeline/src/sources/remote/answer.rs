//! What a store says when it does not hand out an object.

use std::error::Error;

use object_store::Error as StoreError;

use super::is_url;
use crate::config::without_secrets;

/// What lies at the bottom of a store's error: the server's answer, or that of the network.
pub fn deepest(error: &StoreError) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    deepest.to_string()
}

/// An answer in one line, and without anything secret.
pub fn one_line(answer: &str) -> String {
    let between = |tag: &str| {
        let start = answer.find(&format!("<{tag}>"))? + tag.len() + 2;
        Some(&answer[start..start + answer[start..].find('<')?])
    };
    let short = match (between("Code"), between("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        // What follows a status is a page for browsers.
        _ => answer
            .split(['<', '{', '\n'])
            .next()
            .unwrap_or_default()
            .trim_end_matches([':', ' ', '.'])
            .to_owned(),
    };
    let word = |word: &str| match is_url(word) {
        true => without_secrets(word),
        false => word.to_owned(),
    };
    short.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stores_answer_becomes_one_line() {
        assert_eq!(
            one_line(
                "Server returned 403: <?xml version='1.0'?>\n<Error><Code>AccessDenied</Code><Message>No.</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>"
            ),
            "AccessDenied: No."
        );
        assert_eq!(
            one_line("failed for https://u:p@host/x?sig=abc in 3 ms"),
            "failed for https://host/x in 3 ms"
        );
        assert_eq!(
            one_line("Server returned non-2xx status code: 502 Bad Gateway: <html>"),
            "Server returned non-2xx status code: 502 Bad Gateway"
        );
    }
}

//! Ctrl-C and SIGTERM: what has been begun to be put into place is put into place, everything
//! temporary goes, one line says what is whole and what to type next. A second signal ends at once.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
#[cfg(unix)]
use signal_hook::iterator::Signals;

use crate::config::without_secrets;
use crate::log;
use crate::outputs::{lock, temporary};
use crate::text::shell_word;

/// Who is putting something into place that has to be there whole, or not at all.
struct Holds {
    /// How many, one within the other.
    depth: usize,
    /// Whether the process is about to end.
    over: bool,
}

static HOLDS: Mutex<Holds> = Mutex::new(Holds {
    depth: 0,
    over: false,
});
static LET_GO: Condvar = Condvar::new();
static STOPPING: AtomicBool = AtomicBool::new(false);
/// What is whole, in words.
static WHOLE: Mutex<String> = Mutex::new(String::new());

/// While it is there, a signal waits.
pub struct Hold(());

/// A signal that comes waits until what is returned is dropped.
pub fn hold() -> Hold {
    let mut holds = HOLDS.lock().unwrap_or_else(PoisonError::into_inner);
    while holds.over {
        // The process is ending; nothing may be begun any more.
        let waited = LET_GO.wait_timeout(holds, Duration::from_secs(1));
        holds = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    holds.depth += 1;
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.lock().unwrap_or_else(PoisonError::into_inner).depth -= 1;
        LET_GO.notify_all();
    }
}

/// Notes what is whole from now on, for the line that a signal brings.
pub fn whole(words: impl Into<String>) {
    *WHOLE.lock().unwrap_or_else(PoisonError::into_inner) = words.into();
}

/// Listens to signals from now on. Where the system has none to listen to, they end the process as
/// they always did.
pub fn listen() {
    let seen = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset and sets it.
        let at_once = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&seen));
        if at_once.is_err() || flag::register(signal, Arc::clone(&seen)).is_err() {
            return;
        }
    }
    #[cfg(unix)]
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        });
    }
}

/// Does not return when the process is being ended by a signal.
pub fn unless_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

fn end(signal: i32) -> ! {
    STOPPING.store(true, Ordering::SeqCst);
    let mut holds = HOLDS.lock().unwrap_or_else(PoisonError::into_inner);
    while holds.depth > 0 {
        holds = LET_GO.wait(holds).unwrap_or_else(PoisonError::into_inner);
    }
    holds.over = true;
    drop(holds);
    temporary::remove_all();
    lock::ends_well();
    let by = if signal == SIGINT {
        "Ctrl-C"
    } else {
        "SIGTERM"
    };
    let whole = WHOLE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let whole = match whole.as_str() {
        "" => "nothing was written",
        words => words,
    };
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K"); // the moving line of the progress has not ended
    }
    let message = format!("stopped by {by}; {whole}. To go on: {}", typed());
    log::say("failed", &message, json!({ "exit_code": 128 + signal }));
    temporary::end();
    std::process::exit(128 + signal)
}

/// The command as it was typed, without anything secret, to be typed again.
fn typed() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| shell_word(&without_secrets(&word.to_string_lossy())));
    std::iter::once("regulars".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

//! What the process takes: time, memory, processor.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Time and memory of a piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Wall time.
    pub seconds: f64,
    /// The largest memory of the process meanwhile; none where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// How often the memory is looked at.
const EVERY: Duration = Duration::from_millis(5);

/// Does something and says what it took.
///
/// Linux would tell the peak itself if its mark were reset, but then it would tell whoever started
/// the process a wrong one for the whole of it; so the memory is looked at every few milliseconds.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let clock = Instant::now();
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        let looking = scope.spawn(move || {
            let mut peak = memory_now();
            while peak.is_some() && wait.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                peak = peak.max(memory_now());
            }
            peak
        });
        let result = work();
        let seconds = clock.elapsed().as_secs_f64();
        let last = memory_now();
        drop(done);
        let peak = looking.join().ok().flatten();
        let cost = Cost {
            seconds,
            peak_memory_bytes: peak.max(last),
        };
        (result, cost)
    })
}

/// The memory of the process, where Linux tells it.
fn memory_now() -> Option<u64> {
    status("VmRSS:")
}

/// What this process has used so far, as far as the system tells it.
#[derive(Clone, Copy, Debug)]
pub struct ProcessUse {
    /// The largest memory.
    pub peak_memory_bytes: Option<u64>,
    /// CPU time.
    pub cpu_seconds: Option<f64>,
    /// Bytes that it has asked for and handed over, by files and whatever else can be read and
    /// written; what the system had at hand counts as what came from a disk.
    pub bytes_read: Option<u64>,
    /// See `bytes_read`.
    pub bytes_written: Option<u64>,
}

/// What this process has used so far, where Linux tells it.
pub fn process_use() -> ProcessUse {
    let moved = std::fs::read_to_string("/proc/self/io").ok();
    let moved = |name: &str| {
        let line = moved
            .as_ref()?
            .lines()
            .find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    ProcessUse {
        peak_memory_bytes: status("VmHWM:"),
        cpu_seconds: processor_seconds(),
        bytes_read: moved("rchar:"),
        bytes_written: moved("wchar:"),
    }
}

/// A line of what Linux tells of the memory of the process, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name may hold spaces; the fields that follow it do not.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / 100.0) // the kernel counts in hundredths for user space
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_written_and_read_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        let before = process_use();
        std::fs::write(&path, vec![1; 3 << 20]).unwrap();
        let read = std::fs::read(&path).unwrap().len() as u64;
        let after = process_use();
        let more = |of: fn(&ProcessUse) -> Option<u64>| Some(of(&after)? - of(&before)?);
        if let Some(written) = more(|use_| use_.bytes_written) {
            assert!(written >= read, "{written}");
        }
        if let Some(all) = more(|use_| use_.bytes_read) {
            assert!(all >= read, "{all}");
        }
    }

    #[test]
    fn memory_that_is_held_for_a_while_is_seen() {
        // More than all other tests of this process hold at any moment.
        let size = 512 << 20;
        let before = memory_now();
        let (sum, cost) = measured(|| {
            let large = vec![1_u8; size];
            std::thread::sleep(EVERY * 10);
            large.iter().map(|byte| u64::from(*byte)).sum::<u64>()
        });
        assert_eq!(sum, size as u64);
        assert!(cost.seconds >= 0.05);
        assert_eq!(cost.peak_memory_bytes.is_some(), before.is_some());
        if let Some(peak) = cost.peak_memory_bytes {
            assert!(peak >= size as u64, "{before:?} {peak}");
        }
    }
}

//! A disk that is full, at any moment: exit code 4, words that say so, and a load that is whole or not
//! there.

use std::process::Command;

use crate::util::{Sandbox, query, shop_sandbox};

/// A small disk in memory, which is gone when the test is over.
struct Disk {
    path: std::path::PathBuf,
}

impl Disk {
    /// Mounts one of so many KiB; none where that is not allowed, which is said. Where CI runs as root
    /// it is.
    fn mounted(sandbox: &Sandbox, kib: u32) -> Option<Self> {
        let path = sandbox.path("disk");
        std::fs::create_dir_all(&path).unwrap();
        let disk = Self { path };
        let done = disk.mount(&format!("size={kib}k"));
        if !done {
            let root = Command::new("id").arg("-u").output();
            let root = root.is_ok_and(|output| output.stdout.starts_with(b"0\n"));
            assert!(
                !(root && std::env::var_os("CI").is_some()),
                "CI runs as root and cannot mount a disk"
            );
            eprintln!("left out: a small disk cannot be mounted here");
            std::mem::forget(disk);
            return None;
        }
        Some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "regulars-test"]);
        let output = command.arg(&self.path).output();
        output.is_ok_and(|output| output.status.success())
    }

    fn grow(&self) {
        assert!(self.mount("remount,size=64m"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).output();
    }
}

#[test]
fn a_full_disk_is_a_failure_of_the_machine_and_nothing_is_half_there() {
    let mut ended = Vec::new();
    let clock = std::time::Instant::now();
    for kib in [16, 48, 96, 160, 256, 384, 512, 768, 1024, 1536, 3072] {
        let sandbox = shop_sandbox(120, 300);
        let Some(disk) = Disk::mounted(&sandbox, kib) else {
            return;
        };
        let arguments = ["run", "--quiet", "--out", "disk/out"];
        let run = sandbox.regulars(&arguments);
        ended.push(run.code);
        if run.code != 0 {
            run.ended_with(4)
                .says(&["No space left on device", "hint: "]);
        }
        // With room it goes on from there, and ends with all of it.
        disk.grow();
        sandbox.regulars(&arguments).ended_with(0);
        let rows = query(
            &sandbox.path("disk/out"),
            "SELECT count(*) FROM interactions",
        );
        let lines = sandbox.read("lines.csv").lines().count() - 1;
        assert_eq!(rows[0][0], lines.to_string(), "{kib} KiB");
        if clock.elapsed().as_secs() > 50 {
            break;
        }
    }
    assert!(
        ended.iter().filter(|code| **code == 4).count() >= 3,
        "{ended:?}"
    );
}

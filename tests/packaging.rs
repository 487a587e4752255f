//! What packages bring along besides the binary, and what a machine is told that cannot build it.

use std::fs;
use std::process::{Command, Stdio};

use crate::util::{Sandbox, repository};

/// The commands that `--help` lists.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.regulars(&["--help"]).ended_with(0).stdout;
    let list = help.split("Commands:").nth(1).expect("a list of commands");
    let list = list.split("Options:").next().expect("it ends");
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// What another program makes of a text, or nothing where that program is not installed.
fn asked(program: &str, arguments: &[&str], sandbox: &Sandbox) -> Option<(bool, String, String)> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("MANWIDTH", "100")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    ))
}

#[test]
fn every_shell_completes_every_command() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox);
    assert!(commands.len() > 15, "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox
            .regulars(&["completions", shell])
            .ended_with(0)
            .stdout;
        for command in &commands {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
        sandbox.write(shell, &script);
        if ["bash", "fish", "zsh"].contains(&shell)
            && let Some((fine, _, said)) = asked(shell, &["-n", shell], &sandbox)
        {
            assert!(fine, "{shell}: {said}");
        }
    }
    // What a person sees after a tab, in the shell that every machine of ours has.
    let press_tab = |words: &str, at: u32| {
        let script = format!(
            "source ./bash; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _regulars regulars \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{at} - 1]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        asked("bash", &["-c", &script], &sandbox).map(|(_, offered, _)| offered)
    };
    if let Some(offered) = press_tab("regulars ch", 1) {
        assert_eq!(offered.trim(), "check churn");
        let offered = press_tab("regulars rules --min", 2).expect("bash is there");
        assert_eq!(offered.trim(), "--min-support");
        let offered = press_tab("regulars generate --format ''", 3).expect("bash is there");
        assert_eq!(offered.trim(), "parquet csv");
    }
}

#[test]
fn an_unknown_shell_is_wrong_use() {
    let sandbox = Sandbox::new();
    sandbox
        .regulars(&["completions", "bsh"])
        .ended_with(2)
        .says(&["'bsh'", "bash", "elvish", "fish", "powershell", "zsh"]);
    sandbox
        .regulars(&["completions"])
        .ended_with(2)
        .says(&["SHELL"]);
}

#[test]
fn every_command_has_a_man_page_that_says_what_its_help_says() {
    let sandbox = Sandbox::new();
    let mut commands = commands(&sandbox);
    for below in [
        "list", "show", "compare", "promote", "rollback", "export", "remove",
    ] {
        commands.push(format!("models {below}"));
    }
    sandbox
        .regulars(&["man", "share/man/man1"])
        .ended_with(0)
        .shows(&[&format!("{} man pages", commands.len() + 3), "regulars.1"]);
    let page = |name: &str| sandbox.read(&format!("share/man/man1/{name}.1"));
    assert!(
        page("regulars-campaign-read").contains("campaign"),
        "what a command has below it"
    );
    let program = page("regulars");
    assert_eq!(program, sandbox.regulars(&["man"]).ended_with(0).stdout);
    for words in [".SH NAME", ".SH \"EXIT CODES\"", ".SH \"START HERE\""] {
        assert!(program.contains(words), "{words}:\n{program}");
    }
    for typed in &commands {
        let command = &typed.replace(' ', "-");
        let text = page(&format!("regulars-{command}"));
        // As it reads, without the marks for bold and slanted and the escapes of dashes.
        let plain = text
            .replace("\\fB", "")
            .replace("\\fI", "")
            .replace("\\fR", "")
            .replace("\\-", "-");
        assert!(plain.contains(&format!("regulars-{command} - ")), "{plain}");
        let arguments: Vec<&str> = typed.split(' ').chain(["--help"]).collect();
        let help = sandbox.regulars(&arguments).ended_with(0).stdout;
        for option in help
            .split_whitespace()
            .map(|word| word.trim_end_matches([',', '.', ';', ')']))
            .filter(|word| word.starts_with("--"))
        {
            assert!(plain.contains(option), "{command}: {option}\n{plain}");
        }
        let opened = format!("share/man/man1/regulars-{command}.1");
        if let Some((fine, shown, said)) = asked("man", &["--warnings", "-l", &opened], &sandbox) {
            assert!(fine && said.is_empty(), "{command}: {said}");
            assert!(shown.contains("SYNOPSIS"), "{shown}");
        }
    }
    // Examples keep their lines.
    let rules = page("regulars-rules");
    let example = rules.split(".SH EXAMPLE").nth(1).expect("an example");
    assert!(example.trim_start().starts_with(".nf\n"), "{example}");
}

#[test]
fn man_pages_that_cannot_be_written_are_said() {
    let sandbox = Sandbox::new().file("occupied", "a file, not a folder");
    sandbox
        .regulars(&["man", "occupied"])
        .ended_with(4)
        .says(&["occupied", "hint:"]);
    assert_eq!(sandbox.read("occupied"), "a file, not a folder");
    fs::create_dir_all(sandbox.path("taken/regulars-run.1")).expect("a folder is made");
    sandbox
        .regulars(&["man", "taken"])
        .ended_with(4)
        .says(&["regulars-run.1", "hint:"]);
}

/// What `packaging/ready.sh` says on this machine, changed by environment variables and by programs
/// that stand before the real ones.
fn ready(fakes: &[(&str, &str)], variables: &[(&str, &str)]) -> (bool, String) {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    for (name, script) in fakes {
        let path = sandbox.path("fakes").join(name);
        sandbox.write(&format!("fakes/{name}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it may be run");
    }
    let path = std::env::var("PATH").expect("a PATH");
    let output = Command::new("sh")
        .arg(repository().join("packaging/ready.sh"))
        .env(
            "PATH",
            format!("{}:{path}", sandbox.path("fakes").display()),
        )
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn a_machine_that_can_build_is_told_so() {
    let (fine, said) = ready(&[], &[]);
    assert!(fine && said.contains("ready to build"), "{said}");
}

#[test]
fn an_old_compiler_is_said_with_the_version_that_is_wanted() {
    // Cargo asks the compiler other things, which the real one answers.
    let compiler = |version: &str| {
        format!(
            "[ \"$1\" = --version ] && echo 'rustc {version}' || PATH=${{PATH#*:}} exec rustc \"$@\""
        )
    };
    let (fine, said) = ready(
        &[("rustc", &compiler("1.63.0 (4b91a6ea7 2022-08-08)"))],
        &[],
    );
    assert!(!fine, "{said}");
    for words in ["Rust 1.95 or newer", "1.63.0", "rustup"] {
        assert!(said.contains(words), "{said}");
    }
    let (fine, said) = ready(
        &[("rustc", &compiler("1.102.0-nightly (0 2027-06-01)"))],
        &[],
    );
    assert!(fine, "1.102 is newer than 1.95: {said}");
}

#[test]
fn a_machine_without_a_c_compiler_is_told_what_to_install() {
    for (fake, because) in [
        ("exit 127", "cc"),
        (
            "echo 'stdlib.h: No such file or directory' >&2; exit 1",
            "stdlib.h",
        ),
    ] {
        let (fine, said) = ready(&[("cc", fake)], &[("CC", "cc")]);
        assert!(!fine, "{said}");
        for words in ["C compiler", because, "build-essential"] {
            assert!(said.contains(words), "{said}");
        }
    }
}

#[test]
fn a_full_disk_is_said_before_the_build_with_how_much_is_needed() {
    let df = "echo header; echo /dev/small 2000000 1900000 102400 95% /";
    let nowhere = Sandbox::new();
    let (fine, said) = ready(
        &[("df", df)],
        &[(
            "CARGO_TARGET_DIR",
            &nowhere.path("target").display().to_string(),
        )],
    );
    assert!(!fine, "{said}");
    for words in [
        "MB for what is built",
        "100 MB are free",
        "CARGO_TARGET_DIR",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn crates_that_are_nowhere_to_be_had_are_said() {
    let empty = Sandbox::new();
    let home = std::env::var("HOME").expect("a home");
    let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{home}/.rustup"));
    let (fine, said) = ready(
        &[],
        &[
            ("CARGO_HOME", &empty.path("").display().to_string()),
            ("RUSTUP_HOME", &rustup),
            ("CARGO_NET_OFFLINE", "true"),
        ],
    );
    assert!(!fine, "{said}");
    for words in ["crates that Cargo.lock names", "cargo fetch --locked"] {
        assert!(said.contains(words), "{said}");
    }
}

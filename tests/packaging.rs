//! What packages bring along besides the binary, and what a machine is told that cannot build it.

use std::fs;
use std::process::{Command, Stdio};

use crate::util::Sandbox;

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
    let press_tab = |words: &str, at: &str| {
        let script = format!(
            "source ./bash; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _regulars regulars \"${{COMP_WORDS[{at}]}}\" \"\"; echo \"${{COMPREPLY[*]}}\""
        );
        asked("bash", &["-c", &script], &sandbox).map(|(_, offered, _)| offered)
    };
    if let Some(offered) = press_tab("regulars ch", "1") {
        assert_eq!(offered.trim(), "check churn");
        let offered = press_tab("regulars rules --min", "2").expect("bash is there");
        assert_eq!(offered.trim(), "--min-support");
        let offered = press_tab("regulars generate --format ''", "3").expect("bash is there");
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
    let commands = commands(&sandbox);
    sandbox
        .regulars(&["man", "share/man/man1"])
        .ended_with(0)
        .shows(&[&format!("{} man pages", commands.len() + 1), "regulars.1"]);
    let page = |name: &str| sandbox.read(&format!("share/man/man1/{name}.1"));
    let program = page("regulars");
    assert_eq!(program, sandbox.regulars(&["man"]).ended_with(0).stdout);
    for words in [".SH NAME", ".SH \"EXIT CODES\"", ".SH \"START HERE\""] {
        assert!(program.contains(words), "{words}:\n{program}");
    }
    for command in &commands {
        let text = page(&format!("regulars-{command}"));
        // As it reads, without the marks for bold and slanted and the escapes of dashes.
        let plain = text
            .replace("\\fB", "")
            .replace("\\fI", "")
            .replace("\\fR", "")
            .replace("\\-", "-");
        assert!(plain.contains(&format!("regulars-{command} - ")), "{plain}");
        let help = sandbox.regulars(&[command, "--help"]).ended_with(0).stdout;
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

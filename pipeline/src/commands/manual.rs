//! What a package brings along besides the binary: man pages and completions, both made from the
//! definition of the command line, so that they say what `--help` says.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::Cli;
use crate::failure::{Failure, Result};

/// The name of the program, as it is typed.
const PROGRAM: &str = "regulars";

/// Prints what lets this shell complete commands and options.
pub fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    print(&script)
}

/// Prints the man page of the program, or writes those of the program and of every command.
pub fn pages(folder: Option<&Path>) -> Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = folder else {
        let text = page(&program).map_err(|error| cannot("make the man page", &error))?;
        return print(&text);
    };
    let cannot_write = |path: &Path, error: &io::Error| {
        cannot(&format!("write {}", path.display()), error).hint("name another folder")
    };
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let mut written = 0;
    for command in with_all_below(&program) {
        let path = folder.join(Man::new(command.clone()).get_filename());
        page(command)
            .and_then(|text| fs::write(&path, text))
            .map_err(|error| cannot_write(&path, &error))?;
        written += 1;
    }
    let folder = folder.display();
    print(
        format!("{written} man pages in {folder}; for one: man {folder}/{PROGRAM}.1\n").as_bytes(),
    )
}

/// A command, its commands, and theirs.
fn with_all_below(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(with_all_below);
    std::iter::once(command).chain(below).collect()
}

/// One command as a man page.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .source(format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION")))
        .manual("User commands");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(after) = command.get_after_help() {
        sections(&after.to_string()).to_writer(&mut text)?;
    }
    if !command.has_subcommands() {
        let mut see = Roff::new();
        see.control("SH", ["SEE ALSO"]);
        see.text([roman(format!("{PROGRAM}(1)"))]);
        see.to_writer(&mut text)?;
    }
    Ok(text)
}

/// What stands below the options in `--help`, as sections: a line with a colon opens one, and
/// indented lines stay as they are, since they are commands or columns.
fn sections(after: &str) -> Roff {
    let mut roff = Roff::new();
    let mut as_it_is = false;
    for line in after.lines() {
        let indented = line.starts_with(' ');
        if indented != as_it_is && !line.is_empty() {
            roff.control(if indented { "nf" } else { "fi" }, []);
            as_it_is = indented;
        }
        if line.is_empty() {
            roff.control("PP", []);
        } else if let Some((title, rest)) = line.split_once(':').filter(|_| !indented) {
            roff.control("SH", [title.to_uppercase().as_str()]);
            if !rest.is_empty() {
                roff.text([roman(rest.trim_start())]);
            }
        } else {
            roff.text([roman(line)]);
        }
    }
    if as_it_is {
        roff.control("fi", []);
    }
    roff
}

/// Whoever closes the pipe early has seen enough; anything else that stops the output is said.
fn print(text: &[u8]) -> Result<()> {
    let mut out = io::stdout();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(cannot("print it", &error).hint("is the disk full?"))
        }
        _ => Ok(()),
    }
}

fn cannot(doing: &str, error: &io::Error) -> Failure {
    Failure::machine(format!("cannot {doing}: {error}"))
}

//! What each file of a crate imports from the same crate, read from its text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a module within its crate; empty for the root.
pub type Module = Vec<String>;

/// One thing that a file takes from another.
#[derive(Debug)]
pub struct Import {
    /// The file, as it lies below the folder that was read.
    pub file: PathBuf,
    /// The line on which the statement begins, counted from 1.
    pub line: usize,
    /// The path as it is written, in one piece.
    pub written: String,
    pub from: Module,
    /// Where the thing is defined, re-exports followed.
    pub to: Module,
}

/// Every import of the files below `src`, tests left out.
pub fn imports(src: &Path) -> Vec<Import> {
    let sources = Sources::read(src);
    let exports = sources.exports();
    let mut found = Vec::new();
    for (module, source) in &sources.files {
        for (line, path) in source.paths() {
            let Some(to) = sources.resolve(module, &path, &exports) else {
                continue;
            };
            if to != *module {
                found.push(Import {
                    file: source.file.clone(),
                    line,
                    written: path.join("::"),
                    from: module.clone(),
                    to,
                });
            }
        }
    }
    found
}

/// Imports that make a circle of files, other than those between a folder and what is in it.
pub fn circles(imports: &[Import]) -> Vec<&Import> {
    let within = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let apart: Vec<&Import> = imports
        .iter()
        .filter(|import| !within(&import.from, &import.to))
        .collect();
    let mut next: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for import in &apart {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let reaches = |from: &Module, to: &Module| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(module) = left.pop() {
            if module == to {
                return true;
            }
            if seen.insert(module) {
                left.extend(next.get(module).into_iter().flatten());
            }
        }
        false
    };
    apart
        .into_iter()
        .filter(|import| reaches(&import.to, &import.from))
        .collect()
}

/// The files below `src`, tests left out.
pub fn sources(src: &Path) -> Sources {
    Sources::read(src)
}

/// The names in a text, and every other word.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

struct Source {
    file: PathBuf,
    /// The text without comments and tests; its lines are those of the file.
    text: String,
}

/// The files of a crate.
pub struct Sources {
    files: BTreeMap<Module, Source>,
}

/// For each module, what it hands on under which name: where to look, and for what.
type Exports = BTreeMap<Module, BTreeMap<String, Module>>;

impl Sources {
    fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(src.join(&folder)).expect("a folder of sources") {
                let entry = entry.expect("an entry");
                let below = folder.join(entry.file_name());
                if entry.path().is_dir() {
                    folders.push(below);
                } else if below.extension().is_some_and(|ending| ending == "rs") {
                    let text = fs::read_to_string(entry.path()).expect("a text");
                    let text = without_tests(&without_comments(&text));
                    files.insert(module_of(&below), Source { file: below, text });
                }
            }
        }
        let mut sources = Self { files };
        sources.drop_tests();
        sources
    }

    /// Leaves out the files of modules that are for tests alone.
    fn drop_tests(&mut self) {
        let mut tests: Vec<Module> = Vec::new();
        for (module, source) in &self.files {
            let mut lines = source.text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line == "#[cfg(test)]"
                    && let Some(name) = lines.next().and_then(declared)
                {
                    let mut test = module.clone();
                    test.push(name.to_owned());
                    tests.push(test);
                }
            }
        }
        let for_tests = |module: &Module| tests.iter().any(|test| module.starts_with(test));
        self.files.retain(|module, _| !for_tests(module));
    }

    fn exports(&self) -> Exports {
        let mut exports = Exports::new();
        for (module, source) in &self.files {
            for (_, statement) in source.uses().filter(|(_, text)| text.starts_with("pub")) {
                let tree = statement.split_once("use ").map_or("", |(_, tree)| tree);
                for path in expand(tree) {
                    if let (Some(name), Some(full)) = (path.last(), self.absolute(module, &path)) {
                        let of = exports.entry(module.clone()).or_default();
                        of.insert(name.clone(), full);
                    }
                }
            }
        }
        exports
    }

    /// What is public from the root down: what public modules define and hand on.
    pub fn public_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut modules: Vec<Module> = vec![Module::new()];
        while let Some(module) = modules.pop() {
            let Some(source) = self.files.get(&module) else {
                continue;
            };
            for line in source.text.lines() {
                let Some(item) = line.strip_prefix("pub ") else {
                    continue;
                };
                if let Some(name) = item.strip_prefix("mod ").and_then(|m| m.strip_suffix(';')) {
                    modules.push([&module[..], &[name.to_owned()]].concat());
                } else if !item.starts_with("use ") {
                    names.extend(words(item).nth(1));
                }
            }
            let handed_on = source
                .uses()
                .filter(|(_, text)| text.starts_with("pub use "));
            for (_, statement) in handed_on {
                let tree = statement.trim_start_matches("pub use ");
                let own = |path: &Vec<String>| self.absolute(&module, path).is_some();
                let paths = expand(tree).into_iter().filter(own);
                names.extend(paths.filter_map(|path| path.last().cloned()));
            }
        }
        names
    }

    /// The texts of the files.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.values().map(|source| source.text.as_str())
    }

    /// A path from the root of the crate; nothing where it leads out of the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut base = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            name => {
                let mut child = module.clone();
                child.push(name.to_owned());
                if !self.files.contains_key(&child) {
                    return None;
                }
            }
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// The module in which what a path names is defined.
    fn resolve(&self, module: &Module, path: &[String], exports: &Exports) -> Option<Module> {
        let mut full = self.absolute(module, path)?;
        // As many steps as a thing is handed on, and not for ever.
        for _ in 0..8 {
            let known = (0..=full.len())
                .rev()
                .find(|length| self.files.contains_key(&full[..*length]))?;
            let (found, rest) = full.split_at(known);
            let next = rest.first().and_then(|name| exports.get(found)?.get(name));
            match next {
                Some(next) if *next != full => full = [next, &rest[1..]].concat(),
                _ => return Some(found.to_vec()),
            }
        }
        None
    }
}

impl Source {
    /// Each `use` statement with the line it begins on, in one piece and without its end.
    fn uses(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        let mut line = 1;
        let mut rest = self.text.as_str();
        std::iter::from_fn(move || {
            loop {
                let (here, after) = rest.split_once('\n')?;
                let start = line;
                let trimmed = here.trim_start();
                if is_use(trimmed)
                    && let Some((statement, after)) = rest.split_once(';')
                {
                    line += statement.matches('\n').count();
                    rest = after;
                    let words: Vec<&str> = statement.split_whitespace().collect();
                    return Some((start, words.join(" ")));
                }
                line += 1;
                rest = after;
            }
        })
    }

    /// Every path that is imported or written out, with its line.
    fn paths(&self) -> Vec<(usize, Vec<String>)> {
        let mut paths = Vec::new();
        for (line, statement) in self.uses() {
            let tree = statement.split_once("use ").map_or("", |(_, tree)| tree);
            paths.extend(expand(tree).into_iter().map(|path| (line, path)));
        }
        let letter = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for (number, line) in self.text.lines().enumerate() {
            if is_use(line.trim_start()) {
                continue;
            }
            for path in line.split(|c: char| !letter(c)) {
                if path.starts_with("crate::") || path.starts_with("super::") {
                    let parts = path.split("::").filter(|part| !part.is_empty());
                    paths.push((number + 1, parts.map(str::to_owned).collect()));
                }
            }
        }
        paths
    }
}

fn is_use(line: &str) -> bool {
    let line = match line.strip_prefix("pub") {
        Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest),
        None => line,
    };
    line.starts_with("use ")
}

/// The name of the module that a line declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_suffix(';')?;
    let (before, name) = line.rsplit_once("mod ")?;
    (before.is_empty() || before.starts_with("pub")).then_some(name)
}

fn module_of(file: &Path) -> Module {
    let file = file.with_extension("");
    let mut module: Module = file
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if module
        .last()
        .is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str()))
    {
        module.pop();
    }
    module
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        if !line.trim_start().starts_with("//") {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

/// Without modules of tests that are written out; what is for tests in a file of its own stays
/// declared.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens = |next: &&str| next.starts_with("mod ") && next.ends_with('{');
        if line == "#[cfg(test)]" && lines.peek().is_some_and(opens) {
            kept.push('\n');
            for inner in lines.by_ref() {
                kept.push('\n');
                if inner == "}" {
                    break;
                }
            }
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The paths of a `use` tree.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let mut pieces = vec![String::new()];
    let mut depth = 0;
    for c in tree.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match (c, depth) {
            (',', 0) => pieces.push(String::new()),
            _ => pieces.last_mut().expect("at least one").push(c),
        }
    }
    let parts = |path: &str| -> Vec<String> {
        let path = path.split(" as ").next().unwrap_or_default();
        let parts = path.split("::").map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut paths = Vec::new();
    for piece in pieces.iter().map(|piece| piece.trim()) {
        match piece.split_once('{') {
            Some((before, inner)) => {
                let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
                let before = parts(before);
                paths.extend(expand(inner).into_iter().map(|path| {
                    let path = if path == ["self"] { Vec::new() } else { path };
                    [before.clone(), path].concat()
                }));
            }
            None if piece.is_empty() => {}
            None => paths.push(parts(piece)),
        }
    }
    paths
}

#[test]
fn trees_of_use_are_taken_apart() {
    let paths: Vec<String> = expand("super::{a::{self, B as C}, d, super::e::*}")
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        paths,
        ["super::a", "super::a::B", "super::d", "super::super::e::*"]
    );
}

#[test]
fn imports_are_found_where_they_lead_and_circles_where_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    };
    write("lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod checks;\n");
    write("a/mod.rs", "mod one;\nmod two;\npub use one::One;\n");
    write(
        "a/one.rs",
        "use super::two::Two;\n\n// use crate::b::Never;\npub struct One(pub Two);\n\
         #[cfg(test)]\nmod tests {\n    use crate::b::Never;\n}\n",
    );
    write(
        "a/two.rs",
        "pub struct Two;\nfn f() {\n    super::one::g();\n}\n",
    );
    write("b.rs", "use std::fmt;\nuse crate::{\n    a::One,\n};\n");
    write("checks.rs", "use crate::b::Anything;\n");
    let found = imports(folder.path());
    let lines: Vec<String> = found
        .iter()
        .filter(|import| import.from != ["a"])
        .map(|import| {
            let (from, to) = (import.from.join("/"), import.to.join("/"));
            format!("{from}:{} {to}", import.line)
        })
        .collect();
    assert_eq!(lines, ["a/one:1 a/two", "a/two:3 a/one", "b:2 a/one"]);
    let circle: Vec<usize> = circles(&found).iter().map(|import| import.line).collect();
    assert_eq!(circle, [1, 3]);
}

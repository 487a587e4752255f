//! Folders may have any name: it works, or it is refused before anything is written.

use std::fs;
use std::process::Command;

use crate::util::{SETTINGS, Sandbox, query, shop, shop_sandbox};

/// Two deliveries and a whole run below a folder of this name, beside the same below a plain one.
fn works(name: &str) {
    let sandbox = shop_sandbox(60, 250);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\""),
    );
    sandbox.write("sales/1.csv", shop(60, 250));
    let outs = [format!("{name}/out"), "plain/out".to_owned()];
    for out in &outs {
        sandbox
            .regulars(&["ingest", "--quiet", "--out", out])
            .ended_with(0);
    }
    fs::remove_file(sandbox.path("sales/1.csv")).unwrap();
    sandbox.write(
        "sales/2.csv",
        "customer,when,basket,product,paid\nC0001,2023-02-02 10:00,99999,tea,1.00\n",
    );
    let mut files = Vec::new();
    for out in &outs {
        sandbox
            .regulars(&["run", "--quiet", "--out", out])
            .ended_with(0);
        sandbox
            .regulars(&[
                "rules",
                "--quiet",
                "--out",
                out,
                "--where",
                "segment is not null",
            ])
            .ended_with(0);
        sandbox
            .regulars(&["profile", "--quiet", "--out", out])
            .ended_with(0);
        sandbox
            .regulars(&["forget", "C0002", "--out", out])
            .ended_with(0);
        files.push(sandbox.results(out));
    }
    let count = "SELECT count(*), sum(amount) FROM interactions";
    let plain = query(&sandbox.path(&outs[1]), count);
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(sandbox.path(folder)).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    // The key of the forgotten lies among the settings of whoever has forgotten them.
    assert_eq!(names(".config"), ["regulars"]);
    assert_eq!(names(".config/regulars"), ["forget.key"]);
    let mut elsewhere = names("");
    elsewhere.retain(|name| name != ".config");
    assert_eq!(
        elsewhere.len(),
        6,
        "{elsewhere:?}: nothing was written elsewhere"
    );
    // The tests' own reader is not put to the test.
    fs::rename(sandbox.path(&outs[0]), sandbox.path("moved")).unwrap();
    assert_eq!(query(&sandbox.path("moved"), count), plain, "{name}");
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        files.keys().cloned().collect()
    };
    assert_eq!(names(&files[0]), names(&files[1]));
    for (file, bytes) in &files[0] {
        assert!(*bytes == files[1][file], "{name}: {file}");
    }
}

#[test]
fn marks_of_addresses_and_patterns() {
    works("a#b?c");
    works("100%41 * [x]");
}

#[test]
fn blanks_and_other_scripts() {
    works(" two  words; \u{5ba2}\u{6237} 'q' \"z\" \\ {a}~^`|<>");
}

#[test]
fn what_tables_cannot_be_kept_under_is_refused_before_anything_is_written() {
    let sandbox = shop_sandbox(10, 40);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    for out in ["line\nbreak", "tab\there/out"] {
        for command in ["run", "ingest", "features", "profile"] {
            sandbox
                .regulars(&[command, "--out", out])
                .ended_with(2)
                .says(&["has a control character", "hint: choose another folder"]);
        }
        sandbox
            .regulars(&["forget", "C0001", "--out", out])
            .ended_with(2);
        sandbox.regulars(&["demo", "--out", out]).ended_with(2);
        assert!(!sandbox.exists(out));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let bytes = std::ffi::OsStr::from_bytes(b"not-\xff-utf8");
        let ended = Command::new(env!("CARGO_BIN_EXE_regulars"))
            .args(["ingest", "--out"])
            .arg(bytes)
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains("is not UTF-8"), "{said}");
        assert!(!sandbox.path("").join(bytes).exists());
        // A link of a plain name does not help.
        let odd = sandbox.path("odd\nfolder");
        fs::create_dir(&odd).unwrap();
        std::os::unix::fs::symlink(&odd, sandbox.path("link")).unwrap();
        sandbox
            .regulars(&["ingest", "--out", "link"])
            .ended_with(2)
            .says(&["control character"]);
        assert_eq!(fs::read_dir(&odd).unwrap().count(), 0);
    }
}

#[test]
fn sources_and_settings_lie_anywhere_too() {
    let folder = "50%41 #1? [x] \u{5ba2}";
    let sandbox = Sandbox::new()
        .file(&format!("{folder}/lines.csv"), shop(30, 100))
        .file(&format!("{folder}/products.csv"), crate::util::PRODUCTS)
        .file(&format!("{folder}/regulars.toml"), SETTINGS);
    let settings = format!("{folder}/regulars.toml");
    sandbox
        .regulars(&["ingest", "--quiet", "-c", &settings])
        .ended_with(0);
    let found = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*) FROM interactions",
    );
    assert_eq!(found[0][0], (shop(30, 100).lines().count() - 1).to_string());
    sandbox
        .regulars_in(folder, &["ingest", "--quiet"])
        .ended_with(0);
    assert!(sandbox.exists(&format!("{folder}/regulars-out/manifest.json")));
}

#[cfg(unix)]
#[test]
fn a_source_whose_name_is_not_utf8_is_refused_with_its_name() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = shop_sandbox(10, 40);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\""),
    );
    sandbox.write("sales/1.csv", shop(10, 40));
    let odd = sandbox
        .path("sales")
        .join(std::ffi::OsStr::from_bytes(b"\xff.csv"));
    fs::write(odd, shop(11, 40)).unwrap();
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["is not UTF-8", "hint: rename it"]);
    assert!(!sandbox.exists("regulars-out/warehouse/interactions"));
}

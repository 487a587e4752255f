//! History that lies in an object store or on a web server.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use regulars::config::Settings;
use regulars::engine::Engine;
use regulars::sources::{self, Fetch, SourceFile};

use crate::lakes;
use crate::servers::{Response, Store, Web};
use crate::util::{PRODUCTS, Run, SETTINGS, Sandbox, shop, shop_sandbox};

/// Settings of the shop whose lines lie elsewhere.
fn settings(path: &str) -> String {
    SETTINGS.replace("\"lines.csv\"", &format!("\"{path}\""))
}

fn sandbox(path: &str) -> Sandbox {
    Sandbox::new()
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings(path))
}

/// Runs the binary on a store.
fn with_store(sandbox: &Sandbox, variables: &[(String, String)], arguments: &[&str]) -> Run {
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    sandbox.regulars_with(&variables, arguments)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// What the manifest knows of the store's objects.
fn inputs(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let manifest = sandbox.manifest("regulars-out");
    let inputs = manifest["stages"]["ingest"]["inputs"].as_array().unwrap();
    let remote = |input: &&serde_json::Value| input["path"].as_str().unwrap().contains("://");
    inputs.iter().filter(remote).cloned().collect()
}

/// The lines of the shop in two files.
fn halves() -> (String, String) {
    let lines = shop(60, 200);
    let (header, rows) = lines.split_once('\n').unwrap();
    let middle = rows[..rows.len() / 2].rfind('\n').unwrap();
    (
        format!("{header}\n{}\n", &rows[..middle]),
        format!("{header}\n{}", &rows[middle + 1..]),
    )
}

/// What `ingest` and `features` make of the same lines in a local file.
fn features_of_local_files() -> BTreeMap<String, Vec<u8>> {
    let local = shop_sandbox(60, 200);
    local.regulars(&["ingest", "--quiet"]).ended_with(0);
    local.regulars(&["features", "--quiet"]).ended_with(0);
    local.data_files("regulars-out")
}

#[test]
fn objects_are_read_as_files_are() {
    let Some(store) = Store::start("till", None) else {
        return;
    };
    let (first, second) = halves();
    store.put("till/sales/2023-01.csv.gz", gzip(&first));
    store.put("till/sales/2023-02.csv", second);
    store.put("till/sales/2022-12.csv", "other,columns\n1,2\n");
    store.put("till/sales/_SUCCESS", "");
    let expected = features_of_local_files();
    // A glob, and a list of a name and a glob.
    for path in [
        "s3://till/sales/2023-*.csv*",
        "s3://till/sales/2023-01.csv.gz\", \"s3://till/**/2023-02.*",
    ] {
        let written = match path.contains('"') {
            true => settings(path).replace(&format!("\"{path}\""), &format!("[\"{path}\"]")),
            false => settings(path),
        };
        let sandbox = Sandbox::new()
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", written);
        for stage in ["ingest", "features"] {
            with_store(&sandbox, &store.variables(), &[stage, "--quiet"]).ended_with(0);
        }
        assert!(sandbox.data_files("regulars-out") == expected, "{path}");
        let inputs = inputs(&sandbox);
        assert_eq!(inputs[0]["path"], "s3://till/sales/2023-01.csv.gz");
        assert!(inputs[0]["etag"].is_string(), "{inputs:?}");
        let recorded = sandbox.read("regulars-out/manifest.json");
        assert!(!recorded.contains("open-sesame") && !recorded.contains("AKIDEXAMPLE"));
        assert!(!sandbox.exists("regulars-out/.spill"), "the spool is gone");
    }
}

#[test]
fn a_prefix_that_ends_in_a_slash_means_every_object_below() {
    let Some(store) = Store::start("till", None) else {
        return;
    };
    let (first, second) = halves();
    store.put("till/sales/year=2023/b.csv", second);
    store.put("till/sales/year=2023/_SUCCESS", "");
    store.put("till/sales/.staging/x.csv", "half a fi");
    store.put("till/sales/a%20b.csv", first);
    store.put("till/sales-of-others/x.csv", "other,columns\n1,2\n");
    let sandbox = sandbox("s3://till/sales/");
    with_store(&sandbox, &store.variables(), &["ingest", "--quiet"]).ended_with(0);
    let inputs = inputs(&sandbox);
    assert_eq!(inputs[0]["path"], "s3://till/sales/a b.csv");
    assert_eq!(inputs[1]["path"], "s3://till/sales/year=2023/b.csv");
}

/// Puts every file of a folder into the store.
fn put_folder(store: &Store, sandbox: &Sandbox, folder: &str, bucket: &str) {
    for entry in std::fs::read_dir(sandbox.path(folder)).unwrap().flatten() {
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => put_folder(store, sandbox, &name, bucket),
            false => store.put(
                &format!("{bucket}/{}", name.replace(' ', "%20")),
                std::fs::read(entry.path()).unwrap(),
            ),
        }
    }
}

#[test]
fn a_delta_table_in_a_store_is_read_as_it_is_now_however_its_url_is_written() {
    let Some(store) = Store::start("till", None) else {
        return;
    };
    let sandbox = Sandbox::new();
    lakes::part(
        &sandbox,
        "lake/sales/1.parquet",
        &[("A", "2024-01-05", 5.0), ("GONE", "2024-01-06", 5.0)],
    );
    lakes::part(
        &sandbox,
        "lake/sales/day=2 3/2.parquet",
        &[("B", "2024-02-05", 5.0)],
    );
    let first = lakes::add(&sandbox, "lake/sales", "1.parquet")
        + &lakes::add(&sandbox, "lake/sales", "day=2 3/2.parquet").replace("day=2 3", "day=2%203");
    lakes::commit(&sandbox, "lake/sales", 0, &first);
    put_folder(&store, &sandbox, "lake", "till");
    sandbox.write(
        "regulars.toml",
        lakes::settings("\"s3://till/lake/sales/\""),
    );
    let ingest = |arguments: &[&str]| {
        let all = [&["ingest", "--quiet"], arguments].concat();
        with_store(&sandbox, &store.variables(), &all)
    };
    ingest(&[]).ended_with(0);
    assert_eq!(lakes::holding(&sandbox), ["3", "15.0000", "1"]);
    let recorded = inputs(&sandbox);
    assert_eq!(recorded[0]["path"], "s3://till/lake/sales");
    lakes::part(
        &sandbox,
        "lake/sales/3.parquet",
        &[("A", "2024-01-05", 7.0)],
    );
    let then = lakes::add(&sandbox, "lake/sales", "3.parquet") + &lakes::remove("1.parquet");
    lakes::commit(&sandbox, "lake/sales", 1, &then);
    put_folder(&store, &sandbox, "lake", "till");
    ingest(&[]).ended_with(0);
    assert_eq!(lakes::holding(&sandbox), ["2", "12.0000", "0"]);
    ingest(&[]).ended_with(0);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(metrics["files_read"], 0, "nothing has changed");
    assert!(!sandbox.exists("regulars-out/.spill"), "the spool is gone");
    // Settings that make the file be read again find it unchanged, and fetch it all the same.
    let other = lakes::settings("\"s3://till/lake/sales\"").replace(
        "[sources.columns]",
        "timezone = \"Asia/Tokyo\"\n[sources.columns]",
    );
    sandbox.write("regulars.toml", other);
    ingest(&[]).ended_with(0);
    assert_eq!(lakes::holding(&sandbox), ["2", "12.0000", "0"]);
    for url in [
        "s3://till/lake/sales",
        "s3://till/lake/",
        "s3://till/lake/*",
        "s3://till/lake/sales/*.parquet",
        "s3://till/lake/**/*.parquet",
        "s3://till/lake/sales/day=2*/*.parquet",
        "s3://till/lake/sales/1.parquet",
    ] {
        sandbox.write("regulars.toml", lakes::settings(&format!("\"{url}\"")));
        ingest(&["--rebuild"]).ended_with(0);
        assert_eq!(lakes::holding(&sandbox), ["2", "12.0000", "0"], "{url}");
    }
}

#[test]
fn tables_in_a_store_whose_log_is_not_read_are_refused() {
    let Some(store) = Store::start("till", None) else {
        return;
    };
    let files = Sandbox::new();
    lakes::part(&files, "part.parquet", &[("A", "2024-01-05", 5.0)]);
    let part = std::fs::read(files.path("part.parquet")).unwrap();
    for key in [
        "ice/data/1.parquet",
        "hudi/1.parquet",
        "broken/1.parquet",
        "short/1.parquet",
    ] {
        store.put(&format!("till/{key}"), &part);
    }
    store.put("till/ice/metadata/v1.metadata.json", "{}");
    store.put("till/hudi/.hoodie/hoodie.properties", "");
    store.put("till/broken/_delta_log/00000000000000000000.json", "no log");
    let lost = Sandbox::new();
    lakes::part(&lost, "short/2.parquet", &[("A", "2024-01-05", 5.0)]);
    let gone = lakes::add(&lost, "short", "2.parquet");
    lakes::commit(&lost, "short", 0, &gone);
    put_folder(&store, &lost, "short/_delta_log", "till");
    for (url, code, words) in [
        ("s3://till/ice/", 2, "s3://till/ice is an Iceberg table"),
        ("s3://till/ice", 2, "s3://till/ice is an Iceberg table"),
        (
            "s3://till/ice/data/*.parquet",
            2,
            "s3://till/ice is an Iceberg table",
        ),
        (
            "s3://till/ice/data/1.parquet",
            2,
            "s3://till/ice is an Iceberg table",
        ),
        (
            "s3://till/hudi/*.parquet",
            2,
            "s3://till/hudi is a Hudi table",
        ),
        (
            "s3://till/broken/",
            3,
            "reading the Delta table s3://till/broken",
        ),
        (
            "s3://till/short",
            2,
            "there is no object s3://till/short/2.parquet",
        ),
    ] {
        let sandbox = Sandbox::new().file("regulars.toml", lakes::settings(&format!("\"{url}\"")));
        with_store(&sandbox, &store.variables(), &["ingest"])
            .ended_with(code)
            .says(&[words]);
    }
}

#[test]
fn what_a_store_lacks_is_said_with_the_nearest_name() {
    let Some(store) = Store::start("till", None) else {
        return;
    };
    store.put("till/sales/lines.csv", shop(5, 30));
    for (path, words) in [
        (
            "s3://till/sales/line.csv",
            [
                "there is no object s3://till/sales/line.csv",
                "did you mean `lines.csv`?",
            ],
        ),
        (
            "s3://till/sales/2023-*.csv",
            [
                "there is no object s3://till/sales/2023-*.csv",
                "case-sensitive",
            ],
        ),
        (
            "s3://tills/sales/lines.csv",
            ["there is no bucket s3://tills", "hint: "],
        ),
        (
            "s3://till/**x/lines.csv",
            ["is no glob", "regulars.toml:9:"],
        ),
    ] {
        let sandbox = sandbox(path);
        let run = with_store(&sandbox, &store.variables(), &["run"]).ended_with(2);
        run.says(&words)
            .says(&["regulars.toml:9: source 1 (interactions) path: "]);
        assert!(
            !sandbox.exists("regulars-out/manifest.json"),
            "nothing was written"
        );
    }
}

#[test]
fn who_is_not_let_in_learns_which_variables_to_set() {
    let Some(store) = Store::start("till", Some(1)) else {
        return;
    };
    let sandbox = sandbox("s3://till/sales/lines.csv");
    let run = with_store(&sandbox, &store.variables(), &["run"]).ended_with(4);
    let run = run.says(&[
        "s3://till/sales/lines.csv: access denied",
        "AWS_SECRET_ACCESS_KEY",
    ]);
    for secret in ["open-sesame", "AKIDEXAMPLE"] {
        assert!(!run.stderr.contains(secret), "{}", run.stderr);
    }
}

#[test]
fn a_store_that_is_not_there_is_given_up() {
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "open-sesame"),
    ];
    let sandbox = sandbox("s3://till/sales/*.csv");
    let run = sandbox.regulars_with(&variables, &["run"]).ended_with(4);
    run.says(&["s3://till/sales/*.csv: ", "refused", "AWS_ENDPOINT_URL"]);
}

#[test]
fn a_web_address_is_read_with_its_secrets_and_recorded_without_them() {
    let web = Web::start(|request, _| {
        let known = request
            .head
            .contains(&"authorization: basic yw5uonnlc2ftzq==".to_owned());
        match request.path.as_str() {
            "/till%20data/lines.csv?sig=abc%2Fdef" if known => {
                Response::of("200 OK", "ETag: \"1\"\r\n", shop(60, 200))
            }
            _ => Response::of("401 Unauthorized", "", "<html>Who are you?</html>"),
        }
    });
    let host = format!("127.0.0.1:{}", web.port);
    let signed = sandbox(&format!(
        "http://ann:sesame@{host}/till%20data/lines.csv?sig=abc%2Fdef"
    ));
    for stage in ["ingest", "features"] {
        signed.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    assert!(signed.data_files("regulars-out") == features_of_local_files());
    let recorded = signed.read("regulars-out/manifest.json");
    assert!(
        recorded.contains(&format!("\"http://{host}/till%20data/lines.csv\"")),
        "{recorded}"
    );
    assert!(
        !recorded.contains("sesame") && !recorded.contains("sig="),
        "{recorded}"
    );

    let wrong = sandbox(&format!(
        "http://ann:guess@{host}/till%20data/lines.csv?sig=abc"
    ));
    let run = wrong.regulars(&["run"]).ended_with(4);
    let run = run.says(&["access denied", "401 Unauthorized"]);
    assert!(
        !run.stderr.contains("guess") && !run.stderr.contains("sig="),
        "{}",
        run.stderr
    );
}

#[test]
fn a_web_server_that_hiccups_is_asked_again_and_half_a_file_is_none() {
    let web = Web::start(|request, before| match request.path.as_str() {
        "/lines.csv" if before == 1 => Response::of("503 Service Unavailable", "", ""),
        "/lines.csv" => Response::of("200 OK", "", shop(60, 200)),
        "/half.csv" => Response {
            sent: 1000,
            ..Response::of("200 OK", "", shop(60, 200))
        },
        _ => Response::of("404 Not Found", "", "nothing here"),
    });
    let at = |name: &str| sandbox(&format!("http://127.0.0.1:{}/{name}", web.port));
    at("lines.csv")
        .regulars(&["ingest", "--quiet"])
        .ended_with(0);
    at("half.csv")
        .regulars(&["run"])
        .ended_with(4)
        .says(&["/half.csv: ", "hint: "]);
    at("none.csv")
        .regulars(&["run"])
        .ended_with(2)
        .says(&["there is no object http://127.0.0.1"]);
}

#[test]
fn keys_have_no_place_in_the_settings() {
    for path in [
        "s3://id:sesame@till/x.csv",
        "az://till/x.csv?sv=1&sig=sesame",
    ] {
        let run = sandbox(path).regulars(&["run"]).ended_with(2);
        let run = run.says(&[
            "regulars.toml:9:",
            "do not belong in the settings",
            "hint: set A",
        ]);
        assert!(!run.stderr.contains("sesame"), "{}", run.stderr);
    }
    sandbox("ftp://till/x.csv")
        .regulars(&["run"])
        .ended_with(2)
        .says(&["known: s3://"]);
}

/// The files of the first source, as a load would find them after an earlier one.
fn files(path: &str, spool: &std::path::Path, earlier: &[SourceFile]) -> Vec<SourceFile> {
    let settings = Settings::from_text(
        settings(path),
        PathBuf::from("regulars.toml"),
        PathBuf::new(),
    );
    let settings = settings.unwrap();
    let engine = Engine::new(spool, 1, 64 << 20).unwrap();
    let earlier: BTreeMap<PathBuf, SourceFile> = earlier
        .iter()
        .map(|file| (file.path.clone(), file.clone()))
        .collect();
    let fetch = Fetch {
        engine: &engine,
        spool: &spool.join("spool"),
        earlier: &earlier,
    };
    let mut found = sources::files(&settings, 0, &settings.config.sources[0], &fetch).unwrap();
    for file in &mut found {
        let before = file.sha256.clone();
        if file.local.is_none() {
            sources::remote::fetch(file, &fetch).unwrap();
            assert_eq!(
                file.sha256, before,
                "what is fetched later is what was known"
            );
            assert!(file.bytes().is_file());
            file.local = None;
        }
    }
    found
}

#[test]
fn an_unchanged_object_is_not_downloaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::start(|request, before| {
        // The file changes after the third request.
        let etag = if before <= 3 { "\"1\"" } else { "\"2\"" };
        if request.head.contains(&format!("if-none-match: {etag}")) {
            return Response::of("304 Not Modified", &format!("ETag: {etag}\r\n"), "");
        }
        Response::of("200 OK", &format!("ETag: {etag}\r\n"), "customer,when\n")
    });
    let url = format!("http://127.0.0.1:{}/lines.csv", web.port);
    let first = files(&url, folder.path(), &[]);
    assert!(first[0].local.is_some());
    assert_eq!(first[0].etag.as_deref(), Some("\"1\""));
    let second = files(&url, folder.path(), &first); // asks, then fetches it after all
    assert!(second[0].local.is_none());
    assert_eq!(web.requests().len(), 3);
    let third = files(&url, folder.path(), &second);
    assert!(third[0].local.is_some(), "it has changed");
    assert_eq!(third[0].etag.as_deref(), Some("\"2\""));
}

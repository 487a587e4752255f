//! Every way in which history may be written: formats, compression, encodings, numbers, times,
//! folders; and what becomes of files that are broken.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::util::{Run, Sandbox, columns};

/// Settings of one source of interactions; `more` stands before its columns.
fn settings(path: &str, more: &str) -> String {
    format!(
        "[project]\ntimezone = \"Europe/Berlin\"\n[ingest]\nmax_reject_share = 0.9\n\
         [[sources]]\ntable = \"interactions\"\npath = {path:?}\n{more}\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"when\"\nkind = {{ constant = \"purchase\" }}\n\
         product_id = \"product\"\namount = \"paid\"\n"
    )
}

/// A folder with one file and the settings that read it.
fn with_file(name: &str, bytes: impl AsRef<[u8]>, more: &str) -> Sandbox {
    Sandbox::new()
        .file(name, bytes)
        .file("regulars.toml", settings(name, more))
}

fn ingest(sandbox: &Sandbox) -> Run {
    sandbox.regulars(&["ingest", "--quiet"])
}

/// Customer, moment, product and amount of every row in the warehouse, sorted.
fn loaded(sandbox: &Sandbox) -> Vec<String> {
    let mut rows = Vec::new();
    let mut folders = vec![sandbox.path("regulars-out/warehouse/interactions")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                rows.extend(rows_of(&path));
            }
        }
    }
    rows.sort();
    rows
}

fn rows_of(path: &Path) -> Vec<String> {
    let file = fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let columns: Vec<ArrayFormatter<'_>> =
            ["customer_id", "occurred_at", "product_id", "amount"]
                .iter()
                .filter_map(|name| batch.column_by_name(name))
                .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
                .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
            rows.push(cells.join(" "));
        }
    }
    rows
}

fn rejects(sandbox: &Sandbox) -> Vec<(String, String)> {
    let table = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    let lines = table["line"].iter().cloned();
    lines.zip(table["reason"].iter().cloned()).collect()
}

const CSV: &str = "customer,when,product,paid\n\
    007,2023-03-01 10:00,\"cheese, \"\"old\"\"\",1.50\n\
    8,2023-03-01 10:00:05,milk,-2\n\
    9,2023-07-01T10:00:00,bread,0.3333\n";

/// What all of these files say: local times are an hour, in summer two, ahead of UTC.
const ROWS: [&str; 3] = [
    "007 2023-03-01T09:00:00Z cheese, \"old\" 1.5000",
    "8 2023-03-01T09:00:05Z milk -2.0000",
    "9 2023-07-01T08:00:00Z bread 0.3333",
];

#[track_caller]
fn says_the_same(name: &str, bytes: impl AsRef<[u8]>, more: &str) {
    let sandbox = with_file(name, bytes, more);
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), ROWS, "{name} with {more}");
}

/// Packs bytes.
type Pack = fn(&[u8]) -> Vec<u8>;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 3);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

const JSON_LINES: &str = r#"{"customer": "007", "when": "2023-03-01 10:00", "product": "cheese, \"old\"", "paid": 1.5}
{"customer": "8", "when": "2023-03-01 10:00:05", "product": "milk", "paid": -2, "more": {"till": 3}}

{"paid": 0.3333, "customer": "9", "product": "bread", "when": "2023-07-01T10:00:00", "tags": ["a"]}
"#;

#[test]
fn text_with_any_delimiter_quote_header_and_comment_says_the_same() {
    says_the_same("a.csv", CSV, "");
    says_the_same("a.csv", CSV.replace('\n', "\r\n"), "");
    says_the_same("a.csv", CSV.replace('\n', "\r"), "");
    says_the_same("a.csv", CSV.trim_end(), "");
    let semicolons = "customer;when;product;paid\n007;2023-03-01 10:00;'cheese, \"old\"';1.50\n\
        8;2023-03-01 10:00:05;milk;-2\n9;2023-07-01T10:00:00;bread;0.3333\n";
    says_the_same("a.csv", semicolons, "quote = \"'\"");
    says_the_same("a.csv", semicolons, "quote = \"'\"\ndelimiter = \";\"");
    says_the_same("a.csv", format!("sep=;\r\n{semicolons}"), "quote = \"'\"");
    let unquoted = semicolons.replace('\'', "");
    says_the_same("a.txt", unquoted.replace(';', "|"), "quote = \"\"");
    says_the_same("a.tsv", unquoted.replace(';', "\t"), "quote = \"\"");
    says_the_same(
        "a.dat",
        unquoted.replace(';', "\t"),
        "quote = \"\"\nformat = \"tsv\"",
    );

    let bare = CSV.split_once('\n').unwrap().1;
    let names = "header = false\ncolumn_names = [\"customer\", \"when\", \"product\", \"paid\"]";
    says_the_same("a.csv", bare, names);
    let commented = format!(
        "Till 3, \"exported\n\n# by \"hand\n{}",
        CSV.replace("8,", "# a,\"b\n8,")
    );
    says_the_same("a.csv", commented, "skip_lines = 1\ncomment = \"#\"");
    let numbered = settings("a.csv", "header = false")
        .replace("\"customer\"", "\"column_1\"")
        .replace("\"when\"", "\"column_2\"")
        .replace("\"product\"", "\"column_3\"")
        .replace("\"paid\"", "\"column_4\"");
    let sandbox = Sandbox::new()
        .file("a.csv", bare)
        .file("regulars.toml", numbered);
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), ROWS);
}

#[test]
fn fixed_width_text_says_the_same() {
    let text = "Export of 2023-07-02\n007 2023-03-01 10:00   cheese, \"old\"   1.50\n\
        8   2023-03-01 10:00:05milk              -2\n9   2023-07-01T10:00:00bread         0.3333\n";
    says_the_same(
        "a.txt",
        text,
        "format = \"fixed_width\"\nskip_lines = 1\nfields = [{ name = \"customer\", start = 1, width = 4 }, \
         { name = \"when\", start = 5, width = 19 }, { name = \"product\", start = 24, width = 14 }, \
         { name = \"paid\", start = 38, width = 9 }]",
    );
}

#[test]
fn json_says_the_same_as_lines_and_as_an_array() {
    says_the_same("a.jsonl", JSON_LINES, "");
    says_the_same("export", JSON_LINES, "");
    let objects: Vec<&str> = JSON_LINES.lines().filter(|line| !line.is_empty()).collect();
    says_the_same("a.json", format!("[\n{}\n]\n", objects.join(",\n  ")), "");
    says_the_same(
        "a.json.gz",
        gzip(format!("[{}]", objects.join(",")).as_bytes()),
        "",
    );
}

#[test]
fn compression_is_known_by_the_first_bytes_and_may_come_in_parts() {
    let (start, end) = CSV.as_bytes().split_at(50);
    let packs: [(&str, Pack); 4] = [("gz", gzip), ("zst", zstd), ("bz2", bzip2), ("xz", xz)];
    for (ending, pack) in packs {
        says_the_same(&format!("a.csv.{ending}"), pack(CSV.as_bytes()), "");
        says_the_same("a.csv", pack(CSV.as_bytes()), "");
        says_the_same("a", pack(CSV.as_bytes()), "");
        says_the_same("a.csv", [pack(start), pack(end)].concat(), "");
    }
    says_the_same("a.jsonl.xz", xz(JSON_LINES.as_bytes()), "");
}

/// The rows with types.
fn typed() -> RecordBatch {
    let moment = |text: &str| {
        chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
            .unwrap()
            .and_utc()
            .timestamp_micros()
    };
    let schema = Schema::new(vec![
        Field::new("customer", DataType::Utf8, false),
        Field::new(
            "when",
            DataType::Timestamp(TimeUnit::Microsecond, None),
            true,
        ),
        Field::new("product", DataType::Utf8, true),
        Field::new("paid", DataType::Float64, true),
    ]);
    let when = [
        "2023-03-01 10:00:00",
        "2023-03-01 10:00:05",
        "2023-07-01 10:00:00",
    ];
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(StringArray::from(vec!["007", "8", "9"])),
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                when.map(moment),
            )),
            Arc::new(StringArray::from(vec!["cheese, \"old\"", "milk", "bread"])),
            Arc::new(Float64Array::from(vec![1.5, -2.0, 0.3333])),
        ],
    )
    .unwrap()
}

fn parquet(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
        writer.flush().unwrap(); // a row group each
    }
    writer.into_inner().unwrap()
}

fn arrow_file(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch.slice(0, 1)).unwrap();
    writer.write(&batch.slice(1, 2)).unwrap();
    writer.into_inner().unwrap()
}

fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn files_with_types_say_the_same() {
    let rows = typed();
    let groups = [rows.slice(0, 2), rows.slice(2, 1)];
    says_the_same("a.parquet", parquet(&groups), "");
    says_the_same("export", parquet(&groups), "");
    says_the_same("a.arrow", arrow_file(&rows, None), "");
    says_the_same(
        "a.feather",
        arrow_file(&rows, Some(CompressionType::ZSTD)),
        "",
    );
    says_the_same(
        "a.feather",
        arrow_file(&rows, Some(CompressionType::LZ4_FRAME)),
        "",
    );
    says_the_same("a.arrows", arrow_stream(&rows), "");
    says_the_same("export", arrow_stream(&rows), "");
}

/// A workbook with a sheet of notes and a sheet of sales, as spreadsheets write them: dates are
/// numbers with a style.
pub fn workbook() -> Vec<u8> {
    let sheet = |rows: &str| {
        format!(
            "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
             <sheetData>{rows}</sheetData></worksheet>"
        )
    };
    let text = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let mut sales = String::from("<row r=\"2\">");
    for (place, name) in [
        ("A2", "customer"),
        ("B2", "when"),
        ("C2", "product"),
        ("D2", "paid"),
    ] {
        sales += &text(place, name);
    }
    sales += "</row>";
    // Days since 1899-12-30, and the part of the day.
    let rows = [
        (3, "007", 44986.0 + 10.0 / 24.0, "cheese, \"old\"", "1.5"),
        (4, "8", 44986.0 + 36_005.0 / 86_400.0, "milk", "-2"),
        (6, "9", 45108.0 + 10.0 / 24.0, "bread", "0.3333"),
    ];
    for (row, customer, when, product, paid) in rows {
        sales += &format!(
            "<row r=\"{row}\">{}<c r=\"B{row}\" s=\"1\"><v>{when}</v></c>{}<c r=\"D{row}\"><v>{paid}</v></c></row>",
            text(&format!("A{row}"), customer),
            text(&format!("C{row}"), product),
        );
    }
    sales += &format!(
        "<row r=\"7\">{}<c r=\"B7\" s=\"1\"><v>45108</v></c>{}<c r=\"D7\" t=\"e\"><v>#N/A</v></c></row>",
        text("A7", "10"),
        text("C7", "tea"),
    );
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let offices = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006";
    archive(&[
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{packages}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{packages}/relationships\"><Relationship Id=\"rId1\" Type=\"{offices}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{offices}\"><sheets><sheet name=\"Notes\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Sales\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{packages}/relationships\"><Relationship Id=\"rId1\" Type=\"{offices}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"{offices}/worksheet\" Target=\"worksheets/sheet2.xml\"/><Relationship Id=\"rId3\" Type=\"{offices}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            sheet(&format!("<row r=\"1\">{}</row>", text("A1", "about"))),
        ),
        ("xl/worksheets/sheet2.xml", sheet(&sales)),
    ])
}

/// A ZIP archive whose files are stored as they are.
pub fn archive(files: &[(&str, String)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let mut about = Vec::new();
        about.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x56]); // version, flags, stored, a date
        about.extend(crc.sum().to_le_bytes());
        about.extend((text.len() as u32).to_le_bytes());
        about.extend((text.len() as u32).to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        about.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&about);
        bytes.extend(name.as_bytes());
        bytes.extend(text.as_bytes());
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend((files.len() as u16).to_le_bytes());
    bytes.extend((files.len() as u16).to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn a_spreadsheet_says_the_same_and_its_errors_are_rejects() {
    let sandbox = with_file("a.xlsx", workbook(), "sheet = \"Sales\"");
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), ROWS);
    let reason = "has an error in column `paid`".to_owned();
    assert_eq!(rejects(&sandbox), [("7".to_owned(), reason)]);

    let sandbox = with_file("a.xlsx", workbook(), "sheet = \"Sale\"");
    ingest(&sandbox)
        .ended_with(2)
        .says(&["there is no sheet `Sale`", "did you mean `Sales`?"]);
    let sandbox = with_file("a.xlsx", &workbook()[..1000], "");
    ingest(&sandbox)
        .ended_with(3)
        .says(&["a.xlsx: this is no whole spreadsheet", "hint: "]);
}

fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

/// As a Chinese spreadsheet writes it: GBK, CRLF.
const CHINESE: &str = "customer,when,product,paid\r\n张伟,2023/3/1 10:00,\"苹果, 红\",1.50\r\n\
    王芳,2023/3/1 10:05,面包和黄油,2\r\n";

#[test]
fn a_gbk_csv_of_a_chinese_spreadsheet_is_read_and_without_a_setting_says_what_to_set() {
    let gbk = encoded(CHINESE, encoding_rs::GBK);
    let expected = [
        "张伟 2023-03-01T09:00:00Z 苹果, 红 1.5000",
        "王芳 2023-03-01T09:05:00Z 面包和黄油 2.0000",
    ];
    let format = "time_format = \"%Y/%m/%d %H:%M\"";
    for name in ["gbk", "GB18030", "cp936"] {
        let more = format!("{format}\nencoding = \"{name}\"");
        let sandbox = with_file("a.csv", &gbk, &more);
        ingest(&sandbox).ended_with(0);
        assert_eq!(loaded(&sandbox), expected);
    }
    let sandbox = with_file("a.csv", &gbk, format);
    ingest(&sandbox).ended_with(3).says(&[
        "not UTF-8 text; it looks like gb18030: set encoding = \"gb18030\"",
        "nothing was loaded",
    ]);
    let header = CHINESE.replace("customer", "客户编号");
    let sandbox = with_file("a.csv", encoded(&header, encoding_rs::GBK), format);
    ingest(&sandbox).ended_with(3).says(&[
        "a.csv:1: the header is not UTF-8",
        "it looks like gb18030: add encoding = \"gb18030\"",
    ]);
    let sandbox = with_file("a.csv", &gbk, "encoding = \"gbkk\"");
    ingest(&sandbox).ended_with(2).says(&[
        "regulars.toml:8:",
        "there is no encoding \"gbkk\"; did you mean \"gbk\"?",
    ]);
}

#[test]
fn text_in_other_encodings_is_read_packed_or_not() {
    let utf16: Vec<u8> = CSV.encode_utf16().flat_map(u16::to_le_bytes).collect();
    says_the_same("a.csv", [b"\xff\xfe".as_slice(), &utf16].concat(), "");
    says_the_same("a.csv", &utf16, "encoding = \"utf-16le\"");
    says_the_same(
        "a.csv.gz",
        gzip(&[b"\xff\xfe".as_slice(), &utf16].concat()),
        "",
    );
    says_the_same("a.csv", format!("\u{feff}{CSV}"), "");
    says_the_same("a.jsonl", format!("\u{feff}{JSON_LINES}"), "");
    let sandbox = with_file("a.csv", &utf16, "");
    ingest(&sandbox)
        .ended_with(3)
        .says(&["it looks like utf-16le: add encoding = \"utf-16le\""]);

    for (encoding, product) in [
        (encoding_rs::WINDOWS_1252, "Käse für 5 €"),
        (encoding_rs::BIG5, "蘋果汁"),
        (encoding_rs::SHIFT_JIS, "りんごジュース"),
    ] {
        let text = CSV.replace("bread", product);
        let more = format!("encoding = \"{}\"", encoding.name());
        let sandbox = with_file("a.csv.zst", zstd(&encoded(&text, encoding)), &more);
        ingest(&sandbox).ended_with(0);
        assert!(loaded(&sandbox)[2].contains(product), "{product}");
    }
}

#[test]
fn bytes_that_the_encoding_does_not_know_cost_one_row() {
    let mut bytes = encoded(CHINESE, encoding_rs::GBK);
    bytes.extend(b"\xff\xff,2023/3/1 10:06,x,1\r\nB,2023/3/1 10:07,y,1\r\n");
    let more = "time_format = \"%Y/%m/%d %H:%M\"\nencoding = \"gbk\"";
    let sandbox = with_file("a.csv", bytes, more);
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox).len(), 3);
    assert_eq!(
        rejects(&sandbox),
        [("4".to_owned(), "is not gbk text".to_owned())]
    );
}

#[test]
fn numbers_and_times_of_another_country() {
    let text = "customer;when;product;paid\n1;01.03.2023 10:00;a;1.234,50 €\n2;01.03.2023;b;EUR -0,5\n\
        3;2023-03-01T10:00:00Z;c;(1.000)\n4;29.02.2023;d;1\n5;01.03.2023;e;1.5\n6;01.03.2023;f;5 %\n";
    let more = "decimal = \",\"\nthousands = \".\"\ntime_format = [\"%d.%m.%Y %H:%M\", \"%d.%m.%Y\", \"iso\"]";
    let sandbox = with_file("a.csv", text, more);
    ingest(&sandbox).ended_with(0);
    assert_eq!(
        loaded(&sandbox),
        [
            "1 2023-03-01T09:00:00Z a 1234.5000",
            "2 2023-02-28T23:00:00Z b -0.5000",
            "3 2023-03-01T10:00:00Z c -1000.0000",
        ]
    );
    let rejects = rejects(&sandbox);
    let reasons: Vec<&str> = rejects.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "is no time written as %d.%m.%Y %H:%M or %d.%m.%Y or iso",
            "is no number; its marks stand where no thousands or decimals begin",
            "is a percentage and no amount",
        ]
    );
}

#[test]
fn seconds_since_1970_as_text_and_as_numbers() {
    let text = "customer,when,product,paid\n1,1677661200,a,1\n";
    let expected = ["1 2023-03-01T09:00:00Z a 1.0000"];
    let sandbox = with_file("a.csv", text, "time_format = \"unix\"");
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), expected);
    let line = "{\"customer\": 1, \"when\": 1677661200000, \"product\": \"a\", \"paid\": 1}\n";
    let sandbox = with_file("a.jsonl", line, "time_format = \"unix_ms\"");
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), expected);
}

#[test]
fn ids_of_text_are_whole_numbers_where_the_settings_say_so() {
    let text =
        "customer,when,product,paid\n007,2023-03-01,a,1\n12.0,2023-03-01,b,1\nx7,2023-03-01,c,1\n";
    let typed = settings("a.csv", "").replace(
        "customer_id = \"customer\"",
        "customer_id = { column = \"customer\", type = \"integer\" }",
    );
    let sandbox = Sandbox::new()
        .file("a.csv", text)
        .file("regulars.toml", &typed);
    ingest(&sandbox).ended_with(0);
    assert_eq!(
        loaded(&sandbox),
        [
            "12 2023-02-28T23:00:00Z b 1.0000",
            "7 2023-02-28T23:00:00Z a 1.0000",
        ]
    );
    assert_eq!(
        rejects(&sandbox),
        [("4".to_owned(), "is no whole number".to_owned())]
    );

    let sandbox = Sandbox::new()
        .file("a.csv", text)
        .file("regulars.toml", typed.replace("\"integer\"", "\"intger\""));
    ingest(&sandbox)
        .ended_with(2)
        .says(&["did you mean `integer`?"]);
}

#[test]
fn a_folder_is_every_file_below_it_and_folders_with_values_are_columns() {
    let sandbox = Sandbox::new()
        .file(
            "sales/year=2022/b.csv",
            "customer,day,product,paid\n2,01-05,x,1\n",
        )
        .file(
            "sales/year=2023/a.csv.gz",
            gzip(b"customer,day,product,paid\n1,01-05,x,1\n2,01-05,x,1\n"),
        )
        .file("sales/_SUCCESS", "")
        .file("sales/.a.csv.swp", "no")
        .file("sales/_started/0.json", "{}")
        .file("sales/readme.md", "notes")
        .file(
            "regulars.toml",
            settings("sales/", "").replace("\"when\"", "{ sql = \"concat(year, '-', day)\" }"),
        );
    ingest(&sandbox).ended_with(0);
    let expected = [
        "1 2023-01-04T23:00:00Z x 1.0000",
        "2 2022-01-04T23:00:00Z x 1.0000",
        "2 2023-01-04T23:00:00Z x 1.0000",
    ];
    assert_eq!(loaded(&sandbox), expected);

    let text = sandbox
        .read("regulars.toml")
        .replace("\"sales/\"", "[\"sales/**/*.csv*\", \"sales\"]");
    let again = sandbox.file("regulars.toml", text);
    fs::remove_dir_all(again.path("regulars-out")).unwrap();
    ingest(&again).ended_with(0);
    assert_eq!(
        loaded(&again),
        expected,
        "a file that two paths name is read once"
    );
}

#[test]
fn files_outside_the_allowed_folders_are_refused() {
    let rooted = |path: &str| settings(path, "").replace("[ingest]", "[ingest]\nroots = [\"in\"]");
    let sandbox = Sandbox::new()
        .file("in/a.csv", CSV)
        .file("out/b.csv", CSV)
        .file("regulars.toml", rooted("in/a.csv"));
    ingest(&sandbox).ended_with(0);
    sandbox.write("regulars.toml", rooted("in/../out/b.csv"));
    ingest(&sandbox)
        .ended_with(2)
        .says(&["lies outside the allowed folders", "roots under [ingest]"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../out/b.csv", sandbox.path("in/link.csv")).unwrap();
        sandbox.write("regulars.toml", rooted("in/*.csv"));
        ingest(&sandbox)
            .ended_with(2)
            .says(&["lies outside the allowed folders"]);
    }
    sandbox.write(
        "regulars.toml",
        rooted("in/a.csv").replace("[\"in\"]", "[\"inn\"]"),
    );
    ingest(&sandbox)
        .ended_with(2)
        .says(&["[ingest] roots", "cannot be opened"]);
}

#[test]
fn broken_records_are_rejects_with_their_lines() {
    let text = "customer,when,product,paid\n\
        1,2023-03-01,a,1\n\
        2,2023-03-01,\"two\nlines\",1\n\
        3,2023-03-01,\"never closed,1\n\
        4,2023-03-01,nul\0,1\n\
        5,2023-03-01\n\
        6,2023-03-01,f,1,more\n\
        7,2023-03-01,5\" pipe,1\n\
        8,2023-03-0";
    let sandbox = with_file("a.csv", text, "");
    ingest(&sandbox).ended_with(0);
    let customers: Vec<String> = loaded(&sandbox)
        .iter()
        .map(|row| row.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(customers, ["1", "2", "7"]);
    let expected = [
        ("5", "has a quote that is never closed"),
        ("6", "holds a NUL byte"),
        ("7", "2 fields where the header has 4"),
        ("8", "5 fields where the header has 4"),
        ("10", "2 fields where the header has 4"),
    ];
    let expected = expected.map(|(line, reason)| (line.to_owned(), reason.to_owned()));
    assert_eq!(rejects(&sandbox), expected);
}

#[test]
fn a_line_without_end_is_a_reject_and_memory_stays_bounded() {
    let mut text = b"customer,when,product,paid\n1,2023-03-01,a,1\n2,2023-03-01,".to_vec();
    text.resize(text.len() + (100 << 20), b'x');
    text.extend(b",1\n3,2023-03-01,c,1\n");
    let sandbox = with_file("a.csv.zst", zstd(&text), "");
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox).len(), 2);
    let reason = "is longer than 16 MiB".to_owned();
    assert_eq!(rejects(&sandbox), [("3".to_owned(), reason)]);
}

#[test]
fn files_that_were_cut_short_say_so() {
    let long: String = CSV
        .lines()
        .take(1)
        .chain(std::iter::repeat_n("7,2023-03-01,x,1", 50_000))
        .fold(String::new(), |mut text, line| {
            text += line;
            text += &format!("{}\n", text.len() % 7);
            text
        })
        .replacen("paid0", "paid", 1);
    let packs: [Pack; 4] = [gzip, zstd, bzip2, xz];
    for pack in packs {
        let packed = pack(long.as_bytes());
        for cut in [packed.len() / 2, packed.len() - 3] {
            let sandbox = with_file("a.csv", &packed[..cut], "");
            ingest(&sandbox)
                .ended_with(3)
                .says(&["a.csv: ", "hint: is the file whole?"]);
        }
    }
    for (name, bytes) in [
        ("a.parquet", parquet(&[typed()])),
        ("a.arrow", arrow_file(&typed(), None)),
        ("b.arrow", arrow_stream(&typed())),
    ] {
        for cut in [bytes.len() / 2, bytes.len() - 12] {
            let sandbox = with_file(
                name,
                &bytes[..cut],
                "format = \"arrow\"".replace("arrow", &name[2..]).as_str(),
            );
            ingest(&sandbox).ended_with(3).says(&[
                name,
                "this is no whole",
                "hint: was the file cut short",
            ]);
        }
    }
}

#[test]
fn a_column_that_changes_its_type_is_cast_where_nothing_is_lost() {
    let lines = "{\"customer\": 1, \"when\": \"2023-03-01\", \"product\": \"a\", \"paid\": 1}\n";
    let mut text = lines.repeat(200_000); // more than is looked at for types
    text +=
        "{\"customer\": \"2\", \"when\": \"2023-03-01\", \"product\": \"b\", \"paid\": \"1.0\"}\n";
    text += "{\"customer\": \"X3\", \"when\": \"2023-03-01\", \"product\": \"c\", \"paid\": 1}\n";
    text += "{\"customer\": 4, \"when\": \"2023-03-01\",\n";
    let sandbox = with_file("a.jsonl", text, "");
    ingest(&sandbox).ended_with(0);
    let reasons: Vec<String> = rejects(&sandbox)
        .into_iter()
        .filter(|(_, reason)| !reason.starts_with("is an exact copy of an earlier line"))
        .map(|(line, reason)| format!("{line} {reason}"))
        .collect();
    assert_eq!(
        reasons,
        [
            "200001 `paid` is no whole number, which it is in the first lines",
            "200002 `customer` is no whole number, which it is in the first lines",
            "200003 is no JSON: EOF while parsing a value",
        ]
    );

    // The second of two Parquet files has text where the first has numbers.
    let typed = typed();
    let text_paid = RecordBatch::try_new(
        Arc::new(Schema::new(
            typed
                .schema()
                .fields()
                .iter()
                .map(|field| match field.name().as_str() {
                    "paid" => Field::new("paid", DataType::Utf8, true),
                    _ => field.as_ref().clone(),
                })
                .collect::<Vec<_>>(),
        )),
        vec![
            Arc::new(StringArray::from(vec!["17", "18", "19"])) as Arc<dyn Array>,
            typed.column(1).clone(),
            typed.column(2).clone(),
            Arc::new(StringArray::from(vec![Some("2.50"), Some("much"), None])),
        ],
    )
    .unwrap();
    let sandbox = Sandbox::new()
        .file("in/a.parquet", parquet(&[typed]))
        .file("in/b.parquet", parquet(&[text_paid]))
        .file("regulars.toml", settings("in/*.parquet", ""));
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox).len(), 5);
    let rejects = rejects(&sandbox);
    assert_eq!(rejects.len(), 1);
    assert!(rejects[0].1.contains("is no number"), "{rejects:?}");
}

#[test]
fn words_for_nothing_are_nothing() {
    let text = "customer,when,product,paid\n1,2023-03-01,NULL,\\N\nNULL,2023-03-01,a,1\n";
    let sandbox = with_file("a.csv", text, "null_values = [\"NULL\", \"\\\\N\"]");
    ingest(&sandbox).ended_with(0);
    assert_eq!(loaded(&sandbox), ["1 2023-02-28T23:00:00Z  "]);
    assert_eq!(rejects(&sandbox), [("3".to_owned(), "is empty".to_owned())]);
}

#[test]
fn settings_about_files_that_cannot_be_are_refused() {
    for (more, words) in [
        ("delimiter = \"→\"", "cannot separate fields"),
        (
            "delimiter = \";\"\ncomment = \";\"",
            "`;` is the delimiter already",
        ),
        ("quote = \"''\"", "a quote is one character"),
        (
            "column_names = [\"a\"]",
            "the header names the columns already",
        ),
        (
            "header = false\ncolumn_names = [\"a\", \"a\"]",
            "two columns are called `a`",
        ),
        (
            "format = \"fixed_width\"",
            "needs to know where its fields stand",
        ),
        (
            "fields = [{ name = \"a\", start = 1, width = 2 }]",
            "for fixed-width text alone",
        ),
        (
            "format = \"fixed_width\"\nfields = [{ name = \"a\", start = 0, width = 2 }]",
            "cannot start at 0",
        ),
        ("decimal = \";\"", "is no decimal mark"),
        ("thousands = \".\"", "cannot stand for the decimals too"),
        ("thousands = \"x\"", "is no mark between thousands"),
        ("time_format = \"dd.mm.yyyy\"", "is no time format"),
        ("time_format = []", "the list of formats is empty"),
        ("format = \"parket\"", "did you mean `parquet`?"),
    ] {
        let sandbox = with_file("a.csv", CSV, more);
        let run = ingest(&sandbox)
            .ended_with(2)
            .says(&["regulars.toml:", words]);
        assert!(
            run.stderr.contains("hint: ") || words.starts_with("a quote"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_name_and_bytes_that_tell_no_format_say_what_to_write() {
    let sandbox = with_file("export.bin", b"\x7fELF\x01\x02\x03", "");
    ingest(&sandbox)
        .ended_with(2)
        .says(&["neither the name", "add format = "]);
}

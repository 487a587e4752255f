//! Spreadsheets with several sheets: each is looked at, and those with the same columns are one source.

use crate::formats::archive;
use crate::util::{Sandbox, query};

/// A workbook of these sheets, whose cells are text.
fn workbook(sheets: &[(&str, Vec<Vec<String>>)]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let offices = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006";
    let (mut names, mut links) = (String::new(), String::new());
    let mut parts = Vec::new();
    for (number, (name, rows)) in sheets.iter().enumerate() {
        let number = number + 1;
        names += &format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
        links += &format!(
            "<Relationship Id=\"rId{number}\" Type=\"{offices}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
        );
        let mut text = String::new();
        for (row, cells) in rows.iter().enumerate() {
            let row = row + 1;
            text += &format!("<row r=\"{row}\">");
            for (column, cell) in cells.iter().enumerate() {
                let letter = char::from(b'A' + column as u8);
                text +=
                    &format!("<c r=\"{letter}{row}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>");
            }
            text += "</row>";
        }
        parts.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!("<?xml version=\"1.0\"?><worksheet xmlns=\"{main}\"><sheetData>{text}</sheetData></worksheet>"),
        ));
    }
    let mut files = vec![
        (
            "[Content_Types].xml".to_owned(),
            format!(
                "<Types xmlns=\"{packages}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{packages}/relationships\"><Relationship Id=\"rId1\" Type=\"{offices}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{offices}\"><sheets>{names}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{packages}/relationships\">{links}</Relationships>"),
        ),
    ];
    files.extend(parts);
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    archive(&files)
}

/// Orders of one year as a sheet.
fn orders(year: u32, rows: u32) -> Vec<Vec<String>> {
    let mut sheet = vec![
        ["customer", "date", "order", "product", "amount"]
            .map(str::to_owned)
            .to_vec(),
    ];
    sheet.extend((0..rows).map(|row| {
        let (month, day) = (1 + row % 12, 1 + row % 28);
        vec![
            format!("C{}", row % 6),
            format!("{year}-{month:02}-{day:02}"),
            format!("{year}{row:04}"),
            format!("P{}", row % 5),
            format!("{}.50", 2 + row % 7),
        ]
    }));
    sheet
}

fn holding(sandbox: &Sandbox) -> Vec<String> {
    query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), min(day), max(day) FROM interactions WHERE replaced_at IS NULL",
    )
    .remove(0)
}

#[test]
fn sheets_of_one_shape_are_one_source() {
    let book = workbook(&[
        ("Year 2023", orders(2023, 30)),
        ("Year 2024", orders(2024, 30)),
        ("Empty", Vec::new()),
    ]);
    let sandbox = Sandbox::new().file("retail.xlsx", &book);
    sandbox
        .regulars(&["init", "retail.xlsx"])
        .ended_with(0)
        .shows(&["sheets: Year 2023, Year 2024"]);
    let draft = sandbox.read("regulars.toml");
    for line in [
        "path = \"retail.xlsx\"\nsheet = [\"Year 2023\", \"Year 2024\"]",
        "# Sheet `Empty` is not used:",
        "customer_id = \"customer\"",
    ] {
        assert!(draft.contains(line), "the draft lacks `{line}`:\n{draft}");
    }
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox), ["60", "2023-01-01", "2024-12-24"]);
    // Each sheet is known for itself: a new one is all that is new.
    let book = workbook(&[
        ("Year 2023", orders(2023, 30)),
        ("Year 2024", orders(2024, 30)),
        ("Year 2025", orders(2025, 10)),
    ]);
    sandbox.write("retail.xlsx", book);
    sandbox.write(
        "regulars.toml",
        draft.replace("[\"Year 2023\", \"Year 2024\"]", "\"Year *\""),
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox)[0], "70");
    for (sheet, words) in [
        (
            "[\"Year 2023\", \"Year 2204\"]",
            &["there is no sheet `Year 2204`", "did you mean `Year 20"][..],
        ),
        (
            "[\"Sales*\"]",
            &[
                "it has none of these sheets",
                "its sheets are Year 2023, Year 2024, Year 2025",
            ],
        ),
    ] {
        sandbox.write(
            "regulars.toml",
            draft.replace("[\"Year 2023\", \"Year 2024\"]", sheet),
        );
        sandbox
            .regulars(&["ingest"])
            .ended_with(2)
            .says(&["regulars.toml:", "sheet"])
            .says(words);
    }
    // Without a word only the first is read, and that is said.
    sandbox.write(
        "regulars.toml",
        draft.replace("sheet = [\"Year 2023\", \"Year 2024\"]\n", ""),
    );
    sandbox
        .regulars(&["check"])
        .ended_with(0)
        .shows(&["retail.xlsx: only its first sheet is read, and not `Year 2024`, `Year 2025`"]);
}

#[test]
fn a_sheet_that_only_tells_of_the_others_is_left_out() {
    let cover = vec![
        vec!["Read me".to_owned()],
        vec!["Exported by the till".to_owned()],
    ];
    let book = workbook(&[("Read me", cover), ("Data", orders(2024, 40))]);
    let sandbox = Sandbox::new().file("cover.xlsx", book);
    sandbox
        .regulars(&["init", "cover.xlsx"])
        .ended_with(0)
        .shows(&["sheet: Data", "not used: cover.xlsx, sheet `Read me`"]);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox)[0], "40");
}

#[test]
fn a_workbook_that_was_loaded_sheet_by_sheet_is_no_file_of_ours_to_remove() {
    let book = workbook(&[("2023", orders(2023, 30)), ("2024", orders(2024, 30))]);
    let place = "regulars-out/own/retail.xlsx";
    let sandbox = Sandbox::new().file(place, &book);
    sandbox.regulars(&["init", place]).ended_with(0);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["forget", "C3"]).ended_with(0);
    assert!(
        sandbox.path(place).is_file(),
        "a source belongs to the user"
    );
    assert_eq!(holding(&sandbox)[0], "50");
}

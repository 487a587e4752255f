//! What is known of each customer: attributes, segments, churn, value, classes, the first suggestion,
//! and the features of the newest date, one row a customer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use chrono::NaiveDate;
use datafusion::common::DFSchema;
use datafusion::logical_expr::Expr;

use crate::config::targets::ID;
use crate::config::{Day, Settings};
use crate::contract::consent::{self, MayContact};
use crate::contract::{CUSTOMERS, OWN};
use crate::engine::Scope;
use crate::failure::{Failure, Result, nearest};
use crate::outputs::manifest::Manifest;
use crate::outputs::parquet_schema;
use crate::timeline::dates::SnapshotDates;
use crate::timeline::snapshot;
use crate::user_sql::{Expressions, unknown_column};
use crate::warehouse::Warehouse;
use crate::words::said;

/// Everybody, as a name of the scope.
const EVERYBODY: &str = "everybody";

/// A file with a row for each customer: its name in the scope, and before its columns where another
/// has the same; where it lies; which command writes it.
struct File {
    name: &'static str,
    path: &'static str,
    command: &'static str,
}

const FILES: [File; 4] = [
    File {
        name: "segments",
        path: "segments.parquet",
        command: "segment",
    },
    File {
        name: "churn",
        path: "churn.parquet",
        command: "churn",
    },
    File {
        name: "value",
        path: "value.parquet",
        command: "value",
    },
    File {
        name: "classes",
        path: "classes.parquet",
        command: "classes",
    },
];

/// The suggestions, of which the first of each customer is known.
const SUGGESTIONS: File = File {
    name: "suggestions",
    path: "suggestions.parquet",
    command: "offers",
};

/// The customers who are leaving or have left, with what to write to them about.
const WINBACK: File = File {
    name: "winback",
    path: "winback.parquet",
    command: "offers",
};

/// Every stage whose files are known.
pub const STAGES: [&str; 5] = ["segment", "churn", "value", "classes", "offers"];

/// What a name stands for.
pub struct Known {
    side: &'static str,
    column: String,
    /// The type of its values.
    pub data_type: DataType,
    /// What it says, in a line.
    pub about: String,
}

/// What is known of the customers, by name.
pub struct Customers {
    /// The date that it is known at.
    pub date: NaiveDate,
    /// Attributes of the customers beyond those that every warehouse may have.
    pub attributes: Vec<String>,
    /// The type of their ids.
    pub id_type: DataType,
    names: BTreeMap<String, Known>,
    scope: Scope,
    now: Scope,
    /// What the customers have said over time of being contacted: as of the date, and until now.
    answers: [Option<RecordBatch>; 2],
    memory_limit: u64,
}

impl Customers {
    /// Looks at what there is; nothing is read yet.
    ///
    /// - `stages`: those whose files may be known.
    ///
    /// # Errors
    /// No features, or results of another date beside them.
    pub fn open(
        warehouse: &Warehouse,
        settings: &Settings,
        manifest: &Manifest,
        out: &Path,
        as_of: Option<Day>,
        stages: &[&str],
    ) -> Result<Self> {
        let date = SnapshotDates::taken(manifest, out, as_of)?.score;
        let mut customers = Self {
            date,
            attributes: warehouse.columns_beyond("customers", &canonical()),
            id_type: DataType::Utf8,
            names: BTreeMap::new(),
            scope: warehouse.scope.within()?,
            // Whatever is asked of an earlier state: whoever has said no by now has said no.
            now: warehouse.known_at(None)?,
            answers: [warehouse.answers()?, warehouse.answers_by_now()?],
            memory_limit: settings.config.engine.memory_limit.0,
        };
        if let Some(schema) = warehouse.schema("customers") {
            customers.add("customers", schema.fields().iter().map(AsRef::as_ref));
        }
        for file in FILES.iter().filter(|file| stages.contains(&file.command)) {
            customers.file(file, manifest, out)?;
        }
        if customers.known("segment").is_none() {
            customers.alias("segment", "rfm_segment");
        }
        if stages.contains(&SUGGESTIONS.command) {
            customers.suggestions(manifest, out)?;
        }
        customers.features(manifest, out)?;
        // The last, so that nothing else is called otherwise because of it.
        if stages.contains(&WINBACK.command) {
            customers.winback(manifest, out)?;
        }
        let mut everybody = format!("SELECT {ID} FROM features");
        if warehouse.has_table("customers") {
            everybody += &format!(" UNION SELECT {ID} FROM customers");
        }
        let everybody = customers.scope.frame(&everybody)?;
        customers.scope.view(EVERYBODY, everybody)?;
        Ok(customers)
    }

    /// The names of what is known.
    pub fn names(&self) -> Vec<&str> {
        self.names.keys().map(String::as_str).collect()
    }

    /// What a name stands for.
    pub fn known(&self, name: &str) -> Option<&Known> {
        self.names.get(name)
    }

    /// What a column of a file is called here.
    pub fn name_of(&self, side: &str, column: &str) -> Option<&str> {
        let mut names = self.names.iter();
        let found = names.find(|(_, known)| known.side == side && known.column == column);
        found.map(|(name, _)| name.as_str())
    }

    /// Refuses a column that nobody knows, with the nearest name.
    pub fn need(&self, settings: &Settings, keys: &[&str], name: &str) -> Result<()> {
        match self.known(name) {
            Some(_) => Ok(()),
            None => Err(self.unknown(settings, keys, name)),
        }
    }

    fn add<'a>(&mut self, side: &'static str, fields: impl Iterator<Item = &'a Field>) {
        for field in fields {
            let column = field.name();
            if column == ID || OWN.contains(&column.as_str()) {
                continue;
            }
            let name = match self.names.get(column) {
                // The segments have recency, frequency and money from the features.
                Some(known) if known.side == "segments" && side == "features" => continue,
                Some(_) => format!("{side}_{column}"),
                None => column.clone(),
            };
            let about = field.metadata().get("description").cloned();
            let canonical = || {
                CUSTOMERS
                    .column(column)
                    .map(|column| said(column.about).to_owned())
            };
            let known = Known {
                side,
                column: column.clone(),
                data_type: match field.data_type() {
                    DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                    other => other.clone(),
                },
                about: about
                    .or_else(canonical)
                    .unwrap_or_else(|| tr!("An attribute of the customer")),
            };
            self.names.entry(name).or_insert(known);
        }
    }

    fn alias(&mut self, name: &str, of: &str) {
        if let Some(known) = self.names.get(of) {
            let known = Known {
                column: known.column.clone(),
                data_type: known.data_type.clone(),
                about: known.about.clone(),
                ..*known
            };
            self.names.insert(name.to_owned(), known);
        }
    }

    /// Names a file, if it is there, and says whether it is.
    fn named(&self, file: &File, manifest: &Manifest, out: &Path) -> Result<bool> {
        let Some(entry) = manifest.files.iter().find(|entry| entry.path == file.path) else {
            return Ok(false);
        };
        let date = self.date.to_string();
        let as_of = manifest.stages.get(&entry.stage);
        let other = as_of
            .and_then(|stage| stage.as_of.as_ref())
            .filter(|as_of| **as_of != date);
        if let Some(other) = other {
            return Err(Failure::data(format!(
                "{} speaks of {other}, and the features of {date}",
                file.path
            ))
            .hint(format!(
                "run {} again, or the whole job: regulars run",
                file.command
            )));
        }
        self.scope.files(file.name, &[out.join(file.path)], None)?;
        Ok(true)
    }

    fn file(&mut self, file: &File, manifest: &Manifest, out: &Path) -> Result<()> {
        if self.named(file, manifest, out)? {
            let schema = parquet_schema(&out.join(file.path))?;
            self.add(file.name, schema.fields().iter().map(AsRef::as_ref));
        }
        Ok(())
    }

    fn features(&mut self, manifest: &Manifest, out: &Path) -> Result<()> {
        let name = snapshot::file_name(self.date);
        let path = manifest.file(out, crate::timeline::FEATURES, &name)?;
        let schema = parquet_schema(&path)?;
        self.scope.files("features", &[path], None)?;
        if let Ok(id) = schema.field_with_name(ID) {
            self.id_type = id.data_type().clone();
        }
        self.add("features", schema.fields().iter().map(AsRef::as_ref));
        Ok(())
    }

    /// The first suggestion of each customer.
    fn suggestions(&mut self, manifest: &Manifest, out: &Path) -> Result<()> {
        if !self.named(&SUGGESTIONS, manifest, out)? {
            return Ok(());
        }
        let first = self.scope.frame(&format!(
            "SELECT {ID}, item AS suggestion, score AS suggestion_score, reason AS suggestion_reason \
             FROM (SELECT *, row_number() OVER (PARTITION BY {ID} ORDER BY rank, item) AS place \
             FROM suggestions) WHERE place = 1"
        ))?;
        self.scope.view("suggestions", first)?;
        let schema = self.scope.schema("suggestions")?;
        let about = [
            mark!("Who"),
            mark!("What to offer"),
            mark!("How well the offer fits"),
            mark!("Why, in words"),
        ];
        let fields = schema.fields().iter().zip(about).map(|(field, about)| {
            let about = [("description".to_owned(), said(about).to_owned())];
            field.as_ref().clone().with_metadata(about.into())
        });
        let fields: Vec<Field> = fields.collect();
        self.add("suggestions", fields.iter());
        Ok(())
    }

    /// What to write to those who are leaving or have left; attributes are known from the customers.
    fn winback(&mut self, manifest: &Manifest, out: &Path) -> Result<()> {
        if self.named(&WINBACK, manifest, out)? {
            let schema = parquet_schema(&out.join(WINBACK.path))?;
            let own = |name: &str| {
                let customers = self
                    .names
                    .get(name)
                    .filter(|known| known.side == "customers");
                customers.is_none()
            };
            let fields: Vec<Field> = (schema.fields().iter())
                .filter(|field| own(field.name()))
                .map(|field| field.as_ref().clone())
                .collect();
            self.add(WINBACK.name, fields.iter());
        }
        Ok(())
    }

    /// An expression of the settings over what is known.
    pub fn parse(&self, settings: &Settings, keys: &[&str], sql: &str) -> Result<Expr> {
        let id = Field::new(ID, self.id_type.clone(), false);
        let known = self.names.iter();
        let known = known.map(|(name, known)| Field::new(name, known.data_type.clone(), true));
        let fields = std::iter::once(id).chain(known);
        let schema = DFSchema::try_from(Schema::new(fields.collect::<Vec<_>>()))?;
        match Expressions::new(self.memory_limit).parse(sql, &schema) {
            Ok(Expr::Alias(_)) => Err(settings
                .wrong(keys, "this SQL names its result")
                .hint("remove AS")),
            Ok(expression) => Ok(expression),
            Err(problem) => Err(match unknown_column(&problem) {
                Some(name) => self.unknown(settings, keys, name),
                None => settings
                    .wrong(keys, format!("this SQL does not fit: {}", first_line(&problem)))
                    .hint("write it such as: segment = 'Champions' AND churn_probability < 0.3; text stands in single quotes"),
            }),
        }
    }

    fn unknown(&self, settings: &Settings, keys: &[&str], name: &str) -> Failure {
        let known = self.names().join(", ");
        let failure = settings.wrong(keys, format!("there is no column `{name}`"));
        failure.hint(match nearest(name, self.names()) {
            Some(near) => format!("did you mean `{near}`? The columns are {ID}, {known}"),
            None => format!("the columns are {ID}, {known}"),
        })
    }

    /// Everybody in the order of their ids, with these columns.
    pub fn read(&self, columns: &BTreeSet<String>) -> Result<RecordBatch> {
        let mut select = format!("{EVERYBODY}.{ID}");
        let mut sides = BTreeSet::new();
        for name in columns {
            if let Some(known) = self.names.get(name) {
                let (column, name) = (quoted(&known.column), quoted(name));
                select += &format!(", {}.{column} AS {name}", known.side);
                sides.insert(known.side);
            }
        }
        let joins: String = sides
            .iter()
            .map(|side| format!(" LEFT JOIN {side} ON {side}.{ID} = {EVERYBODY}.{ID}"))
            .collect();
        self.scope.query(&format!(
            "SELECT {select} FROM {EVERYBODY}{joins} ORDER BY {EVERYBODY}.{ID}"
        ))
    }

    /// Who may be contacted, in the same order: by what the table of the customers says now, and by what
    /// they have said over time, as of the date; whoever has said no since then is left out, too.
    pub fn consent(&self, settings: &Settings, channel: Option<&str>) -> Result<MayContact> {
        let channel_column = channel.map(consent::column_of);
        let mut columns = String::new();
        let mut join = String::new();
        if self.now.schema("customers").is_ok() {
            let schema = self.now.schema("customers")?;
            let named = [Some(consent::CONSENT.to_owned()), channel_column];
            for name in named.into_iter().flatten() {
                let here = schema.fields().iter().map(|field| field.name());
                let found = here.clone().find(|here| here.to_lowercase() == name);
                if let Some(found) = found {
                    columns += &format!(", customers.{} AS {}", quoted(found), quoted(&name));
                }
            }
            join = format!(" LEFT JOIN customers ON customers.{ID} = ids.{ID}");
        }
        let ids = self.read(&BTreeSet::new())?;
        let scope = self.now.within()?;
        scope.batch("ids", ids)?;
        let said = scope.query(&format!(
            "SELECT ids.{ID}{columns} FROM ids{join} ORDER BY ids.{ID}"
        ))?;
        let unasked = settings.config.project.consent;
        let answers = [(&self.answers[0], false), (&self.answers[1], true)];
        let answers: Vec<consent::Answers<'_>> = answers
            .into_iter()
            .filter_map(|(rows, only_no)| {
                let rows = rows.as_ref()?;
                Some(consent::Answers { rows, only_no })
            })
            .collect();
        Ok(consent::may_contact(&said, &answers, channel, unasked))
    }

    /// An expression calculated for the rows that were read.
    pub fn evaluate(
        &self,
        settings: &Settings,
        keys: &[&str],
        expression: Expr,
        rows: &RecordBatch,
    ) -> Result<ArrayRef> {
        let names = DFSchema::try_from(rows.schema().as_ref().clone())?;
        let wrong = |problem: String| {
            settings
                .wrong(keys, format!("this SQL cannot be calculated for every customer: {}", first_line(&problem)))
                .hint("calculate with try_cast(column AS DOUBLE) and nullif(column, 0), which give no value instead")
        };
        let planned = Expressions::new(self.memory_limit).planned(expression, &names);
        let planned = planned.map_err(|error| wrong(error.strip_backtrace()))?;
        planned
            .evaluate(rows)
            .and_then(|values| values.into_array(rows.num_rows()))
            .map_err(|error| wrong(error.strip_backtrace()))
    }
}

/// For each of some ids its row among all, if it is there; both ascend.
pub fn rows_of(all: &ArrayRef, some: &ArrayRef) -> Vec<Option<usize>> {
    let (a, b) = (
        all.as_primitive_opt::<Int64Type>(),
        some.as_primitive_opt::<Int64Type>(),
    );
    if let (Some(all), Some(some)) = (a, b) {
        let find = |id: &i64| all.values().binary_search(id).ok();
        return some.values().iter().map(find).collect();
    }
    let (Some(all), Some(some)) = (all.as_string_opt::<i32>(), some.as_string_opt::<i32>()) else {
        return vec![None; some.len()];
    };
    let mut place = 0;
    let mut find = |row: usize| {
        while place < all.len() && all.value(place) < some.value(row) {
            place += 1;
        }
        (place < all.len() && all.value(place) == some.value(row)).then_some(place)
    };
    (0..some.len()).map(&mut find).collect()
}

fn canonical() -> Vec<&'static str> {
    let columns = CUSTOMERS.columns.iter();
    columns.map(|column| column.name).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.trim_end_matches('.')
}

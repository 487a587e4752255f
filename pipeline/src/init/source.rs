//! One file, known to be a certain canonical table, becomes a source: which column is what.

use arrow::datatypes::DataType;

use super::guess::{Pick, SURE, Source, Value, best};
use super::names::{self, Role, fit, fold};
use super::probe::{Column, Table};
use super::values::{Marks, Order, Shape, Times, Written, currencies, digits_of};
use crate::config::{EXCEL, UNIX, UNIX_MILLISECONDS};
use crate::contract::{DERIVED, KINDS};
use crate::stages::ingest::coerce::currency_named;
use crate::text::{percent, plural};

/// From this share of rows on, a missing customer is a guest rather than a mistake.
const EMPTY: f64 = 0.01;

/// A source that is being put together.
pub struct Builder<'a> {
    file: &'a Table,
    key: Option<usize>,
    source: Source,
}

impl<'a> Builder<'a> {
    /// Nothing is known yet but the table; `key` is the column that other files refer to.
    pub fn new(file: &'a Table, number: usize, table: &'static str, key: Option<usize>) -> Self {
        Self {
            file,
            key,
            source: Source {
                file: number,
                table,
                picks: Vec::new(),
                time_format: None,
                marks: Marks::PLAIN,
                currency_column: None,
                currencies: Vec::new(),
                unsure: Vec::new(),
                notes: Vec::new(),
                guests: None,
                utc: false,
                most_frequent: false,
                missing: Vec::new(),
                used: Vec::new(),
            },
        }
    }

    /// The whole source.
    pub fn build(mut self) -> Source {
        let written = self.file.columns.iter().filter(|column| column.is_text());
        self.source.marks = Marks::of(written.filter_map(|column| match column.shape {
            Shape::Number(notation) => Some((notation, &column.texts[..])),
            _ => None,
        }));
        match self.source.table {
            "interactions" => self.interactions(),
            "customers" => self.customers(),
            "products" => self.products(),
            _ => self.campaigns(),
        }
        self.money();
        self.source
    }

    /// In which currencies the amounts are: as a column says, or as stands beside them.
    fn money(&mut self) {
        let named = self.best(&names::CURRENCY, |column| {
            let known = |label: &String| currency_named(label.trim()).is_some();
            let labels = column.labels.as_ref();
            labels.is_some_and(|labels| labels.keys().all(known))
        });
        let mut counts: Vec<(String, u64)> = Vec::new();
        if let Some((place, _)) = named.filter(|found| found.1 >= SURE)
            && ["amount", "unit_cost"].iter().any(|name| self.has(name))
        {
            let column = &self.file.columns[place];
            let labels = column.labels.iter().flatten();
            let code = |label: &str| currency_named(label.trim()).unwrap_or_default().to_owned();
            counts = labels.map(|(label, count)| (code(label), *count)).collect();
            self.source.currency_column = Some(column.name.clone());
            self.source.used.push(place);
        } else {
            let money = ["amount", "discount", "cost", "unit_cost"];
            let picks = self.source.picks.iter();
            let columns = picks
                .filter(|pick| money.contains(&pick.name.as_str()))
                .flat_map(|pick| match &pick.value {
                    Value::Column(name) | Value::Marked(name, _) => vec![name],
                    Value::Product(factors) => factors.iter().map(|(name, _)| name).collect(),
                    _ => Vec::new(),
                })
                .filter_map(|name| self.file.column(name));
            for column in columns.filter(|column| column.is_text()) {
                let found = currencies(&column.texts);
                counts.extend(
                    found
                        .into_iter()
                        .map(|(code, count)| (code.to_owned(), count)),
                );
            }
        }
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        for (code, _) in counts {
            if !self.source.currencies.contains(&code) {
                self.source.currencies.push(code);
            }
        }
        if self.source.currencies.len() > 1 {
            self.source.unsure.push(format!(
                "the amounts are in several currencies, {}: a load fails until rates under [ingest] say what each is worth",
                self.source.currencies.join(", ")
            ));
        }
    }

    fn best(&self, role: &Role, good: impl Fn(&Column) -> bool) -> Option<(usize, f64)> {
        best(self.file, role, &self.source.used, good)
    }

    fn interactions(&mut self) {
        let keys = Column::names_things;
        // Whatever a name says well is taken before a customer is looked for among the rest.
        let customer = self
            .best(&names::CUSTOMER, keys)
            .filter(|found| found.1 >= SURE);
        let customer = customer
            .map(|found| found.0)
            .or_else(|| self.customer_by_values());
        match customer {
            Some(column) => {
                self.pick("customer_id", &names::CUSTOMER, column);
                self.guests(column);
            }
            None => self.missing("customer_id", "no column looks like the customer"),
        }
        self.time("occurred_at", &names::TIME, true);
        let kind = self.source.picks.len();
        self.optional("channel", &names::CHANNEL, |column| column.labels.is_some());
        self.optional("location_id", &names::LOCATION, keys);
        self.optional("basket_id", &names::BASKET, keys);
        self.optional("product_id", &names::PRODUCT, keys);
        if !self.has("product_id")
            && let Some((column, fitness)) = self.best(&names::NAME, keys)
            && fitness >= SURE
        {
            self.pick("product_id", &names::NAME, column);
            self.source
                .notes
                .push("There is no product number; the product's name stands for it.".to_owned());
        }
        let quantity = self
            .best(&names::QUANTITY, Column::is_number)
            .filter(|found| found.1 >= SURE);
        let quantity = quantity.map(|found| found.0);
        if let Some(column) = quantity {
            self.number("quantity", &names::QUANTITY, column);
        }
        let amount = self.amount(quantity);
        self.optional_number("discount", &names::DISCOUNT);
        self.optional_number("cost", &names::COST);
        self.optional("campaign_id", &names::CAMPAIGN, keys);
        self.optional_number("rating", &names::RATING);
        let pick = self.kind(quantity.or(amount));
        self.source.picks.insert(kind, pick);
        self.unreadable(
            "amount",
            &[names::AMOUNT, names::PRICE],
            "numbers",
            |shape| matches!(shape, Shape::Whole | Shape::Number(_)),
        );
        self.unreadable("occurred_at", &[names::TIME], "times", |shape| {
            matches!(shape, Shape::Time(_))
        });
    }

    /// Points out a column that is called like what is missing, and could not be read as it.
    fn unreadable(&mut self, name: &str, roles: &[Role], what: &str, good: fn(&Shape) -> bool) {
        if self.has(name) {
            return;
        }
        for (place, column) in self.file.columns.iter().enumerate() {
            let called = roles
                .iter()
                .any(|role| fit(role, column.known_as()) >= SURE);
            let free = !column.is_link && !self.source.used.contains(&place);
            if !called || !free || column.filled == 0 || good(&column.shape) {
                continue;
            }
            let (share, others) = column.share_like(good);
            let others: Vec<String> = others
                .iter()
                .map(|text| format!("`{}`", short(text)))
                .collect();
            self.source.notes.push(format!(
                "WARNING: `{}` is called like {name} and is not used: {} of its values are {what}, and others are such as {}.",
                column.name,
                percent(share),
                others.join(", ")
            ));
        }
    }

    /// Values of the customer that stand for guests: nothing at all in more than a few rows, or a
    /// word or number that is nobody's and comes more often than any customer would.
    fn guests(&mut self, customer: usize) {
        let buys = [names::BASKET, names::PRODUCT, names::AMOUNT, names::PRICE];
        let is_bought = |column: &Column| {
            let fits = |role| fit(role, column.known_as()) >= SURE;
            !column.is_link && buys.iter().any(fits)
        };
        if !self.file.columns.iter().any(is_bought) {
            return;
        }
        let column = &self.file.columns[customer];
        let rows = self.file.rows.max(1) as f64;
        let nobody: u64 = column.nobody.values().sum();
        let others = column
            .distinct()
            .saturating_sub(column.nobody.len() as u64)
            .max(1);
        let usual = column.filled.saturating_sub(nobody) as f64 / others as f64;
        let mut found: Vec<(String, u64)> = Vec::new();
        let empty = self.file.rows.saturating_sub(column.filled);
        if empty as f64 / rows > EMPTY {
            found.push((String::new(), empty));
        }
        let often = |count: u64| count >= 5 && count as f64 >= 3.0 * usual;
        let words = column.nobody.iter().filter(|(_, count)| often(**count));
        found.extend(words.map(|(word, count)| (word.clone(), *count)));
        let shown = found.iter().map(|(word, count)| match word.as_str() {
            "" => format!("no value in {}", plural(*count, "row")),
            word => format!("`{word}` in {}", plural(*count, "row")),
        });
        let shown: Vec<String> = shown.collect();
        if !found.is_empty() {
            self.source.guests = Some((
                found.into_iter().map(|(word, _)| word).collect(),
                format!(
                    "Guests: `{}` has {}. They count in baskets, rules and totals and are nobody's; if these rows are broken instead, take this line out.",
                    column.name,
                    shown.join(", ")
                ),
            ));
        }
    }

    /// A column of which nothing is known, and whose values come again at other times, is the
    /// customer when it has the most different ones; the number of a basket does not come again.
    fn customer_by_values(&self) -> Option<usize> {
        let known = [
            names::BASKET,
            names::PRODUCT,
            names::QUANTITY,
            names::AMOUNT,
            names::PRICE,
            names::LOCATION,
            names::CHANNEL,
            names::CAMPAIGN,
            names::RATING,
            names::NAME,
            names::CATEGORY,
            names::BRAND,
            names::DISCOUNT,
            names::COST,
        ];
        let free = |column: &Column| known.iter().all(|role| fit(role, column.known_as()) < SURE);
        let comes_again = |column: &Column| {
            let distinct = column.distinct();
            distinct >= 2
                && distinct as f64 <= 0.8 * column.filled as f64
                && column.filled * 2 >= self.file.rows
        };
        let time = self.file.columns.iter().find(|column| is_time(column))?;
        let candidates = self.file.columns.iter().enumerate();
        candidates
            .filter(|(_, column)| {
                column.names_things()
                    && free(column)
                    && comes_again(column)
                    && column.comes_with(time) >= 1.5
            })
            .max_by_key(|(place, column)| (column.distinct(), usize::MAX - place))
            .map(|(place, _)| place)
    }

    fn customers(&mut self) {
        self.key("customer_id", &names::CUSTOMER);
        self.time("joined_at", &names::JOINED, false);
        self.optional("consent", &names::CONSENT, |column| {
            column.shape == Shape::Flag
                || column.shape == Shape::Whole
                    && column
                        .span
                        .is_some_and(|(least, most)| least >= 0.0 && most <= 1.0)
        });
        for (place, column) in self.file.columns.iter().enumerate() {
            if self.source.used.contains(&place) || is_personal(&column.name) {
                continue;
            }
            let some =
                column.distinct() > 1 && !column.names_rows() && !ends_like_a_key(&column.name);
            let label = some
                && column.labels.is_some()
                && matches!(column.shape, Shape::Text | Shape::Whole | Shape::Flag);
            let number = some && column.is_number();
            if label || number {
                let name = attribute(&column.name);
                if self.has(&name) || DERIVED.contains(&name.as_str()) || name.starts_with("__") {
                    continue;
                }
                let value = match number {
                    true => self.number_of(place),
                    false => Value::Column(column.name.clone()),
                };
                let value = match value {
                    // Attributes are text unless their source says that they are numbers.
                    Value::Column(name) if number && column.is_text() => Value::Number(name, None),
                    Value::Marked(name, marks) if column.is_text() => {
                        Value::Number(name, Some(marks))
                    }
                    value => value,
                };
                self.add(&name, value, evidence(column), place);
            }
        }
    }

    fn products(&mut self) {
        self.key("product_id", &names::PRODUCT);
        let keys = Column::names_things;
        self.optional("name", &names::NAME, |column| column.shape == Shape::Text);
        let groups = |column: &Column| column.names_things() && !column.unique();
        self.optional("department", &names::DEPARTMENT, groups);
        self.optional("category", &names::CATEGORY, groups);
        self.optional("type", &names::TYPE, groups);
        self.optional("brand", &names::BRAND, keys);
        self.optional_number("unit_cost", &names::UNIT_COST);
    }

    fn campaigns(&mut self) {
        let key = self
            .best(&names::CAMPAIGN, Column::unique)
            .map(|found| found.0)
            .or(self.key);
        let key = key.or_else(|| self.file.columns.iter().position(Column::unique));
        match key {
            Some(column) => self.pick("campaign_id", &names::CAMPAIGN, column),
            None => self.missing("campaign_id", "no column has each value once"),
        }
        match self.best(&names::NAME, |column| column.shape == Shape::Text) {
            Some((column, _)) => self.pick("name", &names::NAME, column),
            None => {
                let value = match key {
                    Some(column) => Value::Column(self.file.columns[column].name.clone()),
                    None => Value::Constant("campaign"),
                };
                self.source.picks.push(Pick {
                    name: "name".into(),
                    value,
                    evidence: "there is no name, so the number stands for it".into(),
                });
            }
        }
        self.optional("kind", &names::CAMPAIGN_KIND, |column| {
            column.labels.is_some()
        });
        self.time("starts_on", &names::STARTS, true);
        self.time("ends_on", &names::ENDS, true);
        self.optional_number("cost", &names::CAMPAIGN_COST);
    }

    fn has(&self, name: &str) -> bool {
        self.source.picks.iter().any(|pick| pick.name == name)
    }

    /// The column that names a row: by its name, or because other files refer to it.
    fn key(&mut self, name: &'static str, role: &Role) {
        let column = self
            .key
            .or_else(|| self.best(role, Column::names_things).map(|found| found.0));
        match column {
            Some(column) => self.pick(name, role, column),
            None => self.missing(name, "no column names the rows"),
        }
    }

    fn missing(&mut self, name: &'static str, why: &str) {
        self.source.missing.push((name, why.to_owned()));
    }

    fn optional(&mut self, name: &str, role: &Role, good: impl Fn(&Column) -> bool) {
        if let Some((column, fitness)) = self.best(role, good)
            && fitness >= SURE
        {
            self.pick(name, role, column);
        }
    }

    fn optional_number(&mut self, name: &str, role: &Role) {
        if let Some((column, fitness)) = self.best(role, Column::is_number)
            && fitness >= SURE
        {
            self.number(name, role, column);
        }
    }

    /// Takes a column for what its name says, with what else it could have been.
    fn pick(&mut self, name: &str, role: &Role, column: usize) {
        let value = Value::Column(self.file.columns[column].name.clone());
        let evidence = self.evidence(role, column);
        self.add(name, value, evidence, column);
    }

    fn number(&mut self, name: &str, role: &Role, column: usize) {
        let value = self.number_of(column);
        let evidence = self.evidence(role, column);
        self.add(name, value, evidence, column);
    }

    fn add(&mut self, name: &str, value: Value, evidence: String, column: usize) {
        self.source.used.push(column);
        self.source.picks.push(Pick {
            name: name.to_owned(),
            value,
            evidence,
        });
    }

    fn evidence(&self, role: &Role, column: usize) -> String {
        let chosen = &self.file.columns[column];
        let mut text = evidence(chosen);
        if fit(role, chosen.known_as()) < SURE {
            text.push_str(". A guess: its name does not say so, its values look like it");
        }
        let others: Vec<String> = self
            .file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, other)| {
                *place != column
                    && !self.source.used.contains(place)
                    && other.filled > 0
                    && !other.is_link
                    && fit(role, other.known_as()) >= SURE
                    && std::mem::discriminant(&other.shape) == std::mem::discriminant(&chosen.shape)
            })
            .map(|(_, other)| format!("`{}`", other.name))
            .collect();
        if !others.is_empty() {
            text.push_str(&format!(". Or is it {}?", others.join(" or ")));
        }
        text
    }

    /// A column of numbers, read as they are written.
    fn number_of(&mut self, column: usize) -> Value {
        let marks = self.marks_of(column);
        let name = self.file.columns[column].name.clone();
        match marks {
            Some(marks) => Value::Marked(name, marks),
            None => Value::Column(name),
        }
    }

    /// The marks of a column of numbers where they are not those of the source. What its values do
    /// not tell is noted.
    fn marks_of(&mut self, column: usize) -> Option<Marks> {
        let column = &self.file.columns[column];
        let Shape::Number(notation) = column.shape else {
            return None;
        };
        if !column.is_text() {
            return None;
        }
        let name = &column.name;
        let is_odd = |text: &&String| match notation.unsure {
            true => digits_of(text).contains(['.', ',']),
            false => notation.read(text).is_none(),
        };
        let shown = || {
            let mut odd: Vec<&String> = column.texts.iter().filter(is_odd).collect();
            odd.dedup();
            let odd: Vec<String> = odd.iter().take(3).map(|text| short(text)).collect();
            odd.join(" | ")
        };
        let odd = column.texts.iter().filter(is_odd).count();
        let said = if notation.unsure {
            let (taken, other) = match notation.group {
                Some(_) => ("between thousands", "before decimals"),
                None => ("before decimals", "between thousands"),
            };
            Some(format!(
                "AMBIGUOUS: the mark in `{name}`, such as {}, could stand {taken} or {other}, and no value tells; it is taken to stand {taken}. Change decimal and thousands if this is wrong",
                shown()
            ))
        } else if odd > 0 {
            let share = odd as f64 / column.texts.len().max(1) as f64;
            Some(format!(
                "{} of the values of `{name}` are no numbers, such as {}: their rows will be rejected",
                percent(share),
                shown()
            ))
        } else {
            None
        };
        let marks = notation.marks();
        let own = (!self.source.marks.read_as(notation, &column.texts)).then_some(marks);
        if let Some(said) = said
            && !self.source.unsure.contains(&said)
        {
            self.source.unsure.push(said);
        }
        own
    }

    /// What was paid for a line: a column of its own, or price times quantity.
    fn amount(&mut self, quantity: Option<usize>) -> Option<usize> {
        let amount = self.best(&names::AMOUNT, Column::is_number);
        let price = self
            .best(&names::PRICE, Column::is_number)
            .filter(|found| found.1 >= SURE);
        match (amount, price, quantity) {
            (Some((column, fitness)), ..) if fitness >= SURE => {
                self.number("amount", &names::AMOUNT, column);
                Some(column)
            }
            (_, Some((column, _)), Some(quantity)) => {
                let factors = [quantity, column].map(|place| {
                    let marks = self.marks_of(place);
                    (self.file.columns[place].name.clone(), marks)
                });
                let evidence = format!(
                    "quantity times price; {}",
                    evidence(&self.file.columns[column])
                );
                self.add("amount", Value::Product(factors), evidence, column);
                Some(column)
            }
            (_, Some((column, _)), None) => {
                self.number("amount", &names::PRICE, column);
                self.source
                    .notes
                    .push("There is no quantity, so the price is taken for the amount.".to_owned());
                Some(column)
            }
            (Some((column, _)), None, _) => {
                self.number("amount", &names::AMOUNT, column);
                Some(column)
            }
            (None, None, _) => None,
        }
    }

    /// What happened: a column that says so, the sign of a quantity, or what the file is called.
    fn kind(&mut self, signed: Option<usize>) -> Pick {
        let pick = |value, evidence: String| Pick {
            name: "kind".into(),
            value,
            evidence,
        };
        if let Some((place, _)) = self.best(&names::KIND, |column| column.labels.is_some()) {
            let column = &self.file.columns[place];
            let mut labels: Vec<&String> = column
                .labels
                .iter()
                .flatten()
                .map(|(label, _)| label)
                .collect();
            labels.sort();
            let meant: Option<Vec<(&String, &'static str)>> = labels
                .into_iter()
                .map(|label| Some((label, kind_of(label)?)))
                .collect();
            if let Some(meant) = meant {
                let evidence = evidence(column);
                let value = if meant
                    .iter()
                    .all(|(label, kind)| label.eq_ignore_ascii_case(kind))
                {
                    Value::Column(column.name.clone())
                } else {
                    let cases: Vec<String> = meant
                        .iter()
                        .map(|(label, kind)| {
                            format!("WHEN '{}' THEN '{kind}'", label.replace('\'', "''"))
                        })
                        .collect();
                    Value::Sql(format!(
                        "CASE {} {} END",
                        quoted(&column.name),
                        cases.join(" ")
                    ))
                };
                self.source.used.push(place);
                return pick(value, evidence);
            }
            self.source.notes.push(format!(
                "`{}` may say what happened; turn its values into kinds with kind = {{ sql = \"CASE ...\" }}.",
                column.name
            ));
        }
        let negative = signed.filter(|&column| self.file.columns[column].negative > 0);
        if let Some(column) = negative {
            let marks = self.marks_of(column);
            let name = &self.file.columns[column].name;
            return pick(
                Value::BySign(name.clone(), marks),
                format!("`{name}` is below zero in some rows: these are returns"),
            );
        }
        let buys = ["basket_id", "product_id", "amount"]
            .iter()
            .any(|name| self.has(name));
        let file = fold(&self.file.stem);
        let named = names::KINDS_BY_FILE
            .iter()
            .find(|(_, words)| words.split_whitespace().any(|word| file.contains(word)))
            .map(|(kind, _)| *kind)
            // A file of purchases may be called after the call centre or the payments that go with it.
            .filter(|kind| !buys || *kind == "return");
        let kind = named.or_else(|| {
            let only = |name: &str| self.has(name) && !buys;
            (only("rating"))
                .then_some("survey")
                .or(only("campaign_id").then_some("contact"))
        });
        match kind {
            Some(kind) => pick(
                Value::Constant(kind),
                format!(
                    "guessed from the name of the file; known: {}",
                    KINDS.join(", ")
                ),
            ),
            None => pick(
                Value::Constant("purchase"),
                "every row is a purchase".into(),
            ),
        }
    }

    /// A day or a moment. All times of a source are written alike, so a second column that is
    /// written otherwise is left out.
    fn time(&mut self, name: &'static str, role: &Role, required: bool) {
        let named = self.best(role, is_time).map(|found| found.0);
        let used = &self.source.used;
        let mut free = self
            .file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, column)| is_time(column) && !used.contains(place));
        let found = named.or_else(|| {
            required
                .then(|| free.next().map(|(place, _)| place))
                .flatten()
        });
        let Some(place) = found else {
            if required {
                self.missing(name, "no column looks like a time");
            }
            return;
        };
        let column = &self.file.columns[place];
        let Shape::Time(times) = column.shape.clone() else {
            return;
        };
        // The name of the column says whose clock it is.
        let utc = fold(&column.name).ends_with("utc");
        let evidence = self.evidence(role, place);
        let value = match self.with_clock(place, &times) {
            Some((sql, formats, clock)) => {
                self.source.time_format =
                    formats.map(|formats| (formats, "day and time of day, put together".into()));
                self.source.used.push(clock);
                Value::Sql(sql)
            }
            None => {
                if !self.agree(name, &times, &column.name) {
                    return;
                }
                Value::Column(column.name.clone())
            }
        };
        self.source.utc |= utc;
        self.add(name, value, evidence, place);
    }

    /// A column of days and one of times of day make moments; of cells that have types, text is made
    /// that says the same.
    fn with_clock(
        &self,
        day: usize,
        times: &Times,
    ) -> Option<(String, Option<Vec<String>>, usize)> {
        if times.clock || self.source.table != "interactions" {
            return None;
        }
        let columns = &self.file.columns;
        let clock = columns
            .iter()
            .position(|column| column.shape == Shape::Clock)?;
        let parts = |place: usize| {
            let mut texts = columns[place].texts.iter();
            columns[place].shape == Shape::Clock && texts.all(|text| text.parse::<f64>().is_ok())
        };
        let typed = |place: usize, pattern: &str| {
            let name = quoted(&columns[place].name);
            match columns[place].data_type {
                _ if parts(place) => Some(format!(
                    "to_char(to_timestamp_seconds(cast(round(try_cast({name} AS DOUBLE) * 86400) AS BIGINT)), '{pattern}')"
                )),
                _ if columns[place].is_text() => Some(name),
                DataType::Time32(_) | DataType::Time64(_) => {
                    Some(format!("cast({name} AS VARCHAR)"))
                }
                ref data_type if data_type.is_temporal() => {
                    Some(format!("to_char({name}, '{pattern}')"))
                }
                _ => None,
            }
        };
        let sql = format!(
            "concat({}, ' ', {})",
            typed(day, "%Y-%m-%d")?,
            typed(clock, "%H:%M:%S")?
        );
        let is_text = |place: usize| columns[place].is_text();
        let with_seconds = |text: &String| text.matches(':').count() == 2;
        let seconds =
            !is_text(clock) || parts(clock) || columns[clock].examples.iter().all(with_seconds);
        let clock_format = if seconds { " %H:%M:%S" } else { " %H:%M" };
        let formats = match &times.written {
            // A clock of one digit is not ISO 8601.
            Written::Iso => vec![format!("%Y-%m-%d{clock_format}")],
            Written::Formats(days) if days.iter().all(|day| day.contains('%')) => {
                let days = days.iter().map(|day| format!("{day}{clock_format}"));
                days.collect()
            }
            Written::Formats(_) => return None,
        };
        Some((sql, Some(formats), clock))
    }

    /// Whether a column is written like the source's other times, or can be told apart from them;
    /// the first one decides.
    fn agree(&mut self, name: &str, times: &Times, column: &str) -> bool {
        let first =
            !self.source.picks.iter().any(|pick| {
                ["occurred_at", "joined_at", "starts_on"].contains(&pick.name.as_str())
            });
        let formats = match &times.written {
            Written::Formats(formats) => Some(formats.clone()),
            Written::Iso => None,
        };
        if !first {
            let known = self.source.time_format.as_ref().map(|(formats, _)| formats);
            let same = known == formats.as_ref();
            if !same {
                self.source.notes.push(format!(
                    "`{column}` could be {name}, but its times are written otherwise."
                ));
            }
            return same;
        }
        if let Some(formats) = formats {
            let only = formats.first().filter(|_| formats.len() == 1);
            let why = match times.order {
                _ if only
                    .is_some_and(|only| [UNIX, UNIX_MILLISECONDS].contains(&only.as_str())) =>
                {
                    "counted from the first moment of 1970, UTC"
                }
                _ if only.is_some_and(|only| only == EXCEL) => {
                    "numbers of the days since the end of 1899, as spreadsheets keep them"
                }
                Some(Order::Shown) => "a number above 12 shows which is the day",
                Some(Order::Sorted) => {
                    "day and month could change places; only so are the rows in order of time"
                }
                Some(Order::Unknown) => {
                    "AMBIGUOUS: no number above 12 shows which is the day; change %d and %m if this is wrong"
                }
                None => "every value fits",
            };
            self.source.time_format = Some((formats, why.to_owned()));
        }
        true
    }
}

/// What a column holds, in words.
pub fn evidence(column: &Column) -> String {
    let shown: Vec<String> = column.examples.iter().map(|text| short(text)).collect();
    let such = if shown.is_empty() {
        String::new()
    } else {
        format!(", such as {}", shown.join(" | "))
    };
    let notation = match column.shape {
        Shape::Number(notation) if !notation.words().is_empty() => {
            format!(", with {}", notation.words())
        }
        _ => String::new(),
    };
    format!(
        "{} in {}{such}{notation}",
        plural(column.distinct(), "different value"),
        plural(column.filled, "row")
    )
}

/// A value that fits into a comment.
fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(40)
        .collect();
    if text.chars().count() > 40 {
        format!("{line}...")
    } else {
        line
    }
}

/// Names of columns that tell who somebody is; no attribute should be made of them unasked.
fn is_personal(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "name",
        "mail",
        "phone",
        "tel",
        "address",
        "street",
        "birth",
        "vorname",
        "nachname",
        "adresse",
        "strasse",
        "telefon",
        "geburt",
        "nom",
        "prenom",
        "rue",
        "correo",
        "direccion",
        "telefono",
        "姓名",
        "电话",
        "手机",
        "邮箱",
        "地址",
        "生日",
        "住所",
        "氏名",
    ];
    let name = fold(name);
    WORDS.iter().any(|word| {
        if word.len() <= 3 {
            name == *word
        } else {
            name.contains(word)
        }
    })
}

fn ends_like_a_key(name: &str) -> bool {
    let name = fold(name);
    ["id", "code", "zip", "plz", "postcode", "zipcode", "prefix"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// The name of an attribute: that of the column in small letters, joined by underscores.
fn attribute(column: &str) -> String {
    let name: String = column
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    name.trim_matches('_').to_owned()
}

/// The kind of interaction that a label means.
fn kind_of(label: &str) -> Option<&'static str> {
    let label = fold(label);
    let known = KINDS.iter().find(|kind| fold(kind) == label).copied();
    let bought = [
        "purchase", "sale", "sold", "buy", "order", "kauf", "verkauf", "achat", "vente", "compra",
        "venta", "购买", "销售",
    ];
    let looked = [
        "view",
        "cart",
        "addtocart",
        "removefromcart",
        "browse",
        "click",
        "pageview",
        "wishlist",
    ];
    known
        .or_else(|| looked.contains(&label.as_str()).then_some("visit"))
        .or_else(|| bought.contains(&label.as_str()).then_some("purchase"))
        .or_else(|| {
            let named = names::KINDS_BY_FILE
                .iter()
                .find(|(_, words)| words.split_whitespace().any(|word| label.starts_with(word)));
            named.map(|(kind, _)| *kind)
        })
}

fn is_time(column: &Column) -> bool {
    !column.is_link && matches!(column.shape, Shape::Time(_))
}

/// A column's name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! Fields of an object, written one after another and read by name.

use std::borrow::Cow;

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::json::Json;
use super::names::nearest;
use super::numbers::{self, Number, short};

/// What can stand in a model file as an object.
pub(crate) trait Stored: Sized {
    /// Puts every field.
    fn write(&self, out: &mut Object);

    /// Takes every field. What they mean together is looked at by [`check`](Self::check), which
    /// is always called before the object is used.
    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError>;

    /// Whether the object can be used on rows of these features without a surprise: every index
    /// in range, every number what it must be. Fitted models pass too, so whatever can be saved
    /// can be read.
    fn check(&self, features: &[Feature]) -> Result<(), FormatError>;
}

/// An object that is being written.
#[derive(Default)]
pub(crate) struct Object(Vec<(String, Json<'static>)>);

impl Object {
    pub(crate) fn of(stored: &impl Stored) -> Json<'static> {
        let mut object = Self::default();
        stored.write(&mut object);
        object.into_json()
    }

    pub(crate) fn into_json(self) -> Json<'static> {
        Json::Object(self.0)
    }

    pub(crate) fn put(&mut self, name: &str, value: Json<'static>) {
        self.0.push((name.to_string(), value));
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.put(name, Json::Text(Cow::Owned(text.to_string())));
    }

    pub(crate) fn texts<S: AsRef<str>>(&mut self, name: &str, texts: &[S]) {
        let text = |text: &S| Json::Text(Cow::Owned(text.as_ref().to_string()));
        self.put(name, Json::List(texts.iter().map(text).collect()));
    }

    pub(crate) fn count(&mut self, name: &str, count: usize) {
        self.put(name, Json::Count(count as u64));
    }

    /// A number that must keep its bits.
    pub(crate) fn number(&mut self, name: &str, number: impl Number) {
        self.column(name, [number]);
    }

    pub(crate) fn column<N: Number>(&mut self, name: &str, column: impl IntoIterator<Item = N>) {
        self.put(name, Json::Text(Cow::Owned(numbers::write_column(column))));
    }

    pub(crate) fn object(&mut self, name: &str, object: &impl Stored) {
        self.put(name, Self::of(object));
    }

    pub(crate) fn objects<S: Stored>(&mut self, name: &str, objects: &[S]) {
        self.put(name, Json::List(objects.iter().map(Self::of).collect()));
    }
}

/// An object that is being read; each field is taken once.
pub(crate) struct Fields<'t> {
    left: Vec<(String, Json<'t>)>,
    known: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub(crate) fn of(json: Json<'t>) -> Result<Self, FormatError> {
        match json {
            Json::Object(left) => Ok(Self {
                left,
                known: Vec::new(),
            }),
            other => Err(wrong(&other, "an object")),
        }
    }

    /// Reads an object whole: a field that it does not know is refused, for what it says would be
    /// lost.
    pub(crate) fn read<S: Stored>(json: Json<'t>) -> Result<S, FormatError> {
        let mut fields = Self::of(json)?;
        let read = S::read(&mut fields)?;
        fields.finish()?;
        Ok(read)
    }

    pub(crate) fn finish(self) -> Result<(), FormatError> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => {
                let hint = match nearest(name, self.known.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("known here are {}", self.known.join(", ")),
                };
                Err(FormatError::invalid(format!("unknown field; {hint}")).within(&short(name)))
            }
        }
    }

    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Json<'t>> {
        self.known.push(name);
        let place = self.left.iter().position(|(field, _)| field == name)?;
        Some(self.left.swap_remove(place).1)
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Result<Json<'t>, FormatError> {
        self.optional(name)
            .ok_or_else(|| FormatError::invalid("this field is missing").within(name))
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Cow<'t, str>, FormatError> {
        match self.take(name)? {
            Json::Text(text) => Ok(text),
            other => Err(wrong(&other, "a text").within(name)),
        }
    }

    pub(crate) fn list(&mut self, name: &'static str) -> Result<Vec<Json<'t>>, FormatError> {
        match self.take(name)? {
            Json::List(list) => Ok(list),
            other => Err(wrong(&other, "a list").within(name)),
        }
    }

    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, FormatError> {
        let text = |(i, json)| match json {
            Json::Text(text) => Ok(text.into_owned()),
            other => Err(wrong(&other, "a text").at(i)),
        };
        let list = self.list(name)?.into_iter().enumerate();
        list.map(text).collect::<Result<_, _>>().within(name)
    }

    pub(crate) fn count(&mut self, name: &'static str) -> Result<usize, FormatError> {
        match self.take(name)? {
            Json::Count(count) => usize::try_from(count)
                .map_err(|_| FormatError::invalid(format!("{count} is too large")).within(name)),
            other => Err(wrong(&other, "a whole number").within(name)),
        }
    }

    pub(crate) fn number<N: Number>(&mut self, name: &'static str) -> Result<N, FormatError> {
        numbers::read_number(&self.text(name)?).within(name)
    }

    pub(crate) fn column<N: Number>(&mut self, name: &'static str) -> Result<Vec<N>, FormatError> {
        numbers::read_column(&self.text(name)?).within(name)
    }

    /// A column that must have `length` numbers, one for each of `things`.
    pub(crate) fn column_of<N: Number>(
        &mut self,
        name: &'static str,
        length: usize,
        things: &str,
    ) -> Result<Vec<N>, FormatError> {
        let column = self.column(name)?;
        let found = column.len();
        must(found == length, || {
            format!("{found} numbers for {length} {things}")
        })
        .within(name)?;
        Ok(column)
    }

    pub(crate) fn object<S: Stored>(&mut self, name: &'static str) -> Result<S, FormatError> {
        Fields::read(self.take(name)?).within(name)
    }

    pub(crate) fn objects<S: Stored>(&mut self, name: &'static str) -> Result<Vec<S>, FormatError> {
        let list = self.list(name)?.into_iter().enumerate();
        list.map(|(i, json)| Fields::read(json).at(i))
            .collect::<Result<_, _>>()
            .within(name)
    }
}

/// Checks every entry of a list of objects.
pub(crate) fn check_all<S: Stored>(
    name: &str,
    objects: &[S],
    features: &[Feature],
) -> Result<(), FormatError> {
    for (i, object) in objects.iter().enumerate() {
        object.check(features).at(i).within(name)?;
    }
    Ok(())
}

/// Refuses the first of the numbers that does not meet a condition; `what` says what it must be.
pub(crate) fn check_column<N: Number>(
    name: &str,
    column: impl IntoIterator<Item = N>,
    what: &str,
    holds: impl Fn(N) -> bool,
) -> Result<(), FormatError> {
    for (i, number) in column.into_iter().enumerate() {
        check_number(number, what, &holds).at(i).within(name)?;
    }
    Ok(())
}

/// Refuses a number that does not meet a condition; `what` says what it must be.
pub(crate) fn check_number<N: Number>(
    number: N,
    what: &str,
    holds: impl Fn(N) -> bool,
) -> Result<(), FormatError> {
    must(holds(number), || {
        format!("{} is not {what}", numbers::write_column([number]))
    })
}

/// The model has a column for each feature.
pub(crate) fn check_columns(columns: usize, features: &[Feature]) -> Result<(), FormatError> {
    must(columns == features.len(), || {
        format!(
            "the model was fitted on {columns} columns, and there are {} features",
            features.len()
        )
    })
}

pub(crate) fn wrong(found: &Json<'_>, expected: &str) -> FormatError {
    FormatError::invalid(format!("{} where {expected} is expected", found.what()))
}

//! Owns jq: loading a program with places for mistakes, running it on a JSON text, and outputs as JSON texts. Nothing else
//! knows what a program is.
//!
//! A program computes as long as it likes: whoever lets strangers write one bounds that (plugins are called with a deadline;
//! the server takes programs from its operator only). What strangers give it to read is bounded (`bounds.rs`); a program that
//! takes a number of theirs for a size, such as to repeat a text, has to look at it first.

mod bounds;

use std::fmt;

use jaq_core::{
    Compiler, Ctx, Vars, data,
    load::{self, Arena, File, Loader},
};
use jaq_json::{
    Map, Num, Val,
    write::{self, Pp},
};

type Data = data::JustLut<Val>;

/// A compiled program. It equals others of the same text.
pub struct Program {
    source: String,
    filter: jaq_core::Filter<Data>,
}

/// A JSON value, as programs take variables.
#[derive(Debug, Clone)]
pub struct Value(Val);

impl Value {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self(Val::utf8_str(text.to_owned()))
    }

    /// Of a JSON text.
    pub fn json(text: &[u8]) -> Result<Self, String> {
        bounds::parse(text).map(Self)
    }

    /// An object.
    pub fn object<'n>(members: impl IntoIterator<Item = (&'n str, Self)>) -> Self {
        let key = |name: &str| Val::utf8_str(name.to_owned());
        Self(Val::obj(members.into_iter().map(|(name, value)| (key(name), value.0)).collect::<Map>()))
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// One output, the same value as the input.
    Same,
    /// The outputs as compact JSON, each in one line.
    Texts(Vec<Vec<u8>>),
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.source).finish()
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Program {}

impl Program {
    /// Compiles a program that may use these variables, each with its `$`. An error has the place of the mistake.
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, String> {
        let arena = Arena::default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let json = jaq_json::funs().filter(|function| function.0 != "fromjson").chain([bounds::fromjson()]);
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(json);
        let modules = Loader::new(definitions)
            .load(&arena, File { code: source, path: () })
            .map_err(|errors| first(errors.into_iter().flat_map(|(_, error)| mistakes(source, error))))?;
        let compiler = Compiler::default().with_funs(functions).with_global_vars(variables.iter().copied());
        let filter = compiler.compile(modules).map_err(|errors| {
            let undefined = errors.into_iter().flat_map(|(_, undefined)| undefined);
            first(undefined.map(|(name, what)| format!("{}undefined {} `{name}`", place(source, name), what.as_str())))
        })?;
        Ok(Self { source: source.to_owned(), filter })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All outputs for an input, a JSON text, of which there may be so many. `variables` are in the order of
    /// [`compile`](Self::compile).
    pub fn run(&self, input: &[u8], variables: Vec<Value>, outputs_max: usize) -> Result<Ran, String> {
        let input = bounds::parse(input)?;
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new(variables.into_iter().map(|value| value.0)));
        let mut outputs = Vec::new();
        for output in self.filter.id.run((context, input.clone())) {
            if outputs.len() == outputs_max {
                return Err(format!("more than {outputs_max} outputs"));
            }
            outputs.push(output.map_err(message)?);
        }
        if outputs.len() == 1 && outputs[0] == input {
            return Ok(Ran::Same);
        }
        Ok(Ran::Texts(outputs.iter().map(text).collect::<Result<_, _>>()?))
    }

    /// The first output for an input, a JSON text, if it has any.
    pub fn first(&self, input: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.first_of(&Value::json(input)?)
    }

    /// The same for a value, which several programs may be run on.
    pub fn first_of(&self, input: &Value) -> Result<Option<Vec<u8>>, String> {
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new([]));
        let output = self.filter.id.run((context, input.0.clone())).next();
        output.map(|output| text(&output.map_err(message)?)).transpose()
    }
}

fn message(exception: jaq_core::Exn<'_, Val>) -> String {
    match exception.get_err() {
        // A message of the program's own is a text, and reads better without quotes.
        Ok(error) => match error.into_val() {
            Val::TStr(message) => String::from_utf8_lossy(&message).into_owned(),
            other => other.to_string(),
        },
        Err(_) => "`halt` and `break` out of the program are not possible here".to_owned(),
    }
}

/// A value as compact JSON; jq has a few that JSON has not.
fn text(value: &Val) -> Result<Vec<u8>, String> {
    if !is_json(value) {
        return Err(
            "the output has a value that JSON cannot say: NaN, an infinite number, bytes, or a key that is no text"
                .into(),
        );
    }
    let mut text = Vec::new();
    write::write(&mut text, &Pp::default(), 0, value).map_err(|error| error.to_string())?;
    Ok(text)
}

fn is_json(value: &Val) -> bool {
    match value {
        Val::Null | Val::Bool(_) => true,
        Val::Num(Num::Float(number)) => number.is_finite(),
        Val::Num(_) => true,
        Val::TStr(text) => std::str::from_utf8(text).is_ok(),
        Val::BStr(_) => false,
        Val::Arr(items) => items.iter().all(is_json),
        Val::Obj(members) => {
            members.iter().all(|(name, value)| matches!(name, Val::TStr(_)) && is_json(name) && is_json(value))
        }
    }
}

fn mistakes(source: &str, error: load::Error<&str>) -> Vec<String> {
    let expected = |what: &str, found: &str| format!("{}expected {what}", place(source, found));
    match error {
        load::Error::Io(errors) => {
            errors.into_iter().map(|(path, error)| format!("{}{error}", place(source, path))).collect()
        }
        load::Error::Lex(errors) => errors.into_iter().map(|(what, found)| expected(what.as_str(), found)).collect(),
        load::Error::Parse(errors) => errors.into_iter().map(|(what, found)| expected(what.as_str(), found)).collect(),
    }
}

fn first(mut mistakes: impl Iterator<Item = String>) -> String {
    mistakes.next().unwrap_or_else(|| "not a jq program".into())
}

/// Where a part of the program stands; nothing if it stands elsewhere, such as in the standard library.
fn place(source: &str, part: &str) -> String {
    let at = (part.as_ptr() as usize).wrapping_sub(source.as_ptr() as usize);
    match source.get(..at) {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            format!("line {line}, column {column}: ")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_of(program: &str, input: &str) -> Result<Option<String>, String> {
        let output = Program::compile(program, &[])?.first(input.as_bytes())?;
        Ok(output.map(|text| String::from_utf8(text).unwrap()))
    }

    #[test]
    fn members_keep_their_order_and_an_output_is_one_line() {
        let input = r#"{"id":"1","type":"t","data":{"b":[1,2.5],"a":"x\ny","type":"no"}}"#;
        let program = "({id, type, data}) as $e | $e + .data + $e";
        let expected = r#"{"id":"1","type":"t","data":{"b":[1,2.5],"a":"x\ny","type":"no"},"b":[1,2.5],"a":"x\ny"}"#;
        assert_eq!(first_of(program, input).unwrap().unwrap(), expected);
    }

    #[test]
    fn no_output_is_nothing_and_of_several_the_first_counts() {
        assert_eq!(first_of("empty", "1"), Ok(None));
        assert_eq!(first_of("select(.a)", "{}"), Ok(None));
        assert_eq!(first_of("1, error", "0"), Ok(Some("1".to_owned())));
    }

    #[test]
    fn mistakes_have_their_place() {
        assert!(Program::compile("{a:", &[]).unwrap_err().contains("line 1, column"));
        assert!(Program::compile("\n nothing_of_it", &[]).unwrap_err().contains("line 2, column 2"));
        assert_eq!(first_of("error(\"say so\")", "1").unwrap_err(), "say so");
        assert!(first_of(".", "{").is_err() && first_of("nan", "1").is_err());
    }
}

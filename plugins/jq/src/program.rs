//! Owns a compiled jq program: loading with places for mistakes, running, and outputs as JSON texts.
//!
//! Knows nothing about configuration.
use jaq_core::{
    Compiler, Ctx, Vars, data,
    load::{self, Arena, File, Loader},
};
use jaq_json::{
    Map, Num, Val, read,
    write::{self, Pp},
};
use tidemill_sdk::Event;

type Data = data::JustLut<Val>;

/// The most outputs for one event: the contract's bound.
const MAX_OUTPUTS: usize = 64;

/// A compiled program.
pub(crate) struct Program {
    filter: jaq_core::Filter<Data>,
}

/// What came of a run.
pub(crate) enum Ran {
    /// One output, the same value as the input.
    Same,
    /// The outputs as compact JSON, at most 64.
    Texts(Vec<Vec<u8>>),
}

impl Program {
    pub(crate) fn compile(source: &str) -> Result<Self, String> {
        let arena = Arena::default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let modules = Loader::new(definitions)
            .load(&arena, File { code: source, path: () })
            .map_err(|errors| first(errors.into_iter().flat_map(|(_, error)| mistakes(source, error))))?;
        let filter = Compiler::default().with_funs(functions).with_global_vars(["$event"]).compile(modules).map_err(
            |errors| {
                let undefined = errors.into_iter().flat_map(|(_, undefined)| undefined);
                first(
                    undefined
                        .map(|(name, what)| format!("{}undefined {} `{name}`", place(source, name), what.as_str())),
                )
            },
        )?;
        Ok(Self { filter })
    }

    pub(crate) fn run(&self, event: &Event<'_>) -> Result<Ran, String> {
        let input = read::parse_single(event.data()).map_err(|error| error.to_string())?;
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new([attributes(event)]));
        let mut outputs = Vec::new();
        for output in self.filter.id.run((context, input.clone())) {
            if outputs.len() == MAX_OUTPUTS {
                return Err(format!("more than {MAX_OUTPUTS} outputs for one event"));
            }
            outputs.push(output.map_err(|exception| match exception.get_err() {
                // A message of the program's own is a text, and reads better without quotes.
                Ok(error) => match error.into_val() {
                    Val::TStr(message) => String::from_utf8_lossy(&message).into_owned(),
                    other => other.to_string(),
                },
                Err(_) => "`halt` and `break` out of the program are not possible here".to_owned(),
            })?);
        }
        if outputs.len() == 1 && outputs[0] == input {
            return Ok(Ran::Same);
        }
        Ok(Ran::Texts(outputs.iter().map(text).collect::<Result<_, _>>()?))
    }
}

fn attributes(event: &Event<'_>) -> Val {
    let text = |text: &str| Val::utf8_str(text.to_owned());
    let extensions =
        read::parse_single(event.extensions_json().as_bytes()).unwrap_or_else(|_| Val::obj(Map::default()));
    // Read like the data's numbers: a component's own integers are too small for milliseconds.
    let time = read::parse_single(event.time_ms().to_string().as_bytes()).unwrap_or_default();
    let members = [
        ("id", text(event.id())),
        ("source", text(event.source())),
        ("type", text(event.kind())),
        ("subject", event.subject().map_or(Val::Null, text)),
        ("time", time),
        ("extensions", extensions),
    ];
    Val::obj(members.into_iter().map(|(name, value)| (text(name), value)).collect())
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

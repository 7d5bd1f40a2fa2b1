//! Owns simple schemas: whether a JSON text fits is mostly found in one pass over its bytes, with nothing built from it.
//!
//! That pass only ever says yes. Of the few texts it is not sure about, `explain.rs` decides, which also says what is
//! wrong. Knows nothing about events.
mod explain;
mod kinds;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::kinds::Kinds;
use crate::{
    Problem,
    cursor::{Cursor, Malformed, Raw},
    json,
};

/// The texts that were asked for, in the order of their pointers; `None` where there is no text.
pub type Captures<'a> = Vec<Option<Cow<'a, str>>>;

/// A schema of JSON Schema 2020-12 with these keywords and no other: `type`, `properties`, `required`, `items`,
/// `additionalProperties` (true or false), `const` and `enum` (texts), `minLength`, `maxLength`, and those that only tell
/// people something, such as `title`.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    kinds: Option<Kinds>,
    /// Sorted by name.
    members: Vec<Member>,
    /// One bit for each first byte and length that a member's name has, to pass over other names quickly.
    names: u64,
    /// One bit for each member, by its place, that must be there.
    required: u64,
    closed: bool,
    items: Option<Box<Shape>>,
    texts: Option<Vec<Box<str>>>,
    min_length: usize,
    max_length: Option<usize>,
    capture: Option<usize>,
}

#[derive(Clone, Debug)]
struct Member {
    name: Box<str>,
    shape: Shape,
}

/// Keywords that only tell people something, or are read only through a reference, which no shape has.
const ANNOTATIONS: [&str; 12] = [
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "$anchor",
    "title",
    "description",
    "examples",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
];

const DRAFT: &str = "https://json-schema.org/draft/2020-12/";

impl Shape {
    /// The shape of a schema; `None` if it has a keyword that is not understood here, or one in an unusual use: more than
    /// 64 members, a `const` that is no text, a `$schema` of another draft.
    pub fn of(schema: &Value) -> Option<Self> {
        let mut shape = Self::default();
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(true) => return Some(shape),
            _ => return None,
        };
        let mut required = &[][..];
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("$schema", draft) if !draft.as_str()?.starts_with(DRAFT) => return None,
                ("type", kinds) => shape.kinds = Some(Kinds::of(kinds)?),
                ("properties", Value::Object(properties)) => shape.name_all(properties)?,
                ("required", Value::Array(names)) => required = names.as_slice(),
                ("additionalProperties", Value::Bool(allowed)) => shape.closed = !allowed,
                ("items", items) => shape.items = Some(Box::new(Self::of(items)?)),
                ("const", Value::String(text)) => shape.texts = Some(vec![text.as_str().into()]),
                ("enum", Value::Array(texts)) => {
                    let texts = texts.iter().map(|text| Some(text.as_str()?.into()));
                    shape.texts = Some(texts.collect::<Option<_>>()?);
                }
                ("minLength", length) => shape.min_length = usize::try_from(length.as_u64()?).ok()?,
                ("maxLength", length) => shape.max_length = Some(usize::try_from(length.as_u64()?).ok()?),
                (annotation, _) if ANNOTATIONS.contains(&annotation) => {}
                _ => return None,
            }
        }
        shape.require(required)?;
        // Both in one schema are rare, and would have to hold together.
        if schema.contains_key("const") && schema.contains_key("enum") {
            return None;
        }
        // `additionalProperties` asks which members `properties` names, not `required`.
        let named = |name: &str| schema.get("properties").is_some_and(|properties| properties.get(name).is_some());
        if shape.closed && !shape.members.iter().all(|member| named(&member.name)) {
            return None;
        }
        Some(shape)
    }

    /// The same shape, with the text at this JSON Pointer kept as capture `number`; `None` if the schema names no such
    /// member. Pointers with escapes are not understood.
    pub fn capturing(mut self, pointer: &str, number: usize) -> Option<Self> {
        let mut place = &mut self;
        for name in pointer.split('/').skip(1) {
            place = &mut place.members.iter_mut().find(|member| *member.name == *name)?.shape;
        }
        place.capture = Some(number);
        Some(self)
    }

    /// Checks a JSON text and gives back its captures, of which there are so many. What the schema does not look at is
    /// taken to be JSON, as the host promises.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, at most [`MAX_PROBLEMS`](super::MAX_PROBLEMS).
    pub fn check<'a>(&self, data: &'a [u8], captures: usize) -> Result<Captures<'a>, Vec<Problem>> {
        let mut captured = vec![None; captures];
        if self.fits(data, &mut captured) {
            return Ok(captured);
        }
        captured.fill(None);
        let value: Value = json::from_slice(data).map_err(|error| vec![error.into()])?;
        let problems = self.explain(&value, &mut captured);
        if problems.is_empty() { Ok(captured) } else { Err(problems) }
    }

    /// Whether this JSON text surely fits. Captures are only right if it does.
    pub(super) fn fits<'a>(&self, text: &'a [u8], captures: &mut [Option<Cow<'a, str>>]) -> bool {
        let mut cursor = Cursor::new(text);
        matches!(self.value(&mut cursor, captures), Ok(true)) && cursor.end().is_ok()
    }

    fn name_all(&mut self, properties: &Map<String, Value>) -> Option<()> {
        for (name, property) in properties {
            self.insert(name, Self::of(property)?);
        }
        Some(())
    }

    fn require(&mut self, names: &[Value]) -> Option<()> {
        for name in names {
            let name = name.as_str()?;
            if self.find(name.as_bytes()).is_err() {
                self.insert(name, Self::default());
            }
        }
        for name in names {
            let at = self.find(name.as_str()?.as_bytes()).ok()?;
            self.required |= 1u64.checked_shl(u32::try_from(at).ok()?)?;
        }
        (self.members.len() <= 64).then_some(())
    }

    fn insert(&mut self, name: &str, shape: Self) {
        if let Err(at) = self.find(name.as_bytes()) {
            self.names |= bit(name.as_bytes());
            self.members.insert(at, Member { name: name.into(), shape });
        }
    }

    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.members.binary_search_by(|member| member.name.as_bytes().cmp(name))
    }

    fn value<'a>(&self, cursor: &mut Cursor<'a>, captures: &mut [Option<Cow<'a, str>>]) -> Result<bool, Malformed> {
        let kinds = self.kinds.unwrap_or(Kinds::ANY);
        match cursor.peek() {
            Some(b'{') => Ok(kinds.object && self.texts.is_none() && self.object(cursor, captures)?),
            Some(b'[') => Ok(kinds.array && self.texts.is_none() && self.array(cursor, captures)?),
            Some(b'"') => Ok(kinds.string && self.text(&cursor.string()?, captures)?),
            Some(first) => {
                let start = cursor.at();
                cursor.word()?;
                let fits = match first {
                    b't' | b'f' => kinds.boolean,
                    b'n' => kinds.null,
                    // `1.0` is an integer too, but that is for the validator to say.
                    _ => kinds.number || kinds.integer && whole(&cursor.text()[start..cursor.at()]),
                };
                Ok(fits && self.texts.is_none())
            }
            None => Err(cursor.malformed("expected a value")),
        }
    }

    fn text<'a>(&self, raw: &Raw<'a>, captures: &mut [Option<Cow<'a, str>>]) -> Result<bool, Malformed> {
        if self.texts.is_none() && self.min_length == 0 && self.max_length.is_none() && self.capture.is_none() {
            return Ok(true);
        }
        let text = raw.decode()?;
        let fits = self.texts.as_ref().is_none_or(|texts| texts.iter().any(|one| **one == *text))
            && self.long_enough(&text)
            && self.short_enough(&text);
        if let Some(slot) = self.capture.and_then(|number| captures.get_mut(number)) {
            *slot = Some(text);
        }
        Ok(fits)
    }

    fn long_enough(&self, text: &str) -> bool {
        self.min_length == 0 || text.chars().nth(self.min_length - 1).is_some()
    }

    fn short_enough(&self, text: &str) -> bool {
        self.max_length.is_none_or(|length| text.chars().nth(length).is_none())
    }

    fn array<'a>(&self, cursor: &mut Cursor<'a>, captures: &mut [Option<Cow<'a, str>>]) -> Result<bool, Malformed> {
        let Some(items) = &self.items else {
            return cursor.skip_value().map(|()| true);
        };
        cursor.expect(b'[')?;
        if cursor.take(b']') {
            return Ok(true);
        }
        loop {
            if !items.value(cursor, captures)? {
                return Ok(false);
            }
            if !cursor.take(b',') {
                return cursor.expect(b']').map(|()| true);
            }
        }
    }

    fn object<'a>(&self, cursor: &mut Cursor<'a>, captures: &mut [Option<Cow<'a, str>>]) -> Result<bool, Malformed> {
        if self.members.is_empty() && !self.closed {
            return cursor.skip_value().map(|()| true);
        }
        let mut seen = 0;
        cursor.expect(b'{')?;
        if cursor.take(b'}') {
            return Ok(self.required == 0);
        }
        loop {
            // A name with an escape is rare: the validator reads it.
            let Some(name) = cursor.string()?.plain() else {
                return Ok(false);
            };
            cursor.expect(b':')?;
            let known = if self.names & bit(name) == 0 { None } else { self.find(name).ok() };
            match known {
                Some(at) => {
                    // A name that comes twice is left to the validator, for which the last one counts.
                    if seen & 1 << at != 0 || !self.members[at].shape.value(cursor, captures)? {
                        return Ok(false);
                    }
                    seen |= 1 << at;
                }
                None if self.closed => return Ok(false),
                None => cursor.skip_value()?,
            }
            if !cursor.take(b',') {
                return cursor.expect(b'}').map(|()| seen & self.required == self.required);
            }
        }
    }
}

fn whole(number: &[u8]) -> bool {
    number.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'))
}

fn bit(name: &[u8]) -> u64 {
    let first = name.first().map_or(0, |&byte| u32::from(byte));
    1 << ((first.wrapping_mul(7) ^ name.len() as u32) & 63)
}

#[cfg(test)]
mod tests;

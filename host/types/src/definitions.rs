//! Definitions with names, made of schemas: every object with members of its own is one, since not all languages can write it
//! where it is used. Must not know any language.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::EventType;
use crate::limits::{DEFINITIONS_MAX, DEPTH_MAX, PARTS_MAX};
use crate::naming::{Names, comment, pascal};
use crate::shape::{Shape, both, types};

/// Something with a name.
#[derive(Debug, PartialEq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) what: What,
}

#[derive(Debug, PartialEq)]
pub(crate) enum What {
    Object(Vec<Member>),
    Is(Shape),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) needed: bool,
    pub(crate) shape: Shape,
}

/// All definitions, what is used by others before them, the name of each type's own, and all names that are taken.
pub(crate) fn define<'t>(
    types: &'t [EventType],
    reserved: &[&str],
) -> (Vec<Definition>, Vec<(&'t EventType, String)>, Names) {
    let (mut names, mut all, mut own) = (Names::reserved(reserved), Vec::new(), Vec::new());
    for event_type in types {
        let name = names.take(&pascal(&[&event_type.name]));
        let mut reading = Reading {
            root: &event_type.schema,
            prefix: name.clone(),
            names: &mut names,
            found: Vec::new(),
            known: BTreeMap::from([("#".to_owned(), name.clone())]),
            parts: 0,
        };
        reading.define(name.clone(), &event_type.schema, &event_type.about(), 0);
        all.append(&mut reading.found);
        own.push((event_type, name));
    }
    (all, own, names)
}

/// One schema that is read.
struct Reading<'a> {
    root: &'a Value,
    prefix: String,
    names: &'a mut Names,
    found: Vec<Definition>,
    /// Names of definitions, by the reference to them.
    known: BTreeMap<String, String>,
    parts: usize,
}

impl Reading<'_> {
    /// Defines a name.
    fn define(&mut self, name: String, schema: &Value, about: &str, depth: usize) {
        let what = match self.object(schema, &name, depth) {
            Some(members) => What::Object(members),
            None => What::Is(self.shape(schema, &name, depth)),
        };
        self.found.push(Definition { name, about: comment(about), what });
    }

    /// The members of an object, if a schema is of nothing else, and has any.
    fn object(&mut self, schema: &Value, name: &str, depth: usize) -> Option<Vec<Member>> {
        let schema = self.flat(schema.as_object()?, depth);
        let plain = ["$ref", "enum", "const", "oneOf", "anyOf", "allOf"].iter().all(|key| !schema.contains_key(*key));
        let properties = schema.get("properties")?.as_object().filter(|members| !members.is_empty())?;
        if !plain || !matches!(types(&schema)[..], [] | ["object"]) || depth >= DEPTH_MAX {
            return None;
        }
        let needed = |name: &str| {
            let list = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).any(|needed| needed == name)
        };
        let mut members = Vec::with_capacity(properties.len());
        for (member, schema) in properties {
            let about = schema.get("description").or_else(|| schema.get("title")).and_then(Value::as_str);
            members.push(Member {
                about: comment(about.unwrap_or_default()),
                needed: needed(member),
                shape: self.shape(schema, &pascal(&[name, member]), depth + 1),
                name: member.clone(),
            });
        }
        Some(members)
    }

    /// The shape of a value. `name` is for a definition, if it needs one.
    fn shape(&mut self, schema: &Value, name: &str, depth: usize) -> Shape {
        self.parts += 1;
        let schema = match schema {
            Value::Bool(false) => return Shape::Nothing,
            Value::Object(schema) if depth < DEPTH_MAX && self.parts < PARTS_MAX => schema,
            _ => return Shape::Anything,
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, depth);
        }
        if let Some(value) = schema.get("const") {
            return Shape::exactly(value);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return Shape::one_of(values.iter().map(Shape::exactly));
        }
        let schema = &self.flat(schema, depth);
        for key in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(key).and_then(Value::as_array) {
                let mut rest = schema.clone();
                rest.remove(key);
                return self.choices(&rest, choices, name, depth);
            }
        }
        match &types(schema)[..] {
            [] if schema.contains_key("properties") => self.one("object", schema, name, depth),
            [] => Shape::Anything,
            names => {
                let shapes: Vec<Shape> = names.iter().map(|kind| self.one(kind, schema, name, depth)).collect();
                Shape::one_of(shapes)
            }
        }
    }

    /// One of the types that a schema allows.
    fn one(&mut self, kind: &str, schema: &Map<String, Value>, name: &str, depth: usize) -> Shape {
        match kind {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "string" => Shape::Text,
            "array" => self.list(schema, name, depth),
            "object" => self.members(schema, name, depth),
            _ => Shape::Anything,
        }
    }

    fn list(&mut self, schema: &Map<String, Value>, name: &str, depth: usize) -> Shape {
        let item = pascal(&[name, "Item"]);
        let rest = schema.get("items").map_or(Shape::Anything, |items| self.shape(items, &item, depth + 1));
        let Some(first) = schema.get("prefixItems").and_then(Value::as_array) else {
            return Shape::List(Box::new(rest));
        };
        let first: Vec<Shape> = first.iter().map(|schema| self.shape(schema, &item, depth + 1)).collect();
        // Fewer are allowed unless it says how many there must be, which is more than tuples can say.
        if schema.get("minItems").and_then(Value::as_u64).is_none_or(|least| (least as usize) < first.len()) {
            return Shape::List(Box::new(Shape::one_of(first.into_iter().chain([rest]))));
        }
        Shape::Tuple(first, (rest != Shape::Nothing).then(|| Box::new(rest)))
    }

    fn members(&mut self, schema: &Map<String, Value>, name: &str, depth: usize) -> Shape {
        if schema.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty()) {
            if self.found.len() >= DEFINITIONS_MAX {
                return Shape::Anything;
            }
            let about = schema.get("description").or_else(|| schema.get("title")).and_then(Value::as_str);
            let about = about.unwrap_or_default().to_owned();
            let name = self.names.take(name);
            let mut own = schema.clone();
            own.insert("type".into(), "object".into());
            self.define(name.clone(), &Value::Object(own), &about, depth + 1);
            return Shape::Named(name);
        }
        let rest = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
        Shape::Table(Box::new(self.shape(rest, &pascal(&[name, "Value"]), depth + 1)))
    }

    /// `oneOf` or `anyOf`, each together with what stands beside it.
    fn choices(&mut self, rest: &Map<String, Value>, choices: &[Value], name: &str, depth: usize) -> Shape {
        let says =
            |schema: &Map<String, Value>| ["type", "properties", "allOf"].iter().any(|key| schema.contains_key(*key));
        let mut shapes = Vec::new();
        for choice in choices {
            let merged = match choice.as_object() {
                Some(choice) if says(rest) => {
                    let choice = self.flat(choice, depth);
                    let choice = choice.get("$ref").and_then(|to| self.find(to.as_str()?)).unwrap_or(choice);
                    Value::Object(both(rest, &choice))
                }
                _ => choice.clone(),
            };
            shapes.push(self.shape(&merged, name, depth + 1));
        }
        Shape::one_of(shapes)
    }

    /// `allOf` taken into the schema around it.
    fn flat(&mut self, schema: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let Some(Value::Array(parts)) = schema.get("allOf") else { return schema.clone() };
        let mut merged = schema.clone();
        merged.remove("allOf");
        for part in parts.iter().filter_map(Value::as_object) {
            let target = part.get("$ref").and_then(|to| self.find(to.as_str()?));
            let part = target.as_ref().unwrap_or(part);
            self.parts += 1;
            if depth >= DEPTH_MAX || self.parts >= PARTS_MAX {
                break;
            }
            let part = self.flat(part, depth + 1);
            merged = both(&merged, &part);
        }
        merged
    }

    /// The definition that a reference is to: one within the schema. What is elsewhere may be anything.
    fn reference(&mut self, reference: &str, depth: usize) -> Shape {
        if let Some(name) = self.known.get(reference) {
            return Shape::Named(name.clone());
        }
        let Some(schema) = self.target(reference).cloned() else { return Shape::Anything };
        if self.found.len() >= DEFINITIONS_MAX {
            return Shape::Anything;
        }
        let last = reference.rsplit('/').next().unwrap_or_default();
        let name = self.names.take(&pascal(&[&self.prefix, last]));
        // Before it is read: it may refer to itself.
        self.known.insert(reference.to_owned(), name.clone());
        let about = schema.get("description").or_else(|| schema.get("title")).and_then(Value::as_str);
        let about = about.unwrap_or_default().to_owned();
        self.define(name.clone(), &schema, &about, depth + 1);
        Shape::Named(name)
    }

    fn find(&self, reference: &str) -> Option<Map<String, Value>> {
        self.target(reference)?.as_object().cloned()
    }

    fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

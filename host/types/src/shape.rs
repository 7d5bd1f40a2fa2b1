//! What a JSON Schema says of the shape of a value, as far as types of programming languages can say it. What they cannot
//! (bounds, patterns, conditions) is left to the plugin that owns the type.

use serde_json::{Map, Value};

/// The shape of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Anything,
    Nothing,
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    /// Exactly this: a text, a number, a boolean or null.
    Exactly(Value),
    List(Box<Shape>),
    /// These, and then any number of the last, if there is one.
    Tuple(Vec<Shape>, Option<Box<Shape>>),
    /// Members of any name.
    Table(Box<Shape>),
    OneOf(Vec<Shape>),
    /// A definition.
    Named(String),
}

impl Shape {
    /// One of several, each once.
    pub(crate) fn one_of(shapes: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for shape in shapes {
            match shape {
                Self::Anything => return Self::Anything,
                Self::Nothing => {}
                Self::OneOf(inner) => inner.into_iter().for_each(|shape| push(&mut all, shape)),
                shape => push(&mut all, shape),
            }
        }
        match all.len() {
            0 => Self::Nothing,
            1 => all.remove(0),
            _ => Self::OneOf(all),
        }
    }

    /// Of a value that is the only one possible.
    pub(crate) fn exactly(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Array(_) => Self::List(Box::new(Self::Anything)),
            Value::Object(_) => Self::Table(Box::new(Self::Anything)),
            // Types of languages know whole numbers alone.
            Value::Number(number) if !number.is_i64() => Self::Number,
            value => Self::Exactly(value.clone()),
        }
    }
}

fn push(all: &mut Vec<Shape>, shape: Shape) {
    if !all.contains(&shape) {
        all.push(shape);
    }
}

/// The names of types that a schema allows; none: all.
pub(crate) fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Both schemas at once, as one: members of both, needed if either needs them. The second wins where they disagree.
pub(crate) fn both(first: &Map<String, Value>, second: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = first.clone();
    for (key, value) in second {
        match (merged.get_mut(key), value) {
            (Some(Value::Object(own)), Value::Object(other)) if key == "properties" => {
                own.extend(other.iter().map(|(name, schema)| (name.clone(), schema.clone())));
            }
            (Some(Value::Array(own)), Value::Array(other)) if key == "required" => {
                own.extend(other.iter().filter(|name| name.is_string()).cloned());
            }
            _ => drop(merged.insert(key.clone(), value.clone())),
        }
    }
    merged
}

//! Owns which kinds of value a schema admits. Knows nothing about texts.
use serde_json::Value;

/// The kinds that `type` names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds {
    pub(super) object: bool,
    pub(super) array: bool,
    pub(super) string: bool,
    pub(super) integer: bool,
    pub(super) number: bool,
    pub(super) boolean: bool,
    pub(super) null: bool,
}

impl Kinds {
    pub(super) const ANY: Self =
        Self { object: true, array: true, string: true, integer: true, number: true, boolean: true, null: true };

    /// What `type` says: one name or several.
    pub(super) fn of(kinds: &Value) -> Option<Self> {
        let mut all = Self::default();
        let list = match kinds {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        for kind in list {
            *match kind.as_str()? {
                "object" => &mut all.object,
                "array" => &mut all.array,
                "string" => &mut all.string,
                "integer" => &mut all.integer,
                "number" => &mut all.number,
                "boolean" => &mut all.boolean,
                "null" => &mut all.null,
                _ => return None,
            } = true;
        }
        Some(all)
    }

    /// Whether a value is of one of these kinds. A number without a fraction is an integer, however it is written.
    pub(super) fn admit(self, value: &Value) -> bool {
        match value {
            Value::Object(_) => self.object,
            Value::Array(_) => self.array,
            Value::String(_) => self.string,
            Value::Bool(_) => self.boolean,
            Value::Null => self.null,
            Value::Number(number) => {
                self.number || self.integer && (!number.is_f64() || number.as_f64().is_some_and(|n| n.fract() == 0.0))
            }
        }
    }

    /// Their names, for a sentence.
    pub(super) fn names(self) -> String {
        let all = [
            (self.object, "an object"),
            (self.array, "an array"),
            (self.string, "a string"),
            (self.integer, "an integer"),
            (self.number, "a number"),
            (self.boolean, "a boolean"),
            (self.null, "null"),
        ];
        all.into_iter().filter_map(|(named, name)| named.then_some(name)).collect::<Vec<_>>().join(" or ")
    }
}

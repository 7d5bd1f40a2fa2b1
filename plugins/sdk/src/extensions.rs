//! Owns the look-up of one extension attribute in the JSON object that the host sends, without a tree.
//!
//! Knows nothing about rows.
use std::fmt;

use serde::{
    Deserializer as _,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

/// The text of the attribute `name` in the JSON object `json`; `None` if it is absent or the object is not one.
pub(crate) fn find(json: &[u8], name: &str) -> Option<String> {
    if json.is_empty() {
        return None;
    }
    serde_json::Deserializer::from_slice(json).deserialize_map(Find(name)).ok().flatten()
}

struct Find<'n>(&'n str);

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<String>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object of extension attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(wanted) = members.next_key_seed(Named(self.0))? {
            if wanted {
                found = members.next_value_seed(Canonical)?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a member has this name.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the name of an attribute")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// The canonical text of a CloudEvents attribute: String, Integer or Boolean.
struct Canonical;

impl<'de> DeserializeSeed<'de> for Canonical {
    type Value = Option<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Canonical {
    type Value = Option<String>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a whole number or a boolean")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_each_kind_of_value() {
        let json = br#"{"a":"x","b":7,"c":true,"d":-1,"e":null,"\u0066":"f"}"#;
        let all = ["a", "b", "c", "d", "e", "f", "g"].map(|name| find(json, name));
        let expected = [Some("x"), Some("7"), Some("true"), Some("-1"), None, Some("f"), None];
        assert_eq!(all.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn nothing_is_found_in_nothing_and_in_nonsense() {
        assert_eq!(find(b"", "a"), None);
        assert_eq!(find(b"[1]", "a"), None);
        assert_eq!(find(br#"{"a":"#, "a"), None);
    }
}

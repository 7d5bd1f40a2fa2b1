//! Owns how a JSON text becomes a value of the expression language, in one pass and borrowing texts where it can.
//!
//! Whole numbers become `int` (or `uint` where they do not fit), other numbers `double`. Knows nothing about events.
use std::{collections::HashMap, fmt};

use cel::common::{
    types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt},
    value::Val,
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// The value of a JSON text; `None` if it is no JSON.
pub(crate) fn read<'a>(text: &'a [u8]) -> Option<Box<dyn Val + 'a>> {
    serde_json::from_slice::<Json<'a>>(text).ok().map(|json| json.0)
}

struct Json<'a>(Box<dyn Val + 'a>);

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Json<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelNull)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelBool::from(value))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelInt::from(value))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json(match i64::try_from(value) {
            Ok(value) => Box::new(CelInt::from(value)),
            Err(_) => Box::new(CelUInt::from(value)),
        }))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelDouble::from(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelString::from(value.to_owned()))))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json(Box::new(CelString::from(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut values: Vec<Box<dyn Val + 'de>> = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            values.push(item);
        }
        Ok(Json(Box::new(CelList::from(values))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let mut values: HashMap<CelMapKey<'de>, Box<dyn Val + 'de>> = HashMap::new();
        while let Some((name, Json(value))) = members.next_entry::<String, Json<'de>>()? {
            values.insert(CelMapKey::from(name), value);
        }
        Ok(Json(Box::new(CelMap::from(values))))
    }
}

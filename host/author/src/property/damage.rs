//! Data that was valid, with something wrong in one place. Must not know schemas: whether it is invalid now is asked elsewhere.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Valid data, damaged once, anywhere.
pub(super) fn damaged(valid: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    (valid, any::<Index>(), any::<Index>())
        .prop_map(|(mut value, place, how)| {
            let place = place.index(places(&value));
            let mut left = place;
            visit(&mut value, &mut left, how);
            value
        })
        .boxed()
}

/// How many values there are in one, itself included.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

/// Damages the value that is `left` values further on. Whether it was found.
fn visit(value: &mut Value, left: &mut usize, how: Index) -> bool {
    if *left == 0 {
        damage(value, how);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| visit(item, left, how)),
        Value::Object(members) => members.values_mut().any(|member| visit(member, left, how)),
        _ => false,
    }
}

fn damage(value: &mut Value, how: Index) {
    // Every damage of its kind of value, and then other kinds.
    let mut ways = vec![Value::Null, json!(true), json!(-1), json!(0.5), json!("x"), json!([]), json!({})];
    match &*value {
        Value::Object(members) => {
            for name in members.keys() {
                let mut without = members.clone();
                without.shift_remove(name);
                ways.push(without.into());
            }
            let mut more = members.clone();
            more.insert("unexpected_member".into(), json!(1));
            ways.push(more.into());
        }
        Value::Array(items) => {
            ways.push(items.iter().skip(1).cloned().collect());
            ways.push(items.iter().chain(items).cloned().collect());
            ways.push(items.iter().cycle().take(300).cloned().collect());
        }
        Value::String(text) => {
            let long = text.repeat(1 + 2_000 / text.len().max(1));
            ways.extend([json!(""), json!(format!("{text}\u{0}é")), json!(long)]);
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            ways.extend([json!(-number), json!(number + 0.5), json!(1e15), json!(-1e15), json!(0)]);
        }
        Value::Bool(_) | Value::Null => ways.push(json!("true")),
    }
    *value = how.get(&ways).clone();
}

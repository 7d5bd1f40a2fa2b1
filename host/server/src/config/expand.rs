//! `${NAME}` in texts of the file: the value of an environment variable. Must not know which texts those are.
//!
//! Only the form with braces is one, so that programs of jq keep their `$name`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::de::DeValue;

/// The environment.
pub(super) type Env = BTreeMap<String, String>;

/// A text with its variables replaced: `${NAME}`, `${NAME:-default}` where it is unset or empty, `$${` for `${` itself.
/// An error says what is wrong with one of them.
pub(super) fn expand<'t>(text: &'t str, env: &Env) -> Result<Cow<'t, str>, String> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let (mut expanded, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        rest = &from[2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            continue;
        }
        expanded.push_str(before);
        let (inner, after) = rest.split_once('}').ok_or("has a `${` without its `}`; `$${` stands for `${` itself")?;
        expanded.push_str(value(inner, env)?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(Cow::Owned(expanded))
}

/// What stands for the inside of `${…}`.
fn value<'v>(inner: &'v str, env: &'v Env) -> Result<&'v str, String> {
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.bytes().all(plain) {
        let inner: String = inner.chars().take(40).collect();
        return Err(format!(
            "has `${{{inner}}}`, which is no variable: write `${{NAME}}`, `${{NAME:-default}}`, or `$${{` for `${{` itself"
        ));
    }
    match (env.get(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default),
        (None, None) => Err(format!(
            "needs the environment variable `{name}`, which is not set: set it, or write `${{{name}:-…}}` with what \
             holds without it"
        )),
    }
}

/// A text as it has to be written to mean itself.
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

/// Replaces the variables in all texts of a table. What cannot be replaced stays: see [`problems`].
pub(super) fn expand_table(table: &mut toml::Table, env: &Env) {
    table.iter_mut().for_each(|(_, value)| expand_value(value, env));
}

fn expand_value(value: &mut toml::Value, env: &Env) {
    match value {
        toml::Value::String(text) => {
            if let Ok(Cow::Owned(expanded)) = expand(text, env) {
                *text = expanded;
            }
        }
        toml::Value::Array(list) => list.iter_mut().for_each(|item| expand_value(item, env)),
        toml::Value::Table(table) => expand_table(table, env),
        _ => {}
    }
}

/// Tells of each text below a value that cannot be expanded: where it begins, and what is wrong.
pub(super) fn problems(
    path: &str,
    value: &toml::Spanned<DeValue<'_>>,
    env: &Env,
    tell: &mut dyn FnMut(usize, &str, String),
) {
    match value.get_ref() {
        DeValue::String(text) => {
            if let Err(detail) = expand(text, env) {
                tell(value.span().start, path, detail);
            }
        }
        DeValue::Array(list) => list.iter().for_each(|item| problems(path, item, env, tell)),
        DeValue::Table(table) => {
            for (key, value) in table {
                problems(&format!("{path}.{}", super::source::bare_or_quoted(key.get_ref())), value, env, tell);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expanded(text: &str) -> Result<String, String> {
        let env = [("PORT", "8080"), ("EMPTY", ""), ("NESTED", "${PORT}")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        expand(text, &env).map(Cow::into_owned)
    }

    #[test]
    fn variables_in_braces_are_replaced_and_nothing_else() {
        for (text, means) in [
            ("127.0.0.1:${PORT}", "127.0.0.1:8080"),
            ("${PORT}${PORT:-1}", "80808080"),
            ("${NONE:-3000}/${EMPTY:-x}/${EMPTY}.", "3000/x/."),
            ("${NONE:-}", ""),
            ("$PORT $name $ {PORT} }", "$PORT $name $ {PORT} }"),
            ("$${PORT}, $$${PORT}", "${PORT}, $${PORT}"),
            // What a variable holds is not looked at again.
            ("${NESTED}", "${PORT}"),
            ("é${PORT}é", "é8080é"),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(means), "{text}");
        }
    }

    #[test]
    fn what_is_no_variable_is_said() {
        for (text, says) in [
            ("${NONE}", "`NONE`, which is not set"),
            ("${PORT", "without its `}`"),
            ("${}", "`${}`, which is no variable"),
            ("${1A}", "no variable"),
            ("${A-b}", "no variable"),
            ("${PORT:+x}", "no variable"),
        ] {
            let error = expanded(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_is_escaped_means_itself(text in "[a$\\{\\}:-]{0,12}") {
            prop_assert_eq!(expanded(&escape(&text)), Ok(text));
        }
    }
}

//! The Rust SDK's `Cargo.toml` as it is outside of this workspace: what it inherits stands in it.

use toml::{Table, Value};

/// The workspace that it inherits from.
pub(super) const TEXT: &str = include_str!("../../../../Cargo.toml");

/// The text of a package's `Cargo.toml` with everything that it inherits.
pub(super) fn resolved(package: &str) -> Result<String, toml::de::Error> {
    let workspace: Table = TEXT.parse()?;
    let shared = |table: &str| workspace["workspace"].get(table).and_then(Value::as_table).cloned().unwrap_or_default();
    let mut package: Table = package.parse()?;
    if let Some(about) = package.get_mut("package").and_then(Value::as_table_mut) {
        resolve(about, &shared("package"));
    }
    let dependencies = shared("dependencies");
    resolve_dependencies(&mut package, &dependencies);
    for (_, target) in package.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
        if let Some(target) = target.as_table_mut() {
            resolve_dependencies(target, &dependencies);
        }
    }
    // Its tests stay here.
    package.remove("dev-dependencies");
    Ok(package.to_string())
}

fn resolve_dependencies(table: &mut Table, shared: &Table) {
    for name in ["dependencies", "build-dependencies"] {
        if let Some(dependencies) = table.get_mut(name).and_then(Value::as_table_mut) {
            resolve(dependencies, shared);
        }
    }
}

/// Replaces each `{ workspace = true, … }` by what is shared under its name, with what else it says.
fn resolve(table: &mut Table, shared: &Table) {
    for (name, value) in table.iter_mut() {
        let (Some(own), Some(found)) = (value.as_table_mut(), shared.get(name)) else { continue };
        if own.remove("workspace").is_none() {
            continue;
        }
        let rest = std::mem::take(own);
        *value = match found {
            found if rest.is_empty() => found.clone(),
            Value::Table(found) => Value::Table(found.clone().into_iter().chain(rest).collect()),
            version => Value::Table([("version".to_owned(), version.clone())].into_iter().chain(rest).collect()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_stands_there() {
        let text = "[package]\nname = 'a'\nversion.workspace = true\n[dependencies]\nmemchr.workspace = true\nwasip2 = { \
                    workspace = true, optional = true }\n[dev-dependencies]\njsonschema.workspace = true";
        let resolved: Table = resolved(text).unwrap().parse().unwrap();
        assert_eq!(resolved["package"]["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
        assert!(resolved["dependencies"]["memchr"].is_str());
        let wasip2 = resolved["dependencies"]["wasip2"].as_table().unwrap();
        assert!(wasip2["optional"] == Value::Boolean(true) && wasip2.contains_key("version"), "{wasip2:?}");
        assert!(!resolved.contains_key("dev-dependencies"));
    }
}

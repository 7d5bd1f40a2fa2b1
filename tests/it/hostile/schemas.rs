//! Schemas of a configuration that mean harm to whoever checks a configuration against them.

use super::assembled::{Parts, filter};
use super::loading::are_refused;

/// The component is small, and so is its schema; a reader never comes to its end.
#[tokio::test]
async fn schemas_without_an_end_are_refused() {
    let with_schema = |schema: &str| {
        let module = format!(
            "(data (i32.const 100) \"\\01\\00\\00\\00\\00\\10\\00\\00\") (data (i32.const 4096) \"{}\")",
            schema.replace('"', "\\22")
        );
        let describe = format!("(i32.store (i32.const 108) (i32.const {}))", schema.len());
        filter(Parts { module: &module, describe: &describe, ..Parts::default() })
    };
    let doubling: String = (0..60)
        .map(|n| format!(r##""d{n}":{{"allOf":[{{"$ref":"#/$defs/d{m}"}},{{"$ref":"#/$defs/d{m}"}}]}},"##, m = n + 1))
        .collect();
    let doubling = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubling}"d60":true}}}}"##);
    are_refused(&[
        ("itself", with_schema(r##"{"$ref":"#"}"##), "schema"),
        (
            "around",
            with_schema(r##"{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#"}]}}}"##),
            "schema",
        ),
        ("doubling", with_schema(&doubling), "schema"),
    ])
    .await;
}

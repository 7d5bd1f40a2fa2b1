//! docs/authors/limits.md has every limit that a plugin's settings can have. Must not know what each is.

use std::fs;

use super::root;

#[test]
fn every_limit_of_a_plugin_stands_on_the_page_on_limits() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (source, page) = (read("host/plugin/src/settings/limits.rs"), read("docs/authors/limits.md"));
    let fields = source.split("struct RawLimits {").nth(1).unwrap().split('}').next().unwrap();
    let keys: Vec<String> =
        fields.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().replace('_', "-"))).collect();
    assert!(keys.len() >= 19, "{keys:?}");
    let settings: Vec<&str> = page.lines().filter_map(|line| line.split('|').nth(3)).collect();
    let missing: Vec<&String> =
        keys.iter().filter(|key| !settings.iter().any(|cell| cell.contains(&format!("`{key}`")))).collect();
    assert!(missing.is_empty(), "docs/authors/limits.md has no row for {missing:?}");
}

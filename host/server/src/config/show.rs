//! The effective configuration as commented TOML: what is printed can be loaded again.

use std::fmt::Write;

use super::Config;
use super::expand::escape;
use super::nearest::split;
use super::source::bare_or_quoted;

/// Every key with what it means, what it may be, its default and who set it; then tables as written: what their variables
/// stand for may be secret.
pub(super) fn to_toml(config: &Config) -> String {
    let mut text = String::new();
    let mut section = "";
    for entry in config.entries() {
        let (of, key) = split(entry.key);
        let gap = if text.is_empty() { "" } else { "\n" };
        text.push_str(gap);
        if of != section {
            section = of;
            line(&mut text, &format!("[{section}]"));
        }
        line(&mut text, &format!("# {}", entry.meaning));
        line(&mut text, &format!("# Expected: {}.", entry.allowed));
        line(&mut text, &format!("# Default: {}. Set by: {}.", entry.default, entry.origin));
        line(&mut text, &format!("{key} = {}", escape(&entry.value)));
    }
    for rule in &config.retention {
        line(&mut text, "\n# Bounds for some types of events, beside those of the whole log in [log].");
        line(&mut text, super::retention::to_toml(rule).trim_end());
    }
    for (key, table) in &config.written {
        line(
            &mut text,
            match *key {
                "source" => {
                    "\n# A program whose output is sent. Secrets are better handed on by `environment` than written in `set`."
                }
                "mount" => "\n# What is at a path, for whom.",
                _ => "\n# Whose tokens are taken: their hashes, or where keys are. There is no secret in it.",
            },
        );
        line(&mut text, &format!("[[{key}]]"));
        for (name, value) in table {
            // Tables within, too, in one line: a header of their own would have to name the list.
            line(&mut text, &format!("{} = {value}", bare_or_quoted(name)));
        }
    }
    for (name, table) in &config.plugins_written {
        let mut plugin = toml::Table::new();
        plugin.insert(name.clone(), table.clone());
        let mut plugins = toml::Table::new();
        plugins.insert("plugins".into(), toml::Value::Table(plugin));
        let place = config.plugin_place(name);
        line(&mut text, &format!("\n# Settings of the plugin {}. Set by: file ({place}).", bare_or_quoted(name)));
        // A table that was read from TOML can be written as TOML.
        line(&mut text, toml::to_string(&plugins).unwrap_or_default().trim_end());
    }
    text
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

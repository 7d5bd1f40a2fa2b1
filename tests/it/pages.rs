//! The documentation does what it says: each page is followed from its first block to its last, as its reader would.
//!
//! Owns which pages are run, and which are only parsed, and why. How a page is written stands in CONTRIBUTING.md. `page` and
//! `note` read it, `story` follows it in a `terminal`, `excerpt` finds what it shows a part of, and `own` proves that a wrong
//! page fails.

mod excerpt;
mod note;
mod own;
mod page;
mod parsed;
mod reader;
mod story;
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Makes a test of each page that is run.
macro_rules! run {
    ($($name:ident: $page:literal,)*) => {
        const RUN: &[&str] = &[$($page),*];
        $(#[test]
        fn $name() {
            story::follow($page, &story::read($page)).unwrap_or_else(|wrong| panic!("{wrong}"));
        })*
    };
}

run! {
    readme: "README.md",
    start: "docs/index.md",
    authors: "docs/authors.md",
    authors_c: "docs/authors/c.md",
    authors_events: "docs/authors/events.md",
    authors_go: "docs/authors/go.md",
    authors_grants: "docs/authors/grants.md",
    authors_javascript: "docs/authors/javascript.md",
    authors_kinds: "docs/authors/kinds.md",
    authors_kinds_event_types: "docs/authors/kinds/event-types.md",
    authors_kinds_filter: "docs/authors/kinds/filter.md",
    authors_kinds_prompts: "docs/authors/kinds/prompts.md",
    authors_kinds_tools: "docs/authors/kinds/tools.md",
    authors_kinds_transform: "docs/authors/kinds/transform.md",
    authors_kinds_view: "docs/authors/kinds/view.md",
    authors_kinds_webhook: "docs/authors/kinds/webhook.md",
    authors_limits: "docs/authors/limits.md",
    authors_performance: "docs/authors/performance.md",
    authors_publishing: "docs/authors/publishing.md",
    authors_python: "docs/authors/python.md",
    authors_rust: "docs/authors/rust.md",
    authors_state: "docs/authors/state.md",
    authors_testing: "docs/authors/testing.md",
    authors_typescript: "docs/authors/typescript.md",
    authors_versions: "docs/authors/versions.md",
    authors_zig: "docs/authors/zig.md",
}

/// Pages of which every block is parsed, and why no more than that is done with them.
const PARSED: &[(&str, &str)] = &[
    ("ARCHITECTURE.md", "a drawing"),
    ("docs/benchmarks.md", "the benches take hours"),
    ("docs/configuration.md", "parts of configurations; the reference is made by the program, and compared by a test"),
    ("docs/log.md", "commands for a server that has been running for long"),
    ("docs/mcp.md", "the client is somebody else's"),
    ("docs/mounts.md", "whole configurations, which servers would take; tests/it/mounts runs such ones"),
    ("docs/operating.md", "proxies, service managers and dashboards of others"),
    ("docs/plugins.md", "parts of settings; what authors do is in docs/authors"),
    ("docs/sources.md", "parts of configurations; tests/it/sources.rs has whole ones"),
    ("docs/tools.md", "a plugin for agents; tests/it/tools/ready.rs loads it"),
    ("docs/types.md", "examples/typed-dashboard does it, and is run"),
    ("examples/all-five/README.md", "five services with secrets of their own; tests/it/seeds/all_five.rs runs them"),
    ("examples/grafana/README.md", "for a program that is not here"),
    ("examples/plugins/c-sampler/README.md", "tests/it/authors/c.rs builds and tests it"),
    ("examples/plugins/go-webhook/README.md", "tests/it/authors/go.rs builds and tests it"),
    ("examples/plugins/js-redactor/README.md", "tests/it/authors/javascript.rs builds and tests it"),
    ("examples/plugins/python-enrichment/README.md", "tests/it/authors/python.rs builds and tests it"),
    ("examples/plugins/ts-order-events/README.md", "tests/it/authors/javascript.rs builds and tests it"),
    ("examples/plugins/zig-filter/README.md", "tests/it/authors/zig.rs builds and tests it"),
    ("examples/systemd/README.md", "it wants systemd"),
    ("plugins/cel/README.md", "settings that are taken; tests/it/ready_made.rs runs such ones"),
    ("plugins/github/README.md", "deliveries of GitHub"),
    ("plugins/jq/README.md", "settings that are taken; tests/it/ready_made.rs runs such ones"),
    ("plugins/json-schema/README.md", "settings that are taken; tests/it/ready_made.rs runs such ones"),
    ("plugins/notification-server/README.md", "examples/notification-server does it, and is run"),
    ("plugins/redact/README.md", "settings that are taken; tests/it/ready_made.rs runs such ones"),
    ("plugins/sdk-js/README.md", "docs/authors/javascript.md does it, and is run"),
    ("plugins/sdk-python/README.md", "docs/authors/python.md does it, and is run"),
];

/// Sources on these pages, and the file that has them and is built: the page is only read.
const SHOWN: [(&str, &str); 5] = [
    ("docs/plugins.md", "plugins/sdk/src/http.rs"),
    ("docs/tools.md", "tests/guests/examples/kitchen.rs"),
    ("docs/types.md", "examples/typed-dashboard/dashboard.ts"),
    ("plugins/sdk-js/README.md", "docs/authors/javascript.md"),
    ("plugins/sdk-python/README.md", "docs/authors/python.md"),
];

/// Pages with another form of blocks, of their own test: `tests/it/examples.rs`.
const EXAMPLES: [&str; 10] = [
    "custom-event-type",
    "event-driven",
    "hello",
    "hot-reload",
    "mcp-sse",
    "notification-server",
    "sixth-system",
    "sse-integration",
    "stdio-sse",
    "typed-dashboard",
];

/// Every page with blocks is in one of the lists above, and nothing else is; `docs/authors` is run.
#[test]
fn every_page_has_its_test() {
    let examples = EXAMPLES.map(|name| format!("examples/{name}/README.md"));
    let listed: Vec<&str> = RUN
        .iter()
        .copied()
        .chain(PARSED.iter().map(|(page, _)| *page))
        .chain(examples.iter().map(String::as_str))
        .collect();
    let unique: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard", "*.md"])
        .current_dir(&root)
        .output()
        .unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    for page in &listed {
        assert!(found.lines().any(|path| path == *page), "{page} is listed, and not there");
    }
    for path in found.lines().filter(|path| !listed.contains(path)) {
        let text = std::fs::read_to_string(root.join(path)).unwrap();
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("```")),
            "{path} has blocks and is in no list of tests/it/pages.rs"
        );
    }
    for (page, _) in PARSED {
        assert!(!page.starts_with("docs/authors"), "{page}: pages for authors are run");
    }
}

#[test]
fn sources_on_other_pages_stand_in_a_file_that_is_built() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (page, _) in PARSED {
        for (line, source) in parsed::sources(page, &story::read(page)) {
            let shown = SHOWN.iter().find(|(known, _)| known == page);
            let (_, file) = shown.unwrap_or_else(|| panic!("{page}:{line}: no file in `SHOWN` has this source"));
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            // An example in documentation of Rust is built, too.
            let text: Vec<&str> = text.lines().map(|line| line.trim_start_matches("//!").trim()).collect();
            let lines: Vec<&str> = source.lines().map(str::trim).collect();
            assert!(text.windows(lines.len()).any(|part| part == lines), "{page}:{line}: this is not in {file}");
        }
    }
}

#[test]
fn every_other_page_is_parsed() {
    let wrong: Vec<String> =
        PARSED.iter().filter_map(|(page, _)| parsed::page(page, &story::read(page)).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

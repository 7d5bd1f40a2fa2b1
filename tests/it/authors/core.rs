//! What all languages have in common, with Rust as the example.

use super::Author;

#[test]
fn a_mistake_is_answered_with_what_to_type() {
    let author = Author::new();
    for (arguments, told) in [
        (&["new", "x", "--lang", "pyton"][..], "there is no language `pyton`; did you mean `python`?"),
        (&["new", "x", "--kind", "filtre"], "there is no kind of plugin `filtre`; did you mean `filter`?"),
        (&["new", "x", "--uses", "sate"], "there is no interface to use `sate`; did you mean `state`?"),
        (&["new", "Order Rules"], "try `order-rules`"),
        (&["build"], "begin one with `tidemill plugin new`"),
        (&["build", "nowhere"], "there is no folder nowhere"),
    ] {
        let said = author.types("", arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(told) && said.err.lines().count() == 1, "{arguments:?}: {}", said.err);
    }
    assert!(!author.has("x/tidemill-plugin.toml"));
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let author = Author::new();
    std::fs::create_dir(author.at("order-rules")).unwrap();
    std::fs::write(author.at("order-rules/mine.txt"), "precious").unwrap();
    let said = author.types("", &["new", "order-rules"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("order-rules exists and is not empty; choose another name"), "{}", said.err);
    assert_eq!(std::fs::read_dir(author.at("order-rules")).unwrap().count(), 1);
    let said = author.types("order-rules", &["new", "mine.txt"]);
    assert!(said.code == 2 && said.err.contains("try `mine-txt`"), "{}", said.err);
    assert!(author.succeeds("", &["new", "other"]).contains("other/tidemill-plugin.toml"));
}

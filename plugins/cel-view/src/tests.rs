//! Subscribers are told what is wrong with their expressions, and see what these say.
use tidemill_sdk::testing::{self, Sample, Someone};

use super::*;

fn classify(someone: Someone) -> Result<String, String> {
    CelView::default().classify(&someone.who())
}

fn wants(expression: &str) -> Result<String, String> {
    classify(testing::subscriber().parameter("where", expression))
}

fn sees(expression: &str, sample: &Sample) -> bool {
    let mut view = CelView::default();
    let who = testing::subscriber().parameter("where", expression).who();
    let class = view.classify(&who).expect("a good expression");
    // Another instance may be asked.
    CelView::default().visible(&class, &sample.event()) == Ok(true)
}

#[test]
fn the_expression_decides_and_one_that_fails_hides() {
    let order = testing::event("order.created").subject("ann").data(r#"{"total":150,"items":[{"tags":["a"]}]}"#);
    assert!(sees("type == 'order.created' && data.total > 100", &order));
    assert!(sees("subject == 'ann'", &order) && !sees("subject == 'bob'", &order));
    assert!(sees("data.items.exists(item, item.tags.exists(tag, tag == 'a'))", &order));
    assert!(!sees("data.missing > 1", &order) && !sees("!(data.missing > 1)", &order));
    assert!(!sees("data.total", &order), "it is no yes");
}

#[test]
fn subscribers_in_one_class_asked_for_the_same() {
    assert_eq!(wants(" data.n > 1\n"), wants("data.n > 1"));
    assert_ne!(wants("data.n > 1"), wants("data.n > 2"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let refused = |expression: &str| wants(expression).expect_err("a mistake");
    assert!(refused("type ==").starts_with("view.where: line 1, column "), "{}", refused("type =="));
    assert!(refused("dta.total > 1").starts_with("view.where: line 1, column 1: unknown variable `dta`"));
    assert!(refused("'a' + type").contains("must be true or false"));
    assert!(refused(" ").starts_with("view.where is missing"));
    assert!(refused(&"x".repeat(1025)).contains("1025 bytes"));
    let deep = "data.a.all(a, a.all(b, b.all(c, c > 1)))";
    assert!(refused(deep).contains("3 levels deep"), "{}", refused(deep));
    let beside = "data.a.all(a, a > 1) && data.b.map(b, b.c).exists(c, c > 1)";
    assert_eq!(wants(beside).as_deref(), Ok(beside));
    assert!(classify(testing::subscriber()).expect_err("nothing").starts_with("view.where is missing"));
    let twice = testing::subscriber().parameter("where", "true").parameter("where", "false");
    assert!(classify(twice).expect_err("which").contains("more than once"));
    let other = testing::subscriber().parameter("were", "true");
    assert!(classify(other).expect_err("unknown").starts_with("view.were: there is no such parameter"));
}

#[test]
fn compiled_expressions_are_bounded() {
    let mut programs = Programs::default();
    let mut most = 0;
    for n in 0..3_000 {
        programs.get(&format!("data.n > {n}")).expect("a good expression");
        most = most.max(programs.len());
    }
    assert!((500..1_000).contains(&most), "{most}");
    assert!(programs.get("data.n >").is_err());
}

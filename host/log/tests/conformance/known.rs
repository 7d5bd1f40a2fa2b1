//! Events that are published again.

use std::time::Duration;

use tidemill_log::{Group, Placed};

use super::bench::{Bench, Setup, event, every_log, key};

every_log! {
    an_event_published_again_has_its_first_position
    within_one_append_too
    a_split_event_is_known_as_a_whole
    it_is_forgotten_after_the_window_and_beyond_the_bound
}

fn an_event_published_again_has_its_first_position(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    assert_eq!(bench.publish(1), Placed { first: 1, events: 1, duplicate: false });
    assert_eq!(bench.publish(2).first, 2);
    assert_eq!(bench.publish(1), Placed { first: 1, events: 1, duplicate: true });
    assert_eq!(bench.log.known(&[key(2), key(3)]), [Some(Placed { first: 2, events: 1, duplicate: true }), None]);
    assert_eq!((bench.log.info().last, bench.log.info().known), (2, 2));
    assert_eq!(bench.seen.lock().unwrap().len(), 2, "nobody sees it twice");
}

fn within_one_append_too(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let appended = bench.append(|append| {
        append.events = [1, 2, 1].map(|id| event(id, "t")).to_vec();
        append.groups = [1, 2, 1].map(|id| Group { key: Some(key(id)), events: 1 }).to_vec();
    });
    let places: Vec<(u64, bool)> =
        appended.unwrap().places.iter().map(|place| (place.first, place.duplicate)).collect();
    assert_eq!(places, [(1, false), (2, false), (1, true)]);
    assert_eq!(bench.all(), [1, 2]);
}

fn a_split_event_is_known_as_a_whole(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let publish = || {
        let appended = bench.append(|append| {
            append.events = (1..=4).map(|id| event(id, "t")).collect();
            append.groups = vec![Group { key: Some(key(1)), events: 3 }, Group { key: None, events: 1 }];
        });
        appended.unwrap().places
    };
    let placed = |first, events, duplicate| Placed { first, events, duplicate };
    assert_eq!(publish(), [placed(1, 3, false), placed(4, 1, false)]);
    assert_eq!(publish(), [placed(1, 3, true), placed(5, 1, false)]);
    assert_eq!(bench.all(), [1, 2, 3, 4, 5]);
}

fn it_is_forgotten_after_the_window_and_beyond_the_bound(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup { known_window: Some(Duration::from_secs(10)), known_max: Some(3), ..Setup::default() });
    (1..=4).for_each(|id| assert!(!bench.publish(id).duplicate));
    assert!(!bench.publish(1).duplicate, "beyond the bound");
    assert!(bench.publish(4).duplicate);
    bench.pass(Duration::from_secs(11));
    assert!(!bench.publish(4).duplicate, "after the window");
}

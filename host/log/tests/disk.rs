//! What only a log on disk has to do: to survive, to notice what did not, and never to give back something else.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod disk {
    //! The tests, and a directory to have them in.
    pub(crate) mod bench;
    mod concurrency;
    mod cut;
    mod flips;
    mod foreign;
    mod mark;
    mod pages;
    mod plugin_state;
    mod restart;
    mod transfer;
}

//! What every log has to do, asked of each of them in the same words.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod conformance {
    //! The questions, and what is needed to ask them.
    pub(crate) mod bench;
    mod dead_letters;
    mod known;
    mod order;
    mod random;
    mod reading;
    mod retention;
}

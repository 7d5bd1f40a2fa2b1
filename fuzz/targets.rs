//! One of the server's properties under libFuzzer: the one that `TIDEMILL_FUZZ_TARGET` names.
#![no_main]

use std::env;
use std::sync::LazyLock;

use tidemill::properties::PROPERTIES;

static CHECK: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = env::var("TIDEMILL_FUZZ_TARGET").unwrap_or_default();
    let found = PROPERTIES.iter().find(|(own, _)| *own == name);
    found.unwrap_or_else(|| panic!("TIDEMILL_FUZZ_TARGET is `{name}`: `cargo xtask fuzz` sets it")).1
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| CHECK(input));

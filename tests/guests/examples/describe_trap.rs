//! Panics when it is asked who it is.
use tidemill_sdk::{Event, Failure, Filter, Manifest, NoConfig, Plugin, Verdict};

tidemill_sdk::export!(DescribeTrap: filter);

struct DescribeTrap;

impl Plugin for DescribeTrap {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        panic!("nobody knows")
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Filter for DescribeTrap {
    fn decide(&mut self, _: &Event<'_>) -> Result<Verdict, Failure> {
        Ok(Verdict::Keep)
    }
}

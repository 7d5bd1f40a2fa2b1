//! Clocks for guests that go in steps, where the operator wants them to know less of time: fine clocks tell what else
//! runs on the same processor. Must not know what is measured.

use std::time::Duration;

use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, MonotonicClock, WallClock};

/// A clock that stands still between two steps.
struct Coarse<C> {
    clock: C,
    step: Duration,
}

/// Has the wall clock and the monotonic clock go in steps; without a step they go as WASI gives them.
pub(crate) fn coarsen(context: &mut WasiCtxBuilder, step: Duration) {
    if !step.is_zero() {
        context.wall_clock(Coarse { clock: WallClock::new(), step });
        context.monotonic_clock(Coarse { clock: MonotonicClock::new(), step });
    }
}

fn down(nanoseconds: u128, step: Duration) -> u128 {
    nanoseconds - nanoseconds % step.as_nanos()
}

fn nanoseconds(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

impl<C: HostWallClock> HostWallClock for Coarse<C> {
    fn resolution(&self) -> Duration {
        self.clock.resolution().max(self.step)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(nanoseconds(down(self.clock.now().as_nanos(), self.step)))
    }
}

impl<C: HostMonotonicClock> HostMonotonicClock for Coarse<C> {
    fn resolution(&self) -> u64 {
        self.clock.resolution().max(nanoseconds(self.step.as_nanos()))
    }

    fn now(&self) -> u64 {
        nanoseconds(down(self.clock.now().into(), self.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);

    impl HostMonotonicClock for Fixed {
        fn resolution(&self) -> u64 {
            1
        }

        fn now(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_coarse_clock_stands_still_between_steps() {
        let at = |now: u64| Coarse { clock: Fixed(now), step: Duration::from_secs(1) }.now();
        assert_eq!([0, 999_999_999, 1_000_000_000, 2_500_000_000].map(at), [0, 0, 1_000_000_000, 2_000_000_000]);
        assert_eq!(Coarse { clock: Fixed(0), step: Duration::from_secs(1) }.resolution(), 1_000_000_000);
    }
}

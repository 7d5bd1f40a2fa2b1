//! A filter that misbehaves in one way for each type `bad.…` and keeps everything else.
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tidemill_sdk::{Batch, Event, Failure, Fault, Filter, Manifest, NoConfig, Plugin, Verdict, manifest};

tidemill_sdk::export!(Faulty: filter);

struct Faulty;

/// How often it was asked about `bad.later`.
static ASKED: AtomicU32 = AtomicU32::new(0);

impl Plugin for Faulty {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "faulty", summary: "Misbehaves", subscribes: &["*"] }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Filter for Faulty {
    fn decide(&mut self, event: &Event<'_>) -> Result<Verdict, Failure> {
        match event.kind() {
            "bad.trap" => panic!("a poison event"),
            "bad.loop" => loop {
                black_box(());
            },
            "bad.memory" => allocate(),
            "bad.stack" => {
                black_box(recurse(1));
            }
            #[allow(clippy::exit, reason = "it is what the host must survive")]
            "bad.exit" => std::process::exit(1),
            "bad.later" if ASKED.fetch_add(1, Relaxed) < 3 => return Err(Fault::retry("not yet").into()),
            "bad.retry" => return Err(Fault::retry("come back later").into()),
            "bad.broken" => return Err(Fault::broken("out of order").into()),
            "bad.drop" => return Ok(Verdict::Drop),
            "bad.reject" => return Ok(Verdict::Reject),
            _ => {}
        }
        Ok(Verdict::Keep)
    }

    fn decide_batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Verdict>, Fault> {
        let mut verdicts = Vec::new();
        for event in batch.iter() {
            match self.decide(&event) {
                Ok(verdict) => verdicts.push(verdict),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::Problems(_)) => verdicts.push(Verdict::Reject),
            }
        }
        if batch.iter().any(|event| event.kind() == "bad.length") {
            verdicts.push(Verdict::Keep);
        }
        Ok(verdicts)
    }
}

fn allocate() {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Has work to do after its call, so that it is no loop in disguise.
#[allow(unconditional_recursion, reason = "it is what the host must survive")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1).wrapping_add(frame[63])
}

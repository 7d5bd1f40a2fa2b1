//! Components that nobody wrote: good ones with damage, random ones, and filters whose functions are random. The host
//! runs each or says why not, and goes on.
//!
//! `TIDEMILL_HOSTILE_COMPONENTS` says how many, `TIDEMILL_HOSTILE_SEED` which.

use std::collections::BTreeMap;
use std::fs;

use arbitrary::Unstructured;
use serde_json::{Value, json};

use super::assembled::{component, shape};
use crate::support::{Server, eventually, guest};

/// Numbers that are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A good component, cut off, with bytes changed, or with noise in the middle.
fn damaged(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    let at = dice.below(good.len());
    match dice.below(4) {
        0 => good[..at].to_vec(),
        1 => {
            let mut bytes = good.to_vec();
            for _ in 0..=dice.below(8) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.next() as u8;
            }
            bytes
        }
        2 => {
            let length = dice.below(64);
            [&good[..at], &dice.bytes(length), &good[at..]].concat()
        }
        _ => {
            let length = dice.below(4096);
            [b"\0asm\x0d\0\x01\0".as_slice(), &dice.bytes(length)].concat()
        }
    }
}

/// What wasm-smith makes of some bytes: any valid component.
fn smithed(dice: &mut Dice) -> Option<Vec<u8>> {
    let bytes = dice.bytes(8192);
    let made = wasm_smith::Component::new(wasm_smith::Config::default(), &mut Unstructured::new(&bytes)).ok()?;
    Some(made.to_bytes())
}

/// The same with the exports of a filter.
fn smithed_filter(dice: &mut Dice) -> Option<Vec<u8>> {
    let bytes = dice.bytes(8192);
    let config = wasm_smith::Config {
        exports: Some(shape()),
        max_imports: 0,
        gc_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        max_memories: 4,
        max_tables: 4,
        ..wasm_smith::Config::default()
    };
    let made = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    component(&made.to_bytes())
}

async fn states(server: &Server) -> BTreeMap<String, Value> {
    let plugins = server.get("/plugins").await.1["plugins"].as_array().unwrap().clone();
    plugins.into_iter().map(|plugin| (plugin["name"].as_str().unwrap().to_owned(), plugin)).collect()
}

#[tokio::test]
async fn whatever_lies_in_the_directory_the_host_goes_on() {
    let count = from_environment("TIDEMILL_HOSTILE_COMPONENTS", 200) as usize;
    let seed = from_environment("TIDEMILL_HOSTILE_SEED", 20_261_121);
    let good = fs::read(guest("stamp_v1")).unwrap();
    let mut dice = Dice(seed);
    let server = Server::start("[reload]\nsettle = \"1ms\"\n", &[("good", &guest("stamp_v1"))]).await;
    let mut kinds = [0; 3];
    for n in 0..count {
        let kind = n % kinds.len();
        let made = match kind {
            0 => Some(damaged(&good, &mut dice)),
            1 => smithed(&mut dice),
            _ => smithed_filter(&mut dice),
        };
        let Some(bytes) = made else { continue };
        kinds[kind] += 1;
        let part = server.plugins_dir().join("part");
        fs::write(&part, bytes).unwrap();
        fs::rename(&part, server.plugins_dir().join(format!("made-{n}.wasm"))).unwrap();
    }
    println!("seed {seed}: {kinds:?} damaged, random, random filters");
    assert!(kinds.iter().all(|made| *made >= count / 6), "{kinds:?}");
    let all = kinds.iter().sum::<usize>() + 1;
    eventually("every component runs or is refused", async || states(&server).await.len() == all).await;
    let states = states(&server).await;
    for (name, plugin) in &states {
        let error = plugin["error"].as_str().unwrap_or_default();
        assert!(plugin["state"] == "running" || !error.is_empty(), "seed {seed}: {plugin}");
        // Names of functions in the component may have the word, too.
        assert!(!error.contains("library panic"), "seed {seed}, {name}: {error}");
    }
    // Damage may have hit what does not matter; whatever runs is asked about this one.
    let (_, answer) = server.publish("a", json!(1)).await;
    assert!(answer["outcome"].is_string(), "seed {seed}: {answer}");
    for name in states.keys().filter(|name| name.starts_with("made-")) {
        fs::remove_file(server.plugins_dir().join(format!("{name}.wasm"))).unwrap();
    }
    eventually("they are gone", async || server.get("/plugins").await.1["plugins"].as_array().unwrap().len() == 1)
        .await;
    assert_eq!(server.publish("a", json!(1)).await.1["outcome"], "stored");
}

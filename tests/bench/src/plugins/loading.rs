//! What changing plugins takes: putting one in the place of another, loading code that was compiled before, and stopping
//! one that never comes back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tidemill_event::Event;
use tidemill_plugin::{FaultKind, Kind, Lane, Limits, Verdict};

use crate::report::median;
use crate::unit::Unit;

use super::guests::{Host, component};
use super::sample::Sample;
use super::{Plan, Ready, Sheet, cases, crowd};

/// How often a plugin is replaced in one repetition.
const SWAPS: usize = 10;

/// Hosts with few and with many plugins, of which one is replaced.
pub(super) struct Swap {
    hosts: Vec<(&'static str, Host, Lane)>,
    guest: Vec<u8>,
    event: Event,
}

impl Swap {
    pub(super) fn prepare(plan: &Plan) -> Result<Self> {
        let guest = component(&plan.guests, "keep_type")?;
        let mut hosts = Vec::new();
        for (load, others) in [(cases::FEW, 2), (cases::MANY, 100)] {
            let host = Host::start()?;
            host.put("all", &guest, "")?;
            crowd::fill(&host, &guest, others)?;
            let lane = host.lane();
            hosts.push((load, host, lane));
        }
        let event = Sample::named(&plan.deliveries, "1 KB")?.events[0].clone();
        Ok(Self { hosts, guest, event })
    }
}

impl Ready for Swap {
    fn measure(&mut self, _: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        for (load, host, lane) in &mut self.hosts {
            let (mut put, mut first, mut swap) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..SWAPS {
                let began = Instant::now();
                let plugin = host.put("all", &self.guest, "")?;
                put.push(micros(began.elapsed().saturating_sub(plugin.compile_time())));

                let began = Instant::now();
                lane.enter(&host.plugins.current());
                let verdicts = lane.ask(&plugin, Kind::Filter, &[&self.event]);
                first.push(micros(began.elapsed()));
                ensure!(verdicts == [Verdict::Keep], "the new version answers {verdicts:?}");

                // Nothing is loaded here: the next generation is made without the plugin and put in place.
                let began = Instant::now();
                host.plugins.remove("all");
                swap.push(micros(began.elapsed()));
                ensure!(host.plugins.report("all").is_none(), "the plugin is still there");
            }
            for (who, taken) in [(cases::PUT, put), (cases::SWAP, swap), (cases::FIRST, first)] {
                sheet.add(load, who, Unit::Microseconds, median(taken), None);
            }
        }
        Ok(())
    }
}

/// Ready-made components, compiled once and then loaded again and again.
pub(super) struct Load {
    host: Host,
    components: Vec<(&'static str, &'static str, Vec<u8>, Duration)>,
}

impl Load {
    pub(super) fn prepare(plan: &Plan) -> Result<Self> {
        let host = Host::start()?;
        let mut components = Vec::new();
        for (name, settings) in [("redact", ""), ("jq", "[config]\nprogram = '.'"), ("json-schema", "")] {
            let bytes = component(&plan.plugins, name)?;
            let began = Instant::now();
            host.put(name, &bytes, settings)?;
            components.push((name, settings, bytes, began.elapsed()));
        }
        Ok(Self { host, components })
    }
}

impl Ready for Load {
    fn measure(&mut self, _: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        for (name, settings, bytes, compiled) in &self.components {
            let began = Instant::now();
            let plugin = self.host.put(name, bytes, settings)?;
            sheet.add(name, cases::CACHED, Unit::Milliseconds, millis(began.elapsed()), None);
            sheet.add(name, cases::READ, Unit::Milliseconds, millis(plugin.compile_time()), None);
            sheet.add(name, cases::COMPILED, Unit::Milliseconds, millis(*compiled), None);
            sheet.add(name, cases::SIZE, Unit::Bytes, plugin.size() as f64, None);
        }
        Ok(())
    }
}

/// A plugin that never answers.
pub(super) struct Runaway {
    host: Host,
    lane: Lane,
    event: Event,
}

impl Runaway {
    pub(super) fn prepare(plan: &Plan) -> Result<Self> {
        let host = Host::start()?;
        // It fails each time, and would soon not be called any more.
        host.load(&plan.guests, "spin", "breaker.faults = 0")?;
        let lane = host.lane();
        let event = Sample::named(&plan.deliveries, "1 KB")?.events[0].clone();
        Ok(Self { host, lane, event })
    }
}

/// By how much the host's clock may be behind when a call begins.
const CATCHES_UP_MAX: Duration = Duration::from_millis(20);

impl Ready for Runaway {
    fn measure(&mut self, _: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        let generation = self.host.plugins.current();
        let plugin = generation.plugins().first().context("it is not loaded")?;
        let mut over = Duration::ZERO;
        for _ in 0..3 {
            // Each call is the first one of a new instance, which is made within this time.
            let began = Instant::now();
            let verdicts = self.lane.ask(plugin, Kind::Filter, &[&self.event]);
            let took = began.elapsed();
            let stopped = matches!(&verdicts[..], [Verdict::Fault(fault)] if fault.kind == FaultKind::Timeout);
            // A clock that was kept from running catches up, and may do so at the beginning of a call.
            let time = Limits::default().time;
            ensure!(stopped && took + CATCHES_UP_MAX >= time, "after {took:?}: {verdicts:?}");
            over = over.max(took.saturating_sub(time));
        }
        sheet.add(cases::LIMIT, cases::OVER, Unit::Milliseconds, millis(over), None);
        Ok(())
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

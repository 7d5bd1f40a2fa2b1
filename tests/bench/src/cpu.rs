//! Cores and limits of this machine: which core serves, which one generates, how many files may be open.
//! Must not know hubs or cases.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which core is whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    /// The core of the server under test, all its threads and child processes.
    pub server: usize,
    /// The core of the load generator.
    pub generator: usize,
}

impl Cores {
    /// The first core this process may use for the server, and for the generator the next one that is not the same
    /// physical core, if there is such a one. `None` on a single core.
    #[must_use]
    pub fn choose() -> Option<Self> {
        let mask = sched_getaffinity(None).ok()?;
        let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| mask.is_set(*core)).collect();
        let (&server, others) = allowed.split_first()?;
        let siblings = siblings(server);
        let generator = others.iter().find(|core| !siblings.contains(core)).or(others.first())?;
        Some(Self { server, generator: *generator })
    }
}

/// Keeps the calling thread, and all it will start, on one core.
///
/// # Errors
///
/// When the system refuses.
pub fn pin(core: usize) -> Result<()> {
    let mut mask = CpuSet::new();
    mask.set(core);
    sched_setaffinity(None, &mask).with_context(|| format!("keeping to core {core}"))
}

/// Raises the number of files this process and its children may open to what the system allows at most, and says it.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let reached = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    reached.unwrap_or(u64::MAX)
}

/// One line about the machine, for the head of a report.
#[must_use]
pub fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim());
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = rustix::system::uname();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let kernel = kernel.release().to_string_lossy().into_owned();
    format!("{model}, {cores} cores, Linux {kernel}, load average {load} at the start, loopback")
}

/// Core seconds that all programs on this machine have used since it started, and what its host withheld.
#[must_use]
pub fn busy_s() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, [idle, iowait,] irq, softirq, steal
    let busy: f64 = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|field| ticks.get(field)).sum();
    busy / ticks_per_second()
}

/// The unit of the times in `/proc`.
#[expect(clippy::cast_precision_loss, reason = "100 or 1000")]
#[must_use]
pub fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

fn siblings(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    parse_list(fs::read_to_string(path).unwrap_or_default().trim())
}

/// `0,4-5` as 0, 4 and 5.
fn parse_list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_lists() {
        assert_eq!(parse_list("0,4-5"), [0, 4, 5]);
        assert_eq!(parse_list(""), [0usize; 0]);
    }

    #[test]
    fn server_and_generator_never_share_a_core() {
        if let Some(cores) = Cores::choose() {
            assert_ne!(cores.server, cores.generator);
        }
    }
}

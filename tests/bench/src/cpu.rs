//! Cores and limits of this machine: which cores serve, which ones generate, how many files may be open.
//! Must not know hubs or cases.

use std::{fmt, fs};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which cores are whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cores {
    /// Those of the server under test, all its threads and child processes.
    pub server: Vec<usize>,
    /// Those of the load generator.
    pub generator: Vec<usize>,
}

impl Cores {
    /// The first core this process may use for the server, and for the generator the next one that is not the same
    /// physical core, if there is such a one. `None` on a single core.
    #[must_use]
    pub fn choose() -> Option<Self> {
        let mut cores = Self::split(&allowed(), 1)?;
        cores.generator.truncate(1);
        Some(cores)
    }

    /// So many of these cores for the server and all others for the generator, none of them the same physical core, if there is
    /// such a choice. Where the server would get all, the generator shares all but the first. `None` on a single core.
    #[must_use]
    pub fn split(allowed: &[usize], server: usize) -> Option<Self> {
        Self::parts(allowed, server, siblings)
    }

    fn parts(allowed: &[usize], wanted: usize, siblings: impl Fn(usize) -> Vec<usize>) -> Option<Self> {
        let mut server = Vec::new();
        let apart = |core: usize, from: &[usize]| !from.iter().any(|other| siblings(*other).contains(&core));
        while server.len() < wanted.min(allowed.len()) {
            let free = || allowed.iter().filter(|core| !server.contains(*core));
            let next = *free().find(|core| apart(**core, &server)).or(free().next())?;
            server.push(next);
        }
        let mut generator: Vec<_> = allowed.iter().copied().filter(|core| !server.contains(core)).collect();
        if generator.is_empty() {
            generator = allowed.iter().copied().skip(1).collect();
        } else if generator.iter().any(|core| apart(*core, &server)) {
            generator.retain(|core| apart(*core, &server));
        }
        (!generator.is_empty()).then_some(Self { server, generator })
    }

    /// Two cores for the server and all others for the generator; both for both where there are no more than two.
    /// `None` on a single core.
    #[must_use]
    pub fn halve() -> Option<Self> {
        Self::halves(&allowed())
    }

    fn halves(allowed: &[usize]) -> Option<Self> {
        let (server, others) = allowed.split_at_checked(2)?;
        let generator = if others.is_empty() { server } else { others };
        Some(Self { server: server.to_vec(), generator: generator.to_vec() })
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.server == self.generator {
            return write!(f, "server and generator share {}", list(&self.server));
        }
        write!(f, "server on {}, generator on {}", list(&self.server), list(&self.generator))
    }
}

/// Keeps the calling thread, and all it will start, on these cores; on none, leaves it to the system.
///
/// # Errors
///
/// When the system refuses.
pub fn pin(cores: &[usize]) -> Result<()> {
    if cores.is_empty() {
        return Ok(());
    }
    let mut mask = CpuSet::new();
    cores.iter().for_each(|core| mask.set(*core));
    sched_setaffinity(None, &mask).with_context(|| format!("keeping to {}", list(cores)))
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

/// The cores this thread may use.
#[must_use]
pub fn allowed() -> Vec<usize> {
    sched_getaffinity(None)
        .map_or_else(|_| Vec::new(), |mask| (0..CpuSet::MAX_CPU).filter(|core| mask.is_set(*core)).collect())
}

/// `core 0` or `cores 0,1`.
fn list(cores: &[usize]) -> String {
    let numbers: Vec<_> = cores.iter().map(usize::to_string).collect();
    format!("core{} {}", if cores.len() == 1 { "" } else { "s" }, numbers.join(","))
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

    #[test]
    fn what_serves_is_apart_from_what_generates_where_there_is_a_choice() {
        let alone = |_| Vec::new();
        let pairs = |core| vec![core & !1, core | 1];
        let split = |allowed: &[usize], server, pairs: &dyn Fn(usize) -> Vec<usize>| {
            Cores::parts(allowed, server, pairs).map(|cores| (cores.server, cores.generator))
        };
        assert_eq!((split(&[], 1, &alone), split(&[0], 1, &alone)), (None, None));
        assert_eq!(split(&[0, 1, 2, 3], 1, &alone), Some((vec![0], vec![1, 2, 3])));
        assert_eq!(split(&[0, 1, 2, 3], 2, &alone), Some((vec![0, 1], vec![2, 3])));
        assert_eq!(split(&[0, 1, 2, 3], 1, &pairs), Some((vec![0], vec![2, 3])));
        assert_eq!(split(&[0, 1, 2, 3], 2, &pairs), Some((vec![0, 2], vec![1, 3])));
        assert_eq!(split(&[0, 1], 1, &pairs), Some((vec![0], vec![1])));
        assert_eq!(split(&[0, 1], 2, &alone), Some((vec![0, 1], vec![1])));
    }

    #[test]
    fn two_cores_serve_and_the_others_generate() {
        let shown = |allowed: &[usize]| Cores::halves(allowed).map(|cores| cores.to_string());
        assert_eq!(shown(&[3]), None);
        assert_eq!(shown(&[0, 1]).unwrap(), "server and generator share cores 0,1");
        assert_eq!(shown(&[0, 1, 4]).unwrap(), "server on cores 0,1, generator on core 4");
        assert_eq!(shown(&[0, 1, 2, 3]).unwrap(), "server on cores 0,1, generator on cores 2,3");
    }
}

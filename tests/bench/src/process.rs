//! What a process tree has used, from `/proc`: processor time, by thread name too, and memory.
//! Must not know what the process is; sampled before and after a run, never on the hot path.

use std::collections::BTreeMap;
use std::fs;

use crate::cpu::ticks_per_second;

/// A process and all its descendants at one moment.
#[derive(Debug, Clone)]
pub struct ProcessTree(Vec<u32>);

/// Sums over a process tree since its start.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Seconds in user mode.
    pub user_s: f64,
    /// Seconds in the kernel.
    pub system_s: f64,
    /// Resident memory now.
    pub resident_bytes: u64,
    /// The highest resident memory so far.
    pub peak_resident_bytes: u64,
    /// Seconds by thread name without its number: `tidemill-http-0` and `-1` are one entry.
    pub threads: BTreeMap<String, f64>,
}

impl ProcessTree {
    /// The process with this id and everything below it.
    #[must_use]
    pub fn of(root: u32) -> Self {
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, Stat::read(&format!("/proc/{pid}/stat"))?.parent)))
            .collect();
        let mut members = vec![root];
        let mut next = 0;
        while let Some(&parent) = members.get(next) {
            members.extend(parents.iter().filter(|entry| entry.1 == parent).map(|entry| entry.0));
            next += 1;
        }
        Self(members)
    }

    /// Resident memory, counted page by page: what `status` says may be off by as much as 10,000 idle connections take.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let count = |pid: &u32| {
            let (exact, rough) = (format!("/proc/{pid}/smaps_rollup"), format!("/proc/{pid}/status"));
            let read = |path, key| fs::read_to_string(path).ok().map(|text| kilobytes(&text, key) * 1024);
            read(exact, "Rss:").or_else(|| read(rough, "VmRSS:")).unwrap_or(0)
        };
        self.0.iter().map(count).sum()
    }

    /// Counts the highest resident memory from now on; without the right to, it stays that since the start.
    pub fn forget_peak(&self) {
        for pid in &self.0 {
            fs::write(format!("/proc/{pid}/clear_refs"), "5").ok();
        }
    }

    /// What the tree has used so far. Processes that are gone count as nothing.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for pid in &self.0 {
            if let Some(stat) = Stat::read(&format!("/proc/{pid}/stat")) {
                usage.user_s += stat.user_s;
                usage.system_s += stat.system_s;
            }
            if let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) {
                usage.resident_bytes += kilobytes(&status, "VmRSS:") * 1024;
                usage.peak_resident_bytes += kilobytes(&status, "VmHWM:") * 1024;
            }
            for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let Some(path) = thread.path().join("stat").to_str().map(str::to_owned) else {
                    continue;
                };
                if let Some(stat) = Stat::read(&path) {
                    *usage.threads.entry(group(&stat.name)).or_default() += stat.user_s + stat.system_s;
                }
            }
        }
        usage
    }
}

impl Usage {
    /// Seconds in user mode and in the kernel.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.user_s + self.system_s
    }

    /// What was used since an earlier sample; memory stays as it is now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut later = self.clone();
        later.user_s -= earlier.user_s;
        later.system_s -= earlier.system_s;
        for (name, seconds) in &mut later.threads {
            *seconds -= earlier.threads.get(name).copied().unwrap_or(0.0);
        }
        later.threads.retain(|_, seconds| *seconds > 0.0);
        later
    }
}

/// The fields of a `stat` file that matter here.
struct Stat {
    name: String,
    parent: u32,
    user_s: f64,
    system_s: f64,
}

impl Stat {
    fn read(path: &str) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    /// The name stands in parentheses and may itself hold some: the last one counts.
    fn parse(text: &str) -> Option<Self> {
        let (open, close) = (text.find('(')?, text.rfind(')')?);
        let fields: Vec<&str> = text.get(close + 2..)?.split(' ').collect();
        let seconds = |field: usize| Some(fields.get(field)?.parse::<f64>().ok()? / ticks_per_second());
        Some(Self {
            name: text.get(open + 1..close)?.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            user_s: seconds(11)?,
            system_s: seconds(12)?,
        })
    }
}

/// A thread name without its number. The kernel keeps 15 bytes of a name, so some arrive cut.
fn group(name: &str) -> String {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    if stem.len() > 9 && "tidemill-pipeline".starts_with(stem) {
        "tidemill-pipeline".to_owned()
    } else {
        stem.to_owned()
    }
}

fn kilobytes(status: &str, key: &str) -> u64 {
    status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_grouped_by_name() {
        assert_eq!(group("tidemill-http-1"), "tidemill-http");
        assert_eq!(group("tidemill-pipeli"), "tidemill-pipeline");
        assert_eq!(group("tidemill-log"), "tidemill-log");
        assert_eq!(group("nginx"), "nginx");
    }

    #[test]
    fn a_name_may_hold_spaces_and_parentheses() {
        let text = "42 (a (b) c) S 7 1 1 0 -1 4194304 1 2 3 4 500 250 0 0 20 0 1 0 1 2 3";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent), ("a (b) c", 7));
        assert!((stat.user_s / stat.system_s - 2.0).abs() < 1e-9);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = ProcessTree::of(std::process::id()).usage();
        assert!(ProcessTree::of(std::process::id()).resident_bytes() > 1 << 20);
        assert!(usage.resident_bytes > 0 && usage.peak_resident_bytes >= usage.resident_bytes);
        assert!(!usage.threads.is_empty() || usage.cpu_s() < 0.1);
    }
}

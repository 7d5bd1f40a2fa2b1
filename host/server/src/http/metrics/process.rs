//! Figures of the process, under the names that Prometheus clients give them. What the system does not tell is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::families::Families;

#[derive(Debug)]
pub(super) struct ProcessFigures;

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut to = Families(&mut encoder);
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        to.seconds_counter("process_cpu", "Processor time of all threads", seconds)?;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (field, name, help) in [
            ("VmRSS:", "process_resident_memory_bytes", "Memory that the process has in use"),
            ("VmSize:", "process_virtual_memory_bytes", "Addresses that the process has in use"),
        ] {
            if let Some(kib) = field_of(&status, field) {
                to.gauge(name, help, kib * 1024)?;
            }
        }
        if let Some(threads) = field_of(&status, "Threads:") {
            to.gauge("process_threads", "Threads of the process", threads)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Less the one that reads this.
            to.gauge("process_open_fds", "Open file descriptors", open.count().saturating_sub(1) as u64)?;
        }
        if let Some(max) = getrlimit(Resource::Nofile).current {
            to.gauge("process_max_fds", "The bound of these", max)?;
        }
        Ok(())
    }
}

/// The number of a line such as `VmRSS:  1234 kB`.
fn field_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let status = "VmRSSx:\t1 kB\nVmRSS:\t  2048 kB\nThreads:\t7\n";
        let fields = ["VmRSS:", "Threads:", "VmSize:"].map(|name| field_of(status, name));
        assert_eq!(fields, [Some(2048), Some(7), None]);
    }
}

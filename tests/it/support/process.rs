//! What the kernel says about a server's process, and the signal that stops it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::Server;

/// Memory that it has at the moment.
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// How many files and sockets it has open.
pub(crate) fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// How long its threads have computed, together.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name in parentheses may have spaces; then come the fields from the third on.
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // Linux tells all programs of 100 ticks a second.
    Duration::from_millis(ticks * 10)
}

/// How often its threads whose names begin so went to sleep; none if there are no such threads.
pub(crate) fn sleeps(pid: u32, threads: &str) -> Option<u64> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().filter_map(|task| Some(task.ok()?.path()));
    let sleeps = tasks.filter_map(|path| {
        // A thread that ended since it was listed has no files any more.
        let name = std::fs::read_to_string(path.join("comm")).ok()?;
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        name.starts_with(threads).then(|| line.trim().parse::<u64>().unwrap())
    });
    sleeps.reduce(|all, one| all + one)
}

/// Asks it to stop, as a service manager would, and does not wait.
pub(crate) fn terminate(server: &Server) {
    send(server, Signal::TERM);
}

/// Asks it to read its configuration again, and does not wait.
pub(crate) fn hang_up(server: &Server) {
    send(server, Signal::HUP);
}

fn send(server: &Server, signal: Signal) {
    kill_process(Pid::from_raw(server.pid().cast_signed()).unwrap(), signal).unwrap();
}

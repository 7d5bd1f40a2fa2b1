//! Arguments, and which part of the library they mean.

mod authors;
mod compression;
mod lanes;
mod log;
mod plugins;
mod tools;
mod transport;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};

use tidemill_bench::cases::{self, Chain};
use tidemill_bench::cpu::{self, Cores};
use tidemill_bench::floor::{Fault, Mode};
use tidemill_bench::hub::{Hub, Setup};
use tidemill_bench::runner::{Plan, run};
use tidemill_bench::{axum_naive, axum_sse, floor, launch, report};

/// Measures the host against the floor and against other hubs, on this machine, in this run.
#[derive(Debug, Parser)]
#[command(name = "tidemill-bench", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure and print a report in Markdown: the default.
    Run(RunArguments),
    /// Measure what the log costs and gives: ingest, resumption, reconnects, slow subscribers.
    Log(log::LogArguments),
    /// Measure the ways in which the host carries subscribers: fan-out, latency, idle and stuck ones, filters, cores.
    Lanes(lanes::LanesArguments),
    /// Measure what a plugin costs: per event, per change of plugins, and when it runs away.
    Plugins(plugins::PluginsArguments),
    /// Measure what TLS and HTTP/2 cost: the same fan-out over each transport.
    Transport(transport::TransportArguments),
    /// Measure what compressed streams cost and save, and fragments that are shared against a stream for each connection.
    Compression(compression::CompressionArguments),
    /// Measure what tools cost: a call against plain requests, and 200 calls against a publisher beside them.
    Tools(tools::ToolsArguments),
    /// Measure what each language costs: from nothing to the first event, from saving to live, and the component itself.
    Authors(authors::AuthorsArguments),
    /// The least that a server of events has to do: GET subscribes, POST publishes.
    Floor {
        #[command(flatten)]
        own: OwnHub,
        /// How events are written.
        #[arg(long, value_enum, default_value = "coalesce")]
        mode: Mode,
        /// Spoil every Nth event: drop:N, dup:N or swap:N.
        #[arg(long)]
        fault: Option<Fault>,
    },
    /// The hub that users would write with care with axum.
    AxumNaive {
        #[command(flatten)]
        own: OwnHub,
    },
    /// The hub that users write first: axum's own Sse.
    AxumSse {
        #[command(flatten)]
        own: OwnHub,
    },
    /// Become another program on these cores, bound to the life of the parent.
    #[command(hide = true)]
    Launch {
        /// A core, as often as there are.
        #[arg(long = "core")]
        cores: Vec<usize>,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        program: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct OwnHub {
    /// Where to listen; loopback only. Port 0 picks one, which is printed as a JSON line.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
    /// End after this many seconds.
    #[arg(long, default_value_t = 600)]
    for_seconds: u64,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Only these cases; a name that ends in * means all that begin like it.
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Only these hubs.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "floor,axum-naive,nchan,tidemill")]
    hubs: Vec<Hub>,
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// One short repetition: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Also say where the servers' processor time went: user, kernel, and by thread.
    #[arg(long)]
    perf: bool,
    /// Append one JSON line per run to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave it to the system which cores are used.
    #[arg(long)]
    no_pin: bool,
    /// Plugins for every case, instead of the case's own.
    #[arg(long, value_enum)]
    chain: Option<Chain>,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
    /// Append this to the configuration that the host gets.
    #[arg(long, value_name = "FILE")]
    tidemill_config: Option<PathBuf>,
    /// The directory with the plugins' .wasm files.
    #[arg(long, value_name = "DIR", default_value = "plugins")]
    plugins: PathBuf,
    /// Real deliveries for the 1 KB and 10 KB cases, one event per line.
    #[arg(long, value_name = "FILE", default_value = "examples/github/deliveries.ndjson")]
    deliveries: PathBuf,
    /// The nginx binary.
    #[arg(long, value_name = "FILE", default_value = "/usr/sbin/nginx")]
    nginx: PathBuf,
}

/// Does what the arguments say; 1 when that was not possible.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or(Command::Run(cli.run)) {
        Command::Run(arguments) => measure(&arguments),
        Command::Log(arguments) => log::measure(&arguments),
        Command::Lanes(arguments) => lanes::measure(&arguments),
        Command::Plugins(arguments) => plugins::measure(&arguments),
        Command::Transport(arguments) => transport::measure(&arguments),
        Command::Compression(arguments) => compression::measure(&arguments),
        Command::Tools(arguments) => tools::measure(&arguments),
        Command::Authors(arguments) => authors::measure(&arguments),
        Command::Floor { own, mode, fault } => {
            own.bind().and_then(|listener| floor::serve(&listener, mode, fault, own.lifetime()))
        }
        Command::AxumNaive { own } => own.bind().and_then(|listener| axum_naive::serve(listener, own.lifetime())),
        Command::AxumSse { own } => own.bind().and_then(|listener| axum_sse::serve(listener, own.lifetime())),
        Command::Launch { cores, program } => launch::become_program(&cores, &program),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr(), "tidemill-bench: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &RunArguments) -> Result<()> {
    let mut cases = cases::named(&arguments.cases)?;
    if arguments.quick {
        cases = cases.into_iter().map(cases::Case::quick).collect();
    }
    let cores = if arguments.no_pin { None } else { Cores::choose() };
    let setup = Setup {
        bench: std::env::current_exe()?,
        tidemill: arguments.tidemill.clone(),
        plugins: arguments.plugins.clone(),
        config: arguments.tidemill_config.clone(),
        chain: arguments.chain,
        tls: false,
        nginx: arguments.nginx.clone(),
        cores: cores.clone(),
        open_files: cpu::raise_open_files(),
    };
    let plan = Plan {
        cases,
        hubs: arguments.hubs.clone(),
        repetitions: if arguments.quick { 1 } else { arguments.reps },
        deliveries: arguments.deliveries.clone(),
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let pinning = match cores {
        Some(cores) => cores.to_string(),
        None => "not pinned".to_owned(),
    };
    let records = run(&plan, &setup)?;
    let tables = report::markdown(&plan.cases, &records, arguments.perf);
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    write!(std::io::stdout(), "{machine}; {pinning}; medians of {} runs.{note}\n{tables}", plan.repetitions)?;
    Ok(())
}

impl OwnHub {
    /// Listens, and says where.
    fn bind(&self) -> Result<TcpListener> {
        ensure!(self.listen.ip().is_loopback(), "{} is not a loopback address", self.listen);
        cpu::raise_open_files();
        let listener = TcpListener::bind(self.listen).with_context(|| format!("listening on {}", self.listen))?;
        let address = serde_json::json!({ "listener": "http", "address": listener.local_addr()? });
        writeln!(std::io::stdout(), "{address}")?;
        Ok(listener)
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.for_seconds)
    }
}

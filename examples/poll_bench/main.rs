//! How fast a sweep over many feeds is, against the straight line: the same requests, the same parsing by feed-rs, one
//! insert an entry, nothing else. Each contestant is a process of its own, the server another, on addresses across
//! 127.0.0.0/8, so that the rule of one request at a time to a host is on and does not distort.
//!
//! ```text
//! cargo build --release --examples --bins
//! B=target/release/examples/poll_bench
//! $B --feeds 1000                                          # cold and warm, against the straight line
//! $B --feeds 300 --latency 200ms                           # every answer 200 ms late
//! $B --feeds 20000 --entries 10000000 --folder big --only courant --passes 1
//! $B daemon --feeds 20000 --folder big --courant target/release/courant
//! ```
//!
//! "Warm" is a sweep by new clients, as a real one is: an hour after the last one no server keeps its connection. "Kept"
//! repeats it at once, over the connections of the sweep before. "Processor" is what a warm sweep takes of it in the
//! contestant's own process, the server apart.

mod daemon;
mod ours;
mod server;
mod stored;
mod straight;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Args {
    /// What to do
    #[arg(value_enum, default_value = "compare")]
    what: What,
    /// Feeds
    #[arg(long, default_value_t = 1000)]
    feeds: usize,
    /// Hosts the feeds are shared out among [default: one a feed]
    #[arg(long)]
    hosts: Option<usize>,
    /// Requests at once
    #[arg(long, default_value_t = 16)]
    at_once: usize,
    /// How long the server holds each answer back, in milliseconds
    #[arg(long, default_value = "0ms", value_parser = millis)]
    latency: Duration,
    /// Entries stored before the first sweep (Courant only)
    #[arg(long, default_value_t = 0)]
    entries: usize,
    /// Times that every contestant is run, in turns
    #[arg(long, default_value_t = 3)]
    passes: usize,
    /// Warm sweeps of each kind in a run
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these contestants
    #[arg(long, value_enum)]
    only: Vec<Contestant>,
    /// Keep the databases here [default: a temporary folder]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The daemon's program, for `daemon`
    #[arg(long, default_value = "target/release/courant")]
    courant: PathBuf,
    /// Run as this contestant, in this process
    #[arg(long, value_enum, hide = true)]
    run_as: Option<Contestant>,
    #[arg(long, default_value_t = 0, hide = true)]
    port: u16,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Run the contestants side by side
    Compare,
    /// Serve feeds until killed; the port is printed
    Serve,
    /// Measure `courant run` at rest on the store in --folder
    Daemon,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Contestant {
    /// The least program for the same end
    Straight,
    /// The same, and one durable row a poll
    Durable,
    /// Courant
    Courant,
}

/// Wall seconds of the sweeps of one kind.
#[derive(Default)]
pub struct Seconds {
    cold: Vec<f64>,
    warm: Vec<f64>,
    kept: Vec<f64>,
    /// Processor seconds of each run's warm and kept sweeps together, for one sweep: a busy machine changes it little.
    processor: Vec<f64>,
}

/// Processor seconds of this process so far.
pub fn processor_secs() -> f64 {
    daemon::processor_secs(std::process::id())
}

fn millis(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix("ms").unwrap_or(text);
    let n = digits.parse().map_err(|_| "milliseconds, as in 200ms".to_owned())?;
    Ok(Duration::from_millis(n))
}

fn main() {
    let args = Args::parse();
    match (args.what, args.run_as) {
        (What::Serve, _) => runtime().block_on(server::serve(args.latency)),
        (What::Compare, Some(contestant)) => run_as(contestant, &args),
        (What::Compare, None) => compare(&args),
        (What::Daemon, _) => {
            let (mut server, port) = server::start(args.latency);
            let folder = args.folder.as_deref().expect("--folder names the store");
            daemon::measure(&args.courant, folder, &urls(&args, port), args.at_once);
            server.kill().unwrap();
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn urls(args: &Args, port: u16) -> Vec<String> {
    server::urls(port, args.feeds, args.hosts.unwrap_or(args.feeds))
}

fn run_as(contestant: Contestant, args: &Args) {
    let folder = args.folder.as_deref().unwrap();
    let urls = urls(args, args.port);
    let seconds = runtime().block_on(async {
        match contestant {
            Contestant::Courant => ours::sweeps(folder, &urls, args.at_once, args.rounds, args.entries).await,
            durable => {
                let durable = durable == Contestant::Durable;
                straight::sweeps(folder, &urls, args.at_once, args.rounds, durable).await
            }
        }
    });
    for kind in [seconds.cold, seconds.warm, seconds.kept, seconds.processor] {
        let words: Vec<String> = kind.iter().map(f64::to_string).collect();
        println!("{}", words.join(" "));
    }
    println!("{}", daemon::status_kb(std::process::id(), "VmHWM"));
}

fn compare(args: &Args) {
    let all = [Contestant::Straight, Contestant::Durable, Contestant::Courant];
    let chosen: Vec<Contestant> = all
        .into_iter()
        .filter(|contestant| args.only.is_empty() || args.only.contains(contestant))
        .collect();
    let mut results: Vec<(Seconds, u64)> = chosen.iter().map(|_| (Seconds::default(), 0)).collect();
    let (mut server, port) = server::start(args.latency);
    for _ in 0..args.passes {
        for (contestant, (seconds, peak)) in chosen.iter().zip(&mut results) {
            let temporary = tempfile::tempdir().unwrap();
            let folder = args.folder.as_deref().unwrap_or(temporary.path());
            std::fs::create_dir_all(folder).unwrap();
            let (one, memory) = contest(*contestant, args, folder, port);
            seconds.cold.extend(one.cold);
            seconds.warm.extend(one.warm);
            seconds.kept.extend(one.kept);
            seconds.processor.extend(one.processor);
            *peak = memory.max(*peak);
        }
    }
    server.kill().unwrap();
    report(args, &chosen, &results);
}

/// Runs a contestant as a process of its own; its times and its peak memory in kilobytes.
fn contest(contestant: Contestant, args: &Args, folder: &Path, port: u16) -> (Seconds, u64) {
    let name = contestant.to_possible_value().unwrap().get_name().to_owned();
    let hosts = args.hosts.unwrap_or(args.feeds);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["compare", "--run-as", &name, "--folder"])
        .arg(folder)
        .args(["--port", &port.to_string(), "--feeds", &args.feeds.to_string()])
        .args(["--hosts", &hosts.to_string(), "--at-once", &args.at_once.to_string()])
        .args([
            "--entries",
            &args.entries.to_string(),
            "--rounds",
            &args.rounds.to_string(),
        ])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{name} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let mut times = || -> Vec<f64> {
        let words = lines.next().unwrap().split_whitespace();
        words.map(|word| word.parse().unwrap()).collect()
    };
    let seconds = Seconds {
        cold: times(),
        warm: times(),
        kept: times(),
        processor: times(),
    };
    (seconds, lines.next().unwrap().parse().unwrap())
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn report(args: &Args, chosen: &[Contestant], results: &[(Seconds, u64)]) {
    let hosts = args.hosts.unwrap_or(args.feeds);
    println!(
        "{} feeds of {} entries on {hosts} hosts, {} at once, median wall seconds of {} runs",
        args.feeds,
        server::ENTRIES,
        args.at_once,
        args.passes
    );
    if !args.latency.is_zero() {
        let turns = args.feeds.div_ceil(args.at_once.min(hosts));
        println!(
            "every answer {} ms late: {:.2} s is what the requests at once allow",
            args.latency.as_millis(),
            args.latency.as_secs_f64() * turns as f64
        );
    }
    println!(
        "{:10} {:>8} {:>8} {:>8} {:>10} {:>8}",
        "", "cold", "warm", "kept", "processor", "peak MB"
    );
    let medians: Vec<[f64; 4]> = results
        .iter()
        .map(|(seconds, _)| {
            [&seconds.cold, &seconds.warm, &seconds.kept, &seconds.processor].map(|times| median(times))
        })
        .collect();
    for ((contestant, times), (_, peak)) in chosen.iter().zip(&medians).zip(results) {
        let name = contestant.to_possible_value().unwrap();
        println!(
            "{:10} {:8.3} {:8.3} {:8.3} {:10.3} {:8.0}",
            name.get_name(),
            times[0],
            times[1],
            times[2],
            times[3],
            *peak as f64 / 1024.0
        );
    }
    let of = |wanted: Contestant| chosen.iter().position(|contestant| *contestant == wanted);
    for (label, base) in [("straight", Contestant::Straight), ("durable", Contestant::Durable)] {
        if let (Some(ours), Some(base)) = (of(Contestant::Courant), of(base)) {
            let ratio = |kind: usize| medians[ours][kind] / medians[base][kind];
            println!(
                "courant / {label:8} {:.2} cold, {:.2} warm, {:.2} kept, {:.2} processor",
                ratio(0),
                ratio(1),
                ratio(2),
                ratio(3)
            );
        }
    }
}

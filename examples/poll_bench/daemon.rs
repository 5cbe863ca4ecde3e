//! The daemon itself at rest: how long until it is ready, what it takes while nothing is due, how long until it has stopped.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use courant::clock::{Clock as _, SystemClock};
use courant::store::integrity;
use courant::store::rusqlite::Connection;
use courant::stories::RULES_VERSION;

use crate::ours;

/// Time given to what a start brings: the window of stories is read back.
const SETTLE: Duration = Duration::from_secs(30);
const REST: Duration = Duration::from_secs(60);

/// Runs `courant run` on the store in `folder`, where no feed is due for a day, and prints what it took.
pub fn measure(courant: &Path, folder: &Path, urls: &[String], at_once: usize) {
    // The daemon runs in the folder, where other relative paths would lead elsewhere.
    let (courant, folder) = (&courant.canonicalize().unwrap(), &folder.canonicalize().unwrap());
    std::fs::write(folder.join("config.toml"), ours::config_text(urls, at_once)).unwrap();
    let db = Connection::open(folder.join("courant.db")).unwrap();
    db.execute("UPDATE fetch_state SET next_fetch_at = unixepoch() + 86400", [])
        .unwrap();
    // The sweep's own entries are grouped: a daemon that still has to is not at rest.
    db.execute(
        "UPDATE entries SET rules_version = ?1 WHERE rules_version = 0",
        [RULES_VERSION],
    )
    .unwrap();
    // The weekly look at the whole file comes another day.
    let tomorrow = SystemClock.now().unix() + 86_400;
    let looked =
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(looked, (integrity::DUE_AT, tomorrow.to_le_bytes())).unwrap();
    drop(db);
    let socket = folder.join("notify");
    let _ = std::fs::remove_file(&socket);
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let begun = Instant::now();
    let mut daemon = Command::new(courant)
        .args(["run", "--config"])
        .arg(folder.join("config.toml"))
        .current_dir(folder)
        .env("NOTIFY_SOCKET", &socket)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("daemon.log")).unwrap())
        .spawn()
        .unwrap();
    let mut message = [0; 4096];
    loop {
        let n = notify.recv(&mut message).expect("the daemon says that it is ready");
        if String::from_utf8_lossy(&message[..n]).contains("READY=1") {
            break;
        }
    }
    println!("start to READY=1     {:8.2} s", begun.elapsed().as_secs_f64());
    std::thread::sleep(SETTLE);
    let before = processor_secs(daemon.id());
    let begun = Instant::now();
    std::thread::sleep(REST);
    let used = processor_secs(daemon.id()) - before;
    println!(
        "processor at rest    {:8.3} % of one core, over {:.0} s",
        100.0 * used / begun.elapsed().as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    println!("processor to settle  {before:8.2} s");
    for (name, label) in [("VmRSS", "memory at rest"), ("VmHWM", "memory at its peak")] {
        println!("{label:20} {:8.0} MB", status_kb(daemon.id(), name) as f64 / 1024.0);
    }
    let begun = Instant::now();
    let asked = Command::new("kill").arg(daemon.id().to_string()).status().unwrap();
    assert!(asked.success() && daemon.wait().unwrap().success(), "it stops in order");
    println!("SIGTERM to its end   {:8.2} s", begun.elapsed().as_secs_f64());
}

/// Seconds of processor time of a process, in user and system mode; Linux counts in hundredths.
pub fn processor_secs(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name, in parentheses, may hold anything; what follows it is words.
    let words: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |at: usize| words[at].parse::<u32>().unwrap();
    f64::from(ticks(11) + ticks(12)) / 100.0
}

/// A line of `/proc/ID/status` in kilobytes.
pub fn status_kb(id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

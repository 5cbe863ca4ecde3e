//! The built program in a folder of its own: run to its end, or started, told things by signal, and waited for.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use courant::store::rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

/// Longer than anything a test waits for; only a fault reaches it.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// A folder with a configuration and, once something ran, a database.
pub struct Installation {
    pub folder: TempDir,
}

impl Installation {
    /// With this configuration; the database is `courant.db` in the folder.
    pub fn new(config: &str) -> Self {
        let installation = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        installation.configure(config);
        installation
    }

    pub fn configure(&self, config: &str) {
        std::fs::write(self.path("config.toml"), config).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_under(&[], arguments)
    }

    /// Another program before ours on the command line, which then runs ours: `prlimit`, `strace`.
    fn command_under(&self, launcher: &[&str], arguments: &[&str]) -> Command {
        let words = [launcher, &[env!("CARGO_BIN_EXE_courant")], arguments].concat();
        let mut command = Command::new(words[0]);
        command
            .current_dir(self.folder.path())
            .args(&words[1..])
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command to its end with an output that nobody reads any more.
    pub fn unread(&self, arguments: &[&str]) -> Output {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.command(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap()
    }

    /// Runs a command to its end with this on its standard input.
    pub fn piped(&self, arguments: &[&str], input: &str) -> Output {
        self.piped_with(arguments, input, &[])
    }

    /// As [`Self::piped`], with these in its environment.
    pub fn piped_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        spawn_piped(command, input).wait_with_output().unwrap()
    }

    /// As [`Self::piped`], with another program before ours on the command line.
    pub fn piped_under(&self, launcher: &[&str], arguments: &[&str], input: &str) -> Output {
        spawn_piped(self.command_under(launcher, arguments), input)
            .wait_with_output()
            .unwrap()
    }

    /// As [`Self::piped`], but killed after a while, if it has not ended by then.
    pub async fn piped_and_killed(&self, arguments: &[&str], input: &str, after: Duration) {
        let mut child = spawn_piped(self.command(arguments), input);
        tokio::time::sleep(after).await;
        let _ = child.kill();
        child.wait().unwrap();
    }

    /// Runs a command that must end well, and returns what it printed.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "courant {arguments:?} ended with {}\n{out}\n{err}",
            output.status
        );
        out.into_owned()
    }

    /// Runs a command to its end, and returns what it printed however it ended.
    pub fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.run(arguments).stdout).into_owned()
    }

    /// Starts a command and lets it run; its log goes to `log.txt`.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &[])
    }

    /// As [`Self::start`], with these in its environment.
    pub fn start_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        self.spawn_logged(command)
    }

    /// As [`Self::start`], with another program before ours on the command line, in whose place ours comes.
    #[cfg(feature = "strace")]
    pub fn start_under(&self, launcher: &[&str], arguments: &[&str]) -> Running {
        self.spawn_logged(self.command_under(launcher, arguments))
    }

    fn spawn_logged(&self, mut command: Command) -> Running {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log.txt"))
            .unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Running {
            child: Some(child),
            log: self.path("log.txt"),
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log.txt")).unwrap_or_default()
    }

    /// One number out of the database, read beside whatever runs.
    pub fn count(&self, sql: &str) -> i64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(self.path("courant.db"), flags).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Changes the database beside whatever runs: what days of waiting would have come to.
    pub fn execute(&self, sql: &str) {
        let connection = Connection::open(self.path("courant.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// What must hold of every database, whatever happened to the program.
    #[track_caller]
    pub fn assert_intact(&self) {
        let connection = Connection::open(self.path("courant.db")).unwrap();
        let verdict: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        let broken: i64 = connection
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(broken, 0, "foreign keys");
    }
}

fn spawn_piped(mut command: Command, input: &str) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child
}

/// A started program; killed when the test ends.
pub struct Running {
    child: Option<Child>,
    log: PathBuf,
}

impl Running {
    /// Sends a signal by name: `TERM`, `HUP`, `KILL`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(done.success(), "kill -{name}");
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Whether it has ended by itself.
    #[cfg(feature = "strace")]
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// The most memory it has held so far.
    pub fn peak_memory_bytes(&self) -> u64 {
        let pid = self.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    /// Waits until the log holds these words.
    pub async fn says(&self, words: &str) {
        let found = || std::fs::read_to_string(&self.log).is_ok_and(|log| log.contains(words));
        until(&format!("the log to say `{words}`"), found).await;
    }

    /// Waits for the end.
    pub async fn ended(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let waiting = tokio::task::spawn_blocking(move || child.wait().unwrap());
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the program to end")
            .unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Looks again and again until something holds. What is waited for is the event; the pause only spares the machine.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, looking).await.is_ok(),
        "waited in vain for {what}"
    );
}

//! Faults of the machine around a running daemon: it is frozen, may open nothing more, may write nothing more. The relay
//! strikes in the middle of a send. What holds after each: everybody was sent the edition once, or is named as in doubt.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::crash_world::{Base, READERS, copies, mail};
use crate::fake_smtp::{Act, At, FakeSmtp};
use crate::program::{Installation, Running, until};

/// Messages that went well before the fault.
const GOOD: usize = 20;

/// What happens to the daemon while it sends, once.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<Strike>>>);

type Strike = Box<dyn FnOnce() + Send>;

impl Fault {
    fn set(&self, strike: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(strike));
    }

    fn strikes(&self) -> bool {
        let strike = self.0.lock().unwrap().take();
        strike.map(|strike| strike()).is_some()
    }
}

/// A relay that lets a fault strike at this step and then does this, and takes everything else.
async fn relay_with(fault: &Fault, at: At, act: Act) -> FakeSmtp {
    let fault = fault.clone();
    FakeSmtp::start_with(&["PIPELINING", "SIZE 10000000"], None, false, move |step| {
        if step.at == at && step.taken >= GOOD && fault.strikes() {
            act.clone()
        } else {
            Act::Usual
        }
    })
    .await
}

fn command(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).status().unwrap();
    assert!(done.success(), "{program} {arguments:?}");
}

/// Sets a limit of a running program that it may not raise again: `nofile`, `fsize`.
fn limit(pid: u32, what: &str, most: &str) {
    command("prlimit", &["--pid", &pid.to_string(), &format!("--{what}={most}:")]);
}

/// How many were sent the edition, and how many are in doubt.
fn outcomes(here: &Installation) -> (usize, usize) {
    let count = |status: &str| here.count(&format!("SELECT count(*) FROM deliveries WHERE status = '{status}'"));
    (
        count("sent").try_into().unwrap(),
        count("uncertain").try_into().unwrap(),
    )
}

/// Waits until something did not go well.
async fn failed(here: &Installation) {
    until("an attempt that fails", || {
        here.count("SELECT count(*) FROM attempts WHERE outcome <> 'accepted'") > 0
    })
    .await;
}

/// Waits for these outcomes. A reload and the row's time do what hours would: the relay and the messages are tried again.
async fn go_on_until(daemon: &Running, here: &Installation, expected: (usize, usize)) {
    let mut n_looks = 0;
    until(&format!("{expected:?} sent and in doubt"), || {
        if n_looks % 50 == 0 {
            here.execute("UPDATE deliveries SET next_attempt_at = 0 WHERE status = 'queued'");
            daemon.signal("HUP");
        }
        n_looks += 1;
        outcomes(here) == expected
    })
    .await;
}

async fn stops_in_order(daemon: Running, here: &Installation) {
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
    here.assert_intact();
}

#[track_caller]
fn check_each_once(relay: &FakeSmtp, what: &str) {
    let copies = copies(relay);
    assert_eq!(copies.len(), READERS, "{what}");
    assert!(
        copies.values().all(|n| *n == 1),
        "{what}: somebody got it twice: {copies:?}"
    );
}

/// A laptop that is closed, a virtual machine that is moved: it wakes up to a relay that has long hung up.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_frozen_in_a_message_goes_on_and_doubts_that_one_at_most() {
    let base = Base::new().await;
    for (what, at, act, n_doubted) in [
        ("before the relay asks for the message", At::Data, Act::Cut, 0),
        ("before the reply", At::Dot, Act::TakeAndCut, 1),
    ] {
        let fault = Fault::default();
        let relay = relay_with(&fault, at, act).await;
        let here = base.copy(&relay, "hold", 1);
        let daemon = here.start(&["run"]);
        let (pid, frozen) = (daemon.pid().to_string(), Arc::new(Mutex::new(false)));
        let told = Arc::clone(&frozen);
        fault.set(move || {
            command("kill", &["-STOP", &pid]);
            *told.lock().unwrap() = true;
        });
        until("the freeze", || *frozen.lock().unwrap()).await;
        daemon.signal("CONT");
        failed(&here).await;
        go_on_until(&daemon, &here, (READERS - n_doubted, n_doubted)).await;
        stops_in_order(daemon, &here).await;
        check_each_once(&relay, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_file_descriptors_nothing_is_lost_and_with_them_it_goes_on() {
    let base = Base::new().await;
    let fault = Fault::default();
    let relay = relay_with(&fault, At::Mail, Act::Cut).await;
    let here = base.copy(&relay, "hold", 1);
    let daemon = here.start(&["run"]);
    let pid = daemon.pid();
    // What is open stays so; the connection that is cut cannot be made again.
    fault.set(move || limit(pid, "nofile", "4"));
    failed(&here).await;
    assert!(
        outcomes(&here).0 <= relay.taken().len(),
        "nothing counts as sent that was not taken"
    );
    assert!(relay.taken().len() < READERS, "the fault struck too late");
    limit(pid, "nofile", "1024");
    go_on_until(&daemon, &here, (READERS, 0)).await;
    stops_in_order(daemon, &here).await;
    check_each_once(&relay, "nofile");
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Beyond such a limit the system kills who goes on writing, unless they see to it that it does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_file_sizes_stops_the_send_and_kills_nobody() {
    let base = Base::new().await;
    for more in [0, 40_000, 200_000] {
        let fault = Fault::default();
        let relay = relay_with(&fault, At::Mail, Act::Usual).await;
        let here = base.copy(&relay, "hold", 2);
        let daemon = here.start(&["run"]);
        let (pid, log) = (daemon.pid(), here.path("courant.db-wal"));
        fault.set(move || limit(pid, "fsize", &(bytes(&log) + more).to_string()));
        daemon.says("disk I/O error").await;
        assert!(
            outcomes(&here).0 <= relay.taken().len(),
            "{more}: nothing counts as sent that was not taken"
        );
        limit(pid, "fsize", "unlimited");
        go_on_until(&daemon, &here, (READERS, 0)).await;
        stops_in_order(daemon, &here).await;
        check_each_once(&relay, &format!("{more} bytes more"));
    }
}

/// Postfix gives the commands of an alias such a limit (`mailbox_size_limit`). Exit code 75 has it keep the mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_piped_under_a_limit_on_file_sizes_is_taken_whole_or_kept() {
    let base = Base::new().await;
    let relay = relay_with(&Fault::default(), At::Other, Act::Usual).await;
    let here = base.copy(&relay, "hold", 1);
    let asked = "SELECT count(*) FROM deliveries WHERE kind = 'confirm'";
    let mut n_kept = 0;
    for most in [0, 20_000, 40_000, 60_000, 80_000, 120_000, 10_000_000] {
        let person = format!("new{most}@example.com");
        let subscribe = mail(&person, "news@example.org", "subscribe");
        let before = here.count(asked);
        let output = here.piped_under(&["prlimit", &format!("--fsize={most}")], &["inbound"], &subscribe);
        assert_eq!(output.status.signal(), None, "{most}: killed");
        let n_asked = here.count(asked) - before;
        match output.status.code() {
            Some(0) => assert_eq!(n_asked, 1, "{most}"),
            Some(75) => {
                assert_eq!(n_asked, 0, "{most}: what is kept is not begun");
                n_kept += 1;
                assert!(here.piped(&["inbound"], &subscribe).status.success(), "{most}");
                assert_eq!(here.count(asked) - before, 1, "{most}: tried again");
            }
            other => panic!("{most}: {other:?} {output:?}"),
        }
    }
    assert!(
        (1..7).contains(&n_kept),
        "{n_kept} of 7 kept: the limits do not reach what they are for"
    );
    here.assert_intact();
}

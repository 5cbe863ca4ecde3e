//! `courant doctor mail`: what stands in the way of mail that arrives.

use std::net::IpAddr;
use std::path::Path;

use super::{Exit, Refused, load_config, runtime, transport_words};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::mail::doctor::{self, Around, Dns, Finding, Level, Patience};
use crate::store::{Db, outbox};
use crate::time::Timestamp;

/// Check what stands in the way of mail, each finding with its remedy
///
/// `doctor mail` connects to the relay and logs in, asks DNS what it says of the sender, and looks at the clock and the
/// unsubscribe link. It sends nothing, waits ten seconds for DNS at most, and names what DNS did not say. Exits with 1 when
/// something is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// TLS, login, SPF, DKIM, DMARC, From, PTR, MX, clock, one-click link
    Mail(MailArgs),
}

#[derive(Debug, clap::Args)]
struct MailArgs {
    /// The address mails leave from; without it the relay's own is a guess
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Ask this name server, with a port if it is not 53
    #[arg(long, value_name = "ADDRESS", value_parser = doctor::name_server)]
    dns: Option<std::net::SocketAddr>,
}

/// Checks and prints.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let What::Mail(args) = &args.what;
    let config = load_config(path)?;
    println!("Way out: {}", transport_words(&config.mail.transport));
    let findings = runtime()?.block_on(async {
        let around = Around {
            now: SystemClock.now(),
            last_recorded: last_recorded(&config).await?,
            leaves_from: args.ip,
        };
        let dns = Dns::new(args.dns, Patience::default()).map_err(|error| Refused::new(Exit::Failed, error))?;
        let findings = doctor::examine(&config, &dns, &around).await;
        findings.map_err(|error| anyhow::Error::from(Refused::new(Exit::Config, error)))
    })?;
    for finding in &findings {
        print(finding);
    }
    let n_wrong = findings.iter().filter(|finding| finding.level == Level::Wrong).count();
    match n_wrong {
        0 => println!("Nothing is wrong."),
        1 => println!("One thing is wrong."),
        n => println!("{n} things are wrong."),
    }
    Ok(if n_wrong == 0 { Exit::Done } else { Exit::Failed })
}

/// When the mail loop last wrote that it is alive. A database that is not there yet is not made.
async fn last_recorded(config: &Config) -> anyhow::Result<Option<Timestamp>> {
    if !config.database.path.exists() {
        return Ok(None);
    }
    let db = Db::open(&config.database.path)?;
    Ok(db.read(outbox::last_heartbeat).await?)
}

fn print(finding: &Finding) {
    println!("{:<6} {:<10} {}", finding.level.word(), finding.what, finding.words);
    if !finding.remedy.is_empty() {
        println!("{:17} {}", "", finding.remedy);
    }
}

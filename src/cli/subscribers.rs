//! `courant subscribers`: people added, shown, removed, moved in and out. Addresses are shown here and nowhere else.

mod at_once;
mod bounces;
mod consents;
mod table_file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use at_once::subscribe_at_once;

use super::table::Table;
use super::{Exit, Refused, load_config, logging, runtime};
use crate::address::Address;
use crate::app;
use crate::context::Ctx;
use crate::mail::render::Templates;
use crate::model::{Choices, EndReason, SubscriptionStatus};
use crate::store::subscribers::{self, Step};
use crate::subscribe::inbound::Proof;
use crate::subscribe::{Done, Order, Way, command, order};
use crate::time::Timestamp;
use crate::token;

/// Add, list, show, remove, import, export, release and erase subscribers
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ask an address whether it wants a digest; with --confirmed, subscribe it at once
    Add {
        /// The address
        address: String,
        /// The digest's key; without it the first one
        #[arg(long)]
        digest: Option<String>,
        /// You have the person's consent: no question is mailed
        #[arg(long)]
        confirmed: bool,
    },
    /// List subscriptions
    List {
        /// Only of this digest
        #[arg(long)]
        digest: Option<String>,
        /// Only with this status
        #[arg(long, value_parser = ["pending", "active", "ended"])]
        status: Option<String>,
    },
    /// Show everything known of an address, as JSON
    Show {
        /// The address
        address: String,
    },
    /// End the subscriptions of an address
    Remove {
        /// The address
        address: String,
        /// Only to this digest
        #[arg(long)]
        digest: Option<String>,
    },
    /// Read people from a CSV file with the columns address, digest, companies, themes, muted, often, time, zone, length,
    /// format, language
    Import {
        /// The file
        file: PathBuf,
        /// The digest's key where the file has no such column; without it the first one
        #[arg(long)]
        digest: Option<String>,
        /// You have these people's consent: no questions are mailed
        #[arg(long)]
        confirmed: bool,
    },
    /// Write all subscriptions as CSV to standard output
    Export {
        /// Only of this digest
        #[arg(long)]
        digest: Option<String>,
    },
    /// List mails that came back: who, why, and whom it ended
    Bounces {
        /// Of so many days
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Let an address be mailed again that bounced or complained; what had ended for bounces goes on
    Release {
        /// The address
        address: String,
    },
    /// Write the proof of every consent as lines of JSON: when, how, and the chain of hashes
    Proof {
        /// Only say how many chains hold; fails when one was changed afterwards
        #[arg(long)]
        check: bool,
    },
    /// Delete everything known of an address; only a hash stays, so that no import brings it back
    Erase {
        /// The address
        address: String,
    },
}

/// Runs one of them.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    logging::start_quiet();
    runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        match &args.what {
            What::Add {
                address,
                digest,
                confirmed,
            } => add(&ctx, address, digest.as_deref(), *confirmed).await,
            What::List { digest, status } => list(&ctx, digest.clone(), status.clone()).await,
            What::Show { address } => show(&ctx, address).await,
            What::Remove { address, digest } => remove(&ctx, address, digest.clone()).await,
            What::Import {
                file,
                digest,
                confirmed,
            } => import(&ctx, file, digest.as_deref(), *confirmed).await,
            What::Export { digest } => export(&ctx, digest.clone()).await,
            What::Bounces { days } => bounces::list(&ctx, *days).await,
            What::Release { address } => bounces::release(&ctx, address).await,
            What::Proof { check } => consents::proof(&ctx, *check).await,
            What::Erase { address } => erase(&ctx, address).await,
        }
    })
}

fn address(text: &str) -> Result<Address, Refused> {
    Address::parse(text).map_err(|error| Refused::new(Exit::Data, format!("`{text}`: {error}")))
}

/// The key of the digest meant; the first one when none is named.
fn digest_key(ctx: &Ctx, named: Option<&str>) -> Result<String, Refused> {
    let config = ctx.config();
    let found = match named {
        Some(key) => config.digests.iter().find(|d| d.key == key),
        None => config.digests.first(),
    };
    found.map(|d| d.key.clone()).ok_or_else(|| {
        let known: Vec<&str> = config.digests.iter().map(|d| d.key.as_str()).collect();
        Refused::new(
            Exit::Data,
            format!("No such digest; the configuration has: {}", known.join(", ")),
        )
    })
}

async fn add(ctx: &Ctx, text: &str, digest: Option<&str>, confirmed: bool) -> anyhow::Result<Exit> {
    let address = address(text)?;
    let digest = digest_key(ctx, digest)?;
    if confirmed {
        if subscribe_at_once(ctx, &address, &digest, Choices::default()).await? {
            println!("{} now gets `{digest}`.", address.typed());
            return Ok(Exit::Done);
        }
        let message = format!(
            "{} left, asked never to be mailed, or bounced; it can only subscribe itself",
            address.typed()
        );
        return Err(Refused::new(Exit::Data, message).into());
    }
    let templates = Arc::new(Templates::load(ctx.config().mail.templates.as_deref())?);
    let asked = Order {
        commands: vec![command::Command::Subscribe(Some(digest.clone()))],
        unclear: Vec::new(),
        from: Some(address.clone()),
        proof: Proof::None,
        way: Way::Operator,
        evidence: "operator".to_owned(),
        thread: None,
        answers: Vec::new(),
        language: None,
    };
    let done = order(ctx, &templates, asked).await?;
    match done {
        Done::Answered(_) => println!("A question was mailed to {}; the daemon sends it.", address.typed()),
        other => {
            let message = format!("Nothing was mailed to {}: {}", address.typed(), other.name());
            return Err(Refused::new(Exit::Failed, message).into());
        }
    }
    Ok(Exit::Done)
}

async fn list(ctx: &Ctx, digest: Option<String>, status: Option<String>) -> anyhow::Result<Exit> {
    let rows = ctx
        .db
        .read(move |c| subscribers::list(c, digest.as_deref(), status.as_deref()))
        .await?;
    if rows.is_empty() {
        println!("No subscribers yet. Add one: courant subscribers add ADDRESS");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["address", "digest", "status", "confirmed", "schedule"]);
    for row in rows {
        let confirmed = if row.confirmed_at > Timestamp::from_unix(0) {
            row.confirmed_at.rfc3339().chars().take(10).collect()
        } else {
            "never".to_owned()
        };
        let schedule = if row.schedule.is_empty() {
            "as the digest".to_owned()
        } else {
            row.schedule
        };
        table.row(vec![
            row.address.into(),
            row.digest.into(),
            row.status.into(),
            confirmed.into(),
            schedule.into(),
        ]);
    }
    table.print();
    Ok(Exit::Done)
}

async fn show(ctx: &Ctx, text: &str) -> anyhow::Result<Exit> {
    let address = address(text)?;
    let key = address.key();
    let found = ctx
        .db
        .read(move |c| match subscribers::find(c, &key)? {
            Some(person) => Ok(Some(subscribers::export(c, &person)?)),
            None => Ok(None),
        })
        .await?;
    let data = found.ok_or_else(|| unknown(&address))?;
    println!("{}", serde_json::to_string_pretty(&data)?);
    Ok(Exit::Done)
}

fn unknown(address: &Address) -> Refused {
    Refused::new(
        Exit::Data,
        format!("{} is not known; see `courant subscribers list`", address.typed()),
    )
}

async fn remove(ctx: &Ctx, text: &str, digest: Option<String>) -> anyhow::Result<Exit> {
    let address = address(text)?;
    let (key, now) = (address.key(), ctx.now());
    let n = ctx
        .db
        .write(move |tx| {
            let Some(person) = subscribers::find(tx, &key)? else {
                return Ok(0);
            };
            let mut n = 0;
            for held in subscribers::subscriptions(tx, person.id)? {
                if held.status != SubscriptionStatus::Ended && digest.as_ref().is_none_or(|d| *d == held.digest) {
                    subscribers::end(tx, held.id, EndReason::Admin, now)?;
                    subscribers::add_consent(tx, held.id, Step::Ended, "admin", "operator", now)?;
                    n += 1;
                }
            }
            Ok(n)
        })
        .await?;
    if n == 0 {
        return Err(unknown(&address).into());
    }
    println!("{n} subscriptions of {} ended.", address.typed());
    Ok(Exit::Done)
}

async fn import(ctx: &Ctx, file: &Path, digest: Option<&str>, confirmed: bool) -> anyhow::Result<Exit> {
    let text = std::fs::read_to_string(file).with_context(|| format!("Unable to read `{}`", file.display()))?;
    let people = table_file::read(&text)
        .map_err(|problem| Refused::new(Exit::Data, format!("{}: {problem}", file.display())))?;
    let (mut n_added, mut n_left) = (0, 0);
    for person in people {
        // Our own export has those who left, and those who never confirmed.
        if let Some(status) = person
            .status
            .as_deref()
            .filter(|status| ["ended", "pending"].contains(status))
        {
            eprintln!("line {}: {} is {status}", person.line, person.address);
            n_left += 1;
            continue;
        }
        let key = digest_key(ctx, person.digest.as_deref().or(digest))?;
        let added = match Address::parse(&person.address) {
            Err(error) => {
                eprintln!("line {}: `{}`: {error}", person.line, person.address);
                false
            }
            Ok(address) if confirmed => subscribe_at_once(ctx, &address, &key, person.choices)
                .await
                .with_context(|| format!("line {}", person.line))?,
            Ok(_) => matches!(add(ctx, &person.address, Some(&key), false).await, Ok(Exit::Done)),
        };
        if added {
            n_added += 1;
        } else {
            n_left += 1;
        }
    }
    println!("{n_added} added, {n_left} left out.");
    Ok(if n_added == 0 && n_left > 0 {
        Exit::Data
    } else {
        Exit::Done
    })
}

async fn export(ctx: &Ctx, digest: Option<String>) -> anyhow::Result<Exit> {
    let rows = ctx
        .db
        .read(move |c| subscribers::list(c, digest.as_deref(), None))
        .await?;
    print!("{}", table_file::write(&rows));
    Ok(Exit::Done)
}

async fn erase(ctx: &Ctx, text: &str) -> anyhow::Result<Exit> {
    let address = address(text)?;
    let hash = token::address_hash(&ctx.token_key().await?, &address.key());
    let (key, now) = (address.key(), ctx.now());
    let erased = ctx
        .db
        .write(move |tx| match subscribers::find(tx, &key)? {
            Some(person) => subscribers::erase(tx, person.id, &hash, now),
            None => subscribers::suppress(tx, &hash, "erased", now).map(|()| false),
        })
        .await?;
    ctx.db.checkpoint().await?;
    println!(
        "{}",
        if erased {
            "Erased. Backups made before still hold the address."
        } else {
            "Nothing was known; the address is now kept out of imports."
        }
    );
    Ok(Exit::Done)
}

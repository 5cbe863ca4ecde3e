//! `courant outbox`: what waits, what is in doubt, and a person's word on it.

use std::path::Path;

use super::{Exit, Refused, load_config, runtime};
use crate::address::masked;
use crate::app;
use crate::model::{DeliveryId, DeliveryStatus};
use crate::store::outbox::{self, Filter, OutboxRow, Resolution, Resolved};
use crate::time::Zone;

/// See what waits to be sent, and settle messages in doubt
///
/// A message is in doubt when the connection or the process ended after its last byte and before the relay's answer: it
/// may have been taken or not. Look for its Message-ID in the relay's log, then say what you found.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List what is not finished
    List(List),
    /// Settle a message in doubt
    Resolve(Resolve),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only messages in doubt
    #[arg(long)]
    uncertain: bool,
    /// Only messages that were given up
    #[arg(long, conflicts_with = "uncertain")]
    failed: bool,
    /// Show whole addresses
    #[arg(long)]
    addresses: bool,
    /// Most rows
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
}

#[derive(Debug, clap::Args)]
struct Resolve {
    /// The number that `outbox list` shows
    id: i64,
    #[command(flatten)]
    word: Word,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Word {
    /// It was taken: nothing more is sent
    #[arg(long)]
    sent: bool,
    /// Send it again, under the same Message-ID
    #[arg(long)]
    resend: bool,
}

/// Reads or settles.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let zone = config.digests.first().map_or_else(Zone::default, |digest| digest.zone);
    runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        match &args.command {
            Command::List(list) => {
                let filter = match (list.uncertain, list.failed) {
                    (true, _) => Filter::Status(DeliveryStatus::Uncertain),
                    (_, true) => Filter::Status(DeliveryStatus::Failed),
                    _ => Filter::Open,
                };
                let limit = list.limit;
                let rows = ctx.db.read(move |conn| outbox::list(conn, filter, limit)).await?;
                print!("{}", words(&rows, zone, list.addresses));
                Ok(Exit::Done)
            }
            Command::Resolve(resolve) => {
                let id = DeliveryId::new(resolve.id);
                let resolution = if resolve.word.sent {
                    Resolution::Sent
                } else {
                    Resolution::Resend
                };
                let now = ctx.now();
                match ctx.db.write(move |tx| outbox::resolve(tx, id, resolution, now)).await? {
                    Resolved::Done if resolution == Resolution::Sent => println!("{id} counts as sent"),
                    Resolved::Done => println!("{id} is sent again"),
                    Resolved::Unknown => {
                        return Err(Refused::new(Exit::Data, format!("there is no delivery {id}")).into());
                    }
                    Resolved::NotUncertain(status) => {
                        let status = status.word();
                        let message = format!("delivery {id} is not in doubt: it is {status}");
                        return Err(Refused::new(Exit::Data, message).into());
                    }
                }
                Ok(Exit::Done)
            }
        }
    })
}

fn words(rows: &[OutboxRow], zone: Zone, addresses: bool) -> String {
    use std::fmt::Write as _;
    if rows.is_empty() {
        return "Nothing.\n".to_owned();
    }
    let mut out = String::new();
    for row in rows {
        let to = if addresses {
            row.address.clone()
        } else {
            masked(&row.address)
        };
        let when = match row.status {
            DeliveryStatus::Queued => format!("next try {}", zone.local(row.next_attempt_at).weekday_clock()),
            _ => format!("queued {}", zone.local(row.queued_at).weekday_clock()),
        };
        let what = if row.edition.is_empty() {
            row.kind.word()
        } else {
            &row.edition
        };
        let _ = writeln!(out, "{:>7}  {:<10} {to}  {what}", row.id, row.status.word());
        let _ = writeln!(out, "         {when}, {} attempts, <{}>", row.attempts, row.message_id);
        if !row.last_reply.is_empty() {
            let reply = if addresses {
                row.last_reply.clone()
            } else {
                masked(&row.last_reply)
            };
            let _ = writeln!(out, "         {reply}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeliveryKind;
    use crate::time::Timestamp;

    #[test]
    fn a_row_reads_alone_and_hides_the_address() {
        let row = OutboxRow {
            id: DeliveryId::new(7),
            kind: DeliveryKind::Digest,
            status: DeliveryStatus::Uncertain,
            address: "anna@example.com".into(),
            edition: "daily 2026-03-02T07:00[Europe/Berlin]".into(),
            attempts: 1,
            next_attempt_at: Timestamp::from_unix(1_772_434_800),
            queued_at: Timestamp::from_unix(1_772_434_800),
            last_reply: "no reply for <anna@example.com> in time".into(),
            message_id: "d.1@example.org".into(),
        };
        let shown = words(&[row], Zone::default(), false);
        assert!(
            shown.starts_with("      7  uncertain  a***@e***.com  daily 2026-03-02"),
            "{shown}"
        );
        assert!(!shown.contains("anna"), "{shown}");
        assert!(shown.contains("<d.1@example.org>"), "{shown}");
    }
}

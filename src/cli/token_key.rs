//! `courant token-key`: which key signs the links of mails, and a change of it.

use std::path::Path;

use super::{Exit, Refused, load_config, runtime};
use crate::app;
use crate::clock::{Random as _, SystemRandom};
use crate::signing_key::{KeyInUse, adopt};
use crate::store::{self, StoreError};
use crate::token::TokenKey;

/// Show which key signs unsubscribe and settings links, or change it
///
/// The daemon, `courant inbound` and every command must have the same key. The database notes which one is in use and
/// refuses another, so that no mail goes out with links that fail. After a change, links in mails sent before do not
/// work any more, and addresses kept only as a hash (erased, bounced and then erased) are not recognised any more.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take the key of this configuration from now on. The daemon must be stopped
    #[arg(long)]
    adopt: bool,
}

/// Compares the configured key with the one in use.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let database = config.database.path.clone();
    let configured = config
        .mail
        .token_key
        .as_ref()
        .map(|secret| TokenKey::from_secret(secret.expose()));
    runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        if args.adopt {
            let _lock = store::lock(&database).map_err(|error| match error {
                StoreError::InUse(_) => Refused::new(Exit::Temporary, "stop the daemon first, it uses the old key"),
                other => Refused::new(Exit::Failed, other.to_string()),
            })?;
            let mut fresh = [0; 32];
            SystemRandom.fill(&mut fresh);
            let key = ctx.db.write(move |tx| adopt(tx, configured, fresh)).await?;
            println!(
                "From now on links are signed with the key {}.",
                name(&key.fingerprint())
            );
            return Ok(Exit::Done);
        }
        let known = ctx.db.read(KeyInUse::read).await?;
        let whence = if configured.is_some() {
            "from the configuration"
        } else {
            "made here, kept in the database"
        };
        match known.usable(configured.as_ref()) {
            Ok(Some(key)) => println!("Links are signed with the key {}, {whence}.", name(&key.fingerprint())),
            Ok(None) => println!("No link was signed yet; the first one takes the key {whence}."),
            Err(error) => return Err(Refused::new(Exit::Config, error.to_string()).into()),
        }
        anyhow::Ok(Exit::Done)
    })
}

/// A fingerprint as people compare it.
fn name(fingerprint: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(fingerprint)
}

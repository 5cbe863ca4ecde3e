//! The demo: two days of the bundled outlets through the daemon's own ticks, with a clock that is told the time.
//!
//! Nothing here stands in for a part of the pipeline: feeds are fetched over HTTP, the reader subscribes with a mail
//! handed to the inbound door and confirms by answering what the outbox sent, and the editions are composed and
//! delivered by the same loops' ticks that `courant run` calls.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::outlets::OUTLETS;
use super::server::{self, BROKEN, MOVED};
use crate::app;
use crate::clock::{Clock, FakeClock, SystemRandom};
use crate::config::Config;
use crate::context::Ctx;
use crate::digest::preview::{Preview, confirmed_on, preview};
use crate::ingest::Poller;
use crate::mail::Mailer;
use crate::mail::render::Templates;
use crate::stories::Grouper;
use crate::subscribe::inbound::Envelope;
use crate::time::{Timestamp, Zone};
use crate::{digest, subscribe};

/// The reader of the demo.
pub const READER: &str = "reader@example.org";
const DIGEST: &str = "daily";
const HOUR: u64 = 3_600;
/// Between two polls of the demo's days.
const SWEEP_EVERY: Duration = Duration::from_secs(3 * HOUR);
const DAY: Duration = Duration::from_secs(24 * HOUR);
/// Far more ticks than any step needs; a step that goes on longer is a fault.
const TICKS_MAX: usize = 1_000;

/// What the demo left behind.
#[derive(Debug)]
pub struct Played {
    /// The configuration that was used.
    pub config: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The folder of mails, `.eml` and `.html`.
    pub mails: PathBuf,
    /// When the last edition was due.
    pub base: Timestamp,
    /// The last edition, as the reader got it.
    pub edition: Preview,
    /// When the reader confirmed.
    pub confirmed_on: Option<String>,
    /// The configuration as it was read.
    pub settings: Arc<Config>,
    /// The HTML file of the last edition.
    pub page: PathBuf,
    /// Feeds that could not be read, with the reason.
    pub failing: Vec<(String, String)>,
}

/// The last 07:00 UTC: when the demo's second edition is due.
#[must_use]
pub fn base(now: Timestamp) -> Timestamp {
    let day = 86_400;
    let seven = 7 * 3_600;
    Timestamp::from_unix((now.unix() - seven).div_euclid(day) * day + seven)
}

/// Plays the demo into an empty folder; `say` is told what goes on.
///
/// # Errors
/// When a step of the pipeline fails.
pub async fn play(folder: &Path, base: Timestamp, say: &mut (dyn FnMut(String) + Send)) -> anyhow::Result<Played> {
    let clock = Arc::new(FakeClock::at(base.minus(DAY + DAY).plus(SWEEP_EVERY)));
    let address = server::serve(base, clock.clone())
        .await
        .context("Unable to serve the outlets on loopback")?;
    let config_file = folder.join("config.toml");
    let text = config_toml(address);
    std::fs::write(&config_file, &text).with_context(|| format!("Unable to write `{}`", config_file.display()))?;
    let config = Config::from_toml_str(&text, folder)?;
    let database = config.database.path.clone();
    let (ctx, _swap) = app::open(config, clock.clone(), Arc::new(SystemRandom)).await?;

    let mut world = World {
        poller: Poller::default(),
        grouper: Grouper::new(ctx.clone()),
        mailer: Mailer::start(ctx.clone()).await?,
        mails: folder.join("mail"),
        templates: Arc::new(Templates::builtin()),
        ctx,
        clock,
    };
    say(format!("{READER} subscribes by mail and confirms"));
    world.subscribe().await?;
    while world.clock.now() < base {
        let day = if world.clock.now() < base.minus(DAY) {
            "the first day"
        } else {
            "the second day"
        };
        say(format!("polling {} feeds, {day}", OUTLETS.len() + 1));
        world.sweep().await?;
        world.clock.set(next_stop(world.clock.now(), base));
        world.edition().await?;
    }
    say("reading the last mail".to_owned());
    world.finish(config_file, database, base).await
}

/// The next sweep, or the edition when that comes first.
fn next_stop(now: Timestamp, base: Timestamp) -> Timestamp {
    let sweep = now.plus(SWEEP_EVERY);
    [base.minus(DAY), base]
        .into_iter()
        .find(|edition| *edition > now && *edition <= sweep)
        .unwrap_or(sweep)
}

struct World {
    ctx: Ctx,
    clock: Arc<FakeClock>,
    poller: Poller,
    grouper: Grouper,
    mailer: Mailer,
    mails: PathBuf,
    templates: Arc<Templates>,
}

impl World {
    async fn subscribe(&mut self) -> anyhow::Result<()> {
        let list = self.ctx.config().mail.list_address.clone();
        self.hand_in(&format!(
            "From: A Reader <{READER}>\r\nTo: {list}\r\nSubject: subscribe\r\nMessage-ID: <ask@example.org>\r\n\r\n"
        ))
        .await?;
        let question = self.newest_mail()?;
        let reply_to = header(&question, "Reply-To").context("The confirmation mail has no Reply-To")?;
        let message_id = header(&question, "Message-ID").unwrap_or_default();
        let subject = header(&question, "Subject").unwrap_or_default();
        self.hand_in(&format!(
            "From: A Reader <{READER}>\r\nTo: {reply_to}\r\nSubject: Re: {subject}\r\nIn-Reply-To: {message_id}\r\n\
             Message-ID: <confirm@example.org>\r\n\r\nYes.\r\n"
        ))
        .await
    }

    /// A mail to the inbound door, and whatever it makes the outbox send.
    async fn hand_in(&mut self, mail: &str) -> anyhow::Result<()> {
        subscribe::handle(&self.ctx, &self.templates, mail.as_bytes(), &Envelope::default()).await?;
        self.send().await
    }

    /// Polls what is due and finds the stories of what came.
    async fn sweep(&mut self) -> anyhow::Result<()> {
        for _ in 0..TICKS_MAX {
            if self.poller.tick(&self.ctx).await?.did == 0 {
                break;
            }
        }
        for _ in 0..TICKS_MAX {
            if self.grouper.tick().await?.did == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Composes and mails the edition, if one is due.
    async fn edition(&mut self) -> anyhow::Result<()> {
        for _ in 0..TICKS_MAX {
            if digest::tick(&self.ctx).await?.did == 0 {
                break;
            }
        }
        self.send().await
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        for _ in 0..TICKS_MAX {
            if self.mailer.tick().await?.did == 0 {
                break;
            }
        }
        Ok(())
    }

    fn newest_mail(&self) -> anyhow::Result<String> {
        let newest = newest(&self.mails, "eml")?.context("No mail was written")?;
        std::fs::read_to_string(&newest).with_context(|| format!("Unable to read `{}`", newest.display()))
    }

    async fn finish(self, config: PathBuf, database: PathBuf, base: Timestamp) -> anyhow::Result<Played> {
        let settings = self.ctx.config();
        let spec = settings.digests.first().context("The demo has a digest")?;
        let edition = preview(&self.ctx.db, &settings, spec, base, Some(READER)).await?;
        let confirmed_on = confirmed_on(&self.ctx.db, &settings, spec, READER).await?;
        let page = newest(&self.mails, "html")?.context("No page was written")?;
        let feeds = self.ctx.db.read(crate::store::feeds::list).await?;
        let failing = feeds
            .into_iter()
            .filter(|feed| feed.failures > 0)
            .map(|feed| (feed.key, feed.error))
            .collect();
        self.mailer.close().await;
        self.ctx.db.checkpoint().await?;
        Ok(Played {
            config,
            database,
            mails: self.mails,
            base,
            edition,
            confirmed_on,
            settings,
            page,
            failing,
        })
    }
}

/// The file with this ending whose name sorts last: names begin with the time.
fn newest(folder: &Path, ending: &str) -> anyhow::Result<Option<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("Unable to list `{}`", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    Ok(files.pop())
}

/// The value of a header that fits on its line.
fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next()?.replace("\r\n ", " ");
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// The configuration of the demo: the outlets at this address.
fn config_toml(address: SocketAddr) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "# The configuration of `courant demo`: invented outlets on loopback.\n\n\
         [database]\npath = \"courant.db\"\n\n\
         [poll]\nallow_private = true\nhost_pause = \"0s\"\nper_host = 8\n\n\
         [mail]\ntransport = \"folder\"\nfolder = \"mail\"\nfrom = \"digest@courant.example\"\n\
         list_address = \"news@courant.example\"\ncontact = \"The Courant demo, on your own machine\"\n\n\
         [[digest]]\nkey = \"{DIGEST}\"\ntitle = \"The Daily Courant\"\nschedule = \"0 7 * * *\"\nzone = \"{}\"\n",
        Zone::default()
    );
    for outlet in OUTLETS {
        let document = if outlet.key == MOVED { "feed" } else { "rss.xml" };
        let _ = write!(
            text,
            "\n[[feed]]\nkey = \"{key}\"\nname = \"{}\"\nurl = \"http://{address}/{key}/{document}\"\nweight = {:.1}\n",
            outlet.name,
            outlet.weight,
            key = outlet.key
        );
    }
    let _ = write!(
        text,
        "\n[[feed]]\nkey = \"{BROKEN}\"\nname = \"Bayview Daily\"\nurl = \"http://{address}/{BROKEN}/rss.xml\"\n"
    );
    text
}

//! What the story engine costs: placing 1,000 new entries into a window, bytes an entry in the window, a restart.
//!
//! `cargo bench --bench cluster -- 10000 100000` (window sizes; default 10000 and 100000). The stream is made up, with a
//! fixed seed: words as frequent as in English, five entries in six alone, the others in events that two to twelve
//! outlets tell in words of their own; headlines of some ten words, summaries of some twenty-five. Beside 1,000 such
//! entries it places 1,000 that tell one event in near-identical words (a burst), and 1,000 with hostile headlines (10 KB
//! without a space, right-to-left marks, zero-width characters, emoji). The best of three rounds.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of a made-up stream"
)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use courant::config::StorySettings;
use courant::model::{EntryId, StoryId};
use courant::stories::cluster::{Engine, Item, Knobs, Settled};
use courant::stories::corrections::Corrections;
use courant::time::Timestamp;

const NEW: usize = 1_000;
const ROUNDS: usize = 3;
const BATCH: usize = 20_000;
const VOCABULARY: usize = 60_000;
const OUTLETS: u64 = 400;
const WINDOW_SECS: i64 = 72 * 3600;
const FIRST_AT: i64 = 1_772_000_000;

fn main() {
    let mut sizes: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    if std::env::args().any(|a| a == "one") {
        return sizes.into_iter().for_each(measure);
    }
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    println!("seconds by the wall clock / of the processor in all threads");
    println!("window        place 1,000         a burst         hostile  bytes/en.         restart");
    for size in sizes {
        // Each in a process of its own, so that no memory is used a second time.
        let this = std::env::current_exe().unwrap();
        let done = Command::new(this).args(["one", &size.to_string()]).status().unwrap();
        assert!(done.success());
    }
}

fn measure(size: usize) {
    let (bytes, restart) = restart(size);
    let mut stream = Stream::new(size);
    let mut engine = Engine::new(Knobs::from(&StorySettings::default()), Corrections::default());
    while engine.len() < size {
        let told = (0..BATCH.min(size - engine.len())).map(|_| stream.told()).collect();
        engine.restore(&settled(told));
    }
    stream.next_story = i64::try_from(stream.events.len()).unwrap();
    let never = Spent {
        wall: f64::MAX,
        processor: f64::MAX,
    };
    let mut best = [never; 3];
    for _ in 0..ROUNDS {
        let batches = [stream.batch(NEW), stream.burst(NEW), stream.hostile(NEW)];
        for (best, batch) in best.iter_mut().zip(&batches) {
            let begun = Stopwatch::start();
            place(&mut engine, batch, &mut stream.next_story);
            let spent = begun.spent();
            best.wall = best.wall.min(spent.wall);
            best.processor = best.processor.min(spent.processor);
        }
    }
    let [usual, burst, hostile] = best;
    println!("{size:<9} {usual:>15} {burst:>15} {hostile:>15} {bytes:>9} {restart:>15}");
}

/// Bytes an entry of a window that is read back, each entry a story of its own with all the neighbours it can have, and
/// the seconds it takes.
fn restart(size: usize) -> (usize, Spent) {
    let mut stream = Stream::new(size);
    let alone = |item: Item| (item.entry.get(), item);
    let settled = settled(stream.batch(size).into_iter().map(alone).collect());
    let (held, begun) = (resident(), Stopwatch::start());
    let mut engine = Engine::new(Knobs::from(&StorySettings::default()), Corrections::default());
    engine.restore(&settled);
    let spent = begun.spent();
    (resident().saturating_sub(held) / engine.len().max(1), spent)
}

/// Entries as they are read back, with the numbers of their stories and as many neighbours as they can have.
fn settled(told: Vec<(i64, Item)>) -> Vec<Settled> {
    let near = |n: i64| (1..=5).map(|back| (EntryId::new(n - back), 0.2)).collect();
    told.into_iter()
        .map(|(story, item)| Settled {
            story: StoryId::new(story),
            near: near(item.entry.get()),
            item,
        })
        .collect()
}

/// Places a batch and gives the stories it opens their ids, as the database would.
fn place(engine: &mut Engine, batch: &[Item], next_story: &mut i64) {
    let outcome = engine.place(batch);
    assert_eq!(outcome.placements.len(), batch.len());
    let mut opened = BTreeMap::new();
    for placement in outcome.placements.iter().filter(|p| p.story.is_none()) {
        opened.entry(placement.opens).or_insert_with(|| {
            *next_story += 1;
            StoryId::new(*next_story)
        });
    }
    engine.settle(&opened);
}

/// A made-up stream over some three days.
struct Stream {
    state: u64,
    next_entry: i64,
    next_story: i64,
    step_secs: f64,
    events: Vec<Vec<usize>>,
}

impl Stream {
    fn new(size: usize) -> Self {
        Self {
            state: 7,
            next_entry: 0,
            next_story: 0,
            step_secs: 0.9 * WINDOW_SECS as f64 / (size + 3 * ROUNDS * NEW) as f64,
            events: Vec::new(),
        }
    }

    fn random(&mut self) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random() % n.max(1)
    }

    /// A word, as often as its rank says (Zipf's law).
    fn word(&mut self) -> usize {
        let u = self.below(1 << 30) as f64 / f64::from(1 << 30);
        ((VOCABULARY as f64).powf(u)) as usize
    }

    /// A word that tells something.
    fn telling(&mut self) -> usize {
        300 + self.below(VOCABULARY as u64 - 300) as usize
    }

    fn batch(&mut self, n: usize) -> Vec<Item> {
        (0..n).map(|_| self.item()).collect()
    }

    /// One event in near-identical words: each headline and summary differs from the others in a word or two.
    fn burst(&mut self, n: usize) -> Vec<Item> {
        let model = self.item();
        (0..n)
            .map(|_| {
                let mut item = self.item();
                let (a, b) = (self.word(), self.telling());
                item.title = format!("{} w{a:x}q", model.title);
                item.summary = format!("{} w{b:x}q", model.summary);
                item
            })
            .collect()
    }

    /// Headlines made to cost much.
    fn hostile(&mut self, n: usize) -> Vec<Item> {
        let kinds = [
            "x".repeat(10_000),
            "w1q ".repeat(2_500),
            "\u{202e}\u{200b}\u{1f600}".repeat(1_000),
            "\u{6771}\u{4eac}".repeat(1_600),
        ];
        let mut items = self.batch(n);
        for (item, kind) in items.iter_mut().zip(kinds.iter().cycle()) {
            item.title.clone_from(kind);
            item.summary.clone_from(kind);
        }
        items
    }

    fn item(&mut self) -> Item {
        self.told().1
    }

    /// An entry, and the number of the event that it tells, from 1.
    fn told(&mut self) -> (i64, Item) {
        let told = if self.below(6) == 0 && !self.events.is_empty() {
            let recent = self.events.len().min(200) as u64;
            self.events.len() - 1 - self.below(recent) as usize
        } else {
            let event: Vec<usize> = (0..7).map(|_| self.telling()).collect();
            self.events.push(event);
            self.events.len() - 1
        };
        let event = self.events[told].clone();
        let mut text = |n_event: usize, n_all: usize| {
            let words: Vec<String> = (0..n_all)
                .map(|i| {
                    let word = if i < n_event {
                        event[self.below(event.len() as u64) as usize]
                    } else {
                        self.word()
                    };
                    format!("w{word:x}q")
                })
                .collect();
            words.join(" ")
        };
        let (title, summary) = (text(5, 10), text(6, 25));
        self.next_entry += 1;
        let at = FIRST_AT + (self.next_entry as f64 * self.step_secs) as i64;
        let item = Item {
            entry: EntryId::new(self.next_entry),
            url: format!("https://news.example.org/{}", self.next_entry),
            title,
            summary,
            outlet: format!("Outlet {}", self.below(OUTLETS)),
            dated_at: Timestamp::from_unix(at),
            timed: true,
            about: Vec::new(),
            companies: Vec::new(),
            themes: Vec::new(),
            loose: false,
            roundup: false,
        };
        (i64::try_from(told).unwrap() + 1, item)
    }
}

/// Seconds by the wall clock, and of the processor in all threads (Linux; in steps of 10 ms).
#[derive(Clone, Copy)]
struct Spent {
    wall: f64,
    processor: f64,
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} / {:.2} s", self.wall, self.processor)
    }
}

struct Stopwatch(Instant, f64);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now(), Self::on_processor())
    }

    fn spent(&self) -> Spent {
        Spent {
            wall: self.0.elapsed().as_secs_f64(),
            processor: Self::on_processor() - self.1,
        }
    }

    fn on_processor() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = after_name.split_whitespace().skip(11).take(2);
        ticks.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / 100.0
    }
}

/// Resident bytes of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap_or_default();
    let kb: usize = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    kb * 1024
}

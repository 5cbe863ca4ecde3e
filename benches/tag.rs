//! How many headlines one core tags in a second, and how long the tagger takes to build.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use courant::config::StorySettings;
use courant::stories::tag::Tagger;

/// Headlines of the usual kinds; made up.
const HEADLINES: [&str; 10] = [
    "Nvidia to open a research lab in Oslo as chip demand grows",
    "Stocks slip and the dollar gains before the central bank's decision",
    "Target Cuts Its Outlook as Shoppers Pull Back on Big Purchases",
    "Why Shares of Harley-Davidson (HOG) Fell 6% on Tuesday",
    "Pfizer agrees to buy a maker of cancer drugs for $2 billion",
    "Mortgage rates today: a small step down for buyers",
    "Three questions about the power grid nobody wants to answer",
    "Microsoft, Google and Amazon plan new data centers in Spain",
    "City council delays vote on the new bridge until spring",
    "Judge orders airline to refund passengers of a canceled flight",
];

fn tagging(c: &mut Criterion) {
    let tagger = Tagger::new(&StorySettings::default());
    let mut group = c.benchmark_group("tag");
    group.throughput(Throughput::Elements(HEADLINES.len() as u64));
    group.bench_function("headlines", |b| {
        b.iter(|| {
            HEADLINES
                .iter()
                .map(|title| tagger.tag(title, "").mentions.len())
                .sum::<usize>()
        });
    });
    group.finish();
    c.bench_function("build the tagger", |b| {
        b.iter(|| Tagger::new(&StorySettings::default()));
    });
}

criterion_group!(benches, tagging);
criterion_main!(benches);

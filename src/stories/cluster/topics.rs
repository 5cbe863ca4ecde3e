//! The topics two entries share, such as energy or chips: what they are about where neither names a company.
//!
//! Outlets tell one affair in words of their own ("Strikes hit Caracas", "What a raid means for crude"), and its topics
//! are what is left in common. A topic that much of the window has says little, so each weighs as rare words do. Kinds of
//! events are no topics: a day has hundreds of results.

/// The themes that are topics; a person's own themes are not evidence, or a new one would place old news anew.
const TOPICS: [&str; N] = [
    "ai",
    "autos-ev",
    "chips",
    "crypto",
    "cybersecurity",
    "energy",
    "health-pharma",
    "macro",
    "markets",
    "metals-materials",
    "trade-geopolitics",
];
const N: usize = 11;
/// A topic of one entry in twelve weighs so much, and rarer ones say no more.
const WEIGHT_FULL: f32 = 2.5;

/// A set of topics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Topics(u16);

impl Topics {
    /// Those among an entry's themes.
    pub fn of(themes: &[String]) -> Self {
        let places = (0_u16..).zip(TOPICS);
        let held = places.filter(|(_, topic)| themes.iter().any(|t| t == topic));
        Self(held.fold(0, |all, (at, _)| all | 1 << at))
    }

    /// What both have.
    pub fn shared_in_words(self, other: Self) -> Vec<&'static str> {
        let shared = Self(self.0 & other.0);
        shared.places().filter_map(|at| TOPICS.get(at).copied()).collect()
    }

    fn places(self) -> impl Iterator<Item = usize> {
        (0..N).filter(move |at| self.0 & 1 << at != 0)
    }
}

/// How many entries of the window have each topic, and what it weighs by that.
#[derive(Debug, Default)]
pub struct TopicWeights {
    entries: [u32; N],
    /// Squares of the weights, as of the last refresh.
    squares: [f32; N],
}

impl TopicWeights {
    /// Counts an entry that came.
    pub fn add(&mut self, topics: Topics) {
        self.count(topics, |n| n.saturating_add(1));
    }

    /// Takes back one that left.
    pub fn remove(&mut self, topics: Topics) {
        self.count(topics, |n| n.saturating_sub(1));
    }

    fn count(&mut self, topics: Topics, change: impl Fn(u32) -> u32) {
        for at in topics.places() {
            if let Some(n) = self.entries.get_mut(at) {
                *n = change(*n);
            }
        }
    }

    /// Brings the weights up to date with a window of so many entries.
    pub fn refresh(&mut self, window: usize) {
        for (square, n) in self.squares.iter_mut().zip(self.entries) {
            *square = ((window as f32 + 1.0) / (n as f32 + 0.5)).ln().max(0.0).powi(2);
        }
    }

    /// How much it says that both have what they share, from 0 to 1: their cosine, less where the rarest topic in common is
    /// a common one.
    pub fn alike(&self, a: Topics, b: Topics) -> f32 {
        let sum = |set: Topics| -> f32 { set.places().filter_map(|at| self.squares.get(at)).sum() };
        let norms = (sum(a) * sum(b)).sqrt();
        if norms > 0.0 {
            let shared = Topics(a.0 & b.0);
            let squares = shared.places().filter_map(|at| self.squares.get(at));
            let rarest = squares.fold(0.0_f32, |most, square| most.max(*square)).sqrt();
            sum(shared) / norms * (rarest / WEIGHT_FULL).min(1.0)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(slugs: &str) -> Topics {
        Topics::of(&slugs.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    /// A window of ten entries: eight about markets, one of them on energy too.
    fn window() -> TopicWeights {
        let mut weights = TopicWeights::default();
        for _ in 0..7 {
            weights.add(topics("markets"));
        }
        weights.add(topics("markets energy"));
        weights.refresh(10);
        weights
    }

    #[test]
    fn a_rare_topic_says_more_than_a_common_one() {
        let weights = window();
        let like = |a: &str, b: &str| weights.alike(topics(a), topics(b));
        let rare = like("energy", "energy");
        assert!(rare > 0.7 && like("markets", "markets") < 0.2, "{rare}");
        assert!(like("energy markets", "energy") > 0.9 * rare);
        assert!(like("energy markets", "markets") < 0.1);
        assert!((like("energy markets", "markets") - like("markets", "energy markets")).abs() < 1e-6);
    }

    #[test]
    fn other_topics_events_and_no_topic_say_nothing() {
        let weights = window();
        for (a, b) in [
            ("energy", "markets"),
            ("earnings", "earnings"),
            ("", ""),
            ("energy", ""),
        ] {
            assert!(weights.alike(topics(a), topics(b)).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn each_is_a_built_in_theme_and_no_event() {
        let tagger = crate::stories::tag::Tagger::new(&crate::config::StorySettings::default());
        let themes = tagger.themes();
        for topic in TOPICS {
            assert!(themes.iter().any(|t| t.slug == topic && !t.event), "{topic}");
        }
    }

    #[test]
    fn what_left_the_window_counts_no_more() {
        let mut weights = window();
        weights.remove(topics("markets energy"));
        weights.add(topics("energy markets"));
        weights.refresh(10);
        assert_eq!(weights.entries, window().entries);
        assert!(
            (weights.alike(topics("markets energy"), topics("energy"))
                - window().alike(topics("markets energy"), topics("energy")))
            .abs()
                < 1e-6
        );
    }
}

//! How common same-story pairs are in this very stream.
//!
//! A business feed's entries stand alone five times in six, a search feed's hardly ever. The same evidence must
//! therefore weigh differently, and the share can be learnt without labels: a cruder model's scores over the
//! candidate pairs are counted, and the prior that agrees with its own posteriors is found by expectation
//! maximization (Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori
//! probabilities", 2002).

/// Bins of the score histogram, four a unit of log-odds.
const N_BINS: usize = 128;
const BINS_A_UNIT: f32 = 4.0;
const LOWEST: f32 = -16.0;
/// What is assumed before anything was seen: one candidate pair in ten, with the weight of a hundred pairs.
const PRIOR: f32 = 0.1;
const PRIOR_PAIRS: f32 = 100.0;
/// Old pairs fade by this for every new entry: about 2,000 entries are remembered.
const FADE: f32 = 0.9995;
const ROUNDS: usize = 40;
const MIN: f32 = -6.0;
const MAX: f32 = 2.0;

/// Counts of scores.
#[derive(Debug, Clone)]
pub struct Prevalence {
    bins: Vec<f32>,
}

impl Default for Prevalence {
    fn default() -> Self {
        Self {
            bins: vec![0.0; N_BINS],
        }
    }
}

impl Prevalence {
    /// Lets what was counted fade before the pairs of `n_entries` new entries are counted.
    pub fn fade(&mut self, n_entries: usize) {
        let by = FADE.powf(n_entries as f32);
        for bin in &mut self.bins {
            *bin *= by;
        }
    }

    /// Counts a pair's score.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the number of bins"
    )]
    pub fn count(&mut self, logit: f32) {
        let bin = ((logit - LOWEST) * BINS_A_UNIT).clamp(0.0, N_BINS as f32 - 1.0) as usize;
        if let Some(count) = self.bins.get_mut(bin) {
            *count += 1.0;
        }
    }

    /// The log-odds of a candidate pair being one story, as far as this stream has shown.
    #[must_use]
    pub fn log_odds(&self) -> f32 {
        let n: f32 = self.bins.iter().sum();
        let mut odds = (PRIOR / (1.0 - PRIOR)).ln();
        for _ in 0..ROUNDS {
            let same: f32 = self
                .bins
                .iter()
                .enumerate()
                .map(|(bin, count)| count / (1.0 + (-((bin as f32 + 0.5) / BINS_A_UNIT + LOWEST + odds)).exp()))
                .sum();
            let share = (same + PRIOR_PAIRS * PRIOR) / (n + PRIOR_PAIRS);
            odds = (share / (1.0 - share)).ln().clamp(MIN, MAX);
        }
        odds
    }

    /// As text, for keeping over a restart.
    #[must_use]
    pub fn to_text(&self) -> String {
        let counts: Vec<String> = self.bins.iter().map(f32::to_string).collect();
        counts.join(" ")
    }

    /// Reads what [`Self::to_text`] wrote; anything else counts as nothing seen.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let bins: Vec<f32> = text.split(' ').filter_map(|n| n.parse().ok()).collect();
        if bins.len() == N_BINS && bins.iter().all(|n: &f32| n.is_finite() && *n >= 0.0) {
            Self { bins }
        } else {
            Self::default()
        }
    }
}

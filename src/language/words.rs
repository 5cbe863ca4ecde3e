//! Strings and date forms of the digest in one language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Mark;
use crate::time::{LocalTime, Timestamp, Zone};

/// A form for one and a form for many.
type Plural = (String, String);

/// The strings of `[digest]`, and the code of their language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each key is a string of `en.toml`, which is the documentation"
)]
pub struct Words {
    pub code: String,
    pub weekdays: [String; 7],
    pub weekdays_short: [String; 7],
    pub months: [String; 12],
    pub months_short: [String; 12],
    pub date_long: String,
    pub date_short: String,
    pub decimal: String,
    pub stories: Plural,
    pub articles: Plural,
    pub outlets: Plural,
    pub independent: Plural,
    pub sources: Plural,
    pub companies: Plural,
    pub counts: String,
    pub window: String,
    pub subject_more: Plural,
    pub empty_subject: String,
    pub empty: String,
    pub jump: String,
    pub top: String,
    pub updates: String,
    pub also_noted: String,
    pub more_stories: String,
    pub closing: String,
    pub also: String,
    pub and: String,
    pub more: Plural,
    pub new_articles: Plural,
    pub see: String,
    pub near: String,
    pub usual: String,
    pub nothing_on: String,
    pub unreadable: Plural,
    pub unreadable_since: String,
    pub dropped: Plural,
    pub why_follow: String,
    pub why_first: String,
    pub why_usual: String,
    pub minutes: Plural,
    pub hours: Plural,
    pub why_you: String,
    pub choices: String,
    pub leave: String,
    /// Link to past editions.
    pub archive: String,
    /// The link to the edition on the web.
    pub web: String,
    pub no_tracking: String,
    pub reply_to: String,
    pub sent_by: String,
    pub marks: Marks,
    /// Names of the built-in themes by slug.
    pub themes: BTreeMap<String, String>,
}

/// Names of marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "one field for each `Mark`")]
pub struct Marks {
    pub opinion: String,
    pub live_blog: String,
    pub roundup: String,
    pub sponsored: String,
    pub press_release: String,
    pub paywall: String,
    pub template: String,
    pub advice: String,
    pub explainer: String,
    pub reprint: String,
}

/// Whether a theme is called as the built-in one is.
fn is_builtin_theme(slug: &str, name: &str) -> bool {
    let english = super::Languages::builtin();
    let named = english
        .all()
        .first()
        .and_then(|english| english.digest().themes.get(slug).map(|known| known == name));
    named.unwrap_or(false)
}

impl Words {
    /// A theme's name, see [`super::Language::theme`].
    #[must_use]
    pub fn theme<'a>(&'a self, slug: &str, name: &'a str) -> &'a str {
        match self.themes.get(slug) {
            Some(ours) if is_builtin_theme(slug, name) => ours,
            _ => name,
        }
    }

    /// Fills a plural's `{n}`.
    #[must_use]
    pub fn count(&self, forms: &Plural, n: u32) -> String {
        let form = if n == 1 { &forms.0 } else { &forms.1 };
        form.replace("{n}", &n.to_string())
    }

    /// `Tuesday 21 September 2026`.
    #[must_use]
    pub fn long_date(&self, at: &LocalTime) -> String {
        let pattern = self.date_long.replace("{year}", &at.date().year().to_string());
        Self::date(&pattern, at, &self.weekdays, &self.months)
    }

    /// `Tue 21 Sep`.
    #[must_use]
    pub fn short_date(&self, at: &LocalTime) -> String {
        Self::date(&self.date_short, at, &self.weekdays_short, &self.months_short)
    }

    fn date(pattern: &str, at: &LocalTime, weekdays: &[String; 7], months: &[String; 12]) -> String {
        let weekday = weekdays.get(at.weekday() as usize).map_or("", String::as_str);
        let month = usize::try_from(at.date().month()).unwrap_or(1);
        let month = months.get(month.saturating_sub(1)).map_or("", String::as_str);
        pattern
            .replace("{weekday}", weekday)
            .replace("{day}", &at.date().day().to_string())
            .replace("{month}", month)
    }

    /// `14:05` on the day of `today`, `Mon 22:10` within the week before it, `12 Sep` earlier.
    #[must_use]
    pub fn moment(&self, at: Timestamp, today: Timestamp, zone: Zone) -> String {
        const WEEK_SECS: i64 = 6 * 86_400;
        let (local, now) = (zone.local(at), zone.local(today));
        let weekday = self
            .weekdays_short
            .get(local.weekday() as usize)
            .map_or("", String::as_str);
        if local.date() == now.date() {
            local.clock()
        } else if (0..WEEK_SECS).contains(&(today.unix() - at.unix())) {
            format!("{weekday} {}", local.clock())
        } else {
            let pattern = self.date_short.replace("{weekday}", "");
            Self::date(&pattern, &local, &self.weekdays_short, &self.months_short)
                .trim()
                .to_owned()
        }
    }

    /// `38 minutes`, `3 hours`.
    #[must_use]
    pub fn span(&self, seconds: i64) -> String {
        let minutes = u32::try_from(seconds.max(0) / 60).unwrap_or(u32::MAX);
        if minutes < 120 {
            self.count(&self.minutes, minutes.max(1))
        } else {
            self.count(&self.hours, minutes / 60)
        }
    }

    /// One decimal, none when it is a whole number: `2.5`, `4`.
    #[must_use]
    pub fn times(&self, ratio: f64) -> String {
        let text = if ratio >= 10.0 {
            format!("{ratio:.0}")
        } else {
            format!("{ratio:.1}")
        };
        text.trim_end_matches(".0").replace('.', &self.decimal)
    }

    /// `A, B and C`.
    #[must_use]
    pub fn list(&self, names: &[String]) -> String {
        match names.split_last() {
            None => String::new(),
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} {} {last}", rest.join(", "), self.and),
        }
    }

    /// A mark's name.
    #[must_use]
    pub fn mark(&self, mark: Mark) -> &str {
        match mark {
            Mark::Opinion => &self.marks.opinion,
            Mark::LiveBlog => &self.marks.live_blog,
            Mark::Roundup => &self.marks.roundup,
            Mark::Sponsored => &self.marks.sponsored,
            Mark::PressRelease => &self.marks.press_release,
            Mark::Paywall => &self.marks.paywall,
            Mark::Template => &self.marks.template,
            Mark::Advice => &self.marks.advice,
            Mark::Explainer => &self.marks.explainer,
            Mark::Reprint => &self.marks.reprint,
        }
    }
}

//! What each element means: attributes at its start here, text at its end in `ends`.

mod ends;

use super::feed::{Category, Date, Enclosure, Link, ParsedEntry, ParsedFeed, Person, Source, Text};
use super::markup::{Construct, Kind, looks_like_html};
use super::reader::{Reader, attribute};
use super::repair;
use super::vocabulary::{Element, Ns};
use crate::ingest::date;

/// Values of one kind kept of one entry or feed; more is noise.
pub(super) const LIST_MAX: usize = 100;

/// Where in the document the reader is, beyond the stack.
#[derive(Debug, Default)]
pub(super) struct Context {
    in_source: bool,
    in_image: bool,
    in_text_input: bool,
    in_author: bool,
    in_owner: bool,
    in_contributor: bool,
    /// The text construct being read repeats one there is already, so it goes to `content`.
    to_content: bool,
    has_content: bool,
    has_summary: bool,
    permalink: bool,
    /// Depth of the title that counts, for the feed and for the item.
    feed_title_depth: Option<usize>,
    title_depth: Option<usize>,
    /// Depth of the element each value of the item came from: an outer one counts more than an inner one.
    depths: Vec<(Element, usize)>,
    source: Source,
    /// `sy:updatePeriod` and `sy:updateFrequency` as written.
    period: String,
    frequency: String,
}

impl Context {
    pub(super) fn start_item(&mut self) {
        *self = Self {
            feed_title_depth: self.feed_title_depth,
            period: std::mem::take(&mut self.period),
            frequency: std::mem::take(&mut self.frequency),
            permalink: true,
            ..Self::default()
        };
    }

    /// Whether a value from this depth replaces the one there is.
    fn outranks(&mut self, element: Element, depth: usize) -> bool {
        if let Some((_, known)) = self.depths.iter_mut().find(|(known, _)| *known == element) {
            let wins = depth <= *known;
            if wins {
                *known = depth;
            }
            wins
        } else {
            self.depths.push((element, depth));
            true
        }
    }
}

fn push_capped<T>(list: &mut Vec<T>, value: T) {
    if list.len() < LIST_MAX {
        list.push(value);
    }
}

impl<'a> Reader<'a> {
    /// Elements of an image, a text input or a source do not speak for the feed.
    fn aside(&self) -> bool {
        self.context.in_image || self.context.in_text_input || self.context.in_source
    }

    fn links(&mut self) -> &mut Vec<Link> {
        self.entry
            .as_mut()
            .map_or(&mut self.feed.links, |entry| &mut entry.links)
    }

    fn link(&mut self) -> &mut String {
        self.entry.as_mut().map_or(&mut self.feed.link, |entry| &mut entry.link)
    }

    fn authors(&mut self) -> &mut Vec<Person> {
        self.entry
            .as_mut()
            .map_or(&mut self.feed.authors, |entry| &mut entry.authors)
    }

    fn contributors(&mut self) -> &mut Vec<Person> {
        self.entry
            .as_mut()
            .map_or(&mut self.feed.contributors, |entry| &mut entry.contributors)
    }

    fn categories(&mut self) -> &mut Vec<Category> {
        self.entry
            .as_mut()
            .map_or(&mut self.feed.categories, |entry| &mut entry.categories)
    }

    pub(super) fn start_field(&mut self, element: Element, ns: Ns, attributes: &'a str) {
        match element {
            Element::Image => self.context.in_image = true,
            Element::TextInput => self.context.in_text_input = true,
            Element::Source => {
                self.context.in_source = true;
                self.context.source = Source {
                    title: String::new(),
                    href: attribute(attributes, "url")
                        .map(|url| self.scope.resolve(&url))
                        .unwrap_or_default(),
                };
            }
            Element::Author if !self.aside() => {
                self.context.in_author = true;
                push_capped(self.authors(), Person::default());
            }
            Element::Contributor | Element::ContributorName if !self.aside() => {
                self.context.in_contributor = true;
                push_capped(self.contributors(), Person::default());
            }
            Element::Owner => self.context.in_owner = true,
            Element::Channel => self.channel_attributes(attributes),
            Element::Link => self.start_link(attributes),
            Element::Id => {
                self.context.permalink =
                    attribute(attributes, "isPermaLink").is_none_or(|value| value.trim().eq_ignore_ascii_case("true"));
            }
            Element::Category => self.start_category(attributes, None, "term"),
            Element::MediaCategory => {
                self.start_category(attributes, Some("http://search.yahoo.com/mrss/category_schema"), "term");
            }
            Element::ItunesCategory => self.start_category(attributes, Some("http://www.itunes.com/"), "text"),
            Element::Enclosure => self.start_enclosure(attributes),
            Element::Thumbnail => {
                if let (Some(url), Some(entry)) = (attribute(attributes, "url"), &mut self.entry) {
                    push_capped(&mut entry.thumbnails, self.scope.resolve(&url));
                }
            }
            Element::ItunesImage => {
                let href = attribute(attributes, "href").or_else(|| attribute(attributes, "url"));
                if let (Some(href), None) = (href, &self.entry) {
                    self.feed.image = self.scope.resolve(&href);
                }
            }
            _ => self.start_construct(element, ns, attributes),
        }
    }

    /// CDF keeps link and date in attributes.
    pub(super) fn channel_attributes(&mut self, attributes: &str) {
        if let Some(date) = attribute(attributes, "lastmod") {
            self.set_updated(&date);
        }
        if let Some(href) = attribute(attributes, "href") {
            let href = self.scope.resolve(&href);
            self.link().clone_from(&href);
            let link = Link {
                href,
                rel: "alternate".to_owned(),
                kind: "text/html".to_owned(),
                title: String::new(),
            };
            push_capped(self.links(), link);
        }
    }

    fn start_link(&mut self, attributes: &str) {
        let href = ["href", "url", "uri"]
            .into_iter()
            .find_map(|name| attribute(attributes, name));
        let rel = attribute(attributes, "rel")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let rel = rel
            .strip_prefix("http://www.iana.org/assignments/relation/")
            .unwrap_or(&rel);
        let rel = if rel.is_empty() { "alternate" } else { rel }.to_owned();
        let usual = if rel == "self" {
            "application/atom+xml"
        } else {
            "text/html"
        };
        let kind =
            attribute(attributes, "type").map_or_else(|| usual.to_owned(), |kind| kind.trim().to_ascii_lowercase());
        let title = attribute(attributes, "title").unwrap_or_default();
        let href = href.map(|href| self.scope.resolve(&href));
        if self.context.in_source {
            if let Some(href) = href
                && rel == "alternate"
            {
                self.context.source.href = href;
            }
            return;
        }
        if self.aside() {
            return;
        }
        if let (Some(href), "enclosure", Some(entry)) = (&href, rel.as_str(), &mut self.entry) {
            let length = attribute(attributes, "length").unwrap_or_default();
            push_capped(
                &mut entry.enclosures,
                Enclosure {
                    href: href.clone(),
                    kind: kind.clone(),
                    length,
                },
            );
            return;
        }
        if let Some(href) = &href
            && rel == "alternate"
            && matches!(Kind::from_type(&kind), Kind::Html | Kind::Xhtml)
        {
            self.link().clone_from(href);
        }
        push_capped(
            self.links(),
            Link {
                href: href.unwrap_or_default(),
                rel,
                kind,
                title,
            },
        );
    }

    fn start_category(&mut self, attributes: &str, scheme: Option<&str>, term: &str) {
        let category = Category {
            term: attribute(attributes, term).unwrap_or_default(),
            scheme: attribute(attributes, "scheme")
                .or_else(|| attribute(attributes, "domain"))
                .unwrap_or_else(|| scheme.unwrap_or_default().to_owned()),
            label: attribute(attributes, "label").unwrap_or_default(),
        };
        if category != Category::default() {
            self.add_category(category);
        }
    }

    fn add_category(&mut self, category: Category) {
        if !self.aside() && !self.categories().contains(&category) {
            push_capped(self.categories(), category);
        }
    }

    fn start_enclosure(&mut self, attributes: &str) {
        let href = ["url", "uri", "href"]
            .into_iter()
            .find_map(|name| attribute(attributes, name));
        if let (Some(href), Some(entry)) = (href, &mut self.entry) {
            let enclosure = Enclosure {
                href: self.scope.resolve(&href),
                kind: attribute(attributes, "type").unwrap_or_default(),
                length: attribute(attributes, "length").unwrap_or_default(),
            };
            let link = Link {
                href: enclosure.href.clone(),
                rel: "enclosure".to_owned(),
                kind: enclosure.kind.clone(),
                title: String::new(),
            };
            push_capped(&mut entry.links, link);
            push_capped(&mut entry.enclosures, enclosure);
        }
    }

    fn start_construct(&mut self, element: Element, ns: Ns, attributes: &str) {
        let default = match element {
            Element::Title
            | Element::MediaTitle
            | Element::Subtitle
            | Element::Rights
            | Element::Abstract
            | Element::Summary
            | Element::Info
            | Element::Content => Kind::Plain,
            Element::Description | Element::MediaDescription | Element::Encoded => Kind::Html,
            Element::Body => Kind::Xhtml,
            _ => return,
        };
        let kind = attribute(attributes, "type");
        let is_base64 = attribute(attributes, "mode").is_some_and(|mode| mode == "base64");
        let mut construct = Construct::new(kind.as_deref().map_or(default, Kind::from_type), self.scope.base());
        construct.base64 = is_base64
            || (construct.kind == Kind::Other
                && kind.is_some_and(|kind| {
                    let kind = kind.trim().to_ascii_lowercase();
                    kind.contains('/') && !kind.starts_with("text/") && !kind.ends_with("xml")
                }));
        construct.drop_elements =
            matches!(element, Element::Title | Element::MediaTitle) && (!self.feed.format.is_atom() || ns == Ns::Media);
        self.context.to_content = matches!(
            element,
            Element::Description | Element::Summary | Element::MediaDescription
        ) && self.entry.is_some()
            && self.context.has_summary
            && !self.context.has_content;
        if self.context.to_content || matches!(element, Element::Content | Element::Encoded) {
            self.context.has_content = true;
        }
        self.construct = Some((self.depth() - 1, construct));
    }
}

/// `hourly`, `daily`, ... over how often within, in seconds.
pub(super) fn update_secs(period: &str, frequency: &str) -> Option<u32> {
    let secs = match period.trim().to_ascii_lowercase().as_str() {
        "hourly" => 3_600,
        "daily" => 86_400,
        "weekly" => 7 * 86_400,
        "monthly" => 30 * 86_400,
        "yearly" => 365 * 86_400,
        _ => return None,
    };
    Some(secs / frequency.trim().parse().unwrap_or(1).max(1))
}

fn read_date(value: &str) -> Date {
    Date {
        raw: value.to_owned(),
        at: date::parse(value),
    }
}

/// The finished text.
fn finish_construct(construct: Construct, unwrap: bool, is_atom: bool) -> Text {
    let kind = construct.kind;
    let base = construct.base.clone();
    let had_markup = construct.has_markup();
    let is_base64 = construct.base64 && !had_markup;
    let mut value = construct.into_text(unwrap && kind == Kind::Xhtml);
    if is_base64 {
        let compact: String = value.split_whitespace().collect();
        if let Some(decoded) = data_encoding::BASE64
            .decode(compact.as_bytes())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
        {
            value = decoded;
        }
    }
    let value = repair::text(value.trim());
    let html = match kind {
        Kind::Plain => looks_like_html(&value),
        Kind::Html | Kind::Xhtml => true,
        Kind::Other => had_markup || (!is_atom && looks_like_html(&value)),
    };
    Text {
        html: html && !value.is_empty(),
        value,
        base,
    }
}

/// Last touches on an item: a guid that is an address serves as link, empty persons and links go.
pub(super) fn settle(entry: &mut ParsedEntry, feed: &ParsedFeed) {
    entry.links.retain(|link| !link.href.is_empty());
    entry.authors.retain(|person| !person.is_empty());
    entry.contributors.retain(|person| !person.is_empty());
    entry.categories.retain(|category| *category != Category::default());
    let is_web = entry.id.starts_with("http://") || entry.id.starts_with("https://");
    if entry.link.is_empty() && is_web && entry.is_permalink {
        entry.link.clone_from(&entry.id);
    }
    if entry.published == Date::default() && entry.updated == Date::default() {
        std::mem::swap(&mut entry.published, &mut entry.created);
    }
    if entry.language == feed.language {
        entry.language.clear();
    }
}

/// Last touches on a feed.
pub(super) fn settle_feed(feed: &mut ParsedFeed) {
    feed.links.retain(|link| !link.href.is_empty());
    if feed.link.is_empty() && (feed.id.starts_with("http://") || feed.id.starts_with("https://")) {
        feed.link.clone_from(&feed.id);
    }
    feed.authors.retain(|person| !person.is_empty());
    feed.contributors.retain(|person| !person.is_empty());
}

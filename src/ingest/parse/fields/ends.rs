//! The ends of elements: their text is complete, and goes where it belongs.

use super::super::feed::{Category, FeedFormat, Person, Text};
use super::super::markup::Construct;
use super::super::person;
use super::super::reader::{Frame, Reader};
use super::super::repair;
use super::super::vocabulary::Element;
use super::{finish_construct, push_capped, read_date, update_secs};

impl Reader<'_> {
    /// An element with meaning is over.
    pub(in super::super) fn end(&mut self, frame: &Frame<'_>) {
        if let Some((_, construct)) = self.construct.take() {
            self.end_construct(frame.element, construct);
            return;
        }
        let value = || repair::text(frame.text.trim());
        match frame.element {
            Element::Item => self.end_item(),
            Element::Image => self.context.in_image = false,
            Element::TextInput => self.context.in_text_input = false,
            Element::Source => self.end_source(&value()),
            Element::Author => self.end_author(&value()),
            Element::Owner => self.context.in_owner = false,
            Element::Contributor => self.context.in_contributor = false,
            Element::ContributorName => {
                self.set_person(|person| &mut person.name, value());
                self.context.in_contributor = false;
            }
            Element::Name => self.set_person(|person| &mut person.name, value()),
            Element::Email => self.set_person(|person| &mut person.email, value()),
            Element::Uri => self.end_uri(&value()),
            Element::Link => self.end_link(&value()),
            Element::Id => self.end_id(&value()),
            Element::Published | Element::Updated | Element::Created => self.end_date(frame.element, &value()),
            Element::Category | Element::MediaCategory | Element::ItunesCategory => self.end_category(value()),
            Element::ItunesKeywords => self.end_keywords(&value(), "http://www.itunes.com/"),
            Element::MediaKeywords | Element::Tags => self.end_keywords(&value(), ""),
            Element::Thumbnail => {
                if let (url, Some(entry)) = (value(), &mut self.entry)
                    && !url.is_empty()
                {
                    push_capped(&mut entry.thumbnails, self.scope.resolve(&url));
                }
            }
            Element::Comments | Element::OrigLink => self.end_entry_link(frame.element, &value()),
            Element::Language if !self.aside() => {
                let value = value();
                self.entry
                    .as_mut()
                    .map_or(&mut self.feed.language, |entry| &mut entry.language)
                    .clone_from(&value);
            }
            _ if self.entry.is_none() && !self.aside() => self.end_feed_field(frame.element, &value()),
            _ => {}
        }
    }

    fn end_feed_field(&mut self, element: Element, value: &str) {
        match element {
            Element::Generator => value.clone_into(&mut self.feed.generator),
            Element::Logo if self.feed.image.is_empty() => self.feed.image = self.scope.resolve(value),
            Element::Icon => self.feed.icon = self.scope.resolve(value),
            Element::NewLocation => self.feed.moved_to = self.scope.resolve(value),
            Element::Complete => self.feed.complete = value.is_empty() || value.eq_ignore_ascii_case("yes"),
            Element::Ttl => self.feed.ttl_minutes = value.parse().ok(),
            Element::Hour => {
                if let Ok(hour @ 0..=24) = value.parse::<u8>() {
                    push_capped(&mut self.feed.skip_hours, hour % 24);
                }
            }
            Element::Day => {
                let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
                let lower = value.to_ascii_lowercase();
                if let Some(day) = names.iter().position(|name| lower.starts_with(name)) {
                    push_capped(&mut self.feed.skip_days, u8::try_from(day).unwrap_or(0));
                }
            }
            Element::UpdatePeriod => value.clone_into(&mut self.context.period),
            Element::UpdateFrequency => value.clone_into(&mut self.context.frequency),
            _ => {}
        }
        if matches!(element, Element::UpdatePeriod | Element::UpdateFrequency) {
            self.feed.update_secs = update_secs(&self.context.period, &self.context.frequency);
        }
    }

    fn end_source(&mut self, value: &str) {
        self.context.in_source = false;
        let mut source = std::mem::take(&mut self.context.source);
        if !value.is_empty() {
            value.clone_into(&mut source.title);
        }
        if let Some(entry) = &mut self.entry {
            entry.source = source;
        }
    }

    fn end_author(&mut self, value: &str) {
        if !self.context.in_author {
            return;
        }
        self.context.in_author = false;
        if let Some(author) = self.authors().last_mut()
            && author.is_empty()
            && !value.is_empty()
        {
            *author = person::parse(value);
        }
    }

    fn set_person(&mut self, field: impl Fn(&mut Person) -> &mut String, value: String) {
        if self.aside() || self.context.in_owner {
            return;
        }
        let person = if self.context.in_author {
            self.authors().last_mut()
        } else if self.context.in_contributor {
            self.contributors().last_mut()
        } else {
            None
        };
        if let Some(person) = person {
            *field(person) = value;
        }
    }

    fn end_uri(&mut self, value: &str) {
        let value = self.scope.resolve(value);
        if self.context.in_image {
            if self.entry.is_none() {
                self.feed.image = value;
            }
        } else {
            self.set_person(|person| &mut person.href, value);
        }
    }

    fn end_link(&mut self, value: &str) {
        if self.aside() || value.is_empty() {
            return;
        }
        // `?a=1&b;=2`: a separator that was taken for a reference.
        let href = self.scope.resolve(&value.replace("&amp;", "&"));
        self.link().clone_from(&href);
        match self.links().last_mut() {
            Some(link) if link.href.is_empty() => link.href = href,
            _ => {}
        }
    }

    fn end_entry_link(&mut self, element: Element, value: &str) {
        let value = self.scope.resolve(value);
        if let Some(entry) = &mut self.entry {
            match element {
                Element::Comments => entry.comments = value,
                _ => entry.original_link = value,
            }
        }
    }

    fn end_id(&mut self, value: &str) {
        if self.aside() {
            return;
        }
        let depth = self.depth();
        let permalink = self.context.permalink;
        let id = if permalink {
            self.scope.resolve(value)
        } else {
            value.to_owned()
        };
        let Some(entry) = &mut self.entry else {
            self.feed.id = id;
            return;
        };
        if self.context.outranks(Element::Id, depth) {
            entry.is_permalink = permalink;
            entry.id = id;
        }
    }

    fn end_date(&mut self, element: Element, value: &str) {
        if self.aside() || value.is_empty() {
            return;
        }
        let depth = self.depth();
        if self.entry.is_some() && !self.context.outranks(element, depth) {
            return;
        }
        match element {
            Element::Updated => self.set_updated(value),
            Element::Published => {
                let date = read_date(value);
                self.entry
                    .as_mut()
                    .map_or(&mut self.feed.published, |entry| &mut entry.published)
                    .clone_from(&date);
            }
            _ => {
                if let Some(entry) = &mut self.entry {
                    entry.created = read_date(value);
                }
            }
        }
    }

    pub(super) fn set_updated(&mut self, value: &str) {
        let date = read_date(value);
        self.entry
            .as_mut()
            .map_or(&mut self.feed.updated, |entry| &mut entry.updated)
            .clone_from(&date);
    }

    fn end_category(&mut self, value: String) {
        if value.is_empty() || self.aside() {
            return;
        }
        match self.categories().last_mut() {
            Some(category) if category.term.is_empty() => category.term = value,
            _ => self.add_category(Category {
                term: value,
                ..Category::default()
            }),
        }
    }

    fn end_keywords(&mut self, value: &str, scheme: &str) {
        for term in value.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            self.add_category(Category {
                term: term.to_owned(),
                scheme: scheme.to_owned(),
                label: String::new(),
            });
        }
    }

    fn end_construct(&mut self, element: Element, construct: Construct) {
        let to_content = std::mem::take(&mut self.context.to_content);
        let depth = self.depth();
        let is_atom = self.feed.format.is_atom();
        let text = finish_construct(construct, self.feed.format == FeedFormat::Atom10, is_atom);
        if self.context.in_source {
            if matches!(element, Element::Title) {
                self.context.source.title = text.plain(1024);
            }
            return;
        }
        if self.context.in_image || self.context.in_text_input {
            return;
        }
        match element {
            Element::Title | Element::MediaTitle => self.set_title(element, text, depth),
            Element::Content | Element::Encoded | Element::Body => self.set_content(text),
            _ if to_content => self.set_content(text),
            Element::Rights => match &mut self.entry {
                Some(entry) => {
                    if self.context.outranks(element, depth) {
                        entry.rights = text;
                    }
                }
                None => self.feed.rights = text,
            },
            Element::Description | Element::MediaDescription | Element::Abstract | Element::Summary => {
                self.set_summary(element, text, depth);
            }
            Element::Subtitle if self.entry.is_none() => self.feed.subtitle = text,
            _ => {}
        }
    }

    fn set_title(&mut self, element: Element, text: Text, depth: usize) {
        let known = if self.entry.is_some() {
            self.context.title_depth
        } else {
            self.context.feed_title_depth
        };
        if known.is_some_and(|known| known <= depth) || text.is_empty() {
            return;
        }
        let own = element == Element::Title;
        if let Some(entry) = &mut self.entry {
            if self.context.outranks(Element::Title, depth) {
                entry.title = text;
            }
            if own {
                self.context.title_depth = Some(depth);
            }
        } else {
            self.feed.title = text;
            if own {
                self.context.feed_title_depth = Some(depth);
            }
        }
    }

    fn set_content(&mut self, text: Text) {
        if let Some(entry) = &mut self.entry
            && entry.content.is_empty()
        {
            entry.content = text;
        }
    }

    fn set_summary(&mut self, element: Element, text: Text, depth: usize) {
        let Some(entry) = &mut self.entry else {
            if element != Element::Summary || self.feed.subtitle.is_empty() {
                self.feed.subtitle = text;
            }
            return;
        };
        self.context.has_summary = true;
        if self.context.outranks(Element::Summary, depth) {
            entry.summary = text;
        }
    }
}

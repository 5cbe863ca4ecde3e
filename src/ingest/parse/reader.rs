//! The tolerant reader: any XML feed, whatever its version, its prefixes and its state of repair, to [`ParsedFeed`].
//!
//! It walks the tokens with a stack of open elements and never gives up: an end tag closes what it matches, and what
//! is still open above it; one that matches nothing is ignored; a new item ends the one before. Whatever was read when
//! the document ends is kept.

use super::entities;
use super::feed::{FeedFormat, ParsedEntry, ParsedFeed};
use super::fields::Context;
use super::markup::{Construct, is_void};
use super::scope::{Mark, Scope};
use super::vocabulary::{Element, Ns};
use super::xml::{Attributes, Token, Tokens};
use super::{ENTRIES_MAX, ITEMS_READ_MAX, ParseContext};

/// Open elements beyond this depth are ignored (their text is not).
const DEPTH_MAX: usize = 128;

/// An open element.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) name: &'a str,
    pub(super) element: Element,
    pub(super) text: String,
    mark: Mark,
}

/// The state of reading one document.
pub(super) struct Reader<'a> {
    pub(super) feed: ParsedFeed,
    /// The item being read.
    pub(super) entry: Option<ParsedEntry>,
    pub(super) scope: Scope<'a>,
    pub(super) frames: Vec<Frame<'a>>,
    /// The text construct being read, and the depth of its frame.
    pub(super) construct: Option<(usize, Construct)>,
    pub(super) context: Context,
    /// Elements opened beyond the depth limit and not closed.
    too_deep: usize,
    root: String,
    /// Half of a surrogate pair.
    high: Option<u32>,
    n_read: u32,
}

/// What a document was.
pub(super) enum Outcome {
    /// A feed, or something with items.
    Feed(Box<ParsedFeed>),
    /// XML or HTML with this root element.
    NoFeed(String),
}

/// Reads an XML document of any kind.
pub(super) fn read(source: &str, context: &ParseContext<'_>) -> Outcome {
    let mut reader = Reader {
        feed: ParsedFeed {
            format: FeedFormat::Rss,
            ..ParsedFeed::default()
        },
        entry: None,
        scope: Scope::new(context.url),
        frames: Vec::new(),
        construct: None,
        context: Context::default(),
        too_deep: 0,
        root: String::new(),
        high: None,
        n_read: 0,
    };
    let mut tokens = Tokens::new(source);
    loop {
        match tokens.next() {
            Token::Text(text) => reader.text(text, false),
            Token::Reference(name) => reader.reference(name),
            Token::Cdata(text) => reader.text(text, true),
            Token::Open {
                name,
                attributes,
                empty,
            } => {
                reader.open(name, attributes);
                if empty {
                    reader.close(name);
                }
                if reader.root == "html" || reader.n_read >= ITEMS_READ_MAX {
                    break;
                }
            }
            Token::Close(name) => reader.close(name),
            Token::Doctype(text) => reader.doctype(text),
            Token::End => break,
        }
    }
    reader.finish(tokens.repaired())
}

impl<'a> Reader<'a> {
    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    fn text(&mut self, text: &str, cdata: bool) {
        if let Some((_, construct)) = &mut self.construct {
            construct.push_text(text, cdata);
        } else if let Some(frame) = self.frames.last_mut()
            && keeps_text(frame.element)
        {
            frame.text.push_str(text);
        }
    }

    fn reference(&mut self, name: &str) {
        if let Some((_, construct)) = &mut self.construct {
            construct.push_reference(name, &mut self.high);
        } else if let Some(frame) = self.frames.last_mut()
            && keeps_text(frame.element)
        {
            entities::push(&mut frame.text, name, &mut self.high);
        }
    }

    fn doctype(&mut self, text: &str) {
        if self.root.is_empty() && text.contains("//DTD RSS 0.91") && text.to_ascii_lowercase().contains("netscape") {
            self.feed.format = FeedFormat::Rss091n;
        }
    }

    fn open(&mut self, name: &'a str, attributes: &'a str) {
        if self.frames.len() >= DEPTH_MAX {
            self.too_deep += 1;
            return;
        }
        let mark = self.scope.mark();
        let format = &mut self.feed.format;
        // RDF may declare what it is on its channel.
        let fresh = self.root.is_empty() || (self.root == "rdf" && self.entry.is_none());
        self.scope
            .enter(attributes, |prefix, uri| declared(format, fresh, prefix, uri));
        let (ns, local) = self.scope.split(name);
        let element = super::vocabulary::element(ns, local);
        if self.root.is_empty() {
            self.root = local.to_ascii_lowercase();
        }
        if element == Element::Item && (self.construct.is_none() || !self.in_xhtml()) {
            self.end_open_item();
        }
        if self.construct.is_some() {
            self.open_inline(name, local, ns, attributes, mark);
            return;
        }
        self.frames.push(Frame {
            name,
            element,
            text: String::new(),
            mark,
        });
        self.start(element, ns, attributes);
    }

    fn in_xhtml(&self) -> bool {
        self.construct
            .as_ref()
            .is_some_and(|(_, construct)| construct.is_declared_xhtml())
    }

    fn open_inline(&mut self, name: &'a str, local: &str, ns: Ns, attributes: &'a str, mark: Mark) {
        let Some((at, construct)) = &mut self.construct else {
            return;
        };
        let direct = self.frames.len() == *at + 1;
        construct.open(local, ns, attributes, direct);
        if is_void(local) {
            self.scope.leave(mark);
            return;
        }
        self.frames.push(Frame {
            name,
            element: Element::Other,
            text: String::new(),
            mark,
        });
    }

    /// A new item begins while one is open: its end tag is missing.
    fn end_open_item(&mut self) {
        if self.entry.is_none() {
            return;
        }
        if let Some(at) = self.frames.iter().rposition(|frame| frame.element == Element::Item) {
            self.close_down_to(at);
            self.feed.repaired = true;
        }
    }

    fn close(&mut self, name: &str) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let found = self.frames.iter().rposition(|frame| frame.name == name).or_else(|| {
            // `<pubDate>...</pubdate>`
            self.frames
                .iter()
                .rposition(|frame| frame.name.eq_ignore_ascii_case(name))
        });
        let Some(at) = found else { return };
        if let Some((construct_at, construct)) = &self.construct
            && at < *construct_at
            && construct.is_declared_xhtml()
            && !matches!(
                self.frames.get(at).map(|frame| frame.element),
                Some(Element::Item | Element::Channel | Element::FeedRoot | Element::Rss)
            )
        {
            return;
        }
        self.close_down_to(at);
    }

    /// Closes the element at this depth and everything inside.
    fn close_down_to(&mut self, at: usize) {
        while self.frames.len() > at {
            let Some(frame) = self.frames.pop() else { return };
            match &mut self.construct {
                Some((construct_at, construct)) if self.frames.len() > *construct_at => {
                    construct.close(frame.name, self.frames.len() == *construct_at + 1);
                }
                _ => self.end(&frame),
            }
            self.scope.leave(frame.mark);
        }
    }

    /// An element with meaning begins.
    fn start(&mut self, element: Element, ns: Ns, attributes: &'a str) {
        if self.depth() <= 1
            && matches!(
                element,
                Element::Rss | Element::FeedRoot | Element::Rdf | Element::Channel
            )
        {
            self.start_root(element, attributes);
        }
        if element == Element::Item {
            self.start_item(attributes);
        } else {
            self.start_field(element, ns, attributes);
        }
    }

    fn start_root(&mut self, element: Element, attributes: &str) {
        let version = attribute(attributes, "version").unwrap_or_default();
        let version = version.trim();
        let format = &mut self.feed.format;
        match element {
            Element::Rss if !matches!(format, FeedFormat::Rss090 | FeedFormat::Rss10) => {
                *format = match version {
                    "0.90" => FeedFormat::Rss090,
                    "0.91" if *format == FeedFormat::Rss091n => FeedFormat::Rss091n,
                    "0.91" => FeedFormat::Rss091u,
                    "0.92" => FeedFormat::Rss092,
                    "0.93" => FeedFormat::Rss093,
                    "0.94" => FeedFormat::Rss094,
                    _ if version.starts_with('2') => FeedFormat::Rss20,
                    _ => FeedFormat::Rss,
                };
            }
            Element::FeedRoot if *format != FeedFormat::Atom10 => {
                *format = match version {
                    "0.1" => FeedFormat::Atom01,
                    "0.2" => FeedFormat::Atom02,
                    "0.3" => FeedFormat::Atom03,
                    _ => FeedFormat::Atom,
                };
            }
            Element::Channel if *format == FeedFormat::Rss => *format = FeedFormat::Cdf,
            _ => {}
        }
        let language = self.scope.language();
        if !language.is_empty() {
            self.feed.language = language.to_owned();
        }
    }

    fn start_item(&mut self, attributes: &str) {
        let mut entry = ParsedEntry::default();
        if let Some(about) = attribute(attributes, "rdf:about").or_else(|| attribute(attributes, "about")) {
            about.trim().clone_into(&mut entry.id);
            entry.is_permalink = true;
        }
        if attributes.contains("lang") {
            self.scope.language().clone_into(&mut entry.language);
        }
        self.entry = Some(entry);
        self.context.start_item();
        self.channel_attributes(attributes);
    }

    pub(super) fn end_item(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            super::fields::settle(&mut entry, &self.feed);
            self.feed.entries.push(entry);
            self.n_read += 1;
            if self.feed.entries.len() >= ENTRIES_MAX * 4 {
                self.feed.keep_newest(ENTRIES_MAX);
            }
        }
    }

    fn finish(mut self, repaired: bool) -> Outcome {
        self.feed.truncated = !self.frames.is_empty();
        self.close_down_to(0);
        self.end_item();
        self.feed.repaired |= repaired;
        self.feed.keep_newest(ENTRIES_MAX);
        let known_root = matches!(
            self.root.as_str(),
            "rss" | "feed" | "rdf" | "channel" | "entry" | "item"
        );
        if self.root == "html" || (!known_root && self.feed.entries.is_empty()) {
            return Outcome::NoFeed(self.root);
        }
        super::fields::settle_feed(&mut self.feed);
        Outcome::Feed(Box::new(self.feed))
    }
}

/// Only elements whose text is asked for keep it.
fn keeps_text(element: Element) -> bool {
    !matches!(
        element,
        Element::Other | Element::Rss | Element::Rdf | Element::FeedRoot | Element::Channel | Element::Item
    )
}

/// Namespaces tell the format of documents that do not say it otherwise.
fn declared(format: &mut FeedFormat, fresh: bool, prefix: &str, uri: &str) {
    if !fresh || !matches!(format, FeedFormat::Rss) {
        return;
    }
    let uri = uri.trim().to_ascii_lowercase();
    if prefix.is_empty() && uri.starts_with("http://my.netscape.com/rdf/simple/0.9") {
        *format = FeedFormat::Rss090;
    } else if uri == "http://purl.org/rss/1.0/" {
        *format = FeedFormat::Rss10;
    } else if uri.ends_with("://www.w3.org/2005/atom") {
        *format = FeedFormat::Atom10;
    }
}

/// The value of an attribute, decoded; its name in any case.
pub(super) fn attribute(attributes: &str, name: &str) -> Option<String> {
    Attributes::new(attributes)
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| {
            if value.contains('&') {
                entities::decode(value)
            } else {
                value.to_owned()
            }
        })
}

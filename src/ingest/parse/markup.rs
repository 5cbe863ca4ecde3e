//! Text constructs: elements that may hold text, escaped HTML, or HTML written right into the XML.

use super::entities;
use super::vocabulary::Ns;
use super::xml::Attributes;

/// How a construct's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every character stands for itself.
    Plain,
    /// HTML, escaped.
    Html,
    /// Elements written into the XML.
    Xhtml,
    /// Something else; base64 when it is not XML.
    Other,
}

impl Kind {
    /// From an Atom `type` attribute.
    pub(super) fn from_type(value: &str) -> Self {
        let value = value.trim().to_ascii_lowercase();
        match value.split(';').next().unwrap_or_default().trim() {
            "" | "text" | "plain" | "text/plain" => Self::Plain,
            "html" | "text/html" => Self::Html,
            "xhtml" | "application/xhtml+xml" => Self::Xhtml,
            _ => Self::Other,
        }
    }
}

/// A text construct while it is being read.
#[derive(Debug)]
pub(super) struct Construct {
    pub(super) kind: Kind,
    declared_xhtml: bool,
    /// The value is base64.
    pub(super) base64: bool,
    /// Elements of an RSS title are dropped, their text kept.
    pub(super) drop_elements: bool,
    pub(super) text: String,
    pub(super) base: String,
    /// Inside of the one `div` that wraps everything: where it starts and ends.
    wrapper: Option<(usize, Option<usize>)>,
    markup: bool,
}

impl Construct {
    pub(super) fn new(kind: Kind, base: &str) -> Self {
        Self {
            kind,
            declared_xhtml: kind == Kind::Xhtml,
            base64: false,
            drop_elements: false,
            text: String::new(),
            base: base.to_owned(),
            wrapper: None,
            markup: kind == Kind::Xhtml,
        }
    }

    pub(super) const fn is_declared_xhtml(&self) -> bool {
        self.declared_xhtml
    }

    /// Whether elements were written into it.
    pub(super) const fn has_markup(&self) -> bool {
        self.markup
    }

    pub(super) fn push_text(&mut self, text: &str, cdata: bool) {
        if self.markup && (self.declared_xhtml || !cdata) {
            escape(&mut self.text, text);
        } else {
            self.text.push_str(text);
        }
    }

    pub(super) fn push_reference(&mut self, name: &str, high: &mut Option<u32>) {
        if self.markup {
            let mut decoded = String::new();
            entities::push(&mut decoded, name, high);
            escape(&mut self.text, &decoded);
        } else {
            entities::push(&mut self.text, name, high);
        }
    }

    /// An element starts inside; `direct` when it is a child of the construct itself.
    pub(super) fn open(&mut self, local: &str, ns: Ns, attributes: &str, direct: bool) {
        if self.drop_elements || (!self.markup && local.eq_ignore_ascii_case("div")) {
            return;
        }
        if !self.markup {
            self.markup = true;
            if self.kind != Kind::Other {
                self.kind = Kind::Xhtml;
            }
        }
        let wraps = direct && self.wrapper.is_none() && self.text.trim().is_empty() && local == "div";
        self.text.push('<');
        self.text.push_str(local);
        if ns == Ns::Svg && local == "svg" {
            self.text.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
        }
        for (name, value) in Attributes::new(attributes) {
            if name.starts_with("xmlns") {
                continue;
            }
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.text.push_str(&value.replace('"', "&quot;"));
            self.text.push('"');
        }
        self.text.push_str(if is_void(local) { " />" } else { ">" });
        if wraps {
            self.wrapper = Some((self.text.len(), None));
        }
    }

    /// An element inside ends.
    pub(super) fn close(&mut self, name: &str, direct: bool) {
        if self.drop_elements || !self.markup {
            return;
        }
        if direct && let Some((_, end @ None)) = &mut self.wrapper {
            *end = Some(self.text.len());
        }
        let local = name.rsplit(':').next().unwrap_or(name);
        self.text.push_str("</");
        self.text.push_str(local);
        self.text.push('>');
    }

    /// The value, with or without the `div` that wraps it.
    pub(super) fn into_text(self, unwrap: bool) -> String {
        if unwrap
            && self.markup
            && let Some((from, Some(to))) = self.wrapper
            && self.text.get(to..).is_some_and(|rest| rest.trim_end() == "</div>")
        {
            return self.text.get(from..to).unwrap_or_default().to_owned();
        }
        self.text
    }
}

/// Elements without an end tag in HTML.
pub(super) fn is_void(local: &str) -> bool {
    matches!(
        local.to_ascii_lowercase().as_str(),
        "br" | "img"
            | "hr"
            | "input"
            | "meta"
            | "link"
            | "area"
            | "base"
            | "col"
            | "embed"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
}

/// Whether plain text is HTML after all, as titles of RSS often are: it has an end tag or a reference, and nothing in
/// it that HTML does not know.
pub(super) fn looks_like_html(text: &str) -> bool {
    if !text.contains(['<', '&']) {
        return false;
    }
    let mut sign = false;
    for rest in text.split('<').skip(1) {
        let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (name, tail) = rest.split_at_checked(len).unwrap_or((rest, ""));
        if !name.is_empty() {
            if !is_html(name) {
                return false;
            }
            sign |= closes && tail.starts_with('>');
        }
    }
    for rest in text.split('&').skip(1) {
        let Some((name, _)) = rest.split_once(';') else {
            continue;
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#') {
            continue;
        }
        let mut out = String::new();
        entities::push(&mut out, name, &mut None);
        if out.starts_with('&') && out.len() > 1 {
            return false;
        }
        sign = true;
    }
    sign
}

pub(super) fn is_html(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "a" | "abbr"
            | "acronym"
            | "address"
            | "area"
            | "article"
            | "aside"
            | "audio"
            | "b"
            | "bdi"
            | "big"
            | "blockquote"
            | "br"
            | "button"
            | "canvas"
            | "caption"
            | "center"
            | "cite"
            | "code"
            | "col"
            | "colgroup"
            | "dd"
            | "del"
            | "details"
            | "dfn"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "font"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "i"
            | "img"
            | "input"
            | "ins"
            | "kbd"
            | "label"
            | "legend"
            | "li"
            | "main"
            | "map"
            | "mark"
            | "menu"
            | "nav"
            | "noscript"
            | "ol"
            | "option"
            | "p"
            | "picture"
            | "pre"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "section"
            | "select"
            | "small"
            | "source"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "summary"
            | "sup"
            | "table"
            | "tbody"
            | "td"
            | "textarea"
            | "tfoot"
            | "th"
            | "thead"
            | "time"
            | "tr"
            | "tt"
            | "u"
            | "ul"
            | "var"
            | "video"
            | "wbr"
    )
}

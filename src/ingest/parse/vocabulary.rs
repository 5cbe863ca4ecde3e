//! The words of all feed formats: namespaces and elements, whatever version or prefix a feed uses them under.
//!
//! One vocabulary serves RSS, RDF, Atom and CDF, because real feeds mix them: Atom links in RSS, Dublin Core dates in
//! Atom, RSS elements in a default namespace of their own.

/// A namespace, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ns {
    /// RSS, RDF's RSS and Atom of any version, no namespace, or one nobody knows as default.
    Core,
    Rdf,
    Dc,
    Terms,
    Content,
    Itunes,
    Media,
    Syndication,
    FeedBurner,
    Xhtml,
    Svg,
    History,
    Thread,
    Unknown,
}

/// What a namespace address stands for.
pub(super) fn namespace(uri: &str) -> Option<Ns> {
    let uri = uri.trim().to_ascii_lowercase();
    let bare = uri
        .strip_prefix("https://")
        .or_else(|| uri.strip_prefix("http://"))
        .unwrap_or(&uri);
    let bare = bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches(['/', '#']);
    Some(match bare {
        ""
        | "blogs.law.harvard.edu/tech/rss"
        | "cyber.law.harvard.edu/rss"
        | "purl.org/rss/1.0"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "my.netscape.com/publish/formats/rss-0.91.dtd"
        | "purl.org/echo"
        | "purl.org/pie"
        | "purl.org/atom/ns"
        | "w3.org/2005/atom"
        | "purl.org/rss/1.0/modules/rss091"
        | "example.com/newformat"
        | "example.com/necho"
        | "uri/of/echo/namespace" => Ns::Core,
        "w3.org/1999/02/22-rdf-syntax-ns" => Ns::Rdf,
        "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" => Ns::Dc,
        "purl.org/dc/terms" => Ns::Terms,
        "purl.org/rss/1.0/modules/content" => Ns::Content,
        "itunes.com/dtds/podcast-1.0.dtd" | "example.com/dtds/podcast-1.0.dtd" => Ns::Itunes,
        "search.yahoo.com/mrss" | "video.search.yahoo.com/mrss" | "tools.search.yahoo.com/mrss" => Ns::Media,
        "purl.org/rss/1.0/modules/syndication" => Ns::Syndication,
        "rssnamespace.org/feedburner/ext/1.0" => Ns::FeedBurner,
        "w3.org/1999/xhtml" => Ns::Xhtml,
        "w3.org/2000/svg" => Ns::Svg,
        "purl.org/syndication/history/1.0" => Ns::History,
        "purl.org/syndication/thread/1.0" => Ns::Thread,
        _ if bare.contains("backend.userland.com/rss") => Ns::Core,
        _ => return None,
    })
}

/// What a prefix stands for that nobody declared, or that was declared with an address nobody knows.
pub(super) fn usual_prefix(prefix: &str) -> Ns {
    match prefix.to_ascii_lowercase().as_str() {
        "atom" | "rss" | "a10" => Ns::Core,
        "rdf" => Ns::Rdf,
        "dc" => Ns::Dc,
        "dcterms" => Ns::Terms,
        "content" => Ns::Content,
        "itunes" => Ns::Itunes,
        "media" => Ns::Media,
        "sy" => Ns::Syndication,
        "feedburner" => Ns::FeedBurner,
        "xhtml" => Ns::Xhtml,
        "svg" => Ns::Svg,
        "fh" => Ns::History,
        "thr" => Ns::Thread,
        _ => Ns::Unknown,
    }
}

/// An element by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Rss,
    Rdf,
    FeedRoot,
    Channel,
    Item,
    Image,
    TextInput,
    Author,
    Owner,
    Publisher,
    Contributor,
    /// `dc:contributor`: a name, without elements inside.
    ContributorName,
    Name,
    Uri,
    Email,
    Subtitle,
    Rights,
    Language,
    Published,
    Updated,
    Created,
    Category,
    ItunesCategory,
    MediaCategory,
    ItunesKeywords,
    MediaKeywords,
    Tags,
    Link,
    Id,
    Title,
    MediaTitle,
    Description,
    MediaDescription,
    Abstract,
    Summary,
    Info,
    Content,
    Encoded,
    Body,
    Generator,
    Enclosure,
    Source,
    Comments,
    Logo,
    Icon,
    ItunesImage,
    Thumbnail,
    MediaGroup,
    OrigLink,
    NewLocation,
    Complete,
    Ttl,
    SkipHours,
    SkipDays,
    Hour,
    Day,
    UpdatePeriod,
    UpdateFrequency,
    Other,
}

/// Longest element name that means anything.
const NAME_MAX: usize = 20;

/// The meaning of an element; case does not matter.
pub(super) fn element(ns: Ns, local: &str) -> Element {
    let mut buffer = [0_u8; NAME_MAX];
    let Some(lower) = buffer.get_mut(..local.len()) else {
        return Element::Other;
    };
    lower.copy_from_slice(local.as_bytes());
    lower.make_ascii_lowercase();
    let name = std::str::from_utf8(lower).unwrap_or_default();
    match ns {
        Ns::Core => core(name),
        Ns::Rdf if name == "rdf" => Element::Rdf,
        Ns::Dc => dublin_core(name),
        Ns::Terms => match name {
            "created" => Element::Created,
            "issued" => Element::Published,
            "modified" => Element::Updated,
            _ => Element::Other,
        },
        Ns::Content if name == "encoded" => Element::Encoded,
        Ns::Itunes => itunes(name),
        Ns::Media => media(name),
        Ns::Syndication => match name {
            "updateperiod" => Element::UpdatePeriod,
            "updatefrequency" => Element::UpdateFrequency,
            _ => Element::Other,
        },
        Ns::FeedBurner => match name {
            "origlink" => Element::OrigLink,
            "browserfriendly" => Element::Info,
            _ => Element::Other,
        },
        Ns::Xhtml if name == "body" => Element::Body,
        Ns::History if name == "complete" => Element::Complete,
        _ => Element::Other,
    }
}

fn core(name: &str) -> Element {
    match name {
        "item" | "entry" => Element::Item,
        "title" => Element::Title,
        "link" => Element::Link,
        "description" => Element::Description,
        "pubdate" | "published" | "issued" => Element::Published,
        "guid" | "id" => Element::Id,
        "updated" | "modified" | "lastbuilddate" => Element::Updated,
        "author" | "managingeditor" => Element::Author,
        "category" | "keywords" => Element::Category,
        "content" => Element::Content,
        "summary" => Element::Summary,
        "name" => Element::Name,
        "url" | "uri" | "homepage" => Element::Uri,
        "email" => Element::Email,
        "comments" => Element::Comments,
        "enclosure" => Element::Enclosure,
        "source" => Element::Source,
        "rss" => Element::Rss,
        "rdf" => Element::Rdf,
        "feed" => Element::FeedRoot,
        "channel" => Element::Channel,
        "image" => Element::Image,
        "textinput" => Element::TextInput,
        "contributor" => Element::Contributor,
        "subtitle" | "tagline" => Element::Subtitle,
        "rights" | "copyright" => Element::Rights,
        "language" => Element::Language,
        "created" => Element::Created,
        "tags" => Element::Tags,
        "abstract" => Element::Abstract,
        "info" => Element::Info,
        "fullitem" => Element::Encoded,
        "body" => Element::Body,
        "generator" => Element::Generator,
        "logo" => Element::Logo,
        "icon" => Element::Icon,
        "webmaster" => Element::Publisher,
        "newlocation" => Element::NewLocation,
        "ttl" => Element::Ttl,
        "skiphours" => Element::SkipHours,
        "skipdays" => Element::SkipDays,
        "hour" => Element::Hour,
        "day" => Element::Day,
        _ => Element::Other,
    }
}

fn dublin_core(name: &str) -> Element {
    match name {
        "creator" | "author" => Element::Author,
        "date" => Element::Updated,
        "subject" => Element::Category,
        "title" => Element::Title,
        "description" => Element::Description,
        "language" => Element::Language,
        "rights" => Element::Rights,
        "contributor" => Element::ContributorName,
        "publisher" => Element::Publisher,
        _ => Element::Other,
    }
}

fn itunes(name: &str) -> Element {
    match name {
        "author" => Element::Author,
        "owner" => Element::Owner,
        "name" => Element::Name,
        "email" => Element::Email,
        "subtitle" => Element::Subtitle,
        "summary" => Element::Summary,
        "category" => Element::ItunesCategory,
        "keywords" => Element::ItunesKeywords,
        "image" | "link" => Element::ItunesImage,
        "new-feed-url" => Element::NewLocation,
        "complete" => Element::Complete,
        _ => Element::Other,
    }
}

fn media(name: &str) -> Element {
    match name {
        "title" => Element::MediaTitle,
        "description" => Element::MediaDescription,
        "category" => Element::MediaCategory,
        "keywords" => Element::MediaKeywords,
        "thumbnail" => Element::Thumbnail,
        "group" | "content" => Element::MediaGroup,
        _ => Element::Other,
    }
}

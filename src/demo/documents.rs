//! An outlet's items written as a feed document. Pure.

use super::outlets::{Format, Item, Outlet};
use crate::time::{Timestamp, Zone};

/// The `Content-Type` of a format.
#[must_use]
pub const fn content_type(format: Format) -> &'static str {
    match format {
        Format::Rss091 | Format::Rss20 => "application/rss+xml; charset=utf-8",
        Format::Rss10 => "application/rdf+xml",
        Format::Atom => "application/atom+xml; charset=utf-8",
        Format::Json => "application/feed+json",
    }
}

/// The document.
#[must_use]
pub fn write(outlet: &Outlet, items: &[Item]) -> String {
    match outlet.format {
        Format::Rss091 => rss(outlet, items, "0.91", false),
        Format::Rss20 => rss(outlet, items, "2.0", true),
        Format::Rss10 => rdf(outlet, items),
        Format::Atom => atom(outlet, items),
        Format::Json => json(outlet, items),
    }
}

fn rss(outlet: &Outlet, items: &[Item], version: &str, dated: bool) -> String {
    let items: String = items
        .iter()
        .map(|item| {
            let dates = if dated {
                format!(
                    "<guid>{}</guid><pubDate>{}</pubDate>",
                    escape(&item.link),
                    rfc822(item.at)
                )
            } else {
                String::new()
            };
            format!(
                "<item><title>{}</title><link>{}</link>{dates}<description>{}</description></item>\n",
                escape(&item.title),
                escape(&item.link),
                escape(&item.summary)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"{version}\"><channel><title>{}</title>\
         <link>https://{}.example/</link><description>Demo outlet</description>\n{items}</channel></rss>\n",
        escape(outlet.name),
        outlet.key
    )
}

fn rdf(outlet: &Outlet, items: &[Item]) -> String {
    let items: String = items
        .iter()
        .map(|item| {
            format!(
                "<item rdf:about=\"{link}\"><title>{}</title><link>{link}</link><description>{}</description>\
                 <dc:date>{}</dc:date></item>\n",
                escape(&item.title),
                escape(&item.summary),
                item.at.rfc3339(),
                link = escape(&item.link)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
         xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
         <channel rdf:about=\"https://{key}.example/\"><title>{}</title><link>https://{key}.example/</link>\
         <description>Demo outlet</description></channel>\n{items}</rdf:RDF>\n",
        escape(outlet.name),
        key = outlet.key
    )
}

fn atom(outlet: &Outlet, items: &[Item]) -> String {
    let entries: String = items
        .iter()
        .map(|item| {
            format!(
                "<entry><id>{link}</id><title>{}</title><link href=\"{link}\"/><published>{at}</published>\
                 <updated>{at}</updated><summary>{}</summary></entry>\n",
                escape(&item.title),
                escape(&item.summary),
                at = item.at.rfc3339(),
                link = escape(&item.link)
            )
        })
        .collect();
    let updated = items.first().map_or(Timestamp::from_unix(0), |item| item.at).rfc3339();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <id>https://{key}.example/</id><title>{}</title><link href=\"https://{key}.example/\"/>\
         <updated>{updated}</updated>\n{entries}</feed>\n",
        escape(outlet.name),
        key = outlet.key
    )
}

fn json(outlet: &Outlet, items: &[Item]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|item| {
            serde_json::json!({
                "id": item.link,
                "url": item.link,
                "title": item.title,
                "content_text": item.summary,
                "date_published": item.at.rfc3339(),
            })
        })
        .collect();
    serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": format!("https://{}.example/", outlet.key),
        "items": items,
    })
    .to_string()
}

fn rfc822(at: Timestamp) -> String {
    Zone::default().local(at).rfc5322()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

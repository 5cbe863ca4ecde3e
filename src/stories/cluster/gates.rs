//! What may never share a story, whatever the words say.
//!
//! - One outlet's headline made from a template, with another number or date in it, is another item: "Best CD rates
//!   today, January 5" and "... January 6"; "Corporate bond risk falls in Europe" on two days with other figures.
//! - The same wording about different companies is another event: "Acme Q3 earnings call transcript" and "Globex Q3
//!   earnings call transcript".
//! - One outlet's summaries of Wall Street's day, on two days: "Stock market today: futures stall" and "Stock market
//!   today: futures slip".

use super::doc::{DIGIT, Doc, FIGURE};
use super::events::is_wrap;
use super::vocabulary::TermId;

/// Share of the shorter headline's terms from which two headlines count as one template.
const TEMPLATE_SHARE: f32 = 0.6;
/// Fewer shared terms than this make no template.
const TEMPLATE_TERMS: usize = 3;
/// One outlet repeating a whole headline after this long writes about another day.
pub const REPEAT_SECS: i64 = 18 * 3600;

/// Why two entries must not share a story; `None` when they may.
pub fn forbid(a: &Doc, b: &Doc) -> Option<&'static str> {
    if a.url != 0 && a.url == b.url {
        return None;
    }
    let (shared, shorter) = headline_terms(a, b);
    let same_outlet = a.outlet != 0 && a.outlet == b.outlet;
    if same_outlet && is_wrap(a) && is_wrap(b) && a.gap_secs(b) >= REPEAT_SECS {
        return Some("one outlet's summaries of two days");
    }
    if shared < TEMPLATE_TERMS || (shared as f32) < TEMPLATE_SHARE * shorter as f32 {
        return None;
    }
    if same_outlet && !a.marked(DIGIT).eq(b.marked(DIGIT)) {
        return Some("one outlet's template with another number or date");
    }
    // An aggregator's summary is not the article's text.
    let one_way = a.aggregated == b.aggregated;
    if same_outlet && one_way && a.gap_secs(b) >= REPEAT_SECS && figures_differ(a, b) {
        return Some("one outlet's template with other figures on another day");
    }
    if !a.about.is_empty() && !b.about.is_empty() && disjoint(&a.companies, &b.companies) {
        return Some("the same wording about other companies");
    }
    None
}

/// Both summaries have telling numbers, and none in common.
pub fn figures_differ(a: &Doc, b: &Doc) -> bool {
    let (has_a, has_b) = (a.marked(FIGURE).next().is_some(), b.marked(FIGURE).next().is_some());
    has_a && has_b && in_both(a.marked(FIGURE), b.marked(FIGURE)) == 0
}

fn disjoint<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    !a.iter().any(|x| b.contains(x))
}

/// Shared headline terms, and how many the shorter headline has; terms with digits left out.
fn headline_terms(a: &Doc, b: &Doc) -> (usize, usize) {
    let shorter = a.skeleton().count().min(b.skeleton().count());
    (in_both(a.skeleton(), b.skeleton()), shorter)
}

/// How many terms two ascending lists share.
fn in_both(a: impl Iterator<Item = TermId>, b: impl Iterator<Item = TermId>) -> usize {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    let mut n = 0;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let order = x.cmp(y);
        n += usize::from(order.is_eq());
        if order.is_le() {
            a.next();
        }
        if order.is_ge() {
            b.next();
        }
    }
    n
}

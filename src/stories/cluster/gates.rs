//! What may never share a story, whatever the words say.
//!
//! - One outlet's headline made from a template, with another number or date in it, is another item: "Best CD rates
//!   today, January 5" and "... January 6"; "Corporate bond risk falls in Europe" on two days with other figures.
//! - The same wording about different companies is another event: "Acme Q3 earnings call transcript" and "Globex Q3
//!   earnings call transcript".

use super::index::Doc;

/// Share of the shorter headline's terms from which two headlines count as one template.
const TEMPLATE_SHARE: f32 = 0.6;
/// Fewer shared terms than this make no template.
const TEMPLATE_TERMS: usize = 3;
/// One outlet repeating a whole headline after this long writes about another day.
const REPEAT_SECS: i64 = 18 * 3600;

/// Why two entries must not share a story; `None` when they may.
pub fn forbid(a: &Doc, b: &Doc) -> Option<&'static str> {
    if a.url != 0 && a.url == b.url {
        return None;
    }
    let (shared, shorter) = headline_terms(a, b);
    if shared < TEMPLATE_TERMS || (shared as f32) < TEMPLATE_SHARE * shorter as f32 {
        return None;
    }
    let same_outlet = a.outlet != 0 && a.outlet == b.outlet;
    if same_outlet && a.digits != b.digits && !(a.digits.is_empty() && b.digits.is_empty()) {
        return Some("one outlet's template with another number or date");
    }
    let figures_differ = !a.figures.is_empty() && !b.figures.is_empty() && disjoint(&a.figures, &b.figures);
    if same_outlet && figures_differ && (a.at - b.at).abs() >= REPEAT_SECS {
        return Some("one outlet's template with other figures on another day");
    }
    if !a.about.is_empty() && !b.about.is_empty() && disjoint(&a.companies, &b.companies) {
        return Some("the same wording about other companies");
    }
    None
}

fn disjoint<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    !a.iter().any(|x| b.contains(x))
}

/// Shared headline terms, and how many the shorter headline has; terms with digits left out.
fn headline_terms(a: &Doc, b: &Doc) -> (usize, usize) {
    let (x, y) = (&a.skeleton, &b.skeleton);
    let shared = x.iter().filter(|t| y.binary_search(t).is_ok()).count();
    (shared, x.len().min(y.len()))
}

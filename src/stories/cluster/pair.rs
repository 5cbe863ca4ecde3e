//! How alike two entries are: a few visible features and a linear model over them.

use super::index::{Doc, Index, TermId, dot};

pub const N: usize = 33;
pub const NAMES: [&str; N] = [
    "cos", "exp", "tcos", "tover", "contmax", "contmin", "rare", "rareall", "nshared", "numshared", "numconflict",
    "days", "sameoutlet", "bigram", "saga", "samecompany", "othercompany", "summaries", "shortest", "quote", "rel", "logn", "prevalence", "crowd", "crowdmin", "gapsq", "sotover", "sodays", "scos", "subj", "unshared", "daytover", "stover",
];
pub type Features = [f32; N];

/// Vectors of an entry that pair features need, made once a batch.
pub struct View {
    pub plain: Vec<(TermId, f32)>,
    pub expanded: Vec<(TermId, f32)>,
    pub title: Vec<(TermId, f32)>,
    pub title_sum: f32,
    pub all: Vec<(TermId, f32)>,
    pub bigrams: Vec<((TermId, TermId), f32)>,
    pub bigram_sum: f32,
    pub best: f32,
    pub sims: Vec<f32>,
}

pub fn view(index: &Index, doc: &Doc) -> View {
    let title: Vec<(TermId, f32)> = doc.terms.iter().filter(|t| t.title > 0).map(|t| (t.term, index.idf(t.term))).collect();
    let all: Vec<(TermId, f32)> = doc.terms.iter().map(|t| (t.term, index.idf(t.term))).collect();
    let mut bigrams: Vec<((TermId, TermId), f32)> = doc.order.windows(2)
        .map(|w| ((w[0], w[1]), index.idf(w[0]) + index.idf(w[1]))).collect();
    bigrams.sort_by_key(|a| a.0);
    bigrams.dedup_by_key(|a| a.0);
    View {
        plain: index.vector(doc),
        expanded: vec![],
        title_sum: title.iter().map(|t| t.1).sum(),
        bigram_sum: bigrams.iter().map(|t| t.1).sum(),
        title, all, bigrams, best: 0.0, sims: vec![],
    }
}

fn shared<'a, K: Ord + Copy>(a: &'a [(K, f32)], b: &'a [(K, f32)]) -> Vec<(K, f32)> {
    let (mut i, mut j, mut out) = (0, 0, vec![]);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => { out.push(a[i]); i += 1; j += 1; }
        }
    }
    out
}
fn top3(s: &[(TermId, f32)], scale: f32) -> f32 {
    let mut v: Vec<f32> = s.iter().map(|x| x.1).collect();
    v.sort_by(|a, b| b.total_cmp(a));
    v.iter().take(3).sum::<f32>() / scale
}

pub fn features(index: &Index, a: &Doc, va: &View, b: &Doc, vb: &View, cos: f32, dense: f32) -> Features {
    let mut f = [0.0; N];
    let scale = (index.seen() as f32 + 1.0).ln().max(1.0);
    let st = shared(&va.title, &vb.title);
    let sa = shared(&va.all, &vb.all);
    let ab: f32 = shared(&va.title, &vb.all).iter().map(|x| x.1).sum::<f32>() / va.title_sum.max(1e-6);
    let ba: f32 = shared(&vb.title, &va.all).iter().map(|x| x.1).sum::<f32>() / vb.title_sum.max(1e-6);
    let tsum: f32 = st.iter().map(|x| x.1).sum();
    let sq = |v: &[(TermId, f32)]| v.iter().map(|x| x.1 * x.1).sum::<f32>();
    f[0] = cos;
    f[1] = dot(&va.expanded, &vb.expanded);
    f[2] = sq(&st) / (sq(&va.title) * sq(&vb.title)).sqrt().max(1e-6);
    f[3] = tsum / va.title_sum.min(vb.title_sum).max(1e-6);
    f[4] = ab.max(ba);
    f[5] = ab.min(ba);
    f[6] = top3(&st, scale);
    f[7] = top3(&sa, scale);
    f[8] = (1.0 + st.len() as f32).ln();
    let ns = a.numbers.iter().any(|n| b.numbers.contains(n));
    f[9] = f32::from(u8::from(ns));
    f[10] = f32::from(u8::from(!ns && !a.numbers.is_empty() && !b.numbers.is_empty()));
    f[11] = ((a.at - b.at).abs() as f32 / 86400.0).min(4.0);
    f[12] = f32::from(u8::from(a.outlet != 0 && a.outlet == b.outlet));
    f[13] = shared(&va.bigrams, &vb.bigrams).iter().map(|x| x.1).sum::<f32>() / va.bigram_sum.min(vb.bigram_sum).max(1e-6);
    let spread = |t: TermId| { let s = index.stats(t); if s.titles == 0 { 1.0 } else { s.outlets as f32 / s.titles as f32 } };
    f[14] = 1.0 - sa.iter().map(|x| x.1 * x.1 * spread(x.0)).sum::<f32>() / sq(&sa).max(1e-6);
    if sa.is_empty() { f[14] = 0.0; }
    if !a.about.is_empty() && !b.about.is_empty() {
        let same = a.about.iter().any(|c| b.about.contains(c));
        let other = !a.companies.iter().any(|c| b.companies.contains(c));
        f[15] = f32::from(u8::from(same));
        f[16] = f32::from(u8::from(other));
    }
    let long = |d: &Doc| d.terms.iter().map(|t| u32::from(t.summary)).sum::<u32>() > 4;
    f[17] = f32::from(u8::from(long(a) && long(b)));
    f[18] = (va.title.len().min(vb.title.len()) as f32).max(1.0).ln();
    f[19] = f[4].powi(4);
    f[20] = (cos / va.best.max(vb.best).max(1e-2)).min(2.0);
    f[21] = scale / 10.0;
    f[22] = dense;
    let cr = |v: &View| (1.0 + v.sims.iter().filter(|s| **s >= 0.8 * cos).count() as f32).ln();
    f[23] = cr(va).max(cr(vb));
    f[24] = cr(va).min(cr(vb));
    f[25] = f[1] * dense;
    f[26] = f[12] * f[3];
    f[27] = f[12] * f[11].min(1.0);
    let w2 = |v: &[(TermId, f32)]| v.iter().map(|x| (x.1 * spread(x.0)).powi(2)).sum::<f32>();
    f[28] = w2(&sa) / (w2(&va.all) * w2(&vb.all)).sqrt().max(1e-6);
    let subj = |d: &Doc, o: &View| { let (mut s, mut n) = (0.0, 0.0); for t in d.order.iter().take(3) { let w = index.idf(*t); n += w; if o.all.binary_search_by_key(t, |x| x.0).is_ok() { s += w; } } s / f32::max(n, 1e-6) };
    let (s1, s2) = (subj(a, vb), subj(b, va));
    f[29] = s1.min(s2);
    let un = |v: &View, o: &View| v.title.iter().filter(|t| o.all.binary_search_by_key(&t.0, |x| x.0).is_err()).map(|x| x.1).fold(0.0, f32::max) / scale;
    f[30] = un(va, vb).min(un(vb, va));
    f[31] = f[3] * f[11].min(1.0);
    let w1 = |v: &[(TermId, f32)]| v.iter().map(|x| x.1 * spread(x.0)).sum::<f32>();
    f[32] = w1(&st) / w1(&va.title).min(w1(&vb.title)).max(1e-6);
    f
}

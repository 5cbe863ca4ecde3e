//! Parameters that only say where a click came from.

/// Parameters that are cut whatever their value. A `*` at the end stands for any rest.
const TRACKING: &[&str] = &[
    "utm_*",
    "at_medium",
    "at_campaign",
    "at_campaign_type",
    "at_link_*",
    "at_custom*",
    "at_format",
    "at_ptr_name",
    "at_bbc_team",
    "mc_cid",
    "mc_eid",
    "mc_tc",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "li_fat_id",
    "_hsenc",
    "_hsmi",
    "__hstc",
    "__hssc",
    "__hsfp",
    "hsctatracking",
    "mkt_tok",
    "vero_id",
    "vero_conv",
    "oly_anon_id",
    "oly_enc_id",
    "ncid",
    "cmpid",
    "s_cid",
    "ns_mchannel",
    "ns_source",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
    "ito",
    "icid",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "spm",
    "scid",
    "smid",
    "smtyp",
    "ocid",
    "xtor",
    "wt_mc",
    "wt.mc_id",
    "ftcamp",
    "ftag",
    "mbid",
    "intcid",
    "intcmp",
    "int_cmp",
    "sr_share",
    "linkid",
    "soc_src",
    "soc_trk",
    "_ga",
    "_gl",
    "pk_campaign",
    "pk_kwd",
    "pk_source",
    "pk_medium",
    "piwik_*",
    "mtm_*",
    "matomo_*",
    "hmb_*",
    "wprov",
    "sref",
    "srnd",
    "tpcc",
    "feedtype",
    "feedname",
    "traffic_source",
    "rss_*",
    "bxid",
    "cndid",
    "esrc",
    "mod_source",
    "sh_kit",
    "taid",
    "trk_*",
    "wickedid",
    "zanpid",
    "ref_src",
    "ref_url",
    "__twitter_impression",
    "dm_i",
    "elqtrack",
    "elqtrackid",
    "ml_subscriber*",
    "rb_clickid",
    "spjobid",
    "spmailingid",
    "spreportid",
    "spuserid",
];

/// Parameters that are cut only with a value that starts so.
const TRACKING_VALUES: &[(&str, &str)] = &[
    ("mod", "rss"),
    ("mod", "djem"),
    ("partner", "rss"),
    ("emc", "rss"),
    ("ref", "rss"),
    ("ref", "feed"),
    ("source", "rss"),
    ("source", "feed"),
    ("src", "rss"),
    ("src", "feed"),
    ("from", "rss"),
    ("from", "feed"),
    ("via", "rss"),
    ("rss", "1"),
    ("rss", "yes"),
    ("rss", "true"),
    ("cmp", "rss"),
    ("cid", "rss"),
    ("ref", "homepage_rss"),
    ("format", "amp"),
    ("outputtype", "amp"),
    ("amp", "1"),
    ("amp", ""),
    ("campaign", "rss"),
    ("medium", "rss"),
    ("origin", "rss"),
];

pub(super) fn is_tracking(pair: &str, more: &[String]) -> bool {
    if pair.is_empty() {
        return true;
    }
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let (name, value) = (name.to_ascii_lowercase(), value.to_ascii_lowercase());
    let matches = |pattern: &str| {
        pattern
            .strip_suffix('*')
            .map_or_else(|| name == pattern, |start| name.starts_with(start))
    };
    TRACKING.iter().any(|pattern| matches(pattern))
        || more.iter().any(|pattern| matches(&pattern.to_ascii_lowercase()))
        || TRACKING_VALUES.iter().any(|(wanted, start)| {
            name == *wanted
                && if start.is_empty() {
                    value.is_empty()
                } else {
                    value.starts_with(start)
                }
        })
}

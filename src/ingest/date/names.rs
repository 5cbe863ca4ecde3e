//! Names of zones, months and weekdays, as feeds write them.

/// Seconds east of UTC of a zone's name or abbreviation; `None` for a name nobody knows.
pub(super) fn zone(name: &str) -> Option<i64> {
    let name = name.strip_prefix("etc/").unwrap_or(name);
    let quarter_hours = match name {
        "z" | "ut" | "utc" | "gmt" | "wet" | "uct" | "greenwich" => 0,
        "bst" | "west" | "cet" | "met" | "mez" | "wat" | "n" | "ist/dublin" => 4,
        "cest" | "mest" | "mesz" | "eet" | "sast" | "cat" => 8,
        "eest" | "msk" | "eat" | "trt" => 12,
        "msd" | "gst" | "samt" => 16,
        "pkt" | "uzt" | "yekt" => 20,
        "ist" => 22,
        "npt" => 23,
        "omst" => 24,
        "ict" | "wib" | "novt" => 28,
        "hkt" | "sgt" | "myt" | "awst" | "pht" | "irkt" => 32,
        "jst" | "kst" => 36,
        "acst" => 38,
        "aest" | "vlat" => 40,
        "acdt" => 42,
        "aedt" => 44,
        "nzst" | "y" => 48,
        "nzdt" => 52,
        "a" => -4,
        "brt" | "art" | "adt" | "clst" => -12,
        "ast" | "at" | "edt" | "clt" => -16,
        "est" | "et" | "cdt" | "cot" | "pet" => -20,
        "cst" | "ct" | "mdt" => -24,
        "mst" | "mt" | "pdt" => -28,
        "pst" | "pt" | "akdt" => -32,
        "akst" => -36,
        "hst" => -40,
        "m" => -48,
        "ndt" => -10,
        "nst" => -14,
        _ => return None,
    };
    Some(quarter_hours * 900)
}

/// How the months begin in the languages feeds are written in; longer beginnings stand before the shorter ones they
/// contain.
const MONTHS: [&str; 12] = [
    "jan gen ene ener xan janv sty led ιαν янв січ oca sij tam ion يناير كانون ม.ค มกรา जन ian 一月 urt",
    "feb fév fev fef úno uno φεβ фев лют şub sub vel hel فبراير شباط ก.พ กุม फ़र फर chwe veeb otsa",
    "mar mär maa mrt mär marz bře bre μαρ μάρ бер ožu ozu مارس آذار มี.ค มีนา मार्च már kov märts",
    "apr avr abr kwi dub απρ кві nis tra huh أبريل نيسان เม.ย เมษา अप्रै ápr ebr bal",
    "may mai mag mei maí máj maj kvě kve μαι μάι май мая тра máy svi tou مايو أيار พ.ค พฤษ मई mae",
    "juin jun giu cze čer červen ιουν ιούν июн чер haz kes يونيو حزيران มิ.ย มิถ जून jún meh bir",
    "juil jul lug lip čvc červenec ιουλ ιούλ июл tem hei يوليو تموز ก.ค กรก जुल júl gor lie",
    "aug aoû aou ago sie srp αυγ αύγ авг сер ağu agu elo kol أغسطس آب ส.ค สิง अग ágú aou awst",
    "sep set wrz zář zar σεπ сен вер eyl syy ruj سبتمبر أيلول ก.ย กัน सित szep med rugs",
    "oct okt out ott paź paz říj rij οκτ окт жов eki lok أكتوبر تشرين ต.ค ตุล अक्ट hyd spal",
    "nov lis νοε νοέ ноя نوفمبر พ.ย नवं tach lap",
    "dec déc dez dic des gru pro δεκ дек гру ara jou ديسمبر ธ.ค ธัน दिस rhag",
];

/// The number of a month's name or abbreviation.
pub(super) fn month(word: &str) -> Option<u32> {
    if word.chars().count() < 3 {
        return None;
    }
    let exact = match word {
        "marca" | "martie" | "mars" | "мар" | "марта" | "март" => Some(3),
        "travnja" | "travanj" => Some(4),
        "тра" | "травня" => Some(5),
        "lipnja" | "lipanj" => Some(6),
        "červenec" | "července" | "čvc" | "srpnja" | "srpanj" | "лип" | "липня" => Some(7),
        "listopad" | "listopada" | "marras" | "marraskuu" | "marraskuuta" | "kas" | "kasım" | "лис" | "листопада" => {
            Some(11)
        }
        _ => None,
    };
    exact.or_else(|| {
        let place = MONTHS
            .iter()
            .position(|names| names.split(' ').any(|name| word.starts_with(name)))?;
        u32::try_from(place + 1).ok()
    })
}

/// Weekdays, where they can decide between two readings: 0 Monday.
pub(super) fn weekday(word: &str) -> Option<u32> {
    const DAYS: [&str; 7] = [
        "mon lun mo seg",
        "tue mar di ter dim.",
        "wed mer mié mi qua",
        "thu jeu jue gio do qui",
        "fri ven vie fr sex",
        "sat sam sáb sab sa",
        "sun dim dom so",
    ];
    let place = DAYS.iter().position(|names| {
        names.split(' ').any(|name| {
            if name.len() <= 2 {
                word == name
            } else {
                word.starts_with(name)
            }
        })
    })?;
    u32::try_from(place).ok()
}

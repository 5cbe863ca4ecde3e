//! Numbers as headlines write them.

/// A number as programs write it: "6,4" is six and four tenths in most of the world, "35,553" has its thousands marked.
#[must_use]
pub fn decimal(value: &str) -> String {
    let tenths = !value.contains('.') && value.rsplit_once(',').is_some_and(|(_, tail)| tail.len() < 3);
    if tenths {
        value.replace(',', ".")
    } else {
        value.replace(',', "")
    }
}

/// The unit a word after a number stands for: `e9` for "bn" and "Milliarden", `%` for "percent". In lower case.
#[must_use]
pub fn magnitude(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "tn" | "trn" | "trillion" | "trillions" | "трлн" => "e12",
        "bn" | "b" | "billion" | "billions" | "mrd" | "milliarden" | "milliards" | "bilhões" | "млрд" => "e9",
        "mn" | "m" | "mln" | "million" | "millions" | "mio" | "millionen" | "milhões" | "millones" | "млн" => "e6",
        "k" | "thousand" | "mil" | "тыс" => "e3",
        "%" | "percent" | "pct" | "per cent" | "prozent" => "%",
        _ => return None,
    })
}

//! Durations and sizes as people write them: `30m`, `1h30m`, `2w`, `8MiB`.

use std::time::Duration;

/// Units of time, the longest name first, so that `min` is not read as `m` and `in`.
const TIMES: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Units of size.
const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads `30m`, `1h30m`, `2w`: whole numbers with `s`, `m`, `h`, `d` or `w`, largest unit first.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    let mut below = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let (unit, secs) = TIMES.iter().find(|(unit, _)| after.starts_with(unit))?;
        if *secs >= below {
            return None;
        }
        below = *secs;
        total = total.checked_add(number.checked_mul(*secs)?)?;
        rest = after.strip_prefix(unit)?.trim_start();
    }
    (below != u64::MAX).then(|| Duration::from_secs(total))
}

/// Reads `8MiB`, `90KiB`, `80kB`, `500B`: a whole number with its unit.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text.trim())?;
    let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit.trim())?;
    number.checked_mul(*bytes)
}

/// Writes a duration the way it is read, for messages: `1h30m`.
pub(super) fn write_duration(span: Duration) -> String {
    let mut rest = span.as_secs();
    let mut text = String::new();
    for (unit, secs) in TIMES {
        if rest >= secs && (unit != "w" || rest.is_multiple_of(secs)) {
            text.push_str(&(rest / secs).to_string());
            text.push_str(unit);
            rest %= secs;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Writes a size the way it is read, for messages: `8MiB`.
pub(super) fn write_size(bytes: u64) -> String {
    [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("kB", 1000)]
        .iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(rest)?;
    Some((number.parse().ok()?, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lasts(text: &str, secs: Option<u64>) {
        assert_eq!(duration(text), secs.map(Duration::from_secs), "{text}");
    }

    #[track_caller]
    fn holds(text: &str, bytes: Option<u64>) {
        assert_eq!(size(text), bytes, "{text}");
    }

    #[test]
    fn durations_are_read() {
        lasts("30m", Some(1800));
        lasts("1h30m", Some(5400));
        lasts("1h 30m", Some(5400));
        lasts("2w", Some(1_209_600));
        lasts("0s", Some(0));
        for wrong in [
            "",
            "30",
            "m",
            "1.5h",
            "-1h",
            "30 minutes",
            "1m1h",
            "1h1h",
            "99999999999999999999s",
            "9999999999999999999w",
        ] {
            lasts(wrong, None);
        }
    }

    #[test]
    fn sizes_are_read() {
        holds("8MiB", Some(8 << 20));
        holds("90 KiB", Some(90 << 10));
        holds("80kB", Some(80_000));
        for wrong in ["", "8", "8M", "MiB", "1.5MiB", "-1B", "99999999999GiB"] {
            holds(wrong, None);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for secs in [0, 59, 60, 5400, 86_400, 90_061, 604_800, 7_776_000] {
            lasts(&write_duration(Duration::from_secs(secs)), Some(secs));
        }
        for bytes in [0, 1, 1000, 1024, 80_000, 10 << 20] {
            holds(&write_size(bytes), Some(bytes));
        }
    }
}

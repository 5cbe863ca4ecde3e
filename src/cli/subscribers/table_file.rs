//! Subscribers as CSV (RFC 4180): quotes doubled, commas and line ends inside quotes. What a spreadsheet would run as a
//! formula is written with a quote mark before it.

use crate::model::{Choices, Frequency, Length, MailFormat};
use crate::store::subscribers::Listed;

/// Most people in one file.
const ROWS_MAX: usize = 1_000_000;

/// A line of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// The address as written.
    pub address: String,
    /// The digest's key, if the file has one.
    pub digest: Option<String>,
    /// How the subscription stood where the file comes from, in lower case, if it says so.
    pub status: Option<String>,
    /// What is chosen.
    pub choices: Choices,
}

/// Reads a file with a heading; without one, one address a line.
pub fn read(text: &str) -> Result<Vec<Person>, String> {
    let mut rows = rows(text)?.into_iter();
    let Some((_, first)) = rows.next() else {
        return Err("the file is empty".to_owned());
    };
    let heading: Vec<String> = first.iter().map(|cell| cell.trim().to_lowercase()).collect();
    let named = |names: &[&str]| heading.iter().position(|h| names.contains(&h.as_str()));
    let Some(address) = named(&["address", "email", "e-mail", "mail"]) else {
        if heading.first().is_some_and(|cell| cell.contains('@')) {
            return read(&format!("address\n{text}"));
        }
        return Err("no column is called `address`".to_owned());
    };
    let (digest, companies, themes, muted) = (
        named(&["digest", "list"]),
        named(&["companies"]),
        named(&["themes"]),
        named(&["muted"]),
    );
    let (time, zone, often) = (
        named(&["time"]),
        named(&["zone", "timezone"]),
        named(&["often", "frequency"]),
    );
    let status = named(&["status"]);
    let (length, format, language) = (named(&["length"]), named(&["format"]), named(&["language"]));
    let people = rows
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()))
        .map(|(line, cells)| {
            let cell = |place: Option<usize>| {
                place
                    .and_then(|at| cells.get(at))
                    .map(|cell| cell.trim().to_owned())
                    .filter(|cell| !cell.is_empty())
            };
            let list = |place| -> Vec<String> {
                cell(place)
                    .unwrap_or_default()
                    .split([' ', ';', ','])
                    .filter(|s| !s.is_empty())
                    .map(ToOwned::to_owned)
                    .collect()
            };
            Person {
                line,
                address: cell(Some(address)).unwrap_or_default(),
                digest: cell(digest),
                status: cell(status).map(|status| status.to_lowercase()),
                choices: Choices {
                    companies: list(companies),
                    themes: list(themes),
                    muted: list(muted),
                    time: cell(time),
                    zone: cell(zone),
                    frequency: cell(often).map(|text| rhythm(&text)).unwrap_or_default(),
                    length: match cell(length).as_deref() {
                        Some("short") => Length::Short,
                        _ => Length::Long,
                    },
                    format: match cell(format).as_deref() {
                        Some("text") => MailFormat::Text,
                        _ => MailFormat::Html,
                    },
                    language: cell(language),
                    paused_until: None,
                },
            }
        })
        .collect();
    Ok(people)
}

/// `daily`, `weekdays`, `weekly mon`; anything else is as the digest comes.
fn rhythm(text: &str) -> Frequency {
    let text = text.to_lowercase();
    match text.as_str() {
        "daily" => Frequency::Daily,
        "weekdays" => Frequency::Weekdays,
        other => other
            .strip_prefix("weekly ")
            .map_or(Frequency::Default, |day| Frequency::Weekly(day.trim().to_owned())),
    }
}

fn rhythm_words(frequency: &Frequency) -> String {
    match frequency {
        Frequency::Default => String::new(),
        Frequency::Daily => "daily".to_owned(),
        Frequency::Weekdays => "weekdays".to_owned(),
        Frequency::Weekly(day) => format!("weekly {day}"),
    }
}

/// Writes subscriptions.
#[must_use]
pub fn write(rows: &[Listed]) -> String {
    let mut out =
        "address,digest,status,companies,themes,muted,often,time,zone,length,format,language,asked_at,confirmed_at\r\n"
            .to_owned();
    for row in rows {
        let confirmed = if row.confirmed_at.unix() > 0 {
            row.confirmed_at.rfc3339()
        } else {
            String::new()
        };
        let cells = [
            row.address.clone(),
            row.digest.clone(),
            row.status.clone(),
            row.choices.companies.join(" "),
            row.choices.themes.join(" "),
            row.choices.muted.join(" "),
            rhythm_words(&row.choices.frequency),
            row.choices.time.clone().unwrap_or_default(),
            row.choices.zone.clone().unwrap_or_default(),
            if row.choices.length == Length::Short {
                "short"
            } else {
                ""
            }
            .to_owned(),
            if row.choices.format == MailFormat::Text {
                "text"
            } else {
                ""
            }
            .to_owned(),
            row.choices.language.clone().unwrap_or_default(),
            row.asked_at.rfc3339(),
            confirmed,
        ];
        out.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        out.push_str("\r\n");
    }
    out
}

fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\r', '\n', '\'']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Rows with the line each begins on.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut inside, mut line, mut begins) = (false, 1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if inside && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if inside || cell.is_empty() => inside = !inside,
            ',' | '\t' if !inside => row.push(std::mem::take(&mut cell)),
            '\r' if !inside => {}
            '\n' if !inside => {
                row.push(std::mem::take(&mut cell));
                rows.push((begins, std::mem::take(&mut row)));
                begins = line;
                if rows.len() > ROWS_MAX {
                    return Err(format!("more than {ROWS_MAX} lines"));
                }
            }
            c => cell.push(c),
        }
    }
    if inside {
        return Err(format!("line {begins}: a quote is opened and not closed"));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((begins, row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let people = read(text).unwrap();
        let found: Vec<(&str, Option<&str>)> = people
            .iter()
            .map(|p| (p.address.as_str(), p.digest.as_deref()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn files_are_read_as_people_have_them() {
        check(
            "address,digest\na@example.org,daily\n",
            &[("a@example.org", Some("daily"))],
        );
        check(
            "\u{feff}Email\r\na@example.org\r\n\r\nb@example.org",
            &[("a@example.org", None), ("b@example.org", None)],
        );
        check(
            "a@example.org\nb@example.org\n",
            &[("a@example.org", None), ("b@example.org", None)],
        );
        check(
            "name,address\n\"Doe, \"\"J\"\"\",a@example.org\n",
            &[("a@example.org", None)],
        );
        let people = read("address,companies,time\na@example.org,nvidia amd,07:30\n").unwrap();
        assert_eq!(people[0].choices.companies, ["nvidia", "amd"]);
        assert_eq!(people[0].choices.time.as_deref(), Some("07:30"));
        let people = read("address,often,muted,format,length\na@example.org,Weekly Mon,crypto,text,short\n").unwrap();
        let choices = &people[0].choices;
        assert_eq!(choices.frequency, Frequency::Weekly("mon".to_owned()));
        assert_eq!((choices.format, choices.length), (MailFormat::Text, Length::Short));
        assert!(read("").is_err());
        assert!(read("name\nx\n").is_err());
        assert!(read("address\n\"a").is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let choices = Choices {
            companies: vec!["amd".to_owned(), "nvidia".to_owned()],
            muted: vec!["crypto".to_owned()],
            time: Some("07:30".to_owned()),
            zone: Some("Europe/Berlin".to_owned()),
            frequency: Frequency::Weekdays,
            length: Length::Short,
            format: MailFormat::Text,
            language: Some("de".to_owned()),
            ..Choices::default()
        };
        let row = Listed {
            address: "anna@example.org".to_owned(),
            digest: "daily".to_owned(),
            status: "active".to_owned(),
            schedule: String::new(),
            choices: choices.clone(),
            asked_at: crate::time::Timestamp::from_unix(1),
            confirmed_at: crate::time::Timestamp::from_unix(2),
        };
        let people = read(&write(&[row])).unwrap();
        assert_eq!(people[0].choices, choices);
        assert_eq!(people[0].digest.as_deref(), Some("daily"));
    }

    #[test]
    fn formulas_are_defused() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a@example.org"), "a@example.org");
    }
}

//! What a subject says by itself: a reply, a program's mail, a token of ours.

/// Characters of a confirm token.
const TOKEN_CHARS: usize = 32;

const REPLY_PREFIXES: &[&str] = &[
    "re",
    "aw",
    "sv",
    "antw",
    "antwort",
    "vs",
    "ref",
    "rif",
    "r",
    "odp",
    "ynt",
    "res",
    "rv",
    "tr",
    "fwd",
    "fw",
    "wg",
    "vl",
    "doorst",
    "回复",
    "答复",
    "回覆",
    "返信",
    "отв",
    "ответ",
];

const AUTOMATIC: &[&str] = &[
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto-reply",
    "auto response",
    "automatische antwort",
    "abwesenheit",
    "out of office",
    "out of the office",
    "ooo:",
    "away from",
    "on vacation",
    "réponse automatique",
    "absence",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "automatisch antwoord",
    "afwezig",
    "autosvar",
    "frånvaro",
    "fravær",
    "resposta automática",
    "auto:",
    "[auto]",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "automatikus válasz",
    "automaattinen vastaus",
    "otomatik yanıt",
    "자동 회신",
    "автоответ",
    "自動応答",
    "自动回复",
];

/// Subjects of mails that tell of a mail that did not arrive.
const RETURNED: &[&str] = &[
    "undeliverable",
    "undelivered",
    "delivery status",
    "delivery failure",
    "mail delivery",
    "returned mail",
    "unzustellbar",
    "non remis",
    "failure notice",
];

/// The subject without reply marks and `[list]` tags.
pub fn bare_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    loop {
        let before = rest;
        if let Some((mark, after)) = rest.split_once([':', '：']) {
            let word = mark.trim().to_lowercase();
            let word = word.split(['[', '(']).next().unwrap_or_default().trim();
            if REPLY_PREFIXES.contains(&word) {
                rest = after.trim();
            }
        }
        if let Some((_, after)) = rest.strip_prefix('[').and_then(|tagged| tagged.split_once(']')) {
            rest = after.trim();
        }
        if rest == before {
            return rest.to_owned();
        }
    }
}

/// Whether a subject says that it is a reply.
pub fn is_reply_subject(subject: &str) -> bool {
    let subject = subject.trim();
    bare_subject(subject).chars().count() < subject.chars().count()
}

/// A subject that only a program writes. Looked for before any token: a vacation mail quotes the subject it answers.
pub fn is_automatic(subject: &str) -> bool {
    is_vacation(subject) || begins_with_one_of(subject, RETURNED)
}

/// A subject of somebody who is away.
pub fn is_vacation(subject: &str) -> bool {
    begins_with_one_of(subject, AUTOMATIC)
}

fn begins_with_one_of(subject: &str, marks: &[&str]) -> bool {
    let subject = subject.trim().to_lowercase();
    let head: String = subject.chars().take(60).collect();
    marks.iter().any(|mark| head.contains(mark))
}

/// A `confirm-TOKEN` or `confirm TOKEN` somewhere in a line.
pub fn confirm_token(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    lower.match_indices("confirm").find_map(|(at, word)| {
        let rest = lower.get(at + word.len()..)?.strip_prefix(['-', ' ', ':'])?;
        let token: String = rest
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || ('2'..='7').contains(c))
            .collect();
        (token.len() == TOKEN_CHARS).then_some(token)
    })
}

/// The commands in the subject of our own question, `Confirm: follow nvidia; mute crypto`, that came back.
pub fn asked_again(subject: &str) -> Option<&str> {
    subject.get(..8).filter(|head| head.eq_ignore_ascii_case("confirm:"))?;
    subject.get(8..)
}

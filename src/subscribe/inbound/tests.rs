use proptest::prelude::*;

use super::*;

fn policy() -> Policy {
    Policy {
        list: ListAddress::new(&Address::parse("news@example.org").unwrap()),
        own: vec![Address::parse("digest@example.org").unwrap()],
        authserv_id: Some("mx.example.org".to_owned()),
        message_max: 256 * 1024,
        languages: Languages::builtin(),
    }
}

/// What a mail comes to, in one line.
fn reading(raw: &str, envelope: &Envelope) -> String {
    describe(&read_mail(raw.replace('\n', "\r\n").as_bytes(), envelope, &policy()).unwrap())
}

fn describe(inbound: &Inbound) -> String {
    match inbound {
        Inbound::Report(report) => format!("report {}", report.kind.word()),
        Inbound::Ignored(ignored) => format!("ignored {}", ignored.name()),
        Inbound::Request(request) => {
            let commands: Vec<String> = request.commands.iter().map(ToString::to_string).collect();
            let proof = match &request.proof {
                Proof::None => "",
                Proof::Authenticated => " (authenticated)",
                Proof::Leave(_) => " (leave token)",
                Proof::Settings(_) => " (settings token)",
                Proof::Reply(_) => " (reply token)",
            };
            let unclear: String = request.unclear.iter().map(|(w, n)| format!(" ?{w}~{n}")).collect();
            format!("{}: {}{proof}{unclear}", request.from.key(), commands.join("; "))
        }
    }
}

const T: &str = "abcdefghijklmnopqrstuvwxyz234567";
const L: &str = "aaaaaaaaaaaavdbcoghxyz234567abcdefghijk";

#[track_caller]
fn headers(extra: &str, expected: &str) {
    let raw = format!(
        "From: Anna <anna@example.net>\nTo: news@example.org\nSubject: subscribe\nMessage-ID: <1@example.net>\n{extra}\n\n"
    );
    assert_eq!(reading(&raw, &Envelope::default()), expected, "{extra}");
}

#[track_caller]
fn to(address: &str, subject: &str, expected: &str) {
    let raw = format!("From: anna@example.net\nTo: {address}\nSubject: {subject}\n\nfollow nvidia\n");
    assert_eq!(
        reading(&raw, &Envelope::default()),
        format!("anna@example.net: {expected}"),
        "{address}"
    );
}

#[track_caller]
fn body(text: &str, expected: &str) {
    let raw = format!("From: anna@example.net\nTo: news@example.org\nSubject: \n\n{text}\n");
    assert_eq!(reading(&raw, &Envelope::default()), expected, "{text}");
}

#[test]
fn programs_are_never_answered() {
    headers("X-Mailer: none", "anna@example.net: subscribe");
    headers("Auto-Submitted: no", "anna@example.net: subscribe");
    headers("Auto-Submitted: auto-replied", "ignored auto_submitted");
    headers("Auto-Submitted: auto-generated; type=x", "ignored auto_submitted");
    headers("Precedence: bulk", "ignored bulk");
    headers("Precedence: list", "ignored bulk");
    headers("Precedence: JUNK", "ignored bulk");
    headers("List-Id: <x.example.com>", "ignored list");
    headers("List-Unsubscribe: <mailto:x@example.com>", "ignored list");
    headers("X-Auto-Response-Suppress: All", "ignored suppressed");
    headers("X-Auto-Response-Suppress: OOF, AutoReply", "ignored suppressed");
    headers("X-Autoreply: yes", "ignored auto_reply");
    headers("X-Autorespond: vacation", "ignored auto_reply");
    headers("X-Loop: news@example.org", "ignored auto_reply");
    headers("Return-Path: <>", "ignored null_sender");
    headers(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        "report nothing",
    );
    headers("Return-Path: <MAILER-DAEMON@example.net>", "ignored robot");
    headers("Return-Path: <list-bounces@example.net>", "ignored robot");
}

#[test]
fn authors_are_checked() {
    let from = |from: &str| {
        reading(
            &format!("From: {from}\nTo: news@example.org\nSubject: help\n\n"),
            &Envelope::default(),
        )
    };
    assert_eq!(from("postmaster@example.net"), "ignored robot");
    assert_eq!(from("no-reply@example.net"), "ignored robot");
    assert_eq!(from("owner-list@example.net"), "ignored robot");
    assert_eq!(from("list-request@example.net"), "ignored robot");
    assert_eq!(from("news@example.org"), "ignored own_address");
    assert_eq!(from("news+help@example.org"), "ignored own_address");
    assert_eq!(from("Digest <digest@example.org>"), "ignored own_address");
    assert_eq!(from("a@example.net, b@example.net"), "ignored many_authors");
    assert_eq!(from("a@example.net\nFrom: b@example.net"), "ignored many_authors");
    assert_eq!(from("nobody"), "ignored no_author");
    assert_eq!(from("=?utf-8?q?J=C3=BCrgen?= <J@EXAMPLE.net>"), "j@example.net: help");
}

#[test]
fn the_own_mta_is_believed() {
    headers(
        "Authentication-Results: mx.example.org; dmarc=pass header.from=example.net",
        "anna@example.net: subscribe (authenticated)",
    );
    headers(
        "Authentication-Results: mx.example.org; spf=fail; dmarc=fail",
        "ignored forged",
    );
    headers(
        "Authentication-Results: mx.example.org; spf=none; dkim=none",
        "ignored forged",
    );
    headers(
        "Authentication-Results: mx.example.org; dkim=pass; dmarc=none",
        "anna@example.net: subscribe",
    );
    headers(
        "Authentication-Results: evil.example; dmarc=pass",
        "anna@example.net: subscribe",
    );
    headers(
        "Authentication-Results: mx.example.org; dmarc=fail\nAuthentication-Results: mx.example.org; dmarc=pass",
        "ignored forged",
    );
}

#[test]
fn what_the_sender_put_into_the_results_of_the_own_mta_is_not_its_word() {
    for smuggled in [
        "spf=pass smtp.mailfrom=\"x; dmarc=pass\"@evil.example",
        "spf=pass smtp.mailfrom=\"a\\\" b; dmarc=pass\"@evil.example",
        "spf=pass (sender says (so); dmarc=pass) smtp.mailfrom=evil.example",
        "spf=pass (a \\) b; dmarc=pass) smtp.mailfrom=evil.example",
        "spf=pass smtp.mailfrom=\"never closed; dmarc=pass",
    ] {
        headers(
            &format!("Authentication-Results: mx.example.org; {smuggled}"),
            "anna@example.net: subscribe",
        );
    }
    headers(
        "Authentication-Results: mx.example.org (of \"us); spf=pass smtp.mailfrom=\"a;b\"@example.net; dmarc=pass (p=none)",
        "anna@example.net: subscribe (authenticated)",
    );
}

#[test]
fn the_envelope_counts() {
    let raw = "From: anna@example.net\nTo: news@example.org\nSubject: subscribe\n\n";
    let sent = |sender: &str, recipient: &str| {
        let envelope = Envelope {
            sender: Some(sender.to_owned()),
            recipient: Some(recipient.to_owned()),
        };
        reading(raw, &envelope)
    };
    assert_eq!(sent("", "news@example.org"), "ignored null_sender");
    assert_eq!(
        sent("anna@example.net", "news@example.org"),
        "anna@example.net: subscribe"
    );
    assert_eq!(
        sent("anna@mail.example.net", "news@example.org"),
        "anna@example.net: subscribe"
    );
    assert_eq!(sent("other@example.com", "news@example.org"), "ignored unaligned");
    assert_eq!(
        sent("other@example.com", &format!("news+confirm-{T}@example.org")),
        "anna@example.net: confirm"
    );
    assert_eq!(sent("anna@example.net", "bounces+1-abc@example.org"), "report nothing");
}

#[test]
fn addresses_carry_commands() {
    to("news+subscribe@example.org", "", "subscribe");
    to("News+Subscribe-Daily@Example.org", "hello", "subscribe daily");
    to("news-subscribe@example.org", "", "subscribe");
    to("news+unsubscribe@example.org", "", "unsubscribe");
    to("news+unsubscribe-markets@example.org", "", "unsubscribe markets");
    to(&format!("news+confirm-{T}@example.org"), "Re: whatever", "confirm");
    to(&format!("news+CONFIRM-{}@example.org", T.to_uppercase()), "", "confirm");
    to(
        &format!("news+leave-{L}@example.org"),
        "unsubscribe",
        "unsubscribe (leave token)",
    );
    to(
        &format!("news+settings-{L}@example.org"),
        "",
        "follow nvidia (settings token)",
    );
    to(
        &format!("news+settings-{L}@example.org"),
        "Re: Confirm: mute crypto; short",
        "mute crypto; short (settings token)",
    );
    to("news+help@example.org", "", "help");
    to("news+nonsense@example.org", "", "follow nvidia");
    to("news@example.org", "Re: Confirm: mute crypto", "follow nvidia");
    to("news@example.org", "Re: unsubscribe", "unsubscribe; follow nvidia");
    to("Somebody <x@example.com>, news@example.org", "", "follow nvidia");
    let blind = "From: anna@example.net\nTo: undisclosed@example.com\nSubject: subscribe\n\n";
    assert_eq!(reading(blind, &Envelope::default()), "ignored not_to_us");
}

#[test]
fn a_token_survives_in_the_subject() {
    to(
        "news@example.org",
        &format!("Re: Confirm your subscription to Daily (confirm-{T})"),
        "confirm",
    );
    to("news@example.org", &format!("AW: [EXT] Re: x (confirm-{T})"), "confirm");
    let auto = format!("From: anna@example.net\nTo: news@example.org\nSubject: Automatic reply: x (confirm-{T})\n\n");
    assert_eq!(reading(&auto, &Envelope::default()), "ignored auto_reply");
}

#[test]
fn bodies_are_read_from_the_top() {
    body("subscribe", "anna@example.net: subscribe");
    body(
        "Hello,\n\nplease subscribe me.\n\nThanks\nAnna",
        "anna@example.net: subscribe",
    );
    body(
        "follow Nvidia, AMD\nmute crypto\ntime 7:30\n-- \nerase",
        "anna@example.net: follow Nvidia, AMD; mute crypto; time 07:30",
    );
    body("> subscribe\n\nunsubscribe", "anna@example.net: unsubscribe");
    body(
        "help\n\nOn Mon, 2 Mar 2026 at 07:00, Daily <news@example.org> wrote:\n> unsubscribe",
        "anna@example.net: help",
    );
    body(
        "stop\n\nAm 02.03.2026 um 07:00 schrieb Daily\n<news@example.org>:\nabonnieren",
        "anna@example.net: unsubscribe",
    );
    body(
        "short\n-----Original Message-----\nFrom: Daily\nerase",
        "anna@example.net: short",
    );
    body(
        "short\n________________________________\nVon: Daily\nerase",
        "anna@example.net: short",
    );
    body("subcribe", "anna@example.net:  ?subcribe~subscribe");
    body("text\nSent from my phone\nerase", "anna@example.net: text");
    body(
        "I have a question about the roof.\nIt leaks, and nobody came.\nWhat now?\nunsubscribe",
        "anna@example.net: help",
    );
    body("", "anna@example.net: help");
}

#[test]
fn a_reply_without_a_command_is_silence() {
    let raw = "From: anna@example.net\nTo: news@example.org\nSubject: Re: Daily\nIn-Reply-To: <1@example.org>\n\nNice one today!\n";
    assert_eq!(reading(raw, &Envelope::default()), "ignored no_command");
}

#[test]
fn html_only_mails_are_read_as_text() {
    let raw = "From: anna@example.net\nTo: news@example.org\nSubject: Re: Daily\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n\
        <html><head><style>p{color:red}</style></head><body><div dir=\"ltr\">mute crypto<br>short</div><br>\
        <div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon wrote:<br></div><blockquote>erase</blockquote></div></body></html>\n";
    assert_eq!(
        reading(raw, &Envelope::default()),
        "anna@example.net: mute crypto; short"
    );
}

#[test]
fn hostile_mails_are_turned_away() {
    let nested = "Content-Type: message/rfc822\n\n".repeat(40_000);
    let raw = format!("From: a@example.net\nTo: news@example.org\n{nested}");
    assert_eq!(reading(&raw, &Envelope::default()), "ignored too_large");
    let nested = "Content-Type: message/rfc822\n\n".repeat(2_000);
    let raw = format!("From: a@example.net\nTo: news@example.org\n{nested}");
    assert_eq!(reading(&raw, &Envelope::default()), "ignored too_deep");
    let raw = format!(
        "From: a@example.net\nTo: news@example.org\nX: {}\n\n",
        "y".repeat(70_000)
    );
    assert_eq!(reading(&raw, &Envelope::default()), "ignored too_deep");
    assert_eq!(reading("", &Envelope::default()), "ignored unreadable");
}

proptest! {
    #[test]
    fn any_bytes_are_something(raw in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read_mail(&raw, &Envelope::default(), &policy()).unwrap();
    }

    #[test]
    fn any_words_are_something(subject in "\\PC{0,80}", text in "(?s).{0,400}") {
        let raw = format!("From: a@example.net\r\nTo: news@example.org\r\nSubject: {subject}\r\nContent-Type: text/html\r\n\r\n{text}");
        let _ = read_mail(raw.as_bytes(), &Envelope::default(), &policy()).unwrap();
    }
}

#[test]
fn the_word_tells_the_language_else_the_mail_program_does() {
    for (subject, header, language) in [
        ("subscribe", "", None),
        ("subscribe", "Content-Language: de-DE\n", Some("de")),
        ("subscribe", "Content-Language: FR, en\n", Some("fr")),
        ("subscribe", "Content-Language: nl\n", None),
        ("subscribe", "Content-Language: \u{1f600}\n", None),
        ("Abonnieren", "Content-Language: en-US\n", Some("de")),
    ] {
        let raw = format!("From: anna@example.net\nTo: news@example.org\nSubject: {subject}\n{header}\n\n");
        let read = read_mail(raw.replace('\n', "\r\n").as_bytes(), &Envelope::default(), &policy()).unwrap();
        let Inbound::Request(request) = read else {
            panic!("{subject} {header}: {read:?}");
        };
        assert_eq!(request.language.as_deref(), language, "{subject} {header}");
    }
}

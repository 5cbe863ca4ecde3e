use proptest::prelude::*;

use super::*;

fn spec() -> MessageSpec {
    MessageSpec {
        kind: DeliveryKind::Digest,
        from_name: "Überblick Wirtschaft".into(),
        from: "daily@news.example.org".into(),
        to: "anna@example.com".into(),
        reply_to: Some("news@news.example.org".into()),
        message_id: "d.20260302.7.00000000000000ff@news.example.org".into(),
        date: Timestamp::from_unix(1_772_434_800),
        in_reply_to: None,
        references: Vec::new(),
        list: Some(ListHeaders {
            name: "Daily business".into(),
            id: "daily.news.example.org".into(),
            unsubscribe_url: Some("https://news.example.org/leave/abc".into()),
            unsubscribe_mail: Some("news+leave-abc@news.example.org?subject=unsubscribe".into()),
            help: Some("news+help@news.example.org".into()),
            subscribe: Some("news+subscribe-daily@news.example.org".into()),
            owner: Some("desk@example.org".into()),
            archive_url: None,
        }),
        feedback_id: Some("20260302:daily:digest:courant".into()),
        language: "en".into(),
    }
}

fn rendered(subject: &str, text: &str, html: &str) -> Rendered {
    Rendered {
        subject: subject.into(),
        text: text.into(),
        html: html.into(),
    }
}

fn header_names(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().to_owned();
    head.split("\r\n")
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn check_wire(bytes: &[u8]) {
    assert!(bytes.is_ascii(), "not 7-bit");
    assert!(!bytes.contains(&0), "NUL");
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "line of {}", line.len());
        assert!(!line.contains(['\r', '\n']), "bare CR or LF in {line:?}");
    }
}

#[test]
fn a_digest_has_exactly_these_headers() {
    let bytes = build(&spec(), &rendered("2 March: Größe zählt", "hello\n", "<p>hello</p>\n")).unwrap();
    check_wire(&bytes);
    let expected = "From To Reply-To Date Subject Message-ID List-Id List-Unsubscribe List-Unsubscribe-Post List-Help \
                    List-Subscribe List-Owner List-Post Auto-Submitted X-Auto-Response-Suppress Precedence \
                    Feedback-ID Content-Language MIME-Version Content-Type";
    assert_eq!(header_names(&bytes), expected.split_whitespace().collect::<Vec<_>>());
    let text = String::from_utf8(bytes).unwrap();
    for line in [
        "Message-ID: <d.20260302.7.00000000000000ff@news.example.org>\r\n",
        "Date: Mon, 02 Mar 2026 07:00:00 +0000\r\n",
        "List-Id: Daily business <daily.news.example.org>\r\n",
        "List-Unsubscribe: <https://news.example.org/leave/abc>,\r\n \
         <mailto:news+leave-abc@news.example.org?subject=unsubscribe>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Precedence: bulk\r\n",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing in\n{text}");
    }
    assert!(text.find("text/plain").unwrap() < text.find("text/html").unwrap());
}

#[test]
fn a_reply_says_what_it_answers_and_carries_no_list() {
    let mut spec = spec();
    spec.kind = DeliveryKind::Reply;
    spec.list = None;
    spec.feedback_id = None;
    spec.in_reply_to = Some("<ask@example.com>".into());
    spec.references = vec!["<root@example.com>".into(), "bad id\r\nBcc: x".into()];
    let bytes = build(&spec, &rendered("Re: help", "hello\n", "")).unwrap();
    check_wire(&bytes);
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains("In-Reply-To: <ask@example.com>\r\nReferences: <root@example.com>\r\n <ask@example.com>\r\n")
    );
    assert!(text.contains("Auto-Submitted: auto-replied\r\n"));
    assert!(!text.contains("List-") && !text.contains("Precedence") && !text.contains("multipart"));
}

#[test]
fn same_input_same_bytes() {
    let mail = rendered("Größe 日本 🚀", "a\r.\rb\r\n.\r\n", "<p>é</p>");
    assert_eq!(build(&spec(), &mail), build(&spec(), &mail));
}

#[test]
fn addresses() {
    #[track_caller]
    fn check(address: &str, expected: Option<&str>) {
        assert_eq!(wire_address(address).as_deref(), expected, "{address:?}");
    }
    check("anna@example.com", Some("anna@example.com"));
    check("anna@exämple.com", Some("anna@xn--exmple-cua.com"));
    check("grüße@exämple.com", Some("grüße@xn--exmple-cua.com"));
    check("a@[127.0.0.1]", Some("a@[127.0.0.1]"));
    check("a b@example.com", None);
    check("a>b@example.com", None);
    check("a\r\nRCPT TO:<v@x.y>@example.com", None);
    check("\"a\nb\"@example.com", None);
    check("nobody", None);
    check("@example.com", None);
    check("a@", None);
    check(&format!("{}@example.com", "a".repeat(65)), None);
}

#[test]
fn message_ids_tell_nothing() {
    let id = message_id("d", Timestamp::from_unix(1_772_434_800), 7, 255, "news.exämple.org");
    assert_eq!(id, "d.20260302.7.00000000000000ff@news.xn--exmple-cua.org");
}

#[test]
fn what_cannot_stand_in_a_header_is_refused() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut MessageSpec), expected: &MessageError) {
        let mut spec = spec();
        change(&mut spec);
        assert_eq!(build(&spec, &rendered("s", "t", "")).as_ref(), Err(expected));
    }
    let bad = "x\r\nBcc: victim@example.com";
    check(|s| s.to = format!("{bad}@example.com"), &MessageError::Address("To"));
    check(|s| s.from = bad.into(), &MessageError::Address("From"));
    check(|s| s.reply_to = Some(bad.into()), &MessageError::Address("Reply-To"));
    check(|s| s.message_id = bad.into(), &MessageError::Value("Message-ID"));
    check(
        |s| s.in_reply_to = Some(bad.into()),
        &MessageError::Value("In-Reply-To"),
    );
    check(
        |s| s.list.as_mut().unwrap().unsubscribe_url = Some(format!("https://e.org/{}", "a".repeat(900))),
        &MessageError::Value("List-Unsubscribe"),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_adds_a_header_or_a_long_line(
        subject in any::<String>(),
        name in any::<String>(),
        list in any::<String>(),
        text in any::<String>(),
        long in "[a-z]{0,3000}",
    ) {
        let mut spec = spec();
        let plain = header_names(&build(&spec, &rendered("s", "t", "h")).unwrap());
        spec.from_name = name;
        spec.list.as_mut().unwrap().name = list;
        let mail = rendered(&format!("{subject}\r\nBcc: a@b.c {long}"), &format!("{text}{long}"), &format!("<p>{text}"));
        let bytes = build(&spec, &mail).unwrap();
        check_wire(&bytes);
        prop_assert_eq!(header_names(&bytes), plain);
    }

    #[test]
    fn no_address_panics(address in any::<String>()) {
        let mut spec = spec();
        spec.to = address;
        if let Ok(bytes) = build(&spec, &rendered("s", "t", "h")) {
            prop_assert!(!bytes.contains(&0));
        }
    }
}

//! Mails after the habits of real programs (`tests/corpus/mail`, made by `scripts/mail_corpus`), each read as its `.json`
//! says. A mail added by hand is two files of one name.

use std::path::{Path, PathBuf};

use courant::address::Address;
use courant::language::Languages;
use courant::subscribe::inbound::{Envelope, Inbound, ListAddress, Policy, Proof, read_mail};
use serde_json::{Value, json};

fn policy() -> Policy {
    Policy {
        list: ListAddress::new(&Address::parse("news@example.org").unwrap()),
        own: vec![Address::parse("digest@example.org").unwrap()],
        authserv_id: Some("mx.example.org".to_owned()),
        message_max: 256 * 1024,
        languages: Languages::builtin(),
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "eml") {
            found.push(path);
        }
    }
}

/// What a mail was read as, in the words of the expectations.
fn reading(inbound: &Inbound) -> Value {
    match inbound {
        Inbound::Ignored(ignored) => json!({"ignored": ignored.name()}),
        Inbound::Report(report) => json!({"report": {
            "kind": report.kind.word(),
            "status": report.status,
            "marked": !report.return_paths.is_empty() || !report.leave_tokens.is_empty(),
        }}),
        Inbound::Request(request) => {
            let commands: Vec<String> = request.commands.iter().map(ToString::to_string).collect();
            let proof = match request.proof {
                Proof::None => "none",
                Proof::Authenticated => "authenticated",
                Proof::Leave(_) => "leave",
                Proof::Settings(_) => "settings",
                Proof::Reply(_) => "reply",
            };
            json!({"request": {
                "from": request.from.key(),
                "commands": commands,
                "proof": proof,
                "unclear": request.unclear,
            }})
        }
    }
}

#[test]
fn every_mail_is_read_as_it_was_meant() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/mail");
    let mut mails = Vec::new();
    collect(&folder, &mut mails);
    mails.sort();
    assert!(mails.len() >= 200, "only {} mails", mails.len());
    let mut wrong = Vec::new();
    for path in &mails {
        let text = std::fs::read_to_string(path.with_extension("json")).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let expected: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let text = |name: &str| expected.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let envelope = Envelope {
            sender: text("sender"),
            recipient: text("recipient"),
        };
        let found = reading(&read_mail(&std::fs::read(path).unwrap(), &envelope, &policy()).unwrap());
        let meant = ["request", "ignored", "report"]
            .into_iter()
            .find_map(|kind| Some(json!({kind: expected.get(kind)?})));
        if meant.as_ref() != Some(&found) {
            let name = path.strip_prefix(&folder).unwrap().display();
            let meant = meant.unwrap_or_default();
            wrong.push(format!("{name}\n  meant {meant}\n  read  {found}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        mails.len(),
        wrong.join("\n")
    );
}

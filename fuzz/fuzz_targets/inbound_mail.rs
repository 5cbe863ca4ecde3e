//! Any bytes as a mail at the door, with an envelope from its first lines: read within limits, never a panic, and what is
//! read keeps the promises that the rest of the program relies on.

#![no_main]

use courant::address::Address;
use courant::language::Languages;
use courant::subscribe::inbound::{Envelope, Inbound, ListAddress, Policy, read_mail};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let list = Address::parse("news@example.org").expect("an address");
    let policy = Policy {
        own: vec![Address::parse("digest@example.org").expect("an address")],
        list: ListAddress::new(&list),
        authserv_id: Some("mx.example.org".to_owned()),
        message_max: 64 * 1024,
        languages: Languages::builtin(),
    };
    // The first byte says what the door knows.
    let (door, raw) = bytes.split_first().map_or((0, bytes), |(door, raw)| (*door, raw));
    let envelope = Envelope {
        sender: (door & 1 != 0).then(|| if door & 2 != 0 { String::new() } else { "anna@example.net".to_owned() }),
        recipient: (door & 4 != 0).then(|| {
            let detail = if door & 8 != 0 { "news+subscribe@example.org" } else { "bounces+1-abc@example.org" };
            detail.to_owned()
        }),
    };
    match read_mail(raw, &envelope, &policy).expect("a thread") {
        Inbound::Request(request) => {
            assert!(request.commands.len() <= 40 && request.unclear.len() <= 40);
            assert!(!request.commands.is_empty() || !request.unclear.is_empty());
            assert!(!policy.list.owns(&request.from));
            assert!(request.message_id.bytes().all(|b| b.is_ascii_graphic()));
            for command in &request.commands {
                assert!(!command.to_string().contains(['\r', '\n']), "{command}");
            }
        }
        Inbound::Report(report) => {
            assert!(report.words.chars().count() <= 200 && report.return_paths.len() <= 8);
            assert!(report.status.len() <= 16, "{}", report.status);
        }
        Inbound::Ignored(_) => {}
    }
});

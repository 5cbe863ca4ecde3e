//! `courant parse` over a corpus of oddities: what each document must come out as.
//!
//! `tests/corpus/feeds/expected.json` names for each document what it must say: only the listed values are compared.
//! `args` are the command's `--url` and `--content-type`, `error` is a part of the reason when it is no feed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/feeds")
}

/// Runs `courant parse --files-from -` on one document.
fn parse(path: &Path, args: &Value) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_courant"));
    command.args(["parse", "--files-from", "-"]);
    for (name, flag) in [("url", "--url"), ("content_type", "--content-type")] {
        if let Some(value) = args[name].as_str() {
            command.args([flag, value]);
        }
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(path.to_str().unwrap().as_bytes())
        .unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// Where `actual` lacks something `expected` asks for.
fn differences(path: &str, expected: &Value, actual: &Value, out: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(_)) => {
            for (key, value) in wanted {
                differences(&format!("{path}.{key}"), value, &actual[key], out);
            }
        }
        (Value::Array(wanted), Value::Array(got)) if path.ends_with("entries") && wanted.len() == got.len() => {
            for (place, (value, got)) in wanted.iter().zip(got).enumerate() {
                differences(&format!("{path}.{place}"), value, got, out);
            }
        }
        _ if expected == actual => {}
        _ => out.push(format!("{path}: expected {expected}, got {actual}")),
    }
}

fn check(case: &str, expected: &Value) -> Vec<String> {
    let actual = parse(&corpus().join(format!("{case}.xml")), &expected["args"]);
    let mut expected = expected.clone();
    let wanted = expected.as_object_mut().unwrap();
    wanted.remove("args");
    let mut out = Vec::new();
    if let Some(reason) = wanted.remove("error") {
        let got = actual["error"].as_str().unwrap_or_default();
        if !got.contains(reason.as_str().unwrap()) {
            out.push(format!("{case}: expected the reason to name {reason}, got {got:?}"));
        }
    } else if actual["ok"] != Value::Bool(true) {
        out.push(format!("{case}: not read: {}", actual["error"]));
    }
    differences(case, &expected, &actual, &mut out);
    out
}

#[test]
fn every_document_of_the_corpus_comes_out_as_expected() {
    let expected: Value = serde_json::from_slice(&std::fs::read(corpus().join("expected.json")).unwrap()).unwrap();
    let failures: Vec<String> = expected
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(case, expected)| check(case, expected))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One oddity a document, with what must survive it.
#[test]
fn every_odd_document_keeps_its_item() {
    let expected: Value = serde_json::from_slice(&std::fs::read(corpus().join("odd/expected.json")).unwrap()).unwrap();
    let mut failures = Vec::new();
    for (case, expected) in expected.as_object().unwrap() {
        let actual = parse(&corpus().join(format!("odd/{case}.xml")), &Value::Null);
        if actual["ok"] != expected["must_parse"] {
            failures.push(format!("{case}: ok is {}", actual["ok"]));
        }
        let Some(entries) = expected["entries"].as_u64() else {
            continue;
        };
        let entry = &actual["entries"][0];
        if actual["entries"].as_array().map_or(0, Vec::len) as u64 != entries || entry["title"] != expected["title"] {
            failures.push(format!("{case}: {}", actual["entries"]));
        }
        if !expected["link"].is_null() && entry["link"] != expected["link"] {
            failures.push(format!("{case}: link {}", entry["link"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

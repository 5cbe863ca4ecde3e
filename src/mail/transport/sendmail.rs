//! Hands a message to a `sendmail` program. Its exit code (sysexits) says what came of it.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Outgoing;
use crate::model::{SendOutcome, SmtpPhase};

/// A local submission is a matter of moments; a program that takes longer hangs.
const RUN_MAX: Duration = Duration::from_mins(2);
/// Most bytes read of what it complains.
const WORDS_MAX: u64 = 2000;

/// Runs `program ... -i -f FROM -- TO` with the message on its standard input.
pub(super) async fn pipe(command: &[String], message: &Outgoing) -> SendOutcome {
    let Some((program, arguments)) = command.split_first() else {
        return not_sent("no sendmail program is configured");
    };
    let spawned = Command::new(program)
        .args(arguments)
        .args(["-i", "-f", &message.envelope.from, "--", &message.envelope.to])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return not_sent(&format!("unable to run `{program}`: {error}")),
    };
    match timeout(RUN_MAX, feed(&mut child, &message.bytes)).await {
        Ok(Ok((code, words))) => read_exit(code, &words),
        Ok(Err(error)) => unknown(&error.to_string()),
        Err(_) => unknown("the sendmail program did not end in time"),
    }
}

async fn feed(child: &mut Child, bytes: &[u8]) -> std::io::Result<(Option<i32>, String)> {
    let local = local_lines(bytes);
    let mut input = child.stdin.take();
    let mut complaints = child.stderr.take();
    let write = async {
        if let Some(input) = &mut input {
            // A program that refuses early closes its end; its exit code tells why.
            let _ = input.write_all(&local).await;
            let _ = input.shutdown().await;
        }
        drop(input);
    };
    let read = async {
        let mut words = Vec::new();
        if let Some(stream) = &mut complaints {
            let _ = (&mut *stream).take(WORDS_MAX).read_to_end(&mut words).await;
            // The rest too: a program whose words nobody takes would die of it, with the mail half handed over.
            let _ = tokio::io::copy(stream, &mut tokio::io::sink()).await;
        }
        drop(complaints);
        String::from_utf8_lossy(&words).trim().to_owned()
    };
    let ((), words) = tokio::join!(write, read);
    let status = child.wait().await?;
    Ok((status.code(), words))
}

/// Programs on this machine expect the machine's line ends.
fn local_lines(bytes: &[u8]) -> Vec<u8> {
    let mut local = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte != b'\r' || rest.peek() != Some(&&b'\n') {
            local.push(*byte);
        }
    }
    local
}

/// `sysexits.h`: 67 no such user, 68 no such host, 75 try later; 64, 65, 77 and 78 are about how it was called.
fn read_exit(code: Option<i32>, words: &str) -> SendOutcome {
    let refused = |phase, code, enhanced: &str| SendOutcome::Refused {
        phase,
        code,
        enhanced: enhanced.to_owned(),
        reply: words.chars().take(500).collect(),
    };
    match code {
        Some(0) => SendOutcome::Accepted {
            reply: "handed over".to_owned(),
        },
        Some(67) => refused(SmtpPhase::Rcpt, 550, "5.1.1"),
        Some(68) => refused(SmtpPhase::Rcpt, 550, "5.1.2"),
        Some(64 | 65 | 77 | 78) => refused(SmtpPhase::Mail, 554, "5.5.4"),
        Some(code) => not_sent(&format!("exit code {code}: {words}")),
        None => unknown("the sendmail program was killed"),
    }
}

fn not_sent(error: &str) -> SendOutcome {
    SendOutcome::NotSent {
        phase: SmtpPhase::Body,
        error: error.to_owned(),
    }
}

fn unknown(error: &str) -> SendOutcome {
    SendOutcome::Unknown {
        error: error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::smtp::Envelope;
    use crate::model::DeliveryId;
    use crate::time::Timestamp;

    fn message() -> Outgoing {
        Outgoing {
            id: DeliveryId::new(1),
            label: "daily".into(),
            dated_at: Timestamp::from_unix(0),
            envelope: Envelope {
                from: "news@example.org".into(),
                to: "anna@example.com".into(),
            },
            bytes: b"Subject: x\r\n\r\nhello\r\n"[..].into(),
            html: String::new(),
        }
    }

    async fn run(script: &str) -> SendOutcome {
        pipe(
            &["sh".into(), "-c".into(), script.into(), "sendmail".into()],
            &message(),
        )
        .await
    }

    #[tokio::test]
    async fn the_program_gets_sender_recipient_and_message() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        let outcome = run(&format!("{{ echo \"$@\"; cat; }} > {}", file.display())).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
        let seen = std::fs::read_to_string(file).unwrap();
        assert_eq!(
            seen,
            "-i -f news@example.org -- anna@example.com\nSubject: x\n\nhello\n"
        );
    }

    #[tokio::test]
    async fn exit_codes_decide() {
        assert!(matches!(run("exit 75").await, SendOutcome::NotSent { .. }));
        assert!(matches!(run("exit 67").await, SendOutcome::Refused { code: 550, .. }));
        assert!(matches!(
            run("exit 77").await,
            SendOutcome::Refused {
                phase: SmtpPhase::Mail,
                ..
            }
        ));
        assert!(matches!(run("kill -9 $$").await, SendOutcome::Unknown { .. }));
        let SendOutcome::NotSent { error, .. } = run("echo no queue space >&2; exit 71").await else {
            panic!("not temporary");
        };
        assert_eq!(error, "exit code 71: no queue space");
        let wordy = run("cat > /dev/null; head -c 300000 /dev/zero >&2 && exit 0; exit 75").await;
        assert!(matches!(wordy, SendOutcome::Accepted { .. }), "{wordy:?}");
    }

    #[tokio::test]
    async fn a_missing_program_delivers_nothing() {
        let outcome = pipe(&["/nonexistent/sendmail".into()], &message()).await;
        assert!(matches!(outcome, SendOutcome::NotSent { .. }));
    }
}

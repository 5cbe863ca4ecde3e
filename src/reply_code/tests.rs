use super::Meaning::{Later, NoSuchRecipient, OurFault, Policy, RecipientRefuses};
use super::*;

/// A reply as a server says it, `550 5.1.1 words`.
#[track_caller]
fn check(phase: SmtpPhase, reply: &str, expected: Meaning) {
    let (code, words) = reply.split_once(' ').unwrap();
    let code = code.parse().unwrap();
    assert_eq!(
        meaning(phase, code, enhanced_code(code, words), words),
        expected,
        "{reply}"
    );
}

#[track_caller]
fn check_all(phase: SmtpPhase, expected: Meaning, replies: &[&str]) {
    for reply in replies {
        check(phase, reply, expected);
    }
}

#[test]
fn later() {
    check_all(
        SmtpPhase::Rcpt,
        Later,
        &[
            "450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example",
            "450 4.1.1 <a@example.org>: Recipient address rejected: unverified address",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
            "451 4.7.1 Greylisting in action, please come back later",
            "451 4.3.0 Temporary lookup failure",
            "451 4.7.500 Server busy. Please try again later from [192.0.2.1]",
            "451 Temporary local problem - please try later",
            "452 4.2.2 The email account that you tried to reach is over quota",
            "452 4.3.1 Insufficient system storage",
            "452 4.5.3 Error: too many recipients",
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
            "421 Too many concurrent SMTP connections; please try again later.",
            "450 Requested mail action not taken: mailbox unavailable",
            "454 4.7.1 <a@example.org>: Relay access denied",
        ],
    );
    check_all(
        SmtpPhase::Body,
        Later,
        &[
            "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address",
            "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation",
            "451 4.3.2 Please try again later",
            "452 4.3.1 Mail system full",
        ],
    );
    check(SmtpPhase::Auth, "454 4.7.0 Temporary authentication failure", Later);
    check(
        SmtpPhase::Connect,
        "421 4.3.2 Service not available, closing transmission channel",
        Later,
    );
}

#[test]
fn no_such_recipient() {
    check_all(
        SmtpPhase::Rcpt,
        NoSuchRecipient,
        &[
            "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in local recipient table",
            "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
            "550-5.1.1 The email account that you tried to reach does not exist."
                .replacen('-', " ", 1)
                .as_str(),
            "550 5.1.2 Bad destination host 'DNS Hard Error looking up example.invalid'",
            "501 5.1.3 Bad recipient address syntax",
            "550 5.1.6 recipient no longer on server",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient a@example.org not found by SMTP address lookup",
            "556 5.1.10 Recipient address has null MX",
            "550 5.2.1 The email account that you tried to reach is inactive.",
            "550 5.4.1 Recipient address rejected: Access denied.",
            "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
            "554 5.0.0 Service unavailable; no such user here",
            "550 5.7.1 No such user!",
            "550 Requested action not taken: mailbox unavailable",
            "550 No such user here",
            "550 #5.1.0 Address rejected: user unknown",
            "550 Unrouteable address",
            "550 Unknown user",
            "551 User not local; no such recipient",
            "553 sorry, no mailbox here by that name",
            "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]",
            "550 Invalid recipient a@example.org",
            "556 domain does not accept mail",
            "521 example.org does not accept mail",
        ],
    );
}

#[test]
fn this_recipient_does_not_take_it() {
    check_all(
        SmtpPhase::Rcpt,
        RecipientRefuses,
        &[
            "552 5.2.2 The email account that you tried to reach is over quota",
            "552 5.2.2 Mailbox full",
            "554 5.2.2 mailbox full",
            "552 Requested mail action aborted: exceeded storage allocation",
            "550 5.2.3 Message length exceeds administrative limit",
            "550 5.3.2 STOREDRV.Deliver; system not accepting network messages",
            "553 5.6.7 the relay does not take addresses outside ASCII",
            "550 5.4.4 Host not found",
            "550 5.1.0 Address rejected",
            "550 Administrative prohibition",
        ],
    );
    check(
        SmtpPhase::Mail,
        "552 5.3.4 Message size exceeds fixed limit",
        RecipientRefuses,
    );
    check(SmtpPhase::Mail, "552 message size exceeds maximum", RecipientRefuses);
    check(
        SmtpPhase::Body,
        "552 5.3.4 Message too big for system",
        RecipientRefuses,
    );
}

#[test]
fn our_fault() {
    check_all(
        SmtpPhase::Auth,
        OurFault,
        &[
            "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
            "535 5.7.8 Username and Password not accepted.",
            "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
            "534 5.7.9 Application-specific password required.",
            "535 Incorrect authentication data",
            "538 5.7.11 Encryption required for requested authentication mechanism",
        ],
    );
    check_all(
        SmtpPhase::Mail,
        OurFault,
        &[
            "530 5.7.0 Must issue a STARTTLS command first",
            "530 5.7.0 Authentication Required.",
            "553 5.7.1 <daily@example.org>: Sender address rejected: not owned by user news",
            "550 5.1.8 <daily@example.org>: Sender address rejected: Domain not found",
            "550 5.7.1 Sender address rejected",
            "501 5.1.7 Bad sender address syntax",
            "503 5.5.1 Error: send HELO/EHLO first",
        ],
    );
    check_all(
        SmtpPhase::Connect,
        OurFault,
        &[
            "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.example",
            "554 No SMTP service here",
            "550 5.7.25 The IP address sending this message does not have a PTR record",
        ],
    );
    check_all(
        SmtpPhase::Rcpt,
        OurFault,
        &[
            "503 5.5.1 Error: need MAIL command",
            "501 5.5.4 Syntax error in parameters",
            "502 Command not implemented",
            "530 5.7.1 Client was not authenticated",
            "550 5.1.8 sender domain does not exist",
        ],
    );
    check(SmtpPhase::Body, "550 5.6.0 Message headers fail syntax check", OurFault);
}

#[test]
fn policy() {
    check_all(
        SmtpPhase::Rcpt,
        Policy,
        &[
            "554 5.7.1 <a@example.org>: Relay access denied",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
            "550 5.7.1 Not allowed to send to this group",
            "550 relay not permitted",
            "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation",
            "550 blocked by our DNSBL",
        ],
    );
    check_all(
        SmtpPhase::Body,
        Policy,
        &[
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
            "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
            "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
            "554 5.7.9 Message not accepted for policy reasons",
            "554 5.7.1 Message rejected as spam",
            "550 High probability of spam",
            "554 Message refused by DMARC policy",
        ],
    );
}

#[test]
fn enhanced_codes() {
    #[track_caller]
    fn check(code: u16, words: &str, expected: &str) {
        assert_eq!(enhanced_code(code, words), expected, "{words:?}");
    }
    check(550, "5.1.1 No such user", "5.1.1");
    check(550, "#5.1.0 Address rejected.", "5.1.0");
    check(451, "4.7.650 busy", "4.7.650");
    check(550, "4.1.1 class and code disagree", "");
    check(550, "5.1 short", "");
    check(550, "5.1.1.1 long", "");
    check(550, "192.0.2.1 is not welcome", "");
    check(550, "5.1.1234 too many digits", "");
    check(550, "", "");
}

"""What programs send: vacations, robots, reports of mail servers, complaints, forgeries."""
from parts import CRLF, LEAVE, LIST, TOKEN, VERP, mail, multipart, part, word

ANNA = "anna@example.net"
RETURNED = (f"Return-Path: <{VERP}>{CRLF}From: Daily Business <news@example.org>{CRLF}To: {ANNA}{CRLF}"
            f"Subject: Daily Business, 4 Mar: three stories{CRLF}Message-ID: <digest.1.20260304@example.org>{CRLF}"
            f"List-Unsubscribe: <https://news.example.org/leave/{LEAVE}>, <mailto:news+leave-{LEAVE}@example.org>{CRLF}")


# --- Vacations: to the opt-in question, whose subject they quote. (name, headers, subject, text, why it is known) ---------
def vacations():
    asked = f"Confirm your subscription to Daily Business (confirm-{TOKEN})"
    rows = [
        ("sieve-pigeonhole", [("Auto-Submitted", "auto-replied (vacation)"), ("X-Sieve", "Pigeonhole Sieve 0.5.21"), ("Precedence", "bulk")], f"Auto: {asked}", "auto_submitted"),
        ("cyrus-sieve", [("Auto-Submitted", "auto-replied (vacation)"), ("X-Sieve", "CMU Sieve 3.0")], f"Re: {asked}", "auto_submitted"),
        ("exchange", [("X-Auto-Response-Suppress", "All"), ("Auto-Submitted", "auto-generated"), ("X-MS-Exchange-Inbox-Rules-Loop", ANNA)], f"Automatic reply: {asked}", "auto_submitted"),
        ("exchange-old-de", [("X-Auto-Response-Suppress", "All")], f"Automatische Antwort: {asked}", "suppressed"),
        ("exchange-no-headers-fr", [], f"Réponse automatique : {asked}", "auto_reply"),
        ("exchange-no-headers-es", [], f"Respuesta automática: {asked}", "auto_reply"),
        ("exchange-no-headers-pl", [], f"Odpowiedź automatyczna: {asked}", "auto_reply"),
        ("exchange-no-headers-pt", [], f"Resposta automática: {asked}", "auto_reply"),
        ("exchange-no-headers-nl", [], f"Automatisch antwoord: {asked}", "auto_reply"),
        ("exchange-no-headers-cs", [], f"Automatická odpověď: {asked}", "auto_reply"),
        ("gmail", [("Precedence", "bulk"), ("X-Autoreply", "yes"), ("Auto-Submitted", "auto-replied")], f"Away until Monday Re: {asked}", "auto_submitted"),
        ("notes", [("Auto-Submitted", "auto-generated"), ("X-Mailer", "HCL Notes Release 12.0.2")], "Anna Example is out of the office (returning 09.03.2026)", "auto_submitted"),
        ("notes-old", [("X-Mailer", "Lotus Notes Release 6.5")], "Anna Example/NET is out of the office.", "auto_reply"),
        ("vacation-program", [("Precedence", "bulk"), ("Delivered-By-The-Graces-Of", "The Vacation program")], "away from my mail", "bulk"),
        ("yahoo", [("X-Autoreply", "yes"), ("X-Yahoo-Vacation", "1")], f"Yahoo! Auto Response: {asked}", "auto_reply"),
        ("gmx", [("Auto-Submitted", "auto-replied"), ("X-Mailer", "GMX Autoresponder")], f"Abwesenheitsnotiz: {asked}", "auto_submitted"),
        ("exim-autoreply", [("Auto-Submitted", "auto-replied"), ("X-Autorespond", asked)], f"Autoreply: {asked}", "auto_submitted"),
        ("cpanel", [("X-Autorespond", asked), ("Precedence", "auto_reply"), ("X-Precedence", "auto_reply")], f"Re: {asked}", "bulk"),
        ("zimbra", [("Auto-Submitted", "auto-replied (zimbra; readonly)"), ("Precedence", "bulk"), ("X-Mailer", "Zimbra 10")], f"Re: {asked}", "auto_submitted"),
        ("icloud", [("Precedence", "bulk"), ("Auto-Submitted", "auto-replied")], f"Re: {asked}", "auto_submitted"),
        ("proton", [("Auto-Submitted", "auto-replied"), ("X-Pm-Origin", "internal"), ("Precedence", "auto_reply")], f"Auto: {asked}", "auto_submitted"),
        ("mdaemon", [("X-MDaemon-Deliver-To", LIST), ("Precedence", "bulk")], f"Autoresponder: {asked}", "bulk"),
        ("groupwise", [("X-Mailer", "Novell GroupWise Internet Agent"), ("Auto-Submitted", "auto-generated")], f"Re: {asked} (Out of Office)", "auto_submitted"),
        ("cybozu-ja", [("X-Mailer", "Cybozu")], f"自動応答: {asked}", "auto_reply"),
        ("qq-zh", [("X-QQ-Auto-Reply", "1")], f"自动回复: {asked}", "auto_reply"),
    ]
    for name, headers, subject, reason in rows:
        top = [("Return-Path", "<>" if name in ("sieve-pigeonhole", "exchange") else f"<{ANNA}>"), ("From", f"Anna Example <{ANNA}>"),
               ("To", f"news+confirm-{TOKEN}@example.org"), ("Subject", word(subject)), ("Message-ID", f"<{name}@vacation.example.net>"),
               ("In-Reply-To", "<confirm.1@example.org>"), *headers, ("MIME-Version", "1.0")]
        reading = {"ignored": "null_sender" if top[0][1] == "<>" else reason}
        yield f"vacation/{name}", mail(top, part("text/plain", "I am away until Monday.\nsubscribe\n")), reading, {}


# --- Robots: lists, ticket systems, forms, calendars. ---------------------------------------------------------------------
def robots():
    def robot(name, headers, reading, subject="subscribe", sender=ANNA, author=ANNA, to=LIST):
        top = [("Return-Path", f"<{sender}>"), ("From", author), ("To", to), ("Subject", word(subject)), ("Message-ID", f"<{name}@robot.example.net>"), *headers,
               ("MIME-Version", "1.0")]
        return f"robot/{name}", mail(top, part("text/plain", "subscribe\n")), {"ignored": reading}, {}
    yield robot("mailman", [("List-Id", "Talk <talk.example.net>"), ("Precedence", "list"), ("X-BeenThere", "talk@example.net")], "bulk", sender="talk-bounces@example.net")
    yield robot("mailman-3", [("List-Id", "Talk <talk.example.net>"), ("List-Unsubscribe", "<mailto:talk-leave@example.net>")], "list", sender="talk-bounces+x@example.net")
    yield robot("google-group", [("List-ID", "<talk.groups.example.com>"), ("Mailing-list", "list talk@groups.example.com")], "list")
    yield robot("sympa", [("X-Loop", "talk@example.net"), ("Precedence", "list")], "bulk", sender="talk-owner@example.net")
    yield robot("listserv", [], "robot", author="LISTSERV@LISTS.EXAMPLE.NET", sender="owner-LISTSERV@LISTS.EXAMPLE.NET", subject="You have been added")
    yield robot("majordomo", [], "robot", author="Majordomo@example.net", sender="owner-talk@example.net")
    yield robot("mailman-confirm", [("Precedence", "bulk"), ("X-List-Administrivia", "yes")], "bulk", author="talk-request@example.net", subject="confirm 0123456789abcdef")
    yield robot("zendesk", [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"), ("X-Mailer", "Zendesk Mailer")], "auto_submitted", author="support@example.com", sender="support@example.com", subject="[Request received] subscribe")
    yield robot("otrs", [("X-Powered-By", "OTRS 6"), ("Precedence", "bulk"), ("Auto-Submitted", "auto-replied")], "auto_submitted", author="helpdesk@example.com", sender="helpdesk@example.com", subject="RE: [Ticket#2026030410000012]")
    yield robot("request-tracker", [("RT-Ticket", "example #1"), ("Precedence", "bulk"), ("X-RT-Loop-Prevention", "example")], "bulk", author="rt@example.com", sender="rt@example.com")
    yield robot("servicenow", [("X-ServiceNow-Generated", "true"), ("Auto-Submitted", "auto-generated")], "auto_submitted", author="it@example.com", sender="it@example.com", subject="Incident INC0010001 opened")
    yield robot("github", [("List-ID", "org/repo <repo.org.example.com>"), ("Precedence", "list"), ("X-GitHub-Reason", "mention")], "bulk", author="notifications@example.com", sender="noreply@example.com")
    yield robot("no-reply", [], "robot", author="Shop <no-reply@shop.example.com>", sender="bounce-77@shop.example.com")
    yield robot("donotreply", [], "robot", author="Bank <DoNotReply@bank.example.com>", sender="service@bank.example.com")
    yield robot("newsletter", [("List-Unsubscribe", "<https://shop.example.com/u/1>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")], "list", author="Shop <hello@shop.example.com>", sender="b-77@mail.shop.example.com")
    yield robot("cron", [], "robot", author="root@host.example.net (Cron Daemon)", sender="root@host.example.net", subject="Cron <root@host> subscribe")
    yield robot("calendar-accept", [("Auto-Submitted", "auto-generated")], "auto_submitted", subject="Accepted: subscribe")
    yield robot("challenge-response", [("Precedence", "junk"), ("X-Boxtrapper", "1")], "bulk", subject="Your email requires verification verify#abc")
    yield robot("our-own-digest-back", [("X-Loop", "news@example.org")], "auto_reply")
    yield robot("our-own-address", [], "own_address", author="Daily Business <digest@example.org>", sender="digest@example.org")
    yield robot("a-detail-of-ours", [], "own_address", author="news+subscribe@example.org", sender="news@example.org")


# --- Forgeries ----------------------------------------------------------------------------------------------------------
def forged():
    def forgery(name, headers, reading, more=None, author=ANNA):
        top = [("Return-Path", f"<{ANNA}>"), *headers, ("From", author), ("To", LIST), ("Subject", "unsubscribe"), ("Message-ID", f"<{name}@forged.example.com>"), ("MIME-Version", "1.0")]
        return f"forged/{name}", mail(top, part("text/plain", "erase\n")), reading, more or {}
    plain = {"request": {"from": ANNA, "commands": ["unsubscribe", "erase"], "proof": "none", "unclear": []}}
    yield forgery("no-results", [], plain)
    yield forgery("dmarc-fails", [("Authentication-Results", "mx.example.org; spf=fail smtp.mailfrom=example.com; dmarc=fail header.from=example.net")], {"ignored": "forged"})
    yield forgery("nothing-passes", [("Authentication-Results", "mx.example.org; spf=softfail; dkim=none; dmarc=none")], {"ignored": "forged"})
    yield forgery("results-of-another-server", [("Authentication-Results", "mx.evil.example; dmarc=pass header.from=example.net")], plain)
    yield forgery("results-below-our-own", [("Authentication-Results", "mx.example.org; dmarc=fail"), ("Authentication-Results", "mx.example.org; dmarc=pass")], {"ignored": "forged"})
    yield forgery("pass-in-a-comment", [("Authentication-Results", "mx.example.org; dkim=none (dmarc=pass); spf=none; dmarc=none (was dmarc=pass)")], {"ignored": "forged"})
    yield forgery("server-name-with-more", [("Authentication-Results", "mx.example.org.evil.example; dmarc=pass")], plain)
    yield forgery("two-authors", [], {"ignored": "many_authors"}, author=f"{ANNA}, mallory@example.com")
    yield forgery("two-from-fields", [("From", "mallory@example.com")], {"ignored": "many_authors"})
    yield forgery("address-as-name", [], {"request": {"from": "mallory@example.com", "commands": ["unsubscribe", "erase"], "proof": "none", "unclear": []}},
                  author=f'"{ANNA}" <mallory@example.com>')
    yield forgery("envelope-of-another-house", [], {"ignored": "unaligned"}, {"sender": "mallory@example.com", "recipient": LIST})
    yield forgery("group-without-members", [], {"ignored": "no_author"}, author="undisclosed:;")
    yield forgery("bare-name", [], {"ignored": "no_author"}, author="Anna")


# --- Reports ------------------------------------------------------------------------------------------------------------
def dsn(name, sender, subject, letter, fields, returned="text/rfc822-headers", headers=(), to=VERP):
    """RFC 3464: a letter, the fields, what came back."""
    parts = [part("text/plain", letter, "us-ascii", "7bit"), f"Content-Type: message/delivery-status{CRLF}{CRLF}" + fields.replace("\n", CRLF),
             f"Content-Type: {returned}{CRLF}{CRLF}{RETURNED}" + (f"{CRLF}DAILY BUSINESS{CRLF}" if returned == "message/rfc822" else "")]
    top = [("Return-Path", "<>"), ("From", sender), ("To", to), ("Subject", subject), ("Message-ID", f"<{name}@mta.example.net>"), *headers, ("MIME-Version", "1.0")]
    return mail(top, multipart("report", parts, "dsn1/x", "; report-type=delivery-status"))


def letter(name, sender, subject, text, headers=(), to=LIST):
    top = [("Return-Path", "<>"), ("From", sender), ("To", to), ("Subject", subject), ("Message-ID", f"<{name}@mta.example.net>"), *headers]
    return mail(top, "MIME-Version: 1.0" + CRLF + part("text/plain", text, "us-ascii", "7bit"))


def report(kind, status="", marked=True):
    return {"report": {"kind": kind, "status": status, "marked": marked}}


def group(action, status, diagnostic, more=""):
    return (f"Reporting-MTA: dns; mx.example.net\nArrival-Date: Wed, 4 Mar 2026 07:00:02 +0000\n\nFinal-Recipient: rfc822; {ANNA}\n"
            f"Original-Recipient: rfc822;{ANNA}\nAction: {action}\nStatus: {status}\n{more}" + (f"Diagnostic-Code: {diagnostic}\n" if diagnostic else "") + "\n")


def bounces():
    rows = [
        ("postfix-unknown-user", "MAILER-DAEMON@mx.example.net (Mail Delivery System)", "Undelivered Mail Returned to Sender", group("failed", "5.1.1", "smtp; 550 5.1.1 <anna@example.net>: Recipient address\n    rejected: User unknown in local recipient table"), "hard", "5.1.1"),
        ("postfix-delayed", "MAILER-DAEMON@mx.example.net (Mail Delivery System)", "Delayed Mail (still being retried)", group("delayed", "4.4.1", "X-Postfix; connect to mx.example.net[192.0.2.1]:25: Connection timed out", "Will-Retry-Until: Mon, 9 Mar 2026 07:00:02 +0000\n"), "nothing", ""),
        ("postfix-expired", "MAILER-DAEMON@mx.example.net (Mail Delivery System)", "Undelivered Mail Returned to Sender", group("failed", "4.4.1", "X-Postfix; connect to mx.example.net[192.0.2.1]:25: Connection timed out"), "soft", "4.4.1"),
        ("postfix-host-not-found", "MAILER-DAEMON@mx.example.org (Mail Delivery System)", "Undelivered Mail Returned to Sender", group("failed", "5.4.4", "X-Postfix; Host or domain name not found. Name service error for\n    name=nowhere.example.net type=AAAA: Host not found"), "soft", "5.4.4"),
        ("exim-unroutable", "Mail Delivery System <Mailer-Daemon@mx.example.net>", "Mail delivery failed: returning message to sender", group("failed", "5.0.0", "smtp; 550 5.1.1 no such user here"), "hard", "5.1.1"),
        ("sendmail-over-quota", "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>", "Returned mail: see transcript for details", group("failed", "5.2.2", "SMTP; 552 5.2.2 Over quota"), "soft", "5.2.2"),
        ("sendmail-user-unknown", "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>", "Returned mail: see transcript for details", group("failed", "5.1.1", "SMTP; 550 5.1.1 <anna@example.net>... User unknown"), "hard", "5.1.1"),
        ("exchange-online", "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>", "Undeliverable: Daily Business", group("failed", "5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"), "hard", "5.1.10"),
        ("exchange-full", "Microsoft Outlook <postmaster@example.net>", "Undeliverable: Daily Business", group("failed", "5.2.2", "smtp;554 5.2.2 mailbox full; STOREDRV.Deliver; mailbox full"), "soft", "5.2.2"),
        ("exchange-restricted", "postmaster@example.net", "Undeliverable: Daily Business", group("failed", "5.7.133", "smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"), "policy", "5.7.133"),
        ("gmail-no-such-user", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Failure)", group("failed", "5.1.1", "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550 5.1.1 double-checking the recipient's email address"), "hard", "5.1.1"),
        ("gmail-unauthenticated", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Failure)", group("failed", "5.7.26", "smtp; 550-5.7.26 Your email has been blocked because the sender is unauthenticated."), "policy", "5.7.26"),
        ("gmail-delay", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Delay)", group("delayed", "4.2.2", "smtp; 452-4.2.2 The recipient's inbox is out of storage space."), "nothing", ""),
        ("gmail-full", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Failure)", group("failed", "5.2.2", "smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive."), "soft", "5.2.2"),
        ("yahoo-no-mailbox", "MAILER-DAEMON@yahoo.example", "Failure Notice", group("failed", "5.0.0", "smtp; 554 delivery error: dd Sorry, your message to anna@example.net cannot be delivered. This mailbox is disabled (554.30)."), "hard", "5.0.0"),
        ("icloud", "Mail Delivery System <postmaster@icloud.example>", "Undelivered Mail Returned to Sender", group("failed", "5.1.1", "smtp;550 5.1.1 <anna@example.net>: user does not exist"), "hard", "5.1.1"),
        ("gmx-content-refused", "mailer-daemon@gmx.example", "Mail delivery failed: returning message to sender", group("failed", "5.0.0", "smtp; 554 Transaction failed Reject due to policy restrictions."), "policy", "5.0.0"),
        ("t-online-block-list", "MAILER-DAEMON@mx.example.net", "Undelivered Mail Returned to Sender", group("failed", "5.0.0", "smtp; 554 IP=192.0.2.7 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.example to clarify.) (BL)"), "policy", "5.0.0"),
        ("spamhaus", "MAILER-DAEMON@mx.example.net", "Undelivered Mail Returned to Sender", group("failed", "5.7.1", "smtp; 550 5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.example"), "policy", "5.7.1"),
        ("mail-ru", "mailer-daemon@corp.mail.example", "Mail failure.", group("failed", "5.0.0", "smtp; 550 user not found"), "hard", "5.0.0"),
        ("qq", "PostMaster@qq.example", "=?utf-8?B?57O757uf6YCA5L+h?=", group("failed", "5.5.0", "smtp; 550 Mailbox not found"), "hard", "5.5.0"),
        ("notes-dsn", "Mail Router <MAILER-DAEMON@domino.example.net>", "DELIVERY FAILURE: User anna not listed in Domino Directory", group("failed", "5.1.1", "X-Notes; User anna (anna@example.net) not listed in Domino Directory"), "hard", "5.1.1"),
        ("greylisted-for-days", "MAILER-DAEMON@mx.example.org", "Undelivered Mail Returned to Sender", group("failed", "4.2.0", "smtp; 450 4.2.0 <anna@example.net>: Recipient address rejected: Greylisted"), "soft", "4.2.0"),
        ("success-asked-for", "MAILER-DAEMON@mx.example.net", "Successful Mail Delivery Report", group("delivered", "2.0.0", "smtp; 250 2.0.0 Ok"), "nothing", ""),
        ("relayed", "MAILER-DAEMON@mx.example.net", "Mail Delivery Status Report", group("relayed", "2.0.0", ""), "nothing", ""),
    ]
    for name, sender, subject, fields, kind, status in rows:
        whole = "message/rfc822" if name.startswith(("exim", "gmail")) else "text/rfc822-headers"
        yield f"bounce/{name}", dsn(name, sender, subject, "This is the mail system.\nYour message could not be delivered.\n", fields, whole), report(kind, status), {}
    # Without the return path of the one delivery the leaving link in what came back tells which mail it was.
    yield "bounce/to-the-list-address", dsn("plain", "MAILER-DAEMON@mx.example.net", "Undelivered Mail Returned to Sender", "x\n", group("failed", "5.1.1", "smtp; 550 5.1.1 unknown"), to=LIST), report("hard", "5.1.1"), {}
    unmarked = dsn("unmarked", "MAILER-DAEMON@mx.example.net", "Undelivered Mail Returned to Sender", "x\n", group("failed", "5.1.1", "smtp; 550 5.1.1 unknown"), to=LIST)
    unmarked = unmarked.replace(VERP.encode(), b"someone@example.com").replace(LEAVE.encode(), b"x")
    yield "bounce/about-no-mail-of-ours", unmarked, report("hard", "5.1.1", marked=False), {}
    letters = [
        ("qmail", "MAILER-DAEMON@mx.example.net", "failure notice", "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<anna@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n", "hard", "5.1.1"),
        ("exim-plain", "Mail Delivery System <Mailer-Daemon@mx.example.net>", "Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  anna@example.net\n    host mx.example.net [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<anna@example.net>:\n    550 5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------\n\n", "hard", "5.1.1"),
        ("exim-warning", "Mail Delivery System <Mailer-Daemon@mx.example.net>", "Warning: message 1abcde-000001-AB delayed 24 hours", "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.example.net.\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n\n", "nothing", ""),
        ("exchange-2003", "System Administrator <postmaster@example.net>", "Undeliverable: Daily Business", "Your message did not reach some or all of the intended recipients.\n\n      Subject:  Daily Business\n\nThe following recipient(s) could not be reached:\n\n      anna@example.net on 04/03/2026 07:00\n            The e-mail account does not exist at the organization this message was sent to.\n            <mx.example.net #5.1.1>\n\n", "hard", "5.1.1"),
        ("domino-letter", "Postmaster@example.net", "DELIVERY FAILURE: User anna (anna@example.net) not listed in Domino Directory", "Your message\n\n  Subject: Daily Business\n\nwas not delivered to:\n\n  anna@example.net\n\nbecause:\n\n  User anna (anna@example.net) not listed in Domino Directory\n\n", "hard", ""),
        ("german-provider", "mailer-daemon@provider.example", "Unzustellbar: Daily Business", "Ihre Nachricht konnte nicht zugestellt werden.\n\nanna@example.net: 550 Requested action not taken: mailbox unavailable\n\n", "hard", ""),
        ("mailbox-full-letter", "MAILER-DAEMON@mx.example.net", "Undelivered Mail", "Your mail could not be delivered: the user's mailbox is full, quota exceeded.\n\n", "soft", ""),
        ("courier", "\"Courier mail server at mx\" <@mx.example.net>", "NOTICE: mail delivery status.", "This is a delivery status notification from mx.example.net.\n\nUNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<anna@example.net>:\n    mx.example.net [192.0.2.1]:\n>>> RCPT TO:<anna@example.net>\n<<< 550 User unknown.\n\n", "hard", ""),
    ]
    for name, sender, subject, text, kind, status in letters:
        yield f"bounce/{name}", letter(name, sender, subject, text + RETURNED.replace(CRLF, "\n"), to=VERP), report(kind, status), {}


def complaints():
    def arf(name, kind, agent):
        fields = f"Feedback-Type: {kind}{CRLF}User-Agent: {agent}{CRLF}Version: 1{CRLF}Original-Mail-From: <{VERP}>{CRLF}Arrival-Date: Wed, 4 Mar 2026 07:01:00 +0000{CRLF}Source-IP: 192.0.2.7{CRLF}"
        parts = [part("text/plain", "This is an email abuse report.\n", "us-ascii", "7bit"), f"Content-Type: message/feedback-report{CRLF}{CRLF}{fields}", f"Content-Type: message/rfc822{CRLF}{CRLF}{RETURNED}{CRLF}DAILY{CRLF}"]
        top = [("Return-Path", "<feedback@provider.example>"), ("From", "feedback@provider.example"), ("To", LIST), ("Subject", "FW: Daily Business"), ("Message-ID", f"<{name}@fbl.example>"), ("MIME-Version", "1.0")]
        return mail(top, multipart("report", parts, "fbl", "; report-type=feedback-report"))
    yield "complaint/yahoo", arf("y", "abuse", "Yahoo!-Mail-Feedback/2.0"), report("complaint"), {}
    yield "complaint/fastmail", arf("f", "abuse", "Fastmail-FBL/1.0"), report("complaint"), {}
    yield "complaint/comcast", arf("c", "Abuse", "ReturnPathFBL/1.0"), report("complaint"), {}
    yield "complaint/fraud", arf("fr", "fraud", "SomeFBL/1.0"), report("complaint"), {}
    yield "complaint/not-spam", arf("n", "not-spam", "SomeFBL/1.0"), report("nothing"), {}
    yield "complaint/dmarc-failure-report", arf("a", "auth-failure", "opendmarc"), report("nothing"), {}
    parts = [part("text/plain", "Your message was read.\n", "us-ascii", "7bit"), f"Content-Type: message/disposition-notification{CRLF}{CRLF}Reporting-UA: Outlook{CRLF}Final-Recipient: rfc822;{ANNA}{CRLF}Disposition: manual-action/MDN-sent-manually; displayed{CRLF}"]
    top = [("Return-Path", f"<{ANNA}>"), ("From", ANNA), ("To", LIST), ("Subject", "Read: Daily Business"), ("MIME-Version", "1.0")]
    yield "complaint/read-receipt", mail(top, multipart("report", parts, "mdn", "; report-type=disposition-notification")), report("nothing", marked=False), {}


def cases():
    for group_of in (vacations, robots, forged, bounces, complaints):
        yield from group_of()

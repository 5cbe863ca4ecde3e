"""What people write: each row a program, a language, a text, and what it means."""
from clients import CLIENTS, SUBJECT, thunderbird
from parts import CRLF, LEAVE, LIST, TOKEN, encoded, mail, multipart, part, word
from tongues import FORWARD, REPLY, YES

PLUS = "news+{}@example.org".format
CONFIRM = f"Confirm your subscription to Daily Business (confirm-{TOKEN})"

DIGEST = """DAILY BUSINESS
Wednesday, 4 March 2026
3 stories from 12 articles

MARKETS
========================================================================

1. Chip maker Nordhall raises its outlook
   The Example Post 06:10 | 4 articles
   https://post.example/nordhall-raises
   follow Nordhall for more, the chairman said
2. Harbour workers stop for a day
   The Example Wire 05:40

------------------------------------------------------------------------
Unsubscribe:
https://news.example.org/leave/xyz
By mail to news@example.org: unsubscribe, settings or help."""

WELCOME = """You are subscribed to Daily Business. It comes every day at 07:00.

To change what you get, answer this mail or any digest with lines like
these:

    follow Nvidia, AMD
    mute crypto
    weekdays
    time 07:30
    help

To leave: https://news.example.org/leave/xyz"""

QUESTION = """Somebody, probably you, asked for Daily Business at this address.

To confirm, simply answer this mail; it need not say anything.

If it was not you, do nothing: you will get no more mail from us. The
request ends by itself after 72 hours."""

PEOPLE = {
    "en": ("Anna Example", "anna@example.net"), "de": ("Jürgen Müller", "juergen.mueller@example.de"),
    "fr": ("Éloïse Lefèvre", "eloise@example.fr"), "es": ("Íñigo Núñez", "inigo@example.es"),
    "pt": ("João Conceição", "joao@example.com"), "it": ("Niccolò Rossi", "niccolo@example.it"),
    "pl": ("Łukasz Żak", "lukasz@example.pl"), "ru": ("Мария Иванова", "maria@example.net"),
    "ja": ("山田 花子", "hanako@example.jp"), "zh": ("王伟", "wangwei@example.cn"), "nl": ("Anneke de Vries", "anneke@example.nl"),
    "sv": ("Åsa Öberg", "asa@example.se"), "tr": ("Gülşah Çelik", "gulsah@example.net"), "ko": ("김민준", "minjun@example.net"),
    "cs": ("Jiří Dvořák", "jiri@example.cz"), "hu": ("Nagy Ágnes", "agnes@example.hu"), "fi": ("Päivi Mäkinen", "paivi@example.fi"),
    "da": ("Søren Ærø", "soren@example.dk"),
}


def write(client, lang, to, subject, lines, old=None, more=()):
    """A mail of this program; with `old` it is an answer."""
    name, address = PEOPLE[lang]
    body, headers = CLIENTS[client](lang, lines, old)
    thread = [("In-Reply-To", "<digest.1.20260304@example.org>"), ("References", "<digest.1.20260304@example.org>")] if old is not None else []
    top = [("Return-Path", f"<{address}>"), *more, ("From", f"{word(name)} <{address}>"), ("To", to), ("Subject", word(subject)),
           ("Date", "Wed, 4 Mar 2026 08:15:00 +0100"), ("Message-ID", f"<{client}.{lang}@mail.example.net>"), *thread, *headers]
    return mail(top, body)


def request(lang, commands, proof="none", unclear=()):
    return {"request": {"from": PEOPLE[lang][1], "commands": commands, "proof": proof, "unclear": [list(u) for u in unclear]}}


# --- A first mail: (client, language, to, subject, lines, commands) ----------------------------------------------------
FIRST = [
    ("gmail", "en", LIST, "subscribe", [""], ["subscribe"]),
    ("gmail", "en", LIST, "", ["subscribe daily"], ["subscribe daily"]),
    ("gmail_android", "en", PLUS("subscribe"), "", [""], ["subscribe"]),
    ("gmail_android", "de", LIST, "Abonnieren", [""], ["subscribe"]),
    ("gmail", "fr", LIST, "Bonjour", ["Bonjour,", "", "abonner", "", "Merci"], ["subscribe"]),
    ("gmail", "es", LIST, "suscribirme", [""], ["subscribe"]),
    ("gmail", "pt", LIST, "", ["inscrever"], ["subscribe"]),
    ("gmail", "it", LIST, "iscrizione", [""], ["subscribe"]),
    ("gmail", "pl", LIST, "subskrybuj", [""], ["subscribe"]),
    ("gmail", "ru", LIST, "подписаться", [""], ["subscribe"]),
    ("gmail", "ja", LIST, "購読", [""], ["subscribe"]),
    ("gmail", "nl", LIST, "aanmelden", [""], ["subscribe"]),
    ("gmail", "sv", LIST, "prenumerera", [""], ["subscribe"]),
    ("gmail", "tr", LIST, "", ["subscribe"], ["subscribe"]),
    ("gmail", "ko", LIST, "구독", [""], ["subscribe"]),
    ("outlook_desktop", "en", LIST, "Subscribe", ["Please subscribe me to the daily digest."], ["subscribe daily"]),
    ("outlook_desktop", "de", LIST, "Newsletter", ["Sehr geehrte Damen und Herren,", "bitte anmelden.", "Mit freundlichen Grüßen", "Jürgen Müller"], ["subscribe"]),
    ("outlook_web", "fr", LIST, "Inscription", [""], ["subscribe"]),
    ("outlook_web", "en", PLUS("subscribe-daily"), "hello", ["hello there"], ["subscribe daily"]),
    ("outlook_mobile", "de", LIST, "", ["Anmeldung"], ["subscribe"]),
    ("outlook_mobile", "en", LIST, "", ["Subscribe"], ["subscribe"]),
    ("outlook_plain", "en", LIST, "JOIN", [""], ["subscribe"]),
    ("apple_mail", "en", LIST, "SUBSCRIBE!", ["Thanks,", "Anna"], ["subscribe"]),
    ("apple_mail", "es", LIST, "", ["Suscribir"], ["subscribe"]),
    ("ios", "en", LIST, "", ["“Subscribe”"], ["subscribe"]),
    ("ios", "ja", PLUS("subscribe"), "", ["よろしくお願いします。"], ["subscribe"]),
    ("ios", "zh", LIST, "订阅", [""], ["subscribe"]),
    ("ios", "de", LIST, "", ["abonnieren"], ["subscribe"]),
    ("thunderbird", "en", LIST, "subscribe weekly", [""], ["subscribe weekly"]),
    ("thunderbird", "de", LIST, "subscribe", [""], ["subscribe"]),
    ("k9", "es", LIST, "", ["subscribe"], ["subscribe"]),
    ("yahoo", "en", LIST, "Sign-up", [""], ["subscribe"]),
    ("webde", "de", LIST, "Abonnieren", ["abonnieren"], ["subscribe"]),
    ("proton", "en", LIST, "", ["subscribe"], ["subscribe"]),
    ("samsung", "en", LIST, "", ["Subscribe"], ["subscribe"]),
    ("mutt", "en", LIST, "subscribe", ["end"], ["subscribe"]),
    ("notes", "en", LIST, "subscribe", [""], ["subscribe"]),
    ("qq", "zh", LIST, "", ["订阅"], ["subscribe"]),
    ("docomo", "ja", LIST, "subscribe", [""], ["subscribe"]),
    ("mailru", "ru", LIST, "Подписка", [""], ["subscribe"]),
    ("libero", "it", LIST, "", ["iscrivimi"], ["subscribe"]),
    ("fastmail", "en", LIST, "subscribe Daily", [""], ["subscribe daily"]),
    ("aol", "en", LIST, "subscribe", ["subscribe"], ["subscribe"]),
    ("zimbra", "fr", LIST, "abonner", [""], ["subscribe"]),
    ("evolution", "cs", LIST, "subscribe", [""], ["subscribe"]),
    ("roundcube", "en", "Daily Business <news+subscribe@example.org>", "Subject", ["Body"], ["subscribe"]),
    ("kmail", "de", "news-subscribe-daily@example.org", "", [""], ["subscribe daily"]),
    ("gmail", "en", LIST, "help", [""], ["help"]),
    ("outlook_desktop", "en", LIST, "Question", ["How does this work?"], ["help"]),
    ("gmail", "en", LIST, "subscribe", ["follow Nvidia, AMD and Intel", "mute crypto", "time 7:30", "zone Europe/Berlin", "weekdays"],
     ["subscribe", "follow Nvidia, AMD, Intel", "mute crypto", "time 07:30", "zone Europe/Berlin", "weekdays"]),
]

# --- Answers to the opt-in question: any text confirms; some systems cut the detail off, the subject has the token then. --
CONFIRMING = [(client, lang, "detail") for client, lang in [
    ("gmail", "en"), ("gmail", "de"), ("gmail", "ja"), ("gmail", "hu"), ("gmail", "fi"), ("gmail", "da"), ("gmail_android", "fr"),
    ("outlook_desktop", "en"), ("outlook_desktop", "de"), ("outlook_desktop", "pl"), ("outlook_web", "es"), ("outlook_web", "ru"),
    ("outlook_mobile", "fr"), ("outlook_plain", "de"), ("apple_mail", "it"), ("ios", "pt"), ("ios", "en"), ("thunderbird", "de"),
    ("thunderbird_below", "fr"), ("thunderbird_html", "en"), ("k9", "de"), ("yahoo", "es"), ("webde", "de"), ("proton", "en"),
    ("samsung", "it"), ("mutt", "en"), ("qq", "zh"), ("mailru", "ru"), ("notes", "en"), ("libero", "it")]]
CONFIRMING += [(client, lang, "subject") for client, lang in [
    ("gmail", "es"), ("outlook_desktop", "fr"), ("outlook_web", "de"), ("outlook_web", "tr"), ("ios", "sv"), ("apple_mail", "nl"),
    ("webde", "de"), ("outlook_plain", "it"), ("zimbra", "fr"), ("docomo", "ja"), ("outlook_desktop", "cs"), ("outlook_mobile", "zh")]]

# --- Answers to a digest or the welcome: (client, language, address, old mail, lines, commands or reason, proof) ---------
REPLY_TO = PLUS("reply-" + LEAVE)
ANSWERS = [
    ("gmail", "en", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("gmail", "en", REPLY_TO, DIGEST, ["merge 3 5", "split 2"], ["merge 3 5", "split 2"]),
    ("gmail", "de", REPLY_TO, DIGEST, ["less deals", "follow Siemens, SAP"], ["mute deals", "follow Siemens, SAP"]),
    ("gmail", "fr", REPLY_TO, DIGEST, ["follow LVMH", "", "Merci !"], ["follow LVMH"]),
    ("gmail", "pl", REPLY_TO, DIGEST, ["short"], ["short"]),
    ("gmail", "ru", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("gmail", "zh", REPLY_TO, DIGEST, ["follow 比亚迪"], ["follow 比亚迪"]),
    ("gmail", "ko", REPLY_TO, DIGEST, ["text"], ["text"]),
    ("gmail", "hu", REPLY_TO, DIGEST, ["weekly Mon"], ["weekly mon"]),
    ("gmail_android", "es", REPLY_TO, DIGEST, ["pause 2w"], ["pause 14d"]),
    ("gmail_android", "it", REPLY_TO, DIGEST, ["resume"], ["resume"]),
    ("gmail_android", "pt", REPLY_TO, DIGEST, ["idioma en"], ["language en"]),
    ("outlook_desktop", "en", REPLY_TO, WELCOME, ["time 06:45"], ["time 06:45"]),
    ("outlook_desktop", "de", REPLY_TO, WELCOME, ["Hallo,", "mute crypto", "Danke!"], ["mute crypto"]),
    ("outlook_desktop", "fr", REPLY_TO, WELCOME, ["language fr"], ["language fr"]),
    ("outlook_desktop", "es", REPLY_TO, WELCOME, ["seguir Telefónica"], ["follow Telefónica"]),
    ("outlook_desktop", "pt", REPLY_TO, WELCOME, ["follow Petrobras"], ["follow Petrobras"]),
    ("outlook_desktop", "it", REPLY_TO, WELCOME, ["follow Ferrari"], ["follow Ferrari"]),
    ("outlook_desktop", "pl", REPLY_TO, WELCOME, ["follow Orlen"], ["follow Orlen"]),
    ("outlook_desktop", "ru", REPLY_TO, WELCOME, ["follow Nvidia"], ["follow Nvidia"]),
    ("outlook_desktop", "ja", REPLY_TO, WELCOME, ["follow Toyota"], ["follow Toyota"]),
    ("outlook_desktop", "zh", REPLY_TO, WELCOME, ["follow Xiaomi"], ["follow Xiaomi"]),
    ("outlook_desktop", "ko", REPLY_TO, WELCOME, ["follow Samsung"], ["follow Samsung"]),
    ("outlook_desktop", "tr", REPLY_TO, WELCOME, ["follow Arçelik"], ["follow Arçelik"]),
    ("outlook_desktop", "sv", REPLY_TO, WELCOME, ["follow Volvo"], ["follow Volvo"]),
    ("outlook_desktop", "nl", REPLY_TO, WELCOME, ["follow ASML"], ["follow ASML"]),
    ("outlook_desktop", "da", REPLY_TO, WELCOME, ["follow Maersk"], ["follow Maersk"]),
    ("outlook_desktop", "fi", REPLY_TO, WELCOME, ["follow Nokia"], ["follow Nokia"]),
    ("outlook_plain", "en", REPLY_TO, WELCOME, ["weekdays"], ["weekdays"]),
    ("outlook_plain", "de", REPLY_TO, WELCOME, ["täglich"], ["daily"]),
    ("outlook_plain", "fr", REPLY_TO, WELCOME, ["zone Europe/Paris"], ["zone Europe/Paris"]),
    ("outlook_web", "en", REPLY_TO, WELCOME, ["unfollow AMD"], ["unfollow AMD"]),
    ("outlook_web", "de", REPLY_TO, WELCOME, ["zone Europe/Berlin", "time 7.30"], ["zone Europe/Berlin", "time 07:30"]),
    ("outlook_mobile", "en", REPLY_TO, WELCOME, ["unmute crypto"], ["unmute crypto"]),
    ("outlook_mobile", "ru", REPLY_TO, WELCOME, ["long"], ["long"]),
    ("apple_mail", "en", REPLY_TO, DIGEST, ["follow Apple", "mute sport"], ["follow Apple", "mute sport"]),
    ("apple_mail", "zh", REPLY_TO, DIGEST, ["html"], ["html"]),
    ("ios", "en", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("ios", "fr", REPLY_TO, DIGEST, ["pause 10 days"], ["pause 10d"]),
    ("ios", "ja", REPLY_TO, DIGEST, ["settings"], ["settings"]),
    ("ios", "pl", REPLY_TO, DIGEST, ["time 7.30"], ["time 07:30"]),
    ("thunderbird", "en", REPLY_TO, DIGEST, ["theme ai, chips"], ["theme ai, chips"]),
    ("thunderbird_below", "en", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("thunderbird_below", "pl", REPLY_TO, DIGEST, ["short"], ["short"]),
    ("thunderbird_below", "ru", REPLY_TO, DIGEST, ["short"], ["short"]),
    ("thunderbird_html", "es", REPLY_TO, DIGEST, ["short"], ["short"]),
    ("k9", "en", REPLY_TO, DIGEST, ["follow Tesla"], ["follow Tesla"]),
    ("yahoo", "en", REPLY_TO, WELCOME, ["mute crypto"], ["mute crypto"]),
    ("yahoo", "fr", REPLY_TO, WELCOME, ["mute crypto"], ["mute crypto"]),
    ("webde", "de", REPLY_TO, WELCOME, ["stumm Krypto"], ["mute Krypto"]),
    ("proton", "en", REPLY_TO, DIGEST, ["follow AMD", "less deals"], ["follow AMD", "mute deals"]),
    ("samsung", "de", REPLY_TO, WELCOME, ["kurz"], ["short"]),
    ("mutt", "en", REPLY_TO, DIGEST, ["merge 1 2"], ["merge 1 2"]),
    ("roundcube", "de", REPLY_TO, DIGEST, ["split 1"], ["split 1"]),
    ("zimbra", "fr", REPLY_TO, WELCOME, ["weekdays"], ["weekdays"]),
    ("notes", "en", REPLY_TO, WELCOME, ["status"], ["settings"]),
    ("qq", "zh", REPLY_TO, WELCOME, ["mute crypto"], ["mute crypto"]),
    ("docomo", "ja", REPLY_TO, DIGEST, ["short"], ["short"]),
    ("mailru", "ru", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("evolution", "en", REPLY_TO, DIGEST, ["export"], ["export"]),
    ("kmail", "de", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("aol", "en", REPLY_TO, WELCOME, ["mute crypto"], ["mute crypto"]),
    ("fastmail", "en", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    ("libero", "it", REPLY_TO, DIGEST, ["mute crypto"], ["mute crypto"]),
    # Leaving, in the words of the language; the list address alone, so without proof.
    ("gmail", "en", LIST, DIGEST, ["Unsubscribe"], ["unsubscribe"]),
    ("gmail", "de", LIST, DIGEST, ["Bitte abmelden."], ["unsubscribe"]),
    ("gmail", "fr", LIST, DIGEST, ["désabonnement"], ["unsubscribe"]),
    ("gmail", "es", LIST, DIGEST, ["Darme de baja, por favor"], ["unsubscribe"]),
    ("gmail", "pt", LIST, DIGEST, ["cancelar"], ["unsubscribe"]),
    ("gmail", "it", LIST, DIGEST, ["disiscrivimi"], ["unsubscribe"]),
    ("gmail", "pl", LIST, DIGEST, ["wypisz"], ["unsubscribe"]),
    ("gmail", "ru", LIST, DIGEST, ["отписаться"], ["unsubscribe"]),
    ("gmail", "ja", LIST, DIGEST, ["配信停止"], ["unsubscribe"]),
    ("qq", "zh", LIST, DIGEST, ["退订"], ["unsubscribe"]),
    ("gmail", "nl", LIST, DIGEST, ["afmelden"], ["unsubscribe"]),
    ("gmail", "sv", LIST, DIGEST, ["avsluta prenumeration"], ["unsubscribe"]),
    ("outlook_desktop", "en", LIST, DIGEST, ["Please remove me from this list."], ["unsubscribe"]),
    ("outlook_web", "en", LIST, DIGEST, ["STOP"], ["unsubscribe"]),
    ("ios", "de", LIST, DIGEST, ["Abbestellen"], ["unsubscribe"]),
    ("outlook_mobile", "es", LIST, DIGEST, ["Baja"], ["unsubscribe"]),
    ("outlook_mobile", "en", PLUS("leave-" + LEAVE), DIGEST, ["please"], ["unsubscribe"]),
    ("yahoo", "en", PLUS("unsubscribe-daily"), DIGEST, ["bye"], ["unsubscribe daily"]),
    # Letters: nothing is asked, nobody is answered.
    ("gmail", "en", REPLY_TO, DIGEST, ["Great issue today, thanks!"], "no_command"),
    ("gmail", "de", REPLY_TO, DIGEST, ["Vielen Dank für die gute Arbeit.", "Herzlich", "Jürgen"], "no_command"),
    ("outlook_desktop", "en", REPLY_TO, WELCOME, ["Could you follow up on the second story? I think the figure is wrong.", "Best", "Anna"], "no_command"),
    ("ios", "en", REPLY_TO, DIGEST, ["Time to sell, I guess."], "no_command"),
    ("apple_mail", "fr", REPLY_TO, DIGEST, ["Bonjour, très bon numéro, bravo."], "no_command"),
    ("outlook_web", "es", REPLY_TO, WELCOME, ["Muy interesante, gracias"], "no_command"),
    ("thunderbird", "en", REPLY_TO, DIGEST, ["Long live the harbour workers!"], "no_command"),
    ("proton", "en", REPLY_TO, DIGEST, ["Full of typos today, but I like it."], "no_command"),
    # Nearly right.
    ("gmail", "en", REPLY_TO, DIGEST, ["folow Nvidia"], [], [("folow Nvidia", "follow")]),
    ("gmail", "en", REPLY_TO, DIGEST, ["mute crypto", "tiem 07:30"], ["mute crypto"], [("tiem 07:30", "time")]),
    ("gmail", "en", REPLY_TO, DIGEST, ["time noonish"], [], [("time noonish", "time")]),
    ("ios", "en", LIST, DIGEST, ["Unsubcribe"], [], [("unsubcribe", "unsubscribe")]),
    ("gmail", "en", REPLY_TO, DIGEST, ["merge 3"], [], [("merge 3", "merge")]),
    ("outlook_web", "en", REPLY_TO, WELCOME, ["weekly Blursday"], [], [("weekly Blursday", "weekly")]),
]


def answer_subject(lang, subject=SUBJECT):
    return f"{REPLY.get(lang, 'Re')}: {subject}"


def proof_of(to):
    for kind in ("reply", "leave", "settings"):
        if f"+{kind}-{LEAVE}" in to:
            return kind
    return "none"


def cases():
    for n, (client, lang, to, subject, lines, commands) in enumerate(FIRST, 1):
        yield f"first/{n:02}-{client}-{lang}", write(client, lang, to, subject, lines), request(lang, commands), {}
    for n, (client, lang, where) in enumerate(CONFIRMING, 1):
        to = PLUS("confirm-" + TOKEN) if where == "detail" else LIST
        raw = write(client, lang, f'"Daily Business" <{to}>', answer_subject(lang, CONFIRM), [YES[lang]], QUESTION)
        yield f"confirm/{n:02}-{client}-{lang}", raw, request(lang, ["confirm"]), {}
    for n, (client, lang, to, old, lines, commands, *unclear) in enumerate(ANSWERS, 1):
        raw = write(client, lang, f"Daily Business <{to}>", answer_subject(lang), lines, old)
        if isinstance(commands, str):
            reading = {"ignored": commands}
        else:
            reading = request(lang, commands, proof_of(to), unclear[0] if unclear else ())
        yield f"answer/{n:02}-{client}-{lang}", raw, reading, {}
    yield from odd()


def odd():
    """Signed, encrypted, forwarded, wrapped, with results of the own mail server."""
    name, address = PEOPLE["en"]
    top = [("Return-Path", f"<{address}>"), ("From", f"{name} <{address}>"), ("To", LIST), ("Subject", "Re: " + SUBJECT), ("Message-ID", "<odd@example.net>"),
           ("In-Reply-To", "<digest.1.20260304@example.org>"), ("MIME-Version", "1.0")]
    plain = part("text/plain", "mute crypto\n", how="7bit")
    fresh = [h for h in top if h[0] not in ("Subject", "In-Reply-To")] + [("Subject", "")]
    mute = request("en", ["mute crypto"])
    signature = f"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"{CRLF}Content-Transfer-Encoding: base64{CRLF}{CRLF}MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwEA{CRLF}"
    yield "odd/smime-signed", mail(top, multipart("signed", [plain, signature], "----SMIME1", '; protocol="application/pkcs7-signature"; micalg=sha-256')), mute, {}
    pgp = f"Content-Type: application/pgp-signature; name=\"signature.asc\"{CRLF}{CRLF}-----BEGIN PGP SIGNATURE-----{CRLF}{CRLF}iQEzBAEBCAAdFiEE{CRLF}-----END PGP SIGNATURE-----{CRLF}"
    yield "odd/pgp-mime-signed", mail(top, multipart("signed", [plain, pgp], "pgp1", '; protocol="application/pgp-signature"; micalg=pgp-sha512')), mute, {}
    clear = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nmute crypto\n-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n"
    yield "odd/pgp-inline-signed", mail(top, part("text/plain", clear, how="7bit")), mute, {}
    yield "odd/pgp-encrypted", mail(fresh, multipart("encrypted", [
        f"Content-Type: application/pgp-encrypted{CRLF}{CRLF}Version: 1{CRLF}",
        f"Content-Type: application/octet-stream; name=\"encrypted.asc\"{CRLF}{CRLF}-----BEGIN PGP MESSAGE-----{CRLF}{CRLF}hQEMA1{CRLF}-----END PGP MESSAGE-----{CRLF}"],
        "enc1", '; protocol="application/pgp-encrypted"')), request("en", ["help"]), {}
    tnef = f"Content-Type: application/ms-tnef; name=\"winmail.dat\"{CRLF}Content-Transfer-Encoding: base64{CRLF}{CRLF}eJ8+IgAAAQaQCAAEAAAAAAABAAEAAQeQBgAIAAAA5AQAAAAAAADoAAEIgAcAGAAAAElQTS5N{CRLF}"
    yield "odd/winmail-dat", mail(top + [("X-MS-TNEF-Correlator", "")], multipart("mixed", [part("text/plain", "mute crypto\n", "iso-8859-1"), tnef], "----=_NextPart_TNEF")), mute, {}
    picture = f"Content-Type: image/png; name=\"logo.png\"{CRLF}Content-ID: <logo>{CRLF}Content-Transfer-Encoding: base64{CRLF}{CRLF}iVBORw0KGgoAAAANSUhEUg=={CRLF}"
    page = part("text/html", '<p>mute crypto</p><p><img src="cid:logo"></p>')
    yield "odd/picture-in-the-signature", mail(top, multipart("related", [multipart("alternative", [plain, page], "alt1"), picture], "rel1")), mute, {}
    yield "odd/read-receipt-wanted", mail(top + [("Disposition-Notification-To", address), ("Importance", "high")], plain), mute, {}
    yield "odd/bcc-to-a-list", mail([h if h[0] != "To" else ("To", "undisclosed-recipients:;") for h in fresh], part("text/plain", "subscribe\n", how="7bit")), {"ignored": "not_to_us"}, {}
    flowed = "follow Nvidia, AMD, \nIntel\nmute crypto\n"
    yield "odd/flowed-line", mail(top, part("text/plain", flowed, "us-ascii", "7bit", "; format=flowed; delsp=no")), request("en", ["follow Nvidia, AMD, Intel", "mute crypto"]), {}
    nbsp = part("text/html", "<div>follow&nbsp;Nvidia,&nbsp;AMD</div><div>&nbsp;</div><div>mute&#8203; crypto</div>")
    yield "odd/invisible-characters", mail(top, nbsp), request("en", ["follow Nvidia, AMD", "mute crypto"]), {}
    for lang in ("en", "de", "fr", "es"):
        who, at = PEOPLE[lang]
        headers = [("Return-Path", f"<{at}>"), ("From", f"{word(who)} <{at}>"), ("To", LIST), ("Subject", word(f"{FORWARD[lang]}: {SUBJECT}")), ("MIME-Version", "1.0")]
        marks = {"en": "---------- Forwarded message ---------", "de": "---------- Weitergeleitete Nachricht ---------",
                 "fr": "---------- Message transféré ---------", "es": "---------- Forwarded message ---------"}
        text = f"{marks[lang]}\nFrom: Daily Business <news@example.org>\nDate: Wed, Mar 4, 2026\nSubject: {SUBJECT}\nTo: <anna@example.net>\n\n{WELCOME}\n"
        yield f"odd/forwarded-{lang}", mail(headers, part("text/plain", text)), request(lang, ["help"]), {}
    text = "-------- Forwarded Message --------\nSubject: \tWelcome\nDate: \tWed, 4 Mar 2026 07:00:00 +0000\nFrom: \tDaily Business <news@example.org>\nTo: \tanna@example.net\n\n" + WELCOME
    yield "odd/forwarded-by-thunderbird", mail(fresh[:-1] + [("Subject", "Fwd: Welcome to Daily Business")], part("text/plain", text, how="7bit")), request("en", ["help"]), {}
    attached = f"Content-Type: message/rfc822{CRLF}{CRLF}From: news@example.org{CRLF}To: anna@example.net{CRLF}Subject: unsubscribe{CRLF}{CRLF}unsubscribe{CRLF}"
    yield "odd/forwarded-as-attachment", mail(fresh[:-1] + [("Subject", "Fwd: look")], multipart("mixed", [part("text/plain", "See attached.\n", how="7bit"), attached], "att1")), request("en", ["help"]), {}
    own = ("Authentication-Results", "mx.example.org; dmarc=pass (p=none) header.from=example.net; spf=pass smtp.mailfrom=example.net")
    yield "odd/vouched-for", mail([top[0], own, *top[1:]], plain), request("en", ["mute crypto"], "authenticated"), {}
    folded = ("Authentication-Results", "mx.example.org;\r\n\tdkim=pass header.d=example.net header.s=k1;\r\n\tdmarc=pass policy.dmarc=none header.from=example.net")
    yield "odd/vouched-for-folded", mail([top[0], folded, *top[1:]], plain), request("en", ["mute crypto"], "authenticated"), {}
    question = [h if h[0] != "Subject" else ("Subject", "Re: Confirm: follow NVIDIA; mute Crypto") for h in top]
    question = [h if h[0] != "To" else ("To", PLUS("settings-" + LEAVE)) for h in question]
    yield "odd/answer-to-a-question", mail(question, part("text/plain", "ok\n", how="7bit")), request("en", ["follow NVIDIA", "mute Crypto"], "settings"), {}
    upper = [h if h[0] != "To" else ("To", ("news+CONFIRM-" + TOKEN.upper() + "@EXAMPLE.ORG")) for h in top]
    yield "odd/case-folded-by-a-gateway", mail(upper, part("text/plain", "yes\n", how="7bit")), request("en", ["confirm"]), {}
    yield "odd/lf-only", write("mutt", "en", LIST, "subscribe", [""]).replace(b"\r\n", b"\n"), request("en", ["subscribe"]), {}
    yield "odd/no-mime-headers", mail(fresh[:-2] + [("Subject", "subscribe")], CRLF + "hi" + CRLF), request("en", ["subscribe"]), {}
    raw = mail(fresh[:-1] + [("Subject", "hello")], f"Content-Type: text/plain; charset=unknown-8bit{CRLF}Content-Transfer-Encoding: 8bit{CRLF}{CRLF}Gr\xfc\xdfe!{CRLF}short{CRLF}")
    yield "odd/unknown-charset", raw, request("en", ["short"]), {}
    yield "odd/envelope-of-a-relay", mail([h for h in fresh if h[0] != "Return-Path"][:-1] + [("Subject", "subscribe")], plain), request("en", ["subscribe", "mute crypto"]), {
        "sender": "anna@mail.example.net", "recipient": "news@example.org"}
    yield "odd/envelope-names-the-detail", mail([h for h in fresh if h[0] != "Return-Path"], CRLF), request("en", ["subscribe daily"]), {
        "sender": "anna@example.net", "recipient": "news+subscribe-daily@example.org"}
    yield "odd/delivered-to-names-the-detail", mail([("Delivered-To", "news+subscribe@example.org"), *fresh], CRLF), request("en", ["subscribe"]), {}

"""Mail programs: what each makes of a text a person types, alone or above an old mail.

A client is a function (lang, lines, old) -> (content headers and body, further headers). `lines` is what was typed,
`old` the text of the mail that is answered, or None.
"""
import html as h

from parts import CRLF, multipart, part
from tongues import APPLE, GMAIL, IPHONE, OUTLOOK, OUTLOOK_MOBILE, SENDER, THUNDERBIRD

SUBJECT = "Daily Business, 4 Mar: three stories"


def at(table, lang):
    return table.get(lang, table["en"])


def esc(text):
    return h.escape(text, quote=False)


def quote(text, mark="> "):
    return "\n".join((mark + line).rstrip() for line in text.split("\n"))


def html_lines(lines, tag="div"):
    return "".join(f"<{tag}>{esc(line) or '<br>'}</{tag}>" for line in lines)


def gmail(lang, lines, old):
    text = "\n".join(lines) + "\n"
    page = f'<div dir="ltr">{html_lines(lines)}</div>'
    if old is not None:
        said = at(GMAIL, lang)
        text += f"\n{said}\n\n{quote(old)}\n"
        page += (f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{esc(said)}<br></div>'
                 f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
                 f'padding-left:1ex">{esc(old).replace(chr(10), "<br>")}</blockquote></div>')
    ascii_only = all(ord(c) < 128 for c in text)
    how = "7bit" if ascii_only else "quoted-printable"
    body = multipart("alternative", [part("text/plain", text, how=how), part("text/html", page + "\n")], "000000000000a1b2c3")
    return "MIME-Version: 1.0" + CRLF + body, []


def gmail_android(lang, lines, old):
    """Long attributions are broken over two lines."""
    text = "\n".join(lines) + "\n"
    if old is not None:
        said = at(GMAIL, lang).replace(" <news@", "\n<news@", 1)
        text += f"\n{said}\n\n{quote(old)}\n"
    page = f'<div dir="auto">{html_lines(lines)}</div>'
    if old is not None:
        page += f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{esc(at(GMAIL, lang))}<br></div><blockquote class="gmail_quote">{esc(old)}</blockquote></div>'
    body = multipart("alternative", [part("text/plain", text, how="base64"), part("text/html", page, how="base64")], "0000000000aa")
    return "MIME-Version: 1.0" + CRLF + body, []


def outlook_block(lang, old, sep="\n"):
    sender, sent, to, subject, date = at(OUTLOOK, lang)
    head = [f"{sender}: {SENDER}", f"{sent}: {date}", f"{to}: Anna Example <anna@example.net>", f"{subject}: {SUBJECT}"]
    return sep.join(head) + sep + sep + old


def outlook_desktop(lang, lines, old):
    """Word's HTML with a plain part beside it; the old mail below a ruled block without quote marks."""
    text = "\n\n".join(lines) + "\n\n"
    page = ('<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv=Content-Type '
            'content="text/html; charset=windows-1252"><style><!-- p.MsoNormal {margin:0cm;font-size:11.0pt} --></style></head>'
            '<body lang=EN-US link="#0563C1"><div class=WordSection1>')
    page += "".join(f"<p class=MsoNormal><span style='mso-fareast-language:EN-US'>{esc(line)}<o:p></o:p></span></p>" for line in lines)
    page += "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    if old is not None:
        sender, sent, to, subject, date = at(OUTLOOK, lang)
        text += outlook_block(lang, old) + "\n"
        page += (f"<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>{sender}:</b> "
                 f"{esc(SENDER)} <br><b>{sent}:</b> {date}<br><b>{to}:</b> Anna<br><b>{subject}:</b> {SUBJECT}</p></div>"
                 + "".join(f"<p class=MsoNormal>{esc(line)}</p>" for line in old.split("\n")))
    page += "</div></body></html>\n"
    charset = {"ru": "koi8-r", "ja": "iso-2022-jp", "zh": "gb2312", "pl": "iso-8859-2", "cs": "iso-8859-2", "tr": "iso-8859-9",
               "ko": "euc-kr"}.get(lang, "windows-1252")
    page = page.replace("windows-1252", charset)
    parts = [part("text/plain", text, charset), part("text/html", page, charset)]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "----=_NextPart_000_0012_01DC1F3A.B5D0F0A0"), [
        ("X-Mailer", "Microsoft Outlook 16.0"), ("Thread-Index", "AQHc1Zk0example=="), ("Content-Language", lang)]


def outlook_plain(lang, lines, old):
    """Outlook set to plain text."""
    text = "\n".join(lines) + "\n"
    if old is not None:
        mark = {"de": "-----Ursprüngliche Nachricht-----", "fr": "-----Message d'origine-----", "es": "-----Mensaje original-----",
                "it": "-----Messaggio originale-----", "pt": "-----Mensagem original-----", "pl": "-----Wiadomość oryginalna-----",
                "nl": "-----Oorspronkelijk bericht-----", "sv": "-----Ursprungligt meddelande-----"}.get(lang, "-----Original Message-----")
        text += f"\n{mark}\n{outlook_block(lang, old)}\n"
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "iso-8859-1" if lang != "pl" else "iso-8859-2"), [
        ("X-Mailer", "Microsoft Outlook 16.0")]


def outlook_web(lang, lines, old):
    """HTML only."""
    page = ('<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style type="text/css" '
            'style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head><body dir="ltr">')
    page += "".join(f'<div class="elementToProof" style="font-family: Aptos, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);">{esc(l) or "<br>"}</div>'
                    for l in lines)
    if old is not None:
        sender, sent, to, subject, date = at(OUTLOOK, lang)
        page += (f'<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
                 f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000"><b>{sender}:</b> '
                 f'{esc(SENDER)}<br><b>{sent}:</b> {date}<br><b>{to}:</b> anna@example.net<br><b>{subject}:</b> {SUBJECT}</font>'
                 f'<div>&nbsp;</div></div><div>{esc(old).replace(chr(10), "<br>")}</div>')
    page += "</body></html>\n"
    return "MIME-Version: 1.0" + CRLF + part("text/html", page), [("X-MS-Has-Attach", ""), ("X-MS-Exchange-SenderADCheck", "1")]


def outlook_mobile(lang, lines, old):
    """Outlook on a phone: HTML only, a signature with a link, the block below a rule."""
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>'
    page += "".join(f'<div dir="auto">{esc(l) or "<br>"}</div>' for l in lines)
    page += f'<div id="ms-outlook-mobile-signature" dir="auto"><div><br></div><a href="https://aka.example/o0ukef">{at(OUTLOOK_MOBILE, lang)}</a></div>'
    if old is not None:
        sender, sent, to, subject, date = at(OUTLOOK, lang)
        page += (f'<div id="mail-editor-reference-message-container"><hr style="display:inline-block;width:98%"><div><b>{sender}:</b> '
                 f'{esc(SENDER)}<br><b>{sent}:</b> {date}<br><b>{to}:</b> anna@example.net<br><b>{subject}:</b> {SUBJECT}</div>'
                 f'<div>{esc(old).replace(chr(10), "<br>")}</div></div>')
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</body></html>", how="base64"), []


def apple_mail(lang, lines, old):
    text = "\n".join(lines) + "\n"
    page = f'<html><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space;">{"<br>".join(esc(l) for l in lines)}'
    if old is not None:
        text += f"\n> {at(APPLE, lang)}\n> \n{quote(old)}\n"
        page += (f'<br><div><br><blockquote type="cite"><div>{esc(at(APPLE, lang))}</div><br class="Apple-interchange-newline">'
                 f'<div>{esc(old).replace(chr(10), "<br>")}</div></blockquote></div><br>')
    parts = [part("text/plain", text), part("text/html", page + "</body></html>")]
    return "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.400.131\\))" + CRLF + multipart(
        "alternative", parts, "Apple-Mail=_1B2C3D4E"), [("X-Mailer", "Apple Mail (2.3826.400.131)")]


def ios(lang, lines, old):
    """The signature stands between what was typed and the quote."""
    text = "\n".join(lines) + f"\n\n{at(IPHONE, lang)}\n"
    if old is not None:
        text += f"\n> {at(APPLE, lang)}\n> \n{quote(old, chr(0xFEFF) + '> ') if lang == 'en' else quote(old)}\n"
    page = f'<html><head></head><body dir="auto">{"<br>".join(esc(l) for l in lines)}<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">{at(IPHONE, lang)}</div>'
    if old is not None:
        page += f'<div dir="ltr"><br><blockquote type="cite">{esc(at(APPLE, lang))}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{esc(old)}</div></blockquote>'
    parts = [part("text/plain", text, how="base64" if lang in ("ja", "zh", "ru", "ko") else "quoted-printable"),
             part("text/html", page + "</body></html>", how="quoted-printable")]
    return "Mime-Version: 1.0 (1.0)" + CRLF + multipart("alternative", parts, "Apple-Mail-5F2A"), [("X-Mailer", "iPhone Mail (23D127)")]


def thunderbird(lang, lines, old):
    """format=flowed, 8bit; a signature may follow."""
    text = "\n".join(lines) + "\n"
    if old is not None:
        text += f"\n{at(THUNDERBIRD, lang)}\n{quote(old)}\n"
    text += "\n-- \nAnna Example\nfollow me on the web\n"
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "UTF-8", "8bit", "; format=flowed"), [
        ("User-Agent", "Mozilla Thunderbird"), ("Content-Language", lang)]


def thunderbird_below(lang, lines, old):
    """Thunderbird as it comes: the answer below the quote."""
    text = f"{at(THUNDERBIRD, lang)}\n{quote(old)}\n\n" + "\n".join(lines) + "\n"
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "UTF-8", "8bit", "; format=flowed"), [
        ("User-Agent", "Mozilla Thunderbird")]


def thunderbird_html(lang, lines, old):
    page = f'<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body>{"".join(f"<p>{esc(l)}</p>" for l in lines)}'
    if old is not None:
        page += f'<div class="moz-cite-prefix">{esc(at(THUNDERBIRD, lang))}<br></div><blockquote type="cite" cite="mid:1@example.org">{esc(old)}</blockquote>'
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</body></html>", "UTF-8", "8bit"), [("User-Agent", "Mozilla Thunderbird")]


def k9(lang, lines, old):
    sign = {"de": "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
            "fr": "Envoyé de mon appareil Android avec Courriel K-9 Mail. Veuillez excuser ma brièveté.",
            "es": "Enviado desde mi dispositivo Android con K-9 Mail. Por favor disculpa mi brevedad."}.get(
                lang, "Sent from my Android device with K-9 Mail. Please excuse my brevity.")
    text = "\n".join(lines) + f"\n-- \n{sign}\n"
    if old is not None:
        text = "\n".join(lines) + f"\n\n{at(THUNDERBIRD, lang)}\n{quote(old, '>')}\n-- \n{sign}\n"
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text), [("User-Agent", "K-9 Mail for Android")]


def yahoo(lang, lines, old):
    page = f'<html><head></head><body><div class="ydp1yahoo-style-wrap" style="font-family:Helvetica Neue">{html_lines(lines)}<div><br></div></div>'
    text = "  " + " \n".join(lines) + "\n\n"
    if old is not None:
        said = {"de": "Am Mittwoch, 4. März 2026 um 07:00:00 MEZ hat Daily Business <news@example.org> Folgendes geschrieben: ",
                "fr": "Le mercredi 4 mars 2026 à 07:00:00 UTC+1, Daily Business <news@example.org> a écrit : ",
                "es": "El miércoles, 4 de marzo de 2026, 07:00:00 CET, Daily Business <news@example.org> escribió: "}.get(
                    lang, "On Wednesday, March 4, 2026 at 07:00:00 AM EST, Daily Business <news@example.org> wrote: ")
        text += f"    {said}\n \n {old}\n"
        page += f'<div id="ydp2yahoo_quoted_1" class="ydp2yahoo_quoted"><div>{esc(said)}</div><div><br></div><div>{esc(old)}</div></div>'
    parts = [part("text/plain", text), part("text/html", page + "</body></html>")]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "----=_Part_123_456.1772604000"), [("X-Mailer", "WebService/1.1.2 YahooMailIosMobile")]


def webde(lang, lines, old):
    """GMX and WEB.DE: HTML only, the old mail below a block, indented."""
    page = f'<html><head></head><body><div style="font-family: Verdana;font-size: 12.0px;">{html_lines(lines)}<div>&nbsp;'
    if old is not None:
        page += ('<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;">'
                 '<div style="margin:0 0 10px 0;"><b>Gesendet:</b>&nbsp;Mittwoch, 04. M&auml;rz 2026 um 07:00 Uhr<br/><b>Von:</b>&nbsp;&quot;Daily Business&quot; &lt;news@example.org&gt;<br/>'
                 f'<b>An:</b>&nbsp;anna@example.net<br/><b>Betreff:</b>&nbsp;{SUBJECT}</div><div name="quoted-content">{esc(old).replace(chr(10), "<br/>")}</div></div>')
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</div></div></body></html>", "UTF-8", "7bit" if old is None and all(ord(c) < 128 for l in lines for c in l) else "base64"), [
        ("X-Mailer", "GMX Mail")]


def proton(lang, lines, old):
    text = "\n".join(lines) + "\n\n"
    text += "Sent with [Proton Mail](https://proton.example/mail/home) secure email.\n"
    if old is not None:
        text += f"\nOn Wednesday, 4 March 2026 at 07:00, Daily Business <news@example.org> wrote:\n\n{quote(old)}\n"
    page = f'<div style="font-family: Arial, sans-serif; font-size: 14px;">{"<br>".join(esc(l) for l in lines)}</div><div class="protonmail_signature_block">Sent with Proton Mail secure email.</div>'
    if old is not None:
        page += f'<div class="protonmail_quote">On Wednesday, 4 March 2026 at 07:00, Daily Business wrote:<br><blockquote class="protonmail_quote" type="cite">{esc(old)}</blockquote></div>'
    parts = [part("text/plain", text, how="base64"), part("text/html", page, how="base64")]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "b1_proton"), [("X-Pm-Message-ID", "0123456789abcdef")]


def samsung(lang, lines, old):
    sign = {"de": "Von meinem/meiner Galaxy gesendet", "fr": "Envoyé depuis mon appareil Galaxy", "es": "Enviado desde mi Galaxy",
            "it": "Inviato dal mio Galaxy", "pl": "Wysłano z mojego urządzenia Galaxy"}.get(lang, "Sent from my Galaxy")
    page = f'<html><head></head><body><div dir="auto">{"<br>".join(esc(l) for l in lines)}</div><div dir="auto"><br></div><div id="composer_signature" dir="auto"><div style="font-size:12px;color:#575757" dir="auto">{sign}</div></div>'
    if old is not None:
        mark = {"de": "-------- Ursprüngliche Nachricht --------", "fr": "-------- Message d'origine --------"}.get(lang, "-------- Original message --------")
        page += f'<div dir="auto"><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>{mark}</div><div>From: {esc(SENDER)} </div><div>Date: 04/03/2026  07:00  (GMT+00:00) </div><div>To: anna@example.net </div><div>Subject: {SUBJECT} </div></div>{esc(old)}'
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</body></html>", how="base64"), []


def mutt(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        text = f"On Wed, Mar 04, 2026 at 07:00:00AM +0000, Daily Business wrote:\n{quote(old)}\n\n" + text
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "us-ascii", "7bit"), [("User-Agent", "Mutt/2.2.12 (2023-09-09)")]


def roundcube(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        said = {"de": "Am 2026-03-04 07:00, schrieb Daily Business:", "fr": "Le 2026-03-04 07:00, Daily Business a écrit :",
                "es": "El 2026-03-04 07:00, Daily Business escribió:"}.get(lang, "On 2026-03-04 07:00, Daily Business wrote:")
        text = f"{said}\n{quote(old)}\n\n" + text
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "UTF-8", "8bit", "; format=flowed"), [("User-Agent", "Roundcube Webmail/1.6.9")]


def zimbra(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        mark = {"fr": "----- Mail original -----\nDe: ", "de": "----- Ursprüngliche Mail -----\nVon: "}.get(lang, "----- Original Message -----\nFrom: ")
        text += f'\n{mark}"Daily Business" <news@example.org>\nTo: "anna" <anna@example.net>\nSent: Wednesday, March 4, 2026 7:00:00 AM\nSubject: {SUBJECT}\n\n{old}\n'
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text), [("X-Mailer", "Zimbra 10.0.9_GA_4658 (ZimbraWebClient - FF133 (Win)/10.0.9)")]


def notes(lang, lines, old):
    """HCL Notes: the old mail's fields in a table, without quote marks."""
    text = "\n".join(lines) + "\n\n\n"
    if old is not None:
        text += f'From:   "Daily Business" <news@example.org>\nTo:     anna@example.net\nDate:   04-03-2026 07:00\nSubject:        {SUBJECT}\n\n\n\n{old}\n'
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "US-ASCII", "7bit"), [("X-Mailer", "HCL Notes Release 12.0.2")]


def qq(lang, lines, old):
    """QQ Mail: GB18030 in base64, HTML and text."""
    text = "\n".join(lines) + "\n\n\n"
    page = f'<meta http-equiv="Content-Type" content="text/html; charset=GB18030">{html_lines(lines)}<div><br></div>'
    if old is not None:
        text += f'------------------ 原始邮件 ------------------\n发件人: "Daily Business" <news@example.org>;\n发送时间: 2026年3月4日(星期三) 上午7:00\n收件人: "anna"<anna@example.net>;\n\n主题: {SUBJECT}\n\n\n\n{old}\n'
        page += f'<div style="font-size: 12px;padding:2px 0;">------------------&nbsp;原始邮件&nbsp;------------------</div><div><b>发件人:</b> Daily Business</div><div>{esc(old)}</div>'
    parts = [part("text/plain", text, "gb18030", "base64"), part("text/html", page, "gb18030", "base64")]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "----=_NextPart_5E1F_QQ"), [("X-QQ-MIME", "TCMime 1.0 by Tencent"), ("X-Mailer", "QQMail 2.x")]


def docomo(lang, lines, old):
    """A Japanese phone: ISO-2022-JP, 7bit."""
    text = "\n".join(lines) + "\n"
    if old is not None:
        text += f"\n2026/03/04 7:00 Daily Business <news@example.org>:\n{quote(old)}\n"
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "iso-2022-jp", "7bit"), []


def mailru(lang, lines, old):
    page = f'\n<HTML><BODY><div>{"<br>".join(esc(l) for l in lines)}</div><div>&nbsp;</div><div>--<br>Anna</div>'
    text = "\n".join(lines) + "\n \n--\nAnna\n"
    if old is not None:
        said = "Среда,  4 марта 2026, 7:00 +03:00 от Daily Business <news@example.org>:"
        text += f" \n>{said}\n>\n{quote(old, '>')}\n"
        page += f'<div>&nbsp;</div><blockquote style="border-left:1px solid #0857A6;">{said}<br>{esc(old)}</blockquote>'
    parts = [part("text/plain", text, how="base64"), part("text/html", page + "</BODY></HTML>", how="base64")]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "--ALT--mailru1772604000"), [("X-Mailer", "Mail.Ru Mailer 1.0")]


def evolution(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        text = f"On Wed, 2026-03-04 at 07:00 +0000, Daily Business wrote:\n{quote(old)}\n\n" + text
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "UTF-8", "quoted-printable"), [("User-Agent", "Evolution 3.56.1")]


def kmail(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        said = {"de": "Am Mittwoch, 4. März 2026, 07:00:00 Mitteleuropäische Normalzeit schrieb Daily Business:"}.get(
            lang, "On Wednesday, March 4, 2026 7:00:00 AM Central European Standard Time Daily Business wrote:")
        text = f"{said}\n{quote(old)}\n\n" + text
    return "MIME-Version: 1.0" + CRLF + part("text/plain", text, "utf-8", "quoted-printable"), [("User-Agent", "KMail")]


def aol(lang, lines, old):
    page = f'<html><head></head><body><div class="aolmail_style">{html_lines(lines)}</div>'
    if old is not None:
        page += f'<div id="aolmail_ydp1yahoo_quoted_2" class="yahoo_quoted"><div>On Wednesday, March 4, 2026 at 07:00:00 AM EST, Daily Business &lt;news@example.org&gt; wrote:</div><div>{esc(old)}</div></div>'
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</body></html>"), [("X-Mailer", "WebService AolMail")]


def fastmail(lang, lines, old):
    text = "\n".join(lines) + "\n"
    if old is not None:
        text += f"\nOn Wed, 4 Mar 2026, at 7:00 AM, Daily Business wrote:\n{quote(old)}\n"
    page = f"<!DOCTYPE html><html><head><title></title></head><body>{html_lines(lines)}"
    if old is not None:
        page += f'<div><br></div><div>On Wed, 4 Mar 2026, at 7:00 AM, Daily Business wrote:<br></div><blockquote type="cite" id="qt"><div>{esc(old)}</div></blockquote>'
    parts = [part("text/plain", text, "utf-8", "7bit" if lang == "en" else "quoted-printable"), part("text/html", page + "</body></html>")]
    return "MIME-Version: 1.0" + CRLF + multipart("alternative", parts, "fm1"), [("X-ThreadId", "A1b2c3")]


def libero(lang, lines, old):
    page = f'<!DOCTYPE html><html><body>{"".join(f"<p>{esc(l)}</p>" for l in lines)}'
    if old is not None:
        page += f'<blockquote type="cite">Il 04/03/2026 07:00 CET Daily Business &lt;news@example.org&gt; ha scritto:<br>&nbsp;<br>{esc(old)}</blockquote>'
    return "MIME-Version: 1.0" + CRLF + part("text/html", page + "</body></html>", "UTF-8", "7bit" if all(ord(c) < 128 for l in lines for c in l) else "quoted-printable"), [("X-Mailer", "Open-Xchange Mailer v8")]


CLIENTS = {f.__name__: f for f in (
    gmail, gmail_android, outlook_desktop, outlook_plain, outlook_web, outlook_mobile, apple_mail, ios, thunderbird,
    thunderbird_below, thunderbird_html, k9, yahoo, webde, proton, samsung, mutt, roundcube, zimbra, notes, qq, docomo, mailru,
    evolution, kmail, aol, fastmail, libero)}

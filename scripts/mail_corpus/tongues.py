"""What mail programs write around a reply, by language: attributions, header blocks, signatures."""

SENDER = "Daily Business <news@example.org>"

# Gmail on the web and Android.
GMAIL = {
    "en": f"On Wed, Mar 4, 2026 at 7:00\u202fAM {SENDER} wrote:",
    "de": f"Am Mi., 4. März 2026 um 07:00\u202fUhr schrieb {SENDER}:",
    "fr": f"Le mer. 4 mars 2026 à 07:00, {SENDER} a écrit\u00a0:",
    "es": f"El mié, 4 mar 2026 a las 7:00, Daily Business (<news@example.org>) escribió:",
    "pt": f"Em qua., 4 de mar. de 2026 às 07:00, {SENDER} escreveu:",
    "it": f"Il giorno mer 4 mar 2026 alle ore 07:00 {SENDER} ha scritto:",
    "pl": f"śr., 4 mar 2026 o 07:00 {SENDER} napisał(a):",
    "ru": f"ср, 4 мар. 2026\u202fг. в 07:00, {SENDER}:",
    "ja": f"2026年3月4日(水) 7:00 {SENDER}:",
    "zh": f"Daily Business <news@example.org> 于2026年3月4日周三 07:00写道：",
    "nl": f"Op wo 4 mrt 2026 om 07:00 schreef {SENDER}:",
    "sv": f"Den ons 4 mars 2026 kl 07:00 skrev {SENDER}:",
    "tr": f"{SENDER}, 4 Mar 2026 Çar, 07:00 tarihinde şunu yazdı:",
    "ko": f"2026년 3월 4일 (수) 오전 7:00, Daily Business <news@example.org>님이 작성:",
    "cs": f"st 4. 3. 2026 v 7:00 odesílatel {SENDER} napsal:",
    "hu": f"Daily Business <news@example.org> ezt írta (időpont: 2026. márc. 4., Sze, 7:00):",
    "fi": f"ke 4. maalisk. 2026 klo 7.00 Daily Business (news@example.org) kirjoitti:",
    "da": f"Den ons. 4. mar. 2026 kl. 07.00 skrev {SENDER}:",
}

# Apple Mail and iOS.
APPLE = {
    "en": f"On Mar 4, 2026, at 7:00\u202fAM, {SENDER} wrote:",
    "de": f"Am 04.03.2026 um 07:00 schrieb {SENDER}:",
    "fr": f"Le 4 mars 2026 à 07:00, {SENDER} a écrit :",
    "es": f"El 4 mar 2026, a las 7:00, {SENDER} escribió:",
    "pt": f"Em 4 de mar. de 2026, à(s) 07:00, {SENDER} escreveu:",
    "it": f"Il giorno 4 mar 2026, alle ore 07:00, {SENDER} ha scritto:",
    "pl": f"Wiadomość napisana przez {SENDER} w dniu 4 mar 2026, o godz. 07:00:",
    "ru": f"4 марта 2026 г., в 07:00, {SENDER} написал(а):",
    "ja": f"2026/03/04 7:00、{SENDER}のメール:",
    "zh": f"在 2026年3月4日，07:00，{SENDER} 写道：",
    "nl": f"Op 4 mrt 2026 om 07:00 heeft {SENDER} het volgende geschreven:",
    "sv": f"4 mars 2026 kl. 07:00 skrev {SENDER}:",
    "ko": f"2026. 3. 4. 오전 7:00, {SENDER} 작성:",
}

# Thunderbird.
THUNDERBIRD = {
    "en": "On 04/03/2026 07:00, Daily Business wrote:",
    "de": "Am 04.03.26 um 07:00 schrieb Daily Business:",
    "fr": "Le 04/03/2026 à 07:00, Daily Business a écrit :",
    "es": "El 4/3/26 a las 7:00, Daily Business escribió:",
    "it": "Il 04/03/2026 07:00, Daily Business ha scritto:",
    "pl": "W dniu 4.03.2026 o 07:00, Daily Business pisze:",
    "ru": "04.03.2026 07:00, Daily Business пишет:",
    "pt": "Em 04/03/2026 07:00, Daily Business escreveu:",
    "nl": "Op 04-03-2026 om 07:00 schreef Daily Business:",
    "cs": "Dne 04. 03. 26 v 7:00 Daily Business napsal(a):",
}

# Outlook's block over the old mail: from, sent, to, subject.
OUTLOOK = {
    "en": ("From", "Sent", "To", "Subject", "Wednesday, March 4, 2026 7:00 AM"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Mittwoch, 4. März 2026 07:00"),
    "fr": ("De", "Envoyé", "À", "Objet", "mercredi 4 mars 2026 07:00"),
    "es": ("De", "Enviado", "Para", "Asunto", "miércoles, 4 de marzo de 2026 7:00"),
    "pt": ("De", "Enviado", "Para", "Assunto", "quarta-feira, 4 de março de 2026 07:00"),
    "it": ("Da", "Inviato", "A", "Oggetto", "mercoledì 4 marzo 2026 07:00"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "środa, 4 marca 2026 07:00"),
    "ru": ("От", "Отправлено", "Кому", "Тема", "среда, 4 марта 2026 г. 07:00"),
    "ja": ("差出人", "送信日時", "宛先", "件名", "2026年3月4日 7:00"),
    "zh": ("发件人", "发送时间", "收件人", "主题", "2026年3月4日 7:00"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "woensdag 4 maart 2026 07:00"),
    "sv": ("Från", "Skickat", "Till", "Ämne", "den 4 mars 2026 07:00"),
    "tr": ("Kimden", "Gönderildi", "Kime", "Konu", "4 Mart 2026 Çarşamba 07:00"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "středa 4. března 2026 7:00"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목", "2026년 3월 4일 수요일 오전 7:00"),
    "da": ("Fra", "Sendt", "Til", "Emne", "4. marts 2026 07:00"),
    "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "keskiviikko 4. maaliskuuta 2026 7.00"),
}

IPHONE = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
    "es": "Enviado desde mi iPhone",
    "pt": "Enviado do meu iPhone",
    "it": "Inviato da iPhone",
    "pl": "Wysłane z iPhone'a",
    "ru": "Отправлено с iPhone",
    "ja": "iPhoneから送信",
    "zh": "发自我的 iPhone",
    "nl": "Verstuurd vanaf mijn iPhone",
    "sv": "Skickat från min iPhone",
    "ko": "나의 iPhone에서 보냄",
}

OUTLOOK_MOBILE = {
    "en": "Get Outlook for iOS",
    "de": "Outlook für Android herunterladen",
    "fr": "Télécharger Outlook pour iOS",
    "es": "Obtener Outlook para Android",
    "pt": "Obter o Outlook para iOS",
    "it": "Ottieni Outlook per Android",
    "pl": "Pobierz program Outlook dla systemu iOS",
    "ru": "Скачать Outlook для iOS",
    "ja": "iOS 版 Outlook を入手",
    "zh": "获取 Outlook for iOS",
}

REPLY = {"en": "Re", "de": "AW", "fr": "RE", "es": "RE", "pt": "RES", "it": "R", "pl": "ODP", "ru": "Re", "ja": "RE",
         "zh": "答复", "nl": "Antw", "sv": "SV", "tr": "YNT", "cs": "RE", "ko": "RE", "da": "SV", "fi": "VS", "hu": "Re"}

FORWARD = {"en": "Fwd", "de": "WG", "fr": "TR", "es": "RV", "it": "I", "nl": "Doorst", "pl": "PD", "sv": "VB"}

# A friendly word that is no command.
YES = {"en": "Yes please!", "de": "Ja, gerne. Viele Grüße, Jürgen", "fr": "Oui, merci beaucoup", "es": "Sí, gracias",
       "pt": "Sim, obrigado", "it": "Sì grazie", "pl": "Tak, dziękuję", "ru": "Да, спасибо", "ja": "はい、お願いします。",
       "zh": "好的，谢谢", "nl": "Ja graag", "sv": "Ja tack", "tr": "Evet, teşekkürler", "ko": "네, 감사합니다",
       "cs": "Ano, prosím", "hu": "Igen, köszönöm", "fi": "Kyllä kiitos", "da": "Ja tak"}

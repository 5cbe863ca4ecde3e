"""Dovecot: the readers' mailboxes (LMTP in, IMAP with TLS out), and the passwords that Postfix asks for."""

from ground import ACCOUNT, wait_for_port

PASSWORD = "correct-horse"


class Dovecot:
    """Every address that is asked for has a mailbox; Postfix decides which exist."""

    def __init__(self, ground, certificates):
        home = ground.path("dovecot")
        self.imap, self.imaps, self.lmtp, self.auth = (ground.port() for _ in range(4))
        mail = ground.path("mailboxes", own=True)
        config = home / "dovecot.conf"
        config.write_text(f"""
base_dir = {ground.path("dovecot", "run")}
state_dir = {ground.path("dovecot", "state")}
log_path = {ground.path("log")}/dovecot-mail.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificates.cert}
ssl_key = <{certificates.key}
disable_plaintext_auth = yes
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:{mail}/%u
mail_log_prefix = "%s(%u): "
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={ACCOUNT} gid={ACCOUNT} home={mail}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp}
  }}
}}
service auth {{
  inet_listener postfix {{
    port = {self.auth}
  }}
}}
service stats {{
  client_limit = 200
}}
""")
        process = ground.start("dovecot", ["dovecot", "-F", "-c", config])
        for port in (self.imaps, self.lmtp, self.auth):
            wait_for_port("Dovecot", port, process)

"""Postfix, twice: the operator's server, through which Courant sends and which hands it mail, and the readers' provider.

Each instance has its own configuration, queue and log below the run's folder; the machine's own Postfix is not touched.
"""

from ground import ACCOUNT, run, wait_for, wait_for_port

# No chroot anywhere; `postlog` keeps the log in a file, since there may be no syslog here.
SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 5 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
local unix - n n - - local
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """One instance. `main` is lines of main.cf, `services` lines of master.cf, beside what every instance needs."""

    def __init__(self, ground, name, main, services, ports):
        self.ground, self.name = ground, name
        self.config = ground.path(name)
        queue, data = ground.path(name, "queue"), ground.path(name, "data")
        self.log = ground.path("log") / f"{name}-mail.log"
        (self.config / "master.cf").write_text(SERVICES + services)
        (self.config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {self.log}
maillog_file_prefixes = {ground.folder}
myhostname = {name}.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
alias_database =
recipient_delimiter = +
biff = no
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 10s
{main}
""")
        run(["chown", "postfix", data])
        process = ground.start(name, ["postfix", "-c", self.config, "start-fg"])
        ground.at_end(self.stop)
        for port in ports:
            wait_for_port(name, port, process)

    def stop(self):
        run(["postfix", "-c", self.config, "stop"])

    def logged(self, words):
        """Waits for a line of the log that holds all these words."""
        return wait_for(
            f"`{' '.join(words)}` in the log of {self.name}",
            lambda: next((line for line in self.log.read_text().splitlines() if all(w in line for w in words)), None),
        )


class Provider(Postfix):
    """Where readers have their mailboxes: `readers.test`. Knows who exists, checks signatures, hands over to Dovecot."""

    def __init__(self, ground, dovecot, opendkim, readers):
        self.smtp = ground.port()
        self.operator_port = ground.port()
        self.readers = set(readers)
        self.known = ground.path("provider") / "readers"
        self.write_readers()
        super().__init__(
            ground, "provider",
            f"""
mydestination =
alias_maps =
virtual_mailbox_domains = readers.test
virtual_mailbox_maps = texthash:{self.known}
virtual_transport = lmtp:inet:127.0.0.1:{dovecot.lmtp}
default_transport = smtp:[127.0.0.1]:{self.operator_port}
smtpd_milters = inet:127.0.0.1:{opendkim}
milter_default_action = tempfail
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
""",
            f"127.0.0.1:{self.smtp} inet n - n - - smtpd\n",
            [self.smtp],
        )

    def write_readers(self):
        self.known.write_text("".join(f"{reader} here\n" for reader in sorted(self.readers)))

    def close(self, person):
        """A mailbox is no more."""
        self.readers.discard(person.address)
        self.write_readers()
        run(["postfix", "-c", self.config, "reload"])


class Operator(Postfix):
    """Where Courant runs: one domain a door, submission with login and STARTTLS, and with TLS from the first byte."""

    def __init__(self, ground, certificates, dovecot, provider, policy, verifier, courant, doors):
        self.smtp = provider.operator_port
        self.starttls, self.implicit = ground.port(), ground.port()
        folder = ground.path("operator")
        aliases, transports = folder / "aliases", folder / "transports"
        lines, services = [], []
        for door in doors:
            pipe = f"{courant} --config {door.config} inbound"
            if door.kind == "pipe":
                services.append(
                    f"courant-{door.name} unix - n n - 4 pipe\n  flags=Rq user={ACCOUNT} argv={pipe} "
                    "--sender ${sender} --recipient ${original_recipient}\n"
                )
                lines.append(f"{door.domain} courant-{door.name}:\n")
            elif door.kind == "lmtp":
                lines.append(f"{door.domain} lmtp:inet:127.0.0.1:{door.lmtp}\n")
            elif door.kind == "lmtp-socket":
                lines.append(f"{door.domain} lmtp:unix:{door.socket}\n")
            elif door.kind == "imap":
                lines.append(f"{door.domain} lmtp:inet:127.0.0.1:{dovecot.lmtp}\n")
            elif door.kind == "alias":
                aliases.write_text(f'news: "|{pipe}"\nbounces: "|{pipe}"\n')
                run(["postalias", "-c", "/etc/postfix", f"hash:{aliases}"])
                lines.append(f"{door.domain} local:\n")
        transports.write_text("".join(lines))
        local = " ".join(door.domain for door in doors if door.kind == "alias")
        relayed = " ".join(door.domain for door in doors if door.kind != "alias")
        login = (
            "  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes -o mynetworks=192.0.2.1\n"
            "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"
            f"  -o {{smtpd_recipient_restrictions=check_policy_service inet:127.0.0.1:{policy},permit_sasl_authenticated,reject}}\n"
        )
        super().__init__(
            ground, "operator",
            f"""
mydestination = {local}
alias_maps = hash:{aliases}
local_recipient_maps = $alias_maps
mail_spool_directory = {folder}
default_privs = {ACCOUNT}
relay_domains = {relayed}
transport_maps = texthash:{transports}
default_transport = smtp:[127.0.0.1]:{provider.smtp}
smtpd_tls_cert_file = {certificates.cert}
smtpd_tls_key_file = {certificates.key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{dovecot.auth}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
""",
            f"127.0.0.1:{self.smtp} inet n - n - - smtpd\n  -o smtpd_milters=inet:127.0.0.1:{verifier}\n"
            f"127.0.0.1:{self.starttls} inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n{login}"
            f"127.0.0.1:{self.implicit} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n{login}"
            + "".join(services),
            [self.smtp, self.starttls, self.implicit],
        )

"""opendkim as the provider's milter: it verifies what comes in and writes down what it found."""

from ground import wait_for_port


def start(ground, keys):
    """`keys` is DNS name to TXT record. Returns the milter's port."""
    folder = ground.path("opendkim")
    records = folder / "records"
    records.write_text("".join(f"{name} {value}\n" for name, value in keys.items()))
    port = ground.port()
    config = folder / "opendkim.conf"
    config.write_text(f"""
Mode v
Socket inet:{port}@127.0.0.1
PidFile {folder}/opendkim.pid
TestPublicKeys {records}
InternalHosts 192.0.2.1
AuthservID provider.test
AlwaysAddARHeader yes
Syslog no
LogResults yes
""")
    process = ground.start("opendkim", ["opendkim", "-f", "-x", config])
    wait_for_port("opendkim", port, process)
    return port

"""opendkim as a server's milter: it verifies what comes in and writes down what it found."""

from ground import wait_for_port


def start(ground, server, keys):
    """`keys` is DNS name to TXT record. Returns the milter's port."""
    folder = ground.path(f"opendkim-{server}")
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
AuthservID {server}.test
AlwaysAddARHeader yes
Syslog no
LogResults yes
""")
    process = ground.start(f"opendkim-{server}", ["opendkim", "-f", "-x", config])
    wait_for_port("opendkim", port, process)
    return port

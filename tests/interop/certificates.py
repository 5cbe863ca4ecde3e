"""A certificate authority that lives as long as the run, and one certificate for this machine."""

from ground import run


class Certificates:
    """Made with openssl; the names are those under which servers here are reached."""

    def __init__(self, ground):
        folder = ground.path("tls")
        self.ca, self.cert, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(["openssl", "req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", self.ca, "-days", "2",
             "-subj", "/CN=Throw-away authority", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign"])
        run(["openssl", "req", *curve, "-keyout", self.key, "-out", folder / "server.csr", "-subj", "/CN=localhost"])
        names = folder / "names.cnf"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        run(["openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", self.ca, "-CAkey", folder / "ca.key",
             "-CAcreateserial", "-days", "2", "-extfile", names, "-out", self.cert])

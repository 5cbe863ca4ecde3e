"""A policy service for Postfix (SMTPD_POLICY_README): defers the first attempt at a recipient whose name begins with `grey`."""

import socketserver
import threading

ANSWER_FIRST = "450 4.7.1 Greylisted, see you in five minutes"


class Policy:
    """Counts the attempts it saw, by recipient."""

    def __init__(self, ground):
        seen = self.seen = {}

        class Answer(socketserver.StreamRequestHandler):
            def handle(self):
                asked = {}
                for line in self.rfile:
                    name, _, value = line.decode().strip().partition("=")
                    if name:
                        asked[name] = value
                        continue
                    recipient = asked.get("recipient", "")
                    seen[recipient] = seen.get(recipient, 0) + 1
                    defer = recipient.startswith("grey") and seen[recipient] == 1
                    self.wfile.write(f"action={ANSWER_FIRST if defer else 'DUNNO'}\n\n".encode())
                    asked = {}

        socketserver.ThreadingTCPServer.daemon_threads = True
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ground.at_end(server.shutdown)

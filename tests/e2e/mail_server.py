"""A real mail server for a test: aiosmtpd with STARTTLS and a password, on a free port. Its certificate is made by
openssl, signed by itself, for the name localhost.
"""

import email
import email.policy
import subprocess
import threading
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class MailServer:
    """As an operator's: no mail without TLS, and none without the right password."""

    def __init__(self, folder, port, user, password):
        self.port, self.user, self.password = port, user.encode(), password.encode()
        self.refuse = {}  # mailbox → "451 4.3.0 not now", until it is taken away
        self.mails = []  # (mailboxes, the mail)
        self.attempts = []  # mailboxes asked for
        self.changed = threading.Lock()
        self.certificate = folder / "mail.pem"
        key = folder / "mail.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                        self.certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.controller = Controller(self, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True,
                                     auth_required=True, authenticator=self.authenticate)

    def start(self):
        self.controller.start()

    def stop(self):
        self.controller.stop()

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (self.user, self.password), handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        with self.changed:
            self.attempts.append(address)
            if address in self.refuse:
                return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        assert session.ssl is not None
        with self.changed:
            self.mails.append((envelope.rcpt_tos,
                               email.message_from_bytes(envelope.content, policy=email.policy.SMTP)))
        return "250 OK"

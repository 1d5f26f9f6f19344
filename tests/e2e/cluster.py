"""A private PostgreSQL for a test: its own folder, a free port, gone with the script however that ends.
As root it runs as the user postgres, since PostgreSQL refuses root. All by process id.
"""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "examples" / "demo"))

from ports import free_port  # noqa: E402
from script import show_logs  # noqa: E402

POSTGRES = Path("/usr/lib/postgresql/15/bin")
ADMIN = "postgres"
WAIT_SECONDS = 120  # reached only by what fails, so that a machine may be as slow as it likes


def wait_for(what, condition, seconds=WAIT_SECONDS):
    """Returns the condition's first true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def as_postgres(argv):
    if os.getuid() == 0:
        argv = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *argv]
    return [str(part) for part in argv]


def give_to_postgres(path):
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)


def check(argv, stdin="", **options):
    result = subprocess.run([str(part) for part in argv], input=stdin, capture_output=True, text=True, **options)
    if result.returncode:
        raise AssertionError(f"{argv[0]}: {(result.stderr or result.stdout).strip()}")
    return result.stdout


def descendants(pid):
    """The process and all below it, parents first."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue  # it has ended meanwhile
        found += [int(child) for child in children.split()]
    return found


def end(process, with_signal=signal.SIGTERM, seconds=60):
    """Ends a process that we started, frozen or not."""
    if process.poll() is None:
        process.send_signal(with_signal)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


class Session:
    """A psql that stays connected until close(), or until the first error."""

    def __init__(self, url):
        self.process = subprocess.Popen(
            [POSTGRES / "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", url], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        atexit.register(self.close)

    def send(self, sql):
        self.process.stdin.write(f"{sql};\n")
        self.process.stdin.flush()

    def run(self, sql):
        """Waits for it, and returns the lines that it printed."""
        self.send(sql)
        self.process.stdin.write("\\echo that is all\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == "that is all\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError("the session has ended")

    def close(self):
        atexit.unregister(self.close)
        self.process.kill()
        self.process.communicate()


class Cluster:
    """trust for the superuser, passwords for everyone else."""

    hba = (f"local all,replication {ADMIN} trust\nlocal all all scram-sha-256\n"
           f"host all {ADMIN} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")

    def __init__(self, *settings, data_of=None):
        self.dir = Path(tempfile.mkdtemp(prefix="backstay-pg-"))
        self.data = self.dir / "data"
        self.port = free_port()
        self.process = None
        atexit.register(self.remove)
        show_logs(self.dir, "log", "pgbouncer.log")
        give_to_postgres(self.dir)
        if data_of is None:
            self.make_data("initdb", f"--username={ADMIN}", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust")
        else:
            self.make_data("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "-d", data_of.admin_url())
        self.configure(f"port={self.port}", "listen_addresses='127.0.0.1'", f"unix_socket_directories='{self.dir}'",
                       "fsync=off", *settings)
        self.set_hba(self.hba)

    def make_data(self, program, *arguments):
        # Not in the caller's folder: the user postgres may not be allowed into that.
        check(as_postgres([POSTGRES / program, "-D", self.data, "--no-sync", *arguments]), cwd=self.dir)

    # --- configuration ---

    def configure(self, *settings):
        """Later ones win. They hold from the next start or reload on."""
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write("".join(f"{setting}\n" for setting in settings))

    def set_hba(self, text):
        (self.data / "pg_hba.conf").write_text(text)

    def reload(self):
        """Returns once new connections are treated as the new files say."""
        before = self.sql("SELECT pg_conf_load_time()")
        self.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: self.sql("SELECT pg_conf_load_time()") != before)

    @property
    def log(self):
        return self.dir / "log"

    def url(self, user, password, database="app", options=""):
        return (f"postgresql://{user}:{urllib.parse.quote(password, safe='')}@127.0.0.1:{self.port}/{database}"
                + (f"?{options}" if options else ""))

    def admin_url(self, database="postgres"):
        return f"host={self.dir} port={self.port} user={ADMIN} dbname={database}"

    def admin_url_over_tcp(self, database="postgres"):
        """For those who cannot read the other; without TLS, which the cluster has not."""
        return f"postgresql://{ADMIN}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    # --- up and down ---

    def start(self):
        self.begin()
        self.wait_until_it_answers()
        return self

    def begin(self):
        """Starts it without waiting for its answer."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(as_postgres([POSTGRES / "postgres", "-D", self.data]),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                            start_new_session=True)

    def wait_until_it_answers(self):
        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"PostgreSQL ended at its start:\n{self.log.read_text()[-2000:]}")
            return self.refusal() == ""
        wait_for("PostgreSQL", answers)

    def wait_until_all_were_ended(self, pid):
        """After a backend was killed the postmaster ends all others, and starts anew."""
        wait_for("the crash", lambda: f"(PID {pid}) was terminated by signal 9" in self.log.read_text())
        wait_for("the recovery", lambda: "all server processes terminated; reinitializing" in self.log.read_text())
        self.wait_until_it_answers()

    def refusal(self):
        """Why it takes no connection; empty if it does."""
        return subprocess.run([POSTGRES / "psql", "-qXAtc", "SELECT 1", self.admin_url()], capture_output=True,
                              text=True).stderr

    def stop(self, mode=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: at once, as in a crash."""
        if self.process is not None:
            self.thaw()
            end(self.process, mode)
            self.process = None

    def freeze(self):
        """The whole cluster answers nothing until thaw(): the kernel takes connections, no more."""
        stopped = set()
        # Again, until nobody was started meanwhile.
        while new := [pid for pid in descendants(self.process.pid) if pid not in stopped]:
            self.signal(new, signal.SIGSTOP)
            stopped.update(new)

    def thaw(self):
        self.signal(reversed(descendants(self.process.pid)), signal.SIGCONT)

    @staticmethod
    def signal(pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # it has ended meanwhile

    def remove(self):
        atexit.unregister(self.remove)
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- what is in it ---

    def sql(self, text, database="postgres"):
        """As the superuser, all of it in one transaction. Returns what it printed."""
        return check([POSTGRES / "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-c", text,
                      self.admin_url(database)]).strip()

    def script(self, text, database="postgres"):
        """As the superuser, each statement in a transaction of its own."""
        check([POSTGRES / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-", self.admin_url(database)], text)

    def session(self, url=None, database="postgres"):
        return Session(url or self.admin_url(database))

    def invite(self, role="watcher", password="a password", database="app"):
        """The sample service's database, and a role that may do what docs/SECURITY.md grants it."""
        self.sql(f"CREATE DATABASE {database}")
        for name in ("schema.sql", "seed.sql"):
            self.script((ROOT / "examples" / "invitations" / name).read_text(), database)
        self.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'; GRANT pg_monitor TO {role}; GRANT SELECT ON users, "
                 f"invitations, emails, payments, subscriptions, feature_uses, api_calls TO {role}", database)
        return self.url(role, password, database)

    def end_ours(self):
        self.sql("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'backstay'")

    def ours(self, where="true"):
        """How many sessions of the exporter there are."""
        return int(self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backstay' "
                            f"AND ({where})"))

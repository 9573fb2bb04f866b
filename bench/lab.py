"""What all programs of this folder share: a folder with certificates and tools, processes that end with it, and what /proc says of them.

Everything stays on 127.0.0.0/8. A subject (subjects.py) runs on the first core, load and upstream on the last, where there are two."""
import json, os, pathlib, random, re, resource, shutil, signal, socket, ssl, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
NAME = 'gateway.test'
START_LIMIT = 60


class Trouble(Exception):
    """Something is missing or did not work: one line for the caller."""


def main(program):
    """Runs `program` and turns trouble into a line and exit code 1; TERM ends as INT does, so that children are stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(program())
    except Trouble as trouble:
        sys.exit(f'{pathlib.Path(sys.argv[0]).name}: {trouble}')
    except KeyboardInterrupt:
        sys.exit(130)


def allow_files():
    """As many open files as this user may have, for us and whom we start; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Hung(Trouble):
    """A load program did not end."""


class Subject:
    """A server under test, as a process tree."""

    def __init__(self, name, port, process, pid=None):
        self.name, self.port, self.process = name, port, process
        self._pid = pid or process.pid

    def _tree(self):
        pids, found = [self._pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            try:
                pids += map(int, pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split())
            except OSError:
                pass
        return found

    def _status(self, field):
        """The sum over the tree of a line of /proc/PID/status, in KB."""
        total = 0
        for pid in self._tree():
            try:
                total += int(re.search(rf'^{field}:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text(), re.M)[1])
            except (OSError, TypeError):
                pass
        if not total:
            raise Trouble(f'{self.name} has ended')
        return total

    def resident_kb(self):
        return self._status('VmRSS')

    def peak_kb(self):
        return self._status('VmHWM')

    def forget_peak(self):
        for pid in self._tree():
            pathlib.Path(f'/proc/{pid}/clear_refs').write_text('5')

    def cpu_seconds(self):
        total = 0
        for pid in self._tree():
            try:
                fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / os.sysconf('SC_CLK_TCK')


class Crowd:
    """One or more wscrowd processes that share a number of sockets."""

    def __init__(self, lab, port, sockets, *options, processes=1):
        shares = [sockets // processes + (i < sockets % processes) for i in range(processes)]
        self._load = [
            lab.start(f'crowd-{i}', [lab.tool('wscrowd'), '-s', f'127.0.0.{2 + i}', *options, str(port), str(share)], lab.load_core,
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for i, share in enumerate(shares) if share]

    def wait_until_up(self):
        return self._answers()

    def exchange(self):
        """The messages of option -m; returns their number and times."""
        for process in self._load:
            process.stdin.write('\n')
            process.stdin.flush()
        return self._answers()

    def leave(self):
        """Every socket echoes once more and closes in order; returns the result."""
        for process in self._load:
            process.stdin.close()
        answers = self._answers()
        for process in self._load:
            process.wait(30)
        return answers

    def _answers(self):
        """One JSON line of each process, added up: counts are summed, times are the worst's."""
        total = {}
        for process in self._load:
            line = process.stdout.readline()
            if not line:
                raise Trouble(f'wscrowd ended: {process.log.read_text().strip()}')
            for key, value in json.loads(line).items():
                if isinstance(value, str):
                    total[key] = total.get(key) or value
                elif key == 'seconds' or key.endswith('_ms'):
                    total[key] = max(total.get(key, 0), value)
                else:
                    total[key] = total.get(key, 0) + value
        return total


class Lab:
    """Use it in a `with`: its processes are stopped by their ids and its folder is removed at the end."""

    def __enter__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.cores, self.subject_core, self.load_core = cores, cores[0], cores[-1]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='edge-lab-'))
        self.directory.chmod(0o755)
        self._processes, self._tools = [], {}
        self._make_certificates()
        return self

    def __exit__(self, *_):
        for _ in range(2):  # the product drains at the first, and stops at the second
            for process in reversed(self._processes):
                if process.poll() is None:
                    process.terminate()
            time.sleep(.1)
        for process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def tool(self, name):
        """The path of a C tool of this folder, compiled once."""
        if name not in self._tools:
            self._tools[name] = str(self.directory / pathlib.Path(name).name)
            self._run('gcc', '-O2', '-w', '-o', self._tools[name], HERE / f'{name}.c', '-lssl', '-lcrypto')
        return self._tools[name]

    def start(self, name, command, cores, **options):
        """`cores`: one, or a list. `options` are those of Popen; output goes to a log unless they say otherwise."""
        log = self.directory / f'{len(self._processes)}-{name}.log'
        pinned = ['taskset', '-c', ','.join(map(str, cores if isinstance(cores, list) else [cores])), *map(str, command)]
        with open(log, 'w') as out:
            process = subprocess.Popen(pinned, **{'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': out, **options}, text=True)
        process.log = log
        self._processes.append(process)
        return process

    def run(self, command, seconds):
        """A load program's output; what it says is all that counts, because wsload and h2load fail where a single request did."""
        pinned = ['taskset', '-c', str(self.load_core), *map(str, command)]
        try:
            return subprocess.run(pinned, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds * 4 + 60).stdout
        except FileNotFoundError:
            raise Trouble(f'{command[0]} is missing (bench/README.md says what is needed)') from None
        except subprocess.TimeoutExpired:
            raise Hung(f'{" ".join(map(str, command))} does not end') from None

    def stop(self, subject):
        """By two signals: the product drains at the first, and stops at the second."""
        for _ in range(2):
            if subject.process.poll() is None:
                subject.process.terminate()
                time.sleep(.1)
        try:
            subject.process.wait(60)
        except subprocess.TimeoutExpired:
            raise Trouble(f'{subject.name} does not stop') from None

    def upstream(self, port=None, cores=None):
        """WebSocket echo and a fixed answer over plain HTTP; returns its port."""
        port = port or free_port()
        process = self.start('upstream', [self.tool('wsecho'), port], self.load_core if cores is None else cores)
        self._wait(process, port, lambda s: None)
        return port

    def folder(self, name):
        """A folder of its own that a server's worker under another user may enter."""
        directory = pathlib.Path(tempfile.mkdtemp(prefix=f'{name}-', dir=self.directory))
        directory.chmod(0o755)
        return directory

    def serving(self, name, port, command, cores=None, environment=None):
        """A subject that has answered a request over TLS."""
        if not shutil.which(command[0]):
            raise Trouble(f'no program {command[0]} (bench/README.md says what is needed)')
        process = self.start(name, command, cores or self.subject_core, env={**os.environ, **(environment or {})})
        context = ssl.create_default_context(cafile=str(self.directory / 'ca.crt'))

        def greet(plain):
            with context.wrap_socket(plain, server_hostname=NAME) as tls:
                tls.sendall(f'GET /api HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n'.encode())
                if not tls.recv(100).startswith(b'HTTP/1.1 200'):
                    raise OSError('no 200 yet')

        self._wait(process, port, greet)
        return Subject(name, port, process)

    @staticmethod
    def _wait(process, port, greet):
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                with socket.create_connection(('127.0.0.1', port), 5) as plain:
                    return greet(plain)
            except OSError as error:
                if process.poll() is not None or time.monotonic() > end:
                    raise Trouble(f'{process.args[3]} does not serve on port {port} ({error}): {process.log.read_text()[-500:].strip()}') from None
                time.sleep(.1)

    def _make_certificates(self):
        key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
        self._run('openssl', 'req', '-x509', *key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Lab CA', '-days', '30', '-addext', 'keyUsage=critical,keyCertSign')
        self._run('openssl', 'req', *key, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', f'/CN={NAME}')
        # The address, too: wrk and h2load send it as the server's name.
        (self.directory / 'extensions').write_text(f'subjectAltName=DNS:{NAME},IP:127.0.0.1\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n')
        self._run('openssl', 'x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '20', '-extfile', 'extensions', '-out', 'leaf.crt')
        leaf, ca, key = ((self.directory / name).read_text() for name in ('leaf.crt', 'ca.crt', 'leaf.key'))
        (self.directory / 'full.crt').write_text(leaf + ca)
        (self.directory / 'all.pem').write_text(leaf + ca + key)

    def _run(self, *command):
        try:
            subprocess.run(list(map(str, command)), cwd=self.directory, check=True, capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            raise Trouble(f'{command[0]} is missing (bench/README.md says what is needed)') from None
        except subprocess.CalledProcessError as failure:
            raise Trouble(f'{command[0]}: {failure.stderr.strip()}') from None


def free_port():
    """Below those that clients are given, so that no outgoing connection takes it before its server does."""
    for port in random.sample(range(20000, 32768), 200):
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            if port not in _given:
                _given.add(port)
                return port
    raise Trouble('no free port between 20000 and 32768')


_given = set()

"""What bench/storm and bench/idle share: a folder with certificates and tools, processes that end with it, and what /proc says of them.

Everything stays on 127.0.0.0/8. The subject runs on core 0, load and upstream on core 1, where there are two."""
import json, os, pathlib, random, re, resource, shutil, signal, socket, ssl, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
NAME = 'gateway.test'
DEFAULT_PRODUCT = f'{HERE.parent}/artifacts/imgw/imgw run --config {{config}}'
START_LIMIT = 60


class Trouble(Exception):
    """Something is missing or did not work: one line for whoever called."""


def main(show):
    """Runs `show` and turns trouble into a line and exit code 2; TERM ends as INT does, so that children are stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(show())
    except Trouble as trouble:
        sys.exit(f'{pathlib.Path(sys.argv[0]).name}: {trouble}')
    except KeyboardInterrupt:
        sys.exit(130)


def allow_files():
    """As many open files as this user may have, for us and whom we start; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Subject:
    """A server under test, as a process tree."""

    def __init__(self, name, port, process):
        self.name, self.port, self.process = name, port, process

    def _tree(self):
        pids, found = [self.process.pid], []
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

    def leave(self):
        """Everybody echoes once more and closes in order; returns what came of it."""
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
        self.subject_core, self.load_core = cores[0], cores[-1]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='edge-lab-'))
        self.directory.chmod(0o755)
        self._processes, self._tools = [], {}
        self._make_certificates()
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
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
            self._run('gcc', '-O2', '-w', '-o', self.directory / name, HERE / f'{name}.c', '-lssl', '-lcrypto')
            self._tools[name] = str(self.directory / name)
        return self._tools[name]

    def start(self, name, command, core, **pipes):
        log = self.directory / f'{len(self._processes)}-{name}.log'
        with open(log, 'w') as out:
            process = subprocess.Popen(['taskset', '-c', str(core), *map(str, command)], **{'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': out, **pipes}, text=True)
        process.log = log
        self._processes.append(process)
        return process

    def stop(self, subject):
        subject.process.terminate()
        try:
            subject.process.wait(60)
        except subprocess.TimeoutExpired:
            raise Trouble(f'{subject.name} does not stop') from None

    def upstream(self):
        """WebSocket echo and a fixed answer over plain HTTP; returns its port."""
        port = free_port()
        process = self.start('upstream', [self.tool('wsecho'), port], self.load_core)
        self._wait(process, port, lambda s: None)
        return port

    def product(self, command, upstream):
        port, directory = free_port(), pathlib.Path(tempfile.mkdtemp(prefix='product-', dir=self.directory))
        config = directory / 'appsettings.json'
        config.write_text(json.dumps({'Edge': {
            'Hosts': [NAME], 'Upstreams': [f'http://127.0.0.1:{upstream}'], 'DataDirectory': str(directory / 'data'), 'AccessLog': False,
            'Listen': {'Https': [f'127.0.0.1:{port}'], 'Http': [], 'Management': [f'127.0.0.1:{free_port()}']},
            'Certificates': {'Source': 'Files', 'Files': [{'Certificate': f'{self.directory}/full.crt', 'Key': f'{self.directory}/leaf.key'}]}}}))
        words = command.replace('{config}', str(config)).split()
        if not shutil.which(words[0]):
            raise Trouble(f'no program {words[0]}: publish it first (bench/README.md), or name one with --product')
        return self._serving('product', port, words)

    def nginx(self, upstream):
        port, folder = free_port(), self.directory
        config = folder / f'nginx-{port}.conf'
        config.write_text((HERE / 'peers/nginx.conf').read_text().replace('@W@', str(folder)).replace('@PORT@', str(port)).replace('@UP@', str(upstream)))
        return self._serving('nginx', port, [os.environ.get('NGINX', 'nginx'), '-p', folder, '-c', config])

    def _serving(self, name, port, command):
        process = self.start(name, command, self.subject_core)
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
        self._run('openssl', 'req', '-x509', *key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Lab CA', '-days', '30')
        self._run('openssl', 'req', *key, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', f'/CN={NAME}')
        (self.directory / 'extensions').write_text(f'subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth\n')
        self._run('openssl', 'x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '20', '-extfile', 'extensions', '-out', 'leaf.crt')
        (self.directory / 'full.crt').write_text((self.directory / 'leaf.crt').read_text() + (self.directory / 'ca.crt').read_text())

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

"""Where and of what a report was measured: machine, commit, versions."""
import datetime, os, pathlib, platform, re, shutil, subprocess
import lab, subjects

REPOSITORY = lab.HERE.parent


def measured(place_name, names, options):
    """The head of a report. Versions of what was not measured are left out."""
    return {
        'place': place_name,
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
        'commit': os.environ.get('BENCH_COMMIT') or commit(),
        'machine': {'processor': _processor(), 'cores': len(os.sched_getaffinity(0)), 'memory_gb': round(_memory_kb() / 1024 / 1024), 'kernel': _kernel(), 'system': _system()},
        'versions': {name: subjects.version(name) for name in names if name in subjects.PEERS} | {'openssl': _openssl()},
        'options': options,
    }


def commit():
    """Marked where files differ from it; a measured commit is one that others can check out."""
    found = _git('rev-parse', '--short=12', 'HEAD')
    return found + (' with changes' if _git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench') else '')


def publish():
    """The product as it is released, in artifacts/imgw."""
    target = REPOSITORY / 'artifacts/imgw'
    if not shutil.which('dotnet'):
        raise lab.Trouble('no dotnet on PATH: install the .NET 10 SDK, or name a program with --product')
    shutil.rmtree(target, ignore_errors=True)
    runtime = 'linux-arm64' if platform.machine() == 'aarch64' else 'linux-x64'
    published = subprocess.run(['dotnet', 'publish', 'src/ImGateway.Edge', '-c', 'Release', '-r', runtime, '--self-contained', '-p:PublishReadyToRun=true',
                                '-p:RunAnalyzers=false', '-o', target, '-v', 'quiet', '-nologo'], cwd=REPOSITORY, capture_output=True, text=True)
    if published.returncode:
        raise lab.Trouble(f'dotnet publish: {published.stdout[-2000:].strip()}')


def find_peers(names):
    """A peer that is neither on PATH nor named in the environment is unpacked by tools/newer-debian."""
    missing = {name for name in names if name in subjects.PEERS and not shutil.which(subjects.program(name))}
    if not missing & {'nginx', 'caddy'}:
        return
    said = subprocess.run([REPOSITORY / 'tools/newer-debian'], capture_output=True, text=True)
    for name in missing & {'nginx', 'caddy'}:
        if found := re.search(rf'NEW_{name.upper()}=(\S+)', said.stdout):
            os.environ[name.upper()] = found[1]


def check_tools(names):
    """All that is missing, at once."""
    programs = {'gcc', 'openssl', 'taskset', 'wrk', 'h2load'} | {subjects.program(name) for name in names if name in subjects.PEERS}
    if missing := sorted(name for name in programs if not shutil.which(name)):
        raise lab.Trouble(f'missing: {", ".join(missing)}; apt-get install --no-install-recommends gcc libc6-dev libssl-dev openssl haproxy wrk nghttp2-client util-linux')


def _git(*arguments):
    return subprocess.run(['git', *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


def _processor():
    return re.search(r'^(?:model name|Model)\s*: (.*)', pathlib.Path('/proc/cpuinfo').read_text(), re.M)[1]


def _memory_kb():
    return int(re.search(r'^MemTotal:\s+(\d+)', pathlib.Path('/proc/meminfo').read_text(), re.M)[1])


def _kernel():
    return re.match(r'\d+\.\d+', platform.release())[0]


def _system():
    return re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path('/etc/os-release').read_text(), re.M)[1]


def _openssl():
    return subprocess.run(['openssl', 'version'], capture_output=True, text=True).stdout.split()[1]

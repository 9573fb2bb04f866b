"""The report in a container: the image that ships, with Debian's peers and load programs beside the product, and this folder mounted."""
import json, os, pathlib, shutil, subprocess, tempfile
import lab, machine

PRODUCT = '/app/imgw run --config {config}'
PACKAGES = 'gcc libc6-dev libssl-dev openssl nginx haproxy caddy wrk nghttp2-client python3-minimal python3 util-linux'
OPEN_FILES = 20000


def measured(options, arguments):
    """What bench/report measures in there, of the program in artifacts/imgw."""
    _engine()
    shipped, tools = f'imgw-edge:bench-{os.getpid()}', f'imgw-bench:{os.getpid()}'
    with tempfile.TemporaryDirectory(prefix='edge-bench-') as out:
        try:
            _docker('build', '-q', '-f', 'deploy/docker/Dockerfile', '-t', shipped, '--target', 'prepared', '--build-context', f'publish={machine.REPOSITORY}/artifacts/imgw', '.')
            _docker('build', '-q', '-t', tools, '-', input=f'FROM {shipped}\nUSER root\nRUN apt-get update && apt-get install -y --no-install-recommends {PACKAGES}\n')
            cores = ','.join(map(str, sorted(os.sched_getaffinity(0))))
            # Only loopback: everything stays in there.
            _docker('run', '--rm', '--no-healthcheck', '--network', 'none', '--cpuset-cpus', cores, '--ulimit', f'nofile={OPEN_FILES}:{OPEN_FILES}', '--tmpfs', '/tmp:exec', '--entrypoint', 'python3',
                    '-e', f'BENCH_COMMIT={machine.commit()}', '-e', 'PYTHONDONTWRITEBYTECODE=1', '-v', f'{lab.HERE}:/bench:ro', '-v', f'{out}:/out', tools,
                    '/bench/report', *(word for word in arguments if word != '--in-image'), '--place', 'image', '--product', PRODUCT, '--json', '/out/report.json', capture=False)
            return json.loads(pathlib.Path(out, 'report.json').read_text())
        finally:
            subprocess.run(['docker', 'image', 'rm', '-f', tools, shipped], capture_output=True)


def _engine():
    if not shutil.which('docker') or subprocess.run(['docker', 'info'], capture_output=True).returncode:
        if subprocess.run([machine.REPOSITORY / 'tools/local-docker', 'up']).returncode:
            raise lab.Trouble('no Docker engine answers, and tools/local-docker starts none')


def _docker(*arguments, input=None, capture=True):
    ended = subprocess.run(['docker', *arguments], cwd=machine.REPOSITORY, input=input, text=True, capture_output=capture)
    if ended.returncode:
        raise lab.Trouble(f'docker {arguments[0]}: {(ended.stderr or "see above").strip()[-1000:]}')

"""How each server under test is started, and its version: the product on an engine, nginx, HAProxy, Caddy, and the C proxy of peers/floor.c."""
import json, os, re, shutil, subprocess, urllib.request
import lab

PRODUCT = f'{lab.HERE.parent}/artifacts/imgw/imgw run --config {{config}}'
ENGINES = ['SslStream', 'Direct']
PEERS = ['nginx', 'haproxy', 'caddy']
FLOOR = 'floor'
# A version of the program itself: -v of nginx is on standard error.
VERSION_OPTIONS = {'nginx': '-v', 'haproxy': '-v', 'caddy': 'version'}


def start(place, name, upstreams, command=PRODUCT, workers=1):
    """`name`: a peer, `floor`, or an engine of the product. `upstreams`: ports; all but the product and nginx use the first. One core for each worker."""
    cores = place.cores[:workers]
    if name == FLOOR:
        return _floor(place, upstreams[0])
    if name in PEERS:
        return _peer(place, name, upstreams, workers, cores)
    return product(place, upstreams, command, name, cores)


def product(place, upstreams, command=PRODUCT, engine=None, cores=None):
    """`engine` None: that of the default configuration, and the subject is called `product`."""
    port, management, directory = lab.free_port(), lab.free_port(), place.folder('product')
    config = directory / 'appsettings.json'
    config.write_text(json.dumps({'Edge': {
        'Hosts': [lab.NAME, '127.0.0.1'], 'Upstreams': [f'http://127.0.0.1:{upstream}' for upstream in upstreams],
        'DataDirectory': str(directory / 'data'), 'AccessLog': False, 'Tls': {'UnknownNames': 'Default'} | ({'Engine': engine} if engine else {}),
        'Listen': {'Https': [f'127.0.0.1:{port}'], 'Http': [], 'Management': [f'127.0.0.1:{management}']},
        'Certificates': {'Source': 'Files', 'Files': [{'Certificate': f'{place.directory}/full.crt', 'Key': f'{place.directory}/leaf.key'}]}}}))
    words = command.replace('{config}', str(config)).split()
    if not shutil.which(words[0]):
        raise lab.Trouble(f'no program {words[0]}: publish it first (bench/README.md), or name one with --product')
    subject = place.serving(engine or 'product', port, words, cores, {'DOTNET_ENVIRONMENT': 'Production', 'ASPNETCORE_ENVIRONMENT': 'Production'})
    if engine:
        subject.build = _build(management)
        if subject.build['engine'] != engine:
            raise lab.Trouble(f'the product runs on {subject.build["engine"]} instead of {engine}: {subject.process.log.read_text()[-500:].strip()}')
    return subject


def nginx(place, upstream):
    return start(place, 'nginx', [upstream])


def program(name):
    """From the environment (NGINX, HAPROXY, CADDY), or by its name."""
    return os.environ.get(name.upper(), name)


def version(name):
    said = subprocess.run([program(name), VERSION_OPTIONS[name]], capture_output=True, text=True)
    return re.search(r'\d+\.\d+[.\w]*', said.stdout + said.stderr)[0]


def _peer(place, name, upstreams, workers, cores):
    port, folder = lab.free_port(), place.folder(name)
    config = folder / {'nginx': 'nginx.conf', 'haproxy': 'haproxy.cfg', 'caddy': 'Caddyfile'}[name]
    values = {'W': folder, 'PKI': place.directory, 'PORT': port, 'WORKERS': workers, 'UP': upstreams[0], 'FILES': (lab.allow_files() - 300) // 2,
              'UPSTREAMS': ' '.join(f'server 127.0.0.1:{upstream};' for upstream in upstreams)}
    config.write_text(re.sub('@([A-Z]+)@', lambda match: str(values[match[1]]), (lab.HERE / 'peers' / config.name).read_text()))
    command, environment = {
        'nginx': (['-p', folder, '-c', config], None),
        'haproxy': (['-db', '-f', config], None),
        'caddy': (['run', '--config', config, '--adapter', 'caddyfile'], {'GOMAXPROCS': str(workers), 'GODEBUG': 'http2xconnect=1'})}[name]  # Go's switch for RFC 8441
    return place.serving(name, port, [program(name), *command], cores, environment)


def _floor(place, upstream):
    port = lab.free_port()
    return place.serving(FLOOR, port, [place.tool('peers/floor'), port, upstream, place.directory / 'full.crt', place.directory / 'leaf.key'])


def _build(management):
    """The labels of imgw_build_info: version, commit, openssl, engine."""
    with urllib.request.urlopen(f'http://127.0.0.1:{management}/metrics', timeout=10) as response:
        line = re.search(r'^imgw_build_info\{(.*?)\}', response.read().decode(), re.M)[1]
    return dict(re.findall(r'(\w+)="([^"]*)"', line))

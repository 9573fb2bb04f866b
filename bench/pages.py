"""The tables of docs/performance.md and the plots beside the report, from its JSON alone."""
import json, re, statistics
import lab, plots, subjects, work

DOCS = lab.HERE.parent / 'docs'
REPORT = DOCS / 'performance/report.json'
PAGE = DOCS / 'performance.md'
LABELS = {'SslStream': 'edge, SslStream', 'Direct': 'edge, Direct', 'nginx': 'nginx', 'haproxy': 'HAProxy', 'caddy': 'Caddy', subjects.FLOOR: 'C proxy'}
PLACES = {'machine': 'development machine', 'image': 'image that ships'}
ROWS = {
    'full': 'full TLS 1.3 handshake, upgrade, one echo, close', 'resume': 'the same, resumed', 'msg64': '64-byte message there and back', 'msg16k': '16 KiB message',
    'h1': 'GET over HTTP/1.1, kept alive', 'h2': 'GET over HTTP/2, 32 streams', 'msg64h2': '64-byte message over HTTP/2 (RFC 8441), 8 sockets a connection'}
# Below this, medians and ratios vary too much to be compared.
ENOUGH_ROUNDS, ENOUGH_SECONDS = 5, 4


def read():
    return json.loads(REPORT.read_text()) if REPORT.exists() else {}


def write(report):
    """The JSON of both places, and what is generated from it."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + '\n')
    for file, text in generated(report).items():
        file.write_text(text)


def outdated(report):
    """Files that differ from what the JSON gives."""
    return [file for file, text in generated(report).items() if not file.exists() or file.read_text() != text]


def generated(report):
    files, page = {}, PAGE.read_text()
    for place in PLACES:
        text = '\n\n'.join(_sections(place, report[place])) if place in report else 'Not measured yet.'
        page, found = re.subn(rf'(<!-- report: {place} -->\n).*?(<!-- end of report -->)', lambda match: f'{match[1]}\n{text}\n\n{match[2]}', page, flags=re.S)
        if found != 1:
            raise lab.Trouble(f'{PAGE.name} has no place for the report of {place}')
        if place in report:
            files |= {REPORT.parent / f'{place}-{name}.svg': svg for name, svg in plots.of(report[place], LABELS, ROWS).items()}
    return files | {PAGE: page}


def _sections(place, report):
    yield _head(report)
    yield _table(['processor time, µs, and ratio to nginx', *_labels(report)], _work_rows(report))
    yield f'![processor time relative to nginx](performance/{place}-work.svg)'
    yield _table(['memory', *_labels(report)], _memory_rows(report))
    yield _table(['64-byte message, 640 a second: ms', *_labels(report)], _latency_rows(report))
    yield f'![99th percentile of a message in calm and during a storm of handshakes](performance/{place}-latency.svg)'
    yield _table(['open sockets: KB for each, µs for each message', *_labels(report)], _growth_rows(report))
    yield f'![memory and processor time by open sockets](performance/{place}-growth.svg)'
    yield _table(['cores', 'work', 'server', 'each second', 'ratio to nginx', 'times one core', 'µs of processor time', 'ratio to nginx'], _core_rows(report))


def _head(report):
    machine, versions, options = report['machine'], report['versions'], report['options']
    named = ', '.join(f'{LABELS.get(name, name)} {version}' for name, version in versions.items() if name not in ('openssl', 'edge'))
    short = options['rounds'] < ENOUGH_ROUNDS or options['seconds'] < ENOUGH_SECONDS
    return (f'{report["date"]}, commit {report["commit"]}; {machine["cores"]} cores ({machine["processor"]}), {machine["memory_gb"]} GB, {machine["system"]}, Linux {machine["kernel"]}; '
            f'OpenSSL {versions["openssl"]}; {named}. {options["rounds"]} rounds of {options["seconds"]:g} s.'
            + (f' Not measured: {"; ".join(report["missing"])}.' if report['missing'] else '')
            + (' **A short run, which only proves that the program measures: its figures are not to be compared.**' if short else ''))


def _labels(report):
    return [LABELS[name] for name in report['subjects']]


def _work_rows(report):
    for kind, title in ROWS.items():
        of_kind = report['work'].get(kind, {})
        # nginx knows no RFC 8441: what the same message costs it over HTTP/1.1.
        reference = report['work'].get('msg64', {}).get('nginx') if kind == 'msg64h2' else of_kind.get('nginx')
        yield [title + (' (ratio: nginx over HTTP/1.1)' if kind == 'msg64h2' else ''), *(_work_cell(of_kind.get(name), reference) for name in report['subjects'])]


def _work_cell(result, reference):
    if not result:
        return '–'
    ratio = f' · {work.ratio({"a": result, "nginx": reference}, "a"):.2f}' if reference else ''
    return f'{_short(statistics.median(result["us"]))}{ratio}' + (f' ({result["bad"]} failed)' if result['bad'] else '')


def _memory_rows(report):
    yield ['process without sockets, just started, MB', *(_short(report['floor'][name]['resident_kb'] / 1024) for name in report['subjects'])]
    for key, title in {'kb': f'idle wss connection, of {report["options"]["idle"]:,}, KB', 'kernel_kb': 'kernel, for the two TCP sockets of each, KB'}.items():
        yield [title, *(_point_cell(report, name, report['options']['idle'], key) for name in report['subjects'])]


def _latency_rows(report):
    for when, title in {'calm': 'in calm', 'storm': 'while 64 clients at a time do full handshakes'}.items():
        for key, named in {'p50': 'median', 'p99': '99th percentile'}.items():
            yield [f'{title}, {named}', *(_short(_latency(report, name, when, key)) if name in report['latency'] else '–' for name in report['subjects'])]
    yield ['handshakes served meanwhile, each second', *(f'{statistics.median(each["storm"]["handshakes"] / report["options"]["storm_seconds"] for each in report["latency"][name]):.0f}'
                                                         if name in report['latency'] else '–' for name in report['subjects'])]


def _latency(report, name, when, key):
    return statistics.median(each[when][key] for each in report['latency'][name])


def _growth_rows(report):
    for count in sorted({point['asked'] for points in report['growth'].values() for point in points}):
        yield [f'{count:,}', *(f'{_point_cell(report, name, count, "kb")} · {_point_cell(report, name, count, "us")}' for name in report['subjects'])]


def _point_cell(report, name, count, key):
    value = next((point[key] for point in report['growth'][name] if point['asked'] == count), None)
    return '–' if value is None else _short(value)


def _core_rows(report):
    alone = {}
    for result in report['cores']:
        for kind, of_kind in result['work'].items():
            for name, of_subject in of_kind.items():
                rate, us = statistics.median(of_subject['per_second']), statistics.median(of_subject['us'])
                alone.setdefault((kind, name), rate)
                yield [f'{result["cores"]}' + (' (load on the same)' if result['shared'] else ''), ROWS[kind], LABELS[name], f'{rate:,.0f}',
                       f'{rate / statistics.median(of_kind["nginx"]["per_second"]):.2f}', f'{rate / alone[kind, name]:.2f}', _short(us), f'{us / statistics.median(of_kind["nginx"]["us"]):.2f}']


def _short(value):
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'


def _table(headings, rows):
    lines = [headings, ['---'] * len(headings), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)

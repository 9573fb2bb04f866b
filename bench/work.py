"""The kinds of work, and what a subject's processor time is for a unit of each: user and system of the whole process tree, from /proc."""
import dataclasses, re, statistics, sys
import lab, subjects

# Of wsload: mode, connections, bytes of a message.
OVER_HTTP1 = {'full': ('storm', 16, 64), 'resume': ('resume', 16, 64), 'msg64': ('echo', 64, 64), 'msg16k': ('echo', 64, 16384)}
# 64 sockets, 8 on a connection.
H2_SOCKETS, H2_STREAMS = 64, 8
KINDS = [*OVER_HTTP1, 'h1', 'h2', 'msg64h2']
# .NET compiles hot methods while it runs.
WARM_UP, PRODUCT_WARM_UP = 2, 8
TRIES = 3


@dataclasses.dataclass(frozen=True)
class Result:
    units: int
    failed: int
    microseconds: float  # of the subject's processor time for each unit


def can(place, subject, kind):
    """The C proxy knows no HTTP/2. nginx, and Caddy before 2.9, know no RFC 8441: a peer is asked for a socket."""
    if subject.name == subjects.FLOOR and kind in ('h2', 'msg64h2'):
        return False
    if kind != 'msg64h2' or subject.name not in subjects.PEERS:
        return True
    crowd = lab.Crowd(place, subject.port, 1, '-2', '1', '-p', '3')
    up = crowd.wait_until_up()['up']
    crowd.leave()
    return up == 1


def do(place, kind, subject, seconds):
    """Once more where the load program does not end: h2load does that now and then when its duration is over before all its clients have connected."""
    for _ in range(TRIES - 1):
        try:
            return _once(place, kind, subject, seconds)
        except lab.Hung as hung:
            print(f'{subject.name}: {hung}', file=sys.stderr)
    return _once(place, kind, subject, seconds)


def _once(place, kind, subject, seconds):
    if kind == 'msg64h2':
        return _messages_over_http2(place, subject, seconds)
    before = subject.cpu_seconds()
    units, failed = _load(place, kind, subject.port, seconds)
    # A round without a single unit is a failure, however long it took.
    return Result(units, failed + (units == 0), (subject.cpu_seconds() - before) * 1e6 / max(units, 1))


def warm_up(subject):
    return WARM_UP if subject.name in (*subjects.PEERS, subjects.FLOOR) else PRODUCT_WARM_UP


def rounds(place, kinds, started, count, seconds, report=lambda kind: None):
    """Interleaved over the subjects, so that what else the machine does meets all: {kind: {subject: {'us': [one for each round], 'bad': failed units}}}."""
    results = {}
    for kind in kinds:
        able = [subject for subject in started if can(place, subject, kind)]
        for subject in able:
            do(place, kind, subject, max(seconds, warm_up(subject)))
        of_kind = results[kind] = {subject.name: {'us': [], 'bad': 0} for subject in able}
        for _ in range(count):
            for subject in able:
                result = do(place, kind, subject, seconds)
                of_kind[subject.name]['us'].append(result.microseconds)
                of_kind[subject.name]['bad'] += result.failed
        report(kind)
    return results


def ratio(of_kind, name, to='nginx'):
    """The median of the ratios round by round, to which other work of the machine matters less than to the medians; None without the other."""
    return statistics.median(x / y for x, y in zip(of_kind[name]['us'], of_kind[to]['us'])) if to in of_kind else None


def _load(place, kind, port, seconds):
    if kind in OVER_HTTP1:
        return wsload(place.run([place.tool('wsload'), *wsload_options(kind, port, seconds)], seconds), kind)
    if kind == 'h1':
        said = place.run(['wrk', '-t1', '-c32', f'-d{int(seconds)}s', f'https://127.0.0.1:{port}/api', '-H', f'Host: {lab.NAME}'], seconds)
        found = re.search(r'(\d+) requests in', said)
        return _found(found, 'wrk', said), sum(map(int, re.findall(r'Non-2xx or 3xx responses: (\d+)', said)))
    said = place.run(['h2load', '-D', str(int(seconds)), '-c', '32', '-m', '32', '-t1', f'https://{lab.NAME}:{port}/api', f'--connect-to=127.0.0.1:{port}'], seconds)
    found = re.search(r'(\d+) succeeded, (\d+) failed', said)
    return _found(found, 'h2load', said), int(found[2])


def wsload_options(kind, port, seconds):
    mode, connections, size = OVER_HTTP1[kind]
    return [mode, port, connections, seconds, size]


def wsload(said, kind):
    """Units and failed ones of what wsload says; where resuming is measured, full handshakes count as failed."""
    found = re.search(r'ok=(\d+) failed=(\d+) resumed=(\d+)', said)
    units = _found(found, 'wsload', said)
    return units, int(found[2]) + (units if kind == 'resume' and int(found[3]) < units / 2 else 0)


def _found(found, program, said):
    if not found:
        raise lab.Trouble(f'{program} reports no result: {said.strip()[-300:] or "nothing"}')
    return int(found[1])


def _messages_over_http2(place, subject, seconds):
    crowd = lab.Crowd(place, subject.port, H2_SOCKETS, '-2', str(H2_STREAMS), '-m', str(seconds), '-z', '64', '-p', '20')
    if (opened := crowd.wait_until_up())['failed']:
        raise lab.Trouble(f'{subject.name}: {opened["failed"]} of {H2_SOCKETS} sockets over HTTP/2 did not come up: {opened["trouble"]}')
    before = subject.cpu_seconds()
    said = crowd.exchange()
    spent = subject.cpu_seconds() - before
    lost = crowd.leave()['lost']
    return Result(said['messages'], said['unanswered'] + lost, spent * 1e6 / max(said['messages'], 1))

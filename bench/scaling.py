"""The same work on more cores: what a second brings, and what a unit costs."""
import re
import lab, subjects, work

KINDS = ['full', 'msg64']


def on_cores(place, count, names, command, rounds, seconds):
    """{'cores', 'shared', 'work': {kind: {subject: {'per_second': [...], 'us': [...], 'bad': n}}}}: the subjects have the first `count` cores, and load and
    upstream as many others; where the machine has fewer, they share all (`shared`)."""
    shared = len(place.cores) < 2 * count
    load_cores = place.cores if shared else place.cores[-count:]
    upstreams = [place.upstream(cores=load_cores) for _ in range(count)]
    started = [subjects.start(place, name, upstreams, command, workers=count) for name in names]
    results = {kind: {name: {'per_second': [], 'us': [], 'bad': 0} for name in names} for kind in KINDS}
    for kind, of_kind in results.items():
        for number in range(rounds + 1):
            for subject in started:
                result = _once(place, subject, kind, max(seconds, work.warm_up(subject)) if number == 0 else seconds, load_cores, count)
                of_subject = of_kind[subject.name]
                of_subject['bad'] += result['bad']
                if number:  # the first warms up
                    of_subject['per_second'].append(result['per_second'])
                    of_subject['us'].append(result['us'])
    for subject in started:
        place.stop(subject)
    return {'cores': count, 'shared': shared, 'work': results}


def _once(place, subject, kind, seconds, load_cores, processes):
    before = subject.cpu_seconds()
    load = [place.start('load', [place.tool('wsload'), *work.wsload_options(kind, subject.port, seconds)], load_cores) for _ in range(processes)]
    for process in load:
        process.wait(seconds * 4 + 180)
    spent, said = subject.cpu_seconds() - before, [process.log.read_text() for process in load]
    units, bad = map(sum, zip(*(work.wsload(text, kind) for text in said)))
    return {'per_second': sum(int(re.search(r'rate=(\d+)', text)[1]) for text in said), 'us': spent * 1e6 / max(units, 1), 'bad': bad}

"""How long a 64-byte message takes there and back: in calm, and while as many clients as the subject serves do full handshakes."""
import lab, work

SOCKETS = 64
EVERY_MS = 100
STORM_CLIENTS = 64
# Handshakes go on for longer than messages are measured: the sockets come first.
BEYOND = 3


def latency(place, subject, seconds):
    """In ms: {'calm': {...}, 'storm': {...}}."""
    return {'calm': _messages(place, subject, seconds), 'storm': _in_storm(place, subject, seconds)}


def _messages(place, subject, seconds, storm=None):
    crowd = lab.Crowd(place, subject.port, SOCKETS, '-m', str(seconds), '-i', str(EVERY_MS), '-z', '64')
    bad = crowd.wait_until_up()['failed']
    if storm:
        storm()
    said = crowd.exchange()
    bad += said['unanswered'] + crowd.leave()['lost']
    return {'messages': said['messages'], 'bad': bad} | {key: said[f'{key}_ms'] for key in ('p50', 'p99', 'max')}


def _in_storm(place, subject, seconds):
    storms = []

    def begin():
        # At the lowest priority: what is measured is the subject's time, not this core's.
        storms.append(place.start('storm', ['nice', '-n', '19', place.tool('wsload'), 'storm', subject.port, STORM_CLIENTS, seconds + BEYOND, 64], place.load_core))

    result = _messages(place, subject, seconds, begin)
    storms[0].wait(seconds + 60)
    handshakes, failed = work.wsload(storms[0].log.read_text(), 'full')
    return result | {'handshakes': handshakes, 'handshakes_failed': failed}

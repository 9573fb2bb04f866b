"""What idle WebSockets cost: resident memory of the subject, memory of the kernel, and the processor time of a message while so many are open."""
import pathlib, re, time
import lab, work

# Connections not yet up at a time: this is no storm.
AT_ONCE = 64
SETTLED = 4
# What a warm-up opens must not leave room for sockets that are measured after it: few at a time.
WARM_CLIENTS = 4
PAGE_KB = 4
# Of a socket: itself, its inode and directory entry, its file, and its entry in an epoll set. The directory entry is the only one that other work of the
# machine makes many of, so it is added by its size.
OBJECTS, DIRECTORY_ENTRY = ('TCP', 'sock_inode_cache', 'filp', 'eventpoll_epi', 'eventpoll_pwq'), 'dentry'
# Four sockets of the kernel for each WebSocket, of which the subject has two.
SOCKETS, OF_SUBJECT = 4, 2


def open_idle(place, subject, sockets, *options):
    """The crowd, and the growth of memory for each socket in KB: upgraded, then silent."""
    time.sleep(SETTLED / 2)
    resident, kernel = subject.resident_kb(), _kernel_kb()
    crowd = lab.Crowd(place, subject.port, sockets, '-q', '-a', str(AT_ONCE), *options)
    opened = crowd.wait_until_up()
    time.sleep(SETTLED)
    up = max(opened['up'], 1)
    return crowd, {'sockets': opened['up'], 'bad': opened['failed'], 'kb': (subject.resident_kb() - resident) / up,
                   'kernel_kb': kernel and ((_kernel_kb() - kernel) / up / SOCKETS + _object_kb(DIRECTORY_ENTRY)) * OF_SUBJECT}


def idle(place, subject, sockets):
    """In a subject that is there already."""
    base = subject.resident_kb()
    crowd, result = open_idle(place, subject, sockets)
    return result | {'base_kb': base, 'bad': result['bad'] + crowd.leave()['lost']}


def growth(place, start, counts, seconds):
    """A fresh process for each count, and in it a warm-up: memory of each silent socket, then processor time of a message when all of them talk."""
    for count in counts:
        subject = start()
        for mode in ('storm', 'echo'):
            place.run([place.tool('wsload'), mode, subject.port, WARM_CLIENTS, max(seconds, work.warm_up(subject)), 64], seconds)
        crowd, result = open_idle(place, subject, count, '-m', str(seconds), '-z', '64')
        before = subject.cpu_seconds()
        said = crowd.exchange()
        result['us'] = (subject.cpu_seconds() - before) * 1e6 / max(said['messages'], 1)
        result['bad'] += said['unanswered'] + crowd.leave()['lost']
        place.stop(subject)
        yield {'asked': count} | result


def _kernel_kb():
    """Of the whole machine: nothing else may open many sockets meanwhile. None where only root may read it."""
    try:
        queues = int(re.search(r'^TCP:.* mem (\d+)', pathlib.Path('/proc/net/sockstat').read_text(), re.M)[1])
        return queues * PAGE_KB + sum(active * size for name, active, size in _slabs() if name in OBJECTS) / 1024
    except PermissionError:
        return None


def _object_kb(name):
    return next(size for found, _, size in _slabs() if found == name) / 1024


def _slabs():
    for line in pathlib.Path('/proc/slabinfo').read_text().splitlines()[2:]:
        name, active, _, size, *_ = line.split()
        yield name, int(active), int(size)

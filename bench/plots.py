"""The three plots of a report as SVG: processor time relative to nginx, latency of a message, cost by open sockets. No library is needed to draw or to view."""
import math, statistics
from xml.sax.saxutils import escape
import work

# Distinguishable without red and green (after Okabe and Ito, 2008).
COLOURS = {'SslStream': '#0072b2', 'Direct': '#d55e00', 'nginx': '#4d4d4d', 'haproxy': '#009e73', 'caddy': '#cc79a7', 'floor': '#e69f00'}
WIDTH, MARGIN, BAR, GAP = 900, 24, 13, 14
TITLES = {'full': 'full handshake, upgrade, echo', 'resume': 'resumed', 'msg64': '64-byte message', 'msg16k': '16 KiB message', 'h1': 'GET, HTTP/1.1', 'h2': 'GET, HTTP/2'}


def of(report, labels, rows):
    """{name: SVG}."""
    names = report['subjects']
    return {'work': _bars('Relative to nginx in the same run (less is better)', _ratios(report, names, rows), labels, names, unit='', line=1),
            'latency': _bars('64-byte message there and back, 99th percentile, ms (less is better)', _latencies(report, names), labels, names, unit=' ms'),
            'growth': _lines(report, labels, names)}


def _ratios(report, names, rows):
    groups = {}
    for kind in [kind for kind in rows if 'nginx' in report['work'].get(kind, {})]:
        groups[TITLES[kind]] = {name: work.ratio(report['work'][kind], name) for name in names if name in report['work'][kind]}
    idle = {name: point['kb'] for name in names for point in report['growth'][name] if point['asked'] == report['options']['idle']}
    return groups | ({'memory of an idle socket': {name: kb / idle['nginx'] for name, kb in idle.items()}} if idle.get('nginx') else {})


def _latencies(report, names):
    return {title: {name: statistics.median(each[when]['p99'] for each in report['latency'][name]) for name in names if name in report['latency']}
            for when, title in {'calm': 'in calm', 'storm': 'during handshakes'}.items()}


def _bars(title, groups, labels, names, unit, line=None):
    """Horizontal bars in groups; the longest that is drawn is four times the line, and its figure says what it is."""
    left, top = 240, 84
    values = [value for group in groups.values() for value in group.values()]
    most = min(max(values, default=1), 4 * line) if line else max(values, default=1)
    scale = (WIDTH - left - 90) / most
    parts, y = [], top
    for group, of_group in groups.items():
        height = BAR * len(of_group)
        parts.append(_text(left - 10, y + height / 2 + 5, group, anchor='end', size=14))
        for name, value in of_group.items():
            width = max(min(value, most) * scale, 1)
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{COLOURS[name]}"/>')
            parts.append(_text(left + width + 5, y + BAR - 3, f'{value:.2f}{unit}', size=11))
            y += BAR
        y += GAP
    if line:
        parts.insert(0, f'<line x1="{left + line * scale:.1f}" y1="{top - 6}" x2="{left + line * scale:.1f}" y2="{y - GAP + 6}" stroke="#999" stroke-dasharray="4 3"/>')
    return _picture(title, [*_legend(labels, names), *parts], y + MARGIN - GAP)


def _lines(report, labels, names):
    """Two panels over the same axis: memory, and processor time of a message."""
    panels = [('kb', 'KB of memory for each idle socket'), ('us', 'µs of processor time for each message, all sockets talking')]
    height, top, gap, left, right = 330, 112, 70, 60, 30
    width = (WIDTH - left - right - gap) / 2
    parts = []
    for index, (key, title) in enumerate(panels):
        x0 = left + index * (width + gap)
        lines = {name: [(point['asked'], max(point[key], 0)) for point in report['growth'][name]] for name in names if report['growth'][name]}
        parts += [_text(x0, top - 22, title, size=13), *_axes(x0, top, width, height, lines)]
    return _picture('Cost by open sockets', [*_legend(labels, names), *parts], top + height + 50)


def _axes(x0, top, width, height, lines):
    points = [point for line in lines.values() for point in line]
    if not points:
        return
    # A single subject that costs several times what the others do shall not flatten them: it leaves the panel at the top.
    tops = sorted(max(y for _, y in line) for line in lines.values() if line)
    most = _round_up(min(tops[-1], 2.5 * statistics.median(tops)))
    low, high = (math.log10(pick(x for x, _ in points)) for pick in (min, max))

    def at(x, y):
        return x0 + (math.log10(x) - low) / ((high - low) or 1) * width, top + height - y / most * height

    for step in range(5):
        y = at(10 ** low, most * step / 4)[1]
        yield f'<line x1="{x0}" y1="{y:.1f}" x2="{x0 + width:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield _text(x0 - 8, y + 4, f'{most * step / 4:g}', anchor='end', size=12)
    for x in sorted({x for x, _ in points}):
        yield _text(at(x, 0)[0], top + height + 20, f'{x:,}', anchor='middle', size=12)
    yield _text(x0 + width / 2, top + height + 40, 'open sockets', anchor='middle', size=12)
    for name, line in lines.items():
        # Above the panel: at its upper edge, with the figure.
        yield from (_text(at(x, most)[0], top - 4, f'{y:.0f}', anchor='middle', size=11) for x, y in line if y > most)
        inside = [at(x, min(y, most)) for x, y in line]
        yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in inside)}" fill="none" stroke="{COLOURS[name]}" stroke-width="2.5"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[name]}"/>' for x, y in inside)


def _round_up(value):
    unit = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * unit for step in (1, 2, 4, 6, 8, 10) if step * unit >= value) if value > 0 else 1


def _legend(labels, names):
    x = MARGIN
    for name in names:
        yield f'<rect x="{x}" y="50" width="14" height="14" fill="{COLOURS[name]}"/>'
        yield _text(x + 20, 62, labels[name], size=13)
        x += 38 + 8 * len(labels[name])


def _picture(title, parts, height):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" fill="#222">\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>\n{_text(MARGIN, 32, title, size=17, weight="bold")}\n' + '\n'.join(parts) + '\n</svg>\n')


def _text(x, y, text, anchor='start', size=14, weight='normal'):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'

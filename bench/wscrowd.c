/* wscrowd: many wss clients that connect at once, echo once each, and stay until standard input has a line or ends. One epoll thread, OpenSSL.
 *
 * usage: wscrowd [-2 STREAMS] [-a AT-ONCE] [-q] [-m SECONDS [-i MS]] [-z SIZE] [-p SECONDS] [-s ADDRESS] PORT SOCKETS
 *   connects to 127.0.0.1:PORT, name gateway.test, /ws; every handshake is a full one
 *   -2 STREAMS    over HTTP/2 (RFC 8441), so many sockets on each connection; without it HTTP/1.1, one socket each
 *   -a AT-ONCE    connections not yet up at a time (default all of them)
 *   -q            quiet: a socket is up when it is upgraded, without an echo
 *   -m SECONDS    messages: after a first line of standard input every socket sends for so long, the next message when the echo of the last has arrived
 *   -i MS         with -m: a message of each socket every so many milliseconds instead, whose time counts from when it was due
 *   -z SIZE       bytes in a message, 1 to 125 (default 32)
 *   -p SECONDS    patience: who is not up after so long has failed for good (default 120), and who had not set out by then with it
 *   -s ADDRESS    where they come from (default 127.0.0.1; one address has some 28,000 ports)
 *
 * A connection that is refused, reset or silent for 30 s is tried again after a random wait of up to 0.25 s, 0.5 s, ... 8 s.
 * Writes a JSON line when every socket is up or has failed, and one after the messages of -m. Then a line (or the end) of standard input makes every
 * socket echo once more and close with 1000; the last JSON line is the result of that. Exit code 0: no socket failed or was lost.
 * Times are from a connection's first attempt to its echo, whatever happened in between; those of messages from sending, or what is due, to the echo. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 125, HEADER = 2, MAX_STREAMS = 100, FRAME_HEADER = 9 };
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, ACK = 1, END_STREAM = 1, END_HEADERS = 4 };
static const double ATTEMPT_LIMIT = 30, FIRST_WAIT = 0.25, LONGEST_WAIT = 8, LEAVING_LIMIT = 60;

/* UP: every socket of the connection has echoed. */
typedef enum { WAITING, CONNECTING, HANDSHAKE, UPGRADING, UP, TALKING, LEAVING, CLOSED, FAILED } state;

typedef struct {
    int fd, tries;
    state at;
    SSL *ssl;
    double first, attempt, due;             /* first attempt, this attempt, next attempt */
    int asked, open, answered;              /* once a connection; sockets with a 101 or 200; sockets with their echo */
    unsigned char *in; size_t have, room;   /* what has come and is not yet a whole message */
    unsigned short got[MAX_STREAMS];        /* bytes of the echo, by socket */
    double sent[MAX_STREAMS];               /* when the message under way was sent or due, or the next is due */
} conn;

static SSL_CTX *tls;
static int ep, port, streams = 1, over_h2, quiet, size = 32;
static struct in_addr source;
static conn *all;
static int connections, pending, up, failed, retries, resumed, lost, closed;
static double *latency, patience = 120;
static const char *trouble = "";
static double interval, talk_ends;          /* seconds; the interval is 0 where a message follows the echo of the last */
static float *times;                        /* of messages */
static long messages, times_room;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static int ascending(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return x < y ? -1 : x > y; }
static int shorter(const void *a, const void *b) { float x = *(const float *)a, y = *(const float *)b; return x < y ? -1 : x > y; }
static void await(conn *c, unsigned events) { struct epoll_event e = { .events = events, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); }

static void drop(conn *c) {
    if (c->ssl) SSL_free(c->ssl);
    if (c->fd >= 0) close(c->fd);
    free(c->in);
    c->ssl = NULL; c->fd = -1; c->in = NULL; c->have = c->room = 0;
    ERR_clear_error();
}

/* Refused, cut or silent: tried again later, or failed for good. Once up it counts as lost. */
static void miss(conn *c, const char *why) {
    trouble = why;
    drop(c);
    if (c->at == UP || c->at == TALKING) { lost += streams; c->at = CLOSED; return; }
    if (c->at == LEAVING) { lost += streams - c->answered; closed += c->answered; c->at = CLOSED; return; }
    double wait = FIRST_WAIT * (1 << (c->tries < 6 ? c->tries : 6));
    if (wait > LONGEST_WAIT) wait = LONGEST_WAIT;
    c->due = now() + wait * drand48();
    c->tries++;
    if (c->due > c->first + patience) { c->at = FAILED; failed++; pending--; return; }
    c->at = WAITING;
    retries++;
}

static void set_out(conn *c) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = source };
    int one = 1;
    c->attempt = now();
    if (c->first == 0) c->first = c->attempt;
    c->at = CONNECTING; c->asked = c->open = c->answered = 0;
    memset(c->got, 0, sizeof c->got);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) { perror("wscrowd: socket (raise ulimit -n)"); exit(2); }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (void *)&from, sizeof from)) { perror("wscrowd: bind"); exit(2); }
    struct epoll_event e = { .events = EPOLLOUT, .data.ptr = c };
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) miss(c, "connect");
}

/* Nothing written here outgrows a socket's buffer, so half a write is a failure like any other. */
static int put(conn *c, const void *bytes, size_t n) {
    if (SSL_write(c->ssl, bytes, n) == (int)n) return 1;
    miss(c, "write");
    return 0;
}

static size_t frame_header(unsigned char *to, size_t length, int type, int flags, unsigned stream) {
    unsigned char h[FRAME_HEADER] = { length >> 16, length >> 8, length, type, flags, stream >> 24, stream >> 16, stream >> 8, stream };
    memcpy(to, h, sizeof h);
    return sizeof h;
}

/* A whole masked message; the mask is zero, so that the payload goes as it is. */
static size_t message(unsigned char *to, int opcode, const void *payload, size_t n) {
    unsigned char h[6] = { 0x80 | opcode, 0x80 | n };
    memcpy(to, h, sizeof h);
    memcpy(to + sizeof h, payload, n);
    return sizeof h + n;
}

/* HPACK (RFC 7541 §6.2.2): a literal without indexing; name 0 is spelt out. */
static size_t literal(unsigned char *to, int name, const char *spelt, const char *value) {
    size_t n = 0;
    to[n++] = name;
    if (!name) { to[n++] = strlen(spelt); n += sprintf((char *)to + n, "%s", spelt); }
    to[n++] = strlen(value);
    return n + sprintf((char *)to + n, "%s", value);
}

static int ask(conn *c) {
    if (c->asked++) return 1;
    static const char h1[] = "GET /ws HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    if (!over_h2) return put(c, h1, sizeof h1 - 1);
    unsigned char block[200], out[MAX_STREAMS * 220];
    size_t b = literal(block, 2, NULL, "CONNECT"), n = 0;
    b += literal(block + b, 0, ":protocol", "websocket");
    b += literal(block + b, 6, NULL, "https");
    b += literal(block + b, 4, NULL, "/ws");
    b += literal(block + b, 1, NULL, "gateway.test");
    b += literal(block + b, 0, "sec-websocket-version", "13");
    for (int i = 0; i < streams; i++) {
        n += frame_header(out + n, b, HEADERS, END_HEADERS, 2 * i + 1);
        memcpy(out + n, block, b);
        n += b;
    }
    return put(c, out, n);
}

static int say(conn *c, int i, int opcode, const void *payload, size_t length) {
    unsigned char text[2 * FRAME_HEADER + PAYLOAD], out[sizeof text + FRAME_HEADER];
    size_t m = message(text, opcode, payload, length), n = over_h2 ? frame_header(out, m, DATA, 0, 2 * i + 1) : 0;
    memcpy(out + n, text, m);
    return put(c, out, n + m);
}

static int echo(conn *c, int i) {
    char payload[PAYLOAD] = "wscrowd";
    c->got[i] = 0;
    return say(c, i, 2, payload, size);
}

static void is_up(conn *c) {
    latency[up++] = now() - c->first;
    c->at = UP;
    pending--;
}

static int opened(conn *c, int i) {
    c->open++;
    if (!quiet) return echo(c, i);
    if (c->open == streams) is_up(c);
    return 1;
}

static int message_echoed(conn *c, int i) {
    double at = now(), due = interval > 0 ? c->sent[i] + interval : at;
    if (messages == times_room) times = realloc(times, sizeof *times * (times_room = times_room ? 2 * times_room : 1 << 16));
    times[messages++] = at - c->sent[i];
    c->sent[i] = due;
    return at >= talk_ends || due > at || echo(c, i);
}

static int received(conn *c, int i, size_t n) {
    static const unsigned char close_normally[2] = { 1000 >> 8, 1000 & 255 };
    if (c->got[i] >= HEADER + size) return 1;   /* the closing handshake */
    if ((c->got[i] += n) < HEADER + size) return 1;
    if (c->at == TALKING) return message_echoed(c, i);
    c->answered++;
    if (c->at == LEAVING) return say(c, i, 8, close_normally, sizeof close_normally);
    if (c->answered == streams) is_up(c);
    return 1;
}

/* 1 = one message taken in, 0 = not yet whole, -1 = missed. */
static int take_h1(conn *c) {
    if (c->open) { size_t n = c->have; c->have = 0; return n && !received(c, 0, n) ? -1 : 0; }
    unsigned char *end = memmem(c->in, c->have, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(c->in, "HTTP/1.1 101", 12)) { miss(c, "no 101"); return -1; }
    c->have = 0;                            /* the server sends nothing before a message */
    return opened(c, 0) ? 1 : -1;
}

static int take_h2(conn *c) {
    if (c->have < FRAME_HEADER) return 0;
    size_t length = c->in[0] << 16 | c->in[1] << 8 | c->in[2];
    if (c->have < FRAME_HEADER + length) return 0;
    int type = c->in[3], flags = c->in[4], i = ((c->in[7] << 8 | c->in[8]) - 1) / 2, fine = 1;
    int ends = type == RST_STREAM || type == GOAWAY || ((type == DATA || type == HEADERS) && flags & END_STREAM);
    unsigned char *body = c->in + FRAME_HEADER, out[FRAME_HEADER + 8];
    if (ends && c->at != LEAVING) { miss(c, "stream ended"); return -1; }
    if (type == SETTINGS && !(flags & ACK)) { frame_header(out, 0, SETTINGS, ACK, 0); fine = put(c, out, FRAME_HEADER) && ask(c); }
    else if (type == PING && !(flags & ACK)) { frame_header(out, 8, PING, ACK, 0); memcpy(out + FRAME_HEADER, body, 8); fine = put(c, out, sizeof out); }
    else if (type == HEADERS && c->at == UPGRADING && body[0] != 0x88 /* :status 200 */) { miss(c, "no 200"); fine = 0; }
    else if (type == HEADERS && c->at == UPGRADING) fine = opened(c, i);
    else if (type == DATA && length) fine = received(c, i, length);
    if (fine && ends && type == DATA && ++closed && !--c->open) { SSL_shutdown(c->ssl); drop(c); c->at = CLOSED; fine = 0; }
    if (!fine) return -1;
    memmove(c->in, c->in + FRAME_HEADER + length, c->have -= FRAME_HEADER + length);
    return 1;
}

static void blocked(conn *c, int result) {
    int why = SSL_get_error(c->ssl, result);
    if (why == SSL_ERROR_WANT_READ) await(c, EPOLLIN);
    else if (why == SSL_ERROR_WANT_WRITE) await(c, EPOLLOUT);
    else if (c->at == LEAVING && why == SSL_ERROR_ZERO_RETURN && c->answered == streams) { closed += over_h2 ? c->open : 1; SSL_shutdown(c->ssl); drop(c); c->at = CLOSED; }
    else miss(c, c->at == HANDSHAKE ? "handshake" : "cut");
}

static void step(conn *c) {
    int r;
    if (c->at == CONNECTING) {
        int error = 0; socklen_t n = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        if (error) { miss(c, "connect"); return; }
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_tlsext_host_name(c->ssl, "gateway.test");
        c->at = HANDSHAKE;
    }
    if (c->at == HANDSHAKE) {
        static const unsigned char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            "\0\0\6\4\0\0\0\0\0" "\0\4\x7f\xff\xff\xff"      /* SETTINGS_INITIAL_WINDOW_SIZE, and the connection's: no update is ever due */
            "\0\0\4\10\0\0\0\0\0" "\x7f\xff\0";
        if ((r = SSL_connect(c->ssl)) != 1) { blocked(c, r); return; }
        resumed += SSL_session_reused(c->ssl);
        c->at = UPGRADING;
        if (over_h2 ? !put(c, preface, sizeof preface) : !ask(c)) return;
    }
    for (;;) {
        if (c->room - c->have < 2048) c->in = realloc(c->in, c->room += 4096);
        if ((r = SSL_read(c->ssl, c->in + c->have, c->room - c->have)) <= 0) {
            if (!c->have) { free(c->in); c->in = NULL; c->room = 0; }
            blocked(c, r);
            return;
        }
        c->have += r;
        while ((r = over_h2 ? take_h2(c) : take_h1(c)) > 0) { }
        if (r < 0) return;
    }
}

static void handle_events(int wait_ms) {
    struct epoll_event ready[256];
    int n = epoll_wait(ep, ready, 256, wait_ms);
    for (int i = 0; i < n; i++) { conn *c = ready[i].data.ptr; if (c->fd >= 0) step(c); }
}

static void come(int at_once) {
    int started = 0;
    double looked = 0;
    while (pending) {
        if (failed && started < connections) { failed += connections - started; pending -= connections - started; connections = started; }
        while (started < connections && started - up - failed < at_once) set_out(&all[started++]);
        handle_events(20);
        if (now() - looked < 0.02) continue;
        looked = now();
        for (int i = 0; i < started; i++) {
            conn *c = &all[i];
            if (c->at == WAITING && c->due <= looked) set_out(c);
            else if (c->at > WAITING && c->at < UP && looked - c->attempt > ATTEMPT_LIMIT) miss(c, "silence");
        }
    }
}

static void stay(void) {
    char line[64];
    fcntl(0, F_SETFL, O_NONBLOCK);
    while (read(0, line, sizeof line) < 0 && errno == EAGAIN) handle_events(50);
}

static int is_waiting(const conn *c, int i) { return c->at == TALKING && c->got[i] < HEADER + size; }

/* Lateness of this program itself does not count: only an echo that had not arrived when the next message was due makes that one late. */
static void send_due(conn *c) {
    double at = now();
    for (int i = 0; i < streams && c->at == TALKING; i++)
        if (!is_waiting(c, i) && c->sent[i] <= at) { c->sent[i] = at; echo(c, i); }
}

static void talk(double seconds) {
    int waiting;
    talk_ends = now() + seconds;
    for (int n = 0; n < connections; n++) {
        conn *c = &all[n];
        if (c->at != UP) continue;
        c->at = TALKING;
        for (int i = 0; i < streams && c->at == TALKING; i++) {
            c->got[i] = HEADER + size;
            c->sent[i] = now() + interval * drand48();
        }
        if (interval == 0) send_due(c);
    }
    while (now() < talk_ends) {
        if (interval > 0) for (int n = 0; n < connections; n++) send_due(&all[n]);
        handle_events(interval > 0 ? 1 : 20);
    }
    do {
        handle_events(20);
        waiting = 0;
        for (int n = 0; n < connections; n++) for (int i = 0; i < streams; i++) waiting += is_waiting(&all[n], i);
    } while (waiting && now() < talk_ends + LEAVING_LIMIT);
    for (int n = 0; n < connections; n++) if (all[n].at == TALKING) all[n].at = UP;
    qsort(times, messages, sizeof *times, shorter);
    printf("{\"messages\": %ld, \"unanswered\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n", messages, waiting,
        messages ? times[messages / 2] * 1e3 : 0, messages ? times[messages * 99 / 100] * 1e3 : 0, messages ? times[messages - 1] * 1e3 : 0);
    fflush(stdout);
}

static void leave(void) {
    double end = now() + LEAVING_LIMIT;
    int left;
    for (int i = 0; i < connections; i++) {
        conn *c = &all[i];
        if (c->at != UP) continue;
        c->at = LEAVING;
        c->answered = 0;
        for (int s = 0; s < streams && c->at == LEAVING && echo(c, s); s++) { }
        handle_events(0);
    }
    do {
        handle_events(20);
        left = 0;
        for (int i = 0; i < connections; i++) left += all[i].at == LEAVING;
    } while (left && now() < end);
    for (int i = 0; i < connections; i++) if (all[i].at == LEAVING) miss(&all[i], "not let go");
}

int main(int argc, char **argv) {
    int o, at_once = 1 << 30;
    double talking = 0;
    source.s_addr = htonl(INADDR_LOOPBACK);
    while ((o = getopt(argc, argv, "2:a:qm:i:z:p:s:")) != -1) {
        if (o == '2') { over_h2 = 1; streams = atoi(optarg); }
        else if (o == 'a') at_once = atoi(optarg);
        else if (o == 'q') quiet = 1;
        else if (o == 'm') talking = atof(optarg);
        else if (o == 'i') interval = atof(optarg) / 1e3;
        else if (o == 'z') size = atoi(optarg);
        else if (o == 'p') patience = atof(optarg);
        else if (o != 's' || !inet_aton(optarg, &source)) { fprintf(stderr, "wscrowd: see the top of wscrowd.c\n"); return 2; }
    }
    if (argc - optind != 2 || streams < 1 || streams > MAX_STREAMS || at_once < 1 || size < 1 || size > PAYLOAD) { fprintf(stderr, "wscrowd: see the top of wscrowd.c\n"); return 2; }
    port = atoi(argv[optind]);
    connections = pending = (atoi(argv[optind + 1]) + streams - 1) / streams;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < (rlim_t)connections + 32) { fprintf(stderr, "wscrowd: %d connections need as many files, ulimit -n allows %lu\n", connections, (unsigned long)files.rlim_cur); return 2; }
    signal(SIGPIPE, SIG_IGN);
    srand48(getpid());
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_protos(tls, over_h2 ? (void *)"\2h2" : (void *)"\10http/1.1", over_h2 ? 3 : 9);
    ep = epoll_create1(0);
    all = calloc(connections, sizeof *all);
    latency = calloc(connections, sizeof *latency);
    for (int i = 0; i < connections; i++) all[i].fd = -1;

    double began = now();
    come(at_once);
    double took = now() - began;
    qsort(latency, up, sizeof *latency, ascending);
    printf("{\"sockets\": %d, \"up\": %d, \"failed\": %d, \"retries\": %d, \"resumed\": %d, \"seconds\": %.3f, \"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f, \"trouble\": \"%s\"}\n",
        (up + failed) * streams, up * streams, failed * streams, retries, resumed, took,
        up ? latency[up / 2] * 1e3 : 0, up ? latency[up * 99 / 100] * 1e3 : 0, up ? latency[up - 1] * 1e3 : 0, trouble);
    fflush(stdout);

    if (talking > 0) { stay(); talk(talking); }
    stay();
    leave();
    printf("{\"closed\": %d, \"lost\": %d, \"trouble\": \"%s\"}\n", closed, lost, trouble);
    return failed || lost ? 1 : 0;
}

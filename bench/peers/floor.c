/* floor: the least that a TLS-terminating proxy for this load has to do, as the lower bound in bench/report. One epoll thread, OpenSSL.
 *
 * usage: floor PORT UPSTREAM-PORT CERTIFICATES KEY      (PEM; 127.0.0.1 on both sides)
 *
 * WebSocket upgrades and bodiless requests over HTTP/1.1, with the headers that the other subjects set. Only for the load programs of this folder:
 * no HTTP/2, no limits, no time-outs, requests and heads of responses are trusted, one response at a time and only with Content-Length.
 *
 * All connections share one BIO: what arrived is in `in` while OpenSSL reads, and what OpenSSL writes is collected in `out` and sent once. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 64 * 1024, LONGEST_HEAD = 32 * 1024, ACCEPTS = 16, EVENTS = 256 };
typedef enum { CLIENT, UPSTREAM } side;
typedef enum { HANDSHAKE, REQUEST, UPGRADING, RESPONSE, RELAY, IDLE } state;

typedef struct conn {
    int fd;
    side side;
    state at;
    int paused, closed;
    struct conn *peer, *next;               /* next: of the idle upstream connections, or of the closed ones */
    char *unsent; size_t unsent_length;
    char *head; size_t head_length;         /* of a client: the request so far */
    SSL *ssl;
    uint32_t address;                       /* of a client */
    long remaining;                         /* of an upstream's body; -1 before its head */
} conn;

static SSL_CTX *tls;
static BIO *shared;
static int ep, listener;
static struct sockaddr_in upstream;
static conn *idle, *closed;
static char received[AT_ONCE], plain[2 * AT_ONCE], request[AT_ONCE + LONGEST_HEAD], response[2 * AT_ONCE];
static char *in, out[4 * AT_ONCE];
static size_t in_left, out_length;

static int bio_read(BIO *bio, char *to, int n) {
    BIO_clear_retry_flags(bio);
    if (!in_left) { BIO_set_retry_read(bio); return -1; }
    if ((size_t)n > in_left) n = in_left;
    memcpy(to, in, n);
    in += n;
    in_left -= n;
    return n;
}

static int bio_write(BIO *bio, const char *from, int n) {
    BIO_clear_retry_flags(bio);
    memcpy(out + out_length, from, n);
    out_length += n;
    return n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) { return command == BIO_CTRL_FLUSH; }
static int bio_create(BIO *bio) { BIO_set_init(bio, 1); return 1; }

static void wait_for(conn *c) {
    struct epoll_event e = { .events = (c->paused ? 0 : EPOLLIN) | (c->unsent_length ? EPOLLOUT : 0), .data.ptr = c };
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

/* Events of this connection may already be in the array that the loop walks, so its memory is released after that. */
static void bury(conn *c) {
    if (c->closed) return;
    c->closed = 1;
    close(c->fd);
    if (c->ssl) { SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); SSL_free(c->ssl); }
    c->next = closed;
    closed = c;
}

static void close_both(conn *c) {
    conn *peer = c->peer;
    bury(c);
    if (peer) { peer->peer = NULL; bury(peer); }
}

static void close_idle(conn *c) {
    conn **q = &idle;
    while (*q && *q != c) q = &(*q)->next;
    if (*q) *q = c->next;
    bury(c);
}

static void keep(conn *c, const char *bytes, size_t n) {
    c->unsent = realloc(c->unsent, c->unsent_length + n);
    memcpy(c->unsent + c->unsent_length, bytes, n);
    c->unsent_length += n;
}

/* What the kernel does not take is kept, and the other side is not read until it has been sent. */
static void send_bytes(conn *c, const char *bytes, size_t n) {
    if (c->closed) return;
    if (c->unsent_length) { keep(c, bytes, n); return; }
    ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
    if (sent == (ssize_t)n) return;
    if (sent < 0 && errno != EAGAIN) { close_both(c); return; }
    if (sent < 0) sent = 0;
    keep(c, bytes + sent, n - sent);
    wait_for(c);
    if (c->peer && !c->peer->paused) { c->peer->paused = 1; wait_for(c->peer); }
}

static void send_unsent(conn *c) {
    ssize_t sent = send(c->fd, c->unsent, c->unsent_length, MSG_NOSIGNAL);
    if (sent < 0) { if (errno != EAGAIN) close_both(c); return; }
    memmove(c->unsent, c->unsent + sent, c->unsent_length -= sent);
    if (c->unsent_length) return;
    free(c->unsent);
    c->unsent = NULL;
    wait_for(c);
    if (c->peer && c->peer->paused) { c->peer->paused = 0; wait_for(c->peer); }
}

static void send_records(conn *c) {
    size_t n = out_length;
    out_length = 0;
    if (n) send_bytes(c, out, n);
}

static void send_to_client(conn *c, const char *bytes, size_t n) {
    if (c->closed) return;
    if (SSL_write(c->ssl, bytes, n) != (int)n) { close_both(c); return; }
    send_records(c);
}

static int is(const char *line, size_t n, const char *name) { size_t l = strlen(name); return n > l && !strncasecmp(line, name, l); }

static char *put(char *to, const char *text) { return stpcpy(to, text); }

/* The request as the upstream gets it; returns its length, and whether it asks for an upgrade. */
static size_t forwarded(conn *c, char *head, size_t n, char *to, int *upgrade) {
    char *start = to, address[INET_ADDRSTRLEN];
    *upgrade = 0;
    for (char *line = head, *end = head + n - 2, *next; line < end; line = next) {
        next = (char *)memchr(line, '\n', end - line) + 1;
        size_t l = next - line;
        if (is(line, l, "upgrade:")) *upgrade = 1;
        if (is(line, l, "connection:") || is(line, l, "keep-alive:") || is(line, l, "x-real-ip:") || is(line, l, "x-forwarded-")) continue;
        memcpy(to, line, l);
        to += l;
    }
    inet_ntop(AF_INET, &c->address, address, sizeof address);
    if (*upgrade) to = put(to, "Connection: Upgrade\r\n");
    to = put(put(to, "X-Real-IP: "), address);
    to = put(put(to, "\r\nX-Forwarded-For: "), address);
    return put(to, "\r\nX-Forwarded-Proto: https\r\n\r\n") - start;
}

static conn *connect_upstream(const char *bytes, size_t n) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connect(fd, (void *)&upstream, sizeof upstream);
    conn *u = calloc(1, sizeof *u);
    u->fd = fd;
    u->side = UPSTREAM;
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    if (sent < (ssize_t)n) keep(u, bytes + (sent < 0 ? 0 : sent), n - (sent < 0 ? 0 : sent));
    struct epoll_event e = { .events = EPOLLIN | (u->unsent_length ? EPOLLOUT : 0), .data.ptr = u };
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    return u;
}

static void forward(conn *c, const char *bytes, size_t n, int upgrade) {
    conn *u = upgrade ? NULL : idle;
    if (u) { idle = u->next; send_bytes(u, bytes, n); }
    else u = connect_upstream(bytes, n);
    if (!u) { close_both(c); return; }
    u->peer = c;
    c->peer = u;
    u->at = c->at = upgrade ? UPGRADING : RESPONSE;
    u->remaining = -1;
}

static void from_client(conn *c, char *bytes, size_t n) {
    if (c->at == RELAY || c->at == UPGRADING) { if (c->peer) send_bytes(c->peer, bytes, n); return; }
    if (c->at == RESPONSE) { close_both(c); return; }
    if (c->head) {
        c->head = realloc(c->head, c->head_length + n);
        memcpy(c->head + c->head_length, bytes, n);
        bytes = c->head;
        n = c->head_length += n;
    }
    char *end = memmem(bytes, n, "\r\n\r\n", 4);
    if (!end && n > LONGEST_HEAD) { close_both(c); return; }
    if (!end) {
        if (c->head) return;
        c->head = malloc(n);
        memcpy(c->head, bytes, c->head_length = n);
        return;
    }
    int upgrade;
    size_t head = end + 4 - bytes, length = forwarded(c, bytes, head, request, &upgrade);
    if (length + n - head <= sizeof request) { memcpy(request + length, bytes + head, n - head); length += n - head; }
    free(c->head);
    c->head = NULL;
    forward(c, request, length, upgrade);
}

static void response_ended(conn *u) {
    u->peer->peer = NULL;
    u->peer->at = REQUEST;
    u->peer = NULL;
    u->at = IDLE;
    u->next = idle;
    idle = u;
}

static void response_head(conn *u, char *bytes, size_t n) {
    conn *c = u->peer;
    char *end = memmem(bytes, n, "\r\n\r\n", 4), *to = response;
    long length = -1;
    if (!end) { close_both(c); return; }
    for (char *line = bytes, *next; line < end + 2; line = next) {
        next = (char *)memchr(line, '\n', end + 2 - line) + 1;
        size_t l = next - line;
        if (is(line, l, "content-length:")) length = atol(line + 15);
        if (is(line, l, "connection:")) continue;
        memcpy(to, line, l);
        to += l;
    }
    if (length < 0) { close_both(c); return; }
    to = put(to, "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\nX-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n\r\n");
    size_t body = n - (end + 4 - bytes);
    memcpy(to, end + 4, body);
    u->remaining = length - body;
    if (u->remaining <= 0) response_ended(u);
    send_to_client(c, response, to + body - response);
}

static void from_upstream(conn *u, char *bytes, size_t n) {
    conn *c = u->peer;
    if (!c) { close_idle(u); return; }
    if (u->at == UPGRADING) {
        int accepted = n > 12 && !memcmp(bytes + 9, "101", 3);
        if (accepted) u->at = c->at = RELAY;
        send_to_client(c, bytes, n);
        if (!accepted && !c->closed) close_both(c);
    } else if (u->at == RELAY) send_to_client(c, bytes, n);
    else if (u->remaining < 0) response_head(u, bytes, n);
    else {
        u->remaining -= n;
        if (u->remaining <= 0) response_ended(u);
        send_to_client(c, bytes, n);
    }
}

static void read_upstream(conn *u) {
    ssize_t n = recv(u->fd, received, sizeof received, 0);
    if (n > 0) from_upstream(u, received, n);
    else if (n == 0 || errno != EAGAIN) { if (u->peer) close_both(u); else close_idle(u); }
}

static void read_client(conn *c) {
    ssize_t n = recv(c->fd, received, sizeof received, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { close_both(c); return; }
    in = received;
    in_left = n;
    if (c->at == HANDSHAKE) {
        int r = SSL_accept(c->ssl);
        if (r != 1 && SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ) { send_records(c); return; }
        if (r != 1) { ERR_clear_error(); out_length = 0; close_both(c); return; }
        c->at = REQUEST;
        if (!in_left && !SSL_has_pending(c->ssl)) { send_records(c); return; }
    }
    size_t got = 0;
    int ended = 0;
    do {
        int r = SSL_read(c->ssl, plain + got, sizeof plain - got);
        if (r <= 0) { ended = SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ; ERR_clear_error(); break; }
        got += r;
    } while (in_left || SSL_has_pending(c->ssl));
    if (got) from_client(c, plain, got);
    if (c->closed) { out_length = 0; return; }
    send_records(c);
    if (ended) close_both(c);
}

static void accept_clients(void) {
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        int fd = accept4(listener, (void *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        conn *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->side = CLIENT;
        c->address = from.sin_addr.s_addr;
        c->ssl = SSL_new(tls);
        BIO_up_ref(shared);
        SSL_set_bio(c->ssl, shared, shared);
        SSL_set_accept_state(c->ssl);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    }
}

static void serve(void) {
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, events[EVENTS];
    ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(ep, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            conn *c = events[i].data.ptr;
            if (!c) { accept_clients(); continue; }
            if (!c->closed && events[i].events & EPOLLOUT && c->unsent_length) send_unsent(c);
            if (c->closed || !(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            if (c->side == CLIENT) read_client(c); else read_upstream(c);
        }
        while (closed) {
            conn *c = closed;
            closed = c->next;
            free(c->unsent);
            free(c->head);
            free(c);
        }
    }
}

static void set_up_tls(const char *certificates, const char *key) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "floor");
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    BIO_meth_set_create(method, bio_create);
    shared = BIO_new(method);
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_num_tickets(tls, 1);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(tls, (void *)"floor", 5);
    if (SSL_CTX_use_certificate_chain_file(tls, certificates) == 1 && SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1) return;
    ERR_print_errors_fp(stderr);
    exit(1);
}

static struct sockaddr_in loopback(const char *port) {
    return (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: floor PORT UPSTREAM-PORT CERTIFICATES KEY\n"); return 2; }
    struct sockaddr_in address = loopback(argv[1]);
    struct rlimit files;
    int one = 1;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    upstream = loopback(argv[2]);
    set_up_tls(argv[3], argv[4]);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) { perror("floor"); return 1; }
    serve();
}

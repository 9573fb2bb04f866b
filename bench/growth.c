/* growth: certificates and handshakes for bench/growth, OpenSSL.
 * usage: growth certs FOLDER FIRST END        writes N.crt (leaf and intermediate) and N.key for nN.growth.test, FIRST <= N < END; the CA is FOLDER/ca.crt, ca.key
 *        growth shake PORT NAMES COUNT        COUNT full handshakes over 127.0.0.1, one after another, with SNI n0 to n(NAMES-1).growth.test in order
 *        growth serial PORT N                 prints the serial number of the certificate served for nN.growth.test
 * shake ends with: ok=N failed=N */
#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void require(int good, const char *what) { if (!good) { fprintf(stderr, "growth: %s\n", what); exit(1); } }

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context; X509V3_set_ctx_nodb(&context); X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    require(extension && X509_add_ext(certificate, extension, -1), value); X509_EXTENSION_free(extension);
}

static X509 *certificate(const char *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names) {
    X509 *made = X509_new(); unsigned char serial[16]; RAND_bytes(serial, sizeof serial); serial[0] = (serial[0] & 0x7F) | 0x40;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL); BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made)); BN_free(number);
    X509_set_version(made, 2); X509_gmtime_adj(X509_getm_notBefore(made), -3600); X509_gmtime_adj(X509_getm_notAfter(made), 86400L * 60);
    X509_NAME *name = X509_NAME_new(); X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
    X509_set_subject_name(made, name); X509_set_issuer_name(made, issuer ? X509_get_subject_name(issuer) : name); X509_NAME_free(name); X509_set_pubkey(made, key);
    if (!issuer) issuer = made;
    extend(made, issuer, NID_basic_constraints, names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    extend(made, issuer, NID_key_usage, names ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    extend(made, issuer, NID_subject_key_identifier, "hash");
    extend(made, issuer, NID_authority_key_identifier, "keyid:always");
    if (names) { extend(made, issuer, NID_ext_key_usage, "serverAuth"); extend(made, issuer, NID_subject_alt_name, names); }
    require(X509_sign(made, issuer_key, EVP_sha256()) > 0, "cannot sign"); return made;
}

static FILE *file(const char *folder, const char *name) {
    char path[4096]; snprintf(path, sizeof path, "%s/.%s", folder, name); FILE *out = fopen(path, "w"); require(out != NULL, path); return out;
}

/* By rename, so that the edge never reads half of a file. */
static void finish(FILE *out, const char *folder, const char *name) {
    char from[4096], to[4096]; fclose(out); snprintf(from, sizeof from, "%s/.%s", folder, name); snprintf(to, sizeof to, "%s/%s", folder, name); require(!rename(from, to), to);
}

static void certs(const char *folder, int first, int end) {
    char name[128], text[128]; umask(077);
    EVP_PKEY *root_key = EVP_EC_gen("P-256"), *ca_key = EVP_EC_gen("P-256");
    X509 *root = certificate("Growth root", root_key, NULL, root_key, NULL), *ca = certificate("Growth CA", ca_key, root, root_key, NULL);
    FILE *out = file(folder, "ca.crt"); PEM_write_X509(out, root); finish(out, folder, "ca.crt");
    for (int i = first; i < end; i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256"); snprintf(text, sizeof text, "DNS:n%d.growth.test", i); X509 *leaf = certificate(text + 4, key, ca, ca_key, text);
        snprintf(name, sizeof name, "%d.key", i); out = file(folder, name); PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL); finish(out, folder, name);
        snprintf(name, sizeof name, "%d.crt", i); out = file(folder, name); PEM_write_X509(out, leaf); PEM_write_X509(out, ca); PEM_write_X509(out, root); finish(out, folder, name);
        X509_free(leaf); EVP_PKEY_free(key);
    }
}

static SSL *handshake(SSL_CTX *context, int port, int name) {
    char sni[128]; struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0); struct timeval limit = { .tv_sec = 20 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) { close(fd); return NULL; }
    SSL *ssl = SSL_new(context); SSL_set_fd(ssl, fd); snprintf(sni, sizeof sni, "n%d.growth.test", name); SSL_set_tlsext_host_name(ssl, sni);
    if (SSL_connect(ssl) == 1) return ssl;
    SSL_free(ssl); close(fd); return NULL;
}

static void end(SSL *ssl) { int fd = SSL_get_fd(ssl); SSL_shutdown(ssl); SSL_free(ssl); close(fd); }

int main(int count, char **words) {
    if (count == 5 && !strcmp(words[1], "certs")) { certs(words[2], atoi(words[3]), atoi(words[4])); return 0; }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (count == 4 && !strcmp(words[1], "serial")) {
        SSL *ssl = handshake(context, atoi(words[2]), atoi(words[3])); require(ssl != NULL, "no handshake");
        X509 *served = SSL_get1_peer_certificate(ssl); BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(served), NULL); char *hex = BN_bn2hex(number);
        puts(hex); end(ssl); return 0;
    }
    require(count == 5 && !strcmp(words[1], "shake"), "usage: certs FOLDER FIRST END | shake PORT NAMES COUNT | serial PORT N");
    int port = atoi(words[2]), names = atoi(words[3]), total = atoi(words[4]), ok = 0;
    for (int i = 0; i < total; i++) { SSL *ssl = handshake(context, port, i % names); if (ssl) { ok++; end(ssl); } }
    printf("ok=%d failed=%d\n", ok, total - ok); return ok == total ? 0 : 1;
}

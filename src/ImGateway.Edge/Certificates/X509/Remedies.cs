using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Remedies in the form of commands to paste. They never overwrite a configured file. RemedyTests runs each of them.</summary>
static class Remedies
{
    public static string PemOfCertificate(string path) => $"convert it with: openssl x509 -inform DER -in {ShellQuoting.Quote(path)} -out NEW.crt";

    public static string PemOfPkcs7(string path, bool isPem) =>
        $"convert it with: openssl pkcs7 {(isPem ? "" : "-inform DER ")}-print_certs -in {ShellQuoting.Quote(path)} -out NEW.crt";

    public static string CertificatesOfPfx(string path) => $"convert it with: openssl pkcs12 -nokeys -in {ShellQuoting.Quote(path)} -out NEW.crt";

    public static string KeyOfPfx(string path) => $"convert it with: openssl pkcs12 -nocerts -nodes -in {ShellQuoting.Quote(path)} -out NEW.key";

    public static string PemOfKey(string path) => $"convert it with: openssl pkey -inform DER -in {ShellQuoting.Quote(path)} -out NEW.key";

    /// <param name="isOld">Whether OpenSSL 3 needs its legacy provider for the algorithm.</param>
    public static string EncryptAnew(string path, bool isOld) =>
        $"convert it with: openssl pkcs8 {(isOld ? "-provider legacy -provider default " : "")}-topk8 -v2 aes-256-cbc -in {ShellQuoting.Quote(path)} -out NEW.key";

    /// <summary>Converts an RSA-PSS key to the OID rsaEncryption, with the same numbers.</summary>
    public static string PlainRsaKey(string path) =>
        $"have the certificate issued for its plain form, made with: openssl rsa -in {ShellQuoting.Quote(path)} -traditional -outform DER | openssl rsa -inform DER -out NEW.key";

    public static string RequestFor(string keyPath, IReadOnlyList<HostName> names) =>
        $"request it anew for the plain key with: openssl req -new -key {ShellQuoting.Quote(keyPath)} -subj /{(names.Count == 0 ? "" : $" -addext {ShellQuoting.Quote(San(names))}")} -out NEW.csr";

    /// <summary>Signs with openssl's default algorithm: PKCS#1 and SHA-256.</summary>
    public static string SignAnew(string certificatePath, string keyPath, bool isSelfSigned) => isSelfSigned
        ? $"sign it anew with: openssl x509 -in {ShellQuoting.Quote(certificatePath)} -signkey {ShellQuoting.Quote(keyPath)} -days 90 -out NEW.crt"
        : "request it anew, for a signature with a salt as long as the hash, with: "
            + $"openssl x509 -x509toreq -copy_extensions copyall -in {ShellQuoting.Quote(certificatePath)} -signkey {ShellQuoting.Quote(keyPath)} -out NEW.csr";

    /// <param name="ignoresIntegrity">Skips the integrity check, for an OpenSSL that does not support its algorithm.</param>
    public static string PemOfPfx(string path, bool ignoresIntegrity) =>
        $"name what this makes as Certificate, without a Key, with: openssl pkcs12 {(ignoresIntegrity ? "-nomacver " : "")}-nodes -in {ShellQuoting.Quote(path)} -out NEW.pem";

    public static string TryKeyPassword(string path) => $"correct Password or PasswordFile; try: openssl pkey -in {ShellQuoting.Quote(path)} -noout";

    public static string TryPfxPassword(string path) => $"correct Password or PasswordFile; try: openssl pkcs12 -in {ShellQuoting.Quote(path)} -noout";

    public static string ComparePublicKeys(string keyPath, string certificatePath) =>
        "name the key that the certificate was requested with, compare public keys with: "
        + $"diff <(openssl pkey -in {ShellQuoting.Quote(keyPath)} -pubout) <(openssl x509 -in {ShellQuoting.Quote(certificatePath)} -noout -pubkey)";

    /// <summary>Creates a certificate with the host in its SAN: self-signed if the present one is, otherwise as a request to the CA.</summary>
    public static string NameInSan(HostName host, bool isSelfSigned) => isSelfSigned
        ? $"name what this makes in its place, with: imgw cert self-signed --host {ShellQuoting.Quote(host.Value)} --out NEW"
        : "request it anew with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout NEW.key -out NEW.csr "
            + $"-subj / -addext {ShellQuoting.Quote(San([host]))}";

    public static string CloseToOthers(string path) => $"the next start closes it, or do it now with: chmod go= {ShellQuoting.Quote(path)}";

    public static string AllowToRun(string path) => $"allow it with: chmod +x {ShellQuoting.Quote(path)}";

    static string San(IReadOnlyList<HostName> names) => $"subjectAltName={string.Join(',', names.Select(name => $"{(name.IsAddress ? "IP" : "DNS")}:{name}"))}";
}

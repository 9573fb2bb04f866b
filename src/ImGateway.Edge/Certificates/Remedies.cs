using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>Remedies that are a command to paste; it overwrites nothing that is configured. RemedyTests runs each as it is printed.</summary>
static class Remedies
{
    public static string PemOfCertificate(string path) => $"convert it with: openssl x509 -inform DER -in {ShellWord.Of(path)} -out NEW.crt";

    public static string PemOfPkcs7(string path, bool isPem) =>
        $"convert it with: openssl pkcs7 {(isPem ? "" : "-inform DER ")}-print_certs -in {ShellWord.Of(path)} -out NEW.crt";

    public static string CertificatesOfPfx(string path) => $"convert it with: openssl pkcs12 -nokeys -in {ShellWord.Of(path)} -out NEW.crt";

    public static string KeyOfPfx(string path) => $"convert it with: openssl pkcs12 -nocerts -nodes -in {ShellWord.Of(path)} -out NEW.key";

    public static string PemOfKey(string path) => $"convert it with: openssl pkey -inform DER -in {ShellWord.Of(path)} -out NEW.key";

    public static string EncryptAnew(string path) => $"convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {ShellWord.Of(path)} -out NEW.key";

    public static string TryKeyPassword(string path) => $"correct Password or PasswordFile; try: openssl pkey -in {ShellWord.Of(path)} -noout";

    public static string TryPfxPassword(string path) => $"correct Password or PasswordFile; try: openssl pkcs12 -in {ShellWord.Of(path)} -noout";

    public static string ComparePublicKeys(string keyPath, string certificatePath) =>
        "name the key that the certificate was requested with, compare public keys with: "
        + $"diff <(openssl pkey -in {ShellWord.Of(keyPath)} -pubout) <(openssl x509 -in {ShellWord.Of(certificatePath)} -noout -pubkey)";

    /// <summary>A certificate that names its host as clients of today look for it, from whoever has made the one without.</summary>
    public static string NameInSan(HostName host, bool isSelfSigned) => isSelfSigned
        ? $"name what this makes in its place, with: imgw cert self-signed --host {ShellWord.Of(host.Value)} --out NEW"
        : "request it anew with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout NEW.key -out NEW.csr "
            + $"-subj / -addext {ShellWord.Of($"subjectAltName={(host.IsAddress ? "IP" : "DNS")}:{host}")}";
}

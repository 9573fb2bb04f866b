using System.Text.Json;
using ImGateway.Edge.Configuration;

#pragma warning disable IDE0065
namespace ImGateway.Acme
{
    using System.Security.Cryptography.X509Certificates;

    public sealed record AcmeServerOptions
    {
        public X509Certificate2Collection? TrustedRoots { get; init; }

        public TimeSpan RequestTimeout { get; init; }

        public TimeProvider Time { get; init; } = TimeProvider.System;
    }

    public sealed record AcmeDirectory(string? TermsOfService, IReadOnlyList<string> CaaIdentities, bool ExternalAccountRequired, IReadOnlyDictionary<string, string> Profiles);

    public sealed class AcmeException(string message) : Exception(message);

    public sealed class AcmeServer : IDisposable
    {
        public AcmeDirectory Directory { get; } = new(null, [], false, new Dictionary<string, string>());

        public DateTimeOffset? ServerDate { get; }

        public static Task<AcmeServer> ConnectAsync(Uri directory, AcmeServerOptions? options, CancellationToken cancellationToken) => throw new AcmeException($"directory at {directory.Host}: not yet");

        public void Dispose()
        {
        }
    }

    public enum RevocationReason
    {
        Unspecified = 0,
        KeyCompromise = 1,
        AffiliationChanged = 3,
        Superseded = 4,
        CessationOfOperation = 5,
    }
}

namespace ImGateway.Edge.Certificates
{
    using ImGateway.Acme;

    public sealed record RenewResult(HostName Host, bool Succeeded, string Message, string? SerialNumber);

    public sealed partial class CertificateManager
    {
        public Task<RenewResult> RenewAsync(HostName host, bool force, bool staging, string who, IProgress<string> progress, CancellationToken cancellationToken)
        {
            progress.Report("asking");
            return Task.FromResult(new RenewResult(host, false, "its certificate is not by ACME; set Edge:Certificates:Source to Acme", null));
        }

        public Task<RenewResult> RevokeAsync(HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken) =>
            Task.FromResult(new RenewResult(host, false, "its certificate is not by ACME; set Edge:Certificates:Source to Acme", null));
    }
}

namespace ImGateway.Edge.Certificates.Audit
{
    public sealed record AuditEntry(DateTimeOffset Time, string Action, string? Host, string Why, string Who, string? OldSerial, string? NewSerial, string? SpkiSha256, string? Issuer, int? ChainLength, string? Profile, string? Detail);

    public static class AuditLog
    {
        public static IReadOnlyList<AuditEntry> Read(string path) => File.Exists(path)
            ? [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<AuditEntry>(line, JsonSerializerOptions.Web)!)]
            : [];
    }
}

using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// The options of SslStream for the handshakes of one name, built once, so that .NET keeps one OpenSSL context for them. They are built at the first use:
/// .NET builds a certificate chain for them, and of thousands of names most are not requested soon after a start.
/// </summary>
sealed class SslStreamContext : TlsContext
{
    readonly Lock _changing = new();
    readonly TlsContextSettings _settings;
    readonly TicketScopes _scopes;
    byte[]? _staple;
    volatile SslServerAuthenticationOptions? _options;

    public SslStreamContext(TlsContextSettings settings, TicketScopes scopes) => (_settings, _scopes, _staple) = (settings, scopes, settings.Staple);

    /// <exception cref="InvalidOperationException">The complete delivered chain would not be sent.</exception>
    internal SslServerAuthenticationOptions Options => _options ?? GetOrCreateOptions();

    /// <summary>Whether a handshake or <see cref="Prepare"/> has needed the options.</summary>
    internal bool IsPrepared => _options is not null;

    public override byte[]? Staple
    {
        get => OcspStaple.IsAvailable ? Volatile.Read(ref _staple) : null;
        set
        {
            lock (_changing)
            {
                _staple = value;
                if (_options is { } options) OcspStaple.Replace(options.ServerCertificateContext!, value);
            }
        }
    }

    public override void Prepare() => GetOrCreateOptions();

    /// <summary>Drops the OpenSSL context, and with it the ticket keys; the next handshake creates another one.</summary>
    public void DropOptions()
    {
        lock (_changing) _options = null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken)
    {
        var transport = new TransportStream(connection.Transport, slot);
        var stream = new ServerSslStream(transport);
        try
        {
            await stream.AuthenticateAsServerAsync(Options, cancellationToken);
            ReleaseBuffersMode.ReleaseWhenIdle(stream);
            return new SslStreamSession(stream, connection, resumed: transport.EndHandshake());
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Creates a new certificate context. OpenSSL's session tickets belong to a context, so with one context for each name a session of one name cannot
    /// resume for another (cf. CVE-2025-23419).
    /// </summary>
    /// <exception cref="InvalidOperationException">The complete delivered chain would not be sent.</exception>
    internal static SslStreamCertificateContext CreateCertificateContext(Credential credential)
    {
        // .NET rebuilds the chain to send, by default against the machine's trust store, where it can end earlier than the CA's chain.
        // Trusting only the last certificate that is sent keeps the chain as delivered, even if a root has the same name and key.
        var (leaf, issuers) = (credential.Leaf, credential.Issuers);
        var trust = SslCertificateTrust.CreateForX509Collection([issuers.Count > 0 ? issuers[^1] : leaf], sendTrustInHandshake: false);
        var context = SslStreamCertificateContext.Create(leaf, [.. issuers], offline: true, trust);
        return context.IntermediateCertificates.Count == issuers.Count
            ? context
            : throw new InvalidOperationException(
                $"certificate {credential.SerialNumber}: {context.IntermediateCertificates.Count} of the {issuers.Count} delivered intermediates would be sent");
    }

    SslServerAuthenticationOptions GetOrCreateOptions()
    {
        lock (_changing) return _options ??= CreateOptions(_staple);
    }

    SslServerAuthenticationOptions CreateOptions(byte[]? staple)
    {
        var certificate = CreateCertificateContext(_settings.Credential);
        if (!_settings.IsForChallenges) OcspStaple.Prepare(certificate, staple);
        var versions = _settings.Policy is TlsPolicy.Modern ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ApplicationProtocols = [.. _settings.Protocols],
            // Without resumption .NET shares no OpenSSL context between names, and no ticket lets a client skip the certificate.
            EnabledSslProtocols = _settings.IsForChallenges ? versions : versions | _scopes.Allocate(certificate),
            AllowRenegotiation = false,
            AllowTlsResume = !_settings.IsForChallenges,
        };
    }
}

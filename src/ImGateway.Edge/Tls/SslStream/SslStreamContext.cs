using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;
using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>The options of SslStream for the handshakes of one name: prebuilt, so that .NET keeps one OpenSSL context for them.</summary>
sealed class SslStreamContext : TlsContext
{
    readonly TlsContextSettings _settings;
    readonly TicketScopes _scopes;
    volatile SslServerAuthenticationOptions _options;

    public SslStreamContext(TlsContextSettings settings, TicketScopes scopes)
    {
        (_settings, _scopes) = (settings, scopes);
        _options = CreateOptions(settings.Staple);
    }

    internal SslServerAuthenticationOptions Options => _options;

    public override byte[]? Staple
    {
        get => OcspStaple.Of(_options.ServerCertificateContext!);
        set => OcspStaple.Replace(_options.ServerCertificateContext!, value);
    }

    /// <summary>The same with another OpenSSL context, and so with other ticket keys.</summary>
    public void Renew() => _options = CreateOptions(Staple);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken)
    {
        var transport = new TransportStream(connection.Transport, slot);
        var stream = new NetSslStream(transport, leaveInnerStreamOpen: true);
        try
        {
            await stream.AuthenticateAsServerAsync(_options, cancellationToken);
            RecordBuffers.ReleaseWhenIdle(stream);
            return new SslStreamSession(stream, connection, resumed: transport.EndHandshake());
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A certificate context of its own for each caller: OpenSSL's session tickets belong to a context, so one a name keeps a session of one name
    /// from resuming for another (cf. CVE-2025-23419).
    /// </summary>
    /// <exception cref="InvalidOperationException">The whole delivered chain would not be sent.</exception>
    internal static SslStreamCertificateContext CreateCertificateContext(Credential credential)
    {
        // .NET builds the chain to send anew, against the machine's trust store if it may: then it can end earlier than the CA's own.
        // Trusting only the last that is sent keeps it as delivered, also where a root has the same name and key.
        var (leaf, issuers) = (credential.Leaf, credential.Issuers);
        var trust = SslCertificateTrust.CreateForX509Collection([issuers.Count > 0 ? issuers[^1] : leaf], sendTrustInHandshake: false);
        var context = SslStreamCertificateContext.Create(leaf, [.. issuers], offline: true, trust);
        return context.IntermediateCertificates.Count == issuers.Count
            ? context
            : throw new InvalidOperationException(
                $"certificate {credential.SerialNumber}: {context.IntermediateCertificates.Count} of the {issuers.Count} delivered intermediates would be sent");
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
            // Without resumption .NET shares no OpenSSL context with any other name, and no ticket can bring a client past the certificate.
            EnabledSslProtocols = _settings.IsForChallenges ? versions : versions | _scopes.Next(certificate),
            AllowRenegotiation = false,
            AllowTlsResume = !_settings.IsForChallenges,
        };
    }
}

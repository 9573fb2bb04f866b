using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text;
using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls.Direct;

/// <summary>The credential of one name in OpenSSL's form. All contexts share one <c>SSL_CTX</c>, so sessions outlive a new certificate.</summary>
sealed class DirectContext(TlsServer server, TlsContextSettings settings) : TlsContext
{
    readonly ServerCredential _credential = new(
        new(settings.Credential.Leaf, settings.Credential.Issuers, settings.Protocols, Encoding.UTF8.GetBytes(settings.SessionScope))
        {
            MinimumProtocol = settings.Policy is TlsPolicy.Modern ? SslProtocols.Tls13 : SslProtocols.Tls12,
            AllowsResumption = !settings.IsForChallenges,
            Staple = settings.IsForChallenges ? null : settings.Staple,
        });

    public override byte[]? Staple
    {
        get => _credential.Staple;
        set => _credential.Staple = value;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ITlsSession> AuthenticateAsync(ConnectionContext connection, HandshakeSlot slot, CancellationToken cancellationToken)
    {
        if (connection.Features.Get<DirectConnection>() is not { } direct) return await InMemorySession.AuthenticateAsync(server, _credential, connection.Transport, cancellationToken);
        await direct.BeginTlsAsync(server, _credential, cancellationToken);
        // The costly part is over; a client that responds slowly must not delay others.
        slot.Release();
        return new DirectSession(direct, await direct.FinishTlsAsync(cancellationToken));
    }
}

using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tls;

/// <summary>An in-memory handshake with the engine, so that neither a required PROXY header nor admission can fail it.</summary>
public sealed class HandshakeSelfTest
{
    readonly ServerCertificateSelector _selector;
    readonly TlsMiddleware _middleware;

    public HandshakeSelfTest(ServerCertificateSelector selector, EdgeOptions options, TimeProvider time) =>
        (_selector, _middleware) = (selector, TlsMiddleware.ForSelfTests(selector, options.Tls, time));

    /// <summary>
    /// Null if a TLS client that requests <paramref name="host"/>, and one without SNI if the host is the default, receives
    /// <paramref name="expected"/> with its complete chain; otherwise the problem.
    /// </summary>
    public async Task<string?> TestAsync(HostName host, Credential expected, CancellationToken cancellationToken)
    {
        var (name, address) = InMemoryConnection.ClientOf(host);
        if (await HandshakeAsync(name ?? "", address, expected, cancellationToken) is { } failure) return failure;
        return _selector.HostWithoutSni == host && await HandshakeAsync("", address: null, expected, cancellationToken) is { } unnamed
            ? $"of a client that sends no name: {unnamed}"
            : null;
    }

    /// <param name="name">The SNI; empty sends none.</param>
    async Task<string?> HandshakeAsync(string name, IPAddress? address, Credential expected, CancellationToken cancellationToken)
    {
        await using var connection = new InMemoryConnection(_middleware.Use, address);
        await using var client = new NetSslStream(new DuplexPipeStream(connection.Client));
        List<string> presented = [];
        try
        {
            await client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name,
                    // .NET builds a chain before it calls back: it would read the machine's roots, and ask the CA for a missing issuer over the network.
                    CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, DisableCertificateDownloads = true },
                    // The certificates are compared by thumbprint below; trust is not checked here.
                    RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
                    {
                        presented = [leaf!.GetCertHashString(), .. chain!.ChainPolicy.ExtraStore.Select(issuer => issuer.Thumbprint)];
                        return true;
                    },
                },
                cancellationToken);
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException)
        {
            return $"handshake failed: {exception.GetBaseException().Message}";
        }

        string[] wanted = [expected.Leaf.Thumbprint, .. expected.Issuers.Select(issuer => issuer.Thumbprint)];
        return presented.Distinct().SequenceEqual(wanted)
            ? null
            : $"the handshake shows {presented.Distinct().Count()} certificates beginning with {presented[0]}, not the {wanted.Length} of {expected.SerialNumber}";
    }
}

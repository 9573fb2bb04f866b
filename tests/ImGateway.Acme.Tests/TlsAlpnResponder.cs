using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme.Tests;

/// <summary>Answers tls-alpn-01 with one certificate (RFC 8737 §3), and keeps the names it was asked for.</summary>
sealed class TlsAlpnResponder : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly List<string> _names = [];
    readonly Task _serving;

    TlsAlpnResponder()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public X509Certificate2? Certificate { get; set; }

    public string Protocol { get; init; } = "acme-tls/1";

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public IReadOnlyList<string> Names => _names;

    public static TlsAlpnResponder Start(string protocol = "acme-tls/1") => new() { Protocol = protocol };

    public static X509Certificate2 CreateCertificate(byte[] digest, bool critical = true, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=acme", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.31", [0x04, 0x20, .. digest], critical));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
        _stop.Dispose();
        Certificate?.Dispose();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    async Task AnswerAsync(TcpClient socket)
    {
        await using var tls = new SslStream(socket.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(
                (_, hello, _, _) =>
                {
                    _names.Add(hello.ServerName);
                    return ValueTask.FromResult(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = Certificate,
                        ApplicationProtocols = [new SslApplicationProtocol(Protocol)],
                    });
                },
                state: null,
                _stop.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // No protocol in common, or the CA has seen enough.
        }
    }
}

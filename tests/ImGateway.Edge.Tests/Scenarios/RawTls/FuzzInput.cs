using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using static ImGateway.Testing.RawTls13Client;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>One connection of the fuzzer. Everything about it follows from seed and number, except for keys and sealed bytes.</summary>
sealed class FuzzInput(IPEndPoint server, byte[] ticket, int seed, int number)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    static readonly byte[] Request = Encoding.ASCII.GetBytes(RawTlsTarget.Request);

    static readonly string[] Names = [TlsFixture.Gateway, "rsa.test", "alpha.test", "unknown.test"];

    readonly Random _random = new(unchecked(seed * 1_000_003 + number));

    /// <summary>Sends the input; returns how the server ended the connection, or how far it went.</summary>
    /// <exception cref="InvalidOperationException">It did not end, or a valid request was not served.</exception>
    public async Task<string> RunAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(enable: true, seconds: 0) };
        try
        {
            await socket.ConnectAsync(server, limit.Token);
            return _random.Next(100) switch
            {
                < 60 => await HelloAsync(socket, limit.Token),
                < 80 => await RawClientAsync(socket, limit.Token),
                < 95 => await SslStreamAsync(socket, limit.Token),
                _ => await NoiseAsync(socket, limit.Token),
            };
        }
        catch (OperationCanceledException e)
        {
            throw new InvalidOperationException($"Input {number} of seed {seed} has not ended after {Limit}.", e);
        }
    }

    /// <summary>A mutated hello, with anything behind it.</summary>
    Task<string> HelloAsync(Socket socket, CancellationToken cancellationToken)
    {
        var hello = FuzzHellos.Create(_random, ticket);
        var length = hello.ToMessage().Length;
        int[] cuts = _random.Next(3) == 0 || length > 16384 ? [.. Enumerable.Range(1, length / 8000 + 2).Select(_ => 1 + _random.Next(length - 1)).Order().Distinct()] : [];
        var records = hello.ToRecords(cuts);
        if (_random.Next(20) != 0) records = Mutations.Apply(_random, records);
        if (_random.Next(3) == 0) records = [.. records, .. Mutations.Record(_random)];
        return SendAsync(socket, records, cancellationToken);
    }

    Task<string> NoiseAsync(Socket socket, CancellationToken cancellationToken) => SendAsync(
        socket,
        _random.Next(2) == 0
            ? FuzzHellos.Bytes(_random, _random.Next(3000))
            : [.. Enumerable.Range(0, 1 + _random.Next(20)).SelectMany(_ => Mutations.Record(_random))],
        cancellationToken);

    /// <summary>A handshake by hand with a mutated flight, and after it records of any kind, sealed or not. One in ten sends nothing wrong and must be served.</summary>
    async Task<string> RawClientAsync(Socket socket, CancellationToken cancellationToken)
    {
        var valid = _random.Next(10) == 0;
        await using var stream = new MutatingStream(socket, _random, valid ? int.MaxValue : _random.Next(8), ends: _random.Next(6) != 0);
        using var client = new RawTls13Client(stream) { SendsShare = _random.Next(4) != 0 };
        try
        {
            if (!await client.HandshakeAsync(HelloFor(valid ? TlsFixture.Gateway : Names[_random.Next(Names.Length)]), cancellationToken)) return client.Alert is { } alert ? $"alert {alert}" : "closed";
            if (valid) return await ServeAsync(client, cancellationToken);
            for (var records = 1 + _random.Next(6); records > 0; records--)
            {
                foreach (var segment in Mutations.Segments(_random, SealedRecord(client))) await client.SendRawAsync(segment, cancellationToken);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            return "ended by the client";
        }

        await EndAsync(socket, cancellationToken);
        return "handshake completed";
    }

    byte[] SealedRecord(RawTls13Client client) => _random.Next(8) switch
    {
        0 => client.SealKeyUpdate(requested: _random.Next(2) == 0),
        1 => client.Seal(AlertType, [(byte)(1 + _random.Next(2)), (byte)_random.Next(256)]),
        2 => client.Seal(HandshakeType, [(byte)_random.Next(30), 0, 0, (byte)_random.Next(20), .. FuzzHellos.Bytes(_random, _random.Next(20))]),
        3 => client.Seal((byte)_random.Next(256), FuzzHellos.Bytes(_random, _random.Next(16384)), _random.Next(100)),
        4 => Mutations.Apply(_random, client.Seal(ApplicationDataType, Request)),
        5 => Mutations.Record(_random),
        6 => client.Seal(ApplicationDataType, [], _random.Next(16384)),
        _ => client.Seal(ApplicationDataType, Request),
    };

    async Task<string> ServeAsync(RawTls13Client client, CancellationToken cancellationToken)
    {
        await client.SendAsync(ApplicationDataType, Request, cancellationToken);
        var response = await client.ReadUntilAsync("\r\n\r\n", cancellationToken);
        return response.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
            ? "served"
            : throw new InvalidOperationException($"Input {number} of seed {seed}, a valid request, got '{response}'.");
    }

    /// <summary>A library's client with a mutated flight: TLS 1.2, and resumption in both versions.</summary>
    async Task<string> SslStreamAsync(Socket socket, CancellationToken cancellationToken)
    {
        await using var stream = new MutatingStream(socket, _random, _random.Next(5), ends: _random.Next(6) != 0);
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = Names[_random.Next(Names.Length)],
                    EnabledSslProtocols = _random.Next(2) == 0 ? SslProtocols.Tls12 : SslProtocols.Tls13,
                    ApplicationProtocols = _random.Next(2) == 0 ? [SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http2],
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                },
                cancellationToken);
            for (var requests = 1 + _random.Next(3); requests > 0; requests--) await tls.WriteAsync(Request, cancellationToken);
            // The end of what is sent ends the request, however much of it has arrived. Reading takes in the session tickets.
            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[4096];
            while (await tls.ReadAsync(buffer, cancellationToken) > 0) continue;
        }
        catch (Exception e) when (IsEnd(e))
        {
            return tls.IsAuthenticated ? $"{tls.SslProtocol} aborted" : "handshake failed";
        }

        return $"{tls.SslProtocol} completed";
    }

    async Task<string> SendAsync(Socket socket, byte[] bytes, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var segment in Mutations.Segments(_random, bytes)) await socket.SendAsync(segment, cancellationToken);
        }
        catch (SocketException)
        {
            // Refused while it was still being sent.
        }

        switch (_random.Next(200))
        {
            case < 8: // disposed of, which resets
                return "reset by the client";
            case 8: // the server's time-out must end it
                return await ReadToEndAsync(socket, cancellationToken);
            default:
                return await EndAsync(socket, cancellationToken);
        }
    }

    static async Task<string> EndAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Reset already.
        }

        return await ReadToEndAsync(socket, cancellationToken);
    }

    /// <summary>What the server's first record was.</summary>
    static async Task<string> ReadToEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        var first = Array.Empty<byte>();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var read)
            {
                if (first.Length == 0) first = buffer[..Math.Min(read, 7)];
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return first switch
        {
            [] => "closed",
            [AlertType, _, _, _, _, _, var alert] => $"alert {alert}",
            [HandshakeType, ..] => "server hello",
            [(byte)'H', ..] => "plain HTTP",
            _ => "other",
        };
    }

    /// <summary>What the client's side throws when the server has ended the connection, or when the mutation made both differ about the keys.</summary>
    static bool IsEnd(Exception e) => e is IOException or SocketException or AuthenticationException or CryptographicException or InvalidDataException or InvalidOperationException;
}

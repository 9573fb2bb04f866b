using System.Buffers.Binary;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImGateway.Testing;

/// <summary>What a server said to a <see cref="RawHello"/>: an alert, a server hello (in TLS 1.2 with its certificates), or nothing.</summary>
public sealed record HelloAnswer
{
    /// <summary>Nothing came before the connection ended.</summary>
    public bool Closed { get; init; }

    /// <summary>2 is fatal.</summary>
    public byte? AlertLevel { get; init; }

    /// <summary>RFC 8446 §6: 40 handshake_failure, 70 protocol_version, 112 unrecognized_name.</summary>
    public byte? Alert { get; init; }

    /// <summary>The negotiated version, 0x0304 for TLS 1.3.</summary>
    public ushort? Version { get; init; }

    public ushort? CipherSuite { get; init; }

    public IReadOnlyDictionary<ushort, byte[]> Extensions { get; init; } = new Dictionary<ushort, byte[]>();

    /// <summary>The application protocol chosen (RFC 7301 §3.1); in plain sight up to TLS 1.2 only.</summary>
    public string? Alpn => Extensions.TryGetValue(16, out var body) ? Encoding.ASCII.GetString(body.AsSpan(3)) : null;

    /// <summary>In plain sight up to TLS 1.2 only.</summary>
    public IReadOnlyList<X509Certificate2> Certificates { get; init; } = [];

    /// <summary>The bytes that were no TLS record.</summary>
    public string? NotTls { get; init; }

    public bool IsFatalAlert(byte description) => AlertLevel == 2 && Alert == description;

    public override string ToString() =>
        Closed ? "closed" : Alert is { } alert ? $"alert {AlertLevel}/{alert}" : $"version {Version:x4}, suite {CipherSuite:x4}, {Certificates.Count} certificates {NotTls}";

    internal static async Task<HelloAnswer> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var answer = new HelloAnswer();
        var handshake = new List<byte>();
        var header = new byte[5];
        try
        {
            while (true)
            {
                if (await stream.ReadAtLeastAsync(header, 5, throwOnEndOfStream: false, cancellationToken) < 5) break;
                if (header[0] is not (21 or 22)) return answer with { NotTls = Convert.ToHexString(header) };
                var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(3))];
                await stream.ReadExactlyAsync(body, cancellationToken);
                if (header[0] == 21) return answer with { AlertLevel = body[0], Alert = body[1] };
                handshake.AddRange(body);
                while (TryTakeMessage(handshake, out var type, out var message))
                {
                    answer = type switch { 2 => answer.WithServerHello(message), 11 => answer.WithCertificates(message), _ => answer };
                    // The rest of TLS 1.3 is encrypted; TLS 1.2 waits for the client after server_hello_done.
                    if (answer.Version == RawHello.Tls13 || type == 14) return answer;
                }
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }

        return answer.Version is null ? answer with { Closed = true } : answer;
    }

    static bool TryTakeMessage(List<byte> handshake, out int type, out byte[] message)
    {
        (type, message) = (0, []);
        if (handshake.Count < 4) return false;
        var length = handshake[1] << 16 | handshake[2] << 8 | handshake[3];
        if (handshake.Count < 4 + length) return false;
        (type, message) = (handshake[0], [.. handshake.GetRange(4, length)]);
        handshake.RemoveRange(0, 4 + length);
        return true;
    }

    HelloAnswer WithServerHello(ReadOnlySpan<byte> message)
    {
        var version = BinaryPrimitives.ReadUInt16BigEndian(message);
        message = message[(34 + 1 + message[34])..];
        var suite = BinaryPrimitives.ReadUInt16BigEndian(message);
        var extensions = new Dictionary<ushort, byte[]>();
        for (message = message.Length > 5 ? message[5..] : []; message.Length >= 4;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
            extensions[BinaryPrimitives.ReadUInt16BigEndian(message)] = message.Slice(4, length).ToArray();
            message = message[(4 + length)..];
        }

        if (extensions.TryGetValue(43, out var selected)) version = BinaryPrimitives.ReadUInt16BigEndian(selected);
        return this with { Version = version, CipherSuite = suite, Extensions = extensions };
    }

    HelloAnswer WithCertificates(ReadOnlySpan<byte> message)
    {
        var certificates = new List<X509Certificate2>();
        for (message = message[3..]; message.Length > 3;)
        {
            var length = message[0] << 16 | message[1] << 8 | message[2];
            certificates.Add(X509CertificateLoader.LoadCertificate(message.Slice(3, length)));
            message = message[(3 + length)..];
        }

        return this with { Certificates = certificates };
    }
}

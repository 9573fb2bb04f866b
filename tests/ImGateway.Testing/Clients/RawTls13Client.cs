using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImGateway.Testing;

/// <summary>
/// A client of TLS 1.3 (RFC 8446) with TLS_AES_128_GCM_SHA256 and secp256r1 that can send what no TLS library would: any record, before and after the
/// handshake. It trusts every certificate.
/// </summary>
public sealed class RawTls13Client(Stream stream) : IDisposable
{
    public const byte ChangeCipherSpecType = 20, AlertType = 21, HandshakeType = 22, ApplicationDataType = 23;

    const byte ServerHello = 2, NewSessionTicket = 4, EncryptedExtensions = 8, CertificateMessage = 11, FinishedMessage = 20, KeyUpdate = 24;

    const ushort Cookie = 44, KeyShare = 51;

    static readonly byte[] NoHash = new byte[Tls13Traffic.HashBytes];

    // SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
    static readonly byte[] RetryRandom = SHA256.HashData("HelloRetryRequest"u8);

    readonly List<byte> _transcript = [];
    readonly List<byte> _handshake = [];
    Tls13Traffic? _read, _write;

    /// <summary>False: the first hello has no key share, which the server answers with a HelloRetryRequest.</summary>
    public bool SendsShare { get; init; } = true;

    /// <summary>Changes the hello that answers a HelloRetryRequest.</summary>
    public Func<RawHello, RawHello> SecondHello { get; init; } = hello => hello;

    /// <summary>Puts handshake messages into records; each message in one record if null.</summary>
    public Func<byte[], IEnumerable<byte[]>> Fragments { get; init; } = message => [message];

    /// <summary>Sent right behind the first hello, as early data would be.</summary>
    public byte[] BehindHello { get; init; } = [];

    /// <summary>Whether the server has sent a HelloRetryRequest.</summary>
    public bool Retried { get; private set; }

    public X509Certificate2? Certificate { get; private set; }

    public string? Alpn { get; private set; }

    /// <summary>The tickets of the NewSessionTicket messages (RFC 8446 §4.6.1) read so far.</summary>
    public List<byte[]> Tickets { get; } = [];

    /// <summary>The alert with which the server has ended the connection; 0 is close_notify. Null: none yet, or closed without.</summary>
    public byte? Alert { get; private set; }

    /// <summary>A hello that this client can complete a handshake with.</summary>
    public static RawHello HelloFor(string? serverName) => RawHello.ForTls13(serverName) with { CipherSuites = [0x1301], Groups = [0x0017], KeyShare = false };

    /// <returns>False if the server has ended the connection: see <see cref="Alert"/>.</returns>
    public async Task<bool> HandshakeAsync(RawHello hello, CancellationToken cancellationToken)
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

        // 1. Hellos. The second one replaces the first in the transcript by its hash (RFC 8446 §4.4.1).
        await SendHelloAsync(SendsShare ? WithShare(hello, key) : WithExtension(hello, KeyShare, [0, 0]), BehindHello, cancellationToken);
        if (await ReadMessageAsync(cancellationToken) is not [ServerHello, ..] server) return false;
        if (server.AsSpan(6, 32).SequenceEqual(RetryRandom))
        {
            Retried = true;
            var first = _transcript[..^server.Length].ToArray();
            _transcript.Clear();
            _transcript.AddRange([254, 0, 0, Tls13Traffic.HashBytes, .. SHA256.HashData(first), .. server]);
            var second = WithShare(hello, key);
            if (ExtensionOfHello(server, Cookie) is { } cookie) second = WithExtension(second, Cookie, cookie);
            await SendHelloAsync(SecondHello(second), [], cancellationToken);
            if (await ReadMessageAsync(cancellationToken) is not [ServerHello, ..] final) return false;
            server = final;
        }

        // 2. The server's encrypted flight.
        var secret = HandshakeSecret(key, PeerShare(server));
        _write = Traffic(secret, "c hs traffic");
        _read = Traffic(secret, "s hs traffic");
        if (!await ReadFlightAsync(cancellationToken)) return false;

        // 3. The client's, with a change_cipher_spec as middleboxes expect (RFC 8446 appendix D.4).
        var master = HKDF.Extract(HashAlgorithmName.SHA256, NoHash, Tls13Traffic.Expand(secret, "derived", SHA256.HashData([])));
        var (client, own) = (Traffic(master, "c ap traffic"), Traffic(master, "s ap traffic"));
        await SendRawAsync([ChangeCipherSpecType, 3, 3, 0, 1, 1], cancellationToken);
        await SendMessageAsync([FinishedMessage, 0, 0, Tls13Traffic.HashBytes, .. _write.Finished(Hash())], cancellationToken);
        _write.Dispose();
        _read.Dispose();
        (_write, _read) = (client, own);
        return true;
    }

    public async Task SendRawAsync(byte[] bytes, CancellationToken cancellationToken) => await stream.WriteAsync(bytes, cancellationToken);

    /// <summary>One encrypted record of any content type.</summary>
    public Task SendAsync(byte type, byte[] content, CancellationToken cancellationToken) => SendRawAsync(Seal(type, content), cancellationToken);

    /// <summary>One encrypted record, whose place in the sequence is taken: it must be sent before those that are sealed later.</summary>
    public byte[] Seal(byte type, byte[] content, int padding = 0) => _write!.Seal(type, content, padding);

    /// <summary>A KeyUpdate (RFC 8446 §4.6.3); what follows is sent with the next keys.</summary>
    public byte[] SealKeyUpdate(bool requested)
    {
        var record = Seal(HandshakeType, [KeyUpdate, 0, 0, 1, requested ? (byte)1 : (byte)0]);
        _write!.Update();
        return record;
    }

    /// <summary>A KeyUpdate in two records, split after its header.</summary>
    public (byte[] First, byte[] Second) SealSplitKeyUpdate(bool requested)
    {
        var parts = (Seal(HandshakeType, [KeyUpdate, 0, 0, 1]), Seal(HandshakeType, [requested ? (byte)1 : (byte)0]));
        _write!.Update();
        return parts;
    }

    /// <summary>Application data of one record; null at the end of the connection: see <see cref="Alert"/>.</summary>
    public async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        while (await ReadRecordAsync(cancellationToken) is var (type, content))
        {
            if (type == ApplicationDataType) return content;
            _handshake.AddRange(content);
            while (TakeMessage() is { } message)
            {
                if (message[0] == KeyUpdate) _read!.Update();
                if (message[0] == NewSessionTicket) Tickets.Add(TicketOf(message));
            }
        }

        return null;
    }

    /// <summary>Application data until it contains <paramref name="end"/>, or until the end of the connection.</summary>
    public async Task<string> ReadUntilAsync(string end, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        while (!text.ToString().Contains(end, StringComparison.Ordinal) && await ReadAsync(cancellationToken) is { } data) text.Append(Encoding.Latin1.GetString(data));
        return text.ToString();
    }

    public void Dispose()
    {
        _read?.Dispose();
        _write?.Dispose();
        Certificate?.Dispose();
    }

    async Task SendHelloAsync(RawHello hello, byte[] behind, CancellationToken cancellationToken)
    {
        var message = hello.ToMessage();
        _transcript.AddRange(message);
        await SendRawAsync([.. Fragments(message).SelectMany(part => Plain(HandshakeType, part)), .. behind], cancellationToken);
    }

    async Task SendMessageAsync(byte[] message, CancellationToken cancellationToken) =>
        await SendRawAsync([.. Fragments(message).SelectMany(part => Seal(HandshakeType, part))], cancellationToken);

    static byte[] Plain(byte type, byte[] content) => new TlsWriter().U8(type).U16(RawHello.Tls10).Vector(2, content).ToArray();

    async Task<bool> ReadFlightAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var hash = Hash();
            if (await ReadMessageAsync(cancellationToken) is not { } message) return false;
            if (message[0] == EncryptedExtensions) Alpn = AlpnOf(message);
            if (message[0] == CertificateMessage) Certificate = X509CertificateLoader.LoadCertificate(message.AsSpan(11, message[8] << 16 | message[9] << 8 | message[10]));
            if (message[0] != FinishedMessage) continue;
            if (!message.AsSpan(4).SequenceEqual(_read!.Finished(hash))) throw new InvalidDataException("The server's Finished does not match the transcript.");
            return true;
        }
    }

    /// <summary>The next handshake message, added to the transcript; null at the end of the connection.</summary>
    async Task<byte[]?> ReadMessageAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TakeMessage() is { } message)
            {
                _transcript.AddRange(message);
                return message;
            }

            if (await ReadRecordAsync(cancellationToken) is not var (_, content)) return null;
            _handshake.AddRange(content);
        }
    }

    byte[]? TakeMessage()
    {
        if (_handshake.Count < 4) return null;
        var length = 4 + (_handshake[1] << 16 | _handshake[2] << 8 | _handshake[3]);
        if (_handshake.Count < length) return null;
        byte[] message = [.. _handshake[..length]];
        _handshake.RemoveRange(0, length);
        return message;
    }

    async Task<(byte Type, byte[] Content)?> ReadRecordAsync(CancellationToken cancellationToken)
    {
        var header = new byte[5];
        try
        {
            while (await stream.ReadAtLeastAsync(header, 5, throwOnEndOfStream: false, cancellationToken) == 5)
            {
                var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(3))];
                await stream.ReadExactlyAsync(body, cancellationToken);
                if (header[0] == ChangeCipherSpecType) continue;
                var (type, content) = header[0] == ApplicationDataType ? _read!.Open(body) : (header[0], body);
                if (type != AlertType) return (type, content);
                Alert = content[1];
                return null;
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }

        return null;
    }

    Tls13Traffic Traffic(byte[] secret, string label) => new(Tls13Traffic.Expand(secret, label, Hash()));

    byte[] Hash() => SHA256.HashData([.. _transcript]);

    static byte[] HandshakeSecret(ECDiffieHellman key, byte[] peer)
    {
        using var other = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = { X = peer[1..33], Y = peer[33..] } });
        var early = HKDF.Extract(HashAlgorithmName.SHA256, NoHash, NoHash);
        return HKDF.Extract(HashAlgorithmName.SHA256, key.DeriveRawSecretAgreement(other.PublicKey), Tls13Traffic.Expand(early, "derived", SHA256.HashData([])));
    }

    static RawHello WithShare(RawHello hello, ECDiffieHellman key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return WithExtension(hello, KeyShare, new TlsWriter().Vector(2, shares => shares.U16(0x0017).Vector(2, [4, .. point.X!, .. point.Y!])).ToArray());
    }

    /// <summary>In front of others: a pre_shared_key must stay the last one (RFC 8446 §4.2.11).</summary>
    static RawHello WithExtension(RawHello hello, ushort type, byte[] body) => hello with { MoreExtensions = [(type, body), .. hello.MoreExtensions] };

    static byte[] PeerShare(ReadOnlySpan<byte> serverHello) => ExtensionOfHello(serverHello, KeyShare)![4..];

    static byte[]? ExtensionOfHello(ReadOnlySpan<byte> serverHello, ushort type) => ExtensionOf(serverHello[(4 + 2 + 32 + 1 + serverHello[38] + 3)..], type);

    static string? AlpnOf(ReadOnlySpan<byte> encryptedExtensions) => ExtensionOf(encryptedExtensions[4..], 16) is { } body ? Encoding.ASCII.GetString(body.AsSpan(3)) : null;

    static byte[]? ExtensionOf(ReadOnlySpan<byte> list, ushort type)
    {
        for (var rest = list[2..]; rest.Length >= 4;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(rest) == type) return rest.Slice(4, length).ToArray();
            rest = rest[(4 + length)..];
        }

        return null;
    }

    static byte[] TicketOf(ReadOnlySpan<byte> message)
    {
        var rest = message[(4 + 8 + 1 + message[12])..];
        return rest.Slice(2, BinaryPrimitives.ReadUInt16BigEndian(rest)).ToArray();
    }
}

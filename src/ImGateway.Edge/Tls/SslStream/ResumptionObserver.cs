using System.Buffers.Binary;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// Whether a session was resumed, read from the server's plaintext handshake messages, because SslStream does not report it. TLS 1.3: the ServerHello
/// contains <c>pre_shared_key</c> (RFC 8446 §4.2.11). TLS 1.2: no Certificate message follows it (RFC 5246 §7.3, RFC 5077 §3.1).
/// </summary>
struct ResumptionObserver
{
    const byte ChangeCipherSpec = 20, Handshake = 22, ServerHello = 2, Certificate = 11;
    const ushort PreSharedKey = 41, SupportedVersions = 43;

    // SHA-256 of "HelloRetryRequest": the random that distinguishes a HelloRetryRequest from a ServerHello (RFC 8446 §4.1.3).
    static ReadOnlySpan<byte> HelloRetryRandom =>
    [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ];

    bool _helloSeen;

    public bool Resumed { get; private set; }

    public bool Decided { get; private set; }

    /// <summary>Processes the server's output from its first byte on; OpenSSL writes whole records.</summary>
    public void OnWritten(ReadOnlySpan<byte> written)
    {
        var records = new TlsReader(written);
        while (!Decided && records.TryReadByte(out var type) && records.TrySkip(2) && records.TryReadVector16(out var fragment))
        {
            if (type == Handshake) OnHandshake(fragment);
            else if (type == ChangeCipherSpec && _helloSeen) Decide(resumed: true);
        }
    }

    void OnHandshake(ReadOnlySpan<byte> fragment)
    {
        while (!Decided && fragment.Length >= 4)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(fragment) & 0xFFFFFF;
            var type = fragment[0];
            if (type == Certificate) Decide(resumed: false);
            if (fragment.Length < 4 + length) return;
            if (type == ServerHello) OnServerHello(fragment.Slice(4, length));
            fragment = fragment[(4 + length)..];
        }
    }

    void OnServerHello(ReadOnlySpan<byte> body)
    {
        var reader = new TlsReader(body);
        if (!reader.TrySkip(2) || !reader.TryReadBytes(32, out var random) || random.SequenceEqual(HelloRetryRandom)) return;
        bool tls13 = false, preShared = false;
        if (reader.TryReadVector8(out _) && reader.TrySkip(3) && reader.TryReadVector16(out var list))
        {
            var extensions = new TlsReader(list);
            while (extensions.TryReadUInt16(out var type) && extensions.TryReadVector16(out _))
            {
                tls13 |= type == SupportedVersions;
                preShared |= type == PreSharedKey;
            }
        }

        if (tls13) Decide(preShared);
        else _helloSeen = true;
    }

    void Decide(bool resumed) => (Decided, Resumed) = (true, resumed);
}

using System.Buffers;
using System.Buffers.Binary;

namespace ImGateway.Edge.Tls;

enum ClientHelloStatus
{
    /// <summary>A valid beginning of a ClientHello.</summary>
    Incomplete,
    Complete,

    /// <summary>Not a TLS handshake record.</summary>
    NotTls,

    /// <summary>
    /// Begins like an SSL 2.0 record, whatever version it contains (RFC 5246, appendix E.2; must not be accepted, RFC 6176): with the highest bit set,
    /// unlike an HTTP request.
    /// </summary>
    Ssl2,

    /// <summary>TLS, but not a valid ClientHello (RFC 8446 §4.1.2), or longer than <see cref="ClientHello.MaxBytes"/>.</summary>
    Malformed,
}

/// <summary>The parts of a ClientHello (RFC 8446 §4.1.2) that selection needs, parsed without consuming the input. Spans point into the read buffer.</summary>
readonly ref struct ClientHello
{
    const int RecordHeader = 5, HandshakeHeader = 4;

    /// <summary>
    /// The longest ClientHello accepted: with each vector at its longest, which is OpenSSL's limit too. Post-quantum key shares and long ALPN lists stay below
    /// 4 KiB. In records of one byte it takes 770 KiB, which is less than the transport buffers.
    /// </summary>
    public const int MaxBytes = HandshakeHeader + 131396;

    /// <summary>
    /// A client MUST NOT send empty records (RFC 8446 §5.1), but OpenSSL tolerates as many in a row. Here they are counted over the whole ClientHello, so that
    /// the bytes buffered for it are bounded.
    /// </summary>
    public const int MaxEmptyRecords = 32;

    ClientHello(ReadOnlySpan<byte> serverName, ReadOnlySpan<byte> alpn, bool offersTls12, bool offersTls13)
    {
        ServerName = serverName;
        Alpn = alpn;
        OffersTls12 = offersTls12;
        OffersTls13 = offersTls13;
    }

    /// <summary>The host_name of the server_name extension (RFC 6066 §3), as sent; empty if there is none.</summary>
    public ReadOnlySpan<byte> ServerName { get; }

    /// <summary>The ProtocolNameList (RFC 7301 §3.1): each name behind its length.</summary>
    public ReadOnlySpan<byte> Alpn { get; }

    public bool OffersTls12 { get; }

    public bool OffersTls13 { get; }

    public delegate T Handler<TState, T>(scoped ClientHello hello, TState state);

    /// <summary>Parses the ClientHello at the start of <paramref name="buffer"/>, which may be fragmented into records and segments anywhere.</summary>
    /// <param name="missing">
    /// If it is incomplete: how many more bytes must arrive at least. A caller that waits for them parses a ClientHello in many small records and segments a few
    /// dozen times, and not once a segment.
    /// </param>
    public static ClientHelloStatus Read<TState, T>(
        in ReadOnlySequence<byte> buffer, TState state, Handler<TState, T> handler, out T? result, out int missing)
    {
        (result, missing) = (default, 1);
        if (buffer.IsEmpty) return ClientHelloStatus.Incomplete;
        if (buffer.IsSingleSegment && IsOneRecord(buffer.FirstSpan, out var message)) return Parse(message, state, handler, out result);

        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(buffer.Length, MaxBytes + RecordHeader));
        try
        {
            var status = Reassemble(buffer, rented, out var length, out missing);
            return status is ClientHelloStatus.Complete ? Parse(rented.AsSpan(0, length), state, handler, out result) : status;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    static bool IsOneRecord(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (data.Length < RecordHeader + HandshakeHeader || data[0] != 0x16 || data[1] != 3) return false;
        var record = BinaryPrimitives.ReadUInt16BigEndian(data[3..]);
        var length = HandshakeHeader + (data[6] << 16 | data[7] << 8 | data[8]);
        if (length > record || data.Length < RecordHeader + length) return false;
        message = data.Slice(RecordHeader, length);
        return true;
    }

    /// <summary>Joins the fragments of the first handshake message, which may span several records (RFC 8446 §5.1).</summary>
    static ClientHelloStatus Reassemble(in ReadOnlySequence<byte> buffer, Span<byte> into, out int length, out int missing)
    {
        (length, missing) = (0, 1);
        var emptyRecords = 0;
        var reader = new SequenceReader<byte>(buffer);
        while (true)
        {
            if (!reader.TryRead(out var type)) return ClientHelloStatus.Incomplete;
            if (type != 0x16) return length > 0 ? ClientHelloStatus.Malformed : type >= 0x80 ? ClientHelloStatus.Ssl2 : ClientHelloStatus.NotTls;
            if (!reader.TryRead(out var major)) return ClientHelloStatus.Incomplete;
            if (major != 3) return ClientHelloStatus.NotTls;
            if (!reader.TryRead(out _) || !reader.TryReadBigEndian(out short cut)) return ClientHelloStatus.Incomplete;
            var record = (ushort)cut;
            if (record > 16384 || record == 0 && ++emptyRecords > MaxEmptyRecords) return ClientHelloStatus.Malformed;
            var taken = (int)Math.Min(record, reader.Remaining);
            if (length + taken > MaxBytes || length + taken > into.Length) return ClientHelloStatus.Malformed;
            reader.TryCopyTo(into.Slice(length, taken));
            reader.Advance(taken);
            length += taken;
            if (length > 0 && into[0] != 1) return ClientHelloStatus.Malformed;
            if (length >= HandshakeHeader)
            {
                var whole = HandshakeHeader + (into[1] << 16 | into[2] << 8 | into[3]);
                if (whole > MaxBytes) return ClientHelloStatus.Malformed;
                if (length >= whole)
                {
                    length = whole;
                    return ClientHelloStatus.Complete;
                }

                missing = whole - length;
            }

            if (taken < record) return ClientHelloStatus.Incomplete;
        }
    }

    static ClientHelloStatus Parse<TState, T>(ReadOnlySpan<byte> message, TState state, Handler<TState, T> handler, out T? result)
    {
        result = default;
        if (message[0] != 1) return ClientHelloStatus.Malformed;
        var reader = new TlsReader(message[HandshakeHeader..]);
        if (!reader.TryReadUInt16(out var version) || !reader.TrySkip(32) || !reader.TryReadVector8(out _)
            || !reader.TryReadVector16(out _) || !reader.TryReadVector8(out _)) return ClientHelloStatus.Malformed;

        ReadOnlySpan<byte> serverName = default, alpn = default;
        bool tls12 = version >= 0x0303, tls13 = false;
        if (!reader.IsEmpty)
        {
            if (!reader.TryReadVector16(out var list) || !reader.IsEmpty) return ClientHelloStatus.Malformed;
            var extensions = new TlsReader(list);
            while (!extensions.IsEmpty)
            {
                if (!extensions.TryReadUInt16(out var type) || !extensions.TryReadVector16(out var body)) return ClientHelloStatus.Malformed;
                var ok = type switch
                {
                    0 => ReadServerName(body, out serverName),
                    16 => ReadAlpn(body, out alpn),
                    43 => ReadVersions(body, out tls12, out tls13),
                    _ => true,
                };
                if (!ok) return ClientHelloStatus.Malformed;
            }
        }

        result = handler(new ClientHello(serverName, alpn, tls12, tls13), state);
        return ClientHelloStatus.Complete;
    }

    static bool ReadServerName(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> name)
    {
        name = default;
        var reader = new TlsReader(body);
        if (!reader.TryReadVector16(out var list)) return false;
        var names = new TlsReader(list);
        return names.TryReadByte(out var type) && type == 0 && names.TryReadVector16(out name);
    }

    static bool ReadAlpn(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> list) => new TlsReader(body).TryReadVector16(out list);

    static bool ReadVersions(ReadOnlySpan<byte> body, out bool tls12, out bool tls13)
    {
        tls12 = tls13 = false;
        if (!new TlsReader(body).TryReadVector8(out var versions)) return false;
        var reader = new TlsReader(versions);
        while (reader.TryReadUInt16(out var version))
        {
            tls12 |= version == 0x0303;
            tls13 |= version == 0x0304;
        }

        return true;
    }
}

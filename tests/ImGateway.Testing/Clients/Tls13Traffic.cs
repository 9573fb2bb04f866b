using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Testing;

/// <summary>Record protection in one direction of TLS 1.3 with TLS_AES_128_GCM_SHA256 (RFC 8446 §5.2, §7).</summary>
sealed class Tls13Traffic : IDisposable
{
    public const int HashBytes = 32;

    const int TagBytes = 16, NonceBytes = 12;

    byte[] _secret;
    AesGcm _cipher;
    byte[] _iv;
    ulong _sequence;

    public Tls13Traffic(byte[] secret)
    {
        _secret = secret;
        (_cipher, _iv) = KeysOf(secret);
    }

    /// <summary>HKDF-Expand-Label (RFC 8446 §7.1).</summary>
    public static byte[] Expand(byte[] secret, string label, ReadOnlySpan<byte> context, int length = HashBytes) => HKDF.Expand(
        HashAlgorithmName.SHA256, secret, length, new TlsWriter().U16(length).Vector(1, Encoding.ASCII.GetBytes("tls13 " + label)).Vector(1, context).ToArray());

    /// <summary>The verify_data of a Finished over this transcript hash (RFC 8446 §4.4.4).</summary>
    public byte[] Finished(byte[] transcriptHash) => HMACSHA256.HashData(Expand(_secret, "finished", []), transcriptHash);

    /// <summary>One record, of any content type and with any padding.</summary>
    public byte[] Seal(byte type, ReadOnlySpan<byte> content, int padding)
    {
        byte[] inner = [.. content, type, .. new byte[padding]];
        var record = new byte[5 + inner.Length + TagBytes];
        WriteHeader(record, inner.Length + TagBytes);
        _cipher.Encrypt(NextNonce(), inner, record.AsSpan(5, inner.Length), record.AsSpan(5 + inner.Length), record.AsSpan(0, 5));
        return record;
    }

    public (byte Type, byte[] Content) Open(ReadOnlySpan<byte> body)
    {
        Span<byte> header = stackalloc byte[5];
        WriteHeader(header, body.Length);
        var inner = new byte[body.Length - TagBytes];
        _cipher.Decrypt(NextNonce(), body[..inner.Length], body[inner.Length..], inner, header);
        var end = inner.AsSpan().LastIndexOfAnyExcept((byte)0);
        return (inner[end], inner[..end]);
    }

    /// <summary>The keys of the next generation (RFC 8446 §7.2).</summary>
    public void Update()
    {
        _secret = Expand(_secret, "traffic upd", []);
        _cipher.Dispose();
        (_cipher, _iv) = KeysOf(_secret);
        _sequence = 0;
    }

    public void Dispose() => _cipher.Dispose();

    static (AesGcm Cipher, byte[] Iv) KeysOf(byte[] secret) => (new AesGcm(Expand(secret, "key", [], 16), TagBytes), Expand(secret, "iv", [], NonceBytes));

    static void WriteHeader(Span<byte> to, int length)
    {
        (to[0], to[1], to[2]) = (23, 3, 3);
        BinaryPrimitives.WriteUInt16BigEndian(to[3..], (ushort)length);
    }

    byte[] NextNonce()
    {
        byte[] nonce = [.. _iv];
        var tail = nonce.AsSpan(NonceBytes - 8);
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ _sequence++);
        return nonce;
    }
}

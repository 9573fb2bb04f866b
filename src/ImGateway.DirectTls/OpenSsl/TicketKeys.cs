using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>
/// The keys that protect session tickets (RFC 5077 §4): AES-256-CBC and HMAC-SHA-256. In memory only. After a rotation the key before is accepted for one more
/// interval. Thread-safe: tickets are written and read on every loop.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Connections share the handles; the last reference frees them by their finalizers.")]
sealed unsafe class TicketKeys
{
    public const int NameLength = 16, Failed = -1, Accepted = 1, AcceptedAndRenew = 2;
    const int VectorLength = 16, KeyLength = 32, Unknown = 0;

    static readonly NativeBytes Digest = new("SHA256\0"u8), KeyParameter = new("key\0"u8), DigestParameter = new("digest\0"u8);

    readonly CipherHandle _cipher = new("AES-256-CBC\0"u8);
    volatile Key[] _keys = [Key.Create()];

    /// <summary>Protects new tickets with a new key. Tickets of the key before are still accepted, and renewed; older ones are not.</summary>
    public void Rotate() => _keys = [Key.Create(), _keys[0]];

    /// <summary>Prepares the protection of a new ticket: SSL_CTX_set_tlsext_ticket_key_evp_cb(3) with <c>enc</c> = 1.</summary>
    public int Protect(byte* name, byte* vector, nint cipher, nint mac)
    {
        var key = _keys[0];
        if (LibCrypto.RAND_bytes(vector, VectorLength) != 1) return Failed;
        key.Name.CopyTo(new Span<byte>(name, NameLength));
        fixed (byte* encryption = key.Encryption)
        {
            if (LibCrypto.EVP_EncryptInit_ex(cipher, _cipher.DangerousGetHandle(), 0, encryption, vector) != 1) return Failed;
        }

        return SetMacKey(mac, key) ? Accepted : Failed;
    }

    /// <summary>Prepares the reading of a ticket: the same with <c>enc</c> = 0.</summary>
    public int Unprotect(ReadOnlySpan<byte> name, byte* vector, nint cipher, nint mac)
    {
        var keys = _keys;
        for (var i = 0; i < keys.Length; i++)
        {
            var key = keys[i];
            if (!name.SequenceEqual(key.Name)) continue;
            fixed (byte* encryption = key.Encryption)
            {
                if (LibCrypto.EVP_DecryptInit_ex(cipher, _cipher.DangerousGetHandle(), 0, encryption, vector) != 1 || !SetMacKey(mac, key)) return Failed;
            }

            return i == 0 ? Accepted : AcceptedAndRenew;
        }

        return Unknown;
    }

    static bool SetMacKey(nint mac, Key key)
    {
        fixed (byte* authentication = key.Authentication)
        {
            var parameters = stackalloc OsslParameter[3];
            parameters[0] = new() { Key = (byte*)KeyParameter.DangerousGetHandle(), DataType = OsslParameter.OctetString, Data = authentication, DataSize = KeyLength };
            parameters[1] = new() { Key = (byte*)DigestParameter.DangerousGetHandle(), DataType = OsslParameter.Utf8String, Data = (void*)Digest.DangerousGetHandle(), DataSize = 6 };
            parameters[2] = default;
            return LibCrypto.EVP_MAC_CTX_set_params(mac, parameters) == 1;
        }
    }

    /// <summary>Not a record: its content must not be printed.</summary>
    sealed class Key
    {
        public required byte[] Name { get; init; }

        public required byte[] Encryption { get; init; }

        public required byte[] Authentication { get; init; }

        public static Key Create() => new()
        {
            Name = RandomNumberGenerator.GetBytes(NameLength),
            Encryption = RandomNumberGenerator.GetBytes(KeyLength),
            Authentication = RandomNumberGenerator.GetBytes(KeyLength),
        };
    }
}

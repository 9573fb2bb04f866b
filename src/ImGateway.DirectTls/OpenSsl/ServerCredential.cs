using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>
/// What the handshakes of one name use: certificates and key in OpenSSL's form, built once. Thread-safe. Freed when neither a table nor a connection
/// refers to it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Connections share the handles; the last reference frees them by their finalizers.")]
public sealed unsafe class ServerCredential
{
    readonly X509Handle _leaf;
    readonly X509Handle[] _issuers;
    readonly X509StackHandle _chain;
    readonly SafeEvpPKeyHandle _key;
    readonly NativeBytes _protocols, _expiry;
    readonly byte[] _sessionScope;
    readonly ServerCredentialSettings _settings;
    volatile byte[]? _staple;

    /// <exception cref="CryptographicException">The certificates or the key cannot be used.</exception>
    public ServerCredential(ServerCredentialSettings settings)
    {
        _settings = settings;
        _leaf = new X509Handle(settings.Leaf.RawData);
        _issuers = [.. settings.Issuers.Select(issuer => new X509Handle(issuer.RawData))];
        _chain = new X509StackHandle(_issuers);
        _key = KeyOf(settings.Leaf);
        _protocols = new NativeBytes(ProtocolList.Encode(settings.Protocols));
        _expiry = new NativeBytes(BitConverter.GetBytes(new DateTimeOffset(settings.Leaf.NotAfter).ToUnixTimeSeconds()));
        _sessionScope = SHA256.HashData(settings.SessionScope.Span);
        _staple = settings.Staple;
    }

    /// <summary>The OCSP response that handshakes staple (RFC 6066 §8); null = none.</summary>
    public byte[]? Staple
    {
        get => _staple;
        set => _staple = value;
    }

    /// <exception cref="OpenSslException">OpenSSL refuses the certificate or has no memory.</exception>
    internal void ApplyTo(nint ssl)
    {
        OpenSslException.ThrowUnlessOne(
            LibSsl.SSL_use_cert_and_key(ssl, _leaf.DangerousGetHandle(), _key.DangerousGetHandle(), _chain.DangerousGetHandle(), overrideExisting: 1), "SSL_use_cert_and_key");
        OpenSslException.ThrowUnlessOne(LibSsl.SSL_set_ex_data(ssl, TlsCallbacks.ProtocolsIndex, _protocols.DangerousGetHandle()), "SSL_set_ex_data");
        OpenSslException.ThrowUnlessOne(LibSsl.SSL_set_ex_data(ssl, TlsCallbacks.ExpiryIndex, _expiry.DangerousGetHandle()), "SSL_set_ex_data");
        // Sessions resume only under the same context: compared by OpenSSL in TLS 1.2 and 1.3.
        fixed (byte* scope = _sessionScope)
        {
            OpenSslException.ThrowUnlessOne(LibSsl.SSL_set_session_id_context(ssl, scope, (uint)_sessionScope.Length), "SSL_set_session_id_context");
        }

        if (_settings.MinimumProtocol is SslProtocols.Tls13) OpenSslException.ThrowUnlessOne(LibSsl.SSL_ctrl(ssl, LibSsl.SetMinimumVersion, new(LibSsl.Tls13), null).Value, "SSL_set_min_proto_version");
        if (!_settings.AllowsResumption)
        {
            _ = LibSsl.SSL_set_options(ssl, LibSsl.NoTicket);
            OpenSslException.ThrowUnlessOne(LibSsl.SSL_set_num_tickets(ssl, 0), "SSL_set_num_tickets");
        }

        if (_staple is { Length: > 0 } staple) SetStaple(ssl, staple);
    }

    /// <summary>OpenSSL frees the copy together with the connection.</summary>
    static void SetStaple(nint ssl, byte[] staple)
    {
        var copy = LibCrypto.CRYPTO_malloc((nuint)staple.Length, null, 0);
        if (copy == 0) throw OpenSslException.OfLastCall("OPENSSL_malloc");
        staple.CopyTo(new Span<byte>((void*)copy, staple.Length));
        if (LibSsl.SSL_ctrl(ssl, LibSsl.SetStatusResponse, new(staple.Length), (void*)copy).Value == 1) return;
        LibCrypto.CRYPTO_free(copy, null, 0);
        throw OpenSslException.OfLastCall("SSL_set_tlsext_status_ocsp_resp");
    }

    static SafeEvpPKeyHandle KeyOf(X509Certificate2 leaf)
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)leaf.GetECDsaPrivateKey() ?? leaf.GetRSAPrivateKey();
        return key switch
        {
            ECDsaOpenSsl ecdsa => ecdsa.DuplicateKeyHandle(),
            RSAOpenSsl rsa => rsa.DuplicateKeyHandle(),
            ECDsa ecdsa => Copy(ecdsa),
            RSA rsa => Copy(rsa),
            _ => throw new CryptographicException("the certificate has no private key that is RSA or ECDSA"),
        };
    }

    static SafeEvpPKeyHandle Copy(ECDsa key)
    {
        using var copy = new ECDsaOpenSsl();
        copy.ImportParameters(key.ExportParameters(includePrivateParameters: true));
        return copy.DuplicateKeyHandle();
    }

    static SafeEvpPKeyHandle Copy(RSA key)
    {
        using var copy = new RSAOpenSsl();
        copy.ImportParameters(key.ExportParameters(includePrivateParameters: true));
        return copy.DuplicateKeyHandle();
    }
}

/// <param name="Leaf">The end-entity certificate with its private key, RSA or ECDSA.</param>
/// <param name="Issuers">The certificates that are sent after it, exactly these.</param>
/// <param name="Protocols">The ALPN protocols, preferred first.</param>
/// <param name="SessionScope">Sessions resume only for credentials with equal scopes.</param>
public sealed record ServerCredentialSettings(
    X509Certificate2 Leaf, IReadOnlyList<X509Certificate2> Issuers, IReadOnlyList<SslApplicationProtocol> Protocols, ReadOnlyMemory<byte> SessionScope)
{
    /// <summary>TLS 1.2 unless it is TLS 1.3.</summary>
    public SslProtocols MinimumProtocol { get; init; } = SslProtocols.Tls12;

    /// <summary>Whether clients get session tickets.</summary>
    public bool AllowsResumption { get; init; } = true;

    /// <summary>The OCSP response; null = none yet.</summary>
    public byte[]? Staple { get; init; }
}

using System.Diagnostics.CodeAnalysis;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>
/// The one <c>SSL_CTX</c> of all handshakes: policy, ticket keys and callbacks. Certificates are set for each connection
/// (<see cref="ServerCredential"/>), so that a new certificate neither needs another context nor ends resumption. Freed when no connection refers to it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Connections share the handles; the last reference frees them by their finalizers.")]
public sealed unsafe class TlsServer
{
    /// <summary>Sessions resume for a day: people come back the next morning.</summary>
    internal static readonly TimeSpan SessionLifetime = TimeSpan.FromDays(1);

    readonly SslContextHandle _context;
    readonly TicketKeys _keys = new();

    /// <summary>Cipher suites, groups and the lowest version are those of OpenSSL's configuration file.</summary>
    /// <exception cref="OpenSslException">OpenSSL cannot create it.</exception>
    public TlsServer()
    {
        LibCrypto.ERR_clear_error();
        _context = new SslContextHandle(LibSsl.SSL_CTX_new(LibSsl.TLS_server_method()), _keys);
        if (_context.IsInvalid) throw OpenSslException.OfLastCall("SSL_CTX_new");
        var context = _context.DangerousGetHandle();
        _ = LibSsl.SSL_CTX_set_options(
            context, LibSsl.NoRenegotiation | LibSsl.NoCompression | LibSsl.CipherServerPreference | LibSsl.IgnoreUnexpectedEof);
        _ = LibSsl.SSL_CTX_ctrl(
            context, LibSsl.SetMode, new(LibSsl.EnablePartialWrite | LibSsl.AcceptMovingWriteBuffer | LibSsl.NoAutoChain | LibSsl.ReleaseBuffers), null);
        // Otherwise a read returns only when there is data, and a flood of key updates keeps the loop from its other connections.
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.ClearMode, new(LibSsl.AutoRetry), null);
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SetReadAhead, new(1), null);
        // Sessions are in the clients' tickets alone.
        _ = LibSsl.SSL_CTX_ctrl(context, LibSsl.SetSessionCacheMode, default, null);
        _ = LibSsl.SSL_CTX_set_timeout(context, new((nint)SessionLifetime.TotalSeconds));
        OpenSslException.ThrowUnlessOne(LibSsl.SSL_CTX_set_num_tickets(context, 1), "SSL_CTX_set_num_tickets");
        TlsCallbacks.SetOn(context);
        OpenSslException.ThrowUnlessOne(LibSsl.SSL_CTX_set_ex_data(context, TlsCallbacks.TicketKeysIndex, _context.CallbackState), "SSL_CTX_set_ex_data");
    }

    /// <summary>Protects new tickets with a new key; those of the key before are accepted until the next rotation.</summary>
    public void RotateTicketKeys() => _keys.Rotate();

    /// <summary>A session on a connected, non-blocking socket.</summary>
    /// <param name="received">Bytes that were read from the socket already: they come first.</param>
    /// <exception cref="OpenSslException">OpenSSL has no memory or refuses the credential.</exception>
    internal TlsSession Accept(ServerCredential credential, Descriptor descriptor, ReadOnlySpan<byte> received)
    {
        var ssl = Create(credential);
        try
        {
            OpenSslException.ThrowUnlessOne(LibSsl.SSL_set_fd(ssl.Value, descriptor.Value), "SSL_set_fd");
            var session = new TlsSession(ssl, this, credential);
            if (!received.IsEmpty) session.ReadFirst(received, descriptor);
            return session;
        }
        catch
        {
            ssl.Dispose();
            throw;
        }
    }

    /// <summary>A session in memory: its input is written to <paramref name="received"/>, its output read from <paramref name="toSend"/>. The session owns both.</summary>
    /// <exception cref="OpenSslException">OpenSSL has no memory or refuses the credential.</exception>
    internal TlsSession AcceptInMemory(ServerCredential credential, out nint received, out nint toSend)
    {
        var ssl = Create(credential);
        (received, toSend) = (LibCrypto.BIO_new(LibCrypto.BIO_s_mem()), LibCrypto.BIO_new(LibCrypto.BIO_s_mem()));
        if (received != 0 && toSend != 0)
        {
            LibSsl.SSL_set_bio(ssl.Value, received, toSend);
            // There is no loop to return to, and no socket that would be found empty.
            _ = LibSsl.SSL_ctrl(ssl.Value, LibSsl.SetMode, new(LibSsl.AutoRetry), null);
            return new TlsSession(ssl, this, credential);
        }

        _ = LibCrypto.BIO_free(received);
        _ = LibCrypto.BIO_free(toSend);
        ssl.Dispose();
        throw OpenSslException.OfLastCall("BIO_new");
    }

    SslHandle Create(ServerCredential credential)
    {
        LibCrypto.ERR_clear_error();
        var ssl = new SslHandle(LibSsl.SSL_new(_context.DangerousGetHandle()));
        if (ssl.IsInvalid) throw OpenSslException.OfLastCall("SSL_new");
        try
        {
            credential.ApplyTo(ssl.Value);
        }
        catch
        {
            ssl.Dispose();
            throw;
        }

        LibSsl.SSL_set_accept_state(ssl.Value);
        return ssl;
    }
}

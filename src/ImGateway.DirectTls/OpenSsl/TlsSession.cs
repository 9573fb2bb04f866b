using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>The outcome of a call that does not block.</summary>
enum TlsStatus
{
    Done,

    /// <summary>To be repeated when the socket is readable.</summary>
    WantsRead,

    /// <summary>To be repeated when the socket is writable.</summary>
    WantsWrite,

    /// <summary>The peer has closed its direction, with or without close_notify.</summary>
    Closed,

    /// <summary>The socket or the protocol has failed: <see cref="TlsSession.Failure"/>. Nothing more can be sent.</summary>
    Failed,
}

/// <summary>One TLS connection: an <c>SSL</c>. Not thread-safe: its connection calls it under its lock.</summary>
/// <param name="ssl">The handle, owned by the session.</param>
/// <param name="server">Kept alive, because callbacks of the handshake use its ticket keys.</param>
/// <param name="credential">Kept alive, because callbacks of the handshake use its protocols.</param>
sealed unsafe class TlsSession(SslHandle ssl, TlsServer server, ServerCredential credential) : IDisposable
{
    Descriptor? _afterwards;
    bool _hasFailed;

    /// <summary>Why a call failed; null if the socket was the cause.</summary>
    public OpenSslException? Failure { get; private set; }

    /// <summary>Whether OpenSSL holds received data that no <see cref="Read"/> has returned yet, decrypted or not: as far as it knows, see <see cref="MayHoldInput"/>.</summary>
    public bool HasPending => LibSsl.SSL_has_pending(ssl.Value) != 0;

    /// <summary>
    /// Whether a further <see cref="Read"/> may return data although the socket is empty. SSL_has_pending(3) does not know it in one case: since OpenSSL 3.2 what was
    /// received in front of a change of the keys is kept elsewhere, so the end of the handshake and a KeyUpdate (RFC 8446 §4.6.3) count as well.
    /// </summary>
    public bool MayHoldInput { get; private set; }

    /// <summary>Lets the handshake read <paramref name="received"/> first, then from the socket.</summary>
    /// <exception cref="OpenSslException">OpenSSL has no memory.</exception>
    public void ReadFirst(ReadOnlySpan<byte> received, Descriptor descriptor)
    {
        LibCrypto.ERR_clear_error();
        var memory = LibCrypto.BIO_new(LibCrypto.BIO_s_mem());
        if (memory == 0) throw OpenSslException.OfLastCall("BIO_new");
        LibSsl.SSL_set0_rbio(ssl.Value, memory);
        int written;
        fixed (byte* start = received) written = LibCrypto.BIO_write(memory, start, received.Length);
        if (written != received.Length) throw OpenSslException.OfLastCall("BIO_write");
        _afterwards = descriptor;
    }

    public TlsStatus Handshake()
    {
        LibCrypto.ERR_clear_error();
        var status = StatusOf(LibSsl.SSL_do_handshake(ssl.Value), "handshake");
        if (_afterwards is not null && status is TlsStatus.WantsRead)
        {
            ReadFromSocket(_afterwards);
            return Handshake();
        }

        GC.KeepAlive(server);
        GC.KeepAlive(credential);
        MayHoldInput = status is TlsStatus.Done;
        return status;
    }

    /// <param name="buffer">Not empty.</param>
    /// <param name="count">The number of bytes, if the status is <see cref="TlsStatus.Done"/>.</param>
    public TlsStatus Read(Span<byte> buffer, out int count)
    {
        if (_hasFailed)
        {
            count = 0;
            return TlsStatus.Failed;
        }

        LibCrypto.ERR_clear_error();
        fixed (byte* start = buffer) count = LibSsl.SSL_read(ssl.Value, start, buffer.Length);
        // Without SSL_MODE_AUTO_RETRY a read also ends after a message without data. Then the socket was not found empty.
        var isSocketEmpty = Libc.LastError is Libc.TryAgain;
        var status = count > 0 ? TlsStatus.Done : StatusOf(count, "read");
        MayHoldInput = status is TlsStatus.Done ? HasPending : status is TlsStatus.WantsRead && !isSocketEmpty;
        return status;
    }

    /// <param name="data">Not empty. After <see cref="TlsStatus.WantsWrite"/> the same bytes, and any number of further ones, must be passed again.</param>
    /// <param name="count">How many bytes were taken, if the status is <see cref="TlsStatus.Done"/>: at most one record.</param>
    public TlsStatus Write(ReadOnlySpan<byte> data, out int count)
    {
        if (_hasFailed)
        {
            count = 0;
            return TlsStatus.Failed;
        }

        LibCrypto.ERR_clear_error();
        fixed (byte* start = data) count = LibSsl.SSL_write(ssl.Value, start, data.Length);
        return count > 0 ? TlsStatus.Done : StatusOf(count, "write");
    }

    /// <summary>Sends close_notify (RFC 8446 §6.1), without waiting for the peer's. Does nothing after a failure.</summary>
    public TlsStatus Shutdown()
    {
        if (_hasFailed) return TlsStatus.Failed;
        LibCrypto.ERR_clear_error();
        var result = LibSsl.SSL_shutdown(ssl.Value);
        return result >= 0 ? TlsStatus.Done : StatusOf(result, "shutdown");
    }

    /// <summary>To be called once, after the handshake.</summary>
    public NegotiatedTls Negotiated()
    {
        byte* protocol;
        uint length;
        LibSsl.SSL_get0_alpn_selected(ssl.Value, &protocol, &length);
        return new NegotiatedTls(
            LibSsl.SSL_version(ssl.Value) == LibSsl.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12,
            (TlsCipherSuite)LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(ssl.Value)),
            NegotiatedTls.Protocol(new ReadOnlySpan<byte>(protocol, (int)length)),
            LibSsl.SSL_session_reused(ssl.Value) != 0);
    }

    public void Dispose() => ssl.Dispose();

    void ReadFromSocket(Descriptor descriptor)
    {
        var socket = LibCrypto.BIO_new_socket(descriptor.Value, closes: 0);
        if (socket == 0) throw OpenSslException.OfLastCall("BIO_new_socket");
        LibSsl.SSL_set0_rbio(ssl.Value, socket);
        _afterwards = null;
    }

    TlsStatus StatusOf(int result, string call)
    {
        switch (LibSsl.SSL_get_error(ssl.Value, result))
        {
            case LibSsl.ErrorNone:
                return TlsStatus.Done;
            case LibSsl.ErrorWantRead:
                return TlsStatus.WantsRead;
            case LibSsl.ErrorWantWrite:
                return TlsStatus.WantsWrite;
            case LibSsl.ErrorZeroReturn:
                return TlsStatus.Closed;
            case LibSsl.ErrorSyscall:
                // Reset, or closed in the middle of a handshake.
                LibCrypto.ERR_clear_error();
                _hasFailed = true;
                return TlsStatus.Failed;
            default:
                _hasFailed = true;
                Failure = OpenSslException.OfLastCall(call);
                return TlsStatus.Failed;
        }
    }
}

/// <summary>What a handshake has negotiated.</summary>
/// <param name="ApplicationProtocol">Empty if none was.</param>
/// <param name="IsResumed">Whether a session ticket was accepted.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct NegotiatedTls(SslProtocols Version, TlsCipherSuite CipherSuite, SslApplicationProtocol ApplicationProtocol, bool IsResumed)
{
    /// <summary>Does not allocate for the usual ones.</summary>
    internal static SslApplicationProtocol Protocol(ReadOnlySpan<byte> name) =>
        name.IsEmpty ? default
        : name.SequenceEqual(SslApplicationProtocol.Http11.Protocol.Span) ? SslApplicationProtocol.Http11
        : name.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span) ? SslApplicationProtocol.Http2
        : new SslApplicationProtocol(name.ToArray());
}

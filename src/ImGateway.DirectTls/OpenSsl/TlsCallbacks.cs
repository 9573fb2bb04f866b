using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>The callbacks of a handshake. No exception leaves them: behind them is OpenSSL's C.</summary>
static unsafe class TlsCallbacks
{
    /// <summary>Where an <c>SSL</c> keeps its <see cref="ProtocolList"/>.</summary>
    public static readonly int ProtocolsIndex = NewIndex(LibCrypto.IndexOfSsl);

    /// <summary>Where an <c>SSL_CTX</c> keeps a <see cref="GCHandle"/> of its <see cref="TicketKeys"/>.</summary>
    public static readonly int TicketKeysIndex = NewIndex(LibCrypto.IndexOfContext);

    /// <summary>Where an <c>SSL</c> keeps the end of its certificate's validity: seconds since 1970, as a long in native memory.</summary>
    public static readonly int ExpiryIndex = NewIndex(LibCrypto.IndexOfSsl);

    public static void SetOn(nint context)
    {
        LibSsl.SSL_CTX_set_alpn_select_cb(context, (delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int>)&SelectProtocol, null);
        _ = LibSsl.SSL_CTX_callback_ctrl(context, LibSsl.SetStatusCallback, (delegate* unmanaged<nint, nint, int>)&SendStatus);
        OpenSslException.ThrowUnlessOne(
            LibSsl.SSL_CTX_set_tlsext_ticket_key_evp_cb(context, (delegate* unmanaged<nint, byte*, byte*, nint, nint, int, int>)&UseTicketKey),
            "SSL_CTX_set_tlsext_ticket_key_evp_cb");
        OpenSslException.ThrowUnlessOne(
            LibSsl.SSL_CTX_set_session_ticket_cb(context, (delegate* unmanaged<nint, nint, int>)&LimitSession, null, null), "SSL_CTX_set_session_ticket_cb");
    }

    /// <summary>Selects the first protocol of the server that the client offers, or ends the handshake with no_application_protocol (RFC 7301 §3.2).</summary>
    [UnmanagedCallersOnly]
    static int SelectProtocol(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint unused)
    {
        var list = LibSsl.SSL_get_ex_data(ssl, ProtocolsIndex);
        if (list == 0) return LibSsl.CallbackFatal;
        var (start, length) = ProtocolList.Read(list);
        return LibSsl.SSL_select_next_proto(selected, selectedLength, (byte*)start, (uint)length, offered, offeredLength) == LibSsl.NextProtocolNegotiated
            ? LibSsl.CallbackOk
            : LibSsl.CallbackFatal;
    }

    /// <summary>Called if the client has sent status_request: the response was set before, or there is none.</summary>
    [UnmanagedCallersOnly]
    static int SendStatus(nint ssl, nint unused)
    {
        nint response;
        return LibSsl.SSL_ctrl(ssl, LibSsl.GetStatusResponse, default, &response).Value > 0 ? LibSsl.CallbackOk : LibSsl.CallbackIgnore;
    }

    [UnmanagedCallersOnly]
    static int UseTicketKey(nint ssl, byte* name, byte* vector, nint cipher, nint mac, int isNew)
    {
        try
        {
            var keys = (TicketKeys)GCHandle.FromIntPtr(LibSsl.SSL_CTX_get_ex_data(LibSsl.SSL_get_SSL_CTX(ssl), TicketKeysIndex)).Target!;
            if (isNew != 0) return keys.Protect(name, vector, cipher, mac);
            var result = keys.Unprotect(new(name, TicketKeys.NameLength), vector, cipher, mac);
            // In TLS 1.3 clients use a ticket once, so that every connection needs another one (RFC 8446 §C.4).
            return result == TicketKeys.Accepted && LibSsl.SSL_version(ssl) == LibSsl.Tls13 ? TicketKeys.AcceptedAndRenew : result;
        }
        catch (Exception)
        {
            return TicketKeys.Failed;
        }
    }

    /// <summary>
    /// A client that resumes verifies the certificate with which its session began, because it gets no other. So the session ends with that certificate, and every one that is resumed from
    /// it: the tickets carry its expiry.
    /// </summary>
    [UnmanagedCallersOnly]
    static int LimitSession(nint ssl, nint unused)
    {
        const int Continue = 1, Fail = 0;
        var session = LibSsl.SSL_get_session(ssl);
        var expiry = (void*)LibSsl.SSL_get_ex_data(ssl, ExpiryIndex);
        if (session == 0 || expiry == null) return Continue;
        void* known;
        nuint length;
        if (LibSsl.SSL_SESSION_get0_ticket_appdata(session, &known, &length) == 1 && length == sizeof(long)) expiry = known;
        else if (LibSsl.SSL_SESSION_set1_ticket_appdata(session, expiry, sizeof(long)) != 1) return Fail;

        var left = Unsafe.ReadUnaligned<long>(expiry) - LibSsl.SSL_SESSION_get_time(session).Value;
        if (left < TlsServer.SessionLifetime.TotalSeconds) _ = LibSsl.SSL_SESSION_set_timeout(session, new((nint)Math.Max(0, left)));
        return Continue;
    }

    static int NewIndex(int kind)
    {
        var index = LibCrypto.CRYPTO_get_ex_new_index(kind, default, null, null, null, null);
        return index >= 0 ? index : throw OpenSslException.OfLastCall("CRYPTO_get_ex_new_index");
    }
}

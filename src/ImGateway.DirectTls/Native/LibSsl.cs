using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary>The functions of libssl 3 (openssl/ssl.h) that the transport calls, and their constants, which are equal from 3.0 to 3.5.</summary>
static unsafe partial class LibSsl
{
    const string Library = "libssl.so.3";

    public const int ErrorNone = 0, ErrorSsl = 1, ErrorWantRead = 2, ErrorWantWrite = 3, ErrorSyscall = 5, ErrorZeroReturn = 6;
    public const int SetMode = 33, SetReadAhead = 41, SetSessionCacheMode = 44, SetMinimumVersion = 123, ClearMode = 78;
    public const int SetStatusCallback = 63, GetStatusResponse = 70, SetStatusResponse = 71;
    public const int SetTicketKeyCallback = 72;

    public const int EnablePartialWrite = 1, AcceptMovingWriteBuffer = 2, AutoRetry = 4, NoAutoChain = 8, ReleaseBuffers = 0x10;

    public const ulong IgnoreUnexpectedEof = 1UL << 7, NoTicket = 1UL << 14, NoCompression = 1UL << 17, CipherServerPreference = 1UL << 22, NoRenegotiation = 1UL << 30;

    /// <summary>SSL_TLSEXT_ERR_*: the results of extension callbacks.</summary>
    public const int CallbackOk = 0, CallbackFatal = 2, CallbackIgnore = 3;

    /// <summary>TLS1_3_VERSION.</summary>
    public const int Tls13 = 0x0304;

    public const int NextProtocolNegotiated = 1;

    [LibraryImport(Library)]
    public static partial nint TLS_server_method();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial CLong SSL_CTX_ctrl(nint context, int command, CLong number, void* pointer);

    [LibraryImport(Library)]
    public static partial CLong SSL_CTX_callback_ctrl(nint context, int command, void* callback);

    [LibraryImport(Library)]
    public static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library)]
    public static partial CLong SSL_CTX_set_timeout(nint context, CLong seconds);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_tlsext_ticket_key_evp_cb(nint context, void* callback);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_session_ticket_cb(nint context, void* generate, void* decrypt, void* argument);

    [LibraryImport(Library)]
    public static partial nint SSL_get_session(nint ssl);

    [LibraryImport(Library)]
    public static partial CLong SSL_SESSION_get_time(nint session);

    [LibraryImport(Library)]
    public static partial CLong SSL_SESSION_set_timeout(nint session, CLong seconds);

    [LibraryImport(Library)]
    public static partial int SSL_SESSION_get0_ticket_appdata(nint session, void** data, nuint* length);

    [LibraryImport(Library)]
    public static partial int SSL_SESSION_set1_ticket_appdata(nint session, void* data, nuint length);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_alpn_select_cb(nint context, void* callback, void* argument);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_ex_data(nint context, int index, nint data);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_get_ex_data(nint context, int index);

    [LibraryImport(Library)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_set_fd(nint ssl, int descriptor);

    [LibraryImport(Library)]
    public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Library)]
    public static partial void SSL_set0_rbio(nint ssl, nint read);

    [LibraryImport(Library)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_use_cert_and_key(nint ssl, nint certificate, nint key, nint chain, int overrideExisting);

    [LibraryImport(Library)]
    public static partial int SSL_set_session_id_context(nint ssl, byte* context, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_set_num_tickets(nint ssl, nuint count);

    [LibraryImport(Library)]
    public static partial ulong SSL_set_options(nint ssl, ulong options);

    [LibraryImport(Library)]
    public static partial int SSL_set_ex_data(nint ssl, int index, nint data);

    [LibraryImport(Library)]
    public static partial nint SSL_get_ex_data(nint ssl, int index);

    [LibraryImport(Library)]
    public static partial CLong SSL_ctrl(nint ssl, int command, CLong number, void* pointer);

    [LibraryImport(Library)]
    public static partial nint SSL_get_SSL_CTX(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int SSL_read(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    public static partial int SSL_write(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library)]
    public static partial int SSL_has_pending(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_version(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    public static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [LibraryImport(Library)]
    public static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);

    [LibraryImport(Library)]
    public static partial int SSL_select_next_proto(byte** selected, byte* selectedLength, byte* server, uint serverLength, byte* client, uint clientLength);
}

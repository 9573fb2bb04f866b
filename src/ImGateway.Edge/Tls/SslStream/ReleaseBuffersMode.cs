using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// Makes OpenSSL release its two record buffers, 33 KB of the 50 KB that it keeps for a connection, whenever they are empty, as nginx and HAProxy do.
/// .NET neither sets this mode nor exposes its <c>SSL*</c>, so the handle is read from a private field (docs/decisions/0008).
/// </summary>
static class ReleaseBuffersMode
{
    /// <summary><c>SSL_CTRL_MODE</c> and <c>SSL_MODE_RELEASE_BUFFERS</c> of <c>ssl.h</c>: SSL_CTX_set_mode(3).</summary>
    const int Mode = 33, ReleaseBuffers = 0x10;

    static readonly FieldInfo? Field = typeof(NetSslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
    static readonly Type? SslHandle = typeof(NetSslStream).Assembly.GetType("Microsoft.Win32.SafeHandles.SafeSslHandle");

    /// <summary>False if this runtime keeps its handle elsewhere, or OpenSSL is not version 3: then connections keep their buffers.</summary>
    public static bool IsAvailable { get; } =
        Field is not null && SslHandle is not null && SslHandle.IsAssignableTo(typeof(SafeHandle)) && SslHandle.IsAssignableTo(Field.FieldType)
        && OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3 && NativeLibrary.TryLoad("libssl.so.3", out _);

    /// <summary>To be called after the handshake. The first connection of an OpenSSL context also sets the mode on the context, for all later connections.</summary>
    public static void ReleaseWhenIdle(NetSslStream stream) => Use(stream, static ssl =>
    {
        if (AreReleased(ssl)) return true;
        _ = Control(ssl, Mode, ReleaseBuffers, 0);
        _ = ControlContext(ContextOf(ssl), Mode, ReleaseBuffers, 0);
        return true;
    });

    internal static bool AreReleasedWhenIdle(NetSslStream stream) => Use(stream, AreReleased);

    static bool AreReleased(nint ssl) => (Control(ssl, Mode, 0, 0) & ReleaseBuffers) != 0;

    static bool Use(NetSslStream stream, Func<nint, bool> use)
    {
        if (!IsAvailable || Field!.GetValue(stream) is not SafeHandle handle || handle.GetType() != SslHandle || handle.IsClosed) return false;
        var held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return use(handle.DangerousGetHandle());
        }
        finally
        {
            if (held) handle.DangerousRelease();
        }
    }

    [DllImport("libssl.so.3", EntryPoint = "SSL_ctrl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint Control(nint ssl, int command, nint value, nint unused);

    [DllImport("libssl.so.3", EntryPoint = "SSL_CTX_ctrl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint ControlContext(nint context, int command, nint value, nint unused);

    [DllImport("libssl.so.3", EntryPoint = "SSL_get_SSL_CTX")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint ContextOf(nint ssl);
}

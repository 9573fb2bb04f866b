using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>An error of OpenSSL. <see cref="Exception.HResult"/> is its packed error code, as for exceptions of .NET's own cryptography.</summary>
public sealed unsafe class OpenSslException : CryptographicException
{
    OpenSslException(string message, int code)
        : base(message) => HResult = code;

    /// <summary>The first error that the last call has left on this thread. The queue is emptied.</summary>
    internal static OpenSslException OfLastCall(string call)
    {
        var code = LibCrypto.ERR_peek_error();
        var text = stackalloc byte[256];
        LibCrypto.ERR_error_string_n(code, text, 256);
        LibCrypto.ERR_clear_error();
        return new OpenSslException(code.Value == 0 ? $"{call} failed" : $"{call}: {Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text))}", (int)code.Value);
    }

    /// <exception cref="OpenSslException"><paramref name="result"/> is not 1.</exception>
    internal static void ThrowUnlessOne(nint result, string call)
    {
        if (result != 1) throw OfLastCall(call);
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary>Errors of system calls (errno) as exceptions.</summary>
static class SystemError
{
    /// <summary>The exception for the last error of a call.</summary>
    public static IOException LastOf(string call)
    {
        var error = Libc.LastError;
        return new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)} ({error})");
    }

    /// <summary>The exception of .NET's sockets for an error.</summary>
    public static SocketException Of(int error) => new((int)(error switch
    {
        13 => SocketError.AccessDenied, // EACCES
        22 => SocketError.InvalidArgument, // EINVAL
        23 or 24 => SocketError.TooManyOpenSockets, // ENFILE, EMFILE
        32 => SocketError.Shutdown, // EPIPE
        97 => SocketError.AddressFamilyNotSupported, // EAFNOSUPPORT
        99 => SocketError.AddressNotAvailable, // EADDRNOTAVAIL
        100 => SocketError.NetworkDown, // ENETDOWN
        101 => SocketError.NetworkUnreachable, // ENETUNREACH
        103 => SocketError.ConnectionAborted, // ECONNABORTED
        104 => SocketError.ConnectionReset, // ECONNRESET
        12 or 105 => SocketError.NoBufferSpaceAvailable, // ENOMEM, ENOBUFS
        110 => SocketError.TimedOut, // ETIMEDOUT
        111 => SocketError.ConnectionRefused, // ECONNREFUSED
        112 => SocketError.HostDown, // EHOSTDOWN
        113 => SocketError.HostUnreachable, // EHOSTUNREACH
        _ => SocketError.SocketError,
    }));
}

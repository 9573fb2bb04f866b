using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary>The system calls of the transport, with the constants of Linux on x86-64 and arm64, where they are equal.</summary>
static unsafe partial class Libc
{
    public const int EpollAdd = 1, EpollDelete = 2, EpollModify = 3;
    public const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    public const int Interrupted = 4, BadDescriptor = 9, TryAgain = 11, TooManyFilesInSystem = 23, TooManyFiles = 24, NoBuffers = 105, NoMemory = 12;
    public const int InProgress = 115, AlreadyInProgress = 114, IsConnected = 106;
    public const int Stream = 1, Tcp = 6;
    public const int Peek = 0x2, Truncate = 0x20, NoSignal = 0x4000;
    public const int ShutdownBoth = 2;
    public const int LevelSocket = 1, SocketError = 4, ReceiveLowWatermark = 18, LevelTcp = 6, NoDelay = 1, TcpInfo = 11;

    public static int LastError
    {
        get => Marshal.GetLastPInvokeError();
        set => Marshal.SetLastPInvokeError(value);
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* epollEvent);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int accept4(int descriptor, byte* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recv(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(int descriptor, int level, int option, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int descriptor, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int shutdown(int descriptor, int how);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary><c>struct epoll_event</c>: 32 bits of events, then 64 bits of data. It is packed on x86-64 alone (linux/eventpoll.h), so it has no C# struct.</summary>
static unsafe class EpollEvent
{
    public static readonly int Size = SizeOn(RuntimeInformation.ProcessArchitecture);

    static readonly int DataOffset = DataOffsetOn(RuntimeInformation.ProcessArchitecture);

    public static int SizeOn(Architecture architecture) => architecture is Architecture.X64 ? 12 : 16;

    public static int DataOffsetOn(Architecture architecture) => architecture is Architecture.X64 ? 4 : 8;

    public static Readiness Events(byte* events, int index) => (Readiness)Unsafe.ReadUnaligned<uint>(events + index * Size);

    public static ulong Data(byte* events, int index) => Unsafe.ReadUnaligned<ulong>(events + index * Size + DataOffset);

    /// <param name="epollEvent">At least 16 bytes.</param>
    public static void Write(byte* epollEvent, Readiness events, ulong data)
    {
        Unsafe.WriteUnaligned(epollEvent, (uint)events);
        Unsafe.WriteUnaligned(epollEvent + DataOffset, data);
    }
}

/// <summary>The events of epoll (sys/epoll.h).</summary>
[Flags]
enum Readiness : uint
{
    None = 0,
    Readable = 1,
    Writable = 4,

    /// <summary>Always reported, whatever is watched.</summary>
    Error = 8,

    /// <summary>Both directions are closed. Always reported.</summary>
    HangUp = 0x10,

    /// <summary>EPOLLRDHUP: the peer has closed its direction.</summary>
    PeerClosed = 0x2000,

    /// <summary>EPOLLEXCLUSIVE: of several epoll instances, one is woken.</summary>
    Exclusive = 1 << 28,
}

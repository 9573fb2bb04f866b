using System.Runtime.InteropServices;

namespace ImGateway.Edge.Operations;

/// <summary>glibc's allocator, which OpenSSL's memory comes from. Where there is no glibc of 2021 or newer (2.33) nothing is done.</summary>
static class NativeHeap
{
    /// <summary><c>M_ARENA_MAX</c> of <c>malloc.h</c>.</summary>
    const int ArenaMax = -8;

    static readonly bool IsThere = NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "mallinfo2", out _);

    /// <summary>
    /// Bytes that are allocated and not freed, those of glibc's caches for threads included; 0 if that cannot be known. Takes the locks of the heap one
    /// by one, for a millisecond or few after many have freed memory.
    /// </summary>
    public static long InUse => IsThere ? (long)ReadInfo().InUse : 0;

    /// <summary>
    /// An arena for each processor in place of eight: connections begin on one thread and end on another, so that every arena keeps holes of all
    /// the others' (docs/performance.md, "Memory under attack"). Early, before there are many threads.
    /// </summary>
    public static void LimitArenas()
    {
        if (IsThere) _ = SetOption(ArenaMax, Environment.ProcessorCount);
    }

    /// <summary>Gives back free pages inside the heap too, which <c>free</c> itself leaves alone.</summary>
    public static void Trim()
    {
        if (IsThere) _ = TrimHeap(0);
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetOption(int option, int value);

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int TrimHeap(nuint keepAtTheEnd);

    [DllImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern Info ReadInfo();

    /// <summary><c>struct mallinfo2</c>: mallinfo(3).</summary>
    [StructLayout(LayoutKind.Sequential)]
    readonly struct Info
    {
        readonly nuint _arena, _freeChunks, _fastChunks, _mapped, _mappedBytes, _unused, _fastBytes;

        public readonly nuint InUse;

        readonly nuint _freeBytes, _top;
    }
}

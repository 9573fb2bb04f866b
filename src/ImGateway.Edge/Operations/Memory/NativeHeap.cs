using System.Runtime.InteropServices;

namespace ImGateway.Edge.Operations.Memory;

/// <summary>glibc's allocator, which OpenSSL uses. Does nothing without glibc 2.33 (2021) or newer.</summary>
static class NativeHeap
{
    /// <summary><c>M_ARENA_MAX</c> of <c>malloc.h</c>.</summary>
    const int ArenaMax = -8;

    static readonly bool IsSupported = NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "mallinfo2", out _);

    /// <summary>
    /// Allocated bytes, including glibc's thread caches; 0 if unknown. Takes the locks of the arenas one
    /// by one, for a few milliseconds after much memory was freed.
    /// </summary>
    public static long InUse => IsSupported ? (long)ReadInfo().InUse : 0;

    /// <summary>
    /// Limits the arenas to one for each processor instead of eight: connections begin on one thread and end on another, so that every arena becomes
    /// fragmented (docs/performance.md, "Memory under attack"). Call it early, before there are many threads.
    /// </summary>
    public static void LimitArenas()
    {
        if (IsSupported) _ = SetOption(ArenaMax, Environment.ProcessorCount);
    }

    /// <summary>Returns free pages inside the heap to the system (malloc_trim(3)), which <c>free</c> does not.</summary>
    public static void Trim()
    {
        if (IsSupported) _ = TrimHeap(0);
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

using System.Runtime.InteropServices;

namespace ImGateway.Edge.Operations;

/// <summary>glibc's allocator, which OpenSSL's memory comes from. Where there is no glibc nothing is done.</summary>
static class NativeHeap
{
    /// <summary><c>M_ARENA_MAX</c> of <c>malloc.h</c>.</summary>
    const int ArenaMax = -8;

    /// <summary>
    /// An arena for each processor in place of eight: connections begin on one thread and end on another, so that every arena keeps holes of all
    /// the others' (docs/performance.md, "Memory under attack"). Early, before there are many threads.
    /// </summary>
    public static void LimitArenas()
    {
        try
        {
            _ = SetOption(ArenaMax, Environment.ProcessorCount);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another allocator has no arenas.
        }
    }

    /// <summary>Gives back free pages inside the heap too, which <c>free</c> itself leaves alone.</summary>
    public static void Trim()
    {
        try
        {
            _ = TrimHeap(0);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another allocator gives back by itself or not at all.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetOption(int option, int value);

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int TrimHeap(nuint keepAtTheEnd);
}

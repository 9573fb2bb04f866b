using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImGateway.Edge.Storage;

/// <summary>
/// Writes files that are complete or absent after a power failure: temporary file, fsync, rename, fsync of the directory
/// (without the last, the rename itself may be lost).
/// </summary>
static class DurableFile
{
    /// <summary>The mode of files with keys, and of everything in DataDirectory.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    public const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Skips inaccessible directories, such as lost+found of a volume.</summary>
    public static readonly EnumerationOptions SkipInaccessible = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly) =>
        Write(path, content, mode, overwrite: true, DiskOperationHook.Unobserved);

    public static void Write(string path, ReadOnlySpan<byte> content, DiskOperationHook hook) => Write(path, content, OwnerOnly, overwrite: true, hook);

    /// <exception cref="IOException">Writing failed, or the file exists.</exception>
    public static void WriteNew(string path, ReadOnlySpan<byte> content) => Write(path, content, OwnerOnly, overwrite: false, DiskOperationHook.Unobserved);

    /// <summary>Writes a file that <see cref="Move"/> will rename: content and mode are durable, the name may not be after a crash.</summary>
    public static void WriteStaged(string path, ReadOnlySpan<byte> content, DiskOperationHook hook)
    {
        File.Delete(path);
        Create(path, content, OwnerOnly);
        hook.Done();
    }

    static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool overwrite, DiskOperationHook hook)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}");
        Create(temporary, content, mode);
        try
        {
            hook.Done();
            File.Move(temporary, full, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        Flush(folder);
        hook.Done();
    }

    /// <summary>Creates a file with durable content; leaves none if writing fails.</summary>
    static void Create(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        try
        {
            using var file = new FileStream(path, options);
            file.Write(content);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Renames within one directory, replacing the target.</summary>
    public static void Move(string from, string to, DiskOperationHook hook)
    {
        File.Move(from, to, overwrite: true);
        Flush(Path.GetDirectoryName(Path.GetFullPath(to))!);
        hook.Done();
    }

    /// <summary>Removes temporary files of <see cref="Write(string, ReadOnlySpan{byte}, UnixFileMode)"/> that a crash has left behind: they may contain keys.</summary>
    public static void RemoveTemporaries(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SkipInaccessible).Where(IsTemporary)) File.Delete(file);

        static bool IsTemporary(string path) =>
            Path.GetFileName(path) is ['.', ..] name && Guid.TryParseExact(Path.GetExtension(name).TrimStart('.'), "N", out _);
    }

    /// <summary>Creates a directory with mode 0700. An existing one keeps its mode, which may be intended (<c>--out .</c>).</summary>
    public static void CreatePrivateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        // The mode applies only to the last directory: its new parents would be open to others.
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } parent && !Directory.Exists(parent)) CreatePrivateFolder(parent);
        Directory.CreateDirectory(path, OwnerOnlyFolder);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var closeOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0;
        using var handle = new SafeFileHandle(Open(folder, closeOnExec), ownsHandle: true);
        if (handle.IsInvalid) throw new IOException($"{folder}: cannot be opened for fsync: {Marshal.GetLastPInvokeErrorMessage()}");
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>open(2), because .NET does not open directories.</summary>
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}

using System.Runtime.InteropServices;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Which folder a path leads to, symbolic links followed: equal until another folder has the path. On Linux .NET's creation time is the older of
/// two dates that every change in the folder moves; so there it is device, inode and birth time of statx(2), since numbers of inodes come again.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct FolderIdentity(ulong Device, ulong Inode, long BornSeconds, uint BornNanoseconds)
{
    const int CurrentFolder = -100, NoEntry = 2, NotADirectory = 20, TooManyLinks = 40, NameTooLong = 36;

    const uint InodeMask = 0x100, BirthMask = 0x800;

    /// <summary>glibc has it since 2.28, and .NET runs on older ones.</summary>
    static readonly bool HasStatx = NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "statx", out _);

    /// <summary>Null where there is no folder.</summary>
    public static FolderIdentity? Of(string path)
    {
        if (!Directory.Exists(path)) return null;
        if (!HasStatx) return Created(path);
        if (ReadStatus(CurrentFolder, path, flags: 0, InodeMask | BirthMask, out var status) != 0)
        {
            // It has gone since; anything else is a kernel that has no statx, or a filter that forbids it.
            return Marshal.GetLastPInvokeError() is NoEntry or NotADirectory or TooManyLinks or NameTooLong ? null : Created(path);
        }

        // A file system may keep no birth time, and few give no inode; what changes unseen there is found by polling.
        return new(
            ((ulong)status.DeviceMajor << 32) | status.DeviceMinor,
            (status.Mask & InodeMask) == 0 ? 0 : status.Inode,
            (status.Mask & BirthMask) == 0 ? 0 : status.BornSeconds,
            (status.Mask & BirthMask) == 0 ? 0 : status.BornNanoseconds);
    }

    static FolderIdentity Created(string path) => new(0, 0, Directory.GetCreationTimeUtc(path).Ticks, 0);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int ReadStatus(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, out Status status);

    /// <summary><c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    readonly struct Status
    {
        [FieldOffset(0)]
        public readonly uint Mask;

        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(80)]
        public readonly long BornSeconds;

        [FieldOffset(88)]
        public readonly uint BornNanoseconds;

        [FieldOffset(136)]
        public readonly uint DeviceMajor;

        [FieldOffset(140)]
        public readonly uint DeviceMinor;
    }
}

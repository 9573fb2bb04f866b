using System.Runtime.InteropServices;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// Identity of the directory at a path, following symbolic links: changes when another directory takes the path. On Linux .NET's creation time is the older of
/// two times that every change in the directory updates; so the identity is device, inode and birth time of statx(2), because inode numbers are reused.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct FolderIdentity(ulong Device, ulong Inode, long BornSeconds, uint BornNanoseconds)
{
    const int CurrentFolder = -100, NoEntry = 2, NotADirectory = 20, TooManyLinks = 40, NameTooLong = 36;

    const uint InodeMask = 0x100, BirthMask = 0x800;

    /// <summary>Whether statx is available: glibc has it since 2.28, and .NET supports older versions.</summary>
    static readonly bool HasStatx = NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "statx", out _);

    /// <summary>Null if there is no directory.</summary>
    public static FolderIdentity? Of(string path)
    {
        if (!Directory.Exists(path)) return null;
        if (!HasStatx) return Created(path);
        if (ReadStatus(CurrentFolder, path, flags: 0, InodeMask | BirthMask, out var status) != 0)
        {
            // ENOENT: deleted meanwhile. Other errors: a kernel without statx, or a seccomp filter that forbids it.
            return Marshal.GetLastPInvokeError() is NoEntry or NotADirectory or TooManyLinks or NameTooLong ? null : Created(path);
        }

        // Some file systems have no birth time, and a few no inode; polling finds changes there.
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

using System.Runtime.InteropServices;

namespace ImGateway.Edge.Platform;

/// <summary>statx(2) of Linux, following symbolic links. glibc has it since 2.28, Linux since 4.11; .NET runs on older ones and on other systems.</summary>
static class Statx
{
    public const uint ModifiedMask = 0x40, ChangedMask = 0x80, InodeMask = 0x100, SizeMask = 0x200, BirthMask = 0x800;

    const int CurrentFolder = -100, NoEntry = 2, NotADirectory = 20, TooManyLinks = 40, NameTooLong = 36;

    static readonly bool IsAvailable = NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "statx", out _);

    /// <param name="mask">The wanted fields; <see cref="Status.Mask"/> says which of them the file system has.</param>
    /// <returns>Null if it is not known: no statx in glibc or the kernel, a seccomp filter that forbids it, or no access.</returns>
    public static bool? TryRead(string path, uint mask, out Status status)
    {
        status = default;
        if (!IsAvailable) return null;
        if (Read(CurrentFolder, path, flags: 0, mask, out status) == 0) return true;
        return Marshal.GetLastPInvokeError() is NoEntry or NotADirectory or TooManyLinks or NameTooLong ? false : null;
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Read(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, out Status status);

    /// <summary><c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public readonly struct Status
    {
        [FieldOffset(0)]
        public readonly uint Mask;

        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(40)]
        public readonly ulong Size;

        [FieldOffset(80)]
        public readonly long BornSeconds;

        [FieldOffset(88)]
        public readonly uint BornNanoseconds;

        [FieldOffset(96)]
        public readonly long ChangedSeconds;

        [FieldOffset(104)]
        public readonly uint ChangedNanoseconds;

        [FieldOffset(112)]
        public readonly long ModifiedSeconds;

        [FieldOffset(120)]
        public readonly uint ModifiedNanoseconds;

        [FieldOffset(136)]
        public readonly uint DeviceMajor;

        [FieldOffset(140)]
        public readonly uint DeviceMinor;

        public ulong Device => ((ulong)DeviceMajor << 32) | DeviceMinor;
    }
}

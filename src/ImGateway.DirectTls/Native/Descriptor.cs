using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary>A file descriptor.</summary>
sealed class Descriptor : SafeHandle
{
    /// <param name="value">The result of a system call that creates a descriptor; negative if it failed.</param>
    public Descriptor(int value)
        : this(value, isOwned: true)
    {
    }

    Descriptor(int value, bool isOwned)
        : base(-1, isOwned) => SetHandle(value);

    /// <summary>A descriptor that something else closes.</summary>
    public static Descriptor NotOwned(int value) => new(value, isOwned: false);

    public override bool IsInvalid => handle < 0;

    /// <summary>The number. The caller holds the lock under which the descriptor is closed, or has held the descriptor.</summary>
    public int Value => (int)handle;

    /// <summary>Keeps the descriptor open until <see cref="SafeHandle.DangerousRelease"/>; false if it is closed: its number may belong to another one.</summary>
    public bool TryHold()
    {
        var isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
        }
        catch (ObjectDisposedException)
        {
            // Closed.
        }

        return isHeld;
    }

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}

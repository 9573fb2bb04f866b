using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Loops;

/// <summary>
/// A place in the table of a loop. The kernel returns it with each event. The generation makes events recognizable that were fetched
/// before the place was freed, when another descriptor may use its number again.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct Registration(int Slot, uint Generation)
{
    public static Registration Of(ulong data) => new((int)(uint)data, (uint)(data >> 32));

    public bool IsNone => Slot == 0;

    public ulong Data => (uint)Slot | ((ulong)Generation << 32);
}

using System.Runtime.InteropServices;
using ImGateway.Edge.Operations.Memory;

namespace ImGateway.Edge.Tests.Operations;

public sealed class NativeHeapTests
{
    const int Blocks = 2000, Size = 64 * 1024;

    /// <summary>Half of it, since other tests allocate and free meanwhile.</summary>
    const long Some = (long)Blocks * Size / 2;

    [Fact]
    public void What_is_in_use_rises_and_falls_with_what_is_allocated()
    {
        var before = NativeHeap.InUse;
        var blocks = Enumerable.Range(0, Blocks).Select(_ => Marshal.AllocHGlobal(Size)).ToArray();
        var full = NativeHeap.InUse;
        foreach (var block in blocks) Marshal.FreeHGlobal(block);
        NativeHeap.Trim();

        Assert.True(before > 0);
        Assert.True(full - before > Some, $"{before} before, {full} with {Blocks} blocks of {Size}");
        Assert.True(full - NativeHeap.InUse > Some, $"{full} full, {NativeHeap.InUse} after");
    }
}

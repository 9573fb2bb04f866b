using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>
/// The buffers of Kestrel and its transports, in place of its own pools: those let go of a twentieth in ten seconds at most and cannot be asked to,
/// so that the blocks of a crowd over HTTP/2 stay resident for many minutes after it (docs/performance.md, "Memory after a crowd").
/// </summary>
sealed class BlockPools : IMemoryPoolFactory<byte>
{
    readonly ConcurrentDictionary<BlockPool, byte> _pools = new();

    /// <summary>Blocks that nobody uses, in all pools.</summary>
    public int Idle => _pools.Keys.Sum(pool => pool.Idle);

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
    {
        var pool = new BlockPool(gone => _pools.TryRemove(gone, out _));
        _pools.TryAdd(pool, 0);
        return pool;
    }

    /// <summary>Lets go of blocks that nobody uses; the next collection frees them.</summary>
    /// <param name="share">Of every so many one, at least one; 1 = all.</param>
    public void Release(int share)
    {
        foreach (var (pool, _) in _pools) pool.Release(share);
    }
}

/// <summary>Blocks of a page, pinned where the collector need not move them. Thread-safe; renting allocates only what nobody has returned.</summary>
sealed class BlockPool(Action<BlockPool> onDisposed) : MemoryPool<byte>
{
    /// <summary>Bytes.</summary>
    public const int BlockSize = 4096;

    readonly ConcurrentQueue<Block> _idle = new();

    public override int MaxBufferSize => BlockSize;

    /// <summary>Blocks that nobody uses.</summary>
    public int Idle => _idle.Count;

    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="BlockSize"/>.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        return _idle.TryDequeue(out var block) ? block : new Block(this);
    }

    public void Release(int share)
    {
        for (var left = (_idle.Count + share - 1) / share; left > 0 && _idle.TryDequeue(out _); left--)
        {
        }
    }

    // A listener's end, which its connections outlive: they go on renting and returning.
    protected override void Dispose(bool disposing) => onDisposed(this);

    sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(
            GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true), 0, BlockSize);

        public void Dispose() => pool._idle.Enqueue(this);
    }
}

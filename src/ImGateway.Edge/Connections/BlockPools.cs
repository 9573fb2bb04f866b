using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>
/// The memory pools of Kestrel and its transports. Kestrel's own pools release at most a twentieth every ten seconds, and not on request,
/// so that the blocks of many HTTP/2 connections stay resident for many minutes after they have closed (docs/performance.md, "Memory after a burst").
/// </summary>
sealed class BlockPools : IMemoryPoolFactory<byte>
{
    readonly ConcurrentDictionary<BlockPool, byte> _pools = new();

    /// <summary>Idle blocks in all pools.</summary>
    public int Idle => _pools.Keys.Sum(pool => pool.Idle);

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
    {
        var pool = new BlockPool(disposed => _pools.TryRemove(disposed, out _));
        _pools.TryAdd(pool, 0);
        return pool;
    }

    /// <summary>Releases idle blocks; the next garbage collection frees them.</summary>
    /// <param name="share">The divisor: one in <paramref name="share"/> idle blocks is released, at least one; 1 = all.</param>
    public void Release(int share)
    {
        foreach (var (pool, _) in _pools) pool.Release(share);
    }
}

/// <summary>Blocks of one page each on the pinned object heap. Thread-safe; renting allocates only if no block is idle.</summary>
sealed class BlockPool(Action<BlockPool> onDisposed) : MemoryPool<byte>
{
    /// <summary>Size of a block in bytes.</summary>
    public const int BlockSize = 4096;

    readonly ConcurrentQueue<Block> _idle = new();

    public override int MaxBufferSize => BlockSize;

    /// <summary>The number of idle blocks.</summary>
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

    // Called when the listener ends, while its connections still rent and return blocks.
    protected override void Dispose(bool disposing) => onDisposed(this);

    sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(
            GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true), 0, BlockSize);

        public void Dispose() => pool._idle.Enqueue(this);
    }
}

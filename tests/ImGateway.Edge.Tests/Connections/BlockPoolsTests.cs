using System.Buffers;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Connections;

public sealed class BlockPoolsTests
{
    [Fact]
    public void A_block_that_was_returned_is_rented_again()
    {
        var pool = new BlockPools().Create();
        var first = pool.Rent();
        var memory = first.Memory;
        first.Dispose();

        using var second = pool.Rent(BlockPool.BlockSize);

        Assert.Equal(BlockPool.BlockSize, second.Memory.Length);
        Assert.Equal(memory, second.Memory);
    }

    [Fact]
    public void No_block_is_shared()
    {
        var pool = new BlockPools().Create();

        var rented = Enumerable.Range(0, 100).Select(_ => pool.Rent()).ToList();

        Assert.Equal(100, rented.Select(block => block.Memory).Distinct().Count());
    }

    [Fact]
    public void More_than_a_block_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockPools().Create().Rent(BlockPool.BlockSize + 1));

    [Theory, InlineData(1, 0), InlineData(20, 95), InlineData(1000, 98)]
    public void Of_every_pool_a_share_of_what_is_idle_is_released(int share, int left)
    {
        var pools = new BlockPools();
        Return(Rent(pools.Create(), 60));
        Return(Rent(pools.Create(), 40));

        pools.Release(share);

        Assert.Equal(left, pools.Idle);
    }

    [Fact]
    public void The_last_idle_block_goes_too()
    {
        var pools = new BlockPools();
        Return(Rent(pools.Create(), 3));

        for (var turn = 0; turn < 3; turn++) pools.Release(20);

        Assert.Equal(0, pools.Idle);
    }

    [Fact]
    public void A_pool_whose_listener_has_ended_serves_the_connections_it_leaves_behind()
    {
        var pool = new BlockPools().Create();
        var rented = pool.Rent();
        pool.Dispose();
        rented.Dispose();

        using var again = pool.Rent();

        Assert.Same(rented, again);
    }

    [Fact]
    public void Renting_and_returning_allocates_nothing()
    {
        var pool = new BlockPools().Create();
        Return(Rent(pool, 2));
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var turn = 0; turn < 1000; turn++) pool.Rent().Dispose();

        // At most the segments of the queue itself, each for a thousand operations and more.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public async Task Kestrel_takes_its_buffers_from_here()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseBlockPools().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(static context => context.Response.WriteAsync("hello", context.RequestAborted));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using (var client = new HttpClient())
        {
            Assert.Equal("hello", await client.GetStringAsync(new Uri(app.Urls.Single()), TestContext.Current.CancellationToken));
        }

        // A connection returns them a moment after its answer; its pool is forgotten when its listener ends.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var pools = app.Services.GetRequiredService<BlockPools>();
        while (pools.Idle == 0) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, patience.Token);
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    static List<IMemoryOwner<byte>> Rent(MemoryPool<byte> pool, int count) => [.. Enumerable.Range(0, count).Select(_ => pool.Rent())];

    static void Return(List<IMemoryOwner<byte>> blocks) => blocks.ForEach(block => block.Dispose());
}

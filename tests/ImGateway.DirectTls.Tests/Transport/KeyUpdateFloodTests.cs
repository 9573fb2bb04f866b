using ImGateway.DirectTls.Loops;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

public sealed class KeyUpdateFloodTests
{
    /// <summary>OpenSSL must not process messages without data as long as they come: other connections of the loop wait meanwhile.</summary>
    [Fact]
    public async Task A_flood_of_key_updates_is_processed_in_parts()
    {
        await using var host = new TransportHost();
        var (client, socket, connection) = await host.ConnectRawAsync();
        using var raw = client;
        await using var server = connection;
        byte[] flood = [.. Enumerable.Range(0, 60_000).SelectMany(_ => client.SealKeyUpdate(requested: false)), .. client.Seal(RawTls13Client.ApplicationDataType, "x"u8.ToArray())];
        var read = server.Input.ReadAsync(Cancellation).AsTask();
        using var release = new ManualResetEventSlim();
        var blocked = host.RunOnLoopAsync(() => release.Wait(TransportHost.Patience, Cancellation));
        using var other = new OtherWork(host.Loop);

        var sending = socket.SendAsync(flood, Cancellation).AsTask();
        other.Execute();
        release.Set();
        await blocked;
        await sending;

        Assert.Equal(1, (await read.WaitAsync(TransportHost.Patience, Cancellation)).Buffer.Length);
        Assert.InRange(other.Executed, 10, int.MaxValue);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Once in each iteration of the loop.</summary>
    sealed class OtherWork(EventLoop loop) : IThreadPoolWorkItem, IDisposable
    {
        int _executed;
        volatile bool _isStopping;

        public int Executed => Volatile.Read(ref _executed);

        public void Execute()
        {
            Interlocked.Increment(ref _executed);
            if (!_isStopping) loop.Post(this);
        }

        public void Dispose() => _isStopping = true;
    }
}

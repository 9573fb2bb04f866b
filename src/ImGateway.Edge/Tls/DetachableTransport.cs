using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ImGateway.Edge.Tls;

/// <summary>
/// The decrypted pipes of a connection, as the transport of Kestrel's HTTP/1.1 and a connection feature. After its 101 a request may detach them:
/// Kestrel then ends as if the connection had ended, without closing it, and releases everything it holds for the request, while the connection
/// is still served.
/// </summary>
sealed class DetachableTransport : IDuplexPipe, IConnectionHeartbeatFeature
{
    readonly IDuplexPipe _decrypted;
    IConnectionHeartbeatFeature? _heartbeat;
    // A single reference, because Kestrel's heartbeat reads it on another thread.
    volatile HeartbeatHandler? _onHeartbeat;
    Func<CancellationToken, Task<bool>>? _serve;

    public DetachableTransport(IDuplexPipe decrypted)
    {
        _decrypted = decrypted;
        (Input, Output) = (new Reader(this, decrypted.Input), new Writer(this, decrypted.Output));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    bool IsDetached => _serve is not null;

    /// <summary>Detaches the connection from Kestrel. To be called after the response has been sent and before the request delegate returns.</summary>
    /// <param name="serve">Called once Kestrel has returned, with a token that signals the closing of the connection; returns false if the connection must be aborted.</param>
    /// <returns>The decrypted stream. Bytes that Kestrel has read beyond the request come first.</returns>
    public Stream Detach(Func<CancellationToken, Task<bool>> serve)
    {
        (_serve, _onHeartbeat) = (serve, null);
        return new DetachedStream(_decrypted);
    }

    /// <summary>Serves the connection by Kestrel and then, if it was detached, by the callback of <see cref="Detach"/>.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate kestrel)
    {
        connection.Transport = this;
        connection.Features.Set(this);
        // Kestrel registers a heartbeat callback and never unregisters it, which would keep the request alive as long as the connection.
        _heartbeat = connection.Features.Get<IConnectionHeartbeatFeature>();
        if (_heartbeat is not null) connection.Features.Set<IConnectionHeartbeatFeature>(this);
        await kestrel(connection);
        if (_serve is not null && !await _serve(connection.ConnectionClosed)) connection.Abort(new ConnectionAbortedException("The WebSocket was aborted."));
    }

    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state)
    {
        _onHeartbeat = new HeartbeatHandler(action, state);
        _heartbeat!.OnHeartbeat(static transport => ((DetachableTransport)transport).OnHeartbeat(), this);
    }

    void OnHeartbeat()
    {
        if (_onHeartbeat is { } handler) handler.Action(handler.State);
    }

    sealed record HeartbeatHandler(Action<object> Action, object State);

    sealed class Reader(DetachableTransport transport, PipeReader inner) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead()
        {
            if (!transport.IsDetached) inner.CancelPendingRead();
        }

        public override void Complete(Exception? exception = null)
        {
            if (!transport.IsDetached) inner.Complete(exception);
        }
    }

    sealed class Writer(DetachableTransport transport, PipeWriter inner) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush()
        {
            if (!transport.IsDetached) inner.CancelPendingFlush();
        }

        public override void Complete(Exception? exception = null)
        {
            if (!transport.IsDetached) inner.Complete(exception);
        }
    }

    /// <summary>Does not allocate for messages.</summary>
    sealed class DetachedStream(IDuplexPipe decrypted) : DuplexPipeStream(decrypted)
    {
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await Input.ReadAsync(cancellationToken);
            // Kestrel had cancelled its pending read before the connection was detached.
            while (read.IsCanceled)
            {
                Input.AdvanceTo(read.Buffer.Start);
                read = await Input.ReadAsync(cancellationToken);
            }

            return Take(read, buffer.Span);
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            await Output.WriteAsync(buffer, cancellationToken);
    }
}
